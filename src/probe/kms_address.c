/* From a host's name to its addresses, from every server, and back by PTR where nothing answers. */
#include "probe/kms_state.h"

#include <string.h>
#include <strings.h>

#include "codec/hostname.h"

struct address_mark {
	const char *host, *origin;
};

static void address_answered(struct run *run, const struct run_dns *d,
			     const struct dns_answer *answer)
{
	const struct address_mark *mark = d->mark;
	struct fact_store *s = run_facts(run);
	struct fact *f = run_dns_fact(run, d, FACT_DNS_ADDRESS, answer);
	fact_set_text(s, f, FIELD_HOST, mark->host);
	fact_set_text(s, f, FIELD_ORIGIN, mark->origin);
	fact_set_text(s, f, FIELD_FAMILY, d->type == DNS_A ? "ipv4" : "ipv6");
	if (answer->message)
		run_set_addresses(run, f, answer->message, d->name, d->type);
	run_put(run, f);
}

void kms_ask_addresses(struct run *run, const char *host, const char *origin)
{
	struct kms_state *st = kms_state_of(run);
	struct cw_arena *a = run_arena(run);
	if (!name_set_add(&st->asked_addresses, a, cw_arena_join(a, host, " ", origin, NULL)))
		return;
	struct address_mark *mark = cw_arena_new_of(a, struct address_mark);
	*mark = (struct address_mark){ cw_arena_str(a, host), origin };
	for (size_t i = 0; i < st->server_count; i++) {
		run_ask(run, &kms_probe_address, "host", &st->server[i], host, DNS_A,
			address_answered, mark);
		run_ask(run, &kms_probe_address, "host", &st->server[i], host, DNS_AAAA,
			address_answered, mark);
	}
}

/* A NetBIOS name is completed by each suffix, as the client's resolver does. */
static void ask_netbios(struct run *run, const char *host, uint16_t port)
{
	struct kms_state *st = kms_state_of(run);
	for (struct kms_suffix *x = st->suffixes; x; x = x->next) {
		const char *full = cw_arena_fmt(run_arena(run), "%s.%s", host, x->name);
		kms_want_host(run, full, port, "pinned");
		kms_ask_addresses(run, full, "pinned");
	}
	if (!st->suffixes)
		fact_not_tested(run_facts(run), CW_TEXT(N_("the address of %s"), host),
				CW_TEXT(N_("the name has no domain, and no suffix is known "
					   "(--suffix)")),
				true);
}

static void pinned_told(struct run *run, const struct fact *f)
{
	const char *host = fact_text(f, FIELD_HOST);
	uint16_t port = (uint16_t)fact_number(f, FIELD_PORT, KMS_PORT);
	struct cw_addr addr;
	if (cw_addr_parse(host, &addr)) {
		addr.port = port;
		kms_want_endpoint(run, &addr, host, "pinned");
		return;
	}
	if (f->outcome != CW_OUT_OK)
		return;
	if (fact_is(f, FIELD_FORM, "netbios")) {
		ask_netbios(run, host, port);
		return;
	}
	kms_want_host(run, host, port, "pinned");
	kms_ask_addresses(run, host, "pinned");
}

static void address_told(struct run *run, const struct fact *f)
{
	struct kms_state *st = kms_state_of(run);
	if (f->kind == FACT_KMS_PINNED) {
		pinned_told(run, f);
		return;
	}
	/* A name that Windows would not take is never looked up; what is wrong with port or
	 * priority does not keep us from telling whether the host is there. */
	if (f->outcome == CW_OUT_MALFORMED || !*fact_text(f, FIELD_TARGET))
		return;
	if (f->outcome == CW_OUT_INVALID && !fact_is(f, FIELD_WHY, "port-zero"))
		return;
	const char *target = fact_text(f, FIELD_TARGET);
	if (st->asked_addresses.count >= LIMIT_TARGETS) {
		st->endpoints_capped = true;
		return;
	}
	if (f->outcome == CW_OUT_OK)
		kms_want_host(run, target, (uint16_t)fact_number(f, FIELD_PORT, KMS_PORT),
			      st->origin);
	kms_ask_addresses(run, target, st->origin);
}

const struct probe kms_probe_address = {
	.name = "dns.address",
	.looks_at = FACT_BIT(FACT_KMS_PINNED) | FACT_BIT(FACT_DNS_SRV_RECORD) |
		    FACT_BIT(FACT_CLIENT_SUFFIX),
	.provides = FACT_BIT(FACT_DNS_ADDRESS),
	.told = address_told,
};

/* PTR: who has the address at which no KMS answers? Asked of the first server that answered. */
static void ptr_answered(struct run *run, const struct run_dns *d, const struct dns_answer *answer)
{
	struct fact_store *s = run_facts(run);
	struct run_dns under = *d;
	under.name = d->mark; /* the address, not its reverse name */
	struct fact *f = run_dns_fact(run, &under, FACT_DNS_PTR, answer);
	const char *names[8];
	size_t count = 0;
	for (size_t i = 0; answer->message && i < answer->message->rr_count && count < 8; i++) {
		const struct dns_rr *rr = &answer->message->rr[i];
		if (rr->section == DNS_ANSWER && rr->type == DNS_PTR && !rr->bad_rdata)
			names[count++] = rr->name;
	}
	fact_set_list(s, f, FIELD_NAMES, count, names);
	run_put(run, f);
}

static const struct cw_addr *answering_server(struct run *run)
{
	struct kms_state *st = kms_state_of(run);
	FACT_EACH_OF (run_facts(run), FACT_DNS_ADDRESS, f) {
		for (size_t i = 0; i < st->server_count; i++)
			if (f->outcome == CW_OUT_OK && fact_is(f, FIELD_SERVER, st->server_text[i]))
				return &st->server[i];
	}
	return NULL;
}

static void ptr_told(struct run *run, const struct fact *f)
{
	struct kms_state *st = kms_state_of(run);
	const struct cw_addr *server = answering_server(run);
	struct cw_addr addr;
	char reverse[80], text[CW_ADDR_TEXT];
	bool bad = f->outcome != CW_OUT_OK && f->outcome != CW_OUT_CANCELLED;
	if (!bad || !server || !*fact_text(f, FIELD_HOST) ||
	    !cw_addr_parse_port(f->subject, 0, &addr))
		return;
	cw_addr_text(&addr, text);
	struct cw_arena *a = run_arena(run);
	if (name_set_add(&st->asked_ptr, a, text))
		run_ask(run, &kms_probe_ptr, "host", server, cw_addr_reverse_name(&addr, reverse),
			DNS_PTR, ptr_answered, cw_arena_str(a, text));
}

const struct probe kms_probe_ptr = {
	.name = "dns.ptr",
	.looks_at = FACT_BIT(FACT_TCP_CONNECT) | FACT_BIT(FACT_RPC_BIND),
	.provides = FACT_BIT(FACT_DNS_PTR),
	.told = ptr_told,
};
