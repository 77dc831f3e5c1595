/* Rules about the host: no address, the wrong one, or a host that is gone. */
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "rule/kms.h"
#include "rule/kms_say.h"

/* The address of a connection without its port. */
static const char *address_of(struct cw_arena *a, const struct fact *connect)
{
	struct cw_addr addr;
	char text[CW_ADDR_TEXT];
	if (!cw_addr_parse_port(connect->subject, 0, &addr))
		return connect->subject;
	return cw_arena_str(a, cw_addr_text(&addr, text));
}

static void fix_unresolved(struct judge *j, const struct kms_target *t)
{
	const struct kms_peer *given = given_answers_for(kms_view_of(j), t);
	fix_address_record(
		j,
		CW_TEXT(N_("Add the address record of %s, if that is the name of your KMS "
			   "host:"),
			t->host),
		t->host, given ? address_of(judge_arena(j), given->connect) : NULL);
	if (t->records.count)
		fix_remove_record(
			j,
			CW_TEXT(N_("Else correct the SRV record: remove this one, and add one "
				   "that names the right host.")),
			t->records.item[0]);
}

static void judge_target_unresolved(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_target *t;
	struct name_row names = { 0 };
	for (size_t i = 0; (t = kms_target_at(v, i)); i++) {
		if (!t->unresolved)
			continue;
		for (size_t k = 0; k < t->lookups.count; k++)
			if (is_negative(t->lookups.item[k]->outcome))
				say_denied(j, t->lookups.item[k]);
		if (names.count < FIXES_SHOWN)
			fix_unresolved(j, t);
		name_row_add(&names, t->host);
	}
	judge_title(j, CW_TEXT(N_("The name of the KMS host has no address in DNS: %s"),
			       name_row_text(v->arena, &names)));
}

const struct rule kms_rule_srv_target_unresolved = {
	.id = "kms-srv-target-unresolved",
	.code = "0xC004F074",
	.also = { "0x80072AF9" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "host",
	.needs = KMS_TARGET_KINDS,
	.title = N_("The name of the KMS host has no address in DNS"),
	.explanation =
		N_("The client knows the name of its host, and cannot turn it into an address."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato); inside, event 12288 has 0x80072AF9"),
	.source = N_("0x8007232B article"),
	.judge = judge_target_unresolved,
};

/* The name that an address has in reverse DNS, when it is not this host's. */
static void say_reverse_name(struct judge *j, const char *host, const char *address)
{
	const struct kms_view *v = kms_view_of(j);
	FACT_EACH_OF (v->facts, FACT_DNS_PTR, f) {
		struct fact_list names = fact_list_of(f, FIELD_NAMES);
		if (f->outcome != CW_OUT_OK || strcasecmp(f->subject, address) || !names.count)
			continue;
		for (size_t i = 0; i < names.count; i++)
			if (!strcasecmp(names.item[i], host))
				return;
		judge_support(j, f,
			      CW_TEXT(N_("reverse DNS of %1$s: want %2$s, have %3$s"), address,
				      host, names.item[0]));
	}
}

static void say_wrong_addresses(struct judge *j, const struct kms_target *t, struct name_row *row)
{
	struct cw_arena *a = judge_arena(j);
	for (size_t i = 0; i < t->peer_count; i++) {
		if (t->peer[i].reach != REACH_DEAD)
			continue;
		const char *address = address_of(a, t->peer[i].connect);
		say_dead_peer(j, peer_fault(&t->peer[i]));
		say_reverse_name(j, t->host, address);
		name_row_add(row, address);
	}
}

static const struct kms_peer *answering_peer(const struct kms_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++)
		if (t->peer[i].reach == REACH_ANSWERS)
			return &t->peer[i];
	return NULL;
}

/* The right host answers elsewhere: at another address of the name, or at the one that the user
 * names. Without that a dead address is only dead. */
static const struct kms_peer *right_peer(const struct kms_view *v, const struct kms_target *t)
{
	if (!t->dead)
		return NULL;
	const struct kms_peer *own = answering_peer(t);
	if (own)
		return own;
	return t->unknown ? NULL : given_answers_for(v, t);
}

static const char *replace_script(struct cw_arena *a, const char *host, const char *wrong,
				  const char *right)
{
	struct cw_addr w, r;
	if (!name_is_plain(host) || !cw_addr_parse(wrong, &w) || !cw_addr_parse(right, &r))
		return NULL;
	const char *add = cw_arena_fmt(a, "update add %s. 3600 %s %s\n", host,
				       r.family == CW_IPV6 ? "AAAA" : "A", right);
	return cw_arena_fmt(a,
			    "nsupdate -k KEYFILE <<'EOF'\n"
			    "update delete %s. %s %s\n"
			    "%ssend\n"
			    "EOF",
			    host, w.family == CW_IPV6 ? "AAAA" : "A", wrong, add);
}

