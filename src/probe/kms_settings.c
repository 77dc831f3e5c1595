/* Where the way begins: the client's DNS servers, its suffixes, and a host that is set by hand. */
#include "probe/kms_state.h"

#include <stdio.h>
#include <string.h>

static void put_resolver(struct run *run, const struct cw_addr *server, const char *source)
{
	struct kms_state *st = kms_state_of(run);
	char text[CW_ADDR_TEXT];
	if (st->server_count == RESOLVERS_MOST)
		return;
	for (size_t i = 0; i < st->server_count; i++)
		if (cw_addr_same_port(&st->server[i], server))
			return;
	cw_addr_port_text(server, text);
	struct fact *f = run_fact(run, &kms_probe_settings, FACT_CLIENT_RESOLVER, text);
	st->server[st->server_count] = *server;
	st->server_text[st->server_count++] = f->subject;
	f->outcome = CW_OUT_OK;
	fact_set_text(run_facts(run), f, FIELD_SOURCE, source);
	fact_set_number(run_facts(run), f, FIELD_ORDER, (int64_t)st->server_count);
	run_put(run, f);
}

/* A setting of this machine that is absent, or that could not be read. */
static void put_absent(struct run *run, enum fact_kind kind, const struct kms_request *req)
{
	const struct resolver_settings *set = req->settings;
	bool unreadable = set->outcome == CW_OUT_UNREADABLE;
	struct fact *f = run_fact(run, &kms_probe_settings, kind, unreadable ? set->path : "-");
	f->outcome = unreadable ? CW_OUT_UNREADABLE : CW_OUT_NONE;
	fact_set_text(run_facts(run), f, FIELD_SOURCE, req->settings_source);
	if (unreadable)
		fact_set_text(run_facts(run), f, FIELD_ERROR, set->error);
	if (kind == FACT_CLIENT_SUFFIX)
		fact_set_text(run_facts(run), f, FIELD_ORIGIN, kms_state_of(run)->origin);
	run_put(run, f);
	if (!unreadable)
		return;
	fact_not_tested(run_facts(run),
			kind == FACT_CLIENT_RESOLVER ? CW_TEXT(N_("this machine's DNS servers"))
						     : CW_TEXT(N_("this machine's DNS suffixes")),
			CW_TEXT(N_("%s could not be read: %s"), set->path, set->error), true);
}

static void put_resolvers(struct run *run, const struct kms_request *req)
{
	for (size_t i = 0; i < req->server_count; i++)
		put_resolver(run, &req->server[i], "argument");
	if (req->server_count)
		return;
	for (size_t i = 0; i < req->settings->server_count; i++)
		put_resolver(run, &req->settings->server[i], req->settings_source);
	if (!req->settings->server_count)
		put_absent(run, FACT_CLIENT_RESOLVER, req);
}

/* The record's own name must fit too (RFC 1035 2.3.4): 12 octets before the suffix. */
static bool suffix_is_valid(const char *name, struct name_fault *fault)
{
	enum { OWNER_LABELS = sizeof("_vlmcs._tcp.") - 1, ENDS = 2 };
	if (!host_name_is_valid(name, fault))
		return false;
	size_t len = strlen(name) - (name[strlen(name) - 1] == '.');
	if (len + OWNER_LABELS + ENDS <= LIMIT_DNS_NAME_WIRE)
		return true;
	fault->why = "name-too-long";
	(void)snprintf(fault->detail, sizeof(fault->detail), "%.*s", (int)sizeof(fault->detail) - 1,
		       name);
	return false;
}

