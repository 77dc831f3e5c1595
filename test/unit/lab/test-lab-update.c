#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lab/dns_answer.h"

#define KEY  "key k hmac-sha256 bGFiLWtleS1vZi10aGUtY2xlYXJ3YXktdGVzdHMtMzI=\n"
#define ZONE "  zone contoso.example serial 7\n    kms01 A 192.0.2.1\n    www CNAME kms01\n"

enum { NOW = 1800000000 };

/* A server without sockets: bytes in, bytes out. */
struct bench {
	struct cw_arena *arena;
	const struct scenario *s;
	struct dns_world *world;
	struct dns_room room;
	struct tsig_key key;
	struct tsig_mac mac; /* of the last request */
	struct dns_told told;
};

static const char *keep_word(void *ctx, struct cw_arena *arena, const char *word)
{
	return word[0] == '@' ? "127.0.0.1" : word;
}

static void bench_open(struct bench *b, const char *server)
{
	char why[300];
	memset(b, 0, sizeof(*b));
	b->arena = cw_arena_new();
	const char *text = cw_arena_fmt(b->arena,
					"scenario t\nabout x\nshows healthy\n" KEY
					"dns ns1\n%srun check\nexpect verdict clear\n",
					server);
	if (scenario_parse(text, strlen(text), "t", b->arena, &b->s, why, sizeof(why)) != CW_OK)
		fail_msg("%s", why);
	b->world = dns_world_new(b->s, b->arena, keep_word, NULL);
	b->key = b->s->keys->key;
}

static void bench_close(struct bench *b)
{
	cw_arena_free(b->arena);
}

static struct dns_message answer(struct bench *b, const struct dns_message *m, bool sign)
{
	uint8_t bytes[2000];
	struct dns_message out;
	struct cw_wr w = cw_wr_of(bytes, sizeof(bytes));
	assert_int_equal(dns_message_encode(&w, m), CW_OK);
	if (sign)
		assert_int_equal(tsig_sign(&w, &b->key, NOW, NULL, 0, &b->mac), CW_OK);
	assert_false(w.bad);
	struct dns_asked asked = {
		.bytes = bytes, .len = w.len, .transport = SCENARIO_TCP, .unix_time_s = NOW
	};
	dns_answer_make(b->world, &b->world->host[0], b->s, &asked, b->arena, &b->room, &b->told);
	assert_true(b->told.send);
	assert_int_equal(dns_message_decode(b->room.answer, b->told.len, b->arena, &out), CW_OK);
	assert_int_equal(out.opcode, m->opcode);
	return out;
}

static uint16_t update_zone(struct bench *b, const char *zone, const struct dns_rr *rr,
			    size_t count, bool sign)
{
	struct dns_message m = { .id = 5,
				 .opcode = DNS_OPCODE_UPDATE,
				 .question = { zone, DNS_SOA, DNS_CLASS_IN },
				 .question_count = 1,
				 .rr = rr,
				 .rr_count = count };
	return answer(b, &m, sign).rcode;
}

static uint16_t update(struct bench *b, const struct dns_rr *rr, size_t count)
{
	return update_zone(b, "contoso.example", rr, count, false);
}

static struct dns_rr txt(const char *owner, const char *text)
{
	return (struct dns_rr){ .section = DNS_AUTHORITY,
				.owner = owner,
				.type = DNS_TXT,
				.class_ = DNS_CLASS_IN,
				.ttl_s = 60,
				.txt = text };
}

static struct dns_rr srv(const char *target)
{
	return (struct dns_rr){ .section = DNS_AUTHORITY,
				.owner = "_vlmcs._tcp.contoso.example",
				.type = DNS_SRV,
				.class_ = DNS_CLASS_IN,
				.ttl_s = 60,
				.srv = { .port = 1688, .target = target } };
}

/* Without data: a prerequisite, or the deletion of a set. */
static struct dns_rr empty(enum dns_section section, const char *owner, uint16_t type,
			   uint16_t class_)
{
	return (struct dns_rr){
		.section = section, .owner = owner, .type = type, .class_ = class_, .empty = true
	};
}

