/* The codec beside ldns: what one writes the other reads, and they understand the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ldns/ldns.h>
#include <string.h>

#include "base/limits.h"
#include "codec/dns.h"

#include "dns-samples.h"

static int setup(void **state)
{
	*state = cw_arena_new();
	return 0;
}

static int teardown(void **state)
{
	cw_arena_free(*state);
	return 0;
}

/* Our text and their name, compared as wire. */
static bool is_same_name(const char *text, const ldns_rdf *name)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	struct cw_wr w = cw_wr_of(wire, sizeof(wire));
	return dns_name_to_wire(text, &w) == CW_OK && w.len == ldns_rdf_size(name) &&
	       memcmp(wire, ldns_rdf_data(name), w.len) == 0;
}

static bool is_same_octets(const void *octets, size_t len, const ldns_rdf *rdf)
{
	return ldns_rdf_size(rdf) == len && memcmp(ldns_rdf_data(rdf), octets, len) == 0;
}

static bool is_same_srv(const struct dns_srv *srv, const ldns_rr *theirs)
{
	return srv->priority == ldns_rdf2native_int16(ldns_rr_rdf(theirs, 0)) &&
	       srv->weight == ldns_rdf2native_int16(ldns_rr_rdf(theirs, 1)) &&
	       srv->port == ldns_rdf2native_int16(ldns_rr_rdf(theirs, 2)) &&
	       is_same_name(srv->target, ldns_rr_rdf(theirs, 3));
}

static bool is_same_soa(const struct dns_soa *soa, const ldns_rr *theirs)
{
	return is_same_name(soa->mname, ldns_rr_rdf(theirs, 0)) &&
	       is_same_name(soa->rname, ldns_rr_rdf(theirs, 1)) &&
	       soa->serial == ldns_rdf2native_int32(ldns_rr_rdf(theirs, 2)) &&
	       soa->refresh == ldns_rdf2native_int32(ldns_rr_rdf(theirs, 3)) &&
	       soa->retry == ldns_rdf2native_int32(ldns_rr_rdf(theirs, 4)) &&
	       soa->expire == ldns_rdf2native_int32(ldns_rr_rdf(theirs, 5)) &&
	       soa->minimum == ldns_rdf2native_int32(ldns_rr_rdf(theirs, 6));
}

/* The first string, told by its length octet; our text is decoded by our encoder. */
static bool is_same_txt(const struct dns_rr *rr, const ldns_rr *theirs)
{
	uint8_t buf[600];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dns_rr one = *rr;
	const struct dns_message m = { .rr = &one, .rr_count = 1 };
	one.owner = ".";
	one.section = DNS_ANSWER;
	if (dns_message_encode(&w, &m) != CW_OK)
		return false;
	return is_same_octets(buf + 12 + 11, w.len - 12 - 11, ldns_rr_rdf(theirs, 0));
}

static bool is_same_rdata(const struct dns_rr *rr, const ldns_rr *theirs)
{
	if (rr->empty)
		return true;
	switch (rr->type) {
	case DNS_A:
		return is_same_octets(rr->address, 4, ldns_rr_rdf(theirs, 0));
	case DNS_AAAA:
		return is_same_octets(rr->address, 16, ldns_rr_rdf(theirs, 0));
	case DNS_SRV:
		return is_same_srv(&rr->srv, theirs);
	case DNS_SOA:
		return is_same_soa(&rr->soa, theirs);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return is_same_name(rr->name, ldns_rr_rdf(theirs, 0));
	case DNS_TXT:
		return is_same_txt(rr, theirs);
	default:
		return true; /* ldns reads many types that are opaque to us */
	}
}

static bool is_same_rr(const struct dns_rr *rr, const ldns_rr *theirs)
{
	return is_same_name(rr->owner, ldns_rr_owner(theirs)) &&
	       rr->type == (uint16_t)ldns_rr_get_type(theirs) &&
	       rr->class_ == (uint16_t)ldns_rr_get_class(theirs) &&
	       rr->ttl_s == ldns_rr_ttl(theirs) && is_same_rdata(rr, theirs);
}

