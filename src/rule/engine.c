#include <assert.h>
#include <string.h>

#include "rule/diagnosis.h"

/* A piece of evidence and whether another finding accounts for it. */
struct exhibit {
	struct evidence shown;
	bool support; /* shows no fault: it goes where the others go */
	bool taken;
	struct exhibit *next;
};

struct claim {
	const struct fact *fact;
	struct claim *next;
};

/* One finding while its role is still open. */
struct trial {
	struct finding finding;
	struct exhibit *exhibits, *last_exhibit;
	struct claim *claims;
	size_t count, left; /* exhibits that show a fault; of these, that nobody took */
	struct trial *taker;
	bool warning;
};

struct judge {
	const struct fact_store *facts;
	struct cw_arena *arena;
	const void *view;
	struct trial *trial;
	/* For each fact, by number, the last mark that was set on it. */
	unsigned *marks, mark;
};

/* All that rules found in one run, in the order of the rules. */
struct court {
	struct cw_arena *arena;
	struct trial **trials;
	size_t count;
	unsigned *marks, mark;
};

const struct fact_store *judge_facts(const struct judge *j)
{
	return j->facts;
}

struct cw_arena *judge_arena(const struct judge *j)
{
	return j->arena;
}

const void *judge_view(const struct judge *j)
{
	return j->view;
}

bool judge_has_evidence(const struct judge *j)
{
	return j->trial->count > 0;
}

static void add_exhibit(struct judge *j, const struct fact *f, struct cw_text text, bool support)
{
	assert(f->n);
	if (j->marks[f->n] == j->mark)
		return;
	j->marks[f->n] = j->mark;
	struct trial *t = j->trial;
	struct exhibit *e = cw_arena_new_of(j->arena, struct exhibit);
	e->shown = (struct evidence){ .fact = f, .text = text };
	e->support = support;
	if (t->last_exhibit)
		t->last_exhibit->next = e;
	else
		t->exhibits = e;
	t->last_exhibit = e;
	t->count += !support;
	t->left += !support;
}

void judge_evidence(struct judge *j, const struct fact *f, struct cw_text text)
{
	add_exhibit(j, f, text, false);
}

void judge_support(struct judge *j, const struct fact *f, struct cw_text text)
{
	add_exhibit(j, f, text, true);
}

void judge_claim(struct judge *j, const struct fact *f)
{
	struct claim *c = cw_arena_new_of(j->arena, struct claim);
	*c = (struct claim){ .fact = f, .next = j->trial->claims };
	j->trial->claims = c;
}

void judge_fix(struct judge *j, struct cw_text text, const char *snippet)
{
	struct finding *f = &j->trial->finding;
	struct fix *fix = cw_arena_new_of(j->arena, struct fix);
	*fix = (struct fix){ .text = text, .snippet = snippet };
	if (f->last_fix)
		f->last_fix->next = fix;
	else
		f->fixes = fix;
	f->last_fix = fix;
}

void judge_title(struct judge *j, struct cw_text title)
{
	j->trial->finding.title = title;
}

void judge_explanation(struct judge *j, struct cw_text explanation)
{
	j->trial->finding.explanation = explanation;
}

void judge_hop(struct judge *j, const char *hop)
{
	j->trial->finding.hop = hop;
}

void judge_as_warning(struct judge *j)
{
	j->trial->warning = true;
}

uint64_t rules_need(const struct rule *const rules[])
{
	uint64_t kinds = 0;
	for (; *rules; rules++)
		kinds |= (*rules)->needs;
	return kinds;
}

static uint64_t kinds_present(const struct fact_store *facts)
{
	uint64_t kinds = 0;
	for (int kind = 0; kind < FACT_KIND_COUNT; kind++)
		if (fact_first(facts, (enum fact_kind)kind))
			kinds |= FACT_BIT(kind);
	return kinds;
}

static struct trial *trial_new(struct cw_arena *arena, const struct rule *rule)
{
	struct trial *t = cw_arena_new_of(arena, struct trial);
	t->finding = (struct finding){
		.rule = rule,
		.title = { .msgid = rule->title },
		.explanation = { .msgid = rule->explanation },
		.hop = rule->hop,
	};
	return t;
}

static size_t rules_count(const struct rule *const rules[])
{
	size_t n = 0;
	while (rules[n])
		n++;
	return n;
}

static void hear(struct court *c, const struct rule_family *family, const struct fact_store *facts)
{
	uint64_t present = kinds_present(facts);
	struct judge j = {
		.facts = facts,
		.arena = c->arena,
		.view = family->view ? family->view(facts) : NULL,
		.marks = c->marks,
	};
	c->trials = cw_arena_array_of(c->arena, struct trial *, rules_count(family->rules));
	for (const struct rule *const *r = family->rules; *r; r++) {
		if (!((*r)->needs & present))
			continue;
		j.trial = trial_new(c->arena, *r);
		j.mark = ++c->mark;
		(*r)->judge(&j);
		if (j.trial->count)
			c->trials[c->count++] = j.trial;
	}
}

static bool explains(const struct rule *rule, const struct rule *other)
{
	for (size_t i = 0; i < RULE_EXPLAINS && rule->explains[i]; i++)
		if (!strcmp(rule->explains[i], other->id))
			return true;
	return false;
}

/* A warning must not hide a cause. */
static bool may_take(const struct trial *taker, const struct trial *from)
{
	return taker != from && (!taker->warning || from->warning) &&
	       explains(taker->finding.rule, from->finding.rule);
}

static void mark_facts_of(struct court *c, const struct trial *t)
{
	c->mark++;
	for (const struct exhibit *e = t->exhibits; e; e = e->next)
		if (!e->support)
			c->marks[e->shown.fact->n] = c->mark;
	for (const struct claim *claim = t->claims; claim; claim = claim->next)
		c->marks[claim->fact->n] = c->mark;
}

