#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cmd/options.h"
#include "cmd/words.h"

static size_t split(struct cw_arena *a, const char *text, const char *const **words)
{
	size_t count = 0;
	struct cw_text error;
	assert_true(words_split(a, text, strlen(text), &count, words, &error));
	return count;
}

static void splits_at_blanks(void **state)
{
	struct cw_arena *a = cw_arena_new();
	const char *const *w;
	assert_int_equal(split(a, "  kms contoso.com\t--dns 10.0.0.1 ", &w), 4);
	assert_string_equal(w[0], "kms");
	assert_string_equal(w[3], "10.0.0.1");
	assert_int_equal(split(a, "", &w), 0);
	assert_int_equal(split(a, "kms a # the rest", &w), 2);
	assert_int_equal(split(a, "kms a#b", &w), 2);
	assert_string_equal(w[1], "a#b");
	cw_arena_free(a);
}

static void keeps_what_is_quoted(void **state)
{
	struct cw_arena *a = cw_arena_new();
	const char *const *w;
	assert_int_equal(split(a, "--key 'my keys/a b.key' \"x\\\"y\" a\\ b ''", &w), 5);
	assert_string_equal(w[1], "my keys/a b.key");
	assert_string_equal(w[2], "x\"y");
	assert_string_equal(w[3], "a b");
	assert_string_equal(w[4], "");
	cw_arena_free(a);
}

static void wants_quotes_to_end(void **state)
{
	struct cw_arena *a = cw_arena_new();
	const char *const *w;
	size_t count;
	struct cw_text error = { 0 };
	assert_false(words_split(a, "a 'b", 4, &count, &w, &error));
	assert_non_null(error.msgid);
	assert_false(words_split(a, "a\0b", 3, &count, &w, &error));
	cw_arena_free(a);
}

static const struct option_row rows[] = {
	{ 1, "dns", 0, "ADDR", "" },
	{ 2, "file", 'f', "FILE", "" },
	{ 3, "verbose", 'v', NULL, "" },
	{ 4, "quiet", 'q', NULL, "" },
	{ 0 },
};

enum { LOG = 256 };

static void note(char *log, const char *name, const char *value)
{
	size_t len = strlen(log);
	if (value)
		(void)snprintf(log + len, LOG - len, "%s=%s;", name, value);
	else
		(void)snprintf(log + len, LOG - len, "%s;", name);
}

static bool note_option(void *ctx, const struct option_row *row, const char *value,
			struct cw_text *error)
{
	(void)error;
	note(ctx, row->name, value ? value : "");
	return true;
}

static bool note_operand(void *ctx, const char *word, struct cw_text *error)
{
	(void)error;
	note(ctx, word, NULL);
	return true;
}

static bool read_words(size_t count, const char *const *words, char *log, struct cw_text *error)
{
	struct option_reader r = {
		.rows = rows, .option = note_option, .operand = note_operand, .ctx = log
	};
	*log = '\0';
	return options_read(&r, count, words, error);
}

static void reads_each_way_to_write_an_option(void **state)
{
	const char *const words[] = { "kms", "--dns", "1", "--dns=2", "-vq", "-fx",
				      "-f",  "y",     "-", "--",      "-v" };
	char log[LOG];
	struct cw_text error;
	assert_true(read_words(11, words, log, &error));
	assert_string_equal(log, "kms;dns=1;dns=2;verbose=;quiet=;file=x;file=y;-;-v;");
}

static void complains_of_what_it_does_not_know(void **state)
{
	static const char *const bad[] = { "--nope", "-z", "--verbose=1", "--dns", "-f", "--d" };
	char log[LOG];
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cw_text error = { 0 };
		assert_false(read_words(1, &bad[i], log, &error));
		assert_non_null(error.msgid);
	}
}

static void takes_numbers_within_bounds_only(void **state)
{
	long n = 7;
	assert_true(option_number("20", 1, 100, &n));
	assert_int_equal(n, 20);
	assert_false(option_number("0", 1, 100, &n));
	assert_false(option_number("101", 1, 100, &n));
	assert_false(option_number("5x", 1, 100, &n));
	assert_false(option_number("", 1, 100, &n));
	assert_false(option_number("99999999999999999999", 1, 100, &n));
	assert_int_equal(n, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_at_blanks),
		cmocka_unit_test(keeps_what_is_quoted),
		cmocka_unit_test(wants_quotes_to_end),
		cmocka_unit_test(reads_each_way_to_write_an_option),
		cmocka_unit_test(complains_of_what_it_does_not_know),
		cmocka_unit_test(takes_numbers_within_bounds_only),
	};
	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
