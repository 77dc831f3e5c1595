/* Rules about the peer at the end of the way: no connection, or nobody who speaks KMS. */
#include <string.h>

#include "base/addr.h"
#include "rule/kms.h"
#include "rule/kms_say.h"

typedef bool is_fault(const struct fact *f);

/* What one rule gathers from all peers. */
struct faults {
	struct judge *j;
	is_fault *matches;
	struct name_row names;
	const struct fact *first;
	int64_t port;
};

static void add_peers(struct faults *x, const struct kms_peer *peers, size_t count,
		      const char *name)
{
	for (size_t i = 0; i < count; i++) {
		const struct fact *f = peers[i].reach == REACH_DEAD ? peer_fault(&peers[i]) : NULL;
		if (!f || !x->matches(f))
			continue;
		if (!x->first) {
			x->first = f;
			x->port = fact_number(f, FIELD_PORT, KMS_PORT_USUAL);
		}
		say_dead_peer(x->j, f);
		name_row_add(&x->names, name ? name : f->subject);
	}
}

/* Nothing that has the name answers. Else the address that the user gave besides proves nothing. */
static bool names_fail(const struct kms_view *v)
{
	return !v->targets_answering && !pinned_answers(v);
}

/* Neither the name nor the address works, so the record is not what fails. */
static void explain_by_given(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	for (size_t i = 0; i < v->given_count; i++)
		if (v->given[i].reach == REACH_DEAD)
			judge_explanation(
				j, CW_TEXT(N_("Neither the name of the host nor the address %s "
					      "that was "
					      "given leads to a KMS host. So it is not the record "
					      "that fails, but the path or the service."),
					   v->given[i].connect->subject));
}

/* The names of the peers at fault, or NULL when there is none. */
static const char *gather(struct faults *x)
{
	const struct kms_view *v = kms_view_of(x->j);
	const struct kms_target *t;
	for (size_t i = 0; (t = kms_target_at(v, i)); i++)
		add_peers(x, t->peer, t->peer_count, t->name);
	if (names_fail(v)) {
		add_peers(x, v->given, v->given_count, NULL);
		explain_by_given(x->j);
	}
	return x->first ? name_row_text(v->arena, &x->names) : NULL;
}

/* Which machine has the address, says reverse DNS; a hint worth a look before the host itself is
 * searched for a fault. */
static void fix_look_at_owner(struct judge *j, const struct fact *f)
{
	const struct kms_view *v = kms_view_of(j);
	const char *host = fact_text(f, FIELD_HOST);
	struct cw_addr addr;
	char text[CW_ADDR_TEXT];
	if (!cw_addr_parse_port(f->subject, 0, &addr) || !*host)
		return;
	cw_addr_text(&addr, text);
	FACT_EACH_OF (v->facts, FACT_DNS_PTR, ptr) {
		struct fact_list names = fact_list_of(ptr, FIELD_NAMES);
		if (strcmp(ptr->subject, text) != 0 || ptr->outcome != CW_OUT_OK || !names.count)
			continue;
		for (size_t i = 0; i < names.count; i++)
			if (fact_is(f, FIELD_HOST, names.item[i]))
				return;
		judge_fix(j,
			  CW_TEXT(N_("The address %1$s has the name %2$s in reverse DNS. If that "
				     "is not "
				     "the KMS host, correct the address record of %3$s."),
				  ptr->subject, names.item[0], host),
			  NULL);
		return;
	}
}

static const char *firewall_commands(struct cw_arena *a, int64_t port)
{
	if (port == KMS_PORT_USUAL)
		return "Enable-NetFirewallRule -Name SPPSVC-In-TCP";
	return cw_arena_fmt(a,
			    "New-NetFirewallRule -DisplayName 'KMS (TCP %lld)' -Direction Inbound "
			    "-Protocol TCP -LocalPort %lld -Action Allow",
			    (long long)port, (long long)port);
}

static void fix_firewall(struct judge *j, int64_t port)
{
	struct cw_arena *a = judge_arena(j);
	judge_fix(j,
		  CW_TEXT(N_(
			  "On the host, enable the rule \"Key Management Service (TCP-In)\" of the "
			  "Windows firewall:")),
		  firewall_commands(a, port));
	judge_fix(j,
		  CW_TEXT(N_("On firewalls between client and host, let TCP %s pass from the "
			     "clients to "
			     "the host, with its answers."),
			  number_text(a, port)),
		  NULL);
}

static bool is_unreachable(const struct fact *f)
{
	return f->kind == FACT_TCP_CONNECT && f->outcome == CW_OUT_UNREACHABLE;
}

