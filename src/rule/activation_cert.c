/* Rules about the certificates of the activation endpoints. */
#include <string.h>
#include <strings.h>

#include "rule/activation.h"
#include "rule/remote_say.h"

/* Off by more than this, activation servers turn requests down though certificates are valid. */
enum { CLOCK_WORTH_A_WORD_S = 3600 };

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);
	return n >= e && !strcasecmp(name + n - e, end);
}

bool activation_is_microsoft_host(const char *host)
{
	static const char *const ends[] = { ".microsoft.com", ".live.com", ".windowsupdate.com" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (ends_with(host, ends[i]))
			return true;
	return false;
}

static bool is_microsoft_chain(const struct remote_view *v, const struct remote_target *t,
			       const struct remote_peer *p)
{
	const struct fact *leaf = remote_leaf_of(v, t, p);
	return leaf && strcasestr(fact_text(leaf, FIELD_CERT_ISSUER), "Microsoft");
}

bool activation_is_minded(const struct remote_view *v, const struct remote_target *t,
			  const struct remote_peer *p, const struct fact *fault)
{
	switch (remote_fault_of(fault)) {
	case REMOTE_FAULT_NAME:
	case REMOTE_FAULT_UNTRUSTED:
	case REMOTE_FAULT_INCOMPLETE:
		return !activation_is_microsoft_host(t->host) || !is_microsoft_chain(v, t, p);
	default:
		return true;
	}
}

/* Each judged listener of each target in turn. */
typedef void at_peer(void *x, const struct remote_target *t, const struct remote_peer *p);

static void each_peer(const struct remote_view *v, at_peer *visit, void *x)
{
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++)
			if (v->target[i].peer[k].judged)
				visit(x, &v->target[i], &v->target[i].peer[k]);
}

struct found {
	struct judge *j;
	uint32_t meanings; /* 1 << enum remote_fault */
	struct name_row names;
	struct url_list urls;
	const char *issuer;
	const struct fact *first;
};

static void add_found(struct found *x, const struct remote_target *t, const struct remote_peer *p,
		      const struct fact *f)
{
	const struct remote_view *v = remote_view_of(x->j);
	const struct fact *leaf = remote_leaf_of(v, t, p);
	if (!x->first) {
		x->first = f;
		x->issuer = leaf ? fact_text(leaf, FIELD_CERT_ISSUER) : "";
	}
	name_row_add(&x->names, t->name);
	url_list_add(v->arena, &x->urls, t->name);
}

static void add_faults(void *found, const struct remote_target *t, const struct remote_peer *p)
{
	struct found *x = found;
	const struct remote_view *v = remote_view_of(x->j);
	for (size_t i = 0; i < p->faults.count; i++) {
		const struct fact *f = p->faults.item[i];
		if (!(x->meanings >> remote_fault_of(f) & 1) || !activation_is_minded(v, t, p, f))
			continue;
		say_cert_fault(x->j, f);
		add_found(x, t, p, f);
	}
}

static const char *names_of(const struct found *x)
{
	return name_row_text(judge_arena(x->j), &x->names);
}

static void say_interception(struct found *x, const struct remote_target *t,
			     const struct remote_peer *p, const struct fact *f,
			     const struct fact *direct)
{
	const struct remote_view *v = remote_view_of(x->j);
	const struct fact *leaf = remote_leaf_of(v, t, p);
	const char *issuer = leaf ? fact_text(leaf, FIELD_CERT_ISSUER) : fact_text(f, FIELD_ROOT);
	judge_evidence(x->j, f,
		       CW_TEXT(N_("%1$s: want the certificate of the service itself, have one from "
				  "%2$s"),
			       p->subject, *issuer ? issuer : "?"));
	if (direct)
		judge_support(x->j, direct,
			      CW_TEXT(N_("%1$s without the proxy: the chain ends in %2$s"),
				      direct->subject, fact_text(direct, FIELD_ROOT)));
}

static bool is_untrusted(const struct remote_view *v, const struct remote_target *t,
			 const struct remote_peer *p)
{
	for (size_t i = 0; i < p->faults.count; i++)
		if (remote_fault_of(p->faults.item[i]) == REMOTE_FAULT_UNTRUSTED &&
		    activation_is_minded(v, t, p, p->faults.item[i]))
			return true;
	return false;
}

