/* Rules about the DNS servers: none, silent, refusing, garbling, of two minds. */
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "rule/kms.h"
#include "rule/kms_say.h"

#define DNS_ANSWERS (FACT_BIT(FACT_DNS_SRV) | FACT_BIT(FACT_DNS_ADDRESS))

static void judge_no_dns_servers(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	FACT_EACH_OF (v->facts, FACT_CLIENT_RESOLVER, f) {
		if (f->outcome != CW_OUT_NONE)
			continue;
		/* A host that is set by its address needs no DNS. */
		if (!v->discovery && v->pinned && v->pinned->peer_count)
			continue;
		judge_evidence(
			j, f,
			CW_TEXT(N_("the resolver settings of this machine: want at least one DNS "
				   "server, have none")));
	}
	judge_fix(
		j,
		CW_TEXT(N_("Give the network adapter the addresses of your DNS servers, by DHCP or "
			   "by hand:")),
		"Set-DnsClientServerAddress -InterfaceAlias 'Ethernet' -ServerAddresses "
		"DNS-SERVER-ADDRESS");
	judge_fix(j,
		  CW_TEXT(N_(
			  "Without DNS, set the KMS host by its address, or use a MAK and activate "
			  "by telephone:")),
		  "slmgr /skms ADDRESS-OF-THE-KMS-HOST\nslmgr /ato");
}

const struct rule kms_rule_no_dns_servers = {
	.id = "kms-no-dns-servers",
	.code = "0x8007267C",
	.symbol = "DNS_ERROR_NO_DNS_SERVERS",
	.hop = "dns",
	.needs = FACT_BIT(FACT_CLIENT_RESOLVER) | FACT_BIT(FACT_CLIENT_SUFFIX) |
		 FACT_BIT(FACT_KMS_PINNED),
	.title = N_("No DNS server is configured on this machine"),
	.explanation =
		N_("A KMS client looks its host up in DNS. Without a DNS server it cannot ask "
		   "anybody."),
	.windows_shows =
		N_("0x8007267C \"No DNS servers configured\" (slmgr /ato, event 12288; on a "
		   "host event 12293)"),
	.source = N_("KB known issues"),
	.judge = judge_no_dns_servers,
};

/*
 * A server that fails is a cause when a question stays without an answer that was needed: the
 * SRV record of any searched domain, or the address of a host. Else it is a warning.
 */
typedef bool is_failure(const struct fact *f);
typedef void say_failure(struct judge *j, const struct fact *f, const char *type);

struct failures {
	struct judge *j;
	is_failure *fails;
	say_failure *say;
	struct fact_refs servers; /* the first failure of each */
	struct name_row names;
	bool needed;
};

static void add_failure(struct failures *x, const struct fact *f, const char *type)
{
	struct cw_arena *a = judge_arena(x->j);
	const char *server = fact_text(f, FIELD_SERVER);
	for (size_t i = 0; i < x->servers.count; i++)
		if (fact_is(x->servers.item[i], FIELD_SERVER, server)) {
			judge_claim(x->j, f);
			return;
		}
	refs_add(a, &x->servers, f);
	name_row_add(&x->names, server_name(a, server));
	x->say(x->j, f, type);
}

static void add_srv_failures(struct failures *x, const struct kms_view *v)
{
	for (size_t i = 0; i < v->domain_count; i++)
		for (size_t k = 0; k < v->domain[i].answers.count; k++) {
			const struct fact *f = v->domain[i].answers.item[k];
			if (!x->fails(f))
				continue;
			x->needed |= !v->discovered;
			add_failure(x, f, "SRV");
		}
}

static void add_address_failures(struct failures *x, const struct kms_view *v)
{
	const struct kms_target *t;
	for (size_t i = 0; (t = kms_target_at(v, i)); i++)
		for (size_t k = 0; k < t->lookups.count; k++) {
			const struct fact *f = t->lookups.item[k];
			if (!x->fails(f))
				continue;
			x->needed |= !t->resolved;
			add_failure(x, f, address_type(f));
		}
}

static void judge_failures(struct failures *x)
{
	const struct kms_view *v = kms_view_of(x->j);
	add_srv_failures(x, v);
	add_address_failures(x, v);
	if (!x->needed)
		judge_as_warning(x->j);
}

/* Something came, but nothing that answers a question of ours. */
static bool has_only_strays(const struct fact *f)
{
	return f->outcome == CW_OUT_TIMEOUT && fact_number(f, FIELD_STRAY, 0) > 0;
}