/* How many records of a type a name has, asked as a client would. */
static size_t records(struct bench *b, const char *name, uint16_t type)
{
	struct dns_message m = { .question = { name, type, DNS_CLASS_IN }, .question_count = 1 };
	struct dns_message a = answer(b, &m, false);
	size_t n = 0;
	for (size_t i = 0; i < a.rr_count; i++)
		n += a.rr[i].section == DNS_ANSWER;
	return n;
}

static uint32_t serial(struct bench *b)
{
	struct dns_message m = { .question = { "contoso.example", DNS_SOA, DNS_CLASS_IN },
				 .question_count = 1 };
	return answer(b, &m, false).rr[0].soa.serial;
}

static void test_add_and_remove(void **state)
{
	struct bench b;
	bench_open(&b, "  update any\n" ZONE);
	struct dns_rr add[] = { srv("kms01.contoso.example"), srv("kms02.contoso.example"),
				txt("a.b.contoso.example", "one") };
	assert_int_equal(update(&b, add, 3), DNS_NOERROR);
	assert_int_equal(records(&b, "_vlmcs._tcp.contoso.example", DNS_SRV), 2);
	assert_int_equal(records(&b, "a.b.contoso.example", DNS_TXT), 1);
	assert_int_equal(serial(&b), 8);
	assert_int_equal(update(&b, add, 1), DNS_NOERROR); /* it is there already */
	assert_int_equal(records(&b, "_vlmcs._tcp.contoso.example", DNS_SRV), 2);
	struct dns_rr one = add[0];
	one.class_ = DNS_CLASS_NONE;
	one.ttl_s = 0;
	assert_int_equal(update(&b, &one, 1), DNS_NOERROR);
	assert_int_equal(records(&b, "_vlmcs._tcp.contoso.example", DNS_SRV), 1);
	struct dns_rr set =
		empty(DNS_AUTHORITY, "_VLMCS._tcp.contoso.example", DNS_SRV, DNS_CLASS_ANY);
	assert_int_equal(update(&b, &set, 1), DNS_NOERROR);
	assert_int_equal(records(&b, "_vlmcs._tcp.contoso.example", DNS_SRV), 0);
	struct dns_rr all = empty(DNS_AUTHORITY, "a.b.contoso.example", DNS_ANY, DNS_CLASS_ANY);
	assert_int_equal(update(&b, &all, 1), DNS_NOERROR);
	struct dns_message m = { .question = { "b.contoso.example", DNS_A, DNS_CLASS_IN },
				 .question_count = 1 };
	assert_int_equal(answer(&b, &m, false).rcode, DNS_NXDOMAIN); /* gone with what was below */
	bench_close(&b);
}

static void test_the_apex_stays(void **state)
{
	struct bench b;
	bench_open(&b, "  update any\n" ZONE);
	struct dns_rr all = empty(DNS_AUTHORITY, "contoso.example", DNS_ANY, DNS_CLASS_ANY);
	assert_int_equal(update(&b, &all, 1), DNS_NOERROR);
	assert_int_equal(records(&b, "contoso.example", DNS_SOA), 1);
	assert_int_equal(records(&b, "contoso.example", DNS_NS), 1);
	struct dns_rr beside = txt("www.contoso.example", "beside an alias");
	assert_int_equal(update(&b, &beside, 1), DNS_NOERROR);
	assert_int_equal(records(&b, "www.contoso.example", DNS_CNAME), 1);
	assert_int_equal(records(&b, "kms01.contoso.example", DNS_A), 1);
	bench_close(&b);
}