static bool is_same_header(const struct dns_message *m, const ldns_pkt *theirs)
{
	return m->id == ldns_pkt_id(theirs) && m->response == ldns_pkt_qr(theirs) &&
	       m->authoritative == ldns_pkt_aa(theirs) && m->truncated == ldns_pkt_tc(theirs) &&
	       m->recursion_desired == ldns_pkt_rd(theirs) &&
	       m->recursion_available == ldns_pkt_ra(theirs) &&
	       m->opcode == (uint8_t)ldns_pkt_get_opcode(theirs) &&
	       (m->rcode & 0xf) == (uint16_t)ldns_pkt_get_rcode(theirs) &&
	       m->question_count == ldns_pkt_qdcount(theirs);
}

static bool is_same_question(const struct dns_message *m, const ldns_pkt *theirs)
{
	if (!m->question_count)
		return true;
	const ldns_rr *q = ldns_rr_list_rr(ldns_pkt_question(theirs), 0);
	return is_same_name(m->question.name, ldns_rr_owner(q)) &&
	       m->question.type == (uint16_t)ldns_rr_get_type(q) &&
	       m->question.class_ == (uint16_t)ldns_rr_get_class(q);
}

static bool is_same_edns(const struct dns_message *m, const ldns_pkt *theirs)
{
	if (!m->edns.present)
		return !ldns_pkt_edns(theirs);
	return m->edns.udp_payload == ldns_pkt_edns_udp_size(theirs) &&
	       m->edns.version == ldns_pkt_edns_version(theirs) &&
	       m->edns.dnssec_ok == ldns_pkt_edns_do(theirs) &&
	       m->rcode >> 4 == ldns_pkt_edns_extended_rcode(theirs);
}

static size_t same_records(const struct dns_message *m, enum dns_section section, size_t from,
			   const ldns_rr_list *theirs)
{
	size_t count = ldns_rr_list_rr_count(theirs);
	for (size_t i = 0; i < count; i++) {
		if (from == m->rr_count || m->rr[from].section != section ||
		    !is_same_rr(&m->rr[from], ldns_rr_list_rr(theirs, i)))
			return SIZE_MAX;
		from++;
	}
	return from;
}

static bool is_same_message(const struct dns_message *m, const ldns_pkt *theirs)
{
	if (!is_same_header(m, theirs) || !is_same_question(m, theirs) || !is_same_edns(m, theirs))
		return false;
	size_t at = same_records(m, DNS_ANSWER, 0, ldns_pkt_answer(theirs));
	if (at != SIZE_MAX)
		at = same_records(m, DNS_AUTHORITY, at, ldns_pkt_authority(theirs));
	if (at != SIZE_MAX)
		at = same_records(m, DNS_ADDITIONAL, at, ldns_pkt_additional(theirs));
	return at == m->rr_count && m->has_tsig == (ldns_pkt_tsig(theirs) != NULL);
}

static void check_read_by_ldns(const struct dns_message *m)
{
	uint8_t buf[2048];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	ldns_pkt *theirs;
	assert_int_equal(dns_message_encode(&w, m), CW_OK);
	assert_int_equal(ldns_wire2pkt(&theirs, buf, w.len), LDNS_STATUS_OK);
	assert_true(is_same_message(m, theirs));
	ldns_pkt_free(theirs);
}

static void test_ldns_reads_what_we_write(void **state)
{
	check_read_by_ldns(&sample_answer);
	struct dns_message m = sample_update;
	struct dns_rr rr[COUNT_OF(sample_update_rr)];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(rr); i++) { /* ldns does not read empty rdata of types */
		if (!sample_update_rr[i].empty)
			rr[count++] = sample_update_rr[i];
	}
	m.rr = rr;
	m.rr_count = count;
	check_read_by_ldns(&m);
}

static const char *const zone_lines[] = {
	"_vlmcs._tcp.contoso.com. 3600 IN SRV 0 0 1688 kms01.contoso.com.",
	"_VLMCS._tcp.contoso.com. 3600 IN SRV 65535 65535 65535 .",
	"contoso.com. 1 IN SOA ns1.contoso.com. host\\.master.contoso.com. 4294967295 1 2 3 4",
	"contoso.com. 0 IN NS ns1.contoso.com.",
	"x.contoso.com. 7 IN CNAME y.contoso.com.",
	"7.2.0.192.in-addr.arpa. 7 IN PTR kms01.contoso.com.",
	"kms01.contoso.com. 4294967295 IN A 192.0.2.7",
	"kms01.contoso.com. 5 IN AAAA 2001:db8::7",
	"contoso.com. 5 IN TXT \"one \\\"string\\\" \\\\ \\000\\255\" \"and another\"",
	"contoso.com. 5 IN TXT \"\"",
	"contoso.com. 5 IN MX 10 mail.contoso.com.",
	"b\\195\\188ro\\.x.contoso.com. 5 IN A 192.0.2.8",
	"*.contoso.com. 5 IN A 192.0.2.9",
	". 5 IN NS a.root-servers.net.",
	"contoso.com. 5 IN TYPE65280 \\# 4 01020304",
};

