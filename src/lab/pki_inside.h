/* Between the two halves of the lab's certificates: pki.c makes them, pki_status.c says whether they
 * are revoked. */
#ifndef CW_LAB_PKI_INSIDE_H
#define CW_LAB_PKI_INSIDE_H

#include <openssl/x509.h>

#include "lab/pki.h"

struct pki_entry {
	const struct scenario_cert *def;
	X509 *cert;
	EVP_PKEY *key;
};

struct lab_pki {
	struct lab *lab;
	struct pki_entry *entry; /* by scenario_cert.index */
	size_t count;
	struct pki_entry stranger;   /* nobody knows it: what it signs is worth nothing */
	struct pki_entry *responder; /* by the CA's index; made when first asked for */
};

/* A certificate of this kind for this key, by its issuer; NULL: OpenSSL does not make it. */
X509 *pki_make(const struct lab_pki *p, const struct scenario_cert *def, EVP_PKEY *key);
void pki_entry_clear(struct pki_entry *e);

#endif
