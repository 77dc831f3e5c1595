#include "io/gate.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/*
 * Two tables of chains: places by address, silence by address and port. An entry of the first
 * goes (to the spare list) when nobody is inside; one of the second when the address is heard,
 * or when it is old and room is wanted.
 */
enum { FIRST_CHAINS = 64 };

struct io_gate_entry {
	struct cw_addr addr;
	struct io_gate_entry *chain;
	unsigned inside;                /* places: tickets */
	bool doubted;                   /* places: see io_gate_silent */
	struct io_ticket *first, *last; /* places: waiting */
	unsigned unheard;               /* silence: exchanges in a row */
	cw_ms last_ms;                  /* silence: when the last of them ended */
};

struct table {
	struct io_gate_entry **chain;
	size_t mask, count;
};

struct io_gate {
	struct io_loop *loop;
	unsigned per_address;
	struct table places, silence;
	struct io_gate_entry *spare;
	struct io_ticket *ready, *ready_last; /* inside, go() not called yet */
	size_t ready_count;
	struct io_timer timer;
};

static size_t hash_of(const struct cw_addr *a, uint16_t port)
{
	uint64_t part[2];
	memcpy(part, a->bytes, sizeof(part));
	if (a->family == CW_IPV4) {
		part[0] = 0;
		part[1] = 0;
		memcpy(part, a->bytes, 4);
	}
	uint64_t h = (part[0] ^ (uint64_t)port << 48) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ part[1]) * 0xbf58476d1ce4e5b9u;
	return (size_t)(h ^ h >> 32);
}

static void *must(void *memory)
{
	if (!memory)
		abort(); /* as in base/arena.h */
	return memory;
}

static void table_init(struct table *t)
{
	t->chain = must(calloc(FIRST_CHAINS, sizeof(struct io_gate_entry *)));
	t->mask = FIRST_CHAINS - 1;
	t->count = 0;
}

static void table_clear(struct table *t)
{
	for (size_t i = 0; i <= t->mask; i++) {
		while (t->chain[i]) {
			struct io_gate_entry *e = t->chain[i];
			t->chain[i] = e->chain;
			free(e);
		}
	}
	free(t->chain);
}

static void table_grow(struct table *t, bool with_port)
{
	struct table wide = { .mask = t->mask * 2 + 1, .count = t->count };
	wide.chain = must(calloc(wide.mask + 1, sizeof(struct io_gate_entry *)));
	for (size_t i = 0; i <= t->mask; i++) {
		while (t->chain[i]) {
			struct io_gate_entry *e = t->chain[i];
			t->chain[i] = e->chain;
			uint16_t port = with_port ? e->addr.port : 0;
			struct io_gate_entry **at =
				&wide.chain[hash_of(&e->addr, port) & wide.mask];
			e->chain = *at;
			*at = e;
		}
	}
	free(t->chain);
	*t = wide;
}

static struct io_gate_entry *entry_new(struct io_gate *g)
{
	struct io_gate_entry *e = g->spare;
	if (e)
		g->spare = e->chain;
	else
		e = must(malloc(sizeof(*e)));
	*e = (struct io_gate_entry){ 0 };
	return e;
}

static void entry_drop(struct io_gate *g, struct table *t, struct io_gate_entry **at)
{
	struct io_gate_entry *e = *at;
	*at = e->chain;
	e->chain = g->spare;
	g->spare = e;
	t->count--;
}

static struct io_gate_entry **place_of(struct io_gate *g, const struct cw_addr *a)
{
	struct io_gate_entry **at = &g->places.chain[hash_of(a, 0) & g->places.mask];
	while (*at && !cw_addr_same(&(*at)->addr, a))
		at = &(*at)->chain;
	return at;
}

static struct io_gate_entry **silence_of(struct io_gate *g, const struct cw_addr *a)
{
	struct io_gate_entry **at = &g->silence.chain[hash_of(a, a->port) & g->silence.mask];
	while (*at && !cw_addr_same_port(&(*at)->addr, a))
		at = &(*at)->chain;
	return at;
}

static void unlink_ticket(struct io_ticket **first, struct io_ticket **last, struct io_ticket *t)
{
	struct io_ticket **at = first, *before = NULL;
	while (*at && *at != t) {
		before = *at;
		at = &before->next;
	}
	assert(*at == t);
	*at = t->next;
	if (*last == t)
		*last = before;
	t->next = NULL;
}

static void unready(struct io_gate *g, struct io_ticket *t)
{
	unlink_ticket(&g->ready, &g->ready_last, t);
	g->ready_count--;
}

static void go_ready(void *ctx)
{
	struct io_gate *g = ctx;
	/* Those who become ready meanwhile have their turn after the sockets. */
	size_t round = g->ready_count;
	while (round-- && g->ready) {
		struct io_ticket *t = g->ready;
		unready(g, t);
		t->called = true;
		t->go(t->ctx);
	}
	if (g->ready)
		io_timer_set(g->loop, &g->timer, io_loop_now(g->loop));
}

