/* Rules about the TLS handshake of an SSTP server. */
#include <string.h>

#include "rule/remote_say.h"
#include "rule/sstp.h"

void sstp_fix_bind_certificate(struct judge *j, int64_t port)
{
	judge_fix(j,
		  CW_TEXT(N_("See which certificate is bound, on the server; want 0.0.0.0 and [::] "
			     "with the same one:")),
		  "netsh http show sslcert");
	judge_fix(
		j,
		CW_TEXT(N_("Bind it, in Routing and Remote Access (properties of the server, "
			   "Security), or by hand with its thumbprint in place of THUMBPRINT, and "
			   "restart the services:")),
		cw_arena_fmt(judge_arena(j),
			     "netsh http add sslcert ipport=0.0.0.0:%1$lld certhash=THUMBPRINT "
			     "appid={ba195980-cd49-458b-9e23-c84ee0adcd75} certstorename=MY\n"
			     "netsh http add sslcert ipport=[::]:%1$lld certhash=THUMBPRINT "
			     "appid={ba195980-cd49-458b-9e23-c84ee0adcd75} certstorename=MY\n"
			     "Restart-Service SstpSvc -Force\n"
			     "Start-Service RemoteAccess",
			     (long long)port));
}

typedef bool peer_matches(const struct remote_target *t, const struct remote_peer *p);

/* Evidence for the failed handshakes of the peers that match: one line for each, since the other
 * shapes that were tried say the same. Gives the target, or NULL. */
static const struct remote_target *gather_handshakes(struct judge *j, peer_matches *matches,
						     const char **names)
{
	const struct remote_view *v = remote_view_of(j);
	const struct remote_target *found = NULL;
	struct name_row row = { 0 };
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			if (!p->judged || !matches(&v->target[i], p))
				continue;
			say_handshake(j, peer_handshake(&v->target[i], p));
			for (size_t h = 0; h < p->handshakes.count; h++)
				judge_claim(j, p->handshakes.item[h]);
			name_row_add(&row, p->subject);
			found = &v->target[i];
		}
	*names = name_row_text(v->arena, &row);
	return found;
}

static bool cuts_before_hello(const struct remote_target *t, const struct remote_peer *p)
{
	return peer_cuts_before_hello(p) && !peer_wants_client_cert(p) && t->secure;
}

static void judge_no_certificate(struct judge *j)
{
	const char *names;
	const struct remote_target *t = gather_handshakes(j, cuts_before_hello, &names);
	if (!t)
		return;
	judge_title(j, CW_TEXT(N_("The server at %s takes the connection and has no certificate to "
				  "show"),
			       names));
	judge_fix(j,
		  CW_TEXT(N_("Install a server authentication certificate for %s with its private "
			     "key in the computer's store, on the server:"),
			  t->host),
		  "certutil -store My");
	sstp_fix_bind_certificate(j, t->port);
}

const struct rule sstp_rule_no_certificate = {
	.id = "sstp-no-certificate",
	.code = "0x80070040",
	.symbol = "ERROR_NETNAME_DELETED",
	.hop = "tls",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The server has no certificate to show"),
	.explanation = N_("It listens and hangs up before it has said a word of TLS. So does "
			  "Windows where no certificate is bound to the port."),
	.windows_shows =
		N_("0x80070040 (RasClient event 20227); on the server RasSstp events 11 to "
		   "13 and 25"),
	.source = N_("KB 947031, situation 3"),
	.judge = judge_no_certificate,
};

static bool fails_otherwise(const struct remote_target *t, const struct remote_peer *p)
{
	const struct fact *f = peer_handshake(t, p);
	return f && remote_is_failure(f->outcome) && f->outcome != CW_OUT_OTHER_PROTOCOL &&
	       !cuts_before_hello(t, p);
}

static bool without_name_works(const struct remote_view *v)
{
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			if (!p->judged || !fails_otherwise(&v->target[i], p))
				continue;
			for (size_t h = 0; h < p->handshakes.count; h++)
				if (p->handshakes.item[h]->outcome == CW_OUT_OK &&
				    fact_is(p->handshakes.item[h], FIELD_SNI, "none"))
					return true;
		}
	return false;
}

static void judge_tls_fails(struct judge *j)
{
	const char *names;
	const struct remote_target *t = gather_handshakes(j, fails_otherwise, &names);
	if (!t)
		return;
	if (without_name_works(remote_view_of(j))) {
		judge_title(j, CW_TEXT(N_("TLS at %1$s fails only when the name %2$s is sent"),
				       names, t->host));
		judge_fix(j,
			  CW_TEXT(N_("Look for a device between client and server that filters by "
				     "name, or for a listener that knows other names only (SNI). "
				     "Let it serve %s."),
				  t->host),
			  NULL);
		return;
	}
	judge_title(j, CW_TEXT(N_("The TLS handshake with %s is not completed"), names));
	judge_fix(
		j,
		CW_TEXT(N_("Look on the server, in the event log of Schannel, for why it ends the "
			   "handshake: protocol versions, cipher suites, or a key that it cannot "
			   "read.")),
		"Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='Schannel'} "
		"-MaxEvents 20");
	judge_fix(j,
		  CW_TEXT(N_("Look for a device between client and server that takes connections "
			     "in the server's place: load balancer, TLS inspection, intrusion "
			     "prevention.")),
		  NULL);
}

