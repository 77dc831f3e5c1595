#include "rule/kms_view.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"

void refs_add(struct cw_arena *a, struct fact_refs *r, const struct fact *f)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 4;
		const struct fact **item = cw_arena_array_of(a, const struct fact *, cap);
		if (r->count)
			memcpy(item, r->item, r->count * sizeof(*item));
		r->item = item;
		r->cap = cap;
	}
	r->item[r->count++] = f;
}

bool is_negative(enum cw_outcome o)
{
	return o == CW_OUT_NAME_MISSING || o == CW_OUT_NO_DATA;
}

bool origin_is(const struct fact *f, const char *origin)
{
	return !strcmp(fact_text(f, FIELD_ORIGIN), origin);
}

bool name_within(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);
	if (!strcmp(zone, ".") || !z)
		return z > 0;
	if (n < z || strcasecmp(name + n - z, zone))
		return false;
	return n == z || name[n - z - 1] == '.';
}

/* A fact with its place in an index: whose way, which host, which port. */
struct entry {
	const char *origin, *host;
	int64_t port;
	const struct fact *fact;
};

struct index {
	struct entry *entry;
	size_t count;
};

static int compare_place(const struct entry *a, const struct entry *b)
{
	int c = strcmp(a->origin, b->origin);
	if (!c)
		c = strcasecmp(a->host, b->host);
	return c ? c : (a->port > b->port) - (a->port < b->port);
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int c = compare_place(a, b);
	return c ? c : (a->fact->n > b->fact->n) - (a->fact->n < b->fact->n);
}

/* The facts of a kind sorted by origin, host and port. Lookups have no port. */
static struct index index_make(const struct kms_view *v, enum fact_kind kind, enum fact_field host)
{
	struct index x = { 0 };
	size_t count = 0;
	FACT_EACH_OF (v->facts, kind, f)
		count++;
	x.entry = cw_arena_array_of(v->arena, struct entry, count);
	FACT_EACH_OF (v->facts, kind, f) {
		if (kind == FACT_DNS_SRV_RECORD && f->outcome != CW_OUT_OK)
			continue;
		x.entry[x.count++] = (struct entry){
			.origin = fact_text(f, FIELD_ORIGIN),
			.host = fact_text(f, host),
			.port = fact_number(f, FIELD_PORT, 0),
			.fact = f,
		};
	}
	if (x.count)
		qsort(x.entry, x.count, sizeof(*x.entry), compare_entries);
	return x;
}

/* The first entry that does not stand before the place. */
static size_t index_find(const struct index *x, const struct entry *place)
{
	size_t from = 0, to = x->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare_place(&x->entry[middle], place) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* How many entries from `from` on stand at the place; host NULL: any host of that origin. */
static size_t index_run(const struct index *x, size_t from, const struct entry *place)
{
	size_t n = 0;
	for (; from + n < x->count; n++) {
		const struct entry *e = &x->entry[from + n];
		if (place->host ? compare_place(e, place) : strcmp(e->origin, place->origin))
			break;
	}
	return n;
}

struct kms_indexes {
	struct index records, lookups, connects, binds;
};

static enum kms_reach reach_of(const struct fact *connect, const struct fact *bind)
{
	switch (connect->outcome) {
	case CW_OUT_OK:
		break;
	case CW_OUT_REFUSED:
	case CW_OUT_TIMEOUT:
	case CW_OUT_UNREACHABLE:
	case CW_OUT_RESET:
		return REACH_DEAD;
	case CW_OUT_NO_ROUTE:
	case CW_OUT_DENIED:
	case CW_OUT_LOCAL:
		return REACH_OURS;
	default:
		return REACH_UNKNOWN;
	}
	if (!bind)
		return REACH_UNKNOWN;
	switch (bind->outcome) {
	case CW_OUT_OK:
		return REACH_ANSWERS;
	case CW_OUT_INTERFACE_REFUSED:
	case CW_OUT_BIND_REFUSED:
	case CW_OUT_OTHER_PROTOCOL:
	case CW_OUT_CLOSED:
	case CW_OUT_RESET:
	case CW_OUT_TIMEOUT:
	case CW_OUT_MALFORMED:
		return REACH_DEAD;
	default:
		return REACH_UNKNOWN;
	}
}

static const struct fact *bind_of(const struct index *binds, const struct entry *connect)
{
	size_t at = index_find(binds, connect);
	size_t n = index_run(binds, at, connect);
	for (size_t i = at; i < at + n; i++)
		if (!strcmp(binds->entry[i].fact->subject, connect->fact->subject))
			return binds->entry[i].fact;
	return NULL;
}

static struct kms_peer *peers_make(struct cw_arena *a, const struct kms_indexes *x,
				   const struct entry *place, size_t *count)
{
	struct entry first = *place;
	if (!first.host)
		first.host = "";
	size_t at = index_find(&x->connects, &first);
	*count = index_run(&x->connects, at, place);
	struct kms_peer *peers = cw_arena_array_of(a, struct kms_peer, *count);
	for (size_t i = 0; i < *count; i++) {
		const struct entry *e = &x->connects.entry[at + i];
		const struct fact *bind = bind_of(&x->binds, e);
		peers[i] = (struct kms_peer){ e->fact, bind, reach_of(e->fact, bind) };
	}
	return peers;
}

static void count_peers(struct kms_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++) {
		t->answering += t->peer[i].reach == REACH_ANSWERS;
		t->dead += t->peer[i].reach == REACH_DEAD;
		t->unknown += t->peer[i].reach == REACH_UNKNOWN;
	}
}

