#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/limits.h"
#include "proto/dns_judge.h"

static struct dns_rr rr(enum dns_section section, const char *owner, uint16_t type,
			const char *name)
{
	return (struct dns_rr){ .section = section,
				.owner = owner,
				.type = type,
				.class_ = DNS_CLASS_IN,
				.name = name };
}

static const char *alias;

static enum cw_outcome judge(uint16_t rcode, bool authoritative, const struct dns_rr *records,
			     size_t count, uint16_t type)
{
	struct dns_message m = { .response = true,
				 .rcode = rcode,
				 .authoritative = authoritative,
				 .rr = records,
				 .rr_count = count };
	alias = "untouched";
	return dns_judge_query(&m, "www.contoso.com", type, &alias);
}

static void test_rcodes(void **state)
{
	static const struct {
		uint16_t rcode;
		enum cw_outcome outcome;
	} rows[] = { { DNS_FORMERR, CW_OUT_FORMAT_ERROR },
		     { DNS_SERVFAIL, CW_OUT_SERVER_FAILURE },
		     { DNS_NXDOMAIN, CW_OUT_NAME_MISSING },
		     { DNS_NOTIMP, CW_OUT_NOT_IMPLEMENTED },
		     { DNS_REFUSED, CW_OUT_REFUSED_BY_SERVER },
		     { DNS_NOTAUTH, CW_OUT_NOT_AUTH },
		     { DNS_YXDOMAIN, CW_OUT_OTHER_RCODE },
		     { DNS_BADVERS, CW_OUT_OTHER_RCODE },
		     { 4095, CW_OUT_OTHER_RCODE },
		     { DNS_NOERROR, CW_OUT_NO_DATA } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(judge(rows[i].rcode, false, NULL, 0, DNS_A), rows[i].outcome);
		assert_null(alias);
	}
}

static void test_a_record_of_the_name_and_type(void **state)
{
	struct dns_rr a = rr(DNS_ANSWER, "WWW.contoso.com", DNS_A, NULL);
	assert_int_equal(judge(0, false, &a, 1, DNS_A), CW_OUT_OK);
	assert_int_equal(judge(0, false, &a, 1, DNS_ANY), CW_OUT_OK);
	assert_int_equal(judge(0, false, &a, 1, DNS_AAAA), CW_OUT_NO_DATA);
	a.owner = "w.contoso.com";
	assert_int_equal(judge(0, false, &a, 1, DNS_A), CW_OUT_NO_DATA);
	a = rr(DNS_ADDITIONAL, "www.contoso.com", DNS_A, NULL);
	assert_int_equal(judge(0, false, &a, 1, DNS_A), CW_OUT_NO_DATA);
	a = rr(DNS_ANSWER, "www.contoso.com", DNS_A, NULL);
	a.class_ = 3;
	assert_int_equal(judge(0, false, &a, 1, DNS_A), CW_OUT_NO_DATA);
}

static void test_an_alias_in_any_order(void **state)
{
	struct dns_rr chain[] = { rr(DNS_ANSWER, "b.contoso.com", DNS_A, NULL),
				  rr(DNS_ANSWER, "a.contoso.com", DNS_CNAME, "B.contoso.com"),
				  rr(DNS_ANSWER, "www.contoso.com", DNS_CNAME, "a.contoso.com") };
	assert_int_equal(judge(0, false, chain, 3, DNS_A), CW_OUT_OK);
	assert_string_equal(alias, "B.contoso.com");
	assert_int_equal(judge(0, false, chain, 3, DNS_CNAME), CW_OUT_OK);
	assert_null(alias);
	assert_int_equal(judge(0, false, chain + 1, 2, DNS_A), CW_OUT_REFERRAL);
	assert_string_equal(alias, "B.contoso.com");
	assert_int_equal(judge(DNS_NXDOMAIN, false, chain + 1, 2, DNS_A), CW_OUT_NAME_MISSING);
	assert_string_equal(alias, "B.contoso.com");
}

/* Where the server says nothing of the alias's end, nothing is proven; an SOA proves it. */
static void test_a_dangling_alias_proves_nothing(void **state)
{
	struct dns_rr chain[] = { rr(DNS_ANSWER, "www.contoso.com", DNS_CNAME, "a.fabrikam.com"),
				  rr(DNS_AUTHORITY, "fabrikam.com", DNS_NS, "ns.fabrikam.com") };
	assert_int_equal(judge(0, false, chain, 2, DNS_A), CW_OUT_REFERRAL);
	assert_int_equal(judge(0, true, chain, 1, DNS_A), CW_OUT_REFERRAL);
	chain[1] = rr(DNS_AUTHORITY, "fabrikam.com", DNS_SOA, NULL);
	assert_int_equal(judge(0, false, chain, 2, DNS_A), CW_OUT_NO_DATA);
}

