/*
 * The login at an HTTP proxy (RFC 9110 11.7, RFC 7616, RFC 7617, RFC 4559, MS-NTHT): which
 * Proxy-Authorization the next request carries, judged by the answer to the last one. No I/O, no
 * clock; the requests themselves are the owner's.
 *
 * The first request always goes without credentials: it shows what is offered, and a password is
 * never sent to a proxy that does not ask for it in this way.
 */
#ifndef CW_PROTO_PROXY_LOGIN_H
#define CW_PROTO_PROXY_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "codec/http.h"
#include "codec/httpauth.h"

enum proxy_login_scheme {
	PROXY_LOGIN_NONE, /* only look at what is offered */
	PROXY_LOGIN_BASIC,
	PROXY_LOGIN_DIGEST,
	PROXY_LOGIN_NTLM,
	PROXY_LOGIN_NEGOTIATE,
	PROXY_LOGIN_SCHEMES,
};

struct proxy_login_spec {
	enum proxy_login_scheme scheme;
	/* Lent until clear; as typed. "LAB\user" is taken apart for NTLM alone. */
	const char *user, *password;
	const char *method, *target; /* of the request line */
	uint8_t random[16];
	int64_t unix_s; /* for NTLM, where the proxy does not tell its time */
};

enum proxy_login_step {
	PROXY_LOGIN_FINAL, /* no more to be done: the answer counts */
	PROXY_LOGIN_AGAIN, /* the same request again, with proxy_login_value() */
	/* Negotiate: let the system make a token, for token[] of the proxy (len 0 at first), and
	 * hand it to proxy_login_token() or proxy_login_fail(). */
	PROXY_LOGIN_ASK_SYSTEM,
};

/* Open so that it can be a part of its owner; private but for what is marked. */
struct proxy_login {
	/* For reading, of the last answer with status 407. Texts live in the arena. */
	size_t scheme_count;
	const char *const *scheme; /* as offered, in order */
	const char *realm;         /* of the first that has one, or NULL */
	const char *trouble;       /* English: why the scheme could not be carried out, or NULL */
	const uint8_t *token;      /* with ASK_SYSTEM */
	size_t token_len;
	/* The next request belongs to the connection of the last one (NTLM, Negotiate). */
	bool bound;

	/* private */
	struct proxy_login_spec spec;
	struct cw_arena *arena;
	unsigned sent; /* requests with credentials that were answered or are under way */
	bool renewed;  /* Digest: the nonce was stale once */
	char *value;   /* from malloc, wiped before it goes */
	size_t value_size;
};

void proxy_login_init(struct proxy_login *l, const struct proxy_login_spec *spec,
		      struct cw_arena *arena);
/* Wipes what was made of the password. */
void proxy_login_clear(struct proxy_login *l);

/* The value of Proxy-Authorization for the next request; NULL: none. */
const char *proxy_login_value(const struct proxy_login *l);
/* The head of an answer. kept: another request can go over this connection. */
enum proxy_login_step proxy_login_answer(struct proxy_login *l, const struct http_head *head,
					 bool kept);
/* FINAL where the token is too long to be sent. */
enum proxy_login_step proxy_login_token(struct proxy_login *l, const uint8_t *token, size_t len);
void proxy_login_fail(struct proxy_login *l, const char *trouble);

/* "none", "Basic", "Digest", "NTLM", "Negotiate". */
const char *proxy_login_scheme_name(enum proxy_login_scheme s);

#endif
