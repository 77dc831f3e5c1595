/*
 * What the DNS servers of a lab know, and what a server without faults would
 * answer. No sockets and no clock.
 */
#ifndef CW_LAB_DNS_WORLD_H
#define CW_LAB_DNS_WORLD_H

#include "codec/dns.h"
#include "lab/record.h"
#include "lab/scenario.h"
#include "lab/zone.h"

struct dns_host {
	const struct scenario_server *def;
	struct zone **zones;
	size_t zone_count;
	uint32_t *hits;      /* queries that each fault has met, by its index */
	struct dns_rr *lies; /* by the fault's index */
};

struct dns_world {
	struct dns_host *host; /* the DNS servers, in the order of the scenario */
	size_t count;
};

/* Loads all zones. Everything lives in the arena. */
struct dns_world *dns_world_new(const struct scenario *s, struct cw_arena *arena,
				record_expand_fn *expand, void *ctx);

/* An answer that grows. */
struct dns_reply {
	struct cw_arena *arena;
	struct dns_message m; /* m.rr is set by dns_reply_close */
	struct dns_rr *rr;
	size_t cap;
};

/* Id, question and bits as an answer to this query has them; no records. */
void dns_reply_open(struct dns_reply *r, const struct dns_message *query, struct cw_arena *arena);
/* Adds a copy; owner NULL: that of the record. */
void dns_reply_add(struct dns_reply *r, enum dns_section section, const struct dns_rr *rr,
		   const char *owner);
/* The message, its records in the order of the sections. */
const struct dns_message *dns_reply_close(struct dns_reply *r);
/* Adds the SOA record of a negative answer, with the TTL of RFC 2308 3. */
void dns_reply_soa(struct dns_reply *r, const struct zone *z);

/* The most specific zone of this server that the name is in; NULL: none. */
struct zone *dns_host_zone(const struct dns_host *h, const char *name);

/* Answers a query as this server does when nothing is wrong with it. */
void dns_world_answer(const struct dns_world *w, const struct dns_host *h,
		      const struct dns_message *query, struct dns_reply *r);

#endif