static bool is_silent(const struct fact *f)
{
	switch (f->outcome) {
	case CW_OUT_TIMEOUT:
		return !has_only_strays(f);
	case CW_OUT_REFUSED:
	case CW_OUT_UNREACHABLE:
	case CW_OUT_RESET:
	case CW_OUT_CLOSED:
		return true;
	default:
		return false;
	}
}

static void say_silent(struct judge *j, const struct fact *f, const char *type)
{
	const char *icmp = fact_text(f, FIELD_ICMP);
	if (f->outcome == CW_OUT_TIMEOUT && fact_flag(f, FIELD_TCP_TRIED))
		say_silence(j, f, type,
			    N_("%1$s: %2$s %3$s over UDP and TCP, silence for %4$s ms; want an "
			       "answer, have none"),
			    NULL);
	else if (f->outcome == CW_OUT_TIMEOUT)
		say_silence(j, f, type,
			    N_("%1$s: %2$s %3$s, silence for %4$s ms; want an answer, have none"),
			    NULL);
	else if (f->outcome == CW_OUT_UNREACHABLE)
		say_silence(j, f, type,
			    N_("%1$s: %2$s %3$s, after %4$s ms the network says: %5$s; want an "
			       "answer, have none"),
			    *icmp ? icmp : "unreachable");
	else
		say_silence(
			j, f, type,
			N_("%1$s: %2$s %3$s, refused after %4$s ms; want an answer, have no DNS "
			   "server at that address"),
			NULL);
}

/* nslookup takes the port as an option of its own. */
static const char *nslookup_command(struct cw_arena *a, const char *server, const char *name)
{
	struct cw_addr addr;
	char text[CW_ADDR_TEXT];
	if (!cw_addr_parse_port(server, 53, &addr))
		return NULL;
	cw_addr_text(&addr, text);
	if (addr.port == 53)
		return cw_arena_fmt(a, "nslookup -type=srv %s %s", name, text);
	return cw_arena_fmt(a, "nslookup -type=srv -port=%u %s %s", addr.port, name, text);
}

static void judge_dns_unreachable(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct failures x = { .j = j, .fails = is_silent, .say = say_silent };
	judge_failures(&x);
	if (!x.servers.count)
		return;
	const char *names = name_row_text(a, &x.names);
	judge_title(j, x.servers.count == 1
			       ? CW_TEXT(N_("The DNS server %s does not answer"), names)
			       : CW_TEXT(N_("The DNS servers %s do not answer"), names));
	judge_fix(j,
		  CW_TEXT(N_("Check that the server runs and that UDP and TCP port 53 are open "
			     "between it and the client:")),
		  nslookup_command(a, fact_text(x.servers.item[0], FIELD_SERVER),
				   x.servers.item[0]->subject));
	judge_fix(j,
		  CW_TEXT(N_("If the server is gone, take %s off the client's list of DNS servers "
			     "(network adapter or DHCP option 6)."),
			  names),
		  NULL);
}

const struct rule kms_rule_dns_unreachable = {
	.id = "kms-dns-unreachable",
	.code = "0x8007232A",
	.also = { "0x800705B4" },
	.symbol = "DNS_ERROR_RCODE_SERVER_FAILURE",
	.hop = "dns",
	.needs = DNS_ANSWERS,
	.title = N_("A DNS server does not answer"),
	.explanation =
		N_("What the client asks of this server stays open. Nothing can be said about "
		   "records that only this server knows."),
	.windows_shows = N_("0x8007232A \"DNS server failure\" (slmgr /ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.judge = judge_dns_unreachable,
};

static bool is_refusal(const struct fact *f)
{
	switch (f->outcome) {
	case CW_OUT_SERVER_FAILURE:
	case CW_OUT_REFUSED_BY_SERVER:
	case CW_OUT_NOT_IMPLEMENTED:
	case CW_OUT_FORMAT_ERROR:
	case CW_OUT_NOT_AUTH:
	case CW_OUT_OTHER_RCODE:
	case CW_OUT_REFERRAL:
		return true;
	default:
		return false;
	}
}

static void say_refusal(struct judge *j, const struct fact *f, const char *type)
{
	if (f->outcome == CW_OUT_REFUSED_BY_SERVER)
		say_answer(
			j, f, type,
			N_("%5$s: %1$s %2$s -> %3$s (0x8007232D), %4$s ms; want an answer, have a "
			   "refusal to answer this machine"),
			NULL);
	else if (f->outcome == CW_OUT_REFERRAL)
		say_answer(j, f, type,
			   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want an answer, have a pointer to "
			      "other servers: this one does not resolve for clients"),
			   NULL);
	else
		say_answer(j, f, type,
			   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want an answer, have an error"),
			   NULL);
}

