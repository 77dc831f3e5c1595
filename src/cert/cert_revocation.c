/*
 * Whether each certificate below the root is revoked, from what was fetched and stapled
 * (RFC 5280 6.3, RFC 6960, and what Windows does differently: doc/certificates.md).
 */
#include <string.h>

#include "cert/chain.h"

struct checking {
	struct judging *j;
	const struct cert_chain *chain;
	const struct cert *cert, *issuer;
	bool leaf, other_signers;
	/* What came out; faults are told only when it is known how much they matter. */
	bool good, revoked, judged;
	struct crl_verdict *list;      /* of q->crl, in its order */
	bool *list_counts;             /* it is about this certificate */
	struct ocsp_verdict *response; /* of q->ocsp, in its order */
	bool *response_counts;
	struct crl_entry entry;
	const char *revoked_by; /* where the revocation stands */
	const struct crl *used; /* the list that says: not revoked */
	unsigned delta_faults;
	bool delta_seen;
};

static enum cert_revocation status_of(struct judging *j, const struct cert_chain *chain,
				      const struct cert *cert, const struct cert *issuer,
				      bool other_signers, struct fault_list *faults);

static bool has_url(const struct cert_list *l, const char *url)
{
	return url && cert_list_has(l, url);
}

static const char *place_of(const struct cert_evidence *e)
{
	return e->url ? e->url : e->stapled ? "TLS handshake" : "file";
}

static void take_revoked(struct checking *k, const struct crl_entry *entry,
			 const struct cert_evidence *e)
{
	if (!k->revoked) {
		k->entry = *entry;
		k->revoked_by = place_of(e);
	}
	k->revoked = true;
}

static void ask_responses(struct checking *k)
{
	const struct cert_question *q = k->j->q;
	for (size_t i = 0; i < q->ocsp_count; i++) {
		const struct cert_evidence *e = &q->ocsp[i];
		struct ocsp_verdict *v = &k->response[i];
		bool asked = has_url(&k->cert->ocsp, e->url) || (e->stapled && k->leaf);
		if (!e->bytes) {
			k->response_counts[i] = asked;
			continue;
		}
		const struct ocsp_question oq = { e->bytes, e->len, k->cert, k->issuer, q->now_s };
		ocsp_judge(k->j->arena, &oq, v);
		bool about =
			v->status != OCSP_USELESS ||
			!(v->faults & (OCSP_FAULT_MALFORMED | OCSP_FAULT_ERROR | OCSP_FAULT_OTHER));
		k->response_counts[i] = about || (asked && !(v->faults & OCSP_FAULT_OTHER));
		k->good |= v->status == OCSP_GOOD;
		if (v->status == OCSP_REVOKED)
			take_revoked(k, &(struct crl_entry){ v->revoked_s, v->reason }, e);
	}
}

/* The delta list that fits best: one without faults, else one that tells what is wrong. */
static void judge_with_deltas(struct checking *k, struct crl *base, const struct cert *signer,
			      struct crl_verdict *out)
{
	const struct cert_question *q = k->j->q;
	struct crl_question cq = { base, k->cert, signer, q->now_s, NULL };
	crl_judge(&cq, out);
	if (out->faults & CRL_FAULTS & ~(unsigned)CRL_FAULT_STALE)
		return;
	for (size_t i = 0; i < q->crl_count; i++) {
		struct crl_verdict with;
		cq.delta = &k->j->crl[i];
		if (!cq.delta->is_delta || !crl_names_issuer(cq.delta, k->issuer))
			continue;
		crl_judge(&cq, &with);
		if (k->delta_seen && (with.delta_faults & CRL_FAULTS))
			continue;
		k->delta_seen = true;
		*out = with;
	}
}

/* Another certificate of the same CA whose key signs its lists (RFC 5280 6.3.3 f): it must be
 * issued by a certificate of this chain, be valid, and not be revoked itself. */
static bool may_sign(struct checking *k, const struct cert *c)
{
	int64_t now_s = k->j->q->now_s;
	if (c == k->issuer || !cert_names_issuer(k->cert, c) || now_s < c->not_before_s ||
	    now_s > c->not_after_s || (c->has_usage && !(c->usage & CERT_KU_CRL_SIGN)))
		return false;
	if (cert_set_find(k->j->q->trusted, c->sha256))
		return true;
	for (size_t i = 1; i < k->chain->count; i++) {
		const struct cert *ca = k->chain->cert[i];
		struct fault_list ignored = { 0 };
		if (cert_names_issuer(c, ca) && chain_signed_by(k->j, c, ca))
			return status_of(k->j, k->chain, c, ca, false, &ignored) !=
			       CERT_STATUS_REVOKED;
	}
	return false;
}

