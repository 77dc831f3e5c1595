/* Visits through proxies on loopback: tunnels and plain GET, each login, proxies that refuse, close,
 * stall or are something else, proxies behind TLS. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../proto/fake_proxy.h"
#include "io/gss.h"
#include "visit_bench.h"

static struct fake_proxy fake;
static const char *refusal;     /* said instead of letting it pass */
static const char *pass_reason; /* the 200's own headers */
static const char *page = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";
static char asked[4096], last_connect[4096];
static unsigned tunnels;
static bool silent_close; /* hangs up after a 407 without having said so */

static struct fake_login *login_of(struct conn *c)
{
	if (!c->data)
		c->data = calloc(1, sizeof(struct fake_login));
	return c->data;
}

static void let_pass(struct conn *c, const struct http_head *h)
{
	if (refusal) {
		conn_say(c, refusal);
	} else if (!strcmp(h->method, "CONNECT")) {
		char say[512];
		snprintf(last_connect, sizeof(last_connect), "%s", asked);
		snprintf(say, sizeof(say), "HTTP/1.1 200 Connection established\r\n%s\r\n",
			 pass_reason);
		conn_say(c, say);
		tunnels++;
		if (server.inner)
			conn_go_tls(c, server.inner);
		c->requests = 1000; /* from here on it is the server behind the proxy */
	} else {
		conn_say(c, page);
	}
}

static void proxy_talk(struct conn *c)
{
	uint8_t out[8192];
	while (c->c->fd >= 0 && conn_request(c, asked, sizeof(asked))) {
		if (c->requests >= 1000) {
			conn_say(c, page);
			continue;
		}
		struct http_reader *r = calloc(1, sizeof(*r));
		struct cw_wr w = cw_wr_of(out, sizeof(out));
		size_t used;
		bool close = false;
		http_reader_init_request(r, 1000);
		assert_int_equal(http_reader_feed(r, (const uint8_t *)asked, strlen(asked), &used),
				 HTTP_HEAD);
		if (r->head.body == HTTP_BODY_LENGTH && c->text_len >= r->head.content_length) {
			c->text_len -= (size_t)r->head.content_length;
			memmove(c->text, c->text + r->head.content_length, c->text_len + 1);
		}
		c->requests++;
		if (fake_proxy_judge(&fake, login_of(c), &r->head, arena, &w, &close))
			let_pass(c, &r->head);
		else
			conn_write(c, out, w.len);
		if (close || (silent_close && w.len))
			peer_hang_up(c->c);
		free(r);
	}
}

static int proxy_set_up(void **state)
{
	(void)set_up(state);
	fake = (struct fake_proxy){ .user = "anna", .password = "s3cret" };
	refusal = NULL;
	pass_reason = "";
	tunnels = 0;
	silent_close = false;
	asked[0] = last_connect[0] = '\0';
	server.talk = proxy_talk;
	server.inner = server_ctx(&identity);
	proxy.user = "anna";
	proxy.password = "s3cret";
	spec.proxy = &proxy;
	spec.connect_to = "vpn.example.test:443";
	spec.tls = &tls;
	return 0;
}

static void expect_tunnel(unsigned rounds, unsigned connections)
{
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
	assert_int_equal(hop[1]->status, 200);
	assert_int_equal(hop[1]->rounds, rounds);
	assert_null(hop[1]->auth_trouble);
	assert_int_equal(hop[2]->cert_count, 2);
	assert_int_equal(server.peer.accepts, connections);
	assert_int_equal(tunnels, 1);
}

static void expect_refusal(int status, unsigned rounds, const char *trouble)
{
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_HTTP_STATUS);
	assert_int_equal(hop[1]->status, status);
	assert_int_equal(hop[1]->rounds, rounds);
	if (trouble)
		assert_string_equal(hop[1]->auth_trouble, trouble);
	else
		assert_null(hop[1]->auth_trouble);
}

static void tunnel(void **state)
{
	pass_reason = "Proxy-Agent: test\r\n";
	visit();
	expect_tunnel(1, 1);
	assert_string_equal(last_connect, "CONNECT vpn.example.test:443 HTTP/1.1\r\n"
					  "Host: vpn.example.test:443\r\n\r\n");
	assert_int_equal(hop[1]->header_count, 1);
	assert_string_equal(hop[1]->header[0].value, "test");
}

static void tunnel_and_get(void **state)
{
	spec.request = &request;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_HTTP,
		    CW_OUT_OK);
	assert_int_equal(hop[3]->body.len, 4);
}

static void tunnel_without_tls(void **state)
{
	SSL_CTX_free(server.inner);
	server.inner = NULL;
	spec.tls = NULL;
	spec.request = &request;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_memory_equal(hop[2]->body.at, "page", 4);
}

