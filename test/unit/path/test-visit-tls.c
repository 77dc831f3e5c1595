/* TCP and TLS hops of a visit against servers on loopback, good and bad. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "visit_bench.h"

static const uint8_t staple[] = { 0x30, 0x03, 0x0a, 0x01, 0x06 };

static int give_staple(SSL *ssl, void *arg)
{
	uint8_t *copy = OPENSSL_memdup(staple, sizeof(staple));
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, sizeof(staple));
	return SSL_TLSEXT_ERR_OK;
}

static int see_sni(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	snprintf(server.sni, sizeof(server.sni), "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static int any_certificate(int ok, X509_STORE_CTX *store)
{
	return 1;
}

static void tls_server(void)
{
	server.ctx = server_ctx(&identity);
	SSL_CTX_set_tlsext_servername_callback(server.ctx, see_sni);
	SSL_CTX_set_tlsext_status_cb(server.ctx, give_staple);
	spec.tls = &tls;
}

static void expect_chain(const struct visit_result *r)
{
	assert_int_equal(r->cert_count, 2);
	assert_int_equal(r->cert[0].len, identity.leaf_len);
	assert_memory_equal(r->cert[0].at, identity.leaf_der, identity.leaf_len);
	const unsigned char *at = r->cert[1].at;
	X509 *ca = d2i_X509(NULL, &at, (long)r->cert[1].len);
	assert_int_equal(X509_cmp(ca, identity.ca), 0);
	X509_free(ca);
}

static void tcp_alone(void **state)
{
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK);
	assert_int_equal(server.peer.accepts, 1);
}

static void tcp_refused(void **state)
{
	peer_close_tcp(&server.peer);
	spec.tls = &tls;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_REFUSED);
}

static void tls_1_3(void **state)
{
	tls_server();
	tls.ask_staple = true;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
	assert_string_equal(hop[1]->tls_version, "TLSv1.3");
	assert_string_equal(hop[1]->tls_cipher, "TLS_AES_256_GCM_SHA384");
	assert_true(hop[1]->hello_seen);
	assert_false(hop[1]->client_certificate_asked);
	assert_null(hop[1]->tls_alert);
	expect_chain(hop[1]);
	assert_int_equal(hop[1]->staple.len, sizeof(staple));
	assert_memory_equal(hop[1]->staple.at, staple, sizeof(staple));
	assert_string_equal(server.sni, "vpn.example.test");
}

static void tls_1_2(void **state)
{
	tls_server();
	tls.most = TLS_1_2;
	tls.ask_staple = true;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
	assert_string_equal(hop[1]->tls_version, "TLSv1.2");
	expect_chain(hop[1]);
	assert_int_equal(hop[1]->staple.len, sizeof(staple));
	assert_memory_equal(hop[1]->staple.at, staple, sizeof(staple));
}

static void tls_1_0_and_1_1(void **state)
{
	tls_server();
	for (int version = TLS_1_0; version <= TLS_1_1; version++) {
		hops = dones = 0;
		tls.least = tls.most = (enum tls_version)version;
		visit();
		EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
		assert_string_equal(hop[1]->tls_version, version == TLS_1_0 ? "TLSv1" : "TLSv1.1");
		expect_chain(hop[1]);
	}
}

static void old_server_without_limits(void **state)
{
	tls_server();
	SSL_CTX_set_max_proto_version(server.ctx, TLS1_VERSION);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
	assert_string_equal(hop[1]->tls_version, "TLSv1");
}

static void no_sni_no_staple(void **state)
{
	tls_server();
	snprintf(server.sni, sizeof(server.sni), "not asked");
	tls.sni = NULL;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
	assert_string_equal(server.sni, "");
	assert_int_equal(hop[1]->staple.len, 0);
}

static void client_certificate_asked(void **state)
{
	static const enum tls_version most[] = { TLS_1_2, TLS_1_3 };
	tls_server();
	SSL_CTX_set_verify(server.ctx, SSL_VERIFY_PEER, any_certificate);
	for (size_t i = 0; i < 2; i++) {
		hops = dones = 0;
		tls.most = most[i];
		visit();
		EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK);
		assert_true(hop[1]->client_certificate_asked);
	}
}

static void client_certificate_wanted(void **state)
{
	tls_server();
	SSL_CTX_set_verify(server.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   any_certificate);
	tls.most = TLS_1_2;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_TLS_ALERT);
	assert_string_equal(hop[1]->tls_alert, "handshake_failure");
	assert_true(hop[1]->tls_alert_received);
	assert_true(hop[1]->client_certificate_asked);
	expect_chain(hop[1]);

	/* In TLS 1.3 the handshake is done before the server sees what is missing. */
	hops = dones = 0;
	tls.most = TLS_1_3;
	spec.request = &request;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OK, VISIT_HTTP, CW_OUT_TLS_ALERT);
	assert_string_equal(hop[2]->tls_alert, "certificate_required");
	assert_true(hop[2]->tls_alert_received);
}

