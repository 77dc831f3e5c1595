#include "cert/crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/limits.h"
#include "cert/der.h"
#include "cert/read.h"

static enum crl_form form_of(const uint8_t *bytes, size_t len)
{
	static const char pem[] = "-----BEGIN";
	size_t i = 0;
	if (len > LIMIT_CRL)
		return CRL_TOO_BIG;
	if (len && bytes[0] == DER_SEQUENCE)
		return CRL_DER;
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < len &&
	       (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n'))
		i++;
	if (i == len)
		return CRL_EMPTY;
	if (bytes[i] == '<')
		return CRL_HTML;
	if (len - i >= sizeof(pem) - 1 && memcmp(bytes + i, pem, sizeof(pem) - 1) == 0)
		return CRL_PEM;
	return CRL_OTHER;
}

static bool read_time(struct cw_rd *r, int64_t *out_s)
{
	struct der d = der_next(r);
	return !r->bad && der_time(d.tag, d.body.p, d.body.left, out_s);
}

static struct cert_bytes content(const struct der *d)
{
	return (struct cert_bytes){ d->body.p, d->body.left };
}

static void read_scope(struct cw_arena *a, struct crl_scope *s, const ISSUING_DIST_POINT *idp)
{
	s->present = true;
	s->only_user = idp->onlyuser > 0;
	s->only_ca = idp->onlyCA > 0;
	s->only_attribute = idp->onlyattr > 0;
	s->only_reasons = idp->onlysomereasons != NULL;
	s->indirect = idp->indirectCRL > 0;
	if (!idp->distpoint)
		return;
	s->relative_name = idp->distpoint->type != 0;
	const GENERAL_NAMES *names = s->relative_name ? NULL : idp->distpoint->name.fullname;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		cert_list_add(a, &s->names,
			      cert_general_name_key(a, sk_GENERAL_NAME_value(names, i)));
}

static void read_freshest(struct cw_arena *a, struct crl *crl, const CRL_DIST_POINTS *points)
{
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;
		if (!name || name->type != 0)
			continue;
		for (int j = 0; j < sk_GENERAL_NAME_num(name->name.fullname); j++) {
			const GENERAL_NAME *full = sk_GENERAL_NAME_value(name->name.fullname, j);
			if (full->type == GEN_URI)
				cert_list_add(a, &crl->freshest, cert_string_text(a, full->d.ia5));
		}
	}
}

/* The positive INTEGER of a CRL number. */
static bool read_number(struct cw_arena *a, const ASN1_INTEGER *number, struct cert_bytes *out)
{
	const ASN1_STRING *s = number;
	if (!s || ASN1_STRING_type(s) == V_ASN1_NEG_INTEGER || !ASN1_STRING_length(s))
		return false;
	size_t len = (size_t)ASN1_STRING_length(s);
	*out = (struct cert_bytes){ cw_arena_copy(a, ASN1_STRING_get0_data(s), len), len };
	return true;
}

static void read_number_extension(struct cw_arena *a, struct crl *crl, X509_EXTENSION *ext, int nid)
{
	ASN1_INTEGER *number = X509V3_EXT_d2i(ext);
	bool delta = nid == NID_delta_crl;
	if (!read_number(a, number, delta ? &crl->base_number : &crl->number))
		crl->malformed = delta ? "deltaCRLIndicator" : "cRLNumber";
	crl->is_delta |= delta;
	ASN1_INTEGER_free(number);
}

static void read_scope_extension(struct cw_arena *a, struct crl *crl, X509_EXTENSION *ext)
{
	ISSUING_DIST_POINT *idp = X509V3_EXT_d2i(ext);
	if (idp)
		read_scope(a, &crl->scope, idp);
	else
		crl->malformed = "issuingDistributionPoint";
	ISSUING_DIST_POINT_free(idp);
}

static void read_freshest_extension(struct cw_arena *a, struct crl *crl, X509_EXTENSION *ext)
{
	CRL_DIST_POINTS *points = X509V3_EXT_d2i(ext);
	if (points)
		read_freshest(a, crl, points);
	else
		crl->malformed = "freshestCRL";
	CRL_DIST_POINTS_free(points);
}

static void read_key_id_extension(struct cw_arena *a, struct crl *crl, X509_EXTENSION *ext)
{
	AUTHORITY_KEYID *id = X509V3_EXT_d2i(ext);
	if (!id)
		crl->malformed = "authorityKeyIdentifier";
	else if (id->keyid && ASN1_STRING_length(id->keyid) > 0) {
		size_t len = (size_t)ASN1_STRING_length(id->keyid);
		crl->authority_key_id = (struct cert_bytes){
			cw_arena_copy(a, ASN1_STRING_get0_data(id->keyid), len), len
		};
	}
	AUTHORITY_KEYID_free(id);
}

