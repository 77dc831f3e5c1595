#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

#include "codec/tsig.h"

#include "tsig-vectors.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { NOW_S = 1700000000 };

static const enum tsig_algorithm all[] = {
	TSIG_HMAC_MD5,    TSIG_HMAC_SHA1,   TSIG_HMAC_SHA224,
	TSIG_HMAC_SHA256, TSIG_HMAC_SHA384, TSIG_HMAC_SHA512,
};

static struct tsig_key key_of_text(const char *name, const char *algorithm, const char *secret)
{
	char text[512], why[128];
	struct tsig_key key;
	int len = snprintf(text, sizeof(text), "key \"%s\" { algorithm %s; secret \"%s\"; };", name,
			   algorithm, secret);
	if (tsig_key_parse(text, (size_t)len, NULL, &key, why, sizeof(why)) != CW_OK)
		fail_msg("%s", why);
	return key;
}

static struct tsig_key key_of(enum tsig_algorithm algorithm)
{
	struct tsig_key key = { .name = "Update.contoso.com", .algorithm = algorithm };
	memset(key.secret, 0xa5, 300); /* longer than a hash block: RFC 2104 2 */
	key.secret_len = 300;
	return key;
}

struct message {
	uint8_t buf[1024];
	struct cw_wr w;
};

static void make_query(struct message *m)
{
	m->w = cw_wr_of(m->buf, sizeof(m->buf));
	assert_int_equal(dns_query_encode(&m->w, 0x1234, "contoso.com", DNS_SOA, false, NULL),
			 CW_OK);
}

static void make_answer(struct message *m)
{
	make_query(m);
	m->buf[2] |= 0x80;
}

static struct tsig_verdict judge(const struct message *m, const struct tsig_key *key,
				 uint64_t time_s, const struct tsig_mac *request_mac)
{
	struct tsig_verdict v;
	assert_int_equal(tsig_verify(m->buf, m->w.len, key, time_s, request_mac, &v, NULL), CW_OK);
	return v;
}

static void check_vector(const struct tsig_vector *v)
{
	struct tsig_key key = key_of_text(v->key_name, v->algorithm, v->secret);
	struct tsig_verdict request, answer;
	struct tsig_mac mac;
	assert_int_equal(
		tsig_verify(v->request, v->request_len, &key, v->time_s, NULL, &request, &mac),
		CW_OK);
	assert_true(request.verified);
	assert_null(request.why);
	assert_int_equal(request.time_s, v->time_s);
	assert_int_equal(
		tsig_verify(v->answer, v->answer_len, &key, v->time_s, &mac, &answer, NULL), CW_OK);
	if (strcmp(v->what, "badsig") == 0 || strcmp(v->what, "badkey") == 0) {
		assert_false(answer.verified);
		assert_string_equal(answer.why, "unsigned error");
		assert_int_equal(answer.error, v->what[3] == 's' ? DNS_TSIG_BADSIG : DNS_BADKEY);
		return;
	}
	assert_true(answer.verified);
	bool is_badtime = strcmp(v->what, "badtime") == 0;
	assert_int_equal(answer.error, is_badtime ? DNS_BADTIME : 0);
	if (is_badtime) /* the server's clock, which was 100000 s ahead of the client's */
		assert_int_equal(answer.time_s, v->time_s + 100000);
}

static void test_exchanges_of_bind(void **state)
{
	for (size_t i = 0; i < COUNT_OF(tsig_vectors); i++)
		check_vector(&tsig_vectors[i]);
}

/* What was signed by dig, signed again by us, is the same message to the octet. */
static void test_signs_as_dig_does(void **state)
{
	for (size_t i = 0; i < 6; i++) {
		const struct tsig_vector *v = &tsig_vectors[i];
		struct tsig_key key = key_of_text(v->key_name, v->algorithm, v->secret);
		struct dns_message whole;
		struct cw_arena *arena = cw_arena_new();
		struct message m;
		assert_int_equal(dns_message_decode(v->request, v->request_len, arena, &whole),
				 CW_OK);
		assert_true(whole.has_tsig);
		m.w = cw_wr_of(m.buf, sizeof(m.buf));
		cw_wr_bytes(&m.w, v->request, whole.tsig_at);
		cw_wr_put16_at(&m.w, 10, 0);
		/* dig writes names of keys in lower case */
		for (char *c = key.name; *c; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
		assert_int_equal(tsig_sign(&m.w, &key, v->time_s, NULL, 0, NULL), CW_OK);
		assert_int_equal(m.w.len, v->request_len);
		assert_memory_equal(m.buf, v->request, v->request_len);
		cw_arena_free(arena);
	}
}

static void test_ldns_verifies_ours(void **state)
{
	static const char secret[] = "0T8h78ULfjNWsekV5c5RAnGsKleejeTn";
	static const char *const algorithms[] = { "hmac-md5", "hmac-sha1", "hmac-sha256" };
	for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
		struct tsig_key key = key_of_text("Key.contoso.com", algorithms[i], secret);
		struct message m;
		ldns_pkt *pkt;
		make_query(&m);
		assert_int_equal(tsig_sign(&m.w, &key, NOW_S, NULL, 0, NULL), CW_OK);
		assert_int_equal(ldns_wire2pkt(&pkt, m.buf, m.w.len), LDNS_STATUS_OK);
		assert_true(ldns_pkt_tsig_verify(pkt, m.buf, m.w.len, "key.contoso.com.", secret,
						 NULL));
		m.buf[14] ^= 1;
		assert_false(ldns_pkt_tsig_verify(pkt, m.buf, m.w.len, "key.contoso.com.", secret,
						  NULL));
		ldns_pkt_free(pkt);
	}
}

