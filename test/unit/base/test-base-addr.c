#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/addr.h"

static struct cw_addr parsed(const char *text)
{
	struct cw_addr a;
	if (!cw_addr_parse_port(text, 0, &a))
		fail_msg("want an address, have %s", text);
	return a;
}

static void test_reads_an_address_alone(void **state)
{
	static const uint8_t v4[] = { 192, 0, 2, 7 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
	struct cw_addr a;
	assert_true(cw_addr_parse("192.0.2.7", &a));
	assert_int_equal(a.family, CW_IPV4);
	assert_memory_equal(a.bytes, v4, sizeof(v4));
	assert_int_equal(a.port, 0);
	assert_true(cw_addr_parse("2001:db8::7", &a));
	assert_int_equal(a.family, CW_IPV6);
	assert_memory_equal(a.bytes, v6, sizeof(v6));
	assert_int_equal(a.scope, 0);
	assert_true(cw_addr_parse("fe80::1%4294967295", &a));
	assert_int_equal(a.scope, UINT32_MAX);
}

static void test_refuses_what_is_no_address(void **state)
{
	static const char *const no[] = {
		"",
		"kms01",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.7.",
		" 192.0.2.7",
		"192.0.2.7 ",
		"192.0.2.7%1",
		"[::1]",
		"::1:::",
		"fe80::1%",
		"fe80::1%x",
		"fe80::1%-1",
		"fe80::1%4294967296",
		"fe80::1%1%2",
		"192.0.2.7:53",
		"012345678901234567890123456789012345678901234567890123456789::1",
	};
	struct cw_addr untouched = { .family = CW_IPV6, .port = 4711 };
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct cw_addr a = untouched;
		if (cw_addr_parse(no[i], &a))
			fail_msg("want a refusal of '%s'", no[i]);
		assert_memory_equal(&a, &untouched, sizeof(a));
	}
}

static void test_reads_a_port(void **state)
{
	static const struct {
		const char *text;
		enum cw_family family;
		uint16_t port;
	} yes[] = {
		{ "192.0.2.7", CW_IPV4, 53 },          { "192.0.2.7:5353", CW_IPV4, 5353 },
		{ "192.0.2.7:65535", CW_IPV4, 65535 }, { "::1", CW_IPV6, 53 },
		{ "2001:db8::1:5353", CW_IPV6, 53 },   { "[::1]", CW_IPV6, 53 },
		{ "[::1]:5353", CW_IPV6, 5353 },       { "[fe80::1%2]:1", CW_IPV6, 1 },
	};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		struct cw_addr a;
		if (!cw_addr_parse_port(yes[i].text, 53, &a))
			fail_msg("want an address, have %s", yes[i].text);
		assert_int_equal(a.family, yes[i].family);
		assert_int_equal(a.port, yes[i].port);
	}
}

static void test_refuses_what_is_no_port(void **state)
{
	static const char *const no[] = {
		"192.0.2.7:",
		"192.0.2.7:0",
		"192.0.2.7:65536",
		"192.0.2.7:-1",
		"192.0.2.7:+1",
		"192.0.2.7: 1",
		"192.0.2.7:1x",
		"[::1",
		"[::1]x",
		"[::1]:",
		"[::1]:99999999999",
		"[]:53",
		":53",
		"[]",
		"]",
	};
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct cw_addr a;
		if (cw_addr_parse_port(no[i], 53, &a))
			fail_msg("want a refusal of '%s'", no[i]);
	}
}

static void test_writes_what_it_reads(void **state)
{
	static const char *const texts[] = {
		"192.0.2.7:53",     "0.0.0.0:1",
		"[2001:db8::1]:53", "[::]:65535",
		"[fe80::1%3]:53",   "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cw_addr a = parsed(texts[i]);
		char out[CW_ADDR_TEXT];
		assert_string_equal(cw_addr_port_text(&a, out), texts[i]);
		struct cw_addr bare;
		assert_true(cw_addr_parse(cw_addr_text(&a, out), &bare));
		assert_true(cw_addr_same(&a, &bare));
	}
	char out[CW_ADDR_TEXT];
	assert_string_equal(cw_addr_text(&(struct cw_addr){ 0 }, out), "-");
}

static void test_same_looks_at_all_that_counts(void **state)
{
	struct cw_addr a = parsed("192.0.2.7:53"), b = parsed("192.0.2.7:54");
	assert_true(cw_addr_same(&a, &b));
	assert_false(cw_addr_same_port(&a, &b));
	b.port = 53;
	b.bytes[15] = 1; /* not part of an IPv4 address */
	assert_true(cw_addr_same_port(&a, &b));
	b = parsed("192.0.2.8:53");
	assert_false(cw_addr_same(&a, &b));
	a = parsed("fe80::1%1");
	b = parsed("fe80::1%2");
	assert_false(cw_addr_same(&a, &b));
	a = parsed("0.0.0.0");
	b = parsed("::");
	assert_false(cw_addr_same(&a, &b));
	a = parsed("2001:db8::1");
	b = parsed("2001:db8::2");
	assert_false(cw_addr_same(&a, &b));
}

static void test_knows_loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} rows[] = {
		{ "127.0.0.1", true },  { "127.9.9.9", true }, { "::1", true },
		{ "128.0.0.1", false }, { "::", false },       { "::2", false },
		{ "0.0.0.0", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cw_addr a = parsed(rows[i].text);
		if (cw_addr_is_loopback(&a) != rows[i].loopback)
			fail_msg("%s: want %d", rows[i].text, rows[i].loopback);
	}
}

static void test_names_for_reverse_lookup(void **state)
{
	char out[80];
	struct cw_addr a = parsed("192.0.2.7");
	assert_string_equal(cw_addr_reverse_name(&a, out), "7.2.0.192.in-addr.arpa");
	a = parsed("255.255.255.255");
	assert_string_equal(cw_addr_reverse_name(&a, out), "255.255.255.255.in-addr.arpa");
	/* The example of RFC 3596 2.5. */
	a = parsed("4321:0:1:2:3:4:567:89ab");
	assert_string_equal(cw_addr_reverse_name(&a, out),
			    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4."
			    "ip6.arpa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_an_address_alone),
		cmocka_unit_test(test_refuses_what_is_no_address),
		cmocka_unit_test(test_reads_a_port),
		cmocka_unit_test(test_refuses_what_is_no_port),
		cmocka_unit_test(test_writes_what_it_reads),
		cmocka_unit_test(test_same_looks_at_all_that_counts),
		cmocka_unit_test(test_knows_loopback),
		cmocka_unit_test(test_names_for_reverse_lookup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
