/*
 * What the servers show: every chain is judged once, completed by what its certificates name where
 * the server leaves something out, and told for every address that shows it.
 */
#include <string.h>

#include "base/limits.h"
#include "probe/web_chain.h"
#include "probe/web_fetch.h"
#include "probe/web_services.h"

static bool same_certs(const struct web_shake *a, const struct web_shake *b)
{
	if (a->cert_count != b->cert_count)
		return false;
	for (size_t i = 0; i < a->cert_count; i++)
		if (a->cert[i].len != b->cert[i].len ||
		    memcmp(a->cert[i].at, b->cert[i].at, a->cert[i].len) != 0)
			return false;
	return true;
}

size_t web_chain_count(const struct web_chain *c)
{
	const struct cert_chain *k = &c->judgement.chain;
	bool rooted = k->end == CERT_END_TRUSTED || k->end == CERT_END_UNTRUSTED;
	return c->judged && k->count ? k->count - rooted : 0;
}

const struct cert *web_chain_issuer(const struct web_chain *c, size_t depth)
{
	const struct cert_chain *k = &c->judgement.chain;
	return depth + 1 < k->count ? k->cert[depth + 1] : NULL;
}

/* The roots that are trusted, read once; that this machine has none is said once. */
static const struct cert_set *roots_of(struct run *run)
{
	const struct web_request *req = run_request(run);
	struct web_state *st = web_state_of(run);
	const char *why;
	if (st->roots_tried)
		return st->roots;
	st->roots_tried = true;
	st->roots = req->roots ? req->roots : web_services_roots(run_services_of(run)->web, &why);
	if (!st->roots)
		fact_not_tested(
			run_facts(run), CW_TEXT(N_("whether the root is trusted")),
			CW_TEXT(N_("the trusted roots of this machine cannot be read: %s"), why),
			true);
	return st->roots;
}

static void release_set(void *set)
{
	cert_set_free(set);
}

static struct cert_set *set_new(struct run *run)
{
	struct cert_set *set = cert_set_new();
	run_on_free(run, release_set, set);
	return set;
}

/* With a stapled answer that serves, a certificate may do without naming a source; one that does not
 * serve changes nothing. */
static void judge(struct web_chain *c)
{
	struct cert_evidence staple = { .stapled = true };
	if (c->first) {
		staple.bytes = c->first->staple.at;
		staple.len = c->first->staple.len;
	}
	struct cert_question q = {
		.sent = c->sent,
		.fetched = c->fetched,
		.trusted = roots_of(c->run),
		.name = c->host,
		.now_s = (int64_t)io_unix_time_s(),
		.mode = CERT_MODE_SSTP,
		.ocsp = &staple,
		.ocsp_count = staple.len ? 1 : 0,
	};
	c->judged = cert_judge(&q, run_arena(c->run), &c->judgement) == CW_OK;
	if (!c->judged || !q.ocsp_count || c->judgement.chain.revocation[0] != CERT_STATUS_UNKNOWN)
		return;
	q.ocsp_count = 0;
	c->judged = cert_judge(&q, run_arena(c->run), &c->judgement) == CW_OK;
}

/* ---- facts ---- */

static const char *source_of(const struct web_chain *c, const struct cert *cert)
{
	if (cert_set_find(c->sent, cert->sha256))
		return "sent";
	return cert_set_find(c->fetched, cert->sha256) ? "fetched" : "store";
}

static void set_list(struct run *run, struct fact *f, enum fact_field field,
		     const struct cert_list *l)
{
	if (l->count)
		fact_set_list(run_facts(run), f, field, l->count, l->item);
}

static void set_names(struct run *run, struct fact *f, const struct cert *cert)
{
	struct cw_arena *a = run_arena(run);
	const struct cert_list *const lists[] = { &cert->dns, &cert->ip, &cert->common };
	size_t count = 0, used = cert->dns.count || cert->ip.count ? 2 : 3;
	for (size_t i = 0; i < used; i++)
		count += lists[i]->count;
	const char **names = cw_arena_array_of(a, const char *, count);
	count = 0;
	for (size_t i = 0; i < used; i++)
		for (size_t k = 0; k < lists[i]->count; k++)
			names[count++] = lists[i]->item[k];
	fact_set_list(run_facts(run), f, FIELD_NAMES, count, names);
}

