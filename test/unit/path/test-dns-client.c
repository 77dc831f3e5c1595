/* The client against real sockets on loopback; the server lives in the same loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "path/dns_client.h"
#include "peer.h"

#define NAME "_vlmcs._tcp.contoso.com"

enum { LIMIT = 400, STEP = LIMIT / (LIMIT_DNS_UDP_TRIES + 2), SOON = 150 };

static struct io_loop *loop;
static struct io_gate *gate;
static struct dns_client *client;
static struct cw_arena *arena;
static struct peer peer;
static struct dns_answer got;
static unsigned answers;
static unsigned stop_after;

static int set_up(void **state)
{
	assert_int_equal(io_loop_new(&loop), CW_OK);
	assert_int_equal(io_gate_new(loop, LIMIT_PER_ADDRESS, &gate), CW_OK);
	assert_int_equal(dns_client_new(loop, gate, &client), CW_OK);
	arena = cw_arena_new();
	peer_open(&peer, loop, "127.0.0.1");
	answers = 0;
	stop_after = 1;
	return 0;
}

static int tear_down(void **state)
{
	peer_close(&peer);
	dns_client_free(client);
	io_gate_free(gate);
	io_loop_free(loop);
	cw_arena_free(arena);
	return 0;
}

static void done(void *ctx, const struct dns_answer *answer)
{
	got = *answer;
	if (++answers == stop_after)
		io_loop_stop(loop);
}

static struct dns_ask_spec spec_of(void)
{
	return (struct dns_ask_spec){
		.server = peer.addr, .name = NAME, .type = DNS_SRV, .limit_ms = LIMIT
	};
}

static struct dns_ask *ask(void)
{
	struct dns_ask_spec spec = spec_of();
	return dns_client_ask(client, &spec, arena, done, NULL);
}

static void ask_and_wait(void)
{
	(void)ask();
	assert_int_equal(answers, 0);
	io_loop_run(loop);
	assert_int_equal(answers, 1);
}

static void fire(void *ctx)
{
	io_loop_stop(ctx);
}

static void run_for(cw_ms ms)
{
	struct io_timer t = { .fire = fire, .ctx = loop };
	io_timer_set(loop, &t, io_loop_update(loop) + ms);
	io_loop_run(loop);
	io_timer_stop(loop, &t);
}

static void expect(enum cw_outcome outcome)
{
	assert_string_equal(cw_outcome_name(got.outcome), cw_outcome_name(outcome));
}

/* ---- answers ---- */

static const struct dns_rr srv = { .section = DNS_ANSWER,
				   .owner = NAME,
				   .type = DNS_SRV,
				   .class_ = DNS_CLASS_IN,
				   .ttl_s = 600,
				   .srv = { 0, 0, 1688, "kms01.contoso.com" } };

static size_t answer(const uint8_t *query, size_t len, uint8_t *buf, bool truncated)
{
	struct dns_message m;
	assert_int_equal(dns_message_decode(query, len, arena, &m), CW_OK);
	m.response = true;
	m.truncated = truncated;
	m.rr = &srv;
	m.rr_count = !truncated;
	struct cw_wr w = cw_wr_of(buf, 512);
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
	return w.len;
}

static void send_to(int fd, const uint8_t *buf, size_t len, const struct sockaddr_storage *to,
		    socklen_t to_len)
{
	assert_int_equal(sendto(fd, buf, len, 0, (const struct sockaddr *)to, to_len), len);
}

static void udp_answers(struct peer *p, const uint8_t *buf, size_t len,
			const struct sockaddr_storage *from, socklen_t from_len)
{
	uint8_t out[512];
	send_to(p->udp, out, answer(buf, len, out, false), from, from_len);
}

static void udp_truncates(struct peer *p, const uint8_t *buf, size_t len,
			  const struct sockaddr_storage *from, socklen_t from_len)
{
	uint8_t out[512];
	send_to(p->udp, out, answer(buf, len, out, true), from, from_len);
}

static void udp_answers_from_elsewhere(struct peer *p, const uint8_t *buf, size_t len,
				       const struct sockaddr_storage *from, socklen_t from_len)
{
	uint8_t out[512];
	struct cw_addr other = p->addr;
	other.port = 0;
	int fd = peer_socket(&other, SOCK_DGRAM);
	send_to(fd, out, answer(buf, len, out, false), from, from_len);
	close(fd);
}

