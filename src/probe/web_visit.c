/*
 * The visits themselves: every address of every target directly, and each target through the proxy,
 * without a login and with each that it offers, one at a time.
 */
#include "probe/web_state.h"

#include <string.h>

#include "base/limits.h"
#include "codec/sstp.h"

/* One visit to a target. */
struct web_call {
	struct web_errand errand; /* first */
	struct web_target *target;
	bool only_connect;   /* another login has shown already what is behind the proxy */
	bool taken, refused; /* by the proxy; refused: 407 */
	/* Logins that the proxy offers, and which of them comes next. */
	size_t scheme_count, scheme_at;
	const char *const *scheme;
	char correlation[SSTP_CORRELATION_ID];
};

static void begin_login(struct run *run, struct web_target *t, const struct web_call *before);

static struct web_call *call_of(struct web_errand *e)
{
	return (struct web_call *)(void *)e; /* its first member */
}

/* Plain http goes to a proxy with its whole URL. */
static bool is_plain_get(const struct web_errand *e)
{
	return e->spec.proxy && !e->spec.connect_to;
}

static void put_answer_of_proxy(struct web_errand *e, const struct visit_result *r)
{
	struct web_call *c = call_of(e);
	bool get = is_plain_get(e);
	struct cw_arena *a = run_arena(e->run);
	c->taken = r->outcome == CW_OUT_OK;
	c->refused = r->outcome == CW_OUT_HTTP_STATUS && r->status == 407;
	if (e->route == ROUTE_PROXY && c->refused) {
		const char **list = cw_arena_array_of(a, const char *, r->scheme_count);
		for (size_t i = 0; i < r->scheme_count; i++)
			list[i] = cw_arena_str(a, r->scheme[i]);
		c->scheme_count = r->scheme_count;
		c->scheme = list;
	}
	web_put_proxy_answer(e, get ? c->target->url : c->target->place.name,
			     get ? "GET" : "CONNECT", r);
}

/* A fact of what stands behind TLS; a URL that went to the proxy as it is, under its own name. */
static struct fact *answer_fact(struct web_errand *e, enum fact_kind kind,
				const struct visit_result *r)
{
	const struct web_target *t = call_of(e)->target;
	struct fact *f =
		web_hop_fact(e, kind, is_plain_get(e) ? t->url : e->subject, t->place.host, r);
	fact_set_text(run_facts(e->run), f, FIELD_AGENT, web_agent(r));
	return f;
}

static void put_http(struct web_errand *e, const struct visit_result *r)
{
	struct fact_store *s = run_facts(e->run);
	struct fact *f = answer_fact(e, FACT_HTTP_ANSWER, r);
	if (r->outcome == CW_OUT_OK && r->status >= 400)
		f->outcome = CW_OUT_HTTP_STATUS;
	fact_set_text(s, f, FIELD_METHOD, e->request.method);
	if (r->outcome == CW_OUT_OK)
		fact_set_text(s, f, FIELD_CONTENT, web_content_of(r->body.at, r->body.len));
	fact_set_text(s, f, FIELD_LOCATION, web_header(r, "Location"));
	fact_set_text(s, f, FIELD_REALM, r->realm);
	run_put(e->run, f);
	web_hear_clock(e, call_of(e)->target->place.host, r);
}

static void put_sstp(struct web_errand *e, const struct visit_result *r)
{
	struct fact_store *s = run_facts(e->run);
	struct fact *f = answer_fact(e, FACT_SSTP_CALL, r);
	const char *name = sstp_status_name(r->sstp_status);
	fact_set_text(s, f, FIELD_CORRELATION, call_of(e)->correlation);
	if (r->outcome == CW_OUT_SSTP_NAK || r->outcome == CW_OUT_SSTP_ABORT)
		fact_set_text(s, f, FIELD_SSTP_STATUS,
			      name ? name
				   : cw_arena_fmt(run_arena(e->run), "0x%08x", r->sstp_status));
	run_put(e->run, f);
	web_hear_clock(e, call_of(e)->target->place.host, r);
	/* The Call Abort is on its way; its answer would be one more round trip. */
	e->satisfied = true;
}

static void call_hop(struct web_errand *e, const struct visit_result *r)
{
	struct web_call *c = call_of(e);
	bool of_proxy = r->hop == VISIT_TCP || r->hop == VISIT_PROXY_TLS;
	if (r->hop == VISIT_PROXY_TLS && r->outcome == CW_OUT_OK)
		web_judge_proxy(e, r);
	if (r->hop == VISIT_PROXY || (of_proxy && e->spec.proxy && r->outcome != CW_OUT_OK))
		put_answer_of_proxy(e, r);
	else if (r->hop == VISIT_TLS)
		web_put_handshake(e, c->target->place.host, c->target->place.sni, r);
	else if (r->hop == VISIT_HTTP)
		put_http(e, r);
	else if (r->hop == VISIT_SSTP)
		put_sstp(e, r);
}

/* The proxy has no address: nothing of it can be said but that. */
static void put_no_address(struct web_errand *e)
{
	struct visit_result r = { .hop = VISIT_TCP, .outcome = e->outcome, .icmp = { .type = -1 } };
	put_answer_of_proxy(e, &r);
}

static void call_done(struct web_errand *e)
{
	struct web_call *c = call_of(e);
	const struct web_request *req = run_request(e->run);
	if (!e->met && e->spec.proxy && e->outcome != CW_OUT_CANCELLED)
		put_no_address(e);
	if (e->route == ROUTE_PROXY_USER || (c->refused && req->proxy_user))
		begin_login(e->run, c->target, c);
}

