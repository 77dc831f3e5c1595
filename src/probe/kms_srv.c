/* Discovery: the SRV record of every suffix, from every server by itself. */
#include "probe/kms_state.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/hostname.h"

static void set_soa(struct run *run, struct fact *f, const struct dns_message *m)
{
	struct fact_store *s = run_facts(run);
	for (size_t i = 0; i < m->rr_count; i++) {
		const struct dns_rr *rr = &m->rr[i];
		if (rr->section != DNS_AUTHORITY || rr->type != DNS_SOA || rr->bad_rdata)
			continue;
		fact_set_text(s, f, FIELD_ZONE, rr->owner);
		fact_set_number(s, f, FIELD_SERIAL, rr->soa.serial);
		fact_set_text(s, f, FIELD_MNAME, rr->soa.mname);
		return;
	}
}

static bool is_srv(const struct dns_rr *rr)
{
	return rr->section == DNS_ANSWER && rr->type == DNS_SRV && rr->class_ == DNS_CLASS_IN;
}

/* What Windows could not use in a record, or NULL (RFC 2782). */
static const char *record_fault(const struct dns_srv *srv, struct name_fault *fault)
{
	struct cw_addr ignored;
	*fault = (struct name_fault){ 0 };
	if (!strcmp(srv->target, ".") || !*srv->target)
		return "target-root";
	if (cw_addr_parse(srv->target, &ignored)) {
		(void)snprintf(fault->detail, sizeof(fault->detail), "%s", srv->target);
		return "target-address";
	}
	if (!host_name_is_valid(srv->target, fault))
		return fault->why;
	return srv->port ? NULL : "port-zero";
}

static void put_record(struct run *run, const struct run_dns *d, const struct dns_answer *answer,
		       const struct dns_rr *rr, const char *suffix)
{
	struct fact_store *s = run_facts(run);
	struct fact *f = run_fact(run, d->probe, FACT_DNS_SRV_RECORD, rr->owner);
	struct name_fault fault = { 0 };
	const char *why = rr->bad_rdata ? "rdata" : record_fault(&rr->srv, &fault);
	f->outcome = rr->bad_rdata ? CW_OUT_MALFORMED : why ? CW_OUT_INVALID : CW_OUT_OK;
	f->took_ms = answer->took_ms;
	f->at_ms = run_elapsed_ms(run) - answer->took_ms;
	fact_set_text(s, f, FIELD_SERVER, d->server_text);
	fact_set_text(s, f, FIELD_SUFFIX, suffix);
	fact_set_text(s, f, FIELD_ORIGIN, kms_state_of(run)->origin);
	fact_set_number(s, f, FIELD_TTL_S, rr->ttl_s);
	if (why)
		fact_set_text(s, f, FIELD_WHY, why);
	if (*fault.detail)
		fact_set_text(s, f, FIELD_DETAIL, fault.detail);
	if (!rr->bad_rdata) {
		fact_set_number(s, f, FIELD_PRIORITY, rr->srv.priority);
		fact_set_number(s, f, FIELD_WEIGHT, rr->srv.weight);
		fact_set_number(s, f, FIELD_PORT, rr->srv.port);
		fact_set_text(s, f, FIELD_TARGET, rr->srv.target);
	}
	run_put(run, f);
}

/* Count and lowest TTL of the SRV records, and the first target, for the fact of the answer. */
static void set_records(struct run *run, struct fact *f, const struct dns_message *m,
			bool with_target)
{
	struct fact_store *s = run_facts(run);
	const struct dns_rr *first = NULL;
	uint32_t ttl_s = UINT32_MAX;
	int64_t count = 0;
	for (size_t i = 0; i < m->rr_count; i++) {
		if (!is_srv(&m->rr[i]))
			continue;
		first = first ? first : &m->rr[i];
		ttl_s = m->rr[i].ttl_s < ttl_s ? m->rr[i].ttl_s : ttl_s;
		count++;
	}
	fact_set_number(s, f, FIELD_COUNT, count);
	if (!first)
		return;
	fact_set_number(s, f, FIELD_TTL_S, ttl_s);
	if (!with_target || first->bad_rdata)
		return;
	fact_set_text(s, f, FIELD_TARGET, first->srv.target);
	fact_set_number(s, f, FIELD_PORT, first->srv.port);
}

/* The alias chain from the asked name, as far as the answer has it. */
static void set_alias(struct run *run, struct fact *f, const struct dns_message *m,
		      const char *name)
{
	const char *chain[LIMIT_DNS_ALIASES + 1] = { name };
	size_t count = 1;
	for (size_t i = 0; i < m->rr_count && count <= LIMIT_DNS_ALIASES; i++) {
		const struct dns_rr *rr = &m->rr[i];
		if (rr->section != DNS_ANSWER || rr->type != DNS_CNAME || rr->bad_rdata)
			continue;
		if (dns_name_equal(rr->owner, chain[count - 1]))
			chain[count++] = rr->name;
	}
	if (count > 1)
		fact_set_list(run_facts(run), f, FIELD_ALIAS, count, chain);
}