static void udp_answers_with_other_ids(struct peer *p, const uint8_t *buf, size_t len,
				       const struct sockaddr_storage *from, socklen_t from_len)
{
	uint8_t out[512];
	size_t n = answer(buf, len, out, false);
	for (unsigned i = 1; i <= 10; i++) {
		out[0] = (uint8_t)(buf[0] ^ i);
		send_to(p->udp, out, n, from, from_len);
	}
}

static void udp_floods(struct peer *p, const uint8_t *buf, size_t len,
		       const struct sockaddr_storage *from, socklen_t from_len)
{
	uint8_t out[512];
	size_t n = answer(buf, len, out, false);
	out[1] ^= 1;
	for (unsigned i = 0; i <= LIMIT_DNS_STRAY; i++)
		send_to(p->udp, out, n, from, from_len);
}

static void udp_answers_twice(struct peer *p, const uint8_t *buf, size_t len,
			      const struct sockaddr_storage *from, socklen_t from_len)
{
	udp_answers(p, buf, len, from, from_len);
	udp_answers(p, buf, len, from, from_len);
}

static size_t framed_answer(struct peer_connection *c, uint8_t *out)
{
	size_t len = c->got_len < 2 ? 0 : (size_t)(c->got[0] << 8 | c->got[1]);
	if (!len || c->got_len < len + 2)
		return 0;
	size_t n = answer(c->got + 2, len, out + 2, false);
	out[0] = (uint8_t)(n >> 8);
	out[1] = (uint8_t)n;
	return n + 2;
}

static void tcp_answers(struct peer_connection *c)
{
	uint8_t out[600];
	size_t n = framed_answer(c, out);
	if (n)
		assert_int_equal(send(c->fd, out, n, MSG_NOSIGNAL), n);
}

static void tcp_answers_half(struct peer_connection *c)
{
	uint8_t out[600];
	size_t n = framed_answer(c, out);
	if (n)
		assert_int_equal(send(c->fd, out, n / 2, MSG_NOSIGNAL), n / 2);
}

static void test_an_answer(void **state)
{
	peer.on_datagram = udp_answers;
	ask_and_wait();
	expect(CW_OUT_OK);
	assert_int_equal(got.message->rr_count, 1);
	assert_string_equal(got.message->rr[0].srv.target, "kms01.contoso.com");
	assert_int_equal(got.sent, 1);
	assert_int_equal(got.icmp.type, -1);
	assert_int_equal(got.system_error, 0);
	assert_true(got.took_ms < SOON);
}

static void test_an_answer_over_ipv6(void **state)
{
	struct cw_addr lo;
	assert_true(cw_addr_parse("::1", &lo));
	int fd = peer_socket(&lo, SOCK_DGRAM);
	if (fd < 0) {
		print_message("# not tested: this machine has no IPv6 on loopback\n");
		return;
	}
	close(fd);
	static struct peer six;
	peer_open(&six, loop, "::1");
	six.on_datagram = udp_answers;
	struct dns_ask_spec spec = spec_of();
	spec.server = six.addr;
	spec.server.scope = 1; /* means nothing for such an address */
	(void)dns_client_ask(client, &spec, arena, done, NULL);
	io_loop_run(loop);
	expect(CW_OUT_OK);
	peer_close_udp(&six);
	peer_close_tcp(&six);
	answers = 0;
	(void)dns_client_ask(client, &spec, arena, done, NULL);
	io_loop_run(loop);
	expect(CW_OUT_REFUSED);
	assert_int_equal(got.icmp.type, 1); /* ICMPv6: port unreachable */
	assert_int_equal(got.icmp.code, 4);
	assert_string_equal(got.icmp.from, "::1");
	peer_close(&six);
	run_for(1); /* its handles are closed before it goes */
}

static void test_many_at_once(void **state)
{
	enum { COUNT = 500 };
	peer.on_datagram = udp_answers;
	stop_after = COUNT;
	for (unsigned i = 0; i < COUNT; i++)
		(void)ask();
	io_loop_run(loop);
	assert_int_equal(answers, COUNT);
	assert_int_equal(peer.datagrams, COUNT);
	expect(CW_OUT_OK);
	assert_int_equal(got.stray, 0);
}

