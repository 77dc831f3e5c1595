#include <openssl/x509.h>
#include <string.h>

#include "cert/crl.h"
#include "cert/der.h"

enum { REASON_REMOVE_FROM_CRL = 8 };

bool crl_names_issuer(const struct crl *crl, const struct cert *issuer)
{
	const unsigned char *p = crl->issuer_der.at;
	X509_NAME *name = p ? d2i_X509_NAME(NULL, &p, (long)crl->issuer_der.len) : NULL;
	bool same = name && X509_NAME_cmp(name, X509_get_subject_name(issuer->x509)) == 0;
	X509_NAME_free(name);
	return same;
}

static bool signed_by(struct crl *crl, const struct cert *signer)
{
	if (crl->tried != signer) {
		crl->tried = signer;
		crl->tried_ok = der_verify(crl->tbs, crl->algorithm, crl->signature,
					   X509_get0_pubkey(signer->x509));
	}
	return crl->tried_ok;
}

static bool share_a_name(const struct cert_list *a, const struct cert_list *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			if (strcmp(a->item[i], b->item[j]) == 0)
				return true;
		}
	}
	return false;
}

/* What Windows makes of the issuing distribution point (SecCrypto, CRL semantics). */
static bool in_scope(const struct crl_scope *s, const struct cert *cert)
{
	if (!s->present)
		return true;
	if (s->indirect || s->only_reasons || s->only_attribute || s->relative_name)
		return false;
	if ((s->only_user && cert->is_ca) || (s->only_ca && !cert->is_ca))
		return false;
	return !s->names.count || share_a_name(&s->names, &cert->cdp_names);
}

static unsigned time_faults(const struct crl *crl, int64_t now_s)
{
	unsigned faults = 0;
	if (crl->this_update_s > now_s)
		faults |= CRL_FAULT_NOT_YET;
	if (!crl->has_next_update)
		faults |= CRL_WARN_NO_NEXT_UPDATE;
	else if (crl->next_update_s < now_s)
		faults |= CRL_FAULT_STALE;
	return faults;
}

/* Faults of the list itself; want_delta: which of the two kinds it has to be. */
static unsigned faults_of(const struct crl_question *q, struct crl *crl, bool want_delta)
{
	if (crl->form != CRL_DER)
		return CRL_FAULT_FORM;
	if (crl->malformed)
		return CRL_FAULT_MALFORMED;
	unsigned faults = time_faults(crl, q->now_s);
	if (!crl_names_issuer(crl, q->signer))
		return faults | CRL_FAULT_ISSUER;
	if (!signed_by(crl, q->signer))
		faults |= CRL_FAULT_SIGNATURE;
	if (q->signer->has_usage && !(q->signer->usage & CERT_KU_CRL_SIGN))
		faults |= CRL_FAULT_USAGE;
	if (!in_scope(&crl->scope, q->cert))
		faults |= CRL_FAULT_SCOPE;
	if (crl->critical_unknown.count)
		faults |= CRL_FAULT_CRITICAL;
	if (crl->is_delta != want_delta)
		faults |= CRL_FAULT_DELTA;
	return faults;
}

/* RFC 5280 5.2.4: made for this base or an older one, and not older than it. */
static bool belongs(const struct crl *base, const struct crl *delta)
{
	return base->number.len && delta->number.len && delta->base_number.len &&
	       crl_number_compare(delta->base_number, base->number) <= 0 &&
	       crl_number_compare(delta->number, base->number) >= 0 &&
	       base->scope.present == delta->scope.present &&
	       base->scope.only_user == delta->scope.only_user &&
	       base->scope.only_ca == delta->scope.only_ca;
}

/* What the delta adds to the base's answer. */
static enum crl_status apply_delta(const struct crl_question *q, enum crl_status status,
				   struct crl_verdict *out)
{
	struct crl_entry entry;
	out->delta_faults = faults_of(q, q->delta, true);
	if (!(out->delta_faults & CRL_FAULTS) && !belongs(q->crl, q->delta))
		out->delta_faults |= CRL_FAULT_DELTA;
	if (out->delta_faults & CRL_FAULTS & ~(unsigned)CRL_FAULT_STALE)
		return status;
	switch (crl_find(q->delta, cert_serial(q->cert), &entry)) {
	case CRL_LISTED:
		out->entry = entry;
		return entry.reason == REASON_REMOVE_FROM_CRL ? CRL_NOT_LISTED : CRL_REVOKED;
	case CRL_BROKEN:
		out->delta_faults |= CRL_FAULT_MALFORMED;
		return status;
	default:
		return status;
	}
}

void crl_judge(const struct crl_question *q, struct crl_verdict *out)
{
	*out = (struct crl_verdict){ .status = CRL_USELESS };
	out->entry.reason = -1;
	out->faults = faults_of(q, q->crl, false);
	if (out->faults & CRL_FAULTS & ~(unsigned)CRL_FAULT_STALE)
		return;
	enum crl_status status = CRL_NOT_LISTED;
	switch (crl_find(q->crl, cert_serial(q->cert), &out->entry)) {
	case CRL_LISTED:
		/* A date ahead of the time of the check does not count yet (SecCrypto). */
		status = out->entry.revoked_s > q->now_s ? CRL_NOT_LISTED : CRL_REVOKED;
		break;
	case CRL_BROKEN:
		out->faults |= CRL_FAULT_MALFORMED;
		return;
	default:
		break;
	}
	if (q->delta)
		status = apply_delta(q, status, out);
	if (status == CRL_NOT_LISTED && (out->faults & CRL_FAULTS))
		status = CRL_USELESS;
	out->status = status;
}
