/*
 * Revocation status: every source that a chain names, by every route, all at once; what was fetched
 * is held against the certificate that named it.
 */
#include <string.h>

#include "base/limits.h"
#include "cert/crl.h"
#include "cert/ocsp.h"
#include "codec/httpauth.h"
#include "probe/web_chain.h"
#include "probe/web_fetch.h"

enum use_type { USE_CRL, USE_DELTA, USE_OCSP };

/* One source, for one certificate (or none: a list that was asked about by itself). */
struct web_use {
	struct run *run;
	enum use_type type;
	const char *url;
	enum web_route route;
	const struct web_chain *chain; /* NULL: a list by itself */
	size_t depth;
	const struct cert *cert, *issuer;
	struct web_use *base;    /* of a delta: the list that it completes */
	struct web_fetch *fetch; /* once it is over */
	struct web_fetch_post post;
	const char *target;
	bool told;
	struct web_use *next;
};

/* How a source serves. */
struct status {
	enum cw_outcome outcome;
	const char *why, *content;
};

static void begin_use(struct web_use *u, const struct web_fetch *refused);

/* ---- lists ---- */

static const char *content_of_form(enum crl_form form)
{
	static const char *const names[] = {
		[CRL_DER] = "der",     [CRL_PEM] = "pem",       [CRL_HTML] = "html",
		[CRL_EMPTY] = "empty", [CRL_TOO_BIG] = "other", [CRL_OTHER] = "other",
	};
	return names[form];
}

