/* Inside the CA: its memory and what its parts share. */
#ifndef CW_CERT_CA_PRIVATE_H
#define CW_CERT_CA_PRIVATE_H

#include <openssl/x509v3.h>

#include "cert/ca.h"

struct ca_made {
	struct ca_cert cert;
	struct ca_made *next;
};

struct ca {
	struct cw_arena *arena;
	struct ca_made *made;
	unsigned serials;
};

/* The hash for a signature; NULL for keys that have their own. */
const EVP_MD *ca_digest(const EVP_PKEY *key, enum ca_hash hash);
/* Takes der from OpenSSL over into the CA's memory; len <= 0 gives an empty one. bad_signature:
 * the last octet, which is the signature's, is changed. */
struct cert_bytes ca_keep(struct ca *ca, unsigned char *der, int len, bool bad_signature);
/* Distribution points, one for all URLs, as alternatives; NULL without URLs. */
CRL_DIST_POINTS *ca_points(const char *const *url, size_t count);

#endif
