#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "io/loop.h"

enum { MANY = 1000 };

static struct io_loop *loop;
static unsigned fired;

static int set_up(void **state)
{
	fired = 0;
	return io_loop_new(&loop) != CW_OK;
}

static int tear_down(void **state)
{
	io_loop_free(loop);
	return 0;
}

struct probe {
	struct io_timer timer;
	cw_ms want, at;
	unsigned order;
};

static void note(void *ctx)
{
	struct probe *p = ctx;
	p->at = io_loop_now(loop);
	p->order = ++fired;
}

static struct probe probe_of(void)
{
	return (struct probe){ .timer.fire = note };
}

static void test_an_empty_loop_returns(void **state)
{
	io_loop_run(loop);
}

static void test_timers_fire_in_order_and_not_early(void **state)
{
	static struct probe p[MANY];
	uint32_t dice = 1;
	cw_ms start = io_loop_update(loop);
	for (unsigned i = 0; i < MANY; i++) {
		dice = dice * 1664525u + 1013904223u;
		p[i] = probe_of();
		p[i].timer.ctx = &p[i];
		p[i].want = start + (dice >> 8) % 60;
		io_timer_set(loop, &p[i].timer, start + 1000);
	}
	for (unsigned i = 0; i < MANY; i++) /* moved once: earlier */
		io_timer_set(loop, &p[i].timer, p[i].want);
	for (unsigned i = 0; i < MANY; i += 3)
		io_timer_stop(loop, &p[i].timer);
	for (unsigned i = 0; i < MANY; i += 6) { /* and these again: later */
		p[i].want += 20;
		io_timer_set(loop, &p[i].timer, p[i].want);
	}
	io_loop_run(loop);
	for (unsigned i = 0; i < MANY; i++) {
		if (i % 3 == 0 && i % 6) {
			assert_int_equal(p[i].order, 0);
			continue;
		}
		assert_true(p[i].order > 0);
		assert_true(p[i].at >= p[i].want);
		for (unsigned k = 0; k < i; k += 7) {
			if (p[k].order && p[k].want < p[i].want)
				assert_true(p[k].order < p[i].order);
		}
	}
}

static void test_stopping_what_is_not_set(void **state)
{
	struct probe p = probe_of();
	io_timer_stop(loop, &p.timer);
	io_timer_set(loop, &p.timer, io_loop_now(loop));
	io_timer_stop(loop, &p.timer);
	io_timer_stop(loop, &p.timer);
	io_loop_run(loop);
	assert_int_equal(fired, 0);
}

static struct probe other;

static void set_again(void *ctx)
{
	struct probe *p = ctx;
	note(p);
	io_timer_stop(loop, &other.timer);
	if (p->order < 5)
		io_timer_set(loop, &p->timer, io_loop_now(loop));
}

static void test_a_timer_sets_itself_again_and_stops_another(void **state)
{
	struct probe p = { .timer.fire = set_again };
	p.timer.ctx = &p;
	other = probe_of();
	other.timer.ctx = &other;
	cw_ms now = io_loop_update(loop);
	io_timer_set(loop, &p.timer, now - 1);
	io_timer_set(loop, &other.timer, now);
	io_loop_run(loop);
	assert_int_equal(p.order, 5);
	assert_int_equal(other.order, 0);
}

/* A timer that is always due must not keep sockets from being read. */
static int pair[2];
static bool was_read;

static void readable(uv_poll_t *poll, int status, int events)
{
	was_read = true;
	uv_poll_stop(poll);
}

static void set_for_now(void *ctx)
{
	struct probe *p = ctx;
	note(p);
	if (p->order == 3)
		assert_int_equal(write(pair[1], "x", 1), 1);
	if (!was_read && p->order < 1000)
		io_timer_set(loop, &p->timer, io_loop_now(loop));
}

static void test_due_timers_leave_room_for_sockets(void **state)
{
	struct probe p = { .timer.fire = set_for_now };
	uv_poll_t poll;
	p.timer.ctx = &p;
	was_read = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	uv_poll_init(io_loop_uv(loop), &poll, pair[0]);
	uv_poll_start(&poll, UV_READABLE, readable);
	io_timer_set(loop, &p.timer, io_loop_now(loop));
	io_loop_run(loop);
	assert_true(was_read);
	assert_in_range(p.order, 3, 6);
	io_loop_free(loop);
	loop = NULL;
	close(pair[0]);
	close(pair[1]);
}