static void fix_refusal(struct judge *j, const struct fact *f)
{
	switch (f->outcome) {
	case CW_OUT_REFUSED_BY_SERVER:
	case CW_OUT_NOT_AUTH:
		judge_fix(
			j,
			CW_TEXT(N_("Let the server answer the client's network: its access list "
				   "(BIND: allow-query, allow-recursion; Windows: DNS policies).")),
			NULL);
		break;
	case CW_OUT_REFERRAL:
		judge_fix(j,
			  CW_TEXT(N_("Give the client a DNS server that resolves for it, or allow "
				     "recursion for the client's network on this one.")),
			  NULL);
		break;
	case CW_OUT_NOT_IMPLEMENTED:
	case CW_OUT_FORMAT_ERROR:
		judge_fix(j,
			  CW_TEXT(N_("Update the server, and look for a device on the way that "
				     "changes DNS queries.")),
			  NULL);
		break;
	default:
		judge_fix(
			j,
			CW_TEXT(N_("On the server, look for a zone that is expired or not loaded, "
				   "a forwarder that does not answer, or failing DNSSEC "
				   "validation.")),
			NULL);
	}
}

static void judge_dns_refused(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct failures x = { .j = j, .fails = is_refusal, .say = say_refusal };
	judge_failures(&x);
	if (!x.servers.count)
		return;
	const struct fact *first = x.servers.item[0];
	const char *names = name_row_text(a, &x.names);
	judge_title(j, x.servers.count == 1
			       ? CW_TEXT(N_("The DNS server %1$s answers with an error (%2$s)"),
					 names, answer_word(first))
			       : CW_TEXT(N_("The DNS servers %1$s answer with an error (%2$s)"),
					 names, answer_word(first)));
	fix_refusal(j, first);
	judge_fix(j, CW_TEXT(N_("Until then, give the client a DNS server that answers.")), NULL);
}