static const struct web_errand_kind call_kind = {
	.probe = &web_probe_visit,
	.hop = "tcp",
	.hop_ended = call_hop,
	.done = call_done,
};

static void ask_for_sstp(struct web_call *c)
{
	struct web_errand *e = &c->errand;
	struct io_loop *loop = run_services_of(e->run)->loop;
	uint8_t random[16];
	for (size_t i = 0; i < sizeof(random); i += 4) {
		uint32_t bits = io_random32(loop);
		memcpy(random + i, &bits, 4);
	}
	e->spec.sstp = true;
	e->spec.sstp_host = c->target->place.host;
	e->spec.sstp_correlation_id = sstp_correlation_id(random, c->correlation);
}

static void ask_for_url(struct web_call *c)
{
	struct web_errand *e = &c->errand;
	const struct web_target *t = c->target;
	e->request = (struct visit_request){
		.method = "GET",
		.target = is_plain_get(e) ? t->url : t->path,
		.host = t->authority,
		.user_agent = "Clearway/" CLEARWAY_VERSION,
		.answer_most = LIMIT_PROXY_PAGE,
	};
	e->spec.request = &e->request;
}

static struct web_call *call_new(struct run *run, struct web_target *t, enum web_route route,
				 const struct cw_addr *pin)
{
	struct web_call *c = cw_arena_new_of(run_arena(run), struct web_call);
	c->target = t;
	c->errand.kind = &call_kind;
	web_errand_aim(&c->errand, run, &t->place, route, pin);
	c->errand.tls.ask_staple = true;
	if (t->url)
		ask_for_url(c);
	else
		ask_for_sstp(c);
	return c;
}

/* A login that cannot be tried is a fact too. */
static void put_not_tried(struct web_call *c, const char *scheme, const char *why)
{
	struct web_errand *e = &c->errand;
	struct fact_store *s = run_facts(e->run);
	bool get = is_plain_get(e);
	struct fact *f = run_fact(e->run, &web_probe_visit, FACT_PROXY_ANSWER,
				  get ? c->target->url : c->target->place.name);
	f->outcome = CW_OUT_UNKNOWN;
	fact_set_text(s, f, FIELD_URL, web_state_of(e->run)->proxy.url);
	fact_set_text(s, f, FIELD_METHOD, get ? "GET" : "CONNECT");
	fact_set_text(s, f, FIELD_ROUTE, web_route_name(ROUTE_PROXY_USER));
	fact_set_text(s, f, FIELD_AUTH, scheme);
	fact_set_text(s, f, FIELD_WHY, "not-tried");
	fact_set_text(s, f, FIELD_DETAIL, why);
	run_put(e->run, f);
}

/* The next login that the proxy offers. Once one was taken, the others only say CONNECT. */
static void begin_login(struct run *run, struct web_target *t, const struct web_call *before)
{
	bool taken = before->only_connect || before->taken;
	size_t at = before->errand.route == ROUTE_PROXY_USER ? before->scheme_at + 1 : 0;
	for (; at < before->scheme_count; at++) {
		struct web_call *c = call_new(run, t, ROUTE_PROXY_USER, NULL);
		enum proxy_auth auth = web_auth_of(before->scheme[at]);
		const char *why = "this program does not know that login";
		c->scheme = before->scheme;
		c->scheme_count = before->scheme_count;
		c->scheme_at = at;
		c->only_connect = taken;
		if (!auth || !web_errand_login(&c->errand, auth, &why)) {
			put_not_tried(c, before->scheme[at], why);
			continue;
		}
		if (taken && c->errand.spec.connect_to) {
			c->errand.spec.tls = NULL;
			c->errand.spec.request = NULL;
			c->errand.spec.sstp = false;
		}
		web_errand_begin(&c->errand);
		return;
	}
}

/* Addresses that have come for a target and were not visited. */
static void visit_new_addresses(struct run *run, struct web_target *t)
{
	const struct web_host *h = t->place.where;
	while (h && t->begun < h->count) {
		struct cw_addr addr = h->addr[t->begun++];
		addr.port = t->place.port;
		web_errand_begin(&call_new(run, t, ROUTE_DIRECT, &addr)->errand);
	}
}

static void visit_told(struct run *run, const struct fact *f)
{
	struct web_state *st = web_state_of(run);
	if (f->kind == FACT_DNS_ADDRESS && !fact_is(f, FIELD_ORIGIN, st->origin))
		return;
	for (struct web_target *t = st->targets; t; t = t->next) {
		bool asked = f->kind == FACT_TARGET && t->fact == f;
		visit_new_addresses(run, t);
		if (asked && st->proxy.set)
			web_errand_begin(&call_new(run, t, ROUTE_PROXY, NULL)->errand);
	}
}

const struct probe web_probe_visit = {
	.name = "visit",
	.looks_at = FACT_BIT(FACT_TARGET) | FACT_BIT(FACT_DNS_ADDRESS),
	.provides = FACT_BIT(FACT_TCP_CONNECT) | FACT_BIT(FACT_PROXY_ANSWER) |
		    FACT_BIT(FACT_TLS_HANDSHAKE) | FACT_BIT(FACT_HTTP_ANSWER) |
		    FACT_BIT(FACT_SSTP_CALL) | FACT_BIT(FACT_CLOCK),
	.told = visit_told,
};
