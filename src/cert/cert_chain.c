#include <openssl/x509v3.h>
#include <string.h>

#include "cert/chain.h"
#include "cert/read.h"

enum { WARN_AHEAD_S = 30 * 86400, RSA_LEAST = 1024, RSA_WANTED = 2048, EC_WANTED = 256 };

static bool is_root(const struct cert_chain *chain, size_t depth)
{
	return depth + 1 == chain->count &&
	       (chain->end == CERT_END_TRUSTED || chain->end == CERT_END_UNTRUSTED);
}

/* Leaf, CA, root. */
static enum cert_fault_kind by_place(const struct cert_chain *chain, size_t depth,
				     const enum cert_fault_kind kind[3])
{
	return depth == 0 ? kind[0] : is_root(chain, depth) ? kind[2] : kind[1];
}

static void check_time(struct judging *j, const struct cert_chain *chain, size_t depth,
		       struct fault_list *out)
{
	static const enum cert_fault_kind expired[] = { CERT_LEAF_EXPIRED, CERT_CA_EXPIRED,
							CERT_ROOT_EXPIRED };
	static const enum cert_fault_kind not_yet[] = { CERT_LEAF_NOT_YET, CERT_CA_NOT_YET,
							CERT_ROOT_NOT_YET };
	const struct cert *c = chain->cert[depth];
	int64_t now_s = j->q->now_s;
	const char *now = cert_time_text(j->arena, now_s);
	struct cert_fault *f;
	if (now_s > c->not_after_s) {
		f = fault_add(j->arena, out, by_place(chain, depth, expired), CERT_ERROR, c,
			      (unsigned)depth);
		f->want = CW_TEXT(N_("a certificate that is valid at %s"), now);
		f->have = CW_TEXT(N_("valid until %s"), cert_time_text(j->arena, c->not_after_s));
	} else if (now_s < c->not_before_s) {
		f = fault_add(j->arena, out, by_place(chain, depth, not_yet), CERT_ERROR, c,
			      (unsigned)depth);
		f->want = CW_TEXT(N_("a certificate that is valid at %s"), now);
		f->have = CW_TEXT(N_("valid from %s"), cert_time_text(j->arena, c->not_before_s));
	} else if (c->not_after_s - now_s < WARN_AHEAD_S) {
		f = fault_add(j->arena, out, CERT_EXPIRES_SOON, CERT_WARNING, c, (unsigned)depth);
		f->want = CW_TEXT(N_("more than 30 days left at %s"), now);
		f->have = CW_TEXT(N_("valid until %s"), cert_time_text(j->arena, c->not_after_s));
	}
}

static void check_hash(struct judging *j, const struct cert_chain *chain, size_t depth,
		       struct fault_list *out)
{
	const struct cert *c = chain->cert[depth];
	if (is_root(chain, depth) && depth > 0)
		return; /* nobody relies on a root's own signature */
	if (c->hash != CERT_HASH_MD5 && c->hash != CERT_HASH_SHA1)
		return;
	bool md5 = c->hash == CERT_HASH_MD5;
	struct cert_fault *f = fault_add(j->arena, out, md5 ? CERT_WEAK_HASH : CERT_SHA1,
					 md5 ? CERT_ERROR : CERT_WARNING, c, (unsigned)depth);
	f->want = CW_TEXT(N_("a signature with SHA-256 or better"));
	f->have = CW_TEXT("%s", c->signature_algorithm);
}

static void check_key(struct judging *j, const struct cert *c, size_t depth, struct fault_list *out)
{
	bool ec = strncmp(c->key_type, "EC", 2) == 0;
	bool rsa = strncmp(c->key_type, "RSA", 3) == 0;
	unsigned wanted = rsa ? RSA_WANTED : ec ? EC_WANTED : 0;
	if (!c->key_bits || c->key_bits >= wanted)
		return;
	bool refused = rsa && c->key_bits < RSA_LEAST;
	struct cert_fault *f = fault_add(j->arena, out, refused ? CERT_WEAK_KEY : CERT_SHORT_KEY,
					 refused ? CERT_ERROR : CERT_WARNING, c, (unsigned)depth);
	f->want = CW_TEXT(N_("a key of at least %s bits"), cw_arena_fmt(j->arena, "%u", wanted));
	f->have = CW_TEXT(N_("%s of %s bits"), c->key_type,
			  cw_arena_fmt(j->arena, "%u", c->key_bits));
}

static void check_form(struct judging *j, const struct cert *c, size_t depth,
		       struct fault_list *out)
{
	struct cert_fault *f;
	if (c->malformed) {
		f = fault_add(j->arena, out, CERT_MALFORMED, CERT_ERROR, c, (unsigned)depth);
		f->want = CW_TEXT(N_("a certificate as RFC 5280 has it"));
		f->have = CW_TEXT(N_("a field that cannot be read: %s"), c->malformed);
	}
	if (c->critical_unknown.count) {
		f = fault_add(j->arena, out, CERT_CRITICAL, CERT_ERROR, c, (unsigned)depth);
		f->want = CW_TEXT(N_("critical extensions that clients know"));
		f->have = CW_TEXT("%s", cert_list_text(j->arena, &c->critical_unknown));
	}
}

