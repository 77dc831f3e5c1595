#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"

static struct cw_arena *arena;

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

static const char *render(struct cw_text t)
{
	return cw_text_render(arena, &t, NULL);
}

static void test_puts_arguments_in_order(void **state)
{
	assert_string_equal(render(CW_TEXT("want %s, have %s", "SRV", "none")),
			    "want SRV, have none");
	assert_string_equal(render(CW_TEXT("%s%s%s%s%s%s", "a", "b", "c", "d", "e", "f")),
			    "abcdef");
	assert_string_equal(render(CW_TEXT("no arguments")), "no arguments");
}

static void test_puts_arguments_by_number(void **state)
{
	assert_string_equal(render(CW_TEXT("%2$s of %1$s, %2$s", "whole", "part")),
			    "part of whole, part");
	assert_string_equal(render(CW_TEXT("%6$s", "a", "b", "c", "d", "e", "f")), "f");
}

static void test_a_percent_sign_stays(void **state)
{
	assert_string_equal(render(CW_TEXT("100%% of %s", "them")), "100% of them");
	assert_string_equal(render(CW_TEXT("50%")), "50%");
	/* Not a conversion that a message id may have: shown, and no argument is taken. */
	assert_string_equal(render(CW_TEXT("%d %7$s %0$s %1$d %s", "x")), "%d %7$s %0$s %1$d x");
}

static void test_an_argument_is_never_a_format(void **state)
{
	assert_string_equal(render(CW_TEXT("[%s]", "%s%n%2$s%%")), "[%s%n%2$s%%]");
}

static void test_an_argument_that_is_missing_is_empty(void **state)
{
	assert_string_equal(render(CW_TEXT("[%s][%s][%3$s]", "one")), "[one][][]");
	assert_string_equal(render(CW_TEXT("%s%s%s%s%s%s[%s]", "a", "b", "c", "d", "e", "f")),
			    "abcdef[]");
}

static void test_no_message_is_empty(void **state)
{
	assert_string_equal(render((struct cw_text){ 0 }), "");
	assert_string_equal(render(CW_TEXT("", "unused")), "");
}

static const char *backwards(const char *msgid)
{
	return strcmp(msgid, "from %s to %s") ? msgid : "%2$s <- %1$s";
}

static void test_a_translation_may_reorder(void **state)
{
	struct cw_text t = CW_TEXT("from %s to %s", "here", "there");
	assert_string_equal(cw_text_render(arena, &t, backwards), "there <- here");
	t.msgid = "not translated %s";
	assert_string_equal(cw_text_render(arena, &t, backwards), "not translated here");
}

struct heard {
	char own[64], foreign[64];
};

static void hear(void *to, const char *piece, size_t len, bool from_arg)
{
	struct heard *h = to;
	strncat(from_arg ? h->foreign : h->own, piece, len);
}

static void test_a_walk_tells_arguments_from_our_own_words(void **state)
{
	struct cw_text t = CW_TEXT("host %s: 100%% of %s", "\033[31m", "evil");
	struct heard h = { 0 };
	cw_text_walk(&t, NULL, hear, &h);
	assert_string_equal(h.own, "host : 100% of ");
	assert_string_equal(h.foreign, "\033[31mevil");
	h = (struct heard){ 0 };
	cw_text_walk(&(struct cw_text){ 0 }, NULL, hear, &h);
	assert_string_equal(h.own, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_puts_arguments_in_order),
		TEST(test_puts_arguments_by_number),
		TEST(test_a_percent_sign_stays),
		TEST(test_an_argument_is_never_a_format),
		TEST(test_an_argument_that_is_missing_is_empty),
		TEST(test_no_message_is_empty),
		TEST(test_a_translation_may_reorder),
		TEST(test_a_walk_tells_arguments_from_our_own_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
