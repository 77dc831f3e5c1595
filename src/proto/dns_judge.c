#include "proto/dns_judge.h"

#include "base/limits.h"

static enum cw_outcome outcome_of_rcode(uint16_t rcode)
{
	switch (rcode) {
	case DNS_NOERROR:
		return CW_OUT_OK;
	case DNS_FORMERR:
		return CW_OUT_FORMAT_ERROR;
	case DNS_SERVFAIL:
		return CW_OUT_SERVER_FAILURE;
	case DNS_NXDOMAIN:
		return CW_OUT_NAME_MISSING;
	case DNS_NOTIMP:
		return CW_OUT_NOT_IMPLEMENTED;
	case DNS_REFUSED:
		return CW_OUT_REFUSED_BY_SERVER;
	case DNS_NOTAUTH:
		return CW_OUT_NOT_AUTH;
	default:
		return CW_OUT_OTHER_RCODE;
	}
}

/* Names that one message repeats are mostly one text: see the decoder. */
static bool same_name(const char *a, const char *b)
{
	return a == b || dns_name_equal(a, b);
}

/* The alias at a name; *found: there is a record of the type asked for instead. */
static const char *look_up(const struct dns_message *m, const char *name, uint16_t type,
			   bool *found)
{
	const char *alias = NULL;
	for (size_t i = 0; i < m->rr_count && m->rr[i].section == DNS_ANSWER; i++) {
		const struct dns_rr *rr = &m->rr[i];
		bool wanted = rr->type == type || type == DNS_ANY;
		if (rr->class_ != DNS_CLASS_IN || (!wanted && rr->type != DNS_CNAME) ||
		    !same_name(rr->owner, name))
			continue;
		if (wanted) {
			*found = true;
			return NULL;
		}
		if (!rr->bad_rdata)
			alias = rr->name;
	}
	return alias;
}

/* Follows the aliases; true: at their end there is what was asked for. */
static bool follow(const struct dns_message *m, const char *name, uint16_t type, const char **end,
		   bool *loop)
{
	const char *seen[LIMIT_DNS_ALIASES + 1];
	bool found = false;
	for (size_t steps = 0;; steps++) {
		const char *alias = look_up(m, name, type, &found);
		if (!alias)
			return found;
		seen[steps] = name;
		for (size_t i = 0; i <= steps; i++)
			*loop = *loop || dns_name_equal(seen[i], alias);
		if (steps == LIMIT_DNS_ALIASES)
			*loop = true;
		*end = name = alias;
		if (*loop)
			return false;
	}
}

/* RFC 2308 2.1.2, 2.2: NS without SOA, and not the server's own zone. */
static bool is_referral(const struct dns_message *m)
{
	bool ns = false;
	if (m->authoritative)
		return false;
	for (size_t i = 0; i < m->rr_count; i++) {
		if (m->rr[i].section == DNS_ANSWER)
			return false;
		if (m->rr[i].section != DNS_AUTHORITY)
			continue;
		if (m->rr[i].type == DNS_SOA)
			return false;
		ns = ns || m->rr[i].type == DNS_NS;
	}
	return ns;
}

/* An alias into a zone that the server does not have, from one that resolves for nobody: it says
 * nothing of what is at the alias's end. Where it does know, there is an SOA (RFC 2308 2.2.1). */
static bool is_left_open(const struct dns_message *m, const char *end)
{
	if (!end || m->recursion_available)
		return false;
	for (size_t i = 0; i < m->rr_count; i++)
		if (m->rr[i].section == DNS_AUTHORITY && m->rr[i].type == DNS_SOA)
			return false;
	return true;
}

enum cw_outcome dns_judge_query(const struct dns_message *m, const char *name, uint16_t type,
				const char **alias)
{
	const char *end = NULL;
	bool loop = false;
	bool found = follow(m, name, type, &end, &loop);
	*alias = end;
	if (m->rcode != DNS_NOERROR)
		return outcome_of_rcode(m->rcode);
	if (found)
		return CW_OUT_OK;
	if (loop)
		return CW_OUT_LOOP;
	if (is_referral(m) || is_left_open(m, end))
		return CW_OUT_REFERRAL;
	return CW_OUT_NO_DATA;
}

enum cw_outcome dns_judge_update(const struct dns_message *m)
{
	return outcome_of_rcode(m->rcode);
}
