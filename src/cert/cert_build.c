/*
 * Chains from the server's certificate upwards, depth first, the likeliest issuer first. Every
 * step, signature and chain counts against a limit, so that thousands of certificates that sign
 * each other end as quickly as real ones.
 */
#include <openssl/x509.h>
#include <string.h>

#include "cert/chain.h"

/* Chains that end nowhere are kept up to here: they must not crowd out the one that ends well. */
enum { PARTIAL_MOST = 8 };

static bool in_pool(const struct judging *j, const struct cert *c)
{
	for (size_t i = 0; i < j->pool_count; i++) {
		if (strcmp(j->pool[i].cert->sha256, c->sha256) == 0)
			return true;
	}
	return false;
}

static void add_set(struct judging *j, const struct cert_set *s, bool trusted, bool fetched)
{
	for (size_t i = 0; i < cert_set_count(s); i++) {
		const struct cert *c = cert_set_at(s, i);
		if (!trusted && in_pool(j, c))
			continue;
		j->pool[j->pool_count++] =
			(struct candidate){ c, X509_subject_name_hash(c->x509), trusted, fetched };
	}
}

void chain_pool_make(struct judging *j)
{
	const struct cert_question *q = j->q;
	size_t most =
		cert_set_count(q->trusted) + cert_set_count(q->sent) + cert_set_count(q->fetched);
	j->pool = cw_arena_array_of(j->arena, struct candidate, most);
	add_set(j, q->trusted, true, false);
	add_set(j, q->sent, false, false);
	add_set(j, q->fetched, false, true);
}

bool chain_signed_by(struct judging *j, const struct cert *cert, const struct cert *issuer)
{
	for (size_t i = 0; i < j->signatures; i++) {
		if (j->signature[i].cert == cert && j->signature[i].issuer == issuer)
			return j->signature[i].ok;
	}
	if (j->signatures == j->signatures_most) {
		j->limited = true;
		return false;
	}
	bool ok = cert_signed_by(cert, issuer);
	j->signature[j->signatures++] = (struct signature_memo){ cert, issuer, ok };
	return ok;
}

static void record(struct judging *j, const struct cert_chain *chain, enum cert_chain_end end)
{
	bool nowhere = end == CERT_END_PARTIAL || end == CERT_END_UNFINISHED;
	if (j->chains == j->chains_most) {
		j->limited = true;
		return;
	}
	if (nowhere && j->partial == PARTIAL_MOST)
		return;
	j->partial += nowhere;
	j->chain[j->chains] = *chain;
	j->chain[j->chains++].end = end;
}

/* The same name with the same key a second time: a loop, whatever else differs (RFC 4158 2.4.2). */
static bool repeats(const struct cert_chain *chain, const struct cert *c)
{
	const EVP_PKEY *key = X509_get0_pubkey(c->x509);
	for (size_t i = 0; i < chain->count; i++) {
		const struct cert *have = chain->cert[i];
		if (have == c || strcmp(have->sha256, c->sha256) == 0)
			return true;
		const EVP_PKEY *other = X509_get0_pubkey(have->x509);
		if (key && other && strcmp(have->subject, c->subject) == 0 &&
		    EVP_PKEY_eq(key, other) == 1)
			return true;
	}
	return false;
}

struct option {
	const struct candidate *candidate;
	int rank;
};

static int rank_of(const struct judging *j, const struct cert *child, const struct candidate *c)
{
	int64_t now_s = j->q->now_s;
	bool key_matches = child->authority_key_id.len && c->cert->key_id.len &&
			   !cert_key_id_differs(child, c->cert);
	return (c->trusted ? 8 : 0) + (key_matches ? 4 : 0) -
	       (cert_key_id_differs(child, c->cert) ? 16 : 0) +
	       (c->cert->not_before_s <= now_s && now_s <= c->cert->not_after_s ? 2 : 0) +
	       (c->fetched ? 0 : 1);
}

/* Candidates by rank, highest first; equal ones as they came. */
static size_t options_of(struct judging *j, const struct cert_chain *chain, struct option **out)
{
	const struct cert *child = chain->cert[chain->count - 1];
	unsigned long hash = X509_issuer_name_hash(child->x509);
	struct option *option = NULL;
	size_t count = 0;
	for (size_t i = 0; i < j->pool_count; i++) {
		const struct candidate *c = &j->pool[i];
		if (c->subject_hash != hash || !cert_names_issuer(child, c->cert) ||
		    repeats(chain, c->cert))
			continue;
		if (!option)
			option = cw_arena_array_of(j->arena, struct option, j->pool_count - i);
		struct option new = { c, rank_of(j, child, c) };
		size_t at = count++;
		for (; at && option[at - 1].rank < new.rank; at--)
			option[at] = option[at - 1];
		option[at] = new;
	}
	*out = option;
	return count;
}

static bool is_trusted(const struct judging *j, const struct cert *c)
{
	return cert_set_find(j->q->trusted, c->sha256) != NULL;
}

static void extend(struct judging *j, struct cert_chain *chain);

static void step(struct judging *j, struct cert_chain *chain, const struct candidate *c, bool bad)
{
	bool fetched_before = chain->uses_fetched;
	chain->signature_bad[chain->count - 1] = bad;
	chain->cert[chain->count++] = c->cert;
	chain->uses_fetched |= c->fetched;
	extend(j, chain);
	chain->uses_fetched = fetched_before;
	chain->count--;
	chain->signature_bad[chain->count - 1] = false;
}

/* Every issuer whose key verifies; where none does, the one that the certificate names by key, or
 * names at all: then the signature is what is wrong. */
static void try_options(struct judging *j, struct cert_chain *chain, const struct option *option,
			size_t count)
{
	const struct cert *child = chain->cert[chain->count - 1];
	bool any = false;
	for (size_t i = 0; i < count && j->chains < j->chains_most; i++) {
		if (!chain_signed_by(j, child, option[i].candidate->cert))
			continue;
		any = true;
		step(j, chain, option[i].candidate, false);
	}
	if (any)
		return;
	if (j->limited)
		record(j, chain, CERT_END_UNFINISHED);
	else if (count && !cert_key_id_differs(child, option[0].candidate->cert))
		step(j, chain, option[0].candidate, true);
	else
		record(j, chain, CERT_END_PARTIAL);
}

static void extend(struct judging *j, struct cert_chain *chain)
{
	const struct cert *top = chain->cert[chain->count - 1];
	struct option *option;
	if (top->self_issued && is_trusted(j, top)) {
		record(j, chain, CERT_END_TRUSTED);
		return;
	}
	if (top->self_issued && chain_signed_by(j, top, top)) {
		record(j, chain, CERT_END_UNTRUSTED);
		return;
	}
	if (chain->count >= j->depth_most || ++j->steps > LIMIT_CERT_STEPS) {
		j->limited = true;
		record(j, chain, CERT_END_UNFINISHED);
		return;
	}
	size_t count = options_of(j, chain, &option);
	try_options(j, chain, option, count);
}

void chain_build(struct judging *j)
{
	struct cert_chain chain = { .count = 1 };
	chain.cert[0] = cert_set_at(j->q->sent, 0);
	extend(j, &chain);
	/* Where not all was looked at, nobody may say that no trusted chain exists. */
	for (size_t i = 0; j->limited && i < j->chains; i++) {
		if (j->chain[i].end != CERT_END_TRUSTED)
			j->chain[i].end = CERT_END_UNFINISHED;
	}
}
