#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fact/fact.h"

static struct cw_arena *arena;
static struct fact_store *store;

static int set_up(void **state)
{
	arena = cw_arena_new();
	store = fact_store_new(arena);
	return 0;
}

static int tear_down(void **state)
{
	cw_arena_free(arena);
	return 0;
}

static struct fact *put(enum fact_kind kind, const char *subject)
{
	struct fact *f = fact_new(store, kind, subject);
	fact_put(store, f);
	return f;
}

static void test_a_fact_is_numbered_and_visible_once_it_is_put_down(void **state)
{
	struct fact *f = fact_new(store, FACT_TCP_CONNECT, "192.0.2.7:1688");
	assert_int_equal(f->n, 0);
	assert_int_equal(f->outcome, CW_OUT_UNKNOWN);
	assert_int_equal(fact_count(store), 0);
	assert_null(fact_first(store, FACT_TCP_CONNECT));
	fact_put(store, f);
	assert_int_equal(f->n, 1);
	assert_int_equal(fact_count(store), 1);
	assert_ptr_equal(fact_at(store, 0), f);
	assert_ptr_equal(fact_first(store, FACT_TCP_CONNECT), f);
	assert_null(fact_at(store, 1));
	assert_null(fact_first(store, FACT_RPC_BIND));
}

static void test_the_order_is_that_of_putting_down(void **state)
{
	struct fact *early = fact_new(store, FACT_DNS_SRV, "early");
	struct fact *late = fact_new(store, FACT_DNS_SRV, "late");
	fact_put(store, late);
	fact_put(store, early);
	assert_string_equal(fact_at(store, 0)->subject, "late");
	assert_string_equal(fact_at(store, 1)->subject, "early");
	assert_int_equal(early->n, 2);
}

static void test_kinds_are_walked_apart_and_in_order(void **state)
{
	enum { EACH = 100 };
	for (int i = 0; i < EACH; i++) {
		char subject[16];
		(void)snprintf(subject, sizeof(subject), "%d", i);
		put(FACT_DNS_SRV, subject);
		put(FACT_DNS_ADDRESS, subject);
	}
	assert_int_equal(fact_count(store), 2 * EACH);
	int at = 0;
	FACT_EACH_OF (store, FACT_DNS_ADDRESS, f) {
		assert_int_equal(f->kind, FACT_DNS_ADDRESS);
		assert_int_equal(f->n, 2 * at + 2);
		at++;
	}
	assert_int_equal(at, EACH);
	for (size_t i = 0; i < 2 * EACH; i++)
		assert_int_equal(fact_at(store, i)->n, i + 1);
}

static void test_fields_give_back_what_was_set(void **state)
{
	char host[] = "kms01.contoso.com", a0[] = "192.0.2.7";
	const char *addresses[] = { a0, "192.0.2.8" };
	struct fact *f = fact_new(store, FACT_DNS_ADDRESS, host);
	fact_set_text(store, f, FIELD_HOST, host);
	fact_set_number(store, f, FIELD_TTL_S, INT64_C(4294967295));
	fact_set_flag(store, f, FIELD_AUTHORITATIVE, true);
	fact_set_flag(store, f, FIELD_SHARED, false);
	fact_set_list(store, f, FIELD_ADDRESSES, 2, addresses);
	fact_set_list(store, f, FIELD_ALIAS, 0, NULL);
	memset(host, '-', sizeof(host) - 1);
	memset(a0, '-', sizeof(a0) - 1);
	fact_put(store, f);
	assert_string_equal(f->subject, "kms01.contoso.com");
	assert_string_equal(fact_text(f, FIELD_HOST), "kms01.contoso.com");
	assert_int_equal(fact_number(f, FIELD_TTL_S, 0), INT64_C(4294967295));
	assert_true(fact_flag(f, FIELD_AUTHORITATIVE));
	assert_false(fact_flag(f, FIELD_SHARED));
	assert_true(fact_has(f, FIELD_SHARED));
	struct fact_list list = fact_list_of(f, FIELD_ADDRESSES);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.item[0], "192.0.2.7");
	assert_string_equal(list.item[1], "192.0.2.8");
	assert_true(fact_has(f, FIELD_ALIAS));
	assert_int_equal(fact_list_of(f, FIELD_ALIAS).count, 0);
}

static void test_fields_that_were_not_set_are_empty(void **state)
{
	struct fact *f = fact_new(store, FACT_DNS_SRV, "x");
	fact_set_text(store, f, FIELD_ZONE, NULL);
	assert_false(fact_has(f, FIELD_ZONE));
	assert_string_equal(fact_text(f, FIELD_ZONE), "");
	assert_int_equal(fact_number(f, FIELD_SERIAL, -7), -7);
	assert_false(fact_flag(f, FIELD_TRUNCATED));
	assert_int_equal(fact_list_of(f, FIELD_NAMES).count, 0);
	fact_set_number(store, f, FIELD_SERIAL, 0);
	assert_true(fact_has(f, FIELD_SERIAL));
	assert_int_equal(fact_number(f, FIELD_SERIAL, -7), 0);
}

