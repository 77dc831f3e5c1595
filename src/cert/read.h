/* Inside src/cert: from OpenSSL's objects to plain values. */
#ifndef CW_CERT_READ_H
#define CW_CERT_READ_H

#include <openssl/x509v3.h>

#include "cert/cert.h"

/* Fills c in from c->x509 and c->der; everything is allocated in a. */
void cert_read(struct cw_arena *a, struct cert *c);
/* Its second half: what the extensions say. */
void cert_read_extensions(struct cw_arena *a, struct cert *c);

void cert_list_add(struct cw_arena *a, struct cert_list *l, const char *item);
/* Octets as text: what is not printable ASCII becomes \xHH. */
const char *cert_octets_text(struct cw_arena *a, const uint8_t *at, size_t len);
/* The same for a string type; UTF-8 is kept. */
const char *cert_string_text(struct cw_arena *a, const ASN1_STRING *s);
const char *cert_hex(struct cw_arena *a, const uint8_t *at, size_t len);
const char *cert_name_text(struct cw_arena *a, const X509_NAME *name);
const char *cert_serial_text(struct cw_arena *a, const ASN1_INTEGER *serial);
const char *cert_oid_text(struct cw_arena *a, const ASN1_OBJECT *oid);

/* A general name as Windows compares those of CDP and IDP: URLs and DNS names without case, the
 * rest octet by octet (SecCrypto, CRL semantics). */
const char *cert_general_name_key(struct cw_arena *a, const GENERAL_NAME *name);
bool cert_starts_with(const char *text, const char *lower_case_prefix);

#endif
