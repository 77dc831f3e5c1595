#include "lab/dns_world.h"

#include <assert.h>
#include <string.h>

#include "base/addr.h"
#include "base/limits.h"

enum { SOA_REFRESH_S = 900, SOA_RETRY_S = 600, SOA_EXPIRE_S = 86400, SOA_MINIMUM_S = 300 };

/* ---- loading ---- */

struct load {
	const struct scenario *s;
	struct cw_arena *arena;
	record_expand_fn *expand;
	void *ctx;
};

static void load_records(const struct load *l, struct zone *z, const struct scenario_zone *def)
{
	for (const struct scenario_record *r = def->records; r; r = r->next) {
		struct record_complaint bad;
		struct dns_rr rr;
		/* scenario_check has built each of them before */
		bool ok = record_build(r, def->name, l->expand, l->ctx, l->arena, &rr, &bad);
		assert(ok);
		if (ok)
			zone_add(z, &rr);
	}
}

static void load_soa(struct zone *z, const struct scenario_zone *def, struct cw_arena *arena)
{
	bool root = !strcmp(def->name, ".");
	struct dns_rr soa = {
		.owner = def->name,
		.type = DNS_SOA,
		.ttl_s = def->ttl_s,
		.soa = { .mname = def->mname,
			 .rname = root ? "hostmaster"
				       : cw_arena_fmt(arena, "hostmaster.%s", def->name),
			 .serial = def->serial,
			 .refresh = SOA_REFRESH_S,
			 .retry = SOA_RETRY_S,
			 .expire = SOA_EXPIRE_S,
			 .minimum = SOA_MINIMUM_S },
	};
	struct dns_rr ns = {
		.owner = def->name, .type = DNS_NS, .ttl_s = def->ttl_s, .name = def->mname
	};
	if (!zone_soa(z))
		zone_add(z, &soa);
	if (!zone_has_type(zone_node(z, def->name), DNS_NS))
		zone_add(z, &ns);
}

/* The server that the MNAME begins with, when the zone itself would have to know its address. */
static const struct scenario_server *primary_of(const struct scenario *s,
						const struct scenario_zone *def)
{
	if (!dns_name_within(def->mname, def->name))
		return NULL;
	for (const struct scenario_server *v = s->servers; v; v = v->next) {
		size_t len = strlen(v->name);
		if (v->kind == SCENARIO_DNS && !strncmp(def->mname, v->name, len) &&
		    (def->mname[len] == '.' || !def->mname[len]))
			return v;
	}
	return NULL;
}

static void load_primary(const struct load *l, struct zone *z, const struct scenario_zone *def)
{
	const struct scenario_server *v = primary_of(l->s, def);
	const struct zone_node *n = zone_node(z, def->mname);
	struct cw_addr addr;
	if (!v || (n && n->rrs))
		return;
	const char *text = l->expand(l->ctx, l->arena, cw_arena_fmt(l->arena, "@%s", v->name));
	if (!text || !cw_addr_parse(text, &addr))
		return;
	struct dns_rr rr = { .owner = def->mname,
			     .type = addr.family == CW_IPV4 ? DNS_A : DNS_AAAA,
			     .ttl_s = def->ttl_s };
	memcpy(rr.address, addr.bytes, sizeof(addr.bytes));
	zone_add(z, &rr);
}

static struct zone *load_zone(const struct load *l, const struct scenario_zone *def)
{
	struct zone *z = zone_new(l->arena, def->name);
	for (const struct scenario_zone *from = def; from; from = from->same_as)
		load_records(l, z, from);
	load_soa(z, def, l->arena);
	load_primary(l, z, def);
	zone_loaded(z);
	return z;
}

static void load_lies(const struct load *l, struct dns_host *h)
{
	for (const struct scenario_fault *f = h->def->faults; f; f = f->next) {
		struct record_complaint bad;
		if (f->lie)
			record_build(f->lie, ".", l->expand, l->ctx, l->arena, &h->lies[f->index],
				     &bad);
	}
}

static void load_host(const struct load *l, const struct scenario_server *def, struct dns_host *h)
{
	size_t count = 0;
	for (const struct scenario_zone *z = def->zones; z; z = z->next)
		count++;
	h->def = def;
	h->zones = cw_arena_array_of(l->arena, struct zone *, count + 1);
	for (const struct scenario_zone *z = def->zones; z; z = z->next)
		h->zones[h->zone_count++] = load_zone(l, z);
	h->hits = cw_arena_array_of(l->arena, uint32_t, def->fault_count + 1);
	h->lies = cw_arena_array_of(l->arena, struct dns_rr, def->fault_count + 1);
	load_lies(l, h);
}

struct dns_world *dns_world_new(const struct scenario *s, struct cw_arena *arena,
				record_expand_fn *expand, void *ctx)
{
	struct load l = { .s = s, .arena = arena, .expand = expand, .ctx = ctx };
	struct dns_world *w = cw_arena_new_of(arena, struct dns_world);
	w->host = cw_arena_array_of(arena, struct dns_host, s->server_count + 1);
	for (const struct scenario_server *v = s->servers; v; v = v->next)
		if (v->kind == SCENARIO_DNS)
			load_host(&l, v, &w->host[w->count++]);
	return w;
}

