#include "lab/zone.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

enum { BUCKETS = 1024 };

struct zone {
	struct cw_arena *arena;
	const char *name;
	struct zone_node *bucket[BUCKETS];
};

struct zone *zone_new(struct cw_arena *arena, const char *name)
{
	struct zone *z = cw_arena_new_of(arena, struct zone);
	z->arena = arena;
	z->name = name;
	return z;
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

/* FNV-1a over the name in small letters. */
static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;
	for (; *name; name++) {
		uint8_t c = (uint8_t)*name;
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 32);
		h = (h ^ c) * 16777619u;
	}
	return h;
}

static struct zone_node *node_of(const struct zone *z, const char *name)
{
	uint32_t hash = name_hash(name);
	struct zone_node *n = z->bucket[hash % BUCKETS];
	while (n && (n->hash != hash || !dns_name_equal(n->name, name)))
		n = n->next_in_bucket;
	return n;
}

const struct zone_node *zone_node(const struct zone *z, const char *name)
{
	return node_of(z, name);
}

static struct zone_node *node_make(struct zone *z, const char *name)
{
	struct zone_node *n = node_of(z, name);
	if (n)
		return n;
	n = cw_arena_new_of(z->arena, struct zone_node);
	n->name = cw_arena_str(z->arena, name);
	n->hash = name_hash(name);
	n->next_in_bucket = z->bucket[n->hash % BUCKETS];
	z->bucket[n->hash % BUCKETS] = n;
	return n;
}

/* Counts a record in or out, at its name and at every name above it in the zone. */
static void count_records(struct zone *z, const char *name, bool in)
{
	for (;; name = dns_name_parent(name)) {
		struct zone_node *n = node_make(z, name);
		assert(in || n->below);
		n->below = in ? n->below + 1 : n->below - 1;
		if (dns_name_equal(name, z->name))
			return;
	}
}

static bool same_soa(const struct dns_soa *a, const struct dns_soa *b)
{
	return a->serial == b->serial && dns_name_equal(a->mname, b->mname) &&
	       dns_name_equal(a->rname, b->rname);
}

bool zone_same_data(const struct dns_rr *a, const struct dns_rr *b)
{
	if (a->type != b->type || a->bad_rdata != b->bad_rdata)
		return false;
	if (a->bad_rdata)
		return a->raw_len == b->raw_len && !memcmp(a->raw, b->raw, a->raw_len);
	switch (a->type) {
	case DNS_A:
		return !memcmp(a->address, b->address, 4);
	case DNS_AAAA:
		return !memcmp(a->address, b->address, 16);
	case DNS_SRV:
		return a->srv.priority == b->srv.priority && a->srv.weight == b->srv.weight &&
		       a->srv.port == b->srv.port && dns_name_equal(a->srv.target, b->srv.target);
	case DNS_SOA:
		return same_soa(&a->soa, &b->soa);
	case DNS_CNAME:
	case DNS_NS:
	case DNS_PTR:
		return dns_name_equal(a->name, b->name);
	case DNS_TXT:
		return !strcmp(a->txt, b->txt);
	default:
		return a->raw_len == b->raw_len && !memcmp(a->raw, b->raw, a->raw_len);
	}
}

static struct dns_rr rr_copy(struct cw_arena *arena, const struct dns_rr *rr)
{
	struct dns_rr c = *rr;
	c.owner = cw_arena_str(arena, rr->owner);
	c.raw = rr->raw ? cw_arena_copy(arena, rr->raw, rr->raw_len) : NULL;
	if (rr->bad_rdata)
		return c;
	switch (rr->type) {
	case DNS_SRV:
		c.srv.target = cw_arena_str(arena, rr->srv.target);
		break;
	case DNS_SOA:
		c.soa.mname = cw_arena_str(arena, rr->soa.mname);
		c.soa.rname = cw_arena_str(arena, rr->soa.rname);
		break;
	case DNS_CNAME:
	case DNS_NS:
	case DNS_PTR:
		c.name = cw_arena_str(arena, rr->name);
		break;
	case DNS_TXT:
		c.txt = cw_arena_str(arena, rr->txt);
		break;
	default:
		break;
	}
	return c;
}

void zone_add(struct zone *z, const struct dns_rr *rr)
{
	struct zone_node *n = node_make(z, rr->owner);
	struct zone_rr **end = &n->rrs;
	for (; *end; end = &(*end)->next)
		if (zone_same_data(&(*end)->rr, rr)) {
			(*end)->rr.ttl_s = rr->ttl_s;
			return;
		}
	*end = cw_arena_new_of(z->arena, struct zone_rr);
	(*end)->rr = rr_copy(z->arena, rr);
	(*end)->rr.class_ = DNS_CLASS_IN;
	(*end)->rr.section = DNS_ANSWER;
	count_records(z, rr->owner, true);
}

