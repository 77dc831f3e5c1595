#include "cmd/lab_expect.h"

#include <string.h>

struct check {
	const struct lab *lab;
	const struct scenario_run *run;
	const struct lab_result *result;
	struct cw_arena *arena;
	struct lab_failure *first, *last;
};

static void fail(struct check *c, unsigned line, struct cw_text text)
{
	struct lab_failure *f = cw_arena_new_of(c->arena, struct lab_failure);
	*f = (struct lab_failure){ .line = line, .text = text };
	if (c->last)
		c->last->next = f;
	else
		c->first = f;
	c->last = f;
}

static enum finding_role role_of(enum scenario_expect_kind kind)
{
	return kind == EXPECT_CAUSE         ? FINDING_CAUSE
	       : kind == EXPECT_CONSEQUENCE ? FINDING_CONSEQUENCE
					    : FINDING_WARNING;
}

static bool is_finding(const struct scenario_expect *e)
{
	return e->kind == EXPECT_CAUSE || e->kind == EXPECT_CONSEQUENCE ||
	       e->kind == EXPECT_WARNING;
}

static bool same(const char *want, const char *have)
{
	return !want || (have && !strcmp(want, have));
}

static bool names(const struct scenario_expect *e, const struct finding *f)
{
	return is_finding(e) && f->role == role_of(e->kind) && !strcmp(e->id, f->rule->id);
}

static const struct finding *find(const struct check *c, const struct scenario_expect *e)
{
	for (const struct finding *f = c->result->report->diagnosis->findings; f; f = f->next)
		if (names(e, f))
			return f;
	return NULL;
}

static void check_finding(struct check *c, const struct scenario_expect *e)
{
	const struct finding *f = find(c, e);
	const char *role = finding_role_name(role_of(e->kind));
	if (!f) {
		fail(c, e->line, CW_TEXT(N_("want the %s %s, have none"), role, e->id));
		return;
	}
	if (!same(e->code, f->rule->code))
		fail(c, e->line,
		     CW_TEXT(N_("want %s with code %s, have %s"), e->id, e->code,
			     f->rule->code ? f->rule->code : "-"));
	if (!same(e->hop, f->hop))
		fail(c, e->line, CW_TEXT(N_("want %s at hop %s, have %s"), e->id, e->hop, f->hop));
	if (e->of && (!f->because_of || strcmp(e->of, f->because_of->rule->id)))
		fail(c, e->line,
		     CW_TEXT(N_("want %s as a consequence of %s, have %s"), e->id, e->of,
			     f->because_of ? f->because_of->rule->id : "-"));
}

static void check_verdict(struct check *c, const struct scenario_expect *e)
{
	const char *have = verdict_name(c->result->report->diagnosis->verdict);
	struct cw_arena *a = c->arena;
	if (strcmp(have, e->verdict))
		fail(c, e->line, CW_TEXT(N_("want verdict %s, have %s"), e->verdict, have));
	if (e->exit >= 0 && e->exit != c->result->exit)
		fail(c, e->line,
		     CW_TEXT(N_("want exit status %s, have %s"), cw_arena_fmt(a, "%d", e->exit),
			     cw_arena_fmt(a, "%d", c->result->exit)));
}

static void check_hop(struct check *c, const struct scenario_expect *e)
{
	static const char *const states[] = {
		[HOP_PASSED] = "passed",
		[HOP_FAILED] = "failed",
		[HOP_NOT_REACHED] = "not-reached",
		[HOP_NOT_TESTED] = "not-tested",
	};
	const struct hop_row *row = &c->result->report->diagnosis->hops;
	const char *have = "-";
	for (size_t i = 0; i < row->count; i++)
		if (!strcmp(row->hop[i].name, e->hop))
			have = states[row->hop[i].state];
	if (strcmp(have, e->state))
		fail(c, e->line, CW_TEXT(N_("want hop %s %s, have %s"), e->hop, e->state, have));
}

static void check_text(struct check *c, const struct scenario_expect *e)
{
	const char *text = lab_expand(c->lab, c->arena, e->text);
	bool there = text && strstr(c->result->text, text);
	if (there == !e->absent)
		return;
	fail(c, e->line,
	     e->absent ? CW_TEXT(N_("want a report without \"%s\", have it there"), e->text)
		       : CW_TEXT(N_("want \"%s\" in the report, have it not there"), e->text));
}

static void check_within(struct check *c, const struct scenario_expect *e)
{
	cw_ms have = c->result->report->elapsed_ms;
	if (have > e->within_ms)
		fail(c, e->line,
		     CW_TEXT(N_("want the result within %s ms, have it after %s ms"),
			     cw_arena_fmt(c->arena, "%lld", (long long)e->within_ms),
			     cw_arena_fmt(c->arena, "%lld", (long long)have)));
}

static void check_others(struct check *c)
{
	for (const struct finding *f = c->result->report->diagnosis->findings; f; f = f->next) {
		bool named = f->role == FINDING_CONSEQUENCE && c->run->other_consequences_allowed;
		for (const struct scenario_expect *e = c->run->expects; e && !named; e = e->next)
			named = names(e, f);
		if (!named)
			fail(c, 0,
			     CW_TEXT(N_("want no other finding, have the %s %s"),
				     finding_role_name(f->role), f->rule->id));
	}
}

const struct lab_failure *lab_expect(const struct lab *lab, const struct scenario_run *run,
				     const struct lab_result *result, struct cw_arena *arena)
{
	struct check c = { .lab = lab, .run = run, .result = result, .arena = arena };
	for (const struct scenario_expect *e = run->expects; e; e = e->next) {
		if (is_finding(e))
			check_finding(&c, e);
		else if (e->kind == EXPECT_VERDICT)
			check_verdict(&c, e);
		else if (e->kind == EXPECT_HOP)
			check_hop(&c, e);
		else if (e->kind == EXPECT_TEXT)
			check_text(&c, e);
		else if (e->kind == EXPECT_WITHIN)
			check_within(&c, e);
	}
	check_others(&c);
	return c.first;
}
