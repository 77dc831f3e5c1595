/* Rules about a KMS record that is not where the client looks for it. */
#include <string.h>
#include <strings.h>

#include "rule/kms.h"
#include "rule/kms_say.h"

#define SEARCH (FACT_BIT(FACT_CLIENT_SUFFIX) | FACT_BIT(FACT_DNS_SRV) | FACT_BIT(FACT_DNS_SOA))

/* Some server says that there is no record, and none has one. */
static bool nothing_published(const struct kms_view *v)
{
	if (v->discovered)
		return false;
	for (size_t i = 0; i < v->domain_count; i++)
		if (v->domain[i].missing + v->domain[i].no_data)
			return true;
	return false;
}

static bool is_searched(const struct kms_view *v, const char *name)
{
	for (size_t i = 0; i < v->domain_count; i++)
		if (!strcasecmp(v->domain[i].name, name))
			return true;
	return false;
}

/* Why the record is not found where the client looks is known: then that it is not found there
 * only follows. */
static void claim_negatives(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	for (size_t i = 0; i < v->domain_count; i++)
		for (size_t k = 0; k < v->domain[i].answers.count; k++)
			if (is_negative(v->domain[i].answers.item[k]->outcome))
				judge_claim(j, v->domain[i].answers.item[k]);
}

static const struct kms_domain *domain_named(const struct kms_view *v, const char *name)
{
	for (size_t i = 0; i < v->domain_count; i++)
		if (!strcasecmp(v->domain[i].name, name))
			return &v->domain[i];
	return NULL;
}

static const char *host_and_port(struct cw_arena *a, const struct fact *f)
{
	return cw_arena_fmt(a, "%s:%lld", fact_text(f, FIELD_TARGET),
			    (long long)fact_number(f, FIELD_PORT, KMS_PORT_USUAL));
}

/* A host that answers when it is named shows that only the record is missing. */
static void explain_by_pinned(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	if (pinned_answers(v))
		judge_explanation(
			j, CW_TEXT(N_("%s answers when it is named directly. So host and path "
				      "are well, and only the record is missing: clients "
				      "that look for a host by themselves find none."),
				   v->pinned->name));
}

static void fix_unpublished(struct judge *j, const struct kms_domain *d)
{
	const struct kms_view *v = kms_view_of(j);
	bool invented;
	const char *host = host_to_publish(v, d->name, &invented);
	int64_t port = pinned_answers(v) ? v->pinned->port : KMS_PORT_USUAL;
	fix_publish(j, d, host, port, invented);
	judge_fix(
		j,
		CW_TEXT(N_("Or let the KMS host publish itself, on the host (it needs the right to "
			   "update the zone):")),
		"slmgr /sdns\nRestart-Service sppsvc");
	fix_pin(j, CW_TEXT(N_("Until then, set the host by hand on the client:")),
		cw_arena_fmt(v->arena, "%s:%lld", host, (long long)port));
	fix_without_host(j);
}

static void say_missing(struct judge *j, const struct kms_domain *d, const struct fact *f)
{
	const char *serial = d->exists ? serial_at(kms_view_of(j), d, f) : NULL;
	if (serial)
		say_answer(
			j, f, "SRV",
			N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; want an SRV record there, have none; "
			   "the zone itself is there (SOA serial %5$s)"),
			serial);
	else
		say_answer(
			j, f, "SRV",
			N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want an SRV record there, have none"),
			NULL);
}

/* Where nobody says whether the domain exists, a server that did not answer may know it. */
static bool is_unpublished(const struct kms_domain *d)
{
	bool all_negative = d->missing + d->no_data == d->answers.count;
	return d->missing && !d->absent && (d->exists || all_negative);
}

static void judge_srv_missing(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_domain *first = NULL;
	struct name_row names = { 0 };
	if (v->discovered)
		return;
	for (size_t i = 0; i < v->domain_count; i++) {
		const struct kms_domain *d = &v->domain[i];
		/* Then that is the fault, and this only the rest of the search. */
		if (d->no_data)
			return;
		if (!is_unpublished(d))
			continue;
		first = first ? first : d;
		name_row_add(&names, d->name);
	}
	for (size_t i = 0; i < v->domain_count; i++)
		for (size_t k = 0; k < v->domain[i].answers.count; k++)
			if (v->domain[i].answers.item[k]->outcome == CW_OUT_NAME_MISSING &&
			    is_unpublished(&v->domain[i]))
				say_missing(j, &v->domain[i], v->domain[i].answers.item[k]);
	if (!first)
		return;
	judge_title(j,
		    CW_TEXT(N_("No KMS host is published in %s"), name_row_text(v->arena, &names)));
	explain_by_pinned(j);
	fix_unpublished(j, first);
}

