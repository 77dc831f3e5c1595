#include "cert/chain.h"

static unsigned or_most(unsigned asked, unsigned most)
{
	return asked && asked < most ? asked : most;
}

static void read_lists(struct judging *j)
{
	const struct cert_question *q = j->q;
	j->crl = cw_arena_array_of(j->arena, struct crl, q->crl_count);
	for (size_t i = 0; i < q->crl_count; i++)
		crl_read(j->arena, q->crl[i].bytes, q->crl[i].bytes ? q->crl[i].len : 0,
			 &j->crl[i]);
}

/* How bad a chain is. CryptoAPI too puts a trusted root before all else. */
static size_t weight_of(const struct cert_chain *chain, const struct fault_list *faults)
{
	static const size_t of_end[] = { [CERT_END_TRUSTED] = 0,
					 [CERT_END_UNTRUSTED] = 4000000,
					 [CERT_END_PARTIAL] = 5000000,
					 [CERT_END_UNFINISHED] = 3000000 };
	size_t weight = of_end[chain->end] + faults->errors * 1000 + faults->warnings * 2 +
			chain->uses_fetched;
	for (const struct cert_fault *f = faults->first; f; f = f->next) {
		if (f->kind == CERT_SIGNATURE)
			weight += 10000000;
		else if (f->kind == CERT_REVOKED && f->severity == CERT_ERROR)
			weight += 100000;
	}
	return weight;
}

static const struct cert_fault *weightiest(const struct cert_fault *first)
{
	const struct cert_fault *found = NULL;
	for (const struct cert_fault *f = first; f; f = f->next) {
		if (f->severity == CERT_ERROR && (!found || f->kind < found->kind))
			found = f;
	}
	return found;
}

static void choose(struct judging *j, struct cert_judgement *out)
{
	size_t best = SIZE_MAX;
	for (size_t i = 0; i < j->chains; i++) {
		struct fault_list faults = { 0 };
		chain_check(j, &j->chain[i], &faults);
		chain_check_revocation(j, &j->chain[i], &faults);
		size_t weight = weight_of(&j->chain[i], &faults);
		if (weight >= best)
			continue;
		best = weight;
		out->chain = j->chain[i];
		out->fault = faults.first;
		out->errors = faults.errors;
		out->warnings = faults.warnings;
	}
	out->first = weightiest(out->fault);
}

enum cw_ec cert_judge(const struct cert_question *q, struct cw_arena *a, struct cert_judgement *out)
{
	if (!cert_set_count(q->sent))
		return CW_EINVAL;
	struct judging *j = cw_arena_new_of(a, struct judging);
	j->q = q;
	j->arena = a;
	j->chains_most = or_most(q->limits.chains, LIMIT_CERT_CHAINS);
	j->signatures_most = or_most(q->limits.signatures, LIMIT_CERT_SIGNATURES);
	j->depth_most = or_most(q->limits.depth, LIMIT_CERT_DEPTH);
	j->chain = cw_arena_array_of(a, struct cert_chain, j->chains_most);
	*out = (struct cert_judgement){ .leaf = cert_set_at(q->sent, 0) };
	if (q->name)
		j->name = cert_name_judge(a, out->leaf, q->name);
	chain_pool_make(j);
	read_lists(j);
	chain_build(j);
	choose(j, out);
	out->name = j->name;
	out->chains = j->chains;
	out->signatures = j->signatures;
	out->limited = j->limited;
	return CW_OK;
}
