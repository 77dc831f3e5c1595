/* A lab opened in the test's own loop, and clients that ask it. */
#ifndef CW_TEST_LAB_BENCH_H
#define CW_TEST_LAB_BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "lab/lab.h"

#define LAB_HEAD "scenario test/bench\nabout A network.\nshows healthy\n"
#define LAB_RUN  "run check kms contoso.example\nexpect verdict clear\n"

struct bench {
	struct cw_arena *arena;
	struct io_loop *loop;
	const struct scenario *scenario;
	struct lab *lab;
	struct io_timer stop;
	uint8_t got[LIMIT_DNS_MESSAGE + 2];
	size_t got_len;
};

static inline void bench_stop(void *ctx)
{
	struct bench *b = ctx;
	io_loop_stop(b->loop);
}

/* Lets the lab work for so long. */
static inline void bench_pump(struct bench *b, cw_ms ms)
{
	b->stop = (struct io_timer){ .fire = bench_stop, .ctx = b };
	io_timer_set(b->loop, &b->stop, io_loop_update(b->loop) + ms);
	io_loop_run(b->loop);
	io_timer_stop(b->loop, &b->stop);
}

/* servers: the part of a scenario that names them. */
static inline void bench_open(struct bench *b, const char *servers)
{
	char why[300] = "";
	*b = (struct bench){ .arena = cw_arena_new() };
	const char *text = cw_arena_fmt(b->arena, LAB_HEAD "%s" LAB_RUN, servers);
	if (scenario_parse(text, strlen(text), "bench", b->arena, &b->scenario, why, sizeof(why)) !=
	    CW_OK)
		fail_msg("%s", why);
	assert_int_equal(io_loop_new(&b->loop), CW_OK);
	if (lab_open(b->loop, b->scenario, &b->lab, why, sizeof(why)) != CW_OK)
		fail_msg("%s", why);
}

static inline void bench_close(struct bench *b)
{
	lab_close(b->lab, bench_stop, b);
	io_loop_run(b->loop);
	io_loop_free(b->loop);
	cw_arena_free(b->arena);
}

/* A socket that is connected to a server, or on the way there; *error: what connect said. */
static inline int bench_socket(struct bench *b, const char *name, int type, int *error)
{
	struct cw_addr addr;
	assert_true(lab_server_addr(b->lab, name, &addr));
	int fd = socket(addr.family == CW_IPV6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(addr.port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(addr.port) };
	memcpy(&in.sin_addr, addr.bytes, 4);
	memcpy(&in6.sin6_addr, addr.bytes, 16);
	int rc = addr.family == CW_IPV6 ? connect(fd, (struct sockaddr *)&in6, sizeof(in6))
					: connect(fd, (struct sockaddr *)&in, sizeof(in));
	*error = rc == 0 ? 0 : errno;
	return fd;
}

/* Waits for bytes until there are any, the peer hangs up, or ms have gone. The end: >0 bytes, 0
 * hung up, -EAGAIN silence, else minus errno. */
static inline ssize_t bench_receive(struct bench *b, int fd, uint8_t *to, size_t room, cw_ms ms)
{
	for (cw_ms left = ms; left >= 0; left -= 5) {
		bench_pump(b, 5);
		ssize_t n = recv(fd, to, room, 0);
		if (n >= 0)
			return n;
		if (errno != EAGAIN)
			return -errno;
	}
	return -EAGAIN;
}

#endif
