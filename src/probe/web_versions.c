/*
 * The same server in other shapes: each TLS version by itself, and without the server's name. What
 * differs tells a server without certificate from one that only wants other versions, and one
 * certificate from another.
 */
#include "probe/web_state.h"

#include <string.h>

struct web_shape {
	struct web_errand errand; /* first */
	const char *host, *version;
};

static struct web_shape *shape_of(struct web_errand *e)
{
	return (struct web_shape *)(void *)e; /* its first member */
}

static void put_version(struct run *run, const char *subject, const char *host, const char *route,
			const char *version, enum cw_outcome outcome)
{
	struct fact_store *s = run_facts(run);
	struct fact *f = run_fact(run, &web_probe_versions, FACT_TLS_VERSION, subject);
	f->outcome = outcome;
	fact_set_text(s, f, FIELD_HOST, host);
	fact_set_text(s, f, FIELD_ROUTE, route);
	fact_set_text(s, f, FIELD_VERSION, version);
	run_put(run, f);
}

static void version_hop(struct web_errand *e, const struct visit_result *r)
{
	struct fact_store *s = run_facts(e->run);
	if (r->hop != VISIT_TLS)
		return;
	struct fact *f = web_hop_fact(e, FACT_TLS_VERSION, e->subject, shape_of(e)->host, r);
	fact_set_text(s, f, FIELD_VERSION, shape_of(e)->version);
	run_put(e->run, f);
}

static void nameless_hop(struct web_errand *e, const struct visit_result *r)
{
	if (r->hop == VISIT_TLS)
		web_put_handshake(e, shape_of(e)->host, NULL, r);
}

static void nothing_more(struct web_errand *e)
{
	(void)e;
}

static const struct web_errand_kind version_kind = {
	.probe = &web_probe_versions,
	.hop = "tls",
	.hop_ended = version_hop,
	.done = nothing_more,
};

static const struct web_errand_kind nameless_kind = {
	.probe = &web_probe_versions,
	.hop = "tls",
	.hop_ended = nameless_hop,
	.done = nothing_more,
};

static const struct {
	enum tls_version version;
	const char *name; /* as in a handshake's fact */
} versions[] = {
	{ TLS_1_0, "TLSv1" },
	{ TLS_1_1, "TLSv1.1" },
	{ TLS_1_2, "TLSv1.2" },
	{ TLS_1_3, "TLSv1.3" },
};

enum { VERSIONS = sizeof(versions) / sizeof(*versions) };

static struct web_shape *shape_new(struct run *run, const struct web_errand_kind *kind,
				   const struct web_target *t, const struct fact *f)
{
	struct web_shape *x = cw_arena_new_of(run_arena(run), struct web_shape);
	bool direct = fact_is(f, FIELD_ROUTE, "direct");
	struct cw_addr addr = { 0 };
	bool pinned = direct && cw_addr_parse_port(f->subject, 0, &addr);
	x->host = t->place.host;
	x->errand.kind = kind;
	web_errand_aim(&x->errand, run, &t->place, direct ? ROUTE_DIRECT : ROUTE_PROXY,
		       pinned ? &addr : NULL);
	return x;
}

static void try_versions(struct run *run, const struct web_target *t, const struct fact *f)
{
	for (size_t i = 0; i < VERSIONS; i++) {
		/* What was shown already is not tried again. */
		if (f->outcome == CW_OUT_OK && fact_is(f, FIELD_VERSION, versions[i].name)) {
			put_version(run, f->subject, t->place.host, fact_text(f, FIELD_ROUTE),
				    versions[i].name, CW_OUT_OK);
			continue;
		}
		struct web_shape *x = shape_new(run, &version_kind, t, f);
		x->version = versions[i].name;
		x->errand.tls.least = versions[i].version;
		x->errand.tls.most = versions[i].version;
		web_errand_begin(&x->errand);
	}
}

static void try_without_name(struct run *run, const struct web_target *t, const struct fact *f)
{
	struct web_shape *x = shape_new(run, &nameless_kind, t, f);
	x->errand.tls.sni = NULL;
	web_errand_begin(&x->errand);
}

static const struct web_target *target_of(struct run *run, const struct fact *f)
{
	bool direct = fact_is(f, FIELD_ROUTE, "direct");
	struct cw_addr addr = { 0 };
	if (direct && !cw_addr_parse_port(f->subject, 0, &addr))
		return NULL;
	for (const struct web_target *t = web_state_of(run)->targets; t; t = t->next)
		if (t->place.tls && fact_is(f, FIELD_HOST, t->place.host) &&
		    (direct ? addr.port == t->place.port : !strcmp(f->subject, t->place.name)))
			return t;
	return NULL;
}

/* A server that answered, or that hung up: something may be learnt from another try. */
static bool is_worth_a_try(enum cw_outcome o)
{
	return o == CW_OUT_OK || o == CW_OUT_TLS_ALERT || o == CW_OUT_CLOSED || o == CW_OUT_RESET ||
	       o == CW_OUT_MALFORMED;
}

static void versions_told(struct run *run, const struct fact *f)
{
	const struct web_target *t = target_of(run, f);
	struct cw_arena *a = run_arena(run);
	if (!t || !is_worth_a_try(f->outcome) || fact_is(f, FIELD_ROUTE, "proxy-user"))
		return;
	if (t->place.sni && fact_is(f, FIELD_SNI, "none"))
		return; /* one of ours */
	if (!name_set_add(&web_state_of(run)->versions, a,
			  cw_arena_join(a, f->subject, " ", t->place.host, " ",
					fact_text(f, FIELD_ROUTE), NULL)))
		return;
	try_versions(run, t, f);
	if (t->place.sni)
		try_without_name(run, t, f);
}

const struct probe web_probe_versions = {
	.name = "tls.versions",
	.looks_at = FACT_BIT(FACT_TLS_HANDSHAKE),
	.provides = FACT_BIT(FACT_TLS_VERSION),
	.told = versions_told,
};
