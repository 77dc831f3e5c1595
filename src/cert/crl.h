/*
 * Revocation lists (RFC 5280 5). A list is read in place: the entries are walked when one serial is
 * looked up, so a list of 50 MB takes no memory beyond its bytes, but for the two copies that the
 * check of its signature makes for its time. Times are seconds since 1970, UTC.
 */
#ifndef CW_CERT_CRL_H
#define CW_CERT_CRL_H

#include "cert/cert.h"

/* What stands at a distribution point: one DER list is wanted (RFC 5280 4.2.1.13). */
enum crl_form { CRL_DER, CRL_PEM, CRL_HTML, CRL_EMPTY, CRL_TOO_BIG, CRL_OTHER };

/* Issuing distribution point (RFC 5280 5.2.5). */
struct crl_scope {
	bool present, only_user, only_ca, only_attribute, only_reasons, indirect;
	bool relative_name;     /* Windows reads fullName only */
	struct cert_list names; /* as cert.cdp_names */
};

struct crl {
	enum crl_form form;
	const char *malformed; /* what cannot be read, of CRL_DER; NULL: all can */
	const char *issuer;    /* UTF-8 */
	int64_t this_update_s, next_update_s;
	bool has_next_update;
	struct cert_bytes number; /* big endian; len 0: none */
	bool is_delta;
	struct cert_bytes base_number; /* of a delta list */
	struct crl_scope scope;
	struct cert_list freshest; /* URLs of delta lists */
	struct cert_list critical_unknown;
	struct cert_bytes authority_key_id;
	/* Parts in place, for the calls below. */
	struct cert_bytes tbs, algorithm, signature, issuer_der, entries;
	/* The last signer that was tried, so that a large list is hashed once. */
	const struct cert *tried;
	bool tried_ok;
};

/* Lends bytes. Never fails: out->form and out->malformed say what came. */
void crl_read(struct cw_arena *a, const void *bytes, size_t len, struct crl *out);
/* The DER bytes of the first X509 CRL block of a PEM text, in the arena; false: there is none. */
bool crl_from_pem(struct cw_arena *a, const void *text, size_t len, struct cert_bytes *out);

struct crl_entry {
	int64_t revoked_s;
	int reason; /* RFC 5280 5.3.1; -1: none given */
};

enum crl_lookup { CRL_ABSENT, CRL_LISTED, CRL_BROKEN /* an entry cannot be read or understood */ };
/* Walks the entries; serial is the content of a DER INTEGER. */
enum crl_lookup crl_find(const struct crl *crl, struct cert_bytes serial, struct crl_entry *out);
/* The content of the INTEGER, in the certificate's own bytes. */
struct cert_bytes cert_serial(const struct cert *c);

/* Faults of a list for one certificate, as bits. */
enum crl_fault {
	CRL_FAULT_FORM = 1 << 0, /* not one DER list */
	CRL_FAULT_MALFORMED = 1 << 1,
	CRL_FAULT_ISSUER = 1 << 2, /* another issuer than the certificate's */
	CRL_FAULT_SIGNATURE = 1 << 3,
	CRL_FAULT_USAGE = 1 << 4, /* the signer lacks cRLSign (RFC 5280 6.3.3 f) */
	CRL_FAULT_NOT_YET = 1 << 5,
	CRL_FAULT_STALE = 1 << 6,
	CRL_FAULT_SCOPE = 1 << 7,    /* Windows does not use it for this certificate */
	CRL_FAULT_CRITICAL = 1 << 8, /* a critical extension that is not handled */
	CRL_FAULT_DELTA = 1 << 9,    /* a delta without its base, or the reverse */
	/* Not a reason to leave the list aside: Windows takes it as never stale. */
	CRL_WARN_NO_NEXT_UPDATE = 1 << 16,
};
enum { CRL_FAULTS = 0xffff };

enum crl_status { CRL_USELESS, CRL_NOT_LISTED, CRL_REVOKED };

struct crl_question {
	struct crl *crl;
	const struct cert *cert, *signer; /* signer: whose key is to verify the list */
	int64_t now_s;
	struct crl *delta; /* NULL: none; judged with the same signer */
};

struct crl_verdict {
	/* A revocation counts even where the list is stale; a missing entry does not. */
	enum crl_status status;
	unsigned faults;       /* of the base */
	unsigned delta_faults; /* of the delta, 0 without one */
	struct crl_entry entry;
};

void crl_judge(const struct crl_question *q, struct crl_verdict *out);
/* True when the list says that this certificate issued it. */
bool crl_names_issuer(const struct crl *crl, const struct cert *issuer);
/* -1, 0, 1: numbers of lists compare by value, not by length. */
int crl_number_compare(struct cert_bytes a, struct cert_bytes b);

/* "keyCompromise"; "unspecified" for what is not known. */
const char *crl_reason_name(int reason);

#endif
