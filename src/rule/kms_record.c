/* Rules about names and records that are there, but are wrong in themselves. */
#include <string.h>
#include <strings.h>

#include "rule/kms.h"
#include "rule/kms_say.h"

/* The stable words of doc/facts.md for names that Windows would not take. */
static const struct {
	const char *why, *text; /* %s: the fact's detail */
} syntax_faults[] = {
	{ "empty", N_("it is empty") },
	{ "empty-label", N_("it has two dots with nothing between them") },
	{ "illegal-character", N_("the character %s is not allowed") },
	{ "label-too-long", N_("a part between two dots is longer than 63 characters") },
	{ "name-too-long", N_("it is longer than 255 characters") },
	{ "url", N_("it is a URL, not a host name") },
	{ "ipv6-literal", N_("slmgr cannot read an IPv6 address") },
	{ "port", N_("%s is no port") },
	{ "address-port", N_("it is an address with a port, not a name") },
};

/* What is wrong with the name, or NULL when it is not its syntax. */
static const struct cw_text *syntax_fault(struct cw_arena *a, const struct fact *f)
{
	for (size_t i = 0; i < sizeof(syntax_faults) / sizeof(*syntax_faults); i++) {
		if (strcmp(syntax_faults[i].why, fact_text(f, FIELD_WHY)) != 0)
			continue;
		struct cw_text *t = cw_arena_new_of(a, struct cw_text);
		bool with_detail = strstr(syntax_faults[i].text, "%s") != NULL;
		*t = CW_TEXT(syntax_faults[i].text,
			     with_detail ? fact_text(f, FIELD_DETAIL) : NULL);
		return t;
	}
	return NULL;
}

/* A text whose last argument is what is wrong. */
static struct cw_text with_fault(struct cw_text t, const struct cw_text *fault)
{
	t.inner[0] = fault;
	return t;
}

static void judge_pinned_name(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	const struct fact *f = fact_first(judge_facts(j), FACT_KMS_PINNED);
	const struct cw_text *fault = f && f->outcome == CW_OUT_INVALID ? syntax_fault(a, f) : NULL;
	if (!fault)
		return;
	judge_hop(j, "host");
	judge_title(j, with_fault(CW_TEXT(N_("The KMS host that is set, \"%1$s\", is not usable: "
					     "%2$s"),
					  f->subject),
				  fault));
	judge_evidence(
		j, f,
		with_fault(CW_TEXT(N_("the KMS host that is set: want a host name or an IPv4 "
				      "address, with or without a port, have \"%1$s\": "
				      "%2$s"),
				   f->subject),
			   fault));
	judge_fix(j, CW_TEXT(N_("Set the name of the host, with its port where it is not 1688:")),
		  "slmgr /skms kms01.example.com:1688\nslmgr /ato");
	fix_discover(j);
}

static void judge_no_suffix(struct judge *j)
{
	FACT_EACH_OF (judge_facts(j), FACT_CLIENT_SUFFIX, f) {
		if (f->outcome != CW_OUT_NONE || !origin_is(f, "discovery"))
			continue;
		if (!judge_has_evidence(j))
			judge_title(j, CW_TEXT(N_("This machine has no DNS suffix, so there is no "
						  "domain to search")));
		judge_evidence(j, f,
			       CW_TEXT(N_("the DNS suffixes of this machine: want at least one, "
					  "have none")));
		judge_fix(j,
			  CW_TEXT(N_("Join the machine to its domain, hand the suffix out by DHCP "
				     "option 15, or name the domain that has the KMS host:")),
			  "slmgr /skms-domain example.com\nslmgr /ato");
	}
}

static void judge_target_names(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	bool fixed = false;
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_RECORD, f) {
		const struct cw_text *fault =
			f->outcome == CW_OUT_INVALID ? syntax_fault(v->arena, f) : NULL;
		const char *target = fact_text(f, FIELD_TARGET);
		if (!fault || !origin_is(f, "discovery"))
			continue;
		if (!judge_has_evidence(j))
			judge_title(j,
				    with_fault(CW_TEXT(N_("The KMS record of %1$s names \"%2$s\", "
							  "which is no host name: %3$s"),
						       fact_text(f, FIELD_SUFFIX), target),
					       fault));
		if (!fixed)
			fix_remove_record(j,
					  CW_TEXT(N_("Correct the target of the record, or remove "
						     "it.")),
					  f);
		fixed = true;
		judge_evidence(
			j, f,
			with_fault(CW_TEXT(N_("%1$s: %2$s SRV: want the name of a host, have "
					      "\"%3$s\": %4$s"),
					   server_name(v->arena, fact_text(f, FIELD_SERVER)),
					   f->subject, target),
				   fault));
	}
}