static void test_names_compare_without_case(void **state)
{
	struct fact *f = fact_new(store, FACT_DNS_SRV, "x");
	fact_set_text(store, f, FIELD_SUFFIX, "Contoso.COM");
	assert_true(fact_is(f, FIELD_SUFFIX, "contoso.com"));
	assert_false(fact_is(f, FIELD_SUFFIX, "contoso.co"));
	assert_false(fact_is(f, FIELD_SUFFIX, "contoso.com.example"));
	assert_true(fact_is(f, FIELD_ZONE, ""));
}

/* Runs act in a child; whether an assertion ended it. */
static bool asserts(void (*act)(void))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		const struct rlimit no_core = { 0, 0 };
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGABRT, SIG_DFL);
		(void)close(STDERR_FILENO);
		act();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void set_by_its_type(void)
{
	fact_set_number(store, fact_new(store, FACT_DNS_SRV, "x"), FIELD_PORT, 1);
}

static void set_by_another_type(void)
{
	fact_set_text(store, fact_new(store, FACT_DNS_SRV, "x"), FIELD_PORT, "1");
}

static void set_after_putting_down(void)
{
	fact_set_number(store, put(FACT_DNS_SRV, "x"), FIELD_PORT, 1);
}

static void put_twice(void)
{
	fact_put(store, put(FACT_DNS_SRV, "x"));
}

static void test_misuse_is_caught(void **state)
{
	assert_false(asserts(set_by_its_type));
	assert_true(asserts(set_by_another_type));
	assert_true(asserts(set_after_putting_down));
	assert_true(asserts(put_twice));
}

static void test_each_field_has_a_type(void **state)
{
	assert_int_equal(fact_field_type(FIELD_HOST), FACT_TYPE_TEXT);
	assert_int_equal(fact_field_type(FIELD_PORT), FACT_TYPE_NUMBER);
	assert_int_equal(fact_field_type(FIELD_SHARED), FACT_TYPE_FLAG);
	assert_int_equal(fact_field_type(FIELD_NAMES), FACT_TYPE_LIST);
}

static void test_what_was_not_tested_is_kept_in_order(void **state)
{
	assert_null(fact_first_not_tested(store));
	fact_not_tested(store, CW_TEXT("IPv6"), CW_TEXT("no route"), false);
	fact_not_tested(store, CW_TEXT("%s", "update"), CW_TEXT("nobody asked"), true);
	const struct not_tested *first = fact_first_not_tested(store);
	assert_string_equal(first->what.msgid, "IPv6");
	assert_string_equal(first->why.msgid, "no route");
	assert_false(first->hides_cause);
	assert_string_equal(first->next->what.arg[0], "update");
	assert_true(first->next->hides_cause);
	assert_null(first->next->next);
	assert_int_equal(fact_count(store), 0);
}

static void assert_name(const char *name, const char *letters)
{
	assert_non_null(name);
	assert_true(strlen(name) > 0);
	assert_int_equal(strspn(name, letters), strlen(name));
}

static void test_names_of_the_lists_are_stable_and_differ(void **state)
{
	for (int i = 0; i < FACT_KIND_COUNT; i++) {
		const char *name = fact_kind_name((enum fact_kind)i);
		assert_name(name, "abcdefghijklmnopqrstuvwxyz.-");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, fact_kind_name((enum fact_kind)j));
	}
	for (int i = 0; i < FACT_FIELD_COUNT; i++) {
		const char *name = fact_field_name((enum fact_field)i);
		assert_name(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, fact_field_name((enum fact_field)j));
	}
	assert_string_equal(fact_kind_name(FACT_KIND_COUNT), "unknown");
	assert_string_equal(fact_field_name(FACT_FIELD_COUNT), "unknown");
}

/* FACT_BIT() makes sets of kinds in 64 bits. */
static void test_all_kinds_fit_a_set(void **state)
{
	assert_true(FACT_KIND_COUNT <= 64);
	uint64_t all = 0;
	for (int i = 0; i < FACT_KIND_COUNT; i++) {
		assert_int_equal(all & FACT_BIT(i), 0);
		all |= FACT_BIT(i);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_fact_is_numbered_and_visible_once_it_is_put_down),
		TEST(test_the_order_is_that_of_putting_down),
		TEST(test_kinds_are_walked_apart_and_in_order),
		TEST(test_fields_give_back_what_was_set),
		TEST(test_fields_that_were_not_set_are_empty),
		TEST(test_names_compare_without_case),
		TEST(test_misuse_is_caught),
		TEST(test_each_field_has_a_type),
		TEST(test_what_was_not_tested_is_kept_in_order),
		TEST(test_names_of_the_lists_are_stable_and_differ),
		TEST(test_all_kinds_fit_a_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
