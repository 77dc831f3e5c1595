#include "codec/http.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum phase {
	IN_HEAD,
	HEAD_TOLD, /* and no body is to come */
	IN_LENGTH,
	UNTIL_CLOSE,
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_LINE_FEED, /* of the line with the size */
	CHUNK_DATA,
	CHUNK_RETURN, /* the line end behind the data */
	CHUNK_RETURN_FEED,
	IN_TRAILER,
	OVER,
};

/* RFC 9110 5.6.2 */
static bool is_token_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void reader_init(struct http_reader *r, uint64_t body_most)
{
	r->head = (struct http_head){ .reason = "" };
	r->data = NULL;
	r->why = NULL;
	r->data_len = r->first_len = r->line_len = r->trailer_len = r->block_len = 0;
	r->interim = 0;
	r->response = r->head_request = r->connect_request = false;
	r->phase = IN_HEAD;
	r->last = HTTP_MORE;
	r->body_most = body_most;
	r->left = r->total = 0;
}

void http_reader_init_response(struct http_reader *r, const char *method, uint64_t body_most)
{
	reader_init(r, body_most);
	r->response = true;
	r->head_request = strcmp(method, "HEAD") == 0;
	r->connect_request = strcmp(method, "CONNECT") == 0;
}

void http_reader_init_request(struct http_reader *r, uint64_t body_most)
{
	reader_init(r, body_most);
}

static enum http_step end_with(struct http_reader *r, enum http_step step, const char *why)
{
	r->phase = OVER;
	r->last = step;
	r->why = why;
	return step;
}

static enum http_step bad(struct http_reader *r, const char *why)
{
	return end_with(r, HTTP_BAD, why);
}

/* The head */

/* Cuts a line off: without its end, and ended with a NUL. NULL: there is none. */
static char *next_line(char **at, size_t *len)
{
	char *line = *at, *feed = strchr(line, '\n');
	if (!feed)
		return NULL;
	*at = feed + 1;
	*feed = '\0';
	if (feed > line && feed[-1] == '\r')
		*--feed = '\0';
	*len = (size_t)(feed - line);
	return line;
}

/* "HTTP/1.1" at the beginning of s (RFC 9112 2.3). */
static bool read_version(const char *s, struct http_head *h)
{
	if (strncmp(s, "HTTP/", 5) != 0 || !is_digit(s[5]) || s[6] != '.' || !is_digit(s[7]))
		return false;
	h->major = (unsigned)(s[5] - '0');
	h->minor = (unsigned)(s[7] - '0');
	return true;
}

/* RFC 9112 4, but the space before an empty reason may be missing too, as in MS-SSTP 4.1. */
static bool read_status_line(char *line, struct http_head *h)
{
	if (!read_version(line, h) || line[8] != ' ')
		return false;
	const char *code = line + 9;
	if (code[0] < '1' || code[0] > '9' || !is_digit(code[1]) || !is_digit(code[2]))
		return false;
	if (code[3] && code[3] != ' ')
		return false;
	h->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
	h->reason = code[3] ? code + 4 : "";
	return true;
}

/* RFC 9112 3 */
static bool read_request_line(char *line, struct http_head *h)
{
	char *target = strchr(line, ' ');
	char *version = target ? strchr(target + 1, ' ') : NULL;
	if (!version || target == line || version == target + 1 || strlen(version + 1) != 8 ||
	    !read_version(version + 1, h))
		return false;
	*target++ = '\0';
	*version = '\0';
	for (const char *c = target; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	}
	h->method = line;
	h->target = target;
	return true;
}

/* The value without white space around it; it ends at end. */
static const char *trim(char *value, char *end)
{
	while (is_space(*value))
		value++;
	while (end > value && is_space(end[-1]))
		*--end = '\0';
	return value;
}

/* RFC 9112 5. White space before the colon is a way to smuggle requests, and is taken from servers
 * only. */
