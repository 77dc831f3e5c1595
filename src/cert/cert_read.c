#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "cert/der.h"
#include "cert/read.h"

static void thumbprint(struct cert *c, const EVP_MD *md, char *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (EVP_Digest(c->der.at, c->der.len, digest, &len, md, NULL) != 1)
		len = 0;
	for (unsigned i = 0; i < len; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * len] = '\0';
}

static const char *curve_text(struct cw_arena *a, EVP_PKEY *key)
{
	static const char *const known[][2] = { { "prime256v1", "P-256" },
						{ "secp384r1", "P-384" },
						{ "secp521r1", "P-521" } };
	char name[64];
	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1)
		return "EC";
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(name, known[i][0]) == 0)
			return cw_arena_fmt(a, "EC %s", known[i][1]);
	}
	return cw_arena_fmt(a, "EC %s", name);
}

static void read_key(struct cw_arena *a, struct cert *c)
{
	EVP_PKEY *key = X509_get0_pubkey(c->x509);
	c->key_type = "unknown";
	if (!key) {
		c->malformed = "subjectPublicKeyInfo";
		return;
	}
	int bits = EVP_PKEY_get_bits(key);
	c->key_bits = bits > 0 ? (unsigned)bits : 0;
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		c->key_type = "RSA";
		break;
	case EVP_PKEY_RSA_PSS:
		c->key_type = "RSA-PSS";
		break;
	case EVP_PKEY_EC:
		c->key_type = curve_text(a, key);
		break;
	case EVP_PKEY_DSA:
		c->key_type = "DSA";
		break;
	case EVP_PKEY_ED25519:
		c->key_type = "Ed25519";
		break;
	case EVP_PKEY_ED448:
		c->key_type = "Ed448";
		break;
	default:
		break;
	}
}

static enum cert_hash hash_of(const X509 *x)
{
	int md = NID_undef, bits = 0;
	uint32_t flags = 0;
	if (X509_get_signature_info((X509 *)(uintptr_t)x, &md, NULL, &bits, &flags) != 1)
		return CERT_HASH_OTHER;
	switch (md) {
	case NID_md2:
	case NID_md4:
	case NID_md5:
		return CERT_HASH_MD5;
	case NID_sha1:
		return CERT_HASH_SHA1;
	default:
		return CERT_HASH_SHA2; /* also EdDSA, which names none */
	}
}

static void read_signature(struct cw_arena *a, struct cert *c)
{
	const X509_ALGOR *alg = NULL;
	const ASN1_OBJECT *oid = NULL;
	X509_get0_signature(NULL, &alg, c->x509);
	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	int nid = OBJ_obj2nid(oid);
	c->signature_algorithm = nid == NID_undef ? cert_oid_text(a, oid) : OBJ_nid2ln(nid);
	c->hash = hash_of(c->x509);
	if (X509_ALGOR_cmp(alg, X509_get0_tbs_sigalg(c->x509)) != 0)
		c->malformed = "signatureAlgorithm";
}

static void read_common_names(struct cw_arena *a, struct cert *c)
{
	const X509_NAME *name = X509_get_subject_name(c->x509);
	for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, at);
		cert_list_add(a, &c->common, cert_string_text(a, X509_NAME_ENTRY_get_data(entry)));
	}
}

void cert_read(struct cw_arena *a, struct cert *c)
{
	X509 *x = c->x509;
	thumbprint(c, EVP_sha256(), c->sha256);
	thumbprint(c, EVP_sha1(), c->sha1);
	c->subject = cert_name_text(a, X509_get_subject_name(x));
	c->issuer = cert_name_text(a, X509_get_issuer_name(x));
	c->serial = cert_serial_text(a, X509_get0_serialNumber(x));
	c->version = (unsigned)X509_get_version(x) + 1;
	c->self_issued = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	if (!der_asn1_time(X509_get0_notBefore(x), &c->not_before_s) ||
	    !der_asn1_time(X509_get0_notAfter(x), &c->not_after_s))
		c->malformed = "validity";
	if (c->version > 3)
		c->malformed = "version";
	read_key(a, c);
	read_signature(a, c);
	read_common_names(a, c);
	cert_read_extensions(a, c);
	ERR_clear_error();
}
