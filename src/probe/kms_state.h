/* What the KMS probes of one run remember beside the facts: whom they asked already. */
#ifndef CW_PROBE_KMS_STATE_H
#define CW_PROBE_KMS_STATE_H

#include "probe/kms.h"
#include "probe/name_set.h"

enum { KMS_PORT = 1688 };

struct kms_suffix {
	const char *name;
	bool positive, negative; /* an answer of that kind came from some server */
	size_t answers;          /* of dns.srv, failures too */
	bool hinted;             /* other names and zones were asked about */
	struct kms_suffix *next;
};

/* Somebody who wants to know of an endpoint: a host name and whose way it is on. */
struct kms_claim {
	const char *host, *origin;
	struct kms_claim *next;
};

struct kms_endpoint {
	struct run_task task; /* first, so that a task leads to its endpoint */
	struct cw_addr addr;
	const char *text;
	struct kms_claim *claims;
	struct rpc_client *client;
	struct run *run;
	bool has_connect, has_bind, finished;
	struct rpc_connect_result connect;
	struct rpc_bind_result bind;
	struct kms_endpoint *next, *next_in_bucket;
};

enum { ENDPOINT_BUCKETS = 64 };

/* A host name and a port at which a KMS is expected behind it. */
struct kms_wanted {
	const char *host, *origin;
	uint16_t port;
	struct kms_wanted *next;
};

struct kms_update; /* kms_update.c */

struct kms_state {
	const char *origin; /* of the discovery: "discovery" or "comparison" */
	size_t server_count;
	struct cw_addr server[RESOLVERS_MOST];
	const char *server_text[RESOLVERS_MOST];
	struct kms_suffix *suffixes;
	struct name_set asked_addresses, asked_ptr, asked_soa, asked_elsewhere, wanted_keys;
	struct kms_wanted *wanted;
	size_t endpoint_count;
	bool endpoints_capped;
	struct kms_endpoint *endpoints;
	struct kms_endpoint *bucket[ENDPOINT_BUCKETS];
	bool settled; /* the things that were not tested are put down */
	struct kms_update *update;
};

static inline struct kms_state *kms_state_of(struct run *run)
{
	return run_state(run);
}

struct kms_suffix *kms_suffix_find(struct kms_state *s, const char *name);

/* Asks every server for A and AAAA of the host, once a run. */
void kms_ask_addresses(struct run *run, const char *host, const char *origin);
/* A KMS is expected at that port of that host; at addresses known already and to come. */
void kms_want_host(struct run *run, const char *host, uint16_t port, const char *origin);
/* Connects and binds, once for each address and port, and puts down the facts for this claim. */
void kms_want_endpoint(struct run *run, const struct cw_addr *addr, const char *host,
		       const char *origin);

extern const struct probe kms_probe_settings, kms_probe_srv, kms_probe_address, kms_probe_endpoint,
	kms_probe_ptr, kms_probe_soa, kms_probe_misspelt, kms_probe_elsewhere, kms_probe_update;

#endif
