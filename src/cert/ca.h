/*
 * A small CA that makes certificates, revocation lists and OCSP responses, sound ones and faulty
 * ones, for tests and for the lab's servers. It issues for made-up names only; nothing that runs
 * against a real server uses it.
 *
 * What is left zero in a specification is sound: an EC P-256 key, SHA-256, no extension beyond
 * those that RFC 5280 wants. Times are seconds since 1970, UTC, always given. Keys come from
 * OpenSSL's own generator of random bits.
 *
 *     struct ca *ca = ca_new();
 *     const struct ca_cert *root = ca_issue(ca, &(struct ca_spec){
 *         .name = "Contoso Root", .is_ca = true, .from_s = from, .to_s = to });
 *     const struct ca_cert *leaf = ca_issue(ca, &(struct ca_spec){ .issuer = root,
 *         .name = "vpn.contoso.com", .san = "DNS:vpn.contoso.com", .eku = "serverAuth",
 *         .from_s = from, .to_s = to });
 */
#ifndef CW_CERT_CA_H
#define CW_CERT_CA_H

#include "cert/cert.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

enum ca_key { CA_KEY_EC, CA_KEY_RSA_2048, CA_KEY_RSA_1024, CA_KEY_RSA_512, CA_KEY_ED25519 };
enum ca_hash { CA_HASH_SHA256, CA_HASH_SHA1, CA_HASH_MD5 };

enum { CA_URLS = 4, CA_REVOKED = 8 };

struct ca_cert {
	struct x509_st *x509;
	struct evp_pkey_st *key;
	struct cert_bytes der;
};

struct ca_spec {
	const char *name;             /* CN, UTF-8; NULL: an empty subject */
	const struct ca_cert *issuer; /* NULL: self-signed */
	const struct ca_cert *key_of; /* use this one's key (cross-signing); NULL: a new one */
	enum ca_key key;
	enum ca_hash hash;
	int64_t from_s, to_s;
	unsigned serial; /* 0: the next one */
	bool is_ca;
	bool no_basic; /* a CA without basicConstraints */
	bool no_key_ids;
	bool version_1;           /* no extensions at all */
	const char *path_length;  /* "0"; NULL: none */
	const char *usage;        /* "keyCertSign"; NULL: both signing bits for a CA */
	const char *san;          /* "DNS:a.example,IP:192.0.2.1"; NULL: none */
	const char *eku;          /* "serverAuth", "clientAuth", "anyExtendedKeyUsage" */
	const char *constraints;  /* "permitted;DNS:contoso.com" */
	const char *critical_oid; /* "1.2.3.4": a critical extension of this kind */
	const char *cdp[CA_URLS], *freshest[CA_URLS];
	const char *ocsp[CA_URLS], *issuers[CA_URLS];
	bool ocsp_no_check;
	bool bad_signature;
};

enum { CA_NOT_DELTA = 0 };

struct ca_list_spec {
	const struct ca_cert *issuer;
	const struct ca_cert *signer; /* NULL: the issuer */
	int64_t this_s, next_s;       /* next_s 0: no nextUpdate */
	unsigned number;              /* 0: no cRLNumber */
	unsigned delta_of;            /* the base's number; CA_NOT_DELTA: a base list */
	const struct ca_cert *revoked[CA_REVOKED];
	int64_t revoked_s;
	const char *reason;    /* "keyCompromise"; NULL: none */
	const char *scope_url; /* of an issuing distribution point */
	bool only_user, only_ca, indirect;
	const char *freshest;
	bool bad_signature;
};

enum ca_status { CA_GOOD, CA_REVOKED_STATUS, CA_UNKNOWN };

struct ca_response_spec {
	const struct ca_cert *cert, *issuer;
	const struct ca_cert *signer; /* NULL: the issuer */
	enum ca_status status;
	int64_t this_s, next_s; /* next_s 0: none */
	int64_t revoked_s;
	int error; /* an OCSPResponseStatus such as 3, tryLater; 0: an answer */
	bool bad_signature;
};

struct ca;

/* Ends the process only where memory does. */
struct ca *ca_new(void);
void ca_free(struct ca *ca);

/* All results live as long as the CA. NULL or len 0: OpenSSL does not take the specification. */
const struct ca_cert *ca_issue(struct ca *ca, const struct ca_spec *spec);
struct cert_bytes ca_list(struct ca *ca, const struct ca_list_spec *spec);
struct cert_bytes ca_response(struct ca *ca, const struct ca_response_spec *spec);

/* PEM text of a DER structure; label: "CERTIFICATE", "X509 CRL". */
const char *ca_pem(struct ca *ca, const char *label, struct cert_bytes der);

#endif
