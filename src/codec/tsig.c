#include "codec/tsig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "codec/dns_wire.h"

enum {
	FUDGE_S = 300, /* RFC 8945 10: recommended */
	TIME_LEN = 6,  /* 48 bits */
};

/* RFC 8945 6. The digest is OpenSSL's name. */
static const struct algorithm {
	enum tsig_algorithm id;
	const char *name, *digest;
	size_t mac_len;
} algorithms[] = {
	{ TSIG_HMAC_MD5, "hmac-md5.sig-alg.reg.int", "MD5", 16 },
	{ TSIG_HMAC_SHA1, "hmac-sha1", "SHA1", 20 },
	{ TSIG_HMAC_SHA224, "hmac-sha224", "SHA224", 28 },
	{ TSIG_HMAC_SHA256, "hmac-sha256", "SHA256", 32 },
	{ TSIG_HMAC_SHA384, "hmac-sha384", "SHA384", 48 },
	{ TSIG_HMAC_SHA512, "hmac-sha512", "SHA512", 64 },
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

static const struct algorithm *algorithm_find(enum tsig_algorithm id)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].id == id)
			return &algorithms[i];
	}
	return NULL;
}

const char *tsig_algorithm_name(enum tsig_algorithm a)
{
	const struct algorithm *found = algorithm_find(a);
	return found ? found->name : "";
}

enum tsig_algorithm tsig_algorithm_of(const char *name)
{
	if (dns_name_equal(name, "hmac-md5")) /* the short form of key files */
		return TSIG_HMAC_MD5;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (dns_name_equal(name, algorithms[i].name))
			return algorithms[i].id;
	}
	return TSIG_NONE;
}

/* A TSIG record taken apart (RFC 8945 4.2); pointers lead into the message. */
struct tsig_record {
	char key_name[LIMIT_DNS_NAME_TEXT], algorithm_name[LIMIT_DNS_NAME_TEXT];
	uint64_t time_s;
	uint16_t fudge_s, original_id, error;
	const uint8_t *mac, *other;
	uint16_t mac_len, other_len;
};

static void put_be48(struct cw_wr *w, uint64_t v)
{
	cw_wr_be16(w, (uint16_t)(v >> 32));
	cw_wr_be32(w, (uint32_t)v);
}

static uint64_t get_be48(struct cw_rd *r)
{
	uint64_t high = cw_rd_be16(r);
	return high << 32 | cw_rd_be32(r);
}

/* RFC 8945 4.3.3: names in digests are in lower case and without compression. */
static bool put_canonical_name(struct cw_wr *w, const char *name)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	size_t len = dns_name_pack(name, wire);
	for (size_t at = 0; len && wire[at]; at += wire[at] + 1u) {
		for (size_t i = 1; i <= wire[at]; i++)
			wire[at + i] = dns_lower(wire[at + i]);
	}
	cw_wr_bytes(w, wire, len);
	return len && !w->bad;
}

/* The TSIG variables of RFC 8945 4.3.3, up to the other data. */
static bool put_variables(struct cw_wr *w, const struct tsig_record *t)
{
	if (!put_canonical_name(w, t->key_name))
		return false;
	cw_wr_be16(w, DNS_CLASS_ANY);
	cw_wr_be32(w, 0);
	if (!put_canonical_name(w, t->algorithm_name))
		return false;
	put_be48(w, t->time_s);
	cw_wr_be16(w, t->fudge_s);
	cw_wr_be16(w, t->error);
	cw_wr_be16(w, t->other_len);
	return !w->bad;
}

struct part {
	const uint8_t *bytes;
	size_t len;
};

static enum cw_ec hmac(const struct algorithm *algorithm, const struct tsig_key *key,
		       const struct part *part, size_t part_count, struct tsig_mac *out)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	char digest[16];
	memcpy(digest, algorithm->digest, strlen(algorithm->digest) + 1);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	struct tsig_mac made = { 0 };
	bool ok = ctx && EVP_MAC_init(ctx, key->secret, key->secret_len, params);
	for (size_t i = 0; ok && i < part_count; i++)
		ok = EVP_MAC_update(ctx, part[i].bytes, part[i].len);
	ok = ok && EVP_MAC_final(ctx, made.bytes, &made.len, sizeof(made.bytes));
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	if (!ok || made.len != algorithm->mac_len)
		return CW_EUNSUPPORTED;
	*out = made;
	return CW_OK;
}