static const char *read_field(struct http_reader *r, char *line, size_t len)
{
	char *colon = strchr(line, ':');
	if (!colon)
		return "a header line without a colon";
	char *name_end = colon;
	while (r->response && name_end > line && is_space(name_end[-1]))
		name_end--;
	for (const char *c = line; c < name_end; c++) {
		if (!is_token_char(*c))
			return "a header name with forbidden characters";
	}
	if (name_end == line)
		return "a header without a name";
	*name_end = '\0';
	r->head.header[r->head.header_count++] = (struct http_header){
		.name = line,
		.value = trim(colon + 1, line + len),
	};
	return NULL;
}

/* RFC 9112 5.2: a line that continues the one before. The value is made one text again by blanks
 * over the line end. */
static const char *unfold(struct http_reader *r, char *line, size_t len)
{
	if (!r->response || !r->head.header_count)
		return "a header line that begins with white space";
	char *value = r->block + (r->head.header[r->head.header_count - 1].value - r->block);
	char *end = value + strlen(value);
	char *more = line;
	while (is_space(*more))
		more++;
	memset(end, ' ', (size_t)(more - end));
	r->head.header[r->head.header_count - 1].value = trim(value, line + len);
	return NULL;
}

static const char too_many_fields[] = "more header fields than are read";

static const char *read_fields(struct http_reader *r, char *at)
{
	char *line;
	size_t len;
	while ((line = next_line(&at, &len)) && len) {
		if (strchr(line, '\r'))
			return "a carriage return within a line";
		bool folded = is_space(*line);
		if (!folded && r->head.header_count == LIMIT_HTTP_HEADERS)
			return too_many_fields;
		const char *why = folded ? unfold(r, line, len) : read_field(r, line, len);
		if (why)
			return why;
	}
	return NULL;
}

/* Framing (RFC 9112 6) */

