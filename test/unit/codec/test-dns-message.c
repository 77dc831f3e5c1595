#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/dns.h"

#include "dns-compare.h"
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

/* Decodes a copy of exactly that size, so that a sanitizer sees a read behind it. */
static enum cw_ec decode(struct cw_arena *arena, const uint8_t *buf, size_t len,
			 struct dns_message *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, buf, len);
	enum cw_ec ec = dns_message_decode(copy, len, arena, out);
	if (ec == CW_OK) { /* raw points into the copy, which goes */
		struct dns_rr *rr = cw_arena_copy(arena, out->rr, sizeof(*rr) * out->rr_count);
		for (size_t i = 0; i < out->rr_count; i++)
			rr[i].raw = cw_arena_copy(arena, rr[i].raw, rr[i].raw_len);
		out->rr = rr;
	}
	free(copy);
	return ec;
}

static void check_round_trip(struct cw_arena *arena, const struct dns_message *m)
{
	uint8_t buf[2048];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dns_message back;
	assert_int_equal(dns_message_encode(&w, m), CW_OK);
	assert_int_equal(decode(arena, buf, w.len, &back), CW_OK);
	same_message(m, &back);
	assert_int_equal(back.trailing, 0);
	assert_false(back.has_tsig);
	for (size_t len = 0; len < w.len; len++) {
		struct dns_message untouched = { .id = 4711 };
		if (decode(arena, buf, len, &untouched) != CW_EMALFORMED)
			fail_msg("want the first %zu of %zu octets malformed", len, w.len);
		assert_int_equal(untouched.id, 4711);
	}
	for (size_t cap = 0; cap < w.len; cap++) {
		uint8_t small[2048];
		struct cw_wr s = cw_wr_of(small, cap);
		assert_int_equal(dns_message_encode(&s, m), CW_ETOOBIG);
		assert_true(s.bad);
	}
}

static void test_round_trips(void **state)
{
	check_round_trip(*state, &sample_answer);
	check_round_trip(*state, &sample_update);
	check_round_trip(*state, &(struct dns_message){ .id = 7, .response = true, .rcode = 15 });
	check_round_trip(*state, &(struct dns_message){
					 .truncated = true,
					 .opcode = 15,
					 .question = { ".", DNS_NS, DNS_CLASS_IN },
					 .question_count = 1,
				 });
}

/* A message behind other octets, such as the length over TCP, has offsets of its own. */
static void test_encodes_behind_a_prefix(void **state)
{
	uint8_t alone[1024], behind[1024];
	struct cw_wr a = cw_wr_of(alone, sizeof(alone)), b = cw_wr_of(behind, sizeof(behind));
	assert_int_equal(dns_message_encode(&a, &sample_answer), CW_OK);
	size_t body = cw_wr_open16(&b);
	assert_int_equal(dns_message_encode(&b, &sample_answer), CW_OK);
	cw_wr_close16(&b, body, 0);
	assert_int_equal(b.len, a.len + 2);
	assert_memory_equal(behind + 2, alone, a.len);
}

static void test_compresses(void **state)
{
	uint8_t buf[1024];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	const struct dns_rr rr[] = {
		{ .section = DNS_ANSWER,
		  .owner = "www.contoso.com",
		  .type = DNS_CNAME,
		  .class_ = DNS_CLASS_IN,
		  .name = "x.www.contoso.com" },
		{ .section = DNS_ANSWER,
		  .owner = "x.www.contoso.com",
		  .type = DNS_SRV,
		  .class_ = DNS_CLASS_IN,
		  .srv = { 1, 2, 3, "x.www.contoso.com" } },
		{ .section = DNS_ADDITIONAL,
		  .owner = "WWW.contoso.com",
		  .type = DNS_A,
		  .class_ = DNS_CLASS_IN },
	};
	const struct dns_message m = {
		.question = { "www.contoso.com", DNS_A, DNS_CLASS_IN },
		.question_count = 1,
		.rr = rr,
		.rr_count = COUNT_OF(rr),
	};
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
	/* 12 header, 17 + 4 question; CNAME: 2 + 10 + 4; SRV: 2 + 10 + 6 + 19, its target whole
	 * (RFC 2782); A: "WWW" in its own case and a pointer, 4 + 2 + 10 + 4 */
	assert_int_equal(w.len, 12 + 21 + 16 + 37 + 20);
	static const uint8_t target[] = "\1x\3www\7contoso\3com";
	assert_memory_equal(buf + 12 + 21 + 16 + 18, target, sizeof(target));
}

