#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/http.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct http_reader reader;

/* What became of a message that was fed in pieces. */
struct heard {
	enum http_step last;
	bool head;
	char body[4096];
	size_t body_len, used;
};

static void note(struct heard *h, const uint8_t *p, size_t len)
{
	h->head = h->head || h->last == HTTP_HEAD;
	if (h->last != HTTP_DATA)
		return;
	assert_true(reader.data >= p && reader.data + reader.data_len <= p + len);
	assert_true(reader.data_len && h->body_len + reader.data_len < sizeof(h->body));
	memcpy(h->body + h->body_len, reader.data, reader.data_len);
	h->body_len += reader.data_len;
}

static void feed_piece(struct heard *h, const uint8_t *p, size_t len)
{
	do {
		size_t used;
		h->last = http_reader_feed(&reader, p, len, &used);
		note(h, p, len);
		assert_true(used <= len);
		p += used;
		len -= used;
		h->used += used;
	} while (h->last == HTTP_HEAD || h->last == HTTP_DATA);
	if (h->last == HTTP_MORE)
		assert_int_equal(len, 0);
}

/* Each piece lies in memory of its own, so that a sanitizer sees a read behind it. */
static struct heard feed_n(const char *text, size_t len, size_t piece)
{
	struct heard h = { .last = HTTP_MORE };
	for (size_t at = 0; at < len && h.last == HTTP_MORE; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		uint8_t *copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, text + at, n);
		feed_piece(&h, copy, n);
		free(copy);
	}
	return h;
}

static struct heard answer(const char *method, const char *text, size_t piece)
{
	http_reader_init_response(&reader, method, 4000);
	return feed_n(text, strlen(text), piece);
}

static struct heard request(const char *text, size_t piece)
{
	http_reader_init_request(&reader, 4000);
	return feed_n(text, strlen(text), piece);
}

/* However the bytes are cut, the same comes of it. */
static const size_t pieces[] = { 1, 2, 3, 7, 1000 };

static void check_body(const char *method, const char *text, const char *body, enum http_step last)
{
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct heard h = answer(method, text, pieces[i]);
		if (h.last != last)
			fail_msg("step %d, want %d (%s): %s", h.last, last,
				 reader.why ? reader.why : "", text);
		assert_true(h.head);
		assert_int_equal(h.body_len, strlen(body));
		assert_memory_equal(h.body, body, h.body_len);
	}
}

static void test_response_head(void **state)
{
	static const char text[] = "HTTP/1.1 407 Proxy Authentication Required\r\n"
				   "Proxy-Authenticate: Negotiate\r\n"
				   "proxy-authenticate:NTLM  \r\n"
				   "Via:\t1.1 proxy \t\r\n"
				   "Empty:\r\n"
				   "Content-Length: 3\r\n"
				   "\r\nabcHTTP";
	struct heard h = answer("GET", text, 1000);
	const struct http_head *head = &reader.head;
	size_t at = 0;
	assert_int_equal(h.last, HTTP_END);
	assert_int_equal(h.used, sizeof(text) - 1 - 4);
	assert_int_equal(head->status, 407);
	assert_string_equal(head->reason, "Proxy Authentication Required");
	assert_int_equal(head->major * 10 + head->minor, 11);
	assert_int_equal(head->header_count, 5);
	assert_int_equal(head->content_length, 3);
	assert_true(head->keep_alive);
	assert_string_equal(http_header_next(head, "PROXY-AUTHENTICATE", &at), "Negotiate");
	assert_string_equal(http_header_next(head, "PROXY-AUTHENTICATE", &at), "NTLM");
	assert_null(http_header_next(head, "PROXY-AUTHENTICATE", &at));
	assert_string_equal(http_header_get(head, "via"), "1.1 proxy");
	assert_string_equal(http_header_get(head, "empty"), "");
	assert_null(http_header_get(head, "absent"));
	assert_memory_equal(reader.first, "HTTP/1.1 407 Pro", 16);
}

