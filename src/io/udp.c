#include "io/udp.h"

#include <errno.h>
#include <stdlib.h>

#include "io/loop_private.h"

/* Readings in one turn, so that a flood cannot keep timers from firing. */
enum { ROUNDS = 64 };

struct io_udp {
	struct io_watch watch; /* first: see io_watch */
	enum cw_family family;
	const struct io_udp_ops *ops;
	void *ctx;
};

static void read_datagrams(struct io_udp *u)
{
	struct io_inbox *box = io_loop_inbox(u->watch.loop);
	int error;
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t count = io_sys_udp_receive(u->watch.sock, box, &error);
		for (size_t i = 0; i < count && !u->watch.closed; i++) {
			const struct io_datagram *d = io_inbox_at(box, i);
			u->ops->received(u->ctx, &d->from, d->bytes, d->len);
		}
		/* With an error the system tells of a queued one, and hides what waits behind it. */
		if (u->watch.closed || (count < IO_INBOX && !error))
			return;
	}
}

static void read_bounces(struct io_udp *u)
{
	struct io_bounce b;
	for (unsigned i = 0; i < ROUNDS * IO_INBOX; i++) {
		if (u->watch.closed || !io_sys_bounce_take(u->watch.sock, &b))
			return;
		struct io_end end = io_end_of_bounce(&b, &b.to);
		if (end.outcome != CW_OUT_UNKNOWN)
			u->ops->bounced(u->ctx, &b.to, &end, b.quoted, b.quoted_len);
	}
}

/* Answers first: they count for more than what a router says of the same query. */
static void udp_ready(struct io_watch *w)
{
	struct io_udp *u = (struct io_udp *)w;
	read_datagrams(u);
	if (!w->active)
		read_bounces(u);
}

int io_udp_open(struct io_loop *loop, enum cw_family family, const struct io_udp_ops *ops,
		void *ctx, struct io_udp **out)
{
	if (!io_loop_inbox(loop))
		return ENOMEM;
	struct io_udp *u = calloc(1, sizeof(*u));
	if (!u)
		return ENOMEM;
	uv_os_sock_t sock;
	int error = io_sys_udp_open(family, &sock);
	if (!error)
		error = io_watch_open(&u->watch, loop, sock, udp_ready);
	if (error) {
		free(u);
		return error;
	}
	u->family = family;
	u->ops = ops;
	u->ctx = ctx;
	io_watch_background(&u->watch);
	error = io_watch_for(&u->watch, UV_READABLE);
	if (error) {
		io_watch_close(&u->watch);
		return error;
	}
	*out = u;
	return 0;
}

void io_udp_close(struct io_udp *u)
{
	if (u)
		io_watch_close(&u->watch);
}

int io_udp_send(struct io_udp *u, const struct cw_addr *to, const uint8_t *buf, size_t len)
{
	return io_sys_udp_send(u->watch.sock, to, buf, len);
}
