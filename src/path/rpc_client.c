#include "path/rpc_client.h"

#include <errno.h>
#include <string.h>

#include "io/stream.h"
#include "proto/rpc_bind.h"

/* On the wire two line ends: a server that reads lines (HTTP, SMTP, FTP) so has a whole request in
 * front of it, and answers or hangs up instead of waiting for more. To RPC any number will do. */
enum { CALL_ID = 0x0a0d0a0d };

enum { SHOWN = 64 }; /* of the bytes received, for the report */

struct rpc_client {
	struct io_loop *loop;
	struct io_gate *gate;
	struct rpc_client_spec spec;
	const struct rpc_client_ops *ops;
	void *ctx;
	struct io_ticket ticket;
	struct io_timer timer;
	struct io_stream *stream;
	cw_ms started;
	struct cw_arena *arena;
	struct rpc_bind *bind; /* NULL: not connected yet */
};

static void release(struct rpc_client *c)
{
	io_timer_stop(c->loop, &c->timer);
	io_stream_close(c->stream);
	c->stream = NULL;
	io_gate_leave(c->gate, &c->ticket);
}

static cw_ms took(const struct rpc_client *c)
{
	return io_loop_now(c->loop) - c->started;
}

/* Each of the two tells is the last that is done with the client: its arena may go in it. */

static void tell_failed(struct rpc_client *c, const struct io_end *end, bool shared)
{
	struct rpc_connect_result r = { .outcome = end->outcome,
					.icmp = end->icmp,
					.system_error = end->system_error,
					.shared = shared,
					.started = c->started,
					.took_ms = took(c) };
	release(c);
	c->ops->connected(c->ctx, &r);
}

static void tell_bound(struct rpc_client *c)
{
	const struct rpc_bind *b = c->bind;
	struct rpc_bind_result r = { .outcome = b->outcome,
				     .control_accepted = b->control_accepted,
				     .reason = b->reason,
				     .guess = b->guess,
				     .got = b->got,
				     .got_len = b->got_len < SHOWN ? b->got_len : SHOWN,
				     .started = c->started,
				     .took_ms = took(c) };
	release(c);
	c->ops->bound(c->ctx, &r);
}

/* ---- bind ---- */

static void go_on(struct rpc_client *c)
{
	if (c->bind->outcome)
		tell_bound(c);
	else if (c->timer.at != c->bind->deadline)
		io_timer_set(c->loop, &c->timer, c->bind->deadline);
}

static void send_bind(struct rpc_client *c)
{
	uint8_t out[RPC_BIND_SIZE], random[16];
	for (size_t i = 0; i < sizeof(random); i += 4) {
		uint32_t bits = io_random32(c->loop);
		memcpy(random + i, &bits, 4);
	}
	struct cw_wr w = cw_wr_of(out, sizeof(out));
	c->started = io_loop_now(c->loop);
	rpc_bind_start(c->bind, &w, random, CALL_ID, c->spec.bind_limit_ms, c->started);
	io_stream_write(c->stream, out, w.len);
	io_timer_set(c->loop, &c->timer, c->bind->deadline);
}

static void stream_opened(void *ctx)
{
	struct rpc_client *c = ctx;
	struct rpc_connect_result r = { .outcome = CW_OUT_OK,
					.icmp = { .type = -1 },
					.started = c->started,
					.took_ms = took(c) };
	io_gate_heard(c->gate, &c->spec.to);
	c->bind = cw_arena_new_of(c->arena, struct rpc_bind);
	send_bind(c);
	c->ops->connected(c->ctx, &r);
}

static void stream_input(void *ctx, const uint8_t *buf, size_t len)
{
	struct rpc_client *c = ctx;
	rpc_bind_input(c->bind, buf, len, io_loop_now(c->loop));
	go_on(c);
}

/* ---- connect ---- */

static void connect_failed(struct rpc_client *c, const struct io_end *end)
{
	if (end->outcome == CW_OUT_TIMEOUT)
		io_gate_silent(c->gate, &c->spec.to);
	else if (!end->system_error)
		io_gate_heard(c->gate, &c->spec.to);
	tell_failed(c, end, false);
}

static void stream_ended(void *ctx, const struct io_end *end)
{
	struct rpc_client *c = ctx;
	if (!c->bind) {
		connect_failed(c, end);
		return;
	}
	rpc_bind_ended(c->bind, end->outcome);
	go_on(c);
}

static void expired(void *ctx)
{
	static const struct io_end silence = { .outcome = CW_OUT_TIMEOUT, .icmp.type = -1 };
	struct rpc_client *c = ctx;
	if (!c->bind) {
		connect_failed(c, &silence);
		return;
	}
	rpc_bind_expire(c->bind, io_loop_now(c->loop));
	go_on(c);
}

/* Known before anything was sent: told from the loop. */
static void known_silent(void *ctx)
{
	static const struct io_end silence = { .outcome = CW_OUT_TIMEOUT, .icmp.type = -1 };
	tell_failed(ctx, &silence, true);
}

static void no_memory(void *ctx)
{
	static const struct io_end trouble = { .outcome = CW_OUT_LOCAL,
					       .icmp.type = -1,
					       .system_error = ENOMEM };
	tell_failed(ctx, &trouble, false);
}

static void later(struct rpc_client *c, void (*fire)(void *ctx))
{
	c->timer.fire = fire;
	io_timer_set(c->loop, &c->timer, c->started);
}

static void begin(void *ctx)
{
	static const struct io_stream_ops ops = { .opened = stream_opened,
						  .input = stream_input,
						  .ended = stream_ended };
	struct rpc_client *c = ctx;
	c->started = io_loop_now(c->loop);
	if (io_gate_known_silent(c->gate, &c->spec.to)) {
		later(c, known_silent);
		return;
	}
	c->stream = io_stream_open(c->loop, &c->spec.to, &ops, c);
	if (!c->stream) {
		later(c, no_memory);
		return;
	}
	io_timer_set(c->loop, &c->timer, c->started + c->spec.connect_limit_ms);
}

struct rpc_client *rpc_client_start(struct io_loop *loop, struct io_gate *gate,
				    const struct rpc_client_spec *spec, struct cw_arena *arena,
				    const struct rpc_client_ops *ops, void *ctx)
{
	struct rpc_client *c = cw_arena_new_of(arena, struct rpc_client);
	c->loop = loop;
	c->gate = gate;
	c->spec = *spec;
	c->arena = arena;
	c->ops = ops;
	c->ctx = ctx;
	c->timer = (struct io_timer){ .fire = expired, .ctx = c };
	c->ticket = (struct io_ticket){ .go = begin, .ctx = c };
	if (io_gate_enter(gate, &c->spec.to, &c->ticket))
		begin(c);
	return c;
}

void rpc_client_cancel(struct rpc_client *c)
{
	release(c);
}
