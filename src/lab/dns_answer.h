/*
 * A datagram or TCP message in, what this server sends back out, faults and
 * signatures included. No sockets and no clock; when and from where it is sent
 * is dns_server.c's part.
 */
#ifndef CW_LAB_DNS_ANSWER_H
#define CW_LAB_DNS_ANSWER_H

#include "base/limits.h"
#include "lab/dns_world.h"

/* Set of faults. */
#define FAULT_BIT(kind) (UINT64_C(1) << (kind))
_Static_assert(FAULT_COUNT <= 64, "the faults fit into one set");

struct dns_asked {
	const uint8_t *bytes;
	size_t len;
	unsigned transport; /* SCENARIO_UDP or SCENARIO_TCP */
	uint64_t unix_time_s;
	uint32_t random;
};

struct dns_told {
	bool send;
	uint64_t faults; /* that hold for this query */
	cw_ms delay_ms;
	size_t len;
	/* Sent before the answer: from another port (FAULT_SPOOF), or from the right one with
	 * other ids (FAULT_SPOOF_ID). 0: none. */
	size_t forged_len;
};

/* Room for one answer each. */
struct dns_room {
	uint8_t answer[LIMIT_DNS_MESSAGE], forged[LIMIT_DNS_MESSAGE];
};

/* arena: scratch for this answer alone. */
void dns_answer_make(const struct dns_world *w, struct dns_host *h, const struct scenario *s,
		     const struct dns_asked *asked, struct cw_arena *arena, struct dns_room *room,
		     struct dns_told *out);

#endif
