#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "report/width.h"

static void assert_clean(const char *s, size_t len, bool ascii_only, const char *want)
{
	struct out_buf o = { 0 };
	out_clean(&o, s, len, ascii_only);
	out_put(&o, "", 1);
	assert_false(o.bad);
	assert_string_equal(o.bytes, want);
	out_clear(&o);
}

static void buffer_grows_and_is_reused(void **state)
{
	(void)state;
	struct out_buf o = { 0 };
	char big[5000];
	memset(big, 'x', sizeof(big));
	out_str(&o, "");
	assert_int_equal(o.len, 0);
	for (int i = 0; i < 100; i++)
		out_put(&o, big, sizeof(big));
	out_fmt(&o, "%s %d", "and", 1);
	assert_int_equal(o.len, 500005);
	assert_memory_equal(o.bytes + 500000, "and 1", 5);
	out_reset(&o);
	assert_int_equal(o.len, 0);
	big[sizeof(big) - 1] = '\0';
	out_fmt(&o, "<%s>", big);
	assert_int_equal(o.len, 5001);
	assert_int_equal(o.bytes[5000], '>');
	out_clear(&o);
	assert_null(o.bytes);
}

static void buffer_out_of_memory_stays_bad(void **state)
{
	(void)state;
	struct out_buf o = { 0 };
	out_put(&o, "x", SIZE_MAX - 8);
	assert_true(o.bad);
	out_str(&o, "more");
	assert_int_equal(o.len, 0);
	out_clear(&o);
	assert_false(o.bad);
}

static void clean_passes_what_a_reader_sees(void **state)
{
	(void)state;
	assert_clean("", 0, false, "");
	assert_clean("_vlmcs._tcp \"x\" \\000 ~", 22, false, "_vlmcs._tcp \"x\" \\000 ~");
	assert_clean("ホスト é ●", strlen("ホスト é ●"), false, "ホスト é ●");
	assert_clean("é●", strlen("é●"), true, "\\u{00E9}\\u{25CF}");
}

static void clean_escapes_what_a_terminal_obeys(void **state)
{
	(void)state;
	assert_clean("\x1b[2J\a\r\n\t\0\x7f", 10, false, "\\x1B[2J\\x07\\x0D\\x0A\\x09\\x00\\x7F");
	assert_clean("\xc2\x9b", 2, false, "\\u{009B}");
	assert_clean("\xe2\x80\xae\xe2\x80\x8b", 6, false, "\\u{202E}\\u{200B}");
	assert_clean("\xe2\x80\xa8", 3, false, "\\u{2028}");
	assert_clean("\xee\x80\x80", 3, false, "\\u{E000}");
	for (char c = 1; c < 0x20; c++) {
		char want[8];
		(void)snprintf(want, sizeof(want), "\\x%02X", (unsigned)c);
		assert_clean(&c, 1, false, want);
	}
}

static void clean_escapes_what_is_no_character(void **state)
{
	(void)state;
	assert_clean("\xff", 1, false, "\\xFF");
	assert_clean("\xc0\xaf", 2, false, "\\xC0\\xAF");
	assert_clean("\xed\xa0\x80", 3, false, "\\xED\\xA0\\x80");
	assert_clean("\xe3\x81", 2, false, "\\xE3\\x81");
	/* The length counts, not what stands behind it. */
	assert_clean("\xe3\x81\x82", 2, false, "\\xE3\\x81");
}

static void clean_bounds_combining_characters(void **state)
{
	(void)state;
	const char *z = "z\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81";
	assert_clean(z, strlen(z), false, "z\xcc\x81\xcc\x81\xcc\x81\xcc\x81\\u{0301}");
}

static void width_counts_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width("", 0), 0);
	assert_int_equal(text_width("abc", 3), 3);
	assert_int_equal(text_width("ホスト", 9), 6);
	assert_int_equal(text_width("e\xcc\x81", 3), 1);
	assert_int_equal(text_width("\x02"
				    "a\x1f"
				    "b\x01",
				    5),
			 3);
}

static void fit_takes_whole_characters(void **state)
{
	(void)state;
	assert_int_equal(text_fit("abc", 3, 2), 2);
	assert_int_equal(text_fit("abc", 3, 9), 3);
	assert_int_equal(text_fit("ホスト", 9, 3), 3);
	assert_int_equal(text_fit("ホスト", 9, 0), 0);
	assert_int_equal(text_fit("e\xcc\x81x", 4, 1), 3);
}

static void assert_fold(const char *text, size_t columns, bool color, const char *want)
{
	struct out_buf o = { 0 };
	struct fold f = { .out = &o, .columns = columns, .indent = 2, .color = color };
	fold_put(&f, text, strlen(text));
	out_put(&o, "", 1);
	assert_string_equal(o.bytes, want);
	out_clear(&o);
}

static void folds_at_spaces(void **state)
{
	(void)state;
	assert_fold("one two three", 9, false, "one two\n  three");
	assert_fold("one two three", 7, false, "one two\n  three");
	assert_fold("one two three", 6, false, "one\n  two\n  three");
	assert_fold("one  two three", 0, false, "one  two three");
	assert_fold("one two", 1, false, "one\n  two");
	assert_fold("10\x1fms 12\x1fms", 6, false, "10 ms\n  12 ms");
}

static void never_cuts_a_name(void **state)
{
	(void)state;
	assert_fold("a _vlmcs._tcp.contoso.com b", 10, false, "a\n  _vlmcs._tcp.contoso.com\n  b");
	assert_fold("2001:db8::1/64-x", 4, false, "2001:db8::1/64-x");
}

static void folds_japanese_by_its_rules(void **state)
{
	(void)state;
	assert_fold("見つかりません", 8, false, "見つかり\n  ません");
	/* A full stop does not begin a line, an opening bracket does not end one. */
	assert_fold("見つかる。次", 8, false, "見つか\n  る。次");
	assert_fold("見つか「次」", 8, false, "見つか\n  「次」");
	/* Words in katakana and names in Latin script stay whole. */
	assert_fold("次のホスト名", 8, false, "次の\n  ホスト\n  名");
	assert_fold("次の kms01.example を", 10, false, "次の\n  kms01.example\n  を");
}

static void inks_only_where_asked(void **state)
{
	(void)state;
	assert_fold("\x04no\x01 way", 80, false, "no way");
	assert_fold("\x04no\x01 way", 80, true, "\x1b[31mno\x1b[0m way");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows_and_is_reused),
		cmocka_unit_test(buffer_out_of_memory_stays_bad),
		cmocka_unit_test(clean_passes_what_a_reader_sees),
		cmocka_unit_test(clean_escapes_what_a_terminal_obeys),
		cmocka_unit_test(clean_escapes_what_is_no_character),
		cmocka_unit_test(clean_bounds_combining_characters),
		cmocka_unit_test(width_counts_columns),
		cmocka_unit_test(fit_takes_whole_characters),
		cmocka_unit_test(folds_at_spaces),
		cmocka_unit_test(never_cuts_a_name),
		cmocka_unit_test(folds_japanese_by_its_rules),
		cmocka_unit_test(inks_only_where_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