static void test_prerequisites(void **state)
{
	static const struct {
		const char *owner;
		uint16_t type, class_, rcode;
	} rows[] = {
		{ "kms01.contoso.example", DNS_A, DNS_CLASS_ANY, DNS_NOERROR },
		{ "kms01.contoso.example", DNS_SRV, DNS_CLASS_ANY, DNS_NXRRSET },
		{ "kms01.contoso.example", DNS_ANY, DNS_CLASS_ANY, DNS_NOERROR },
		{ "kms02.contoso.example", DNS_ANY, DNS_CLASS_ANY, DNS_NXDOMAIN },
		{ "kms01.contoso.example", DNS_A, DNS_CLASS_NONE, DNS_YXRRSET },
		{ "kms01.contoso.example", DNS_SRV, DNS_CLASS_NONE, DNS_NOERROR },
		{ "kms01.contoso.example", DNS_ANY, DNS_CLASS_NONE, DNS_YXDOMAIN },
		{ "kms02.contoso.example", DNS_ANY, DNS_CLASS_NONE, DNS_NOERROR },
		{ "kms01.other.example", DNS_ANY, DNS_CLASS_NONE, DNS_NOTZONE },
		{ "kms01.contoso.example", DNS_A, 77, DNS_FORMERR },
	};
	struct bench b;
	bench_open(&b, "  update any\n" ZONE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_rr rr[] = { empty(DNS_ANSWER, rows[i].owner, rows[i].type,
					     rows[i].class_),
				       txt("new.contoso.example", "x") };
		size_t before = records(&b, "new.contoso.example", DNS_TXT);
		assert_int_equal(update(&b, rr, 2), rows[i].rcode);
		if (rows[i].rcode != DNS_NOERROR)
			assert_int_equal(records(&b, "new.contoso.example", DNS_TXT), before);
	}
	struct dns_rr value[] = { { .section = DNS_ANSWER,
				    .owner = "kms01.contoso.example",
				    .type = DNS_A,
				    .class_ = DNS_CLASS_IN,
				    .address = { 192, 0, 2, 1 } } };
	assert_int_equal(update(&b, value, 1), DNS_NOERROR);
	value[0].address[3] = 2;
	assert_int_equal(update(&b, value, 1), DNS_NXRRSET);
	bench_close(&b);
}

static void test_malformed(void **state)
{
	struct bench b;
	bench_open(&b, "  update any\n" ZONE);
	struct dns_rr out = txt("x.other.example", "x");
	assert_int_equal(update(&b, &out, 1), DNS_NOTZONE);
	struct dns_rr any = empty(DNS_AUTHORITY, "x.contoso.example", DNS_ANY, DNS_CLASS_IN);
	assert_int_equal(update(&b, &any, 1), DNS_FORMERR);
	struct dns_rr ttl = empty(DNS_AUTHORITY, "x.contoso.example", DNS_A, DNS_CLASS_ANY);
	ttl.ttl_s = 1;
	assert_int_equal(update(&b, &ttl, 1), DNS_FORMERR);
	struct dns_rr ok = txt("x.contoso.example", "x");
	assert_int_equal(update_zone(&b, "other.example", &ok, 1, false), DNS_NOTAUTH);
	assert_int_equal(update_zone(&b, "kms01.contoso.example", &ok, 1, false), DNS_NOTAUTH);
	assert_int_equal(serial(&b), 7);
	bench_close(&b);
}

static void test_policies(void **state)
{
	static const struct {
		const char *policy;
		uint16_t plain, with_key;
	} rows[] = {
		{ "", DNS_REFUSED, DNS_REFUSED },
		{ "  update none\n", DNS_REFUSED, DNS_REFUSED },
		{ "  update any\n", DNS_NOERROR, DNS_NOERROR },
		{ "  update key k\n", DNS_REFUSED, DNS_NOERROR },
		{ "  update notimp\n", DNS_NOTIMP, DNS_NOTIMP },
		{ "  update notauth\n", DNS_NOTAUTH, DNS_NOTAUTH },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench b;
		char server[300];
		snprintf(server, sizeof(server), "%s%s", rows[i].policy, ZONE);
		bench_open(&b, server);
		struct dns_rr rr = txt("x.contoso.example", "x");
		assert_int_equal(update_zone(&b, "contoso.example", &rr, 1, false), rows[i].plain);
		assert_int_equal(update_zone(&b, "contoso.example", &rr, 1, true),
				 rows[i].with_key);
		struct tsig_verdict v;
		assert_int_equal(
			tsig_verify(b.room.answer, b.told.len, &b.key, NOW, &b.mac, &v, NULL),
			CW_OK);
		assert_true(v.verified);
		bench_close(&b);
	}
}