static void read_extension(struct cw_arena *a, struct crl *crl, X509_EXTENSION *ext)
{
	const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
	int nid = OBJ_obj2nid(oid);
	switch (nid) {
	case NID_crl_number:
	case NID_delta_crl:
		read_number_extension(a, crl, ext, nid);
		break;
	case NID_issuing_distribution_point:
		read_scope_extension(a, crl, ext);
		break;
	case NID_freshest_crl:
		read_freshest_extension(a, crl, ext);
		break;
	case NID_authority_key_identifier:
		read_key_id_extension(a, crl, ext);
		break;
	default:
		if (X509_EXTENSION_get_critical(ext))
			cert_list_add(a, &crl->critical_unknown, cert_oid_text(a, oid));
		break;
	}
}

static void read_extensions(struct cw_arena *a, struct crl *crl, struct cw_rd *r)
{
	struct der tagged = der_want(r, DER_CONTEXT_0);
	if (r->bad)
		return; /* the caller sees it */
	const unsigned char *p = tagged.body.p, *end = p + tagged.body.left;
	X509_EXTENSIONS *list = d2i_X509_EXTENSIONS(NULL, &p, (long)tagged.body.left);
	if (!list || p != end)
		crl->malformed = "crlExtensions";
	for (int i = 0; i < sk_X509_EXTENSION_num(list); i++)
		read_extension(a, crl, sk_X509_EXTENSION_value(list, i));
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

static void read_issuer(struct cw_arena *a, struct crl *crl, struct cert_bytes der)
{
	const unsigned char *p = der.at;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.len);
	crl->issuer_der = der;
	if (name)
		crl->issuer = cert_name_text(a, name);
	else
		crl->malformed = "issuer";
	X509_NAME_free(name);
}

static void read_list(struct cw_arena *a, struct crl *crl, struct cw_rd r)
{
	if (der_is(&r, DER_INTEGER)) {
		struct der version = der_next(&r);
		if (version.body.left != 1 || *version.body.p != 1)
			crl->malformed = "version";
	}
	struct der algorithm = der_want(&r, DER_SEQUENCE);
	struct der issuer = der_want(&r, DER_SEQUENCE);
	if (r.bad) {
		crl->malformed = "tbsCertList";
		return;
	}
	read_issuer(a, crl, issuer.whole);
	if (algorithm.whole.len != crl->algorithm.len ||
	    memcmp(algorithm.whole.at, crl->algorithm.at, algorithm.whole.len) != 0)
		crl->malformed = "signatureAlgorithm";
	if (!read_time(&r, &crl->this_update_s))
		crl->malformed = "thisUpdate";
	if (der_is(&r, DER_UTC_TIME) || der_is(&r, DER_GENERALIZED_TIME)) {
		crl->has_next_update = true;
		if (!read_time(&r, &crl->next_update_s))
			crl->malformed = "nextUpdate";
	}
	if (der_is(&r, DER_SEQUENCE)) {
		struct der entries = der_next(&r);
		crl->entries = content(&entries);
	}
	if (der_is(&r, DER_CONTEXT_0))
		read_extensions(a, crl, &r);
	if (!cw_rd_ended(&r))
		crl->malformed = "tbsCertList";
}

void crl_read(struct cw_arena *a, const void *bytes, size_t len, struct crl *out)
{
	*out = (struct crl){ .form = form_of(bytes, len), .issuer = "" };
	if (out->form != CRL_DER)
		return;
	struct cw_rd whole = cw_rd_of(bytes, len);
	struct der outer = der_want(&whole, DER_SEQUENCE);
	struct der tbs = der_want(&outer.body, DER_SEQUENCE);
	struct der algorithm = der_want(&outer.body, DER_SEQUENCE);
	struct der signature = der_want(&outer.body, DER_BIT_STRING);
	if (!cw_rd_ended(&whole) || !cw_rd_ended(&outer.body)) {
		out->malformed = "CertificateList";
		return;
	}
	out->tbs = tbs.whole;
	out->algorithm = algorithm.whole;
	out->signature = content(&signature);
	read_list(a, out, tbs.body);
	ERR_clear_error();
}

bool crl_from_pem(struct cw_arena *a, const void *text, size_t len, struct cert_bytes *out)
{
	unsigned char *data = NULL;
	long data_len = 0;
	BIO *bio = len <= LIMIT_CRL ? BIO_new_mem_buf(text, (int)len) : NULL;
	bool ok = bio && PEM_bytes_read_bio(&data, &data_len, NULL, PEM_STRING_X509_CRL, bio, NULL,
					    NULL) == 1;
	if (ok)
		*out = (struct cert_bytes){ cw_arena_copy(a, data, (size_t)data_len),
					    (size_t)data_len };
	OPENSSL_free(data);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}
