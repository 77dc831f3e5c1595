/* Any octets as a revocation list, walked, judged, and read again by OpenSSL. */
#include "fuzz.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "cert/crl.h"
#include "cert_pair.h"

enum { NOW_S = 1795320000 };

/* What we take for a sound list, OpenSSL reads too, and finds the same entry in it. */
static void check_against_openssl(const struct cert_pair *p, const struct crl *crl,
				  enum crl_lookup have)
{
	const unsigned char *at = p->rest;
	X509_REVOKED *entry = NULL;
	X509_CRL *theirs = d2i_X509_CRL(NULL, &at, (long)p->rest_len);
	REQUIRE(theirs != NULL);
	bool removed = false;
	int found = X509_CRL_get0_by_serial(theirs, &entry, X509_get_serialNumber(p->cert->x509));
	removed = found == 2; /* removeFromCRL, which is an entry for us */
	REQUIRE((have == CRL_LISTED) == (found == 1 || removed));
	X509_CRL_free(theirs);
	ERR_clear_error();
}

static void check_list(struct cw_arena *a, const struct cert_pair *p)
{
	struct crl crl, again;
	struct crl_entry entry;
	struct crl_verdict v;
	crl_read(a, p->rest, p->rest_len, &crl);
	if (crl.form != CRL_DER || crl.malformed)
		return;
	const struct crl_question q = {
		.crl = &crl, .cert = p->cert, .signer = p->issuer, .now_s = NOW_S
	};
	crl_judge(&q, &v);
	REQUIRE(v.status != CRL_NOT_LISTED || !(v.faults & CRL_FAULTS));
	REQUIRE(v.status != CRL_REVOKED || !(v.faults & CRL_FAULT_SIGNATURE));
	crl_read(a, p->rest, p->rest_len, &again);
	const struct crl_question with_delta = { &crl, p->cert, p->issuer, NOW_S, &again };
	crl_judge(&with_delta, &v);
	if (v.status == CRL_NOT_LISTED || v.status == CRL_REVOKED)
		check_against_openssl(p, &crl, crl_find(&crl, cert_serial(p->cert), &entry));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *a = cw_arena_new();
	struct cert_pair p;
	if (cert_pair_read(data, size, &p))
		check_list(a, &p);
	cert_set_free(p.set);
	cw_arena_free(a);
	return 0;
}
