/* From a name to its addresses, from every server; as soon as the name is known. */
#include "probe/web_state.h"

#include <string.h>

#include "base/limits.h"
#include "codec/dns.h"

static void answered(struct run *run, const struct run_dns *d, const struct dns_answer *answer)
{
	const struct web_host *h = d->mark;
	struct fact_store *s = run_facts(run);
	struct fact *f = run_dns_fact(run, d, FACT_DNS_ADDRESS, answer);
	fact_set_text(s, f, FIELD_HOST, h->name);
	fact_set_text(s, f, FIELD_ORIGIN, h->origin);
	fact_set_text(s, f, FIELD_FAMILY, d->type == DNS_A ? "ipv4" : "ipv6");
	if (answer->message)
		run_set_addresses(run, f, answer->message, d->name, d->type);
	run_put(run, f);
}

static void ask(struct run *run, struct web_host *h, const char *name)
{
	struct web_state *st = web_state_of(run);
	for (size_t i = 0; i < st->server_count; i++) {
		h->pending += 2;
		run_ask(run, &web_probe_address, "name", &st->server[i], name, DNS_A, answered, h);
		run_ask(run, &web_probe_address, "name", &st->server[i], name, DNS_AAAA, answered,
			h);
	}
}

/* A name of one label is completed by the client's suffixes (DnsQueryEx). */
static void ask_all(struct run *run, struct web_host *h)
{
	const struct web_request *req = run_request(run);
	bool complete = strchr(h->name, '.') || !req->settings->suffix_count;
	if (!web_state_of(run)->server_count) {
		h->failure = CW_OUT_NONE;
		fact_not_tested(run_facts(run), CW_TEXT(N_("the address of %s"), h->name),
				CW_TEXT(N_("no DNS server is known (--dns)")), true);
		return;
	}
	if (complete)
		ask(run, h, h->name);
	for (size_t i = 0; !complete && i < req->settings->suffix_count; i++)
		ask(run, h,
		    cw_arena_join(run_arena(run), h->name, ".", req->settings->suffix[i], NULL));
}

void web_host_add(struct run *run, struct web_host *h, const struct cw_addr *addr)
{
	const struct web_request *req = run_request(run);
	if (addr->family == CW_IPV6 && req->settings->no_ipv6)
		return; /* such a client does not try them */
	for (size_t i = 0; i < h->count; i++)
		if (cw_addr_same(&h->addr[i], addr))
			return;
	if (h->count == LIMIT_HOST_ADDRESSES) {
		web_state_of(run)->addresses_capped = true;
		return;
	}
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 4;
		struct cw_addr *larger = cw_arena_array_of(run_arena(run), struct cw_addr, h->cap);
		for (size_t i = 0; i < h->count; i++)
			larger[i] = h->addr[i];
		h->addr = larger;
	}
	h->addr[h->count++] = *addr;
}

struct web_host *web_host_of(struct run *run, const char *name, const char *origin)
{
	struct web_state *st = web_state_of(run);
	struct cw_addr literal;
	for (struct web_host *h = st->hosts; h; h = h->next)
		if (!strcmp(h->origin, origin) && dns_name_equal(h->name, name))
			return h;
	struct web_host *h = cw_arena_new_of(run_arena(run), struct web_host);
	*h = (struct web_host){ .name = cw_arena_str(run_arena(run), name),
				.origin = origin,
				.failure = CW_OUT_NO_DATA,
				.next = st->hosts };
	st->hosts = h;
	if (cw_addr_parse(name, &literal))
		web_host_add(run, h, &literal);
	else
		ask_all(run, h);
	return h;
}

/* NODATA for one family is the least telling of failures. */
static void note_failure(struct web_host *h, const struct fact *f)
{
	if (f->outcome != CW_OUT_OK && f->outcome != CW_OUT_NO_DATA)
		h->failure = f->outcome;
}

static void address_told(struct run *run, const struct fact *f)
{
	struct fact_list list = fact_list_of(f, FIELD_ADDRESSES);
	struct cw_addr addr;
	for (struct web_host *h = web_state_of(run)->hosts; h; h = h->next) {
		if (!fact_is(f, FIELD_ORIGIN, h->origin) || !fact_is(f, FIELD_HOST, h->name))
			continue;
		note_failure(h, f);
		for (size_t i = 0; i < list.count; i++)
			if (cw_addr_parse(list.item[i], &addr))
				web_host_add(run, h, &addr);
		h->pending--;
		web_host_wake(h);
	}
}

const struct probe web_probe_address = {
	.name = "dns.address",
	.looks_at = FACT_BIT(FACT_DNS_ADDRESS),
	.provides = FACT_BIT(FACT_DNS_ADDRESS),
	.told = address_told,
};
