#include "cert_bench.h"

static struct ca_list_spec list_of(const struct ca_cert *issuer)
{
	return (struct ca_list_spec){ .issuer = issuer,
				      .this_s = now_s - DAY_S,
				      .next_s = now_s + DAY_S,
				      .number = 7,
				      .revoked_s = now_s - 3600 };
}

static struct cert_bytes list(struct bench *b, struct ca_list_spec spec)
{
	return ca_list(b->ca, &spec);
}

/* Everything sound under the hard mode of SSTP, the root's list given. */
static const struct ca_cert *hard(struct bench *b, const struct ca_cert **ca)
{
	const struct ca_cert *root;
	const struct ca_cert *leaf = sound(b, &root, ca);
	b->q.mode = CERT_MODE_SSTP;
	give_crl(b, list(b, list_of(root)), ROOT_URL);
	return leaf;
}

static void passes_with_fresh_lists(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca;
	(void)hard(b, &ca);
	give_crl(b, list(b, list_of(ca)), BASE_URL);
	assert_string_equal(judged(b), "");
	assert_int_equal(b->j.chain.revocation[0], CERT_STATUS_GOOD);
	assert_int_equal(b->j.chain.revocation[1], CERT_STATUS_GOOD);
	assert_int_equal(b->j.chain.revocation[2], CERT_STATUS_NOT_JUDGED);
}

/* The leaf's list as given by spec; then once more without revocation checks. */
static void list_gives(struct bench *b, struct ca_list_spec spec, const char *want,
		       const char *without, uint32_t code)
{
	b->q.crl_count = 1;
	give_crl(b, list(b, spec), BASE_URL);
	assert_string_equal(judged(b), want);
	assert_int_equal(code_of(b), code);
	b->q.mode = CERT_MODE_WINHTTP;
	assert_string_equal(judged(b), without);
	b->q.mode = CERT_MODE_SSTP;
}

static void names_each_fault_of_a_list(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca, *leaf = hard(b, &ca);
	struct ca_list_spec s = list_of(ca);
	s.revoked[0] = leaf;
	s.reason = "keyCompromise";
	list_gives(b, s, "revoked:0", "(revoked:0)", 0x80092010);
	s.next_s = now_s - 1;
	list_gives(b, s, "(revocation-stale:0) revoked:0", "(revocation-stale:0) (revoked:0)",
		   0x80092010);
	s = list_of(ca);
	s.next_s = now_s - 1;
	list_gives(b, s, "revocation-stale:0", "(revocation-stale:0)", 0x80092013);
	s.next_s = now_s;
	list_gives(b, s, "", "", 0);
	s = list_of(ca);
	s.this_s = now_s + 1;
	list_gives(b, s, "revocation-not-yet-valid:0", "(revocation-not-yet-valid:0)", 0x80092013);
	s = list_of(ca);
	s.bad_signature = true;
	list_gives(b, s, "revocation-signature:0", "(revocation-signature:0)", 0x80092013);
	s = list_of(leaf);
	list_gives(b, s, "revocation-wrong-issuer:0", "(revocation-wrong-issuer:0)", 0x80092013);
	s = list_of(ca);
	s.next_s = 0;
	list_gives(b, s, "(no-next-update:0)", "(no-next-update:0)", 0);
}

static void keeps_to_the_scope_that_windows_reads(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca;
	(void)hard(b, &ca);
	struct ca_list_spec s = list_of(ca);
	s.only_user = true;
	list_gives(b, s, "", "", 0);
	s.scope_url = "HTTP://CRL.contoso.com/base.crl";
	list_gives(b, s, "", "", 0);
	s.scope_url = "http://crl.contoso.com/b%61se.crl";
	list_gives(b, s, "revocation-scope:0", "(revocation-scope:0)", 0x80092013);
	s = list_of(ca);
	s.only_ca = true;
	list_gives(b, s, "revocation-scope:0", "(revocation-scope:0)", 0x80092013);
	s = list_of(ca);
	s.indirect = true;
	list_gives(b, s, "revocation-scope:0", "(revocation-scope:0)", 0x80092013);
}

