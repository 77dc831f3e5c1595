#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "codec/resolv_conf.h"

static struct resolver_settings parse(struct cw_arena *a, const char *text)
{
	struct resolver_settings s = { 0 };
	resolv_conf_parse(text, strlen(text), a, &s);
	return s;
}

static void reads_servers_and_suffixes(void **state)
{
	struct cw_arena *a = cw_arena_new();
	char text[CW_ADDR_TEXT];
	struct resolver_settings s = parse(a, "# a comment\r\n"
					      "search contoso.com corp.contoso.com. CONTOSO.COM\r\n"
					      "nameserver 10.0.0.10\n"
					      "nameserver\t10.0.0.10\n"
					      "nameserver 2001:db8::10\n"
					      "options ndots:2\n"
					      "nameserver not-an-address");
	assert_int_equal(s.outcome, CW_OUT_OK);
	assert_int_equal(s.server_count, 2);
	assert_string_equal(cw_addr_port_text(&s.server[0], text), "10.0.0.10:53");
	assert_string_equal(cw_addr_port_text(&s.server[1], text), "[2001:db8::10]:53");
	assert_int_equal(s.suffix_count, 2);
	assert_string_equal(s.suffix[0], "contoso.com");
	assert_string_equal(s.suffix[1], "corp.contoso.com");
	cw_arena_free(a);
}

static void lets_the_last_search_line_count(void **state)
{
	struct cw_arena *a = cw_arena_new();
	struct resolver_settings s = parse(a, "search a.example b.example\ndomain c.example\n");
	assert_int_equal(s.suffix_count, 1);
	assert_string_equal(s.suffix[0], "c.example");
	cw_arena_free(a);
}

static void finds_nothing_in_nothing(void **state)
{
	struct cw_arena *a = cw_arena_new();
	struct resolver_settings s = parse(a, "");
	assert_int_equal(s.outcome, CW_OUT_OK);
	assert_int_equal(s.server_count + s.suffix_count, 0);
	cw_arena_free(a);
}

static void stops_at_what_it_can_hold(void **state)
{
	struct cw_arena *a = cw_arena_new();
	char *text = cw_arena_str(a, "");
	for (int i = 1; i < 100; i++)
		text = cw_arena_fmt(a, "%snameserver 10.0.0.%d\n", text, i);
	struct resolver_settings s = parse(a, text);
	assert_int_equal(s.server_count, RESOLVERS_MOST);
	cw_arena_free(a);
}

static void bears_nul_bytes(void **state)
{
	struct cw_arena *a = cw_arena_new();
	struct resolver_settings s = { 0 };
	static const char text[] = "nameserver 10.0.0.1\0junk\nnameserver 10.0.0.2";
	resolv_conf_parse(text, sizeof(text) - 1, a, &s);
	assert_int_equal(s.server_count, 2);
	cw_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_servers_and_suffixes),
		cmocka_unit_test(lets_the_last_search_line_count),
		cmocka_unit_test(finds_nothing_in_nothing),
		cmocka_unit_test(stops_at_what_it_can_hold),
		cmocka_unit_test(bears_nul_bytes),
	};
	return cmocka_run_group_tests_name("resolv-conf", tests, NULL, NULL);
}