const struct rule kms_rule_srv_missing = {
	.id = "kms-srv-missing",
	.code = "0x8007232B",
	.also = { "0x8007007B" },
	.symbol = "DNS_ERROR_RCODE_NAME_ERROR",
	.hop = "srv",
	.needs = SEARCH,
	.title = N_("No KMS host is published for this domain"),
	.explanation = N_(
		"The client finds its KMS host by the SRV record _vlmcs._tcp in the domains that "
		"it searches. The domain is there, the record is not."),
	.windows_shows = N_("0x8007232B \"DNS name does not exist\" (slmgr /ato, event 12288; on a "
			    "host that cannot publish, event 12293)"),
	.source = N_("0x8007232B article"),
	.judge = judge_srv_missing,
};

static void judge_srv_nodata(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_domain *first = NULL;
	struct name_row names = { 0 };
	if (v->discovered)
		return;
	for (size_t i = 0; i < v->domain_count; i++) {
		const struct kms_domain *d = &v->domain[i];
		for (size_t k = 0; k < d->answers.count; k++)
			if (d->answers.item[k]->outcome == CW_OUT_NO_DATA)
				say_answer(
					j, d->answers.item[k], "SRV",
					N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want an SRV record "
					   "there, have the name without one"),
					NULL);
		if (!d->no_data)
			continue;
		first = first ? first : d;
		name_row_add(&names, d->name);
	}
	if (!first)
		return;
	judge_title(j, CW_TEXT(N_("The name of the KMS record exists in %s, but has no SRV record"),
			       name_row_text(v->arena, &names)));
	explain_by_pinned(j);
	judge_fix(j,
		  CW_TEXT(N_(
			  "Look at what stands at this name: a record of another type (TXT, CNAME, "
			  "A), or only records below it.")),
		  name_is_plain(first->name)
			  ? cw_arena_fmt(v->arena, "nslookup -type=any _vlmcs._tcp.%s", first->name)
			  : NULL);
	fix_unpublished(j, first);
}

const struct rule kms_rule_srv_nodata = {
	.id = "kms-srv-nodata",
	.code = "0x8007251D",
	.symbol = "DNS_INFO_NO_RECORDS",
	.hop = "srv",
	.needs = SEARCH,
	.title = N_("The name of the KMS record exists, but has no SRV record"),
	.explanation = N_("The client asks for the type SRV at _vlmcs._tcp. The name is there with "
			  "another type, or only with names below it."),
	.windows_shows =
		N_("0x8007251D \"No records found for given DNS query\" (slmgr /ato, event "
		   "12288)"),
	.source = N_("0x8007232B article"),
	.judge = judge_srv_nodata,
};

static const char *rename_script(struct cw_arena *a, const struct kms_domain *d,
				 const struct fact *slip)
{
	const char *target = fact_text(slip, FIELD_TARGET);
	if (!name_is_plain(d->name) || !name_is_plain(slip->subject) || !name_is_plain(target))
		return NULL;
	return cw_arena_fmt(a,
			    "nsupdate -k KEYFILE <<'EOF'\n"
			    "zone %1$s\n"
			    "update delete %2$s. SRV\n"
			    "update add _vlmcs._tcp.%3$s. 3600 SRV 0 0 %4$lld %5$s.\n"
			    "send\n"
			    "EOF",
			    d->zone, slip->subject, d->name,
			    (long long)fact_number(slip, FIELD_PORT, KMS_PORT_USUAL), target);
}

static void judge_srv_misspelt(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	if (!nothing_published(v))
		return;
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_MISSPELT, f) {
		const struct kms_domain *d = domain_named(v, fact_text(f, FIELD_SUFFIX));
		if (f->outcome != CW_OUT_OK || !d)
			continue;
		if (!judge_has_evidence(j)) {
			judge_title(j, CW_TEXT(N_("The KMS record of %1$s stands under a misspelt "
						  "name, %2$s"),
					       d->name, f->subject));
			judge_fix(j,
				  CW_TEXT(N_("Move the record from %1$s to _vlmcs._tcp.%2$s."),
					  f->subject, d->name),
				  rename_script(v->arena, d, f));
		}
		say_answer(j, f, "SRV",
			   N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; want the record at _vlmcs._tcp in "
			      "the domain, have it here (%5$s)"),
			   host_and_port(v->arena, f));
	}
	claim_negatives(j);
}

