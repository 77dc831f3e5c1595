#include "lab/pki.h"

#include <openssl/ocsp.h>
#include <string.h>

#include "lab/inside.h"

enum {
	DAY_S = 86400,
	LIST_NUMBER = 7,
	/* How fresh lists and answers are, in days from now. */
	GOOD_FROM = -1,
	GOOD_TO = 6,
	STALE_FROM = -10,
	STALE_TO = -3,
	EARLY_FROM = 2,
	EARLY_TO = 9,
	REVOKED = -5,
};

struct lab_pki {
	struct lab *lab;
	struct ca *ca;
	const struct ca_cert **cert;      /* by scenario_cert.index */
	const struct ca_cert **responder; /* by the CA's index; made with it */
	const struct ca_cert *stranger;   /* nobody knows it: what it signs is worth nothing */
};

static int64_t in_days(int64_t days)
{
	return (int64_t)io_unix_time_s() + days * DAY_S;
}

/* ---- certificates ---- */

static const char *expand(const struct lab_pki *p, const char *text)
{
	return lab_expand(p->lab, p->lab->arena, text);
}

static const char *subject_of(const struct lab_pki *p, const struct scenario_cert *def)
{
	if (def->same_key)
		def = def->same_key;
	if (def->subject)
		return def->subject;
	return def->names.count ? expand(p, def->names.word[0]) : def->name;
}

/* "DNS:vpn.contoso.example,IP:127.0.0.1" */
static const char *san_of(const struct lab_pki *p, const struct scenario_cert *def)
{
	struct cw_arena *a = p->lab->arena;
	const char *out = NULL;
	for (size_t i = 0; !def->no_san && i < def->names.count; i++) {
		struct cw_addr ignored;
		const char *name = expand(p, def->names.word[i]);
		const char *kind = cw_addr_parse(name, &ignored) ? "IP:" : "DNS:";
		out = out ? cw_arena_join(a, out, ",", kind, name, NULL)
			  : cw_arena_join(a, kind, name, NULL);
	}
	return out;
}

static const char *purpose_of(const char *word)
{
	if (!strcmp(word, "server"))
		return "serverAuth";
	if (!strcmp(word, "client"))
		return "clientAuth";
	return strcmp(word, "any") ? word : "anyExtendedKeyUsage";
}

static const char *eku_of(const struct lab_pki *p, const struct scenario_cert *def)
{
	const char *out = NULL;
	if (def->eku_none || (def->ca && !def->eku.count))
		return NULL;
	if (!def->eku.count)
		return "serverAuth";
	for (size_t i = 0; i < def->eku.count; i++) {
		const char *word = purpose_of(def->eku.word[i]);
		out = out ? cw_arena_join(p->lab->arena, out, ",", word, NULL) : word;
	}
	return out;
}

static void put_urls(const struct lab_pki *p, const struct scenario_words *words,
		     const char *out[CA_URLS])
{
	for (size_t i = 0; i < words->count && i < CA_URLS; i++)
		out[i] = expand(p, words->word[i]);
}

static const struct ca_cert *make(const struct lab_pki *p, const struct scenario_cert *def)
{
	static const enum ca_key keys[] = { [CERT_KEY_EC] = CA_KEY_EC,
					    [CERT_KEY_RSA2048] = CA_KEY_RSA_2048,
					    [CERT_KEY_RSA1024] = CA_KEY_RSA_1024 };
	struct ca_spec spec = {
		.name = subject_of(p, def),
		.issuer = def->issuer ? p->cert[def->issuer->index] : NULL,
		.key_of = def->same_key ? p->cert[def->same_key->index] : NULL,
		.key = keys[def->key],
		.hash = def->sha1 ? CA_HASH_SHA1 : CA_HASH_SHA256,
		.from_s = in_days(def->from_days),
		.to_s = in_days(def->to_days),
		.is_ca = def->ca,
		.san = san_of(p, def),
		.eku = eku_of(p, def),
		.constraints = def->constraints,
		.critical_oid = def->critical,
		.path_length = def->path_length,
		.bad_signature = def->bad_signature,
	};
	put_urls(p, &def->cdp, spec.cdp);
	put_urls(p, &def->ocsp, spec.ocsp);
	put_urls(p, &def->aia, spec.issuers);
	put_urls(p, &def->freshest, spec.freshest);
	return ca_issue(p->ca, &spec);
}

