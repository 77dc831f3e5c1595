#include "cert_bench.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

static struct cert_set_report add(struct bench *b, const void *bytes, size_t len, enum cw_ec want)
{
	struct cert_set_report r;
	assert_int_equal(cert_set_add(b->sent, bytes, len, "file", &r), want);
	return r;
}

static void reads_pem_with_text_around(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec()), *leaf = issue(b, leaf_spec(root));
	const char *pem = cw_arena_fmt(b->arena,
				       "subject=CN = x\n%s\nnoise\n%s-----BEGIN PRIVATE KEY-----\n"
				       "AAAA\n-----END PRIVATE KEY-----\n%s",
				       ca_pem(b->ca, "CERTIFICATE", leaf->der),
				       ca_pem(b->ca, "X509 CERTIFICATE", root->der),
				       ca_pem(b->ca, "CERTIFICATE", root->der));
	struct cert_set_report r = add(b, pem, strlen(pem), CW_OK);
	assert_int_equal(r.added, 2);
	assert_int_equal(r.repeated, 1);
	assert_int_equal(r.unreadable, 0);
	assert_true(r.private_key);
	assert_string_equal(cert_set_at(b->sent, 0)->subject, "CN=vpn.contoso.com");
	assert_string_equal(cert_set_at(b->sent, 0)->source, "file");
}

static void reads_der_in_a_row(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec()), *leaf = issue(b, leaf_spec(root));
	uint8_t both[4096];
	assert_true(root->der.len + leaf->der.len < sizeof(both));
	memcpy(both, root->der.at, root->der.len);
	memcpy(both + root->der.len, leaf->der.at, leaf->der.len);
	struct cert_set_report r = add(b, both, root->der.len + leaf->der.len, CW_OK);
	assert_int_equal(r.added, 2);
	r = add(b, both, root->der.len + 3, CW_OK);
	assert_int_equal(r.repeated, 1);
	assert_int_equal(r.unreadable, 1);
}

static void reads_pkcs7(void **state)
{
	struct bench *b = *state;
	const struct ca_cert *root = issue(b, root_spec()), *leaf = issue(b, leaf_spec(root));
	PKCS7 *p7 = PKCS7_new();
	unsigned char *der = NULL;
	assert_true(PKCS7_set_type(p7, NID_pkcs7_signed) && PKCS7_content_new(p7, NID_pkcs7_data) &&
		    PKCS7_add_certificate(p7, leaf->x509) && PKCS7_add_certificate(p7, root->x509));
	int len = i2d_PKCS7(p7, &der);
	assert_true(len > 0);
	assert_int_equal(add(b, der, (size_t)len, CW_OK).added, 2);
	const char *pem = ca_pem(b->ca, "PKCS7", (struct cert_bytes){ der, (size_t)len });
	assert_int_equal(add(b, pem, strlen(pem), CW_OK).repeated, 2);
	OPENSSL_free(der);
	PKCS7_free(p7);
}

static void refuses_what_holds_none(void **state)
{
	static const char broken[] =
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
	struct bench *b = *state;
	assert_int_equal(add(b, "", 0, CW_EMALFORMED).added, 0);
	assert_int_equal(add(b, "<html></html>", 13, CW_EMALFORMED).added, 0);
	assert_int_equal(add(b, broken, sizeof(broken) - 1, CW_EMALFORMED).unreadable, 1);
	assert_int_equal(add(b, broken, sizeof(broken) - 30, CW_EMALFORMED).added, 0);
	assert_int_equal(cert_set_count(b->sent), 0);
	assert_int_equal(cert_set_count(NULL), 0);
}

static void lists_what_a_certificate_says(void **state)
{
	struct bench *b = *state;
	struct ca_spec s = leaf_spec(issue(b, root_spec()));
	s.name = "b\xc3\xbc"
		 "cher,x";
	s.san = "DNS:vpn.contoso.com,IP:192.0.2.1,IP:2001:db8::1,email:admin@contoso.com";
	s.ocsp[0] = OCSP_URL;
	s.issuers[0] = "http://aia.contoso.com/ca.crt";
	s.cdp[1] = "ldap:///CN=x?certificateRevocationList";
	s.freshest[0] = DELTA_URL;
	s.serial = 0x1234;
	send_cert(b, issue(b, s));
	const struct cert *c = cert_set_at(b->sent, 0);
	assert_string_equal(c->subject, "CN=b\xc3\xbc"
					"cher\\,x");
	assert_string_equal(c->issuer, "CN=Contoso Root");
	assert_string_equal(c->serial, "1234");
	assert_string_equal(cert_list_text(b->arena, &c->ip), "192.0.2.1, 2001:db8::1");
	assert_string_equal(c->other_names.item[0], "email:admin@contoso.com");
	assert_string_equal(c->ocsp.item[0], OCSP_URL);
	assert_string_equal(c->issuers_http.item[0], "http://aia.contoso.com/ca.crt");
	assert_string_equal(c->cdp_http.item[0], BASE_URL);
	assert_int_equal(c->cdp_ldap.count, 1);
	assert_string_equal(c->freshest.item[0], DELTA_URL);
	assert_string_equal(c->key_type, "EC P-256");
	assert_int_equal(c->key_bits, 256);
	assert_string_equal(c->signature_algorithm, "ecdsa-with-SHA256");
	assert_int_equal(c->version, 3);
	assert_int_equal(strlen(c->sha256), 64);
	assert_int_equal(strlen(c->sha1), 40);
	assert_ptr_equal(cert_set_find(b->sent, c->sha256), c);
	assert_string_equal(cert_list_text(b->arena, &c->eku), "1.3.6.1.5.5.7.3.1");
	assert_null(c->malformed);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_pem_with_text_around),
		CASE(reads_der_in_a_row),
		CASE(reads_pkcs7),
		CASE(refuses_what_holds_none),
		CASE(lists_what_a_certificate_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
