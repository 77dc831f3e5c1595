/*
 * The facts of one run against TLS servers put in order once, for the judges of `check sstp` and
 * `check activation`: what was asked about, who listens there by which route, what is wrong with
 * the certificates, and what the sources of revocation status say.
 *
 * The way is the route that Windows takes: through the proxy without credentials where a proxy is
 * set, else direct. What other routes show is there for contrast.
 */
#ifndef CW_RULE_REMOTE_H
#define CW_RULE_REMOTE_H

#include "rule/kms_view.h"

/* What a fault of a certificate (cert.fault, field why) means for the reader. */
enum remote_fault {
	REMOTE_FAULT_NONE,  /* or told by another fact */
	REMOTE_FAULT_OPEN,  /* it could not be judged to the end */
	REMOTE_FAULT_OTHER, /* breaks another rule of the profile: see its code */
	REMOTE_FAULT_VALIDITY,
	REMOTE_FAULT_UNTRUSTED,
	REMOTE_FAULT_INCOMPLETE,
	REMOTE_FAULT_NAME,
	REMOTE_FAULT_EKU,
	REMOTE_FAULT_WEAK,
	REMOTE_FAULT_NO_SOURCE,   /* names no source of revocation status */
	REMOTE_FAULT_LDAP_SOURCE, /* names LDAP alone, which only the inside reaches */
	REMOTE_FAULT_REVOKED,
	REMOTE_FAULT_SOON, /* no fault yet: its validity ends within days */
};

/* One listener on one route, and everything that was seen there. */
struct remote_peer {
	const char *subject, *route;
	const struct fact *connect; /* NULL: not by a connection of our own */
	struct fact_refs handshakes, versions, chains;
	struct fact_refs faults;  /* that Windows minds */
	struct fact_refs notes;   /* cert.fault by RFC alone, or not a fault yet */
	struct fact_refs answers; /* sstp.call, http.answer */
	bool open;                /* its chain could not be judged to the end */
	bool judged;              /* its TLS and what is behind it is on the way */
};

/* One host and port, or URL, that was asked about. */
struct remote_target {
	const struct fact *asked;
	const char *host, *name;
	int64_t port;
	bool secure;              /* TLS is due */
	struct fact_refs lookups; /* dns.address */
	struct fact_refs proxied; /* proxy.answer */
	struct remote_peer *peer;
	size_t peer_count;
};

/* How it is about the revocation status of one certificate. */
enum remote_status { REMOTE_STATUS_OPEN, REMOTE_STATUS_GOOD, REMOTE_STATUS_REVOKED };

/* One certificate and all sources of its revocation status; or one list that no certificate of
 * this run names. */
struct remote_check {
	const char *cert; /* its subject; "" for a list on its own */
	int64_t depth;    /* -1 for a list on its own */
	struct fact_refs sources;
	enum remote_status status;
};

/* What the clocks of the servers say of ours. */
struct remote_clock {
	struct fact_refs witnesses;
	bool off; /* all of them say so, and none is near ours */
	int64_t skew_s;
	const char *date; /* the time by them, RFC 3339 UTC, or "" */
};

struct remote_view {
	const struct fact_store *facts;
	struct cw_arena *arena;
	const struct fact *proxy; /* NULL: none is set */
	struct fact_refs proxy_lookups, proxy_connects;
	struct remote_target *target;
	size_t target_count;
	struct remote_check *check;
	size_t check_count;
	struct remote_clock clock;
	/* Revocation: whether what direct reaches is enough where a proxy is set. */
	bool direct_will_do;
};

/* For rule_family.view. */
const void *sstp_view_make(const struct fact_store *facts);
const void *activation_view_make(const struct fact_store *facts);

static inline const struct remote_view *remote_view_of(const struct judge *j)
{
	return judge_view(j);
}

/* The fact lies on the way; credentials given to the proxy change nothing behind it. */
bool remote_on_way(const struct remote_view *v, const struct fact *f);
bool route_is(const struct fact *f, const char *route);
/* A proxy is set, and nothing of it can be reached: what is asked by it fails for that alone. */
bool remote_proxy_is_dead(const struct remote_view *v);

