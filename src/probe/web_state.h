/* What the probes of one run remember beside the facts. */
#ifndef CW_PROBE_WEB_STATE_H
#define CW_PROBE_WEB_STATE_H

#include "codec/url.h"
#include "path/visit.h"
#include "probe/name_set.h"
#include "probe/web.h"

/* A name whose addresses are looked for, for one purpose. */
struct web_host {
	const char *name;
	const char *origin;      /* of its facts: "sstp", "activation", "proxy", "revocation" */
	size_t pending;          /* lookups under way */
	enum cw_outcome failure; /* what kept us from an address, while there is none */
	size_t count, cap;
	struct cw_addr *addr;
	struct web_errand *waiting; /* for an address */
	struct web_host *next;
};

/* Where a connection shall lead to in the end. */
struct web_place {
	const char *host; /* without brackets */
	uint16_t port;
	bool tls;
	const char *sni;        /* NULL: an address literal */
	const char *name;       /* "HOST:PORT": in facts */
	const char *connect_to; /* the same, or what the user says instead: for CONNECT */
	struct web_host *where; /* its addresses; NULL: the proxy's business */
};

/* One server or URL that was asked about. */
struct web_target {
	const struct fact *fact;
	struct web_place place;
	const char *url;              /* NULL: sstp */
	const char *path, *authority; /* of the URL */
	size_t begun;                 /* addresses that were begun */
	struct web_target *next;
};

struct web_proxy {
	bool set;
	const char *url;
	struct visit_proxy spec; /* without login */
	uint16_t port;
	struct web_host *where;
	/* A proxy in TLS gets credentials where its certificate was judged to be good. */
	struct visit_bytes leaf;
	const char *distrust; /* English: why not, or NULL */
};

/* By which way. */
enum web_route { ROUTE_DIRECT, ROUTE_PROXY, ROUTE_PROXY_USER };

/*
 * A visit as a task of the run. It waits for an address where there is none yet, and goes on to the
 * next address where TCP fails, unless it is pinned to one. Lives in the run's arena; what the visit
 * brings lives until done() has returned.
 */
struct web_errand {
	struct run_task task; /* first, so that a task leads to its errand */
	struct run *run;
	const struct web_errand_kind *kind;
	enum web_route route;
	const char *subject;    /* of its facts; set by aim, for pinned ones the address */
	struct web_host *where; /* whose addresses are tried */
	uint16_t port;
	bool pinned;
	struct cw_addr to;
	size_t tried;
	struct visit_spec spec;
	struct visit_proxy proxy;
	struct visit_tls tls;
	struct visit_request request;
	struct cw_arena *arena; /* of the visit under way */
	struct visit *visit;
	enum visit_hop expected; /* the hop that comes next */
	bool satisfied; /* set by hop_ended(): all is known, the rest of the visit is manners */
	bool tcp_failed, met;    /* met: some connection was tried */
	enum cw_outcome outcome; /* OK: every hop; else of the one that failed */
	struct web_errand *next_waiting;
};

struct web_errand_kind {
	const struct probe *probe;
	const char *hop; /* of the row of hops */
	/* Every hop that ended, but a TCP hop that another address may mend. NULL: all in done. */
	void (*hop_ended)(struct web_errand *e, const struct visit_result *r);
	/* Once; may begin others. met is false where no address was to be had. */
	void (*done)(struct web_errand *e);
};

/* Sets route, where, proxy, connect_to and TLS of an errand that is zeroed but for kind. pin: the
 * one address to try, NULL: any of them. plain: an http URL goes to the proxy as it is. */
void web_errand_aim(struct web_errand *e, struct run *run, const struct web_place *place,
		    enum web_route route, const struct cw_addr *pin);
/* Credentials for the proxy. False with *why (English): they cannot be sent. */
bool web_errand_login(struct web_errand *e, enum proxy_auth auth, const char **why);
/* Nothing begins in a run that was cut short. done() may come from within this call, where there is
 * no address. */