/* More names than the table of places holds, and names behind the reach of a pointer. */
static void test_many_names(void **state)
{
	enum { COUNT = 1000, CAP = 65535 };
	struct cw_arena *arena = *state;
	struct dns_rr *rr = cw_arena_array_of(arena, struct dns_rr, COUNT);
	uint8_t *buf = cw_arena_alloc(arena, CAP);
	for (size_t i = 0; i < COUNT; i++) {
		rr[i] = (struct dns_rr)SAMPLE_SRV(DNS_ANSWER, NULL, (uint16_t)i);
		rr[i].owner = cw_arena_fmt(arena, "o%zu.sub%zu.contoso.com", i % 300, i % 7);
		rr[i].srv.target = cw_arena_fmt(arena, "host-%zu.contoso.com", i);
	}
	const struct dns_message m = {
		.question = { "_vlmcs._tcp.contoso.com", DNS_SRV, DNS_CLASS_IN },
		.question_count = 1,
		.rr = rr,
		.rr_count = COUNT,
	};
	struct cw_wr w = cw_wr_of(buf, CAP);
	struct dns_message back;
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
	assert_true(w.len > 1 << 14);
	assert_int_equal(decode(arena, buf, w.len, &back), CW_OK);
	same_message(&m, &back);
}

static void test_refuses_to_encode(void **state)
{
	struct dns_rr rr[] = { SAMPLE_SRV(DNS_ANSWER, "kms01.contoso.com", 0) };
	struct dns_message m = { .rr = rr, .rr_count = 1 };
	uint8_t buf[600];
	char txt[257];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	cw_wr_be16(&w, 0);

	rr[0].srv.target = "a..b";
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	rr[0].srv.target = NULL;
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	rr[0].srv.target = ".";
	rr[0].owner = "";
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	rr[0].owner = "a";
	rr[0].type = DNS_TXT;
	memset(txt, 'x', 256);
	txt[256] = '\0';
	rr[0].txt = txt;
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	rr[0].txt = "\\3";
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	rr[0].txt = txt + 1;
	m.rcode = DNS_BADVERS;
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	m.rcode = 0;
	m.question_count = 2;
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	m.question_count = 1;
	m.question.name = "a..";
	assert_int_equal(dns_message_encode(&w, &m), CW_EINVAL);
	assert_int_equal(w.len, 2);
	assert_false(w.bad);
	m.question_count = 0;
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
}