static void version_refused(void **state)
{
	tls_server();
	SSL_CTX_set_min_proto_version(server.ctx, TLS1_3_VERSION);
	tls.most = TLS_1_2;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_TLS_ALERT);
	assert_string_equal(hop[1]->tls_alert, "protocol_version");
	assert_true(hop[1]->tls_alert_received);
	assert_false(hop[1]->hello_seen);
	assert_null(hop[1]->tls_version);
	assert_int_equal(hop[1]->cert_count, 0);
}

static void no_shared_cipher(void **state)
{
	tls_server();
	SSL_CTX_set_max_proto_version(server.ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(server.ctx, "AES256-SHA"); /* needs an RSA key */
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_TLS_ALERT);
	assert_string_equal(hop[1]->tls_alert, "handshake_failure");
	assert_true(hop[1]->tls_alert_received);
	assert_false(hop[1]->hello_seen);
}

/* ---- servers without OpenSSL: what is sent when the ClientHello came, or before ---- */

static const char *greeting;
static size_t greeting_len;
static void (*afterwards)(struct peer_connection *c);

static void greet(struct peer_connection *c)
{
	if (greeting_len)
		assert_int_equal(send(c->fd, greeting, greeting_len, MSG_NOSIGNAL), greeting_len);
	if (afterwards)
		afterwards(c);
}

static void greets(const char *bytes, size_t len, void (*then)(struct peer_connection *c))
{
	greeting = bytes;
	greeting_len = len;
	afterwards = then;
	server.peer.on_accept = NULL;
	server.peer.on_input = greet;
	spec.tls = &tls;
}

static void http_peer(void **state)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	greets(answer, strlen(answer), peer_hang_up);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(hop[1]->got, "HTTP/1.1 400 Bad Request\\x0d\\x0a\\x0d\\x0a");
	assert_non_null(hop[1]->guess);
	assert_false(hop[1]->hello_seen);
	assert_null(hop[1]->tls_alert);
}

static void ssh_peer(void **state)
{
	static const char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
	greets(banner, strlen(banner), NULL);
	server.peer.on_input = NULL;
	server.peer.on_accept = greet;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(hop[1]->got, "SSH-2.0-OpenSSH_9.2\\x0d\\x0a");
}

static void not_even_an_alert(void **state)
{
	/* An alert's first octet, but no version that TLS has. */
	greets("\x15\x7f\x01\x02", 4, NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(hop[1]->got, "\\x15\\x7f\\x01\\x02");
}

static void closed_before_hello(void **state)
{
	greets("", 0, peer_hang_up);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_CLOSED);
	assert_false(hop[1]->hello_seen);
}

static void reset_before_hello(void **state)
{
	greets("", 0, peer_reset);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_RESET);
	assert_false(hop[1]->hello_seen);
}

static void silent(void **state)
{
	greets("", 0, NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_TIMEOUT);
	assert_true(hop[1]->took_ms >= LIMIT - 20);
	assert_false(hop[1]->hello_seen);
}

static void total_limit(void **state)
{
	greets("", 0, NULL);
	spec.total_limit_ms = LIMIT / 3;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_TIMEOUT);
	assert_true(hop[1]->took_ms < LIMIT - 20);
}