/*
 * The MAC of RFC 8945 4.3: the request's MAC with its length, the message as it was before its
 * TSIG was added, the variables. header is the message's, with id and count as they were.
 */
static enum cw_ec digest_message(const struct tsig_key *key, const struct tsig_mac *request_mac,
				 const uint8_t header[DNS_HEADER], const uint8_t *body,
				 size_t body_len, const struct tsig_record *t, struct tsig_mac *out)
{
	const struct algorithm *algorithm = algorithm_find(key->algorithm);
	if (!algorithm || !key->secret_len || key->secret_len > sizeof(key->secret))
		return CW_EINVAL;
	uint8_t before[2 + TSIG_MAC_MOST];
	struct cw_wr first = cw_wr_of(before, sizeof(before));
	if (request_mac) {
		cw_wr_be16(&first, (uint16_t)request_mac->len);
		cw_wr_bytes(&first, request_mac->bytes, request_mac->len);
	}
	uint8_t variables[2 * LIMIT_DNS_NAME_WIRE + 32];
	struct cw_wr last = cw_wr_of(variables, sizeof(variables));
	if (first.bad || !put_variables(&last, t))
		return CW_EINVAL;
	const struct part part[] = {
		{ first.base, first.len }, { header, DNS_HEADER },     { body, body_len },
		{ last.base, last.len },   { t->other, t->other_len },
	};
	return hmac(algorithm, key, part, sizeof(part) / sizeof(part[0]), out);
}

static uint16_t additional_count(const uint8_t *message)
{
	return (uint16_t)(message[DNS_ARCOUNT_AT] << 8 | message[DNS_ARCOUNT_AT + 1]);
}

/* RFC 8945 5.3.2: who does not know the key or the signature cannot sign. */
static bool can_sign(uint16_t error)
{
	return error != DNS_TSIG_BADSIG && error != DNS_BADKEY;
}

static bool put_record(struct cw_wr *w, const struct tsig_record *t, const struct tsig_mac *mac)
{
	uint8_t name[LIMIT_DNS_NAME_WIRE], algorithm[LIMIT_DNS_NAME_WIRE];
	size_t name_len = dns_name_pack(t->key_name, name);
	size_t algorithm_len = dns_name_pack(t->algorithm_name, algorithm);
	if (!name_len || !algorithm_len)
		return false;
	cw_wr_bytes(w, name, name_len);
	cw_wr_be16(w, DNS_TSIG);
	cw_wr_be16(w, DNS_CLASS_ANY);
	cw_wr_be32(w, 0);
	size_t rdata = cw_wr_open16(w);
	cw_wr_bytes(w, algorithm, algorithm_len);
	put_be48(w, t->time_s);
	cw_wr_be16(w, t->fudge_s);
	cw_wr_be16(w, (uint16_t)mac->len);
	cw_wr_bytes(w, mac->bytes, mac->len);
	cw_wr_be16(w, t->original_id);
	cw_wr_be16(w, t->error);
	cw_wr_be16(w, t->other_len);
	cw_wr_bytes(w, t->other, t->other_len);
	cw_wr_close16(w, rdata, 0);
	return true;
}

static enum cw_ec sign(struct cw_wr *w, const struct tsig_key *key, struct tsig_record *t,
		       const struct tsig_mac *request_mac, struct tsig_mac *out_mac)
{
	if (w->bad)
		return CW_ETOOBIG;
	if (w->len < DNS_HEADER || t->time_s >> 48)
		return CW_EINVAL;
	uint16_t count = additional_count(w->base);
	if (count == UINT16_MAX)
		return CW_ETOOBIG;
	memcpy(t->key_name, key->name, sizeof(t->key_name));
	memcpy(t->algorithm_name, tsig_algorithm_name(key->algorithm),
	       strlen(tsig_algorithm_name(key->algorithm)) + 1);
	t->fudge_s = FUDGE_S;
	t->original_id = (uint16_t)(w->base[0] << 8 | w->base[1]);
	struct tsig_mac mac = { 0 };
	if (can_sign(t->error)) {
		enum cw_ec ec = digest_message(key, request_mac, w->base, w->base + DNS_HEADER,
					       w->len - DNS_HEADER, t, &mac);
		if (ec != CW_OK)
			return ec;
	}
	if (!put_record(w, t, &mac))
		return CW_EINVAL;
	if (w->bad)
		return CW_ETOOBIG;
	cw_wr_put16_at(w, DNS_ARCOUNT_AT, (uint16_t)(count + 1));
	if (out_mac)
		*out_mac = mac;
	return CW_OK;
}