static void judge_host_unreachable(struct judge *j)
{
	struct faults x = { .j = j, .matches = is_unreachable };
	const char *names = gather(&x);
	if (!names)
		return;
	const char *icmp = fact_text(x.first, FIELD_ICMP),
		   *from = fact_text(x.first, FIELD_ICMP_FROM);
	judge_title(j, CW_TEXT(N_("The network cannot reach the KMS host %s"), names));
	fix_look_at_owner(j, x.first);
	if (strstr(icmp, "prohibited")) {
		fix_firewall(j, x.port);
		return;
	}
	judge_fix(
		j,
		*from ? CW_TEXT(N_("Check that the host is on, and ask at %s why the way to it "
				   "ends "
				   "there: route, network mask, VPN."),
				from)
		      : CW_TEXT(N_("Check that the host is on, and the routes on the way to it.")),
		NULL);
}

const struct rule kms_rule_host_unreachable = {
	.id = "kms-host-unreachable",
	.code = "0xC004F074",
	.also = { "0x800706BA", "0x80072751" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "port",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_DNS_PTR),
	.title = N_("The network cannot reach the KMS host"),
	.explanation =
		N_("A router, or the host's own network, says that the way ends before the host."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato); inside, event 12288 has 0x800706BA"),
	.source = "own",
	.judge = judge_host_unreachable,
};

static bool is_blocked(const struct fact *f)
{
	return f->kind == FACT_TCP_CONNECT && f->outcome == CW_OUT_TIMEOUT;
}

static void judge_port_blocked(struct judge *j)
{
	struct faults x = { .j = j, .matches = is_blocked };
	const char *names = gather(&x);
	if (!names)
		return;
	judge_title(j,
		    CW_TEXT(N_("Nothing answers at %s: the port is filtered, or the host is off"),
			    names));
	fix_look_at_owner(j, x.first);
	judge_fix(j, CW_TEXT(N_("Check that the host is on, and that it listens, on the host:")),
		  cw_arena_fmt(judge_arena(j), "netstat -aon | findstr :%lld", (long long)x.port));
	fix_firewall(j, x.port);
}

const struct rule kms_rule_port_blocked = {
	.id = "kms-port-blocked",
	.code = "0xC004F074",
	.also = { "0x800706BA", "0x8007274C" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "port",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_DNS_PTR),
	.title = N_("Nothing answers at the port of the KMS host"),
	.explanation =
		N_("Not even a refusal comes back. A host that is on, and is not behind a filter, "
		   "says at least no."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato); inside, event 12288 has 0x800706BA; no event 12290 on the host"),
	.source = N_("0x8007232B article"),
	.judge = judge_port_blocked,
};

static bool is_refused(const struct fact *f)
{
	return f->kind == FACT_TCP_CONNECT &&
	       (f->outcome == CW_OUT_REFUSED || f->outcome == CW_OUT_RESET);
}

static void judge_port_refused(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct faults x = { .j = j, .matches = is_refused };
	const char *names = gather(&x);
	if (!names)
		return;
	judge_title(j, CW_TEXT(N_("The host is up, but nothing listens at %s"), names));
	fix_look_at_owner(j, x.first);
	judge_fix(j, CW_TEXT(N_("Start the service, on the host:")),
		  "Start-Service sppsvc\nslmgr /dlv");
	judge_fix(j,
		  CW_TEXT(N_("Look at which port the host listens. If it is not %s, correct the "
			     "SRV record "
			     "(or slmgr /skms), or set the port of the host:"),
			  number_text(a, x.port)),
		  cw_arena_fmt(a,
			       "netstat -aon | findstr LISTENING\nslmgr /sprt %lld\n"
			       "Restart-Service sppsvc",
			       (long long)x.port));
}

const struct rule kms_rule_port_refused = {
	.id = "kms-port-refused",
	.code = "0xC004F074",
	.also = { "0x800706BA", "0x8007274D" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "port",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_DNS_PTR),
	.title = N_("The host is up, but nothing listens at the port"),
	.explanation = N_("The service is stopped, or it listens at another port."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato); inside, event 12288 has 0x800706BA"),
	.source = N_("0x8007232B article"),
	.judge = judge_port_refused,
};

static bool is_not_kms(const struct fact *f)
{
	return f->kind == FACT_RPC_BIND && f->outcome != CW_OUT_TIMEOUT;
}

