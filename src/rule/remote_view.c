#include "rule/remote.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

/* A clock that is this near to ours says that ours is well. */
enum { CLOCK_NEAR_S = 60 };

bool route_is(const struct fact *f, const char *route)
{
	const char *have = fact_text(f, FIELD_ROUTE);
	return !strcmp(*have ? have : "direct", route);
}

bool remote_on_way(const struct remote_view *v, const struct fact *f)
{
	return route_is(f, "direct") ? !v->proxy : v->proxy != NULL;
}

bool remote_is_failure(enum cw_outcome o)
{
	switch (o) {
	case CW_OUT_UNKNOWN:
	case CW_OUT_OK:
	case CW_OUT_NO_ROUTE:
	case CW_OUT_DENIED:
	case CW_OUT_LOCAL:
	case CW_OUT_CANCELLED:
	case CW_OUT_UNREADABLE:
	case CW_OUT_NONE:
		return false;
	default:
		return true;
	}
}

bool lookups_resolved(const struct fact_refs *lookups)
{
	for (size_t i = 0; i < lookups->count; i++)
		if (lookups->item[i]->outcome == CW_OUT_OK)
			return true;
	return false;
}

bool lookups_failed(const struct fact_refs *lookups)
{
	for (size_t i = 0; i < lookups->count; i++)
		if (!remote_is_failure(lookups->item[i]->outcome))
			return false;
	return lookups->count > 0;
}

/* Digits behind the last colon, or `otherwise`. */
static int64_t port_of(const char *subject, int64_t otherwise)
{
	const char *colon = strrchr(subject, ':');
	int64_t port = 0;
	if (!colon || !colon[1])
		return otherwise;
	for (const char *p = colon + 1; *p; p++) {
		if (*p < '0' || *p > '9' || port > UINT16_MAX)
			return otherwise;
		port = port * 10 + (*p - '0');
	}
	return port;
}

static const char *name_of(struct cw_arena *a, const struct fact *f)
{
	const char *host = fact_text(f, FIELD_HOST), *url = fact_text(f, FIELD_URL);
	if (*url)
		return url;
	return cw_arena_fmt(a, strchr(host, ':') ? "[%s]:%lld" : "%s:%lld", host,
			    (long long)fact_number(f, FIELD_PORT, 443));
}

static void add_target(struct remote_view *v, const struct fact *f)
{
	const char *url = fact_text(f, FIELD_URL);
	bool secure = strncasecmp(url, "http:", 5) != 0;
	v->target[v->target_count++] = (struct remote_target){
		.asked = f,
		.host = fact_text(f, FIELD_HOST),
		.name = name_of(v->arena, f),
		.port = fact_number(f, FIELD_PORT, secure ? 443 : 80),
		.secure = secure,
	};
}

static void make_targets(struct remote_view *v)
{
	size_t count = 0;
	FACT_EACH_OF (v->facts, FACT_TARGET, f)
		count++;
	v->target = cw_arena_array_of(v->arena, struct remote_target, count);
	FACT_EACH_OF (v->facts, FACT_TARGET, f)
		if (f->outcome == CW_OUT_OK)
			add_target(v, f);
}

/* The target that a fact of a listener belongs to: by URL, else by host and port. */
static bool belongs(const struct remote_target *t, const struct fact *f)
{
	if (strstr(f->subject, "://"))
		return !strcmp(f->subject, fact_text(t->asked, FIELD_URL));
	return fact_is(f, FIELD_HOST, t->host) && port_of(f->subject, t->port) == t->port;
}

static struct remote_peer *peer_of(struct remote_target *t, size_t most, const struct fact *f)
{
	const char *route = fact_text(f, FIELD_ROUTE);
	if (!*route)
		route = "direct";
	for (size_t i = 0; i < t->peer_count; i++)
		if (!strcmp(t->peer[i].subject, f->subject) && !strcmp(t->peer[i].route, route))
			return &t->peer[i];
	assert(t->peer_count < most);
	t->peer[t->peer_count] = (struct remote_peer){ .subject = f->subject, .route = route };
	return &t->peer[t->peer_count++];
}

