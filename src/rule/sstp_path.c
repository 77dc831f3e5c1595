/* Rules about the way to the SSTP server: its name, the network, the port, the proxy between. */
#include <string.h>

#include "rule/remote_say.h"
#include "rule/sstp.h"

static bool is_gateway_error(const struct fact *f)
{
	int64_t status = fact_number(f, FIELD_STATUS, 0);
	/* Squid says 500 of a name that it cannot resolve (ERR_CANNOT_FORWARD). */
	return f->outcome == CW_OUT_HTTP_STATUS &&
	       (status == 500 || (status >= 502 && status <= 504));
}

bool sstp_connects_itself(const struct remote_view *v, const struct remote_target *t)
{
	for (size_t i = 0; i < t->proxied.count; i++)
		if (is_gateway_error(t->proxied.item[i]))
			return true;
	return !v->proxy;
}

/* The proxy cannot connect for the same reason as we. */
static void claim_proxy(struct judge *j, const struct remote_target *t)
{
	for (size_t i = 0; i < t->proxied.count; i++)
		if (is_gateway_error(t->proxied.item[i]))
			judge_claim(j, t->proxied.item[i]);
}

static void say_bad_name(struct judge *j)
{
	FACT_EACH_OF (judge_facts(j), FACT_TARGET, f) {
		if (f->outcome != CW_OUT_INVALID)
			continue;
		judge_evidence(j, f,
			       CW_TEXT(N_("%1$s: want a host name or an address, have something "
					  "that is neither (%2$s)"),
				       f->subject, fact_text(f, FIELD_WHY)));
		judge_title(
			j, CW_TEXT(N_("The name of the VPN server cannot be one: %s"), f->subject));
		judge_fix(j,
			  CW_TEXT(N_("Write the server's host name alone, without a scheme or a "
				     "path, as in vpn.example.com.")),
			  NULL);
	}
}

static void fix_name(struct judge *j, const struct remote_target *t, bool denied)
{
	struct cw_arena *a = judge_arena(j);
	bool plain = name_is_plain(t->host);
	if (!denied) {
		judge_fix(j,
			  CW_TEXT(N_("Check that the DNS servers of the client run, and that UDP "
				     "and TCP port 53 are open to them. From the client:")),
			  plain ? cw_arena_fmt(a, "Resolve-DnsName %s", t->host) : NULL);
		return;
	}
	judge_fix(j, CW_TEXT(N_("Check the spelling of %s in the VPN connection."), t->host), NULL);
	judge_fix(
		j,
		CW_TEXT(N_("If the name is right, add its address record to the zone that clients "
			   "outside see:")),
		plain ? cw_arena_fmt(a, "%s.  3600  IN  A  ADDRESS-OF-THE-VPN-SERVER", t->host)
		      : NULL);
}

static void judge_name_unresolved(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	say_bad_name(j);
	for (size_t i = 0; i < v->target_count; i++) {
		const struct remote_target *t = &v->target[i];
		bool denied = false;
		if (!sstp_connects_itself(v, t) || say_no_resolver(j, t) ||
		    !lookups_failed(&t->lookups))
			continue;
		for (size_t k = 0; k < t->lookups.count; k++) {
			say_lookup(j, t->lookups.item[k]);
			denied |= is_negative(t->lookups.item[k]->outcome);
		}
		claim_proxy(j, t);
		judge_title(j,
			    denied ? CW_TEXT(N_("The name of the VPN server has no address: %s"),
					     t->host)
				   : CW_TEXT(N_("No DNS server gives an answer for the name of the "
						"VPN server, %s"),
					     t->host));
		fix_name(j, t, denied);
	}
}

const struct rule sstp_rule_name_unresolved = {
	.id = "sstp-name-unresolved",
	.code = "868",
	.symbol = "ERROR_DNSNAME_NOT_RESOLVABLE",
	.hop = "name",
	.needs = SSTP_WAY_KINDS | FACT_BIT(FACT_CLIENT_RESOLVER),
	.title = N_("The name of the VPN server has no address"),
	.explanation = N_("The client cannot turn the name of the server into an address, so it "
			  "never sends anything to it."),
	.windows_shows = N_("868 (RasClient event 20227)"),
	.source = "KB 947031",
	.explains = { "sstp-proxy-blocks" },
	.judge = judge_name_unresolved,
};

typedef bool is_fault(const struct fact *f);

