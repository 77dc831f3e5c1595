/* Revocation lists and OCSP answers of a lab, right and wrong. */
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lab/inside.h"
#include "lab/pki_inside.h"

enum {
	DAY_S = 86400,
	GOOD_FROM_DAYS = -1,
	GOOD_TO_DAYS = 6,
	STALE_FROM_DAYS = -10,
	STALE_TO_DAYS = -3,
	EARLY_FROM_DAYS = 2,
	EARLY_TO_DAYS = 9,
	REVOKED_DAYS = -5,
};

static ASN1_TIME *in_days(int days)
{
	return ASN1_TIME_adj(NULL, (time_t)io_unix_time_s(), days, 0);
}

/* ---- revocation lists ---- */

static bool add_revoked(X509_CRL *crl, X509 *x)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *when = in_days(REVOKED_DAYS);
	bool ok = r && when && X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(x)) == 1 &&
		  X509_REVOKED_set_revocationDate(r, when) == 1 &&
		  X509_CRL_add0_revoked(crl, r) == 1;
	ASN1_TIME_free(when);
	if (!ok)
		X509_REVOKED_free(r);
	return ok;
}

static bool add_all_revoked(const struct lab_pki *p, X509_CRL *crl, const struct scenario_cert *ca)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->entry[i].def->revoked && p->entry[i].def->issuer == ca &&
		    !add_revoked(crl, p->entry[i].cert))
			return false;
	return true;
}

static bool set_crl_times(X509_CRL *crl, enum scenario_crl_fault fault)
{
	bool stale = fault == CRL_STALE, early = fault == CRL_EARLY;
	ASN1_TIME *from = in_days(stale   ? STALE_FROM_DAYS
				  : early ? EARLY_FROM_DAYS
					  : GOOD_FROM_DAYS);
	ASN1_TIME *to = in_days(stale ? STALE_TO_DAYS : early ? EARLY_TO_DAYS : GOOD_TO_DAYS);
	bool ok = from && to && X509_CRL_set1_lastUpdate(crl, from) == 1 &&
		  X509_CRL_set1_nextUpdate(crl, to) == 1;
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok;
}

static bool add_crl_number(X509_CRL *crl, int nid, long value, bool critical)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = n && ASN1_INTEGER_set(n, value) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, nid, n, critical, X509V3_ADD_REPLACE) == 1;
	ASN1_INTEGER_free(n);
	return ok;
}

static bool add_crl_extensions(X509_CRL *crl, X509 *issuer, enum scenario_crl_fault fault)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	X509_EXTENSION *aki =
		X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	bool ok = aki && X509_CRL_add_ext(crl, aki, -1) == 1 &&
		  add_crl_number(crl, NID_crl_number, fault == CRL_DELTA ? 8 : 7, false) &&
		  (fault != CRL_DELTA || add_crl_number(crl, NID_delta_crl, 7, true));
	X509_EXTENSION_free(aki);
	return ok;
}

static X509_CRL *make_crl(const struct lab_pki *p, const struct scenario_cert *ca,
			  enum scenario_crl_fault fault)
{
	const struct pki_entry *own = &p->entry[ca->index];
	const struct pki_entry *issuer = fault == CRL_OTHER_ISSUER ? &p->stranger : own;
	const struct pki_entry *signer =
		fault == CRL_OTHER_ISSUER || fault == CRL_OTHER_SIGNER ? &p->stranger : own;
	X509_CRL *crl = X509_CRL_new();
	if (crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)) == 1 &&
	    set_crl_times(crl, fault) && add_all_revoked(p, crl, ca) &&
	    add_crl_extensions(crl, issuer->cert, fault) && X509_CRL_sort(crl) == 1 &&
	    X509_CRL_sign(crl, signer->key, EVP_sha256()) > 0)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

static struct pki_bytes pem_of(X509_CRL *crl, struct cw_arena *arena)
{
	struct pki_bytes out = { 0 };
	BIO *b = BIO_new(BIO_s_mem());
	char *bytes;
	if (b && PEM_write_bio_X509_CRL(b, crl) == 1) {
		size_t len = (size_t)BIO_get_mem_data(b, &bytes);
		out = (struct pki_bytes){ cw_arena_copy(arena, bytes, len), len };
	}
	BIO_free(b);
	return out;
}

