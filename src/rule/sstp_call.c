/* Rules about the SSTP call itself: TLS stands, and the server does not take it. */
#include <string.h>
#include <strings.h>

#include "rule/remote_say.h"
#include "rule/sstp.h"

typedef bool is_fault(const struct fact *f);

/* What one rule gathers from all listeners. */
struct calls {
	struct name_row names;
	const struct remote_target *target;
	const struct fact *first;
};

static const char *status_text(struct cw_arena *a, const struct fact *f)
{
	const char *agent = fact_text(f, FIELD_AGENT);
	long long status = fact_number(f, FIELD_STATUS, 0);
	return *agent ? cw_arena_fmt(a, "%lld (%s)", status, agent)
		      : cw_arena_fmt(a, "%lld", status);
}

static const char *first_of(const char *a, const char *b)
{
	return *a ? a : *b ? b : "?";
}

static void say_call(struct judge *j, const struct fact *f)
{
	switch (f->outcome) {
	case CW_OUT_HTTP_STATUS:
		say_at(j, f,
		       N_("%1$s: SSTP_DUPLEX_POST, answered after %2$s ms; want status 200, have "
			  "%3$s"),
		       status_text(judge_arena(j), f));
		return;
	case CW_OUT_SSTP_NAK:
		say_at(j, f,
		       N_("%1$s: call request, answered after %2$s ms; want Call Connect Ack, "
			  "have "
			  "Nak (%3$s)"),
		       first_of(fact_text(f, FIELD_SSTP_STATUS), ""));
		return;
	case CW_OUT_SSTP_ABORT:
		say_at(j, f,
		       N_("%1$s: call request, answered after %2$s ms; want Call Connect Ack, "
			  "have "
			  "Call Abort (%3$s)"),
		       first_of(fact_text(f, FIELD_SSTP_STATUS), ""));
		return;
	case CW_OUT_TIMEOUT:
		say_peer(
			j, f,
			N_("%1$s: TLS stands, then the call gets no answer in %2$s ms; want status "
			   "200, have silence"),
			NULL);
		return;
	case CW_OUT_OTHER_PROTOCOL:
	case CW_OUT_MALFORMED:
		say_at(j, f,
		       N_("%1$s: SSTP_DUPLEX_POST, after %2$s ms something else answers; want "
			  "SSTP, have %3$s"),
		       first_of(fact_text(f, FIELD_GOT), fact_text(f, FIELD_GUESS)));
		return;
	default:
		say_peer(
			j, f,
			N_("%1$s: SSTP_DUPLEX_POST, after %2$s ms the server hangs up; want status "
			   "200, have a closed connection"),
			NULL);
	}
}

static void add_call(struct judge *j, struct calls *x, const struct remote_target *t,
		     const struct remote_peer *p, const struct fact *f)
{
	if (f->kind == FACT_TLS_HANDSHAKE)
		say_handshake(j, f);
	else
		say_call(j, f);
	if (!x->first)
		*x = (struct calls){ .target = t, .first = f };
	name_row_add(&x->names, p->subject);
}

/* Evidence for all listeners at which the call, or the handshake before it, ended so. */
static bool gather(struct judge *j, is_fault *matches, struct calls *x)
{
	const struct remote_view *v = remote_view_of(j);
	*x = (struct calls){ 0 };
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_target *t = &v->target[i];
			const struct remote_peer *p = &t->peer[k];
			const struct fact *tls = peer_handshake(t, p);
			if (!p->judged)
				continue;
			if (tls && matches(tls))
				add_call(j, x, t, p, tls);
			for (size_t n = 0; n < p->answers.count; n++)
				if (matches(p->answers.item[n]))
					add_call(j, x, t, p, p->answers.item[n]);
		}
	return x->first != NULL;
}

static const char *names_of(struct judge *j, const struct calls *x)
{
	return name_row_text(judge_arena(j), &x->names);
}

/* Servers that answer 503 for a backend of their own. HTTP.SYS of Windows calls itself
 * Microsoft-HTTPAPI. */
static bool is_web_server(const char *agent)
{
	static const char *const names[] = { "nginx",      "Apache",  "Microsoft-IIS", "cloudflare",
					     "Varnish",    "envoy",   "haproxy",       "squid",
					     "lighttpd",   "Caddy",   "Akamai",        "BigIP",
					     "awselb",     "Traefik", "LiteSpeed",     "openresty",
					     "CloudFront", "gunicorn" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasestr(agent, names[i]))
			return true;
	return false;
}

static bool is_exhausted(const struct fact *f)
{
	return f->kind == FACT_SSTP_CALL && f->outcome == CW_OUT_HTTP_STATUS &&
	       fact_number(f, FIELD_STATUS, 0) == 503 && !is_web_server(fact_text(f, FIELD_AGENT));
}

static void judge_ports_exhausted(struct judge *j)
{
	struct calls x;
	if (!gather(j, is_exhausted, &x))
		return;
	judge_title(j, CW_TEXT(N_("The server at %s has no free SSTP port"), names_of(j, &x)));
	judge_fix(j,
		  CW_TEXT(N_(
			  "Look how many ports there are and how many are in use, on the server:")),
		  "netsh ras show portstatus\n"
		  "Get-RemoteAccessConnectionStatisticsSummary");
	judge_fix(
		j,
		CW_TEXT(N_("Raise the number, in Routing and Remote Access: Ports, Properties, WAN "
			   "Miniport (SSTP), Configure, Maximum ports (128 by default). See there "
			   "too that remote access connections are allowed for them.")),
		NULL);
	judge_fix(j,
		  CW_TEXT(N_("If the answer is the same while nobody is connected, it is not the "
			     "ports: start the service.")),
		  "sc query sstpsvc\nStart-Service SstpSvc");
}

