#include "probe/run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum { PROBES_MOST = 24 };

struct run {
	struct run_services services;
	struct run_spec spec;
	struct cw_arena *arena;
	struct fact_store *facts;
	void *state;
	const struct probe *probe[PROBES_MOST];
	size_t probe_count;
	struct run_task *tasks;
	size_t told; /* facts that the probes were told of */
	bool telling, done, cut_short, timed_out;
	struct io_timer limit, turn;
	cw_ms started, ended;
	uint64_t started_unix_s;
	struct server_text {
		struct cw_addr addr;
		const char *text;
	} server_text[RESOLVERS_MOST];
	size_t server_text_count;
	struct released {
		void (*release)(void *what);
		void *what;
		struct released *next;
	} * released;
};

/* Adds the kinds that enabled probes look at, until nothing is added: a probe is enabled when it
 * provides a kind that is wanted by a rule or by an enabled probe. */
static void choose_probes(struct run *r)
{
	uint64_t wanted = r->spec.wanted, before;
	do {
		before = wanted;
		for (const struct probe *const *p = r->spec.probes; *p; p++)
			if ((*p)->provides & wanted)
				wanted |= (*p)->looks_at;
	} while (wanted != before);
	for (const struct probe *const *p = r->spec.probes; *p; p++) {
		if (!((*p)->provides & wanted))
			continue;
		assert(r->probe_count < PROBES_MOST);
		r->probe[r->probe_count++] = *p;
	}
}

/* Tells probes of new facts in order. Facts that they put down meanwhile wait for their turn,
 * so no probe is entered twice. */
static void tell(struct run *r)
{
	if (r->telling)
		return;
	r->telling = true;
	while (r->told < fact_count(r->facts) && !r->done) {
		const struct fact *f = fact_at(r->facts, r->told++);
		for (size_t i = 0; i < r->probe_count; i++)
			if (r->probe[i]->told && r->probe[i]->looks_at & FACT_BIT(f->kind))
				r->probe[i]->told(r, f);
	}
	r->telling = false;
}

static void settle(struct run *r)
{
	for (size_t i = 0; i < r->probe_count && !r->tasks; i++)
		if (r->probe[i]->settled)
			r->probe[i]->settled(r);
	tell(r);
}

static void hand_over(void *ctx)
{
	struct run *r = ctx;
	r->spec.done(r->spec.ctx, r);
}

/* The result is handed over in a turn of its own: done may free the run, and the caller that
 * ended the last task may still stand in the run's memory. */
static void finish(struct run *r)
{
	r->done = true;
	r->ended = io_loop_update(r->services.loop);
	io_timer_stop(r->services.loop, &r->limit);
	r->turn.fire = hand_over;
	io_timer_set(r->services.loop, &r->turn, r->ended);
}

static void finish_if_idle(struct run *r)
{
	if (r->done || r->telling || r->tasks)
		return;
	settle(r);
	if (!r->tasks)
		finish(r);
}

static void first_turn(void *ctx)
{
	struct run *r = ctx;
	r->telling = true; /* facts of all starts before anybody is told */
	for (size_t i = 0; i < r->probe_count; i++)
		if (r->probe[i]->start)
			r->probe[i]->start(r);
	r->telling = false;
	tell(r);
	finish_if_idle(r);
}

static void time_is_up(void *ctx)
{
	struct run *r = ctx;
	r->timed_out = true;
	run_cut_short(r);
}

struct run *run_start(const struct run_services *services, const struct run_spec *spec)
{
	struct cw_arena *arena = cw_arena_new();
	struct run *r = cw_arena_new_of(arena, struct run);
	*r = (struct run){ .services = *services, .spec = *spec, .arena = arena };
	r->facts = fact_store_new(arena);
	r->state = cw_arena_alloc(arena, spec->state_size);
	r->limit = (struct io_timer){ .fire = time_is_up, .ctx = r };
	r->turn = (struct io_timer){ .fire = first_turn, .ctx = r };
	r->started = io_loop_update(services->loop);
	r->started_unix_s = io_unix_time_s();
	choose_probes(r);
	io_timer_set(services->loop, &r->limit, r->started + spec->timeout_ms);
	io_timer_set(services->loop, &r->turn, r->started);
	return r;
}

void run_cut_short(struct run *r)
{
	if (r->done)
		return;
	r->cut_short = true;
	r->telling = true; /* no probe starts anything new */
	while (r->tasks)
		r->tasks->cancel(r, r->tasks);
	r->telling = false;
	for (size_t i = 0; i < r->probe_count; i++)
		if (r->probe[i]->settled)
			r->probe[i]->settled(r);
	assert(!r->tasks);
	finish(r);
}

void run_free(struct run *r)
{
	if (!r)
		return;
	assert(r->done);
	for (struct released *x = r->released; x; x = x->next)
		x->release(x->what);
	cw_arena_free(r->arena);
}

struct fact_store *run_facts(struct run *r)
{
	return r->facts;
}

struct cw_arena *run_arena(struct run *r)
{
	return r->arena;
}

const void *run_request(const struct run *r)
{
	return r->spec.request;
}

void *run_state(struct run *r)
{
	return r->state;
}

cw_ms run_elapsed_ms(const struct run *r)
{
	return (r->done ? r->ended : io_loop_now(r->services.loop)) - r->started;
}

uint64_t run_started_unix_s(const struct run *r)
{
	return r->started_unix_s;
}

bool run_was_cut_short(const struct run *r)
{
	return r->cut_short;
}

bool run_timed_out(const struct run *r)
{
	return r->timed_out;
}

const struct run_services *run_services_of(const struct run *r)
{
	return &r->services;
}

cw_ms run_probe_limit(const struct run *r)
{
	cw_ms share = r->spec.timeout_ms / LIMIT_PROBE_SHARE;
	return share > 0 ? share : 1;
}

void run_on_free(struct run *r, void (*release)(void *what), void *what)
{
	struct released *x = cw_arena_new_of(r->arena, struct released);
	*x = (struct released){ release, what, r->released };
	r->released = x;
}

struct fact *run_fact(struct run *r, const struct probe *p, enum fact_kind kind,
		      const char *subject)
{
	struct fact *f = fact_new(r->facts, kind, subject);
	f->from = p->name;
	f->at_ms = io_loop_now(r->services.loop) - r->started;
	return f;
}

void run_put(struct run *r, struct fact *f)
{
	fact_put(r->facts, f);
	tell(r);
}

const char *run_server_text(struct run *r, const struct cw_addr *server)
{
	char text[CW_ADDR_TEXT];
	for (size_t i = 0; i < r->server_text_count; i++)
		if (cw_addr_same_port(&r->server_text[i].addr, server))
			return r->server_text[i].text;
	const char *made = cw_arena_str(r->arena, cw_addr_port_text(server, text));
	if (r->server_text_count < RESOLVERS_MOST)
		r->server_text[r->server_text_count++] = (struct server_text){ *server, made };
	return made;
}

void run_task_begin(struct run *r, struct run_task *t)
{
	assert(!r->done);
	t->started = io_loop_now(r->services.loop);
	t->prev = NULL;
	t->next = r->tasks;
	if (r->tasks)
		r->tasks->prev = t;
	r->tasks = t;
}

void run_task_end(struct run *r, struct run_task *t)
{
	if (t->next)
		t->next->prev = t->prev;
	if (t->prev)
		t->prev->next = t->next;
	else
		r->tasks = t->next;
	if (!r->cut_short)
		finish_if_idle(r);
}

const struct run_task *run_first_task(const struct run *r)
{
	return r->tasks;
}