static void put_cert(const struct web_chain *c, const struct web_shake *x, size_t depth)
{
	struct run *run = c->run;
	struct fact_store *s = run_facts(run);
	struct cw_arena *a = run_arena(run);
	const struct cert *cert = c->judgement.chain.cert[depth];
	if (!name_set_add(&web_state_of(run)->certs, a,
			  cw_arena_fmt(a, "%s %zu", cert->sha256, depth)))
		return;
	struct fact *f = run_fact(run, &web_probe_cert, FACT_CERT, cert->sha256);
	f->outcome = CW_OUT_OK;
	fact_set_text(s, f, FIELD_HOST, x->host);
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(x->route));
	fact_set_number(s, f, FIELD_DEPTH, (int64_t)depth);
	fact_set_text(s, f, FIELD_CERT_SUBJECT, cert->subject);
	fact_set_text(s, f, FIELD_CERT_ISSUER, cert->issuer);
	set_names(run, f, cert);
	set_list(run, f, FIELD_EKU, &cert->eku);
	fact_set_text(s, f, FIELD_NOT_BEFORE, web_time_text(run, cert->not_before_s));
	fact_set_text(s, f, FIELD_NOT_AFTER, web_time_text(run, cert->not_after_s));
	fact_set_text(s, f, FIELD_KEY_TYPE,
		      strcmp(cert->key_type, "RSA") != 0
			      ? cert->key_type
			      : cw_arena_fmt(a, "RSA %u", cert->key_bits));
	fact_set_text(s, f, FIELD_SIGNATURE, cert->signature_algorithm);
	fact_set_text(s, f, FIELD_SHA1, cert->sha1);
	fact_set_text(s, f, FIELD_SOURCE, source_of(c, cert));
	run_put(run, f);
}

static void put_chain(const struct web_chain *c, struct web_shake *x)
{
	struct run *run = c->run;
	struct fact_store *s = run_facts(run);
	struct cw_arena *a = run_arena(run);
	const struct cert_chain *k = &c->judgement.chain;
	size_t sent_count = cert_set_count(c->sent);
	const char **sent = cw_arena_array_of(a, const char *, sent_count);
	const char *built[LIMIT_CERT_DEPTH];
	for (size_t i = 0; i < sent_count; i++)
		sent[i] = cert_set_at(c->sent, i)->subject;
	for (size_t i = 0; i < k->count; i++)
		built[i] = k->cert[i]->subject;
	struct fact *f = run_fact(run, &web_probe_cert, FACT_CERT_CHAIN, x->subject);
	f->outcome = CW_OUT_OK;
	fact_set_text(s, f, FIELD_HOST, x->host);
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(x->route));
	fact_set_text(s, f, FIELD_SNI, fact_text(x->fact, FIELD_SNI));
	fact_set_text(s, f, FIELD_SHA256, c->judgement.leaf->sha256);
	fact_set_list(s, f, FIELD_CHAIN_SENT, sent_count, sent);
	fact_set_list(s, f, FIELD_CHAIN_BUILT, k->count, built);
	if (k->end == CERT_END_TRUSTED || k->end == CERT_END_UNTRUSTED)
		fact_set_text(s, f, FIELD_ROOT, built[k->count - 1]);
	if (k->uses_fetched)
		fact_set_flag(s, f, FIELD_FETCHED, true);
	x->told = f;
	run_put(run, f);
}

/* What sources of status bring is told by facts of their own. */
static bool is_about_status(enum cert_fault_kind k)
{
	return k == CERT_REVOKED || k == CERT_NO_NEXT_UPDATE || k == CERT_DELTA_MISSING ||
	       (k >= CERT_REVOCATION_UNREACHABLE && k <= CERT_OCSP_FAILED);
}

/* Nothing can be said of trust where no root is known. */
static bool is_about_trust(enum cert_fault_kind k)
{
	return k == CERT_ROOT_UNTRUSTED || k == CERT_CHAIN_INCOMPLETE || k == CERT_CHAIN_UNFINISHED;
}

