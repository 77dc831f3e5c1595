#include "cert_bench.h"

static void clear_when_all_is_sound(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	assert_string_equal(judged(b), "");
	assert_int_equal(b->j.chain.count, 3);
	assert_int_equal(b->j.chain.end, CERT_END_TRUSTED);
	assert_null(b->j.first);
	assert_true(b->j.name.windows && b->j.name.strict);
	assert_string_equal(b->j.leaf->subject, "CN=vpn.contoso.com");
}

/* One change of the leaf, and what comes out. */
static void leaf_gives(struct bench *b, struct ca_spec leaf, const struct ca_cert *ca,
		       const char *want, uint32_t code)
{
	cert_set_free(b->sent);
	b->q.sent = b->sent = cert_set_new();
	send_cert(b, issue(b, leaf));
	if (ca)
		send_cert(b, ca);
	assert_string_equal(judged(b), want);
	assert_int_equal(code_of(b), code);
}

static void names_each_fault_of_the_leaf(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	struct ca_spec s = leaf_spec(ca);
	s.to_s = now_s - 1;
	leaf_gives(b, s, ca, "expired:0", 0x800B0101);
	s = leaf_spec(ca);
	s.to_s = now_s;
	leaf_gives(b, s, ca, "(expires-soon:0)", 0);
	s.to_s = now_s + 30 * DAY_S;
	leaf_gives(b, s, ca, "", 0);
	s = leaf_spec(ca);
	s.from_s = now_s + 1;
	leaf_gives(b, s, ca, "not-yet-valid:0", 0x800B0101);
	s = leaf_spec(ca);
	s.eku = "clientAuth";
	leaf_gives(b, s, ca, "eku:0", 0x800B0110);
	s.eku = NULL;
	leaf_gives(b, s, ca, "", 0);
	s.eku = "anyExtendedKeyUsage";
	leaf_gives(b, s, ca, "", 0);
	s = leaf_spec(ca);
	s.san = "DNS:www.contoso.com";
	leaf_gives(b, s, ca, "name:0", 0x800B010F);
	s = leaf_spec(ca);
	s.san = NULL;
	leaf_gives(b, s, ca, "(name-strict:0)", 0);
	s = leaf_spec(ca);
	s.critical_oid = "1.2.3.4.5";
	leaf_gives(b, s, ca, "critical-extension:0", 0x800B0105);
	s = leaf_spec(ca);
	s.bad_signature = true;
	leaf_gives(b, s, ca, "signature:0", 0x80096004);
}

static void tells_weak_keys_and_hashes_apart(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	struct ca_spec s = leaf_spec(ca);
	s.hash = CA_HASH_SHA1;
	leaf_gives(b, s, ca, "(sha1:0)", 0);
	struct ca_spec rsa_root = root_spec();
	rsa_root.key = CA_KEY_RSA_2048; /* ECDSA has no MD5 */
	s.issuer = issue(b, rsa_root);
	s.hash = CA_HASH_MD5;
	trust(b, s.issuer);
	leaf_gives(b, s, NULL, "weak-hash:0", 0x80096004);
	s = leaf_spec(ca);
	s.key = CA_KEY_RSA_1024;
	leaf_gives(b, s, ca, "(short-key:0)", 0);
	s.key = CA_KEY_RSA_512;
	leaf_gives(b, s, ca, "weak-key:0", 0x80096004);
	s.key = CA_KEY_RSA_2048;
	leaf_gives(b, s, ca, "", 0);
	assert_string_equal(b->j.leaf->key_type, "RSA");
	assert_int_equal(b->j.leaf->key_bits, 2048);
	s.key = CA_KEY_ED25519;
	leaf_gives(b, s, ca, "", 0);
}

static void ca_gives(struct bench *b, struct ca_spec spec, const char *want, uint32_t code)
{
	const struct ca_cert *ca = issue(b, spec);
	leaf_gives(b, leaf_spec(ca), ca, want, code);
}

