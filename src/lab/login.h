/* How a proxy of the lab asks for a login, and whether it takes one. */
#ifndef CW_LAB_LOGIN_H
#define CW_LAB_LOGIN_H

#include "lab/front.h"

enum { LOGIN_NONCES = 16, LOGIN_NONCE_TEXT = 33, LOGIN_TOKEN_MOST = 8192 };

/* Of a proxy: the Digest nonces that it gave out last, each with its next count. */
struct lab_nonces {
	char text[LOGIN_NONCES][LOGIN_NONCE_TEXT];
	uint32_t next[LOGIN_NONCES];
	unsigned newest;
};

/* Of a connection: NTLM belongs to it (MS-NTHT). */
struct lab_login {
	bool in;         /* logged in for the rest of the connection */
	bool challenged; /* a NTLM challenge with this nonce is out */
	uint8_t nonce[8];
};

/* Judges the credentials of the present request. True: it may pass. False: the answer has the
 * status 407 and every challenge. */
bool lab_login_judge(struct front_conn *f, struct lab_nonces *nonces, struct lab_login *state,
		     struct front_answer *answer);

#endif