static void test_query(void **state)
{
	static const uint8_t want[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\1"
				      "\6_vlmcs\4_tcp\7contoso\3com\0\0\x21\0\1"
				      "\0\0\x29\x04\xd0\0\0\x80\0\0";
	const struct dns_edns edns = { .present = true, .udp_payload = 1232, .dnssec_ok = true };
	uint8_t buf[64];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	const char *name = "_vlmcs._tcp.contoso.com";
	assert_int_equal(dns_query_encode(&w, 0x1234, name, DNS_SRV, true, &edns), CW_OK);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
	w = cw_wr_of(buf, sizeof(buf));
	assert_int_equal(dns_query_encode(&w, 1, name, DNS_SRV, false, NULL), CW_OK);
	assert_int_equal(w.len, sizeof(want) - 11);
	assert_int_equal(buf[2], 0);
	assert_int_equal(buf[11], 0);
	w = cw_wr_of(buf, sizeof(want) - 1);
	assert_int_equal(dns_query_encode(&w, 1, name, DNS_SRV, true, &edns), CW_ETOOBIG);
	w = cw_wr_of(buf, sizeof(buf));
	assert_int_equal(dns_query_encode(&w, 1, "a..b", DNS_SRV, true, &edns), CW_EINVAL);
	assert_int_equal(w.len, 0);
}

/* A message with the given counts, flags and body, decoded. */
struct raw {
	uint16_t flags, count[4];
	const char *body;
	size_t len;
};

static enum cw_ec decode_raw(struct cw_arena *arena, const struct raw *raw, struct dns_message *out)
{
	uint8_t buf[1024];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	cw_wr_be16(&w, 1);
	cw_wr_be16(&w, raw->flags);
	for (size_t i = 0; i < 4; i++)
		cw_wr_be16(&w, raw->count[i]);
	cw_wr_bytes(&w, raw->body, raw->len);
	assert_false(w.bad);
	return decode(arena, buf, w.len, out);
}

#define RAW(fl, qd, an, ns, ar, text) \
	(&(struct raw){ (fl), { (qd), (an), (ns), (ar) }, (text), sizeof(text) - 1 })

/* Owner a, class IN, TTL 0, the type's low octet, the rdata's length and the rdata. */
#define RECORD(type, len, rdata) "\1a\0\0" type "\0\1\0\0\0\0\0" len rdata

#define OPT  "\0\0\x29\x04\xd0\x01\0\x80\0\0\0"
#define TSIG "\1k\0\0\xfa\0\xff\0\0\0\0\0\0"

static void test_questions(void **state)
{
	struct dns_message m;
	assert_int_equal(decode_raw(*state, RAW(0x8001, 0, 0, 0, 0, ""), &m), CW_OK);
	assert_int_equal(m.rcode, DNS_FORMERR);
	assert_int_equal(m.question_count, 0);
	assert_string_equal(m.question.name, ".");
	assert_int_equal(m.question.type, 0);
	const char two[] = "\1a\0\0\1\0\1\1b\xc0\x0c\0\2\0\1";
	assert_int_equal(decode_raw(*state, RAW(0, 2, 0, 0, 0, two), &m), CW_OK);
	assert_int_equal(m.question_count, 2);
	assert_string_equal(m.question.name, "a");
	assert_int_equal(m.question.type, DNS_A);
	assert_int_equal(m.trailing, 0);
	assert_int_equal(decode_raw(*state, RAW(0, 3, 0, 0, 0, two), &m), CW_EMALFORMED);
	assert_int_equal(decode_raw(*state, RAW(0, 65535, 0, 0, 0, two), &m), CW_EMALFORMED);
	/* the second one runs over the end, or has a label type that does not exist */
	assert_int_equal(decode_raw(*state,
				    RAW(0, 2, 0, 0, 0,
					"\1a\0\0\1\0\1\x3f"
					"bcd\0"),
				    &m),
			 CW_EMALFORMED);
	assert_int_equal(decode_raw(*state, RAW(0, 2, 0, 0, 0, "\1a\0\0\1\0\1\x80\0\0\1\0\1"), &m),
			 CW_EMALFORMED);
}

static void test_counts_larger_than_the_content(void **state)
{
	struct dns_message m;
	struct cw_arena *arena = *state;
	size_t before = cw_arena_used(arena);
	assert_int_equal(
		decode_raw(arena, RAW(0, 0, 65535, 65535, 65535, RECORD("\1", "\4", "abcd")), &m),
		CW_EMALFORMED);
	assert_true(cw_arena_used(arena) - before < 256); /* nothing was set aside for them */
	assert_int_equal(decode_raw(arena, RAW(0, 0, 2, 0, 0, RECORD("\1", "\4", "abcd")), &m),
			 CW_EMALFORMED);
}

static void test_trailing_octets(void **state)
{
	struct dns_message m;
	assert_int_equal(
		decode_raw(*state, RAW(0, 0, 1, 0, 0, RECORD("\1", "\4", "abcd") "xyz"), &m),
		CW_OK);
	assert_int_equal(m.trailing, 3);
	assert_int_equal(m.rr_count, 1);
}

static void check_record_limit(struct cw_arena *arena, uint16_t count, enum cw_ec want)
{
	size_t len = 12 + 11 * (size_t)count;
	uint8_t *buf = cw_arena_alloc(arena, len);
	struct cw_wr w = cw_wr_of(buf, len);
	struct dns_message m;
	cw_wr_bytes(&w, "\0\1\0\0\0\0", 6);
	cw_wr_be16(&w, count);
	cw_wr_be32(&w, 0);
	for (size_t i = 0; i < count; i++)
		cw_wr_bytes(&w, "\0\0\x63\0\1\0\0\0\0\0\0", 11);
	assert_false(w.bad);
	assert_int_equal(decode(arena, buf, len, &m), want);
}

static void test_limit_of_records(void **state)
{
	check_record_limit(*state, LIMIT_DNS_RECORDS, CW_OK);
	check_record_limit(*state, LIMIT_DNS_RECORDS + 1, CW_ETOOBIG);
}

static void test_opt_anywhere_in_additional(void **state)
{
	struct dns_message m;
	struct cw_arena *arena = *state;
	assert_int_equal(decode_raw(arena,
				    RAW(0x8000, 0, 0, 0, 3,
					OPT RECORD("\1", "\4", "abcd") RECORD("\1", "\4", "efgh")),
				    &m),
			 CW_OK);
	assert_int_equal(m.rr_count, 2);
	assert_memory_equal(m.rr[1].address, "efgh", 4);
	assert_true(m.edns.present);
	assert_true(m.edns.dnssec_ok);
	assert_int_equal(m.edns.udp_payload, 1232);
	assert_int_equal(m.rcode, 16);
	assert_int_equal(
		decode_raw(arena, RAW(0x8000, 0, 0, 0, 2, RECORD("\1", "\4", "abcd") OPT), &m),
		CW_OK);
	assert_true(m.edns.present);
	assert_int_equal(m.rr_count, 1);
	/* two of them, and one that is not the root's */
	assert_int_equal(decode_raw(arena, RAW(0, 0, 0, 0, 2, OPT OPT), &m), CW_EMALFORMED);
	assert_int_equal(decode_raw(arena, RAW(0, 0, 0, 0, 1, "\1a" OPT), &m), CW_EMALFORMED);
	/* elsewhere it is a record like others, and says nothing about EDNS */
	assert_int_equal(decode_raw(arena, RAW(0, 0, 1, 0, 0, OPT), &m), CW_OK);
	assert_false(m.edns.present);
	assert_int_equal(m.rr_count, 1);
}

static void test_tsig_is_last(void **state)
{
	struct dns_message m;
	struct cw_arena *arena = *state;
	assert_int_equal(decode_raw(arena, RAW(0, 0, 0, 0, 2, OPT TSIG), &m), CW_OK);
	assert_true(m.has_tsig);
	assert_int_equal(m.tsig_at, 12 + 11);
	assert_int_equal(m.rr_count, 0);
	assert_true(m.edns.present);
	assert_int_equal(decode_raw(arena, RAW(0, 0, 0, 0, 2, TSIG OPT), &m), CW_EMALFORMED);
	assert_int_equal(decode_raw(arena, RAW(0, 0, 0, 0, 2, TSIG TSIG), &m), CW_EMALFORMED);
	assert_int_equal(decode_raw(arena, RAW(0, 0, 1, 0, 0, TSIG), &m), CW_EMALFORMED);
}

static void test_bad_rdata_is_told_apart(void **state)
{
	static const struct {
		const char *what, *body;
		size_t len;
		bool bad;
	} rows[] = {
#define ROW(what, bad, ...) { what, __VA_ARGS__, sizeof(__VA_ARGS__) - 1, bad }
		ROW("A", false, RECORD("\1", "\4", "abcd")),
		ROW("A of 3", true, RECORD("\1", "\3", "abc")),
		ROW("A of 5", true, RECORD("\1", "\5", "abcde")),
		ROW("A of 0", true, RECORD("\1", "\0", "")),
		ROW("AAAA of 4", true, RECORD("\x1c", "\4", "abcd")),
		ROW("SRV to the root", false, RECORD("\x21", "\7", "\0\1\0\2\0\3\0")),
		ROW("SRV with a pointer", false, RECORD("\x21", "\x08", "\0\1\0\2\0\3\xc0\x0c")),
		ROW("SRV with a pointer forwards", true,
		    RECORD("\x21", "\x08", "\0\1\0\2\0\3\xc0\xff")),
		ROW("SRV without a target", true, RECORD("\x21", "\6", "\0\1\0\2\0\3")),
		ROW("SRV with more behind", true, RECORD("\x21", "\x08", "\0\1\0\2\0\3\0x")),
		ROW("SRV of 0", true, RECORD("\x21", "\0", "")),
		ROW("a name over the end of the rdata", true, RECORD("\2", "\2", "\1b") "\0"),
		ROW("NS of 0", true, RECORD("\2", "\0", "")),
		ROW("TXT of two strings", false, RECORD("\x10", "\5", "\1a\2bc")),
		ROW("TXT with an empty string", false, RECORD("\x10", "\1", "\0")),
		ROW("TXT cut", true, RECORD("\x10", "\5", "\1a\3bc")),
		ROW("TXT of 0", true, RECORD("\x10", "\0", "")),
		ROW("SOA cut", true,
		    RECORD("\6", "\x15", "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0")),
		ROW("SOA", false,
		    RECORD("\6", "\x16", "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1")),
		ROW("SOA of one name", true, RECORD("\6", "\1", "\0")),
		ROW("unknown type", false, RECORD("\x63", "\4", "\xc0\xff\xff\xff")),
		ROW("unknown type of 0", false, RECORD("\x63", "\0", "")),
#undef ROW
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dns_message m;
		struct raw raw = { 0x8000, { 0, 1, 0, 0 }, rows[i].body, rows[i].len };
		if (decode_raw(*state, &raw, &m) != CW_OK)
			fail_msg("%s: want the message readable", rows[i].what);
		if (m.rr[0].bad_rdata != rows[i].bad)
			fail_msg("%s: want bad_rdata %d", rows[i].what, rows[i].bad);
		assert_int_equal(m.rr_count, 1);
		if (m.rr[0].type == DNS_SRV)
			assert_non_null(m.rr[0].srv.target);
		if (m.rr[0].type == DNS_NS)
			assert_string_equal(m.rr[0].name, "");
		if (m.rr[0].type == DNS_SOA)
			assert_non_null(m.rr[0].soa.rname);
		if (m.rr[0].type == DNS_TXT)
			assert_non_null(m.rr[0].txt);
	}
}

/* What bad_rdata says of one record does not touch the next. */
static void test_reads_on_behind_bad_rdata(void **state)
{
	struct dns_message m;
	assert_int_equal(decode_raw(*state,
				    RAW(0x8000, 0, 2, 0, 0,
					RECORD("\x21", "\3", "abc") RECORD("\1", "\4", "efgh")),
				    &m),
			 CW_OK);
	assert_true(m.rr[0].bad_rdata);
	assert_int_equal(m.rr[0].raw_len, 3);
	assert_memory_equal(m.rr[0].raw, "abc", 3);
	assert_false(m.rr[1].bad_rdata);
	assert_memory_equal(m.rr[1].address, "efgh", 4);
}

static void test_empty_rdata_of_updates(void **state)
{
	struct dns_message m;
	const char any[] = "\1a\0\0\x21\0\xff\0\0\0\0\0\0";
	const char none[] = "\1a\0\0\x21\0\xfe\0\0\0\0\0\0";
	const char in[] = "\1a\0\0\x21\0\1\0\0\0\0\0\0";
	const uint16_t update = DNS_OPCODE_UPDATE << 11;
	assert_int_equal(decode_raw(*state, RAW(update, 0, 0, 1, 0, any), &m), CW_OK);
	assert_false(m.rr[0].bad_rdata);
	assert_true(m.rr[0].empty);
	assert_string_equal(m.rr[0].srv.target, "");
	assert_int_equal(decode_raw(*state, RAW(update, 0, 1, 0, 0, none), &m), CW_OK);
	assert_false(m.rr[0].bad_rdata);
	assert_int_equal(decode_raw(*state, RAW(update, 0, 0, 1, 0, in), &m), CW_OK);
	assert_true(m.rr[0].bad_rdata);
	assert_int_equal(decode_raw(*state, RAW(0x8000, 0, 1, 0, 0, any), &m), CW_OK);
	assert_true(m.rr[0].bad_rdata);
}

/* Owner names that are pointers share one text, whatever was decoded in between. */
static void test_shares_names(void **state)
{
	uint8_t buf[2048];
	struct dns_rr rr[20];
	char target[20][24];
	for (size_t i = 0; i < 20; i++) {
		(void)snprintf(target[i], sizeof(target[i]), "kms%02zu.contoso.com", i);
		rr[i] = (struct dns_rr)SAMPLE_SRV(DNS_ANSWER, target[i], 0);
	}
	struct dns_message m = {
		.question = { "_vlmcs._tcp.contoso.com", DNS_SRV, DNS_CLASS_IN },
		.question_count = 1,
		.rr = rr,
		.rr_count = 20,
	};
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dns_message back;
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
	assert_int_equal(dns_message_decode(buf, w.len, *state, &back), CW_OK);
	for (size_t i = 0; i < 20; i++) {
		assert_ptr_equal(back.rr[i].owner, back.question.name);
		assert_string_equal(back.rr[i].srv.target, target[i]);
	}
}

/* A pointer to a name that was decoded is still refused where it leads forwards. */
static void test_pointer_rules_hold_for_shared_names(void **state)
{
	struct dns_message m;
	/* the owner at 12 points to itself */
	assert_int_equal(
		decode_raw(*state, RAW(0, 0, 1, 0, 0, "\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd"), &m),
		CW_EMALFORMED);
	/* bad rdata is remembered under no name: the second owner points into it */
	assert_int_equal(decode_raw(*state,
				    RAW(0, 0, 2, 0, 0,
					RECORD("\2", "\3",
					       "\x3f"
					       "ab") "\xc0\x19\0\1\0\1\0\0\0\0\0\4abcd"),
				    &m),
			 CW_EMALFORMED);
}

static void test_peek(void **state)
{
	uint8_t buf[1024];
	char name[LIMIT_DNS_NAME_TEXT];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dns_message m;
	assert_int_equal(dns_message_encode(&w, &sample_answer), CW_OK);
	assert_int_equal(dns_header_peek(buf, w.len, &m, name), CW_OK);
	assert_int_equal(m.id, sample_answer.id);
	assert_true(m.response);
	assert_int_equal(m.question_count, 1);
	assert_ptr_equal(m.question.name, name);
	assert_string_equal(name, "_VLMCS._tcp.contoso.com");
	assert_int_equal(m.question.type, DNS_SRV);
	assert_int_equal(m.question.class_, DNS_CLASS_IN);
	assert_int_equal(m.rr_count, 0);
	for (size_t len = 0; len < 12 + 25 + 4; len++) {
		uint8_t *copy = cw_arena_copy(*state, buf, len);
		assert_int_equal(dns_header_peek(copy, len, &m, name), CW_EMALFORMED);
	}
	assert_int_equal(
		dns_header_peek((const uint8_t *)"\0\1\x80\5\0\0\0\0\0\0\0\0", 12, &m, name),
		CW_OK);
	assert_int_equal(m.rcode, DNS_REFUSED);
	assert_string_equal(m.question.name, ".");
}

/* Octets that are wrong anywhere must not crash; what is readable must survive a round trip. */
static void test_every_octet_wrong_once(void **state)
{
	uint8_t buf[1024], again[2048];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	size_t readable = 0, unreadable = 0;
	assert_int_equal(dns_message_encode(&w, &sample_answer), CW_OK);
	for (size_t at = 0; at < w.len; at++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xc0, 0xff };
		for (size_t f = 0; f < COUNT_OF(flips); f++) {
			struct cw_arena *arena = cw_arena_new();
			struct dns_message m;
			buf[at] ^= flips[f];
			if (decode(arena, buf, w.len, &m) != CW_OK) {
				unreadable++;
			} else {
				struct cw_wr a = cw_wr_of(again, sizeof(again));
				m.question_count = m.question_count > 0;
				if (dns_message_encode(&a, &m) != CW_OK)
					fail_msg("octet %zu: want it encodable", at);
				readable++;
			}
			buf[at] ^= flips[f];
			cw_arena_free(arena);
		}
	}
	assert_true(readable > 100 && unreadable > 100);
}