static struct pki_bytes der_of(X509_CRL *crl, struct cw_arena *arena)
{
	struct pki_bytes out = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	if (len > 0)
		out = (struct pki_bytes){ cw_arena_copy(arena, der, (size_t)len), (size_t)len };
	OPENSSL_free(der);
	return out;
}

struct pki_bytes lab_pki_crl(const struct lab_pki *p, const struct scenario_cert *ca,
			     enum scenario_crl_fault fault, struct cw_arena *arena)
{
	X509_CRL *crl = make_crl(p, ca, fault);
	if (!crl)
		return (struct pki_bytes){ 0 };
	struct pki_bytes out = fault == CRL_PEM ? pem_of(crl, arena) : der_of(crl, arena);
	if (fault == CRL_CUT)
		out.len /= 2;
	X509_CRL_free(crl);
	return out;
}

/* ---- OCSP ---- */

/* Who answers for a CA. */
static const struct pki_entry *responder_of(const struct lab_pki *p, const struct scenario_cert *ca,
					    enum scenario_ocsp_fault fault)
{
	static const char *const purpose[] = { "1.3.6.1.5.5.7.3.9" }; /* id-kp-OCSPSigning */
	struct scenario_cert def = { .name = "responder",
				     .subject = "OCSP Responder",
				     .issuer = ca,
				     .eku = { 1, purpose },
				     .from_days = -1,
				     .to_days = 30 };
	struct pki_entry *e = &p->responder[ca->index];
	if (fault == OCSP_OTHER_SIGNER)
		return &p->stranger;
	if (fault != OCSP_DELEGATED)
		return &p->entry[ca->index];
	if (!e->key)
		e->key = EVP_EC_gen("P-256");
	if (e->key && !e->cert)
		e->cert = pki_make(p, &def, e->key);
	return e->cert ? e : NULL;
}

/* The certificate of this CA that is asked about; NULL: none of its. */
static const struct pki_entry *asked_about(const struct lab_pki *p, const struct scenario_cert *ca,
					   OCSP_CERTID *asked)
{
	ASN1_OBJECT *algorithm;
	OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, asked);
	const EVP_MD *md = EVP_get_digestbyobj(algorithm);
	for (size_t i = 0; md && i < p->count; i++) {
		const struct pki_entry *e = &p->entry[i];
		OCSP_CERTID *id = e->def->issuer == ca
					  ? OCSP_cert_to_id(md, e->cert, p->entry[ca->index].cert)
					  : NULL;
		bool same = id && OCSP_id_cmp(id, asked) == 0;
		OCSP_CERTID_free(id);
		if (same)
			return e;
	}
	return NULL;
}

static bool add_status(const struct lab_pki *p, const struct scenario_cert *ca,
		       enum scenario_ocsp_fault fault, OCSP_CERTID *id, OCSP_BASICRESP *basic)
{
	const struct pki_entry *e = asked_about(p, ca, id);
	bool unknown = !e || fault == OCSP_UNKNOWN, stale = fault == OCSP_STALE;
	bool revoked = !unknown && (e->def->revoked || fault == OCSP_REVOKED);
	ASN1_TIME *from = in_days(stale ? STALE_FROM_DAYS : GOOD_FROM_DAYS);
	ASN1_TIME *to = in_days(stale ? STALE_TO_DAYS : GOOD_TO_DAYS);
	ASN1_TIME *when = in_days(REVOKED_DAYS);
	int status = unknown   ? V_OCSP_CERTSTATUS_UNKNOWN
		     : revoked ? V_OCSP_CERTSTATUS_REVOKED
			       : V_OCSP_CERTSTATUS_GOOD;
	bool ok = from && to && when &&
		  OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_NOSTATUS,
					 revoked ? when : NULL, from, to);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_TIME_free(when);
	return ok;
}