static void judge_suffixes(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	FACT_EACH_OF (judge_facts(j), FACT_CLIENT_SUFFIX, f) {
		const struct cw_text *fault =
			f->outcome == CW_OUT_INVALID ? syntax_fault(a, f) : NULL;
		if (!fault || !origin_is(f, "discovery"))
			continue;
		if (!judge_has_evidence(j))
			judge_title(j, with_fault(CW_TEXT(N_("The domain \"%1$s\" is not usable: "
							     "%2$s"),
							  f->subject),
						  fault));
		judge_evidence(j, f,
			       with_fault(CW_TEXT(N_("a domain that the client searches: want a "
						     "DNS name, have \"%1$s\": %2$s"),
						  f->subject),
					  fault));
		judge_fix(j,
			  CW_TEXT(N_("Correct the domain \"%s\" in the client's DNS suffixes."),
				  f->subject),
			  NULL);
	}
}

static void judge_name_syntax(struct judge *j)
{
	judge_pinned_name(j);
	judge_no_suffix(j);
	judge_target_names(j);
	bool stops = judge_has_evidence(j);
	judge_suffixes(j);
	/* Where another suffix leads to a host, a bad one only wastes time. */
	if (!stops && kms_view_of(j)->targets_answering)
		judge_as_warning(j);
}

const struct rule kms_rule_name_syntax = {
	.id = "kms-name-syntax",
	.code = "0x8007007B",
	.symbol = "ERROR_INVALID_NAME",
	.hop = "srv",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_CLIENT_SUFFIX),
	.title = N_("A name that the client needs is not a valid name"),
	.explanation =
		N_("Windows makes no query for a name that cannot be a DNS name, and gives up at "
		   "once."),
	.windows_shows = N_("0x8007007B \"The filename, directory name, or volume label syntax is "
			    "incorrect\" (slmgr /ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.explains = { "kms-srv-malformed" },
	.judge = judge_name_syntax,
};

static const struct {
	const char *why, *title, *text;
} record_faults[] = {
	{ "port-zero", N_("The KMS record of %1$s names port 0"),
	  N_("%1$s: %2$s SRV: want the port of the KMS host (usually 1688), have 0 for %3$s") },
	{ "target-root", N_("The KMS record of %1$s says that there is no such service"),
	  N_("%1$s: %2$s SRV: want the name of a host, have \"%3$s\", which means: no such "
	     "service") },
	{ "target-address", N_("The KMS record of %1$s names an address instead of a host"),
	  N_("%1$s: %2$s SRV: want the name of a host, have the address %3$s") },
	{ "rdata", N_("The KMS record of %1$s cannot be read"),
	  N_("%1$s: %2$s SRV: want priority, weight, port and target, have data that cannot be "
	     "read") },
};

static void judge_bad_records(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_RECORD, f) {
		if (f->outcome == CW_OUT_OK || !origin_is(f, "discovery"))
			continue;
		for (size_t i = 0; i < sizeof(record_faults) / sizeof(*record_faults); i++) {
			if (!fact_is(f, FIELD_WHY, record_faults[i].why))
				continue;
			if (!judge_has_evidence(j)) {
				judge_title(j, CW_TEXT(record_faults[i].title,
						       fact_text(f, FIELD_SUFFIX)));
				fix_remove_record(j,
						  CW_TEXT(N_("Remove the record, then add the "
							     "right one (below).")),
						  f);
			}
			judge_evidence(j, f,
				       CW_TEXT(record_faults[i].text,
					       server_name(v->arena, fact_text(f, FIELD_SERVER)),
					       f->subject, fact_text(f, FIELD_TARGET)));
		}
	}
}

static const struct kms_domain *domain_of_first(const struct kms_view *v)
{
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_RECORD, f)
		for (size_t i = 0; f->outcome != CW_OUT_OK && i < v->domain_count; i++)
			if (fact_is(f, FIELD_SUFFIX, v->domain[i].name))
				return &v->domain[i];
	return NULL;
}

static void fix_bad_record(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_domain *d = domain_of_first(v);
	bool invented;
	if (!d)
		return;
	const char *host = host_to_publish(v, d->name, &invented);
	/* A record with port 0 still names the host. */
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_RECORD, f)
		if (fact_is(f, FIELD_WHY, "port-zero") &&
		    name_is_plain(fact_text(f, FIELD_TARGET))) {
			host = fact_text(f, FIELD_TARGET);
			invented = false;
		}
	fix_publish(j, d, host, KMS_PORT_USUAL, invented);
}