static void test_names_of_types_and_rcodes(void **state)
{
	char buf[16];
#define CHECK_TYPE(id, value, text) \
	assert_int_equal(id, value); \
	assert_string_equal(dns_type_name(id, buf), text);
	DNS_TYPE_LIST(CHECK_TYPE)
#define CHECK_RCODE(id, value, text) \
	assert_int_equal(id, value); \
	assert_string_equal(dns_rcode_name(id, buf), text);
	DNS_RCODE_LIST(CHECK_RCODE)
	assert_string_equal(dns_type_name(65535, buf), "TYPE65535");
	assert_string_equal(dns_rcode_name(4095, buf), "RCODE4095");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_encodes_behind_a_prefix),
		cmocka_unit_test(test_compresses),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_refuses_to_encode),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_counts_larger_than_the_content),
		cmocka_unit_test(test_trailing_octets),
		cmocka_unit_test(test_limit_of_records),
		cmocka_unit_test(test_opt_anywhere_in_additional),
		cmocka_unit_test(test_tsig_is_last),
		cmocka_unit_test(test_bad_rdata_is_told_apart),
		cmocka_unit_test(test_reads_on_behind_bad_rdata),
		cmocka_unit_test(test_empty_rdata_of_updates),
		cmocka_unit_test(test_shares_names),
		cmocka_unit_test(test_pointer_rules_hold_for_shared_names),
		cmocka_unit_test(test_peek),
		cmocka_unit_test(test_every_octet_wrong_once),
		cmocka_unit_test(test_names_of_types_and_rcodes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
