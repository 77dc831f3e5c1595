#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ec.h>
#include <string.h>

#include "cert/ca_private.h"

struct ca *ca_new(void)
{
	struct cw_arena *a = cw_arena_new();
	struct ca *ca = cw_arena_new_of(a, struct ca);
	ca->arena = a;
	return ca;
}

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	for (struct ca_made *m = ca->made; m; m = m->next) {
		X509_free(m->cert.x509);
		EVP_PKEY_free(m->cert.key);
	}
	cw_arena_free(ca->arena);
}

const EVP_MD *ca_digest(const EVP_PKEY *key, enum ca_hash hash)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	return hash == CA_HASH_MD5 ? EVP_md5() : hash == CA_HASH_SHA1 ? EVP_sha1() : EVP_sha256();
}

struct cert_bytes ca_keep(struct ca *ca, unsigned char *der, int len, bool bad_signature)
{
	struct cert_bytes out = { NULL, 0 };
	if (len > 0) {
		if (bad_signature)
			der[len - 1] ^= 1;
		out = (struct cert_bytes){ cw_arena_copy(ca->arena, der, (size_t)len),
					   (size_t)len };
	}
	OPENSSL_free(der);
	ERR_clear_error();
	return out;
}

static EVP_PKEY *make_key(enum ca_key kind)
{
	switch (kind) {
	case CA_KEY_RSA_2048:
		return EVP_RSA_gen(2048);
	case CA_KEY_RSA_1024:
		return EVP_RSA_gen(1024);
	case CA_KEY_RSA_512:
		return EVP_RSA_gen(512);
	case CA_KEY_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	default:
		return EVP_EC_gen("P-256");
	}
}

static EVP_PKEY *key_for(const struct ca_spec *spec)
{
	if (!spec->key_of)
		return make_key(spec->key);
	EVP_PKEY_up_ref(spec->key_of->key);
	return spec->key_of->key;
}

CRL_DIST_POINTS *ca_points(const char *const *url, size_t count)
{
	if (!count || !url[0])
		return NULL;
	CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
	DIST_POINT *point = DIST_POINT_new();
	point->distpoint = DIST_POINT_NAME_new();
	point->distpoint->type = 0;
	point->distpoint->name.fullname = GENERAL_NAMES_new();
	for (size_t i = 0; i < count && url[i]; i++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();
		ASN1_STRING_set(text, url[i], -1);
		GENERAL_NAME_set0_value(name, GEN_URI, text);
		sk_GENERAL_NAME_push(point->distpoint->name.fullname, name);
	}
	sk_DIST_POINT_push(points, point);
	return points;
}

/* A certificate that grows; ok turns false for good at the first thing that OpenSSL refuses. */
struct making {
	struct ca *ca;
	const struct ca_spec *spec;
	X509 *x;
	X509V3_CTX ctx;
	bool ok;
};

/* value in the words of OpenSSL's configuration files. */
static void add_extension(struct making *m, int nid, const char *value)
{
	if (!value || !m->ok)
		return;
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &m->ctx, nid, value);
	m->ok = ext && X509_add_ext(m->x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
}

static void add_points(struct making *m, int nid, const char *const *url)
{
	CRL_DIST_POINTS *points = ca_points(url, CA_URLS);
	if (points)
		m->ok = m->ok && X509_add1_ext_i2d(m->x, nid, points, 0, 0) == 1;
	CRL_DIST_POINTS_free(points);
}

static void add_access(struct making *m)
{
	const struct ca_spec *s = m->spec;
	const char *text = "";
	for (size_t i = 0; i < CA_URLS && s->ocsp[i]; i++)
		text = cw_arena_fmt(m->ca->arena, "%s%sOCSP;URI:%s", text, *text ? "," : "",
				    s->ocsp[i]);
	for (size_t i = 0; i < CA_URLS && s->issuers[i]; i++)
		text = cw_arena_fmt(m->ca->arena, "%s%scaIssuers;URI:%s", text, *text ? "," : "",
				    s->issuers[i]);
	if (*text)
		add_extension(m, NID_info_access, text);
}

static void add_critical(struct making *m)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(m->spec->critical_oid, 1);
	ASN1_OCTET_STRING *null = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext = NULL;
	if (oid && null && ASN1_OCTET_STRING_set(null, (const unsigned char *)"\5\0", 2) == 1)
		ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, null);
	m->ok = m->ok && ext && X509_add_ext(m->x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(null);
	ASN1_OBJECT_free(oid);
}