const struct rule kms_rule_srv_misspelt = {
	.id = "kms-srv-misspelt",
	.code = "0x8007232B",
	.symbol = "DNS_ERROR_RCODE_NAME_ERROR",
	.hop = "srv",
	.needs = SEARCH | FACT_BIT(FACT_DNS_SRV_MISSPELT),
	.title = N_("The KMS record stands under a misspelt name"),
	.explanation = N_(
		"The client asks for _vlmcs._tcp in its domain, letter by letter. A record under "
		"a name beside it is never found."),
	.windows_shows = N_("0x8007232B \"DNS name does not exist\" (slmgr /ato, event 12288)"),
	.source = "own",
	.explains = { "kms-srv-missing", "kms-srv-nodata" },
	.judge = judge_srv_misspelt,
};

static const char *publish_list(struct cw_arena *a, const char *there, const char *wanted)
{
	if (!name_is_plain(there) || !name_is_plain(wanted))
		return NULL;
	return cw_arena_fmt(a,
			    "$key = 'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\"
			    "SoftwareProtectionPlatform'\n"
			    "New-ItemProperty -Path $key -Name DnsDomainPublishList "
			    "-PropertyType MultiString -Force -Value '%s','%s'\n"
			    "Restart-Service sppsvc",
			    there, wanted);
}

static void fix_publish_list(struct judge *j, const char *there, const char *wanted)
{
	judge_fix(j,
		  CW_TEXT(N_("Let the KMS host publish itself in %s too, on the host (keep the "
			     "domains "
			     "that stand in the list already):"),
			  wanted),
		  publish_list(judge_arena(j), there, wanted));
}

static void fix_search(struct judge *j, const char *zone)
{
	struct cw_arena *a = judge_arena(j);
	bool plain = name_is_plain(zone);
	judge_fix(j, CW_TEXT(N_("Or point the client at the domain of the host, on the client:")),
		  plain ? cw_arena_fmt(a, "slmgr /skms-domain %s\nslmgr /ato", zone) : NULL);
	judge_fix(j,
		  CW_TEXT(N_("Or give all clients the suffix %s: by joining the domain, by DHCP "
			     "option 15, or by the suffix search list."),
			  zone),
		  NULL);
}

static bool names_pinned(const struct kms_view *v, const struct fact *f)
{
	return v->pinned && fact_is(f, FIELD_TARGET, v->pinned->host);
}

static void judge_srv_other_suffix(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct fact *first = NULL;
	struct name_row zones = { 0 };
	if (!nothing_published(v))
		return;
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_ELSEWHERE, f) {
		if (f->outcome != CW_OUT_OK || is_searched(v, fact_text(f, FIELD_ZONE)))
			continue;
		first = first ? first : f;
		name_row_add(&zones, fact_text(f, FIELD_ZONE));
		say_answer(j, f, "SRV",
			   N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; want the record in a domain that "
			      "the client searches, have it in another one (%5$s)"),
			   host_and_port(v->arena, f));
	}
	claim_negatives(j);
	if (!first)
		return;
	judge_title(j,
		    CW_TEXT(N_("A KMS host is published in %s, which this client does not search"),
			    name_row_text(v->arena, &zones)));
	fix_publish_list(j, fact_text(first, FIELD_ZONE), fact_text(first, FIELD_SUFFIX));
	fix_search(j, fact_text(first, FIELD_ZONE));
}

const struct rule kms_rule_srv_other_suffix = {
	.id = "kms-srv-other-suffix",
	.code = "0x8007232B",
	.symbol = "DNS_ERROR_RCODE_NAME_ERROR",
	.hop = "srv",
	.needs = SEARCH | FACT_BIT(FACT_DNS_SRV_ELSEWHERE),
	.title = N_("A KMS host is published in a domain that this client does not search"),
	.explanation = N_("The client looks only in its own DNS suffixes. Client and host are in "
			  "different zones, so they do not meet."),
	.windows_shows = N_("0x8007232B \"DNS name does not exist\" (slmgr /ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.explains = { "kms-srv-missing", "kms-srv-nodata" },
	.judge = judge_srv_other_suffix,
};

static void judge_publish_domains(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct fact *first = NULL;
	if (!nothing_published(v))
		return;
	FACT_EACH_OF (v->facts, FACT_DNS_SRV_ELSEWHERE, f) {
		if (f->outcome != CW_OUT_OK || !names_pinned(v, f))
			continue;
		if (!fact_is(f, FIELD_RELATION, "host-zone")) {
			judge_claim(j, f);
			continue;
		}
		first = first ? first : f;
		say_answer(
			j, f, "SRV",
			N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; the host is published here (%5$s); "
			   "want it in the client's domain too, have it only in its own"),
			host_and_port(v->arena, f));
	}
	claim_negatives(j);
	if (!first)
		return;
	const char *there = fact_text(first, FIELD_ZONE), *wanted = fact_text(first, FIELD_SUFFIX);
	judge_title(j, CW_TEXT(N_("The KMS host %1$s is published in %2$s, but not in %3$s"),
			       v->pinned->host, there, wanted));
	fix_publish_list(j, there, wanted);
	const struct kms_domain *d = domain_named(v, wanted);
	if (d)
		fix_publish(j, d, v->pinned->host, v->pinned->port, false);
}