/* The answer that shows the target to be an alias, or NULL. */
static const struct fact *alias_answer(const struct kms_target *t)
{
	for (size_t i = 0; i < t->lookups.count; i++)
		if (fact_list_of(t->lookups.item[i], FIELD_ALIAS).count > 1)
			return t->lookups.item[i];
	return NULL;
}

static void say_alias(struct judge *j, const struct kms_target *t)
{
	for (size_t i = 0; i < t->lookups.count; i++) {
		const struct fact *f = t->lookups.item[i];
		struct fact_list alias = fact_list_of(f, FIELD_ALIAS);
		if (alias.count > 1)
			say_answer(
				j, f, address_type(f),
				N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; want a name with an address "
				   "of its own, have an alias of %5$s"),
				alias.item[alias.count - 1]);
	}
}

/* RFC 2782: the target must not be an alias. Windows follows it all the same, so it stops nobody
 * while a KMS host answers behind it. Returns true when none does. */
static bool judge_aliases(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	size_t shown = 0;
	bool dead = false;
	for (size_t i = 0; i < v->target_count; i++) {
		const struct kms_target *t = &v->target[i];
		const struct fact *f = alias_answer(t);
		if (!f)
			continue;
		struct fact_list alias = fact_list_of(f, FIELD_ALIAS);
		if (!judge_has_evidence(j))
			judge_title(j,
				    CW_TEXT(N_("The KMS record names %1$s, which is only an alias "
					       "of %2$s"),
					    t->host, alias.item[alias.count - 1]));
		say_alias(j, t);
		dead |= target_is_dead(t);
		if (shown++ >= FIXES_SHOWN)
			continue;
		judge_fix(j,
			  CW_TEXT(N_("Let the SRV record name a host that has an address record of "
				     "its own. %1$s is an alias (CNAME) of %2$s."),
				  t->host, alias.item[alias.count - 1]),
			  NULL);
	}
	return dead;
}

static void judge_srv_malformed(struct judge *j)
{
	judge_bad_records(j);
	bool bad_records = judge_has_evidence(j);
	if (bad_records)
		fix_bad_record(j);
	if (!judge_aliases(j) && !bad_records)
		judge_as_warning(j);
}