/* Evidence for all failed connections of one kind; the names in a row, or NULL. */
static const char *gather_connects(struct judge *j, is_fault *matches, int64_t *port,
				   const struct fact **first)
{
	const struct remote_view *v = remote_view_of(j);
	struct name_row names = { 0 };
	for (size_t i = 0; i < v->target_count; i++) {
		const struct remote_target *t = &v->target[i];
		for (size_t k = 0; k < t->peer_count; k++) {
			const struct fact *f = t->peer[k].connect;
			if (!f || !matches(f) || !sstp_connects_itself(v, t))
				continue;
			say_dead_peer(j, f);
			claim_proxy(j, t);
			if (!names.count)
				*first = f;
			*port = t->port;
			name_row_add(&names, t->name);
		}
	}
	return names.count ? name_row_text(v->arena, &names) : NULL;
}

static bool is_unreachable(const struct fact *f)
{
	return f->outcome == CW_OUT_TIMEOUT || f->outcome == CW_OUT_UNREACHABLE;
}

static void judge_unreachable(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	const struct fact *first = NULL;
	int64_t port = SSTP_PORT_USUAL;
	const char *names = gather_connects(j, is_unreachable, &port, &first);
	if (!names)
		return;
	const char *from = fact_text(first, FIELD_ICMP_FROM);
	judge_title(
		j,
		first->outcome == CW_OUT_TIMEOUT
			? CW_TEXT(N_("Nothing answers at %s: the port is filtered, or the server "
				     "is off"),
				  names)
			: CW_TEXT(N_("The network cannot reach the VPN server %s"), names));
	if (*from)
		judge_fix(j,
			  CW_TEXT(N_("Ask at %s why the way to the server ends there: route, "
				     "network mask, filter."),
				  from),
			  NULL);
	judge_fix(j,
		  CW_TEXT(N_("On every firewall and address translation between client and server, "
			     "let TCP %s pass to the server, with its answers."),
			  number_text(a, port)),
		  NULL);
	judge_fix(j,
		  CW_TEXT(N_("On the server, let it through the Windows firewall, and look in "
			     "Routing and Remote Access at the input and output filters of the "
			     "outer interface:")),
		  cw_arena_fmt(a,
			       "New-NetFirewallRule -DisplayName 'SSTP (TCP %lld)' -Direction "
			       "Inbound -Protocol TCP -LocalPort %lld -Action Allow",
			       (long long)port, (long long)port));
	judge_fix(j,
		  CW_TEXT(N_("Check that the server is on, and that it listens, on the server:")),
		  cw_arena_fmt(a, "netstat -aon | findstr :%lld", (long long)port));
}

const struct rule sstp_rule_unreachable = {
	.id = "sstp-unreachable",
	.code = "809",
	.also = { "0x8007274C", "0x800705B4" },
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "tcp",
	.needs = SSTP_WAY_KINDS,
	.title = N_("Nothing answers at the port of the VPN server"),
	.explanation = N_("Not even a refusal comes back from the server, so packets are lost on "
			  "the way there or back."),
	.windows_shows = N_("809, or 0x8007274C (RasClient event 20227)"),
	.source = N_("KB 947031, situations 2 and 8"),
	.explains = { "sstp-proxy-blocks" },
	.judge = judge_unreachable,
};

static bool is_refused(const struct fact *f)
{
	return f->outcome == CW_OUT_REFUSED || f->outcome == CW_OUT_RESET;
}

void sstp_fix_service(struct judge *j, int64_t port)
{
	judge_fix(j, CW_TEXT(N_("See whether the services run and who listens, on the server:")),
		  cw_arena_fmt(judge_arena(j),
			       "sc query sstpsvc\nsc query remoteaccess\n"
			       "netstat -aon | findstr :%lld",
			       (long long)port));
	judge_fix(j, CW_TEXT(N_("Start them, on the server:")),
		  "Start-Service SstpSvc\nStart-Service RemoteAccess");
}

static void judge_not_listening(struct judge *j)
{
	const struct fact *first = NULL;
	int64_t port = SSTP_PORT_USUAL;
	const char *names = gather_connects(j, is_refused, &port, &first);
	if (!names)
		return;
	judge_title(j, CW_TEXT(N_("The server is up, but nothing listens at %s"), names));
	sstp_fix_service(j, port);
	judge_fix(j,
		  CW_TEXT(N_("Look at which port the server listens. If it is not %s, dial that "
			     "one, or correct it and restart the services:"),
			  number_text(judge_arena(j), port)),
		  "reg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\SstpSvc\\Parameters "
		  "/v ListenerPort");
}