static void alerts_by_name(void **state)
{
	static const struct {
		const char *bytes;
		enum cw_outcome outcome;
		const char *name;
	} row[] = {
		{ "\x15\x03\x01\x00\x02\x02\x28", CW_OUT_TLS_ALERT, "handshake_failure" },
		{ "\x15\x03\x03\x00\x02\x02\x70", CW_OUT_TLS_ALERT, "unrecognized_name" },
		{ "\x15\x03\x03\x00\x02\x02\x50", CW_OUT_TLS_ALERT, "internal_error" },
		{ "\x15\x03\x03\x00\x02\x02\xc8", CW_OUT_TLS_ALERT, "200" },
		{ "\x15\x03\x03\x00\x02\x01\x00", CW_OUT_CLOSED, "close_notify" },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		hops = dones = 0;
		greets(row[i].bytes, 7, NULL);
		visit();
		EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, (int)row[i].outcome);
		assert_string_equal(hop[1]->tls_alert, row[i].name);
		assert_true(hop[1]->tls_alert_received);
		assert_false(hop[1]->hello_seen);
	}
}

static void bad_hello(void **state)
{
	/* A ServerHello of one octet. */
	greets("\x16\x03\x03\x00\x05\x02\x00\x00\x01\x03", 10, NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_MALFORMED);
	assert_string_equal(hop[1]->tls_alert, "decode_error");
	assert_false(hop[1]->tls_alert_received);
	assert_true(hop[1]->hello_seen);
}

/* TLS 1.0 where 1.2 is the least: ours is the alert, and it is not about form. */
static void version_too_low(void **state)
{
	static const char hello[] = "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01"
				    "0123456789abcdef0123456789abcdef\x00\xc0\x13\x00";
	greets(hello, sizeof(hello) - 1, NULL);
	tls.least = TLS_1_2;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_TLS_ALERT);
	assert_string_equal(hop[1]->tls_alert, "protocol_version");
	assert_false(hop[1]->tls_alert_received);
	assert_true(hop[1]->hello_seen);
}

/* Thousands of empty certificates in one message. */
static void crowded_chain(void **state)
{
	enum { COUNT = 5000, LIST = 3 * COUNT, MESSAGE = 3 + LIST };
	static const char hello[] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
				    "0123456789abcdef0123456789abcdef\x00\xc0\x2b\x00";
	static char flight[sizeof(hello) - 1 + 5 + 4 + MESSAGE];
	char *at = flight;
	memcpy(at, hello, sizeof(hello) - 1);
	at += sizeof(hello) - 1;
	const char head[] = { 0x16,
			      3,
			      3,
			      (char)((MESSAGE + 4) >> 8),
			      (char)((MESSAGE + 4) & 255),
			      11,
			      0,
			      (char)(MESSAGE >> 8),
			      (char)(MESSAGE & 255),
			      0,
			      (char)(LIST >> 8),
			      (char)(LIST & 255) };
	memcpy(at, head, sizeof(head));
	greets(flight, sizeof(flight), NULL);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_MALFORMED);
	assert_int_equal(hop[1]->cert_count, LIMIT_TLS_CERTIFICATES);
	assert_false(hop[1]->tls_alert_received);
}

