/*
 * SPNEGO (RFC 4178) as HTTP's Negotiate scheme needs it: one mechanism's token in and out of its
 * wrapping. No mechanism list integrity.
 */
#ifndef CW_CODEC_SPNEGO_H
#define CW_CODEC_SPNEGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec.h"
#include "base/wr.h"

enum spnego_mech {
	SPNEGO_MECH_NONE, /* not given */
	SPNEGO_MECH_OTHER,
	SPNEGO_KERBEROS,    /* 1.2.840.113554.1.2.2 */
	SPNEGO_MS_KERBEROS, /* 1.2.840.48018.1.2.2, Windows' misprint of it */
	SPNEGO_NTLM,        /* 1.3.6.1.4.1.311.2.2.10 */
	SPNEGO_NEGOEX,      /* 1.3.6.1.4.1.311.2.2.30 */
};

enum spnego_state {
	SPNEGO_STATE_NONE = -1, /* not given */
	SPNEGO_ACCEPTED = 0,
	SPNEGO_INCOMPLETE = 1,
	SPNEGO_REJECTED = 2,
	SPNEGO_REQUEST_MIC = 3,
};

enum spnego_kind {
	SPNEGO_INIT,
	SPNEGO_RESPONSE,
	/* Bare tokens that Windows and browsers put behind "Negotiate" too (MS-SPNG 3.3.5.1). */
	SPNEGO_BARE_NTLM,
	SPNEGO_BARE_KERBEROS,
};

enum { SPNEGO_MECHS = 8 };

struct spnego_token {
	enum spnego_kind kind;
	size_t mech_count; /* INIT: what the client can do, best first; RESPONSE: 0 or the chosen one */
	enum spnego_mech mech[SPNEGO_MECHS];
	enum spnego_state state; /* of a RESPONSE */
	const uint8_t *token;    /* in the buffer, or NULL; bare kinds: the whole buffer */
	size_t token_len;
};

enum cw_ec spnego_decode(const uint8_t *buf, size_t len, struct spnego_token *out);
/* A client's first token: mechanisms in order, the token is for the first one. */
void spnego_init_encode(struct cw_wr *w, const enum spnego_mech *mech, size_t mech_count,
			const uint8_t *token, size_t len);
/* Later tokens of both sides. state, mech: as NONE they are left out; len 0: no token. */
void spnego_response_encode(struct cw_wr *w, enum spnego_state state, enum spnego_mech mech,
			    const uint8_t *token, size_t len);
const char *spnego_mech_name(enum spnego_mech m);

#endif