static void test_a_silent_server(void **state)
{
	ask_and_wait();
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(got.sent, LIMIT_DNS_UDP_TRIES);
	assert_int_equal(peer.datagrams, LIMIT_DNS_UDP_TRIES);
	assert_true(got.tcp_tried);
	assert_int_equal(peer.accepts, 1);
	assert_true(peer.connection[0]->got_len > 12); /* the query went over TCP too */
	assert_in_range(got.took_ms, LIMIT, LIMIT + SOON);
}

static void test_nobody_listens(void **state)
{
	peer_close_udp(&peer);
	peer_close_tcp(&peer);
	ask_and_wait();
	expect(CW_OUT_REFUSED);
	assert_true(got.took_ms < STEP); /* at once, not at the deadline */
	assert_int_equal(got.icmp.type, 3);
	assert_int_equal(got.icmp.code, 3);
	assert_string_equal(got.icmp.from, "127.0.0.1");
	assert_true(got.tcp_tried);
}

static void test_many_where_nobody_listens(void **state)
{
	enum { COUNT = 200 };
	peer_close_udp(&peer);
	peer_close_tcp(&peer);
	stop_after = COUNT;
	for (unsigned i = 0; i < COUNT; i++)
		(void)ask();
	cw_ms start = io_loop_update(loop);
	io_loop_run(loop);
	assert_int_equal(answers, COUNT);
	expect(CW_OUT_REFUSED);
	assert_false(got.shared); /* a refusal is no silence */
	assert_true(io_loop_update(loop) - start < 2000);
}

static void test_udp_refused_and_tcp_answering(void **state)
{
	peer_close_udp(&peer);
	peer.on_input = tcp_answers;
	ask_and_wait();
	expect(CW_OUT_OK);
	assert_true(got.over_tcp);
	assert_int_equal(got.icmp.code, 3);
	assert_true(got.took_ms < STEP);
}

static void test_udp_silent_and_tcp_answering(void **state)
{
	peer.on_input = tcp_answers;
	ask_and_wait();
	expect(CW_OUT_OK);
	assert_true(got.over_tcp);
	assert_false(got.truncated);
}

static void test_truncation(void **state)
{
	peer.on_datagram = udp_truncates;
	peer.on_input = tcp_answers;
	ask_and_wait();
	expect(CW_OUT_OK);
	assert_true(got.over_tcp);
	assert_true(got.truncated);
	assert_int_equal(got.message->rr_count, 1);
	assert_true(got.took_ms < STEP);
}

static void test_truncation_and_no_tcp(void **state)
{
	peer.on_datagram = udp_truncates;
	peer_close_tcp(&peer);
	ask_and_wait();
	expect(CW_OUT_REFUSED);
	assert_true(got.truncated);
	assert_null(got.message);
}

static void test_truncation_and_a_reset(void **state)
{
	peer.on_datagram = udp_truncates;
	peer.on_input = peer_reset;
	ask_and_wait();
	expect(CW_OUT_RESET);
	assert_true(got.truncated);
}

static void test_truncation_and_a_hang_up(void **state)
{
	peer.on_datagram = udp_truncates;
	peer.on_input = peer_hang_up;
	ask_and_wait();
	expect(CW_OUT_CLOSED);
}

static void test_truncation_and_half_an_answer(void **state)
{
	peer.on_datagram = udp_truncates;
	peer.on_input = tcp_answers_half;
	ask_and_wait();
	expect(CW_OUT_TIMEOUT);
	assert_in_range(got.took_ms, LIMIT, LIMIT + SOON);
}

/* One byte a second: the first comes, the rest is too late. */
static void test_truncation_and_silence(void **state)
{
	peer.on_datagram = udp_truncates;
	ask_and_wait();
	expect(CW_OUT_TIMEOUT);
	assert_true(got.truncated);
	assert_int_equal(got.sent, 1);
}

static void test_the_wrong_source(void **state)
{
	peer.on_datagram = udp_answers_from_elsewhere;
	peer_close_tcp(&peer);
	ask_and_wait();
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(got.stray, LIMIT_DNS_UDP_TRIES);
	assert_null(got.message);
}

static void test_the_wrong_id(void **state)
{
	peer.on_datagram = udp_answers_with_other_ids;
	peer_close_tcp(&peer);
	ask_and_wait();
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(got.stray, 10 * LIMIT_DNS_UDP_TRIES);
}

static void test_a_flood(void **state)
{
	peer.on_datagram = udp_floods;
	ask_and_wait();
	expect(CW_OUT_MALFORMED);
	assert_string_equal(got.malformed, "flooded");
	assert_true(got.took_ms < STEP);
}

