/* Transaction signatures (RFC 8945) and the key files that nsupdate -k takes. */
#ifndef CW_CODEC_TSIG_H
#define CW_CODEC_TSIG_H

#include "base/limits.h"
#include "codec/dns.h"

enum tsig_algorithm {
	TSIG_NONE,
	TSIG_HMAC_MD5,
	TSIG_HMAC_SHA1,
	TSIG_HMAC_SHA224,
	TSIG_HMAC_SHA256,
	TSIG_HMAC_SHA384,
	TSIG_HMAC_SHA512,
};

enum { TSIG_MAC_MOST = 64, TSIG_SECRET_MOST = 512 };

struct tsig_key {
	char name[LIMIT_DNS_NAME_TEXT];
	enum tsig_algorithm algorithm;
	uint8_t secret[TSIG_SECRET_MOST];
	size_t secret_len;
};

struct tsig_mac {
	uint8_t bytes[TSIG_MAC_MOST];
	size_t len;
};

/* What the TSIG record of an answer says, whether or not it verifies. */
struct tsig_verdict {
	bool verified;
	uint16_t error;  /* 0, 16 BADSIG, 17 BADKEY, 18 BADTIME */
	const char *why; /* English word when not verified: "no TSIG", "wrong key name", ... */
	uint64_t time_s; /* the signer's clock; with BADTIME the server's (RFC 8945 5.2.3) */
	/* What a server says to such a request: 0, BADSIG, BADKEY, BADTIME or BADTRUNC. */
	uint16_t answer_error;
};

/* Name in DNS ("hmac-sha256"; hmac-md5 has its long form) and back; TSIG_NONE if not known. */
const char *tsig_algorithm_name(enum tsig_algorithm a);
enum tsig_algorithm tsig_algorithm_of(const char *name);

/*
 * Appends a TSIG record to the message in w and raises its additional count.
 * request_mac: NULL for a request, the request's MAC for an answer. out_mac: the MAC made, may
 * be NULL. error: BADSIG and BADKEY answers carry an empty MAC (RFC 8945 5.3.2); for BADTIME
 * there is the call below. The message starts at w->base: a length prefix comes later.
 * CW_EINVAL: unusable key, or no message. CW_ETOOBIG: does not fit. CW_EUNSUPPORTED: this
 * OpenSSL does not do the algorithm (FIPS and MD5).
 */
enum cw_ec tsig_sign(struct cw_wr *w, const struct tsig_key *key, uint64_t time_s,
		     const struct tsig_mac *request_mac, uint16_t error, struct tsig_mac *out_mac);

/* A server's answer to a request whose clock is too far from its own (RFC 8945 5.2.3). */
enum cw_ec tsig_sign_badtime(struct cw_wr *w, const struct tsig_key *key, uint64_t client_time_s,
			     uint64_t server_time_s, const struct tsig_mac *request_mac);

/* Judges the TSIG of a received message, time_s being our clock; MACs are compared in constant
 * time. out_mac, if given, gets the MAC that the message carries (a server needs it to answer).
 * CW_OK: judged, whatever the verdict. CW_EMALFORMED: the message or its TSIG cannot be read.
 * CW_EINVAL, CW_EUNSUPPORTED: as tsig_sign. */
enum cw_ec tsig_verify(const uint8_t *message, size_t len, const struct tsig_key *key,
		       uint64_t time_s, const struct tsig_mac *request_mac,
		       struct tsig_verdict *out, struct tsig_mac *out_mac);

/*
 * Reads the text of a key file: a named.conf "key" statement, or the private half of a
 * dnssec-keygen pair ("Private-key-format: ..."), whose key name comes from the file's name
 * K<name>.+<alg>+<tag>.private (file_name may be NULL for the first kind).
 * On error *why says in English what was wanted and what was there; secrets are never in it.
 */
enum cw_ec tsig_key_parse(const char *text, size_t len, const char *file_name, struct tsig_key *out,
			  char *why, size_t why_size);

/* Wipes the secret in a way that the compiler keeps. */
void tsig_key_wipe(struct tsig_key *key);

#endif