/* The worst of a list's faults; a list that cannot be trusted says nothing about its age. */
static struct status status_of_faults(unsigned faults)
{
	static const struct {
		unsigned fault;
		enum cw_outcome outcome;
		const char *why;
	} rows[] = {
		{ CRL_FAULT_FORM, CW_OUT_MALFORMED, "form" },
		{ CRL_FAULT_MALFORMED, CW_OUT_MALFORMED, "malformed" },
		{ CRL_FAULT_ISSUER, CW_OUT_UNTRUSTED, "issuer" },
		{ CRL_FAULT_SIGNATURE, CW_OUT_UNTRUSTED, "signature" },
		{ CRL_FAULT_USAGE, CW_OUT_UNTRUSTED, "usage" },
		{ CRL_FAULT_NOT_YET, CW_OUT_STALE, "not-yet-valid" },
		{ CRL_FAULT_STALE, CW_OUT_STALE, "stale" },
		{ CRL_FAULT_SCOPE, CW_OUT_MALFORMED, "scope" },
		{ CRL_FAULT_CRITICAL, CW_OUT_MALFORMED, "critical-extension" },
		{ CRL_FAULT_DELTA, CW_OUT_MALFORMED, "delta" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (faults & rows[i].fault)
			return (struct status){ rows[i].outcome, rows[i].why, NULL };
	return (struct status){ .outcome = CW_OUT_OK };
}

static bool read_list(const struct web_use *u, struct crl *out)
{
	const struct web_fetch *f = u->fetch;
	if (!f || f->outcome != CW_OUT_OK)
		return false;
	crl_read(run_arena(u->run), f->body.at, f->body.len, out);
	return true;
}

/* By itself a list is only good or bad in form and time. */
static unsigned faults_alone(const struct crl *list, int64_t now_s)
{
	if (list->form != CRL_DER)
		return CRL_FAULT_FORM;
	if (list->malformed)
		return CRL_FAULT_MALFORMED;
	if (now_s < list->this_update_s)
		return CRL_FAULT_NOT_YET;
	return list->has_next_update && now_s > list->next_update_s ? CRL_FAULT_STALE : 0;
}

static struct status judge_list(const struct web_use *u, struct crl *list)
{
	struct crl base;
	struct crl_verdict verdict = { 0 };
	struct crl_question q = { .crl = list,
				  .cert = u->cert,
				  .signer = u->issuer,
				  .now_s = (int64_t)io_unix_time_s() };
	if (!u->cert)
		return status_of_faults(faults_alone(list, q.now_s));
	bool with_base = u->type == USE_DELTA && u->base && read_list(u->base, &base) &&
			 base.form == CRL_DER && !base.malformed;
	if (with_base) {
		q.crl = &base;
		q.delta = list;
	}
	crl_judge(&q, &verdict);
	if (verdict.status == CRL_REVOKED)
		return (struct status){ CW_OUT_REVOKED, crl_reason_name(verdict.entry.reason),
					NULL };
	if (with_base)
		return status_of_faults(verdict.delta_faults & CRL_FAULTS);
	unsigned mask = u->type == USE_DELTA ? CRL_FAULTS & ~(unsigned)CRL_FAULT_DELTA : CRL_FAULTS;
	return status_of_faults(verdict.faults & mask);
}

static const char *hex_text(struct cw_arena *a, struct cert_bytes b)
{
	char *out = cw_arena_alloc(a, b.len * 2 + 1);
	for (size_t i = 0; i < b.len; i++) {
		out[i * 2] = "0123456789abcdef"[b.at[i] >> 4];
		out[i * 2 + 1] = "0123456789abcdef"[b.at[i] & 15];
	}
	return out;
}

static void set_times(struct run *run, struct fact *f, int64_t from, bool has_to, int64_t to)
{
	struct fact_store *s = run_facts(run);
	fact_set_text(s, f, FIELD_THIS_UPDATE, web_time_text(run, from));
	fact_set_text(s, f, FIELD_NEXT_UPDATE, has_to ? web_time_text(run, to) : "none");
}

static void describe_list(const struct web_use *u, struct fact *f, struct status *st)
{
	struct crl list;
	(void)read_list(u, &list);
	*st = judge_list(u, &list);
	st->content = content_of_form(list.form);
	if (list.form != CRL_DER || list.malformed)
		return;
	set_times(u->run, f, list.this_update_s, list.has_next_update, list.next_update_s);
	if (list.number.len)
		fact_set_text(run_facts(u->run), f, FIELD_NUMBER,
			      hex_text(run_arena(u->run), list.number));
}

/* ---- OCSP ---- */

static struct status judge_ocsp(const struct ocsp_verdict *v)
{
	static const struct {
		unsigned fault;
		enum cw_outcome outcome;
		const char *why;
	} rows[] = {
		{ OCSP_FAULT_MALFORMED, CW_OUT_MALFORMED, "malformed" },
		{ OCSP_FAULT_OTHER, CW_OUT_UNTRUSTED, "other-certificate" },
		{ OCSP_FAULT_SIGNATURE, CW_OUT_UNTRUSTED, "signature" },
		{ OCSP_FAULT_SIGNER, CW_OUT_UNTRUSTED, "signer" },
		{ OCSP_FAULT_NOT_YET, CW_OUT_STALE, "not-yet-valid" },
		{ OCSP_FAULT_STALE, CW_OUT_STALE, "stale" },
	};
	if (v->status == OCSP_REVOKED)
		return (struct status){ CW_OUT_REVOKED, crl_reason_name(v->reason), NULL };
	if (v->faults & OCSP_FAULT_ERROR)
		return (struct status){ CW_OUT_MALFORMED, v->error ? v->error : "error", NULL };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (v->faults & rows[i].fault)
			return (struct status){ rows[i].outcome, rows[i].why, NULL };
	if (v->status == OCSP_GOOD)
		return (struct status){ .outcome = CW_OUT_OK };
	return (struct status){ CW_OUT_UNTRUSTED, "unknown", NULL };
}

static struct status describe_ocsp(struct run *run, struct fact *f, struct visit_bytes body,
				   const struct cert *cert, const struct cert *issuer)
{
	struct ocsp_verdict v = { 0 };
	struct ocsp_question q = { .bytes = body.at,
				   .len = body.len,
				   .cert = cert,
				   .issuer = issuer,
				   .now_s = (int64_t)io_unix_time_s() };
	ocsp_judge(run_arena(run), &q, &v);
	struct status st = judge_ocsp(&v);
	st.content = web_content_of(body.at, body.len);
	if (v.this_update_s)
		set_times(run, f, v.this_update_s, v.has_next_update, v.next_update_s);
	return st;
}

/* ---- facts ---- */

static struct fact *source_fact(struct run *run, const char *subject, const char *host,
				enum web_route route, const char *type)
{
	struct fact_store *s = run_facts(run);
	struct fact *f = run_fact(run, &web_probe_revocation, FACT_REVOCATION, subject);
	fact_set_text(s, f, FIELD_HOST, host);
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(route));
	fact_set_text(s, f, FIELD_SOURCE_TYPE, type);
	return f;
}

static void set_cert(struct run *run, struct fact *f, const struct cert *cert, size_t depth)
{
	fact_set_number(run_facts(run), f, FIELD_DEPTH, (int64_t)depth);
	fact_set_text(run_facts(run), f, FIELD_CERT_SUBJECT, cert->subject);
}

static void set_fetch(const struct web_use *u, struct fact *f)
{
	const struct web_fetch *x = u->fetch;
	struct fact_store *s = run_facts(u->run);
	f->outcome = x->outcome;
	f->took_ms = x->took_ms;
	f->at_ms = run_elapsed_ms(u->run) - x->took_ms;
	if (x->status)
		fact_set_number(s, f, FIELD_STATUS, x->status);
	if (x->offered_count)
		fact_set_list(s, f, FIELD_SCHEMES, x->offered_count, x->offered);
	fact_set_text(s, f, FIELD_AUTH, x->auth);
	fact_set_text(s, f, FIELD_LOCATION, x->location);
	fact_set_text(s, f, FIELD_ERROR, x->error);
	if (x->status && x->status != 407) {
		fact_set_number(s, f, FIELD_SIZE, (int64_t)x->body.len);
		fact_set_text(s, f, FIELD_CONTENT, web_content_of(x->body.at, x->body.len));
	}
}

static const char *type_name(enum use_type t)
{
	return t == USE_CRL ? "crl" : t == USE_DELTA ? "delta" : "ocsp";
}

static void put_use(struct web_use *u)
{
	struct fact_store *s = run_facts(u->run);
	struct fact *f = source_fact(u->run, u->url, u->chain ? u->chain->host : u->fetch->at.host,
				     u->route, type_name(u->type));
	struct status st = { .outcome = u->fetch->outcome };
	set_fetch(u, f);
	if (u->cert)
		set_cert(u->run, f, u->cert, u->depth);
	if (u->fetch->outcome == CW_OUT_OK && u->fetch->too_large)
		st = (struct status){ CW_OUT_MALFORMED, "too-large", "other" };
	else if (u->fetch->outcome == CW_OUT_OK && u->type == USE_OCSP)
		st = describe_ocsp(u->run, f, u->fetch->body, u->cert, u->issuer);
	else if (u->fetch->outcome == CW_OUT_OK)
		describe_list(u, f, &st);
	f->outcome = st.outcome;
	fact_set_text(s, f, FIELD_WHY, st.why);
	if (st.content)
		fact_set_text(s, f, FIELD_CONTENT, st.content);
	u->told = true;
	run_put(u->run, f);
}

/* ---- what leads to more ---- */

static bool is_new(struct run *run, const struct web_use *u)
{
	struct cw_arena *a = run_arena(run);
	return name_set_add(&web_state_of(run)->statuses, a,
			    cw_arena_join(a, u->cert ? u->cert->sha256 : "-", " ",
					  web_route_name(u->route), " ", u->url, NULL));
}

static void want(struct web_use like, enum use_type type, const char *url, enum web_route route,
		 struct web_use *base)
{
	struct web_state *st = web_state_of(like.run);
	like.type = type;
	like.url = url;
	like.route = route;
	like.base = base;
	if (run_was_cut_short(like.run) || !is_new(like.run, &like))
		return;
	struct web_use *u = cw_arena_copy(run_arena(like.run), &like, sizeof(like));
	u->next = st->uses;
	st->uses = u;
	begin_use(u, NULL);
}

static struct web_use fresh(const struct web_use *u)
{
	return (struct web_use){ .run = u->run,
				 .chain = u->chain,
				 .depth = u->depth,
				 .cert = u->cert,
				 .issuer = u->issuer };
}

/* A list names its deltas (RFC 5280 5.2.6). */
static void want_deltas(struct web_use *base)
{
	struct crl list;
	if (base->type != USE_CRL || !base->cert || !read_list(base, &list) ||
	    list.form != CRL_DER || list.malformed)
		return;
	for (size_t i = 0; i < list.freshest.count && i < LIMIT_SOURCES; i++)
		if (!strncmp(list.freshest.item[i], "http", 4))
			want(fresh(base), USE_DELTA, list.freshest.item[i], base->route, base);
}

/* The same source with the credentials that were given. */
static void want_login(const struct web_use *u)
{
	struct web_use like = fresh(u);
	like.type = u->type;
	like.url = u->url;
	like.route = ROUTE_PROXY_USER;
	like.target = u->target;
	if (!web_fetch_can_login(u->fetch) || !is_new(u->run, &like))
		return;
	struct web_use *v = cw_arena_copy(run_arena(u->run), &like, sizeof(like));
	begin_use(v, u->fetch);
}

static void fetched(struct web_fetch *f, void *ctx)
{
	struct web_use *u = ctx;
	u->fetch = f;
	put_use(u);
	if (run_was_cut_short(u->run))
		return;
	want_deltas(u);
	want_login(u);
}

/* ---- requests ---- */

static const char *base64(struct cw_arena *a, struct cert_bytes b)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = cw_arena_alloc(a, (b.len + 2) / 3 * 4 + 1), *at = out;
	for (size_t i = 0; i < b.len; i += 3) {
		size_t left = b.len - i;
		uint32_t v = (uint32_t)b.at[i] << 16;
		v |= left > 1 ? (uint32_t)b.at[i + 1] << 8 : 0;
		v |= left > 2 ? b.at[i + 2] : 0;
		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		*at++ = left > 1 ? digits[v >> 6 & 63] : '=';
		*at++ = left > 2 ? digits[v & 63] : '=';
	}
	return out;
}

