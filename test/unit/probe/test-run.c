/* The planner with probes that need no network: who runs, in which order, and how a run ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "probe/run.h"

enum { LOG = 512 };

struct desk {
	char log[LOG];
	struct run_task task; /* work that lasts until its timer, or until it is cut short */
	struct io_timer timer;
	struct run *run;
	struct run_services services;
	int settled;
	bool start_in_settled, cancelled, done;
	enum cw_outcome last_outcome;
};

static void note(struct desk *d, const char *what)
{
	size_t len = strlen(d->log);
	(void)snprintf(d->log + len, LOG - len, "%s;", what);
}

static struct desk *desk_of(struct run *run)
{
	struct desk *const *d = run_request(run);
	return *d;
}

extern const struct probe suffixes, servers, records, idle;

static void put(struct run *run, const struct probe *p, enum fact_kind kind, const char *subject)
{
	struct fact *f = run_fact(run, p, kind, subject);
	f->outcome = CW_OUT_OK;
	run_put(run, f);
}

static void suffixes_start(struct run *run)
{
	note(desk_of(run), "start");
	put(run, &suffixes, FACT_CLIENT_SUFFIX, "a.example");
	put(run, &suffixes, FACT_CLIENT_SUFFIX, "b.example");
}

const struct probe suffixes = {
	.name = "suffixes",
	.provides = FACT_BIT(FACT_CLIENT_SUFFIX),
	.start = suffixes_start,
};

static void servers_told(struct run *run, const struct fact *f)
{
	note(desk_of(run), f->subject);
	put(run, &servers, FACT_DNS_SRV, f->subject);
	note(desk_of(run), "told");
}

const struct probe servers = {
	.name = "servers",
	.looks_at = FACT_BIT(FACT_CLIENT_SUFFIX),
	.provides = FACT_BIT(FACT_DNS_SRV),
	.told = servers_told,
};

static void task_over(void *ctx)
{
	struct desk *d = ctx;
	put(d->run, &records, FACT_DNS_ADDRESS, "late");
	run_task_end(d->run, &d->task);
}

static void task_cancel(struct run *run, struct run_task *t)
{
	struct desk *d = desk_of(run);
	struct fact *f = run_fact(run, &records, FACT_DNS_ADDRESS, "late");
	f->outcome = CW_OUT_CANCELLED;
	run_put(run, f);
	d->cancelled = true;
	io_timer_stop(d->services.loop, &d->timer);
	run_task_end(run, t);
}

static void begin_task(struct run *run, struct desk *d)
{
	d->run = run;
	d->task = (struct run_task){ .hop = "host", .cancel = task_cancel };
	d->timer = (struct io_timer){ .fire = task_over, .ctx = d };
	run_task_begin(run, &d->task);
	io_timer_set(d->services.loop, &d->timer, io_loop_now(d->services.loop) + 30);
}

static void records_told(struct run *run, const struct fact *f)
{
	struct desk *d = desk_of(run);
	note(d, "record");
	if (!d->run && strcmp(f->subject, "b.example"))
		begin_task(run, d);
}

static void records_settled(struct run *run)
{
	struct desk *d = desk_of(run);
	d->settled++;
	if (d->start_in_settled && d->settled == 1)
		begin_task(run, d);
}

const struct probe records = {
	.name = "records",
	.looks_at = FACT_BIT(FACT_DNS_SRV),
	.provides = FACT_BIT(FACT_DNS_ADDRESS),
	.told = records_told,
	.settled = records_settled,
};

static void idle_told(struct run *run, const struct fact *f)
{
	(void)f;
	note(desk_of(run), "idle must not run");
}

const struct probe idle = {
	.name = "idle",
	.looks_at = FACT_BIT(FACT_CLIENT_SUFFIX),
	.provides = FACT_BIT(FACT_DNS_PTR),
	.told = idle_told,
};

static const struct probe *const probes[] = { &suffixes, &servers, &idle, &records, NULL };

static void done(void *ctx, struct run *run)
{
	struct desk *d = ctx;
	const struct fact *f = fact_first(run_facts(run), FACT_DNS_ADDRESS);
	d->last_outcome = f ? f->outcome : CW_OUT_UNKNOWN;
	d->done = true;
	run_free(run);
	io_loop_stop(d->services.loop);
}

static struct run *start(struct desk *d, uint64_t wanted, cw_ms timeout_ms, struct desk **self)
{
	struct run_spec spec = {
		.probes = probes,
		.wanted = wanted,
		.timeout_ms = timeout_ms,
		.request = self,
		.done = done,
		.ctx = d,
	};
	*self = d;
	assert_int_equal(io_loop_new(&d->services.loop), CW_OK);
	return run_start(&d->services, &spec);
}

static void finish(struct desk *d)
{
	io_loop_run(d->services.loop);
	assert_true(d->done);
	io_loop_free(d->services.loop);
}

static void leaves_out_what_no_rule_needs(void **state)
{
	struct desk d = { 0 }, *self;
	start(&d, FACT_BIT(FACT_DNS_SRV), 1000, &self);
	finish(&d);
	assert_string_equal(d.log, "start;a.example;told;b.example;told;");
	assert_int_equal(d.settled, 0);
}

static void tells_each_fact_after_the_one_before(void **state)
{
	struct desk d = { 0 }, *self;
	start(&d, FACT_BIT(FACT_DNS_ADDRESS), 1000, &self);
	finish(&d);
	assert_string_equal(d.log, "start;a.example;told;b.example;told;record;record;");
	assert_int_equal(d.last_outcome, CW_OUT_OK);
	assert_int_equal(d.settled, 1);
}

static void goes_on_when_a_standstill_starts_more(void **state)
{
	struct desk d = { .start_in_settled = true }, *self;
	d.run = (struct run *)&d; /* keeps told() from starting the task */
	start(&d, FACT_BIT(FACT_DNS_ADDRESS), 1000, &self);
	finish(&d);
	assert_int_equal(d.settled, 2);
	assert_int_equal(d.last_outcome, CW_OUT_OK);
}

static void ends_at_the_time_limit(void **state)
{
	struct desk d = { 0 }, *self;
	start(&d, FACT_BIT(FACT_DNS_ADDRESS), 5, &self);
	finish(&d);
	assert_true(d.cancelled);
	assert_int_equal(d.last_outcome, CW_OUT_CANCELLED);
}

static void cut_now(void *ctx)
{
	struct run **run = ctx;
	run_cut_short(*run);
	run_cut_short(*run); /* a second Ctrl-C does no harm */
}

static void ends_when_it_is_cut_short(void **state)
{
	struct desk d = { 0 }, *self;
	struct run *run = start(&d, FACT_BIT(FACT_DNS_ADDRESS), 1000, &self);
	struct io_timer cut = { .fire = cut_now, .ctx = &run };
	io_timer_set(d.services.loop, &cut, io_loop_now(d.services.loop) + 5);
	finish(&d);
	assert_true(d.cancelled);
	assert_int_equal(d.last_outcome, CW_OUT_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out_what_no_rule_needs),
		cmocka_unit_test(tells_each_fact_after_the_one_before),
		cmocka_unit_test(goes_on_when_a_standstill_starts_more),
		cmocka_unit_test(ends_at_the_time_limit),
		cmocka_unit_test(ends_when_it_is_cut_short),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
