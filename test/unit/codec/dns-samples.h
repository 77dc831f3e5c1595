/* Messages that several tests use. */
#ifndef TEST_DNS_SAMPLES_H
#define TEST_DNS_SAMPLES_H

#include "codec/dns.h"

#define SAMPLE_SRV(sect, host, prio) \
	{ \
		.section = (sect), .owner = "_vlmcs._tcp.contoso.com", .type = DNS_SRV, \
		.class_ = DNS_CLASS_IN, .ttl_s = 3600, .srv = { (prio), 5, 1688, host }, \
	}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const struct dns_rr sample_answer_rr[] = {
	SAMPLE_SRV(DNS_ANSWER, "kms01.contoso.com", 0),
	SAMPLE_SRV(DNS_ANSWER, "KMS02.contoso.com", 10),
	{ .section = DNS_ANSWER, .owner = "alias.contoso.com", .type = DNS_CNAME, .class_ = DNS_CLASS_IN,
	  .ttl_s = 60, .name = "kms01.contoso.com" },
	{ .section = DNS_ANSWER, .owner = "7.2.0.192.in-addr.arpa", .type = DNS_PTR,
	  .class_ = DNS_CLASS_IN, .ttl_s = 1, .name = "kms01.contoso.com" },
	{ .section = DNS_ANSWER, .owner = "contoso.com", .type = DNS_TXT, .class_ = DNS_CLASS_IN,
	  .txt = "v=spf1 \"-all\\092 \\000\\255" },
	{ .section = DNS_AUTHORITY, .owner = "contoso.com", .type = DNS_NS, .class_ = DNS_CLASS_IN,
	  .ttl_s = 86400, .name = "ns1.contoso.com" },
	{ .section = DNS_AUTHORITY, .owner = "contoso.com", .type = DNS_SOA, .class_ = DNS_CLASS_IN,
	  .ttl_s = 0xffffffff, .soa = { "ns1.contoso.com", "host\\.master.contoso.com", 4000000000u,
	  900, 600, 86400, 3600 } },
	{ .section = DNS_ADDITIONAL, .owner = "kms01.contoso.com", .type = DNS_A,
	  .class_ = DNS_CLASS_IN, .ttl_s = 1200, .address = { 192, 0, 2, 7 } },
	{ .section = DNS_ADDITIONAL, .owner = "kms01.contoso.com", .type = DNS_AAAA,
	  .class_ = DNS_CLASS_IN, .ttl_s = 1200, .address = { 0x20, 1, 0xd, 0xb8, [15] = 7 } },
	{ .section = DNS_ADDITIONAL, .owner = "b\\195\\188ro.contoso.com", .type = 65280,
	  .class_ = DNS_CLASS_IN, .raw = (const uint8_t *)"\xc0\x0c\0\1", .raw_len = 4 },
};

static const struct dns_message sample_answer = {
	.id = 0xbeef, .response = true, .authoritative = true, .recursion_desired = true,
	.recursion_available = true, .rcode = DNS_BADVERS,
	.question = { "_VLMCS._tcp.contoso.com", DNS_SRV, DNS_CLASS_IN }, .question_count = 1,
	.rr = sample_answer_rr, .rr_count = COUNT_OF(sample_answer_rr),
	.edns = { .present = true, .udp_payload = 1232, .version = 1, .dnssec_ok = true },
};

/* RFC 2136: delete all of a name, delete a set, delete one record, add one; prerequisites. */
static const struct dns_rr sample_update_rr[] = {
	{ .section = DNS_ANSWER, .owner = "a.contoso.com", .type = DNS_ANY, .class_ = DNS_CLASS_ANY,
	  .empty = true },
	{ .section = DNS_ANSWER, .owner = "b.contoso.com", .type = DNS_SRV, .class_ = DNS_CLASS_NONE,
	  .srv = { .target = "" }, .empty = true },
	{ .section = DNS_AUTHORITY, .owner = "c.contoso.com", .type = DNS_A, .class_ = DNS_CLASS_ANY,
	  .empty = true },
	{ .section = DNS_AUTHORITY, .owner = "_vlmcs._tcp.contoso.com", .type = DNS_SRV,
	  .class_ = DNS_CLASS_NONE, .srv = { 0, 0, 1688, "." } },
	SAMPLE_SRV(DNS_AUTHORITY, "kms03.contoso.com", 1),
};

static const struct dns_message sample_update = {
	.id = 1, .opcode = DNS_OPCODE_UPDATE,
	.question = { "contoso.com", DNS_SOA, DNS_CLASS_IN }, .question_count = 1,
	.rr = sample_update_rr, .rr_count = COUNT_OF(sample_update_rr),
};
/* clang-format on */

#endif