enum cw_ec tsig_sign(struct cw_wr *w, const struct tsig_key *key, uint64_t time_s,
		     const struct tsig_mac *request_mac, uint16_t error, struct tsig_mac *out_mac)
{
	if (error == DNS_BADTIME)
		return CW_EINVAL;
	struct tsig_record t = { .time_s = time_s, .error = error };
	return sign(w, key, &t, request_mac, out_mac);
}

enum cw_ec tsig_sign_badtime(struct cw_wr *w, const struct tsig_key *key, uint64_t client_time_s,
			     uint64_t server_time_s, const struct tsig_mac *request_mac)
{
	uint8_t other[TIME_LEN];
	struct cw_wr o = cw_wr_of(other, sizeof(other));
	put_be48(&o, server_time_s);
	struct tsig_record t = {
		.time_s = client_time_s,
		.error = DNS_BADTIME,
		.other = other,
		.other_len = TIME_LEN,
	};
	return server_time_s >> 48 ? CW_EINVAL : sign(w, key, &t, request_mac, NULL);
}

/* Steps to the last additional record. False: there is none, or r is bad. */
static bool find_last_record(struct cw_rd *r)
{
	(void)cw_rd_be32(r); /* id and flags */
	size_t questions = cw_rd_be16(r), records = cw_rd_be16(r);
	records += cw_rd_be16(r);
	size_t additional = cw_rd_be16(r);
	records += additional;
	if (r->bad || !additional)
		return false;
	for (; questions; questions--) {
		if (!dns_name_skip(r) || !cw_rd_take(r, 4))
			return false;
	}
	for (; records > 1; records--) {
		if (!dns_name_skip(r) || !cw_rd_take(r, 8))
			return false;
		if (!cw_rd_take(r, cw_rd_be16(r)))
			return false;
	}
	return true;
}

enum found { FOUND, FOUND_NONE, FOUND_MALFORMED };

/* Takes the TSIG apart that a message ends with; *at is its offset. */
static enum found read_record(const uint8_t *message, size_t len, struct tsig_record *t, size_t *at)
{
	struct cw_rd r = cw_rd_of(message, len);
	if (!find_last_record(&r))
		return r.bad ? FOUND_MALFORMED : FOUND_NONE;
	*at = len - r.left;
	if (!dns_name_unpack(&r, message, len, t->key_name))
		return FOUND_MALFORMED;
	uint16_t type = cw_rd_be16(&r);
	if (type != DNS_TSIG)
		return r.bad ? FOUND_MALFORMED : FOUND_NONE;
	uint16_t class_ = cw_rd_be16(&r);
	(void)cw_rd_be32(&r);
	struct cw_rd rdata = cw_rd_part(&r, cw_rd_be16(&r));
	if (!cw_rd_ended(&r) || class_ != DNS_CLASS_ANY ||
	    !dns_name_unpack(&rdata, message, len, t->algorithm_name))
		return FOUND_MALFORMED;
	t->time_s = get_be48(&rdata);
	t->fudge_s = cw_rd_be16(&rdata);
	t->mac_len = cw_rd_be16(&rdata);
	t->mac = cw_rd_take(&rdata, t->mac_len);
	t->original_id = cw_rd_be16(&rdata);
	t->error = cw_rd_be16(&rdata);
	t->other_len = cw_rd_be16(&rdata);
	t->other = cw_rd_take(&rdata, t->other_len);
	return cw_rd_ended(&rdata) ? FOUND : FOUND_MALFORMED;
}