static void names_each_fault_of_a_ca(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	struct ca_spec s = ca_spec_below(root);
	s.to_s = now_s - 1;
	ca_gives(b, s, "ca-expired:1", 0x800B0101);
	s = ca_spec_below(root);
	s.from_s = now_s + DAY_S;
	ca_gives(b, s, "ca-not-yet-valid:1", 0x800B0101);
	s = ca_spec_below(root);
	s.eku = "clientAuth";
	ca_gives(b, s, "ca-eku:1", 0x800B0110);
	s.eku = "serverAuth";
	ca_gives(b, s, "", 0);
	s = ca_spec_below(root);
	s.is_ca = false;
	s.usage = "keyCertSign";
	ca_gives(b, s, "not-a-ca:1", 0x80096019);
	s = ca_spec_below(root);
	s.usage = "cRLSign";
	ca_gives(b, s, "no-cert-sign:1", 0x800B0103);
	s = ca_spec_below(root);
	s.constraints = "permitted;DNS:fabrikam.com";
	ca_gives(b, s, "name-constraints:0", 0x800B0114);
	s.constraints = "permitted;DNS:contoso.com";
	ca_gives(b, s, "", 0);
	s.constraints = "excluded;DNS:vpn.contoso.com";
	ca_gives(b, s, "name-constraints:0", 0x800B0114);
	s = ca_spec_below(root);
	s.bad_signature = true;
	ca_gives(b, s, "signature:1", 0x80096004);
}

static void counts_the_cas_below_a_path_length(void **state)
{
	struct bench *b = *state;
	struct ca_spec s = root_spec();
	s.path_length = "0";
	const struct ca_cert *root = issue(b, s);
	const struct ca_cert *ca = issue(b, ca_spec_below(root));
	trust(b, root);
	leaf_gives(b, leaf_spec(ca), ca, "path-length:2", 0x80096019);
	leaf_gives(b, leaf_spec(root), NULL, "", 0);
}

static void tells_untrusted_from_incomplete(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	const struct ca_cert *ca = issue(b, ca_spec_below(root));
	const struct ca_cert *other = issue(b, root_spec());
	struct ca_spec s = root_spec();
	s.name = "Fabrikam Root";
	trust(b, issue(b, s));
	leaf_gives(b, leaf_spec(ca), ca, "chain-incomplete:1", 0x800B010A);
	leaf_gives(b, leaf_spec(ca), NULL, "chain-incomplete:0", 0x800B010A);
	leaf_gives(b, leaf_spec(ca), ca, "chain-incomplete:1", 0x800B010A);
	send_cert(b, root);
	assert_string_equal(judged(b), "root-untrusted:2");
	assert_int_equal(code_of(b), 0x800B0109);
	/* The same name, another key: not its issuer, as the key identifiers say. */
	trust(b, other);
	assert_string_equal(judged(b), "root-untrusted:2");
	trust(b, root);
	assert_string_equal(judged(b), "");
}

static void judges_a_lone_self_signed_certificate(void **state)
{
	struct bench *b = *state;
	struct ca_spec s = leaf_spec(NULL);
	b->q.mode = CERT_MODE_SSTP;
	const struct ca_cert *own = issue(b, s);
	send_cert(b, own);
	assert_string_equal(judged(b), "root-untrusted:0");
	trust(b, own);
	assert_string_equal(judged(b), ""); /* a root is not checked for revocation */
	assert_int_equal(b->j.chain.count, 1);
}

static void warns_where_the_server_leaves_a_ca_out(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	fetch(b, ca);
	leaf_gives(b, leaf_spec(ca), NULL, "(sent-incomplete:1)", 0);
	assert_true(b->j.chain.uses_fetched);
	leaf_gives(b, leaf_spec(ca), ca, "", 0);
	assert_false(b->j.chain.uses_fetched);
}

static void warns_of_certificates_out_of_order(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	const struct ca_cert *upper = issue(b, ca_spec_below(root));
	struct ca_spec s = ca_spec_below(upper);
	s.name = "Contoso Second CA";
	const struct ca_cert *lower = issue(b, s);
	trust(b, root);
	send_cert(b, issue(b, leaf_spec(lower)));
	send_cert(b, upper);
	send_cert(b, lower);
	assert_string_equal(judged(b), "(sent-order:2)");
}