/* A server that speaks first: its banner comes in one piece with the proxy's answer. */
static void banner_behind_the_answer(void **state)
{
	SSL_CTX_free(server.inner);
	server.inner = NULL;
	pass_reason = "\r\nSSH-2.0-OpenSSH_9.2";
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_TLS, CW_OUT_OTHER_PROTOCOL);
	assert_memory_equal(hop[2]->got, "SSH-2.0-OpenSSH_9.2", 19);
}

static void sstp_version(void **state)
{
	spec.sstp = true;
	spec.sstp_host = "vpn.example.test";
	visit();
	assert_non_null(strstr(last_connect, "\r\nSSTPVERSION: 1.0\r\n"));
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_SSTP,
		    CW_OUT_HTTP_STATUS);
	assert_int_equal(hop[3]->status, 200);
	assert_non_null(hop[3]->why); /* not as MS-SSTP wants it */
}

static void asks_without_credentials(void **state)
{
	fake.basic = fake.ntlm = true;
	fake.page = "<html>log in</html>";
	visit();
	expect_refusal(407, 1, NULL);
	assert_int_equal(hop[1]->scheme_count, 2);
	assert_string_equal(hop[1]->scheme[0], "Basic");
	assert_string_equal(hop[1]->scheme[1], "NTLM");
	assert_string_equal(hop[1]->realm, "desk");
	assert_int_equal(hop[1]->body.len, strlen(fake.page));
	assert_int_equal(fake.with_credentials, 0);
}

static void basic(void **state)
{
	fake.basic = true;
	fake.page = "<html>log in</html>";
	proxy.auth = PROXY_AUTH_BASIC;
	visit();
	expect_tunnel(2, 1);
	assert_int_equal(fake.bare, 1);
}

static void digest(void **state)
{
	fake.digest = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	visit();
	expect_tunnel(2, 1);
}

static void digest_on_a_new_connection(void **state)
{
	fake.digest = fake.closes = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	visit();
	expect_tunnel(2, 2);
}

/* The proxy says that it stays, and hangs up. */
static void digest_after_a_silent_close(void **state)
{
	fake.digest = silent_close = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	visit();
	expect_tunnel(3, 2);
}

static void digest_stale(void **state)
{
	fake.digest = fake.stale_once = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	visit();
	expect_tunnel(3, 1);
}

static void ntlm(void **state)
{
	fake.ntlm = true;
	fake.domain = "LAB";
	fake.page = "<html>log in</html>";
	proxy.auth = PROXY_AUTH_NTLM;
	proxy.user = "LAB\\anna";
	visit();
	expect_tunnel(3, 1);
}

static void ntlm_first_answer_closes(void **state)
{
	fake.ntlm = true;
	proxy.auth = PROXY_AUTH_NTLM;
	fake.closes = true; /* also after the challenge */
	visit();
	expect_refusal(407, 2, "the proxy closes the connection that NTLM needs");
	assert_int_equal(server.peer.accepts, 2);
}

static void ntlm_closing(void **state)
{
	fake.ntlm = fake.ntlm_closes = true;
	proxy.auth = PROXY_AUTH_NTLM;
	visit();
	expect_refusal(407, 2, "the proxy closes the connection that NTLM needs");
	assert_int_equal(server.peer.accepts, 1);
}

static void wrong_password(void **state)
{
	static const enum proxy_auth auth[] = { PROXY_AUTH_BASIC, PROXY_AUTH_DIGEST,
						PROXY_AUTH_NTLM };
	fake.basic = fake.digest = fake.ntlm = true;
	proxy.password = "guess";
	for (size_t i = 0; i < 3; i++) {
		hops = dones = 0;
		fake.wrong = 0;
		proxy.auth = auth[i];
		visit();
		expect_refusal(407, auth[i] == PROXY_AUTH_NTLM ? 3 : 2, NULL);
		assert_int_equal(fake.wrong, 1);
	}
}

static void not_offered(void **state)
{
	fake.ntlm = true;
	proxy.auth = PROXY_AUTH_BASIC;
	visit();
	expect_refusal(407, 1, "the proxy does not offer it");
	assert_int_equal(fake.with_credentials, 0);
}

static void negotiate_without_ticket(void **state)
{
	fake.negotiate = true;
	proxy.auth = PROXY_AUTH_NEGOTIATE;
	proxy.user = proxy.password = NULL;
	spec.hop_limit_ms = spec.total_limit_ms = 10000;
	setenv("KRB5_CONFIG", "/dev/null", 1);
	setenv("KRB5CCNAME", "FILE:/nonexistent/ccache", 1);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_HTTP_STATUS);
	assert_int_equal(hop[1]->status, 407);
	assert_non_null(hop[1]->auth_trouble);
	assert_int_equal(fake.with_credentials, 0);
}

static void not_to_be_called(void *ctx, const uint8_t *token, size_t len, const char *trouble)
{
	fail();
}

