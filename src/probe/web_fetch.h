/* A document by HTTP, as Windows' CryptoAPI fetches it: lists, OCSP answers, issuers' certificates. */
#ifndef CW_PROBE_WEB_FETCH_H
#define CW_PROBE_WEB_FETCH_H

#include "probe/web_state.h"

/*
 * One URL by one route. Each is fetched once in a run; what it brought lives until the run is freed.
 * Redirects are followed as long as they stay at http.
 */
struct web_fetch {
	struct run *run;
	const struct probe *probe;
	const char *url;    /* as it was asked for */
	const char *target; /* what goes out: the URL, or an OCSP request within it */
	enum web_route route;
	struct url at;
	unsigned redirects;
	const struct web_fetch_post *post; /* what to send where GET is refused; NULL: nothing */
	bool posted;
	struct web_waiter *waiters;
	/* Logins of the proxy that are tried, with ROUTE_PROXY_USER. */
	size_t scheme_count, scheme_at;
	const char *const *scheme;

	bool over;
	/* OK: status 200. HTTP_STATUS, or what became of DNS, TCP, TLS, the proxy. */
	enum cw_outcome outcome;
	int status;
	const char *location;
	const char *auth;     /* login that was tried last, or NULL */
	size_t offered_count; /* of a 407 */
	const char *const *offered;
	struct visit_bytes body;
	bool too_large;
	const char *error;
	cw_ms started, took_ms;
	struct web_fetch *next;
};

struct web_fetch_post {
	const char *content_type;
	const uint8_t *body;
	size_t len;
};

struct web_fetch_spec {
	const struct probe *probe; /* whose facts it leads to */
	const char *url;
	const char *target; /* NULL: the URL itself */
	enum web_route route;
	const struct web_fetch_post *post;
	/* With ROUTE_PROXY_USER: the fetch that was refused. */
	const struct web_fetch *refused;
};

typedef void web_fetched(struct web_fetch *f, void *ctx);

/* Calls back when it is over; at once where it is over already. In a run that was cut short while
 * it was under way the outcome is CANCELLED. */
struct web_fetch *web_fetch_begin(struct run *run, const struct web_fetch_spec *spec,
				  web_fetched *done, void *ctx);
/* It was refused by a proxy that offers logins, and there are credentials. */
bool web_fetch_can_login(const struct web_fetch *f);

#endif
