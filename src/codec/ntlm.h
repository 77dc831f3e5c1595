/*
 * The three NTLM messages (MS-NLMP 2.2.1) and the NTLMv2 and LMv2 responses (3.3.2), both sides, as
 * HTTP proxies ask for them. No signing or sealing, no NTLMv1, no message integrity code.
 */
#ifndef CW_CODEC_NTLM_H
#define CW_CODEC_NTLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec.h"
#include "base/wr.h"

enum ntlm_type { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };

/* MS-NLMP 2.2.2.5 */
enum ntlm_flag {
	NTLM_UNICODE = 0x00000001,
	NTLM_OEM = 0x00000002,
	NTLM_REQUEST_TARGET = 0x00000004,
	NTLM_NTLM = 0x00000200,
	NTLM_DOMAIN_SUPPLIED = 0x00001000,
	NTLM_WORKSTATION_SUPPLIED = 0x00002000,
	NTLM_ALWAYS_SIGN = 0x00008000,
	NTLM_TARGET_DOMAIN = 0x00010000,
	NTLM_TARGET_SERVER = 0x00020000,
	NTLM_EXTENDED_SECURITY = 0x00080000,
	NTLM_TARGET_INFO = 0x00800000,
	NTLM_VERSION = 0x02000000,
	NTLM_128 = 0x20000000,
	NTLM_KEY_EXCHANGE = 0x40000000,
};

/* MS-NLMP 2.2.2.1 */
enum ntlm_av {
	NTLM_AV_END = 0,
	NTLM_AV_COMPUTER = 1, /* NetBIOS */
	NTLM_AV_DOMAIN = 2,   /* NetBIOS */
	NTLM_AV_DNS_COMPUTER = 3,
	NTLM_AV_DNS_DOMAIN = 4,
	NTLM_AV_FLAGS = 6,
	NTLM_AV_TIMESTAMP = 7,
};

enum {
	NTLM_CLIENT_FLAGS = NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN |
			    NTLM_EXTENDED_SECURITY,
	NTLM_NONCE = 8,
	NTLM_KEY = 16,
	NTLM_LMV2 = 24,
	NTLM_MESSAGE_MOST = 4096, /* what is written or read here; real ones are below 1 KiB */
	NTLM_NAME_MOST = 256,     /* characters of a user, domain or workstation name */
};

/* Lies in the message. Names are UTF-16LE with NTLM_UNICODE, else in the OEM code page. */
struct ntlm_bytes {
	const uint8_t *at;
	size_t len;
};

struct ntlm_negotiate {
	uint32_t flags;
	struct ntlm_bytes domain, workstation; /* OEM, mostly empty */
};

struct ntlm_challenge {
	uint32_t flags;
	uint8_t nonce[NTLM_NONCE];
	struct ntlm_bytes target_name, target_info; /* target_info: AV pairs with their end */
};

struct ntlm_authenticate {
	uint32_t flags;
	struct ntlm_bytes lm, nt, domain, user, workstation, session_key;
};

/* 0: no NTLM message. */
enum ntlm_type ntlm_type_of(const uint8_t *buf, size_t len);

/* Decoders take hostile input: every offset is checked. CW_EMALFORMED; CW_ETOOBIG. */
enum cw_ec ntlm_negotiate_decode(const uint8_t *buf, size_t len, struct ntlm_negotiate *out);
enum cw_ec ntlm_challenge_decode(const uint8_t *buf, size_t len, struct ntlm_challenge *out);
enum cw_ec ntlm_authenticate_decode(const uint8_t *buf, size_t len, struct ntlm_authenticate *out);
/* The message begins where w stands. */
void ntlm_negotiate_encode(struct cw_wr *w, const struct ntlm_negotiate *m);
void ntlm_challenge_encode(struct cw_wr *w, const struct ntlm_challenge *m);
void ntlm_authenticate_encode(struct cw_wr *w, const struct ntlm_authenticate *m);

/* AV pairs. get: CW_ENOTFOUND, CW_EMALFORMED. put_text takes UTF-8. End the list with put_end. */
enum cw_ec ntlm_av_get(struct ntlm_bytes list, enum ntlm_av id, struct ntlm_bytes *out);
void ntlm_av_put_text(struct cw_wr *w, enum ntlm_av id, const char *text);
void ntlm_av_put_time(struct cw_wr *w, uint64_t filetime);
void ntlm_av_put_end(struct cw_wr *w);

struct ntlm_login {
	const char *domain; /* "": none */
	const char *user, *password;
	const char *workstation; /* "": none */
};

/* Takes "DOMAIN\user" apart; "user" and "user@domain" stay whole. Both outs hold size bytes. */
bool ntlm_user_split(const char *typed, char *domain, char *user, size_t size);

/* 100 ns since 1601 (FILETIME). */
uint64_t ntlm_filetime(int64_t unix_s);

/*
 * A client's answer to a challenge: NTLMv2, with LMv2 unless the server tells its time (MS-NLMP
 * 3.1.5.1.2), whose time is then used instead of ours. client_nonce: 8 octets of randomness.
 * CW_EUNSUPPORTED: the server asks for what is not done here (no Unicode). CW_EMALFORMED: its
 * message; CW_EINVAL: a name or password that is no UTF-8 or too long; CW_ETOOBIG: w is full.
 */
enum cw_ec ntlm_answer(struct cw_wr *w, const uint8_t *challenge, size_t len,
		       const struct ntlm_login *login, const uint8_t client_nonce[NTLM_NONCE],
		       uint64_t filetime);

enum ntlm_verdict {
	NTLM_GOOD,
	NTLM_WRONG_USER,
	NTLM_WRONG_PASSWORD, /* or domain: they go into one key */
	NTLM_TOO_OLD,        /* a response that is not NTLMv2 */
	NTLM_ANONYMOUS,
};
/* The server's check. The user is compared without case; login->domain is compared where it is not
 * "", and the key is made with the domain that the client sent. */
enum ntlm_verdict ntlm_check(const struct ntlm_authenticate *m, const uint8_t nonce[NTLM_NONCE],
			     const struct ntlm_login *login);

/* The parts, as MS-NLMP 3.3.2 names them. false: no UTF-8, or too long. */
bool ntlm_ntowf_v2(const struct ntlm_login *login, uint8_t key[NTLM_KEY]);
/* LMv2 response: proof and client nonce. false: this OpenSSL does not do MD5 (FIPS). */
bool ntlm_lm_v2(const uint8_t key[NTLM_KEY], const uint8_t nonce[NTLM_NONCE],
		const uint8_t client_nonce[NTLM_NONCE], uint8_t out[NTLM_LMV2]);
/* NTLMv2 response: proof and blob; without MD5 w turns bad. */
void ntlm_nt_v2(struct cw_wr *w, const uint8_t key[NTLM_KEY], const uint8_t nonce[NTLM_NONCE],
		const uint8_t client_nonce[NTLM_NONCE], uint64_t filetime,
		struct ntlm_bytes target_info);
/* RFC 1320; OpenSSL 3 has it in its legacy provider only. Good for old protocols, for nothing
 * else. */
void ntlm_md4(const void *data, size_t len, uint8_t out[16]);

/* UTF-8 to UTF-16LE; upper: each character's simple upper case, as Windows does it. false: no
 * UTF-8. And back, with U+FFFD for lone surrogates; out is always ended. */
bool ntlm_utf16_put(struct cw_wr *w, const char *text, bool upper);
void ntlm_utf16_text(struct ntlm_bytes in, char *out, size_t size);

#endif
