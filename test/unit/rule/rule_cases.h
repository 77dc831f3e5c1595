/*
 * What the tests of a family of rules share: cases in text, and checks that hold for any rule. The
 * test defines FAMILY, RULES and HOPS before it includes this.
 */
#ifndef CW_TEST_RULE_CASES_H
#define CW_TEST_RULE_CASES_H

#include <stdio.h>
#include <string.h>

#include "fact_lines.h"
#include "rule/diagnosis.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct test_case {
	const char *name, *facts, *want;
};

static struct cw_arena *arena;

static inline struct fact_store *store_of(const char *lines)
{
	struct fact_store *s = fact_store_new(arena);
	put_lines(s, lines);
	return s;
}

/* "clear", "undetermined" or nothing, and the findings: "cause a; consequence b<a; warning c". */
static inline const char *summary(const struct diagnosis *d)
{
	const char *text = d->verdict == VERDICT_CAUSE_FOUND ? "" : verdict_name(d->verdict);
	for (const struct finding *f = d->findings; f; f = f->next)
		text = cw_arena_fmt(arena, "%s%s%s %s%s%s", text, *text ? "; " : "",
				    finding_role_name(f->role), f->rule->id,
				    f->because_of ? "<" : "",
				    f->because_of ? f->because_of->rule->id : "");
	return text;
}

static inline const char *diagnose_lines(const char *lines, struct diagnosis *d)
{
	diagnose(&FAMILY, store_of(lines), d);
	return summary(d);
}

static inline void run_cases(const struct test_case *cases, size_t count)
{
	struct diagnosis d;
	size_t failures = 0;
	for (size_t i = 0; i < count; i++) {
		const char *have = diagnose_lines(cases[i].facts, &d);
		if (!strcmp(have, cases[i].want))
			continue;
		print_error("%s:\nwant %s\nhave %s\n", cases[i].name, cases[i].want, have);
		failures++;
	}
	assert_int_equal(failures, 0);
}

static inline const char *only_cause_of(const char *want)
{
	static const char cause[] = "cause ";
	const char *first = strstr(want, cause);
	if (!first || strstr(first + 1, cause))
		return "";
	first += sizeof(cause) - 1;
	return cw_arena_strn(arena, first, strcspn(first, ";"));
}

/* The rule is the only cause in some case; or, when it only ever warns, the warning. */
static inline void each_rule_is_alone_somewhere(const struct test_case *cases, size_t count,
						const char *const *warnings)
{
	for (const struct rule *const *r = RULES; *r; r++) {
		bool found = false, warns = false;
		for (size_t i = 0; warnings[i]; i++)
			warns |= !strcmp(warnings[i], (*r)->id);
		for (size_t i = 0; i < count && !found; i++)
			found = warns ? strstr(cases[i].want,
					       cw_arena_fmt(arena, "warning %s", (*r)->id)) != NULL
				      : !strcmp(only_cause_of(cases[i].want), (*r)->id);
		if (!found)
			fail_msg("no case in which %s is the only cause", (*r)->id);
	}
}

static inline const struct rule *rule_by_id(const char *id)
{
	for (const struct rule *const *r = RULES; *r; r++)
		if (!strcmp((*r)->id, id))
			return *r;
	return NULL;
}

/* Depth-first: a path longer than there are rules goes round. */
static inline void follow(const struct rule *r, size_t depth)
{
	if (depth > 64)
		fail_msg("%s explains itself in a ring", r->id);
	for (size_t i = 0; i < RULE_EXPLAINS && r->explains[i]; i++) {
		const struct rule *next = rule_by_id(r->explains[i]);
		if (!next)
			fail_msg("%s explains %s, which is no rule", r->id, r->explains[i]);
		follow(next, depth + 1);
	}
}

static inline void check_hop(const struct rule *r)
{
	static const char *const hops[] = HOPS;
	for (size_t i = 0; i < COUNT(hops); i++)
		if (!strcmp(hops[i], r->hop))
			return;
	fail_msg("%s: no such hop: %s", r->id, r->hop);
}