static bool parse_u64(const char *s, size_t len, uint64_t *out)
{
	uint64_t v = 0;
	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(s[i]))
			return false;
		uint64_t digit = (uint64_t)(s[i] - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

/* The next element of a comma separated list without its white space. false: the end. */
static bool next_element(const char **at, const char **element, size_t *len)
{
	const char *s = *at;
	if (!s)
		return false;
	size_t n = strcspn(s, ",");
	*at = s[n] ? s + n + 1 : NULL;
	while (n && is_space(*s))
		s++, n--;
	while (n && is_space(s[n - 1]))
		n--;
	*element = s;
	*len = n;
	return true;
}

/* RFC 9110 8.6: the same number twice is one number. */
static const char *read_length(const struct http_head *h, bool *given, uint64_t *length)
{
	const char *value, *element;
	size_t at = 0, len;
	*given = false;
	while ((value = http_header_next(h, "Content-Length", &at))) {
		while (next_element(&value, &element, &len)) {
			uint64_t one;
			if (!parse_u64(element, len, &one))
				return "a Content-Length that is no number";
			if (*given && one != *length)
				return "two Content-Length that differ";
			*given = true;
			*length = one;
		}
	}
	return NULL;
}

static bool element_is(const char *element, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(element, word, len) == 0;
}

/* identity was a coding until RFC 7230. We never ask for another one than chunked. */
static const char *read_codings(const struct http_head *h, bool *chunked)
{
	const char *value, *element;
	size_t at = 0, len;
	*chunked = false;
	while ((value = http_header_next(h, "Transfer-Encoding", &at))) {
		while (next_element(&value, &element, &len)) {
			if (!len || element_is(element, len, "identity"))
				continue;
			if (*chunked || !element_is(element, len, "chunked"))
				return "a transfer coding other than chunked";
			*chunked = true;
		}
	}
	return NULL;
}

static bool answer_without_body(const struct http_reader *r)
{
	int status = r->head.status;
	return r->head_request || status / 100 == 1 || status == 204 || status == 304;
}

static bool tunnel_answer(const struct http_reader *r)
{
	return r->response &&
	       (r->head.status == 101 || (r->connect_request && r->head.status / 100 == 2));
}

static bool asks_to_close(const struct http_head *h)
{
	return http_header_has(h, "Connection", "close") ||
	       http_header_has(h, "Proxy-Connection", "close");
}

static bool can_stay(const struct http_head *h)
{
	if (h->body == HTTP_BODY_STREAM || h->body == HTTP_BODY_UNTIL_CLOSE || asks_to_close(h) ||
	    h->major != 1)
		return false;
	return h->minor || http_header_has(h, "Connection", "keep-alive") ||
	       http_header_has(h, "Proxy-Connection", "keep-alive");
}

/* RFC 9112 6.3 */
static const char *frame(struct http_reader *r)
{
	struct http_head *h = &r->head;
	bool chunked = false, given = false;
	uint64_t length = 0;
	if (tunnel_answer(r)) {
		h->body = HTTP_BODY_STREAM;
		return NULL;
	}
	const char *why = read_codings(h, &chunked);
	if (!why)
		why = read_length(h, &given, &length);
	if (!why && chunked && given && !r->response)
		why = "both a Content-Length and a Transfer-Encoding";
	if (why)
		return why;
	if (r->response && answer_without_body(r))
		h->body = HTTP_BODY_NONE;
	else if (chunked)
		h->body = HTTP_BODY_CHUNKED;
	else if (given && length == UINT64_MAX)
		h->body = HTTP_BODY_STREAM;
	else if (given)
		h->body = HTTP_BODY_LENGTH;
	else
		h->body = r->response ? HTTP_BODY_UNTIL_CLOSE : HTTP_BODY_NONE;
	if (h->body == HTTP_BODY_LENGTH)
		h->content_length = r->left = length;
	/* RFC 9112 6.3 item 3: such an answer may have been made to mislead somebody. */
	h->keep_alive = can_stay(h) && !(chunked && given);
	return NULL;
}

static enum phase phase_of_body(enum http_body body)
{
	switch (body) {
	case HTTP_BODY_LENGTH:
		return IN_LENGTH;
	case HTTP_BODY_CHUNKED:
		return CHUNK_SIZE;
	case HTTP_BODY_UNTIL_CLOSE:
		return UNTIL_CLOSE;
	case HTTP_BODY_NONE:
	case HTTP_BODY_STREAM:
		break;
	}
	return HEAD_TOLD;
}

static bool is_interim(const struct http_reader *r)
{
	return r->response && r->head.status / 100 == 1 && r->head.status != 101;
}

static enum http_step pass_interim(struct http_reader *r)
{
	if (++r->interim > LIMIT_HTTP_INTERIM)
		return end_with(r, HTTP_TOO_BIG, "interim answers without end");
	r->head = (struct http_head){ .reason = "" };
	r->block_len = r->line_len = 0;
	return HTTP_MORE;
}

static enum http_step finish_head(struct http_reader *r)
{
	r->block[r->block_len] = '\0';
	if (memchr(r->block, '\0', r->block_len))
		return bad(r, "a NUL in the head");
	char *at = r->block;
	size_t len;
	char *line = next_line(&at, &len);
	assert(line); /* the head ends with an empty line */
	bool good =
		r->response ? read_status_line(line, &r->head) : read_request_line(line, &r->head);
	if (!good || strchr(r->response ? r->head.reason : line, '\r'))
		return bad(r, r->response ? "a status line that cannot be read"
					  : "a request line that cannot be read");
	const char *why = read_fields(r, at);
	if (!why && is_interim(r))
		return pass_interim(r);
	if (!why)
		why = frame(r);
	if (why)
		return end_with(r, why == too_many_fields ? HTTP_TOO_BIG : HTTP_BAD, why);
	r->phase = (int)phase_of_body(r->head.body);
	return HTTP_HEAD;
}

/* Whether what is there of the first line can become HTTP. A client's line is known by its end. */
static bool can_be_http(const struct http_reader *r)
{
	static const char version[] = "HTTP/";
	const char *b = r->block;
	size_t len = r->block_len;
	if (r->response)
		return memcmp(b, version, len < 5 ? len : 5) == 0;
	size_t n = 0;
	while (n < len && is_token_char(b[n]))
		n++;
	if (n == len)
		return true;
	const char *feed = memchr(b, '\n', len);
	if (b[n] != ' ' || !n)
		return false;
	return !feed || memmem(b, (size_t)(feed - b), " HTTP/", 6);
}

/* RFC 9112 2.2: empty lines before a request are passed over. */
static bool drop_empty_line(struct http_reader *r)
{
	bool empty = r->block_len == 1 || (r->block_len == 2 && r->block[0] == '\r');
	if (r->response || !empty || ++r->interim > LIMIT_HTTP_INTERIM)
		return false;
	r->block_len = 0;
	return true;
}

static bool waits_for_feed(const struct http_reader *r)
{
	return !r->response && r->block_len == 1 && r->block[0] == '\r';
}

static void note_first(struct http_reader *r, const uint8_t *buf, size_t len)
{
	size_t room = HTTP_FIRST - r->first_len;
	size_t n = len < room ? len : room;
	if (n)
		memcpy(r->first + r->first_len, buf, n);
	r->first_len += n;
}

/* Takes a line, or what is there of it. HTTP_MORE: not at the end of the head. */
static enum http_step feed_head(struct http_reader *r, const uint8_t *buf, size_t len, size_t *used)
{
	const uint8_t *feed = memchr(buf, '\n', len);
	size_t n = feed ? (size_t)(feed - buf) + 1 : len;
	bool first_line = r->line_len == r->block_len;
	bool cut = n > LIMIT_HTTP_HEAD - r->block_len;
	if (cut)
		n = LIMIT_HTTP_HEAD - r->block_len;
	memcpy(r->block + r->block_len, buf, n);
	note_first(r, buf, n);
	*used += n;
	r->block_len += n;
	r->line_len += n;
	if (first_line && !waits_for_feed(r)) {
		if (feed && drop_empty_line(r)) {
			r->line_len = 0;
			return HTTP_MORE;
		}
		if (!can_be_http(r))
			return end_with(r, HTTP_NOT_HTTP, "no HTTP");
	}
	if (cut)
		return end_with(r, HTTP_TOO_BIG, "a head without end");
	if (!feed)
		return HTTP_MORE;
	bool empty = r->line_len == 1 || (r->line_len == 2 && r->block[r->block_len - 2] == '\r');
	r->line_len = 0;
	return empty ? finish_head(r) : HTTP_MORE;
}

/* The body */

static enum http_step hand_out(struct http_reader *r, const uint8_t *buf, size_t len, uint64_t most,
			       size_t *used)
{
	uint64_t n = len < most ? len : most;
	uint64_t room = r->body_most - r->total;
	if (n && !room)
		return end_with(r, HTTP_TOO_BIG, "a body over the limit");
	if (n > room)
		n = room;
	r->data = buf;
	r->data_len = (size_t)n;
	r->total += n;
	*used += (size_t)n;
	return HTTP_DATA;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void chunk_line_ended(struct http_reader *r)
{
	r->line_len = 0;
	r->phase = r->left ? CHUNK_DATA : IN_TRAILER;
}

static const char *chunk_size_char(struct http_reader *r, uint8_t c)
{
	int digit = hex_digit(c);
	if (digit >= 0) {
		if (r->left >> 60)
			return "a chunk's size that is too large";
		r->left = r->left << 4 | (uint64_t)digit;
		r->line_len++;
		return NULL;
	}
	if (!r->line_len)
		return "a chunk without a size";
	if (c == '\n')
		chunk_line_ended(r);
	else if (c == '\r')
		r->phase = CHUNK_LINE_FEED;
	else if (c == ';' || c == ' ' || c == '\t')
		r->phase = CHUNK_EXTENSION;
	else
		return "a chunk's size that is no number";
	return NULL;
}

static const char *trailer_char(struct http_reader *r, uint8_t c)
{
	if (++r->trailer_len > LIMIT_HTTP_CHUNK_LINE)
		return "trailer fields over the limit";
	if (c == '\n' && !r->line_len)
		end_with(r, HTTP_END, NULL);
	else if (c == '\n')
		r->line_len = 0;
	else if (c != '\r')
		r->line_len++;
	return NULL;
}

/* One octet of a chunked body that is not data (RFC 9112 7.1). */
static const char *chunk_char(struct http_reader *r, uint8_t c)
{
	switch ((enum phase)r->phase) {
	case CHUNK_SIZE:
		if (r->line_len >= LIMIT_HTTP_CHUNK_LINE)
			return "a chunk's line without end";
		return chunk_size_char(r, c);
	case CHUNK_EXTENSION:
		if (++r->line_len > LIMIT_HTTP_CHUNK_LINE)
			return "a chunk's line without end";
		if (c == '\n')
			chunk_line_ended(r);
		else if (c == '\r')
			r->phase = CHUNK_LINE_FEED;
		return NULL;
	case CHUNK_LINE_FEED:
		if (c != '\n')
			return "a carriage return within a line";
		chunk_line_ended(r);
		return NULL;
	case CHUNK_RETURN:
		r->phase = c == '\r' ? CHUNK_RETURN_FEED : CHUNK_SIZE;
		return c == '\r' || c == '\n' ? NULL : "a chunk longer than its size";
	case CHUNK_RETURN_FEED:
		r->phase = CHUNK_SIZE;
		return c == '\n' ? NULL : "a chunk longer than its size";
	default:
		return trailer_char(r, c);
	}
}

static enum http_step feed_chunked(struct http_reader *r, const uint8_t *buf, size_t len,
				   size_t *used)
{
	for (size_t i = 0; i < len; i++) {
		if (r->phase == CHUNK_DATA) {
			enum http_step step = hand_out(r, buf + i, len - i, r->left, used);
			if (step == HTTP_DATA && !(r->left -= r->data_len))
				r->phase = CHUNK_RETURN;
			return step;
		}
		++*used;
		const char *why = chunk_char(r, buf[i]);
		if (why)
			return bad(r, why);
		if (r->phase == OVER)
			return r->last;
	}
	return HTTP_MORE;
}

static enum http_step feed_length(struct http_reader *r, const uint8_t *buf, size_t len,
				  size_t *used)
{
	if (!r->left)
		return end_with(r, HTTP_END, NULL);
	if (!len)
		return HTTP_MORE;
	enum http_step step = hand_out(r, buf, len, r->left, used);
	if (step == HTTP_DATA)
		r->left -= r->data_len;
	return step;
}

enum http_step http_reader_feed(struct http_reader *r, const uint8_t *buf, size_t len, size_t *used)
{
	*used = 0;
	while (r->phase == IN_HEAD) {
		if (*used == len)
			return HTTP_MORE;
		enum http_step step = feed_head(r, buf + *used, len - *used, used);
		if (step != HTTP_MORE)
			return step;
	}
	switch ((enum phase)r->phase) {
	case HEAD_TOLD:
		return end_with(r, HTTP_END, NULL);
	case OVER:
		return r->last;
	case IN_LENGTH:
		return feed_length(r, buf, len, used);
	case UNTIL_CLOSE:
		return len ? hand_out(r, buf, len, UINT64_MAX, used) : HTTP_MORE;
	default:
		return feed_chunked(r, buf, len, used);
	}
}

enum http_step http_reader_close(struct http_reader *r)
{
	if (r->phase == OVER)
		return r->last;
	bool complete = r->phase == HEAD_TOLD || r->phase == UNTIL_CLOSE ||
			(r->phase == IN_LENGTH && !r->left);
	if (complete)
		return end_with(r, HTTP_END, NULL);
	return bad(r, r->phase == IN_HEAD ? "closed before the head was complete"
					  : "closed before the body was complete");
}

/* Fields */

const char *http_header_next(const struct http_head *h, const char *name, size_t *at)
{
	while (*at < h->header_count) {
		const struct http_header *one = &h->header[(*at)++];
		if (strcasecmp(one->name, name) == 0)
			return one->value;
	}
	return NULL;
}

const char *http_header_get(const struct http_head *h, const char *name)
{
	size_t at = 0;
	return http_header_next(h, name, &at);
}

bool http_header_has(const struct http_head *h, const char *name, const char *token)
{
	const char *value, *element;
	size_t at = 0, len;
	while ((value = http_header_next(h, name, &at))) {
		while (next_element(&value, &element, &len)) {
			if (element_is(element, len, token))
				return true;
		}
	}
	return false;
}

/* Writers */

static void put_text(struct cw_wr *w, const char *text)
{
	size_t len = strlen(text);
	if (strcspn(text, "\r\n") != len)
		w->bad = true;
	cw_wr_bytes(w, text, len);
}

/* A word of the first line, or a header's name. */
static void put_word(struct cw_wr *w, const char *word)
{
	if (!*word || strpbrk(word, " \t"))
		w->bad = true;
	put_text(w, word);
}

void http_request_put(struct cw_wr *w, const char *method, const char *target)
{
	put_word(w, method);
	put_text(w, " ");
	put_word(w, target);
	cw_wr_bytes(w, " HTTP/1.1\r\n", 11);
}

void http_status_put_version(struct cw_wr *w, unsigned major, unsigned minor, int status,
			     const char *reason)
{
	char line[48];
	assert(major < 10 && minor < 10 && status >= 100 && status <= 999);
	int len = snprintf(line, sizeof(line), "HTTP/%u.%u %d ", major, minor, status);
	cw_wr_bytes(w, line, (size_t)len);
	put_text(w, reason);
	cw_wr_bytes(w, "\r\n", 2);
}

void http_status_put(struct cw_wr *w, int status, const char *reason)
{
	http_status_put_version(w, 1, 1, status, reason);
}

void http_header_put(struct cw_wr *w, const char *name, const char *value)
{
	put_word(w, name);
	if (strchr(name, ':'))
		w->bad = true;
	put_text(w, ": ");
	put_text(w, value);
	cw_wr_bytes(w, "\r\n", 2);
}

void http_header_put_number(struct cw_wr *w, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	http_header_put(w, name, text);
}

void http_head_end(struct cw_wr *w)
{
	cw_wr_bytes(w, "\r\n", 2);
}

void http_chunk_put(struct cw_wr *w, const void *data, size_t len)
{
	char line[24];
	if (!len)
		return;
	int n = snprintf(line, sizeof(line), "%zx\r\n", len);
	cw_wr_bytes(w, line, (size_t)n);
	cw_wr_bytes(w, data, len);
	cw_wr_bytes(w, "\r\n", 2);
}

void http_chunks_end(struct cw_wr *w)
{
	cw_wr_bytes(w, "0\r\n\r\n", 5);
}

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{ 100, "Continue" },
		{ 101, "Switching Protocols" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 407, "Proxy Authentication Required" },
		{ 408, "Request Timeout" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 421, "Misdirected Request" },
		{ 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 511, "Network Authentication Required" },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].status == status)
			return texts[i].text;
	}
	return "";
}

