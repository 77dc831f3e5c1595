/* Rules about revocation status on the way to an SSTP server. The causes behind 0x80092013 are told
 * apart here. */
#include <string.h>

#include "rule/remote_say.h"
#include "rule/sstp.h"

/* Windows gives each source 15 s, or 20 s to all of them (CertGetCertificateChain). */
enum { SLOW_SOURCE_MS = 5000 };

#define MEANING(m) (UINT32_C(1) << (m))

void sstp_fix_no_check(struct judge *j)
{
	judge_fix(j,
		  CW_TEXT(N_("Not recommended: the client can do without the check. Then it also "
			     "trusts a server whose certificate was stolen and revoked. Only to "
			     "bridge a repair, on the client; take the value away again "
			     "afterwards:")),
		  "reg add HKLM\\SYSTEM\\CurrentControlSet\\Services\\SstpSvc\\Parameters /v "
		  "NoCertRevocationCheck /t REG_DWORD /d 1 /f\n"
		  "reg delete HKLM\\SYSTEM\\CurrentControlSet\\Services\\SstpSvc\\Parameters /v "
		  "NoCertRevocationCheck /f");
}

static const char *first_url(const struct url_list *l)
{
	return l->count ? l->url[0] : "";
}

/* LDAP alone: only the inside, on the other end of the tunnel, can ask there. */
static const struct fact *say_ldap(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	const struct fact *first = NULL;
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			const struct fact *f =
				p->judged ? say_faults(j, p, REMOTE_FAULT_LDAP_SOURCE) : NULL;
			if (f && !first)
				first = f;
		}
	return first;
}

static void judge_crl_unreachable(struct judge *j)
{
	struct source_faults x = {
		.j = j,
		.meanings = MEANING(REMOTE_SOURCE_UNREACHABLE) | MEANING(REMOTE_SOURCE_STATUS) |
			    MEANING(REMOTE_SOURCE_OWN_STATUS) | MEANING(REMOTE_SOURCE_RESPONDER),
	};
	const struct fact *ldap = say_ldap(j);
	x.causes_only = ldap != NULL;
	if (!gather_sources(&x) && !ldap)
		return;
	if (ldap) {
		judge_title(j, CW_TEXT(N_("The revocation list of %s can only be fetched by LDAP, "
					  "from inside"),
				       fact_text(ldap, FIELD_CERT_SUBJECT)));
		judge_fix(j,
			  CW_TEXT(N_("On the authority, add a CRL distribution point by HTTP (with "
				     "your own host in place of pki.example.com), publish the list "
				     "there, and issue the server's certificate anew:")),
			  "Add-CACrlDistributionPoint -AddToCertificateCdp -Uri "
			  "'http://pki.example.com/<CAName><CRLNameSuffix><DeltaCRLAllowed>.crl'\n"
			  "Restart-Service CertSvc\ncertutil -crl");
	} else {
		judge_title(j, CW_TEXT(N_("The revocation status cannot be fetched from here: %s"),
				       name_row_text(judge_arena(j), &x.names)));
		if (remote_source_of(x.first) == REMOTE_SOURCE_RESPONDER)
			(void)fix_declining_source(j, x.first);
		judge_fix(j,
			  CW_TEXT(N_(
				  "Publish the list where clients outside the tunnel can fetch it, "
				  "at the address that stands in the certificate: the name must "
				  "resolve, port 80 be open, and the file be there. The client "
				  "asks before the tunnel is up.")),
			  NULL);
		fix_fetch(j, first_url(&x.urls));
	}
	sstp_fix_no_check(j);
}

const struct rule sstp_rule_crl_unreachable = {
	.id = "sstp-crl-unreachable",
	.code = "0x80092013",
	.symbol = "CRYPT_E_REVOCATION_OFFLINE",
	.hop = "crl",
	.needs = SSTP_CERT_KINDS | FACT_BIT(FACT_REVOCATION),
	.title = N_("The revocation status cannot be fetched from here"),
	.explanation =
		N_("The SSTP client insists on the status of each certificate below the root, "
		   "and no source of it answers."),
	.windows_shows = N_("0x80092013 (RasClient event 20227; CAPI2 log)"),
	.source = N_("KB 947031, situation 7"),
	.judge = judge_crl_unreachable,
};

