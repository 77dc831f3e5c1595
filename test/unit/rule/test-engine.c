#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "rule/diagnosis.h"

/* Rules of this test find the facts whose subject holds their letter, and claim those whose
 * subject holds it as a capital. */
static void judge_letter(struct judge *j, char letter)
{
	FACT_EACH_OF (judge_facts(j), FACT_TCP_CONNECT, f) {
		if (strchr(f->subject, letter))
			judge_evidence(j, f, CW_TEXT("shows %s", f->subject));
		if (strchr(f->subject, letter - 'a' + 'A'))
			judge_claim(j, f);
	}
}

static void judge_a(struct judge *j)
{
	judge_letter(j, 'a');
}

static void judge_b(struct judge *j)
{
	judge_letter(j, 'b');
}

static void judge_c(struct judge *j)
{
	judge_letter(j, 'c');
}

static void judge_w(struct judge *j)
{
	judge_letter(j, 'w');
	judge_as_warning(j);
}

#define NEEDS FACT_BIT(FACT_TCP_CONNECT)

static bool proven(const struct fact_store *facts)
{
	return fact_first(facts, FACT_RPC_BIND) != NULL;
}

static void no_hops(const struct fact_store *facts, const struct finding *findings,
		    struct hop_row *out)
{
	*out = (struct hop_row){ 0 };
}

static struct cw_text clear(const struct fact_store *facts)
{
	return CW_TEXT("clear");
}

static struct cw_text undetermined(const struct fact_store *facts)
{
	return CW_TEXT("undetermined");
}

static struct cw_arena *arena;

/* Diagnoses facts with these subjects; yields "role id(facts) <because_of" joined by blanks. */
static const char *judged(const struct rule *const rules[], const char *const subjects[],
			  struct diagnosis *d)
{
	struct rule_family family = { .name = "test",
				      .rules = rules,
				      .proven_clear = proven,
				      .hops = no_hops,
				      .clear_line = clear,
				      .undetermined_line = undetermined };
	struct fact_store *s = fact_store_new(arena);
	for (; *subjects; subjects++) {
		bool bind = !strcmp(*subjects, "bind");
		fact_put(s, fact_new(s, bind ? FACT_RPC_BIND : FACT_TCP_CONNECT, *subjects));
	}
	diagnose(&family, s, d);
	const char *text = "";
	for (const struct finding *f = d->findings; f; f = f->next) {
		text = cw_arena_fmt(arena, "%s%s%s %s(", text, *text ? " " : "",
				    finding_role_name(f->role), f->rule->id);
		for (const struct evidence *e = f->evidence; e; e = e->next)
			text = cw_arena_fmt(arena, "%s%s%s", text, e == f->evidence ? "" : ",",
					    e->fact->subject);
		text = cw_arena_fmt(arena, "%s)%s%s", text, f->because_of ? "<" : "",
				    f->because_of ? f->because_of->rule->id : "");
	}
	return text;
}

#define FACTS(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static const struct rule plain_a = {
	.id = "a", .code = "0x00000001", .needs = NEEDS, .title = "The a", .judge = judge_a
};
static const struct rule plain_b = {
	.id = "b", .needs = NEEDS, .title = "The b", .judge = judge_b
};
static const struct rule a_over_b = { .id = "a",
				      .code = "0x00000001",
				      .needs = NEEDS,
				      .title = "The a",
				      .explains = { "b" },
				      .judge = judge_a };
static const struct rule b_over_c = {
	.id = "b", .needs = NEEDS, .title = "The b", .explains = { "c" }, .judge = judge_b
};
static const struct rule plain_c = {
	.id = "c", .needs = NEEDS, .title = "The c", .judge = judge_c
};
static const struct rule w_over_b = {
	.id = "w", .needs = NEEDS, .title = "The w", .explains = { "b" }, .judge = judge_w
};

static void test_evidence_on_the_same_fact_is_taken(void **state)
{
	const struct rule *const rules[] = { &a_over_b, &plain_b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("ab"), &d), "cause a(ab) consequence b(ab)<a");
	assert_int_equal(d.cause_count, 1);
}

static void test_without_explains_both_stay(void **state)
{
	const struct rule *const rules[] = { &plain_a, &plain_b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("ab"), &d), "cause a(ab) cause b(ab)");
	assert_int_equal(d.cause_count, 2);
}

static void test_what_is_left_stays_a_cause(void **state)
{
	const struct rule *const rules[] = { &a_over_b, &plain_b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("ab", "b"), &d), "cause a(ab) cause b(b)");
}

