/* DNS exchanges as tasks of a run. */
#include "probe/run.h"

#include <string.h>

#include "base/limits.h"

static const char *task_what(const struct run_task *t, struct cw_arena *a)
{
	const struct run_dns *d = (const struct run_dns *)(const void *)t; /* its first member */
	char type[16];
	return cw_arena_fmt(a, "%s %s %s", d->server_text, d->name,
			    d->is_update ? "UPDATE" : dns_type_name(d->type, type));
}

static void answered(void *ctx, const struct dns_answer *answer)
{
	struct run_dns *d = ctx;
	d->ask = NULL;
	d->answered(d->run, d, answer);
	run_task_end(d->run, &d->task);
}

static void cancel(struct run *run, struct run_task *t)
{
	struct run_dns *d = (struct run_dns *)(void *)t; /* the task is its first member */
	struct dns_answer none = {
		.outcome = CW_OUT_CANCELLED,
		.icmp = { .type = -1 },
		.started = t->started,
		.took_ms = io_loop_now(run_services_of(run)->loop) - t->started,
	};
	dns_ask_cancel(d->ask);
	d->answered(run, d, &none);
	run_task_end(run, t);
}

static struct run_dns *task_new(struct run *run, const struct probe *p, const char *hop,
				const struct cw_addr *server, const char *name, uint16_t type)
{
	struct cw_arena *a = run_arena(run);
	struct run_dns *d = cw_arena_new_of(a, struct run_dns);
	d->run = run;
	d->probe = p;
	d->server = *server;
	d->server_text = run_server_text(run, server);
	d->name = cw_arena_str(a, name);
	d->type = type;
	d->task.hop = hop;
	d->task.what = task_what;
	d->task.cancel = cancel;
	return d;
}

static void begin(struct run_dns *d, const struct dns_ask_spec *spec, run_dns_answered *fn,
		  const void *mark)
{
	const struct run_services *s = run_services_of(d->run);
	d->answered = fn;
	d->mark = mark;
	run_task_begin(d->run, &d->task);
	d->ask = dns_client_ask(s->dns, spec, run_arena(d->run), answered, d);
}

void run_ask(struct run *run, const struct probe *p, const char *hop, const struct cw_addr *server,
	     const char *name, uint16_t type, run_dns_answered *fn, const void *mark)
{
	struct run_dns *d = task_new(run, p, hop, server, name, type);
	struct dns_ask_spec spec = {
		.server = *server,
		.name = d->name,
		.type = type,
		.recursion_desired = true,
		.limit_ms = run_probe_limit(run),
	};
	begin(d, &spec, fn, mark);
}

void run_send(struct run *run, const struct probe *p, const char *hop, const struct cw_addr *server,
	      const struct dns_message *message, const struct tsig_key *key, run_dns_answered *fn,
	      const void *mark)
{
	struct run_dns *d = task_new(run, p, hop, server, message->question.name, DNS_SOA);
	struct dns_ask_spec spec = {
		.server = *server,
		.message = message,
		.key = key,
		.limit_ms = run_probe_limit(run),
	};
	d->is_update = true;
	begin(d, &spec, fn, mark);
}

/* ICMP type and code in words (RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1). */
static const char *icmp_text(const struct cw_icmp *i, bool v6, struct cw_arena *a)
{
	static const char *const v4_code[] = {
		"network unreachable",
		"host unreachable",
		"protocol unreachable",
		"port unreachable",
		"fragmentation needed",
		"source route failed",
		"network unknown",
		"host unknown",
		"source host isolated",
		"network prohibited",
		"host prohibited",
		"network unreachable for this service",
		"host unreachable for this service",
		"administratively prohibited",
	};
	static const char *const v6_code[] = {
		"no route",
		"administratively prohibited",
		"beyond scope",
		"address unreachable",
		"port unreachable",
		"source address failed policy",
		"route to destination rejected",
	};
	size_t count = v6 ? sizeof(v6_code) / sizeof(*v6_code) : sizeof(v4_code) / sizeof(*v4_code);
	bool unreachable = i->type == (v6 ? 1 : 3);
	if (unreachable && i->code >= 0 && (size_t)i->code < count)
		return v6 ? v6_code[i->code] : v4_code[i->code];
	return cw_arena_fmt(a, "type %d code %d", i->type, i->code);
}

