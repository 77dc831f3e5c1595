/*
 * limbo-sample > sample.json: own cases in the form of x509-limbo, made by the small CA. The kept
 * file was written by it; keys are new in every run.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cert/ca.h"

/* 2026-11-22 04:00 UTC */
static const int64_t now_s = 1795320000;
static const char when[] = "2026-11-22T04:00:00+00:00";
enum { DAY_S = 86400, YEAR_S = 365 * 86400 };

struct sample {
	struct ca *ca;
	json_t *cases;
	const struct ca_cert *root, *sub;
};

static struct ca_spec ca_spec_of(const char *name, const struct ca_cert *issuer)
{
	return (struct ca_spec){ .name = name,
				 .issuer = issuer,
				 .is_ca = true,
				 .from_s = now_s - YEAR_S,
				 .to_s = now_s + YEAR_S };
}

static struct ca_spec server_spec(const struct ca_cert *issuer)
{
	return (struct ca_spec){ .name = "vpn.contoso.com",
				 .issuer = issuer,
				 .from_s = now_s - DAY_S,
				 .to_s = now_s + 100 * DAY_S,
				 .san = "DNS:vpn.contoso.com,IP:192.0.2.1",
				 .eku = "serverAuth" };
}

static json_t *pem_list(struct sample *s, const char *label, struct cert_bytes der)
{
	return der.len ? json_pack("[s]", ca_pem(s->ca, label, der)) : json_array();
}

static void add_case(struct sample *s, const char *id, bool good, struct ca_spec server,
		     bool sends_ca, const struct ca_cert *trusted, const char *kind,
		     const char *name, struct cert_bytes crl)
{
	const struct ca_cert *leaf = ca_issue(s->ca, &server);
	const struct cert_bytes none = { NULL, 0 };
	if (!leaf)
		return;
	json_t *peer = json_pack("{s:s, s:s}", "kind", kind, "value", name);
	json_array_append_new(s->cases,
			      json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:n}", "id",
					id, "validation_kind", "SERVER", "trusted_certs",
					pem_list(s, "CERTIFICATE", trusted->der),
					"untrusted_intermediates",
					pem_list(s, "CERTIFICATE", sends_ca ? s->sub->der : none),
					"peer_certificate", ca_pem(s->ca, "CERTIFICATE", leaf->der),
					"validation_time", when, "expected_result",
					good ? "SUCCESS" : "FAILURE", "expected_peer_name", peer,
					"crls", pem_list(s, "X509 CRL", crl), "max_chain_depth"));
}

static void add_plain(struct sample *s, const char *id, bool good, struct ca_spec server)
{
	const struct cert_bytes none = { NULL, 0 };
	add_case(s, id, good, server, true, s->root, "DNS", "vpn.contoso.com", none);
}

static void add_leaves(struct sample *s)
{
	struct ca_spec c = server_spec(s->sub);
	add_plain(s, "sample::sound", true, c);
	c.to_s = now_s - 1;
	add_plain(s, "sample::expired", false, c);
	c = server_spec(s->sub);
	c.from_s = now_s + 1;
	add_plain(s, "sample::not-yet-valid", false, c);
	c = server_spec(s->sub);
	c.eku = "clientAuth";
	add_plain(s, "sample::client-eku", false, c);
	c = server_spec(s->sub);
	c.bad_signature = true;
	add_plain(s, "sample::bad-signature", false, c);
	c = server_spec(s->sub);
	c.critical_oid = "1.2.3.4";
	add_plain(s, "sample::critical-extension", false, c);
	c = server_spec(s->sub);
	c.san = "DNS:*.contoso.com";
	add_plain(s, "sample::wildcard", true, c);
	c.san = "DNS:www.contoso.com";
	add_plain(s, "sample::other-name", false, c);
	c.san = NULL;
	add_plain(s, "sample::common-name-only", false, c);
}

static void add_paths(struct sample *s)
{
	const struct cert_bytes none = { NULL, 0 };
	struct ca_spec other = ca_spec_of("Fabrikam Root", NULL);
	const struct ca_cert *stranger = ca_issue(s->ca, &other);
	struct ca_spec c = server_spec(s->sub);
	add_case(s, "sample::ca-not-sent", false, c, false, s->root, "DNS", "vpn.contoso.com",
		 none);
	add_case(s, "sample::root-not-trusted", false, c, true, stranger, "DNS", "vpn.contoso.com",
		 none);
	add_case(s, "sample::address", true, c, true, s->root, "IP", "192.0.2.1", none);
	add_case(s, "sample::other-address", false, c, true, s->root, "IP", "192.0.2.2", none);
}

static void add_revocation(struct sample *s)
{
	struct ca_spec c = server_spec(s->root);
	c.serial = 4711;
	const struct ca_cert *revoked = ca_issue(s->ca, &c);
	struct ca_list_spec l = { .issuer = s->root,
				  .this_s = now_s - DAY_S,
				  .next_s = now_s + DAY_S,
				  .number = 1,
				  .revoked_s = now_s - DAY_S };
	add_case(s, "sample::not-revoked", true, c, false, s->root, "DNS", "vpn.contoso.com",
		 ca_list(s->ca, &l));
	l.revoked[0] = revoked;
	add_case(s, "sample::revoked", false, c, false, s->root, "DNS", "vpn.contoso.com",
		 ca_list(s->ca, &l));
	l.revoked[0] = NULL;
	l.next_s = now_s - 1;
	add_case(s, "sample::stale-list", false, c, false, s->root, "DNS", "vpn.contoso.com",
		 ca_list(s->ca, &l));
}

int main(void)
{
	struct sample s = { .ca = ca_new(), .cases = json_array() };
	struct ca_spec spec = ca_spec_of("Contoso Root", NULL);
	s.root = ca_issue(s.ca, &spec);
	spec = ca_spec_of("Contoso Issuing CA", s.root);
	s.sub = ca_issue(s.ca, &spec);
	add_leaves(&s);
	add_paths(&s);
	add_revocation(&s);
	json_t *out = json_pack("{s:i, s:o}", "version", 1, "testcases", s.cases);
	int bad = json_dumpf(out, stdout, JSON_INDENT(1));
	(void)putchar('\n');
	json_decref(out);
	ca_free(s.ca);
	return bad ? 1 : 0;
}