static void put_fault(const struct web_chain *c, const struct web_shake *x,
		      const struct cert_fault *fault)
{
	struct run *run = c->run;
	struct fact_store *s = run_facts(run);
	struct cw_arena *a = run_arena(run);
	struct fact *f = run_fact(run, &web_probe_cert, FACT_CERT_FAULT, x->subject);
	uint32_t code = cert_fault_code(fault->kind);
	f->outcome = CW_OUT_OK;
	fact_set_text(s, f, FIELD_HOST, x->host);
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(x->route));
	fact_set_text(s, f, FIELD_WHY, cert_fault_name(fault->kind));
	if (code)
		fact_set_text(s, f, FIELD_CODE, cw_arena_fmt(a, "0x%08X", code));
	fact_set_number(s, f, FIELD_DEPTH, fault->depth);
	fact_set_text(s, f, FIELD_CERT_SUBJECT, fault->cert->subject);
	fact_set_text(s, f, FIELD_SHA256, fault->cert->sha256);
	fact_set_text(s, f, FIELD_DETAIL,
		      cw_arena_fmt(a, "want %s, have %s", cw_text_render(a, &fault->want, NULL),
				   cw_text_render(a, &fault->have, NULL)));
	if (fault->severity == CERT_WARNING)
		fact_set_flag(s, f, FIELD_STRICT, true);
	run_put(run, f);
}

static void put_unreadable(const struct web_chain *c, const struct web_shake *x)
{
	struct fact_store *s = run_facts(c->run);
	struct fact *f = run_fact(c->run, &web_probe_cert, FACT_CERT_FAULT, x->subject);
	f->outcome = CW_OUT_OK;
	fact_set_text(s, f, FIELD_HOST, x->host);
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(x->route));
	fact_set_text(s, f, FIELD_WHY, cert_fault_name(CERT_MALFORMED));
	fact_set_number(s, f, FIELD_DEPTH, 0);
	fact_set_text(s, f, FIELD_DETAIL, "want an X.509 certificate, have something else");
	run_put(c->run, f);
}

/* Faults count for what the server shows to a client; the other shape is there for contrast. */
static void tell(const struct web_chain *c, struct web_shake *x)
{
	if (!c->judged) {
		if (x->first)
			put_unreadable(c, x);
		return;
	}
	for (size_t i = 0; i < c->judgement.chain.count; i++)
		put_cert(c, x, i);
	put_chain(c, x);
	for (const struct cert_fault *f = x->first ? c->judgement.fault : NULL; f; f = f->next)
		if (!is_about_status(f->kind) &&
		    (web_state_of(c->run)->roots || !is_about_trust(f->kind)))
			put_fault(c, x, f);
}

/* ---- what the server leaves out ---- */

static void tell_all(struct web_chain *c)
{
	c->final = true;
	for (struct web_shake *x = c->shakes; x; x = x->next_of_chain)
		tell(c, x);
}

static void complete(struct web_chain *c);

static void put_aia(const struct web_chain *c, const struct web_fetch *f, bool readable)
{
	struct fact_store *s = run_facts(c->run);
	struct fact *fact = run_fact(c->run, &web_probe_cert, FACT_AIA, f->url);
	fact->outcome = f->outcome == CW_OUT_OK && !readable ? CW_OUT_MALFORMED : f->outcome;
	fact->took_ms = f->took_ms;
	fact->at_ms = run_elapsed_ms(c->run) - f->took_ms;
	fact_set_text(s, fact, FIELD_HOST, c->host);
	fact_set_text(s, fact, FIELD_ROUTE, web_route_name(f->route));
	if (f->status)
		fact_set_number(s, fact, FIELD_STATUS, f->status);
	if (f->status == 200)
		fact_set_text(s, fact, FIELD_CONTENT, web_content_of(f->body.at, f->body.len));
	if (f->offered_count)
		fact_set_list(s, fact, FIELD_SCHEMES, f->offered_count, f->offered);
	fact_set_text(s, fact, FIELD_ERROR, f->error);
	run_put(c->run, fact);
}

static void issuer_fetched(struct web_fetch *f, void *ctx)
{
	struct web_chain *c = ctx;
	struct cert_set_report report = { 0 };
	bool readable = f->outcome == CW_OUT_OK && cert_set_add(c->fetched, f->body.at, f->body.len,
								"fetched", &report) == CW_OK;
	put_aia(c, f, readable);
	if (--c->fetching || run_was_cut_short(c->run))
		return;
	judge(c);
	complete(c);
}

