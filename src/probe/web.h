/*
 * What the probes of `check sstp` and `check activation` share: connections
 * through TLS, with or without a proxy between, the certificates that are shown
 * there and the sources of their revocation status.
 */
#ifndef CW_PROBE_WEB_H
#define CW_PROBE_WEB_H

#include "codec/resolv_conf.h"
#include "probe/run.h"

struct cert_set;

/* What was asked for. Everything is borrowed for the length of the run. */
struct web_request {
	const char *command_line; /* ready to be typed again */
	size_t server_count;      /* --dns, in order */
	const struct cw_addr *server;
	const struct resolver_settings *settings; /* used where the request names no server */
	const char *settings_source;              /* "system" or "lab" */
	const char *proxy;                        /* its URL, http or https; NULL: none */
	const char *proxy_user, *proxy_password;  /* NULL: no login is tried */
	const struct cert_set *roots;             /* of --ca; NULL: this machine's */

	/* sstp */
	const char *host;                 /* HOST[:PORT] as typed */
	const struct cw_addr *connect_to; /* NULL: as DNS says; port 0: the host's */

	/* activation */
	size_t url_count; /* 0: those of the table */
	const char *const *url;
	size_t crl_count; /* --crl */
	const char *const *crl;
};

/*
 * What all such runs of a process share: the TLS library's context, this machine's trusted roots,
 * and chains that were judged already. Costs nothing until it is used.
 */
struct web_services;
struct web_services *web_services_new(void);
/* NULL is fine. No run may be under way. */
void web_services_free(struct web_services *s);

#endif
