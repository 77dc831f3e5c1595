/* Whether two messages say the same. */
#ifndef TEST_DNS_COMPARE_H
#define TEST_DNS_COMPARE_H

#include "codec/dns.h"

static inline void same_edns(const struct dns_edns *a, const struct dns_edns *b)
{
	assert_int_equal(a->present, b->present);
	assert_int_equal(a->udp_payload, b->udp_payload);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->dnssec_ok, b->dnssec_ok);
}

static inline void same_soa(const struct dns_soa *a, const struct dns_soa *b)
{
	assert_string_equal(a->mname, b->mname);
	assert_string_equal(a->rname, b->rname);
	assert_int_equal(a->serial, b->serial);
	assert_int_equal(a->refresh, b->refresh);
	assert_int_equal(a->retry, b->retry);
	assert_int_equal(a->expire, b->expire);
	assert_int_equal(a->minimum, b->minimum);
}

static inline void same_srv(const struct dns_srv *a, const struct dns_srv *b)
{
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->weight, b->weight);
	assert_int_equal(a->port, b->port);
	assert_string_equal(a->target, b->target);
}

static inline void same_rdata(const struct dns_rr *a, const struct dns_rr *b)
{
	switch (a->bad_rdata ? 0 : a->type) {
	case DNS_A:
		assert_memory_equal(a->address, b->address, 4);
		break;
	case DNS_AAAA:
		assert_memory_equal(a->address, b->address, 16);
		break;
	case DNS_SRV:
		same_srv(&a->srv, &b->srv);
		break;
	case DNS_SOA:
		same_soa(&a->soa, &b->soa);
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		assert_string_equal(a->name, b->name);
		break;
	case DNS_TXT:
		assert_string_equal(a->txt, b->txt);
		break;
	default:
		assert_int_equal(a->raw_len, b->raw_len);
		if (a->raw_len)
			assert_memory_equal(a->raw, b->raw, a->raw_len);
	}
}

static inline void same_rr(const struct dns_rr *a, const struct dns_rr *b)
{
	assert_int_equal(a->section, b->section);
	assert_string_equal(a->owner, b->owner);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->class_, b->class_);
	assert_int_equal(a->ttl_s, b->ttl_s);
	assert_int_equal(a->bad_rdata, b->bad_rdata);
	assert_int_equal(a->empty, b->empty);
	if (!a->empty)
		same_rdata(a, b);
}

static inline void same_message(const struct dns_message *a, const struct dns_message *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->response, b->response);
	assert_int_equal(a->authoritative, b->authoritative);
	assert_int_equal(a->truncated, b->truncated);
	assert_int_equal(a->recursion_desired, b->recursion_desired);
	assert_int_equal(a->recursion_available, b->recursion_available);
	assert_int_equal(a->opcode, b->opcode);
	assert_int_equal(a->rcode, b->rcode);
	assert_int_equal(a->question_count, b->question_count);
	if (a->question_count) {
		assert_string_equal(a->question.name, b->question.name);
		assert_int_equal(a->question.type, b->question.type);
		assert_int_equal(a->question.class_, b->question.class_);
	}
	same_edns(&a->edns, &b->edns);
	assert_int_equal(a->rr_count, b->rr_count);
	for (size_t i = 0; i < a->rr_count; i++)
		same_rr(&a->rr[i], &b->rr[i]);
}

#endif
