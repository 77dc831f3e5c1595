/* Rules about the certificate of an SSTP server and its chain. */
#include <string.h>
#include <strings.h>

#include "rule/remote_say.h"
#include "rule/sstp.h"

/* Off by more than this, lists and tickets go wrong though the certificates are still valid. */
enum { CLOCK_WORTH_A_WORD_S = 3600 };

/* What one rule found at all listeners. */
struct found {
	const struct remote_target *target;
	const struct remote_peer *peer;
	const struct fact *first;
	struct name_row names;
};

static void add_found(struct found *x, const struct remote_target *t, const struct remote_peer *p,
		      const struct fact *f)
{
	if (!f)
		return;
	if (!x->first)
		*x = (struct found){ .target = t, .peer = p, .first = f };
	name_row_add(&x->names, p->subject);
}

static const struct fact *say_notes(struct judge *j, const struct remote_peer *p,
				    enum remote_fault meaning)
{
	struct remote_peer notes = { .faults = p->notes };
	return say_faults(j, &notes, meaning);
}

/* Evidence for one meaning at all listeners. A fault by RFC alone makes a warning. */
static bool gather(struct judge *j, enum remote_fault meaning, struct found *x)
{
	const struct remote_view *v = remote_view_of(j);
	*x = (struct found){ 0 };
	for (int notes = 0; notes < 2 && !x->first; notes++) {
		for (size_t i = 0; i < v->target_count; i++)
			for (size_t k = 0; k < v->target[i].peer_count; k++) {
				const struct remote_peer *p = &v->target[i].peer[k];
				if (p->judged)
					add_found(x, &v->target[i], p,
						  notes ? say_notes(j, p, meaning)
							: say_faults(j, p, meaning));
			}
		if (!x->first || !notes)
			continue;
		judge_as_warning(j);
		if (meaning != REMOTE_FAULT_SOON)
			judge_explanation(j, CW_TEXT(N_("Windows takes it all the same; stricter "
							"clients may not."),
						     NULL));
	}
	return x->first != NULL;
}

static const char *names_of(struct judge *j, const struct found *x)
{
	return name_row_text(judge_arena(j), &x->names);
}

void sstp_fix_new_certificate(struct judge *j, const struct remote_target *t)
{
	judge_fix(
		j,
		CW_TEXT(N_("Issue a certificate for the name %s with server authentication in its "
			   "extended key usage, RSA of 2048 bits or more, signed with SHA-256, "
			   "and with a CRL address that clients outside can reach. Install it "
			   "with its private key in the computer's store."),
			t->host),
		NULL);
	sstp_fix_bind_certificate(j, t->port);
}

static void claim_faults(struct judge *j, const struct remote_peer *p)
{
	for (size_t i = 0; i < p->faults.count; i++)
		judge_claim(j, p->faults.item[i]);
	for (size_t i = 0; i < p->notes.count; i++)
		judge_claim(j, p->notes.item[i]);
	for (size_t i = 0; i < p->answers.count; i++)
		judge_claim(j, p->answers.item[i]);
	for (size_t i = 0; i < p->chains.count; i++)
		judge_claim(j, p->chains.item[i]);
}

static const char *issuer_of(const struct remote_view *v, const struct remote_target *t,
			     const struct remote_peer *p)
{
	const struct fact *leaf = remote_leaf_of(v, t, p), *chain = peer_chain(t, p);
	const char *issuer = leaf ? fact_text(leaf, FIELD_CERT_ISSUER) : "";
	if (!*issuer && chain)
		issuer = fact_text(chain, FIELD_ROOT);
	return *issuer ? issuer : "?";
}

