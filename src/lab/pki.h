/* The certificates of a lab, and what its servers hand out of them. No sockets. */
#ifndef CW_LAB_PKI_H
#define CW_LAB_PKI_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "lab/scenario.h"

struct lab;
struct lab_pki;
struct x509_st;     /* OpenSSL's X509 */
struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

struct pki_bytes {
	const uint8_t *at; /* NULL: it could not be made */
	size_t len;
};

/* Makes every certificate of the scenario. NULL: *trouble names the one that failed. */
struct lab_pki *lab_pki_new(struct lab *lab, const char **trouble);
/* NULL is fine. */
void lab_pki_free(struct lab_pki *p);

/* Lent. */
struct x509_st *lab_pki_x509(const struct lab_pki *p, const struct scenario_cert *c);
struct evp_pkey_st *lab_pki_key(const struct lab_pki *p, const struct scenario_cert *c);
struct pki_bytes lab_pki_der(const struct lab_pki *p, const struct scenario_cert *c,
			     struct cw_arena *arena);
const char *lab_pki_pem(const struct lab_pki *p, const struct scenario_cert *c,
			struct cw_arena *arena, size_t *len);

/* The list of this CA as of now, with this fault. */
struct pki_bytes lab_pki_crl(const struct lab_pki *p, const struct scenario_cert *ca,
			     enum scenario_crl_fault fault, struct cw_arena *arena);
/* The answer to an OCSP request (RFC 6960 4.1), which may be anything. */
struct pki_bytes lab_pki_ocsp(const struct lab_pki *p, const struct scenario_cert *ca,
			      enum scenario_ocsp_fault fault, const uint8_t *request, size_t len,
			      struct cw_arena *arena);
/* What goes along with a handshake. */
struct pki_bytes lab_pki_staple(const struct lab_pki *p, const struct scenario_cert *c,
				enum scenario_staple staple, struct cw_arena *arena);
/* A certificate for this host, as a proxy makes it that opens TLS. The certificate and the key are
 * the caller's. */
bool lab_pki_imitate(const struct lab_pki *p, const struct scenario_cert *ca, const char *host,
		     struct x509_st **cert, struct evp_pkey_st **key);

#endif
