/*
 * The event loop, its clock and timers: a thin room around libuv, so that no
 * other layer sees a library type it would have to close in its own way.
 * Everything here belongs to one thread.
 */
#ifndef CW_IO_LOOP_H
#define CW_IO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec.h"
#include "base/time.h"

struct io_loop;
struct uv_loop_s;

enum cw_ec io_loop_new(struct io_loop **out);
/* Closes what is still open and waits for the closing. NULL is fine. */
void io_loop_free(struct io_loop *loop);

/* Runs until io_loop_stop(), or until no socket is open and no timer is set. */
void io_loop_run(struct io_loop *loop);
void io_loop_stop(struct io_loop *loop);

/* The loop's monotonic clock, as of the present turn. */
cw_ms io_loop_now(const struct io_loop *loop);
/* The same read anew: after work that took long. */
cw_ms io_loop_update(struct io_loop *loop);

/* Unpredictable bits for ids and ports, from the system's generator. */
uint32_t io_random32(struct io_loop *loop);

/* The wall clock: seconds since 1970 (TSIG, the report's head). */
uint64_t io_unix_time_s(void);

/*
 * A timer that lives in its owner's memory. It fires once, and can be set again from its own
 * callback. Stopping it (or never having set it) is all that is needed before the memory goes.
 */
struct io_timer {
	void (*fire)(void *ctx);
	void *ctx;
	cw_ms at;
	size_t place; /* in the loop's heap, counted from 1; 0: not set */
};

void io_timer_set(struct io_loop *loop, struct io_timer *t, cw_ms at);
void io_timer_stop(struct io_loop *loop, struct io_timer *t);

/* Calls back when one of the interrupting signals arrives (SIGINT, SIGTERM). One watch a loop. */
enum cw_ec io_loop_on_interrupt(struct io_loop *loop, void (*interrupted)(void *ctx), void *ctx);

/* For src/lab alone, whose servers must be wrong in ways that a tidy layer prevents. */
struct uv_loop_s *io_loop_uv(struct io_loop *loop);

#endif
