/* Any bytes as an HTTP message, whole and in pieces: the same comes of both. The first octet says
 * whose message it is and how it is cut. */
#include "fuzz.h"

#include <string.h>

#include "codec/http.h"

enum { BODY_MOST = 3000 };

struct heard {
	enum http_step last;
	size_t used, body_len;
	uint8_t body[BODY_MOST];
};

static void begin(struct http_reader *r, uint8_t choice)
{
	static const char *const methods[] = { "GET", "HEAD", "CONNECT", "SSTP_DUPLEX_POST" };
	if (choice & 1)
		http_reader_init_response(r, methods[choice >> 1 & 3], BODY_MOST);
	else
		http_reader_init_request(r, BODY_MOST);
}

static void check_head(const struct http_reader *r)
{
	const struct http_head *h = &r->head;
	REQUIRE(h->header_count <= LIMIT_HTTP_HEADERS);
	for (size_t i = 0; i < h->header_count; i++) {
		const char *name = h->header[i].name, *value = h->header[i].value;
		REQUIRE(*name && !strpbrk(name, " \t\r\n:"));
		REQUIRE(!strpbrk(value, "\r\n"));
		REQUIRE(http_header_get(h, name));
		(void)http_header_has(h, name, "close");
	}
	REQUIRE(r->response ? h->status >= 100 && h->status <= 999 : *h->method && *h->target);
	REQUIRE(!h->keep_alive || h->body != HTTP_BODY_STREAM);
}

static void feed(struct http_reader *r, struct heard *h, const uint8_t *p, size_t len)
{
	do {
		size_t used;
		h->last = http_reader_feed(r, p, len, &used);
		REQUIRE(used <= len);
		if (h->last == HTTP_HEAD)
			check_head(r);
		if (h->last == HTTP_DATA) {
			REQUIRE(r->data >= p && r->data_len && r->data_len <= used);
			REQUIRE(r->data_len <= BODY_MOST - h->body_len);
			memcpy(h->body + h->body_len, r->data, r->data_len);
			h->body_len += r->data_len;
		}
		p += used;
		len -= used;
		h->used += used;
	} while (h->last == HTTP_HEAD || h->last == HTTP_DATA);
	REQUIRE(h->last != HTTP_MORE || !len);
	REQUIRE(r->why || h->last == HTTP_MORE || h->last == HTTP_END);
}

static void check_dates(const struct http_head *h)
{
	char text[HTTP_DATE];
	int64_t unix_s, again;
	const char *date = http_header_get(h, "Date");
	if (!date || !http_date_parse(date, &unix_s))
		return;
	REQUIRE(http_date_parse(http_date_text(unix_s, text), &again) && again == unix_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_reader r;
	struct heard whole = { .last = HTTP_MORE }, cut = { .last = HTTP_MORE };
	if (!size)
		return 0;
	size_t piece = (data[0] >> 3) + 1u;
	begin(&r, data[0]);
	feed(&r, &whole, data + 1, size - 1);
	if (whole.last == HTTP_END)
		check_dates(&r.head);
	begin(&r, data[0]);
	for (size_t at = 1; at < size && cut.last == HTTP_MORE; at += piece)
		feed(&r, &cut, data + at, size - at < piece ? size - at : piece);
	REQUIRE(whole.last == cut.last && whole.body_len == cut.body_len);
	REQUIRE(whole.last != HTTP_END || whole.used == cut.used);
	REQUIRE(memcmp(whole.body, cut.body, whole.body_len) == 0);
	enum http_step end = http_reader_close(&r);
	REQUIRE(end != HTTP_MORE && end != HTTP_HEAD && end != HTTP_DATA);
	return 0;
}
