/* Rules about the revocation lists that activation needs. */
#include <string.h>

#include "rule/activation.h"
#include "rule/remote_say.h"

#define MEANING(m) (UINT32_C(1) << (m))

enum { STATUS_LOGIN = 407 };

static bool asks_for_login(const struct remote_view *v, const struct fact *f)
{
	return f->outcome == CW_OUT_HTTP_STATUS &&
	       fact_number(f, FIELD_STATUS, 0) == STATUS_LOGIN &&
	       route_is(f, v->proxy ? "proxy" : "direct");
}

/* What is fetched beside the sources: lists that were asked about by URL, issuers' certificates. */
static void add_documents(struct source_faults *x, enum fact_kind kind)
{
	const struct remote_view *v = remote_view_of(x->j);
	FACT_EACH_OF (v->facts, kind, f) {
		if (!asks_for_login(v, f) || (kind != FACT_AIA && !url_is_list(f->subject)))
			continue;
		if (kind == FACT_PROXY_ANSWER)
			say_proxy(x->j, f);
		else
			say_source(x->j, f);
		if (!x->first)
			x->first = f;
		url_list_add(v->arena, &x->urls, f->subject);
	}
}

/* The check boxes of KB 816897. Last of all. */
static void fix_no_check(struct judge *j)
{
	judge_fix(
		j,
		CW_TEXT(N_("Not recommended: switch the checks for revocation off (Internet "
			   "Options, Advanced, Security: \"Check for publisher's certificate "
			   "revocation\" and \"Check for server certificate revocation\"), restart "
			   "Internet Explorer, activate, and switch both on again at once. Without "
			   "them a stolen and revoked certificate passes.")),
		NULL);
}

static void support_contrast(struct source_faults *x)
{
	const struct remote_view *v = remote_view_of(x->j);
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f) {
		const struct fact *fine = asks_for_login(v, f) ? remote_fine_elsewhere(v, f) : NULL;
		if (fine)
			say_fine_source(x->j, fine);
	}
}

/* The hosts of URLs, each once. */
static const char *hosts_of(struct cw_arena *a, const struct url_list *l)
{
	struct name_row row = { 0 };
	for (size_t i = 0; i < l->count; i++) {
		const char *host = strstr(l->url[i], "://");
		host = host ? host + 3 : l->url[i];
		name_row_add(&row, cw_arena_strn(a, host, strcspn(host, "/?")));
	}
	return name_row_text(a, &row);
}

/* A source that a certificate of the live chain names, and that the proxy lets through. */
static bool live_chain_passes(const struct remote_view *v)
{
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f)
		if (f->outcome == CW_OUT_OK && fact_has(f, FIELD_DEPTH) && route_is(f, "proxy"))
			return true;
	return false;
}

static void judge_crl_proxy_auth(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct source_faults x = { .j = j, .meanings = MEANING(REMOTE_SOURCE_LOGIN) };
	(void)gather_sources(&x);
	add_documents(&x, FACT_HTTP_ANSWER);
	add_documents(&x, FACT_AIA);
	bool only_printed = !x.first && live_chain_passes(v);
	add_documents(&x, FACT_PROXY_ANSWER);
	if (!x.first)
		return;
	support_contrast(&x);
	if (takes_machine_login(x.first)) {
		judge_as_warning(j);
		judge_explanation(
			j,
			CW_TEXT(N_("The proxy also takes Negotiate or NTLM. Windows answers that "
				   "by itself with the machine's account, where the proxy takes "
				   "it; from here that cannot be seen.")));
	}
	if (only_printed) {
		judge_as_warning(j);
		judge_explanation(
			j,
			CW_TEXT(N_("The lists of the certificates that the service shows now pass "
				   "without a login. Those that the article prints do not: only "
				   "systems of its time ask for them.")));
	}
	judge_title(j, CW_TEXT(N_("The proxy asks for a login for revocation lists: %s"),
			       hosts_of(v->arena, &x.urls)));
	fix_exempt(j, &x.urls);
	judge_fix(j,
		  CW_TEXT(N_("Or do without Basic and Digest on the proxy: a service cannot answer "
			     "them.")),
		  NULL);
	activation_fix_telephone(j);
	fix_no_check(j);
}