/* Client signs, server verifies and answers, client verifies, for each algorithm. */
static void test_both_sides(void **state)
{
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct tsig_key key = key_of(all[i]);
		struct message q, a;
		struct tsig_mac sent, seen;
		struct tsig_verdict v;
		make_query(&q);
		assert_int_equal(tsig_sign(&q.w, &key, NOW_S, NULL, 0, &sent), CW_OK);
		assert_int_equal(tsig_verify(q.buf, q.w.len, &key, NOW_S + 300, NULL, &v, &seen),
				 CW_OK);
		assert_true(v.verified);
		assert_int_equal(v.answer_error, 0);
		assert_int_equal(seen.len, sent.len);
		assert_memory_equal(seen.bytes, sent.bytes, sent.len);

		make_answer(&a);
		assert_int_equal(tsig_sign(&a.w, &key, NOW_S + 1, &seen, 0, NULL), CW_OK);
		assert_true(judge(&a, &key, NOW_S, &sent).verified);
		/* an answer is bound to its request */
		v = judge(&a, &key, NOW_S, NULL);
		assert_false(v.verified);
		assert_string_equal(v.why, "wrong MAC");
		sent.bytes[0] ^= 1;
		assert_false(judge(&a, &key, NOW_S, &sent).verified);
	}
}

/* A forwarder may change the id (RFC 8945 5.3); the MAC covers the original one. */
static void test_changed_id(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA256);
	struct message m;
	make_query(&m);
	assert_int_equal(tsig_sign(&m.w, &key, NOW_S, NULL, 0, NULL), CW_OK);
	m.buf[0] ^= 0xff;
	assert_true(judge(&m, &key, NOW_S, NULL).verified);
}

/* No octet of a signed message but the id can change and still verify. */
static void test_every_octet_counts(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA256);
	struct message m;
	make_query(&m);
	size_t unsigned_len = m.w.len;
	assert_int_equal(tsig_sign(&m.w, &key, NOW_S, NULL, 0, NULL), CW_OK);
	/* TTL and the case of names do not enter the digest; the record's name is 20 octets */
	size_t ttl = unsigned_len + 20 + 4;
	for (size_t at = 2; at < m.w.len; at++) {
		struct tsig_verdict v = { .verified = false };
		if (at >= ttl && at < ttl + 4)
			continue;
		m.buf[at] ^= 0x01;
		(void)tsig_verify(m.buf, m.w.len, &key, NOW_S, NULL, &v, NULL);
		if (v.verified)
			fail_msg("octet %zu changed, and it verified", at);
		m.buf[at] ^= 0x01;
	}
	assert_true(judge(&m, &key, NOW_S, NULL).verified);
	for (size_t len = 0; len < m.w.len; len++) {
		struct tsig_verdict v = { .error = 4711 };
		uint8_t copy[1024];
		memcpy(copy, m.buf, len);
		assert_int_equal(tsig_verify(copy, len, &key, NOW_S, NULL, &v, NULL),
				 CW_EMALFORMED);
		assert_int_equal(v.error, 4711);
	}
	m.buf[m.w.len] = 0; /* one octet behind the TSIG */
	struct tsig_verdict v;
	assert_int_equal(tsig_verify(m.buf, m.w.len + 1, &key, NOW_S, NULL, &v, NULL),
			 CW_EMALFORMED);
}

static void check_rejected(const struct message *m, const struct tsig_key *key, uint64_t time_s,
			   const char *why, uint16_t answer_error)
{
	struct tsig_verdict v = judge(m, key, time_s, NULL);
	assert_false(v.verified);
	assert_string_equal(v.why, why);
	assert_int_equal(v.answer_error, answer_error);
}