static void kerberos_forgotten(void **state)
{
	struct io_gss *g =
		io_gss_new(loop, "proxy.example.test", "anna", "s3cret", not_to_be_called, NULL);
	io_gss_step(g, NULL, 0);
	io_gss_free(g);
	io_gss_free(io_gss_new(loop, "proxy.example.test", NULL, NULL, not_to_be_called, NULL));
	run_for(100);
}

static void forbidden(void **state)
{
	refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
	visit();
	expect_refusal(403, 1, NULL);
	assert_memory_equal(hop[1]->body.at, "no", 2);
}

static void bad_gateway_until_close(void **state)
{
	refusal = "HTTP/1.0 502 Bad Gateway\r\n\r\nvpn.example.test: no such name";
	visit(); /* the page never ends: the status counts all the same */
	expect_refusal(502, 1, NULL);
	assert_true(hop[1]->took_ms >= LIMIT - 20);
	assert_int_equal(hop[1]->body.len, 30);
}

static void page_without_end(void **state)
{
	fake.basic = true;
	fake.page = "<html>";
	fake.page_claimed = 1000;
	proxy.auth = PROXY_AUTH_BASIC;
	visit();
	expect_refusal(407, 1, "the proxy does not finish its answer in time");
	assert_int_equal(fake.with_credentials, 0);
}

static void page_too_large(void **state)
{
	static char large[LIMIT_PROXY_PAGE + 1000];
	memset(large, 'x', sizeof(large) - 1);
	snprintf(large, sizeof(large), "HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n");
	large[strlen(large)] = 'x';
	refusal = large;
	visit();
	expect_refusal(403, 1, NULL);
	assert_true(hop[1]->too_large);
	assert_true(hop[1]->body.len <= LIMIT_PROXY_PAGE);
}

static void hangs_up(struct conn *c)
{
	peer_hang_up(c->c);
}

static void closed(void **state)
{
	server.talk = hangs_up;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_CLOSED);
}

static void resets(struct conn *c)
{
	peer_reset(c->c);
}

static void reset(void **state)
{
	server.talk = resets;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_RESET);
}

static void silent(void **state)
{
	server.talk = NULL;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_TIMEOUT);
	assert_int_equal(hop[1]->status, 0);
}

static void greets_as_smtp(struct conn *c)
{
	conn_say(c, "220 mail.example.test ESMTP\r\n");
}

static void not_http(void **state)
{
	server.talk = greets_as_smtp;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(hop[1]->got, "220 mail.example.test ESMTP\\x0d\\x0a");
}

/* ---- plain GET ---- */

static void plain_get(void)
{
	spec.connect_to = NULL;
	spec.tls = NULL;
	spec.request = &request;
	request.target = "http://crl.example.test/a.crl";
	request.host = "crl.example.test";
	request.user_agent = "Microsoft-CryptoAPI/10.0";
}

static void get(void **state)
{
	plain_get();
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_string_equal(asked,
			    "GET http://crl.example.test/a.crl HTTP/1.1\r\n"
			    "Host: crl.example.test\r\nUser-Agent: Microsoft-CryptoAPI/10.0\r\n"
			    "Accept: */*\r\n\r\n");
	assert_int_equal(hop[2]->status, 200);
	assert_memory_equal(hop[2]->body.at, "page", 4);
}

static void get_not_found(void **state)
{
	plain_get();
	refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(hop[2]->status, 404);
}

static void get_refused(void **state)
{
	plain_get();
	fake.basic = true;
	visit();
	expect_refusal(407, 1, NULL);
}

static void get_with_each_login(void **state)
{
	static const enum proxy_auth auth[] = { PROXY_AUTH_BASIC, PROXY_AUTH_DIGEST,
						PROXY_AUTH_NTLM };
	plain_get();
	fake.basic = fake.digest = fake.ntlm = true;
	fake.page = "<html>log in</html>";
	for (size_t i = 0; i < 3; i++) {
		hops = dones = 0;
		proxy.auth = auth[i];
		visit();
		EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
		assert_int_equal(hop[2]->rounds, auth[i] == PROXY_AUTH_NTLM ? 3 : 2);
		assert_memory_equal(hop[2]->body.at, "page", 4);
	}
}

static void post_is_sent_each_time(void **state)
{
	plain_get();
	fake.digest = fake.closes = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	request.method = "POST";
	request.body = (const uint8_t *)"12345";
	request.body_len = 5;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK, VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(server.peer.accepts, 2);
}

/* ---- proxies behind TLS ---- */

static void through_tls_proxy(void **state)
{
	server.ctx = server_ctx(&identity);
	proxy.tls = true;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY_TLS, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK,
		    VISIT_TLS, CW_OUT_OK);
	assert_int_equal(hop[1]->cert_count, 2);
	assert_int_equal(hop[3]->cert_count, 2);
}