static void test_a_late_twin_is_no_stranger(void **state)
{
	peer.on_datagram = udp_answers_twice;
	for (unsigned i = 0; i < 50; i++) {
		answers = 0;
		ask_and_wait();
		expect(CW_OUT_OK);
		assert_int_equal(got.stray, 0);
	}
}

static void test_an_unwritable_name(void **state)
{
	struct dns_ask_spec spec = spec_of();
	spec.name = "a..b";
	(void)dns_client_ask(client, &spec, arena, done, NULL);
	assert_int_equal(answers, 0);
	io_loop_run(loop);
	expect(CW_OUT_INVALID);
	assert_int_equal(peer.datagrams, 0);
}

/* ---- the gate ---- */

static void test_a_known_silence_is_not_waited_for(void **state)
{
	enum { COUNT = 100 };
	peer_close_tcp(&peer);
	stop_after = COUNT;
	cw_ms start = io_loop_update(loop);
	for (unsigned i = 0; i < COUNT; i++)
		(void)ask();
	io_loop_run(loop);
	assert_int_equal(answers, COUNT);
	expect(CW_OUT_TIMEOUT);
	assert_true(got.shared);
	assert_int_equal(got.sent, 0);
	assert_int_equal(peer.datagrams, LIMIT_PER_ADDRESS * LIMIT_DNS_UDP_TRIES);
	assert_in_range(io_loop_update(loop) - start, LIMIT, 2 * LIMIT);
}

static void test_the_spec_is_not_needed_while_it_waits(void **state)
{
	char name[] = NAME;
	struct dns_rr rr = srv;
	rr.section = DNS_AUTHORITY;
	struct dns_message update = { .opcode = DNS_OPCODE_UPDATE,
				      .question = { name, DNS_SOA, DNS_CLASS_IN },
				      .question_count = 1,
				      .rr = &rr,
				      .rr_count = 1 };
	struct dns_ask_spec spec = spec_of();
	spec.name = NULL;
	spec.message = &update;
	peer.on_datagram = udp_answers;
	stop_after = 20;
	for (unsigned i = 0; i < 20; i++)
		(void)dns_client_ask(client, &spec, arena, done, NULL);
	memset(name, 0, sizeof(name));
	memset(&rr, 0, sizeof(rr));
	memset(&update, 0, sizeof(update));
	io_loop_run(loop);
	expect(CW_OUT_OK);
	assert_int_equal(peer.datagrams, 20);
}

/* ---- cancelling ---- */

static void test_cancel_at_every_stage(void **state)
{
	struct dns_ask *a[LIMIT_PER_ADDRESS + 4];
	for (size_t i = 0; i < LIMIT_PER_ADDRESS + 4; i++)
		a[i] = ask();
	dns_ask_cancel(a[LIMIT_PER_ADDRESS + 1]); /* waits at the gate, in the middle */
	dns_ask_cancel(a[LIMIT_PER_ADDRESS + 3]); /* the last that waits */
	dns_ask_cancel(a[0]);                     /* in flight; hands its place on */
	dns_ask_cancel(a[LIMIT_PER_ADDRESS]);     /* has the place, and was not called yet */
	run_for(2 * STEP + 20);
	assert_true(peer.accepts > 0);
	dns_ask_cancel(a[1]); /* TCP is open */
	for (size_t i = 2; i < LIMIT_PER_ADDRESS; i++)
		dns_ask_cancel(a[i]);
	dns_ask_cancel(a[LIMIT_PER_ADDRESS + 2]);
	run_for(2 * LIMIT);
	assert_int_equal(answers, 0);
}

static void test_cancel_what_has_failed_already(void **state)
{
	struct dns_ask_spec spec = spec_of();
	spec.name = "a..b";
	struct dns_ask *a = dns_client_ask(client, &spec, arena, done, NULL);
	struct dns_ask *b = dns_client_ask(client, &spec, arena, done, NULL);
	dns_ask_cancel(b);
	dns_ask_cancel(a);
	run_for(20);
	assert_int_equal(answers, 0);
}

static struct dns_ask *victim[3];

static void cancels_others(void *ctx, const struct dns_answer *answer_)
{
	for (size_t i = 0; i < 3; i++)
		dns_ask_cancel(victim[i]);
	done(ctx, answer_);
}

