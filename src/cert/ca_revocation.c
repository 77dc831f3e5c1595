#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "cert/ca_private.h"

static bool add_number(X509_CRL *crl, int nid, unsigned number)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = n && ASN1_INTEGER_set_uint64(n, number) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, nid, n, nid == NID_delta_crl, 0) == 1;
	ASN1_INTEGER_free(n);
	return ok;
}

static bool add_scope(X509_CRL *crl, const struct ca_list_spec *s)
{
	ISSUING_DIST_POINT *idp = ISSUING_DIST_POINT_new();
	if (!idp)
		return false;
	CRL_DIST_POINTS *points = ca_points(&s->scope_url, 1);
	if (points) { /* the name is lent from a distribution point */
		DIST_POINT *point = sk_DIST_POINT_value(points, 0);
		idp->distpoint = point->distpoint;
		point->distpoint = NULL;
	}
	CRL_DIST_POINTS_free(points);
	idp->onlyuser = s->only_user ? 0xff : 0;
	idp->onlyCA = s->only_ca ? 0xff : 0;
	idp->indirectCRL = s->indirect ? 0xff : 0;
	bool ok = X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, idp, 1, 0) == 1;
	ISSUING_DIST_POINT_free(idp);
	return ok;
}

static bool add_freshest(X509_CRL *crl, const char *url)
{
	CRL_DIST_POINTS *points = ca_points(&url, 1);
	bool ok = points && X509_CRL_add1_ext_i2d(crl, NID_freshest_crl, points, 0, 0) == 1;
	CRL_DIST_POINTS_free(points);
	return ok;
}

/* RFC 5280 5.3.1, by the names of crl_reason_name. */
static long reason_value(const char *name)
{
	static const char *const names[] = { "unspecified",     "keyCompromise",
					     "cACompromise",    "affiliationChanged",
					     "superseded",      "cessationOfOperation",
					     "certificateHold", "",
					     "removeFromCRL" };
	for (long i = 0; i < (long)(sizeof(names) / sizeof(*names)); i++) {
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	return 0;
}

static bool add_reason(X509_REVOKED *entry, const char *name)
{
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	bool ok = reason && ASN1_ENUMERATED_set(reason, reason_value(name)) == 1 &&
		  X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1;
	ASN1_ENUMERATED_free(reason);
	return ok;
}

static bool add_entry(X509_CRL *crl, const struct ca_cert *c, const struct ca_list_spec *s)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)s->revoked_s);
	ASN1_INTEGER *serial = X509_get_serialNumber(c->x509);
	bool ok = entry && when && X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
		  X509_REVOKED_set_revocationDate(entry, when) == 1 &&
		  (!s->reason || add_reason(entry, s->reason)) &&
		  X509_CRL_add0_revoked(crl, entry) == 1;
	if (!ok)
		X509_REVOKED_free(entry);
	ASN1_TIME_free(when);
	return ok;
}

static bool set_times(X509_CRL *crl, const struct ca_list_spec *s)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)s->this_s);
	ASN1_TIME *to = s->next_s ? ASN1_TIME_set(NULL, (time_t)s->next_s) : NULL;
	bool ok = from && X509_CRL_set1_lastUpdate(crl, from) == 1 &&
		  (!to || X509_CRL_set1_nextUpdate(crl, to) == 1);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok;
}

static bool fill_list(X509_CRL *crl, const struct ca_list_spec *s)
{
	bool ok = X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
		  X509_CRL_set_issuer_name(crl, X509_get_subject_name(s->issuer->x509)) == 1 &&
		  set_times(crl, s);
	for (size_t i = 0; ok && i < CA_REVOKED && s->revoked[i]; i++)
		ok = add_entry(crl, s->revoked[i], s);
	if (ok && s->number)
		ok = add_number(crl, NID_crl_number, s->number);
	if (ok && s->delta_of)
		ok = add_number(crl, NID_delta_crl, s->delta_of);
	if (ok && (s->scope_url || s->only_user || s->only_ca || s->indirect))
		ok = add_scope(crl, s);
	if (ok && s->freshest)
		ok = add_freshest(crl, s->freshest);
	return ok;
}

struct cert_bytes ca_list(struct ca *ca, const struct ca_list_spec *spec)
{
	X509_CRL *crl = X509_CRL_new();
	EVP_PKEY *key = spec->signer ? spec->signer->key : spec->issuer->key;
	unsigned char *der = NULL;
	int len = 0;
	if (crl && fill_list(crl, spec) &&
	    X509_CRL_sign(crl, key, ca_digest(key, CA_HASH_SHA256)) > 0)
		len = i2d_X509_CRL(crl, &der);
	X509_CRL_free(crl);
	return ca_keep(ca, der, len, spec->bad_signature);
}

static bool add_single(OCSP_BASICRESP *basic, const struct ca_response_spec *s)
{
	static const int status[] = { [CA_GOOD] = V_OCSP_CERTSTATUS_GOOD,
				      [CA_REVOKED_STATUS] = V_OCSP_CERTSTATUS_REVOKED,
				      [CA_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN };
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), s->cert->x509, s->issuer->x509);
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, (time_t)s->this_s);
	ASN1_TIME *to = s->next_s ? ASN1_GENERALIZEDTIME_set(NULL, (time_t)s->next_s) : NULL;
	ASN1_TIME *when = ASN1_GENERALIZEDTIME_set(NULL, (time_t)s->revoked_s);
	bool ok = id && from && when &&
		  OCSP_basic_add1_status(basic, id, status[s->status], OCSP_REVOKED_STATUS_NOSTATUS,
					 when, from, to);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_TIME_free(when);
	return ok;
}

static OCSP_RESPONSE *answer(const struct ca_response_spec *s)
{
	const struct ca_cert *signer = s->signer ? s->signer : s->issuer;
	const unsigned long flags = signer == s->issuer ? OCSP_NOCERTS | OCSP_NOTIME : OCSP_NOTIME;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_RESPONSE *response = NULL;
	if (basic && add_single(basic, s) &&
	    OCSP_basic_sign(basic, signer->x509, signer->key,
			    ca_digest(signer->key, CA_HASH_SHA256), NULL, flags) == 1)
		response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	OCSP_BASICRESP_free(basic);
	return response;
}

struct cert_bytes ca_response(struct ca *ca, const struct ca_response_spec *spec)
{
	OCSP_RESPONSE *response =
		spec->error ? OCSP_response_create(spec->error, NULL) : answer(spec);
	unsigned char *der = NULL;
	int len = response ? i2d_OCSP_RESPONSE(response, &der) : 0;
	OCSP_RESPONSE_free(response);
	return ca_keep(ca, der, len, spec->bad_signature);
}
