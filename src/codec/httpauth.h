/*
 * HTTP authentication (RFC 9110 11) with Basic (RFC 7617) and Digest (RFC 7616), both sides.
 * Randomness is passed in. Secrets are wiped and compared in constant time.
 */
#ifndef CW_CODEC_HTTPAUTH_H
#define CW_CODEC_HTTPAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ec.h"

enum { HTTPAUTH_CHALLENGES = 16, HTTPAUTH_PARAMS = 16 };

struct httpauth_param {
	const char *name, *value; /* without the quotes and their escapes */
};

/* A challenge, or credentials: they have one form. Either a token68, or parameters, or neither. */
struct httpauth {
	const char *scheme;  /* as sent: compare without case */
	const char *token68; /* or NULL */
	size_t param_count;
	struct httpauth_param param[HTTPAUTH_PARAMS];
};

struct httpauth_list {
	size_t count;
	struct httpauth challenge[HTTPAUTH_CHALLENGES];
};

/*
 * Adds the challenges of one (Proxy-)Authenticate header; begin with count 0 and call it for each
 * such header. Texts go into the arena. CW_EMALFORMED, CW_ETOOBIG: what was read before the fault
 * is in the list.
 */
enum cw_ec httpauth_list_add(struct httpauth_list *list, struct cw_arena *a, const char *value);
/* One (Proxy-)Authorization header. */
enum cw_ec httpauth_parse(struct cw_arena *a, const char *value, struct httpauth *out);

/* The first of this scheme, or NULL. */
const struct httpauth *httpauth_find(const struct httpauth_list *list, const char *scheme);
const char *httpauth_param(const struct httpauth *c, const char *name);
bool httpauth_is(const struct httpauth *c, const char *scheme);

/* "NTLM TlRM..." and back, for NTLM and Negotiate: len 0 gives the scheme alone. Out of decode
 * comes at most size bytes. CW_EINVAL: no token68 there. */
enum cw_ec httpauth_token_make(const char *scheme, const uint8_t *token, size_t len, char *out,
			       size_t size);
enum cw_ec httpauth_token_decode(const struct httpauth *c, uint8_t *out, size_t size, size_t *len);

/* What a server makes of credentials. */
enum httpauth_verdict {
	HTTPAUTH_GOOD,
	HTTPAUTH_WRONG, /* another user or password */
	HTTPAUTH_STALE, /* right, but for another nonce, or one used before: ask again, stale=true */
	HTTPAUTH_MALFORMED, /* cannot be what this challenge asked for */
};

/* "Basic dXNlcjpwYXNz". CW_EINVAL: a colon in the user name, or control characters (RFC 7617 2).
 * CW_ETOOBIG: does not fit; out is wiped. */
enum cw_ec httpauth_basic_make(const char *user, const char *password, char *out, size_t size);
enum httpauth_verdict httpauth_basic_check(const struct httpauth *c, const char *user,
					   const char *password);

enum httpauth_digest_algorithm {
	HTTPAUTH_MD5,
	HTTPAUTH_MD5_SESS,
	HTTPAUTH_SHA256,
	HTTPAUTH_SHA256_SESS,
};

/* A Digest challenge: what a client reads and a server writes. */
struct httpauth_digest {
	const char *realm, *nonce;
	const char *opaque; /* NULL: none */
	enum httpauth_digest_algorithm algorithm;
	bool algorithm_given;
	bool qop_auth; /* qop="auth" is offered; else RFC 2069's form is used */
	bool stale;
};

/* CW_EUNSUPPORTED: an algorithm or qop that is not known here. CW_EMALFORMED: no realm or nonce. */
enum cw_ec httpauth_digest_read(const struct httpauth *c, struct httpauth_digest *out);
/* The value of the server's header: "Digest realm=..., ...". */
enum cw_ec httpauth_digest_challenge(const struct httpauth_digest *d, char *out, size_t size);

struct httpauth_request {
	const char *method;
	const char *target; /* as in the request line: for CONNECT host:port */
};

/* cnonce: text of the caller's randomness. count: how often this nonce was used, first 1. */
enum cw_ec httpauth_digest_make(const struct httpauth_digest *d,
				const struct httpauth_request *request, const char *user,
				const char *password, const char *cnonce, uint32_t count, char *out,
				size_t size);
/* The credentials must name the request's target, or the path of one that is a whole URL.
 * count_least: the lowest count that is not a replay, first 1; *count gets the one used (0: none,
 * as in RFC 2069's form), with HTTPAUTH_GOOD only. */
enum httpauth_verdict httpauth_digest_check(const struct httpauth *c,
					    const struct httpauth_digest *offered,
					    const struct httpauth_request *request,
					    const char *user, const char *password,
					    uint32_t count_least, uint32_t *count);

#endif
