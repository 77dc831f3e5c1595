#include "cert/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "cert/der.h"
#include "cert/read.h"

/* The responder picks the hash of the CertID: ours is made with the same one. */
static bool is_about(const OCSP_SINGLERESP *single, const struct ocsp_question *q)
{
	const OCSP_CERTID *theirs = OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT *hash = NULL;
	OCSP_CERTID *copy = OCSP_CERTID_dup((OCSP_CERTID *)(uintptr_t)theirs);
	if (!copy || OCSP_id_get0_info(NULL, &hash, NULL, NULL, copy) != 1) {
		OCSP_CERTID_free(copy);
		return false;
	}
	const EVP_MD *md = EVP_get_digestbyobj(hash);
	OCSP_CERTID *ours = md ? OCSP_cert_to_id(md, q->cert->x509, q->issuer->x509) : NULL;
	bool same = ours && OCSP_id_cmp(ours, copy) == 0;
	OCSP_CERTID_free(ours);
	OCSP_CERTID_free(copy);
	return same;
}

static OCSP_SINGLERESP *single_for(OCSP_BASICRESP *basic, const struct ocsp_question *q)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		if (is_about(single, q))
			return single;
	}
	return NULL;
}

static bool is_delegate(X509 *signer, const struct ocsp_question *q)
{
	int64_t from, to;
	EVP_PKEY *key = X509_get0_pubkey(q->issuer->x509);
	return X509_NAME_cmp(X509_get_issuer_name(signer),
			     X509_get_subject_name(q->issuer->x509)) == 0 &&
	       X509_verify(signer, key) == 1 &&
	       (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) &&
	       (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) &&
	       der_asn1_time(X509_get0_notBefore(signer), &from) && from <= q->now_s &&
	       der_asn1_time(X509_get0_notAfter(signer), &to) && to >= q->now_s;
}

/* RFC 6960 4.2.2.2: the issuer itself, or one whom the issuer itself has named. */
static unsigned signer_faults(struct cw_arena *a, OCSP_BASICRESP *basic,
			      const struct ocsp_question *q, struct ocsp_verdict *out)
{
	STACK_OF(X509) *extra = sk_X509_new_null();
	X509 *signer = NULL;
	unsigned faults = 0;
	if (!extra || sk_X509_push(extra, q->issuer->x509) <= 0 ||
	    OCSP_resp_get0_signer(basic, &signer, extra) != 1 ||
	    OCSP_basic_verify(basic, extra, NULL, OCSP_NOVERIFY | OCSP_TRUSTOTHER) != 1)
		faults |= OCSP_FAULT_SIGNATURE;
	else if (X509_cmp(signer, q->issuer->x509) != 0 && !is_delegate(signer, q))
		faults |= OCSP_FAULT_SIGNER;
	if (signer)
		out->signer = cert_name_text(a, X509_get_subject_name(signer));
	sk_X509_free(extra);
	return faults;
}

static void judge_single(OCSP_SINGLERESP *single, int64_t now_s, struct ocsp_verdict *out)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
	int status =
		OCSP_single_get0_status(single, &out->reason, &revoked, &this_update, &next_update);
	if (!der_asn1_time(this_update, &out->this_update_s) ||
	    (next_update && !der_asn1_time(next_update, &out->next_update_s)) ||
	    (status == V_OCSP_CERTSTATUS_REVOKED && !der_asn1_time(revoked, &out->revoked_s))) {
		out->faults |= OCSP_FAULT_MALFORMED;
		return;
	}
	out->has_next_update = next_update != NULL;
	if (out->this_update_s > now_s)
		out->faults |= OCSP_FAULT_NOT_YET;
	if (next_update && out->next_update_s < now_s)
		out->faults |= OCSP_FAULT_STALE;
	unsigned hard = out->faults & ~(unsigned)OCSP_FAULT_STALE;
	if (status == V_OCSP_CERTSTATUS_REVOKED && !hard)
		out->status = OCSP_REVOKED;
	else if (!out->faults)
		out->status = status == V_OCSP_CERTSTATUS_GOOD ? OCSP_GOOD : OCSP_UNKNOWN;
}

static void judge_basic(struct cw_arena *a, OCSP_BASICRESP *basic, const struct ocsp_question *q,
			struct ocsp_verdict *out)
{
	OCSP_SINGLERESP *single = single_for(basic, q);
	if (!single) {
		out->faults |= OCSP_FAULT_OTHER;
		return;
	}
	out->faults |= signer_faults(a, basic, q, out);
	judge_single(single, q->now_s, out);
}

static OCSP_RESPONSE *decode(const struct ocsp_question *q)
{
	const unsigned char *p = q->bytes;
	if (!q->len || q->len > LIMIT_OCSP)
		return NULL;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)q->len);
	if (response && p == (const unsigned char *)q->bytes + q->len)
		return response;
	OCSP_RESPONSE_free(response);
	return NULL;
}

void ocsp_judge(struct cw_arena *a, const struct ocsp_question *q, struct ocsp_verdict *out)
{
	*out = (struct ocsp_verdict){ .status = OCSP_USELESS, .reason = -1 };
	OCSP_RESPONSE *response = decode(q);
	OCSP_BASICRESP *basic = NULL;
	if (!response) {
		out->faults = OCSP_FAULT_MALFORMED;
	} else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		out->faults = OCSP_FAULT_ERROR;
		out->error = OCSP_response_status_str(OCSP_response_status(response));
	} else {
		basic = OCSP_response_get1_basic(response);
		if (basic)
			judge_basic(a, basic, q, out);
		else
			out->faults = OCSP_FAULT_MALFORMED;
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}

struct cert_bytes ocsp_request(struct cw_arena *a, const struct cert *cert,
			       const struct cert *issuer)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert->x509, issuer->x509);
	struct cert_bytes out = { NULL, 0 };
	unsigned char *der = NULL;
	if (request && id && OCSP_request_add0_id(request, id)) {
		id = NULL; /* the request's now */
		int len = i2d_OCSP_REQUEST(request, &der);
		if (len > 0)
			out = (struct cert_bytes){ cw_arena_copy(a, der, (size_t)len),
						   (size_t)len };
	}
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	return out;
}