static void test_bodies(void **state)
{
	check_body("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellomore", "hello",
		   HTTP_END);
	check_body("GET", "HTTP/1.1 200 OK\nContent-Length: 5, 5\n\nhello", "hello", HTTP_END);
	check_body("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", "", HTTP_END);
	check_body("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "hell", HTTP_MORE);
	check_body("GET", "HTTP/1.1 200\r\n\r\nto the end", "to the end", HTTP_MORE);
	check_body("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "", HTTP_END);
	check_body("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "", HTTP_END);
	check_body("GET", "HTTP/1.1 304 \r\nTransfer-Encoding: chunked\r\n\r\n", "", HTTP_END);
	check_body("CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nTLS", "", HTTP_END);
	check_body("CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nhello", "hello",
		   HTTP_END);
	check_body("GET", "HTTP/1.1 101 Switching\r\n\r\nother", "", HTTP_END);
	check_body("GET",
		   "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n"
		   "Content-Length: 2\r\n\r\nok",
		   "ok", HTTP_END);
}

static void test_chunked(void **state)
{
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	check_body("GET", CHUNKED "5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\n\r\nmore",
		   "hello world", HTTP_END);
	check_body("GET", CHUNKED "5\nhello\n0\n\n", "hello", HTTP_END);
	check_body("GET", CHUNKED "0A \r\n0123456789\r\n000\r\nTrailer: x\r\nB: y\r\n\r\n",
		   "0123456789", HTTP_END);
	check_body("GET", CHUNKED "5\r\nhello\r\n0\r\n", "hello", HTTP_MORE);
	check_body("GET", CHUNKED "5\r\nhellox", "hello", HTTP_BAD);
	check_body("GET", CHUNKED "g\r\n", "", HTTP_BAD);
	check_body("GET", CHUNKED "\r\n", "", HTTP_BAD);
	check_body("GET", CHUNKED "-1\r\n", "", HTTP_BAD);
	check_body("GET", CHUNKED "5\rx", "", HTTP_BAD);
	check_body("GET", CHUNKED "10000000000000000\r\n", "", HTTP_BAD);
	check_body("GET", CHUNKED "ffffffffffffffff\r\nabc", "abc", HTTP_MORE);
	/* chunks win over a length (RFC 9112 6.3), but nobody goes on with such a peer */
	check_body("GET",
		   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "2\r\nok\r\n0\r\n\r\n",
		   "ok", HTTP_END);
	assert_false(reader.head.keep_alive);
}

/* MS-SSTP 3.2.4.1: behind the head another protocol begins. */
static void test_endless(void **state)
{
	static const char text[] = "HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n"
				   "Server: Microsoft-HTTPAPI/2.0\r\n\r\n\x10\x01";
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct heard h = answer("SSTP_DUPLEX_POST", text, pieces[i]);
		assert_int_equal(h.last, HTTP_END);
		assert_int_equal(h.used, sizeof(text) - 3);
		assert_int_equal(reader.head.body, HTTP_BODY_STREAM);
		assert_false(reader.head.keep_alive);
		assert_int_equal(http_reader_close(&reader), HTTP_END);
	}
	answer("GET", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551614\r\n\r\n", 9);
	assert_int_equal(reader.head.body, HTTP_BODY_LENGTH);
	assert_true(reader.head.content_length == UINT64_MAX - 1);
}

static void check_bad(const char *text, enum http_step want)
{
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct heard h = answer("GET", text, pieces[i]);
		if (h.last != want || h.head)
			fail_msg("step %d, want %d, of: %s", h.last, want, text);
		assert_non_null(reader.why);
		size_t used;
		assert_int_equal(http_reader_feed(&reader, (const uint8_t *)"x", 1, &used), want);
		assert_int_equal(used, 0);
	}
}

static void test_malformed_answers(void **state)
{
	check_bad("HTTP/1.1 20 OK\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 2000 OK\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 099 OK\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1200 OK\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/x.1 200 OK\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\n: value\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\na b: value\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\n folded: first\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 O\rK\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", HTTP_BAD);
	check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", HTTP_BAD);
	static const char nul[] = "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n";
	http_reader_init_response(&reader, "GET", 0);
	assert_int_equal(feed_n(nul, sizeof(nul) - 1, 5).last, HTTP_BAD);
}

/* Told by the first octet that shows it. */
static void test_not_http(void **state)
{
	static const struct {
		const char *text;
		size_t used;
	} others[] = {
		{ "SSH-2.0-OpenSSH", 1 }, { "220 mail", 1 },
		{ "\x15\x03\x01", 1 },    { "HTTQ", 4 },
		{ "\r\nHTTP/", 1 },       { "http/1.1 200 OK\r\n\r\n", 1 },
	};
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		check_bad(others[i].text, HTTP_NOT_HTTP);
		assert_int_equal(answer("GET", others[i].text, 1).used, others[i].used);
	}
	static const char *const clients[] = {
		"\x16\x03\x01\x02", "EHLO example\r\n",           "GET\r\n",
		"\x10\x01",         "USER anonymous\r\nPASS\r\n", " GET"
	};
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		for (size_t n = 0; n < COUNT_OF(pieces); n++)
			assert_int_equal(request(clients[i], pieces[n]).last, HTTP_NOT_HTTP);
	}
}