static void say_interception(struct judge *j, const struct remote_target *t,
			     const struct remote_peer *p, const struct fact *f,
			     const struct fact *direct)
{
	const char *issuer = issuer_of(remote_view_of(j), t, p);
	if (!direct) {
		judge_evidence(j, f,
			       CW_TEXT(N_("%1$s: want the certificate of the VPN server, have one "
					  "that a TLS inspection has made (issuer %2$s)"),
				       p->subject, issuer));
		return;
	}
	judge_evidence(j, f,
		       CW_TEXT(N_("%1$s through the proxy: want the chain that the server shows "
				  "without it, have one from %2$s"),
			       p->subject, issuer));
	judge_support(j, direct,
		      CW_TEXT(N_("%1$s without the proxy: the chain ends in %2$s"), direct->subject,
			      fact_text(direct, FIELD_ROOT)));
}

static void judge_tls_intercepted(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct found x = { 0 };
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			const struct fact *direct = NULL, *f = NULL;
			if (p->judged)
				f = remote_interception(v, &v->target[i], p, &direct);
			if (!f)
				continue;
			say_interception(j, &v->target[i], p, f, direct);
			claim_faults(j, p);
			add_found(&x, &v->target[i], p, f);
		}
	if (!x.first)
		return;
	judge_title(j, CW_TEXT(N_("Somebody between opens the TLS connection to %1$s: %2$s"),
			       x.target->name, issuer_of(v, x.target, x.peer)));
	judge_fix(j,
		  CW_TEXT(N_("On the device that inspects TLS, exempt %s from inspection. To trust "
			     "its root does not help: SSTP binds the user's login to the server's "
			     "own certificate, and the call would end there."),
			  x.target->name),
		  NULL);
}

const struct rule sstp_rule_tls_intercepted = {
	.id = "sstp-tls-intercepted",
	.code = "0x800B0109",
	.also = { "0x800B010F", "0x80092012" },
	.symbol = "CERT_E_UNTRUSTEDROOT",
	.hop = "tls",
	.needs = SSTP_CERT_KINDS,
	.title = N_("Somebody between opens the TLS connection"),
	.explanation = N_("The certificate that arrives is not the server's. What is wrong with it "
			  "is no fault of the server."),
	.windows_shows = N_("0x800B0109 (RasClient event 20227), or RasSstp event 6 where the root "
			    "is trusted"),
	.source = N_("KB 947031, situation 5; MS-SSTP 3.3.5.2"),
	.explains = { "sstp-cert-expired", "sstp-cert-untrusted", "sstp-chain-incomplete",
		      "sstp-cert-name", "sstp-cert-eku", "sstp-cert-weak", "sstp-cert-invalid",
		      "sstp-cert-no-cdp", "sstp-crl-unreachable", "sstp-cert-expires-soon",
		      "sstp-not-sstp", "sstp-call-refused", "sstp-call-silent" },
	.judge = judge_tls_intercepted,
};

/* What looks out of date by our clock alone. Gives whether there is any. */
static bool claim_what_is_valid(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	bool any = false;
	FACT_EACH_OF (v->facts, FACT_CERT_FAULT, f) {
		enum remote_fault fault = remote_fault_of(f);
		if ((fault != REMOTE_FAULT_VALIDITY && fault != REMOTE_FAULT_SOON) ||
		    !remote_valid_by_their_clock(v, f))
			continue;
		judge_claim(j, f);
		any |= fault == REMOTE_FAULT_VALIDITY;
	}
	FACT_EACH_OF (v->facts, FACT_REVOCATION, f) {
		if (!remote_fresh_by_their_clock(v, f))
			continue;
		judge_claim(j, f);
		any = true;
	}
	return any;
}

static void judge_clock_skew(struct judge *j)
{
	const struct remote_clock *c = &remote_view_of(j)->clock;
	bool matters;
	if (!c->off)
		return;
	matters = claim_what_is_valid(j);
	if (!matters && c->skew_s > -CLOCK_WORTH_A_WORD_S && c->skew_s < CLOCK_WORTH_A_WORD_S)
		return;
	for (size_t i = 0; i < c->witnesses.count; i++)
		say_clock(j, c->witnesses.item[i]);
	if (!matters)
		judge_as_warning(j);
	else
		judge_explanation(
			j, CW_TEXT(N_("By the servers' clocks (%s) what looks out of date here is "
				      "valid. So it is not to be renewed: the clock is wrong."),
				   c->date));
	fix_clock(j);
}

