/* What is wrong with a list or a response, in words. */
#include "cert/chain.h"

static const char *form_name(enum crl_form form)
{
	static const char *const names[] = {
		[CRL_DER] = "DER",       [CRL_PEM] = "PEM",          [CRL_HTML] = "HTML",
		[CRL_EMPTY] = "0 bytes", [CRL_TOO_BIG] = "> 64 MiB", [CRL_OTHER] = "?"
	};
	return names[form];
}

struct telling {
	struct judging *j;
	const struct cert *cert;
	const struct cert_evidence *e;
	enum cert_severity severity;
	struct fault_list *out;
};

static void tell(const struct telling *t, enum cert_fault_kind kind, struct cw_text want,
		 struct cw_text have)
{
	struct cert_fault *f = fault_add(t->j->arena, t->out, kind, t->severity, t->cert, 0);
	f->url = t->e->url;
	f->want = want;
	f->have = have;
}

static const char *time_text(const struct telling *t, int64_t time_s)
{
	return cert_time_text(t->j->arena, time_s);
}

static const char *now_text(const struct telling *t)
{
	return time_text(t, t->j->q->now_s);
}

static void tell_unreadable(const struct telling *t, const struct crl *crl, unsigned faults)
{
	if (faults & CRL_FAULT_FORM)
		tell(t, CERT_REVOCATION_FORM, CW_TEXT(N_("one revocation list in DER")),
		     CW_TEXT(N_("something else: %s"), form_name(crl->form)));
	if (faults & CRL_FAULT_MALFORMED)
		tell(t, CERT_REVOCATION_MALFORMED,
		     CW_TEXT(N_("a revocation list as RFC 5280 has it")),
		     CW_TEXT(N_("a field that cannot be read: %s"),
			     crl->malformed ? crl->malformed : "revokedCertificates"));
	if (faults & CRL_FAULT_CRITICAL)
		tell(t, CERT_REVOCATION_MALFORMED,
		     CW_TEXT(N_("critical extensions that clients know")),
		     CW_TEXT("%s", cert_list_text(t->j->arena, &crl->critical_unknown)));
}

static void tell_untrusted(const struct telling *t, const struct crl *crl, unsigned faults)
{
	if (faults & CRL_FAULT_ISSUER)
		tell(t, CERT_REVOCATION_ISSUER,
		     CW_TEXT(N_("a list of the issuer %s"), t->cert->issuer),
		     CW_TEXT(N_("one of %s"), crl->issuer));
	if (faults & CRL_FAULT_SIGNATURE)
		tell(t, CERT_REVOCATION_SIGNATURE,
		     CW_TEXT(N_("a signature by the key of %s"), t->cert->issuer),
		     CW_TEXT(N_("one that this key does not verify")));
	else if (faults & CRL_FAULT_USAGE)
		tell(t, CERT_REVOCATION_SIGNATURE,
		     CW_TEXT(N_("a signer whose keyUsage has cRLSign")),
		     CW_TEXT(N_("a keyUsage without it")));
	if (faults & CRL_FAULT_SCOPE)
		tell(t, CERT_REVOCATION_SCOPE,
		     CW_TEXT(N_("a list that Windows uses for this certificate")),
		     CW_TEXT(N_("an issuing distribution point that leaves it out")));
	if (faults & CRL_FAULT_DELTA)
		tell(t, CERT_REVOCATION_SCOPE, CW_TEXT(N_("a base list")),
		     CW_TEXT(N_("a delta list")));
}

void revocation_crl_faults(struct judging *j, const struct cert *cert,
			   const struct cert_evidence *e, const struct crl *crl, unsigned faults,
			   enum cert_severity severity, struct fault_list *out)
{
	const struct telling t = { j, cert, e, severity, out };
	tell_unreadable(&t, crl, faults);
	tell_untrusted(&t, crl, faults);
	if (faults & CRL_FAULT_STALE)
		tell(&t, CERT_REVOCATION_STALE,
		     CW_TEXT(N_("a list that is valid at %s"), now_text(&t)),
		     CW_TEXT(N_("nextUpdate %s"), time_text(&t, crl->next_update_s)));
	if (faults & CRL_FAULT_NOT_YET)
		tell(&t, CERT_REVOCATION_NOT_YET,
		     CW_TEXT(N_("a list that is valid at %s"), now_text(&t)),
		     CW_TEXT(N_("thisUpdate %s"), time_text(&t, crl->this_update_s)));
	if (faults & CRL_WARN_NO_NEXT_UPDATE) {
		const struct telling warn = { j, cert, e, CERT_WARNING, out };
		tell(&warn, CERT_NO_NEXT_UPDATE,
		     CW_TEXT(N_("a list with nextUpdate (RFC 5280 5.1.2.5)")),
		     CW_TEXT(N_("one without: Windows never takes it for out of date")));
	}
}

static struct cw_text ocsp_trouble(const struct ocsp_verdict *v)
{
	if (v->faults & OCSP_FAULT_MALFORMED)
		return CW_TEXT(N_("something that cannot be read"));
	if (v->faults & OCSP_FAULT_ERROR)
		return CW_TEXT(N_("the responder says: %s"), v->error);
	if (v->faults & OCSP_FAULT_OTHER)
		return CW_TEXT(N_("one about other certificates"));
	if (v->faults & OCSP_FAULT_SIGNER)
		return CW_TEXT(N_("one by %s, who may not sign for this issuer"),
			       v->signer ? v->signer : "?");
	return CW_TEXT(N_("a signature that does not verify"));
}

void revocation_ocsp_faults(struct judging *j, const struct cert *cert,
			    const struct cert_evidence *e, const struct ocsp_verdict *v,
			    enum cert_severity severity, struct fault_list *out)
{
	const struct telling t = { j, cert, e, severity, out };
	const unsigned times = OCSP_FAULT_STALE | OCSP_FAULT_NOT_YET;
	if (v->faults & ~times)
		tell(&t, CERT_OCSP_FAILED, CW_TEXT(N_("an OCSP response for this certificate")),
		     ocsp_trouble(v));
	if (v->faults & OCSP_FAULT_STALE)
		tell(&t, CERT_REVOCATION_STALE,
		     CW_TEXT(N_("an OCSP response that is valid at %s"), now_text(&t)),
		     CW_TEXT(N_("nextUpdate %s"), time_text(&t, v->next_update_s)));
	if (v->faults & OCSP_FAULT_NOT_YET)
		tell(&t, CERT_REVOCATION_NOT_YET,
		     CW_TEXT(N_("an OCSP response that is valid at %s"), now_text(&t)),
		     CW_TEXT(N_("thisUpdate %s"), time_text(&t, v->this_update_s)));
	if (v->status == OCSP_UNKNOWN)
		tell(&t, CERT_OCSP_UNKNOWN,
		     CW_TEXT(N_("an OCSP response that knows this certificate")),
		     CW_TEXT(N_("the status unknown")));
}