static enum cw_ec expected_mac(const uint8_t *message, size_t at, const struct tsig_key *key,
			       const struct tsig_mac *request_mac, const struct tsig_record *t,
			       struct tsig_mac *out)
{
	uint8_t header[DNS_HEADER];
	memcpy(header, message, DNS_HEADER);
	struct cw_wr w = { .base = header, .len = DNS_HEADER, .cap = DNS_HEADER };
	cw_wr_put16_at(&w, 0, t->original_id);
	cw_wr_put16_at(&w, DNS_ARCOUNT_AT, (uint16_t)(additional_count(message) - 1));
	return digest_message(key, request_mac, header, message + DNS_HEADER, at - DNS_HEADER, t,
			      out);
}

static void reject(struct tsig_verdict *v, uint16_t answer_error, const char *why)
{
	v->answer_error = answer_error;
	v->why = why;
}

/* What can be said before the MAC is looked at. True: nothing against it. */
static bool judge_record(const struct tsig_record *t, const struct tsig_key *key,
			 struct tsig_verdict *v)
{
	if (!can_sign(t->error) && !t->mac_len)
		reject(v, 0, "unsigned error");
	else if (!dns_name_equal(t->key_name, key->name))
		reject(v, DNS_BADKEY, "wrong key name");
	else if (tsig_algorithm_of(t->algorithm_name) != key->algorithm)
		reject(v, DNS_BADKEY, "wrong algorithm");
	else
		return true;
	return false;
}

static void judge_mac(const struct tsig_record *t, const struct tsig_mac *want, uint64_t time_s,
		      struct tsig_verdict *v)
{
	uint64_t apart_s = t->time_s > time_s ? t->time_s - time_s : time_s - t->time_s;
	if (CRYPTO_memcmp(t->mac, want->bytes, t->mac_len) != 0)
		reject(v, DNS_TSIG_BADSIG, "wrong MAC");
	else if (apart_s > t->fudge_s)
		reject(v, DNS_BADTIME, "clocks too far apart");
	else if (t->mac_len < want->len)
		reject(v, DNS_BADTRUNC, "MAC cut short");
	else
		v->verified = true;
}

/* RFC 8945 5.2.2.1: never longer than the hash, nor shorter than ten octets or half of it. */
static bool is_mac_len_legal(size_t len, size_t whole)
{
	return len <= whole && len >= 10 && len >= whole / 2;
}

/* RFC 8945 5.2: key, MAC, time, truncation, in this order. */
static enum cw_ec judge(const uint8_t *message, size_t at, const struct tsig_record *t,
			const struct tsig_key *key, uint64_t time_s,
			const struct tsig_mac *request_mac, struct tsig_verdict *v)
{
	v->error = t->error;
	v->time_s = t->time_s;
	if (t->error == DNS_BADTIME && t->other_len == TIME_LEN) {
		struct cw_rd other = cw_rd_of(t->other, t->other_len);
		v->time_s = get_be48(&other);
	}
	if (!judge_record(t, key, v))
		return CW_OK;
	struct tsig_mac want;
	enum cw_ec ec = expected_mac(message, at, key, request_mac, t, &want);
	if (ec != CW_OK)
		return ec;
	if (!is_mac_len_legal(t->mac_len, want.len))
		return CW_EMALFORMED;
	judge_mac(t, &want, time_s, v);
	return CW_OK;
}

enum cw_ec tsig_verify(const uint8_t *message, size_t len, const struct tsig_key *key,
		       uint64_t time_s, const struct tsig_mac *request_mac,
		       struct tsig_verdict *out, struct tsig_mac *out_mac)
{
	if (!algorithm_find(key->algorithm) || !key->secret_len)
		return CW_EINVAL;
	struct tsig_record t = { .mac_len = 0 };
	struct tsig_verdict v = { 0 };
	struct tsig_mac mac = { 0 };
	size_t at = 0;
	enum found found = read_record(message, len, &t, &at);
	if (found == FOUND_MALFORMED || t.mac_len > sizeof(mac.bytes))
		return CW_EMALFORMED;
	if (found == FOUND_NONE) {
		reject(&v, 0, "no TSIG");
	} else {
		enum cw_ec ec = judge(message, at, &t, key, time_s, request_mac, &v);
		if (ec != CW_OK)
			return ec;
		memcpy(mac.bytes, t.mac, t.mac_len);
		mac.len = t.mac_len;
	}
	*out = v;
	if (out_mac)
		*out_mac = mac;
	return CW_OK;
}