const struct rule kms_rule_publish_domains = {
	.id = "kms-publish-domains",
	.also = { "0x8007232B" },
	.hop = "srv",
	.needs = SEARCH | FACT_BIT(FACT_DNS_SRV_ELSEWHERE) | FACT_BIT(FACT_KMS_PINNED),
	.title = N_("The KMS host is not published in the client's domain"),
	.explanation =
		N_("A KMS host publishes itself in its own domain, and in others only when they "
		   "stand in its list DnsDomainPublishList. The client's domain is not among "
		   "them."),
	.windows_shows =
		N_("0x8007232B \"DNS name does not exist\" on clients of that domain (slmgr "
		   "/ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.explains = { "kms-srv-other-suffix", "kms-srv-missing", "kms-srv-nodata" },
	.judge = judge_publish_domains,
};

/* Every domain is denied by every server that was asked: one that does not answer may know it. */
static bool no_domain_exists(const struct kms_view *v)
{
	for (size_t i = 0; i < v->domain_count; i++) {
		const struct kms_domain *d = &v->domain[i];
		if (!d->absent || !d->missing || d->missing != d->answers.count)
			return false;
	}
	return v->domain_count > 0;
}

static bool found_elsewhere(const struct kms_view *v)
{
	static const enum fact_kind kinds[] = { FACT_DNS_SRV_MISSPELT, FACT_DNS_SRV_ELSEWHERE };
	for (size_t i = 0; i < 2; i++)
		FACT_EACH_OF (v->facts, kinds[i], f)
			if (f->outcome == CW_OUT_OK)
				return true;
	return false;
}

static void say_no_zone(struct judge *j, const struct fact *f)
{
	const char *zone = fact_text(f, FIELD_ZONE);
	if (*zone)
		say_answer(
			j, f, "SRV",
			N_("%6$s: %1$s %2$s -> %3$s, %4$s ms; want a zone for this name, have only "
			   "%5$s above it"),
			zone);
	else
		say_answer(j, f, "SRV",
			   N_("%5$s: %1$s %2$s -> %3$s, %4$s ms; want a zone for this name, have "
			      "none"),
			   NULL);
}

static void judge_wrong_channel(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	struct name_row names = { 0 };
	if (!no_domain_exists(v) || found_elsewhere(v))
		return;
	for (size_t i = 0; i < v->domain_count; i++) {
		name_row_add(&names, v->domain[i].name);
		for (size_t k = 0; k < v->domain[i].answers.count; k++)
			say_no_zone(j, v->domain[i].answers.item[k]);
	}
	judge_title(j, CW_TEXT(N_("No zone exists for %s, so no KMS host can be found in it"),
			       name_row_text(v->arena, &names)));
	judge_fix(j,
		  CW_TEXT(N_("Check the spelling of %s, and that the DNS server is one that knows "
			     "your own zones."),
			  name_row_text(v->arena, &names)),
		  NULL);
	fix_without_host(j);
}

const struct rule kms_rule_wrong_channel = {
	.id = "kms-wrong-channel",
	.code = "0x8007232B",
	.symbol = "DNS_ERROR_RCODE_NAME_ERROR",
	.hop = "srv",
	.needs = SEARCH | FACT_BIT(FACT_DNS_SRV_MISSPELT) | FACT_BIT(FACT_DNS_SRV_ELSEWHERE),
	.title = N_("No zone that the client searches exists, so no KMS host can be found in it"),
	.explanation =
		N_("Volume media bring a key that waits for a KMS host. Where there is none, the "
		   "machine needs a key of another kind."),
	.windows_shows =
		N_("0x8007232B \"DNS name does not exist\" (slmgr /ato, event 12288); slmgr "
		   "/dlv shows the channel VOLUME_KMSCLIENT"),
	.source = N_("0x8007232B article"),
	.judge = judge_wrong_channel,
};