static void try_other_signers(struct checking *k, struct crl *crl, struct crl_verdict *v)
{
	for (size_t i = 0; i < k->j->pool_count; i++) {
		struct crl_verdict other;
		if (!may_sign(k, k->j->pool[i].cert))
			continue;
		judge_with_deltas(k, crl, k->j->pool[i].cert, &other);
		if (!(other.faults & (CRL_FAULT_SIGNATURE | CRL_FAULT_USAGE))) {
			*v = other;
			return;
		}
	}
}

static void ask_lists(struct checking *k)
{
	const struct cert_question *q = k->j->q;
	for (size_t i = 0; i < q->crl_count; i++) {
		const struct cert_evidence *e = &q->crl[i];
		struct crl *crl = &k->j->crl[i];
		struct crl_verdict *v = &k->list[i];
		bool asked = has_url(&k->cert->cdp_http, e->url);
		if (!e->bytes) {
			k->list_counts[i] = asked;
			continue;
		}
		if (crl->is_delta && !asked)
			continue;
		judge_with_deltas(k, crl, k->issuer, v);
		if (k->other_signers && (v->faults & (CRL_FAULT_SIGNATURE | CRL_FAULT_USAGE)))
			try_other_signers(k, crl, v);
		bool about = crl->form == CRL_DER && crl_names_issuer(crl, k->issuer);
		k->list_counts[i] = asked || (about && (!e->url || v->status != CRL_USELESS));
		if (v->status == CRL_REVOKED)
			take_revoked(k, &v->entry, e);
		if (v->status == CRL_NOT_LISTED) {
			k->good = true;
			k->used = crl;
			k->delta_faults = v->delta_faults;
		}
	}
}

static void tell_trouble(struct checking *k, const struct cert_evidence *e,
			 enum cert_severity severity, struct fault_list *out)
{
	struct cert_fault *f =
		fault_add(k->j->arena, out, CERT_REVOCATION_UNREACHABLE, severity, k->cert, 0);
	f->url = e->url;
	f->want = CW_TEXT(N_("an answer from %s"), place_of(e));
	f->have = CW_TEXT("%s", e->trouble ? e->trouble : "none");
}

static void tell_evidence(struct checking *k, enum cert_severity severity, struct fault_list *out)
{
	const struct cert_question *q = k->j->q;
	for (size_t i = 0; i < q->ocsp_count; i++) {
		if (!k->response_counts[i])
			continue;
		if (!q->ocsp[i].bytes)
			tell_trouble(k, &q->ocsp[i], severity, out);
		else
			revocation_ocsp_faults(k->j, k->cert, &q->ocsp[i], &k->response[i],
					       severity, out);
	}
	for (size_t i = 0; i < q->crl_count; i++) {
		if (!k->list_counts[i])
			continue;
		if (!q->crl[i].bytes)
			tell_trouble(k, &q->crl[i], severity, out);
		else
			revocation_crl_faults(k->j, k->cert, &q->crl[i], &k->j->crl[i],
					      k->list[i].faults, severity, out);
	}
}

static void tell_delta(struct checking *k, struct fault_list *out)
{
	const struct cert_list *named =
		k->cert->freshest.count ? &k->cert->freshest : &k->used->freshest;
	bool good = k->delta_seen && !(k->delta_faults & CRL_FAULTS);
	if (good || (!named->count && !k->delta_seen))
		return;
	struct cert_fault *f =
		fault_add(k->j->arena, out, CERT_DELTA_MISSING, CERT_WARNING, k->cert, 0);
	f->url = named->count ? named->item[0] : NULL;
	f->want = CW_TEXT(N_("the delta list that the freshest CRL extension names: %s"),
			  cert_list_text(k->j->arena, named));
	f->have = k->delta_seen ? CW_TEXT(N_("one that cannot be used with this base list"))
				: CW_TEXT(N_("none"));
}

static void tell_revoked(struct checking *k, enum cert_severity severity, struct fault_list *out)
{
	struct cert_fault *f = fault_add(k->j->arena, out, CERT_REVOKED, severity, k->cert, 0);
	f->want = CW_TEXT(N_("a certificate that is not revoked"));
	f->have = CW_TEXT(N_("revoked at %s (%s), says %s"),
			  cert_time_text(k->j->arena, k->entry.revoked_s),
			  crl_reason_name(k->entry.reason), k->revoked_by);
}

