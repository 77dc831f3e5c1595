/* The client against real sockets on loopback; the server lives in the same loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>

#include "base/limits.h"
#include "codec/dcerpc.h"
#include "path/rpc_client.h"
#include "peer.h"

enum { LIMIT = 300, SOON = 150 };

static struct io_loop *loop;
static struct io_gate *gate;
static struct cw_arena *arena;
static struct peer peer;
static struct rpc_connect_result connect_result;
static struct rpc_bind_result bind_result;
static uint8_t got[4096];
static unsigned connects, binds, ends, stop_after;

static int set_up(void **state)
{
	assert_int_equal(io_loop_new(&loop), CW_OK);
	assert_int_equal(io_gate_new(loop, LIMIT_PER_ADDRESS, &gate), CW_OK);
	arena = cw_arena_new();
	peer_open(&peer, loop, "127.0.0.1");
	connects = binds = ends = 0;
	stop_after = 1;
	return 0;
}

static int tear_down(void **state)
{
	peer_close(&peer);
	io_gate_free(gate);
	io_loop_free(loop);
	cw_arena_free(arena);
	return 0;
}

static void count_end(void)
{
	if (++ends == stop_after)
		io_loop_stop(loop);
}

static void connected(void *ctx, const struct rpc_connect_result *r)
{
	connect_result = *r;
	connects++;
	if (r->outcome != CW_OUT_OK)
		count_end();
}

static void bound(void *ctx, const struct rpc_bind_result *r)
{
	bind_result = *r;
	memcpy(got, r->got, r->got_len);
	binds++;
	count_end();
}

static const struct rpc_client_ops ops = { .connected = connected, .bound = bound };

static struct rpc_client *start_with(const struct rpc_client_ops *with, struct cw_arena *a,
				     void *ctx)
{
	struct rpc_client_spec spec = { .to = peer.addr,
					.connect_limit_ms = LIMIT,
					.bind_limit_ms = LIMIT };
	return rpc_client_start(loop, gate, &spec, a, with, ctx);
}

static struct rpc_client *start(void)
{
	return start_with(&ops, arena, NULL);
}

static void start_and_wait(void)
{
	(void)start();
	assert_int_equal(connects, 0);
	io_loop_run(loop);
	assert_int_equal(connects, 1);
	assert_int_equal(ends, 1);
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

static void expect_bind(enum cw_outcome outcome)
{
	assert_string_equal(cw_outcome_name(connect_result.outcome), "ok");
	assert_int_equal(binds, 1);
	assert_string_equal(cw_outcome_name(bind_result.outcome), cw_outcome_name(outcome));
}

static bool has_bind(struct peer_connection *c, struct dcerpc_bind *b)
{
	return dcerpc_bind_decode(c->got, c->got_len, b) == CW_OK;
}

static size_t ack(struct peer_connection *c, uint8_t *buf, size_t cap)
{
	struct dcerpc_bind b;
	if (!has_bind(c, &b))
		return 0;
	struct dcerpc_answer a = { .type = DCERPC_BIND_ACK,
				   .call_id = b.call_id,
				   .result_count = 2,
				   .result = { { DCERPC_ACCEPTED, 0 },
					       { DCERPC_PROVIDER_REJECTED,
						 DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED } } };
	struct cw_wr w = cw_wr_of(buf, cap);
	dcerpc_answer_encode(&w, &a, 1688);
	return w.len;
}

static void acknowledges(struct peer_connection *c)
{
	uint8_t buf[256];
	size_t n = ack(c, buf, sizeof(buf));
	if (n)
		assert_int_equal(send(c->fd, buf, n, MSG_NOSIGNAL), n);
}

static void acknowledges_half(struct peer_connection *c)
{
	uint8_t buf[256];
	if (ack(c, buf, sizeof(buf)))
		assert_int_equal(send(c->fd, buf, 3, MSG_NOSIGNAL), 3);
}

static void acknowledges_half_and_hangs_up(struct peer_connection *c)
{
	acknowledges_half(c);
	peer_hang_up(c);
}

static void speaks_http(struct peer_connection *c)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	assert_int_equal(send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1);
}

static void test_an_endpoint(void **state)
{
	peer.on_input = acknowledges;
	start_and_wait();
	expect_bind(CW_OUT_OK);
	assert_false(bind_result.control_accepted);
	assert_int_equal(connect_result.icmp.type, -1);
	assert_true(bind_result.took_ms < SOON);
}

static void test_nothing_follows_the_answer(void **state)
{
	struct dcerpc_bind b;
	peer.on_input = acknowledges;
	start_and_wait();
	run_for(30);
	struct peer_connection *c = peer.connection[0];
	assert_true(c->saw_end);
	assert_true(has_bind(c, &b));
	assert_int_equal(b.context_count, 2);
	assert_int_equal(c->got_len, c->got[8] | c->got[9] << 8); /* the fragment, and no more */
}

