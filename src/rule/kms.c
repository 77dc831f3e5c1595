#include "rule/kms.h"

#include <string.h>

#include "rule/diagnosis.h"
#include "rule/kms_say.h"

const struct rule *const kms_rules[] = {
	/* dns */
	&kms_rule_no_dns_servers,
	&kms_rule_dns_unreachable,
	&kms_rule_dns_refused,
	&kms_rule_dns_garbled,
	/* srv */
	&kms_rule_name_syntax,
	&kms_rule_publish_domains,
	&kms_rule_srv_misspelt,
	&kms_rule_srv_other_suffix,
	&kms_rule_wrong_channel,
	&kms_rule_srv_nodata,
	&kms_rule_srv_missing,
	&kms_rule_dns_inconsistent,
	&kms_rule_srv_malformed,
	&kms_rule_srv_stale_host,
	&kms_rule_host_key_on_client,
	&kms_rule_update_second_host,
	&kms_rule_update_refused,
	/* host */
	&kms_rule_manual_host_dead,
	&kms_rule_srv_target_wrong_address,
	&kms_rule_srv_target_unresolved,
	/* port */
	&kms_rule_host_unreachable,
	&kms_rule_port_blocked,
	&kms_rule_port_refused,
	/* kms */
	&kms_rule_not_kms,
	&kms_rule_host_silent,
	&kms_rule_foreign_host,
	NULL,
};

/* Every way that was asked about has a host at its end that answers. */
static bool proven_clear(const struct fact_store *facts)
{
	const struct kms_view *v = kms_view_make(facts);
	bool by_hand = fact_first(facts, FACT_KMS_PINNED) != NULL;
	if (!v->discovery && !by_hand)
		return false;
	if (v->discovery && !v->targets_answering)
		return false;
	if (by_hand && !pinned_answers(v))
		return false;
	return !kms_update_is_open(facts);
}

static const char *first_answering(const struct kms_view *v)
{
	for (size_t i = 0; i < v->target_count; i++)
		if (v->target[i].answering)
			return v->target[i].name;
	return "";
}

static struct cw_text clear_line(const struct fact_store *facts)
{
	const struct kms_view *v = kms_view_make(facts);
	if (!v->discovery)
		return CW_TEXT(N_("The way is clear: %s is set by hand and answers as a KMS host."),
			       v->pinned->name);
	if (v->pinned)
		return CW_TEXT(
			N_("The way is clear: %1$s is set by hand and answers as a KMS host, and "
			   "so does %2$s, which is published."),
			v->pinned->name, first_answering(v));
	if (v->target_count == 1)
		return CW_TEXT(N_("The way is clear: %s answers as a KMS host."),
			       first_answering(v));
	return CW_TEXT(
		N_("The way is clear: %1$s answers as a KMS host (%2$s hosts published, %3$s "
		   "answer)."),
		first_answering(v), number_text(v->arena, (int64_t)v->target_count),
		number_text(v->arena, (int64_t)v->targets_answering));
}

static const char *command_of(const struct fact_store *facts)
{
	const struct fact *f = fact_first(facts, FACT_RUN_COMMAND);
	return f ? f->subject : "clearway check kms";
}

static bool ended_as(const struct fact_store *facts, enum cw_outcome outcome)
{
	for (size_t i = 0; i < fact_count(facts); i++)
		if (fact_at(facts, i)->outcome == outcome)
			return true;
	return false;
}

static const struct not_tested *first_that_hides(const struct fact_store *facts)
{
	const struct not_tested *n = fact_first_not_tested(facts);
	while (n && !n->hides_cause)
		n = n->next;
	return n;
}

static const char *command_with(const struct fact_store *facts, const char *option)
{
	const char *command = command_of(facts);
	size_t len = strcspn(option, " ");
	const char *name = cw_arena_strn(fact_store_arena(facts), option, len);
	if (strstr(command, name))
		return command;
	return cw_arena_fmt(fact_store_arena(facts), "%s %s", command, option);
}

static struct cw_text not_tested_line(const struct fact_store *facts, const struct not_tested *n)
{
	struct cw_text t;
	if (ended_as(facts, CW_OUT_CANCELLED))
		t = CW_TEXT(
			N_("Could not be determined: %2$s: %3$s. Try again, with more time: %1$s"),
			command_with(facts, "--timeout 60"));
	else if (ended_as(facts, CW_OUT_UNREADABLE))
		t = CW_TEXT(N_("Could not be determined: %2$s: %3$s. Try: %1$s"),
			    command_with(facts, "--dns ADDRESS"));
	else if (ended_as(facts, CW_OUT_NO_ROUTE) || ended_as(facts, CW_OUT_DENIED) ||
		 ended_as(facts, CW_OUT_LOCAL))
		t = CW_TEXT(N_("Could not be determined: %2$s: %3$s. Try in the client's network: "
			       "%1$s"),
			    command_of(facts));
	else
		t = CW_TEXT(N_("Could not be determined: %2$s: %3$s. Try: %1$s"),
			    command_with(facts, "-v"));
	t.inner[0] = &n->what;
	t.inner[1] = &n->why;
	return t;
}

static struct cw_text undetermined_line(const struct fact_store *facts)
{
	const struct not_tested *n = first_that_hides(facts);
	if (n)
		return not_tested_line(facts, n);
	if (kms_update_is_open(facts))
		return CW_TEXT(
			N_("Could not be determined: the zone's primary server does not answer "
			   "the update test. Try in its network: %s"),
			command_of(facts));
	if (ended_as(facts, CW_OUT_CANCELLED))
		return CW_TEXT(
			N_("Could not be determined: the time was over before an answer came. Try "
			   "with more time: %s"),
			command_with(facts, "--timeout 60"));
	return CW_TEXT(
		N_("Could not be determined: nothing proves that a KMS host answers, and nothing "
		   "shows a fault. Try: %s"),
		command_with(facts, "-v"));
}

const struct rule_family kms_family = {
	.name = "kms",
	.rules = kms_rules,
	.view = kms_view_make,
	.proven_clear = proven_clear,
	.hops = kms_hops,
	.clear_line = clear_line,
	.undetermined_line = undetermined_line,
};
