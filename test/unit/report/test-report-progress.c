#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "report/progress.h"
#include "report/width.h"

static const struct hop_row row = {
	.count = 5,
	.hop = { { "dns", HOP_PASSED },
		 { "srv", HOP_NOT_REACHED },
		 { "host", HOP_NOT_REACHED },
		 { "port", HOP_NOT_TESTED },
		 { "kms", HOP_FAILED } },
};

static const struct progress_probe pending[] = {
	{ "srv", "SRV 10.0.0.10", 140 },
	{ "srv", "SRV 10.0.0.11", 2340 },
};

static const struct progress running = { .target = "contoso.com",
					 .hops = &row,
					 .pending = pending,
					 .pending_count = 2,
					 .elapsed_ms = 2360 };

static void assert_line(const struct progress *p, const struct report_style *style,
			const char *want)
{
	struct out_buf o = { 0 };
	progress_line(p, style, &o);
	out_put(&o, "", 1);
	assert_string_equal(o.bytes, want);
	out_clear(&o);
}

static void assert_batch(const struct progress_batch *p, const struct report_style *style,
			 const char *want)
{
	struct out_buf o = { 0 };
	progress_batch_line(p, style, &o);
	out_put(&o, "", 1);
	assert_string_equal(o.bytes, want);
	out_clear(&o);
}

static void the_slowest_probe_comes_first(void **state)
{
	(void)state;
	const struct report_style style = { .unicode = true, .columns = 100 };
	assert_line(&running, &style,
		    "  contoso.com  ●dns ─ ◑srv ─ ○host ─ ◌port ─ ✗kms  SRV 10.0.0.11 2.3 s  "
		    "SRV 10.0.0.10 0.1 s");
}

static void plain_terminals_have_words(void **state)
{
	(void)state;
	const struct report_style style = { .columns = 100 };
	assert_line(&running, &style,
		    "  contoso.com  dns ok > srv ... > host -- > port ?? > kms FAIL  "
		    "SRV 10.0.0.11 2.3 s");
}

static void the_slow_one_has_colour(void **state)
{
	(void)state;
	const struct report_style style = { .unicode = true, .color = true };
	struct progress p = running;
	p.hops = NULL;
	assert_line(&p, &style,
		    "  contoso.com  SRV 10.0.0.11 \x1b[33m2.3 s\x1b[0m  SRV 10.0.0.10 "
		    "\x1b[2m0.1 s\x1b[0m");
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	char longest[5001];
	memset(longest, 'a', 5000);
	longest[5000] = '\0';
	const struct progress_probe probes[] = { { "srv", longest, 1 }, { "dns", "ホスト", 5 } };
	const struct progress names[] = {
		running,
		{ .target = longest, .hops = &row, .pending = probes, .pending_count = 2 },
		{ .target = "ドメイン名.example", .pending = probes, .pending_count = 2 },
	};
	const struct progress_batch batch = { .total = 500,
					      .counts = { 431, 19, 2 },
					      .elapsed_ms = 364 };
	for (unsigned columns = 1; columns < 200; columns++)
		for (size_t i = 0; i < 3; i++)
			for (int unicode = 0; unicode < 2; unicode++) {
				const struct report_style style = { .unicode = unicode,
								    .columns = columns };
				struct out_buf o = { 0 };
				progress_line(&names[i], &style, &o);
				assert_true(text_width(o.bytes, o.len) < columns || !o.len);
				out_reset(&o);
				progress_batch_line(&batch, &style, &o);
				assert_true(text_width(o.bytes, o.len) < columns || !o.len);
				out_clear(&o);
			}
}

static void hostile_names_are_harmless(void **state)
{
	(void)state;
	const struct report_style style = { .unicode = true };
	const struct progress_probe probe = { "srv", "\x1b[31m\n", 100 };
	const struct progress p = { .target = "a\rb", .pending = &probe, .pending_count = 1 };
	assert_line(&p, &style, "  a\\x0Db  \\x1B[31m\\x0A 0.1 s");
}

static void a_batch_has_bar_counts_rate_and_eta(void **state)
{
	(void)state;
	const struct progress_batch p = { .total = 500,
					  .counts = { 431, 19, 2 },
					  .elapsed_ms = 364 };
	const struct report_style unicode = { .unicode = true, .columns = 110 };
	const struct report_style plain = { .columns = 80 };
	const struct report_style narrow = { .columns = 50 };
	assert_batch(&p, &unicode,
		     "500 targets  ████████████████████████████░░░░  452  clear 431 · cause 19 · "
		     "? 2   1,241/s  eta 1 s");
	assert_batch(
		&p, &plain,
		"500 targets  ##############..  452  clear 431, cause 19, ? 2   1,241/s  eta 1 s");
	assert_batch(&p, &narrow, "500 targets  clear 431, cause 19, ? 2");
}

static void a_batch_of_unknown_size_counts(void **state)
{
	(void)state;
	const struct progress_batch start = { .total = 500 };
	const struct progress_batch some = { .counts = { 3, 0, 0 }, .elapsed_ms = 100000 };
	const struct progress_batch slow = { .total = 1000000,
					     .counts = { 1, 0, 0 },
					     .elapsed_ms = 1000 };
	const struct report_style style = { .columns = 0, .unicode = false };
	assert_batch(&start, &style,
		     "500 targets  ................................  0  clear 0, cause 0, ? 0   "
		     "0/s");
	assert_batch(&some, &style, "3 targets  clear 3, cause 0, ? 0   0/s");
	assert_batch(&slow, &style,
		     "1,000,000 targets  ................................  1  clear 1, cause 0, "
		     "? 0   1/s  eta 16,667 min");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slowest_probe_comes_first),
		cmocka_unit_test(plain_terminals_have_words),
		cmocka_unit_test(the_slow_one_has_colour),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(a_batch_has_bar_counts_rate_and_eta),
		cmocka_unit_test(a_batch_of_unknown_size_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