static void test_the_control_interface_differs_each_time(void **state)
{
	struct dcerpc_bind b[2];
	peer.on_input = acknowledges;
	stop_after = 2;
	(void)start();
	(void)start();
	io_loop_run(loop);
	for (int i = 0; i < 2; i++)
		assert_true(has_bind(peer.connection[i], &b[i]));
	assert_memory_not_equal(&b[0].context[1].abstract.uuid, &b[1].context[1].abstract.uuid, 16);
	assert_memory_equal(&b[0].context[0].abstract.uuid, &b[1].context[0].abstract.uuid, 16);
}

static void test_nobody_listens(void **state)
{
	peer_close_tcp(&peer);
	start_and_wait();
	assert_int_equal(connect_result.outcome, CW_OUT_REFUSED);
	assert_int_equal(connect_result.icmp.type, -1); /* a TCP reset, no ICMP */
	assert_int_equal(connect_result.system_error, 0);
	assert_int_equal(binds, 0);
	assert_true(connect_result.took_ms < SOON);
}

static void test_accepted_and_silent(void **state)
{
	start_and_wait();
	expect_bind(CW_OUT_TIMEOUT);
	assert_int_equal(bind_result.got_len, 0);
	assert_in_range(bind_result.took_ms, LIMIT, LIMIT + SOON);
}

static void test_a_drip(void **state)
{
	peer.on_input = acknowledges_half;
	start_and_wait();
	expect_bind(CW_OUT_TIMEOUT);
	assert_int_equal(bind_result.got_len, 3);
}

static void test_hanging_up(void **state)
{
	peer.on_input = peer_hang_up;
	start_and_wait();
	expect_bind(CW_OUT_CLOSED);
	assert_true(bind_result.took_ms < SOON);
}

static void test_half_an_answer_and_hanging_up(void **state)
{
	peer.on_input = acknowledges_half_and_hangs_up;
	start_and_wait();
	expect_bind(CW_OUT_CLOSED);
	assert_int_equal(bind_result.got_len, 3);
}

static void test_a_reset(void **state)
{
	peer.on_input = peer_reset;
	start_and_wait();
	expect_bind(CW_OUT_RESET);
}

static void test_a_reset_before_the_bind(void **state)
{
	peer.on_accept = peer_reset;
	start_and_wait();
	/* It depends on whether we see the connection before its end. */
	if (connect_result.outcome == CW_OUT_OK)
		assert_int_equal(bind_result.outcome, CW_OUT_RESET);
	else
		assert_int_equal(connect_result.outcome, CW_OUT_RESET);
}

