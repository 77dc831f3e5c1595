#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sample.h"

static const struct report_style wide = { .unicode = true };

/* The report goes away at once: the summary must have copied what it shows. */
static void add(struct batch_summary *b, struct sample *s)
{
	batch_summary_add(b, &s->report);
	memset((void *)(uintptr_t)s->report.target, 'Z', strlen(s->report.target));
	sample_free(s);
}

static void assert_summary(const struct batch_summary *b, const struct report_style *style,
			   const char *want)
{
	struct out_buf o = { 0 };
	batch_summary_text(b, style, &o);
	out_put(&o, "", 1);
	assert_string_equal(o.bytes, want);
	out_clear(&o);
}

/* "before7after" */
static const char *name(char *out, const char *before, int n, const char *after)
{
	(void)snprintf(out, 64, "%s%d%s", before, n, after);
	return out;
}

static void counts_what_was_added(void **state)
{
	(void)state;
	struct cw_arena *a = cw_arena_new();
	struct batch_summary *b = batch_summary_new(a);
	assert_summary(b, &wide, "0 of 0 are clear.\n");
	add(b, sample_clear("a.example"));
	add(b, sample_clear("b.example"));
	add(b, sample_undetermined("c.example", "10.0.0.10:53"));
	struct batch_counts counts = batch_summary_counts(b);
	assert_int_equal(counts.clear, 2);
	assert_int_equal(counts.cause_found, 0);
	assert_int_equal(counts.undetermined, 1);
	assert_summary(b, &wide,
		       "2 of 3 are clear.\n"
		       " 1  c.example: Could not be determined: 10.0.0.10:53 did not answer within "
		       "2.5 s.\n");
	cw_arena_free(a);
}

static void groups_by_cause_and_shared_evidence(void **state)
{
	(void)state;
	char text[64];
	struct cw_arena *a = cw_arena_new();
	struct batch_summary *b = batch_summary_new(a);
	for (int i = 1; i <= 57; i++)
		add(b, sample_srv_missing(name(text, "contoso-", i, ".example"), "10.0.0.10:53"));
	add(b, sample_srv_missing("fabrikam.example", "10.9.9.9:53"));
	for (int i = 1; i <= 3; i++)
		add(b, sample_refused(name(text, "branch-", i, ".example"), "10.0.0.7:1688"));
	for (int i = 1; i <= 431; i++)
		add(b, sample_clear("well.example"));
	assert_summary(
		b, &wide,
		"431 of 492 are clear.\n"
		" 57  No KMS host is published for this domain (0x8007232B)  contoso-1.example, "
		"contoso-2.example and 55 more  <- same DNS server: 10.0.0.10:53\n"
		"  3  The KMS host refuses the connection (0xC004F074)  branch-1.example, "
		"branch-2.example, branch-3.example  <- same host: 10.0.0.7:1688\n"
		"  1  No KMS host is published for this domain (0x8007232B)  fabrikam.example  <- "
		"10.9.9.9:53\n");
	cw_arena_free(a);
}

/* A cause that each target has for itself is one line, not one each. */
static void lone_evidence_is_one_line(void **state)
{
	(void)state;
	char target[64], host[64];
	struct cw_arena *a = cw_arena_new();
	struct batch_summary *b = batch_summary_new(a);
	for (int i = 0; i < 10000; i++)
		add(b, sample_refused(name(target, "t", 10000 + i, ".example"),
				      name(host, "host-", 10000 + i, ":1688")));
	assert_summary(b, &wide,
		       "0 of 10000 are clear.\n"
		       " 10000  The KMS host refuses the connection (0xC004F074)  t10000.example, "
		       "t10001.example and 9998 more\n");
	cw_arena_free(a);
}

static void many_reasons_are_one_line(void **state)
{
	(void)state;
	char target[64], server[64];
	struct cw_arena *a = cw_arena_new();
	struct batch_summary *b = batch_summary_new(a);
	for (int i = 0; i < 4; i++)
		add(b, sample_undetermined(name(target, "s", i, ".example"), "10.0.0.1:53"));
	for (int i = 0; i < 6; i++)
		add(b, sample_undetermined(name(target, "u", i, ".example"),
					   name(server, "10.0.1.", i, ":53")));
	assert_summary(b, &wide,
		       "0 of 10 are clear.\n"
		       " 6  could not be determined  u0.example, u1.example and 4 more\n"
		       " 4  s0.example, s1.example and 2 more: Could not be determined: "
		       "10.0.0.1:53 did not answer within 2.5 s.\n");
	cw_arena_free(a);
}

static void both_causes_of_one_target_count(void **state)
{
	(void)state;
	struct cw_arena *a = cw_arena_new();
	struct batch_summary *b = batch_summary_new(a);
	const struct report_style narrow = { .columns = 60 };
	add(b, sample_new("two-causes"));
	assert_summary(b, &narrow,
		       "0 of 1 are clear.\n"
		       " 1  The KMS host refuses the connection (0xC004F074)\n"
		       "    contoso.com  <- 10.0.0.7:1688\n"
		       " 1  No KMS host is published for this domain (0x8007232B)\n"
		       "    contoso.com  <- 10.0.0.10:53\n");
	const struct report_style quiet = { .verdict_only = true };
	assert_summary(b, &quiet, "0 of 1 are clear.\n");
	cw_arena_free(a);
}

static void hostile_targets_are_harmless(void **state)
{
	(void)state;
	struct cw_arena *a = cw_arena_new();
	struct batch_summary *b = batch_summary_new(a);
	add(b, sample_srv_missing("\x1b[2Jx", "\x1b]0;y\a"));
	assert_summary(b, &wide,
		       "0 of 1 are clear.\n"
		       " 1  No KMS host is published for this domain (0x8007232B)  \\x1B[2Jx  <- "
		       "\\x1B]0;y\\x07\n");
	cw_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_was_added),
		cmocka_unit_test(groups_by_cause_and_shared_evidence),
		cmocka_unit_test(lone_evidence_is_one_line),
		cmocka_unit_test(many_reasons_are_one_line),
		cmocka_unit_test(both_causes_of_one_target_count),
		cmocka_unit_test(hostile_targets_are_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