static void add_role(struct making *m)
{
	const struct ca_spec *s = m->spec;
	if (s->is_ca && !s->no_basic)
		add_extension(m, NID_basic_constraints,
			      s->path_length
				      ? cw_arena_fmt(m->ca->arena, "critical,CA:TRUE,pathlen:%s",
						     s->path_length)
				      : "critical,CA:TRUE");
	add_extension(m, NID_key_usage,
		      s->usage   ? cw_arena_fmt(m->ca->arena, "critical,%s", s->usage)
		      : s->is_ca ? "critical,keyCertSign,cRLSign"
				 : "critical,digitalSignature");
}

static void add_extensions(struct making *m)
{
	const struct ca_spec *s = m->spec;
	add_role(m);
	if (!s->no_key_ids) {
		add_extension(m, NID_subject_key_identifier, "hash");
		if (s->issuer)
			add_extension(m, NID_authority_key_identifier, "keyid");
	}
	add_extension(m, NID_subject_alt_name, s->san);
	add_extension(m, NID_ext_key_usage, s->eku);
	if (s->constraints)
		add_extension(m, NID_name_constraints,
			      cw_arena_fmt(m->ca->arena, "critical,%s", s->constraints));
	add_points(m, NID_crl_distribution_points, s->cdp);
	add_points(m, NID_freshest_crl, s->freshest);
	add_access(m);
	if (s->critical_oid)
		add_critical(m);
	if (s->ocsp_no_check)
		add_extension(m, NID_id_pkix_OCSP_noCheck, "ignored");
}

static bool set_name(X509_NAME *name, const char *text)
{
	const unsigned char *utf8 = (const unsigned char *)text;
	return !text || X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, utf8, -1,
						   -1, 0) == 1;
}

static void fill(struct making *m, EVP_PKEY *key)
{
	const struct ca_spec *s = m->spec;
	X509 *x = m->x, *issuer = s->issuer ? s->issuer->x509 : x;
	unsigned serial = s->serial ? s->serial : ++m->ca->serials;
	m->ok = set_name(X509_get_subject_name(x), s->name) &&
		X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial) == 1 &&
		ASN1_TIME_set(X509_getm_notBefore(x), (time_t)s->from_s) &&
		ASN1_TIME_set(X509_getm_notAfter(x), (time_t)s->to_s) &&
		X509_set_pubkey(x, key) == 1 &&
		X509_set_version(x, s->version_1 ? X509_VERSION_1 : X509_VERSION_3) == 1;
	X509V3_set_ctx(&m->ctx, issuer, x, NULL, NULL, 0);
	if (m->ok && !s->version_1)
		add_extensions(m);
}

/* The object is read again from its bytes, so that both say the same. */
static X509 *reread(struct ca *ca, X509 *x, bool bad_signature, struct cert_bytes *der)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(x, &bytes);
	X509_free(x);
	*der = ca_keep(ca, bytes, len, bad_signature);
	const unsigned char *p = der->at;
	return der->len ? d2i_X509(NULL, &p, (long)der->len) : NULL;
}

const struct ca_cert *ca_issue(struct ca *ca, const struct ca_spec *spec)
{
	struct making m = { .ca = ca, .spec = spec, .x = X509_new() };
	EVP_PKEY *key = key_for(spec);
	EVP_PKEY *signer = spec->issuer ? spec->issuer->key : key;
	if (m.x && key)
		fill(&m, key);
	if (!m.ok || X509_sign(m.x, signer, ca_digest(signer, spec->hash)) <= 0) {
		X509_free(m.x);
		EVP_PKEY_free(key);
		ERR_clear_error();
		return NULL;
	}
	struct ca_made *made = cw_arena_new_of(ca->arena, struct ca_made);
	made->cert.key = key;
	made->cert.x509 = reread(ca, m.x, spec->bad_signature, &made->cert.der);
	made->next = ca->made;
	ca->made = made;
	return made->cert.x509 ? &made->cert : NULL;
}

const char *ca_pem(struct ca *ca, const char *label, struct cert_bytes der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *at = NULL;
	const char *text = "";
	if (bio && PEM_write_bio(bio, label, "", der.at, (long)der.len) > 0) {
		long len = BIO_get_mem_data(bio, &at);
		text = cw_arena_strn(ca->arena, at, (size_t)len);
	}
	BIO_free(bio);
	return text;
}