static void take_marked(const struct court *c, struct trial *taker, struct trial *from)
{
	for (struct exhibit *e = from->exhibits; e; e = e->next) {
		if (e->taken || e->support || c->marks[e->shown.fact->n] != c->mark)
			continue;
		e->taken = true;
		from->left--;
		if (!from->taker)
			from->taker = taker;
	}
}

/* What a finding stands on and claims counts whole, even where it lost some of it itself: so a
 * chain of explanations works in any order of the rules. */
static void take_evidence(struct court *c)
{
	for (size_t a = 0; a < c->count; a++) {
		if (!c->trials[a]->finding.rule->explains[0])
			continue;
		mark_facts_of(c, c->trials[a]);
		for (size_t b = 0; b < c->count; b++)
			if (may_take(c->trials[a], c->trials[b]))
				take_marked(c, c->trials[a], c->trials[b]);
	}
}

static void show(struct finding *f, struct evidence *e)
{
	if (f->last_evidence)
		f->last_evidence->next = e;
	else
		f->evidence = e;
	f->last_evidence = e;
}

/* A consequence keeps what it had to show; a cause shows only what is left to it. */
static void give_role(struct trial *t)
{
	struct finding *f = &t->finding;
	f->role = t->warning ? FINDING_WARNING : FINDING_CAUSE;
	if (!t->left) {
		f->role = FINDING_CONSEQUENCE;
		f->because_of = &t->taker->finding;
	}
	for (struct exhibit *e = t->exhibits; e; e = e->next)
		if (!e->taken || !t->left)
			show(f, &e->shown);
}

/* The list of findings as it grows, and how many are in it. */
struct order {
	struct finding *first, *last;
	size_t count;
};

static void append(struct order *o, struct finding *f)
{
	if (o->last)
		o->last->next = f;
	else
		o->first = f;
	o->last = f;
	o->count++;
}

static void append_with_consequences(struct order *o, const struct court *c, struct finding *f)
{
	append(o, f);
	for (size_t i = 0; i < c->count; i++)
		if (c->trials[i]->finding.because_of == f)
			append_with_consequences(o, c, &c->trials[i]->finding);
}

static size_t append_all(struct order *o, const struct court *c, enum finding_role role)
{
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++) {
		if (c->trials[i]->finding.role != role)
			continue;
		append_with_consequences(o, c, &c->trials[i]->finding);
		count++;
	}
	return count;
}

static bool untested_could_hide_a_cause(const struct fact_store *facts)
{
	for (const struct not_tested *n = fact_first_not_tested(facts); n; n = n->next)
		if (n->hides_cause)
			return true;
	return false;
}

static enum verdict verdict_of(const struct rule_family *family, const struct fact_store *facts,
			       size_t causes)
{
	if (causes)
		return VERDICT_CAUSE_FOUND;
	if (untested_could_hide_a_cause(facts) || !family->proven_clear(facts))
		return VERDICT_UNDETERMINED;
	return VERDICT_CLEAR;
}

static struct cw_text cause_line(struct cw_arena *arena, const struct finding *first, size_t count)
{
	const char *n = cw_arena_fmt(arena, "%zu", count);
	const char *code = first->rule->code;
	struct cw_text line;
	if (count == 1 && code)
		line = CW_TEXT(N_("No way: %2$s (%1$s)."), code);
	else if (count == 1)
		line = CW_TEXT(N_("No way: %1$s."), NULL);
	else if (code)
		line = CW_TEXT(N_("No way: %1$s causes, the first: %3$s (%2$s)."), n, code);
	else
		line = CW_TEXT(N_("No way: %1$s causes, the first: %2$s."), n);
	line.inner[0] = &first->title;
	return line;
}

static struct cw_text closing_line(const struct rule_family *family, const struct fact_store *facts,
				   const struct diagnosis *d)
{
	switch (d->verdict) {
	case VERDICT_CAUSE_FOUND:
		return cause_line(fact_store_arena(facts), d->findings, d->cause_count);
	case VERDICT_CLEAR:
		return family->clear_line(facts);
	case VERDICT_UNDETERMINED:
		break;
	}
	return family->undetermined_line(facts);
}

void diagnose(const struct rule_family *family, const struct fact_store *facts,
	      struct diagnosis *out)
{
	struct cw_arena *arena = fact_store_arena(facts);
	struct court c = {
		.arena = arena,
		.marks = cw_arena_array_of(arena, unsigned, fact_count(facts) + 1),
	};
	hear(&c, family, facts);
	take_evidence(&c);
	for (size_t i = 0; i < c.count; i++)
		give_role(c.trials[i]);

	struct order o = { 0 };
	*out = (struct diagnosis){ .verdict = VERDICT_UNDETERMINED };
	out->cause_count = append_all(&o, &c, FINDING_CAUSE);
	out->warning_count = append_all(&o, &c, FINDING_WARNING);
	/* Rules that explain each other in a ring would leave findings without a cause. */
	assert(o.count == c.count);
	out->findings = o.first;
	out->verdict = verdict_of(family, facts, out->cause_count);
	family->hops(facts, out->findings, &out->hops);
	out->closing = closing_line(family, facts, out);
}

const char *verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_CLEAR:
		return "clear";
	case VERDICT_CAUSE_FOUND:
		return "cause-found";
	case VERDICT_UNDETERMINED:
		break;
	}
	return "undetermined";
}

const char *finding_role_name(enum finding_role r)
{
	switch (r) {
	case FINDING_CONSEQUENCE:
		return "consequence";
	case FINDING_WARNING:
		return "warning";
	case FINDING_CAUSE:
		break;
	}
	return "cause";
}