static void put_records(struct run *run, const struct run_dns *d, const struct dns_answer *answer,
			const char *suffix)
{
	size_t seen = 0;
	for (size_t i = 0; i < answer->message->rr_count; i++) {
		if (!is_srv(&answer->message->rr[i]))
			continue;
		if (seen++ == LIMIT_SRV_RECORDS)
			break;
		put_record(run, d, answer, &answer->message->rr[i], suffix);
	}
}

/* Addresses that came along: the next round trip need not wait for a query of its own. */
static void put_additional(struct run *run, const struct run_dns *d,
			   const struct dns_answer *answer)
{
	struct fact_store *s = run_facts(run);
	char text[CW_ADDR_TEXT];
	for (size_t i = 0; i < answer->message->rr_count; i++) {
		const struct dns_rr *rr = &answer->message->rr[i];
		if (rr->section != DNS_ADDITIONAL || rr->bad_rdata ||
		    (rr->type != DNS_A && rr->type != DNS_AAAA))
			continue;
		struct cw_addr addr = { .family = rr->type == DNS_A ? CW_IPV4 : CW_IPV6 };
		memcpy(addr.bytes, rr->address, rr->type == DNS_A ? 4 : 16);
		const char *item = cw_addr_text(&addr, text);
		struct fact *f = run_fact(run, d->probe, FACT_DNS_ADDRESS, rr->owner);
		f->outcome = CW_OUT_OK;
		f->took_ms = answer->took_ms;
		f->at_ms = run_elapsed_ms(run) - answer->took_ms;
		fact_set_text(s, f, FIELD_SERVER, d->server_text);
		fact_set_text(s, f, FIELD_HOST, rr->owner);
		fact_set_text(s, f, FIELD_ORIGIN, kms_state_of(run)->origin);
		fact_set_text(s, f, FIELD_SOURCE, "additional");
		fact_set_text(s, f, FIELD_FAMILY, rr->type == DNS_A ? "ipv4" : "ipv6");
		fact_set_list(s, f, FIELD_ADDRESSES, 1, &item);
		run_put(run, f);
	}
}

static void srv_answered(struct run *run, const struct run_dns *d, const struct dns_answer *answer)
{
	const struct kms_suffix *suffix = d->mark;
	struct fact *f = run_dns_fact(run, d, FACT_DNS_SRV, answer);
	fact_set_text(run_facts(run), f, FIELD_SUFFIX, suffix->name);
	fact_set_text(run_facts(run), f, FIELD_ORIGIN, kms_state_of(run)->origin);
	if (answer->message) {
		set_records(run, f, answer->message, false);
		set_alias(run, f, answer->message, d->name);
		set_soa(run, f, answer->message);
	}
	run_put(run, f);
	if (answer->outcome != CW_OUT_OK)
		return;
	put_records(run, d, answer, suffix->name);
	put_additional(run, d, answer);
}

static void srv_told(struct run *run, const struct fact *f)
{
	struct kms_state *st = kms_state_of(run);
	if (f->kind != FACT_CLIENT_SUFFIX || f->outcome != CW_OUT_OK)
		return;
	struct kms_suffix *suffix = kms_suffix_find(st, f->subject);
	const char *owner = cw_arena_join(run_arena(run), "_vlmcs._tcp.", f->subject, NULL);
	for (size_t i = 0; i < st->server_count; i++)
		run_ask(run, &kms_probe_srv, "srv", &st->server[i], owner, DNS_SRV, srv_answered,
			suffix);
}

const struct probe kms_probe_srv = {
	.name = "dns.srv",
	.looks_at = FACT_BIT(FACT_CLIENT_SUFFIX) | FACT_BIT(FACT_CLIENT_RESOLVER),
	.provides = FACT_BIT(FACT_DNS_SRV) | FACT_BIT(FACT_DNS_SRV_RECORD),
	.told = srv_told,
};

/* The usual slips, asked of the first server that says that the right name is not there. */
static void misspelt_answered(struct run *run, const struct run_dns *d,
			      const struct dns_answer *answer)
{
	struct fact *f = run_dns_fact(run, d, FACT_DNS_SRV_MISSPELT, answer);
	fact_set_text(run_facts(run), f, FIELD_SUFFIX, d->mark);
	if (answer->message)
		set_records(run, f, answer->message, true);
	run_put(run, f);
}

static bool is_negative(enum cw_outcome o)
{
	return o == CW_OUT_NAME_MISSING || o == CW_OUT_NO_DATA;
}