static bool sign(const struct lab_pki *p, const struct scenario_cert *ca,
		 enum scenario_ocsp_fault fault, OCSP_BASICRESP *basic)
{
	const struct pki_entry *by = responder_of(p, ca, fault);
	unsigned long flags = by == &p->entry[ca->index] ? OCSP_NOCERTS : 0;
	return by && OCSP_basic_sign(basic, by->cert, by->key, EVP_sha256(), NULL, flags) == 1;
}

static struct pki_bytes encode(OCSP_RESPONSE *answer, struct cw_arena *arena)
{
	struct pki_bytes out = { 0 };
	uint8_t *der = NULL;
	int len = answer ? i2d_OCSP_RESPONSE(answer, &der) : -1;
	if (len > 0)
		out = (struct pki_bytes){ cw_arena_copy(arena, der, (size_t)len), (size_t)len };
	OPENSSL_free(der);
	OCSP_RESPONSE_free(answer);
	return out;
}

static struct pki_bytes failure(int status, struct cw_arena *arena)
{
	return encode(OCSP_response_create(status, NULL), arena);
}

static struct pki_bytes finish(const struct lab_pki *p, const struct scenario_cert *ca,
			       enum scenario_ocsp_fault fault, OCSP_BASICRESP *basic,
			       struct cw_arena *arena)
{
	struct pki_bytes out = { 0 };
	if (sign(p, ca, fault, basic))
		out = encode(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic), arena);
	if (fault == OCSP_CUT)
		out.len /= 2;
	return out;
}

static struct pki_bytes answer_request(const struct lab_pki *p, const struct scenario_cert *ca,
				       enum scenario_ocsp_fault fault, OCSP_REQUEST *request,
				       struct cw_arena *arena)
{
	struct pki_bytes out = { 0 };
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	bool ok = basic && OCSP_copy_nonce(basic, request) != 0;
	for (int i = 0; ok && i < OCSP_request_onereq_count(request); i++)
		ok = add_status(p, ca, fault,
				OCSP_onereq_get0_id(OCSP_request_onereq_get0(request, i)), basic);
	if (ok)
		out = finish(p, ca, fault, basic, arena);
	OCSP_BASICRESP_free(basic);
	return out;
}

struct pki_bytes lab_pki_ocsp(const struct lab_pki *p, const struct scenario_cert *ca,
			      enum scenario_ocsp_fault fault, const uint8_t *request, size_t len,
			      struct cw_arena *arena)
{
	switch (fault) {
	case OCSP_MALFORMED:
		return failure(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, arena);
	case OCSP_INTERNAL:
		return failure(OCSP_RESPONSE_STATUS_INTERNALERROR, arena);
	case OCSP_TRY_LATER:
		return failure(OCSP_RESPONSE_STATUS_TRYLATER, arena);
	case OCSP_UNAUTHORIZED:
		return failure(OCSP_RESPONSE_STATUS_UNAUTHORIZED, arena);
	default:
		break;
	}
	OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &request, (long)len);
	if (!asked)
		return failure(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, arena);
	struct pki_bytes out = answer_request(p, ca, fault, asked, arena);
	OCSP_REQUEST_free(asked);
	return out;
}

struct pki_bytes lab_pki_staple(const struct lab_pki *p, const struct scenario_cert *c,
				enum scenario_staple staple, struct cw_arena *arena)
{
	static const enum scenario_ocsp_fault faults[STAPLE_COUNT] = {
		[STAPLE_GOOD] = OCSP_GOOD,
		[STAPLE_REVOKED] = OCSP_REVOKED,
		[STAPLE_STALE] = OCSP_STALE,
		[STAPLE_OTHER_SIGNER] = OCSP_OTHER_SIGNER,
	};
	struct pki_bytes out = { 0 };
	if (!c->issuer)
		return out;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), p->entry[c->index].cert,
					  p->entry[c->issuer->index].cert);
	if (basic && id && add_status(p, c->issuer, faults[staple], id, basic))
		out = finish(p, c->issuer, faults[staple], basic, arena);
	OCSP_CERTID_free(id);
	OCSP_BASICRESP_free(basic);
	return out;
}