static inline void check_rules(void)
{
	for (const struct rule *const *r = RULES; *r; r++) {
		assert_ptr_equal(rule_by_id((*r)->id), *r);
		assert_true((*r)->needs != 0);
		assert_non_null((*r)->judge);
		assert_non_null((*r)->title);
		assert_non_null((*r)->source);
		assert_non_null((*r)->explanation);
		assert_true((*r)->code || !(*r)->symbol);
		assert_true(!(*r)->code || (*r)->windows_shows);
		if ((*r)->code && !strstr((*r)->windows_shows, (*r)->code))
			fail_msg("%s: windows_shows does not name %s", (*r)->id, (*r)->code);
		check_hop(*r);
		follow(*r, 0);
	}
}

struct cause_row {
	const char *id, *code, *symbol, *also;
	bool live;
	const char *cause, *fix;
};

static const struct cause_row causes[] = {
#define CAUSE(...) { __VA_ARGS__ },
#include "causes.h"
#undef CAUSE
};

static inline const struct cause_row *row_of(const char *id)
{
	for (size_t i = 0; i < COUNT(causes); i++)
		if (!strcmp(causes[i].id, id))
			return &causes[i];
	return NULL;
}

static inline void same_text(const char *id, const char *what, const char *want, const char *have)
{
	if (strcmp(want ? want : "-", have ? have : "-") != 0)
		fail_msg("%s: %s: the table says %s, the rule %s", id, what, want ? want : "-",
			 have ? have : "-");
}

static inline void check_causes(const char *area)
{
	for (const struct rule *const *r = RULES; *r; r++) {
		const struct cause_row *row = row_of((*r)->id);
		if (!row)
			fail_msg("%s is not in data/causes.tsv", (*r)->id);
		const char *also = NULL;
		for (size_t i = 0; i < RULE_ALSO && (*r)->also[i]; i++)
			also = cw_arena_fmt(arena, "%s%s%s", also ? also : "", also ? "," : "",
					    (*r)->also[i]);
		assert_true(row->live);
		same_text(row->id, "code", row->code, (*r)->code);
		same_text(row->id, "symbol", row->symbol, (*r)->symbol);
		same_text(row->id, "also", row->also, also);
	}
	for (size_t i = 0; i < COUNT(causes); i++)
		if (causes[i].live && !strncmp(causes[i].id, area, strlen(area)) &&
		    !rule_by_id(causes[i].id))
			fail_msg("%s is live in data/causes.tsv, and has no rule", causes[i].id);
}

/* Every argument up to the last is used, so a translation can be checked as a C format. */
static inline void check_arguments(const char *id, const char *msgid)
{
	bool used[CW_TEXT_ARGS + CW_TEXT_INNER + 1] = { false };
	int most = 0;
	for (const char *p = strchr(msgid, '%'); p; p = strchr(p + 1, '%')) {
		if (p[1] < '1' || p[1] > '8' || p[2] != '$')
			continue;
		used[p[1] - '0'] = true;
		most = p[1] - '0' > most ? p[1] - '0' : most;
	}
	for (int i = 1; i <= most; i++)
		if (!used[i])
			fail_msg("%s: argument %d is left out of: %s", id, i, msgid);
}

/* Nothing is missing: no blank where a name belongs, no unknown conversion. */
static inline const char *check_text(const char *id, const struct cw_text *t)
{
	const char *text = cw_text_render(arena, t, NULL);
	check_arguments(id, t->msgid);
	if (strstr(text, "%") || strstr(text, "(null)") || strstr(text, "  ") ||
	    strstr(text, "()") || strstr(text, " ,") || strstr(text, "\"\"") ||
	    strstr(text, " :") || !*text || text[strlen(text) - 1] == ' ')
		fail_msg("%s: a text with a gap: %s", id, text);
	return text;
}

