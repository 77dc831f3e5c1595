/*
 * The set-up of one RPC connection to the KMS interface (C706 12.5, MS-RPCE
 * 3.3.1.5.6): a bind goes out, an answer comes in, and that is the end. No
 * sockets, no clock, and never a request.
 *
 * The bind names two contexts: the KMS interface, and an interface that exists
 * nowhere. Whoever accepts the second too does not look at what it accepts.
 */
#ifndef CW_PROTO_RPC_BIND_H
#define CW_PROTO_RPC_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/outcome.h"
#include "base/time.h"
#include "codec/dcerpc.h"

enum { RPC_BIND_SIZE = 256 };

/* Open so that it can be a part of its owner. */
struct rpc_bind {
	/* As struct rpc_bind_result (path/rpc_client.h) says; UNKNOWN: it goes on. */
	enum cw_outcome outcome;
	bool control_accepted;
	const char *reason, *guess;
	cw_ms deadline; /* when to call rpc_bind_expire; CW_NEVER: the end */
	uint32_t call_id;
	size_t got_len;
	uint8_t got[LIMIT_RPC_ANSWER];
};

/*
 * Writes the bind, which is sent whole, and waits limit_ms for the answer. random: 16 octets that
 * become the UUID of the interface that does not exist.
 */
void rpc_bind_start(struct rpc_bind *b, struct cw_wr *out, const uint8_t random[16],
		    uint32_t call_id, cw_ms limit_ms, cw_ms now);
void rpc_bind_input(struct rpc_bind *b, const uint8_t *buf, size_t len, cw_ms now);
/* The peer hung up: CLOSED or RESET. */
void rpc_bind_ended(struct rpc_bind *b, enum cw_outcome outcome);
void rpc_bind_expire(struct rpc_bind *b, cw_ms now);

#endif