static void test_a_claim_takes_and_shows_nothing(void **state)
{
	const struct rule *const rules[] = { &a_over_b, &plain_b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("a", "Ab"), &d), "cause a(a) consequence b(Ab)<a");
	/* A claim alone is no finding, and takes nothing. */
	assert_string_equal(judged(rules, FACTS("Ab"), &d), "cause b(Ab)");
}

static void test_explanations_chain_in_any_order(void **state)
{
	const struct rule *const rules[] = { &a_over_b, &b_over_c, &plain_c, NULL };
	const struct rule *const back[] = { &plain_c, &b_over_c, &a_over_b, NULL };
	struct diagnosis d;
	const char *want = "cause a(ab) consequence b(ab)<a consequence c(Bc)<b";
	assert_string_equal(judged(rules, FACTS("ab", "Bc"), &d), want);
	assert_string_equal(judged(back, FACTS("ab", "Bc"), &d), want);
}

static void test_a_warning_takes_nothing_from_a_cause(void **state)
{
	const struct rule *const rules[] = { &w_over_b, &plain_b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("bw"), &d), "cause b(bw) warning w(bw)");
	assert_int_equal(d.warning_count, 1);
	assert_int_equal(d.verdict, VERDICT_CAUSE_FOUND);
}

static void test_causes_come_in_the_order_of_rules_and_warnings_last(void **state)
{
	const struct rule *const rules[] = { &w_over_b, &plain_c, &a_over_b, &plain_b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("w", "c", "ab"), &d),
			    "cause c(c) cause a(ab) consequence b(ab)<a warning w(w)");
}

static void judge_twice(struct judge *j)
{
	const struct fact *f = fact_first(judge_facts(j), FACT_TCP_CONNECT);
	assert_false(judge_has_evidence(j));
	judge_evidence(j, f, CW_TEXT("first"));
	judge_evidence(j, f, CW_TEXT("second"));
	assert_true(judge_has_evidence(j));
	judge_title(j, CW_TEXT("Title of %s", "its own"));
	judge_hop(j, "host");
	judge_fix(j, CW_TEXT("one"), "cmd 1");
	judge_fix(j, CW_TEXT("two"), NULL);
}

static void test_a_finding_is_what_its_judge_says(void **state)
{
	const struct rule r = { .id = "x",
				.needs = NEEDS,
				.hop = "port",
				.title = "The x",
				.explanation = "Because.",
				.judge = judge_twice };
	const struct rule *const rules[] = { &r, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("f"), &d), "cause x(f)");
	const struct finding *f = d.findings;
	assert_string_equal(f->evidence->text.msgid, "first");
	assert_string_equal(cw_text_render(arena, &f->title, NULL), "Title of its own");
	assert_string_equal(f->explanation.msgid, "Because.");
	assert_string_equal(f->hop, "host");
	assert_string_equal(f->fixes->snippet, "cmd 1");
	assert_string_equal(f->fixes->next->text.msgid, "two");
	assert_null(f->fixes->next->next);
}

static void judge_with_support(struct judge *j)
{
	FACT_EACH_OF (judge_facts(j), FACT_RPC_BIND, f)
		judge_support(j, f, CW_TEXT("for contrast"));
	assert_false(judge_has_evidence(j));
	judge_letter(j, 'b');
}

static void test_support_goes_where_the_evidence_goes(void **state)
{
	const struct rule b = {
		.id = "b", .needs = NEEDS, .title = "The b", .judge = judge_with_support
	};
	const struct rule *const rules[] = { &a_over_b, &b, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("bind", "x"), &d), "");
	assert_string_equal(judged(rules, FACTS("bind", "b"), &d), "cause b(bind,b)");
	assert_string_equal(judged(rules, FACTS("bind", "ab"), &d),
			    "cause a(ab) consequence b(bind,ab)<a");
}

static void never_called(struct judge *j)
{
	fail_msg("judged without a fact that it looks at");
}

static void test_a_rule_without_its_facts_is_not_heard(void **state)
{
	const struct rule r = { .id = "x", .needs = FACT_BIT(FACT_DNS_PTR), .judge = never_called };
	const struct rule *const rules[] = { &r, NULL };
	struct diagnosis d;
	assert_string_equal(judged(rules, FACTS("f"), &d), "");
}

static const char *closing(const struct diagnosis *d)
{
	return cw_text_render(arena, &d->closing, NULL);
}

