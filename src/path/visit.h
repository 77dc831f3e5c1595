/*
 * One visit to a server: a connection as a chain of hops, each a probe point.
 *
 *     tcp -> [tls to the proxy] -> [proxy] -> tls -> http | sstp
 *
 * Each hop says how far one got and what was the trouble; the next one begins
 * only when the one before it is OK. "SSTP through a Digest proxy" is a list of
 * hops, not a special case. The protocols are state machines without I/O
 * (src/proto); this joins them to sockets, to TLS and to one another.
 *
 * Certificates are taken as they come: the handshake goes on whatever they are
 * worth, and src/cert judges them afterwards, all faults at once. Nothing
 * secret is ever sent through an unjudged connection: credentials go to the
 * proxy alone, and a visit with credentials to a TLS proxy names the
 * certificate that it must show.
 */
#ifndef CW_PATH_VISIT_H
#define CW_PATH_VISIT_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/outcome.h"
#include "io/gate.h"
#include "io/loop.h"

enum visit_hop { VISIT_TCP, VISIT_PROXY_TLS, VISIT_PROXY, VISIT_TLS, VISIT_HTTP, VISIT_SSTP };

struct visit_bytes {
	const uint8_t *at;
	size_t len;
};

/* Ways to log in at a proxy, tried one at a time. */
enum proxy_auth {
	PROXY_AUTH_NONE,
	PROXY_AUTH_BASIC,
	PROXY_AUTH_DIGEST,
	PROXY_AUTH_NTLM,
	PROXY_AUTH_NEGOTIATE,
};

struct visit_proxy {
	const char *host; /* as typed: its name in TLS and for Kerberos */
	bool tls;         /* https:// */
	enum proxy_auth auth;
	const char *user,
		*password; /* with auth other than NONE; NEGOTIATE may have none: ticket */
	/* With tls and auth other than NONE: the leaf (DER) that an earlier visit saw and src/cert
	 * judged. Credentials go to a proxy that shows it and to no other. */
	const struct visit_bytes *certificate;
};

enum tls_version { TLS_ANY, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 };

struct visit_tls {
	const char *sni; /* NULL: none is sent */
	enum tls_version least,
		most;    /* TLS_ANY: what this machine's OpenSSL can do, 1.0 included */
	bool ask_staple; /* status_request, for the stapled OCSP answer */
};

struct visit_request {
	const char *method; /* "GET", "HEAD", "POST"; NULL: no HTTP hop */
	/* Through a proxy without TLS the whole URL, else the path. */
	const char *target;
	const char *host;       /* Host header, with port where it is not the usual one */
	const char *user_agent; /* NULL: none */
	const char *content_type;
	const uint8_t *body;
	size_t body_len;
	size_t answer_most; /* bytes of body that are kept; more ends the visit with TOO_LARGE set */
};

/* What the pointers lead to must live until done or cancel. */
struct visit_spec {
	struct cw_addr to;               /* the first machine: the server, or the proxy */
	const struct visit_proxy *proxy; /* NULL: directly */
	/* CONNECT HOST:PORT at the proxy; NULL: no tunnel (plain GET through a proxy, or direct). */
	const char *connect_to;
	const struct visit_tls *tls; /* NULL: no TLS to the server */
	const struct visit_request *request;
	bool sstp;                       /* SSTP_DUPLEX_POST, then the call request; see below */
	const char *sstp_host;           /* its Host header */
	const char *sstp_correlation_id; /* "{GUID}" */
	cw_ms connect_limit_ms;          /* TCP */
	cw_ms hop_limit_ms;              /* each further hop */
	cw_ms total_limit_ms;
};

struct visit_header {
	const char *name, *value;
};

