#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "report/label.h"
#include "report/translate.h"

static const char *lc_all, *lc_messages, *lang, *language;

static const char *get(const char *name)
{
	return !strcmp(name, "LC_ALL")        ? lc_all
	       : !strcmp(name, "LC_MESSAGES") ? lc_messages
	       : !strcmp(name, "LANG")        ? lang
	       : !strcmp(name, "LANGUAGE")    ? language
					      : NULL;
}

static void assert_language(const char *all, const char *messages, const char *of_lang,
			    const char *list, const char *want)
{
	lc_all = all;
	lc_messages = messages;
	lang = of_lang;
	language = list;
	assert_string_equal(language_of_environment(NULL, get), want);
}

static void the_option_goes_before_the_environment(void **state)
{
	(void)state;
	lc_all = "ja_JP.UTF-8";
	assert_string_equal(language_of_environment("en", get), "en");
	lc_all = "C";
	assert_string_equal(language_of_environment("ja", get), "ja");
	assert_true(language_is_known("ja"));
	assert_true(language_is_known("en"));
	assert_false(language_is_known("fr"));
	assert_false(language_is_known(""));
	assert_false(language_is_known("japanese"));
}

static void the_locale_decides_installed_or_not(void **state)
{
	(void)state;
	assert_language(NULL, NULL, NULL, NULL, "en");
	assert_language(NULL, NULL, "ja_JP.UTF-8", NULL, "ja");
	assert_language(NULL, NULL, "ja", NULL, "ja");
	assert_language(NULL, NULL, "ja_JP.eucJP@x", NULL, "ja");
	assert_language("", "ja_JP", "en_US.UTF-8", NULL, "ja");
	assert_language("en_US", "ja_JP", "ja_JP", NULL, "en");
	assert_language("de_DE.UTF-8", NULL, "ja_JP", NULL, "en");
	assert_language(NULL, NULL, "jam", NULL, "en");
}

static void language_is_a_list_by_preference(void **state)
{
	(void)state;
	assert_language(NULL, NULL, "en_US.UTF-8", "ja", "ja");
	assert_language(NULL, NULL, "C.UTF-8", "ja:en", "ja");
	assert_language(NULL, NULL, "ja_JP.UTF-8", "en:ja", "en");
	assert_language(NULL, NULL, "ja_JP.UTF-8", "de:fr", "ja");
	assert_language(NULL, NULL, "en_US", ":de::ja_JP", "ja");
	assert_language(NULL, NULL, "ja_JP.UTF-8", "", "ja");
	/* As gettext: without a locale the list does not count. */
	assert_language(NULL, NULL, "C", "ja", "en");
	assert_language("POSIX", NULL, "ja_JP", "ja", "en");
	assert_language(NULL, NULL, NULL, "ja", "en");
}

static void translations_are_found(void **state)
{
	(void)state;
	cw_translate *ja = translate_for("ja");
	assert_non_null(ja);
	assert_null(translate_for("en"));
	assert_null(translate_for("fr"));
	assert_string_not_equal(ja(LABEL_SEEN), LABEL_SEEN);
	assert_string_not_equal(ja(LABEL_SHOWS), LABEL_SHOWS);
	const char *unknown = "no such message";
	assert_ptr_equal(ja(unknown), unknown);
	assert_string_equal(ja(""), "");
}

static void every_entry_of_a_table_is_found(void **state)
{
	(void)state;
	static const struct po_entry entries[] = {
		{ "", "0" }, { "A", "1" }, { "B", "2" }, { "a", "3" }, { "ab", "4" },
	};
	for (size_t count = 0; count <= 5; count++)
		for (size_t i = 0; i < 5; i++)
			assert_string_equal(po_find(entries, count, entries[i].msgid),
					    i < count ? entries[i].msgstr : entries[i].msgid);
	assert_string_equal(po_find(entries, 5, "b"), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_option_goes_before_the_environment),
		cmocka_unit_test(the_locale_decides_installed_or_not),
		cmocka_unit_test(language_is_a_list_by_preference),
		cmocka_unit_test(translations_are_found),
		cmocka_unit_test(every_entry_of_a_table_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
