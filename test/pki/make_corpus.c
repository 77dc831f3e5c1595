/*
 * cert-corpus FOLDER: writes the kept seeds of the fuzz targets cert-set, crl and ocsp, made by the
 * small CA. FOLDER holds a folder for each target. Keys are new in every run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert/ca.h"

static const int64_t now_s = 1795320000; /* as the targets have it */
enum { DAY_S = 86400 };

struct corpus {
	const char *folder;
	struct ca *ca;
	const struct ca_cert *root, *leaf;
};

static void put(const struct corpus *c, const char *target, const char *name, const void *bytes,
		size_t len)
{
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/%s/%s", c->folder, target, name);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

/* The form of test/fuzz/cert_pair.h. */
static void put_about(const struct corpus *c, const char *target, const char *name,
		      struct cert_bytes rest)
{
	uint8_t out[16384];
	size_t certs = c->leaf->der.len + c->root->der.len;
	if (certs + rest.len + 2 > sizeof(out) || !rest.len)
		exit(1);
	out[0] = (uint8_t)(certs >> 8);
	out[1] = (uint8_t)certs;
	memcpy(out + 2, c->leaf->der.at, c->leaf->der.len);
	memcpy(out + 2 + c->leaf->der.len, c->root->der.at, c->root->der.len);
	memcpy(out + 2 + certs, rest.at, rest.len);
	put(c, target, name, out, certs + rest.len + 2);
}

static void put_lists(const struct corpus *c)
{
	struct ca_list_spec sound = { .issuer = c->root,
				      .this_s = now_s - DAY_S,
				      .next_s = now_s + DAY_S,
				      .number = 3,
				      .revoked_s = now_s - 60 };
	struct ca_list_spec s = sound;
	put_about(c, "crl", "sound", ca_list(c->ca, &s));
	s.revoked[0] = c->leaf;
	s.reason = "keyCompromise";
	put_about(c, "crl", "revoked", ca_list(c->ca, &s));
	s.delta_of = 2;
	s.reason = "removeFromCRL";
	put_about(c, "crl", "delta", ca_list(c->ca, &s));
	s = sound;
	s.next_s = 0;
	s.number = 0;
	put_about(c, "crl", "bare", ca_list(c->ca, &s));
	s = sound;
	s.scope_url = "http://crl.contoso.com/base.crl";
	s.only_user = true;
	s.freshest = "http://crl.contoso.com/base+.crl";
	put_about(c, "crl", "scope", ca_list(c->ca, &s));
	s.indirect = true;
	s.bad_signature = true;
	put_about(c, "crl", "indirect", ca_list(c->ca, &s));
	put_about(c, "crl", "page", (struct cert_bytes){ (const uint8_t *)" <html>", 7 });
}

static void put_responses(const struct corpus *c)
{
	struct ca_response_spec sound = { .cert = c->leaf,
					  .issuer = c->root,
					  .this_s = now_s - 60,
					  .next_s = now_s + 60,
					  .revoked_s = now_s - 3600 };
	struct ca_spec delegate = { .name = "OCSP",
				    .issuer = c->root,
				    .eku = "OCSPSigning",
				    .from_s = now_s - DAY_S,
				    .to_s = now_s + DAY_S,
				    .ocsp_no_check = true };
	struct ca_response_spec s = sound;
	put_about(c, "ocsp", "good", ca_response(c->ca, &s));
	s.status = CA_REVOKED_STATUS;
	put_about(c, "ocsp", "revoked", ca_response(c->ca, &s));
	s.status = CA_UNKNOWN;
	s.next_s = 0;
	put_about(c, "ocsp", "unknown", ca_response(c->ca, &s));
	s = sound;
	s.signer = ca_issue(c->ca, &delegate);
	put_about(c, "ocsp", "delegate", ca_response(c->ca, &s));
	s = sound;
	s.error = 6;
	put_about(c, "ocsp", "unauthorized", ca_response(c->ca, &s));
	s = sound;
	s.bad_signature = true;
	put_about(c, "ocsp", "bad-signature", ca_response(c->ca, &s));
}

static void put_sets(const struct corpus *c)
{
	char text[8192];
	const char *leaf = ca_pem(c->ca, "CERTIFICATE", c->leaf->der);
	const char *root = ca_pem(c->ca, "CERTIFICATE", c->root->der);
	int len = snprintf(text, sizeof(text), "leaf\n%sroot\n%s", leaf, root);
	put(c, "cert-set", "pem", text, (size_t)len);
	put(c, "cert-set", "leaf-der", c->leaf->der.at, c->leaf->der.len);
	put(c, "cert-set", "root-der", c->root->der.at, c->root->der.len);
	put(c, "cert-set", "cut", c->root->der.at, c->root->der.len - 20);
	len = snprintf(text, sizeof(text), "%.200s", leaf);
	put(c, "cert-set", "pem-cut", text, (size_t)len);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fprintf(stderr, "usage: cert-corpus FOLDER\n");
		return 2;
	}
	struct corpus c = { .folder = argv[1], .ca = ca_new() };
	struct ca_spec root = { .name = "Contoso Root",
				.is_ca = true,
				.from_s = now_s - DAY_S,
				.to_s = now_s + DAY_S,
				.constraints = "permitted;DNS:contoso.com" };
	c.root = ca_issue(c.ca, &root);
	struct ca_spec leaf = { .name = "vpn.contoso.com",
				.issuer = c.root,
				.eku = "serverAuth",
				.from_s = now_s - DAY_S,
				.to_s = now_s + DAY_S,
				.san = "DNS:vpn.contoso.com,IP:192.0.2.1",
				.cdp = { "http://crl.contoso.com/base.crl" },
				.ocsp = { "http://ocsp.contoso.com/" } };
	c.leaf = ca_issue(c.ca, &leaf);
	put_sets(&c);
	put_lists(&c);
	put_responses(&c);
	ca_free(c.ca);
	return 0;
}
