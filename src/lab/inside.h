/* Inside src/lab: what an open lab consists of, for lab.c, conn.c and the servers. */
#ifndef CW_LAB_INSIDE_H
#define CW_LAB_INSIDE_H

#include <uv.h>

#include "lab/dns_answer.h"
#include "lab/lab.h"

struct lab_conn;
struct lab_front;
struct lab_out;
struct lab_pki;
struct lab_tls;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct lab_server {
	struct lab *lab;
	const struct scenario_server *def;
	struct cw_addr addr; /* with port */
	uint64_t hits;
	const struct lab_conn_ops *ops;
	struct dns_host *dns;
	struct lab_front *front;
	uv_tcp_t tcp;
	uv_udp_t udp, forger;
	bool tcp_open, udp_open, forger_open;
	int filler; /* of a blocked host: the connection that fills its queue, or -1 */
};

struct lab {
	struct io_loop *loop;
	uv_loop_t *uv;
	struct cw_arena *arena, *scratch;
	const struct scenario *scenario;
	struct lab_server *server; /* by scenario_server.index */
	size_t server_count;       /* the scenario is gone when a lab that did not open is freed */
	struct dns_world *world;
	struct dns_room *room;
	uint8_t net[2]; /* 127.x.y */
	cw_ms rtt_ms;
	char *dir; /* of key files, secrets and certificates; NULL: none */
	struct lab_pki *pki;
	uint8_t datagram[LIMIT_DNS_MESSAGE];
	struct lab_conn *conns;
	struct lab_out *outs; /* answers that wait for their time */
	/* handles that libuv still knows, and what to do when there are none */
	size_t handle_count;
	bool closing;
	struct io_timer finish;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* ---- conn.c: TCP connections of the servers, and answers that are sent later ---- */

struct lab_conn_ops {
	/* Accepted, or connected. */
	void (*opened)(struct lab_conn *c);
	/* More bytes are in c->in. */
	void (*received)(struct lab_conn *c);
	/* The TLS handshake is done; may be NULL. */
	void (*secured)(struct lab_conn *c);
	/* The connection goes: its peer or the server has ended it; c->reset says how. May be NULL.
	 * The last call for this connection. */
	void (*gone)(struct lab_conn *c);
};

enum lab_then { THEN_STAY, THEN_END };

struct lab_conn {
	uv_tcp_t tcp;
	struct lab_server *server;
	struct lab_conn *prev, *next;
	uint8_t *in;
	size_t in_len, in_cap;
	const struct lab_conn_ops *ops;
	struct lab_tls *tls; /* NULL: none */
	/* for the server's own use */
	unsigned step;
	void *user;
	cw_ms queued_until; /* when the last answer that waits is due */
	uv_shutdown_t end;
	uv_connect_t connecting;
	bool ending, closing, reset;
};

/* The accept callback of a listening server. */
void lab_accept(uv_stream_t *listener, int status);
/* Drops bytes from the front of c->in. */
void lab_conn_taken(struct lab_conn *c, size_t len);
/* Copies and sends; at once where delay_ms is 0 and nothing else waits. */
void lab_conn_send(struct lab_conn *c, const void *bytes, size_t len, cw_ms delay_ms,
		   enum lab_then then);
/* One byte every interval_ms. */
void lab_conn_drip(struct lab_conn *c, const void *bytes, size_t len, cw_ms interval_ms);
/* Says that nothing more comes once all that waits is sent, and reads on until the peer closes:
 * closing at once would turn into a reset where bytes are on their way. */
void lab_conn_end(struct lab_conn *c);
void lab_conn_close(struct lab_conn *c);
void lab_conn_reset(struct lab_conn *c);
/* A connection of the server's own; NULL: it could not be begun. opened follows, or gone. */
struct lab_conn *lab_conn_connect(struct lab_server *v, const struct cw_addr *to,
				  const struct lab_conn_ops *ops, void *user);

void lab_udp_send(struct lab_server *v, uv_udp_t *from, const struct sockaddr *to,
		  const void *bytes, size_t len, cw_ms delay_ms);
/* Forgets the answers that wait: those of one connection, or all. */
void lab_outs_drop(struct lab *lab, const struct lab_conn *c);

/* Below the others: bytes as they go over the wire. */
void lab_conn_send_raw(struct lab_conn *c, const void *bytes, size_t len, cw_ms delay_ms,
		       enum lab_then then);
/* Room for more bytes in c->in; NULL: too many already. */
uint8_t *lab_conn_room(struct lab_conn *c, size_t len);

/* ---- tls.c: TLS on a connection ---- */

/* From here on everything goes through TLS; what is in c->in is taken as its beginning. sni: of a
 * client, or NULL. False: out of memory. */
bool lab_tls_start(struct lab_conn *c, struct ssl_ctx_st *ctx, bool client, char *sni);
void lab_tls_free(struct lab_tls *t);
void lab_tls_input(struct lab_conn *c, const uint8_t *bytes, size_t len);
void lab_tls_send(struct lab_conn *c, const void *bytes, size_t len, enum lab_then then);
void lab_tls_end(struct lab_conn *c);

/* ---- lab.c ---- */

/* The server of the scenario at this address and port; NULL: it is none of the lab's. */
struct lab_server *lab_server_at(const struct lab *lab, const struct cw_addr *addr);

void lab_handle_opened(struct lab *lab);
void lab_handle_closed(struct lab *lab);
/* How much later a server's answers come. */
cw_ms lab_delay_of(const struct lab_server *v);

/* ---- the servers: start on sockets that are already bound; -1: none. 0, or a libuv error ---- */

int lab_dns_start(struct lab_server *v, int udp, int tcp);
int lab_rpc_start(struct lab_server *v, int tcp);
int lab_front_start(struct lab_server *v, int tcp);
/* Listens unless the server is closed or blocked; for the servers' start. */
int lab_listen(struct lab_server *v, int tcp);
/* Once the certificates are made. False: OpenSSL does not take them. */
bool lab_front_secure(struct lab_server *v);
void lab_front_free(struct lab_server *v);

#endif