static inline void check_commands(const char *id, const char *snippet)
{
	static const char *const known[] = { "clearway check kms", "clearway check sstp",
					     "clearway check activation", "clearway lab" };
	if (strstr(snippet, "(null)") || strstr(snippet, "--through"))
		fail_msg("%s: a snippet that must not be: %s", id, snippet);
	for (const char *at = strstr(snippet, "clearway "); at; at = strstr(at + 1, "clearway ")) {
		bool found = false;
		for (size_t i = 0; i < COUNT(known); i++)
			found |= !strncmp(at, known[i], strlen(known[i]));
		if (!found)
			fail_msg("%s: no such command: %s", id, at);
	}
}

static inline void check_finding(const struct finding *f)
{
	const char *title = check_text(f->rule->id, &f->title);
	assert_true(title[0] >= 'A' && title[0] <= 'Z');
	assert_null(strchr(title, '\n'));
	(void)check_text(f->rule->id, &f->explanation);
	if (!f->fixes)
		fail_msg("%s has no fix", f->rule->id);
	for (const struct evidence *e = f->evidence; e; e = e->next)
		(void)check_text(f->rule->id, &e->text);
	for (const struct fix *x = f->fixes; x; x = x->next) {
		const char *text = check_text(f->rule->id, &x->text);
		/* What weakens security comes last. */
		if (!strncmp(text, "Not recommended", 15))
			assert_null(x->next);
		if (x->snippet)
			check_commands(f->rule->id, x->snippet);
	}
}

static inline void check_texts_of(const struct test_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct diagnosis d;
		(void)diagnose_lines(cases[i].facts, &d);
		for (const struct finding *f = d.findings; f; f = f->next)
			check_finding(f);
		(void)check_text(cases[i].name, &d.closing);
	}
}

static inline const char *closing_of(const char *lines)
{
	struct diagnosis d;
	(void)diagnose_lines(lines, &d);
	return cw_text_render(arena, &d.closing, NULL);
}

/* The first finding of that id. */
static inline const struct finding *finding_of(const char *lines, const char *id)
{
	struct diagnosis d;
	(void)diagnose_lines(lines, &d);
	for (const struct finding *f = d.findings; f; f = f->next)
		if (!strcmp(f->rule->id, id))
			return f;
	fail_msg("want %s, have %s", id, summary(&d));
	return NULL;
}

static inline bool has_evidence(const struct finding *f, const char *part)
{
	for (const struct evidence *e = f->evidence; e; e = e->next)
		if (strstr(cw_text_render(arena, &e->text, NULL), part))
			return true;
	return false;
}

static inline bool has_step(const struct finding *f, const char *part)
{
	for (const struct fix *x = f->fixes; x; x = x->next)
		if (strstr(cw_text_render(arena, &x->text, NULL), part))
			return true;
	return false;
}

static inline bool has_snippet(const struct finding *f, const char *part)
{
	for (const struct fix *x = f->fixes; x; x = x->next)
		if (x->snippet && strstr(x->snippet, part))
			return true;
	return false;
}

static inline const char *title_of(const struct finding *f)
{
	return cw_text_render(arena, &f->title, NULL);
}

static inline const char *row_of_hops(const char *lines)
{
	static const char marks[] = { [HOP_PASSED] = '+',
				      [HOP_FAILED] = '!',
				      [HOP_NOT_REACHED] = '-',
				      [HOP_NOT_TESTED] = '?' };
	struct diagnosis d;
	const char *text = "";
	(void)diagnose_lines(lines, &d);
	for (size_t i = 0; i < d.hops.count; i++)
		text = cw_arena_fmt(arena, "%s%s%c%s", text, i ? " " : "",
				    marks[d.hops.hop[i].state], d.hops.hop[i].name);
	return text;
}

static inline int set_up(void **state)
{
	arena = cw_arena_new();
	return 0;
}

static inline int tear_down(void **state)
{
	cw_arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