/* One server says of one name that it has neither A nor AAAA. */
static bool is_denied(const struct kms_target *t, const struct fact *f)
{
	bool v4 = false, v6 = false;
	for (size_t i = 0; i < t->lookups.count; i++) {
		const struct fact *g = t->lookups.item[i];
		if (!is_negative(g->outcome) || strcasecmp(g->subject, f->subject))
			continue;
		if (!fact_is(g, FIELD_SERVER, fact_text(f, FIELD_SERVER)))
			continue;
		v4 |= fact_is(g, FIELD_FAMILY, "ipv4");
		v6 |= fact_is(g, FIELD_FAMILY, "ipv6");
	}
	return v4 && v6;
}

/* Every name that stands for the host is denied by some server. A NetBIOS name has several. */
static bool is_unresolved(const struct kms_target *t)
{
	for (size_t i = 0; i < t->lookups.count; i++) {
		bool denied = false;
		for (size_t k = 0; k < t->lookups.count && !denied; k++)
			denied = !strcasecmp(t->lookups.item[k]->subject,
					     t->lookups.item[i]->subject) &&
				 is_denied(t, t->lookups.item[k]);
		if (!denied)
			return false;
	}
	return t->lookups.count > 0;
}

static void target_fill(const struct kms_view *v, const struct kms_indexes *x, struct kms_target *t,
			const struct entry *place)
{
	struct entry lookup = { .origin = place->origin, .host = place->host };
	struct entry first = lookup;
	if (!first.host)
		first.host = "";
	size_t at = index_find(&x->lookups, &first);
	size_t n = index_run(&x->lookups, at, &lookup);
	for (size_t i = at; i < at + n; i++) {
		refs_add(v->arena, &t->lookups, x->lookups.entry[i].fact);
		t->resolved |= x->lookups.entry[i].fact->outcome == CW_OUT_OK;
	}
	t->peer = peers_make(v->arena, x, place, &t->peer_count);
	count_peers(t);
	t->unresolved = !t->resolved && is_unresolved(t);
}

static const char *target_name(struct cw_arena *a, const char *host, int64_t port)
{
	return cw_arena_fmt(a, strchr(host, ':') ? "[%s]:%lld" : "%s:%lld", host, (long long)port);
}

static int compare_targets(const void *left, const void *right)
{
	const struct kms_target *a = left, *b = right;
	unsigned x = a->records.item[0]->n, y = b->records.item[0]->n;
	return (x > y) - (x < y);
}