/* A bare verifier stops at the first issuer; this one must go on to the path that holds. */
static void finds_the_way_that_holds(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	struct ca_spec s = root_spec();
	s.name = "Old Root";
	s.to_s = now_s - DAY_S;
	const struct ca_cert *old_root = issue(b, s);
	const struct ca_cert *ca = issue(b, ca_spec_below(root));
	s = ca_spec_below(old_root);
	s.key_of = ca;
	const struct ca_cert *cross = issue(b, s);
	trust(b, old_root);
	leaf_gives(b, leaf_spec(ca), cross, "root-expired:2", 0x800B0101);
	trust(b, root);
	fetch(b, ca);
	leaf_gives(b, leaf_spec(ca), cross, "(sent-incomplete:1)", 0);
	send_cert(b, ca);
	assert_string_equal(judged(b), "");
	assert_int_equal(b->j.chains, 2);
	assert_string_equal(b->j.chain.cert[2]->subject, "CN=Contoso Root");
}

static void reports_faults_together(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec());
	struct ca_spec s = leaf_spec(root);
	s.to_s = now_s - DAY_S;
	s.eku = "clientAuth";
	s.san = "DNS:other.contoso.com";
	send_cert(b, issue(b, s));
	send_cert(b, root);
	assert_string_equal(judged(b), "expired:0 eku:0 name:0 root-untrusted:1");
	assert_int_equal(b->j.errors, 4);
	assert_int_equal(code_of(b), 0x800B0109);
}

/* Every CA signs every other one, so that there are more ways than anyone could walk; none of them
 * ends at a root. */
static void ends_quickly_where_certificates_sign_each_other(void **state)
{
	struct bench *b = *state;
	enum { MANY = 12 };
	const struct ca_cert *own[MANY];
	struct ca_spec s = root_spec();
	trust(b, issue(b, s));
	for (int i = 0; i < MANY; i++) {
		s.name = cw_arena_fmt(b->arena, "Mesh %d", i);
		own[i] = issue(b, s);
	}
	send_cert(b, issue(b, leaf_spec(own[0])));
	for (int i = 0; i < MANY * MANY; i++) {
		s.name = cw_arena_fmt(b->arena, "Mesh %d", i / MANY);
		s.key_of = own[i / MANY];
		s.issuer = own[i % MANY];
		if (i / MANY != i % MANY)
			send_cert(b, issue(b, s));
	}
	(void)judged(b);
	assert_int_equal(b->j.first->kind, CERT_CHAIN_UNFINISHED);
	assert_true(b->j.limited);
	assert_true(b->j.signatures <= LIMIT_CERT_SIGNATURES && b->j.chains <= LIMIT_CERT_CHAINS);
	assert_int_equal(code_of(b), 0); /* no cause is named where not all was looked at */
}

static void keeps_to_smaller_limits(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	b->q.limits.depth = 2;
	assert_string_equal(judged(b), "chain-unfinished:1");
	b->q.limits.depth = 3;
	assert_string_equal(judged(b), "");
	b->q.limits.signatures = 1;
	assert_string_equal(judged(b), "chain-unfinished:1");
}

static void wants_a_certificate(void **state)
{
	struct bench *b = *state;
	assert_int_equal(cert_judge(&b->q, b->arena, &b->j), CW_EINVAL);
}

static void gives_each_fault_a_name_of_its_own(void **state)
{
	for (int i = 0; i < CERT_FAULT_COUNT; i++) {
		const char *symbol = cert_fault_symbol((enum cert_fault_kind)i);
		assert_non_null(symbol);
		assert_int_equal(*symbol != '\0', cert_fault_code((enum cert_fault_kind)i) != 0);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(cert_fault_name((enum cert_fault_kind)i),
						cert_fault_name((enum cert_fault_kind)k));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(clear_when_all_is_sound),
		CASE(names_each_fault_of_the_leaf),
		CASE(tells_weak_keys_and_hashes_apart),
		CASE(names_each_fault_of_a_ca),
		CASE(counts_the_cas_below_a_path_length),
		CASE(tells_untrusted_from_incomplete),
		CASE(judges_a_lone_self_signed_certificate),
		CASE(warns_where_the_server_leaves_a_ca_out),
		CASE(warns_of_certificates_out_of_order),
		CASE(finds_the_way_that_holds),
		CASE(reports_faults_together),
		CASE(ends_quickly_where_certificates_sign_each_other),
		CASE(keeps_to_smaller_limits),
		CASE(wants_a_certificate),
		CASE(gives_each_fault_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
