#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/limits.h"
#include "cert/der.h"
#include "cert/read.h"

struct cert_set {
	struct cw_arena *arena;
	struct cert **item;
	size_t count, room;
};

struct cert_set *cert_set_new(void)
{
	struct cw_arena *a = cw_arena_new();
	struct cert_set *s = cw_arena_new_of(a, struct cert_set);
	s->arena = a;
	return s;
}

void cert_set_free(struct cert_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		NAME_CONSTRAINTS_free(s->item[i]->constraints);
		X509_free(s->item[i]->x509);
	}
	cw_arena_free(s->arena);
}

size_t cert_set_count(const struct cert_set *s)
{
	return s ? s->count : 0;
}

const struct cert *cert_set_at(const struct cert_set *s, size_t index)
{
	return s->item[index];
}

const struct cert *cert_set_find(const struct cert_set *s, const char *sha256)
{
	for (size_t i = 0; s && i < s->count; i++) {
		if (strcmp(s->item[i]->sha256, sha256) == 0)
			return s->item[i];
	}
	return NULL;
}

/* One run of cert_set_add. */
struct adding {
	struct cert_set *set;
	const char *source;
	struct cert_set_report report;
	bool full;
};

static bool holds(const struct cert_set *s, const struct cert_bytes der)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct cert *c = s->item[i];
		if (c->der.len == der.len && memcmp(c->der.at, der.at, der.len) == 0)
			return true;
	}
	return false;
}

static void append(struct cert_set *s, struct cert *c)
{
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 8;
		struct cert **more = cw_arena_array_of(s->arena, struct cert *, room);
		if (s->count)
			memcpy(more, s->item, s->count * sizeof(*more));
		s->item = more;
		s->room = room;
	}
	s->item[s->count++] = c;
}

/* Takes x over. */
static void keep(struct adding *run, X509 *x, struct cert_bytes der)
{
	struct cert_set *s = run->set;
	if (holds(s, der)) {
		run->report.repeated++;
		X509_free(x);
		return;
	}
	if (s->count == LIMIT_CERT_SET) {
		run->full = true;
		X509_free(x);
		return;
	}
	struct cert *c = cw_arena_new_of(s->arena, struct cert);
	c->x509 = x;
	c->der = (struct cert_bytes){ cw_arena_copy(s->arena, der.at, der.len), der.len };
	c->source = run->source;
	cert_read(s->arena, c);
	append(s, c);
	run->report.added++;
}

/* One DER certificate that fills der. */
static bool add_der(struct adding *run, struct cert_bytes der)
{
	const unsigned char *p = der.at;
	X509 *x = der.len <= LIMIT_CERT ? d2i_X509(NULL, &p, (long)der.len) : NULL;
	if (x && p == der.at + der.len) {
		keep(run, x, der);
		return true;
	}
	X509_free(x);
	return false;
}

static void add_again_encoded(struct adding *run, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	if (len <= 0 || !add_der(run, (struct cert_bytes){ der, (size_t)len }))
		run->report.unreadable++;
	OPENSSL_free(der);
}

static bool add_pkcs7(struct adding *run, struct cert_bytes der)
{
	const unsigned char *p = der.at;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)der.len);
	const STACK_OF(X509) *certs = NULL;
	if (p7 && PKCS7_type_is_signed(p7) && p7->d.sign)
		certs = p7->d.sign->cert;
	else if (p7 && PKCS7_type_is_signedAndEnveloped(p7) && p7->d.signed_and_enveloped)
		certs = p7->d.signed_and_enveloped->cert;
	for (int i = 0; i < sk_X509_num(certs) && !run->full; i++)
		add_again_encoded(run, sk_X509_value(certs, i));
	PKCS7_free(p7);
	return certs != NULL;
}

/* Certificates or PKCS#7 structures in a row. */
static void add_binary(struct adding *run, const uint8_t *bytes, size_t len)
{
	struct cw_rd r = cw_rd_of(bytes, len);
	while (r.left && !run->full) {
		struct der d = der_want(&r, DER_SEQUENCE);
		if (r.bad) {
			/* PKCS#7 is also met in BER, whose lengths are not definite. */
			if (run->report.added || !add_pkcs7(run, (struct cert_bytes){ bytes, len }))
				run->report.unreadable++;
			return;
		}
		if (!add_der(run, d.whole) && !add_pkcs7(run, d.whole))
			run->report.unreadable++;
	}
}

static void add_block(struct adding *run, const char *name, const uint8_t *bytes, size_t len)
{
	const struct cert_bytes der = { bytes, len };
	if (strstr(name, "PRIVATE KEY"))
		run->report.private_key = true;
	else if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
		run->report.unreadable += !add_der(run, der);
	else if (strcmp(name, PEM_STRING_PKCS7) == 0 ||
		 strcmp(name, PEM_STRING_PKCS7_SIGNED) == 0 || strcmp(name, PEM_STRING_CMS) == 0)
		run->report.unreadable += !add_pkcs7(run, der);
}

/* The reason of a failed PEM_read_bio; end of input is none. */
static bool ended(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static void add_pem(struct adding *run, const void *bytes, size_t len)
{
	BIO *bio = BIO_new_mem_buf(bytes, (int)len);
	while (bio && !run->full) {
		char *name = NULL, *header = NULL;
		unsigned char *data = NULL;
		long data_len = 0;
		ERR_clear_error();
		if (PEM_read_bio(bio, &name, &header, &data, &data_len) != 1) {
			if (ended())
				break;
			run->report.unreadable++;
			continue; /* a line at least was consumed */
		}
		add_block(run, name, data, (size_t)data_len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)data_len);
	}
	BIO_free(bio);
}

enum cw_ec cert_set_add(struct cert_set *s, const void *bytes, size_t len, const char *source,
			struct cert_set_report *out)
{
	struct adding run = { .set = s, .source = cw_arena_str(s->arena, source ? source : "") };
	if (len > LIMIT_CERT_FILE)
		return CW_ETOOBIG;
	if (len && *(const uint8_t *)bytes == DER_SEQUENCE)
		add_binary(&run, bytes, len);
	else if (len)
		add_pem(&run, bytes, len);
	ERR_clear_error();
	if (out)
		*out = run.report;
	if (run.full)
		return CW_ETOOBIG;
	return run.report.added + run.report.repeated ? CW_OK : CW_EMALFORMED;
}

bool cert_key_id_differs(const struct cert *child, const struct cert *issuer)
{
	const struct cert_bytes *want = &child->authority_key_id, *have = &issuer->key_id;
	return want->len && have->len &&
	       (want->len != have->len || memcmp(want->at, have->at, have->len) != 0);
}

bool cert_names_issuer(const struct cert *child, const struct cert *issuer)
{
	return X509_NAME_cmp(X509_get_issuer_name(child->x509),
			     X509_get_subject_name(issuer->x509)) == 0;
}

bool cert_signed_by(const struct cert *child, const struct cert *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer->x509);
	bool ok = key && X509_verify(child->x509, key) == 1;
	ERR_clear_error();
	return ok;
}
