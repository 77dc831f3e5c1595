/* What the files of a visit share; nobody else includes this. */
#ifndef CW_PATH_VISIT_PRIVATE_H
#define CW_PATH_VISIT_PRIVATE_H

#include "codec/http.h"
#include "io/gss.h"
#include "io/stream.h"
#include "io/tls.h"
#include "path/visit.h"
#include "proto/proxy_login.h"
#include "proto/sstp_call.h"

enum visit_layer { LAYER_PROXY, LAYER_SERVER, LAYERS };
enum { VISIT_HOPS = VISIT_SSTP + 1 };

/* An HTTP answer as it comes. */
struct visit_answer {
	struct http_reader *reader; /* in the arena, once one is needed */
	bool head;                  /* it is complete */
	bool begun;                 /* a byte of it came */
	uint8_t *body;              /* from malloc */
	size_t body_len, body_cap;
};

struct visit_proxy_state {
	struct proxy_login login;
	struct io_gss *gss;
	unsigned rounds;
	bool waiting_system; /* for a Kerberos token */
	bool again;          /* the answer under way is followed by another request */
	bool answered;       /* and is complete */
	bool lost;           /* the connection cannot be used again */
	bool resent;         /* a request that was lost with its connection went out twice */
};

struct visit {
	struct io_loop *loop;
	struct io_gate *gate;
	struct visit_shared *shared;
	struct visit_spec spec;
	struct cw_arena *arena;
	const struct visit_ops *ops;
	void *ctx;
	struct io_ticket ticket;
	struct io_timer timer;
	cw_ms total_deadline, hop_deadline;

	/* From below: a stream, perhaps TLS to the proxy, perhaps TLS to the server. */
	struct io_stream *stream;
	bool connected;
	struct io_tls *tls[LAYERS];
	bool shaken[LAYERS];

	struct visit_result *hop; /* the one under way, or NULL */
	struct visit_result *result[VISIT_HOPS];
	size_t ended, told;
	bool over;  /* all that is left is to tell */
	bool *gone; /* set by a cancel while we are telling */

	struct visit_answer answer;
	struct visit_proxy_state proxy;
	struct sstp_client *sstp;
};

/* visit.c: hops. Begin and end them, go to the next one, or end the visit. */
void visit_hop_begin(struct visit *v, enum visit_hop hop);
void visit_hop_end(struct visit *v, enum cw_outcome outcome);
/* Ends the hop, and with it the visit: it failed, or nothing comes behind it. */
void visit_last(struct visit *v, enum cw_outcome outcome);
/* With the first bytes of what is not the protocol that was wanted. */
void visit_fail_other(struct visit *v, const uint8_t *got, size_t len);
/* The last call of everything that the loop calls: sets the timer and tells what there is to tell.
 * The visit may be gone afterwards. */
void visit_settle(struct visit *v);

/* visit.c: the way to the peer that the present hop talks to. */
void visit_write(struct visit *v, const uint8_t *buf, size_t len);
/* The first machine is a proxy, and there is a way through it; rest: what came behind its answer. */
void visit_tunnel_ready(struct visit *v, const uint8_t *rest, size_t len);
/* Another connection in the place of this one, in the middle of a hop. */
void visit_reconnect(struct visit *v);
/* The proxy's leaf on this connection, at NULL: none. */
struct visit_bytes visit_proxy_leaf(const struct visit *v);

/* visit_http.c */
void visit_answer_begin(struct visit *v, const char *method, size_t body_most);
void visit_answer_clear(struct visit *v);
/* Takes from *buf, *len. HTTP_HEAD: the head is in the result of the hop; else as in codec/http.h,
 * the body being kept. */
enum http_step visit_answer_take(struct visit *v, const uint8_t **buf, size_t *len);
enum http_step visit_answer_close(struct visit *v);
void visit_answer_head(struct visit *v, const struct http_head *head);
void visit_answer_body(struct visit *v);
/* HTTP_BAD, HTTP_NOT_HTTP, HTTP_TOO_BIG of a head. */
void visit_answer_fail(struct visit *v, enum http_step step);
/* The request's head and body; credentials (may be NULL) for the proxy. */
void visit_http_send(struct visit *v, const char *credentials);
void visit_http_begin(struct visit *v);
void visit_http_input(struct visit *v, const uint8_t *buf, size_t len);
void visit_http_step(struct visit *v, enum http_step step);
void visit_http_ended(struct visit *v, enum cw_outcome outcome);

/* visit_proxy.c */
void visit_proxy_begin(struct visit *v);
void visit_proxy_ask(struct visit *v);
void visit_proxy_input(struct visit *v, const uint8_t *buf, size_t len);
/* True: the end is dealt with; false: it is the end of the hop. */
bool visit_proxy_ended(struct visit *v, enum cw_outcome outcome);
void visit_proxy_clear(struct visit *v);

/* visit_sstp.c */
void visit_sstp_begin(struct visit *v);
void visit_sstp_input(struct visit *v, const uint8_t *buf, size_t len);
void visit_sstp_ended(struct visit *v, enum cw_outcome outcome);
void visit_sstp_expire(struct visit *v);
cw_ms visit_sstp_deadline(const struct visit *v);

#endif