const struct rule sstp_rule_clock_skew = {
	.id = "sstp-clock-skew",
	.code = "0x800B0101",
	.symbol = "CERT_E_EXPIRED",
	.hop = "cert",
	.needs = FACT_BIT(FACT_CLOCK) | FACT_BIT(FACT_CERT) | FACT_BIT(FACT_CERT_FAULT) |
		 FACT_BIT(FACT_REVOCATION),
	.title = N_("The clock of this machine is wrong"),
	.explanation =
		N_("Certificates and revocation lists are judged by the clock of the client."),
	.windows_shows = N_("0x800B0101 (RasClient event 20227), as for an expired certificate"),
	.source = "own",
	.explains = { "sstp-cert-expired", "sstp-crl-stale", "sstp-cert-expires-soon" },
	.judge = judge_clock_skew,
};

static void say_revoked(struct judge *j, struct name_row *names)
{
	const struct remote_view *v = remote_view_of(j);
	for (size_t i = 0; i < v->check_count; i++) {
		const struct remote_check *c = &v->check[i];
		for (size_t k = 0; k < c->sources.count; k++) {
			const struct fact *f = c->sources.item[k];
			if (remote_source_of(f) != REMOTE_SOURCE_REVOKED)
				continue;
			say_source(j, f);
			name_row_add(names, *c->cert ? c->cert : f->subject);
		}
	}
}

static void judge_cert_revoked(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct name_row names = { 0 };
	struct found x;
	say_revoked(j, &names);
	if (gather(j, REMOTE_FAULT_REVOKED, &x))
		name_row_add(&names, fact_text(x.first, FIELD_CERT_SUBJECT));
	if (!names.count || !v->target_count)
		return;
	judge_title(j, CW_TEXT(N_("A certificate of the server is revoked: %s"),
			       name_row_text(v->arena, &names)));
	judge_fix(j,
		  CW_TEXT(N_("Find out why it was revoked: its private key may be in other hands. "
			     "Then replace it.")),
		  NULL);
	sstp_fix_new_certificate(j, &v->target[0]);
}

const struct rule sstp_rule_cert_revoked = {
	.id = "sstp-cert-revoked",
	.code = "0x80092010",
	.symbol = "CRYPT_E_REVOKED",
	.hop = "crl",
	.needs = SSTP_CERT_KINDS | FACT_BIT(FACT_REVOCATION),
	.title = N_("A certificate of the server is revoked"),
	.explanation =
		N_("The authority that issued it has taken it back. No client may trust it."),
	.windows_shows = N_("0x80092010 (RasClient event 20227)"),
	.source = "own",
	.judge = judge_cert_revoked,
};

static void judge_cert_expired(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_VALIDITY, &x))
		return;
	const char *subject = fact_text(x.first, FIELD_CERT_SUBJECT);
	bool leaf = !fact_number(x.first, FIELD_DEPTH, 0);
	judge_title(j, leaf ? CW_TEXT(N_("The certificate of %s is out of its period of validity"),
				      x.target->name)
			    : CW_TEXT(N_("An authority above the certificate of %1$s is out of its "
					 "period of validity: %2$s"),
				      x.target->name, subject));
	if (leaf)
		judge_fix(j,
			  CW_TEXT(N_("Renew it. If that is done, the server still shows the old "
				     "one: bind the new one.")),
			  NULL);
	else
		judge_fix(
			j,
			CW_TEXT(N_("Renew %s, install it on the server in the computer's store of "
				   "intermediate authorities, and remove the old one there."),
				subject),
			NULL);
	sstp_fix_bind_certificate(j, x.target->port);
}

const struct rule sstp_rule_cert_expired = {
	.id = "sstp-cert-expired",
	.code = "0x800B0101",
	.symbol = "CERT_E_EXPIRED",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("The server certificate is out of its period of validity"),
	.explanation = N_("The client checks the dates of each certificate of the chain by its own "
			  "clock."),
	.windows_shows = N_("0x800B0101 (RasClient event 20227)"),
	.source = N_("KB 947031, situation 4"),
	.judge = judge_cert_expired,
};