/* Dates */

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "SunMonTueWedThuFriSat";

/* Days since 1970-01-01 in the Gregorian calendar; month 1 to 12. */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in_month(int64_t year, int month)
{
	int64_t next_year = month == 12 ? year + 1 : year;
	int next = month == 12 ? 1 : month + 1;
	return (int)(days_of(next_year, next, 1) - days_of(year, month, 1));
}

struct scan {
	const char *at;
	bool bad;
};

static void scan_text(struct scan *s, const char *text)
{
	size_t len = strlen(text);
	s->bad = s->bad || strncmp(s->at, text, len) != 0;
	if (!s->bad)
		s->at += len;
}

static int scan_number(struct scan *s, size_t digits)
{
	int v = 0;
	for (size_t i = 0; i < digits; i++) {
		if (s->bad || !is_digit(*s->at)) {
			s->bad = true;
			return 0;
		}
		v = v * 10 + (*s->at++ - '0');
	}
	return v;
}

/* The day of an asctime date is padded with a blank. */
static int scan_padded(struct scan *s)
{
	if (s->bad || *s->at != ' ')
		return scan_number(s, 2);
	s->at++;
	return scan_number(s, 1);
}

static int scan_month(struct scan *s)
{
	for (int m = 0; !s->bad && m < 12; m++) {
		if (strncmp(s->at, month_names + m * 3, 3) == 0) {
			s->at += 3;
			return m + 1;
		}
	}
	s->bad = true;
	return 1;
}