void web_errand_begin(struct web_errand *e);

const char *web_route_name(enum web_route r);
/* "192.0.2.1:443", in the run's arena. */
const char *web_addr_text(struct run *run, const struct cw_addr *addr);

/* A handshake that showed certificates. */
struct web_shake {
	const struct fact *fact;
	const char *host;    /* the name that the certificate must have */
	const char *subject; /* of its facts */
	enum web_route route;
	bool first; /* of this shape; else without the server's name, for contrast */
	bool proxy; /* the proxy's own */
	size_t cert_count;
	struct visit_bytes *cert;
	struct visit_bytes staple;
	struct web_chain *chain;
	const struct fact *told; /* its cert.chain */
	struct web_shake *next, *next_of_chain;
};

struct web_state {
	const char *origin; /* of the targets */
	size_t server_count;
	struct cw_addr server[RESOLVERS_MOST];
	struct web_host *hosts;
	struct web_target *targets, **last_target;
	struct web_proxy proxy;
	struct name_set connected, clocks, certs, statuses, versions; /* what was put down */
	struct web_shake *shakes;
	struct web_chain *chains;  /* web_cert.c */
	struct web_fetch *fetches; /* web_fetch.c */
	struct web_use *uses;      /* web_revocation.c */
	const struct cert_set *roots;
	bool roots_tried, settled, addresses_capped;
};

static inline struct web_state *web_state_of(struct run *run)
{
	return run_state(run);
}

/* The host's addresses; asks every server for them the first time. */
struct web_host *web_host_of(struct run *run, const char *name, const char *origin);
void web_host_add(struct run *run, struct web_host *h, const struct cw_addr *addr);
/* Errands that wait for an address go on. */
void web_host_wake(struct web_host *h);
/* Sets name, sni and connect_to by host and port; instead: the address to connect to, or NULL. */
void web_place_finish(struct run *run, struct web_place *p, const struct cw_addr *instead);
/* The place that a URL of http or https leads to. */
struct web_place web_place_of(struct run *run, const struct url *u, const char *origin);

/* The value of a header, or NULL. */
const char *web_header(const struct visit_result *r, const char *name);
/* What a server or proxy calls itself, or NULL. */
const char *web_agent(const struct visit_result *r);
/* outcome, times, host, route, and what the network said. */
struct fact *web_hop_fact(struct web_errand *e, enum fact_kind kind, const char *subject,
			  const char *host, const struct visit_result *r);
void web_put_proxy_answer(struct web_errand *e, const char *subject, const char *method,
			  const struct visit_result *r);
/* The server's clock, once for each host and route. */
void web_hear_clock(struct web_errand *e, const char *host, const struct visit_result *r);
/* The handshake's fact, with its certificates kept for the judge. */
void web_put_handshake(struct web_errand *e, const char *host, const char *sni,
		       const struct visit_result *r);
/* The certificates of a proxy in TLS: judged, so that credentials may go there. */
void web_judge_proxy(struct web_errand *e, const struct visit_result *r);
/* RFC 3339 UTC, in the run's arena. */
const char *web_time_text(struct run *run, int64_t unix_s);
/* What the bytes are: der, pem, html, empty or other. */
const char *web_content_of(const uint8_t *at, size_t len);
enum proxy_auth web_auth_of(const char *scheme);

/* A list that no certificate names: as a source of status (--crl), or only for what the proxy says to
 * it. */
void web_fetch_list(struct run *run, const char *url);
void web_try_list(struct run *run, const char *url);

extern const struct probe web_probe_settings, web_probe_address, web_probe_visit,
	web_probe_versions, web_probe_cert, web_probe_revocation, web_probe_untested;

/* run.origin and the targets of each command. */
void sstp_put_target(struct run *run, const struct web_request *req);
void activation_put_targets(struct run *run, const struct web_request *req);

#endif
