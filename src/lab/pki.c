/* The certificates of a lab, with whatever is wrong with them. */
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/inside.h"
#include "lab/pki_inside.h"

enum { SERIAL_LEN = 16 };

/* ---- names ---- */

static bool add_common_name(X509_NAME *name, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text,
					  -1, -1, 0) == 1;
}

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

/* The one above, or itself. */
static const struct scenario_cert *signer_of(const struct scenario_cert *def)
{
	return def->issuer ? def->issuer : def;
}

/* ---- extensions ---- */

static bool add_ext(X509 *x, int nid, void *value, bool critical)
{
	return X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_REPLACE) == 1;
}

static bool add_constraints(X509 *x, bool ca)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	if (!bc)
		return false;
	bc->ca = ca ? 0xff : 0;
	bool ok = add_ext(x, NID_basic_constraints, bc, true);
	BASIC_CONSTRAINTS_free(bc);
	return ok;
}

/* RFC 5280 4.2.1.3: bits 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign */
static bool add_usage(X509 *x, bool ca)
{
	static const int ca_bits[] = { 0, 5, 6 }, leaf_bits[] = { 0, 2 };
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits;
	for (size_t i = 0; ok && i < (ca ? 3u : 2u); i++)
		ok = ASN1_BIT_STRING_set_bit(bits, ca ? ca_bits[i] : leaf_bits[i], 1) == 1;
	ok = ok && add_ext(x, NID_key_usage, bits, true);
	ASN1_BIT_STRING_free(bits);
	return ok;
}

static ASN1_OBJECT *purpose_of(const char *word)
{
	if (!strcmp(word, "server"))
		return OBJ_nid2obj(NID_server_auth);
	if (!strcmp(word, "client"))
		return OBJ_nid2obj(NID_client_auth);
	if (!strcmp(word, "any"))
		return OBJ_nid2obj(NID_anyExtendedKeyUsage);
	return OBJ_txt2obj(word, 1);
}

static bool add_purposes(X509 *x, const struct scenario_cert *def)
{
	static const char *const server[] = { "server" };
	struct scenario_words words = def->eku;
	if (def->eku_none || (def->ca && !words.count))
		return true;
	if (!words.count)
		words = (struct scenario_words){ 1, server };
	EXTENDED_KEY_USAGE *eku = sk_ASN1_OBJECT_new_null();
	bool ok = eku;
	for (size_t i = 0; ok && i < words.count; i++) {
		ASN1_OBJECT *o = purpose_of(words.word[i]);
		ok = o && sk_ASN1_OBJECT_push(eku, o) > 0;
	}
	ok = ok && add_ext(x, NID_ext_key_usage, eku, false);
	sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
	return ok;
}

/* A DNS name or URI, or an address. */
static GENERAL_NAME *general_name(int type, const void *bytes, size_t len)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_STRING *s = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	if (!g || !s || ASN1_STRING_set(s, bytes, (int)len) != 1) {
		GENERAL_NAME_free(g);
		ASN1_STRING_free(s);
		return NULL;
	}
	GENERAL_NAME_set0_value(g, type, s);
	return g;
}

static GENERAL_NAME *name_of_host(const char *host)
{
	struct cw_addr a;
	if (cw_addr_parse(host, &a))
		return general_name(GEN_IPADD, a.bytes, a.family == CW_IPV4 ? 4 : 16);
	return general_name(GEN_DNS, host, strlen(host));
}

static bool push_name(GENERAL_NAMES *list, GENERAL_NAME *g)
{
	if (g && sk_GENERAL_NAME_push(list, g) > 0)
		return true;
	GENERAL_NAME_free(g);
	return false;
}

static bool add_names(const struct lab_pki *p, X509 *x, const struct scenario_cert *def)
{
	if (def->no_san || !def->names.count)
		return true;
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool ok = list;
	for (size_t i = 0; ok && i < def->names.count; i++) {
		const char *host = expand(p, def->names.word[i]);
		ok = host && push_name(list, name_of_host(host));
	}
	ok = ok && add_ext(x, NID_subject_alt_name, list, false);
	GENERAL_NAMES_free(list);
	return ok;
}