static void test_verdicts(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA256), other = key;
	struct message m;
	make_query(&m);
	check_rejected(&m, &key, NOW_S, "no TSIG", 0);
	assert_int_equal(tsig_sign(&m.w, &key, NOW_S, NULL, 0, NULL), CW_OK);
	check_rejected(&m, &key, NOW_S + 301, "clocks too far apart", DNS_BADTIME);
	check_rejected(&m, &key, NOW_S - 301, "clocks too far apart", DNS_BADTIME);
	assert_true(judge(&m, &key, NOW_S - 300, NULL).verified);
	memcpy(other.name, "other", 6);
	check_rejected(&m, &other, NOW_S, "wrong key name", DNS_BADKEY);
	memcpy(other.name, "UPDATE.Contoso.com", 19);
	assert_true(judge(&m, &other, NOW_S, NULL).verified);
	other.algorithm = TSIG_HMAC_SHA512;
	check_rejected(&m, &other, NOW_S, "wrong algorithm", DNS_BADKEY);
	other.algorithm = TSIG_HMAC_SHA256;
	other.secret[0] ^= 1;
	check_rejected(&m, &other, NOW_S, "wrong MAC", DNS_TSIG_BADSIG);
	/* a wrong secret and a wrong clock: the clock is not to be believed */
	check_rejected(&m, &other, NOW_S + 1000, "wrong MAC", DNS_TSIG_BADSIG);
}

/* Cuts octets off the MAC of the signed message; lengths follow. */
static void cut_mac(struct message *m, size_t unsigned_len, size_t off)
{
	size_t rdlength = unsigned_len + 20 + 8, mac_size = rdlength + 2 + 13 + 8;
	m->buf[rdlength + 1] = (uint8_t)(m->buf[rdlength + 1] - off);
	size_t mac_len = m->buf[mac_size + 1];
	m->buf[mac_size + 1] = (uint8_t)(mac_len - off);
	memmove(m->buf + mac_size + 2 + mac_len - off, m->buf + mac_size + 2 + mac_len, 6);
	m->w.len -= off;
}

static void test_mac_cut_short(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA256);
	struct message m;
	struct tsig_verdict v;
	make_query(&m);
	size_t unsigned_len = m.w.len;
	assert_int_equal(tsig_sign(&m.w, &key, NOW_S, NULL, 0, NULL), CW_OK);
	cut_mac(&m, unsigned_len, 16);
	check_rejected(&m, &key, NOW_S, "MAC cut short", DNS_BADTRUNC);
	m.buf[unsigned_len + 20 + 10 + 13 + 8 + 2] ^= 1;
	check_rejected(&m, &key, NOW_S, "wrong MAC", DNS_TSIG_BADSIG);
	m.buf[unsigned_len + 20 + 10 + 13 + 8 + 2] ^= 1;
	cut_mac(&m, unsigned_len, 1); /* under a half: RFC 8945 5.2.2.1 */
	assert_int_equal(tsig_verify(m.buf, m.w.len, &key, NOW_S, NULL, &v, NULL), CW_EMALFORMED);
	cut_mac(&m, unsigned_len, 15); /* none at all, and no error that would explain it */
	assert_int_equal(tsig_verify(m.buf, m.w.len, &key, NOW_S, NULL, &v, NULL), CW_EMALFORMED);
}

static void test_unsigned_errors(void **state)
{
	static const uint16_t errors[] = { DNS_TSIG_BADSIG, DNS_BADKEY };
	struct tsig_key key = key_of(TSIG_HMAC_SHA256);
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct message m;
		struct tsig_mac request_mac = { .len = 32 }, made = { .len = 9 };
		make_answer(&m);
		assert_int_equal(tsig_sign(&m.w, &key, NOW_S, &request_mac, errors[i], &made),
				 CW_OK);
		assert_int_equal(made.len, 0);
		struct tsig_verdict v = judge(&m, &key, NOW_S, &request_mac);
		assert_false(v.verified);
		assert_int_equal(v.error, errors[i]);
		assert_string_equal(v.why, "unsigned error");
	}
}

static void test_badtime(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA512);
	struct message m;
	struct tsig_mac request_mac = { .len = 64 };
	make_answer(&m);
	assert_int_equal(tsig_sign_badtime(&m.w, &key, NOW_S, NOW_S + 5000000000, &request_mac),
			 CW_OK);
	struct tsig_verdict v = judge(&m, &key, NOW_S, &request_mac);
	assert_true(v.verified);
	assert_int_equal(v.error, DNS_BADTIME);
	assert_int_equal(v.time_s, NOW_S + 5000000000);
	m.buf[m.w.len - 1] ^= 1; /* the server's clock is signed too */
	assert_false(judge(&m, &key, NOW_S, &request_mac).verified);
	make_answer(&m);
	assert_int_equal(tsig_sign(&m.w, &key, NOW_S, NULL, DNS_BADTIME, NULL), CW_EINVAL);
	assert_int_equal(tsig_sign_badtime(&m.w, &key, NOW_S, 1ull << 48, NULL), CW_EINVAL);
}

