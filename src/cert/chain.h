/* Inside src/cert: the steps of the judge. */
#ifndef CW_CERT_CHAIN_H
#define CW_CERT_CHAIN_H

#include "cert/crl.h"
#include "cert/judge.h"
#include "cert/ocsp.h"

struct fault_list {
	struct cert_fault *first, *last;
	size_t errors, warnings;
};

/* A revocation answer for one pair, kept for all chains that hold the pair. */
struct status_memo {
	const struct cert *cert, *issuer, *above;
	enum cert_revocation status;
	struct fault_list faults;
	struct status_memo *next;
};

struct candidate {
	const struct cert *cert;
	unsigned long subject_hash;
	bool trusted, fetched;
};

struct signature_memo {
	const struct cert *cert, *issuer;
	bool ok;
};

struct judging {
	const struct cert_question *q;
	struct cw_arena *arena;
	struct candidate *pool;
	size_t pool_count;
	struct signature_memo signature[LIMIT_CERT_SIGNATURES];
	size_t signatures, signatures_most;
	struct cert_chain *chain; /* built so far */
	size_t chains, chains_most, partial, steps, depth_most;
	bool limited;
	struct crl *crl; /* of q->crl, in its order */
	struct status_memo *status;
	struct cert_name_verdict name;
};

void chain_pool_make(struct judging *j);
/* Fills j->chain: at least one chain, unless j->limited. */
void chain_build(struct judging *j);
/* The signature of cert by issuer; false also when no more may be checked. */
bool chain_signed_by(struct judging *j, const struct cert *cert, const struct cert *issuer);

struct cert_fault *fault_add(struct cw_arena *a, struct fault_list *l, enum cert_fault_kind kind,
			     enum cert_severity severity, const struct cert *cert, unsigned depth);
void fault_append(struct cw_arena *a, struct fault_list *l, const struct cert_fault *fault,
		  unsigned depth);

/* Everything but revocation. */
void chain_check(struct judging *j, const struct cert_chain *chain, struct fault_list *out);
void chain_check_usage(struct judging *j, const struct cert_chain *chain, struct fault_list *out);
void chain_check_names(struct judging *j, const struct cert_chain *chain, struct fault_list *out);
/* Fills chain->revocation. */
void chain_check_revocation(struct judging *j, struct cert_chain *chain, struct fault_list *out);
/* Faults in lists and responses, in words. */
void revocation_crl_faults(struct judging *j, const struct cert *cert,
			   const struct cert_evidence *e, const struct crl *crl, unsigned faults,
			   enum cert_severity severity, struct fault_list *out);
void revocation_ocsp_faults(struct judging *j, const struct cert *cert,
			    const struct cert_evidence *e, const struct ocsp_verdict *v,
			    enum cert_severity severity, struct fault_list *out);

#endif