/* Somebody or something said no, or nothing came; not: cut short, or trouble of this machine. */
bool remote_is_failure(enum cw_outcome o);
/* Of name lookups: some server gave an address. */
bool lookups_resolved(const struct fact_refs *lookups);
/* Of name lookups: no address, and every one was answered or failed by no fault of ours. */
bool lookups_failed(const struct fact_refs *lookups);

/* The handshake as Windows makes it: with the name where there is one. NULL: none was made. */
const struct fact *peer_handshake(const struct remote_target *t, const struct remote_peer *p);
/* Some handshake of any shape was completed. */
bool peer_speaks_tls(const struct remote_peer *p);
bool peer_connect_failed(const struct remote_peer *p);
/* The connection was cut before a byte of TLS, whatever was offered. */
bool peer_cuts_before_hello(const struct remote_peer *p);
/* The server wants a client certificate, and goes no further without one. */
const struct fact *peer_wants_client_cert(const struct remote_peer *p);
/* The protocol is older than TLS 1.2, and nothing newer is taken. */
const struct fact *peer_is_old_tls(const struct remote_target *t, const struct remote_peer *p);

enum remote_fault remote_fault_of(const struct fact *f);
/* Windows takes the certificate all the same. */
bool remote_is_note(const struct fact *f);
/* The cert fact that a fault of a certificate is about, or NULL. */
const struct fact *remote_cert_of(const struct remote_view *v, const struct fact *fault);
/* The chain as it is shown to Windows, or NULL. */
const struct fact *peer_chain(const struct remote_target *t, const struct remote_peer *p);
/* The cert fact of its leaf, or NULL. */
const struct fact *remote_leaf_of(const struct remote_view *v, const struct remote_target *t,
				  const struct remote_peer *p);
/* By the clocks of the servers, the certificate of this fault is valid. */
bool remote_valid_by_their_clock(const struct remote_view *v, const struct fact *fault);
/* By the clocks of the servers, the list of this fact is fresh. */
bool remote_fresh_by_their_clock(const struct remote_view *v, const struct fact *source);
/* A word by which products that inspect TLS are known, in the issuer's name; or NULL. */
const char *remote_inspector_of(const char *issuer);
/* Somebody between opens the TLS connection: the fact that shows it, or NULL. direct: the chain
 * that is shown without the proxy, for contrast, or NULL. */
const struct fact *remote_interception(const struct remote_view *v, const struct remote_target *t,
				       const struct remote_peer *p, const struct fact **direct);

/* Why a source of revocation status does not serve Windows. */
enum remote_source {
	REMOTE_SOURCE_FINE, /* or nothing is known */
	REMOTE_SOURCE_REVOKED,
	REMOTE_SOURCE_LOGIN,      /* 407 */
	REMOTE_SOURCE_STATUS,     /* another status, maybe by what stands between */
	REMOTE_SOURCE_OWN_STATUS, /* the server's own, asked directly as a certificate says */
	REMOTE_SOURCE_RESPONDER,  /* OCSP: the responder says that it has none to give */
	REMOTE_SOURCE_UNREACHABLE,
	REMOTE_SOURCE_BAD,  /* stale, wrongly signed, no list at all */
	REMOTE_SOURCE_HTML, /* a page for people where a list is due */
};

enum remote_source remote_source_of(const struct fact *f);
/* The source lies where Windows would ask for it. */
bool remote_source_counts(const struct remote_view *v, const struct fact *f);
/* A list that only an article names: whether it is there proves nothing, only whether the way to it
 * asks for a login. */
bool remote_is_article_list(const struct remote_view *v, const char *url);
/* The URL names a revocation list. */
bool url_is_list(const char *url);
/* Every certificate below the root of this chain has a good status. */
bool remote_chain_is_checked(const struct remote_view *v, const struct fact *chain);
/* The same URL is fine by another route: that fact, or NULL. */
const struct fact *remote_fine_elsewhere(const struct remote_view *v, const struct fact *f);

#endif
