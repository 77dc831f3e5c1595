#include "io/loop.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "io/loop_private.h"

/* The heap: place i has its children at 2i and 2i + 1. */

static void heap_place(struct io_loop *l, size_t place, struct io_timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

static void heap_up(struct io_loop *l, struct io_timer *t)
{
	size_t at = t->place;
	while (at > 1 && l->heap[at / 2]->at > t->at) {
		heap_place(l, at, l->heap[at / 2]);
		at /= 2;
	}
	heap_place(l, at, t);
}

static void heap_down(struct io_loop *l, struct io_timer *t)
{
	size_t at = t->place;
	for (;;) {
		size_t child = at * 2;
		if (child > l->heap_len)
			break;
		if (child < l->heap_len && l->heap[child + 1]->at < l->heap[child]->at)
			child++;
		if (l->heap[child]->at >= t->at)
			break;
		heap_place(l, at, l->heap[child]);
		at = child;
	}
	heap_place(l, at, t);
}

static void heap_remove(struct io_loop *l, struct io_timer *t)
{
	struct io_timer *last = l->heap[l->heap_len--];
	if (last != t) {
		heap_place(l, t->place, last);
		heap_up(l, last);
		heap_down(l, last);
	}
	t->place = 0;
}

static void heap_reserve(struct io_loop *l)
{
	if (l->heap_len + 1 < l->heap_cap)
		return;
	size_t cap = l->heap_cap ? l->heap_cap * 2 : 64;
	struct io_timer **heap = realloc(l->heap, cap * sizeof(struct io_timer *));
	if (!heap)
		abort(); /* as in base/arena.h: a timer that is lost would be a false silence */
	l->heap = heap;
	l->heap_cap = cap;
}

static void hurried(uv_idle_t *idle)
{
	(void)idle;
}

/* Nothing is called from here: timers fire in checked(), when all that has already arrived has
 * been read. So a process that was held up does not take an answer in its buffers for silence. */
static void woken(uv_timer_t *timer)
{
	struct io_loop *l = timer->data;
	l->armed = CW_NEVER;
	uv_idle_start(&l->hurry, hurried);
}

static void arm(struct io_loop *l)
{
	cw_ms at = l->heap_len ? l->heap[1]->at : CW_NEVER;
	if (at == l->armed)
		return;
	l->armed = at;
	if (at == CW_NEVER) {
		uv_timer_stop(&l->timer);
		return;
	}
	cw_ms now = io_loop_now(l);
	uv_timer_start(&l->timer, woken, at > now ? (uint64_t)(at - now) : 0, 0);
}

static void checked(uv_check_t *check)
{
	struct io_loop *l = check->data;
	uv_idle_stop(&l->hurry);
	/* One round: what a callback sets for now waits until sockets were looked at again. */
	size_t round = l->heap_len;
	while (round-- && l->heap_len && l->heap[1]->at <= io_loop_now(l)) {
		struct io_timer *t = l->heap[1];
		heap_remove(l, t);
		t->fire(t->ctx);
	}
	arm(l);
}

void io_timer_set(struct io_loop *loop, struct io_timer *t, cw_ms at)
{
	if (t->place) {
		bool later = at > t->at;
		t->at = at;
		later ? heap_down(loop, t) : heap_up(loop, t);
	} else {
		heap_reserve(loop);
		t->at = at;
		t->place = ++loop->heap_len;
		heap_up(loop, t);
	}
	/* A wake-up that comes too early only arms the right one. */
	if (loop->heap[1]->at < loop->armed)
		arm(loop);
}

void io_timer_stop(struct io_loop *loop, struct io_timer *t)
{
	if (!t->place)
		return;
	heap_remove(loop, t);
	if (!loop->heap_len)
		arm(loop);
}

static void init_handles(struct io_loop *l)
{
	uv_timer_init(&l->uv, &l->timer);
	uv_idle_init(&l->uv, &l->hurry);
	uv_check_init(&l->uv, &l->check);
	l->timer.data = l->check.data = l;
	uv_check_start(&l->check, checked);
	uv_unref((uv_handle_t *)&l->check);
}

enum cw_ec io_loop_new(struct io_loop **out)
{
	struct io_loop *l = calloc(1, sizeof(*l));
	if (!l)
		return CW_ENOMEM;
	if (uv_random(NULL, NULL, l->random, sizeof(l->random), 0, NULL) || uv_loop_init(&l->uv)) {
		free(l);
		return CW_EIO;
	}
	l->random_left = RANDOM_WORDS;
	l->armed = CW_NEVER;
	init_handles(l);
	*out = l;
	return CW_OK;
}

static void close_one(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void io_loop_free(struct io_loop *loop)
{
	if (!loop)
		return;
	while (loop->watches)
		io_watch_close(loop->watches);
	uv_walk(&loop->uv, close_one, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	int busy = uv_loop_close(&loop->uv);
	assert(!busy);
	(void)busy;
	io_inbox_free(loop->inbox);
	free(loop->scratch);
	free(loop->heap);
	free(loop);
}

void io_loop_run(struct io_loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void io_loop_stop(struct io_loop *loop)
{
	uv_stop(&loop->uv);
}

cw_ms io_loop_now(const struct io_loop *loop)
{
	return (cw_ms)uv_now(&loop->uv);
}

cw_ms io_loop_update(struct io_loop *loop)
{
	uv_update_time(&loop->uv);
	return io_loop_now(loop);
}

uint32_t io_random32(struct io_loop *loop)
{
	if (!loop->random_left) {
		/* Guessable ids would let anybody answer for the server. */
		if (uv_random(NULL, NULL, loop->random, sizeof(loop->random), 0, NULL))
			abort();
		loop->random_left = RANDOM_WORDS;
	}
	return loop->random[--loop->random_left];
}

uint64_t io_unix_time_s(void)
{
	uv_timeval64_t tv;
	return uv_gettimeofday(&tv) ? 0 : (uint64_t)tv.tv_sec;
}

static void signalled(uv_signal_t *handle, int number)
{
	(void)number;
	struct io_loop *l = handle->data;
	l->interrupted(l->interrupted_ctx);
}

enum cw_ec io_loop_on_interrupt(struct io_loop *loop, void (*interrupted)(void *ctx), void *ctx)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	if (loop->interrupted)
		return CW_EINVAL;
	loop->interrupted = interrupted;
	loop->interrupted_ctx = ctx;
	for (size_t i = 0; i < 2; i++) {
		uv_signal_t *s = &loop->signal[i];
		uv_signal_init(&loop->uv, s);
		s->data = loop;
		uv_unref((uv_handle_t *)s);
		if (uv_signal_start(s, signalled, numbers[i]))
			return CW_EIO;
	}
	return CW_OK;
}

struct uv_loop_s *io_loop_uv(struct io_loop *loop)
{
	return &loop->uv;
}

uint8_t *io_loop_scratch(struct io_loop *loop)
{
	if (!loop->scratch)
		loop->scratch = malloc(IO_SCRATCH);
	return loop->scratch;
}

struct io_inbox *io_loop_inbox(struct io_loop *loop)
{
	if (!loop->inbox)
		loop->inbox = io_inbox_new();
	return loop->inbox;
}
