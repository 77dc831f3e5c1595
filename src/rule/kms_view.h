/*
 * The facts of one KMS run put in order once, for all judges: the domains that
 * are searched, the hosts that are published or set by hand, and what is
 * behind each of them.
 *
 * Comparison (doc/facts.md) is in nobody's way; only `live_elsewhere` looks at it.
 */
#ifndef CW_RULE_KMS_VIEW_H
#define CW_RULE_KMS_VIEW_H

#include "rule/rule.h"

enum { KMS_PORT_USUAL = 1688 };

/* Kinds from which the hosts and what is behind them are made. */
#define KMS_TARGET_KINDS \
	(FACT_BIT(FACT_DNS_SRV_RECORD) | FACT_BIT(FACT_KMS_PINNED) | FACT_BIT(FACT_DNS_ADDRESS) | \
	 FACT_BIT(FACT_TCP_CONNECT) | FACT_BIT(FACT_RPC_BIND))

/* Facts in a growing array. */
struct fact_refs {
	const struct fact **item;
	size_t count, cap;
};

void refs_add(struct cw_arena *a, struct fact_refs *r, const struct fact *f);

/* One DNS suffix that the client searches, and every server's answer for it. */
struct kms_domain {
	const char *name;
	struct fact_refs answers; /* dns.srv */
	size_t positive, missing, no_data;
	/* Whether its zone, or a name there, exists; both false: nobody said. */
	bool exists, absent;
	bool above_says_missing, asked_itself; /* on the way to absent */
	const char *zone;  /* apex of the zone that holds it; its own name where nobody said */
	const char *mname; /* primary server of that zone, or "" */
};

enum kms_reach {
	REACH_UNKNOWN, /* cut short */
	REACH_ANSWERS, /* as a KMS host */
	REACH_DEAD,    /* something on the way or at the peer says no, or nothing does */
	REACH_OURS,    /* this machine could not try: nothing is known of the peer */
};

/* One address of a host, and what happened there. */
struct kms_peer {
	const struct fact *connect;
	const struct fact *bind; /* NULL: it never came to that */
	enum kms_reach reach;
};

/* One host and port: named by an SRV record, or set by hand. */
struct kms_target {
	const char *host, *name; /* "kms01.contoso.com", "kms01.contoso.com:1688" */
	int64_t port;
	struct fact_refs records; /* dns.srv-record; none when it is set by hand */
	struct fact_refs lookups; /* dns.address */
	struct kms_peer *peer;
	size_t peer_count;
	size_t answering, dead, unknown; /* peers */
	bool resolved;                   /* some server gave an address */
	bool unresolved; /* some server says that there is none, and no server gave one */
};

struct kms_view {
	const struct fact_store *facts;
	struct cw_arena *arena;
	struct kms_domain *domain;
	size_t domain_count;
	bool discovery;            /* it was asked about */
	bool discovered;           /* some server gave a record for some domain */
	struct kms_target *target; /* published, in the order in which they were seen */
	size_t target_count, targets_answering;
	struct kms_target *pinned; /* NULL: none, or not usable as typed */
	struct kms_peer *given;    /* what the address of --host-address did */
	size_t given_count;
	const struct fact *live_elsewhere; /* a bind that worked, not with the pinned host */
};

/* For rule_family.view. */
const void *kms_view_make(const struct fact_store *facts);

static inline const struct kms_view *kms_view_of(const struct judge *j)
{
	return judge_view(j);
}

/* Nothing behind it answers, and all of it was tried. */
bool target_is_dead(const struct kms_target *t);
/* The fact that shows why a peer does not answer. */
const struct fact *peer_fault(const struct kms_peer *p);
/* Whether something behind the host that was set by hand answers. */
bool pinned_answers(const struct kms_view *v);
/* The address of --host-address answers as a KMS host, and the target's name does not lead there. */
const struct kms_peer *given_answers_for(const struct kms_view *v, const struct kms_target *t);
/* Every target in turn, the published ones first; NULL behind the last. */
const struct kms_target *kms_target_at(const struct kms_view *v, size_t i);

bool is_negative(enum cw_outcome o); /* NXDOMAIN, NODATA */
bool origin_is(const struct fact *f, const char *origin);
/* name is zone itself or below it. */
bool name_within(const char *name, const char *zone);

#endif
