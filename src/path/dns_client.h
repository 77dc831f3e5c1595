/*
 * One DNS exchange with one server: UDP with retry, TCP on truncation and where
 * UDP stays silent, EDNS0 with fallback, every answer checked against its
 * query. The protocol is proto/dns_exchange; this joins it to sockets.
 *
 * The client is shared by all runs of a process: a few UDP sockets with random
 * ports carry the queries of all of them.
 */
#ifndef CW_PATH_DNS_CLIENT_H
#define CW_PATH_DNS_CLIENT_H

#include "base/addr.h"
#include "base/outcome.h"
#include "codec/dns.h"
#include "codec/tsig.h"
#include "io/gate.h"
#include "io/loop.h"

struct dns_client;
struct dns_ask;

struct dns_ask_spec {
	struct cw_addr server; /* with port */
	/* A query ... */
	const char *name;
	uint16_t type;
	bool recursion_desired;
	/* ... or a whole message (UPDATE), its id chosen by the exchange; copied. */
	const struct dns_message *message;
	/* Signs the request and checks the answer; NULL: unsigned. Must outlive the ask. */
	const struct tsig_key *key;
	/* From the moment it is sent (not while it waits at the gate) to giving up. */
	cw_ms limit_ms;
};

struct dns_answer {
	/* OK: NOERROR with at least one record of the type asked for (for UPDATE: NOERROR).
	 * NO_DATA, NAME_MISSING, REFUSED_BY_SERVER ...: as the rcode says. REFERRAL: NOERROR, no
	 * answer, NS records in the authority section and no SOA.
	 * TIMEOUT, REFUSED (ICMP port unreachable, and TCP refused or silent too), UNREACHABLE,
	 * NO_ROUTE, DENIED, LOCAL: no answer. CLOSED, RESET: no answer over UDP, and TCP hung up.
	 * MALFORMED: an answer came that cannot be read, or NOERROR without a good signature
	 * where there is a key. LOOP: aliases. INVALID: the name cannot be written.
	 * After a truncated answer the outcome is what TCP brought (proto/dns_exchange.h). */
	enum cw_outcome outcome;
	/* The answer that decided, NULL where none came. It and all its names live in the arena
	 * that was given to dns_client_ask. */
	const struct dns_message *message;
	const char *alias; /* where its aliases led, or NULL */
	bool over_tcp;
	bool tcp_tried;
	bool truncated;           /* a UDP answer had TC */
	bool edns_dropped;        /* it answered only without EDNS0 */
	bool shared;              /* not sent: the server is known to be silent (io/gate.h) */
	unsigned sent;            /* datagrams */
	unsigned stray;           /* answers that were dropped: wrong id, question or source */
	struct cw_icmp icmp;      /* type -1: none */
	int system_error;         /* errno of ours with NO_ROUTE, DENIED, LOCAL; else 0 */
	const char *malformed;    /* what was wrong with the answer, English, or NULL */
	struct tsig_verdict tsig; /* with a key only */
	cw_ms started, took_ms;
};

typedef void dns_answer_fn(void *ctx, const struct dns_answer *answer);

/* The gate is borrowed and must outlive the client. */
enum cw_ec dns_client_new(struct io_loop *loop, struct io_gate *gate, struct dns_client **out);
/* No ask may be under way. */
void dns_client_free(struct dns_client *c);

/*
 * Asks. done is called exactly once, from the loop, never from within this call, unless the ask
 * is cancelled. The ask itself lives in the arena, which must live until done or cancel.
 */
struct dns_ask *dns_client_ask(struct dns_client *c, const struct dns_ask_spec *spec,
			       struct cw_arena *arena, dns_answer_fn *done, void *ctx);
void dns_ask_cancel(struct dns_ask *ask);
/* Sends a message as one datagram and forgets it: the removal of a test record on Ctrl-C. */
void dns_client_fire_and_forget(struct dns_client *c, const struct dns_ask_spec *spec,
				struct cw_arena *arena);

#endif
