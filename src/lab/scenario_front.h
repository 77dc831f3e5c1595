/*
 * What a scenario says of certificates, and of the servers that speak TLS, HTTP
 * and SSTP: web servers, SSTP servers and forward proxies.
 *
 *     ca root
 *     ca issuing under root
 *     certificate vpn under issuing
 *       for vpn.contoso.example
 *       cdp http://pki.contoso.example:@pki:port/issuing.crl
 *     sstp vpn
 *       certificate vpn
 *     web pki
 *       at /issuing.crl crl issuing stale
 */
#ifndef CW_LAB_SCENARIO_FRONT_H
#define CW_LAB_SCENARIO_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct scenario_words {
	size_t count;
	const char *const *word;
};

/* ---- certificates ---- */

enum scenario_cert_key { CERT_KEY_EC, CERT_KEY_RSA2048, CERT_KEY_RSA1024 };

struct scenario_cert {
	const char *name;
	bool ca;
	const struct scenario_cert *issuer; /* NULL: signed by itself */
	const struct scenario_cert
		*same_key;   /* not NULL: its subject and key, as a cross certificate */
	const char *subject; /* common name; NULL: the first name, or the name in the scenario */
	struct scenario_words names; /* to be expanded: DNS names and addresses */
	bool no_san;                 /* the names stand in the subject alone */
	struct scenario_words eku;   /* server, client, any, or an OID; count 0: see eku_none */
	bool eku_none;               /* no such extension */
	int32_t from_days, to_days;  /* against now */
	enum scenario_cert_key key;
	bool sha1, revoked;
	bool bad_signature;
	const char *critical;    /* OID of a critical extension that nobody knows; NULL: none */
	const char *constraints; /* "permitted;DNS:contoso.com"; NULL: none */
	const char *path_length; /* NULL: none */
	/* To be expanded. */
	struct scenario_words cdp, ocsp, aia, freshest;
	unsigned index;
	unsigned line;
	struct scenario_cert *next;
};

/* ---- what stands at a place of a web server ---- */

/* id, word, argument, what the client gets */
enum scenario_place_arg {
	PLACE_ARG_NONE,
	PLACE_ARG_CRL,    /* CA [FAULT] */
	PLACE_ARG_OCSP,   /* CA [FAULT] */
	PLACE_ARG_CERT,   /* NAME */
	PLACE_ARG_STATUS, /* STATUS */
	PLACE_ARG_TEXT,   /* [TEXT] */
	PLACE_ARG_URL,    /* URL */
};

/* clang-format off */
#define SCENARIO_PLACE_LIST(X)                                                                     \
	X(PLACE_CRL, "crl", PLACE_ARG_CRL, "the revocation list of that CA")                       \
	X(PLACE_OCSP, "ocsp", PLACE_ARG_OCSP, "an OCSP responder for that CA")                     \
	X(PLACE_CERT, "certificate", PLACE_ARG_CERT, "that certificate")                           \
	X(PLACE_STATUS, "status", PLACE_ARG_STATUS, "a page with this HTTP status")                \
	X(PLACE_REDIRECT, "redirect", PLACE_ARG_URL, "a redirect to that URL")                     \
	X(PLACE_PAGE, "page", PLACE_ARG_TEXT, "a page for people, with status 200")                \
	X(PLACE_TEXT, "text", PLACE_ARG_TEXT, "a few plain words, with status 200")                \
	X(PLACE_EMPTY, "empty", PLACE_ARG_NONE, "status 200 and nothing else")                     \
	X(PLACE_HANG_UP, "hang-up", PLACE_ARG_NONE, "the connection is closed at the request")     \
	X(PLACE_RESET, "reset", PLACE_ARG_NONE, "the connection is reset at the request")          \
	X(PLACE_SILENT, "silent", PLACE_ARG_NONE, "the request is never answered")

#define SCENARIO_CRL_FAULT_LIST(X)                                                                 \
	X(CRL_GOOD, "good", "as it should be")                                                     \
	X(CRL_STALE, "stale", "its next update was due days ago")                                  \
	X(CRL_EARLY, "early", "it begins in the future")                                           \
	X(CRL_OTHER_SIGNER, "other-signer", "another key has signed it")                           \
	X(CRL_OTHER_ISSUER, "other-issuer", "it is the list of another CA")                        \
	X(CRL_PEM, "pem", "PEM where DER is due")                                                  \
	X(CRL_CUT, "cut", "its second half is missing")                                            \
	X(CRL_DELTA, "delta", "a delta list")

#define SCENARIO_OCSP_FAULT_LIST(X)                                                                \
	X(OCSP_GOOD, "good", "good, or revoked where the certificate is")                          \
	X(OCSP_REVOKED, "revoked", "revoked")                                                      \
	X(OCSP_UNKNOWN, "unknown", "does not know the certificate")                                \
	X(OCSP_STALE, "stale", "its next update was due days ago")                                 \
	X(OCSP_MALFORMED, "malformed", "malformedRequest")                                         \
	X(OCSP_INTERNAL, "internal-error", "internalError")                                        \
	X(OCSP_TRY_LATER, "try-later", "tryLater")                                                 \
	X(OCSP_UNAUTHORIZED, "unauthorized", "unauthorized")                                       \
	X(OCSP_OTHER_SIGNER, "other-signer", "another key has signed it")                          \
	X(OCSP_DELEGATED, "delegated", "signed by a responder of its own, as is right")            \
	X(OCSP_CUT, "cut", "the second half of the answer is missing")

