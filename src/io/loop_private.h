/* What the files of src/io share of the loop and of sockets; nobody else includes this. */
#ifndef CW_IO_LOOP_PRIVATE_H
#define CW_IO_LOOP_PRIVATE_H

#include <uv.h>

#include "io/loop.h"
#include "io/sys.h"

enum { RANDOM_WORDS = 256, IO_SCRATCH = 65536 };

struct io_loop {
	uv_loop_t uv;
	uv_timer_t timer; /* wakes the loop for the earliest of our timers */
	uv_idle_t hurry;  /* runs while a timer is due: the next poll must not wait */
	uv_check_t check; /* fires what is due, after the sockets have been read */
	uv_signal_t signal[2];
	struct io_timer **heap; /* earliest on top, counted from 1 */
	size_t heap_len, heap_cap;
	cw_ms armed; /* when uv's timer fires; CW_NEVER: not started */
	void (*interrupted)(void *ctx);
	void *interrupted_ctx;
	struct io_watch *watches;
	struct io_inbox
		*inbox; /* made on first use; shared, as nothing is read from within a read */
	uint8_t *scratch;
	uint32_t random[RANDOM_WORDS];
	size_t random_left;
};

/* A socket that is watched: the first member of whoever owns it, which comes from malloc and is
 * freed by the loop once it is closed. */
struct io_watch {
	uv_poll_t poll;
	struct io_loop *loop;
	uv_os_sock_t sock;
	int wanted; /* uv_poll_event bits */
	bool active, closed;
	void (*ready)(struct io_watch *w);
	struct io_watch *next, **link;
};

/* Takes the socket, also when it fails; then the caller still owns w. Returns 0 or an errno. */
int io_watch_open(struct io_watch *w, struct io_loop *loop, uv_os_sock_t sock,
		  void (*ready)(struct io_watch *w));
/* Idle sockets of this kind do not keep io_loop_run() from returning. */
void io_watch_background(struct io_watch *w);
int io_watch_for(struct io_watch *w, int events);
/* No callback comes any more; w is freed later, from the loop. */
void io_watch_close(struct io_watch *w);

uint8_t *io_loop_scratch(struct io_loop *loop);
struct io_inbox *io_loop_inbox(struct io_loop *loop);

#endif
