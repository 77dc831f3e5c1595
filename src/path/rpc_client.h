/*
 * Is a KMS endpoint there? TCP connect, then an RPC bind to the KMS interface
 * with a control context beside it, then close. No request is ever sent.
 */
#ifndef CW_PATH_RPC_CLIENT_H
#define CW_PATH_RPC_CLIENT_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/outcome.h"
#include "io/gate.h"
#include "io/loop.h"

struct rpc_client_spec {
	struct cw_addr to;      /* with port */
	cw_ms connect_limit_ms; /* from the first SYN, not while waiting at the gate */
	cw_ms bind_limit_ms;    /* from the bind sent to the whole answer */
};

struct rpc_connect_result {
	/* OK, REFUSED, TIMEOUT, UNREACHABLE (icmp says which), RESET, NO_ROUTE, DENIED, LOCAL */
	enum cw_outcome outcome;
	struct cw_icmp icmp;
	int system_error;
	bool shared; /* not tried: known to be silent */
	cw_ms started, took_ms;
};

struct rpc_bind_result {
	/* OK: the KMS interface was accepted. INTERFACE_REFUSED: RPC without KMS. BIND_REFUSED:
	 * bind_nak or fault. OTHER_PROTOCOL: bytes that are no RPC. CLOSED, RESET: the peer hung
	 * up before a whole answer. TIMEOUT: it accepted and stayed silent (got_len > 0: it began
	 * an answer). MALFORMED: RPC that contradicts itself. */
	enum cw_outcome outcome;
	bool control_accepted; /* with OK: it also accepted an interface that does not exist */
	const char *reason;    /* English name of the refusal's reason, or NULL */
	const char *guess;     /* with OTHER_PROTOCOL: what it looks like, or NULL */
	const uint8_t *got;    /* first bytes received, for the report; valid in the callback */
	size_t got_len;
	cw_ms started, took_ms;
};

struct rpc_client_ops {
	/* Always called once; when its outcome is OK, bound follows once. */
	void (*connected)(void *ctx, const struct rpc_connect_result *r);
	void (*bound)(void *ctx, const struct rpc_bind_result *r);
};

struct rpc_client;

/* Callbacks come from the loop, never from within this call. The client lives in the arena and
 * is gone after its last callback. */
struct rpc_client *rpc_client_start(struct io_loop *loop, struct io_gate *gate,
				    const struct rpc_client_spec *spec, struct cw_arena *arena,
				    const struct rpc_client_ops *ops, void *ctx);
void rpc_client_cancel(struct rpc_client *c);

#endif
