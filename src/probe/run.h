/*
 * One run: facts grow, probes react to them, until nothing is under way.
 *
 * A probe names the kinds that it looks at. It is told of each such fact after
 * it was put down, and starts whatever has become possible; the answers become
 * facts again. So everything independent runs at once, and there is no list of
 * steps to keep in order. Probes whose facts no rule needs are left out.
 *
 *     told(suffix contoso.com)  -> ask every server for its SRV record
 *     told(srv-record kms01)    -> ask every server for A and AAAA of kms01
 *     told(address 10.0.0.7)    -> connect to 10.0.0.7:1688, then bind
 */
#ifndef CW_PROBE_RUN_H
#define CW_PROBE_RUN_H

#include "codec/resolv_conf.h"
#include "fact/fact.h"
#include "path/dns_client.h"
#include "path/rpc_client.h"

struct web_services; /* probe/web.h */

/* What all runs of a process share. */
struct run_services {
	struct io_loop *loop;
	struct io_gate *gate;
	struct dns_client *dns;
	struct web_services *web;
};

struct run;

struct probe {
	const char *name; /* also the fact's "from": "probe dns.srv" */
	uint64_t looks_at;
	uint64_t provides;
	void (*start)(struct run *run); /* before any fact; may be NULL */
	void (*told)(struct run *run, const struct fact *f);
	/* Nothing is under way any more: what only the whole shows, such as things that were not
	 * tested. May start more; then the run goes on, and this is called again at the next
	 * standstill. When the run was cut short it is called once and must start nothing. May
	 * be NULL. */
	void (*settled)(struct run *run);
};

struct run_spec {
	const struct probe *const *probes;        /* NULL-terminated */
	uint64_t wanted;                          /* kinds that rules need: rules_need() */
	cw_ms timeout_ms;                         /* whole run */
	const void *request;                      /* the probes' own: what was asked for */
	size_t state_size;                        /* zeroed memory for the probes of this run */
	void (*done)(void *ctx, struct run *run); /* once, from the loop */
	void *ctx;
};

/* Starts a run. It frees itself with run_free() after done was called. */
struct run *run_start(const struct run_services *services, const struct run_spec *spec);
/* Ends it now: what is under way becomes facts with outcome CANCELLED, and done is called in the
 * loop's next turn. Nothing happens once it is done. */
void run_cut_short(struct run *run);
void run_free(struct run *run);

struct fact_store *run_facts(struct run *run);
struct cw_arena *run_arena(struct run *run);
const void *run_request(const struct run *run);
void *run_state(struct run *run);
cw_ms run_elapsed_ms(const struct run *run);
uint64_t run_started_unix_s(const struct run *run);
/* Cut short by the user or by the time limit. */
bool run_was_cut_short(const struct run *run);
bool run_timed_out(const struct run *run);

/* For probes. */

const struct run_services *run_services_of(const struct run *run);
/* The time that one probe gets (limits.h). */
cw_ms run_probe_limit(const struct run *run);
/* Calls release(what) when the run is freed: for what does not live in its arena. */
void run_on_free(struct run *run, void (*release)(void *what), void *what);
/* A fact of the probe that is being told or answered. */
struct fact *run_fact(struct run *run, const struct probe *p, enum fact_kind kind,
		      const char *subject);
void run_put(struct run *run, struct fact *f);

/* Work under way: a DNS exchange or a connection, known to the run so that it can be cut short
 * and shown while it lasts. */
struct run_task {
	const char *hop; /* where it belongs in the row of hops */
	/* "10.0.0.10:53 _vlmcs._tcp.contoso.com SRV", for who watches; made when it is asked for. */
	const char *(*what)(const struct run_task *t, struct cw_arena *a);
	cw_ms started;
	void (*cancel)(struct run *run, struct run_task *t); /* put down what is known, leave */
	struct run_task *prev, *next;
};

void run_task_begin(struct run *run, struct run_task *t);
void run_task_end(struct run *run, struct run_task *t);
const struct run_task *run_first_task(const struct run *run);

/* "10.0.0.10:53", made once for each server of a run. */
const char *run_server_text(struct run *run, const struct cw_addr *server);

/*
 * One DNS exchange as a task. answered() gets the answer and the caller's mark; with outcome
 * CANCELLED when the run was cut short. Facts' common DNS fields are filled by run_dns_fact().
 */
struct run_dns;
typedef void run_dns_answered(struct run *run, const struct run_dns *d,
			      const struct dns_answer *answer);

struct run_dns {
	struct run_task task;
	struct run *run;
	struct dns_ask *ask;
	const struct probe *probe;
	run_dns_answered *answered;
	struct cw_addr server;
	const char *server_text;
	const char *name;
	uint16_t type;
	bool is_update;
	const void *mark; /* the caller's */
};

void run_ask(struct run *run, const struct probe *p, const char *hop, const struct cw_addr *server,
	     const char *name, uint16_t type, run_dns_answered *fn, const void *mark);
/* The same with a whole message, signed where key is given. */
void run_send(struct run *run, const struct probe *p, const char *hop, const struct cw_addr *server,
	      const struct dns_message *message, const struct tsig_key *key, run_dns_answered *fn,
	      const void *mark);
/* Says in the fact which ICMP message came, if one did. */
void run_set_icmp(struct run *run, struct fact *f, const struct cw_icmp *icmp, bool v6);
/* A fact about that answer: subject d->name, outcome, server, rcode, transport and the rest. */
struct fact *run_dns_fact(struct run *run, const struct run_dns *d, enum fact_kind kind,
			  const struct dns_answer *answer);
/* Fields addresses, alias and ttl_s: what an answer to A or AAAA says of the name. */
void run_set_addresses(struct run *run, struct fact *f, const struct dns_message *m,
		       const char *name, uint16_t type);

#endif