/* What the first host wrote belongs to it; new names are free, and theirs who wrote them. */
static void test_owned_sets(void **state)
{
	struct bench b;
	bench_open(&b, "  update key k\n  update owner kms01\n" ZONE
		       "    _vlmcs._tcp SRV 0 0 1688 kms01\n");
	struct dns_rr second = srv("kms02.contoso.example"), fresh = txt("x.contoso.example", "x");
	assert_int_equal(update_zone(&b, "contoso.example", &second, 1, true), DNS_REFUSED);
	assert_int_equal(update_zone(&b, "contoso.example", &fresh, 1, true), DNS_NOERROR);
	fresh.txt = "y";
	assert_int_equal(update_zone(&b, "contoso.example", &fresh, 1, true), DNS_NOERROR);
	assert_int_equal(update_zone(&b, "contoso.example", &fresh, 1, false), DNS_REFUSED);
	assert_int_equal(records(&b, "x.contoso.example", DNS_TXT), 2);
	bench_close(&b);
}

static struct tsig_verdict refused_signature(struct bench *b)
{
	struct tsig_verdict v;
	struct dns_rr rr = txt("x.contoso.example", "x");
	assert_int_equal(update_zone(b, "contoso.example", &rr, 1, true), DNS_NOTAUTH);
	assert_int_equal(tsig_verify(b->room.answer, b->told.len, &b->key, NOW, &b->mac, &v, NULL),
			 CW_OK);
	assert_int_equal(records(b, "x.contoso.example", DNS_TXT), 0);
	return v;
}

static void test_signatures(void **state)
{
	struct bench b;
	bench_open(&b, "  update key k\n" ZONE);
	b.key.secret[0] ^= 1;
	assert_int_equal(refused_signature(&b).error, DNS_TSIG_BADSIG);
	b.key.secret[0] ^= 1;
	strcpy(b.key.name, "nobody");
	assert_int_equal(refused_signature(&b).error, DNS_BADKEY);
	strcpy(b.key.name, "k");
	b.key.algorithm = TSIG_HMAC_SHA512;
	assert_int_equal(refused_signature(&b).error, DNS_BADKEY);
	bench_close(&b);
	bench_open(&b, "  update key k\n  clock +3600\n" ZONE);
	struct tsig_verdict v = refused_signature(&b);
	assert_int_equal(v.error, DNS_BADTIME);
	assert_int_equal(v.time_s, NOW + 3600);
	bench_close(&b);
	bench_open(&b, "  update key k\n  fault unsigned\n" ZONE);
	struct dns_rr rr = txt("x.contoso.example", "x");
	assert_int_equal(update_zone(&b, "contoso.example", &rr, 1, true), DNS_NOERROR);
	assert_int_equal(tsig_verify(b.room.answer, b.told.len, &b.key, NOW, &b.mac, &v, NULL),
			 CW_OK);
	assert_false(v.verified);
	bench_close(&b);
}

static void test_a_signed_query_gets_a_signed_answer(void **state)
{
	struct bench b;
	struct tsig_verdict v;
	bench_open(&b, ZONE);
	struct dns_message m = { .question = { "kms01.contoso.example", DNS_A, DNS_CLASS_IN },
				 .question_count = 1 };
	assert_int_equal(answer(&b, &m, true).rcode, DNS_NOERROR);
	assert_int_equal(tsig_verify(b.room.answer, b.told.len, &b.key, NOW, &b.mac, &v, NULL),
			 CW_OK);
	assert_true(v.verified);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_the_apex_stays),
		cmocka_unit_test(test_prerequisites),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_owned_sets),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_a_signed_query_gets_a_signed_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
