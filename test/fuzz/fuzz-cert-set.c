/* Any octets as a file of certificates: what is read can be listed and judged, within the limits. */
#include "fuzz.h"

#include <string.h>

#include "cert/judge.h"

enum { NOW_S = 1795320000 };

static void check_one(struct cw_arena *a, const struct cert_set *s, const struct cert *c)
{
	REQUIRE(c->x509 && c->der.len && strlen(c->sha256) == 64 && strlen(c->sha1) == 40);
	REQUIRE(c->subject && c->issuer && c->serial && c->key_type && c->signature_algorithm);
	REQUIRE(cert_set_find(s, c->sha256) == c);
	REQUIRE(*cert_list_text(a, &c->dns) && *cert_list_text(a, &c->eku));
}

static void check_judgement(struct cw_arena *a, const struct cert_set *sent,
			    const struct cert_set *trusted)
{
	struct cert_judgement j;
	const struct cert_question q = {
		.sent = sent, .trusted = trusted, .name = "vpn.contoso.com", .now_s = NOW_S
	};
	REQUIRE(cert_judge(&q, a, &j) == CW_OK);
	REQUIRE(j.chain.count && j.chain.count <= LIMIT_CERT_DEPTH && j.chain.cert[0] == j.leaf);
	REQUIRE(j.signatures <= LIMIT_CERT_SIGNATURES && j.chains <= LIMIT_CERT_CHAINS);
	REQUIRE((j.errors == 0) == !j.first);
	REQUIRE(j.chain.end == CERT_END_TRUSTED || j.errors);
	for (const struct cert_fault *f = j.fault; f; f = f->next)
		REQUIRE(*cw_text_render(a, &f->want, NULL) && *cw_text_render(a, &f->have, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *a = cw_arena_new();
	struct cert_set *s = cert_set_new(), *none = cert_set_new();
	struct cert_set_report r;
	enum cw_ec ec = cert_set_add(s, data, size, "input", &r);
	REQUIRE(r.added == cert_set_count(s));
	REQUIRE((ec == CW_OK) == (r.added > 0));
	for (size_t i = 0; i < cert_set_count(s); i++)
		check_one(a, s, cert_set_at(s, i));
	if (cert_set_count(s)) {
		check_judgement(a, s, none);
		check_judgement(a, s, s);
	}
	cert_set_free(s);
	cert_set_free(none);
	cw_arena_free(a);
	return 0;
}