static void tells_what_stands_at_a_url(void **state)
{
	static const struct {
		const char *text, *want;
	} pages[] = {
		{ "<html><body>Sign in</body></html>", "revocation-not-a-list:0" },
		{ "\r\n  <!DOCTYPE html>", "revocation-not-a-list:0" },
		{ "-----BEGIN X509 CRL-----\n", "revocation-not-a-list:0" },
		{ "0\x03\x02\x01\x01", "revocation-malformed:0" },
		{ "", "revocation-not-a-list:0" },
	};
	struct bench *b = *state;
	const struct ca_cert *ca;
	(void)hard(b, &ca);
	b->q.crl_count = 2;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		b->crl[1] = (struct cert_evidence){ .bytes = (const uint8_t *)pages[i].text,
						    .len = strlen(pages[i].text),
						    .url = BASE_URL };
		assert_string_equal(judged(b), pages[i].want);
		assert_int_equal(code_of(b), 0x80092013);
	}
}

static void tells_unreachable_from_no_source(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	b->q.mode = CERT_MODE_SSTP;
	give_crl(b, list(b, list_of(root)), ROOT_URL);
	assert_string_equal(judged(b), "revocation-unreachable:0");
	b->crl[b->q.crl_count++] =
		(struct cert_evidence){ .url = BASE_URL, .trouble = "no answer" };
	assert_string_equal(judged(b), "revocation-unreachable:0");
	assert_string_equal(b->j.first->url, BASE_URL);
	assert_string_equal(cw_text_render(b->arena, &b->j.first->have, NULL), "no answer");
	give_crl(b, list(b, list_of(ca)), BASE_URL);
	assert_string_equal(judged(b), "(revocation-unreachable:0)");
}

static void leaf_with(struct bench *b, const struct ca_cert *ca, const char *first,
		      const char *second, const char *want, uint32_t code)
{
	struct ca_spec s = leaf_spec(ca);
	s.cdp[0] = first;
	s.cdp[1] = second;
	cert_set_free(b->sent);
	b->q.sent = b->sent = cert_set_new();
	send_cert(b, issue(b, s));
	send_cert(b, ca);
	assert_string_equal(judged(b), want);
	assert_int_equal(code_of(b), code);
}

static void knows_certificates_that_name_no_usable_source(void **state)
{
	static const char ldap[] =
		"ldap:///CN=Contoso,CN=CDP,DC=contoso,DC=com?certificateRevocationList";
	struct bench *b = *state;
	const struct ca_cert *ca;
	(void)hard(b, &ca);
	leaf_with(b, ca, NULL, NULL, "no-revocation-source:0", 0x80092012);
	leaf_with(b, ca, ldap, NULL, "revocation-ldap-only:0", 0x80092013);
	leaf_with(b, ca, ldap, BASE_URL, "revocation-unreachable:0", 0x80092013);
	assert_string_equal(b->j.leaf->cdp_http.item[0], BASE_URL);
	assert_string_equal(b->j.leaf->cdp_ldap.item[0], ldap);
	b->q.mode = CERT_MODE_WINHTTP;
	leaf_with(b, ca, NULL, NULL, "", 0);
}

static void revokes_a_ca(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	b->q.mode = CERT_MODE_SSTP;
	struct ca_list_spec s = list_of(root);
	s.revoked[0] = ca;
	give_crl(b, list(b, s), ROOT_URL);
	give_crl(b, list(b, list_of(ca)), BASE_URL);
	assert_string_equal(judged(b), "revoked:1");
	assert_int_equal(code_of(b), 0x80092010);
}

static void avoids_a_revoked_way(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	struct ca_spec cross = ca_spec_below(root);
	cross.key_of = ca;
	const struct ca_cert *second = issue(b, cross);
	send_cert(b, second);
	b->q.mode = CERT_MODE_SSTP;
	struct ca_list_spec s = list_of(root);
	s.revoked[0] = ca;
	give_crl(b, list(b, s), ROOT_URL);
	give_crl(b, list(b, list_of(ca)), BASE_URL);
	assert_string_equal(judged(b), "");
	assert_int_equal(b->j.chain.cert[1]->der.len, second->der.len);
	assert_memory_equal(b->j.chain.cert[1]->der.at, second->der.at, second->der.len);
}

static struct ca_list_spec delta_of(const struct ca_cert *issuer)
{
	struct ca_list_spec s = list_of(issuer);
	s.delta_of = 7;
	s.number = 9;
	return s;
}

