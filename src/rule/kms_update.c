/* Rules about dynamic updates: may a KMS host publish itself in the zone? */
#include <string.h>
#include <strings.h>

#include "rule/kms.h"
#include "rule/kms_say.h"

/* What the steps of the update test said (doc/facts.md, step). */
struct update_test {
	const struct fact *noop, *add, *fresh; /* existing-noop, existing-add, new-name */
};

static struct update_test update_test_of(const struct fact_store *facts)
{
	struct update_test t = { 0 };
	FACT_EACH_OF (facts, FACT_DNS_UPDATE, f) {
		if (fact_is(f, FIELD_STEP, "existing-noop"))
			t.noop = f;
		else if (fact_is(f, FIELD_STEP, "existing-add"))
			t.add = f;
		else if (fact_is(f, FIELD_STEP, "new-name"))
			t.fresh = f;
	}
	return t;
}

static bool is_taken(const struct fact *f)
{
	return f && f->outcome == CW_OUT_OK;
}

static bool is_turned_down(const struct fact *f)
{
	if (!f)
		return false;
	switch (f->outcome) {
	case CW_OUT_REFUSED_BY_SERVER:
	case CW_OUT_NOT_AUTH:
	case CW_OUT_NOT_IMPLEMENTED:
	case CW_OUT_FORMAT_ERROR:
	case CW_OUT_SERVER_FAILURE:
	case CW_OUT_OTHER_RCODE:
		return true;
	default:
		return f->outcome != CW_OUT_OK && *fact_text(f, FIELD_TSIG_ERROR);
	}
}

bool kms_update_is_open(const struct fact_store *facts)
{
	struct update_test t = update_test_of(facts);
	const struct fact *steps[] = { t.noop, t.add, t.fresh };
	bool made = false;
	for (size_t i = 0; i < 3; i++) {
		made |= steps[i] != NULL;
		if (is_taken(steps[i]) || is_turned_down(steps[i]))
			return false;
	}
	return made;
}

/* "REFUSED", or "NOTAUTH, BADKEY". */
static const char *refusal_word(struct cw_arena *a, const struct fact *f)
{
	const char *tsig = fact_text(f, FIELD_TSIG_ERROR);
	return *tsig ? cw_arena_fmt(a, "%s, %s", answer_word(f), tsig) : answer_word(f);
}

static bool is_signed(const struct fact *f)
{
	const char *key = fact_text(f, FIELD_KEY);
	return *key && strcmp(key, "none") != 0;
}

static void say_update(struct judge *j, const struct fact *f)
{
	struct cw_arena *a = judge_arena(j);
	const char *server = server_name(a, fact_text(f, FIELD_SERVER));
	const char *rdata = fact_text(f, FIELD_RDATA);
	const char *ms = ms_text(a, f->took_ms);
	if (is_taken(f))
		judge_support(j, f,
			      CW_TEXT(N_("%1$s: UPDATE %2$s (%3$s) -> %4$s, %5$s ms; taken"),
				      server, f->subject, rdata, answer_word(f), ms));
	else if (is_signed(f))
		judge_evidence(
			j, f,
			CW_TEXT(N_("%1$s: UPDATE %2$s (%3$s), signed with the key %6$s -> %4$s, "
				   "%5$s ms; want it taken, have it turned down"),
				server, f->subject, rdata, refusal_word(a, f), ms,
				fact_text(f, FIELD_KEY)));
	else
		judge_evidence(
			j, f,
			CW_TEXT(N_("%1$s: UPDATE %2$s (%3$s), unsigned -> %4$s, %5$s ms; want it "
				   "taken, have it turned down"),
				server, f->subject, rdata, refusal_word(a, f), ms));
}

/* The sound way for BIND: one key, one name, one type. */
static const char *bind_policy(struct cw_arena *a, const struct fact *f)
{
	const char *zone = fact_text(f, FIELD_ZONE), *suffix = fact_text(f, FIELD_SUFFIX);
	const char *key = is_signed(f) ? fact_text(f, FIELD_KEY) : "kms-hosts";
	if (!*suffix)
		suffix = zone;
	if (!name_is_plain(zone) || !name_is_plain(suffix) || !name_is_plain(key))
		return NULL;
	return cw_arena_fmt(a,
			    "zone \"%1$s\" {\n"
			    "\tupdate-policy {\n"
			    "\t\tgrant %3$s name _vlmcs._tcp.%2$s SRV;\n"
			    "\t};\n"
			    "};",
			    zone, suffix, key);
}