/* The process is held up: what has come meanwhile is read before a deadline that has passed. */
static struct probe deadline;

static void answer_arrived(uv_poll_t *poll, int status, int events)
{
	was_read = true;
	io_timer_stop(loop, &deadline.timer);
	uv_poll_stop(poll);
}

static void hold_up(void *ctx)
{
	assert_int_equal(write(pair[1], "x", 1), 1);
	usleep(60000);
}

static void test_what_has_come_is_read_before_its_deadline_is_judged(void **state)
{
	struct io_timer sleeper = { .fire = hold_up };
	uv_poll_t poll;
	was_read = false;
	deadline = probe_of();
	deadline.timer.ctx = &deadline;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	uv_poll_init(io_loop_uv(loop), &poll, pair[0]);
	uv_poll_start(&poll, UV_READABLE, answer_arrived);
	cw_ms now = io_loop_update(loop);
	io_timer_set(loop, &sleeper, now + 5);
	io_timer_set(loop, &deadline.timer, now + 30);
	io_loop_run(loop);
	assert_true(was_read);
	assert_int_equal(deadline.order, 0);
	io_loop_free(loop);
	loop = NULL;
	close(pair[0]);
	close(pair[1]);
}

static void stop(void *ctx)
{
	io_loop_stop(ctx);
}

static void test_stop(void **state)
{
	struct io_timer soon = { .fire = stop, .ctx = loop };
	struct probe late = probe_of();
	late.timer.ctx = &late;
	io_timer_set(loop, &soon, io_loop_now(loop) + 5);
	io_timer_set(loop, &late.timer, io_loop_now(loop) + 10000);
	io_loop_run(loop);
	assert_int_equal(late.order, 0);
	io_timer_stop(loop, &late.timer);
}

static void test_free_with_timers_set(void **state)
{
	static struct probe p;
	p = probe_of();
	io_timer_set(loop, &p.timer, io_loop_now(loop));
	io_loop_free(loop);
	loop = NULL;
	assert_int_equal(fired, 0);
	io_loop_free(NULL);
}

static void test_random_numbers(void **state)
{
	uint32_t ones = 0, zeros = 0, last = io_random32(loop);
	unsigned same = 0;
	for (unsigned i = 0; i < 4096; i++) {
		uint32_t r = io_random32(loop);
		ones |= r;
		zeros |= ~r;
		same += r == last;
		last = r;
	}
	assert_int_equal(ones, UINT32_MAX);
	assert_int_equal(zeros, UINT32_MAX);
	assert_in_range(same, 0, 2);
}

static void test_the_wall_clock(void **state)
{
	assert_true(io_unix_time_s() > 1600000000);
}

static void send_signal(void *ctx)
{
	kill(getpid(), *(int *)ctx);
}

static void interrupted(void *ctx)
{
	++*(unsigned *)ctx;
	io_loop_stop(loop);
}

static void test_interrupts(void **state)
{
	unsigned count = 0;
	int numbers[] = { SIGINT, SIGTERM };
	assert_int_equal(io_loop_on_interrupt(loop, interrupted, &count), CW_OK);
	assert_int_equal(io_loop_on_interrupt(loop, interrupted, &count), CW_EINVAL);
	for (unsigned i = 0; i < 2; i++) {
		struct io_timer soon = { .fire = send_signal, .ctx = &numbers[i] };
		struct probe guard = probe_of();
		guard.timer.ctx = &guard;
		io_timer_set(loop, &soon, io_loop_now(loop));
		io_timer_set(loop, &guard.timer, io_loop_update(loop) + 2000);
		io_loop_run(loop);
		io_timer_stop(loop, &guard.timer);
		assert_int_equal(count, i + 1);
	}
	io_loop_run(loop); /* the watch alone does not hold it */
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_empty_loop_returns),
		T(test_timers_fire_in_order_and_not_early),
		T(test_stopping_what_is_not_set),
		T(test_a_timer_sets_itself_again_and_stops_another),
		T(test_due_timers_leave_room_for_sockets),
		T(test_what_has_come_is_read_before_its_deadline_is_judged),
		T(test_stop),
		T(test_free_with_timers_set),
		T(test_random_numbers),
		T(test_the_wall_clock),
		T(test_interrupts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