static void test_another_protocol(void **state)
{
	peer.on_accept = speaks_http;
	start_and_wait();
	expect_bind(CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(bind_result.guess, "HTTP");
	assert_memory_equal(got, "HTTP/1.1", 8);
}

/* A listener whose queue is full swallows the SYN. */
static void swallow(struct peer *p, int *filler, size_t count)
{
	struct sockaddr_storage ss;
	socklen_t len;
	uv_poll_stop(&p->tcp_poll);
	assert_return_code(listen(p->tcp, 0), errno);
	peer_sockaddr(&p->addr, &ss, &len);
	for (size_t i = 0; i < count; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(filler[i], (struct sockaddr *)&ss, len);
	}
	usleep(20000);
}

static void test_a_swallowed_syn(void **state)
{
	int filler[4];
	swallow(&peer, filler, 4);
	start_and_wait();
	assert_int_equal(connect_result.outcome, CW_OUT_TIMEOUT);
	assert_int_equal(binds, 0);
	assert_in_range(connect_result.took_ms, LIMIT, LIMIT + SOON);
	for (size_t i = 0; i < 4; i++)
		close(filler[i]);
}

static void test_a_known_silence_is_shared(void **state)
{
	int filler[4];
	swallow(&peer, filler, 4);
	stop_after = 50;
	for (unsigned i = 0; i < 50; i++)
		(void)start();
	cw_ms begin = io_loop_update(loop);
	io_loop_run(loop);
	assert_int_equal(connects, 50);
	assert_int_equal(connect_result.outcome, CW_OUT_TIMEOUT);
	assert_true(connect_result.shared);
	assert_true(io_loop_update(loop) - begin < 2 * LIMIT);
	for (size_t i = 0; i < 4; i++)
		close(filler[i]);
}

static void test_no_sockets_left(void **state)
{
	struct rlimit had, none = { .rlim_cur = 0 };
	assert_return_code(getrlimit(RLIMIT_NOFILE, &had), errno);
	none.rlim_max = had.rlim_max;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), errno);
	start_and_wait();
	assert_return_code(setrlimit(RLIMIT_NOFILE, &had), errno);
	assert_int_equal(connect_result.outcome, CW_OUT_LOCAL);
	assert_int_equal(connect_result.system_error, EMFILE);
}

/* ---- cancelling ---- */

static void test_cancel_at_every_stage(void **state)
{
	struct rpc_client *c[LIMIT_PER_ADDRESS + 2];
	for (size_t i = 0; i < LIMIT_PER_ADDRESS + 2; i++)
		c[i] = start();
	rpc_client_cancel(c[LIMIT_PER_ADDRESS + 1]); /* waits */
	rpc_client_cancel(c[0]);                     /* connects; hands its place on */
	rpc_client_cancel(c[LIMIT_PER_ADDRESS]);     /* has the place, was not called */
	run_for(30);
	assert_int_equal(connects, LIMIT_PER_ADDRESS - 1);
	for (size_t i = 1; i < LIMIT_PER_ADDRESS; i++)
		rpc_client_cancel(c[i]); /* waits for the answer */
	run_for(LIMIT + 50);
	assert_int_equal(connects, LIMIT_PER_ADDRESS - 1);
	assert_int_equal(binds, 0);
}

static struct rpc_client *self;

static void cancels_itself(void *ctx, const struct rpc_connect_result *r)
{
	connects++;
	rpc_client_cancel(self);
	cw_arena_free(ctx);
	io_loop_stop(loop);
}

static void test_cancel_while_connected_is_told(void **state)
{
	static const struct rpc_client_ops cancelling = { .connected = cancels_itself,
							  .bound = bound };
	struct cw_arena *own = cw_arena_new();
	peer.on_input = acknowledges;
	self = start_with(&cancelling, own, own);
	io_loop_run(loop);
	run_for(50);
	assert_int_equal(connects, 1);
	assert_int_equal(binds, 0);
}

static void frees_arena(void *ctx, const struct rpc_bind_result *r)
{
	bound(NULL, r);
	cw_arena_free(ctx);
}

static void test_the_arena_may_go_with_the_last_call(void **state)
{
	static const struct rpc_client_ops freeing = { .connected = connected,
						       .bound = frees_arena };
	struct cw_arena *own = cw_arena_new();
	peer.on_input = acknowledges;
	(void)start_with(&freeing, own, own);
	io_loop_run(loop);
	expect_bind(CW_OUT_OK);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_endpoint),
		T(test_nothing_follows_the_answer),
		T(test_the_control_interface_differs_each_time),
		T(test_nobody_listens),
		T(test_accepted_and_silent),
		T(test_a_drip),
		T(test_hanging_up),
		T(test_half_an_answer_and_hanging_up),
		T(test_a_reset),
		T(test_a_reset_before_the_bind),
		T(test_another_protocol),
		T(test_a_swallowed_syn),
		T(test_a_known_silence_is_shared),
		T(test_no_sockets_left),
		T(test_cancel_at_every_stage),
		T(test_cancel_while_connected_is_told),
		T(test_the_arena_may_go_with_the_last_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