/* RFC 6960 A.1: the request is the last part of the path. */
static const char *ocsp_url(struct cw_arena *a, const char *url, struct cert_bytes request)
{
	const char *text = base64(a, request);
	size_t len = strlen(url);
	char *out = cw_arena_alloc(a, len + strlen(text) * 3 + 2), *at = out + len;
	memcpy(out, url, len);
	if (!len || url[len - 1] != '/')
		*at++ = '/';
	for (; *text; text++) {
		const char *code = *text == '+' ? "%2B" : *text == '/' ? "%2F" : "%3D";
		if (*text != '+' && *text != '/' && *text != '=') {
			*at++ = *text;
			continue;
		}
		memcpy(at, code, 3);
		at += 3;
	}
	return out;
}

static bool make_request(struct web_use *u)
{
	struct cw_arena *a = run_arena(u->run);
	struct cert_bytes request =
		u->issuer ? ocsp_request(a, u->cert, u->issuer) : (struct cert_bytes){ 0 };
	if (!request.len)
		return false;
	u->post = (struct web_fetch_post){ "application/ocsp-request", request.at, request.len };
	u->target = ocsp_url(a, u->url, request);
	return true;
}

static void begin_use(struct web_use *u, const struct web_fetch *refused)
{
	if (u->type == USE_OCSP && !make_request(u))
		return;
	struct web_fetch_spec spec = {
		.probe = &web_probe_revocation,
		.url = u->url,
		.target = u->target,
		.route = u->route,
		.post = u->type == USE_OCSP ? &u->post : NULL,
		.refused = refused,
	};
	web_fetch_begin(u->run, &spec, fetched, u);
}