/* handshake, word, what the TLS front does */
#define SCENARIO_HANDSHAKE_LIST(X)                                                                 \
	X(HANDSHAKE_NORMAL, "normal", "a TLS handshake")                                           \
	X(HANDSHAKE_HANG_UP, "hang-up", "closes when the ClientHello is there")                    \
	X(HANDSHAKE_RESET, "reset", "resets when the ClientHello is there")                        \
	X(HANDSHAKE_HANG_UP_AT_ONCE, "hang-up-at-once", "closes right after the accept")           \
	X(HANDSHAKE_RESET_AT_ONCE, "reset-at-once", "resets right after the accept")               \
	X(HANDSHAKE_ALERT, "alert", "the alert handshake_failure")                                 \
	X(HANDSHAKE_HTTP, "http", "HTTP without TLS")                                              \
	X(HANDSHAKE_SSH, "ssh", "an SSH server")                                                   \
	X(HANDSHAKE_SILENT, "silent", "never says anything")                                       \
	X(HANDSHAKE_RESET_AFTER, "reset-after", "resets when the handshake is done")

#define SCENARIO_STAPLE_LIST(X)                                                                    \
	X(STAPLE_NONE, "none", "no OCSP answer comes along")                                       \
	X(STAPLE_GOOD, "good", "one that says good")                                               \
	X(STAPLE_REVOKED, "revoked", "one that says revoked")                                      \
	X(STAPLE_STALE, "stale", "one whose next update was due days ago")                         \
	X(STAPLE_OTHER_SIGNER, "other-signer", "one that another key has signed")

/* answer, word, what an SSTP server says */
#define SCENARIO_SSTP_LIST(X)                                                                      \
	X(SSTP_SAY_ACK, "ack", "takes the call")                                                   \
	X(SSTP_SAY_NAK, "nak", "Call Connect Nak with this status")                                \
	X(SSTP_SAY_ABORT, "abort", "Call Abort with this status")                                  \
	X(SSTP_SAY_STATUS, "status", "this HTTP status")                                           \
	X(SSTP_SAY_MUTE, "mute", "HTTP 200, then nothing")                                         \
	X(SSTP_SAY_SILENT, "silent", "does not answer the request")                                \
	X(SSTP_SAY_HANG_UP, "hang-up", "closes at the request")                                    \
	X(SSTP_SAY_RESET, "reset", "resets at the request")                                        \
	X(SSTP_SAY_HANG_UP_CALL, "hang-up-call", "HTTP 200, then closes at the call request")      \
	X(SSTP_SAY_GARBAGE, "garbage", "HTTP 200, then what is no SSTP")                           \
	X(SSTP_SAY_DRIP, "drip", "takes the call, one byte every 10 ms")

/* clang-format on */

#define SCENARIO_AS_PLACE(id, word, arg, about) id,
enum scenario_place_kind { SCENARIO_PLACE_LIST(SCENARIO_AS_PLACE) PLACE_COUNT };
#undef SCENARIO_AS_PLACE
#define SCENARIO_AS_WORD(id, word, about) id,
enum scenario_crl_fault { SCENARIO_CRL_FAULT_LIST(SCENARIO_AS_WORD) CRL_COUNT };
enum scenario_ocsp_fault { SCENARIO_OCSP_FAULT_LIST(SCENARIO_AS_WORD) OCSP_COUNT };
enum scenario_handshake { SCENARIO_HANDSHAKE_LIST(SCENARIO_AS_WORD) HANDSHAKE_COUNT };
enum scenario_staple { SCENARIO_STAPLE_LIST(SCENARIO_AS_WORD) STAPLE_COUNT };
enum scenario_sstp_say { SCENARIO_SSTP_LIST(SCENARIO_AS_WORD) SSTP_SAY_COUNT };
#undef SCENARIO_AS_WORD

struct scenario_place {
	/* To be expanded: a path, or at a proxy a URL or HOST:PORT; a final '*' is any rest. */
	const char *pattern;
	enum scenario_place_kind kind;
	const struct scenario_cert *cert; /* or CA */
	enum scenario_crl_fault crl;
	enum scenario_ocsp_fault ocsp;
	int status;
	const char *text; /* page, text, redirect: to be expanded */
	cw_ms delay_ms;
	unsigned line;
	struct scenario_place *next;
};

/* ---- what a TLS front shows ---- */

struct scenario_show {
	const struct scenario_cert *cert;
	const char *sni; /* NULL: to everybody else */
	bool leaf_only, reversed;
	/* Not empty: these instead of the issuers (chain A B ...). */
	size_t chain_count;
	const struct scenario_cert *const *chain;
	struct scenario_show *next;
};

enum scenario_tls_version {
	SCENARIO_TLS_1_0 = 1,
	SCENARIO_TLS_1_1 = 2,
	SCENARIO_TLS_1_2 = 4,
	SCENARIO_TLS_1_3 = 8
};

enum scenario_login { LOGIN_BASIC, LOGIN_DIGEST, LOGIN_NTLM, LOGIN_NEGOTIATE, LOGIN_COUNT };

/* Of web, https, sstp and proxy servers. */
struct scenario_front {
	bool tls;
	struct scenario_show *shows, *last_show;
	enum scenario_handshake handshake;
	unsigned tls_versions; /* bits; 0: 1.2 and 1.3 */
	bool wants_client_cert;
	enum scenario_staple staple;
	struct scenario_place *places, *last_place;
	int32_t clock_offset_s; /* of its Date header */
	bool no_date;
	const char *agent; /* Server or Proxy-Agent; NULL: what such a server says */
	/* sstp */
	enum scenario_sstp_say say;
	uint32_t status; /* with nak, abort, status */
	/* proxy */
	size_t login_count;
	enum scenario_login login[LOGIN_COUNT]; /* as offered, in order; 0: no login */
	const char *user, *password, *realm;
	struct scenario_words exempt;              /* patterns, to be expanded */
	const struct scenario_cert *inspects_with; /* a CA: opens TLS; NULL: does not */
};

#endif
