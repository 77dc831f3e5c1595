/* A small server inside the test's own loop: a UDP socket and a TCP listener on one port, whose
 * behaviour the test gives as callbacks. */
#ifndef TEST_PATH_PEER_H
#define TEST_PATH_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/addr.h"
#include "io/loop.h"

enum { PEER_CONNECTIONS = 64 };

struct peer;

struct peer_connection {
	uv_poll_t poll;
	int fd; /* -1: closed */
	struct peer *peer;
	size_t got_len;
	uint8_t got[4096];
	bool saw_end;
};

struct peer {
	struct io_loop *loop;
	struct cw_addr addr;
	int udp, tcp; /* -1: none */
	uv_poll_t udp_poll, tcp_poll;
	unsigned datagrams, accepts;
	struct peer_connection *connection[PEER_CONNECTIONS];
	void (*on_datagram)(struct peer *p, const uint8_t *buf, size_t len,
			    const struct sockaddr_storage *from, socklen_t from_len);
	void (*on_accept)(struct peer_connection *c);
	void (*on_input)(struct peer_connection *c);
};

static void peer_sockaddr(const struct cw_addr *a, struct sockaddr_storage *ss, socklen_t *len)
{
	memset(ss, 0, sizeof(*ss));
	if (a->family == CW_IPV6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(a->port);
		memcpy(&v6->sin6_addr, a->bytes, 16);
		*len = sizeof(*v6);
		return;
	}
	struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
	v4->sin_family = AF_INET;
	v4->sin_port = htons(a->port);
	memcpy(&v4->sin_addr, a->bytes, 4);
	*len = sizeof(*v4);
}

static uint16_t peer_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	assert_return_code(getsockname(fd, (struct sockaddr *)&ss, &len), errno);
	return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
					      : ((struct sockaddr_in *)&ss)->sin_port);
}

/* -1: the port is taken, or there is no such address. */
static int peer_socket(const struct cw_addr *a, int type)
{
	struct sockaddr_storage ss;
	socklen_t len;
	peer_sockaddr(a, &ss, &len);
	int fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&ss, len) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void peer_udp_ready(uv_poll_t *poll, int status, int events)
{
	struct peer *p = poll->data;
	uint8_t buf[65536];
	for (;;) {
		struct sockaddr_storage from;
		socklen_t from_len = sizeof(from);
		ssize_t n =
			recvfrom(p->udp, buf, sizeof(buf), 0, (struct sockaddr *)&from, &from_len);
		if (n < 0)
			return;
		p->datagrams++;
		if (p->on_datagram)
			p->on_datagram(p, buf, (size_t)n, &from, from_len);
	}
}

static void peer_connection_freed(uv_handle_t *handle)
{
	free(handle->data);
}

static void peer_hang_up(struct peer_connection *c)
{
	if (c->fd < 0)
		return;
	uv_poll_stop(&c->poll);
	close(c->fd);
	c->fd = -1;
}

static void peer_reset(struct peer_connection *c)
{
	struct linger linger = { 1, 0 };
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	peer_hang_up(c);
}

static void peer_input_ready(uv_poll_t *poll, int status, int events)
{
	struct peer_connection *c = poll->data;
	ssize_t n = recv(c->fd, c->got + c->got_len, sizeof(c->got) - c->got_len, 0);
	if (n <= 0) {
		c->saw_end = true;
		uv_poll_stop(&c->poll);
		return;
	}
	c->got_len += (size_t)n;
	if (c->peer->on_input)
		c->peer->on_input(c);
}

static void peer_tcp_ready(uv_poll_t *poll, int status, int events)
{
	struct peer *p = poll->data;
	int fd = accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	assert_true(p->accepts < PEER_CONNECTIONS);
	int at_once = 1; /* as servers do: what a test waits for is not Nagle's algorithm */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
	struct peer_connection *c = calloc(1, sizeof(*c));
	assert_non_null(c);
	c->fd = fd;
	c->peer = p;
	p->connection[p->accepts++] = c;
	uv_poll_init(io_loop_uv(p->loop), &c->poll, fd);
	c->poll.data = c;
	uv_unref((uv_handle_t *)&c->poll);
	uv_poll_start(&c->poll, UV_READABLE, peer_input_ready);
	if (p->on_accept)
		p->on_accept(c);
}

static void peer_watch(struct peer *p, uv_poll_t *poll, int fd, uv_poll_cb ready)
{
	uv_poll_init(io_loop_uv(p->loop), poll, fd);
	poll->data = p;
	uv_unref((uv_handle_t *)poll);
	uv_poll_start(poll, UV_READABLE, ready);
}

/* Both sockets on one free port of that address. */
static void peer_open(struct peer *p, struct io_loop *loop, const char *address)
{
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	assert_true(cw_addr_parse(address, &p->addr));
	p->tcp = -1;
	while (p->tcp < 0) {
		p->addr.port = 0;
		p->udp = peer_socket(&p->addr, SOCK_DGRAM);
		assert_true(p->udp >= 0);
		p->addr.port = peer_port(p->udp);
		p->tcp = peer_socket(&p->addr, SOCK_STREAM);
		if (p->tcp < 0)
			close(p->udp);
	}
	assert_return_code(listen(p->tcp, 16), errno);
	peer_watch(p, &p->udp_poll, p->udp, peer_udp_ready);
	peer_watch(p, &p->tcp_poll, p->tcp, peer_tcp_ready);
}

static void peer_close_udp(struct peer *p)
{
	if (p->udp < 0)
		return;
	uv_close((uv_handle_t *)&p->udp_poll, NULL);
	close(p->udp);
	p->udp = -1;
}

static void peer_close_tcp(struct peer *p)
{
	if (p->tcp < 0)
		return;
	uv_close((uv_handle_t *)&p->tcp_poll, NULL);
	close(p->tcp);
	p->tcp = -1;
}

/* The handles are a part of p, so the loop must go before p does. */
static void peer_close(struct peer *p)
{
	peer_close_udp(p);
	peer_close_tcp(p);
	for (unsigned i = 0; i < p->accepts; i++) {
		peer_hang_up(p->connection[i]);
		uv_close((uv_handle_t *)&p->connection[i]->poll, peer_connection_freed);
	}
}

#endif