/* Whether the root or a top-level domain says that the name does not exist: then there is no zone
 * of the user's in which it could stand under another name. */
static bool zone_is_absent(const struct fact *f)
{
	const char *zone = fact_text(f, FIELD_ZONE), *suffix = fact_text(f, FIELD_SUFFIX);
	return f->outcome == CW_OUT_NAME_MISSING && *zone && !dns_name_equal(zone, suffix) &&
	       dns_name_labels(zone) <= 1;
}

static const struct cw_addr *server_of(struct kms_state *st, const struct fact *f)
{
	for (size_t i = 0; i < st->server_count; i++)
		if (fact_is(f, FIELD_SERVER, st->server_text[i]))
			return &st->server[i];
	return NULL;
}

static void misspelt_told(struct run *run, const struct fact *f)
{
	static const char *const slips[] = { "_vlmcs.", "_vlmcs._udp.", "vlmcs._tcp.",
					     "_vmlcs._tcp." };
	struct kms_state *st = kms_state_of(run);
	struct kms_suffix *suffix = kms_suffix_find(st, fact_text(f, FIELD_SUFFIX));
	const struct cw_addr *server = server_of(st, f);
	if (!is_negative(f->outcome) || !suffix || suffix->hinted || !server || zone_is_absent(f))
		return;
	suffix->hinted = true;
	struct cw_arena *a = run_arena(run);
	for (size_t i = 0; i < sizeof(slips) / sizeof(*slips); i++) {
		const char *name = cw_arena_join(a, slips[i], suffix->name, NULL);
		run_ask(run, &kms_probe_misspelt, "srv", server, name, DNS_SRV, misspelt_answered,
			suffix->name);
	}
	/* The zone's name typed once more, relative, in a zone file (RFC 1035 5.1). */
	run_ask(run, &kms_probe_misspelt, "srv", server,
		cw_arena_join(a, "_vlmcs._tcp.", suffix->name, ".", suffix->name, NULL), DNS_SRV,
		misspelt_answered, suffix->name);
}

const struct probe kms_probe_misspelt = {
	.name = "dns.srv-misspelt",
	.looks_at = FACT_BIT(FACT_DNS_SRV),
	.provides = FACT_BIT(FACT_DNS_SRV_MISSPELT),
	.told = misspelt_told,
};

/* Other zones where the record may stand although the client does not search them. */
struct elsewhere {
	const char *suffix, *zone, *relation;
};

static void elsewhere_answered(struct run *run, const struct run_dns *d,
			       const struct dns_answer *answer)
{
	const struct elsewhere *e = d->mark;
	struct fact_store *s = run_facts(run);
	struct fact *f = run_dns_fact(run, d, FACT_DNS_SRV_ELSEWHERE, answer);
	fact_set_text(s, f, FIELD_SUFFIX, e->suffix);
	fact_set_text(s, f, FIELD_ZONE, e->zone);
	fact_set_text(s, f, FIELD_RELATION, e->relation);
	if (answer->message)
		set_records(run, f, answer->message, true);
	run_put(run, f);
}

/* Second-level labels of country domains under which the public registers names: a KMS record
 * there is nobody's (co.jp, com.au). */
static bool is_registry(const char *zone)
{
	static const char *const seconds[] = { "co", "com", "ac", "go",  "or",  "ne",  "gr",
					       "ed", "lg",  "ad", "org", "net", "gov", "edu" };
	size_t len = strcspn(zone, ".");
	if (dns_name_labels(zone) != 2 || strlen(dns_name_parent(zone)) != 2)
		return false;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++)
		if (strlen(seconds[i]) == len && !strncasecmp(seconds[i], zone, len))
			return true;
	return false;
}

static void ask_elsewhere(struct run *run, const struct cw_addr *server, const char *suffix,
			  const char *zone, const char *relation)
{
	struct kms_state *st = kms_state_of(run);
	struct cw_arena *a = run_arena(run);
	struct name_fault fault;
	if (dns_name_labels(zone) < 2 || is_registry(zone) || kms_suffix_find(st, zone) ||
	    !host_name_is_valid(zone, &fault) || strlen(zone) > LIMIT_DNS_NAME_WIRE - 14)
		return;
	if (!name_set_add(&st->asked_elsewhere, a, zone))
		return;
	struct elsewhere *e = cw_arena_new_of(a, struct elsewhere);
	*e = (struct elsewhere){ suffix, cw_arena_str(a, zone), relation };
	run_ask(run, &kms_probe_elsewhere, "srv", server,
		cw_arena_join(a, "_vlmcs._tcp.", zone, NULL), DNS_SRV, elsewhere_answered, e);
}