/* Other data longer than any that this program writes is digested, not cut. */
static void test_long_other_data(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA1);
	struct message m;
	make_answer(&m);
	assert_int_equal(tsig_sign_badtime(&m.w, &key, NOW_S, NOW_S, NULL), CW_OK);
	size_t unsigned_len = 12 + 13 + 4, rdlength = unsigned_len + 20 + 8;
	m.buf[rdlength] = 700 >> 8; /* other data grows from 6 to 700 - 53 + 6 octets */
	size_t grown = 700 - m.buf[rdlength + 1];
	m.buf[rdlength + 1] = 700 & 0xff;
	size_t other_len = m.w.len - 8;
	m.buf[other_len] = (uint8_t)((6 + grown) >> 8);
	m.buf[other_len + 1] = (uint8_t)(6 + grown);
	memset(m.buf + m.w.len, 0, grown);
	m.w.len += grown;
	check_rejected(&m, &key, NOW_S, "wrong MAC", DNS_TSIG_BADSIG);
}

static void test_unusable_arguments(void **state)
{
	struct tsig_key key = key_of(TSIG_HMAC_SHA256), bad;
	struct message m;
	struct tsig_verdict v;
	make_query(&m);
	const size_t len = m.w.len;

	bad = key;
	bad.algorithm = TSIG_NONE;
	assert_int_equal(tsig_sign(&m.w, &bad, NOW_S, NULL, 0, NULL), CW_EINVAL);
	assert_int_equal(tsig_verify(m.buf, len, &bad, NOW_S, NULL, &v, NULL), CW_EINVAL);
	bad = key;
	bad.secret_len = 0;
	assert_int_equal(tsig_sign(&m.w, &bad, NOW_S, NULL, 0, NULL), CW_EINVAL);
	assert_int_equal(tsig_verify(m.buf, len, &bad, NOW_S, NULL, &v, NULL), CW_EINVAL);
	bad = key;
	memcpy(bad.name, "a..b", 5);
	assert_int_equal(tsig_sign(&m.w, &bad, NOW_S, NULL, 0, NULL), CW_EINVAL);
	assert_int_equal(tsig_sign(&m.w, &bad, NOW_S, NULL, DNS_BADKEY, NULL), CW_EINVAL);
	assert_int_equal(tsig_sign(&m.w, &key, 1ull << 48, NULL, 0, NULL), CW_EINVAL);
	assert_int_equal(m.w.len, len);
	assert_false(m.w.bad);
	assert_int_equal(m.buf[11], 0);

	struct cw_wr empty = cw_wr_of(m.buf, sizeof(m.buf));
	assert_int_equal(tsig_sign(&empty, &key, NOW_S, NULL, 0, NULL), CW_EINVAL);
	struct cw_wr full = { .base = m.buf, .len = len, .cap = len + 90 };
	assert_int_equal(tsig_sign(&full, &key, NOW_S, NULL, 0, NULL), CW_ETOOBIG);
	assert_int_equal(m.buf[11], 0);
}

static void test_names_of_algorithms(void **state)
{
	for (size_t i = 0; i < COUNT_OF(all); i++)
		assert_int_equal(tsig_algorithm_of(tsig_algorithm_name(all[i])), all[i]);
	assert_int_equal(tsig_algorithm_of("HMAC-SHA256."), TSIG_HMAC_SHA256);
	assert_int_equal(tsig_algorithm_of("hmac-md5"), TSIG_HMAC_MD5);
	assert_int_equal(tsig_algorithm_of("gss-tsig"), TSIG_NONE);
	assert_int_equal(tsig_algorithm_of(""), TSIG_NONE);
	assert_string_equal(tsig_algorithm_name(TSIG_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges_of_bind),
		cmocka_unit_test(test_signs_as_dig_does),
		cmocka_unit_test(test_ldns_verifies_ours),
		cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_changed_id),
		cmocka_unit_test(test_every_octet_counts),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_mac_cut_short),
		cmocka_unit_test(test_unsigned_errors),
		cmocka_unit_test(test_badtime),
		cmocka_unit_test(test_long_other_data),
		cmocka_unit_test(test_unusable_arguments),
		cmocka_unit_test(test_names_of_algorithms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