void run_set_icmp(struct run *run, struct fact *f, const struct cw_icmp *icmp, bool v6)
{
	if (icmp->type < 0)
		return;
	fact_set_text(run_facts(run), f, FIELD_ICMP, icmp_text(icmp, v6, run_arena(run)));
	if (*icmp->from)
		fact_set_text(run_facts(run), f, FIELD_ICMP_FROM, icmp->from);
}

enum { ADDRESSES_MOST = 64, ALIASES_MOST = LIMIT_DNS_ALIASES + 1 };

static const char *follow_alias(const struct dns_message *m, const char *name)
{
	for (size_t i = 0; i < m->rr_count; i++)
		if (m->rr[i].section == DNS_ANSWER && m->rr[i].type == DNS_CNAME &&
		    !m->rr[i].bad_rdata && dns_name_equal(m->rr[i].owner, name))
			return m->rr[i].name;
	return NULL;
}

void run_set_addresses(struct run *run, struct fact *f, const struct dns_message *m,
		       const char *name, uint16_t type)
{
	const char *chain[ALIASES_MOST] = { name };
	const char *items[ADDRESSES_MOST];
	size_t links = 1, count = 0;
	char text[CW_ADDR_TEXT];
	for (const char *next; links < ALIASES_MOST; chain[links++] = next)
		if (!(next = follow_alias(m, chain[links - 1])))
			break;
	for (size_t i = 0; i < m->rr_count && count < ADDRESSES_MOST; i++) {
		const struct dns_rr *rr = &m->rr[i];
		if (rr->section != DNS_ANSWER || rr->type != type || rr->bad_rdata ||
		    !dns_name_equal(rr->owner, chain[links - 1]))
			continue;
		struct cw_addr addr = { .family = type == DNS_A ? CW_IPV4 : CW_IPV6 };
		memcpy(addr.bytes, rr->address, type == DNS_A ? 4 : 16);
		items[count++] = cw_arena_str(run_arena(run), cw_addr_text(&addr, text));
		if (count == 1)
			fact_set_number(run_facts(run), f, FIELD_TTL_S, rr->ttl_s);
	}
	fact_set_list(run_facts(run), f, FIELD_ADDRESSES, count, items);
	if (links > 1)
		fact_set_list(run_facts(run), f, FIELD_ALIAS, links, chain);
}

static void set_flags(struct run *run, struct fact *f, const struct dns_answer *answer)
{
	struct fact_store *s = run_facts(run);
	if (answer->tcp_tried)
		fact_set_flag(s, f, FIELD_TCP_TRIED, true);
	if (answer->truncated)
		fact_set_flag(s, f, FIELD_TRUNCATED, true);
	if (answer->edns_dropped)
		fact_set_flag(s, f, FIELD_EDNS_DROPPED, true);
	if (answer->shared)
		fact_set_flag(s, f, FIELD_SHARED, true);
	if (answer->stray)
		fact_set_number(s, f, FIELD_STRAY, answer->stray);
}

static void set_answer(struct run *run, struct fact *f, const struct dns_answer *answer)
{
	struct fact_store *s = run_facts(run);
	char rcode[16];
	fact_set_text(s, f, FIELD_RCODE, dns_rcode_name(answer->message->rcode, rcode));
	fact_set_flag(s, f, FIELD_AUTHORITATIVE, answer->message->authoritative);
	fact_set_text(s, f, FIELD_TRANSPORT, answer->over_tcp ? "tcp" : "udp");
}

struct fact *run_dns_fact(struct run *run, const struct run_dns *d, enum fact_kind kind,
			  const struct dns_answer *answer)
{
	struct fact_store *s = run_facts(run);
	struct fact *f = run_fact(run, d->probe, kind, d->name);
	f->outcome = answer->outcome;
	f->took_ms = answer->took_ms;
	f->at_ms = run_elapsed_ms(run) - answer->took_ms;
	fact_set_text(s, f, FIELD_SERVER, d->server_text);
	if (answer->message)
		set_answer(run, f, answer);
	if (answer->sent > 1 || (!answer->message && answer->sent))
		fact_set_number(s, f, FIELD_SENT, answer->sent);
	set_flags(run, f, answer);
	run_set_icmp(run, f, &answer->icmp, d->server.family == CW_IPV6);
	if (answer->system_error)
		fact_set_text(s, f, FIELD_ERROR, strerror(answer->system_error));
	if (answer->malformed)
		fact_set_text(s, f, FIELD_DETAIL, answer->malformed);
	return f;
}