static void test_folded_lines(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nA: one\r\n\t two \r\n \r\nB:\r\n  b\r\n"
				   "C : c\r\nContent-Length: 0\r\n\r\n";
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		assert_int_equal(answer("GET", text, pieces[i]).last, HTTP_END);
		const char *a = http_header_get(&reader.head, "a");
		assert_memory_equal(a, "one ", 4);
		assert_string_equal(a + 3 + strspn(a + 3, " "), "two");
		assert_string_equal(http_header_get(&reader.head, "b"), "b");
		assert_string_equal(http_header_get(&reader.head, "c"), "c");
	}
	assert_int_equal(request("GET / HTTP/1.1\r\nA: one\r\n two\r\n\r\n", 9).last, HTTP_BAD);
	assert_int_equal(request("GET / HTTP/1.1\r\nA : one\r\n\r\n", 9).last, HTTP_BAD);
}

static void test_requests(void **state)
{
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct heard h = request("\r\n\nCONNECT vpn.test:443 HTTP/1.1\r\nHost: vpn.test\r\n"
					 "Proxy-Connection: Keep-Alive, Close\r\n\r\nmore",
					 pieces[i]);
		assert_int_equal(h.last, HTTP_END);
		assert_string_equal(reader.head.method, "CONNECT");
		assert_string_equal(reader.head.target, "vpn.test:443");
		assert_int_equal(reader.head.body, HTTP_BODY_NONE);
		assert_false(reader.head.keep_alive);
		h = request("POST /ocsp HTTP/1.0\r\nContent-Length: 2\r\n"
			    "Connection: keep-alive\r\n\r\nokmore",
			    pieces[i]);
		assert_int_equal(h.last, HTTP_END);
		assert_memory_equal(h.body, "ok", 2);
		assert_true(reader.head.keep_alive);
	}
	static const char *const bad[] = {
		"GET  / HTTP/1.1\r\n\r\n",
		"GET / / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1 \r\n\r\n",
		"GET /\t HTTP/1.1\r\n\r\n",
		"GET / HTTP/11\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (request(bad[i], 1).last != HTTP_BAD)
			fail_msg("taken: %s", bad[i]);
	}
}

