/* HTTP and SSTP hops of a visit, plain and within TLS. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/sstp.h"
#include "proto/sstp_call.h"
#include "visit_bench.h"

/* ---- a server that says one thing to each request ---- */

static const char *answer;
static void (*afterwards)(struct peer_connection *c);
static char asked[8192];

static void answers(struct conn *c)
{
	if (!conn_request(c, asked, sizeof(asked)))
		return;
	c->requests++;
	conn_say(c, answer);
	if (afterwards)
		afterwards(c->c);
}

static void http_server(const char *says, void (*then)(struct peer_connection *c))
{
	answer = says;
	afterwards = then;
	server.talk = answers;
	spec.request = &request;
}

static const char *header(const struct visit_result *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++) {
		if (!strcmp(r->header[i].name, name))
			return r->header[i].value;
	}
	return NULL;
}

static void expect_body(const struct visit_result *r, const char *body)
{
	assert_int_equal(r->body.len, strlen(body));
	if (*body)
		assert_memory_equal(r->body.at, body, strlen(body));
}

static void get(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Content-Length: 5\r\n\r\nhello",
		    NULL);
	request.user_agent = "Microsoft-CryptoAPI/10.0";
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(hop[1]->status, 200);
	assert_int_equal(hop[1]->rounds, 1);
	assert_string_equal(header(hop[1], "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
	expect_body(hop[1], "hello");
	assert_false(hop[1]->too_large);
	assert_string_equal(asked, "GET / HTTP/1.1\r\nHost: vpn.example.test\r\n"
				   "User-Agent: Microsoft-CryptoAPI/10.0\r\nAccept: */*\r\n\r\n");
}

static void get_within_tls(void **state)
{
	http_server("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		    NULL);
	server.ctx = server_ctx(&identity);
	spec.tls = &tls;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(hop[2]->status, 404);
	expect_body(hop[2], "abcde");
}

static void until_close(void **state)
{
	http_server("HTTP/1.0 200 OK\r\n\r\nall of it", peer_hang_up);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	expect_body(hop[1], "all of it");
}

static void head_has_no_body(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", NULL);
	request.method = "HEAD";
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(hop[1]->status, 200);
	expect_body(hop[1], "");
}

static void post(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL);
	request.method = "POST";
	request.content_type = "application/ocsp-request";
	request.body = (const uint8_t *)"12345";
	request.body_len = 5;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_non_null(strstr(asked, "Content-Type: application/ocsp-request\r\n"));
	assert_non_null(strstr(asked, "Content-Length: 5\r\n"));
	assert_string_equal(server.conn[0]->text, "12345");
}

static void too_large(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world", NULL);
	request.answer_most = 5;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_true(hop[1]->too_large);
	assert_true(hop[1]->body.len <= 5);
	assert_int_equal(hop[1]->status, 200);
}

static void just_large_enough(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL);
	request.answer_most = 5;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_false(hop[1]->too_large);
	expect_body(hop[1], "hello");
}

static void cut_off(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", peer_hang_up);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_CLOSED);
	assert_int_equal(hop[1]->status, 200);
}

static void hangs_up(void **state)
{
	http_server("", peer_hang_up);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_CLOSED);
	assert_int_equal(hop[1]->status, 0);
}

static void resets(void **state)
{
	http_server("", peer_reset);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_RESET);
}

static void stays_silent(void **state)
{
	http_server("", NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_TIMEOUT);
	assert_int_equal(hop[1]->status, 0);
}

static void stalls_in_the_body(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_TIMEOUT);
	assert_int_equal(hop[1]->status, 200);
}

