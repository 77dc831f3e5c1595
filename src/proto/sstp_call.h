/*
 * One SSTP call (MS-SSTP 3): the HTTP request, then control messages. Bytes and now in; bytes and
 * the next deadline out. No sockets, no clock, no PPP.
 *
 * The client is a probe's: it goes up to the Call Connect Ack or Nak and then ends the call with
 * an Abort. The server answers up to there, and its owner may answer otherwise at each step.
 *
 * Both write what is to be sent into the caller's writer, which takes SSTP_CALL_OUT bytes and more.
 * After each call: send what was written, look at over (close the connection), set the timer to
 * deadline.
 */
#ifndef CW_PROTO_SSTP_CALL_H
#define CW_PROTO_SSTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/time.h"
#include "codec/http.h"
#include "codec/sstp.h"

enum { SSTP_CALL_OUT = 8192 };

/* MS-SSTP 3.1.1 to 3.3.1; the first three are the client's, the next three the server's. */
enum sstp_state {
	SSTP_CLIENT_HTTP,        /* request sent */
	SSTP_CLIENT_REQUEST,     /* Client_Connect_Request_Sent */
	SSTP_CLIENT_ACKED,       /* Client_Connect_Ack_Received */
	SSTP_SERVER_HTTP,        /* connection accepted */
	SSTP_SERVER_REQUEST,     /* Server_Connect_Request_Pending */
	SSTP_SERVER_ACKED,       /* Server_Call_Connected_Pending */
	SSTP_ABORT_PENDING,      /* we aborted first and wait for the peer's word */
	SSTP_ABORT_TIMEOUT,      /* both said it */
	SSTP_DISCONNECT_PENDING, /* Call_Disconnect_Ack_Pending */
	SSTP_DISCONNECT_TIMEOUT, /* Call_Disconnect_Timeout_Pending */
	SSTP_OVER,
	SSTP_STATES,
};

/* What both sides have; a part of each. */
struct sstp_link {
	enum sstp_state state;
	bool server;
	bool over; /* close the connection */
	/* Both sides said their last word: who is in a hurry may close now instead of at deadline. */
	bool settled;
	cw_ms deadline; /* when to call expire; CW_NEVER: none */
	/* The peer's status in a Nak, Abort or Disconnect. */
	bool status_given;
	uint8_t status_attribute;
	uint32_t status;
	size_t in_len;
	uint8_t in[SSTP_PACKET_MOST];
};

struct sstp_client {
	struct sstp_link link;
	/* How far the probe got; UNKNOWN: it goes on. OK: an Ack came. SSTP_NAK, SSTP_ABORT;
	 * HTTP_STATUS: http.head says which; OTHER_PROTOCOL, MALFORMED, TIMEOUT, CLOSED, RESET. Known
	 * before the call is over: the Abort goes out after it. */
	enum cw_outcome outcome;
	const char *why; /* English, with MALFORMED and with an HTTP_STATUS of 200 */
	/* Of the Ack. */
	uint8_t hashes, nonce[SSTP_NONCE];
	bool stopped_by_disconnect; /* with SSTP_ABORT: it was a Disconnect */
	/* How often a Nak is answered with the same request again: a probe 0, Windows 3. */
	unsigned nak_retries, naks;
	struct http_reader http; /* its head: the server's answer, once it has a status */
};

/* Writes the HTTP request. host: the Host header. */
void sstp_client_start(struct sstp_client *c, struct cw_wr *out, const char *host,
		       const char *correlation_id, cw_ms now);
void sstp_client_input(struct sstp_client *c, const uint8_t *buf, size_t len, cw_ms now,
		       struct cw_wr *out);
/* The peer hung up: CLOSED or RESET. */
void sstp_client_ended(struct sstp_client *c, enum cw_outcome outcome);
void sstp_client_expire(struct sstp_client *c, cw_ms now, struct cw_wr *out);
/* Ends the call early, from wherever it is. */
void sstp_client_stop(struct sstp_client *c, cw_ms now, struct cw_wr *out);

struct sstp_server;

/* Each may be NULL: then the server does what a good one does. An owner that wants to be wrong
 * answers with other calls below, with bytes of its own, later, or never. */
struct sstp_server_ops {
	/* An HTTP request came. refusal: 0, or the status with which a good server refuses it. */
	void (*request)(void *ctx, struct sstp_server *s, const struct http_head *head, int refusal,
			cw_ms now, struct cw_wr *out);
	/* What came is no HTTP, or broken. */
	void (*no_http)(void *ctx, struct sstp_server *s);
	/* A Connect Request came; fault_count: what a good server's Nak says of it. */
	void (*call)(void *ctx, struct sstp_server *s, const struct sstp_status_info *fault,
		     size_t fault_count, cw_ms now, struct cw_wr *out);
	/* A PPP frame came. */
	void (*data)(void *ctx, struct sstp_server *s, const uint8_t *frame, size_t len);
};

struct sstp_server {
	struct sstp_link link;
	const struct sstp_server_ops *ops;
	void *ctx;
	struct sstp_binding_request binding; /* what a good Ack offers */
	unsigned naks;
	/* What the client did, for whoever holds the server to it. */
	bool request_seen, call_seen, abort_seen, disconnect_seen;
	char correlation_id[SSTP_CORRELATION_ID]; /* "": none */
	struct http_reader http;
};

/* ops may be NULL. nonce: randomness for the Ack. */
void sstp_server_init(struct sstp_server *s, const struct sstp_server_ops *ops, void *ctx,
		      uint8_t hashes, const uint8_t nonce[SSTP_NONCE], cw_ms now);
void sstp_server_input(struct sstp_server *s, const uint8_t *buf, size_t len, cw_ms now,
		       struct cw_wr *out);
void sstp_server_ended(struct sstp_server *s);
void sstp_server_expire(struct sstp_server *s, cw_ms now, struct cw_wr *out);

/* Answers. accept: the good 200, after which packets are read. refuse: any other status, and over.
 * reason NULL: the usual words; body may be NULL. */
void sstp_server_accept(struct sstp_server *s, const char *date, cw_ms now, struct cw_wr *out);
/* The owner wrote an HTTP answer of its own; packets are read from now on. */
void sstp_server_accepted(struct sstp_server *s, cw_ms now, struct cw_wr *out);
void sstp_server_refuse(struct sstp_server *s, int status, const char *reason, const char *body,
			struct cw_wr *out);
void sstp_server_ack(struct sstp_server *s, const struct sstp_binding_request *b, cw_ms now,
		     struct cw_wr *out);
void sstp_server_nak(struct sstp_server *s, const struct sstp_status_info *status, size_t count,
		     struct cw_wr *out);
/* status may be NULL. The server waits for the client's Abort, then is over. */
void sstp_server_abort(struct sstp_server *s, const struct sstp_status_info *status, cw_ms now,
		       struct cw_wr *out);
/* Closes without a word. */
void sstp_server_drop(struct sstp_server *s);

const char *sstp_state_name(enum sstp_state s);

#endif