const struct rule sstp_rule_ports_exhausted = {
	.id = "sstp-ports-exhausted",
	.code = "0x800704C9",
	.symbol = "ERROR_CONNECTION_REFUSED",
	.hop = "sstp",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The server has no free SSTP port"),
	.explanation =
		N_("Name, network, TLS and listener are well: the server answers the call and "
		   "turns it down for lack of room."),
	.windows_shows = N_("0x800704C9 (RasClient event 20227); RasSstp event 4 with the status"),
	.source = N_("KB 947031, situation 1"),
	.judge = judge_ports_exhausted,
};

static bool is_not_sstp(const struct fact *f)
{
	if (f->kind == FACT_TLS_HANDSHAKE)
		return f->outcome == CW_OUT_OTHER_PROTOCOL;
	if (f->kind != FACT_SSTP_CALL || is_exhausted(f))
		return false;
	return remote_is_failure(f->outcome) && f->outcome != CW_OUT_TIMEOUT &&
	       f->outcome != CW_OUT_SSTP_NAK && f->outcome != CW_OUT_SSTP_ABORT;
}

static bool is_http_sys(const struct fact *f)
{
	return strcasestr(fact_text(f, FIELD_AGENT), "Microsoft-HTTPAPI") != NULL;
}

static void judge_not_sstp(struct judge *j)
{
	struct calls x;
	if (!gather(j, is_not_sstp, &x))
		return;
	if (x.first->kind == FACT_TLS_HANDSHAKE)
		judge_hop(j, "tls");
	if (is_http_sys(x.first))
		judge_explanation(
			j, CW_TEXT(N_("The web service of Windows answers there, and does not know "
				      "the address of SSTP: the SSTP service does not run, or "
				      "listens at another port.")));
	judge_title(j, CW_TEXT(N_("Something other than SSTP answers at %s"), names_of(j, &x)));
	sstp_fix_service(j, x.target->port);
	judge_fix(
		j,
		CW_TEXT(N_("If another service has the port, move one of the two, or dial the port "
			   "of SSTP. A reverse proxy before it must pass the method "
			   "SSTP_DUPLEX_POST through, and must not end the call at its "
			   "Content-Length. On the server:")),
		"netsh http show servicestate view=requestq\n"
		"reg query HKLM\\SYSTEM\\CurrentControlSet\\Services\\SstpSvc\\Parameters "
		"/v ListenerPort");
}

const struct rule sstp_rule_not_sstp = {
	.id = "sstp-not-sstp",
	.code = "809",
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "sstp",
	.needs = SSTP_TLS_KINDS,
	.title = N_("Something other than SSTP answers there"),
	.explanation = N_("The connection stands, and whoever answers does not take an SSTP call."),
	.windows_shows = N_("809 (RasClient event 20227); RasSstp event 2, 3 or 4"),
	.source = N_("KB 947031, situation 8"),
	.judge = judge_not_sstp,
};

static bool is_call_refused(const struct fact *f)
{
	return f->kind == FACT_SSTP_CALL &&
	       (f->outcome == CW_OUT_SSTP_NAK || f->outcome == CW_OUT_SSTP_ABORT);
}

static void judge_call_refused(struct judge *j)
{
	struct calls x;
	if (!gather(j, is_call_refused, &x))
		return;
	const char *id = fact_text(x.first, FIELD_CORRELATION);
	judge_title(j, CW_TEXT(N_("The SSTP server at %s turns the call down"), names_of(j, &x)));
	if (*id)
		judge_fix(j,
			  CW_TEXT(N_("Look in the server's event log for the attempt with the "
				     "correlation id %s."),
				  id),
			  NULL);
	judge_fix(j, CW_TEXT(N_("Look at the events of the service, on the server:")),
		  "Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='RasSstp', "
		  "'RemoteAccess'} -MaxEvents 20");
}

const struct rule sstp_rule_call_refused = {
	.id = "sstp-call-refused",
	.hop = "sstp",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The SSTP server turns the call down"),
	.explanation =
		N_("It speaks SSTP and answers the request for a call with a refusal, before "
		   "any login."),
	.windows_shows = N_("RasSstp event 5, with the code in its data"),
	.source = "MS-SSTP 3.3.5.2.2",
	.judge = judge_call_refused,
};

static bool is_call_silent(const struct fact *f)
{
	return f->kind == FACT_SSTP_CALL && f->outcome == CW_OUT_TIMEOUT;
}

static void judge_call_silent(struct judge *j)
{
	struct calls x;
	if (!gather(j, is_call_silent, &x))
		return;
	judge_title(j, CW_TEXT(N_("The server at %s never answers the call"), names_of(j, &x)));
	judge_fix(j, CW_TEXT(N_("Restart the services, on the server:")),
		  "Restart-Service SstpSvc -Force\nStart-Service RemoteAccess");
	judge_fix(
		j,
		CW_TEXT(N_("Look for a reverse proxy or load balancer before the server that waits "
			   "for the end of the request: its Content-Length is without end by "
			   "design.")),
		NULL);
}

const struct rule sstp_rule_call_silent = {
	.id = "sstp-call-silent",
	.code = "809",
	.also = { "0x800705B4" },
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "sstp",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The server never answers the call"),
	.explanation =
		N_("TLS stands, and the request for a call gets no answer: the service hangs, "
		   "or a device between swallows what is sent."),
	.windows_shows = N_("809 (RasClient event 20227); RasSstp event 2"),
	.source = "own",
	.judge = judge_call_silent,
};