struct civil {
	int year, month, day, hour, minute, second;
};

static void scan_clock(struct scan *s, struct civil *c)
{
	c->hour = scan_number(s, 2);
	scan_text(s, ":");
	c->minute = scan_number(s, 2);
	scan_text(s, ":");
	c->second = scan_number(s, 2);
}

static void scan_imf(struct scan *s, struct civil *c)
{
	scan_text(s, ", ");
	c->day = scan_number(s, 2);
	scan_text(s, " ");
	c->month = scan_month(s);
	scan_text(s, " ");
	c->year = scan_number(s, 4);
	scan_text(s, " ");
	scan_clock(s, c);
	scan_text(s, " GMT");
}

static void scan_rfc850(struct scan *s, struct civil *c)
{
	scan_text(s, ", ");
	c->day = scan_number(s, 2);
	scan_text(s, "-");
	c->month = scan_month(s);
	scan_text(s, "-");
	c->year = scan_number(s, 2);
	c->year += c->year < 70 ? 2000 : 1900;
	scan_text(s, " ");
	scan_clock(s, c);
	scan_text(s, " GMT");
}

static void scan_asctime(struct scan *s, struct civil *c)
{
	scan_text(s, " ");
	c->month = scan_month(s);
	scan_text(s, " ");
	c->day = scan_padded(s);
	scan_text(s, " ");
	scan_clock(s, c);
	scan_text(s, " ");
	c->year = scan_number(s, 4);
}