/* ---- replies ---- */

void dns_reply_open(struct dns_reply *r, const struct dns_message *query, struct cw_arena *arena)
{
	*r = (struct dns_reply){ .arena = arena };
	r->m = (struct dns_message){ .id = query->id,
				     .response = true,
				     .recursion_desired = query->recursion_desired,
				     .opcode = query->opcode,
				     .question = query->question,
				     .question_count = query->question_count ? 1 : 0 };
	if (query->edns.present)
		r->m.edns =
			(struct dns_edns){ .present = true, .udp_payload = LIMIT_DNS_UDP_PAYLOAD };
}

void dns_reply_add(struct dns_reply *r, enum dns_section section, const struct dns_rr *rr,
		   const char *owner)
{
	if (r->m.rr_count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 16;
		struct dns_rr *grown = cw_arena_array_of(r->arena, struct dns_rr, cap);
		if (r->rr)
			memcpy(grown, r->rr, r->m.rr_count * sizeof(*grown));
		r->rr = grown;
		r->cap = cap;
	}
	struct dns_rr *to = &r->rr[r->m.rr_count++];
	*to = *rr;
	to->section = section;
	to->class_ = DNS_CLASS_IN;
	if (owner)
		to->owner = owner;
}

const struct dns_message *dns_reply_close(struct dns_reply *r)
{
	struct dns_rr *sorted = cw_arena_array_of(r->arena, struct dns_rr, r->m.rr_count + 1);
	size_t n = 0;
	for (int section = DNS_ANSWER; section <= DNS_ADDITIONAL; section++)
		for (size_t i = 0; i < r->m.rr_count; i++)
			if ((int)r->rr[i].section == section)
				sorted[n++] = r->rr[i];
	r->rr = sorted;
	r->cap = r->m.rr_count;
	r->m.rr = sorted;
	return &r->m;
}

void dns_reply_soa(struct dns_reply *r, const struct zone *z)
{
	const struct dns_rr *soa = zone_soa(z);
	if (!soa)
		return;
	struct dns_rr rr = *soa;
	if (rr.soa.minimum < rr.ttl_s)
		rr.ttl_s = rr.soa.minimum;
	dns_reply_add(r, DNS_AUTHORITY, &rr, NULL);
}

/* ---- answering ---- */

struct zone *dns_host_zone(const struct dns_host *h, const char *name)
{
	struct zone *best = NULL;
	for (size_t i = 0; i < h->zone_count; i++)
		if (dns_name_within(name, zone_name(h->zones[i])) &&
		    (!best ||
		     dns_name_labels(zone_name(h->zones[i])) > dns_name_labels(zone_name(best))))
			best = h->zones[i];
	return best;
}

/* Whether a resolver that asks this server would wait in vain. */
static bool never_answers(const struct scenario_server *v)
{
	if (v->closed == SCENARIO_BOTH)
		return true;
	for (const struct scenario_fault *f = v->faults; f; f = f->next)
		if (f->kind == FAULT_SILENT && !f->name && !f->under && !f->type && !f->first &&
		    f->transport == SCENARIO_BOTH)
			return true;
	return false;
}

struct found_zone {
	const struct zone *zone;
	const struct dns_host *host;
};

/* The zone that answers for the name: one of the server's own, or for a resolver the most
 * specific one of all servers, of one that answers if there is any. */
static struct found_zone zone_for(const struct dns_world *w, const struct dns_host *h,
				  const char *name, bool resolve)
{
	struct found_zone best = { dns_host_zone(h, name), h };
	for (size_t i = 0; resolve && i < w->count; i++) {
		const struct dns_host *other = &w->host[i];
		const struct zone *z = dns_host_zone(other, name);
		if (!z)
			continue;
		size_t have = best.zone ? dns_name_labels(zone_name(best.zone)) : 0;
		size_t labels = dns_name_labels(zone_name(z));
		if (!best.zone || labels > have ||
		    (labels == have && best.host != h && never_answers(best.host->def)))
			best = (struct found_zone){ z, other };
	}
	return best;
}

struct answering {
	const struct dns_world *world;
	const struct dns_host *host;
	const struct dns_message *query;
	struct dns_reply *reply;
	bool resolve;
};

static void add_addresses(const struct answering *a, const struct zone *z, const char *name)
{
	static const uint16_t types[] = { DNS_A, DNS_AAAA };
	if (a->host->def->no_additional)
		return;
	for (size_t i = 0; i < 2; i++) {
		struct zone_look look;
		zone_find(z, name, types[i], &look);
		if (look.found != ZONE_ANSWER)
			continue;
		for (const struct zone_rr *e = look.node->rrs; e; e = e->next)
			if (e->rr.type == types[i])
				dns_reply_add(a->reply, DNS_ADDITIONAL, &e->rr, name);
	}
}

static bool already_additional(const struct dns_reply *r, const char *name)
{
	for (size_t i = 0; i < r->m.rr_count; i++)
		if (r->rr[i].section == DNS_ADDITIONAL && dns_name_equal(r->rr[i].owner, name))
			return true;
	return false;
}

