/* The dialled name against the names of the server's certificate, and name constraints. */
#include <idn2.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "cert/chain.h"
#include "cert/read.h"

/* In A-labels, without a final dot; the text itself where it is no name. */
static const char *ascii_name(struct cw_arena *a, const char *name)
{
	char *ascii = NULL;
	const char *out = name;
	if (idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
		out = cw_arena_str(a, ascii);
	idn2_free(ascii);
	size_t len = strlen(out);
	return len > 1 && out[len - 1] == '.' ? cw_arena_strn(a, out, len - 1) : out;
}

/* A wildcard stands for the whole left-most label (RFC 9525 6.3; Windows goes label by label). */
static bool matches(const char *pattern, const char *name)
{
	if (strncmp(pattern, "*.", 2) != 0)
		return *pattern && strcasecmp(pattern, name) == 0;
	const char *rest = strchr(name, '.');
	return rest && rest != name && pattern[2] && strcasecmp(pattern + 1, rest) == 0;
}

static const char *first_match(const struct cert_list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (matches(l->item[i], name))
			return l->item[i];
	}
	return NULL;
}

static const char *common_match(struct cw_arena *a, const struct cert *leaf, const char *name)
{
	for (size_t i = 0; i < leaf->common.count; i++) {
		if (matches(ascii_name(a, leaf->common.item[i]), name))
			return leaf->common.item[i];
	}
	return NULL;
}

/* KB 947031 wants the dialled address as the subject name; an iPAddress entry does as well. */
static struct cert_name_verdict judge_address(const struct cert *leaf, const struct cw_addr *addr)
{
	char text[CW_ADDR_TEXT];
	(void)cw_addr_text(addr, text);
	bool strict = cert_list_has(&leaf->ip, text);
	const char *found = NULL;
	for (size_t i = 0; i < leaf->ip.count && !found; i++) {
		if (strcasecmp(leaf->ip.item[i], text) == 0)
			found = leaf->ip.item[i];
	}
	for (size_t i = 0; i < leaf->dns.count && !found; i++) {
		if (strcasecmp(leaf->dns.item[i], text) == 0)
			found = leaf->dns.item[i];
	}
	for (size_t i = 0; i < leaf->common.count && !found; i++) {
		if (strcasecmp(leaf->common.item[i], text) == 0)
			found = leaf->common.item[i];
	}
	return (struct cert_name_verdict){ true, found != NULL, strict, found };
}

struct cert_name_verdict cert_name_judge(struct cw_arena *a, const struct cert *leaf,
					 const char *name)
{
	struct cw_addr addr;
	if (cw_addr_parse(name, &addr))
		return judge_address(leaf, &addr);
	name = ascii_name(a, name);
	const char *found = first_match(&leaf->dns, name);
	struct cert_name_verdict v = { true, found != NULL, found != NULL, found };
	if (!found && !leaf->dns.count) {
		v.matched = common_match(a, leaf, name);
		v.windows = v.matched != NULL;
	}
	return v;
}

static const char *names_text(struct cw_arena *a, const struct cert *leaf)
{
	struct cert_list all = { 0 };
	for (size_t i = 0; i < leaf->dns.count; i++)
		cert_list_add(a, &all, leaf->dns.item[i]);
	for (size_t i = 0; i < leaf->ip.count; i++)
		cert_list_add(a, &all, leaf->ip.item[i]);
	for (size_t i = 0; i < leaf->common.count && !leaf->dns.count; i++)
		cert_list_add(a, &all, cw_arena_fmt(a, "CN=%s", leaf->common.item[i]));
	return cert_list_text(a, &all);
}

static void check_dialled(struct judging *j, const struct cert *leaf, struct fault_list *out)
{
	const struct cert_name_verdict *v = &j->name;
	if (!v->judged || (v->windows && v->strict))
		return;
	struct cert_fault *f = fault_add(j->arena, out, v->windows ? CERT_NAME_STRICT : CERT_NAME,
					 v->windows ? CERT_WARNING : CERT_ERROR, leaf, 0);
	f->want = v->windows ? CW_TEXT(N_("%s in subjectAltName"), j->q->name)
			     : CW_TEXT(N_("the name %s"), j->q->name);
	f->have = CW_TEXT("%s", names_text(j->arena, leaf));
}

static size_t constraint_count(const NAME_CONSTRAINTS *nc)
{
	int permitted = sk_GENERAL_SUBTREE_num(nc->permittedSubtrees);
	int excluded = sk_GENERAL_SUBTREE_num(nc->excludedSubtrees);
	return (size_t)(permitted > 0 ? permitted : 0) + (size_t)(excluded > 0 ? excluded : 0);
}

static int constraint_error(const struct cert *c, size_t depth, NAME_CONSTRAINTS *nc)
{
	size_t names = c->dns.count + c->ip.count + c->other_names.count + c->common.count + 1;
	if (names * constraint_count(nc) > LIMIT_CERT_NAME_CHECKS)
		return X509_V_ERR_UNSPECIFIED;
	int error = NAME_CONSTRAINTS_check(c->x509, nc);
	if (error == X509_V_OK && depth == 0)
		error = NAME_CONSTRAINTS_check_CN(c->x509, nc);
	ERR_clear_error();
	return error;
}

static void constraint_fault(struct judging *j, const struct cert *c, size_t depth,
			     const struct cert *ca, int error, struct fault_list *out)
{
	bool unfinished = error == X509_V_ERR_UNSPECIFIED;
	struct cert_fault *f =
		fault_add(j->arena, out, unfinished ? CERT_CHAIN_UNFINISHED : CERT_NAME_CONSTRAINTS,
			  CERT_ERROR, c, (unsigned)depth);
	f->want = CW_TEXT(N_("names that the CA %s may certify"), ca->subject);
	f->have = unfinished ? CW_TEXT(N_("more names and constraints than this program compares"))
			     : CW_TEXT("%s: %s", c->subject, names_text(j->arena, c));
}

/* RFC 5280 6.1.3 b, c: each CA's constraints bind all below it, self-issued ones but the last
 * left out. */
static void check_constraints(struct judging *j, const struct cert_chain *chain, size_t ca,
			      struct fault_list *out)
{
	NAME_CONSTRAINTS *nc = chain->cert[ca]->constraints;
	for (size_t i = 0; nc && i < ca; i++) {
		const struct cert *c = chain->cert[i];
		if (i && c->self_issued)
			continue;
		int error = constraint_error(c, i, nc);
		if (error != X509_V_OK)
			constraint_fault(j, c, i, chain->cert[ca], error, out);
	}
}

void chain_check_names(struct judging *j, const struct cert_chain *chain, struct fault_list *out)
{
	check_dialled(j, chain->cert[0], out);
	for (size_t i = 1; i < chain->count; i++)
		check_constraints(j, chain, i, out);
}
