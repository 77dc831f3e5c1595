#include "rule/sstp.h"

#include <string.h>

#include "base/addr.h"
#include "rule/diagnosis.h"
#include "rule/remote_say.h"

const struct rule *const sstp_rules[] = {
	/* name, tcp, proxy */
	&sstp_rule_name_unresolved,
	&sstp_rule_unreachable,
	&sstp_rule_not_listening,
	&sstp_rule_partly_broken,
	&sstp_rule_proxy_blocks,
	/* tls */
	&sstp_rule_no_certificate,
	&sstp_rule_client_certificate,
	&sstp_rule_old_tls,
	&sstp_rule_tls_fails,
	&sstp_rule_tls_intercepted,
	/* cert */
	&sstp_rule_clock_skew,
	&sstp_rule_cert_expired,
	&sstp_rule_cert_untrusted,
	&sstp_rule_chain_incomplete,
	&sstp_rule_cert_name,
	&sstp_rule_cert_eku,
	&sstp_rule_cert_weak,
	&sstp_rule_cert_invalid,
	&sstp_rule_cert_expires_soon,
	/* crl */
	&sstp_rule_cert_revoked,
	&sstp_rule_cert_no_cdp,
	&sstp_rule_crl_unreachable,
	&sstp_rule_crl_stale,
	&sstp_rule_crl_proxy_auth,
	&sstp_rule_crl_slow,
	/* sstp */
	&sstp_rule_ports_exhausted,
	&sstp_rule_not_sstp,
	&sstp_rule_call_refused,
	&sstp_rule_call_silent,
	NULL,
};

/* A listener on the way that takes the call, with a chain whose status is known to be good. */
static const struct remote_peer *proven_peer(const struct remote_view *v,
					     const struct remote_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct remote_peer *p = &t->peer[i];
		if (!strcmp(p->route, v->proxy ? "proxy" : "direct") && sstp_peer_is_well(p) &&
		    peer_chain(t, p) && remote_chain_is_checked(v, peer_chain(t, p)))
			return p;
	}
	return NULL;
}

static bool proven_clear(const struct fact_store *facts)
{
	const struct remote_view *v = sstp_view_make(facts);
	for (size_t i = 0; i < v->target_count; i++)
		if (!proven_peer(v, &v->target[i]))
			return false;
	return v->target_count > 0;
}

/* What passed, said by facts. */
struct passed {
	bool name, tcp, proxy, tls, cert, crl, sstp;
};

static void look_at_target(const struct remote_view *v, const struct remote_target *t,
			   struct passed *x)
{
	struct cw_addr ignored;
	x->name |= !v->proxy && (lookups_resolved(&t->lookups) || cw_addr_parse(t->host, &ignored));
	for (size_t i = 0; i < t->proxied.count; i++)
		x->proxy |= route_is(t->proxied.item[i], "proxy") &&
			    t->proxied.item[i]->outcome == CW_OUT_OK;
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct remote_peer *p = &t->peer[i];
		const struct fact *tls = peer_handshake(t, p);
		x->tcp |= !v->proxy && p->connect && p->connect->outcome == CW_OUT_OK;
		if (!p->judged)
			continue;
		x->tls |= tls && tls->outcome == CW_OUT_OK;
		x->cert |= p->chains.count && !p->faults.count && !p->open;
		x->crl |= peer_chain(t, p) && remote_chain_is_checked(v, peer_chain(t, p));
		x->sstp |= sstp_peer_is_well(p) || (p->answers.count && p->faults.count &&
						    p->answers.item[0]->outcome == CW_OUT_OK);
	}
}

static struct passed look(const struct remote_view *v)
{
	struct passed x = { 0 };
	for (size_t i = 0; i < v->proxy_connects.count; i++)
		x.tcp |= v->proxy_connects.item[i]->outcome == CW_OUT_OK;
	x.name = lookups_resolved(&v->proxy_lookups) || (x.tcp && v->proxy);
	for (size_t i = 0; i < v->target_count; i++)
		look_at_target(v, &v->target[i], &x);
	x.tcp |= v->proxy && x.proxy;
	x.name |= v->proxy && x.tcp;
	return x;
}

static void sstp_hops(const struct fact_store *facts, const struct finding *findings,
		      struct hop_row *out)
{
	const struct remote_view *v = sstp_view_make(facts);
	struct passed x = look(v);
	*out = (struct hop_row){ 0 };
	hop_add(out, findings, "name", x.name);
	hop_add(out, findings, "tcp", x.tcp);
	if (v->proxy)
		hop_add(out, findings, "proxy", x.proxy);
	hop_add(out, findings, "tls", x.tls);
	hop_add(out, findings, "cert", x.cert);
	hop_add(out, findings, "crl", x.crl);
	hop_add(out, findings, "sstp", x.sstp);
}

static struct cw_text clear_line(const struct fact_store *facts)
{
	const struct remote_view *v = sstp_view_make(facts);
	return CW_TEXT(N_("The way is clear: %1$s takes the call, and its certificate and the "
			  "revocation status are good."),
		       v->target[0].name);
}

static struct cw_text undetermined_line(const struct fact_store *facts)
{
	return remote_undetermined(
		facts, "clearway check sstp",
		CW_TEXT(N_("Could not be determined: nothing proves that the server takes the call "
			   "and that its certificate is good, and nothing shows a fault. Try: %s"),
			remote_command(facts, "clearway check sstp", "-v")));
}

const struct rule_family sstp_family = {
	.name = "sstp",
	.rules = sstp_rules,
	.view = sstp_view_make,
	.proven_clear = proven_clear,
	.hops = sstp_hops,
	.clear_line = clear_line,
	.undetermined_line = undetermined_line,
};