static const struct ca_cert *make_responder(const struct lab_pki *p, const struct scenario_cert *ca)
{
	return ca_issue(p->ca, &(struct ca_spec){ .name = "OCSP Responder",
						  .issuer = p->cert[ca->index],
						  .eku = "OCSPSigning",
						  .from_s = in_days(-1),
						  .to_s = in_days(30),
						  .ocsp_no_check = true });
}

static const struct ca_cert *make_stranger(const struct lab_pki *p)
{
	return ca_issue(p->ca, &(struct ca_spec){ .name = "Some Other CA",
						  .is_ca = true,
						  .from_s = in_days(-30),
						  .to_s = in_days(365) });
}

static bool make_all(struct lab_pki *p, const char **trouble)
{
	*trouble = "Some Other CA";
	p->stranger = make_stranger(p);
	bool ok = p->stranger;
	for (const struct scenario_cert *c = p->lab->scenario->certs; ok && c; c = c->next) {
		*trouble = c->name;
		p->cert[c->index] = make(p, c);
		ok = p->cert[c->index];
		if (ok && c->ca) {
			p->responder[c->index] = make_responder(p, c);
			ok = p->responder[c->index];
		}
	}
	return ok;
}

struct lab_pki *lab_pki_new(struct lab *lab, const char **trouble)
{
	struct lab_pki *p = cw_arena_new_of(lab->arena, struct lab_pki);
	size_t count = lab->scenario->cert_count;
	p->lab = lab;
	p->ca = ca_new();
	p->cert = cw_arena_array_of(lab->arena, const struct ca_cert *, count);
	p->responder = cw_arena_array_of(lab->arena, const struct ca_cert *, count);
	if (make_all(p, trouble))
		return p;
	lab_pki_free(p);
	return NULL;
}

void lab_pki_free(struct lab_pki *p)
{
	if (p)
		ca_free(p->ca);
}

const struct ca_cert *lab_pki_cert(const struct lab_pki *p, const struct scenario_cert *c)
{
	return p->cert[c->index];
}

const char *lab_pki_pem(const struct lab_pki *p, const struct scenario_cert *c)
{
	return ca_pem(p->ca, "CERTIFICATE", p->cert[c->index]->der);
}

const struct ca_cert *lab_pki_imitate(const struct lab_pki *p, const struct scenario_cert *ca,
				      const char *host)
{
	const char *names[] = { host };
	struct scenario_cert def = {
		.name = host, .issuer = ca, .names = { 1, names }, .from_days = -1, .to_days = 90
	};
	return make(p, &def);
}

/* ---- revocation lists ---- */

/* Makes one answer in memory of its own, so that a lab which is up for days does not grow. */
static struct cert_bytes keep(struct ca *one, struct cert_bytes made, struct cw_arena *arena)
{
	if (made.len)
		made.at = cw_arena_copy(arena, made.at, made.len);
	ca_free(one);
	return made;
}

static void put_revoked(const struct lab_pki *p, const struct scenario_cert *ca,
			struct ca_list_spec *spec)
{
	size_t count = 0;
	for (const struct scenario_cert *c = p->lab->scenario->certs; c; c = c->next)
		if (c->revoked && c->issuer == ca && count < CA_REVOKED)
			spec->revoked[count++] = p->cert[c->index];
}

struct cert_bytes lab_pki_crl(const struct lab_pki *p, const struct scenario_cert *ca,
			      enum scenario_crl_fault fault, struct cw_arena *arena)
{
	bool stale = fault == CRL_STALE, early = fault == CRL_EARLY;
	struct ca_list_spec spec = {
		.issuer = fault == CRL_OTHER_ISSUER ? p->stranger : p->cert[ca->index],
		.signer = fault == CRL_OTHER_SIGNER ? p->stranger : NULL,
		.this_s = in_days(stale   ? STALE_FROM
				  : early ? EARLY_FROM
					  : GOOD_FROM),
		.next_s = in_days(stale   ? STALE_TO
				  : early ? EARLY_TO
					  : GOOD_TO),
		.revoked_s = in_days(REVOKED),
		.number = LIST_NUMBER,
	};
	put_revoked(p, ca, &spec);
	if (fault == CRL_DELTA) {
		spec.number++;
		spec.delta_of = LIST_NUMBER;
	}
	struct ca *one = ca_new();
	struct cert_bytes list = ca_list(one, &spec);
	if (fault == CRL_PEM) {
		const char *pem = ca_pem(one, "X509 CRL", list);
		list = (struct cert_bytes){ (const uint8_t *)pem, pem ? strlen(pem) : 0 };
	}
	if (fault == CRL_CUT)
		list.len /= 2;
	return keep(one, list, arena);
}