static void add_set(const struct answering *a, const struct zone *z, const struct zone_node *n,
		    uint16_t type, const char *owner)
{
	struct dns_reply *r = a->reply;
	for (const struct zone_rr *e = n->rrs; e; e = e->next)
		if (e->rr.type == type || type == DNS_ANY)
			dns_reply_add(r, DNS_ANSWER, &e->rr, owner);
	for (const struct zone_rr *e = n->rrs; e; e = e->next)
		if (e->rr.type == DNS_SRV && type == DNS_SRV && !e->rr.bad_rdata &&
		    !already_additional(r, e->rr.srv.target))
			add_addresses(a, z, e->rr.srv.target);
}

static void add_referral(const struct answering *a, const struct zone *z,
			 const struct zone_node *cut)
{
	if (a->resolve) {
		/* nobody in this lab has the zone that is delegated */
		a->reply->m.rcode = DNS_SERVFAIL;
		return;
	}
	a->reply->m.authoritative = false;
	for (const struct zone_rr *e = cut->rrs; e; e = e->next) {
		if (e->rr.type != DNS_NS)
			continue;
		dns_reply_add(a->reply, DNS_AUTHORITY, &e->rr, NULL);
		const struct zone_node *glue = zone_node(z, e->rr.name);
		for (const struct zone_rr *g = glue ? glue->rrs : NULL; g; g = g->next)
			if (g->rr.type == DNS_A || g->rr.type == DNS_AAAA)
				dns_reply_add(a->reply, DNS_ADDITIONAL, &g->rr, NULL);
	}
}

static const char *alias_target(const struct zone_node *n)
{
	const struct zone_rr *e = n->rrs;
	while (e->rr.type != DNS_CNAME)
		e = e->next;
	return e->rr.name;
}

/* One step of the chain: the alias to go on with, or NULL when the answer is complete. */
static const char *answer_step(const struct answering *a, const struct zone *z, const char *name)
{
	struct dns_reply *r = a->reply;
	struct zone_look look;
	zone_find(z, name, a->query->question.type, &look);
	switch (look.found) {
	case ZONE_ANSWER:
		add_set(a, z, look.node, a->query->question.type, name);
		return NULL;
	case ZONE_ALIAS:
		add_set(a, z, look.node, DNS_CNAME, name);
		return alias_target(look.node);
	case ZONE_REFERRAL:
		add_referral(a, z, look.node);
		return NULL;
	case ZONE_NAME_MISSING:
		r->m.rcode = DNS_NXDOMAIN;
		break;
	case ZONE_NO_DATA:
	case ZONE_OUTSIDE:
		break;
	}
	dns_reply_soa(r, z);
	return NULL;
}

/* What a resolver says of a name that no zone of the lab holds: the root does not know it. */
static void root_says_no(struct dns_reply *r)
{
	struct dns_rr soa = { .owner = ".",
			      .type = DNS_SOA,
			      .ttl_s = SOA_MINIMUM_S,
			      .soa = { .mname = "a.root.test",
				       .rname = "hostmaster.root.test",
				       .serial = 2026112200,
				       .refresh = SOA_REFRESH_S,
				       .retry = SOA_RETRY_S,
				       .expire = SOA_EXPIRE_S,
				       .minimum = SOA_MINIMUM_S } };
	r->m.rcode = DNS_NXDOMAIN;
	dns_reply_add(r, DNS_AUTHORITY, &soa, NULL);
}

static void answer_chain(const struct answering *a)
{
	struct dns_reply *r = a->reply;
	const char *name = a->query->question.name;
	for (unsigned step = 0; name && step < LIMIT_DNS_ALIASES; step++) {
		struct found_zone f = zone_for(a->world, a->host, name, a->resolve);
		if (!f.zone && a->resolve) {
			root_says_no(r);
			return;
		}
		if (!f.zone) {
			if (!step)
				r->m.rcode = DNS_REFUSED;
			return;
		}
		if (f.host != a->host && never_answers(f.host->def)) {
			r->m.rcode = DNS_SERVFAIL;
			return;
		}
		if (!step)
			r->m.authoritative = f.host == a->host;
		name = answer_step(a, f.zone, name);
	}
}

void dns_world_answer(const struct dns_world *w, const struct dns_host *h,
		      const struct dns_message *query, struct dns_reply *r)
{
	struct answering a = { .world = w,
			       .host = h,
			       .query = query,
			       .reply = r,
			       .resolve = h->def->recursive && query->recursion_desired };
	r->m.recursion_available = h->def->recursive;
	if (query->opcode != DNS_OPCODE_QUERY)
		r->m.rcode = DNS_NOTIMP;
	else if (query->question_count != 1)
		r->m.rcode = DNS_FORMERR;
	else if (query->edns.present && query->edns.version)
		r->m.rcode = DNS_BADVERS;
	else if (query->question.class_ != DNS_CLASS_IN)
		r->m.rcode = DNS_REFUSED;
	else
		answer_chain(&a);
}
