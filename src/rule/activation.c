#include "rule/activation.h"

#include <string.h>

#include "base/addr.h"
#include "rule/diagnosis.h"
#include "rule/remote_say.h"

const struct rule *const activation_rules[] = {
	/* name, tcp, proxy */
	&activation_rule_no_internet,
	&activation_rule_proxy_auth,
	/* cert */
	&activation_rule_tls_intercepted,
	&activation_rule_clock_skew,
	&activation_rule_cert_invalid,
	/* crl */
	&activation_rule_crl_proxy_auth,
	&activation_rule_cert_revoked,
	&activation_rule_cert_no_cdp,
	&activation_rule_crl_unreachable,
	&activation_rule_crl_stale,
	/* http */
	&activation_rule_http_status,
	NULL,
};

static bool has_minded_fault(const struct remote_view *v, const struct remote_target *t,
			     const struct remote_peer *p)
{
	for (size_t i = 0; i < p->faults.count; i++)
		if (activation_is_minded(v, t, p, p->faults.item[i]))
			return true;
	return false;
}

static bool has_good_chain(const struct remote_view *v, const struct remote_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct remote_peer *p = &t->peer[i];
		if (activation_on_way(v, p) && p->chains.count && !p->open &&
		    !has_minded_fault(v, t, p) && remote_chain_is_checked(v, peer_chain(t, p)))
			return true;
	}
	return false;
}

static bool has_good_answer(const struct remote_view *v, const struct remote_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++)
		for (size_t k = 0; k < t->peer[i].answers.count; k++)
			if (activation_on_way(v, &t->peer[i]) &&
			    t->peer[i].answers.item[k]->outcome == CW_OUT_OK)
				return true;
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f)
		if (!strcmp(f->subject, t->name) && f->outcome == CW_OUT_OK &&
		    remote_source_counts(v, f))
			return true;
	return false;
}

static bool is_proven(const struct remote_view *v, const struct remote_target *t)
{
	return t->secure ? activation_is_reached(v, t) && has_good_chain(v, t)
			 : has_good_answer(v, t);
}

/* How many endpoints were asked about, without the lists that an article names. */
static size_t count_endpoints(const struct remote_view *v)
{
	size_t count = 0;
	for (size_t i = 0; i < v->target_count; i++)
		count += !remote_is_article_list(v, v->target[i].name);
	return count;
}

static bool proven_clear(const struct fact_store *facts)
{
	const struct remote_view *v = activation_view_make(facts);
	for (size_t i = 0; i < v->target_count; i++)
		if (!remote_is_article_list(v, v->target[i].name) && !is_proven(v, &v->target[i]))
			return false;
	return count_endpoints(v) > 0;
}

/* What passed at every endpoint, said by facts. */
struct passed {
	bool name, tcp, proxy, tls, cert, crl, http;
};

static struct passed look_at_target(const struct remote_view *v, const struct remote_target *t)
{
	struct cw_addr ignored;
	struct passed x = { .tls = !t->secure, .cert = !t->secure, .crl = !t->secure };
	x.name = lookups_resolved(&t->lookups) || cw_addr_parse(t->host, &ignored);
	for (size_t i = 0; i < t->proxied.count; i++)
		x.proxy |= route_is(t->proxied.item[i], "proxy") &&
			   t->proxied.item[i]->outcome == CW_OUT_OK;
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct remote_peer *p = &t->peer[i];
		x.tcp |= p->connect && p->connect->outcome == CW_OUT_OK;
		x.tls |= p->judged && peer_speaks_tls(p);
		x.cert |= p->judged && p->chains.count && !p->open && !has_minded_fault(v, t, p);
	}
	x.crl |= has_good_chain(v, t);
	x.http = activation_is_reached(v, t);
	return x;
}

static struct passed look(const struct remote_view *v)
{
	struct passed all = { true, true, true, true, true, true, true };
	for (size_t i = 0; i < v->target_count; i++) {
		struct passed x = look_at_target(v, &v->target[i]);
		if (remote_is_article_list(v, v->target[i].name))
			continue;
		all.name &= x.name;
		all.tcp &= x.tcp;
		all.proxy &= x.proxy;
		all.tls &= x.tls;
		all.cert &= x.cert;
		all.crl &= x.crl;
		all.http &= x.http;
	}
	if (!count_endpoints(v))
		return (struct passed){ 0 };
	if (v->proxy) {
		all.tcp = all.proxy;
		for (size_t i = 0; i < v->proxy_connects.count; i++)
			all.tcp |= v->proxy_connects.item[i]->outcome == CW_OUT_OK;
		all.name = all.tcp || lookups_resolved(&v->proxy_lookups);
	}
	return all;
}

static void activation_hops(const struct fact_store *facts, const struct finding *findings,
			    struct hop_row *out)
{
	const struct remote_view *v = activation_view_make(facts);
	struct passed x = look(v);
	*out = (struct hop_row){ 0 };
	hop_add(out, findings, "name", x.name);
	hop_add(out, findings, "tcp", x.tcp);
	if (v->proxy)
		hop_add(out, findings, "proxy", x.proxy);
	hop_add(out, findings, "tls", x.tls);
	hop_add(out, findings, "cert", x.cert);
	hop_add(out, findings, "crl", x.crl);
	hop_add(out, findings, "http", x.http);
}

static struct cw_text clear_line(const struct fact_store *facts)
{
	const struct remote_view *v = activation_view_make(facts);
	size_t count = count_endpoints(v);
	if (count == 1)
		return CW_TEXT(N_("The way is clear: %s is reached, and its certificate and the "
				  "revocation status are good."),
			       v->target[0].name);
	return CW_TEXT(
		N_("The way is clear: all %s endpoints are reached, and their certificates and "
		   "the revocation status are good."),
		number_text(v->arena, (int64_t)count));
}

static struct cw_text undetermined_line(const struct fact_store *facts)
{
	return remote_undetermined(
		facts, "clearway check activation",
		CW_TEXT(N_("Could not be determined: nothing proves that every endpoint is reached "
			   "with a good certificate, and nothing shows a fault. Try: %s"),
			remote_command(facts, "clearway check activation", "-v")));
}

const struct rule_family activation_family = {
	.name = "activation",
	.rules = activation_rules,
	.view = activation_view_make,
	.proven_clear = proven_clear,
	.hops = activation_hops,
	.clear_line = clear_line,
	.undetermined_line = undetermined_line,
};