static ldns_pkt *packet_of_lines(size_t from)
{
	ldns_pkt *pkt =
		ldns_pkt_query_new(ldns_dname_new_frm_str("_vlmcs._tcp.contoso.com."),
				   LDNS_RR_TYPE_SRV, LDNS_RR_CLASS_IN, LDNS_QR | LDNS_AA | LDNS_RA);
	assert_non_null(pkt);
	for (size_t i = 0; i < COUNT_OF(zone_lines); i++) {
		ldns_rr *rr;
		const char *line = zone_lines[(from + i) % COUNT_OF(zone_lines)];
		if (ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) != LDNS_STATUS_OK)
			fail_msg("ldns does not read \"%s\"", line);
		ldns_pkt_push_rr(pkt, (ldns_pkt_section)(LDNS_SECTION_ANSWER + i % 3), rr);
	}
	ldns_pkt_set_edns_udp_size(pkt, 4096);
	ldns_pkt_set_edns_do(pkt, true);
	return pkt;
}

static void test_we_read_what_ldns_writes(void **state)
{
	for (size_t from = 0; from < COUNT_OF(zone_lines); from++) {
		ldns_pkt *pkt = packet_of_lines(from), *theirs;
		uint8_t *wire;
		size_t len;
		struct dns_message m;
		assert_int_equal(ldns_pkt2wire(&wire, pkt, &len), LDNS_STATUS_OK);
		assert_int_equal(ldns_wire2pkt(&theirs, wire, len), LDNS_STATUS_OK);
		assert_int_equal(dns_message_decode(wire, len, *state, &m), CW_OK);
		assert_true(is_same_message(&m, theirs));
		ldns_pkt_free(theirs);
		ldns_pkt_free(pkt);
		LDNS_FREE(wire);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13; /* xorshift32 */
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* ldns reads the rdata of some types, such as X25, without regard to the length that is given, so
 * only records of our own types and private ones are laid beside each other. */
static bool is_comparable(const struct dns_message *m)
{
	char buf[16];
	for (size_t i = 0; i < m->rr_count; i++) {
		const struct dns_rr *rr = &m->rr[i];
		if (rr->bad_rdata || rr->empty)
			return false;
		if (rr->type < 65280 && strncmp(dns_type_name(rr->type, buf), "TYPE", 4) == 0 &&
		    rr->type != LDNS_RR_TYPE_MX)
			return false;
	}
	return !m->trailing;
}

/* Octets changed at random: what both read they must read as the same. */
static void test_same_view_of_damaged_messages(void **state)
{
	ldns_pkt *pkt = packet_of_lines(0);
	uint8_t *wire;
	size_t len;
	uint32_t seed = 20240229;
	unsigned both = 0, neither = 0;
	assert_int_equal(ldns_pkt2wire(&wire, pkt, &len), LDNS_STATUS_OK);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t damaged[2048];
		struct cw_arena *arena = cw_arena_new();
		struct dns_message m;
		ldns_pkt *theirs = NULL;
		memcpy(damaged, wire, len);
		for (uint32_t n = next_random(&seed) % 4; n + 1; n--)
			damaged[next_random(&seed) % len] = (uint8_t)next_random(&seed);
		bool we = dns_message_decode(damaged, len, arena, &m) == CW_OK;
		bool they = ldns_wire2pkt(&theirs, damaged, len) == LDNS_STATUS_OK;
		if (we && they && is_comparable(&m)) {
			if (!is_same_message(&m, theirs))
				fail_msg("round %u: ldns reads another message", round);
			both++;
		}
		neither += !we && !they;
		if (they)
			ldns_pkt_free(theirs);
		cw_arena_free(arena);
	}
	ldns_pkt_free(pkt);
	LDNS_FREE(wire);
	assert_true(both > 1000 && neither > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ldns_reads_what_we_write),
		cmocka_unit_test(test_we_read_what_ldns_writes),
		cmocka_unit_test(test_same_view_of_damaged_messages),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