static const char *root_of(const struct remote_target *t, const struct remote_peer *p)
{
	const struct fact *chain = peer_chain(t, p);
	return chain ? fact_text(chain, FIELD_ROOT) : "";
}

static void judge_cert_untrusted(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_UNTRUSTED, &x))
		return;
	const char *root = root_of(x.target, x.peer);
	if (!*root)
		root = issuer_of(remote_view_of(j), x.target, x.peer);
	judge_title(j, CW_TEXT(N_("The certificate of %1$s comes from a root that is not trusted: "
				  "%2$s"),
			       x.target->name, root));
	judge_fix(j,
		  CW_TEXT(N_("Get the root certificate from those who run the server, compare its "
			     "thumbprint with theirs, and install it in the trusted roots of the "
			     "computer; those of the user do not count. As an administrator on the "
			     "client:")),
		  "Import-Certificate -FilePath root.cer -CertStoreLocation "
		  "Cert:\\LocalMachine\\Root");
	judge_fix(
		j,
		CW_TEXT(N_("Or give the server a certificate from an authority that clients trust "
			   "already, and bind it.")),
		NULL);
}

const struct rule sstp_rule_cert_untrusted = {
	.id = "sstp-cert-untrusted",
	.code = "0x800B0109",
	.symbol = "CERT_E_UNTRUSTEDROOT",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("The server certificate comes from a root that is not trusted"),
	.explanation = N_("The chain is complete, and ends in a root that the computer does not "
			  "know, or the certificate has signed itself."),
	.windows_shows = N_("0x800B0109 (RasClient event 20227)"),
	.source = N_("KB 947031, situation 5"),
	.judge = judge_cert_untrusted,
};

/* Where the missing certificate was looked for. */
static void say_missing_issuers(struct judge *j)
{
	struct cw_arena *a = judge_arena(j);
	FACT_EACH_OF (judge_facts(j), FACT_AIA, f) {
		struct cw_text end = { .msgid = cw_outcome_text(f->outcome) };
		if (!remote_is_failure(f->outcome))
			continue;
		if (f->outcome == CW_OUT_HTTP_STATUS)
			end = CW_TEXT("HTTP %s", number_text(a, fact_number(f, FIELD_STATUS, 0)));
		struct cw_text t =
			CW_TEXT(N_("%1$s: want the issuer's certificate, after %2$s ms have none: "
				   "%3$s"),
				f->subject, ms_text(a, f->took_ms));
		t.inner[0] = cw_arena_copy(a, &end, sizeof(end));
		judge_support(j, f, t);
	}
}

static const struct fact *fetched_chain(const struct remote_peer *p)
{
	for (size_t i = 0; i < p->chains.count; i++)
		if (fact_flag(p->chains.item[i], FIELD_FETCHED))
			return p->chains.item[i];
	return NULL;
}

/* Windows completes the chain by itself; other clients may not. */
static void say_fetched_chains(struct judge *j, struct found *x)
{
	const struct remote_view *v = remote_view_of(j);
	for (size_t i = 0; i < v->target_count; i++)
		for (size_t k = 0; k < v->target[i].peer_count; k++) {
			const struct remote_peer *p = &v->target[i].peer[k];
			const struct fact *f = p->judged ? fetched_chain(p) : NULL;
			if (!f)
				continue;
			judge_evidence(j, f,
				       CW_TEXT(N_("%1$s: want the whole chain sent, have a "
						  "certificate of it missing that can be fetched"),
					       p->subject));
			add_found(x, &v->target[i], p, f);
		}
	if (x->first)
		judge_as_warning(j);
}