const struct rule sstp_rule_not_listening = {
	.id = "sstp-not-listening",
	.code = "809",
	.also = { "0x800704C9", "0x8007274D" },
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "tcp",
	.needs = SSTP_WAY_KINDS,
	.title = N_("The server is up, but nothing listens at the port"),
	.explanation = N_(
		"The service is stopped, remote access is switched off, or it listens at another "
		"port. Windows may show 0x800704C9 for it, the number that also stands for a "
		"server without free ports; here the connection itself is refused, so it is "
		"not that."),
	.windows_shows = N_("809, 0x800704C9 or 0x8007274D (RasClient event 20227)"),
	.source = N_("KB 947031, situation 2"),
	.explains = { "sstp-proxy-blocks" },
	.judge = judge_not_listening,
};

static void fix_gateway(struct judge *j, const struct remote_target *t)
{
	judge_explanation(j, CW_TEXT(N_("The proxy takes the request and says itself that its own "
					"connection to the server fails."),
				     NULL));
	judge_fix(j,
		  CW_TEXT(N_("On the proxy, look at its name resolution and its way out to %s."),
			  t->name),
		  NULL);
}

static void fix_proxy(struct judge *j, const struct remote_target *t, bool login)
{
	struct cw_arena *a = judge_arena(j);
	const char *squid =
		cw_arena_fmt(a,
			     "acl clearway_sstp dstdomain %s\n"
			     "acl clearway_sstp_port port %lld\n"
			     "http_access allow CONNECT clearway_sstp clearway_sstp_port",
			     t->host, (long long)t->port);
	judge_fix(
		j,
		login ? CW_TEXT(N_("Let CONNECT to %s through the proxy without a login. The SSTP "
				   "client of Windows never logs in to a proxy, whatever its user "
				   "may type."),
				t->name)
		      : CW_TEXT(N_("Let CONNECT to %s through the proxy."), t->name),
		NULL);
	judge_fix(j,
		  CW_TEXT(N_("With Squid, in squid.conf, above the first http_access line that "
			     "denies or asks for a login:")),
		  name_is_plain(t->host) ? squid : NULL);
	judge_fix(j, CW_TEXT(N_("Or let the client reach %s without the proxy."), t->name), NULL);
}

static struct cw_text proxy_title(struct cw_arena *a, const struct remote_target *t,
				  const struct fact *f)
{
	int64_t status = fact_number(f, FIELD_STATUS, 0);
	if (f->outcome != CW_OUT_HTTP_STATUS)
		return CW_TEXT(N_("The proxy gives no usable answer for %s"), t->name);
	if (status == 407)
		return CW_TEXT(N_("The proxy asks for a login before it connects to %s"), t->name);
	if (is_gateway_error(f))
		return CW_TEXT(N_("The proxy cannot connect to %1$s (status %2$s)"), t->name,
			       number_text(a, status));
	return CW_TEXT(N_("The proxy refuses to connect to %1$s (status %2$s)"), t->name,
		       number_text(a, status));
}

static void judge_proxy_blocks(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	if (!v->proxy || say_dead_proxy(j))
		return;
	for (size_t i = 0; i < v->target_count; i++) {
		const struct remote_target *t = &v->target[i];
		for (size_t k = 0; k < t->proxied.count; k++) {
			const struct fact *f = t->proxied.item[k];
			if (!route_is(f, "proxy") || !remote_is_failure(f->outcome))
				continue;
			say_proxy(j, f);
			judge_title(j, proxy_title(v->arena, t, f));
			if (is_gateway_error(f))
				fix_gateway(j, t);
			else
				fix_proxy(j, t, fact_number(f, FIELD_STATUS, 0) == 407);
		}
	}
}

const struct rule sstp_rule_proxy_blocks = {
	.id = "sstp-proxy-blocks",
	.code = "809",
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "proxy",
	.needs = SSTP_WAY_KINDS,
	.title = N_("The proxy does not let the call through"),
	.explanation =
		N_("SSTP goes through a proxy by CONNECT. The client of Windows takes nothing "
		   "but status 200 for it: it does not log in, and does not try another way."),
	.windows_shows =
		N_("809 (RasClient event 20227); RasSstp event 23 where the proxy asks for "
		   "a login, event 4 with the status otherwise"),
	.source = N_("KB 947031, situation 2; MS-SSTP 4.5"),
	.judge = judge_proxy_blocks,
};

const struct fact *sstp_peer_fault(const struct remote_target *t, const struct remote_peer *p)
{
	const struct fact *tls = peer_handshake(t, p);
	if (peer_connect_failed(p))
		return p->connect;
	if (tls && remote_is_failure(tls->outcome))
		return tls;
	if (p->faults.count)
		return p->faults.item[0];
	for (size_t i = 0; i < p->answers.count; i++)
		if (remote_is_failure(p->answers.item[i]->outcome))
			return p->answers.item[i];
	return NULL;
}

