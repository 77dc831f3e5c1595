/* The certificates of a lab, and what its servers hand out of them: src/cert's CA in the words of a
 * scenario. No sockets. */
#ifndef CW_LAB_PKI_H
#define CW_LAB_PKI_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "cert/ca.h"
#include "lab/scenario.h"

struct lab;
struct lab_pki;

/* Makes every certificate of the scenario. NULL: *trouble names the one that failed. */
struct lab_pki *lab_pki_new(struct lab *lab, const char **trouble);
/* NULL is fine. */
void lab_pki_free(struct lab_pki *p);

/* Lent. */
const struct ca_cert *lab_pki_cert(const struct lab_pki *p, const struct scenario_cert *c);
const char *lab_pki_pem(const struct lab_pki *p, const struct scenario_cert *c);

/* What follows lies in the arena; len 0: it could not be made. */

/* The list of this CA as of now, with this fault. */
struct cert_bytes lab_pki_crl(const struct lab_pki *p, const struct scenario_cert *ca,
			      enum scenario_crl_fault fault, struct cw_arena *arena);
/* The answer to an OCSP request (RFC 6960 4.1), which may be anything. The first certificate that
 * it asks for counts. */
struct cert_bytes lab_pki_ocsp(const struct lab_pki *p, const struct scenario_cert *ca,
			       enum scenario_ocsp_fault fault, const uint8_t *request, size_t len,
			       struct cw_arena *arena);
/* What goes along with a handshake. */
struct cert_bytes lab_pki_staple(const struct lab_pki *p, const struct scenario_cert *c,
				 enum scenario_staple staple, struct cw_arena *arena);
/* A certificate for this host, as a proxy makes it that opens TLS; lent. NULL: not possible. */
const struct ca_cert *lab_pki_imitate(const struct lab_pki *p, const struct scenario_cert *ca,
				      const char *host);

#endif