const struct rule kms_rule_dns_refused = {
	.id = "kms-dns-refused",
	.code = "0x8007232A",
	.also = { "0x8007232D", "0x80072329", "0x80072331" },
	.symbol = "DNS_ERROR_RCODE_SERVER_FAILURE",
	.hop = "dns",
	.needs = DNS_ANSWERS,
	.title = N_("A DNS server answers with an error"),
	.explanation = N_("The server is there, but does not say whether the record exists."),
	.windows_shows = N_("0x8007232A \"DNS server failure\", or 0x8007232D \"DNS operation "
			    "refused\" (slmgr /ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.judge = judge_dns_refused,
};

static bool is_garbled(const struct fact *f)
{
	return f->outcome == CW_OUT_MALFORMED || f->outcome == CW_OUT_LOOP || has_only_strays(f);
}

static void say_garbled(struct judge *j, const struct fact *f, const char *type)
{
	const char *detail = fact_text(f, FIELD_DETAIL);
	if (f->outcome == CW_OUT_LOOP)
		say_silence(j, f, type,
			    N_("%1$s: %2$s %3$s, %4$s ms; want a record, have an alias chain that "
			       "never ends"),
			    NULL);
	else if (has_only_strays(f))
		say_silence(j, f, type,
			    N_("%1$s: %2$s %3$s, %4$s ms; want an answer to this query, have only "
			       "packets that answer none of ours (%5$s: wrong id, question or "
			       "sender)"),
			    number_text(judge_arena(j), fact_number(f, FIELD_STRAY, 0)));
	else
		say_silence(j, f, type,
			    N_("%1$s: %2$s %3$s, %4$s ms; want a DNS message, have one that cannot "
			       "be read (%5$s)"),
			    *detail ? detail : "?");
}

static void judge_dns_garbled(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct failures x = { .j = j, .fails = is_garbled, .say = say_garbled };
	judge_failures(&x);
	if (!x.servers.count)
		return;
	const char *names = name_row_text(a, &x.names);
	judge_title(
		j,
		x.servers.count == 1
			? CW_TEXT(N_("The answer of the DNS server %s cannot be used"), names)
			: CW_TEXT(N_("The answers of the DNS servers %s cannot be used"), names));
	if (x.servers.item[0]->outcome == CW_OUT_LOOP)
		judge_fix(j,
			  CW_TEXT(N_("In the zone, follow the CNAME records from %s and break the "
				     "loop: an SRV record belongs at this name itself."),
				  x.servers.item[0]->subject),
			  NULL);
	else
		judge_fix(j,
			  CW_TEXT(N_("Look for a device between client and server that changes DNS "
				     "(a firewall's DNS inspection, a home router), and ask the "
				     "server from its own network to compare.")),
			  NULL);
	judge_fix(j, CW_TEXT(N_("Until then, give the client a DNS server that answers.")), NULL);
}

const struct rule kms_rule_dns_garbled = {
	.id = "kms-dns-garbled",
	.code = "0x8007251E",
	.symbol = "DNS_ERROR_BAD_PACKET",
	.hop = "dns",
	.needs = DNS_ANSWERS,
	.title = N_("The answer of a DNS server cannot be used"),
	.explanation = N_("Windows drops such an answer, and is left without one."),
	.windows_shows = N_("0x8007251E \"Bad DNS packet\" (slmgr /ato, event 12288)"),
	.source = "own",
	.judge = judge_dns_garbled,
};

static void say_side(struct judge *j, const struct kms_domain *d, const struct fact *f)
{
	const char *serial = serial_at(kms_view_of(j), d, f);
	bool ok = f->outcome == CW_OUT_OK;
	if (ok && serial)
		say_answer(
			j, f, "SRV",
			N_("%6$s: %1$s %2$s -> %3$s, %4$s ms, SOA serial %5$s; this server has the "
			   "record"),
			serial);
	else if (ok)
		say_answer(j, f, "SRV",
			   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; this server has the record"),
			   NULL);
	else if (serial)
		say_answer(j, f, "SRV",
			   N_("%6$s: %1$s %2$s -> %3$s, %4$s ms, SOA serial %5$s; want the record "
			      "that the others have, have none"),
			   serial);
	else
		say_answer(j, f, "SRV",
			   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want the record that the others "
			      "have, have none"),
			   NULL);
}

/* The server finds no record in any searched domain: who asks it is told that there is none. */
static bool finds_nothing(const struct kms_view *v, const char *server)
{
	for (size_t i = 0; i < v->domain_count; i++) {
		bool negative = false;
		for (size_t k = 0; k < v->domain[i].answers.count; k++) {
			const struct fact *f = v->domain[i].answers.item[k];
			negative |= fact_is(f, FIELD_SERVER, server) && is_negative(f->outcome);
		}
		if (!negative)
			return false;
	}
	return true;
}

/* True when some server leaves its clients without any record. */
static bool say_split(struct judge *j, const struct kms_domain *d)
{
	const struct kms_view *v = kms_view_of(j);
	bool misleads = false;
	for (size_t i = 0; i < d->answers.count; i++) {
		const struct fact *f = d->answers.item[i];
		if (f->outcome != CW_OUT_OK && !is_negative(f->outcome))
			continue;
		say_side(j, d, f);
		misleads |= is_negative(f->outcome) && finds_nothing(v, fact_text(f, FIELD_SERVER));
	}
	return misleads;
}

/* What one server has: the records as a sum that does not depend on their order. */
struct record_set {
	const struct fact *answer;
	uint64_t sum;
	size_t count;
	struct name_row targets;
};

static uint64_t record_hash(const struct fact *f)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
	for (const char *c = fact_text(f, FIELD_TARGET); *c; c++)
		h = (h ^ (unsigned char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c)) *
		    UINT64_C(1099511628211);
	return (h ^ (uint64_t)fact_number(f, FIELD_PORT, 0)) * UINT64_C(1099511628211);
}

static size_t make_sets(const struct kms_view *v, const struct kms_domain *d,
			struct record_set *set)
{
	size_t count = 0;
	for (size_t i = 0; i < d->answers.count; i++)
		if (d->answers.item[i]->outcome == CW_OUT_OK)
			set[count++] = (struct record_set){ .answer = d->answers.item[i] };
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_RECORD, f) {
		if (f->outcome != CW_OUT_OK || !fact_is(f, FIELD_SUFFIX, d->name))
			continue;
		for (size_t i = 0; i < count; i++) {
			if (!fact_is(set[i].answer, FIELD_SERVER, fact_text(f, FIELD_SERVER)))
				continue;
			set[i].sum += record_hash(f);
			set[i].count++;
			name_row_add(&set[i].targets, fact_text(f, FIELD_TARGET));
		}
	}
	return count;
}