void zone_loaded(struct zone *z)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct zone_node *n = z->bucket[i]; n; n = n->next_in_bucket)
			n->original = n->rrs;
}

bool zone_has_type(const struct zone_node *n, uint16_t type)
{
	for (const struct zone_rr *e = n ? n->rrs : NULL; e; e = e->next)
		if (e->rr.type == type || type == DNS_ANY)
			return true;
	return false;
}

const struct dns_rr *zone_soa(const struct zone *z)
{
	const struct zone_node *n = node_of(z, z->name);
	for (const struct zone_rr *e = n ? n->rrs : NULL; e; e = e->next)
		if (e->rr.type == DNS_SOA)
			return &e->rr;
	return NULL;
}

/* ---- looking up ---- */

/* The delegation nearest to the apex on the way to name, the apex itself left out. */
static const struct zone_node *cut_above(const struct zone *z, const char *name)
{
	const struct zone_node *cut = NULL;
	for (; !dns_name_equal(name, z->name); name = dns_name_parent(name)) {
		const struct zone_node *n = node_of(z, name);
		if (zone_has_type(n, DNS_NS))
			cut = n;
	}
	return cut;
}

/* RFC 4592 3.3.1: only right below the closest name that exists. */
static const struct zone_node *wildcard_for(const struct zone *z, const char *name)
{
	const struct zone_node *n = NULL;
	char star[LIMIT_DNS_NAME_TEXT + 2];
	while (!dns_name_equal(name, z->name) && (!n || !n->below)) {
		name = dns_name_parent(name);
		n = node_of(z, name);
	}
	snprintf(star, sizeof(star), "\\042%s%s", strcmp(name, ".") ? "." : "",
		 strcmp(name, ".") ? name : "");
	n = node_of(z, star);
	return n && n->below ? n : NULL;
}

static void judge_node(const struct zone_node *n, uint16_t type, struct zone_look *out)
{
	out->node = n;
	if (zone_has_type(n, type))
		out->found = ZONE_ANSWER;
	else if (zone_has_type(n, DNS_CNAME))
		out->found = ZONE_ALIAS;
	else
		out->found = ZONE_NO_DATA;
}

void zone_find(const struct zone *z, const char *name, uint16_t type, struct zone_look *out)
{
	*out = (struct zone_look){ .found = ZONE_OUTSIDE };
	if (!dns_name_within(name, z->name))
		return;
	const struct zone_node *n = cut_above(z, name);
	if (n) {
		*out = (struct zone_look){ .found = ZONE_REFERRAL, .node = n };
		return;
	}
	n = node_of(z, name);
	if (!n || !n->below) {
		n = wildcard_for(z, name);
		out->wildcard = n;
	}
	if (n)
		judge_node(n, type, out);
	else
		out->found = ZONE_NAME_MISSING;
}

/* ---- RFC 2136 ---- */

static bool of_section(const struct dns_rr *rr, enum dns_section section)
{
	return rr->section == section;
}

static bool holds(const struct zone_node *n, const struct dns_rr *rr)
{
	for (const struct zone_rr *e = n ? n->rrs : NULL; e; e = e->next)
		if (zone_same_data(&e->rr, rr))
			return true;
	return false;
}

static size_t count_type(const struct zone_node *n, uint16_t type)
{
	size_t count = 0;
	for (const struct zone_rr *e = n ? n->rrs : NULL; e; e = e->next)
		count += e->rr.type == type;
	return count;
}

/* The records that the prerequisites list for this one's set: all must be there (3.2.3). */
static size_t count_wanted(const struct dns_message *m, const struct dns_rr *of)
{
	size_t count = 0;
	for (size_t i = 0; i < m->rr_count; i++)
		count += of_section(&m->rr[i], DNS_ANSWER) && m->rr[i].class_ == DNS_CLASS_IN &&
			 m->rr[i].type == of->type && dns_name_equal(m->rr[i].owner, of->owner);
	return count;
}

static enum dns_rcode prerequisite(const struct zone *z, const struct dns_message *m,
				   const struct dns_rr *rr)
{
	const struct zone_node *n = node_of(z, rr->owner);
	bool used = n && n->rrs, set = zone_has_type(n, rr->type);
	if (rr->ttl_s)
		return DNS_FORMERR;
	if (!dns_name_within(rr->owner, z->name))
		return DNS_NOTZONE;
	switch (rr->class_) {
	case DNS_CLASS_ANY:
		if (rr->raw_len)
			return DNS_FORMERR;
		if (rr->type == DNS_ANY)
			return used ? DNS_NOERROR : DNS_NXDOMAIN;
		return set ? DNS_NOERROR : DNS_NXRRSET;
	case DNS_CLASS_NONE:
		if (rr->raw_len)
			return DNS_FORMERR;
		if (rr->type == DNS_ANY)
			return used ? DNS_YXDOMAIN : DNS_NOERROR;
		return set ? DNS_YXRRSET : DNS_NOERROR;
	case DNS_CLASS_IN:
		return holds(n, rr) && count_type(n, rr->type) == count_wanted(m, rr) ? DNS_NOERROR
										      : DNS_NXRRSET;
	default:
		return DNS_FORMERR;
	}
}