static void judge_chain_incomplete(struct judge *j)
{
	struct found x;
	if (gather(j, REMOTE_FAULT_INCOMPLETE, &x) && !remote_is_note(x.first)) {
		say_missing_issuers(j);
	} else {
		say_fetched_chains(j, &x);
		if (!x.first)
			return;
		judge_explanation(j, CW_TEXT(N_("Windows fetches it where the certificate says, "
						"so it connects. Where that fetch is blocked, and "
						"with other clients, it does not.")));
	}
	judge_title(j,
		    CW_TEXT(N_("The server at %s does not send its whole chain"), names_of(j, &x)));
	judge_fix(j,
		  CW_TEXT(N_("Install the missing certificate in the computer's store of "
			     "intermediate authorities, and restart the services, on the server:")),
		  "certutil -addstore CA intermediate.cer\n"
		  "Restart-Service SstpSvc -Force\nStart-Service RemoteAccess");
}

const struct rule sstp_rule_chain_incomplete = {
	.id = "sstp-chain-incomplete",
	.code = "0x800B010A",
	.also = { "0x800B0109" },
	.symbol = "CERT_E_CHAINING",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS | FACT_BIT(FACT_AIA),
	.title = N_("The server does not send its whole chain"),
	.explanation = N_("A certificate between the server's own and the root is missing, and "
			  "nobody can fetch it."),
	.windows_shows = N_("0x800B010A (RasClient event 20227)"),
	.source = N_("KB 947031, situation 5"),
	.judge = judge_chain_incomplete,
};

/* Another name, which the certificate has, and which can be dialled: no wildcard. */
static const char *name_to_dial(const struct fact *leaf, const char *dialled)
{
	struct fact_list names = leaf ? fact_list_of(leaf, FIELD_NAMES) : (struct fact_list){ 0 };
	for (size_t i = 0; i < names.count; i++)
		if (name_is_plain(names.item[i]) && strcasecmp(names.item[i], dialled) != 0)
			return names.item[i];
	return NULL;
}

static void judge_cert_name(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_NAME, &x))
		return;
	const char *name =
		name_to_dial(remote_leaf_of(remote_view_of(j), x.target, x.peer), x.target->host);
	judge_title(j, CW_TEXT(N_("The certificate at %1$s is not for %2$s"), names_of(j, &x),
			       x.target->host));
	if (name)
		judge_fix(j, CW_TEXT(N_("Dial a name that the certificate has, as in:")),
			  cw_arena_fmt(judge_arena(j),
				       "Set-VpnConnection -Name 'CONNECTION' -ServerAddress %s",
				       name));
	sstp_fix_new_certificate(j, x.target);
}

const struct rule sstp_rule_cert_name = {
	.id = "sstp-cert-name",
	.code = "0x800B010F",
	.symbol = "CERT_E_CN_NO_MATCH",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("The server certificate is not for the name that is dialled"),
	.explanation = N_("The name or address in the connection must stand in the certificate."),
	.windows_shows = N_("0x800B010F (RasClient event 20227)"),
	.source = N_("KB 947031, situation 6"),
	.judge = judge_cert_name,
};

static void judge_cert_eku(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_EKU, &x))
		return;
	judge_title(j, CW_TEXT(N_("The certificate of %s is not for server authentication"),
			       x.target->name));
	sstp_fix_new_certificate(j, x.target);
}

const struct rule sstp_rule_cert_eku = {
	.id = "sstp-cert-eku",
	.code = "809",
	.also = { "0x800B0110" },
	.symbol = "ERROR_VPN_TIMEOUT",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("The server certificate is not for server authentication"),
	.explanation =
		N_("Its extended key usage lacks 1.3.6.1.5.5.7.3.1, so clients refuse it, and "
		   "the service may not even take it."),
	.windows_shows = N_("809, or 0x800B0110 (RasClient event 20227); RasSstp event 16"),
	.source = N_("KB 947031, situation 2"),
	.judge = judge_cert_eku,
};

static void judge_cert_weak(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_WEAK, &x))
		return;
	judge_title(j, CW_TEXT(N_("The certificate of %s is too weak"), x.target->name));
	sstp_fix_new_certificate(j, x.target);
}