static void add_fault(struct remote_view *v, struct remote_peer *p, const struct fact *f)
{
	if (remote_fault_of(f) == REMOTE_FAULT_OPEN)
		p->open = true;
	else
		refs_add(v->arena, remote_is_note(f) ? &p->notes : &p->faults, f);
}

static void add_to_peer(struct remote_view *v, struct remote_peer *p, const struct fact *f)
{
	switch (f->kind) {
	case FACT_TCP_CONNECT:
		p->connect = f;
		break;
	case FACT_TLS_HANDSHAKE:
		refs_add(v->arena, &p->handshakes, f);
		break;
	case FACT_TLS_VERSION:
		refs_add(v->arena, &p->versions, f);
		break;
	case FACT_CERT_CHAIN:
		refs_add(v->arena, &p->chains, f);
		break;
	case FACT_CERT_FAULT:
		add_fault(v, p, f);
		break;
	default:
		refs_add(v->arena, &p->answers, f);
	}
}

static const enum fact_kind peer_kinds[] = { FACT_TCP_CONNECT, FACT_TLS_HANDSHAKE, FACT_TLS_VERSION,
					     FACT_CERT_CHAIN,  FACT_CERT_FAULT,    FACT_SSTP_CALL,
					     FACT_HTTP_ANSWER };

enum { PEER_KINDS = sizeof(peer_kinds) / sizeof(*peer_kinds) };

static bool is_of_peer(const struct remote_target *t, const struct fact *f, const char *origin)
{
	return belongs(t, f) && (f->kind != FACT_TCP_CONNECT || origin_is(f, origin));
}

static size_t count_of_peers(const struct remote_view *v, const struct remote_target *t,
			     const char *origin)
{
	size_t count = 0;
	for (size_t k = 0; k < PEER_KINDS; k++)
		FACT_EACH_OF (v->facts, peer_kinds[k], f)
			count += is_of_peer(t, f, origin);
	return count;
}

/* Where no handshake was made on the way, what another route shows of the server is good too. */
static void settle_peers(const struct remote_view *v, struct remote_target *t)
{
	bool on_way = false;
	for (size_t i = 0; i < t->peer_count; i++)
		if (t->peer[i].handshakes.count)
			on_way |= remote_on_way(v, t->peer[i].handshakes.item[0]);
	for (size_t i = 0; i < t->peer_count; i++) {
		bool direct = !strcmp(t->peer[i].route, "direct");
		t->peer[i].judged = !on_way || direct == !v->proxy;
	}
}

static void fill_target(struct remote_view *v, struct remote_target *t, const char *origin)
{
	size_t most = count_of_peers(v, t, origin);
	t->peer = cw_arena_array_of(v->arena, struct remote_peer, most);
	for (size_t k = 0; k < PEER_KINDS; k++)
		FACT_EACH_OF (v->facts, peer_kinds[k], f)
			if (is_of_peer(t, f, origin))
				add_to_peer(v, peer_of(t, most, f), f);
	FACT_EACH_OF (v->facts, FACT_DNS_ADDRESS, f)
		if (origin_is(f, origin) && fact_is(f, FIELD_HOST, t->host))
			refs_add(v->arena, &t->lookups, f);
	FACT_EACH_OF (v->facts, FACT_PROXY_ANSWER, f)
		if (!strcasecmp(f->subject, t->name) ||
		    (!strcmp(fact_text(f, FIELD_METHOD), "CONNECT") &&
		     !strcasecmp(f->subject,
				 cw_arena_fmt(v->arena, "%s:%lld", t->host, (long long)t->port))))
			refs_add(v->arena, &t->proxied, f);
	settle_peers(v, t);
}

static void find_proxy(struct remote_view *v)
{
	FACT_EACH_OF (v->facts, FACT_PROXY, f)
		if (f->outcome == CW_OUT_OK && !v->proxy)
			v->proxy = f;
	FACT_EACH_OF (v->facts, FACT_DNS_ADDRESS, f)
		if (origin_is(f, "proxy"))
			refs_add(v->arena, &v->proxy_lookups, f);
	FACT_EACH_OF (v->facts, FACT_TCP_CONNECT, f)
		if (origin_is(f, "proxy"))
			refs_add(v->arena, &v->proxy_connects, f);
}