static bool meta_type(uint16_t type)
{
	return type == DNS_ANY || type == DNS_OPT || type == DNS_TSIG ||
	       (type >= 249 && type <= 254);
}

/* 3.4.1.3 */
static enum dns_rcode prescan(const struct zone *z, const struct dns_rr *rr)
{
	if (!dns_name_within(rr->owner, z->name))
		return DNS_NOTZONE;
	switch (rr->class_) {
	case DNS_CLASS_IN:
		return meta_type(rr->type) || rr->bad_rdata || !rr->raw_len ? DNS_FORMERR
									    : DNS_NOERROR;
	case DNS_CLASS_ANY:
		return rr->ttl_s || rr->raw_len || (meta_type(rr->type) && rr->type != DNS_ANY)
			       ? DNS_FORMERR
			       : DNS_NOERROR;
	case DNS_CLASS_NONE:
		return rr->ttl_s || meta_type(rr->type) || rr->bad_rdata ? DNS_FORMERR
									 : DNS_NOERROR;
	default:
		return DNS_FORMERR;
	}
}

/* The apex keeps its SOA and its NS set (3.4.2.3, 3.4.2.4). */
static bool is_kept(const struct zone *z, const struct zone_node *n, const struct dns_rr *have,
		    bool whole_set)
{
	if (!dns_name_equal(n->name, z->name))
		return false;
	if (have->type == DNS_SOA)
		return true;
	return have->type == DNS_NS && (whole_set || count_type(n, DNS_NS) == 1);
}

static void remove_records(struct zone *z, const struct dns_rr *rr)
{
	struct zone_node *n = node_of(z, rr->owner);
	for (struct zone_rr **e = n ? &n->rrs : NULL; e && *e;) {
		const struct dns_rr *have = &(*e)->rr;
		bool match = rr->class_ == DNS_CLASS_ANY
				     ? rr->type == DNS_ANY || rr->type == have->type
				     : zone_same_data(have, rr);
		if (match && !is_kept(z, n, have, rr->class_ == DNS_CLASS_ANY)) {
			*e = (*e)->next;
			count_records(z, n->name, false);
		} else {
			e = &(*e)->next;
		}
	}
}

/* 3.4.2.2: an alias stays alone, and a SOA must be newer. */
static bool may_add(const struct zone *z, const struct dns_rr *rr)
{
	const struct zone_node *n = node_of(z, rr->owner);
	bool alias = zone_has_type(n, DNS_CNAME);
	if (rr->type == DNS_SOA)
		return false;
	if (rr->type == DNS_CNAME)
		return alias || !n || !n->rrs;
	return !alias;
}

static void add_record(struct zone *z, const struct dns_rr *rr)
{
	if (!may_add(z, rr))
		return;
	if (rr->type == DNS_CNAME) {
		struct dns_rr all = { .owner = rr->owner,
				      .type = DNS_CNAME,
				      .class_ = DNS_CLASS_ANY };
		remove_records(z, &all);
	}
	zone_add(z, rr);
}

static void raise_serial(struct zone *z)
{
	struct zone_node *n = node_of(z, z->name);
	for (struct zone_rr *e = n ? n->rrs : NULL; e; e = e->next)
		if (e->rr.type == DNS_SOA)
			e->rr.soa.serial++;
}

enum dns_rcode zone_update(struct zone *z, const struct dns_message *m)
{
	bool changes = false;
	for (size_t i = 0; i < m->rr_count; i++) {
		enum dns_rcode rc = DNS_NOERROR;
		if (of_section(&m->rr[i], DNS_ANSWER))
			rc = prerequisite(z, m, &m->rr[i]);
		if (rc != DNS_NOERROR)
			return rc;
	}
	for (size_t i = 0; i < m->rr_count; i++) {
		enum dns_rcode rc = DNS_NOERROR;
		if (of_section(&m->rr[i], DNS_AUTHORITY))
			rc = prescan(z, &m->rr[i]);
		if (rc != DNS_NOERROR)
			return rc;
	}
	for (size_t i = 0; i < m->rr_count; i++) {
		if (!of_section(&m->rr[i], DNS_AUTHORITY))
			continue;
		changes = true;
		if (m->rr[i].class_ == DNS_CLASS_IN)
			add_record(z, &m->rr[i]);
		else
			remove_records(z, &m->rr[i]);
	}
	if (changes)
		raise_serial(z);
	return DNS_NOERROR;
}