static void test_cancel_from_an_answer(void **state)
{
	struct dns_ask_spec spec = spec_of();
	peer.on_datagram = udp_floods; /* what is told to all of them at once */
	(void)dns_client_ask(client, &spec, arena, cancels_others, NULL);
	struct cw_arena *others = cw_arena_new();
	for (size_t i = 0; i < 3; i++)
		victim[i] = dns_client_ask(client, &spec, others, cancels_others, NULL);
	/* Whoever is first cancels the three; one of them being first would cancel itself, which
	 * is fine for what is over. */
	io_loop_run(loop);
	run_for(LIMIT);
	assert_in_range(answers, 1, 2);
	cw_arena_free(others);
}

static void frees_arena(void *ctx, const struct dns_answer *answer_)
{
	done(NULL, answer_);
	cw_arena_free(ctx);
}

static void test_the_arena_may_go_with_the_answer(void **state)
{
	struct cw_arena *own = cw_arena_new();
	struct dns_ask_spec spec = spec_of();
	peer.on_datagram = udp_answers_twice;
	(void)dns_client_ask(client, &spec, own, frees_arena, own);
	io_loop_run(loop);
	own = cw_arena_new();
	spec.name = "a..b";
	(void)dns_client_ask(client, &spec, own, frees_arena, own);
	run_for(20);
	assert_int_equal(answers, 2);
}

static void frees_client(void *ctx, const struct dns_answer *answer_)
{
	done(NULL, answer_);
	dns_client_free(client);
	client = NULL;
}

static void test_the_client_may_go_with_the_last_answer(void **state)
{
	struct dns_ask_spec spec = spec_of();
	peer.on_datagram = udp_answers_twice;
	(void)dns_client_ask(client, &spec, arena, frees_client, NULL);
	io_loop_run(loop);
	run_for(20);
	expect(CW_OUT_OK);
}

static unsigned asked;

static void asks_again(void *ctx, const struct dns_answer *answer_)
{
	done(NULL, answer_);
	if (asked++ < 50)
		(void)dns_client_ask(client, ctx, arena, asks_again, ctx);
}

static void test_asking_from_an_answer(void **state)
{
	struct dns_ask_spec good = spec_of(), bad = spec_of();
	bad.name = "a..b";
	peer.on_datagram = udp_answers;
	asked = 0;
	stop_after = 52;
	(void)dns_client_ask(client, &good, arena, asks_again, &good);
	(void)dns_client_ask(client, &bad, arena, asks_again, &bad);
	io_loop_run(loop);
	assert_int_equal(answers, 52);
}

static void test_fire_and_forget(void **state)
{
	struct dns_ask_spec spec = spec_of();
	peer.on_datagram = udp_answers;
	dns_client_fire_and_forget(client, &spec, arena);
	run_for(20);
	assert_int_equal(peer.datagrams, 1);
	assert_int_equal(answers, 0);
	spec.name = "a..b";
	dns_client_fire_and_forget(client, &spec, arena);
	run_for(20);
	assert_int_equal(peer.datagrams, 1);
}

static void test_an_idle_client_does_not_hold_the_loop(void **state)
{
	peer.on_datagram = udp_answers;
	stop_after = 0;
	(void)ask();
	io_loop_run(loop); /* returns by itself */
	assert_int_equal(answers, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_answer),
		T(test_an_answer_over_ipv6),
		T(test_many_at_once),
		T(test_a_silent_server),
		T(test_nobody_listens),
		T(test_many_where_nobody_listens),
		T(test_udp_refused_and_tcp_answering),
		T(test_udp_silent_and_tcp_answering),
		T(test_truncation),
		T(test_truncation_and_no_tcp),
		T(test_truncation_and_a_reset),
		T(test_truncation_and_a_hang_up),
		T(test_truncation_and_half_an_answer),
		T(test_truncation_and_silence),
		T(test_the_wrong_source),
		T(test_the_wrong_id),
		T(test_a_flood),
		T(test_a_late_twin_is_no_stranger),
		T(test_an_unwritable_name),
		T(test_a_known_silence_is_not_waited_for),
		T(test_the_spec_is_not_needed_while_it_waits),
		T(test_cancel_at_every_stage),
		T(test_cancel_what_has_failed_already),
		T(test_cancel_from_an_answer),
		T(test_the_arena_may_go_with_the_answer),
		T(test_the_client_may_go_with_the_last_answer),
		T(test_asking_from_an_answer),
		T(test_fire_and_forget),
		T(test_an_idle_client_does_not_hold_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
