/* Elements of DER (X.690) in place: the parts of large structures that must not be copied. */
#ifndef CW_CERT_DER_H
#define CW_CERT_DER_H

#include "base/rd.h"
#include "cert/cert.h"

struct asn1_string_st; /* OpenSSL's ASN1_TIME, ASN1_OCTET_STRING ... */
struct evp_pkey_st;

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0,
};

struct der {
	uint8_t tag;
	struct cw_rd body;       /* the content */
	struct cert_bytes whole; /* tag, length and content */
};

/* The next element. Only one-octet tags and definite lengths in their shortest form; r turns bad
 * on anything else. */
struct der der_next(struct cw_rd *r);
/* The next element when it has this tag; otherwise r turns bad. */
struct der der_want(struct cw_rd *r, uint8_t tag);
bool der_is(const struct cw_rd *r, uint8_t tag);

/* UTCTime and GeneralizedTime in the only forms that RFC 5280 4.1.2.5 allows. */
bool der_time(uint8_t tag, const uint8_t *text, size_t len, int64_t *out_s);
bool der_asn1_time(const struct asn1_string_st *t, int64_t *out_s);

/* Whether signature (a BIT STRING's content) over tbs verifies with the algorithm (an
 * AlgorithmIdentifier). Copies tbs for the time of the call. */
bool der_verify(struct cert_bytes tbs, struct cert_bytes algorithm, struct cert_bytes signature,
		struct evp_pkey_st *key);

#endif