/* ---- OCSP ---- */

/* OCSPResponseStatus (RFC 6960 4.2.1); 0: an answer. */
static int error_of(enum scenario_ocsp_fault fault)
{
	switch (fault) {
	case OCSP_MALFORMED:
		return OCSP_RESPONSE_STATUS_MALFORMEDREQUEST;
	case OCSP_INTERNAL:
		return OCSP_RESPONSE_STATUS_INTERNALERROR;
	case OCSP_TRY_LATER:
		return OCSP_RESPONSE_STATUS_TRYLATER;
	case OCSP_UNAUTHORIZED:
		return OCSP_RESPONSE_STATUS_UNAUTHORIZED;
	default:
		return 0;
	}
}

static struct cert_bytes answer(const struct lab_pki *p, const struct scenario_cert *c,
				enum scenario_ocsp_fault fault, int error, struct cw_arena *arena)
{
	bool stale = fault == OCSP_STALE;
	struct ca_response_spec spec = {
		.this_s = in_days(stale ? STALE_FROM : GOOD_FROM),
		.next_s = in_days(stale ? STALE_TO : GOOD_TO),
		.revoked_s = in_days(REVOKED),
		.error = error,
	};
	if (c) {
		spec.cert = p->cert[c->index];
		spec.issuer = p->cert[c->issuer->index];
		spec.signer = fault == OCSP_OTHER_SIGNER ? p->stranger
			      : fault == OCSP_DELEGATED  ? p->responder[c->issuer->index]
							 : NULL;
		spec.status = fault == OCSP_UNKNOWN                 ? CA_UNKNOWN
			      : c->revoked || fault == OCSP_REVOKED ? CA_REVOKED_STATUS
								    : CA_GOOD;
	}
	struct ca *one = ca_new();
	struct cert_bytes made = ca_response(one, &spec);
	if (fault == OCSP_CUT)
		made.len /= 2;
	return keep(one, made, arena);
}

/* The certificate of this CA that is asked about; NULL: none of its. */
static const struct scenario_cert *
asked_about(const struct lab_pki *p, const struct scenario_cert *ca, OCSP_REQUEST *request)
{
	OCSP_ONEREQ *one = OCSP_request_onereq_get0(request, 0);
	OCSP_CERTID *asked = one ? OCSP_onereq_get0_id(one) : NULL;
	for (const struct scenario_cert *c = p->lab->scenario->certs; asked && c; c = c->next) {
		if (c->issuer != ca)
			continue;
		OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), p->cert[c->index]->x509,
						  p->cert[ca->index]->x509);
		bool same = id && OCSP_id_cmp(id, asked) == 0;
		OCSP_CERTID_free(id);
		if (same)
			return c;
	}
	return NULL;
}

struct cert_bytes lab_pki_ocsp(const struct lab_pki *p, const struct scenario_cert *ca,
			       enum scenario_ocsp_fault fault, const uint8_t *request, size_t len,
			       struct cw_arena *arena)
{
	int error = error_of(fault);
	if (error)
		return answer(p, NULL, fault, error, arena);
	OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &request, (long)len);
	if (!asked)
		return answer(p, NULL, fault, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, arena);
	const struct scenario_cert *c = asked_about(p, ca, asked);
	OCSP_REQUEST_free(asked);
	/* RFC 5019 2.2.3: a responder that does not know the certificate */
	return answer(p, c, fault, c ? 0 : OCSP_RESPONSE_STATUS_UNAUTHORIZED, arena);
}

struct cert_bytes lab_pki_staple(const struct lab_pki *p, const struct scenario_cert *c,
				 enum scenario_staple staple, struct cw_arena *arena)
{
	static const enum scenario_ocsp_fault faults[STAPLE_COUNT] = {
		[STAPLE_GOOD] = OCSP_GOOD,
		[STAPLE_REVOKED] = OCSP_REVOKED,
		[STAPLE_STALE] = OCSP_STALE,
		[STAPLE_OTHER_SIGNER] = OCSP_OTHER_SIGNER,
	};
	return c->issuer ? answer(p, c, faults[staple], 0, arena) : (struct cert_bytes){ 0 };
}
