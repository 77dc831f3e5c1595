#include "io/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/loop_private.h"

enum { READS = 16 };

enum stream_state { CONNECTING, OPEN, ENDED };

struct io_stream {
	struct io_watch watch; /* first: see io_watch */
	enum stream_state state;
	bool watched; /* the socket exists */
	struct cw_addr to;
	const struct io_stream_ops *ops;
	void *ctx;
	struct io_timer failed; /* brings the news of a call that failed at once */
	struct io_end end;
	uint8_t *queue; /* not written yet */
	size_t queue_len;
};

static void stream_end(struct io_stream *s, struct io_end end)
{
	if (s->state == ENDED)
		return;
	s->state = ENDED;
	s->end = end;
	if (s->watched)
		(void)uv_poll_stop(&s->watch.poll);
	s->watch.active = true; /* nothing to watch for any more: not to be started again */
	s->ops->ended(s->ctx, &s->end);
}

/* Why connecting failed: the ICMP message if there was one, else what the system says of it. */
static struct io_end connect_end(struct io_stream *s, int error)
{
	struct io_bounce b;
	while (io_sys_bounce_take(s->watch.sock, &b)) {
		struct io_end end = io_end_of_bounce(&b, &s->to);
		if (end.outcome != CW_OUT_UNKNOWN)
			return end;
	}
	return io_end_of_network(error);
}

static void connect_ready(struct io_stream *s)
{
	int error = io_sys_tcp_error(s->watch.sock);
	if (error) {
		stream_end(s, connect_end(s, error));
		return;
	}
	io_sys_tcp_settle(s->watch.sock);
	s->state = OPEN;
	(void)io_watch_for(&s->watch, UV_READABLE);
	s->ops->opened(s->ctx);
}

static void stream_flush(struct io_stream *s)
{
	int error;
	ptrdiff_t sent = io_sys_tcp_send(s->watch.sock, s->queue, s->queue_len, &error);
	if (sent < 0 && error == EAGAIN)
		return;
	if (sent < 0) { /* reading tells how it ended, after what the peer still said */
		s->queue_len = 0;
	} else {
		s->queue_len -= (size_t)sent;
		memmove(s->queue, s->queue + sent, s->queue_len);
	}
	if (!s->queue_len)
		(void)io_watch_for(&s->watch, UV_READABLE);
}

static void stream_read(struct io_stream *s)
{
	uint8_t *buf = io_loop_scratch(s->watch.loop);
	int error;
	for (unsigned i = 0; i < READS && s->state == OPEN && !s->watch.closed; i++) {
		ptrdiff_t got = io_sys_tcp_receive(s->watch.sock, buf, IO_SCRATCH, &error);
		if (got < 0 && error == EAGAIN)
			return;
		if (got < 0) {
			stream_end(s, io_end_of_network(error));
			return;
		}
		if (!got) {
			stream_end(s, (struct io_end){ .outcome = CW_OUT_CLOSED, .icmp.type = -1 });
			return;
		}
		s->ops->input(s->ctx, buf, (size_t)got);
	}
}

static void stream_ready(struct io_watch *w)
{
	struct io_stream *s = (struct io_stream *)w;
	if (s->state == CONNECTING) {
		connect_ready(s);
		return;
	}
	if (s->state == OPEN && s->queue_len)
		stream_flush(s);
	stream_read(s);
}

static void stream_failed(void *ctx)
{
	struct io_stream *s = ctx;
	stream_end(s, s->end);
}

static int stream_start(struct io_stream *s, struct io_loop *loop)
{
	if (!io_loop_scratch(loop))
		return ENOMEM;
	uv_os_sock_t sock;
	int error = io_sys_tcp_connect(&s->to, &sock);
	if (!error)
		error = io_watch_open(&s->watch, loop, sock, stream_ready);
	if (error)
		return error;
	s->watched = true;
	return io_watch_for(&s->watch, UV_WRITABLE);
}

struct io_stream *io_stream_open(struct io_loop *loop, const struct cw_addr *to,
				 const struct io_stream_ops *ops, void *ctx)
{
	struct io_stream *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->to = *to;
	s->ops = ops;
	s->ctx = ctx;
	s->failed = (struct io_timer){ .fire = stream_failed, .ctx = s };
	int error = stream_start(s, loop);
	if (error) {
		s->watch.loop = loop;
		s->end = io_end_of_call(error, to->family);
		io_timer_set(loop, &s->failed, io_loop_now(loop));
	}
	return s;
}

void io_stream_write(struct io_stream *s, const uint8_t *buf, size_t len)
{
	assert(s->state != CONNECTING);
	if (s->state == ENDED)
		return;
	int error;
	ptrdiff_t sent = s->queue_len ? 0 : io_sys_tcp_send(s->watch.sock, buf, len, &error);
	if (sent < 0 && error != EAGAIN)
		return; /* reading tells how it ended */
	size_t done = sent > 0 ? (size_t)sent : 0;
	if (done == len)
		return;
	uint8_t *queue = realloc(s->queue, s->queue_len + len - done);
	if (!queue)
		abort(); /* as in base/arena.h */
	memcpy(queue + s->queue_len, buf + done, len - done);
	s->queue = queue;
	s->queue_len += len - done;
	(void)io_watch_for(&s->watch, UV_READABLE | UV_WRITABLE);
}

void io_stream_close(struct io_stream *s)
{
	if (!s)
		return;
	io_timer_stop(s->watch.loop, &s->failed);
	s->state = ENDED;
	free(s->queue);
	s->queue = NULL;
	s->queue_len = 0;
	if (s->watched)
		io_watch_close(&s->watch);
	else
		free(s);
}
