#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_writer.h"
#include "sample.h"

/* Through an independent parser and back: what it reads must be this. */
static void assert_string(const char *in, const char *want)
{
	struct out_buf o = { 0 };
	struct json j = { .out = &o };
	json_put_string(&j, in);
	json_t *value = json_loadb(o.bytes, o.len, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	assert_string_equal(json_string_value(value), want);
	json_decref(value);
	out_clear(&o);
}

static void strings_survive(void **state)
{
	(void)state;
	assert_string("", "");
	assert_string("plain text of more than eight bytes", "plain text of more than eight bytes");
	assert_string("\"\\/\b\f\n\r\t\x1f\x7f", "\"\\/\b\f\n\r\t\x1f\x7f");
	assert_string("公開 é \xf0\x9f\x94\x91 end", "公開 é \xf0\x9f\x94\x91 end");
	assert_string("\xc2\x9b\xe2\x80\xae\xef\xbb\xbf", "\xc2\x9b\xe2\x80\xae\xef\xbb\xbf");
}

/* Each byte at each place of a word and beside it: the fast path must see it. */
static void every_byte_at_every_place(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 0x80; c++)
		for (size_t at = 0; at < 20; at++) {
			char s[21] = "abcdefghijklmnopqrst";
			s[at] = (char)c;
			assert_string(s, s);
		}
}

static void bad_bytes_become_replacement_characters(void **state)
{
	(void)state;
	assert_string("a\xff"
		      "b",
		      "a\xef\xbf\xbd"
		      "b");
	assert_string("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
	assert_string("\xe3\x81", "\xef\xbf\xbd\xef\xbf\xbd");
	assert_string("\xe3\x81\x82\x82", "\xe3\x81\x82\xef\xbf\xbd");
	for (unsigned c = 0x80; c < 0x100; c++) {
		char s[] = { 'a', 'b', 'c', 'd', 'e', 'f', 'g', (char)c, 'h', 0 };
		assert_string(s, "abcdefg\xef\xbf\xbdh");
	}
}

static void numbers_are_exact(void **state)
{
	(void)state;
	const int64_t numbers[] = { 0, 1, -1, 10, INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct out_buf o = { 0 };
		struct json j = { .out = &o };
		json_put_number(&j, numbers[i]);
		json_t *value = json_loadb(o.bytes, o.len, JSON_DECODE_ANY, NULL);
		assert_true(json_integer_value(value) == numbers[i]);
		json_decref(value);
		out_clear(&o);
	}
}

static json_t *load(const char *name, bool indented)
{
	struct sample *s = sample_new(name);
	struct out_buf o = { 0 };
	json_error_t error;
	report_json(&s->report, NULL, indented, &o);
	json_t *root = json_loadb(o.bytes, o.len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%s:%d: %s", name, error.line, error.text);
	out_clear(&o);
	sample_free(s);
	return root;
}

static void every_sample_is_json(void **state)
{
	(void)state;
	for (size_t i = 0; *sample_names[i]; i++) {
		json_t *line = load(sample_names[i], false);
		json_t *indented = load(sample_names[i], true);
		assert_true(json_equal(line, indented));
		json_decref(line);
		json_decref(indented);
	}
}

static const char *text_at(json_t *finding, const char *key)
{
	return json_string_value(json_object_get(finding, key));
}

static void findings_say_what_they_are(void **state)
{
	(void)state;
	json_t *root = load("two-causes", false);
	json_t *findings = json_object_get(root, "findings");
	assert_int_equal(json_array_size(findings), 4);
	json_t *cause = json_array_get(findings, 0);
	assert_string_equal(text_at(cause, "id"), "kms-srv-missing");
	assert_string_equal(text_at(cause, "code"), "0x8007232B");
	assert_string_equal(text_at(cause, "role"), "cause");
	assert_string_equal(text_at(cause, "prove"), "clearway check kms contoso.com");
	assert_true(json_is_null(json_object_get(cause, "because_of")));
	json_t *evidence = json_object_get(cause, "evidence");
	assert_int_equal(json_array_size(evidence), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(evidence, 0), "fact")),
			 2);
	assert_string_equal(text_at(json_array_get(evidence, 0), "text"),
			    "10.0.0.10:53: _vlmcs._tcp.contoso.com SRV -> NXDOMAIN");
	json_t *consequence = json_array_get(findings, 1);
	assert_string_equal(text_at(consequence, "role"), "consequence");
	assert_string_equal(text_at(consequence, "because_of"), "kms-srv-missing");
	assert_true(json_is_null(json_object_get(consequence, "code")));
	assert_string_equal(text_at(json_array_get(findings, 3), "role"), "warning");
	assert_true(json_is_true(json_object_get(root, "cut_short")));
	assert_string_equal(text_at(root, "started"), "2026-11-22T02:40:00.123Z");
	json_decref(root);
}

/* The first value is the one that rules see (fact_text). */
static void a_field_set_twice_is_one_key(void **state)
{
	(void)state;
	json_t *root = load("every-fact", false);
	json_t *facts = json_object_get(root, "facts");
	json_t *last = json_array_get(facts, json_array_size(facts) - 1);
	json_t *fields = json_object_get(last, "fields");
	assert_int_equal(json_object_size(fields), FACT_FIELD_COUNT);
	assert_string_equal(text_at(fields, "server"), "text");
	assert_int_equal(json_array_size(json_object_get(fields, "addresses")), 2);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_survive),
		cmocka_unit_test(every_byte_at_every_place),
		cmocka_unit_test(bad_bytes_become_replacement_characters),
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(every_sample_is_json),
		cmocka_unit_test(findings_say_what_they_are),
		cmocka_unit_test(a_field_set_twice_is_one_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