bool sstp_peer_is_well(const struct remote_peer *p)
{
	bool takes_call = false;
	for (size_t i = 0; i < p->answers.count; i++)
		takes_call |= p->answers.item[i]->kind == FACT_SSTP_CALL &&
			      p->answers.item[i]->outcome == CW_OUT_OK;
	return takes_call && !p->faults.count && !p->open;
}

static void say_peer_fault(struct judge *j, const struct fact *f)
{
	switch (f->kind) {
	case FACT_TCP_CONNECT:
		say_dead_peer(j, f);
		break;
	case FACT_TLS_HANDSHAKE:
		say_handshake(j, f);
		break;
	case FACT_CERT_FAULT:
		say_cert_fault(j, f);
		break;
	default:
		say_at(j, f,
		       N_("%1$s: SSTP_DUPLEX_POST, after %2$s ms want the call taken, have it "
			  "not taken (%3$s)"),
		       cw_outcome_name(f->outcome));
	}
}

/* All that is wrong with the listener, beside the fact that is shown. */
static void claim_peer(struct judge *j, const struct remote_peer *p)
{
	const struct fact_refs *all[] = { &p->handshakes, &p->faults, &p->answers, &p->versions,
					  &p->chains };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (size_t k = 0; k < all[i]->count; k++)
			judge_claim(j, all[i]->item[k]);
}

static bool counts(const struct remote_view *v, const struct remote_target *t,
		   const struct remote_peer *p)
{
	return p->connect ? sstp_connects_itself(v, t) : p->judged;
}

static const struct remote_peer *well_peer(const struct remote_view *v,
					   const struct remote_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++)
		if (counts(v, t, &t->peer[i]) && sstp_peer_is_well(&t->peer[i]))
			return &t->peer[i];
	return NULL;
}

static const char *hop_of(const struct fact *f)
{
	switch (f->kind) {
	case FACT_TCP_CONNECT:
		return "tcp";
	case FACT_TLS_HANDSHAKE:
		return "tls";
	case FACT_CERT_FAULT:
		return "cert";
	default:
		return "sstp";
	}
}

static void judge_partly(struct judge *j, const struct remote_target *t,
			 const struct remote_peer *well)
{
	const struct remote_view *v = remote_view_of(j);
	struct name_row broken = { 0 };
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct remote_peer *p = &t->peer[i];
		const struct fact *f = sstp_peer_fault(t, p);
		/* Another route to the same listener says nothing about the name. */
		if (!f || !counts(v, t, p) || strcmp(p->route, well->route) != 0)
			continue;
		say_peer_fault(j, f);
		claim_peer(j, p);
		if (!broken.count)
			judge_hop(j, hop_of(f));
		name_row_add(&broken, p->subject);
	}
	if (!broken.count)
		return;
	const char *names = name_row_text(v->arena, &broken);
	judge_support(j, well->answers.item[0],
		      CW_TEXT(N_("%1$s: takes the call; so the name and the rest of the way are "
				 "well"),
			      well->subject));
	judge_title(j, CW_TEXT(N_("Some of the servers behind %1$s do not work: %2$s"), t->host,
			       names));
	judge_fix(j, CW_TEXT(N_("Repair %s: what is seen there says what fails."), names), NULL);
	judge_fix(j,
		  CW_TEXT(N_("Until then take their addresses out of the DNS records of %s."),
			  t->host),
		  NULL);
}

static void judge_partly_broken(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	for (size_t i = 0; i < v->target_count; i++) {
		const struct remote_peer *well = well_peer(v, &v->target[i]);
		if (well)
			judge_partly(j, &v->target[i], well);
	}
}

const struct rule sstp_rule_partly_broken = {
	.id = "sstp-partly-broken",
	.code = "809",
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "tcp",
	.needs = SSTP_CERT_KINDS,
	.title = N_("Some of the servers behind the name do not work"),
	.explanation = N_("Clients that come to a broken address wait or fail, and others connect. "
			  "So the fault comes and goes."),
	.windows_shows = N_("809 and others (RasClient event 20227), now and then"),
	.source = "own",
	.explains = { "sstp-unreachable", "sstp-not-listening", "sstp-no-certificate",
		      "sstp-tls-fails", "sstp-client-certificate", "sstp-old-tls",
		      "sstp-cert-expired", "sstp-cert-untrusted", "sstp-chain-incomplete",
		      "sstp-cert-name", "sstp-cert-eku", "sstp-cert-weak", "sstp-cert-invalid",
		      "sstp-cert-no-cdp", "sstp-crl-unreachable", "sstp-ports-exhausted",
		      "sstp-not-sstp", "sstp-call-refused", "sstp-call-silent" },
	.judge = judge_partly_broken,
};