static void check_link(struct judging *j, const struct cert_chain *chain, size_t depth,
		       struct fault_list *out)
{
	const struct cert *c = chain->cert[depth];
	if (depth + 1 == chain->count)
		return;
	const struct cert *issuer = chain->cert[depth + 1];
	struct cert_fault *f;
	if (chain->signature_bad[depth]) {
		f = fault_add(j->arena, out, CERT_SIGNATURE, CERT_ERROR, c, (unsigned)depth);
		f->want = CW_TEXT(N_("a signature by the key of %s"), issuer->subject);
		f->have = CW_TEXT(N_("one that this key does not verify"));
	} else if (cert_key_id_differs(c, issuer)) {
		f = fault_add(j->arena, out, CERT_KEY_ID, CERT_WARNING, c, (unsigned)depth);
		f->want = CW_TEXT(N_("the key identifier of the issuer %s"), issuer->subject);
		f->have = CW_TEXT(
			"%s", cert_hex(j->arena, c->authority_key_id.at, c->authority_key_id.len));
	}
}

static void check_end(struct judging *j, const struct cert_chain *chain, struct fault_list *out)
{
	const struct cert *top = chain->cert[chain->count - 1];
	unsigned depth = (unsigned)chain->count - 1;
	struct cert_fault *f;
	switch (chain->end) {
	case CERT_END_UNTRUSTED:
		f = fault_add(j->arena, out, CERT_ROOT_UNTRUSTED, CERT_ERROR, top, depth);
		f->want = CW_TEXT(N_("a root among the trusted ones"));
		f->have = CW_TEXT(N_("the self-signed certificate %s, which is not"), top->subject);
		break;
	case CERT_END_PARTIAL:
		f = fault_add(j->arena, out, CERT_CHAIN_INCOMPLETE, CERT_ERROR, top, depth);
		f->want = CW_TEXT(N_("the certificate of the issuer %s"), top->issuer);
		f->have = CW_TEXT(N_("none: it was neither sent, nor fetched, nor is it trusted"));
		break;
	case CERT_END_UNFINISHED:
		f = fault_add(j->arena, out, CERT_CHAIN_UNFINISHED, CERT_ERROR, top, depth);
		f->want = CW_TEXT(N_("a chain that ends within the limits of this program"));
		f->have = CW_TEXT(N_("more certificates than it looks at"));
		break;
	default:
		break;
	}
}

static bool among_sent(const struct cert_question *q, const struct cert *c, size_t *at)
{
	for (size_t i = 0; i < cert_set_count(q->sent); i++) {
		if (strcmp(cert_set_at(q->sent, i)->sha256, c->sha256) == 0) {
			*at = i;
			return true;
		}
	}
	return false;
}

/* What the server sent beside what the chain needs. RFC 8446 4.4.2 lets it be out of order. */
static void check_sent(struct judging *j, const struct cert_chain *chain, struct fault_list *out)
{
	size_t last = 0, at = 0;
	for (size_t i = 0; i < chain->count; i++) {
		const struct cert *c = chain->cert[i];
		struct cert_fault *f;
		if (!among_sent(j->q, c, &at)) {
			if (cert_set_find(j->q->trusted, c->sha256) ||
			    !cert_set_find(j->q->fetched, c->sha256))
				continue;
			f = fault_add(j->arena, out, CERT_SENT_INCOMPLETE, CERT_WARNING, c,
				      (unsigned)i);
			f->want = CW_TEXT(N_("the server to send %s"), c->subject);
			f->have = CW_TEXT(N_("fetched from %s"), c->source);
			continue;
		}
		if (at < last) {
			f = fault_add(j->arena, out, CERT_SENT_ORDER, CERT_WARNING, c, (unsigned)i);
			f->want = CW_TEXT(N_("each certificate behind the one that it signed"));
			f->have = CW_TEXT(N_("%s before it"), c->subject);
		}
		last = at;
	}
}

void chain_check(struct judging *j, const struct cert_chain *chain, struct fault_list *out)
{
	for (size_t i = 0; i < chain->count; i++) {
		check_time(j, chain, i, out);
		check_form(j, chain->cert[i], i, out);
		check_hash(j, chain, i, out);
		check_key(j, chain->cert[i], i, out);
		check_link(j, chain, i, out);
	}
	chain_check_usage(j, chain, out);
	chain_check_names(j, chain, out);
	check_sent(j, chain, out);
	check_end(j, chain, out);
}
