/* What each certificate may be used for: extended key usage, CA or not, length of the path. */
#include "cert/chain.h"
#include "cert/read.h"

static const char *eku_text(struct judging *j, const struct cert *c)
{
	return cert_list_text(j->arena, &c->eku);
}

/* No extension: any use. Windows takes the usage of a CA as a limit for all below it. */
static void check_eku(struct judging *j, const struct cert *c, size_t depth, struct fault_list *out)
{
	if (!c->has_eku || c->eku_server || c->eku_any)
		return;
	struct cert_fault *f = fault_add(j->arena, out, depth ? CERT_CA_EKU : CERT_EKU, CERT_ERROR,
					 c, (unsigned)depth);
	f->want = CW_TEXT(N_("server authentication (1.3.6.1.5.5.7.3.1) among the key usages"));
	f->have = CW_TEXT("%s", eku_text(j, c));
}

/* A version 1 root has no extension that could say it is a CA; a trusted one needs none. */
static bool may_be_ca(const struct cert_chain *chain, size_t depth)
{
	const struct cert *c = chain->cert[depth];
	bool trusted_root = depth + 1 == chain->count && chain->end == CERT_END_TRUSTED;
	return c->is_ca || (!c->has_basic && trusted_root);
}

static void check_ca(struct judging *j, const struct cert_chain *chain, size_t depth,
		     struct fault_list *out)
{
	const struct cert *c = chain->cert[depth];
	struct cert_fault *f;
	if (!may_be_ca(chain, depth)) {
		f = fault_add(j->arena, out, CERT_NOT_CA, CERT_ERROR, c, (unsigned)depth);
		f->want = CW_TEXT(N_("an issuer that is a CA (basicConstraints)"));
		f->have = c->has_basic ? CW_TEXT(N_("one that says it is not"))
				       : CW_TEXT(N_("one without basicConstraints"));
	}
	if (c->has_usage && !(c->usage & CERT_KU_CERT_SIGN)) {
		f = fault_add(j->arena, out, CERT_NO_CERT_SIGN, CERT_ERROR, c, (unsigned)depth);
		f->want = CW_TEXT(N_("an issuer whose keyUsage has keyCertSign"));
		f->have = CW_TEXT(N_("a keyUsage without it"));
	}
}

/* RFC 5280 6.1.4 l: self-issued certificates do not count. */
static long cas_below(const struct cert_chain *chain, size_t depth)
{
	long count = 0;
	for (size_t i = 1; i < depth; i++)
		count += !chain->cert[i]->self_issued;
	return count;
}

static void check_path_length(struct judging *j, const struct cert_chain *chain, size_t depth,
			      struct fault_list *out)
{
	const struct cert *c = chain->cert[depth];
	long below = cas_below(chain, depth);
	if (c->path_length < 0 || below <= c->path_length)
		return;
	struct cert_fault *f =
		fault_add(j->arena, out, CERT_PATH_LENGTH, CERT_ERROR, c, (unsigned)depth);
	f->want = CW_TEXT(N_("at most %s CAs below it"),
			  cw_arena_fmt(j->arena, "%ld", c->path_length));
	f->have = CW_TEXT("%s", cw_arena_fmt(j->arena, "%ld", below));
}

void chain_check_usage(struct judging *j, const struct cert_chain *chain, struct fault_list *out)
{
	for (size_t i = 0; i < chain->count; i++) {
		check_eku(j, chain->cert[i], i, out);
		if (i) {
			check_ca(j, chain, i, out);
			check_path_length(j, chain, i, out);
		}
	}
}
