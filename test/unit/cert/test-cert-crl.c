#include "cert_bench.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/wr.h"
#include "cert/der.h"

static struct ca_list_spec sound_list(const struct ca_cert *issuer)
{
	return (struct ca_list_spec){ .issuer = issuer,
				      .this_s = now_s - DAY_S,
				      .next_s = now_s + DAY_S,
				      .number = 300,
				      .revoked_s = now_s - 3600 };
}

static void reads_a_list(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	const struct ca_cert *first = issue(b, leaf_spec(root)),
			     *second = issue(b, leaf_spec(root));
	struct ca_list_spec s = sound_list(root);
	struct crl crl;
	struct crl_entry entry;
	s.revoked[0] = first;
	s.reason = "superseded";
	s.freshest = DELTA_URL;
	struct cert_bytes der = ca_list(b->ca, &s);
	crl_read(b->arena, der.at, der.len, &crl);
	assert_int_equal(crl.form, CRL_DER);
	assert_null(crl.malformed);
	assert_string_equal(crl.issuer, "CN=Contoso Root");
	assert_int_equal(crl.this_update_s, s.this_s);
	assert_int_equal(crl.next_update_s, s.next_s);
	assert_int_equal(crl.number.len, 2);
	assert_string_equal(crl.freshest.item[0], DELTA_URL);
	assert_false(crl.is_delta);
	send_cert(b, first);
	send_cert(b, second);
	assert_int_equal(crl_find(&crl, cert_serial(cert_set_at(b->sent, 0)), &entry), CRL_LISTED);
	assert_int_equal(entry.revoked_s, s.revoked_s);
	assert_string_equal(crl_reason_name(entry.reason), "superseded");
	assert_int_equal(crl_find(&crl, cert_serial(cert_set_at(b->sent, 1)), &entry), CRL_ABSENT);
}

static void takes_pem_apart(void **state)
{
	struct bench *b = *state;
	struct ca_list_spec s = sound_list(issue(b, root_spec()));
	struct cert_bytes der = ca_list(b->ca, &s), again;
	const char *pem = ca_pem(b->ca, "X509 CRL", der);
	assert_true(crl_from_pem(b->arena, pem, strlen(pem), &again));
	assert_int_equal(again.len, der.len);
	assert_memory_equal(again.at, der.at, der.len);
	assert_false(crl_from_pem(b->arena, "text", 4, &again));
}

/* No prefix of a list, and no list with a changed octet, is taken for the list. */
static void bears_every_damage(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	struct ca_list_spec s = sound_list(root);
	s.revoked[0] = issue(b, leaf_spec(root));
	send_cert(b, s.revoked[0]);
	send_cert(b, root);
	struct cert_bytes der = ca_list(b->ca, &s);
	uint8_t *copy = malloc(der.len);
	assert_non_null(copy);
	for (size_t i = 0; i < der.len * 2; i++) {
		struct crl crl;
		struct crl_verdict v;
		memcpy(copy, der.at, der.len);
		if (i >= der.len)
			copy[i - der.len] ^= 0x41;
		crl_read(b->arena, copy, i < der.len ? i : der.len, &crl);
		const struct crl_question q = { .crl = &crl,
						.cert = cert_set_at(b->sent, 0),
						.signer = cert_set_at(b->sent, 1),
						.now_s = now_s };
		crl_judge(&q, &v);
		assert_int_equal(v.status, CRL_USELESS);
		assert_true(v.faults & CRL_FAULTS);
	}
	free(copy);
}

enum { MANY = 200000, ENTRY_LEN = 2 + 2 + 8 + 15 };

static void write_head(struct cw_wr *w, uint8_t tag, size_t len)
{
	assert_true(len >= 1 << 16); /* lists here are large; DER wants the shortest form */
	cw_wr_u8(w, tag);
	if (len < 1 << 24) {
		cw_wr_be32(w, (uint32_t)len | 0x83u << 24);
	} else {
		cw_wr_u8(w, 0x84);
		cw_wr_be32(w, (uint32_t)len);
	}
}

/* Serials 0x4000000000000000 and up, all revoked at one time. */
static void write_entries(struct cw_wr *w, size_t count)
{
	write_head(w, DER_SEQUENCE, count * ENTRY_LEN);
	for (size_t i = 0; i < count; i++) {
		cw_wr_bytes(w, "\x30\x19\x02\x08\x40\x00\x00\x00", 8);
		cw_wr_be32(w, (uint32_t)i);
		cw_wr_bytes(w,
			    "\x17\x0d"
			    "261121000000Z",
			    15);
	}
}