static void add_interception(void *found, const struct remote_target *t,
			     const struct remote_peer *p)
{
	struct found *x = found;
	const struct remote_view *v = remote_view_of(x->j);
	const struct fact *direct = NULL, *f = remote_interception(v, t, p, &direct);
	if (f)
		say_interception(x, t, p, f, direct);
	else if (is_untrusted(v, t, p))
		f = say_faults(x->j, p, REMOTE_FAULT_UNTRUSTED);
	if (!f)
		return;
	for (size_t i = 0; i < p->faults.count; i++)
		judge_claim(x->j, p->faults.item[i]);
	for (size_t i = 0; i < p->answers.count; i++)
		judge_claim(x->j, p->answers.item[i]);
	add_found(x, t, p, f);
}

static void judge_tls_intercepted(struct judge *j)
{
	struct found x = { .j = j };
	each_peer(remote_view_of(j), add_interception, &x);
	if (!x.first)
		return;
	judge_title(j, CW_TEXT(N_("The certificate at %s is not the one of the activation service"),
			       names_of(&x)));
	judge_fix(j, CW_TEXT(N_("Exempt these from TLS inspection, on the device that does it:")),
		  NULL);
	fix_exempt(j, &x.urls);
	if (*x.issuer)
		judge_fix(
			j,
			CW_TEXT(N_("Or, if the inspection is your own, install its root (%s) in "
				   "the "
				   "trusted roots of the computer; those of the user do not count. "
				   "As an administrator:"),
				x.issuer),
			"Import-Certificate -FilePath root.cer -CertStoreLocation "
			"Cert:\\LocalMachine\\Root");
}

const struct rule activation_rule_tls_intercepted = {
	.id = "activation-tls-intercepted",
	.code = "0x80072F8F",
	.symbol = "ERROR_WINHTTP_SECURE_FAILURE",
	.hop = "cert",
	.needs = ACTIVATION_CERT_KINDS,
	.title = N_("The certificate is not the one of the activation service"),
	.explanation =
		N_("Somebody between opens the TLS connection and shows a certificate of their "
		   "own. Activation runs in the machine's context and does not trust it."),
	.windows_shows = N_("0x80072F8F (slmgr /ato, event 8198)"),
	.source = "own",
	.explains = { "activation-cert-invalid", "activation-cert-no-cdp",
		      "activation-crl-unreachable", "activation-http-status" },
	.judge = judge_tls_intercepted,
};

static bool claim_what_is_valid(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	bool any = false;
	FACT_EACH_OF (v->facts, FACT_CERT_FAULT, f) {
		if (remote_fault_of(f) != REMOTE_FAULT_VALIDITY ||
		    !remote_valid_by_their_clock(v, f))
			continue;
		judge_claim(j, f);
		any = true;
	}
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f) {
		if (!remote_fresh_by_their_clock(v, f))
			continue;
		judge_claim(j, f);
		any = true;
	}
	return any;
}

static void judge_clock_skew(struct judge *j)
{
	const struct remote_clock *c = &remote_view_of(j)->clock;
	bool matters;
	if (!c->off)
		return;
	matters = claim_what_is_valid(j);
	if (!matters && c->skew_s > -CLOCK_WORTH_A_WORD_S && c->skew_s < CLOCK_WORTH_A_WORD_S)
		return;
	for (size_t i = 0; i < c->witnesses.count; i++)
		say_clock(j, c->witnesses.item[i]);
	if (!matters)
		judge_as_warning(j);
	else
		judge_explanation(
			j, CW_TEXT(N_("By the servers' clocks (%s) what looks out of date here is "
				      "valid. So it is not to be renewed: the clock is wrong."),
				   c->date));
	fix_clock(j);
}

const struct rule activation_rule_clock_skew = {
	.id = "activation-clock-skew",
	.code = "0x80072F8F",
	.also = { "0xC004B011" },
	.symbol = "ERROR_WINHTTP_SECURE_FAILURE",
	.hop = "cert",
	.needs = FACT_BIT(FACT_CLOCK) | FACT_BIT(FACT_CERT) | FACT_BIT(FACT_CERT_FAULT) |
		 FACT_BIT(FACT_REVOCATION),
	.title = N_("The clock of this machine is wrong"),
	.explanation =
		N_("Certificates and revocation lists are judged by the clock of the client."),
	.windows_shows = N_("0x80072F8F (slmgr /ato, event 8198)"),
	.source = "own",
	.explains = { "activation-cert-invalid", "activation-crl-stale" },
	.judge = judge_clock_skew,
};

