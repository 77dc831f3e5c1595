#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cert/read.h"

/* Grows by doubling whenever the count is a power of two: no room needs to be remembered. */
void cert_list_add(struct cw_arena *a, struct cert_list *l, const char *item)
{
	if ((l->count & (l->count - 1)) == 0) {
		const char **more = cw_arena_array_of(a, const char *, l->count ? l->count * 2 : 1);
		if (l->count)
			memcpy(more, l->item, l->count * sizeof(*more));
		l->item = more;
	}
	l->item[l->count++] = item;
}

bool cert_list_has(const struct cert_list *l, const char *item)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcasecmp(l->item[i], item) == 0)
			return true;
	}
	return false;
}

/* A certificate with a thousand names must not make a message of a thousand names. */
enum { LIST_SHOWN = 8 };

const char *cert_list_text(struct cw_arena *a, const struct cert_list *l)
{
	if (!l->count)
		return "none";
	const char *text = l->item[0];
	size_t shown = l->count < LIST_SHOWN ? l->count : LIST_SHOWN;
	for (size_t i = 1; i < shown; i++)
		text = cw_arena_fmt(a, "%s, %s", text, l->item[i]);
	if (l->count > shown)
		text = cw_arena_fmt(a, "%s, ... (%zu)", text, l->count);
	return text;
}

bool cert_starts_with(const char *text, const char *lower_case_prefix)
{
	return strncasecmp(text, lower_case_prefix, strlen(lower_case_prefix)) == 0;
}

static const char *escaped(struct cw_arena *a, const uint8_t *at, size_t len,
			   uint8_t last_printable)
{
	char *text = cw_arena_alloc(a, len * 4 + 1), *p = text;
	for (size_t i = 0; i < len; i++) {
		if (at[i] >= 0x20 && at[i] != 0x7f && at[i] <= last_printable)
			*p++ = (char)at[i];
		else
			p += snprintf(p, 5, "\\x%02x", at[i]);
	}
	return text;
}

const char *cert_octets_text(struct cw_arena *a, const uint8_t *at, size_t len)
{
	return escaped(a, at, len, 0x7e);
}

const char *cert_string_text(struct cw_arena *a, const ASN1_STRING *s)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, s);
	const char *text = len < 0 ? cert_octets_text(a, ASN1_STRING_get0_data(s),
						      (size_t)ASN1_STRING_length(s))
				   : escaped(a, utf8, (size_t)len, 0xff);
	OPENSSL_free(utf8);
	ERR_clear_error();
	return text;
}

const char *cert_hex(struct cw_arena *a, const uint8_t *at, size_t len)
{
	char *text = cw_arena_alloc(a, len * 2 + 1);
	for (size_t i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", at[i]);
	return text;
}

/* RFC 4514 order and escapes, but UTF-8 left as it is. */
const char *cert_name_text(struct cw_arena *a, const X509_NAME *name)
{
	const unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = "";
	char *at = NULL;
	if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		long len = BIO_get_mem_data(bio, &at);
		text = cw_arena_strn(a, at ? at : "", len > 0 ? (size_t)len : 0);
	}
	BIO_free(bio);
	ERR_clear_error();
	return text;
}

const char *cert_serial_text(struct cw_arena *a, const ASN1_INTEGER *serial)
{
	const ASN1_STRING *s = serial;
	const char *hex = cert_hex(a, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	return ASN1_STRING_type(s) == V_ASN1_NEG_INTEGER ? cw_arena_fmt(a, "-%s", hex) : hex;
}

const char *cert_oid_text(struct cw_arena *a, const ASN1_OBJECT *oid)
{
	char text[128];
	int len = OBJ_obj2txt(text, sizeof(text), oid, 1);
	return len > 0 ? cw_arena_str(a, text) : "unknown";
}

static const char *lower(char *text)
{
	for (char *p = text; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	return text;
}

const char *cert_general_name_key(struct cw_arena *a, const GENERAL_NAME *name)
{
	if (name->type == GEN_URI || name->type == GEN_DNS) {
		const ASN1_STRING *s = name->d.ia5;
		const char *text = cert_octets_text(a, ASN1_STRING_get0_data(s),
						    (size_t)ASN1_STRING_length(s));
		return lower(cw_arena_fmt(a, "%s%s", name->type == GEN_URI ? "" : "dns:", text));
	}
	unsigned char *der = NULL;
	int len = i2d_GENERAL_NAME(name, &der);
	const char *text = len > 0 ? cw_arena_fmt(a, "der:%s", cert_hex(a, der, (size_t)len)) : "";
	OPENSSL_free(der);
	return text;
}

const char *cert_time_text(struct cw_arena *a, int64_t time_s)
{
	int64_t days = time_s / 86400, of_day = time_s % 86400;
	if (of_day < 0) {
		of_day += 86400;
		days--;
	}
	/* The inverse of the day count in der.c: eras of 400 years that start in March. */
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;
	return cw_arena_fmt(a, "%04lld-%02d-%02d %02d:%02d:%02d UTC",
			    (long long)(yoe + era * 400 + (month <= 2)), (int)month,
			    (int)(doy - (153 * mp + 2) / 5 + 1), (int)(of_day / 3600),
			    (int)(of_day / 60 % 60), (int)(of_day % 60));
}