const struct rule kms_rule_srv_malformed = {
	.id = "kms-srv-malformed",
	.code = "0xC004F074",
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "srv",
	.needs = KMS_TARGET_KINDS,
	.title = N_("The KMS record cannot be used"),
	.explanation = N_("The client finds the record, and cannot get from it to a host."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.explains = { "kms-srv-stale-host", "kms-srv-target-unresolved" },
	.judge = judge_srv_malformed,
};

/* Letters and digits, and at least one digit: what Windows makes up, and no word of somebody's. */
static bool is_made_up(const char *tail, size_t len)
{
	bool digit = false;
	for (size_t i = 0; i < len; i++) {
		char c = tail[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!letter && !(c >= '0' && c <= '9'))
			return false;
		digit |= !letter;
	}
	return digit;
}

/* "DESKTOP-" and seven characters, "LAPTOP-" and eight: names that Windows gives a client at
 * setup; before Windows 10 it was the user's name and "-PC". */
static bool is_client_name(const char *host)
{
	size_t len = strcspn(host, ".");
	if (len == 8 + 7 && !strncasecmp(host, "DESKTOP-", 8))
		return is_made_up(host + 8, 7);
	if (len == 7 + 8 && !strncasecmp(host, "LAPTOP-", 7))
		return is_made_up(host + 7, 8);
	return len > 5 && !strncasecmp(host + len - 3, "-PC", 3);
}

static void claim_target(struct judge *j, const struct kms_target *t)
{
	for (size_t i = 0; i < t->lookups.count; i++)
		judge_claim(j, t->lookups.item[i]);
	for (size_t i = 0; i < t->peer_count; i++) {
		judge_claim(j, t->peer[i].connect);
		if (t->peer[i].bind)
			judge_claim(j, t->peer[i].bind);
	}
}

static void fix_host_key(struct judge *j, const struct fact *record)
{
	judge_fix(
		j,
		CW_TEXT(N_(
			"On that machine, put the client setup key of its edition in place of the "
			"host key (your key in place of KEY), and restart it:")),
		"slmgr /dlv\nslmgr /ipk KEY\nRestart-Computer");
	fix_remove_record(j, CW_TEXT(N_("Then remove its SRV record:")), record);
}

/* A client that answers as a KMS host, alone, may well be meant to. */
static void judge_host_key_on_client(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	struct name_row names = { 0 };
	bool beside_others = false;
	for (size_t i = 0; i < v->target_count; i++)
		beside_others |= !is_client_name(v->target[i].host);
	for (size_t i = 0; i < v->target_count; i++) {
		const struct kms_target *t = &v->target[i];
		if (!is_client_name(t->host))
			continue;
		for (size_t k = 0; k < t->records.count; k++) {
			const struct fact *f = t->records.item[k];
			judge_evidence(
				j, f,
				CW_TEXT(N_("%1$s: %2$s SRV: want KMS hosts only, have %3$s, a "
					   "name that Windows gives to clients"),
					server_name(v->arena, fact_text(f, FIELD_SERVER)),
					f->subject, fact_text(f, FIELD_TARGET)));
		}
		if (beside_others)
			claim_target(j, t);
		if (names.count < FIXES_SHOWN)
			fix_host_key(j, t->records.item[0]);
		name_row_add(&names, t->host);
	}
	judge_title(j, CW_TEXT(N_("A client is published as a KMS host: %s"),
			       name_row_text(v->arena, &names)));
	if (!beside_others)
		judge_as_warning(j);
}

const struct rule kms_rule_host_key_on_client = {
	.id = "kms-host-key-on-client",
	.hop = "srv",
	.needs = KMS_TARGET_KINDS,
	.title = N_("A client is published as a KMS host"),
	.explanation =
		N_("A client with a KMS host key publishes itself and takes a share of the "
		   "requests. It counts few machines, so clients that pick it stay under the "
		   "minimum, and it is not always on."),
	.windows_shows =
		N_("0xC004F038 or 0xC004F074 on clients that pick it (event 12288, 12289); on it, "
		   "slmgr /dlv shows the channel VOLUME_KMS or CSVLK"),
	.source = N_("KB known issues"),
	.explains = { "kms-srv-stale-host", "kms-srv-target-wrong-address",
		      "kms-srv-target-unresolved", "kms-host-unreachable", "kms-port-blocked",
		      "kms-port-refused", "kms-not-kms", "kms-host-silent" },
	.judge = judge_host_key_on_client,
};

/* Shows why a published host is dead, and claims the rest of what was seen of it. */
static void say_dead_target(struct judge *j, const struct kms_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++)
		if (t->peer[i].reach == REACH_DEAD)
			say_dead_peer(j, peer_fault(&t->peer[i]));
	claim_target(j, t);
}

static void judge_srv_stale_host(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_target *first = NULL;
	struct name_row names = { 0 };
	if (!v->targets_answering)
		return;
	for (size_t i = 0; i < v->target_count; i++) {
		const struct kms_target *t = &v->target[i];
		/* A name without an address is a fault of its own, dead host or not. */
		if (!target_is_dead(t) || t->unresolved)
			continue;
		first = first ? first : t;
		name_row_add(&names, t->name);
		say_dead_target(j, t);
	}
	if (!first)
		return;
	const char *row = name_row_text(v->arena, &names);
	judge_title(
		j,
		names.count == 1
			? CW_TEXT(N_("A published KMS host is dead, while others answer: %s"), row)
			: CW_TEXT(N_("Some published KMS hosts are dead, while others answer: "
				     "%s"),
				  row));
	fix_remove_record(
		j, CW_TEXT(N_("If %s is gone for good, remove its SRV record:"), first->name),
		first->records.item[0]);
	judge_fix(
		j,
		CW_TEXT(N_(
			"Else bring it back under the same name and address, with its service and "
			"firewall rule, on the host:")),
		"Start-Service sppsvc\nEnable-NetFirewallRule -Name SPPSVC-In-TCP");
}

const struct rule kms_rule_srv_stale_host = {
	.id = "kms-srv-stale-host",
	.also = { "0xC004F074", "0x800706BA" },
	.hop = "srv",
	.needs = KMS_TARGET_KINDS,
	.title = N_("A published KMS host is dead, while others answer"),
	.explanation =
		N_("Clients that pick the dead host wait for it, or fail. A host that is retired "
		   "leaves its record behind until somebody removes it."),
	.windows_shows = N_("0xC004F074 or 0x800706BA on some clients, or from time to time (event "
			    "12288)"),
	.source = N_("KB known issues"),
	.explains = { "kms-host-unreachable", "kms-port-blocked", "kms-port-refused", "kms-not-kms",
		      "kms-host-silent" },
	.judge = judge_srv_stale_host,
};
