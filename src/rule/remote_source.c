/* Sources of revocation status: CRLs, OCSP responders, stapled answers. */
#include <string.h>
#include <strings.h>

#include "rule/remote.h"

/* RFC 6960 4.2.1: the statuses of a response that carries no answer. */
static bool is_responder_status(const struct fact *f)
{
	static const char *const names[] = { "malformedrequest", "internalerror", "trylater",
					     "sigrequired", "unauthorized" };
	if (!fact_is(f, FIELD_SOURCE_TYPE, "ocsp") && !fact_is(f, FIELD_SOURCE_TYPE, "staple"))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (fact_is(f, FIELD_WHY, names[i]))
			return true;
	return false;
}

/* What a server says of itself. Filters and portals speak by redirects, 403 and 511. */
static bool is_own_status(int64_t status)
{
	return status == 404 || status == 410 || (status >= 500 && status != 511);
}

static enum remote_source status_of_source(const struct fact *f)
{
	int64_t status = fact_number(f, FIELD_STATUS, 0);
	if (status == 407)
		return REMOTE_SOURCE_LOGIN;
	bool named = route_is(f, "direct") && *fact_text(f, FIELD_CERT_SUBJECT);
	return named && is_own_status(status) ? REMOTE_SOURCE_OWN_STATUS : REMOTE_SOURCE_STATUS;
}

enum remote_source remote_source_of(const struct fact *f)
{
	if (!remote_is_failure(f->outcome))
		return REMOTE_SOURCE_FINE;
	switch (f->outcome) {
	case CW_OUT_REVOKED:
		return REMOTE_SOURCE_REVOKED;
	case CW_OUT_HTTP_STATUS:
		return status_of_source(f);
	case CW_OUT_MALFORMED:
		if (is_responder_status(f))
			return REMOTE_SOURCE_RESPONDER;
		return fact_is(f, FIELD_CONTENT, "html") ? REMOTE_SOURCE_HTML : REMOTE_SOURCE_BAD;
	case CW_OUT_STALE:
	case CW_OUT_UNTRUSTED:
		return REMOTE_SOURCE_BAD;
	default:
		return REMOTE_SOURCE_UNREACHABLE;
	}
}

/* Some other fact of the same URL lies on the route. */
static bool was_asked(const struct remote_view *v, const struct fact *f, const char *route)
{
	FACT_EACH_OF (v->facts, FACT_REVOCATION, g)
		if (!strcmp(g->subject, f->subject) && route_is(g, route))
			return true;
	return false;
}

/* Credentials that were given to us do not help the machine account. What was asked by one route
 * alone counts where it was asked. */
bool remote_source_counts(const struct remote_view *v, const struct fact *f)
{
	if (route_is(f, "proxy-user"))
		return false;
	if (route_is(f, "proxy"))
		return true;
	return !v->proxy || !was_asked(v, f, "proxy");
}

bool url_is_list(const char *url)
{
	size_t len = strcspn(url, "?#");
	return len > 4 && !strncasecmp(url + len - 4, ".crl", 4);
}

bool remote_is_article_list(const struct remote_view *v, const char *url)
{
	for (size_t i = 0; i < v->target_count; i++)
		if (!strcmp(v->target[i].name, url))
			return url_is_list(url) &&
			       fact_is(v->target[i].asked, FIELD_SOURCE, "table");
	return false;
}

/* Its place may be another in the chain through which it was met first. */
static bool has_good_status(const struct remote_view *v, const char *cert)
{
	for (size_t i = 0; i < v->check_count; i++)
		if (v->check[i].status == REMOTE_STATUS_GOOD && v->check[i].depth >= 0 &&
		    !strcmp(v->check[i].cert, cert))
			return true;
	return false;
}

/* Windows does not check the root (CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT). */
bool remote_chain_is_checked(const struct remote_view *v, const struct fact *chain)
{
	struct fact_list built = fact_list_of(chain, FIELD_CHAIN_BUILT);
	for (size_t i = 0; i + 1 < built.count; i++)
		if (!has_good_status(v, built.item[i]))
			return false;
	return built.count > 0;
}

const struct fact *remote_fine_elsewhere(const struct remote_view *v, const struct fact *f)
{
	static const enum fact_kind kinds[] = { FACT_REVOCATION, FACT_PROXY_ANSWER,
						FACT_HTTP_ANSWER };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		FACT_EACH_OF (v->facts, kinds[k], g)
			if (g->outcome == CW_OUT_OK && !strcmp(g->subject, f->subject) &&
			    strcmp(fact_text(g, FIELD_ROUTE), fact_text(f, FIELD_ROUTE)) != 0)
				return g;
	return NULL;
}