/* Signed by root with ECDSA and SHA-256. */
static struct cert_bytes large_list(struct bench *b, const struct ca_cert *root, size_t count)
{
	static const uint8_t algorithm[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					     0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
	uint8_t signature[128];
	size_t signature_len = sizeof(signature), most = count * ENTRY_LEN + 1024;
	struct cw_wr body = cw_wr_of(cw_arena_alloc(b->arena, most), most);
	struct cw_wr tbs = cw_wr_of(cw_arena_alloc(b->arena, most), most);
	struct cw_wr out = cw_wr_of(cw_arena_alloc(b->arena, most), most);
	unsigned char *name = NULL;
	int name_len = i2d_X509_NAME(X509_get_subject_name(root->x509), &name);
	cw_wr_bytes(&body, "\x02\x01\x01", 3);
	cw_wr_bytes(&body, algorithm, sizeof(algorithm));
	cw_wr_bytes(&body, name, (size_t)name_len);
	cw_wr_bytes(&body,
		    "\x17\x0d"
		    "261121000000Z\x17\x0d"
		    "261123000000Z",
		    30);
	write_entries(&body, count);
	write_head(&tbs, DER_SEQUENCE, body.len);
	cw_wr_bytes(&tbs, body.base, body.len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, root->key), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &signature_len, tbs.base, tbs.len), 1);
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(name);
	write_head(&out, DER_SEQUENCE, tbs.len + sizeof(algorithm) + 3 + signature_len);
	cw_wr_bytes(&out, tbs.base, tbs.len);
	cw_wr_bytes(&out, algorithm, sizeof(algorithm));
	cw_wr_u8(&out, DER_BIT_STRING);
	cw_wr_u8(&out, (uint8_t)(signature_len + 1));
	cw_wr_u8(&out, 0);
	cw_wr_bytes(&out, signature, signature_len);
	assert_false(body.bad || tbs.bad || out.bad);
	return (struct cert_bytes){ out.base, out.len };
}

static void looks_serials_up_in_a_large_list(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	struct cert_bytes der = large_list(b, root, MANY);
	struct crl crl;
	struct crl_entry entry;
	struct crl_verdict v;
	send_cert(b, issue(b, leaf_spec(root)));
	send_cert(b, root);
	size_t before = cw_arena_used(b->arena);
	crl_read(b->arena, der.at, der.len, &crl);
	assert_null(crl.malformed);
	const struct crl_question q = { .crl = &crl,
					.cert = cert_set_at(b->sent, 0),
					.signer = cert_set_at(b->sent, 1),
					.now_s = now_s };
	crl_judge(&q, &v);
	assert_int_equal(v.status, CRL_NOT_LISTED);
	assert_int_equal(v.faults, 0);
	uint8_t serial[] = { 0x40, 0, 0, 0, 0, 0x03, 0x0d, 0x3f }; /* MANY - 1 */
	assert_int_equal(crl_find(&crl, (struct cert_bytes){ serial, 8 }, &entry), CRL_LISTED);
	serial[4] = 1;
	assert_int_equal(crl_find(&crl, (struct cert_bytes){ serial, 8 }, &entry), CRL_ABSENT);
	/* No memory for each entry. */
	assert_true(cw_arena_used(b->arena) - before < 4096);
}

static void compares_numbers_by_value(void **state)
{
	const struct cert_bytes small = { (const uint8_t *)"\x00\x80", 2 };
	const struct cert_bytes same = { (const uint8_t *)"\x80", 1 };
	const struct cert_bytes large = { (const uint8_t *)"\x01\x00", 2 };
	assert_int_equal(crl_number_compare(small, same), 0);
	assert_int_equal(crl_number_compare(small, large), -1);
	assert_int_equal(crl_number_compare(large, same), 1);
}

static void reads_times_strictly(void **state)
{
	static const struct {
		uint8_t tag;
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{ DER_UTC_TIME, "700101000000Z", 0 },
		{ DER_UTC_TIME, "491231235959Z", 2524607999 },
		{ DER_UTC_TIME, "500101000000Z", -631152000 },
		{ DER_UTC_TIME, "240229120000Z", 1709208000 },
		{ DER_GENERALIZED_TIME, "20000229000000Z", 951782400 },
		{ DER_GENERALIZED_TIME, "99991231235959Z", 253402300799 },
		{ DER_UTC_TIME, "230229120000Z", -1 },
		{ DER_GENERALIZED_TIME, "19000229000000Z", -1 },
		{ DER_UTC_TIME, "2402291200Z", -1 },
		{ DER_UTC_TIME, "240229120000+0000", -1 },
		{ DER_GENERALIZED_TIME, "20240229120000.5Z", -1 },
		{ DER_UTC_TIME, "241329120000Z", -1 },
		{ DER_UTC_TIME, "240229240000Z", -1 },
		{ DER_UTC_TIME, "2402291200 0Z", -1 },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t have = -1;
		bool ok = der_time(rows[i].tag, (const uint8_t *)rows[i].text, strlen(rows[i].text),
				   &have);
		assert_int_equal(ok, rows[i].want != -1);
		assert_int_equal(have, rows[i].want);
	}
	assert_string_equal(cert_time_text(b->arena, 1709208000), "2024-02-29 12:00:00 UTC");
	assert_string_equal(cert_time_text(b->arena, -1), "1969-12-31 23:59:59 UTC");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_a_list),
		CASE(takes_pem_apart),
		CASE(bears_every_damage),
		CASE(looks_serials_up_in_a_large_list),
		CASE(compares_numbers_by_value),
		CASE(reads_times_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