static void flood(struct peer_connection *c)
{
	static char record[5 + 16384] = "\x16\x03\x03\x40";
	/* A ServerHello of 16 MiB, as long as it is taken. */
	memcpy(record + 5, "\x02\xff\xff\xff", 4);
	while (send(c->fd, record, sizeof(record), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		;
}

static void endless_hello(void **state)
{
	greets("", 0, flood);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_MALFORMED);
}

static void warn_for_ever(struct peer_connection *c)
{
	static const char warning[] = "\x15\x03\x03\x00\x02\x01\x70";
	for (unsigned i = 0; i < 10000; i++) {
		if (send(c->fd, warning, 7, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
			return;
	}
}

static void endless_warnings(void **state)
{
	greets("", 0, warn_for_ever);
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_MALFORMED);
	assert_false(hop[1]->tls_alert_received);
}

static void closes_in_the_middle(struct conn *c)
{
	fail();
}

/* The server's first flight is cut. */
static void cut_flight(struct peer_connection *pc)
{
	SSL *ssl = SSL_new(server.ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, in, out);
	SSL_set_accept_state(ssl);
	BIO_write(in, pc->got, (int)pc->got_len);
	SSL_do_handshake(ssl);
	char buf[16384];
	int n = BIO_read(out, buf, sizeof(buf));
	assert_true(n > 200);
	assert_int_equal(send(pc->fd, buf, (size_t)n - 60, MSG_NOSIGNAL), n - 60);
	peer_hang_up(pc);
	SSL_free(ssl);
	ERR_clear_error();
}

static void closed_after_hello(void **state)
{
	tls_server();
	server.talk = closes_in_the_middle;
	SSL_CTX_set_max_proto_version(server.ctx, TLS1_2_VERSION);
	server.peer.on_accept = NULL;
	server.peer.on_input = cut_flight;
	visit();
	EXPECT_HOPS(VISIT_TCP, CW_OUT_OK, VISIT_TLS, CW_OUT_CLOSED);
	assert_true(hop[1]->hello_seen);
	assert_string_equal(hop[1]->tls_version, "TLSv1.2");
	expect_chain(hop[1]);
}

static void says_goodbye(void **state)
{
	tls_server();
	tls.most = TLS_1_2; /* tickets of TLS 1.3 would lie unread */
	visit();
	run_for(50);
	assert_true(SSL_get_shutdown(server.conn[0]->ssl[0]) & SSL_RECEIVED_SHUTDOWN);
}

/* ---- cancel ---- */

static struct visit *victim;
static size_t cancel_at;

static void cancelling_hop(void *ctx, const struct visit_result *r)
{
	if (++hops != cancel_at)
		return;
	visit_cancel(victim);
	cw_arena_free(arena); /* nothing may look at it any more */
	arena = NULL;
}

static void cancelled_in_each_hop(void **state)
{
	static const struct visit_ops cancelling = { .hop = cancelling_hop, .done = told_done };
	tls_server();
	for (cancel_at = 1; cancel_at <= 2; cancel_at++) {
		hops = 0;
		arena = arena ? arena : cw_arena_new();
		victim = visit_start(loop, gate, shared, &spec, arena, &cancelling, NULL);
		run_for(100);
		assert_int_equal(hops, cancel_at);
		assert_int_equal(dones, 0);
	}
}

static void cancelled_from_outside(void **state)
{
	greets("", 0, NULL);
	victim = visit_start(loop, gate, shared, &spec, arena, &ops, NULL);
	visit_cancel(victim);
	victim = visit_start(loop, gate, shared, &spec, arena, &ops, NULL);
	run_for(50);
	assert_int_equal(hops, 1);
	visit_cancel(victim);
	run_for(LIMIT + 50);
	assert_int_equal(hops, 1);
	assert_int_equal(dones, 0);
}

/* ---- many ---- */

static unsigned good;

static void count_hop(void *ctx, const struct visit_result *r)
{
	good += r->hop == VISIT_TLS && r->outcome == CW_OUT_OK;
}

static void count_done(void *ctx)
{
	if (++dones == 50)
		io_loop_stop(loop);
}

static void many_through_the_gate(void **state)
{
	static const struct visit_ops counting = { .hop = count_hop, .done = count_done };
	tls_server();
	good = 0;
	spec.hop_limit_ms = spec.connect_limit_ms = 5000;
	spec.total_limit_ms = 10000;
	for (unsigned i = 0; i < 50; i++)
		(void)visit_start(loop, gate, shared, &spec, arena, &counting, NULL);
	io_loop_run(loop);
	assert_int_equal(dones, 50);
	assert_int_equal(good, 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tcp_alone),
		TEST(tcp_refused),
		TEST(tls_1_3),
		TEST(tls_1_2),
		TEST(tls_1_0_and_1_1),
		TEST(old_server_without_limits),
		TEST(no_sni_no_staple),
		TEST(client_certificate_asked),
		TEST(client_certificate_wanted),
		TEST(version_refused),
		TEST(no_shared_cipher),
		TEST(http_peer),
		TEST(ssh_peer),
		TEST(not_even_an_alert),
		TEST(closed_before_hello),
		TEST(reset_before_hello),
		TEST(silent),
		TEST(total_limit),
		TEST(alerts_by_name),
		TEST(bad_hello),
		TEST(version_too_low),
		TEST(crowded_chain),
		TEST(endless_hello),
		TEST(endless_warnings),
		TEST(closed_after_hello),
		TEST(says_goodbye),
		TEST(cancelled_in_each_hop),
		TEST(cancelled_from_outside),
		TEST(many_through_the_gate),
	};
	return cmocka_run_group_tests_name("visit-tls", tests, set_up_all, tear_down_all);
}
