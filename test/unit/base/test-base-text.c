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

/* What the network sent is told apart within an inner text too. */
static void test_a_walk_tells_arguments_of_an_inner_text(void **state)
{
	struct cw_text t = CW_TEXT("No way: %s"), inner = CW_TEXT("Host %s", "evil");
	struct heard h = { 0 };
	t.inner[0] = &inner;
	cw_text_walk(&t, NULL, hear, &h);
	assert_string_equal(h.own, "No way: host ");
	assert_string_equal(h.foreign, "evil");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const char *to_german(const char *msgid)
{
	return strcmp(msgid, "The way: %1$s (%2$s)") == 0 ? "Der Weg: %2$s / %1$s" : msgid;
}

static void test_an_inner_text_is_the_argument_behind_the_last(void **state)
{
	struct cw_text cause = CW_TEXT("The host %s is off", "kms01"), why = CW_TEXT("Why not");
	struct cw_text t = CW_TEXT("The way: %1$s (%2$s)", "4");
	t.inner[0] = &cause;
	assert_string_equal(render(t), "The way: 4 (the host kms01 is off)");
	assert_string_equal(cw_text_render(arena, &t, to_german),
			    "Der Weg: the host kms01 is off / 4");
	t = CW_TEXT("%1$s, %2$s; %3$s");
	t.inner[0] = &cause;
	t.inner[1] = &why;
	assert_string_equal(render(t), "the host kms01 is off, why not; ");
}

static void test_an_inner_text_keeps_what_is_not_a_sentence(void **state)
{
	struct cw_text t = CW_TEXT("[%s]"), inner = CW_TEXT("DNS is down");
	t.inner[0] = &inner;
	assert_string_equal(render(t), "[DNS is down]");
	inner = CW_TEXT("%s is down", "Contoso");
	assert_string_equal(render(t), "[Contoso is down]");
	inner = CW_TEXT("A way");
	assert_string_equal(render(t), "[a way]");
	inner = CW_TEXT(NULL);
	assert_string_equal(render(t), "[]");
}

static const char *to_japanese(const char *msgid)
{
	return strcmp(msgid, "The address") == 0 ? "A レコード" : msgid;
}

static void test_a_translated_inner_text_keeps_its_case(void **state)
{
	struct cw_text t = CW_TEXT("[%s]"), inner = CW_TEXT("The address");
	t.inner[0] = &inner;
	assert_string_equal(cw_text_render(arena, &t, to_japanese), "[A レコード]");
}

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
		TEST(test_an_inner_text_is_the_argument_behind_the_last),
		TEST(test_an_inner_text_keeps_what_is_not_a_sentence),
		TEST(test_a_translated_inner_text_keeps_its_case),
		TEST(test_a_walk_tells_arguments_of_an_inner_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