static void make_targets(struct kms_view *v, const struct kms_indexes *x)
{
	struct entry discovery = { .origin = "discovery" }, first = discovery;
	first.host = "";
	size_t at = index_find(&x->records, &first);
	size_t end = at + index_run(&x->records, at, &discovery);
	v->target = cw_arena_array_of(v->arena, struct kms_target, end - at);
	while (at < end) {
		const struct entry *place = &x->records.entry[at];
		struct kms_target *t = &v->target[v->target_count++];
		*t = (struct kms_target){
			.host = place->host,
			.name = target_name(v->arena, place->host, place->port),
			.port = place->port,
		};
		for (size_t n = index_run(&x->records, at, place); n; n--)
			refs_add(v->arena, &t->records, x->records.entry[at++].fact);
		target_fill(v, x, t, place);
		v->targets_answering += t->answering > 0;
	}
	if (v->target_count)
		qsort(v->target, v->target_count, sizeof(*v->target), compare_targets);
}

static void make_pinned(struct kms_view *v, const struct kms_indexes *x)
{
	const struct fact *f = fact_first(v->facts, FACT_KMS_PINNED);
	struct entry place = { .origin = "pinned" };
	if (!f || !*fact_text(f, FIELD_HOST))
		return;
	v->pinned = cw_arena_new_of(v->arena, struct kms_target);
	v->pinned->host = fact_text(f, FIELD_HOST);
	v->pinned->port = fact_number(f, FIELD_PORT, KMS_PORT_USUAL);
	v->pinned->name = target_name(v->arena, v->pinned->host, v->pinned->port);
	target_fill(v, x, v->pinned, &place);
}

static struct kms_domain *domain_of(struct kms_view *v, const char *name)
{
	for (size_t i = 0; i < v->domain_count; i++)
		if (!strcasecmp(v->domain[i].name, name))
			return &v->domain[i];
	struct kms_domain *d = &v->domain[v->domain_count++];
	*d = (struct kms_domain){ .name = name, .zone = "", .mname = "" };
	return d;
}

static size_t domains_most(const struct fact_store *facts)
{
	size_t n = 0;
	FACT_EACH_OF (facts, FACT_CLIENT_SUFFIX, f)
		n++;
	FACT_EACH_OF (facts, FACT_DNS_SRV, f)
		n++;
	return n;
}

/* Where the SOA record of an answer places the domain. A zone above it is no proof that the
 * domain exists: that is what dns.soa was asked for. */
static void learn_zone(struct kms_domain *d, const struct fact *f)
{
	const char *zone = fact_text(f, FIELD_ZONE);
	if (!*zone)
		return;
	if (name_within(zone, d->name))
		d->exists = true;
	else if (f->outcome == CW_OUT_NAME_MISSING)
		d->above_says_missing = true;
	if (name_within(d->name, zone) && strlen(zone) >= strlen(d->zone)) {
		d->zone = zone;
		d->mname = fact_text(f, FIELD_MNAME);
	}
}

static void learn_answer(struct kms_view *v, const struct fact *f)
{
	struct kms_domain *d = domain_of(v, fact_text(f, FIELD_SUFFIX));
	refs_add(v->arena, &d->answers, f);
	d->positive += f->outcome == CW_OUT_OK;
	d->missing += f->outcome == CW_OUT_NAME_MISSING;
	d->no_data += f->outcome == CW_OUT_NO_DATA;
	d->exists |= f->outcome == CW_OUT_OK || f->outcome == CW_OUT_NO_DATA;
	v->discovered |= f->outcome == CW_OUT_OK;
	learn_zone(d, f);
}

/* dns.soa of a suffix: ok is a zone, no-data a name inside another one, name-missing nothing. */
static void learn_soa(struct kms_view *v, const struct fact *f)
{
	for (size_t i = 0; i < v->domain_count; i++) {
		struct kms_domain *d = &v->domain[i];
		if (strcasecmp(d->name, f->subject))
			continue;
		d->asked_itself = true;
		d->exists |= f->outcome == CW_OUT_OK || f->outcome == CW_OUT_NO_DATA;
		d->absent |= f->outcome == CW_OUT_NAME_MISSING;
		learn_zone(d, f);
	}
}

