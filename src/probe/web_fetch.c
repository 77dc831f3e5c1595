#include "probe/web_fetch.h"

#include <string.h>

#include "base/limits.h"

/* As Windows 10 and 11 name themselves when they fetch for a certificate check; proxies exempt by
 * it. */
static const char user_agent[] = "Microsoft-CryptoAPI/10.0";

struct web_waiter {
	web_fetched *done;
	void *ctx;
	struct web_waiter *next;
};

/* One request on the way: a redirect or a login takes another. */
struct web_leg {
	struct web_errand errand; /* first */
	struct web_fetch *fetch;
	const char *authority, *target;
};

static void begin_leg(struct web_fetch *f);

static void say_over(struct web_fetch *f)
{
	struct web_waiter *w = f->waiters;
	f->over = true;
	f->waiters = NULL;
	f->took_ms = io_loop_now(run_services_of(f->run)->loop) - f->started;
	for (; w; w = w->next)
		w->done(f, w->ctx);
}

static const char *const *copy_list(struct cw_arena *a, size_t count, const char *const *item)
{
	const char **list = cw_arena_array_of(a, const char *, count);
	for (size_t i = 0; i < count; i++)
		list[i] = cw_arena_str(a, item[i]);
	return list;
}

static void leg_hop(struct web_errand *e, const struct visit_result *r)
{
	struct web_fetch *f = ((struct web_leg *)(void *)e)->fetch;
	struct cw_arena *a = run_arena(f->run);
	f->outcome = r->outcome;
	f->status = r->status;
	f->error = r->system_error ? strerror(r->system_error) : NULL;
	if (r->hop == VISIT_PROXY && r->status == 407) {
		f->offered_count = r->scheme_count;
		f->offered = copy_list(a, r->scheme_count, r->scheme);
	}
	if (r->hop != VISIT_HTTP || r->outcome != CW_OUT_OK)
		return;
	const char *location = web_header(r, "Location");
	f->location = location ? cw_arena_str(a, location) : NULL;
	f->body = r->body;
	f->too_large = r->too_large;
	if (r->status != 200)
		f->outcome = CW_OUT_HTTP_STATUS;
	if (f->route == ROUTE_DIRECT)
		web_hear_clock(e, f->at.host, r);
}

/* A redirect to https would need the very check that this fetch is for; Windows leaves it. */
static bool follows_redirect(struct web_fetch *f)
{
	bool moved = f->status >= 301 && f->status <= 308 && f->status != 304;
	struct url to;
	if (f->outcome != CW_OUT_HTTP_STATUS || !moved || !f->location ||
	    f->redirects == LIMIT_REDIRECTS || url_join(&f->at, f->location, &to, NULL) != CW_OK ||
	    to.scheme != URL_HTTP)
		return false;
	f->redirects++;
	f->at = to;
	return true;
}

static bool tries_next_login(struct web_fetch *f)
{
	bool refused = f->outcome == CW_OUT_HTTP_STATUS && f->status == 407;
	if (f->route != ROUTE_PROXY_USER || !refused || f->scheme_at + 1 >= f->scheme_count)
		return false;
	f->scheme_at++;
	return true;
}

static bool tries_post(struct web_fetch *f)
{
	bool refused = f->outcome == CW_OUT_HTTP_STATUS && f->status >= 400 && f->status != 407;
	if (!f->post || f->posted || !refused)
		return false;
	f->posted = true;
	return url_parse(f->url, &f->at, NULL) == CW_OK;
}

static void release_arena(void *arena)
{
	cw_arena_free(arena);
}

static void leg_done(struct web_errand *e)
{
	struct web_fetch *f = ((struct web_leg *)(void *)e)->fetch;
	if (!e->met || e->outcome == CW_OUT_CANCELLED)
		f->outcome = e->outcome;
	if (e->outcome != CW_OUT_CANCELLED &&
	    (follows_redirect(f) || tries_next_login(f) || tries_post(f))) {
		f->body = (struct visit_bytes){ 0 };
		begin_leg(f);
		return;
	}
	if (f->body.len) { /* it stays for who asks later */
		run_on_free(f->run, release_arena, e->arena);
		e->arena = NULL;
	}
	say_over(f);
}

static const struct web_errand_kind leg_kind = {
	.probe = &web_probe_revocation,
	.hop = "crl",
	.hop_ended = leg_hop,
	.done = leg_done,
};