static void ask_relatives(struct run *run, const struct cw_addr *server, const char *suffix)
{
	static const char *const usual[] = { "ad", "corp" };
	struct cw_arena *a = run_arena(run);
	const char *parent = dns_name_parent(suffix);
	for (const char *zone = parent; dns_name_labels(zone) >= 2; zone = dns_name_parent(zone))
		ask_elsewhere(run, server, suffix, zone, "parent");
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		ask_elsewhere(run, server, suffix, cw_arena_join(a, usual[i], ".", suffix, NULL),
			      "sibling");
		if (dns_name_labels(parent) >= 2)
			ask_elsewhere(run, server, suffix,
				      cw_arena_join(a, usual[i], ".", parent, NULL), "sibling");
	}
}

static void elsewhere_told(struct run *run, const struct fact *f)
{
	struct kms_state *st = kms_state_of(run);
	const struct kms_request *req = run_request(run);
	const char *suffix = fact_text(f, FIELD_SUFFIX);
	const struct cw_addr *server = server_of(st, f);
	if (!is_negative(f->outcome) || !server || strcmp(st->origin, "discovery"))
		return;
	const struct fact *pinned = fact_first(run_facts(run), FACT_KMS_PINNED);
	if (pinned && fact_is(pinned, FIELD_FORM, "fqdn"))
		ask_elsewhere(run, server, suffix, dns_name_parent(fact_text(pinned, FIELD_HOST)),
			      "host-zone");
	ask_relatives(run, server, suffix);
	if (*fact_text(f, FIELD_MNAME))
		ask_elsewhere(run, server, suffix, dns_name_parent(fact_text(f, FIELD_MNAME)),
			      "sibling");
	for (size_t i = 0; i < req->settings->suffix_count; i++)
		ask_elsewhere(run, server, suffix, req->settings->suffix[i], "sibling");
}

const struct probe kms_probe_elsewhere = {
	.name = "dns.srv-elsewhere",
	.looks_at = FACT_BIT(FACT_DNS_SRV) | FACT_BIT(FACT_KMS_PINNED),
	.provides = FACT_BIT(FACT_DNS_SRV_ELSEWHERE),
	.told = elsewhere_told,
};

/* SOA: whether the zone exists where a negative answer does not say so, and how fresh each
 * server's copy is where servers disagree. */
static void soa_answered(struct run *run, const struct run_dns *d, const struct dns_answer *answer)
{
	struct fact_store *s = run_facts(run);
	struct fact *f = run_dns_fact(run, d, FACT_DNS_SOA, answer);
	const struct dns_message *m = answer->message;
	for (size_t i = 0; m && i < m->rr_count; i++) {
		if (m->rr[i].type != DNS_SOA || m->rr[i].bad_rdata)
			continue;
		fact_set_text(s, f, FIELD_ZONE, m->rr[i].owner);
		fact_set_number(s, f, FIELD_SERIAL, m->rr[i].soa.serial);
		fact_set_text(s, f, FIELD_MNAME, m->rr[i].soa.mname);
		break;
	}
	run_put(run, f);
}

static void ask_soa(struct run *run, const struct cw_addr *server, const char *server_text,
		    const char *zone)
{
	struct cw_arena *a = run_arena(run);
	const char *key = cw_arena_join(a, zone, " ", server_text, NULL);
	if (name_set_add(&kms_state_of(run)->asked_soa, a, key))
		run_ask(run, &kms_probe_soa, "srv", server, zone, DNS_SOA, soa_answered, NULL);
}

static void soa_told(struct run *run, const struct fact *f)
{
	struct kms_state *st = kms_state_of(run);
	struct kms_suffix *suffix = kms_suffix_find(st, fact_text(f, FIELD_SUFFIX));
	const struct cw_addr *server = server_of(st, f);
	if (!suffix || !server)
		return;
	suffix->answers++;
	suffix->positive |= f->outcome == CW_OUT_OK;
	suffix->negative |= is_negative(f->outcome);
	/* A negative answer from another zone, or from none that is named: does the suffix exist as
	 * a name (NODATA), as a zone (an answer), or not at all (NXDOMAIN)? */
	if (is_negative(f->outcome) && !fact_is(f, FIELD_ZONE, suffix->name))
		ask_soa(run, server, fact_text(f, FIELD_SERVER), suffix->name);
	if (!suffix->positive || !suffix->negative)
		return;
	FACT_EACH_OF (run_facts(run), FACT_DNS_SRV, other) {
		if (other->outcome == CW_OUT_OK && fact_is(other, FIELD_SUFFIX, suffix->name))
			ask_soa(run, server_of(st, other), fact_text(other, FIELD_SERVER),
				suffix->name);
	}
}

const struct probe kms_probe_soa = {
	.name = "dns.soa",
	.looks_at = FACT_BIT(FACT_DNS_SRV),
	.provides = FACT_BIT(FACT_DNS_SOA),
	.told = soa_told,
};
