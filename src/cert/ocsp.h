/* OCSP (RFC 6960): one response judged for one certificate, and the request that asks for it. */
#ifndef CW_CERT_OCSP_H
#define CW_CERT_OCSP_H

#include "cert/cert.h"

enum ocsp_status { OCSP_USELESS, OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

/* Faults of a response for one certificate, as bits. */
enum ocsp_fault {
	OCSP_FAULT_MALFORMED = 1 << 0,
	OCSP_FAULT_ERROR = 1 << 1,     /* the responder says so: tryLater, unauthorized ... */
	OCSP_FAULT_OTHER = 1 << 2,     /* it is about other certificates */
	OCSP_FAULT_SIGNATURE = 1 << 3, /* does not verify, or the signer's certificate is missing */
	OCSP_FAULT_SIGNER = 1 << 4,    /* the signer may not speak for this issuer */
	OCSP_FAULT_NOT_YET = 1 << 5,
	OCSP_FAULT_STALE = 1 << 6,
};

struct ocsp_question {
	const void *bytes;
	size_t len;
	const struct cert *cert, *issuer;
	int64_t now_s;
};

struct ocsp_verdict {
	enum ocsp_status
		status; /* OCSP_REVOKED also of a stale response; never of an unsigned one */
	unsigned faults;
	const char *error;  /* with OCSP_FAULT_ERROR: "trylater" */
	const char *signer; /* subject, or NULL */
	int64_t this_update_s, next_update_s;
	bool has_next_update;
	int64_t revoked_s;
	int reason; /* as crl_reason_name takes it; -1: none */
};

void ocsp_judge(struct cw_arena *a, const struct ocsp_question *q, struct ocsp_verdict *out);

/* The DER request for one certificate, without nonce, its CertID with SHA-1 as every responder
 * takes it. len 0: it could not be made. In the arena. */
struct cert_bytes ocsp_request(struct cw_arena *a, const struct cert *cert,
			       const struct cert *issuer);

#endif
