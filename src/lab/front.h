/* Inside src/lab: what web servers, SSTP servers and proxies share. */
#ifndef CW_LAB_FRONT_H
#define CW_LAB_FRONT_H

#include <openssl/types.h>

#include "codec/http.h"
#include "lab/inside.h"
#include "lab/pki.h"

enum {
	FRONT_BODY_MOST = 65536,
	FRONT_DRIP_MS = 10,
};

/* What a server keeps for its whole life. */
struct lab_nonces;

struct lab_front {
	SSL_CTX *ctx;     /* NULL: no TLS */
	SSL_CTX *forging; /* of a proxy that opens TLS: shows certificates of its own making */
	SSL_CTX *asking;  /* of such a proxy: for its connections to the servers */
	struct lab_nonces *nonces;
};

/* One connection of such a server. */
struct front_conn {
	struct lab_conn *c;
	struct http_reader http;
	uint8_t body[FRONT_BODY_MOST];
	size_t body_len;
	bool over;         /* the last answer has been given: what comes is dropped */
	const char *asked; /* of a proxy: the host that its client wants to reach, or NULL */
	void *more;        /* of the SSTP server, of the proxy */
};

/* The bytes that are in c->in, as HTTP. True: a whole request is in http.head and body; what is
 * left in c->in comes behind it. */
bool front_request(struct front_conn *f);
/* Ready for the next request of the connection. */
void front_next(struct front_conn *f);

struct front_answer {
	int status;
	const char *reason; /* NULL: the usual words */
	const char *content_type;
	const void *body;
	size_t body_len;
	size_t header_count;
	struct http_header header[8];
	bool close;
	cw_ms delay_ms;
};

void front_header(struct front_answer *a, const char *name, const char *value);
/* A page for people, in the arena of the moment. */
void front_page(struct front_conn *f, struct front_answer *a, int status, const char *text);
void front_send(struct front_conn *f, const struct front_answer *a);

/* Whether what a request asks for is what the pattern says; a final '*' is any rest. */
bool front_matches(const struct lab *lab, const char *pattern, const char *asked);
/* The first place for this path, URL or HOST:PORT; NULL: none. */
const struct scenario_place *front_place(const struct lab_server *v, const char *asked);
/* Answers the request in f with what stands at the place. */
void front_serve(struct front_conn *f, const struct scenario_place *place);
/* The present request's target as a path. */
const char *front_path(struct front_conn *f);

struct front_conn *front_conn_new(struct lab_conn *c);
/* For lab_conn_ops.gone. */
void front_gone(struct lab_conn *c);
/* Begins TLS where the server has it, or does what its handshake fault says. True: bytes that come
 * are the server's own. For lab_conn_ops.opened. */
void front_opened(struct lab_conn *c);
/* For the beginning of lab_conn_ops.received. False: the handshake's fault has taken the bytes. */
bool front_received(struct lab_conn *c);
/* For lab_conn_ops.secured. */
void front_secured(struct lab_conn *c);

/* The Date header of this server, now; NULL: it sends none. */
const char *front_date(const struct lab_server *v, char out[HTTP_DATE]);

/* ---- tls_context.c ---- */

/* What the server shows to its clients. NULL: OpenSSL does not take it. */
SSL_CTX *front_context_new(struct lab_server *v, bool forging);
SSL_CTX *front_client_context_new(void);

/* ---- the servers' operations ---- */

extern const struct lab_conn_ops front_web_ops, front_sstp_ops, front_proxy_ops;

#endif