static void put_suffix(struct run *run, const char *name, const char *source)
{
	struct kms_state *st = kms_state_of(run);
	struct name_fault fault;
	bool valid = suffix_is_valid(name, &fault);
	if (valid && kms_suffix_find(st, name))
		return;
	struct fact *f = run_fact(run, &kms_probe_settings, FACT_CLIENT_SUFFIX, name);
	int64_t order = 1;
	struct kms_suffix **last = &st->suffixes;
	for (; *last; last = &(*last)->next)
		order++;
	f->outcome = valid ? CW_OUT_OK : CW_OUT_INVALID;
	fact_set_text(run_facts(run), f, FIELD_SOURCE, source);
	fact_set_text(run_facts(run), f, FIELD_ORIGIN, st->origin);
	if (valid) {
		fact_set_number(run_facts(run), f, FIELD_ORDER, order);
		*last = cw_arena_new_of(run_arena(run), struct kms_suffix);
		(*last)->name = f->subject;
	} else {
		fact_set_text(run_facts(run), f, FIELD_WHY, fault.why);
		fact_set_text(run_facts(run), f, FIELD_DETAIL, fault.detail);
	}
	run_put(run, f);
}

static void put_suffixes(struct run *run, const struct kms_request *req)
{
	if (req->domain)
		put_suffix(run, req->domain, "argument");
	for (size_t i = 0; i < req->suffix_count; i++)
		put_suffix(run, req->suffix[i], "argument");
	if (req->domain || req->suffix_count)
		return;
	for (size_t i = 0; i < req->settings->suffix_count; i++)
		put_suffix(run, req->settings->suffix[i], req->settings_source);
	/* Beside a pinned host discovery is only a comparison: no suffix is no fault then. */
	if (!req->settings->suffix_count && !req->host)
		put_absent(run, FACT_CLIENT_SUFFIX, req);
}

static void put_pinned(struct run *run, const char *typed)
{
	struct fact_store *s = run_facts(run);
	struct kms_host host;
	struct name_fault fault;
	bool valid = kms_host_parse(typed, &host, &fault);
	struct fact *f = run_fact(run, &kms_probe_settings, FACT_KMS_PINNED, typed);
	f->outcome = valid ? CW_OUT_OK : CW_OUT_INVALID;
	fact_set_text(s, f, FIELD_HOST, host.host);
	fact_set_number(s, f, FIELD_PORT, host.port);
	fact_set_text(s, f, FIELD_FORM, kms_host_form_name(host.form));
	if (!valid) {
		fact_set_text(s, f, FIELD_WHY, fault.why);
		fact_set_text(s, f, FIELD_DETAIL, fault.detail);
	}
	run_put(run, f);
}

static void put_given_address(struct run *run, const struct cw_addr *addr)
{
	char text[CW_ADDR_TEXT];
	struct fact *f = run_fact(run, &kms_probe_settings, FACT_KMS_ADDRESS_GIVEN,
				  cw_addr_text(addr, text));
	f->outcome = CW_OUT_OK;
	fact_set_number(run_facts(run), f, FIELD_PORT, addr->port);
	run_put(run, f);
}

static void settings_start(struct run *run)
{
	const struct kms_request *req = run_request(run);
	bool asked = req->domain || req->suffix_count || !req->host;
	kms_state_of(run)->origin = asked ? "discovery" : "comparison";
	struct fact *f = run_fact(run, &kms_probe_settings, FACT_RUN_COMMAND, req->command_line);
	f->outcome = CW_OUT_OK;
	run_put(run, f);
	put_resolvers(run, req);
	put_suffixes(run, req);
	if (req->host)
		put_pinned(run, req->host);
	if (req->host_address)
		put_given_address(run, req->host_address);
}

struct kms_suffix *kms_suffix_find(struct kms_state *s, const char *name)
{
	for (struct kms_suffix *x = s->suffixes; x; x = x->next)
		if (dns_name_equal(x->name, name))
			return x;
	return NULL;
}

const struct probe kms_probe_settings = {
	.name = "settings",
	.provides = FACT_BIT(FACT_RUN_COMMAND) | FACT_BIT(FACT_CLIENT_RESOLVER) |
		    FACT_BIT(FACT_CLIENT_SUFFIX) | FACT_BIT(FACT_KMS_PINNED) |
		    FACT_BIT(FACT_KMS_ADDRESS_GIVEN),
	.start = settings_start,
};