const struct rule sstp_rule_tls_fails = {
	.id = "sstp-tls-fails",
	.code = "0x80090326",
	.also = { "0x80072746", "0x800705B4" },
	.symbol = "SEC_E_ILLEGAL_MESSAGE",
	.hop = "tls",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The TLS handshake is not completed"),
	.explanation = N_("The server takes the connection, and client and server do not come to a "
			  "secure one."),
	.windows_shows = N_("0x80090326, 0x80072746 or 0x800705B4 (RasClient event 20227)"),
	.source = "own",
	.judge = judge_tls_fails,
};

static void judge_client_certificate(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct name_row names = { 0 };
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			const struct fact *f = p->judged ? peer_wants_client_cert(p) : NULL;
			if (!f)
				continue;
			say_at(j, f,
			       N_("%1$s: TLS handshake, %2$s ms; want it to go on without a "
				  "client certificate, have one demanded and the connection "
				  "ended"),
			       NULL);
			for (size_t n = 0; n < p->handshakes.count; n++)
				judge_claim(j, p->handshakes.item[n]);
			for (size_t n = 0; n < p->answers.count; n++)
				judge_claim(j, p->answers.item[n]);
			name_row_add(&names, p->subject);
		}
	if (!names.count)
		return;
	judge_title(j, CW_TEXT(N_("The server at %s demands a client certificate in TLS"),
			       name_row_text(v->arena, &names)));
	judge_fix(
		j,
		CW_TEXT(N_("Switch the demand off where TLS ends: on the server bind the "
			   "certificate with clientcertnegotiation=disable, on a load balancer or "
			   "reverse proxy take client authentication away for this listener.")),
		"netsh http show sslcert");
}

const struct rule sstp_rule_client_certificate = {
	.id = "sstp-client-certificate",
	.hop = "tls",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The server demands a client certificate in TLS"),
	.explanation = N_("The SSTP client of Windows shows none there: users are authenticated "
			  "later, inside the call."),
	.windows_shows = N_("an error of Schannel (RasClient event 20227); RasSstp event 1"),
	.source = "MS-SSTP",
	.explains = { "sstp-no-certificate", "sstp-tls-fails", "sstp-not-sstp", "sstp-call-refused",
		      "sstp-call-silent" },
	.judge = judge_client_certificate,
};

static void judge_old_tls(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct name_row names = { 0 };
	bool works = false;
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			const struct fact *f = p->judged ? peer_is_old_tls(&v->target[i], p) : NULL;
			if (!f)
				continue;
			say_at(j, f,
			       N_("%1$s: TLS handshake, %2$s ms; want TLS 1.2 or later, have "
				  "nothing later than %3$s"),
			       fact_text(f, FIELD_VERSION));
			for (size_t n = 0; n < p->handshakes.count; n++) {
				works |= p->handshakes.item[n]->outcome == CW_OUT_OK;
				judge_claim(j, p->handshakes.item[n]);
			}
			name_row_add(&names, p->subject);
		}
	if (!names.count)
		return;
	if (works)
		judge_as_warning(j);
	judge_title(j, CW_TEXT(N_("The server at %s takes nothing later than TLS 1.1"),
			       name_row_text(v->arena, &names)));
	judge_fix(
		j,
		CW_TEXT(N_("Switch TLS 1.2 on, on the server, and restart it. On older releases "
			   "of Windows Server that is a setting of Schannel:")),
		"reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\"
		"Protocols\\TLS 1.2\\Server\" /v Enabled /t REG_DWORD /d 1 /f\n"
		"reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\"
		"Protocols\\TLS 1.2\\Server\" /v DisabledByDefault /t REG_DWORD /d 0 /f");
}

const struct rule sstp_rule_old_tls = {
	.id = "sstp-old-tls",
	.code = "0x80090331",
	.symbol = "SEC_E_ALGORITHM_MISMATCH",
	.hop = "tls",
	.needs = SSTP_TLS_KINDS,
	.title = N_("The server takes nothing later than TLS 1.1"),
	.explanation =
		N_("Current releases of Windows have TLS 1.0 and 1.1 switched off and share no "
		   "version with this server."),
	.windows_shows = N_("0x80090331 (RasClient event 20227)"),
	.source = "own",
	.explains = { "sstp-no-certificate", "sstp-tls-fails" },
	.judge = judge_old_tls,
};
