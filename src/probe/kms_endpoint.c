/* Every address of every host: TCP connect, then the RPC bind. */
#include "probe/kms_state.h"

#include <string.h>

static size_t bucket_of(const struct cw_addr *addr)
{
	uint32_t h = addr->port * 2654435761u;
	for (size_t i = 0; i < sizeof(addr->bytes); i++)
		h = (h ^ addr->bytes[i]) * 16777619u;
	return (h >> 16) & (ENDPOINT_BUCKETS - 1);
}

static void set_claim(struct run *run, struct fact *f, const struct kms_endpoint *e,
		      const struct kms_claim *claim)
{
	fact_set_text(run_facts(run), f, FIELD_HOST, claim->host);
	fact_set_number(run_facts(run), f, FIELD_PORT, e->addr.port);
	fact_set_text(run_facts(run), f, FIELD_ORIGIN, claim->origin);
}

static void put_connect(struct run *run, const struct kms_endpoint *e,
			const struct kms_claim *claim)
{
	const struct rpc_connect_result *r = &e->connect;
	struct fact *f = run_fact(run, &kms_probe_endpoint, FACT_TCP_CONNECT, e->text);
	f->outcome = r->outcome;
	f->took_ms = r->took_ms;
	f->at_ms = run_elapsed_ms(run) - r->took_ms;
	set_claim(run, f, e, claim);
	run_set_icmp(run, f, &r->icmp, e->addr.family == CW_IPV6);
	if (r->system_error)
		fact_set_text(run_facts(run), f, FIELD_ERROR, strerror(r->system_error));
	if (r->shared)
		fact_set_flag(run_facts(run), f, FIELD_SHARED, true);
	run_put(run, f);
}

/* The first bytes for a reader: printable ones as they are, others as \xNN. */
static const char *escape_bytes(struct cw_arena *a, const uint8_t *bytes, size_t len)
{
	enum { SHOWN = 32 };
	size_t count = len < SHOWN ? len : SHOWN;
	char *out = cw_arena_alloc(a, count * 4 + 1), *at = out;
	for (size_t i = 0; i < count; i++) {
		uint8_t c = bytes[i];
		if (c >= ' ' && c < 0x7f && c != '\\') {
			*at++ = (char)c;
			continue;
		}
		*at++ = '\\';
		*at++ = 'x';
		*at++ = "0123456789abcdef"[c >> 4];
		*at++ = "0123456789abcdef"[c & 15];
	}
	return out;
}

static void put_bind(struct run *run, const struct kms_endpoint *e, const struct kms_claim *claim)
{
	const struct rpc_bind_result *r = &e->bind;
	struct fact_store *s = run_facts(run);
	struct fact *f = run_fact(run, &kms_probe_endpoint, FACT_RPC_BIND, e->text);
	f->outcome = r->outcome;
	f->took_ms = r->took_ms;
	f->at_ms = run_elapsed_ms(run) - r->took_ms;
	set_claim(run, f, e, claim);
	if (r->outcome == CW_OUT_OK)
		fact_set_text(s, f, FIELD_CONTROL, r->control_accepted ? "accepted" : "refused");
	fact_set_text(s, f, FIELD_REASON, r->reason);
	fact_set_text(s, f, FIELD_GUESS, r->guess);
	if (r->outcome != CW_OUT_OK && r->got_len)
		fact_set_text(s, f, FIELD_GOT, escape_bytes(run_arena(run), r->got, r->got_len));
	run_put(run, f);
}

static void connected(void *ctx, const struct rpc_connect_result *r)
{
	struct kms_endpoint *e = ctx;
	e->connect = *r;
	e->has_connect = true;
	e->task.hop = "kms";
	for (struct kms_claim *c = e->claims; c; c = c->next)
		put_connect(e->run, e, c);
	if (r->outcome == CW_OUT_OK)
		return;
	e->finished = true;
	run_task_end(e->run, &e->task);
}

static void bound(void *ctx, const struct rpc_bind_result *r)
{
	struct kms_endpoint *e = ctx;
	e->bind = *r;
	e->bind.got = cw_arena_copy(run_arena(e->run), r->got, r->got_len);
	e->has_bind = true;
	e->finished = true;
	for (struct kms_claim *c = e->claims; c; c = c->next)
		put_bind(e->run, e, c);
	run_task_end(e->run, &e->task);
}