/* ---- from chains ---- */

static void want_by_all_routes(const struct web_use *like, enum use_type type, const char *url)
{
	want(*like, type, url, ROUTE_DIRECT, NULL);
	if (web_state_of(like->run)->proxy.set)
		want(*like, type, url, ROUTE_PROXY, NULL);
}

static void want_list(const struct web_use *like, enum use_type type, const struct cert_list *urls)
{
	for (size_t i = 0; i < urls->count && i < LIMIT_SOURCES; i++)
		if (!strncmp(urls->item[i], "http", 4))
			want_by_all_routes(like, type, urls->item[i]);
}

/* Without its issuer nothing that a source says of it can be checked. */
static void say_no_issuer(const struct web_use *u)
{
	fact_not_tested(run_facts(u->run), CW_TEXT(N_("the status of %s"), u->cert->subject),
			CW_TEXT(N_("the certificate of its issuer is missing")), false);
}

static void want_status(const struct web_chain *c, size_t depth)
{
	struct web_use like = { .run = c->run,
				.chain = c,
				.depth = depth,
				.cert = c->judgement.chain.cert[depth],
				.issuer = web_chain_issuer(c, depth) };
	if (!like.issuer) {
		say_no_issuer(&like);
		return;
	}
	want_list(&like, USE_CRL, &like.cert->cdp_http);
	want_list(&like, USE_OCSP, &like.cert->ocsp);
	want_list(&like, USE_DELTA, &like.cert->freshest);
}