bool http_date_parse(const char *text, int64_t *unix_s)
{
	static void (*const forms[])(struct scan *, struct civil *) = { scan_imf, scan_rfc850,
									scan_asctime };
	struct scan s = { .at = text };
	struct civil c = { 0 };
	while ((*s.at >= 'a' && *s.at <= 'z') || (*s.at >= 'A' && *s.at <= 'Z'))
		s.at++;
	size_t word = (size_t)(s.at - text);
	if (word < 3)
		return false;
	forms[*s.at == ' ' ? 2 : word > 3 ? 1 : 0](&s, &c);
	if (s.bad || *s.at || c.day < 1 || c.day > days_in_month(c.year, c.month) || c.hour > 23 ||
	    c.minute > 59 || c.second > 60)
		return false;
	*unix_s =
		days_of(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
	return true;
}

char *http_date_text(int64_t unix_s, char *out)
{
	int64_t days = unix_s / 86400, of_day = unix_s % 86400;
	if (of_day < 0) {
		days--;
		of_day += 86400;
	}
	int64_t year = 1970 + days / 366 - (days < 0);
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (days_of(year, 1, 1) > days)
		year--;
	assert(year >= 0 && year <= 9999);
	int month = 12;
	while (days_of(year, month, 1) > days)
		month--;
	int week_day = (int)(((days + 4) % 7 + 7) % 7);
	snprintf(out, HTTP_DATE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		 day_names + week_day * 3, (int)(days - days_of(year, month, 1)) + 1,
		 month_names + (month - 1) * 3, (int)year, (int)(of_day / 3600),
		 (int)(of_day / 60 % 60), (int)(of_day % 60));
	return out;
}