/* Publishing is left to a person. other: the record is there, and a second host stands beside. */
static void fix_by_hand(struct judge *j, const struct fact *f, bool other)
{
	const struct kms_view *v = kms_view_of(j);
	const char *suffix = fact_text(f, FIELD_SUFFIX), *zone = fact_text(f, FIELD_ZONE);
	struct kms_domain d = { .name = *suffix ? suffix : zone, .zone = zone, .mname = "" };
	bool invented = true;
	for (size_t i = 0; i < v->domain_count; i++)
		if (!strcasecmp(v->domain[i].name, d.name))
			d.mname = v->domain[i].mname;
	judge_fix(
		j,
		CW_TEXT(N_(
			"Or keep the record by hand, and switch the host's own publishing off, so "
			"that it does not try every day:")),
		"slmgr /cdns");
	if (other)
		fix_publish(j, &d, cw_arena_fmt(v->arena, "kms02.%s", d.name), KMS_PORT_USUAL,
			    true);
	else if (!v->target_count) {
		const char *host = host_to_publish(v, d.name, &invented);
		fix_publish(j, &d, host, KMS_PORT_USUAL, invented);
	}
}

static void judge_update_second_host(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct update_test t = update_test_of(judge_facts(j));
	const struct fact *refused = is_turned_down(t.noop)  ? t.noop
				     : is_turned_down(t.add) ? t.add
							     : NULL;
	/* The step existing-noop is only there where a record is. */
	if (!t.noop || !refused || !is_taken(t.fresh))
		return;
	if (is_turned_down(t.noop))
		say_update(j, t.noop);
	if (is_turned_down(t.add))
		say_update(j, t.add);
	say_update(j, t.fresh);
	judge_title(j, CW_TEXT(N_("The KMS record of %s may not be changed by a second host"),
			       fact_text(refused, FIELD_ZONE)));
	judge_fix(
		j,
		CW_TEXT(N_(
			"In Active Directory, put all KMS hosts into one group and give that group "
			"full control of the node _vlmcs below _tcp in the zone (DNS console, "
			"Security), then restart the service on the second host:")),
		"Restart-Service sppsvc");
	judge_fix(
		j,
		CW_TEXT(N_("On BIND, let the key of the KMS hosts write this one name and type:")),
		bind_policy(a, refused));
	fix_by_hand(j, refused, true);
}

const struct rule kms_rule_update_second_host = {
	.id = "kms-update-second-host",
	.code = "0x80072338",
	.symbol = "DNS_ERROR_RCODE_BADSIG",
	.hop = "srv",
	.needs = FACT_BIT(FACT_DNS_UPDATE),
	.title = N_("The KMS record may not be changed by a second host"),
	.explanation = N_(
		"The first KMS host made the record and owns it. A second host that wants to stand "
		"beside it is turned away, so clients never learn of it."),
	.windows_shows =
		N_("0x80072338 \"DNS signature failed to verify\" (event 12293 on the second "
		   "host)"),
	.source = N_("KB known issues"),
	.explains = { "kms-update-refused" },
	.judge = judge_update_second_host,
};

static void judge_update_refused(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct update_test t = update_test_of(judge_facts(j));
	const struct fact *steps[] = { t.noop, t.add, t.fresh };
	const struct fact *first = NULL;
	/* What a KMS host writes is the record itself; a policy may well forbid all else. */
	if (is_taken(t.noop) || is_taken(t.add) || (t.noop && is_taken(t.fresh)))
		return;
	for (size_t i = 0; i < 3; i++) {
		if (!is_turned_down(steps[i]))
			continue;
		first = first ? first : steps[i];
		say_update(j, steps[i]);
	}
	if (!first)
		return;
	judge_title(j, CW_TEXT(N_("The zone %1$s does not take dynamic updates from here (%2$s)"),
			       fact_text(first, FIELD_ZONE), refusal_word(a, first)));
	if (!is_signed(first))
		judge_explanation(
			j, CW_TEXT(N_("The test was not signed. A zone that takes only signed "
				      "updates turns it down, and that is well: then repeat the "
				      "test with the key of the KMS host (--key), or look for "
				      "event 12294 on the host, which tells of success.")));
	judge_fix(
		j,
		CW_TEXT(N_(
			"In Active Directory, allow secure updates for the zone and give the KMS "
			"host's account the right to make the record, then restart the service on "
			"the host:")),
		"Restart-Service sppsvc");
	judge_fix(j,
		  CW_TEXT(N_("On BIND, let the key of the KMS host write this one name and type:")),
		  bind_policy(a, first));
	fix_by_hand(j, first, false);
}

const struct rule kms_rule_update_refused = {
	.id = "kms-update-refused",
	.code = "0x8007232D",
	.also = { "0x80072331", "0x80072338", "0x80072339" },
	.symbol = "DNS_ERROR_RCODE_REFUSED",
	.hop = "srv",
	.needs = FACT_BIT(FACT_DNS_UPDATE),
	.title = N_("The zone does not take dynamic updates from here"),
	.explanation = N_(
		"A KMS host publishes itself by dynamic update. Where the zone turns it down, the "
		"record is missing, or stays as it was when the host moves."),
	.windows_shows =
		N_("0x8007232D \"DNS operation refused\" and the like (event 12293 on the KMS "
		   "host)"),
	.source = N_("0x8007232B article; KB known issues"),
	.judge = judge_update_refused,
};