static void put_staple(const struct web_chain *c, const struct web_shake *x)
{
	struct run *run = c->run;
	const struct cert *issuer = web_chain_issuer(c, 0);
	if (!x->staple.len || !issuer)
		return;
	struct fact *f =
		source_fact(run, cw_arena_join(run_arena(run), "staple ", x->subject, NULL),
			    x->host, x->route, "staple");
	struct status st = describe_ocsp(run, f, x->staple, c->judgement.chain.cert[0], issuer);
	set_cert(run, f, c->judgement.chain.cert[0], 0);
	f->outcome = st.outcome;
	fact_set_text(run_facts(run), f, FIELD_WHY, st.why);
	fact_set_text(run_facts(run), f, FIELD_CONTENT, st.content);
	fact_set_number(run_facts(run), f, FIELD_SIZE, (int64_t)x->staple.len);
	run_put(run, f);
}

static void revocation_told(struct run *run, const struct fact *f)
{
	const struct web_shake *x = web_state_of(run)->shakes;
	while (x && x->told != f)
		x = x->next;
	if (!x || !x->first)
		return;
	for (size_t i = 0; i < web_chain_count(x->chain); i++)
		want_status(x->chain, i);
	put_staple(x->chain, x);
}

const struct probe web_probe_revocation = {
	.name = "revocation",
	.looks_at = FACT_BIT(FACT_CERT_CHAIN),
	.provides = FACT_BIT(FACT_REVOCATION),
	.told = revocation_told,
};

/* ---- lists by themselves ---- */

void web_fetch_list(struct run *run, const char *url)
{
	struct web_use like = { .run = run };
	want_by_all_routes(&like, USE_CRL, url);
}

static void list_tried(struct web_fetch *f, void *ctx)
{
	struct fact_store *s = run_facts(f->run);
	struct fact *fact = run_fact(f->run, &web_probe_revocation, FACT_PROXY_ANSWER, f->url);
	(void)ctx;
	/* A list that is gone is no matter here: an answer is an answer. */
	bool answered = f->outcome == CW_OUT_HTTP_STATUS && f->status != 407;
	fact->outcome = answered ? CW_OUT_OK : f->outcome;
	fact->took_ms = f->took_ms;
	fact->at_ms = run_elapsed_ms(f->run) - f->took_ms;
	fact_set_text(s, fact, FIELD_URL, web_state_of(f->run)->proxy.url);
	fact_set_text(s, fact, FIELD_METHOD, "GET");
	fact_set_text(s, fact, FIELD_ROUTE, web_route_name(f->route));
	fact_set_text(s, fact, FIELD_AUTH, f->auth ? f->auth : "none");
	fact_set_text(s, fact, FIELD_ERROR, f->error);
	if (f->status)
		fact_set_number(s, fact, FIELD_STATUS, f->status);
	if (f->offered_count)
		fact_set_list(s, fact, FIELD_SCHEMES, f->offered_count, f->offered);
	run_put(f->run, fact);
	if (!web_fetch_can_login(f) || run_was_cut_short(f->run))
		return;
	struct web_fetch_spec spec = { .probe = &web_probe_revocation,
				       .url = f->url,
				       .route = ROUTE_PROXY_USER,
				       .refused = f };
	web_fetch_begin(f->run, &spec, list_tried, NULL);
}

void web_try_list(struct run *run, const char *url)
{
	struct web_fetch_spec spec = { .probe = &web_probe_revocation,
				       .url = url,
				       .route = ROUTE_PROXY };
	web_fetch_begin(run, &spec, list_tried, NULL);
}
