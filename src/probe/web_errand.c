/* Visits as tasks of a run: which address is tried, and what comes after it. */
#include "base/limits.h"
#include "probe/web_state.h"

#include <string.h>

#include "probe/web_services.h"

const char *web_route_name(enum web_route r)
{
	static const char *const names[] = {
		[ROUTE_DIRECT] = "direct",
		[ROUTE_PROXY] = "proxy",
		[ROUTE_PROXY_USER] = "proxy-user",
	};
	return names[r];
}

static const char *host_and_port(struct cw_arena *a, const char *host, uint16_t port)
{
	return cw_arena_fmt(a, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

void web_place_finish(struct run *run, struct web_place *p, const struct cw_addr *instead)
{
	struct cw_addr literal;
	p->name = host_and_port(run_arena(run), p->host, p->port);
	p->connect_to = instead ? web_addr_text(run, instead) : p->name;
	p->sni = cw_addr_parse(p->host, &literal) ? NULL : p->host; /* RFC 6066 3: names only */
}

struct web_place web_place_of(struct run *run, const struct url *u, const char *origin)
{
	struct web_place p = { .host = cw_arena_str(run_arena(run), u->host),
			       .port = u->port,
			       .tls = u->scheme == URL_HTTPS };
	p.where = web_host_of(run, p.host, origin);
	web_place_finish(run, &p, NULL);
	return p;
}

const char *web_addr_text(struct run *run, const struct cw_addr *addr)
{
	char text[CW_ADDR_TEXT];
	return cw_arena_str(run_arena(run), cw_addr_port_text(addr, text));
}

void web_errand_aim(struct web_errand *e, struct run *run, const struct web_place *place,
		    enum web_route route, const struct cw_addr *pin)
{
	struct web_state *st = web_state_of(run);
	cw_ms limit = run_probe_limit(run);
	bool direct = route == ROUTE_DIRECT;
	e->run = run;
	e->route = route;
	e->where = direct ? place->where : st->proxy.where;
	e->port = direct ? place->port : st->proxy.port;
	e->pinned = pin != NULL;
	if (pin)
		e->to = *pin;
	e->spec.connect_limit_ms = limit;
	e->spec.hop_limit_ms = limit * LIMIT_ANSWER_SHARES;
	e->spec.total_limit_ms = limit * LIMIT_VISIT_SHARES;
	if (place->tls) {
		e->tls = (struct visit_tls){ .sni = place->sni };
		e->spec.tls = &e->tls;
	}
	if (direct)
		return;
	e->proxy = st->proxy.spec;
	e->spec.proxy = &e->proxy;
	e->subject = place->name;
	if (place->tls)
		e->spec.connect_to = place->connect_to;
}

bool web_errand_login(struct web_errand *e, enum proxy_auth auth, const char **why)
{
	struct web_state *st = web_state_of(e->run);
	const struct web_request *req = run_request(e->run);
	if (e->proxy.tls && !st->proxy.leaf.len) {
		*why = st->proxy.distrust ? st->proxy.distrust
					  : "the proxy shows no certificate that could be judged";
		return false;
	}
	e->proxy.auth = auth;
	e->proxy.user = req->proxy_user;
	e->proxy.password = req->proxy_password;
	e->proxy.certificate = e->proxy.tls ? &st->proxy.leaf : NULL;
	return true;
}

static const char *task_what(const struct run_task *t, struct cw_arena *a)
{
	const struct web_errand *e = (const struct web_errand *)(const void *)t;
	char text[CW_ADDR_TEXT];
	if (e->subject)
		return e->subject;
	return cw_arena_str(a, cw_addr_port_text(&e->to, text));
}

static void put_connect(struct web_errand *e, const struct visit_result *r)
{
	struct web_state *st = web_state_of(e->run);
	struct cw_arena *a = run_arena(e->run);
	const char *text = web_addr_text(e->run, &e->to);
	if (!name_set_add(&st->connected, a,
			  cw_arena_join(a, text, " ", e->where->origin, " ", e->where->name, NULL)))
		return;
	struct fact *f = run_fact(e->run, &web_probe_visit, FACT_TCP_CONNECT, text);
	f->outcome = r->outcome;
	f->took_ms = r->took_ms;
	f->at_ms = run_elapsed_ms(e->run) - r->took_ms;
	fact_set_text(run_facts(e->run), f, FIELD_HOST, e->where->name);
	fact_set_number(run_facts(e->run), f, FIELD_PORT, e->to.port);
	fact_set_text(run_facts(e->run), f, FIELD_ORIGIN, e->where->origin);
	run_set_icmp(e->run, f, &r->icmp, e->to.family == CW_IPV6);
	if (r->system_error)
		fact_set_text(run_facts(e->run), f, FIELD_ERROR, strerror(r->system_error));
	if (r->shared)
		fact_set_flag(run_facts(e->run), f, FIELD_SHARED, true);
	run_put(e->run, f);
}

static bool more_addresses(const struct web_errand *e)
{
	return !e->pinned && (e->tried < e->where->count || e->where->pending);
}

static void finish(struct web_errand *e)
{
	struct run *run = e->run;
	e->visit = NULL;
	e->kind->done(e);
	cw_arena_free(e->arena);
	e->arena = NULL;
	run_task_end(run, &e->task);
}

/* Which hop comes behind this one, on this way. */
static enum visit_hop hop_behind(const struct web_errand *e, enum visit_hop last)
{
	const struct visit_spec *s = &e->spec;
	if (last < VISIT_PROXY_TLS && s->proxy && s->proxy->tls)
		return VISIT_PROXY_TLS;
	if (last < VISIT_PROXY && s->proxy)
		return VISIT_PROXY;
	if (last < VISIT_TLS && s->tls)
		return VISIT_TLS;
	return last < VISIT_HTTP && s->request ? VISIT_HTTP : VISIT_SSTP;
}

static void tell_hop(struct web_errand *e, const struct visit_result *r)
{
	if (e->kind->hop_ended)
		e->kind->hop_ended(e, r);
}

static void hop_ended(void *ctx, const struct visit_result *r)
{
	struct web_errand *e = ctx;
	e->outcome = r->outcome;
	e->expected = hop_behind(e, r->hop);
	if (r->hop == VISIT_TCP) {
		put_connect(e, r);
		e->tcp_failed = r->outcome != CW_OUT_OK;
		if (e->tcp_failed && more_addresses(e))
			return;
	}
	tell_hop(e, r);
	if (!e->satisfied)
		return;
	visit_cancel(e->visit);
	finish(e);
}

static void go_on(struct web_errand *e);

static void visit_done(void *ctx)
{
	struct web_errand *e = ctx;
	if (!e->tcp_failed || !more_addresses(e)) {
		finish(e);
		return;
	}
	cw_arena_free(e->arena);
	e->arena = NULL;
	e->visit = NULL;
	go_on(e);
}

static void start_visit(struct web_errand *e)
{
	static const struct visit_ops ops = { .hop = hop_ended, .done = visit_done };
	const struct run_services *s = run_services_of(e->run);
	struct visit_shared *shared = web_services_visits(s->web);
	e->tcp_failed = false;
	e->met = true;
	e->expected = VISIT_TCP;
	e->spec.to = e->to;
	if (!shared) {
		e->outcome = CW_OUT_LOCAL;
		finish(e);
		return;
	}
	e->arena = cw_arena_new();
	e->visit = visit_start(s->loop, s->gate, shared, &e->spec, e->arena, &ops, e);
}

/* The next address, or patience, or the end. */
static void go_on(struct web_errand *e)
{
	if (e->pinned) {
		start_visit(e);
		return;
	}
	if (e->tried < e->where->count) {
		e->to = e->where->addr[e->tried++];
		e->to.port = e->port;
		start_visit(e);
		return;
	}
	if (e->where->pending) {
		e->next_waiting = e->where->waiting;
		e->where->waiting = e;
		return;
	}
	if (!e->met)
		e->outcome = e->where->failure;
	finish(e);
}

/* What was under way becomes a hop that was cut short. */
static void cancel(struct run *run, struct run_task *t)
{
	struct web_errand *e = (struct web_errand *)(void *)t; /* the task is its first member */
	struct visit_result r = { .hop = e->expected,
				  .outcome = CW_OUT_CANCELLED,
				  .icmp = { .type = -1 },
				  .started = t->started };
	if (e->visit) {
		r.took_ms = io_loop_now(run_services_of(run)->loop) - t->started;
		visit_cancel(e->visit);
		if (r.hop == VISIT_TCP)
			put_connect(e, &r);
		tell_hop(e, &r);
	}
	e->outcome = CW_OUT_CANCELLED;
	finish(e);
}

void web_errand_begin(struct web_errand *e)
{
	if (run_was_cut_short(e->run))
		return;
	e->task.hop = e->kind->hop;
	e->task.what = task_what;
	e->task.cancel = cancel;
	if (!e->subject && e->pinned)
		e->subject = web_addr_text(e->run, &e->to);
	run_task_begin(e->run, &e->task);
	go_on(e);
}

void web_host_wake(struct web_host *h)
{
	struct web_errand *e = h->waiting, *next;
	h->waiting = NULL;
	for (; e; e = next) {
		next = e->next_waiting;
		go_on(e);
	}
}