static void cancel(struct run *run, struct run_task *t)
{
	struct kms_endpoint *e = (struct kms_endpoint *)(void *)t;
	rpc_client_cancel(e->client);
	e->finished = true;
	if (e->has_connect)
		e->bind = (struct rpc_bind_result){ .outcome = CW_OUT_CANCELLED };
	else
		e->connect = (struct rpc_connect_result){ .outcome = CW_OUT_CANCELLED,
							  .icmp = { .type = -1 } };
	for (struct kms_claim *c = e->claims; c; c = c->next) {
		if (e->has_connect)
			put_bind(run, e, c);
		else
			put_connect(run, e, c);
	}
	run_task_end(run, t);
}

static const char *task_what(const struct run_task *t, struct cw_arena *a)
{
	(void)a;
	return ((const struct kms_endpoint *)(const void *)t)->text;
}

static void start(struct run *run, struct kms_endpoint *e)
{
	static const struct rpc_client_ops ops = { .connected = connected, .bound = bound };
	const struct run_services *services = run_services_of(run);
	struct rpc_client_spec spec = {
		.to = e->addr,
		.connect_limit_ms = run_probe_limit(run),
		.bind_limit_ms = run_probe_limit(run),
	};
	e->run = run;
	e->task.hop = "port";
	e->task.what = task_what;
	e->task.cancel = cancel;
	run_task_begin(run, &e->task);
	e->client =
		rpc_client_start(services->loop, services->gate, &spec, run_arena(run), &ops, e);
}

static struct kms_endpoint *endpoint_for(struct run *run, const struct cw_addr *addr)
{
	struct kms_state *st = kms_state_of(run);
	struct kms_endpoint **head = &st->bucket[bucket_of(addr)];
	char text[CW_ADDR_TEXT];
	for (struct kms_endpoint *e = *head; e; e = e->next_in_bucket)
		if (cw_addr_same_port(&e->addr, addr))
			return e;
	if (st->endpoint_count == LIMIT_TARGETS) {
		st->endpoints_capped = true;
		return NULL;
	}
	struct kms_endpoint *e = cw_arena_new_of(run_arena(run), struct kms_endpoint);
	e->addr = *addr;
	e->text = cw_arena_str(run_arena(run), cw_addr_port_text(addr, text));
	e->next_in_bucket = *head;
	*head = e;
	e->next = st->endpoints;
	st->endpoints = e;
	st->endpoint_count++;
	return e;
}

/* A client without IPv6 does not try IPv6 addresses, so neither do we. */
static bool family_is_absent(struct run *run, const struct cw_addr *addr)
{
	const struct kms_request *req = run_request(run);
	return addr->family == CW_IPV6 && req->settings->no_ipv6;
}

void kms_want_endpoint(struct run *run, const struct cw_addr *addr, const char *host,
		       const char *origin)
{
	if (family_is_absent(run, addr))
		return;
	struct kms_endpoint *e = endpoint_for(run, addr);
	if (!e)
		return;
	for (struct kms_claim *c = e->claims; c; c = c->next)
		if (dns_name_equal(c->host, host) && !strcmp(c->origin, origin))
			return;
	struct kms_claim *claim = cw_arena_new_of(run_arena(run), struct kms_claim);
	*claim = (struct kms_claim){ cw_arena_str(run_arena(run), host), origin, e->claims };
	bool first = !e->claims;
	e->claims = claim;
	if (first)
		start(run, e);
	if (e->has_connect)
		put_connect(run, e, claim);
	if (e->has_bind)
		put_bind(run, e, claim);
}

static void want_addresses(struct run *run, const struct fact *f, const struct kms_wanted *w)
{
	struct fact_list list = fact_list_of(f, FIELD_ADDRESSES);
	struct cw_addr addr;
	for (size_t i = 0; i < list.count; i++) {
		if (!cw_addr_parse(list.item[i], &addr))
			continue;
		addr.port = w->port;
		kms_want_endpoint(run, &addr, w->host, w->origin);
	}
}

static bool is_about(const struct fact *f, const struct kms_wanted *w)
{
	return f->outcome == CW_OUT_OK && fact_is(f, FIELD_HOST, w->host) &&
	       fact_is(f, FIELD_ORIGIN, w->origin);
}

void kms_want_host(struct run *run, const char *host, uint16_t port, const char *origin)
{
	struct kms_state *st = kms_state_of(run);
	struct cw_arena *a = run_arena(run);
	if (!name_set_add(&st->wanted_keys, a, cw_arena_fmt(a, "%s %u %s", host, port, origin)))
		return;
	struct kms_wanted *w = cw_arena_new_of(a, struct kms_wanted);
	*w = (struct kms_wanted){ cw_arena_str(a, host), origin, port, st->wanted };
	st->wanted = w;
	FACT_EACH_OF (run_facts(run), FACT_DNS_ADDRESS, f)
		if (is_about(f, w))
			want_addresses(run, f, w);
}