const struct rule activation_rule_crl_proxy_auth = {
	.id = "activation-crl-proxy-auth",
	.code = "32777",
	.also = { "0x8004FE33", "0x80004005" },
	.hop = "crl",
	.needs = ACTIVATION_CRL_KINDS,
	.title = N_("The proxy asks for a login for revocation lists"),
	.explanation =
		N_("Windows checks the certificates of the activation service and fetches their "
		   "revocation lists outside the user's session. The proxy wants a login for that, "
		   "and nobody can give it: what the user types does not reach these requests."),
	.windows_shows =
		N_("message number 32777 (Windows Server 2003; status 407 in Setuplog.txt), "
		   "0x8004FE33 or 0x80004005 (slui)"),
	.source = "KB 816897",
	.judge = judge_crl_proxy_auth,
};

static bool say_ldap(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	bool any = false;
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++)
			if (v->target[i].peer[k].judged)
				any |= say_faults(j, &v->target[i].peer[k],
						  REMOTE_FAULT_LDAP_SOURCE) != NULL;
	return any;
}

static void judge_crl_unreachable(struct judge *j)
{
	struct source_faults x = {
		.j = j,
		.meanings = MEANING(REMOTE_SOURCE_UNREACHABLE) | MEANING(REMOTE_SOURCE_OWN_STATUS) |
			    MEANING(REMOTE_SOURCE_RESPONDER),
		.causes_only = say_ldap(j),
	};
	if (!gather_sources(&x) && !x.causes_only)
		return;
	if (x.first)
		judge_title(j,
			    CW_TEXT(N_("The revocation status of the endpoints cannot be fetched: "
				       "%s"),
				    name_row_text(judge_arena(j), &x.names)));
	if (!fix_declining_source(j, x.first)) {
		judge_fix(j,
			  CW_TEXT(N_("Open the way from the machine to these, without a login, "
				     "directly or through the proxy that is set for the machine:")),
			  NULL);
		fix_exempt(j, &x.urls);
	}
	if (x.urls.count)
		fix_fetch(j, x.urls.url[0]);
	activation_fix_telephone(j);
}

const struct rule activation_rule_crl_unreachable = {
	.id = "activation-crl-unreachable",
	.code = "0x80092013",
	.symbol = "CRYPT_E_REVOCATION_OFFLINE",
	.hop = "crl",
	.needs = ACTIVATION_CRL_KINDS,
	.title = N_("The revocation status of the endpoints cannot be fetched"),
	.explanation = N_("The certificates of the activation service name where to ask for their "
			  "status, and no source of it answers."),
	.windows_shows = N_("0x80092013 (CAPI2 log)"),
	.source = "KB 816897",
	.judge = judge_crl_unreachable,
};

static void judge_crl_stale(struct judge *j)
{
	struct source_faults x = { .j = j, .meanings = MEANING(REMOTE_SOURCE_BAD) };
	if (!gather_sources(&x))
		return;
	judge_title(j, CW_TEXT(N_("A revocation list arrives and cannot be used: %s"),
			       name_row_text(judge_arena(j), &x.names)));
	judge_fix(j,
		  CW_TEXT(N_("Empty the cache of the proxy for these, and see that it asks again "
			     "before their next update:")),
		  NULL);
	if (x.urls.count)
		fix_fetch(j, x.urls.url[0]);
	judge_fix(j,
		  CW_TEXT(N_(
			  "If the list is of an authority of your own, issue a fresh one there and "
			  "copy it to the place that the certificate names:")),
		  "certutil -crl");
}

const struct rule activation_rule_crl_stale = {
	.id = "activation-crl-stale",
	.code = "0x80092013",
	.symbol = "CRYPT_E_REVOCATION_OFFLINE",
	.hop = "crl",
	.needs = ACTIVATION_CRL_KINDS,
	.title = N_("A revocation list arrives and cannot be used"),
	.explanation =
		N_("A cache or a server hands out one that is past its date, not signed by the "
		   "issuer, or no list at all. For Windows that is as if none came."),
	.windows_shows = N_("0x80092013 (CAPI2 log)"),
	.source = "own",
	.judge = judge_crl_stale,
};
