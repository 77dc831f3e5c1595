#include <openssl/err.h>
#include <string.h>

#include "base/addr.h"
#include "cert/read.h"

/* An extension decoded, or NULL; one that is there and cannot be read, or is there twice (RFC 5280
 * 4.2), is noted. */
static void *decoded(struct cert *c, int nid, const char *name)
{
	int critical = -1;
	void *ext = X509_get_ext_d2i(c->x509, nid, &critical, NULL);
	if (!ext && critical != -1)
		c->malformed = name;
	return ext;
}

static const char *ip_text(struct cw_arena *a, const ASN1_OCTET_STRING *s)
{
	int len = ASN1_STRING_length(s);
	struct cw_addr addr = { .family = len == 4 ? CW_IPV4 : CW_IPV6 };
	char text[CW_ADDR_TEXT];
	if (len != 4 && len != 16)
		return NULL;
	memcpy(addr.bytes, ASN1_STRING_get0_data(s), (size_t)len);
	return cw_arena_str(a, cw_addr_text(&addr, text));
}

static const char *ia5_text(struct cw_arena *a, const ASN1_STRING *s)
{
	return cert_octets_text(a, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static void read_alt_name(struct cw_arena *a, struct cert *c, const GENERAL_NAME *name)
{
	const char *text;
	switch (name->type) {
	case GEN_DNS:
		cert_list_add(a, &c->dns, ia5_text(a, name->d.dNSName));
		break;
	case GEN_IPADD:
		text = ip_text(a, name->d.iPAddress);
		if (text)
			cert_list_add(a, &c->ip, text);
		else
			c->malformed = "subjectAltName";
		break;
	case GEN_EMAIL:
		text = cw_arena_fmt(a, "email:%s", ia5_text(a, name->d.rfc822Name));
		cert_list_add(a, &c->other_names, text);
		break;
	case GEN_URI:
		text = cw_arena_fmt(a, "uri:%s", ia5_text(a, name->d.uniformResourceIdentifier));
		cert_list_add(a, &c->other_names, text);
		break;
	case GEN_DIRNAME:
		text = cw_arena_fmt(a, "dir:%s", cert_name_text(a, name->d.directoryName));
		cert_list_add(a, &c->other_names, text);
		break;
	default:
		cert_list_add(a, &c->other_names, "other");
		break;
	}
}

static void read_alt_names(struct cw_arena *a, struct cert *c)
{
	GENERAL_NAMES *names = decoded(c, NID_subject_alt_name, "subjectAltName");
	c->has_san = X509_get_ext_by_NID(c->x509, NID_subject_alt_name, -1) >= 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		read_alt_name(a, c, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
}

static void read_eku(struct cw_arena *a, struct cert *c)
{
	EXTENDED_KEY_USAGE *uses = decoded(c, NID_ext_key_usage, "extKeyUsage");
	c->has_eku = X509_get_ext_by_NID(c->x509, NID_ext_key_usage, -1) >= 0;
	for (int i = 0; i < sk_ASN1_OBJECT_num(uses); i++) {
		const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(uses, i);
		int nid = OBJ_obj2nid(oid);
		c->eku_server |= nid == NID_server_auth;
		c->eku_client |= nid == NID_client_auth;
		c->eku_any |= nid == NID_anyExtendedKeyUsage;
		c->eku_ocsp |= nid == NID_OCSP_sign;
		cert_list_add(a, &c->eku, cert_oid_text(a, oid));
	}
	EXTENDED_KEY_USAGE_free(uses);
}

static void read_basic(struct cert *c)
{
	BASIC_CONSTRAINTS *basic = decoded(c, NID_basic_constraints, "basicConstraints");
	c->has_basic = X509_get_ext_by_NID(c->x509, NID_basic_constraints, -1) >= 0;
	c->path_length = -1;
	if (!basic)
		return;
	c->is_ca = basic->ca != 0;
	if (basic->pathlen) {
		c->path_length = ASN1_INTEGER_get(basic->pathlen);
		if (c->path_length < 0)
			c->malformed = "basicConstraints";
	}
	BASIC_CONSTRAINTS_free(basic);
}

static void read_usage(struct cert *c)
{
	ASN1_BIT_STRING *usage = decoded(c, NID_key_usage, "keyUsage");
	c->has_usage = usage != NULL;
	if (!usage)
		return;
	c->usage = (ASN1_BIT_STRING_get_bit(usage, 5) ? CERT_KU_CERT_SIGN : 0u) |
		   (ASN1_BIT_STRING_get_bit(usage, 6) ? CERT_KU_CRL_SIGN : 0u);
	ASN1_BIT_STRING_free(usage);
}

/* A URL into the list of its scheme. */
static void add_url(struct cw_arena *a, const GENERAL_NAME *name, struct cert_list *http,
		    struct cert_list *ldap, struct cert_list *other)
{
	if (name->type != GEN_URI) {
		if (other)
			cert_list_add(a, other, cert_general_name_key(a, name));
		return;
	}
	const char *url = ia5_text(a, name->d.uniformResourceIdentifier);
	if (cert_starts_with(url, "http://") || cert_starts_with(url, "https://"))
		cert_list_add(a, http, url);
	else if (cert_starts_with(url, "ldap:") || cert_starts_with(url, "ldaps:"))
		cert_list_add(a, ldap, url);
	else if (other)
		cert_list_add(a, other, url);
}

/* Windows skips points with reasons or cRLIssuer, and names relative to the issuer. */
static void read_point(struct cw_arena *a, struct cert *c, const DIST_POINT *point)
{
	if (point->reasons || point->CRLissuer || !point->distpoint ||
	    point->distpoint->type != 0) {
		c->cdp_skipped = true;
		return;
	}
	const GENERAL_NAMES *names = point->distpoint->name.fullname;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		add_url(a, name, &c->cdp_http, &c->cdp_ldap, &c->cdp_other);
		cert_list_add(a, &c->cdp_names, cert_general_name_key(a, name));
	}
}

static void read_points(struct cw_arena *a, struct cert *c)
{
	CRL_DIST_POINTS *points = decoded(c, NID_crl_distribution_points, "cRLDistributionPoints");
	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		read_point(a, c, sk_DIST_POINT_value(points, i));
	CRL_DIST_POINTS_free(points);
}

static void read_freshest(struct cw_arena *a, struct cert *c)
{
	CRL_DIST_POINTS *points = decoded(c, NID_freshest_crl, "freshestCRL");
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *point = sk_DIST_POINT_value(points, i);
		if (!point->distpoint || point->distpoint->type != 0)
			continue;
		const GENERAL_NAMES *names = point->distpoint->name.fullname;
		for (int j = 0; j < sk_GENERAL_NAME_num(names); j++)
			add_url(a, sk_GENERAL_NAME_value(names, j), &c->freshest, &c->freshest,
				NULL);
	}
	CRL_DIST_POINTS_free(points);
}

static void read_authority_access(struct cw_arena *a, struct cert *c)
{
	AUTHORITY_INFO_ACCESS *access = decoded(c, NID_info_access, "authorityInfoAccess");
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(access, i);
		int method = OBJ_obj2nid(d->method);
		if (method == NID_ad_OCSP)
			add_url(a, d->location, &c->ocsp, &c->ocsp, NULL);
		else if (method == NID_ad_ca_issuers)
			add_url(a, d->location, &c->issuers_http, &c->issuers_ldap, NULL);
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

static struct cert_bytes octets(struct cw_arena *a, const ASN1_OCTET_STRING *s)
{
	size_t len = s ? (size_t)ASN1_STRING_length(s) : 0;
	return (struct cert_bytes){ len ? cw_arena_copy(a, ASN1_STRING_get0_data(s), len) : NULL,
				    len };
}

static void read_key_ids(struct cw_arena *a, struct cert *c)
{
	ASN1_OCTET_STRING *own = decoded(c, NID_subject_key_identifier, "subjectKeyIdentifier");
	AUTHORITY_KEYID *authority =
		decoded(c, NID_authority_key_identifier, "authorityKeyIdentifier");
	c->key_id = octets(a, own);
	c->authority_key_id = octets(a, authority ? authority->keyid : NULL);
	ASN1_OCTET_STRING_free(own);
	AUTHORITY_KEYID_free(authority);
}

/* Critical for AD CS: application certificate policies, its twin of extKeyUsage. */
static bool is_application_policies(const ASN1_OBJECT *oid)
{
	char text[64];
	return OBJ_obj2txt(text, sizeof(text), oid, 1) > 0 &&
	       strcmp(text, "1.3.6.1.4.1.311.21.10") == 0;
}

static void read_critical(struct cw_arena *a, struct cert *c)
{
	for (int i = 0; i < X509_get_ext_count(c->x509); i++) {
		X509_EXTENSION *ext = X509_get_ext(c->x509, i);
		const ASN1_OBJECT *oid = X509_EXTENSION_get_object(ext);
		if (X509_EXTENSION_get_critical(ext) && !X509_supported_extension(ext) &&
		    !is_application_policies(oid))
			cert_list_add(a, &c->critical_unknown, cert_oid_text(a, oid));
		if (X509_get_ext_by_OBJ(c->x509, oid, i) >= 0)
			c->malformed = "extensions";
	}
}

void cert_read_extensions(struct cw_arena *a, struct cert *c)
{
	read_alt_names(a, c);
	read_eku(a, c);
	read_basic(c);
	read_usage(c);
	read_points(a, c);
	read_freshest(a, c);
	read_authority_access(a, c);
	read_key_ids(a, c);
	read_critical(a, c);
	c->constraints = decoded(c, NID_name_constraints, "nameConstraints");
	c->ocsp_no_check = X509_get_ext_by_NID(c->x509, NID_id_pkix_OCSP_noCheck, -1) >= 0;
	c->must_staple = X509_get_ext_by_NID(c->x509, NID_tlsfeature, -1) >= 0;
	if (X509_get_ext_count(c->x509) > 0 && c->version < 3)
		c->malformed = "version";
}