static void not_http(void **state)
{
	http_server("220 mail.example.test ESMTP\r\n", NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(hop[1]->got, "220 mail.example.test ESMTP\\x0d\\x0a");
}

static void malformed(void **state)
{
	http_server("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_MALFORMED);
	assert_non_null(hop[1]->why);
}

static void hidden_proxy(void **state)
{
	http_server(
		"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n"
		"Proxy-Authenticate: Basic realm=\"desk\"\r\nContent-Length: 0\r\n\r\n",
		NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(hop[1]->status, 407);
	assert_int_equal(hop[1]->scheme_count, 2);
	assert_string_equal(hop[1]->scheme[0], "Negotiate");
	assert_string_equal(hop[1]->scheme[1], "Basic");
	assert_string_equal(hop[1]->realm, "desk");
}

static void injection(void **state)
{
	http_server("", NULL);
	request.target = "/\r\nX-Evil: 1";
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_HTTP, CW_OUT_LOCAL);
	assert_int_equal(hop[1]->system_error, EINVAL);
	assert_int_equal(server.peer.connection[0]->got_len, 0);
}

/* ---- SSTP ---- */

static struct sstp_server sstp;
static enum sstp_type stops_with; /* 0: a good server */
static int refuses_with;

static void request_came(void *ctx, struct sstp_server *s, const struct http_head *head,
			 int refusal, cw_ms now, struct cw_wr *out)
{
	assert_int_equal(refusal, 0);
	assert_string_equal(http_header_get(head, "Host"), "vpn.example.test");
	if (refuses_with)
		sstp_server_refuse(s, refuses_with, NULL, "<html>no</html>", out);
	else
		sstp_server_accept(s, "Thu, 09 Nov 2006 00:51:09 GMT", now, out);
}

static void call_came(void *ctx, struct sstp_server *s, const struct sstp_status_info *fault,
		      size_t fault_count, cw_ms now, struct cw_wr *out)
{
	struct sstp_status_info status = { .attribute = SSTP_ATTR_PROTOCOL,
					   .status = SSTP_VALUE_NOT_SUPPORTED };
	assert_int_equal(fault_count, 0);
	if (stops_with == SSTP_CONNECT_NAK)
		sstp_server_nak(s, &status, 1, out);
	else if (stops_with == SSTP_ABORT)
		sstp_server_abort(s, &status, now, out);
	else if (!stops_with)
		sstp_server_ack(s, &s->binding, now, out);
	/* else: silent */
}

static void sstp_talk(struct conn *c)
{
	uint8_t buf[SSTP_CALL_OUT];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	size_t len = c->text_len;
	c->text_len = 0;
	sstp_server_input(&sstp, (const uint8_t *)c->text, len, io_loop_now(loop), &w);
	conn_write(c, buf, w.len);
	if (sstp.link.over)
		peer_hang_up(c->c);
}

static void sstp_serves(enum sstp_type stop, int refusal)
{
	static const struct sstp_server_ops sstp_ops = { .request = request_came,
							 .call = call_came };
	static const uint8_t nonce[SSTP_NONCE] = { 1, 2, 3 };
	stops_with = stop;
	refuses_with = refusal;
	sstp_server_init(&sstp, &sstp_ops, NULL, SSTP_SHA1 | SSTP_SHA256, nonce, 0);
	server.ctx = server_ctx(&identity);
	server.talk = sstp_talk;
	spec.tls = &tls;
	spec.sstp = true;
	spec.sstp_host = "vpn.example.test";
	spec.sstp_correlation_id = "{6C35B4C2-8A4E-4D6B-9C37-D2F34B2F2C11}";
}

static void sstp_ack(void **state)
{
	sstp_serves(0, 0);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_OK);
	assert_int_equal(hop[2]->sstp_hashes, SSTP_SHA1 | SSTP_SHA256);
	assert_int_equal(hop[2]->status, 200);
	assert_string_equal(header(hop[2], "Date"), "Thu, 09 Nov 2006 00:51:09 GMT");
	run_for(50);
	assert_true(sstp.abort_seen);
	assert_string_equal(sstp.correlation_id, spec.sstp_correlation_id);
}

static void sstp_nak(void **state)
{
	sstp_serves(SSTP_CONNECT_NAK, 0);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_SSTP_NAK);
	assert_int_equal(hop[2]->sstp_status, SSTP_VALUE_NOT_SUPPORTED);
	run_for(50);
	assert_true(sstp.abort_seen);
}

static void sstp_abort(void **state)
{
	sstp_serves(SSTP_ABORT, 0);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_SSTP_ABORT);
	assert_int_equal(hop[2]->sstp_status, SSTP_VALUE_NOT_SUPPORTED);
}

static void sstp_refused(void **state)
{
	sstp_serves(0, 404);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_HTTP_STATUS);
	assert_int_equal(hop[2]->status, 404);
	assert_true(hop[2]->header_count > 0);
}

static void sstp_silent_call(void **state)
{
	sstp_serves(SSTP_ECHO_REQUEST, 0);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_TIMEOUT);
	assert_int_equal(hop[2]->status, 200);
	assert_true(hop[2]->took_ms >= LIMIT - 20 && hop[2]->took_ms < 2 * LIMIT);
	run_for(50);
	assert_true(sstp.abort_seen);
}

static void sstp_silent_http(void **state)
{
	sstp_serves(0, 0);
	server.talk = NULL;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_TIMEOUT);
	assert_int_equal(hop[2]->status, 0);
}

static void hang_up(struct conn *c)
{
	peer_hang_up(c->c);
}

static void sstp_closed(void **state)
{
	sstp_serves(0, 0);
	server.talk = hang_up;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_CLOSED);
}

static void speaks_smtp(struct conn *c)
{
	if (conn_request(c, asked, sizeof(asked)))
		conn_say(c, "220 mail.example.test ESMTP\r\n");
}

static void sstp_not_http(void **state)
{
	sstp_serves(0, 0);
	server.talk = speaks_smtp;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(hop[2]->got, "220 mail.example.test ESMTP\\x0d\\x0a");
}

/* A server that never answers an Abort does not hold the visit up. */
static void deaf_after_ack(struct conn *c)
{
	sstp_talk(c);
	if (sstp.call_seen)
		server.talk = NULL;
}

static void sstp_abort_unanswered(void **state)
{
	sstp_serves(0, 0);
	server.talk = deaf_after_ack;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP, CW_OUT_OK);
	assert_true(hop[2]->took_ms < LIMIT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(get),
		TEST(get_within_tls),
		TEST(until_close),
		TEST(head_has_no_body),
		TEST(post),
		TEST(too_large),
		TEST(just_large_enough),
		TEST(cut_off),
		TEST(hangs_up),
		TEST(resets),
		TEST(stays_silent),
		TEST(stalls_in_the_body),
		TEST(not_http),
		TEST(malformed),
		TEST(hidden_proxy),
		TEST(injection),
		TEST(sstp_ack),
		TEST(sstp_nak),
		TEST(sstp_abort),
		TEST(sstp_refused),
		TEST(sstp_silent_call),
		TEST(sstp_silent_http),
		TEST(sstp_closed),
		TEST(sstp_not_http),
		TEST(sstp_abort_unanswered),
	};
	return cmocka_run_group_tests_name("visit-http", tests, set_up_all, tear_down_all);
}
