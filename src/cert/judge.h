/*
 * The judge of a server certificate, as a Windows client judges it: what was sent, what could be
 * fetched and what is trusted go in with the time; every fault comes out at once.
 *
 * Chains are built over all certificates of the question, and each is checked fully; the one with
 * the fewest and lightest faults is reported, as CryptoAPI does. Windows shows one code where
 * several faults coexist; which one is not documented, so `code` is the most probable.
 */
#ifndef CW_CERT_JUDGE_H
#define CW_CERT_JUDGE_H

#include "base/limits.h"
#include "base/text.h"
#include "cert/cert.h"

/*
 * id, stable name, Windows code (0: none is known), its symbol. The order is the order of weight:
 * the first one found is taken for the code that Windows shows.
 */
/* clang-format off */
#define CERT_FAULT_LIST(X) \
	X(CERT_SIGNATURE, "signature", 0x80096004, "TRUST_E_CERT_SIGNATURE") \
	X(CERT_CHAIN_INCOMPLETE, "chain-incomplete", 0x800B010A, "CERT_E_CHAINING") \
	X(CERT_CHAIN_UNFINISHED, "chain-unfinished", 0, "") \
	X(CERT_ROOT_UNTRUSTED, "root-untrusted", 0x800B0109, "CERT_E_UNTRUSTEDROOT") \
	X(CERT_REVOKED, "revoked", 0x80092010, "CRYPT_E_REVOKED") \
	X(CERT_LEAF_EXPIRED, "expired", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_LEAF_NOT_YET, "not-yet-valid", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_CA_EXPIRED, "ca-expired", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_CA_NOT_YET, "ca-not-yet-valid", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_ROOT_EXPIRED, "root-expired", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_ROOT_NOT_YET, "root-not-yet-valid", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_EKU, "eku", 0x800B0110, "CERT_E_WRONG_USAGE") \
	X(CERT_CA_EKU, "ca-eku", 0x800B0110, "CERT_E_WRONG_USAGE") \
	X(CERT_NOT_CA, "not-a-ca", 0x80096019, "TRUST_E_BASIC_CONSTRAINTS") \
	X(CERT_PATH_LENGTH, "path-length", 0x80096019, "TRUST_E_BASIC_CONSTRAINTS") \
	X(CERT_NO_CERT_SIGN, "no-cert-sign", 0x800B0103, "CERT_E_ROLE") \
	X(CERT_NAME_CONSTRAINTS, "name-constraints", 0x800B0114, "CERT_E_INVALID_NAME") \
	X(CERT_CRITICAL, "critical-extension", 0x800B0105, "CERT_E_CRITICAL") \
	X(CERT_MALFORMED, "malformed", 0, "") \
	X(CERT_WEAK_HASH, "weak-hash", 0x80096004, "TRUST_E_CERT_SIGNATURE") \
	X(CERT_WEAK_KEY, "weak-key", 0x80096004, "TRUST_E_CERT_SIGNATURE") \
	X(CERT_NAME, "name", 0x800B010F, "CERT_E_CN_NO_MATCH") \
	X(CERT_NO_REVOCATION_SOURCE, "no-revocation-source", 0x80092012, "CRYPT_E_NO_REVOCATION_CHECK") \
	X(CERT_REVOCATION_LDAP_ONLY, "revocation-ldap-only", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_UNREACHABLE, "revocation-unreachable", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_STALE, "revocation-stale", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_NOT_YET, "revocation-not-yet-valid", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_FORM, "revocation-not-a-list", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_MALFORMED, "revocation-malformed", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_ISSUER, "revocation-wrong-issuer", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_SIGNATURE, "revocation-signature", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_REVOCATION_SCOPE, "revocation-scope", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	X(CERT_OCSP_UNKNOWN, "ocsp-unknown", 0x80092014, "CRYPT_E_NOT_IN_REVOCATION_DATABASE") \
	X(CERT_OCSP_FAILED, "ocsp-failed", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE") \
	/* always warnings */ \
	X(CERT_SENT_INCOMPLETE, "sent-incomplete", 0x800B010A, "CERT_E_CHAINING") \
	X(CERT_SENT_ORDER, "sent-order", 0, "") \
	X(CERT_KEY_ID, "key-id", 0x800B010A, "CERT_E_CHAINING") \
	X(CERT_EXPIRES_SOON, "expires-soon", 0x800B0101, "CERT_E_EXPIRED") \
	X(CERT_NAME_STRICT, "name-strict", 0, "") \
	X(CERT_SHA1, "sha1", 0x80096004, "TRUST_E_CERT_SIGNATURE") \
	X(CERT_SHORT_KEY, "short-key", 0x80096004, "TRUST_E_CERT_SIGNATURE") \
	X(CERT_NO_NEXT_UPDATE, "no-next-update", 0, "") \
	X(CERT_DELTA_MISSING, "delta-missing", 0x80092013, "CRYPT_E_REVOCATION_OFFLINE")
/* clang-format on */

#define CERT_FAULT_AS_ENUM(id, name, code, symbol) id,
enum cert_fault_kind { CERT_FAULT_LIST(CERT_FAULT_AS_ENUM) CERT_FAULT_COUNT };
#undef CERT_FAULT_AS_ENUM

const char *cert_fault_name(enum cert_fault_kind kind);
/* 0 where Windows has no code of its own for it, or none is known. */
uint32_t cert_fault_code(enum cert_fault_kind kind);
const char *cert_fault_symbol(enum cert_fault_kind kind);

enum cert_severity {
	CERT_ERROR,   /* the client refuses the certificate */
	CERT_WARNING, /* it passes, or would in this mode */
};

struct cert_fault {
	enum cert_fault_kind kind;
	enum cert_severity severity;
	unsigned depth;          /* 0: the server's own certificate */
	const struct cert *cert; /* whose fault it is; lent by the question's sets */
	struct cw_text want, have;
	const char *url; /* of the list or response that it is about; NULL: none */
	const struct cert_fault *next;
};

enum cert_mode {
	CERT_MODE_SSTP,    /* hard revocation: a status that is not known is an error */
	CERT_MODE_WINHTTP, /* no revocation: what the evidence shows becomes a warning */
};

/* A list or response that was fetched, or the attempt. */
struct cert_evidence {
	const uint8_t *bytes; /* NULL: nothing came; lent */
	size_t len;
	const char *url;     /* as it stands in the certificate; NULL: a file, or stapled */
	const char *trouble; /* why nothing came, in words; NULL where bytes came */
	bool stapled;        /* an OCSP response from the handshake */
};

/* 0: the limit of base/limits.h. */
struct cert_limits {
	unsigned depth; /* certificates in a chain */
	unsigned chains;
	unsigned signatures;
};

struct cert_question {
	const struct cert_set *sent;    /* as the server sent them, its own first */
	const struct cert_set *fetched; /* by caIssuers URLs, or known otherwise; may be NULL */
	const struct cert_set *trusted; /* a chain ends where one of these is self-signed */
	const char *name; /* dialled, ASCII or UTF-8, or an address; NULL: not judged */
	int64_t now_s;
	enum cert_mode mode;
	const struct cert_evidence *crl, *ocsp;
	size_t crl_count, ocsp_count;
	struct cert_limits limits;
};

enum cert_chain_end {
	CERT_END_TRUSTED,
	CERT_END_UNTRUSTED,  /* self-signed, and not among the trusted */
	CERT_END_PARTIAL,    /* no certificate of its issuer */
	CERT_END_UNFINISHED, /* a limit was met */
};

enum cert_revocation {
	CERT_STATUS_NOT_JUDGED, /* root, or nothing to judge with in CERT_MODE_WINHTTP */
	CERT_STATUS_GOOD,
	CERT_STATUS_REVOKED,
	CERT_STATUS_UNKNOWN,
};

struct cert_chain {
	const struct cert *cert[LIMIT_CERT_DEPTH]; /* the server's own first */
	bool signature_bad[LIMIT_CERT_DEPTH];      /* of cert[i], by the key of cert[i + 1] */
	enum cert_revocation revocation[LIMIT_CERT_DEPTH];
	size_t count;
	enum cert_chain_end end;
	bool uses_fetched;
};

struct cert_name_verdict {
	bool judged, windows, strict; /* strict: RFC 9525 */
	const char *matched;          /* the name that made windows true, or NULL */
};

struct cert_judgement {
	const struct cert *leaf;
	struct cert_chain chain; /* the best one */
	const struct cert_fault
		*fault; /* of that chain: leaf first, errors and warnings; NULL: none */
	size_t errors, warnings;
	/* The error that Windows most probably shows; NULL without errors. */
	const struct cert_fault *first;
	struct cert_name_verdict name;
	size_t chains, signatures; /* looked at */
	bool limited;              /* a limit was met: other chains may exist */
};

/* Everything in out lives in the arena or is lent by q. CW_EINVAL: no certificate was sent. */
enum cw_ec cert_judge(const struct cert_question *q, struct cw_arena *a,
		      struct cert_judgement *out);

/* The name rules alone. */
struct cert_name_verdict cert_name_judge(struct cw_arena *a, const struct cert *leaf,
					 const char *name);

#endif
