/* A TCP connection that we open: connect, write, read, close. */
#ifndef CW_IO_STREAM_H
#define CW_IO_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "io/end.h"
#include "io/loop.h"

struct io_stream;

/* Called from the loop, never from within a call of ours; io_stream_close() is fine in each. */
struct io_stream_ops {
	void (*opened)(void *ctx);
	/* The bytes are valid in the callback alone. */
	void (*input)(void *ctx, const uint8_t *buf, size_t len);
	/*
	 * The end, once, and nothing afterwards; the stream still waits to be closed.
	 * Before opened(): REFUSED (with icmp: an ICMP message said so; without: a TCP reset),
	 * UNREACHABLE, TIMEOUT, NO_ROUTE, DENIED, RESET, LOCAL. After it: CLOSED, RESET, LOCAL.
	 */
	void (*ended)(void *ctx, const struct io_end *end);
};

/* NULL: out of memory. ops must outlive the stream. */
struct io_stream *io_stream_open(struct io_loop *loop, const struct cw_addr *to,
				 const struct io_stream_ops *ops, void *ctx);
/* After opened(). The bytes are copied if they cannot go at once; a failure is told by ended(). */
void io_stream_write(struct io_stream *s, const uint8_t *buf, size_t len);
/* NULL is fine. */
void io_stream_close(struct io_stream *s);

#endif
