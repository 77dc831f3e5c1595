/*
 * Certificates as they are read: what each one says, and sets of them.
 *
 * A set owns its certificates; a struct cert is lent, and lives as long as its set. Times are
 * seconds since 1970, UTC. Names are UTF-8 without control characters, ready to be shown. What a
 * certificate says wrongly (an extension that cannot be read) is kept as a fault, not refused: the
 * judge (cert/judge.h) reports it.
 */
#ifndef CW_CERT_CERT_H
#define CW_CERT_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ec.h"

struct x509_st;             /* OpenSSL's X509 */
struct NAME_CONSTRAINTS_st; /* OpenSSL's NAME_CONSTRAINTS */

struct cert_bytes {
	const uint8_t *at;
	size_t len;
};

struct cert_list {
	size_t count;
	const char **item;
};

enum cert_hash { CERT_HASH_OTHER, CERT_HASH_MD5, CERT_HASH_SHA1, CERT_HASH_SHA2 };

/* Bits of keyUsage (RFC 5280 4.2.1.3) that are looked at. */
enum { CERT_KU_CERT_SIGN = 1, CERT_KU_CRL_SIGN = 2 };

struct cert {
	struct x509_st *x509; /* the set's; never NULL */
	struct cert_bytes der;
	const char *source;                /* as given to cert_set_add */
	char sha256[65], sha1[41];         /* thumbprints, lower-case hex */
	const char *subject, *issuer;      /* "CN=vpn.contoso.com,O=Contoso"; "" where empty */
	const char *serial;                /* lower-case hex, "-" before a negative one */
	int64_t not_before_s, not_after_s; /* both inclusive (RFC 5280 4.1.2.5) */
	unsigned version;                  /* 1 to 3 */
	bool self_issued;                  /* subject equals issuer */
	const char *key_type;              /* "RSA", "EC P-256", "Ed25519", "unknown" */
	unsigned key_bits;                 /* 0: cannot be read */
	const char *signature_algorithm;   /* "sha256WithRSAEncryption", or an OID */
	enum cert_hash hash;               /* of the signature */
	struct cert_list dns, ip, common;  /* SAN dNSName and iPAddress, subject CN */
	struct cert_list other_names;      /* other SAN entries, "email:...", "uri:..." */
	bool has_san;
	bool has_eku, eku_server, eku_client, eku_any, eku_ocsp;
	struct cert_list eku; /* OIDs in dotted form */
	bool has_basic, is_ca;
	long path_length; /* -1: none */
	bool has_usage;
	unsigned usage;                             /* CERT_KU_ */
	struct NAME_CONSTRAINTS_st *constraints;    /* NULL: none */
	struct cert_bytes key_id, authority_key_id; /* len 0: none */
	/* Revocation and issuer sources, as they stand in the certificate. */
	struct cert_list cdp_http, cdp_ldap, cdp_other;
	struct cert_list cdp_names; /* every fullName of a point that Windows looks at */
	bool cdp_skipped;           /* a point with reasons, cRLIssuer or a relative name */
	struct cert_list ocsp, issuers_http, issuers_ldap, freshest;
	bool ocsp_no_check, must_staple;
	struct cert_list critical_unknown; /* OIDs of critical extensions that nobody handles */
	const char *malformed;             /* what cannot be read; NULL: all can */
};

struct cert_set;

struct cert_set *cert_set_new(void);
/* NULL is fine. */
void cert_set_free(struct cert_set *s);

struct cert_set_report {
	size_t added;      /* certificates that are new to the set */
	size_t repeated;   /* those it already held */
	size_t unreadable; /* blocks that look like a certificate and are none */
	bool private_key;  /* the file also holds a private key (skipped and wiped) */
};

/*
 * Adds every certificate in bytes: DER (one or several in a row), PEM with any text around, or
 * PKCS#7 in either form. source says where they come from ("sent by the server", a URL, a file)
 * and is copied. out may be NULL.
 * CW_EMALFORMED: none could be read. CW_ETOOBIG: over LIMIT_CERT_FILE or LIMIT_CERT_SET; what was
 * added until then stays.
 */
enum cw_ec cert_set_add(struct cert_set *s, const void *bytes, size_t len, const char *source,
			struct cert_set_report *out);

size_t cert_set_count(const struct cert_set *s);
/* In the order of adding. */
const struct cert *cert_set_at(const struct cert_set *s, size_t index);
/* The certificate with this SHA-256 thumbprint, or NULL. */
const struct cert *cert_set_find(const struct cert_set *s, const char *sha256);

/* The issuer name of child is the subject of issuer. */
bool cert_names_issuer(const struct cert *child, const struct cert *issuer);
/* Both carry a key identifier and they differ. */
bool cert_key_id_differs(const struct cert *child, const struct cert *issuer);
/* The signature of child verifies with issuer's key. Costs one public key operation. */
bool cert_signed_by(const struct cert *child, const struct cert *issuer);

/* "2026-11-22 04:05:06 UTC". */
const char *cert_time_text(struct cw_arena *a, int64_t time_s);
/* "a, b, c"; "none" in English where the list is empty. */
const char *cert_list_text(struct cw_arena *a, const struct cert_list *l);
bool cert_list_has(const struct cert_list *l, const char *item);

#endif