/* One distribution point whose names are alternatives, as Windows' own CA writes them. */
static bool add_points(const struct lab_pki *p, X509 *x, int nid, const struct scenario_words *urls)
{
	if (!urls->count)
		return true;
	CRL_DIST_POINTS *points = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool ok = points && point && list && sk_DIST_POINT_push(points, point) > 0;
	for (size_t i = 0; ok && i < urls->count; i++) {
		const char *url = expand(p, urls->word[i]);
		ok = url && push_name(list, general_name(GEN_URI, url, strlen(url)));
	}
	ok = ok && (point->distpoint = DIST_POINT_NAME_new());
	if (ok) {
		point->distpoint->type = 0; /* fullName */
		point->distpoint->name.fullname = list;
		list = NULL;
		ok = add_ext(x, nid, points, false);
	}
	GENERAL_NAMES_free(list);
	if (!points || !sk_DIST_POINT_num(points))
		DIST_POINT_free(point);
	CRL_DIST_POINTS_free(points);
	return ok;
}

static bool push_access(const struct lab_pki *p, AUTHORITY_INFO_ACCESS *list, int method,
			const struct scenario_words *urls)
{
	for (size_t i = 0; i < urls->count; i++) {
		const char *url = expand(p, urls->word[i]);
		ACCESS_DESCRIPTION *a = ACCESS_DESCRIPTION_new();
		if (!url || !a || sk_ACCESS_DESCRIPTION_push(list, a) <= 0) {
			ACCESS_DESCRIPTION_free(a);
			return false;
		}
		GENERAL_NAME_free(a->location);
		a->location = general_name(GEN_URI, url, strlen(url));
		a->method = OBJ_nid2obj(method);
		if (!a->location)
			return false;
	}
	return true;
}

static bool add_access(const struct lab_pki *p, X509 *x, const struct scenario_cert *def)
{
	if (!def->ocsp.count && !def->aia.count)
		return true;
	AUTHORITY_INFO_ACCESS *list = sk_ACCESS_DESCRIPTION_new_null();
	bool ok = list && push_access(p, list, NID_ad_OCSP, &def->ocsp) &&
		  push_access(p, list, NID_ad_ca_issuers, &def->aia) &&
		  add_ext(x, NID_info_access, list, false);
	AUTHORITY_INFO_ACCESS_free(list);
	return ok;
}

static bool add_key_id(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	bool ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static bool add_key_ids(X509 *x, X509 *issuer)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	return add_key_id(x, &ctx, NID_subject_key_identifier, "hash") &&
	       (issuer == x || add_key_id(x, &ctx, NID_authority_key_identifier, "keyid:always"));
}

static bool add_extensions(const struct lab_pki *p, X509 *x, X509 *issuer,
			   const struct scenario_cert *def)
{
	return add_constraints(x, def->ca) && add_usage(x, def->ca) && add_key_ids(x, issuer) &&
	       add_purposes(x, def) && add_names(p, x, def) &&
	       add_points(p, x, NID_crl_distribution_points, &def->cdp) &&
	       add_points(p, x, NID_freshest_crl, &def->freshest) && add_access(p, x, def);
}

/* ---- certificates ---- */

static bool set_serial(const struct lab_pki *p, X509 *x)
{
	uint8_t bytes[SERIAL_LEN];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)io_random32(p->lab->loop);
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 1); /* positive, and of its full length */
	BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool set_times(X509 *x, const struct scenario_cert *def)
{
	time_t now = (time_t)io_unix_time_s();
	return X509_time_adj_ex(X509_getm_notBefore(x), def->from_days, 0, &now) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), def->to_days, 0, &now);
}

