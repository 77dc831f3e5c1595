/*
 * A zone in memory: what stands at a name, and how it changes by RFC 2136.
 * No sockets and no clock.
 */
#ifndef CW_LAB_ZONE_H
#define CW_LAB_ZONE_H

#include "codec/dns.h"

struct zone_rr {
	struct dns_rr rr;
	struct zone_rr *next;
};

struct zone_node {
	const char *name;
	struct zone_rr *rrs;
	size_t below;  /* records here and at all names below: 0 means the name does not exist */
	bool original; /* it had records before the first update */
	uint32_t hash;
	struct zone_node *next_in_bucket;
};

struct zone;

enum zone_found {
	ZONE_OUTSIDE,
	ZONE_ANSWER,  /* node has records of the type */
	ZONE_ALIAS,   /* node has a CNAME instead */
	ZONE_NO_DATA, /* the name exists; also where only names below it do (RFC 8020 2) */
	ZONE_NAME_MISSING,
	ZONE_REFERRAL, /* node is the cut */
};

struct zone_look {
	enum zone_found found;
	const struct zone_node *node;
	bool wildcard; /* the owner of the records is to be the name that was asked for */
};

/* Everything lives in the arena; name is kept as it is. */
struct zone *zone_new(struct cw_arena *arena, const char *name);
const char *zone_name(const struct zone *z);

/* Adds a copy of the record; one that is already there gets the new TTL. */
void zone_add(struct zone *z, const struct dns_rr *rr);
/* Ends the loading: what is there now is original. */
void zone_loaded(struct zone *z);

void zone_find(const struct zone *z, const char *name, uint16_t type, struct zone_look *out);
/* The node, NULL where nothing was ever put there. */
const struct zone_node *zone_node(const struct zone *z, const char *name);
/* The SOA record at the apex, NULL: none. */
const struct dns_rr *zone_soa(const struct zone *z);
bool zone_has_type(const struct zone_node *n, uint16_t type);

/*
 * A dynamic update with policies already settled: prerequisites (RFC 2136 3.2), pre-scan
 * (3.4.1), changes (3.4.2). The zone changes only where this returns DNS_NOERROR.
 */
enum dns_rcode zone_update(struct zone *z, const struct dns_message *m);

/* Whether both have the same data; owner, class and TTL do not count. */
bool zone_same_data(const struct dns_rr *a, const struct dns_rr *b);

#endif