static void judge_not_kms(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct faults x = { .j = j, .matches = is_not_kms };
	const char *names = gather(&x);
	if (!names)
		return;
	judge_title(j, CW_TEXT(N_("Something other than a KMS host answers at %s"), names));
	fix_look_at_owner(j, x.first);
	judge_fix(j, CW_TEXT(N_("See which program listens there, on the host:")),
		  cw_arena_fmt(a, "netstat -aonb | findstr :%lld\nslmgr /dlv", (long long)x.port));
	judge_fix(
		j,
		CW_TEXT(N_("If the machine is to be a KMS host, install its host key and start "
			   "sppsvc. If "
			   "not, correct the SRV record (or slmgr /skms) so that it names the KMS "
			   "host and its port.")),
		NULL);
}

const struct rule kms_rule_not_kms = {
	.id = "kms-not-kms",
	.code = "0xC004F039",
	.also = { "0xC004F074", "0x800706B5", "0x800706C0" },
	.symbol = "SL_E_VL_BINDING_SERVICE_NOT_ENABLED",
	.hop = "kms",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_DNS_PTR),
	.title = N_("Something other than a KMS host answers"),
	.explanation = N_("The connection stands, but whoever listens there does not offer the KMS "
			  "interface."),
	.windows_shows = N_("0xC004F039 \"The Key Management Service (KMS) is not enabled\", or "
			    "0xC004F074 (slmgr /ato, event 12288)"),
	.source = "own",
	.judge = judge_not_kms,
};

static bool is_mute(const struct fact *f)
{
	return f->kind == FACT_RPC_BIND && f->outcome == CW_OUT_TIMEOUT;
}

static void judge_host_silent(struct judge *j)
{
	struct faults x = { .j = j, .matches = is_mute };
	const char *names = gather(&x);
	if (!names)
		return;
	judge_title(j,
		    CW_TEXT(N_("The host takes the connection at %s, but never answers"), names));
	fix_look_at_owner(j, x.first);
	judge_fix(j, CW_TEXT(N_("Restart the service, on the host:")), "Restart-Service sppsvc");
	judge_fix(j,
		  CW_TEXT(N_(
			  "Look for a device between client and host that takes connections in the "
			  "host's place (load balancer, proxy, intrusion prevention), or that "
			  "filters RPC.")),
		  NULL);
}

const struct rule kms_rule_host_silent = {
	.id = "kms-host-silent",
	.code = "0xC004F074",
	.also = { "0x800705B4" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "kms",
	.needs = KMS_TARGET_KINDS | FACT_BIT(FACT_DNS_PTR),
	.title = N_("The host takes the connection, but never answers"),
	.explanation = N_(
		"Something accepts the connection, and nobody answers on it: the service hangs, or "
		"a device on the way swallows what is sent."),
	.windows_shows =
		N_("0xC004F074 \"No Key Management Service (KMS) could be contacted\" (slmgr "
		   "/ato, event 12288)"),
	.source = "own",
	.judge = judge_host_silent,
};

static void judge_foreign_host(struct judge *j)
{
	const struct kms_view *v = kms_view_of(j);
	const struct kms_target *t;
	struct name_row names = { 0 };
	for (size_t i = 0; (t = kms_target_at(v, i)); i++)
		for (size_t k = 0; k < t->peer_count; k++) {
			const struct fact *f = t->peer[k].bind;
			if (t->peer[k].reach != REACH_ANSWERS ||
			    !fact_is(f, FIELD_CONTROL, "accepted"))
				continue;
			say_peer(j, f,
				 N_("%1$s: RPC bind, after %2$s ms an interface that does not "
				    "exist is "
				    "accepted too; want it refused, as Windows does"),
				 NULL);
			name_row_add(&names, t->name);
		}
	judge_as_warning(j);
	judge_title(j, CW_TEXT(N_("The KMS host %s is probably not one of Microsoft's"),
			       name_row_text(v->arena, &names)));
	judge_fix(j,
		  CW_TEXT(N_("Find out who runs this host. If nobody does, remove its SRV record, "
			     "and set "
			     "up a KMS host with your own host key.")),
		  NULL);
}

const struct rule kms_rule_foreign_host = {
	.id = "kms-foreign-host",
	.hop = "kms",
	.needs = KMS_TARGET_KINDS,
	.title = N_("The KMS host is probably not one of Microsoft's"),
	.explanation =
		N_("It accepts any interface that it is asked for. Windows accepts only those that "
		   "it has, so other software answers here, and what it does with activations "
		   "is not known."),
	.source = "own",
	.judge = judge_foreign_host,
};