const struct rule sstp_rule_cert_weak = {
	.id = "sstp-cert-weak",
	.code = "0x80096004",
	.also = { "0x80090022" },
	.symbol = "TRUST_E_CERT_SIGNATURE",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("The server certificate is too weak"),
	.explanation = N_("Current clients take no key or signature of this strength."),
	.windows_shows = N_("0x80096004 (RasClient event 20227)"),
	.source = "own",
	.judge = judge_cert_weak,
};

static void judge_cert_invalid(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_OTHER, &x))
		return;
	judge_title(j, CW_TEXT(N_("The chain of %1$s breaks a rule: %2$s"), x.target->name,
			       fact_text(x.first, FIELD_WHY)));
	judge_fix(j,
		  CW_TEXT(N_("Show the chain to those who run the authority %s; they have to issue "
			     "it anew. On the server:"),
			  issuer_of(remote_view_of(j), x.target, x.peer)),
		  "certutil -verify -urlfetch server.cer");
	sstp_fix_new_certificate(j, x.target);
}

const struct rule sstp_rule_cert_invalid = {
	.id = "sstp-cert-invalid",
	.also = { "0x80096004", "0x80096019", "0x800B0105", "0x800B0113", "0x800B0114",
		  "0x800B0111" },
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("The chain of the server breaks a rule"),
	.explanation = N_("What clients check of every chain does not hold here: signatures, "
			  "constraints, extensions that they must know."),
	.windows_shows = N_("the code that stands beside the fault (RasClient event 20227)"),
	.source = "RFC 5280",
	.judge = judge_cert_invalid,
};

static void judge_cert_no_cdp(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_NO_SOURCE, &x))
		return;
	judge_title(j, CW_TEXT(N_("A certificate of %s names no source of its revocation status"),
			       x.target->name));
	judge_fix(j,
		  CW_TEXT(N_("On the authority, add a CRL distribution point by HTTP that clients "
			     "outside reach (with your own host in place of pki.example.com), and "
			     "publish the list:")),
		  "Add-CACrlDistributionPoint -AddToCertificateCdp -Uri "
		  "'http://pki.example.com/<CAName><CRLNameSuffix><DeltaCRLAllowed>.crl'\n"
		  "Restart-Service CertSvc\ncertutil -crl");
	sstp_fix_new_certificate(j, x.target);
	sstp_fix_no_check(j);
}

const struct rule sstp_rule_cert_no_cdp = {
	.id = "sstp-cert-no-cdp",
	.code = "0x80092012",
	.also = { "0x80092013" },
	.symbol = "CRYPT_E_NO_REVOCATION_CHECK",
	.hop = "crl",
	.needs = SSTP_CERT_KINDS,
	.title = N_("A certificate of the server names no source of its revocation status"),
	.explanation =
		N_("The SSTP client insists on the status of each certificate below the root, "
		   "and this one does not say where to ask: neither a CRL nor OCSP."),
	.windows_shows = N_("0x80092012, on some releases 0x80092013 (RasClient event 20227)"),
	.source = "own",
	.judge = judge_cert_no_cdp,
};

static void judge_cert_expires_soon(struct judge *j)
{
	struct found x;
	if (!gather(j, REMOTE_FAULT_SOON, &x))
		return;
	judge_as_warning(j);
	judge_title(j, CW_TEXT(N_("A certificate of %1$s ends within 30 days: %2$s"),
			       x.target->name, fact_text(x.first, FIELD_CERT_SUBJECT)));
	judge_fix(j, CW_TEXT(N_("Renew it in time, and bind the new one.")), NULL);
	sstp_fix_bind_certificate(j, x.target->port);
}

const struct rule sstp_rule_cert_expires_soon = {
	.id = "sstp-cert-expires-soon",
	.hop = "cert",
	.needs = SSTP_CERT_KINDS,
	.title = N_("A certificate of the server ends within 30 days"),
	.explanation = N_("From that day on no client connects."),
	.source = "own",
	.judge = judge_cert_expires_soon,
};