static void joins_a_delta_to_its_base(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca, *leaf = hard(b, &ca);
	struct ca_list_spec base = list_of(ca);
	base.freshest = DELTA_URL;
	list_gives(b, base, "(delta-missing:0)", "(delta-missing:0)", 0);
	give_crl(b, list(b, delta_of(ca)), DELTA_URL);
	assert_string_equal(judged(b), "");
	b->q.crl_count = 2;
	struct ca_list_spec s = delta_of(ca);
	s.revoked[0] = leaf;
	give_crl(b, list(b, s), DELTA_URL);
	assert_string_equal(judged(b), "revoked:0");
	b->q.crl_count = 2;
	s = delta_of(ca);
	s.delta_of = 8; /* made for a later base */
	give_crl(b, list(b, s), DELTA_URL);
	assert_string_equal(judged(b), "(delta-missing:0)");
	b->q.crl_count = 2;
	s = delta_of(ca);
	s.next_s = now_s - 1;
	give_crl(b, list(b, s), DELTA_URL);
	assert_string_equal(judged(b), "(delta-missing:0)");
}

static void lets_a_delta_lift_a_hold(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca, *leaf = hard(b, &ca);
	struct ca_list_spec base = list_of(ca);
	base.revoked[0] = leaf;
	base.reason = "certificateHold";
	give_crl(b, list(b, base), BASE_URL);
	assert_string_equal(judged(b), "revoked:0");
	struct ca_list_spec s = delta_of(ca);
	s.revoked[0] = leaf;
	s.reason = "removeFromCRL";
	give_crl(b, list(b, s), DELTA_URL);
	assert_string_equal(judged(b), "");
}

static struct ca_response_spec response_of(const struct ca_cert *cert, const struct ca_cert *issuer)
{
	return (struct ca_response_spec){ .cert = cert,
					  .issuer = issuer,
					  .this_s = now_s - 3600,
					  .next_s = now_s + DAY_S,
					  .revoked_s = now_s - 7200 };
}

static void takes_ocsp_for_lists(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca, *leaf = hard(b, &ca);
	struct ca_response_spec s = response_of(leaf, ca);
	give_ocsp(b, ca_response(b->ca, &s), NULL);
	assert_string_equal(judged(b), "");
	b->q.ocsp_count = 0;
	s.status = CA_REVOKED_STATUS;
	give_ocsp(b, ca_response(b->ca, &s), NULL);
	assert_string_equal(judged(b), "revoked:0");
	b->q.ocsp_count = 0;
	s.status = CA_UNKNOWN;
	give_ocsp(b, ca_response(b->ca, &s), NULL);
	assert_string_equal(judged(b), "ocsp-unknown:0");
	assert_int_equal(code_of(b), 0x80092014);
	/* Then the list decides, as in Windows. */
	give_crl(b, list(b, list_of(ca)), BASE_URL);
	assert_string_equal(judged(b), "(ocsp-unknown:0)");
}

static void falls_through_from_ocsp_to_a_list(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *ca, *leaf = hard(b, &ca);
	struct ca_response_spec s = response_of(leaf, ca);
	s.next_s = now_s - 1;
	give_ocsp(b, ca_response(b->ca, &s), NULL);
	assert_string_equal(judged(b), "revocation-stale:0");
	give_crl(b, list(b, list_of(ca)), BASE_URL);
	assert_string_equal(judged(b), "(revocation-stale:0)");
}

static void takes_lists_signed_by_a_key_of_the_same_ca(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root, *ca;
	(void)sound(b, &root, &ca);
	b->q.mode = CERT_MODE_SSTP;
	struct ca_spec s = ca_spec_below(root);
	s.usage = "cRLSign";
	const struct ca_cert *signer = issue(b, s);
	give_crl(b, list(b, list_of(root)), ROOT_URL);
	struct ca_list_spec l = list_of(ca);
	l.signer = signer;
	give_crl(b, list(b, l), BASE_URL);
	assert_string_equal(judged(b), "revocation-signature:0");
	fetch(b, signer);
	assert_string_equal(judged(b), "");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(passes_with_fresh_lists),
		CASE(names_each_fault_of_a_list),
		CASE(keeps_to_the_scope_that_windows_reads),
		CASE(tells_what_stands_at_a_url),
		CASE(tells_unreachable_from_no_source),
		CASE(knows_certificates_that_name_no_usable_source),
		CASE(revokes_a_ca),
		CASE(avoids_a_revoked_way),
		CASE(joins_a_delta_to_its_base),
		CASE(lets_a_delta_lift_a_hold),
		CASE(takes_ocsp_for_lists),
		CASE(falls_through_from_ocsp_to_a_list),
		CASE(takes_lists_signed_by_a_key_of_the_same_ca),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
