/* What the tests of visits share: one loop, one server, and what the visit told. */
#ifndef TEST_PATH_VISIT_BENCH_H
#define TEST_PATH_VISIT_BENCH_H

#include <dirent.h>

#include "base/limits.h"
#include "path/visit.h"
#include "tls_peer.h"

enum { LIMIT = 300, MOST_HOPS = 8 };

static struct io_loop *loop;
static struct io_gate *gate;
static struct visit_shared *shared;
static struct cw_arena *arena;
static struct identity identity;
static struct tls_peer server;
static struct visit_spec spec;
static struct visit_tls tls;
static struct visit_request request;
static struct visit_proxy proxy;
static const struct visit_result *hop[MOST_HOPS];
static size_t hops;
static unsigned dones;
static int fds_before;

static int open_fds(void)
{
	int count = 0;
	DIR *d = opendir("/proc/self/fd");
	while (d && readdir(d))
		count++;
	if (d)
		closedir(d);
	return count;
}

static int set_up_all(void **state)
{
	identity_make(&identity);
	assert_int_equal(io_loop_new(&loop), CW_OK); /* what libuv opens once and keeps */
	io_loop_free(loop);
	assert_int_equal(visit_shared_new(&shared), CW_OK);
	return 0;
}

static int tear_down_all(void **state)
{
	visit_shared_free(shared);
	identity_drop(&identity);
	return 0;
}

static int set_up(void **state)
{
	fds_before = open_fds();
	assert_int_equal(io_loop_new(&loop), CW_OK);
	assert_int_equal(io_gate_new(loop, LIMIT_PER_ADDRESS, &gate), CW_OK);
	arena = cw_arena_new();
	tls_peer_open(&server, loop);
	tls = (struct visit_tls){ .sni = "vpn.example.test" };
	request = (struct visit_request){
		.method = "GET", .target = "/", .host = "vpn.example.test", .answer_most = 1000
	};
	proxy = (struct visit_proxy){ .host = "proxy.example.test" };
	spec = (struct visit_spec){ .to = server.peer.addr,
				    .connect_limit_ms = LIMIT,
				    .hop_limit_ms = LIMIT,
				    .total_limit_ms = 10 * LIMIT };
	hops = dones = 0;
	return 0;
}

static int tear_down(void **state)
{
	tls_peer_close(&server);
	io_gate_free(gate);
	io_loop_free(loop);
	cw_arena_free(arena);
	assert_int_equal(open_fds(), fds_before);
	return 0;
}

static void told_hop(void *ctx, const struct visit_result *r)
{
	assert_int_equal(dones, 0);
	assert_true(hops < MOST_HOPS);
	hop[hops++] = r;
}

static void told_done(void *ctx)
{
	dones++;
	io_loop_stop(loop);
}

static const struct visit_ops ops = { .hop = told_hop, .done = told_done };

static void fire(void *ctx)
{
	io_loop_stop(ctx);
}

static inline void run_for(cw_ms ms)
{
	struct io_timer t = { .fire = fire, .ctx = loop };
	io_timer_set(loop, &t, io_loop_update(loop) + ms);
	io_loop_run(loop);
	io_timer_stop(loop, &t);
}

static void visit(void)
{
	(void)visit_start(loop, gate, shared, &spec, arena, &ops, NULL);
	assert_int_equal(hops, 0);
	io_loop_run(loop);
	assert_int_equal(dones, 1);
}

/* Each hop in turn: what it is and how it ended; the last argument is -1. */
static void expect_hops_(const char *file, int line, const int *want)
{
	size_t n = 0;
	for (; want[2 * n] >= 0; n++) {
		if (n >= hops || (int)hop[n]->hop != want[2 * n] ||
		    (int)hop[n]->outcome != want[2 * n + 1]) {
			print_error("hop %zu: want %d %s, have %d %s\n", n, want[2 * n],
				    cw_outcome_name((enum cw_outcome)want[2 * n + 1]),
				    n < hops ? (int)hop[n]->hop : -1,
				    n < hops ? cw_outcome_name(hop[n]->outcome) : "none");
			_fail(file, line);
		}
		assert_true(hop[n]->took_ms >= 0);
	}
	if (n != hops) {
		print_error("want %zu hops, have %zu\n", n, hops);
		_fail(file, line);
	}
}

#define EXPECT_HOPS(...) expect_hops_(__FILE__, __LINE__, (const int[]){ __VA_ARGS__, -1 })

#endif
