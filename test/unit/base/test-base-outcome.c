#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/ec.h"
#include "base/outcome.h"

/* Names are part of the JSON contract: small letters, digits and dashes. */
static void test_every_outcome_has_a_stable_name_of_its_own(void **state)
{
	for (int i = 0; i < CW_OUT_COUNT; i++) {
		const char *name = cw_outcome_name((enum cw_outcome)i);
		assert_non_null(name);
		assert_true(name[0] >= 'a' && name[0] <= 'z');
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, cw_outcome_name((enum cw_outcome)j));
	}
}

static void test_every_outcome_has_words_for_a_reader(void **state)
{
	for (int i = 0; i < CW_OUT_COUNT; i++) {
		const char *text = cw_outcome_text((enum cw_outcome)i);
		assert_non_null(text);
		assert_int_not_equal(text[0], '\0');
		assert_null(strchr(text, '%')); /* a message id without arguments */
	}
}

static void test_what_never_ran_is_not_known(void **state)
{
	enum cw_outcome never = (enum cw_outcome)0;
	assert_string_equal(cw_outcome_name(never), "unknown");
	assert_string_equal(cw_outcome_name(CW_OUT_OK), "ok");
	assert_string_equal(cw_outcome_name(CW_OUT_NAME_MISSING), "name-missing");
}

static void test_a_value_outside_the_list_is_not_known(void **state)
{
	assert_string_equal(cw_outcome_name(CW_OUT_COUNT), "unknown");
	assert_string_equal(cw_outcome_text((enum cw_outcome)9999), "not known");
	assert_string_equal(cw_ec_text(CW_EC_COUNT), "unknown error");
	assert_string_equal(cw_ec_text((enum cw_ec)9999), "unknown error");
}

static void test_every_error_has_a_text_of_its_own(void **state)
{
	for (int i = 0; i < CW_EC_COUNT; i++) {
		const char *text = cw_ec_text((enum cw_ec)i);
		assert_non_null(text);
		assert_int_not_equal(text[0], '\0');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(text, cw_ec_text((enum cw_ec)j));
	}
	assert_string_equal(cw_ec_text(CW_OK), "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_outcome_has_a_stable_name_of_its_own),
		cmocka_unit_test(test_every_outcome_has_words_for_a_reader),
		cmocka_unit_test(test_what_never_ran_is_not_known),
		cmocka_unit_test(test_a_value_outside_the_list_is_not_known),
		cmocka_unit_test(test_every_error_has_a_text_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