/* The zone above saying that the SRV name is missing leaves open whether the domain is a name in
 * it, so where the domain itself was asked about, only that answer counts. */
static void settle_domain(struct kms_domain *d)
{
	d->absent |= d->above_says_missing && !d->asked_itself;
	d->absent &= !d->exists;
	if (!*d->zone || d->absent)
		d->zone = d->name;
}

static void make_domains(struct kms_view *v)
{
	v->domain = cw_arena_array_of(v->arena, struct kms_domain, domains_most(v->facts));
	FACT_EACH_OF (v->facts, FACT_CLIENT_SUFFIX, f) {
		v->discovery |= origin_is(f, "discovery");
		if (f->outcome == CW_OUT_OK && origin_is(f, "discovery"))
			(void)domain_of(v, f->subject);
	}
	FACT_EACH_OF (v->facts, FACT_DNS_SRV, f) {
		if (!origin_is(f, "discovery"))
			continue;
		v->discovery = true;
		learn_answer(v, f);
	}
	FACT_EACH_OF (v->facts, FACT_DNS_SOA, f)
		learn_soa(v, f);
	for (size_t i = 0; i < v->domain_count; i++)
		settle_domain(&v->domain[i]);
}

static void find_live_elsewhere(struct kms_view *v)
{
	FACT_EACH_OF (v->facts, FACT_RPC_BIND, f) {
		bool elsewhere = origin_is(f, "discovery") || origin_is(f, "comparison");
		if (f->outcome != CW_OUT_OK || !elsewhere)
			continue;
		v->live_elsewhere = f;
		return;
	}
}

const void *kms_view_make(const struct fact_store *facts)
{
	struct cw_arena *a = fact_store_arena(facts);
	struct kms_view *v = cw_arena_new_of(a, struct kms_view);
	struct entry given = { .origin = "given" };
	*v = (struct kms_view){ .facts = facts, .arena = a };
	struct kms_indexes x = {
		.records = index_make(v, FACT_DNS_SRV_RECORD, FIELD_TARGET),
		.lookups = index_make(v, FACT_DNS_ADDRESS, FIELD_HOST),
		.connects = index_make(v, FACT_TCP_CONNECT, FIELD_HOST),
		.binds = index_make(v, FACT_RPC_BIND, FIELD_HOST),
	};
	make_domains(v);
	make_targets(v, &x);
	make_pinned(v, &x);
	v->given = peers_make(a, &x, &given, &v->given_count);
	find_live_elsewhere(v);
	return v;
}

bool target_is_dead(const struct kms_target *t)
{
	return !t->answering && !t->unknown && (t->dead || t->unresolved);
}

const struct fact *peer_fault(const struct kms_peer *p)
{
	return p->connect->outcome == CW_OUT_OK && p->bind ? p->bind : p->connect;
}

bool pinned_answers(const struct kms_view *v)
{
	return v->pinned && v->pinned->answering;
}

static bool leads_to(const struct kms_target *t, const struct fact *connect)
{
	struct cw_addr addr;
	char text[CW_ADDR_TEXT];
	if (!cw_addr_parse_port(connect->subject, 0, &addr))
		return false;
	cw_addr_text(&addr, text);
	for (size_t i = 0; i < t->lookups.count; i++) {
		struct fact_list list = fact_list_of(t->lookups.item[i], FIELD_ADDRESSES);
		for (size_t k = 0; k < list.count; k++)
			if (!strcmp(list.item[k], text))
				return true;
	}
	return false;
}

const struct kms_peer *given_answers_for(const struct kms_view *v, const struct kms_target *t)
{
	for (size_t i = 0; i < v->given_count; i++)
		if (v->given[i].reach == REACH_ANSWERS && !leads_to(t, v->given[i].connect))
			return &v->given[i];
	return NULL;
}

const struct kms_target *kms_target_at(const struct kms_view *v, size_t i)
{
	if (i < v->target_count)
		return &v->target[i];
	return i == v->target_count ? v->pinned : NULL;
}