static void judge_crl_stale(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	struct source_faults x = {
		.j = j,
		.meanings = MEANING(REMOTE_SOURCE_BAD) | MEANING(REMOTE_SOURCE_HTML),
	};
	if (!gather_sources(&x))
		return;
	const char *names = name_row_text(a, &x.names);
	bool stale = x.first->outcome == CW_OUT_STALE;
	judge_title(j, stale ? CW_TEXT(N_("The revocation list that is served is out of date: %s"),
				       names)
			     : CW_TEXT(N_("What is served as a revocation list cannot be used: %s"),
				       names));
	judge_fix(j,
		  CW_TEXT(N_("Issue a fresh list, on the authority, and copy it to the place that "
			     "the certificate names:")),
		  "certutil -crl");
	judge_fix(j,
		  CW_TEXT(N_(
			  "See that publishing goes on by itself: the list must be replaced before "
			  "its next update, and caches and proxies on the way must not keep the "
			  "old one.")),
		  NULL);
	fix_fetch(j, first_url(&x.urls));
	judge_fix(j,
		  CW_TEXT(N_("If a client still uses an old one afterwards, empty its cache, as an "
			     "administrator:")),
		  "certutil -setreg chain\\ChainCacheResyncFiletime @now");
	sstp_fix_no_check(j);
}

const struct rule sstp_rule_crl_stale = {
	.id = "sstp-crl-stale",
	.code = "0x80092013",
	.symbol = "CRYPT_E_REVOCATION_OFFLINE",
	.hop = "crl",
	.needs = SSTP_CERT_KINDS | FACT_BIT(FACT_REVOCATION),
	.title = N_("The revocation list that is served cannot be used"),
	.explanation =
		N_("An answer comes, but it is past its date, not signed by the issuer, or no "
		   "list at all. For the client that is as if none came."),
	.windows_shows = N_("0x80092013 (RasClient event 20227; CAPI2 log)"),
	.source = N_("KB 947031, situation 7"),
	.judge = judge_crl_stale,
};

static void judge_crl_proxy_auth(struct judge *j)
{
	struct source_faults x = { .j = j, .meanings = MEANING(REMOTE_SOURCE_LOGIN) };
	if (!gather_sources(&x))
		return;
	if (takes_machine_login(x.first)) {
		judge_as_warning(j);
		judge_explanation(
			j,
			CW_TEXT(N_("The proxy also takes Negotiate or NTLM. Windows answers that "
				   "by itself with the machine's account, where the proxy takes "
				   "it; from here that cannot be seen.")));
	}
	judge_title(j, CW_TEXT(N_("The proxy asks for a login for the revocation list: %s"),
			       name_row_text(judge_arena(j), &x.names)));
	const struct fact *fine = remote_fine_elsewhere(remote_view_of(j), x.first);
	if (fine)
		say_fine_source(j, fine);
	fix_exempt(j, &x.urls);
	sstp_fix_no_check(j);
}

const struct rule sstp_rule_crl_proxy_auth = {
	.id = "sstp-crl-proxy-auth",
	.code = "0x80092013",
	.symbol = "CRYPT_E_REVOCATION_OFFLINE",
	.hop = "crl",
	.needs = SSTP_CERT_KINDS | FACT_BIT(FACT_REVOCATION),
	.title = N_("The proxy asks for a login for the revocation list"),
	.explanation =
		N_("Windows fetches the list as a service, without the user's credentials, and "
		   "nobody can type any."),
	.windows_shows = N_("0x80092013 (RasClient event 20227; CAPI2 log)"),
	.source = N_("KB 947031, situation 7; KB 816897"),
	.judge = judge_crl_proxy_auth,
};

static void judge_crl_slow(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct name_row names = { 0 };
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f) {
		if (f->outcome != CW_OUT_OK || f->took_ms < SLOW_SOURCE_MS ||
		    !remote_source_counts(v, f))
			continue;
		judge_evidence(j, f,
			       CW_TEXT(N_("%1$s: want it within 5 s, have it after %2$s ms"),
				       f->subject, ms_text(v->arena, f->took_ms)));
		name_row_add(&names, f->subject);
	}
	judge_as_warning(j);
	judge_title(j, CW_TEXT(N_("The revocation status comes late: %s"),
			       name_row_text(v->arena, &names)));
	judge_fix(j,
		  CW_TEXT(N_("Look why this server answers late: load, a far place, or a size that "
			     "it has no line for.")),
		  NULL);
}

const struct rule sstp_rule_crl_slow = {
	.id = "sstp-crl-slow",
	.hop = "crl",
	.needs = FACT_BIT(FACT_REVOCATION) | FACT_BIT(FACT_PROXY),
	.title = N_("The revocation status comes late"),
	.explanation =
		N_("Windows waits 15 s for a source, and less for each where there are several. "
		   "What takes 5 s here may be too late there."),
	.source = "own",
	.judge = judge_crl_slow,
};
