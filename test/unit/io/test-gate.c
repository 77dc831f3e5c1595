#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "io/gate.h"
#include "io/loop_private.h"

enum { PLACES = 3, MANY = 200 };

static struct io_loop *loop;
static struct io_gate *gate;
static struct cw_addr server;

struct guest {
	struct io_ticket ticket;
	unsigned called;      /* which in order; 0: not yet */
	struct guest *leaves; /* when called, this one leaves */
};

static struct guest guest[MANY];
static unsigned calls;

static void called(void *ctx)
{
	struct guest *g = ctx;
	assert_int_equal(g->called, 0);
	assert_true(g->ticket.inside);
	g->called = ++calls;
	if (g->leaves)
		io_gate_leave(gate, &g->leaves->ticket);
}

static int set_up(void **state)
{
	assert_int_equal(io_loop_new(&loop), CW_OK);
	assert_int_equal(io_gate_new(loop, PLACES, &gate), CW_OK);
	assert_true(cw_addr_parse_port("192.0.2.1:53", 53, &server));
	memset(guest, 0, sizeof(guest));
	for (unsigned i = 0; i < MANY; i++)
		guest[i].ticket = (struct io_ticket){ .go = called, .ctx = &guest[i] };
	calls = 0;
	return 0;
}

static int tear_down(void **state)
{
	io_gate_free(gate);
	io_loop_free(loop);
	return 0;
}

static bool enter(unsigned i)
{
	return io_gate_enter(gate, &server, &guest[i].ticket);
}

static void leave(unsigned i)
{
	io_gate_leave(gate, &guest[i].ticket);
}

static void test_so_many_and_no_more(void **state)
{
	struct cw_addr other_port = server, other = server;
	for (unsigned i = 0; i < PLACES; i++)
		assert_true(enter(i));
	assert_false(enter(PLACES));
	other_port.port = 1688; /* the port does not count */
	assert_false(io_gate_enter(gate, &other_port, &guest[50].ticket));
	other.bytes[3] = 2;
	assert_true(io_gate_enter(gate, &other, &guest[51].ticket));
}

static void test_in_the_order_of_coming_and_from_the_loop(void **state)
{
	for (unsigned i = 0; i < PLACES + 4; i++)
		(void)enter(i);
	leave(1);
	leave(0);
	assert_int_equal(calls, 0);      /* not from within */
	assert_false(enter(PLACES + 4)); /* nobody slips in before those who wait */
	io_loop_run(loop);
	assert_int_equal(calls, 2);
	assert_int_equal(guest[PLACES].called, 1);
	assert_int_equal(guest[PLACES + 1].called, 2);
	leave(2);
	leave(PLACES);
	leave(PLACES + 1);
	io_loop_run(loop);
	assert_int_equal(calls, 5);
	assert_int_equal(guest[PLACES + 4].called, 5);
}

static void test_giving_up(void **state)
{
	for (unsigned i = 0; i < PLACES + 4; i++)
		(void)enter(i);
	leave(PLACES + 1); /* waits, in the middle */
	leave(PLACES + 3); /* waits, the last */
	leave(0);
	leave(PLACES); /* has the place but was not called: it goes on to the next */
	io_loop_run(loop);
	assert_int_equal(calls, 1);
	assert_int_equal(guest[PLACES + 2].called, 1);
	leave(PLACES + 1);
	leave(PLACES);
	leave(PLACES); /* nothing happens for one that is neither */
	leave(199);
	assert_false(enter(20));
	for (unsigned i = 1; i < PLACES; i++)
		leave(i);
	leave(PLACES + 2);
	io_loop_run(loop);
	assert_int_equal(guest[20].called, 2);
}

static void test_leaving_from_a_call(void **state)
{
	for (unsigned i = 0; i < MANY; i++) {
		(void)enter(i);
		if (i >= PLACES)
			guest[i].leaves = &guest[i];
	}
	guest[PLACES + 5].leaves = &guest[PLACES + 6]; /* one that may be ready too */
	leave(0);
	leave(1);
	leave(2);
	io_loop_run(loop);
	assert_int_equal(guest[PLACES + 6].called, 0);
	assert_int_equal(calls, MANY - PLACES - 1);
	leave(PLACES + 5);
	assert_true(enter(0)); /* all places are free again */
	assert_true(enter(1));
	assert_true(enter(2));
	assert_false(enter(3));
}