static void judge_cert_revoked(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct found x = { .j = j, .meanings = UINT32_C(1) << REMOTE_FAULT_REVOKED };
	each_peer(v, add_faults, &x);
	for (size_t i = 0; i < v->check_count; i++)
		for (size_t k = 0; k < v->check[i].sources.count; k++) {
			const struct fact *f = v->check[i].sources.item[k];
			if (remote_source_of(f) != REMOTE_SOURCE_REVOKED)
				continue;
			say_source(j, f);
			name_row_add(&x.names, *v->check[i].cert ? v->check[i].cert : f->subject);
		}
	judge_title(j, CW_TEXT(N_("A certificate of an activation endpoint is revoked: %s"),
			       names_of(&x)));
	judge_fix(
		j,
		CW_TEXT(N_("Do not go round this. See that the name leads to the real service and "
			   "that no proxy answers in its place; then wait until its owner has "
			   "replaced the certificate.")),
		NULL);
	activation_fix_telephone(j);
}

const struct rule activation_rule_cert_revoked = {
	.id = "activation-cert-revoked",
	.code = "0x80092010",
	.also = { "0x80072F8F" },
	.symbol = "CRYPT_E_REVOKED",
	.hop = "crl",
	.needs = ACTIVATION_CRL_KINDS,
	.title = N_("A certificate of an activation endpoint is revoked"),
	.explanation =
		N_("The authority that issued it has taken it back. No client may trust it."),
	.windows_shows = N_("0x80092010 (CAPI2 log), or 0x80072F8F (slmgr /ato)"),
	.source = "own",
	.judge = judge_cert_revoked,
};

static void judge_cert_invalid(struct judge *j)
{
	struct found x = {
		.j = j,
		.meanings =
			UINT32_C(1) << REMOTE_FAULT_OTHER | UINT32_C(1) << REMOTE_FAULT_VALIDITY |
			UINT32_C(1) << REMOTE_FAULT_NAME | UINT32_C(1) << REMOTE_FAULT_EKU |
			UINT32_C(1) << REMOTE_FAULT_INCOMPLETE | UINT32_C(1) << REMOTE_FAULT_WEAK,
	};
	each_peer(remote_view_of(j), add_faults, &x);
	if (!x.first)
		return;
	judge_title(j, CW_TEXT(N_("The certificate at %1$s is not good: %2$s"), names_of(&x),
			       fact_text(x.first, FIELD_WHY)));
	judge_fix(j,
		  CW_TEXT(N_("See that the name leads to the real service: compare its addresses "
			     "and its issuer (%s) with those on another network."),
			  *x.issuer ? x.issuer : "?"),
		  NULL);
	judge_fix(j,
		  CW_TEXT(N_(
			  "If a proxy or a server of your own answers there, give it a certificate "
			  "that is valid, for this name, with its whole chain.")),
		  NULL);
}

const struct rule activation_rule_cert_invalid = {
	.id = "activation-cert-invalid",
	.code = "0x80072F8F",
	.also = { "0x80072F05", "0x80072F06" },
	.symbol = "ERROR_WINHTTP_SECURE_FAILURE",
	.hop = "cert",
	.needs = ACTIVATION_CERT_KINDS,
	.title = N_("The certificate of an activation endpoint is not good"),
	.explanation = N_("Windows sends nothing to a server that cannot prove who it is."),
	.windows_shows = N_("0x80072F8F (slmgr /ato, event 8198)"),
	.source = "own",
	.judge = judge_cert_invalid,
};

static void judge_cert_no_cdp(struct judge *j)
{
	struct found x = { .j = j, .meanings = UINT32_C(1) << REMOTE_FAULT_NO_SOURCE };
	each_peer(remote_view_of(j), add_faults, &x);
	if (!x.first)
		return;
	judge_title(j, CW_TEXT(N_("A certificate at %s names no source of its revocation status"),
			       names_of(&x)));
	judge_fix(
		j,
		CW_TEXT(N_("The certificates of the real service do name one. See who answers "
			   "there "
			   "(issuer %s), and exempt these from TLS inspection if it is a proxy of "
			   "your own:"),
			*x.issuer ? x.issuer : "?"),
		NULL);
	fix_exempt(j, &x.urls);
}

const struct rule activation_rule_cert_no_cdp = {
	.id = "activation-cert-no-cdp",
	.code = "0x80092012",
	.also = { "0x80072F8F" },
	.symbol = "CRYPT_E_NO_REVOCATION_CHECK",
	.hop = "crl",
	.needs = ACTIVATION_CERT_KINDS,
	.title = N_("A certificate names no source of its revocation status"),
	.explanation =
		N_("Where revocation is checked, a certificate without a CRL or OCSP address "
		   "cannot pass."),
	.windows_shows = N_("0x80092012 (CAPI2 log), or 0x80072F8F (slmgr /ato)"),
	.source = "own",
	.judge = judge_cert_no_cdp,
};