/* The last certificate of the chain names where its issuer's can be had (RFC 5280 4.2.2.1). */
static bool fetch_issuers(struct web_chain *c)
{
	const struct cert_chain *k = &c->judgement.chain;
	if (!c->judged || k->end != CERT_END_PARTIAL || c->rounds == LIMIT_CERT_DEPTH)
		return false;
	const struct cert_list *urls = &k->cert[k->count - 1]->issuers_http;
	bool proxy = web_state_of(c->run)->proxy.set;
	size_t count = urls->count < LIMIT_SOURCES ? urls->count : LIMIT_SOURCES;
	struct web_fetch_spec spec = { .probe = &web_probe_cert };
	const char *last = k->cert[k->count - 1]->sha256;
	if (!count || (c->asked && !strcmp(c->asked, last)))
		return false;
	c->asked = last;
	c->rounds++;
	c->fetching = count * (proxy ? 2 : 1);
	for (size_t i = 0; i < count; i++) {
		spec.url = urls->item[i];
		spec.route = ROUTE_DIRECT;
		web_fetch_begin(c->run, &spec, issuer_fetched, c);
		spec.route = ROUTE_PROXY;
		if (proxy)
			web_fetch_begin(c->run, &spec, issuer_fetched, c);
	}
	return true;
}

static void complete(struct web_chain *c)
{
	if (!fetch_issuers(c))
		tell_all(c);
}

/* ---- from handshakes ---- */

static struct web_chain *chain_of(struct run *run, const struct web_shake *x)
{
	struct web_state *st = web_state_of(run);
	for (struct web_chain *c = st->chains; c; c = c->next)
		if (!strcmp(c->host, x->host) && same_certs(c->first, x))
			return c;
	struct web_chain *c = cw_arena_new_of(run_arena(run), struct web_chain);
	*c = (struct web_chain){ .run = run,
				 .host = x->host,
				 .first = x,
				 .sent = set_new(run),
				 .fetched = set_new(run),
				 .next = st->chains };
	st->chains = c;
	for (size_t i = 0; i < x->cert_count; i++)
		(void)cert_set_add(c->sent, x->cert[i].at, x->cert[i].len, "sent", NULL);
	judge(c);
	return c;
}

static void cert_told(struct run *run, const struct fact *f)
{
	struct web_shake *x = web_state_of(run)->shakes;
	if (f->kind == FACT_TARGET) { /* while the first packets travel */
		(void)roots_of(run);
		return;
	}
	while (x && x->fact != f)
		x = x->next;
	if (!x)
		return;
	x->chain = chain_of(run, x);
	x->next_of_chain = x->chain->shakes;
	x->chain->shakes = x;
	if (x->chain->final)
		tell(x->chain, x);
	else if (!x->chain->fetching)
		complete(x->chain);
}

const struct probe web_probe_cert = {
	.name = "cert",
	.looks_at = FACT_BIT(FACT_TARGET) | FACT_BIT(FACT_TLS_HANDSHAKE),
	.provides = FACT_BIT(FACT_CERT) | FACT_BIT(FACT_CERT_CHAIN) | FACT_BIT(FACT_CERT_FAULT) |
		    FACT_BIT(FACT_AIA),
	.told = cert_told,
};

/* Credentials go to a proxy in TLS only where its certificate is good, as it stands. */
void web_judge_proxy(struct web_errand *e, const struct visit_result *r)
{
	struct web_state *st = web_state_of(e->run);
	struct cw_arena *a = run_arena(e->run);
	if (st->proxy.leaf.len || st->proxy.distrust || !r->cert_count)
		return;
	struct web_chain c = {
		.run = e->run, .host = st->proxy.spec.host, .sent = set_new(e->run), .fetched = NULL
	};
	for (size_t i = 0; i < r->cert_count; i++)
		(void)cert_set_add(c.sent, r->cert[i].at, r->cert[i].len, "sent", NULL);
	judge(&c);
	const struct cert_fault *f = c.judged ? c.judgement.fault : NULL;
	while (f && (f->severity != CERT_ERROR || is_about_status(f->kind) ||
		     f->kind == CERT_NO_REVOCATION_SOURCE || f->kind == CERT_REVOCATION_LDAP_ONLY))
		f = f->next;
	if (!c.judged || f)
		st->proxy.distrust = cw_arena_fmt(a, "the proxy's certificate is not trusted (%s)",
						  f ? cert_fault_name(f->kind)
						    : cert_fault_name(CERT_MALFORMED));
	else
		st->proxy.leaf =
			(struct visit_bytes){ cw_arena_copy(a, r->cert[0].at, r->cert[0].len),
					      r->cert[0].len };
}