/* The port at which the address that the user names is tried: its own, or the pinned host's. */
static void given_told(struct run *run)
{
	const struct kms_request *req = run_request(run);
	const struct fact *pinned = fact_first(run_facts(run), FACT_KMS_PINNED);
	struct cw_addr addr = *req->host_address;
	if (!addr.port)
		addr.port =
			(uint16_t)(pinned ? fact_number(pinned, FIELD_PORT, KMS_PORT) : KMS_PORT);
	kms_want_endpoint(run, &addr, "", "given");
}

static void endpoint_told(struct run *run, const struct fact *f)
{
	if (f->kind == FACT_KMS_ADDRESS_GIVEN) {
		given_told(run);
		return;
	}
	for (struct kms_wanted *w = kms_state_of(run)->wanted; w; w = w->next)
		if (is_about(f, w))
			want_addresses(run, f, w);
}

static bool bound_elsewhere(struct run *run, const struct fact *connect)
{
	FACT_EACH_OF (run_facts(run), FACT_RPC_BIND, f)
		if (f->outcome == CW_OUT_OK &&
		    fact_is(f, FIELD_HOST, fact_text(connect, FIELD_HOST)))
			return true;
	return false;
}

/* What this machine itself could not try is no finding about the network. */
static void say_what_was_not_tried(struct run *run)
{
	FACT_EACH_OF (run_facts(run), FACT_TCP_CONNECT, f) {
		if (f->outcome != CW_OUT_NO_ROUTE && f->outcome != CW_OUT_DENIED &&
		    f->outcome != CW_OUT_LOCAL)
			continue;
		const char *why = f->outcome == CW_OUT_NO_ROUTE
					  ? N_("this machine has no route to it (%s)")
				  : f->outcome == CW_OUT_DENIED
					  ? N_("this machine's own firewall forbids it (%s)")
					  : N_("this machine could not try (%s)");
		fact_not_tested(run_facts(run), CW_TEXT(N_("TCP to %s"), f->subject),
				CW_TEXT(why, fact_text(f, FIELD_ERROR)), !bound_elsewhere(run, f));
	}
}

static bool is_local_trouble(enum cw_outcome o)
{
	return o == CW_OUT_NO_ROUTE || o == CW_OUT_DENIED || o == CW_OUT_LOCAL;
}

/* Servers that this machine cannot even send to. They hide a cause unless another server gave
 * what was asked for. */
static void say_which_servers_were_not_asked(struct run *run)
{
	struct name_set said = { 0 };
	static const enum fact_kind kinds[] = { FACT_DNS_SRV, FACT_DNS_ADDRESS };
	for (size_t k = 0; k < 2; k++) {
		bool answered = false;
		FACT_EACH_OF (run_facts(run), kinds[k], f)
			answered |= f->outcome == CW_OUT_OK;
		FACT_EACH_OF (run_facts(run), kinds[k], f) {
			const char *server = fact_text(f, FIELD_SERVER);
			if (is_local_trouble(f->outcome) &&
			    name_set_add(&said, run_arena(run), server))
				fact_not_tested(run_facts(run),
						CW_TEXT(N_("the DNS server %s"), server),
						CW_TEXT(N_("this machine cannot send to it: %s"),
							fact_text(f, FIELD_ERROR)),
						!answered);
		}
	}
}

static void endpoint_settled(struct run *run)
{
	struct kms_state *st = kms_state_of(run);
	if (st->settled || run_first_task(run))
		return;
	st->settled = true;
	say_which_servers_were_not_asked(run);
	say_what_was_not_tried(run);
	if (st->endpoints_capped)
		fact_not_tested(run_facts(run), CW_TEXT(N_("further hosts")),
				CW_TEXT(N_("more than %s are published; the first ones were tried"),
					cw_arena_fmt(run_arena(run), "%d", LIMIT_TARGETS)),
				false);
	if (run_was_cut_short(run))
		fact_not_tested(run_facts(run), CW_TEXT(N_("what was still under way")),
				run_timed_out(run)
					? CW_TEXT(N_("the time limit (--timeout) was reached"))
					: CW_TEXT(N_("the run was interrupted")),
				true);
}

const struct probe kms_probe_endpoint = {
	.name = "kms.endpoint",
	.looks_at = FACT_BIT(FACT_DNS_ADDRESS) | FACT_BIT(FACT_KMS_ADDRESS_GIVEN),
	.provides = FACT_BIT(FACT_TCP_CONNECT) | FACT_BIT(FACT_RPC_BIND),
	.told = endpoint_told,
	.settled = endpoint_settled,
};