static void test_loops(void **state)
{
	struct dns_rr chain[] = { rr(DNS_ANSWER, "www.contoso.com", DNS_CNAME, "a.contoso.com"),
				  rr(DNS_ANSWER, "a.contoso.com", DNS_CNAME, "WWW.contoso.com") };
	struct dns_rr self = rr(DNS_ANSWER, "www.contoso.com", DNS_CNAME, "www.contoso.com");
	assert_int_equal(judge(0, false, chain, 2, DNS_A), CW_OUT_LOOP);
	assert_int_equal(judge(0, false, &self, 1, DNS_A), CW_OUT_LOOP);
	assert_int_equal(judge(DNS_SERVFAIL, false, chain, 2, DNS_A), CW_OUT_SERVER_FAILURE);
}

static void test_the_longest_chain(void **state)
{
	char name[LIMIT_DNS_ALIASES + 2][32];
	struct dns_rr chain[LIMIT_DNS_ALIASES + 2];
	(void)snprintf(name[0], sizeof(name[0]), "www.contoso.com");
	for (unsigned i = 1; i < LIMIT_DNS_ALIASES + 2; i++)
		(void)snprintf(name[i], sizeof(name[i]), "a%u.contoso.com", i);
	for (unsigned i = 0; i < LIMIT_DNS_ALIASES + 1; i++)
		chain[i] = rr(DNS_ANSWER, name[i], DNS_CNAME, name[i + 1]);
	/* LIMIT_DNS_ALIASES steps and the address behind them. */
	chain[LIMIT_DNS_ALIASES] = rr(DNS_ANSWER, name[LIMIT_DNS_ALIASES], DNS_A, NULL);
	assert_int_equal(judge(0, false, chain, LIMIT_DNS_ALIASES + 1, DNS_A), CW_OUT_OK);
	assert_string_equal(alias, name[LIMIT_DNS_ALIASES]);
	/* One step more. */
	chain[LIMIT_DNS_ALIASES] =
		rr(DNS_ANSWER, name[LIMIT_DNS_ALIASES], DNS_CNAME, name[LIMIT_DNS_ALIASES + 1]);
	chain[LIMIT_DNS_ALIASES + 1] = rr(DNS_ANSWER, name[LIMIT_DNS_ALIASES + 1], DNS_A, NULL);
	assert_int_equal(judge(0, false, chain, LIMIT_DNS_ALIASES + 2, DNS_A), CW_OUT_LOOP);
}

static void test_referrals(void **state)
{
	struct dns_rr ns = rr(DNS_AUTHORITY, "contoso.com", DNS_NS, "ns1.contoso.com");
	struct dns_rr both[] = { ns, rr(DNS_AUTHORITY, "contoso.com", DNS_SOA, NULL) };
	struct dns_rr glue[] = { ns, rr(DNS_ADDITIONAL, "ns1.contoso.com", DNS_A, NULL) };
	assert_int_equal(judge(0, false, &ns, 1, DNS_A), CW_OUT_REFERRAL);
	assert_int_equal(judge(0, false, glue, 2, DNS_A), CW_OUT_REFERRAL);
	assert_int_equal(judge(0, true, &ns, 1, DNS_A), CW_OUT_NO_DATA);
	assert_int_equal(judge(0, false, both, 2, DNS_A), CW_OUT_NO_DATA);
	assert_int_equal(judge(DNS_NXDOMAIN, false, &ns, 1, DNS_A), CW_OUT_NAME_MISSING);
}

static void test_an_unreadable_record_is_there(void **state)
{
	struct dns_rr bad = rr(DNS_ANSWER, "www.contoso.com", DNS_SRV, "");
	bad.bad_rdata = true;
	assert_int_equal(judge(0, false, &bad, 1, DNS_SRV), CW_OUT_OK);
	bad.type = DNS_CNAME; /* but an alias that cannot be read leads nowhere */
	assert_int_equal(judge(0, false, &bad, 1, DNS_SRV), CW_OUT_NO_DATA);
	assert_null(alias);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rcodes),
		cmocka_unit_test(test_a_record_of_the_name_and_type),
		cmocka_unit_test(test_an_alias_in_any_order),
		cmocka_unit_test(test_a_dangling_alias_proves_nothing),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_the_longest_chain),
		cmocka_unit_test(test_referrals),
		cmocka_unit_test(test_an_unreadable_record_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