enum cw_ec io_gate_new(struct io_loop *loop, unsigned per_address, struct io_gate **out)
{
	if (!per_address)
		return CW_EINVAL;
	struct io_gate *g = calloc(1, sizeof(*g));
	if (!g)
		return CW_ENOMEM;
	g->loop = loop;
	g->per_address = per_address;
	g->timer = (struct io_timer){ .fire = go_ready, .ctx = g };
	table_init(&g->places);
	table_init(&g->silence);
	*out = g;
	return CW_OK;
}

void io_gate_free(struct io_gate *gate)
{
	if (!gate)
		return;
	io_timer_stop(gate->loop, &gate->timer);
	table_clear(&gate->places);
	table_clear(&gate->silence);
	while (gate->spare) {
		struct io_gate_entry *e = gate->spare;
		gate->spare = e->chain;
		free(e);
	}
	free(gate);
}

bool io_gate_enter(struct io_gate *gate, const struct cw_addr *to, struct io_ticket *t)
{
	struct io_gate_entry **at = place_of(gate, to);
	struct io_gate_entry *e = *at;
	if (!e) {
		e = entry_new(gate);
		e->addr = *to;
		*at = e;
		if (++gate->places.count > gate->places.mask)
			table_grow(&gate->places, false);
	}
	t->entry = e;
	t->next = NULL;
	t->called = t->inside = e->inside < gate->per_address && !e->first;
	if (t->inside) {
		e->inside++;
		return true;
	}
	if (e->last)
		e->last->next = t;
	else
		e->first = t;
	e->last = t;
	return false;
}

/* The place goes to the one who waited longest, so nobody can slip in before him. */
static void hand_on(struct io_gate *g, struct io_gate_entry *e)
{
	struct io_ticket *t = e->first;
	unlink_ticket(&e->first, &e->last, t);
	t->inside = true;
	if (g->ready_last)
		g->ready_last->next = t;
	else
		g->ready = t;
	g->ready_last = t;
	g->ready_count++;
	if (!g->timer.place)
		io_timer_set(g->loop, &g->timer, io_loop_now(g->loop));
}

/* As many as there is room for. While an address is doubted, those inside are waited for: they
 * will soon tell whether it is silent to all. */
static void fill(struct io_gate *g, struct io_gate_entry *e)
{
	if (!e->inside)
		e->doubted = false;
	while (e->first && e->inside < g->per_address && !e->doubted) {
		e->inside++;
		hand_on(g, e);
	}
}

void io_gate_leave(struct io_gate *gate, struct io_ticket *t)
{
	struct io_gate_entry *e = t->entry;
	if (!e)
		return;
	t->entry = NULL;
	if (!t->inside) {
		unlink_ticket(&e->first, &e->last, t);
		return;
	}
	if (!t->called)
		unready(gate, t);
	t->inside = false;
	e->inside--;
	fill(gate, e);
	if (!e->inside)
		entry_drop(gate, &gate->places, place_of(gate, &e->addr));
}

void io_gate_heard(struct io_gate *gate, const struct cw_addr *from)
{
	if (!gate->silence.count)
		return;
	struct io_gate_entry **at = silence_of(gate, from);
	if (!*at)
		return;
	entry_drop(gate, &gate->silence, at);
	struct io_gate_entry *place = *place_of(gate, from);
	if (!place)
		return;
	place->doubted = false;
	fill(gate, place);
}

static void drop_old_silence(struct io_gate *g)
{
	cw_ms now = io_loop_now(g->loop);
	for (size_t i = 0; i <= g->silence.mask; i++) {
		struct io_gate_entry **at = &g->silence.chain[i];
		while (*at) {
			if (now - (*at)->last_ms >= LIMIT_SILENCE_MS)
				entry_drop(g, &g->silence, at);
			else
				at = &(*at)->chain;
		}
	}
}

void io_gate_silent(struct io_gate *gate, const struct cw_addr *from)
{
	struct io_gate_entry **at = silence_of(gate, from);
	struct io_gate_entry *e = *at;
	if (!e) {
		if (gate->silence.count > gate->silence.mask) {
			drop_old_silence(gate);
			if (gate->silence.count > gate->silence.mask / 2)
				table_grow(&gate->silence, true);
			at = silence_of(gate, from);
		}
		e = entry_new(gate);
		e->addr = *from;
		*at = e;
		gate->silence.count++;
	}
	e->unheard++;
	e->last_ms = io_loop_now(gate->loop);
	struct io_gate_entry *place = *place_of(gate, from);
	if (place)
		place->doubted = true;
}

bool io_gate_known_silent(struct io_gate *gate, const struct cw_addr *to)
{
	if (!gate->silence.count)
		return false;
	struct io_gate_entry *e = *silence_of(gate, to);
	if (!e || e->unheard < LIMIT_PER_ADDRESS)
		return false;
	cw_ms now = io_loop_now(gate->loop);
	if (now - e->last_ms < LIMIT_SILENCE_MS)
		return true;
	e->last_ms = now; /* the others wait for what becomes of this one */
	return false;
}