static void test_limits(void **state)
{
	static char text[2 * LIMIT_HTTP_HEAD];
	int len = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < LIMIT_HTTP_HEADERS; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "h: v\r\n");
	snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
	assert_true(answer("GET", text, 100).head);
	assert_int_equal(reader.head.header_count, LIMIT_HTTP_HEADERS);
	snprintf(text + len, sizeof(text) - (size_t)len, "h: v\r\n\r\n");
	check_bad(text, HTTP_TOO_BIG);

	/* a head of exactly the limit, and one octet more */
	len = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nh: ");
	memset(text + len, 'x', LIMIT_HTTP_HEAD + 1);
	memcpy(text + LIMIT_HTTP_HEAD - 4, "\r\n\r\n", 5);
	assert_true(answer("GET", text, 1000).head);
	memcpy(text + LIMIT_HTTP_HEAD - 4, "x\r\n\r\n", 6);
	check_bad(text, HTTP_TOO_BIG);

	http_reader_init_response(&reader, "GET", 3);
	static const char body[] = "HTTP/1.1 200 OK\r\n\r\nabcd";
	struct heard h = feed_n(body, sizeof(body) - 1, 2);
	assert_int_equal(h.last, HTTP_TOO_BIG);
	assert_int_equal(h.body_len, 3);

	text[0] = '\0';
	for (int i = 0; i <= LIMIT_HTTP_INTERIM; i++)
		strcat(text, "HTTP/1.1 103 Early\r\n\r\n");
	check_bad(text, HTTP_TOO_BIG);

	len = snprintf(text, sizeof(text), CHUNKED "0\r\na: ");
	memset(text + len, 'x', LIMIT_HTTP_CHUNK_LINE);
	text[len + LIMIT_HTTP_CHUNK_LINE] = '\0';
	assert_int_equal(answer("GET", text, 50).last, HTTP_BAD);
	len = snprintf(text, sizeof(text), CHUNKED "1;");
	memset(text + len, 'x', LIMIT_HTTP_CHUNK_LINE);
	text[len + LIMIT_HTTP_CHUNK_LINE] = '\0';
	assert_int_equal(answer("GET", text, 50).last, HTTP_BAD);
	len = snprintf(text, sizeof(text), CHUNKED);
	memset(text + len, '0', LIMIT_HTTP_CHUNK_LINE + 1);
	text[len + LIMIT_HTTP_CHUNK_LINE + 1] = '\0';
	assert_int_equal(answer("GET", text, 50).last, HTTP_BAD);
}

/* A hang-up before the end is never a whole message, unless the end is the hang-up. */
static void test_close(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		http_reader_init_response(&reader, "GET", 100);
		assert_int_equal(feed_n(text, n, n).last, HTTP_MORE);
		assert_int_equal(http_reader_close(&reader), HTTP_BAD);
	}
	static const char until[] = "HTTP/1.1 200 OK\r\n\r\nhello";
	for (size_t n = 0; n < sizeof(until); n++) {
		http_reader_init_response(&reader, "GET", 100);
		feed_n(until, n, n);
		assert_int_equal(http_reader_close(&reader), n < 19 ? HTTP_BAD : HTTP_END);
	}
	static const char chunked[] = CHUNKED "2\r\nok\r\n0\r\n\r\n";
	for (size_t n = 0; n < sizeof(chunked) - 1; n++) {
		http_reader_init_response(&reader, "GET", 100);
		assert_int_equal(feed_n(chunked, n, n).last, HTTP_MORE);
		assert_int_equal(http_reader_close(&reader), HTTP_BAD);
	}
}

static void test_tokens(void **state)
{
	answer("GET", "HTTP/1.1 200 OK\r\nConnection: a, Upgrade ,b\r\nConnection: close\r\n\r\n",
	       100);
	assert_true(http_header_has(&reader.head, "connection", "upgrade"));
	assert_true(http_header_has(&reader.head, "connection", "close"));
	assert_false(http_header_has(&reader.head, "connection", "up"));
	assert_false(http_header_has(&reader.head, "other", "close"));
	assert_false(reader.head.keep_alive);
}