static const struct fact *first_dead(const struct kms_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++)
		if (t->peer[i].reach == REACH_DEAD)
			return t->peer[i].connect;
	return NULL;
}

static void fix_wrong_address(struct judge *j, const struct kms_target *t,
			      const struct kms_peer *right)
{
	struct cw_arena *a = judge_arena(j);
	const char *wrong = address_of(a, first_dead(t));
	const char *good = address_of(a, right->connect);
	judge_fix(
		j,
		CW_TEXT(N_("Correct the address record of %1$s: take %2$s out, leave or add %3$s:"),
			t->host, wrong, good),
		replace_script(a, t->host, wrong, good));
	judge_fix(j, CW_TEXT(N_("Then empty the client's DNS cache:")),
		  "ipconfig /flushdns\nslmgr /ato");
}

static void judge_wrong_address(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_target *t;
	size_t shown = 0;
	for (size_t i = 0; (t = kms_target_at(v, i)); i++) {
		const struct kms_peer *right = right_peer(v, t);
		struct name_row wrong = { 0 };
		/* An address that was typed has no record that could be wrong. */
		if (!right || !t->lookups.count)
			continue;
		bool first = !judge_has_evidence(j);
		say_wrong_addresses(j, t, &wrong);
		say_peer(
			j, right->bind,
			N_("%1$s: RPC bind, accepted after %2$s ms; this is where the KMS host is"),
			NULL);
		if (shown++ < FIXES_SHOWN)
			fix_wrong_address(j, t, right);
		if (first)
			judge_title(j, CW_TEXT(N_("The name %1$s leads to %2$s, where no KMS host "
						  "answers"),
					       t->host, name_row_text(v->arena, &wrong)));
	}
}

const struct rule kms_rule_srv_target_wrong_address = {
	.id = "kms-srv-target-wrong-address",
	.code = "0xC004F074",
	.also = { "0x800706BA" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "host",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_KMS_ADDRESS_GIVEN) | FACT_BIT(FACT_DNS_PTR),
	.title = N_("The name of the KMS host leads to an address where no KMS host answers"),
	.explanation =
		N_("The host answers at another address. So it is not the service and not the path "
		   "that fails, but the address record."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato, event 12288)"),
	.source = N_("0x8007232B article"),
	.explains = { "kms-srv-stale-host", "kms-manual-host-dead", "kms-host-unreachable",
		      "kms-port-blocked", "kms-port-refused", "kms-not-kms", "kms-host-silent" },
	.judge = judge_wrong_address,
};

static void judge_manual_host_dead(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_target *t = v->pinned;
	if (!t || !target_is_dead(t) || !v->live_elsewhere)
		return;
	for (size_t i = 0; i < t->peer_count; i++)
		if (t->peer[i].reach == REACH_DEAD)
			say_dead_peer(j, peer_fault(&t->peer[i]));
	for (size_t i = 0; t->unresolved && i < t->lookups.count; i++)
		if (is_negative(t->lookups.item[i]->outcome))
			say_denied(j, t->lookups.item[i]);
	const struct fact *live = v->live_elsewhere;
	const char *live_name =
		cw_arena_fmt(v->arena, "%s:%lld", fact_text(live, FIELD_HOST),
			     (long long)fact_number(live, FIELD_PORT, KMS_PORT_USUAL));
	say_live_peer(j, live,
		      N_("%1$s: RPC bind, accepted after %2$s ms; discovery leads to this host"));
	judge_title(
		j, CW_TEXT(N_("The KMS host that is set by hand, %1$s, does not answer, while %2$s "
			      "does"),
			   t->name, live_name));
	fix_discover(j);
	fix_pin(j, CW_TEXT(N_("Or set the host that answers:")), live_name);
}

const struct rule kms_rule_manual_host_dead = {
	.id = "kms-manual-host-dead",
	.code = "0xC004F074",
	.also = { "0x800706BA" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "host",
	.needs = KMS_TARGET_KINDS,
	.title = N_("The KMS host that is set by hand does not answer, while another one does"),
	.explanation = N_("A client with a host that is set by hand never looks for another one."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato, event 12288); slmgr /dlv shows the registered host"),
	.source = N_("KB known issues"),
	.explains = { "kms-srv-target-unresolved", "kms-host-unreachable", "kms-port-blocked",
		      "kms-port-refused", "kms-not-kms", "kms-host-silent" },
	.judge = judge_manual_host_dead,
};