static void test_closes_with_the_cause_or_counts_them(void **state)
{
	const struct rule *const rules[] = { &plain_a, &plain_b, NULL };
	struct diagnosis d;
	judged(rules, FACTS("a"), &d);
	assert_string_equal(closing(&d), "No way: the a (0x00000001).");
	judged(rules, FACTS("b"), &d);
	assert_string_equal(closing(&d), "No way: the b.");
	judged(rules, FACTS("ab"), &d);
	assert_string_equal(closing(&d), "No way: 2 causes, the first: the a (0x00000001).");
	const struct rule *const other[] = { &plain_b, &plain_a, NULL };
	judged(other, FACTS("ab"), &d);
	assert_string_equal(closing(&d), "No way: 2 causes, the first: the b.");
}

static void test_clear_needs_proof(void **state)
{
	const struct rule *const rules[] = { &plain_a, NULL };
	struct diagnosis d;
	judged(rules, FACTS("f"), &d);
	assert_int_equal(d.verdict, VERDICT_UNDETERMINED);
	assert_string_equal(closing(&d), "undetermined");
	judged(rules, FACTS("f", "bind"), &d);
	assert_int_equal(d.verdict, VERDICT_CLEAR);
	assert_string_equal(closing(&d), "clear");
	judged(rules, FACTS("a", "bind"), &d);
	assert_int_equal(d.verdict, VERDICT_CAUSE_FOUND);
}

static void test_what_could_hide_a_cause_leaves_it_open(void **state)
{
	const struct rule *const rules[] = { &plain_a, NULL };
	struct rule_family family = { .rules = rules,
				      .proven_clear = proven,
				      .hops = no_hops,
				      .clear_line = clear,
				      .undetermined_line = undetermined };
	struct fact_store *s = fact_store_new(arena);
	struct diagnosis d;
	fact_put(s, fact_new(s, FACT_RPC_BIND, "bind"));
	fact_not_tested(s, CW_TEXT("x"), CW_TEXT("y"), false);
	diagnose(&family, s, &d);
	assert_int_equal(d.verdict, VERDICT_CLEAR);
	fact_not_tested(s, CW_TEXT("x"), CW_TEXT("y"), true);
	diagnose(&family, s, &d);
	assert_int_equal(d.verdict, VERDICT_UNDETERMINED);
	fact_put(s, fact_new(s, FACT_TCP_CONNECT, "a"));
	diagnose(&family, s, &d);
	assert_int_equal(d.verdict, VERDICT_CAUSE_FOUND);
}

static void test_names_are_those_of_the_report(void **state)
{
	assert_string_equal(verdict_name(VERDICT_CLEAR), "clear");
	assert_string_equal(verdict_name(VERDICT_CAUSE_FOUND), "cause-found");
	assert_string_equal(verdict_name(VERDICT_UNDETERMINED), "undetermined");
	assert_string_equal(finding_role_name(FINDING_CAUSE), "cause");
	assert_string_equal(finding_role_name(FINDING_CONSEQUENCE), "consequence");
	assert_string_equal(finding_role_name(FINDING_WARNING), "warning");
}

static void test_the_needs_of_rules_add_up(void **state)
{
	static const struct rule x = { .needs = 5 }, y = { .needs = 6 };
	const struct rule *const rules[] = { &x, &y, NULL };
	assert_int_equal(rules_need(rules), 7);
}

static int set_up(void **state)
{
	arena = cw_arena_new();
	return 0;
}

static int tear_down(void **state)
{
	cw_arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_evidence_on_the_same_fact_is_taken),
		TEST(test_without_explains_both_stay),
		TEST(test_what_is_left_stays_a_cause),
		TEST(test_a_claim_takes_and_shows_nothing),
		TEST(test_explanations_chain_in_any_order),
		TEST(test_a_warning_takes_nothing_from_a_cause),
		TEST(test_causes_come_in_the_order_of_rules_and_warnings_last),
		TEST(test_a_finding_is_what_its_judge_says),
		TEST(test_support_goes_where_the_evidence_goes),
		TEST(test_a_rule_without_its_facts_is_not_heard),
		TEST(test_closes_with_the_cause_or_counts_them),
		TEST(test_clear_needs_proof),
		TEST(test_what_could_hide_a_cause_leaves_it_open),
		TEST(test_names_are_those_of_the_report),
		TEST(test_the_needs_of_rules_add_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