static void test_writers(void **state)
{
	char buf[512];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	http_request_put(&w, "POST", "/ocsp");
	http_header_put(&w, "Host", "crl.test");
	http_header_put_number(&w, "Content-Length", UINT64_MAX);
	http_head_end(&w);
	static const char want[] = "POST /ocsp HTTP/1.1\r\nHost: crl.test\r\n"
				   "Content-Length: 18446744073709551615\r\n\r\n";
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(want) - 1);
	assert_memory_equal(buf, want, w.len);
	w = cw_wr_of(buf, sizeof(buf));
	http_status_put_version(&w, 1, 0, 503, http_status_text(503));
	http_header_put(&w, "Transfer-Encoding", "chunked");
	http_head_end(&w);
	http_chunk_put(&w, "0123456789abcdefg", 17);
	http_chunk_put(&w, "", 0);
	http_chunks_end(&w);
	http_reader_init_response(&reader, "GET", 100);
	struct heard h = feed_n(buf, w.len, 10);
	assert_int_equal(h.last, HTTP_END);
	assert_int_equal(h.body_len, 17);
	assert_int_equal(reader.head.minor, 0);
	assert_string_equal(reader.head.reason, "Service Unavailable");
	assert_string_equal(http_status_text(299), "");
}

/* No argument becomes a line of its own. */
static void test_no_smuggling(void **state)
{
	char buf[256];
	static const char *const evil[] = { "a\r\nB: c", "a\nB: c", "a\rb" };
	for (size_t i = 0; i < COUNT_OF(evil); i++) {
		struct cw_wr w[5];
		for (size_t n = 0; n < COUNT_OF(w); n++)
			w[n] = cw_wr_of(buf, sizeof(buf));
		http_request_put(&w[0], evil[i], "/");
		http_request_put(&w[1], "GET", evil[i]);
		http_header_put(&w[2], evil[i], "v");
		http_header_put(&w[3], "n", evil[i]);
		http_status_put(&w[4], 200, evil[i]);
		for (size_t n = 0; n < COUNT_OF(w); n++)
			assert_true(w[n].bad);
	}
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	http_request_put(&w, "GET", "/a b");
	assert_true(w.bad);
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_s;
	} good[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 }, /* RFC 9110 5.6.7 */
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Thu Nov 29 23:59:59 2012", 1354233599 },
		{ "Wed, 29 Feb 2040 12:00:00 GMT", 2214129600 },
		{ "Saturday, 01-Jan-00 00:00:00 GMT", 946684800 },
		{ "Thu, 31 Dec 1903 23:59:59 GMT", -2082844801 },
	};
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		int64_t unix_s = 1;
		if (!http_date_parse(good[i].text, &unix_s))
			fail_msg("not taken: %s", good[i].text);
		assert_int_equal(unix_s, good[i].unix_s);
	}
	static const char *const bad[] = {
		"",
		"Sun",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 06 Nov 1994 08:49:37 PST",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 1900 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nox 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"784111777",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		int64_t unix_s = 1;
		if (http_date_parse(bad[i], &unix_s))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(unix_s, 1);
	}
}

static void test_date_round_trip(void **state)
{
	char text[HTTP_DATE];
	assert_string_equal(http_date_text(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_string_equal(http_date_text(-1, text), "Wed, 31 Dec 1969 23:59:59 GMT");
	assert_string_equal(http_date_text(253402300799, text), "Fri, 31 Dec 9999 23:59:59 GMT");
	for (int64_t t = -62167219200; t < 253402300800; t += 86400 * 97 + 12345) {
		int64_t back;
		assert_true(http_date_parse(http_date_text(t, text), &back));
		assert_int_equal(back, t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_response_head),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_chunked),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_malformed_answers),
		cmocka_unit_test(test_not_http),
		cmocka_unit_test(test_folded_lines),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_no_smuggling),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_date_round_trip),
	};
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