/* A server that agrees with our clock clears it; a cache that answers with an old date is no
 * witness against it then. */
static void hear_clocks(struct remote_view *v)
{
	struct remote_clock *c = &v->clock;
	bool agrees = false, ahead = false, behind = false;
	c->date = "";
	FACT_EACH_OF (v->facts, FACT_CLOCK, f) {
		if (f->outcome != CW_OUT_OK || !fact_has(f, FIELD_SKEW_S))
			continue;
		int64_t skew = fact_number(f, FIELD_SKEW_S, 0);
		refs_add(v->arena, &c->witnesses, f);
		agrees |= skew > -CLOCK_NEAR_S && skew < CLOCK_NEAR_S;
		ahead |= skew >= CLOCK_NEAR_S;
		behind |= skew <= -CLOCK_NEAR_S;
		if (c->witnesses.count == 1)
			c->skew_s = skew;
		if (!*c->date)
			c->date = fact_text(f, FIELD_DATE);
	}
	c->off = !agrees && ahead != behind;
}

static struct remote_check *check_of(struct remote_view *v, const struct fact *f)
{
	const char *cert = fact_text(f, FIELD_CERT_SUBJECT);
	int64_t depth = fact_number(f, FIELD_DEPTH, -1);
	for (size_t i = 0; i < v->check_count; i++) {
		struct remote_check *c = &v->check[i];
		bool alone = depth < 0;
		if (c->depth == depth && !strcmp(c->cert, cert) &&
		    (!alone || !strcmp(c->sources.item[0]->subject, f->subject)))
			return c;
	}
	struct remote_check *c = &v->check[v->check_count++];
	*c = (struct remote_check){ .cert = cert, .depth = depth };
	return c;
}

static enum remote_status status_of(const struct remote_view *v, const struct remote_check *c)
{
	bool good = false;
	for (size_t i = 0; i < c->sources.count; i++) {
		const struct fact *f = c->sources.item[i];
		if (f->outcome == CW_OUT_REVOKED)
			return REMOTE_STATUS_REVOKED;
		if (f->outcome != CW_OUT_OK || fact_is(f, FIELD_SOURCE_TYPE, "delta"))
			continue;
		good |= remote_source_counts(v, f) ||
			(v->direct_will_do && route_is(f, "direct")) ||
			fact_is(f, FIELD_SOURCE_TYPE, "staple");
	}
	return good ? REMOTE_STATUS_GOOD : REMOTE_STATUS_OPEN;
}

static void make_checks(struct remote_view *v)
{
	size_t count = 0;
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f)
		count++;
	v->check = cw_arena_array_of(v->arena, struct remote_check, count);
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f)
		refs_add(v->arena, &check_of(v, f)->sources, f);
	for (size_t i = 0; i < v->check_count; i++)
		v->check[i].status = status_of(v, &v->check[i]);
}

bool remote_proxy_is_dead(const struct remote_view *v)
{
	for (size_t i = 0; i < v->proxy_connects.count; i++)
		if (!remote_is_failure(v->proxy_connects.item[i]->outcome))
			return false;
	return v->proxy && (v->proxy_connects.count || lookups_failed(&v->proxy_lookups));
}

static const struct remote_view *view_make(const struct fact_store *facts, const char *origin,
					   bool direct_will_do)
{
	struct cw_arena *a = fact_store_arena(facts);
	struct remote_view *v = cw_arena_new_of(a, struct remote_view);
	*v = (struct remote_view){
		.facts = facts,
		.arena = a,
		.direct_will_do = direct_will_do,
	};
	find_proxy(v);
	make_targets(v);
	for (size_t i = 0; i < v->target_count; i++)
		fill_target(v, &v->target[i], origin);
	hear_clocks(v);
	make_checks(v);
	return v;
}

/* The VPN service may have a proxy or none; where direct works, Windows has the list. */
const void *sstp_view_make(const struct fact_store *facts)
{
	return view_make(facts, "sstp", true);
}

/* Where a proxy is set for activation, lists are fetched through it too (KB 816897). */
const void *activation_view_make(const struct fact_store *facts)
{
	return view_make(facts, "activation", false);
}
