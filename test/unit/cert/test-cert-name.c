#include "cert_bench.h"

/* Whether the name is in a certificate with this CN and these SAN entries: "ws" for Windows and
 * strict, "w" for Windows alone, "" for neither. */
static const char *verdict(struct bench *b, const char *cn, const char *san, const char *name)
{
	struct ca_spec s = root_spec();
	struct cert_set *set = cert_set_new();
	s.name = cn;
	s.san = san;
	put(set, issue(b, s), "test");
	struct cert_name_verdict v = cert_name_judge(b->arena, cert_set_at(set, 0), name);
	cert_set_free(set);
	assert_true(v.judged);
	assert_int_equal(v.matched != NULL, v.windows);
	return v.windows && v.strict ? "ws" : v.windows ? "w" : v.strict ? "s" : "";
}

static void compares_dns_names(void **state)
{
	static const struct {
		const char *san, *name, *want;
	} rows[] = {
		{ "DNS:vpn.contoso.com", "vpn.contoso.com", "ws" },
		{ "DNS:vpn.contoso.com", "VPN.Contoso.COM.", "ws" },
		{ "DNS:vpn.contoso.com", "contoso.com", "" },
		{ "DNS:contoso.com", "vpn.contoso.com", "" },
		{ "DNS:*.contoso.com", "vpn.contoso.com", "ws" },
		{ "DNS:*.contoso.com", "a.vpn.contoso.com", "" },
		{ "DNS:*.contoso.com", "contoso.com", "" },
		{ "DNS:*.contoso.com", ".contoso.com", "" },
		{ "DNS:vpn*.contoso.com", "vpn1.contoso.com", "" },
		{ "DNS:a.*.contoso.com", "a.vpn.contoso.com", "" },
		{ "DNS:*", "contoso", "" },
		{ "DNS:other.com,DNS:vpn.contoso.com", "vpn.contoso.com", "ws" },
		{ "DNS:xn--bcher-kva.example",
		  "b\xc3\xbc"
		  "cher.example",
		  "ws" },
		{ "DNS:vpn.contoso.com", "192.0.2.1", "" },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(verdict(b, "x", rows[i].san, rows[i].name), rows[i].want);
}

static void falls_back_to_the_common_name(void **state)
{
	struct bench *b = *state;
	assert_string_equal(verdict(b, "vpn.contoso.com", NULL, "vpn.contoso.com"), "w");
	assert_string_equal(verdict(b, "*.contoso.com", NULL, "vpn.contoso.com"), "w");
	assert_string_equal(verdict(b, "vpn.contoso.com", "IP:192.0.2.1", "vpn.contoso.com"), "w");
	assert_string_equal(verdict(b, "vpn.contoso.com", "DNS:x.example", "vpn.contoso.com"), "");
	assert_string_equal(verdict(b, NULL, NULL, "vpn.contoso.com"), "");
}

static void compares_addresses(void **state)
{
	struct bench *b = *state;
	assert_string_equal(verdict(b, "x", "IP:192.0.2.1", "192.0.2.1"), "ws");
	assert_string_equal(verdict(b, "x", "IP:192.0.2.2", "192.0.2.1"), "");
	assert_string_equal(verdict(b, "x", "IP:2001:db8::1", "2001:DB8:0::1"), "ws");
	assert_string_equal(verdict(b, "x", "DNS:192.0.2.1", "192.0.2.1"), "w");
	assert_string_equal(verdict(b, "192.0.2.1", NULL, "192.0.2.1"), "w");
	assert_string_equal(verdict(b, "192.0.2.1", "DNS:vpn.contoso.com", "192.0.2.1"), "w");
	assert_string_equal(verdict(b, "*.0.2.1", "DNS:*.0.2.1", "192.0.2.1"), "");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(compares_dns_names),
		CASE(falls_back_to_the_common_name),
		CASE(compares_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
