#include "cert/der.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>

/* X.690 8.1.3: short form, or long form of at most four octets without leading zeros. */
static size_t read_length(struct cw_rd *r)
{
	uint8_t first = cw_rd_u8(r);
	if (first < 0x80)
		return first;
	unsigned octets = first & 0x7f;
	if (!octets || octets > 4) {
		r->bad = true;
		return 0;
	}
	size_t len = 0;
	for (unsigned i = 0; i < octets; i++)
		len = len << 8 | cw_rd_u8(r);
	if (len < 0x80 || len >> (8 * (octets - 1)) == 0)
		r->bad = true;
	return len;
}

struct der der_next(struct cw_rd *r)
{
	const uint8_t *start = r->p;
	uint8_t tag = cw_rd_u8(r);
	if ((tag & 0x1f) == 0x1f)
		r->bad = true;
	size_t len = read_length(r);
	struct cw_rd body = cw_rd_part(r, len);
	if (r->bad)
		return (struct der){ .body = { .bad = true } };
	return (struct der){ tag, body, { start, (size_t)(r->p - start) } };
}

struct der der_want(struct cw_rd *r, uint8_t tag)
{
	struct der d = der_next(r);
	if (d.tag == tag && !r->bad)
		return d;
	r->bad = true;
	return (struct der){ .body = { .bad = true } };
}

bool der_is(const struct cw_rd *r, uint8_t tag)
{
	return !r->bad && r->left && *r->p == tag;
}

/* Two digits, or -1. */
static int two_digits(const uint8_t *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar; years start in March. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = y / 400, of_era = y % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

bool der_time(uint8_t tag, const uint8_t *text, size_t len, int64_t *out_s)
{
	size_t year_len = tag == DER_GENERALIZED_TIME ? 4 : 2;
	if ((tag != DER_GENERALIZED_TIME && tag != DER_UTC_TIME) || len != year_len + 11 ||
	    text[len - 1] != 'Z')
		return false;
	int part[7] = { 0 };
	size_t count = (len - 1) / 2;
	for (size_t i = 0; i < count; i++) {
		part[i] = two_digits(text + 2 * i);
		if (part[i] < 0)
			return false;
	}
	const int *rest = part + year_len / 2;
	int year = year_len == 4 ? part[0] * 100 + part[1] : part[0] + (part[0] < 50 ? 2000 : 1900);
	if (year < 1 || rest[0] < 1 || rest[0] > 12 || rest[1] < 1 ||
	    rest[1] > days_in_month(year, rest[0]) || rest[2] > 23 || rest[3] > 59 || rest[4] > 59)
		return false;
	*out_s = ((days_of(year, rest[0], rest[1]) * 24 + rest[2]) * 60 + rest[3]) * 60 + rest[4];
	return true;
}

bool der_asn1_time(const ASN1_TIME *t, int64_t *out_s)
{
	if (!t)
		return false;
	int type = ASN1_STRING_type(t);
	return der_time((uint8_t)type, ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t),
			out_s);
}

/* ASN1_item_verify knows every algorithm with its parameters; an ANY hands it tbs as it is. */
static bool verify_any(struct cert_bytes tbs, const X509_ALGOR *algorithm,
		       const ASN1_BIT_STRING *signature, EVP_PKEY *key)
{
	const unsigned char *p = tbs.at;
	ASN1_TYPE *any = d2i_ASN1_TYPE(NULL, &p, (long)tbs.len);
	int ok = any &&
		 ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, any, key) == 1;
	ASN1_TYPE_free(any);
	return ok;
}

bool der_verify(struct cert_bytes tbs, struct cert_bytes algorithm, struct cert_bytes signature,
		EVP_PKEY *key)
{
	/* The first octet counts unused bits: none in any signature. */
	if (!key || signature.len < 2 || signature.at[0] || signature.len > INT32_MAX)
		return false;
	const unsigned char *p = algorithm.at;
	X509_ALGOR *alg = d2i_X509_ALGOR(NULL, &p, (long)algorithm.len);
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = alg && bits &&
		  ASN1_STRING_set(bits, signature.at + 1, (int)(signature.len - 1)) == 1 &&
		  verify_any(tbs, alg, bits, key);
	ASN1_BIT_STRING_free(bits);
	X509_ALGOR_free(alg);
	ERR_clear_error();
	return ok;
}