static bool logs_in(struct web_fetch *f, struct web_errand *e)
{
	const char *why = NULL;
	for (; f->scheme_at < f->scheme_count; f->scheme_at++) {
		f->auth = f->scheme[f->scheme_at];
		enum proxy_auth auth = web_auth_of(f->auth);
		if (auth && web_errand_login(e, auth, &why))
			return true;
	}
	return false;
}

static void ask(struct web_fetch *f, struct web_leg *l)
{
	struct web_errand *e = &l->errand;
	bool plain = e->spec.proxy && !e->spec.connect_to;
	char authority[URL_AUTHORITY], text[URL_TEXT];
	struct cw_arena *a = run_arena(f->run);
	e->request = (struct visit_request){
		.method = f->posted ? "POST" : "GET",
		.target = cw_arena_str(a, plain ? url_text(&f->at, text) : f->at.target),
		.host = cw_arena_str(a, url_authority(&f->at, authority)),
		.user_agent = user_agent,
		.answer_most = LIMIT_CRL,
	};
	if (f->posted) {
		e->request.content_type = f->post->content_type;
		e->request.body = f->post->body;
		e->request.body_len = f->post->len;
	}
	e->spec.request = &e->request;
	e->spec.hop_limit_ms = run_probe_limit(f->run) * LIMIT_FETCH_SHARES;
	e->spec.total_limit_ms = e->spec.hop_limit_ms;
}

static void begin_leg(struct web_fetch *f)
{
	struct web_leg *l = cw_arena_new_of(run_arena(f->run), struct web_leg);
	struct web_place place = web_place_of(f->run, &f->at, "revocation");
	l->fetch = f;
	l->errand.kind = &leg_kind;
	web_errand_aim(&l->errand, f->run, &place, f->route, NULL);
	l->errand.subject = f->url;
	if (f->route == ROUTE_PROXY_USER && !logs_in(f, &l->errand)) {
		say_over(f); /* as it was refused before */
		return;
	}
	ask(f, l);
	web_errand_begin(&l->errand);
}

static struct web_fetch *find(struct run *run, const struct web_fetch_spec *spec,
			      const char *target)
{
	struct web_fetch *f = web_state_of(run)->fetches;
	while (f && (f->route != spec->route || strcmp(f->target, target) != 0))
		f = f->next;
	return f;
}

static struct web_fetch *fetch_new(struct run *run, const struct web_fetch_spec *spec,
				   const char *target)
{
	struct web_state *st = web_state_of(run);
	struct web_fetch *f = cw_arena_new_of(run_arena(run), struct web_fetch);
	*f = (struct web_fetch){
		.run = run,
		.probe = spec->probe,
		.url = cw_arena_str(run_arena(run), spec->url),
		.target = cw_arena_str(run_arena(run), target),
		.route = spec->route,
		.post = spec->post,
		.outcome = CW_OUT_INVALID,
		.started = io_loop_now(run_services_of(run)->loop),
		.next = st->fetches,
	};
	if (spec->refused) {
		f->scheme_count = spec->refused->offered_count;
		f->scheme = spec->refused->offered;
		f->offered_count = f->scheme_count;
		f->offered = f->scheme;
		f->outcome = spec->refused->outcome;
		f->status = spec->refused->status;
	}
	st->fetches = f;
	return f;
}

static void wait_for(struct web_fetch *f, web_fetched *done, void *ctx)
{
	struct web_waiter *w = cw_arena_new_of(run_arena(f->run), struct web_waiter);
	struct web_waiter **last = &f->waiters;
	*w = (struct web_waiter){ .done = done, .ctx = ctx };
	while (*last)
		last = &(*last)->next;
	*last = w;
}

struct web_fetch *web_fetch_begin(struct run *run, const struct web_fetch_spec *spec,
				  web_fetched *done, void *ctx)
{
	const char *target = spec->target ? spec->target : spec->url;
	struct web_fetch *f = find(run, spec, target);
	if (f && f->over) {
		done(f, ctx);
		return f;
	}
	if (f) {
		wait_for(f, done, ctx);
		return f;
	}
	f = fetch_new(run, spec, target);
	wait_for(f, done, ctx);
	bool good = url_parse(target, &f->at, NULL) == CW_OK &&
		    (f->at.scheme == URL_HTTP || f->at.scheme == URL_HTTPS);
	if (good)
		begin_leg(f);
	else
		say_over(f);
	return f;
}

bool web_fetch_can_login(const struct web_fetch *f)
{
	const struct web_request *req = run_request(f->run);
	return f->route == ROUTE_PROXY && f->outcome == CW_OUT_HTTP_STATUS && f->status == 407 &&
	       req->proxy_user && f->offered_count;
}