/* Servers that all have records, but not the same ones. */
static bool say_different_sets(struct judge *j, const struct kms_domain *d)
{
	const struct kms_view *v = kms_view_of(j);
	if (d->positive < 2)
		return false;
	struct record_set *set = cw_arena_array_of(v->arena, struct record_set, d->positive);
	size_t count = make_sets(v, d, set);
	bool differ = false;
	for (size_t i = 1; i < count; i++)
		differ |= set[i].sum != set[0].sum || set[i].count != set[0].count;
	for (size_t i = 0; differ && i < count; i++)
		say_answer(j, set[i].answer, "SRV",
			   N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; want the same hosts from every "
			      "server, have %5$s"),
			   name_row_text(v->arena, &set[i].targets));
	return differ;
}

static bool server_has_address(const struct kms_target *t, const char *server)
{
	for (size_t i = 0; i < t->lookups.count; i++)
		if (t->lookups.item[i]->outcome == CW_OUT_OK &&
		    fact_is(t->lookups.item[i], FIELD_SERVER, server))
			return true;
	return false;
}

/* Servers that disagree about the address of a host. */
static bool say_split_addresses(struct judge *j, const struct kms_target *t)
{
	bool denied = false;
	for (size_t i = 0; t->resolved && i < t->lookups.count; i++) {
		const struct fact *f = t->lookups.item[i];
		if (f->outcome != CW_OUT_NAME_MISSING ||
		    server_has_address(t, fact_text(f, FIELD_SERVER)))
			continue;
		say_answer(j, f, address_type(f),
			   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want the address that another "
			      "server has, have none"),
			   NULL);
		denied = true;
	}
	return denied;
}

static void fix_inconsistent(struct judge *j)
{
	judge_fix(j,
		  CW_TEXT(N_("Repair the replication of the zone: on the server with the older "
			     "serial, transfer the zone again.")),
		  "repadmin /syncall /AdeP          # zones in Active Directory\n"
		  "dnscmd SERVER /ZoneRefresh ZONE  # secondary zones on Windows\n"
		  "rndc retransfer ZONE             # secondary zones on BIND");
	judge_fix(j,
		  CW_TEXT(N_("If one of the servers is not meant to know the zone, take it off the "
			     "client's list of DNS servers, or forward the zone from it.")),
		  NULL);
}

static void judge_dns_inconsistent(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_target *t;
	struct name_row names = { 0 }, hosts = { 0 };
	bool misleads = false;
	for (size_t i = 0; i < v->domain_count; i++) {
		const struct kms_domain *d = &v->domain[i];
		bool split = d->positive && d->missing + d->no_data;
		if (split)
			misleads |= say_split(j, d);
		if (split || say_different_sets(j, d))
			name_row_add(&names, d->name);
	}
	for (size_t i = 0; (t = kms_target_at(v, i)); i++)
		if (say_split_addresses(j, t))
			name_row_add(&hosts, t->host);
	if (!misleads)
		judge_as_warning(j);
	if (names.count)
		judge_title(j, CW_TEXT(N_("The DNS servers disagree about the KMS hosts of %s"),
				       name_row_text(v->arena, &names)));
	else if (hosts.count)
		judge_title(j, CW_TEXT(N_("The DNS servers disagree about the address of %s"),
				       name_row_text(v->arena, &hosts)));
	fix_inconsistent(j);
}

const struct rule kms_rule_dns_inconsistent = {
	.id = "kms-dns-inconsistent",
	.code = "0x8007232B",
	.symbol = "DNS_ERROR_RCODE_NAME_ERROR",
	.hop = "srv",
	.needs = DNS_ANSWERS | FACT_BIT(FACT_DNS_SRV_RECORD) | FACT_BIT(FACT_DNS_SOA),
	.title = N_("The DNS servers disagree"),
	.explanation =
		N_("Which answer a client gets depends on the server that it happens to ask, so "
		   "activation works on one machine or day and not on another."),
	.windows_shows =
		N_("0x8007232B \"DNS name does not exist\", from time to time (slmgr /ato, "
		   "event 12288)"),
	.source = N_("0x8007232B article"),
	.judge = judge_dns_inconsistent,
};