/* How one hop ended; everything lives in the arena of the visit. */
struct visit_result {
	enum visit_hop hop;
	/* OK: the next hop can begin. Else REFUSED, TIMEOUT, UNREACHABLE, NO_ROUTE, DENIED, RESET,
	 * CLOSED, MALFORMED, OTHER_PROTOCOL, LOCAL; of PROXY also HTTP_STATUS (status says which);
	 * of TLS and PROXY_TLS also TLS_ALERT; of SSTP also HTTP_STATUS, SSTP_NAK, SSTP_ABORT.
	 * HTTP is OK whatever the status, once the answer is complete or too_large. A hop within TLS
	 * can end with TLS_ALERT too: in TLS 1.3 a client certificate that is wanted is missed only
	 * after the handshake. A plain GET through a proxy has the hops TCP, PROXY, HTTP: what is
	 * not a 407 is an answer. */
	enum cw_outcome outcome;
	cw_ms started, took_ms;
	struct cw_icmp icmp;
	int system_error;
	bool shared;       /* of TCP: not tried, the address is known to be silent */
	const char *got;   /* escaped first bytes of another protocol, or NULL */
	const char *guess; /* what that looks like: "SSH", "HTTP", or NULL */
	const char *why;   /* English, with MALFORMED: what is wrong, or NULL */

	/* TLS, PROXY_TLS */
	const char *tls_version, *tls_cipher; /* "TLSv1.2", OpenSSL's cipher name */
	const char *tls_alert; /* the alert that ended it, sent or received: "handshake_failure" */
	bool tls_alert_received;
	bool hello_seen; /* a ServerHello came before it ended */
	bool client_certificate_asked;
	size_t cert_count; /* as sent, the leaf first */
	const struct visit_bytes *cert;
	struct visit_bytes staple; /* OCSPResponse, len 0: none */

	/* PROXY, HTTP, and the HTTP answer of SSTP */
	int status; /* 0: none came */
	size_t header_count;
	const struct visit_header *header;
	struct visit_bytes body;
	bool too_large;
	unsigned rounds; /* requests until this answer (NTLM: 2 or 3) */
	/* Of a 407: the schemes as offered, in order: "Negotiate", "NTLM", "Digest", "Basic". */
	size_t scheme_count;
	const char *const *scheme;
	const char *realm;
	const char *
		auth_trouble; /* English: why this scheme could not be tried (no ticket), or NULL */

	/* SSTP */
	uint32_t sstp_status; /* of a NAK or Abort (MS-SSTP 2.2.8) */
	uint8_t sstp_hashes;  /* hash bitmask of the Ack */
};

struct visit_ops {
	/* One call for each hop that began, in order. */
	void (*hop)(void *ctx, const struct visit_result *r);
	/* Once, last: everything is closed. */
	void (*done)(void *ctx);
};

struct visit;

/* What all visits of a process share (the TLS library's context). */
struct visit_shared;
enum cw_ec visit_shared_new(struct visit_shared **out);
void visit_shared_free(struct visit_shared *s);

/*
 * Memory of one visit: in the arena about 25 KiB with an HTTP or SSTP hop (1 KiB without), what
 * the peer sent of certificates (LIMIT_TLS_CHAIN), of a staple, of heads (LIMIT_HTTP_HEAD each) and
 * of bodies (answer_most, LIMIT_PROXY_PAGE); beside it some 60 KiB of OpenSSL for each TLS layer,
 * and the body once more while it grows.
 *
 * Starts. Callbacks come from the loop, never from within this call. The visit lives in the arena,
 * which must live until done or cancel. After Call Connect Ack or Nak an SSTP visit ends the call
 * cleanly (Call Abort, MS-SSTP 3.2.5.3) before it closes.
 */
struct visit *visit_start(struct io_loop *loop, struct io_gate *gate, struct visit_shared *shared,
			  const struct visit_spec *spec, struct cw_arena *arena,
			  const struct visit_ops *ops, void *ctx);
void visit_cancel(struct visit *v);

const char *proxy_auth_name(enum proxy_auth a); /* "none", "Basic", "Digest", ... */

#endif