static void test_many_addresses(void **state)
{
	static struct io_ticket ticket[5000];
	struct cw_addr a = server;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 5000; i++) {
			a.bytes[2] = (uint8_t)(i >> 8);
			a.bytes[3] = (uint8_t)i;
			ticket[i] = (struct io_ticket){ .go = called };
			assert_true(io_gate_enter(gate, &a, &ticket[i]));
		}
		for (unsigned i = 0; i < 5000; i++)
			io_gate_leave(gate, &ticket[i]);
	}
}

static void test_silence(void **state)
{
	struct cw_addr other_port = server;
	other_port.port = 54;
	for (unsigned i = 0; i < LIMIT_PER_ADDRESS; i++) {
		assert_false(io_gate_known_silent(gate, &server));
		io_gate_silent(gate, &server);
	}
	assert_true(io_gate_known_silent(gate, &server));
	assert_false(io_gate_known_silent(gate, &other_port));
	io_gate_heard(gate, &other_port);
	assert_true(io_gate_known_silent(gate, &server));
	io_gate_heard(gate, &server);
	assert_false(io_gate_known_silent(gate, &server));
	for (unsigned i = 1; i < LIMIT_PER_ADDRESS; i++) /* in a row, from the beginning */
		io_gate_silent(gate, &server);
	assert_false(io_gate_known_silent(gate, &server));
}

/* The clock of the loop is put back rather than waited for. */
static void pass(unsigned ms)
{
	loop->uv.time += ms;
}

static void test_silence_is_forgotten_by_one_at_a_time(void **state)
{
	for (unsigned i = 0; i < LIMIT_PER_ADDRESS; i++)
		io_gate_silent(gate, &server);
	pass(9999);
	assert_true(io_gate_known_silent(gate, &server));
	pass(1);
	assert_false(io_gate_known_silent(gate, &server)); /* the first may try again */
	assert_true(io_gate_known_silent(gate, &server));
	io_gate_silent(gate, &server); /* what became of it */
	pass(9999);
	assert_true(io_gate_known_silent(gate, &server));
}

static void test_many_silent_addresses(void **state)
{
	struct cw_addr a = server;
	for (unsigned i = 0; i < 3000; i++) {
		a.bytes[2] = (uint8_t)(i >> 8);
		a.bytes[3] = (uint8_t)i;
		for (unsigned k = 0; k < LIMIT_PER_ADDRESS; k++)
			io_gate_silent(gate, &a);
		assert_true(io_gate_known_silent(gate, &a));
		pass(20); /* old ones make room for new ones */
	}
	a.bytes[2] = a.bytes[3] = 0;
	assert_false(io_gate_known_silent(gate, &a));
}

static void test_behind_a_silent_one_nobody_is_let_in(void **state)
{
	for (unsigned i = 0; i < PLACES + 3; i++)
		(void)enter(i);
	io_gate_silent(gate, &server);
	leave(0);
	io_loop_run(loop);
	assert_int_equal(calls, 0);
	assert_false(enter(20));      /* not either, though there is a place */
	io_gate_heard(gate, &server); /* by one of those inside */
	io_loop_run(loop);
	assert_int_equal(calls, 1);
	assert_int_equal(guest[PLACES].called, 1);
	for (unsigned i = 0; i < 3; i++) {
		io_gate_silent(gate, &server);
		leave(i == 0 ? 1 : i == 1 ? 2 : PLACES);
		io_loop_run(loop);
		/* The last of them tells that all were silent: now there is nobody to wait for. */
		assert_int_equal(calls, i < 2 ? 1 : 1 + PLACES);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_so_many_and_no_more),
		T(test_in_the_order_of_coming_and_from_the_loop),
		T(test_giving_up),
		T(test_leaving_from_a_call),
		T(test_many_addresses),
		T(test_silence),
		T(test_silence_is_forgotten_by_one_at_a_time),
		T(test_many_silent_addresses),
		T(test_behind_a_silent_one_nobody_is_let_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
