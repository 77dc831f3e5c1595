/* Any octets as a DNS message: what is read can be written, and is then read as the same. */
#include "fuzz.h"

#include <string.h>

#include "base/limits.h"
#include "codec/dns.h"

static void check_name(const char *name)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	char again[LIMIT_DNS_NAME_TEXT];
	struct cw_wr w = cw_wr_of(wire, sizeof(wire));
	REQUIRE(dns_name_to_wire(name, &w) == CW_OK);
	struct cw_rd r = cw_rd_of(wire, w.len);
	REQUIRE(dns_name_read(&r, wire, w.len, again) == CW_OK && cw_rd_ended(&r));
	REQUIRE(strcmp(again, name) == 0);
	REQUIRE(dns_name_equal(name, again) && dns_name_within(name, dns_name_parent(name)));
	REQUIRE(dns_name_labels(name) <= LIMIT_DNS_LABELS);
}

/* Returns whether each rdata was readable. */
static bool check_records(const struct dns_message *m)
{
	bool readable = true;
	for (size_t i = 0; i < m->rr_count; i++) {
		const struct dns_rr *rr = &m->rr[i];
		check_name(rr->owner);
		readable = readable && !rr->bad_rdata;
		if (rr->type == DNS_SRV && !rr->bad_rdata && !rr->empty)
			check_name(rr->srv.target);
		if (rr->type == DNS_SRV && (rr->bad_rdata || rr->empty))
			REQUIRE(strcmp(rr->srv.target, "") == 0);
		REQUIRE(rr->section >= DNS_ANSWER && rr->section <= DNS_ADDITIONAL);
		REQUIRE(!i || rr->section >= m->rr[i - 1].section);
	}
	return readable;
}

static void check_peek(const uint8_t *data, size_t size, const struct dns_message *m)
{
	struct dns_message peeked;
	char name[LIMIT_DNS_NAME_TEXT];
	REQUIRE(dns_header_peek(data, size, &peeked, name) == CW_OK);
	REQUIRE(peeked.id == m->id && peeked.response == m->response);
	REQUIRE(strcmp(peeked.question.name, m->question.name) == 0);
	REQUIRE(peeked.question.type == m->question.type);
}

/* Written, read and written again: the second is the first. */
static void check_round_trip(struct dns_message *m, struct cw_arena *arena)
{
	uint8_t *first = cw_arena_alloc(arena, LIMIT_DNS_MESSAGE);
	uint8_t *second = cw_arena_alloc(arena, LIMIT_DNS_MESSAGE);
	struct cw_wr w = cw_wr_of(first, LIMIT_DNS_MESSAGE);
	struct dns_message back;
	m->question_count = m->question_count > 0;
	enum cw_ec ec = dns_message_encode(&w, m);
	REQUIRE(ec == CW_OK || ec == CW_ETOOBIG);
	if (ec != CW_OK)
		return;
	REQUIRE(dns_message_decode(first, w.len, arena, &back) == CW_OK);
	REQUIRE(back.rr_count == m->rr_count && back.rcode == m->rcode && !back.trailing);
	struct cw_wr again = cw_wr_of(second, LIMIT_DNS_MESSAGE);
	REQUIRE(dns_message_encode(&again, &back) == CW_OK);
	REQUIRE(again.len == w.len && memcmp(first, second, w.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *arena = cw_arena_new();
	struct dns_message m;
	if (dns_message_decode(data, size, arena, &m) == CW_OK) {
		check_name(m.question.name);
		check_peek(data, size, &m);
		REQUIRE(m.trailing < size && (!m.has_tsig || m.tsig_at < size));
		if (check_records(&m))
			check_round_trip(&m, arena);
	}
	cw_arena_free(arena);
	return 0;
}