X509 *pki_make(const struct lab_pki *p, const struct scenario_cert *def, EVP_PKEY *key)
{
	const struct scenario_cert *by = signer_of(def);
	const char *subject = subject_of(p, def), *issuer = subject_of(p, by);
	X509 *x = X509_new();
	X509 *above = by == def ? x : p->entry[by->index].cert;
	EVP_PKEY *signer = by == def ? key : p->entry[by->index].key;
	if (x && subject && issuer && X509_set_version(x, X509_VERSION_3) == 1 &&
	    set_serial(p, x) && set_times(x, def) &&
	    add_common_name(X509_get_subject_name(x), subject) &&
	    add_common_name(X509_get_issuer_name(x), issuer) && X509_set_pubkey(x, key) == 1 &&
	    add_extensions(p, x, above, def) &&
	    X509_sign(x, signer, def->sha1 ? EVP_sha1() : EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

static EVP_PKEY *make_key(const struct lab_pki *p, const struct scenario_cert *def)
{
	if (def->same_key) {
		EVP_PKEY *key = p->entry[def->same_key->index].key;
		return EVP_PKEY_up_ref(key) == 1 ? key : NULL;
	}
	switch (def->key) {
	case CERT_KEY_RSA2048:
		return EVP_RSA_gen(2048);
	case CERT_KEY_RSA1024:
		return EVP_RSA_gen(1024);
	case CERT_KEY_EC:
		break;
	}
	return EVP_EC_gen("P-256");
}

void pki_entry_clear(struct pki_entry *e)
{
	X509_free(e->cert);
	EVP_PKEY_free(e->key);
	e->cert = NULL;
	e->key = NULL;
}

static bool make_entry(const struct lab_pki *p, const struct scenario_cert *def,
		       struct pki_entry *out)
{
	out->def = def;
	out->key = make_key(p, def);
	out->cert = out->key ? pki_make(p, def, out->key) : NULL;
	return out->cert;
}

static bool make_stranger(struct lab_pki *p)
{
	static const struct scenario_cert stranger = { .name = "stranger",
						       .ca = true,
						       .subject = "Some Other CA",
						       .from_days = -30,
						       .to_days = 365 };
	return make_entry(p, &stranger, &p->stranger);
}

struct lab_pki *lab_pki_new(struct lab *lab, const char **trouble)
{
	struct lab_pki *p = cw_arena_new_of(lab->arena, struct lab_pki);
	p->lab = lab;
	p->count = lab->scenario->cert_count;
	p->entry = cw_arena_array_of(lab->arena, struct pki_entry, p->count);
	p->responder = cw_arena_array_of(lab->arena, struct pki_entry, p->count);
	*trouble = "stranger";
	bool ok = make_stranger(p);
	for (const struct scenario_cert *c = lab->scenario->certs; ok && c; c = c->next) {
		*trouble = c->name;
		ok = make_entry(p, c, &p->entry[c->index]);
	}
	if (ok)
		return p;
	lab_pki_free(p);
	return NULL;
}

void lab_pki_free(struct lab_pki *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		pki_entry_clear(&p->entry[i]);
		pki_entry_clear(&p->responder[i]);
	}
	pki_entry_clear(&p->stranger);
}

X509 *lab_pki_x509(const struct lab_pki *p, const struct scenario_cert *c)
{
	return p->entry[c->index].cert;
}

EVP_PKEY *lab_pki_key(const struct lab_pki *p, const struct scenario_cert *c)
{
	return p->entry[c->index].key;
}

struct pki_bytes lab_pki_der(const struct lab_pki *p, const struct scenario_cert *c,
			     struct cw_arena *arena)
{
	struct pki_bytes out = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509(p->entry[c->index].cert, &der);
	if (len > 0)
		out = (struct pki_bytes){ cw_arena_copy(arena, der, (size_t)len), (size_t)len };
	OPENSSL_free(der);
	return out;
}

const char *lab_pki_pem(const struct lab_pki *p, const struct scenario_cert *c,
			struct cw_arena *arena, size_t *len)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *bytes, *out = NULL;
	if (b && PEM_write_bio_X509(b, p->entry[c->index].cert) == 1) {
		long n = BIO_get_mem_data(b, &bytes);
		*len = (size_t)n;
		out = cw_arena_copy(arena, bytes, *len);
	}
	BIO_free(b);
	return out;
}

bool lab_pki_imitate(const struct lab_pki *p, const struct scenario_cert *ca, const char *host,
		     X509 **cert, EVP_PKEY **key)
{
	const char *names[] = { host };
	struct scenario_cert def = {
		.name = host, .issuer = ca, .names = { 1, names }, .from_days = -1, .to_days = 90
	};
	struct pki_entry e = { 0 };
	if (!make_entry(p, &def, &e)) {
		pki_entry_clear(&e);
		return false;
	}
	*cert = e.cert;
	*key = e.key;
	return true;
}