static void tls_proxy_is_plain(void **state)
{
	proxy.tls = true;
	server.peer.on_input = NULL;
	server.talk = NULL;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY_TLS, CW_OUT_TIMEOUT);
}

static void tls_proxy_with_login(void **state)
{
	struct visit_bytes leaf = { identity.leaf_der, identity.leaf_len };
	server.ctx = server_ctx(&identity);
	fake.digest = fake.closes = true;
	proxy.tls = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	proxy.certificate = &leaf;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY_TLS, CW_OUT_OK, VISIT_PROXY, CW_OUT_OK,
		    VISIT_TLS, CW_OUT_OK);
	assert_int_equal(server.peer.accepts, 2);
	assert_int_equal(hop[2]->rounds, 2);
}

static void tls_proxy_not_judged(void **state)
{
	struct visit_bytes other = { (const uint8_t *)"other", 5 };
	const struct visit_bytes *certificate[] = { NULL, &other };
	server.ctx = server_ctx(&identity);
	fake.basic = true;
	proxy.tls = true;
	proxy.auth = PROXY_AUTH_BASIC;
	for (size_t i = 0; i < 2; i++) {
		hops = dones = 0;
		proxy.certificate = certificate[i];
		visit();
		EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_PROXY_TLS, CW_OUT_OK, VISIT_PROXY,
			    CW_OUT_HTTP_STATUS);
		assert_int_equal(hop[2]->status, 407);
		assert_non_null(hop[2]->auth_trouble);
		assert_int_equal(fake.with_credentials, 0);
	}
}

/* ---- cancel ---- */

static struct visit *victim;
static size_t cancel_at;

static void cancelling_hop(void *ctx, const struct visit_result *r)
{
	if (++hops == cancel_at)
		visit_cancel(victim);
}

static void cancelled_in_each_hop(void **state)
{
	static const struct visit_ops cancelling = { .hop = cancelling_hop, .done = told_done };
	server.ctx = server_ctx(&identity);
	proxy.tls = true;
	spec.request = &request;
	for (cancel_at = 1; cancel_at <= 5; cancel_at++) {
		hops = 0;
		victim = visit_start(loop, gate, shared, &spec, arena, &cancelling, NULL);
		run_for(60);
		assert_int_equal(hops, cancel_at);
		assert_int_equal(dones, 0);
	}
}

/* After any number of turns of the loop, with the memory gone at once. */
static void cancelled_at_any_moment(void **state)
{
	struct visit_bytes leaf = { identity.leaf_der, identity.leaf_len };
	server.ctx = server_ctx(&identity);
	fake.digest = fake.closes = true;
	proxy.tls = true;
	proxy.auth = PROXY_AUTH_DIGEST;
	proxy.certificate = &leaf;
	spec.request = &request;
	unsigned turns = 0;
	for (; !dones && turns < PEER_CONNECTIONS / 2; turns++) {
		struct cw_arena *own = cw_arena_new();
		struct visit *v = visit_start(loop, gate, shared, &spec, own, &ops, NULL);
		for (unsigned i = 0; i < turns && !dones; i++)
			uv_run(io_loop_uv(loop), UV_RUN_ONCE);
		if (!dones)
			visit_cancel(v);
		cw_arena_free(own);
		hops = 0;
	}
	assert_true(turns > 8); /* and in the end one came through */
	assert_int_equal(dones, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, proxy_set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tunnel),
		TEST(tunnel_and_get),
		TEST(tunnel_without_tls),
		TEST(banner_behind_the_answer),
		TEST(sstp_version),
		TEST(asks_without_credentials),
		TEST(basic),
		TEST(digest),
		TEST(digest_on_a_new_connection),
		TEST(digest_after_a_silent_close),
		TEST(digest_stale),
		TEST(ntlm),
		TEST(ntlm_first_answer_closes),
		TEST(ntlm_closing),
		TEST(wrong_password),
		TEST(not_offered),
		TEST(negotiate_without_ticket),
		TEST(kerberos_forgotten),
		TEST(forbidden),
		TEST(bad_gateway_until_close),
		TEST(page_without_end),
		TEST(page_too_large),
		TEST(closed),
		TEST(reset),
		TEST(silent),
		TEST(not_http),
		TEST(get),
		TEST(get_not_found),
		TEST(get_refused),
		TEST(get_with_each_login),
		TEST(post_is_sent_each_time),
		TEST(through_tls_proxy),
		TEST(tls_proxy_is_plain),
		TEST(tls_proxy_with_login),
		TEST(tls_proxy_not_judged),
		TEST(cancelled_in_each_hop),
		TEST(cancelled_at_any_moment),
	};
	return cmocka_run_group_tests_name("visit-proxy", tests, set_up_all, tear_down_all);
}