static void tell_no_source(struct checking *k, struct fault_list *out)
{
	const struct cert *c = k->cert;
	struct cert_fault *f;
	if (c->cdp_http.count || c->ocsp.count || c->cdp_other.count) {
		f = fault_add(k->j->arena, out, CERT_REVOCATION_UNREACHABLE, CERT_ERROR, c, 0);
		f->want = CW_TEXT(N_("a revocation list or an OCSP response"));
		f->have = CW_TEXT(N_("none that is about this certificate"));
	} else if (c->cdp_ldap.count) {
		f = fault_add(k->j->arena, out, CERT_REVOCATION_LDAP_ONLY, CERT_ERROR, c, 0);
		f->want = CW_TEXT(N_("an http URL among the CRL distribution points"));
		f->have = CW_TEXT("%s", cert_list_text(k->j->arena, &c->cdp_ldap));
	} else {
		f = fault_add(k->j->arena, out, CERT_NO_REVOCATION_SOURCE, CERT_ERROR, c, 0);
		f->want = CW_TEXT(N_("a CRL distribution point or an OCSP URL in the certificate"));
		f->have = c->cdp_skipped
				  ? CW_TEXT(N_("only points with reasons, an issuer of their own "
					       "or a relative name, which Windows skips"))
				  : CW_TEXT(N_("none"));
	}
}

static enum cert_revocation tell(struct checking *k, struct fault_list *out)
{
	bool hard = k->j->q->mode == CERT_MODE_SSTP;
	enum cert_severity severity = hard && !k->good && !k->revoked ? CERT_ERROR : CERT_WARNING;
	tell_evidence(k, severity, out);
	if (k->revoked) {
		tell_revoked(k, hard ? CERT_ERROR : CERT_WARNING, out);
		return CERT_STATUS_REVOKED;
	}
	if (k->good) {
		if (k->used)
			tell_delta(k, out);
		return CERT_STATUS_GOOD;
	}
	if (hard && !out->errors)
		tell_no_source(k, out);
	return hard || out->first ? CERT_STATUS_UNKNOWN : CERT_STATUS_NOT_JUDGED;
}

static enum cert_revocation status_of(struct judging *j, const struct cert_chain *chain,
				      const struct cert *cert, const struct cert *issuer,
				      bool other_signers, struct fault_list *faults)
{
	struct checking k = { .j = j, .chain = chain, .cert = cert, .issuer = issuer };
	k.leaf = cert == chain->cert[0];
	k.other_signers = other_signers;
	k.list = cw_arena_array_of(j->arena, struct crl_verdict, j->q->crl_count);
	k.list_counts = cw_arena_array_of(j->arena, bool, j->q->crl_count);
	k.response = cw_arena_array_of(j->arena, struct ocsp_verdict, j->q->ocsp_count);
	k.response_counts = cw_arena_array_of(j->arena, bool, j->q->ocsp_count);
	ask_responses(&k);
	ask_lists(&k);
	return tell(&k, faults);
}

/* One answer for each pair and what stands above it, since many chains share their parts. */
static const struct status_memo *memo_of(struct judging *j, const struct cert_chain *chain,
					 size_t at)
{
	const struct cert *cert = chain->cert[at], *issuer = chain->cert[at + 1];
	const struct cert *above = at + 2 < chain->count ? chain->cert[at + 2] : NULL;
	struct status_memo *m = j->status;
	while (m && (m->cert != cert || m->issuer != issuer || m->above != above))
		m = m->next;
	if (m)
		return m;
	m = cw_arena_new_of(j->arena, struct status_memo);
	*m = (struct status_memo){
		.cert = cert, .issuer = issuer, .above = above, .next = j->status
	};
	j->status = m;
	m->status = status_of(j, chain, cert, issuer, true, &m->faults);
	return m;
}

void chain_check_revocation(struct judging *j, struct cert_chain *chain, struct fault_list *out)
{
	for (size_t i = chain->count - 1; i-- > 0;) {
		if (chain->signature_bad[i])
			continue; /* whose list would it be */
		const struct status_memo *m = memo_of(j, chain, i);
		chain->revocation[i] = m->status;
		for (const struct cert_fault *f = m->faults.first; f; f = f->next)
			fault_append(j->arena, out, f, (unsigned)i);
	}
}
