#include "codec/ntlm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <utf8proc.h>

#include "base/rd.h"

static const uint8_t signature[8] = { 'N', 'T', 'L', 'M', 'S', 'S', 'P', 0 };

enum {
	PREAMBLE = 12, /* signature and type */
	VERSION_LEN = 8,
	PROOF = 16,
	BLOB_HEAD = 28, /* MS-NLMP 2.2.2.7, up to the AV pairs */
	UTF16_MOST = 2 * NTLM_NAME_MOST,
	/* A character of UTF-16 becomes up to 3 octets of UTF-8. */
	UTF8_MOST = 3 * NTLM_NAME_MOST + 1,
	/* Flags of a type 2 that a type 3 of ours repeats. */
	ANSWER_FLAGS = NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN |
		       NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO | NTLM_128,
};

/* MD4 (RFC 1320) */

static uint32_t rotate(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

static uint32_t md4_f(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (~x & z);
}

static uint32_t md4_g(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (x & z) | (y & z);
}

static uint32_t md4_h(uint32_t x, uint32_t y, uint32_t z)
{
	return x ^ y ^ z;
}

/* RFC 1320 3.4: what the three rounds differ in. */
static const struct md4_round {
	uint32_t (*mix)(uint32_t, uint32_t, uint32_t);
	uint32_t add;
	uint8_t shift[4], word[16];
} md4_rounds[] = {
	{ md4_f, 0, { 3, 7, 11, 19 }, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
	{ md4_g,
	  0x5a827999,
	  { 3, 5, 9, 13 },
	  { 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15 } },
	{ md4_h,
	  0x6ed9eba1,
	  { 3, 9, 11, 15 },
	  { 0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15 } },
};

static void md4_block(uint32_t state[4], const uint8_t block[64])
{
	uint32_t x[16], s[4];
	struct cw_rd r = cw_rd_of(block, 64);
	for (size_t i = 0; i < 16; i++)
		x[i] = cw_rd_le32(&r);
	memcpy(s, state, sizeof(s));
	for (size_t n = 0; n < 48; n++) {
		const struct md4_round *round = &md4_rounds[n / 16];
		/* The four words take turns: A, D, C, B. */
		size_t a = (4 - n % 4) % 4, b = (a + 1) % 4, c = (a + 2) % 4, d = (a + 3) % 4;
		uint32_t sum = s[a] + round->mix(s[b], s[c], s[d]) + x[round->word[n % 16]];
		s[a] = rotate(sum + round->add, round->shift[n % 4]);
	}
	for (size_t i = 0; i < 4; i++)
		state[i] += s[i];
	OPENSSL_cleanse(x, sizeof(x));
}

void ntlm_md4(const void *data, size_t len, uint8_t out[16])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint8_t tail[128] = { 0 };
	const uint8_t *p = data;
	uint64_t bits = (uint64_t)len * 8;
	for (; len >= 64; p += 64, len -= 64)
		md4_block(state, p);
	if (len)
		memcpy(tail, p, len);
	tail[len] = 0x80;
	size_t tail_len = len < 56 ? 64 : 128;
	struct cw_wr w = cw_wr_of(tail + tail_len - 8, 8);
	cw_wr_le32(&w, (uint32_t)bits);
	cw_wr_le32(&w, (uint32_t)(bits >> 32));
	for (size_t at = 0; at < tail_len; at += 64)
		md4_block(state, tail + at);
	w = cw_wr_of(out, 16);
	for (size_t i = 0; i < 4; i++)
		cw_wr_le32(&w, state[i]);
	OPENSSL_cleanse(tail, sizeof(tail));
}

/* Texts */

/* One character for one, as the tables of Windows have it: a letter whose upper case would not lead
 * back to it stays, and so does the sharp s. */
static utf8proc_int32_t upper_case(utf8proc_int32_t c)
{
	utf8proc_int32_t u = utf8proc_toupper(c);
	return c == 0xdf || c > 0xffff || u > 0xffff || utf8proc_tolower(u) != c ? c : u;
}

static void put_utf16(struct cw_wr *w, uint32_t c)
{
	if (c < 0x10000) {
		cw_wr_le16(w, (uint16_t)c);
		return;
	}
	cw_wr_le16(w, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
	cw_wr_le16(w, (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff)));
}

bool ntlm_utf16_put(struct cw_wr *w, const char *text, bool upper)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	while (*at) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(at, -1, &c);
		if (n <= 0)
			return false;
		put_utf16(w, (uint32_t)(upper ? upper_case(c) : c));
		at += n;
	}
	return true;
}

/* U+FFFD for a surrogate without its other half. */
static uint32_t get_utf16(struct cw_rd *r)
{
	uint32_t c = cw_rd_le16(r);
	if (c < 0xd800 || c > 0xdfff)
		return c;
	struct cw_rd ahead = *r;
	uint32_t low = cw_rd_le16(&ahead);
	if (c > 0xdbff || ahead.bad || low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*r = ahead;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

void ntlm_utf16_text(struct ntlm_bytes in, char *out, size_t size)
{
	struct cw_rd r = cw_rd_of(in.at, in.len & ~(size_t)1);
	size_t at = 0;
	while (r.left) {
		utf8proc_uint8_t utf8[4];
		size_t n = (size_t)utf8proc_encode_char((utf8proc_int32_t)get_utf16(&r), utf8);
		if (n >= size - at)
			break;
		memcpy(out + at, utf8, n);
		at += n;
	}
	out[at] = '\0';
}

bool ntlm_user_split(const char *typed, char *domain, char *user, size_t size)
{
	const char *backslash = strchr(typed, '\\');
	const char *rest = backslash ? backslash + 1 : typed;
	size_t domain_len = backslash ? (size_t)(backslash - typed) : 0;
	size_t user_len = strlen(rest);
	if (domain_len >= size || user_len >= size)
		return false;
	memcpy(domain, typed, domain_len);
	domain[domain_len] = '\0';
	memcpy(user, rest, user_len + 1);
	return true;
}

uint64_t ntlm_filetime(int64_t unix_s)
{
	return (uint64_t)(unix_s + 11644473600) * 10000000;
}

/* Messages (MS-NLMP 2.2.1) */

enum ntlm_type ntlm_type_of(const uint8_t *buf, size_t len)
{
	struct cw_rd r = cw_rd_of(buf, len);
	const uint8_t *sign = cw_rd_take(&r, sizeof(signature));
	uint32_t type = cw_rd_le32(&r);
	if (r.bad || memcmp(sign, signature, sizeof(signature)) != 0 || type > NTLM_AUTHENTICATE)
		return 0;
	return (enum ntlm_type)type;
}

/* A reader behind signature and type. */
static enum cw_ec open_message(const uint8_t *buf, size_t len, enum ntlm_type type,
			       struct cw_rd *out)
{
	if (len > NTLM_MESSAGE_MOST)
		return CW_ETOOBIG;
	if (ntlm_type_of(buf, len) != type)
		return CW_EMALFORMED;
	*out = cw_rd_of(buf + PREAMBLE, len - PREAMBLE);
	return CW_OK;
}

/* Length, room, offset. An empty field may point anywhere. */
static struct ntlm_bytes get_field(struct cw_rd *r, const uint8_t *buf, size_t len)
{
	size_t n = cw_rd_le16(r);
	cw_rd_le16(r);
	size_t offset = cw_rd_le32(r);
	if (r->bad || !n)
		return (struct ntlm_bytes){ 0 };
	if (offset > len || n > len - offset) {
		r->bad = true;
		return (struct ntlm_bytes){ 0 };
	}
	return (struct ntlm_bytes){ buf + offset, n };
}

enum cw_ec ntlm_negotiate_decode(const uint8_t *buf, size_t len, struct ntlm_negotiate *out)
{
	struct cw_rd r;
	struct ntlm_negotiate m = { 0 };
	enum cw_ec ec = open_message(buf, len, NTLM_NEGOTIATE, &r);
	if (ec != CW_OK)
		return ec;
	m.flags = cw_rd_le32(&r);
	/* Old clients end here, and the fields mean nothing without their flags. */
	if (m.flags & (NTLM_DOMAIN_SUPPLIED | NTLM_WORKSTATION_SUPPLIED)) {
		m.domain = get_field(&r, buf, len);
		m.workstation = get_field(&r, buf, len);
	}
	if (r.bad)
		return CW_EMALFORMED;
	*out = m;
	return CW_OK;
}

enum cw_ec ntlm_challenge_decode(const uint8_t *buf, size_t len, struct ntlm_challenge *out)
{
	struct cw_rd r;
	struct ntlm_challenge m = { 0 };
	enum cw_ec ec = open_message(buf, len, NTLM_CHALLENGE, &r);
	if (ec != CW_OK)
		return ec;
	m.target_name = get_field(&r, buf, len);
	m.flags = cw_rd_le32(&r);
	const uint8_t *nonce = cw_rd_take(&r, NTLM_NONCE);
	if (!nonce)
		return CW_EMALFORMED;
	memcpy(m.nonce, nonce, NTLM_NONCE);
	if (m.flags & NTLM_TARGET_INFO) {
		cw_rd_take(&r, 8); /* reserved */
		m.target_info = get_field(&r, buf, len);
	}
	if (r.bad)
		return CW_EMALFORMED;
	*out = m;
	return CW_OK;
}

enum cw_ec ntlm_authenticate_decode(const uint8_t *buf, size_t len, struct ntlm_authenticate *out)
{
	struct cw_rd r;
	struct ntlm_authenticate m = { 0 };
	enum cw_ec ec = open_message(buf, len, NTLM_AUTHENTICATE, &r);
	if (ec != CW_OK)
		return ec;
	m.lm = get_field(&r, buf, len);
	m.nt = get_field(&r, buf, len);
	m.domain = get_field(&r, buf, len);
	m.user = get_field(&r, buf, len);
	m.workstation = get_field(&r, buf, len);
	m.session_key = get_field(&r, buf, len);
	m.flags = cw_rd_le32(&r);
	if (r.bad)
		return CW_EMALFORMED;
	*out = m;
	return CW_OK;
}

/* A message being written: the fixed part goes to head, the payload lies behind it. */
struct layout {
	struct cw_wr head, payload;
	size_t payload_at;
};

static struct layout layout_begin(struct cw_wr *w, enum ntlm_type type, size_t head_len,
				  size_t payload_len)
{
	uint8_t *at = cw_wr_room(w, head_len + payload_len);
	struct layout l = { .payload_at = head_len };
	if (!at || head_len + payload_len > NTLM_MESSAGE_MOST) {
		w->bad = true;
		l.head.bad = l.payload.bad = true;
		return l;
	}
	l.head = cw_wr_of(at, head_len);
	l.payload = cw_wr_of(at + head_len, payload_len);
	cw_wr_bytes(&l.head, signature, sizeof(signature));
	cw_wr_le32(&l.head, type);
	return l;
}

static void put_field(struct layout *l, struct ntlm_bytes b)
{
	cw_wr_le16(&l->head, (uint16_t)b.len);
	cw_wr_le16(&l->head, (uint16_t)b.len);
	cw_wr_le32(&l->head, (uint32_t)(l->payload_at + l->payload.len));
	cw_wr_bytes(&l->payload, b.at, b.len);
}

/* MS-NLMP 2.2.2.10. Nobody reads it but people: revision 15 of NTLM, no Windows version. */
static void put_version(struct layout *l, uint32_t flags)
{
	static const uint8_t version[VERSION_LEN] = { [7] = 15 };
	if (flags & NTLM_VERSION)
		cw_wr_bytes(&l->head, version, sizeof(version));
}

static size_t head_len(size_t len, uint32_t flags)
{
	return flags & NTLM_VERSION ? len + VERSION_LEN : len;
}

void ntlm_negotiate_encode(struct cw_wr *w, const struct ntlm_negotiate *m)
{
	struct layout l = layout_begin(w, NTLM_NEGOTIATE, head_len(32, m->flags),
				       m->domain.len + m->workstation.len);
	cw_wr_le32(&l.head, m->flags);
	put_field(&l, m->domain);
	put_field(&l, m->workstation);
	put_version(&l, m->flags);
}

void ntlm_challenge_encode(struct cw_wr *w, const struct ntlm_challenge *m)
{
	struct layout l = layout_begin(w, NTLM_CHALLENGE, head_len(48, m->flags),
				       m->target_name.len + m->target_info.len);
	put_field(&l, m->target_name);
	cw_wr_le32(&l.head, m->flags);
	cw_wr_bytes(&l.head, m->nonce, NTLM_NONCE);
	cw_wr_le32(&l.head, 0);
	cw_wr_le32(&l.head, 0);
	put_field(&l, m->target_info);
	put_version(&l, m->flags);
}

void ntlm_authenticate_encode(struct cw_wr *w, const struct ntlm_authenticate *m)
{
	size_t payload = m->lm.len + m->nt.len + m->domain.len + m->user.len + m->workstation.len +
			 m->session_key.len;
	struct layout l = layout_begin(w, NTLM_AUTHENTICATE, head_len(64, m->flags), payload);
	put_field(&l, m->lm);
	put_field(&l, m->nt);
	put_field(&l, m->domain);
	put_field(&l, m->user);
	put_field(&l, m->workstation);
	put_field(&l, m->session_key);
	cw_wr_le32(&l.head, m->flags);
	put_version(&l, m->flags);
}

/* AV pairs (MS-NLMP 2.2.2.1) */

enum cw_ec ntlm_av_get(struct ntlm_bytes list, enum ntlm_av id, struct ntlm_bytes *out)
{
	struct cw_rd r = cw_rd_of(list.at, list.len);
	for (;;) {
		uint16_t one = cw_rd_le16(&r);
		size_t len = cw_rd_le16(&r);
		const uint8_t *value = cw_rd_take(&r, len);
		if (r.bad)
			return CW_EMALFORMED;
		if (one == (uint16_t)id && one != NTLM_AV_END) {
			*out = (struct ntlm_bytes){ value, len };
			return CW_OK;
		}
		if (one == NTLM_AV_END)
			return CW_ENOTFOUND;
	}
}

void ntlm_av_put_text(struct cw_wr *w, enum ntlm_av id, const char *text)
{
	cw_wr_le16(w, (uint16_t)id);
	cw_wr_le16(w, 0);
	size_t at = w->len;
	if (!ntlm_utf16_put(w, text, false) || w->len - at > UINT16_MAX)
		w->bad = true;
	if (w->bad)
		return;
	w->base[at - 2] = (uint8_t)(w->len - at);
	w->base[at - 1] = (uint8_t)((w->len - at) >> 8);
}

static void put_le64(struct cw_wr *w, uint64_t v)
{
	cw_wr_le32(w, (uint32_t)v);
	cw_wr_le32(w, (uint32_t)(v >> 32));
}

void ntlm_av_put_time(struct cw_wr *w, uint64_t filetime)
{
	cw_wr_le16(w, NTLM_AV_TIMESTAMP);
	cw_wr_le16(w, 8);
	put_le64(w, filetime);
}

void ntlm_av_put_end(struct cw_wr *w)
{
	cw_wr_le32(w, NTLM_AV_END);
}

/* Responses (MS-NLMP 3.3.2) */

static bool hmac_md5(const uint8_t key[NTLM_KEY], const uint8_t *data, size_t len,
		     uint8_t out[PROOF])
{
	size_t made = 0;
	return EVP_Q_mac(NULL, "HMAC", NULL, "MD5", NULL, key, NTLM_KEY, data, len, out, PROOF,
			 &made) &&
	       made == PROOF;
}

bool ntlm_ntowf_v2(const struct ntlm_login *login, uint8_t key[NTLM_KEY])
{
	uint8_t password[UTF16_MOST], name[2 * UTF16_MOST], hash[NTLM_KEY], made[NTLM_KEY];
	struct cw_wr p = cw_wr_of(password, sizeof(password)), n = cw_wr_of(name, sizeof(name));
	bool good = ntlm_utf16_put(&p, login->password, false) &&
		    ntlm_utf16_put(&n, login->user, true) &&
		    ntlm_utf16_put(&n, login->domain, false) && !p.bad && !n.bad;
	if (good) {
		ntlm_md4(password, p.len, hash);
		good = hmac_md5(hash, name, n.len, made);
	}
	if (good)
		memcpy(key, made, NTLM_KEY);
	OPENSSL_cleanse(password, sizeof(password));
	OPENSSL_cleanse(hash, sizeof(hash));
	OPENSSL_cleanse(made, sizeof(made));
	return good;
}

bool ntlm_lm_v2(const uint8_t key[NTLM_KEY], const uint8_t nonce[NTLM_NONCE],
		const uint8_t client_nonce[NTLM_NONCE], uint8_t out[NTLM_LMV2])
{
	uint8_t both[2 * NTLM_NONCE];
	memcpy(both, nonce, NTLM_NONCE);
	memcpy(both + NTLM_NONCE, client_nonce, NTLM_NONCE);
	memcpy(out + PROOF, client_nonce, NTLM_NONCE);
	return hmac_md5(key, both, sizeof(both), out);
}

/* Over the server's nonce and the blob, which lies in one piece with room for the nonce. */
static bool prove(const uint8_t key[NTLM_KEY], const uint8_t nonce[NTLM_NONCE],
		  struct ntlm_bytes blob, uint8_t out[PROOF])
{
	uint8_t all[NTLM_NONCE + NTLM_MESSAGE_MOST];
	if (blob.len > NTLM_MESSAGE_MOST)
		return false;
	memcpy(all, nonce, NTLM_NONCE);
	memcpy(all + NTLM_NONCE, blob.at, blob.len);
	return hmac_md5(key, all, NTLM_NONCE + blob.len, out);
}

void ntlm_nt_v2(struct cw_wr *w, const uint8_t key[NTLM_KEY], const uint8_t nonce[NTLM_NONCE],
		const uint8_t client_nonce[NTLM_NONCE], uint64_t filetime,
		struct ntlm_bytes target_info)
{
	static const uint8_t versions[8] = { 1, 1 };
	uint8_t *proof = cw_wr_room(w, PROOF);
	size_t blob = w->len;
	cw_wr_bytes(w, versions, sizeof(versions));
	put_le64(w, filetime);
	cw_wr_bytes(w, client_nonce, NTLM_NONCE);
	cw_wr_le32(w, 0);
	if (target_info.len)
		cw_wr_bytes(w, target_info.at, target_info.len);
	else
		ntlm_av_put_end(w);
	cw_wr_le32(w, 0);
	if (w->bad)
		return;
	if (!prove(key, nonce, (struct ntlm_bytes){ w->base + blob, w->len - blob }, proof))
		w->bad = true;
}

/* What a type 3 is made of, in one place. */
struct answer_parts {
	uint8_t domain[UTF16_MOST], user[UTF16_MOST], workstation[UTF16_MOST];
	uint8_t lm[NTLM_LMV2], nt[NTLM_MESSAGE_MOST];
};

static bool put_name(const char *name, uint8_t *buf, struct ntlm_bytes *out)
{
	struct cw_wr w = cw_wr_of(buf, UTF16_MOST);
	bool good = ntlm_utf16_put(&w, name, false) && !w.bad;
	*out = (struct ntlm_bytes){ buf, w.len };
	return good;
}

static bool put_responses(struct answer_parts *p, struct ntlm_authenticate *m,
			  const struct ntlm_challenge *c, const uint8_t key[NTLM_KEY],
			  const uint8_t client_nonce[NTLM_NONCE], uint64_t filetime)
{
	struct ntlm_bytes time;
	struct cw_wr w = cw_wr_of(p->nt, sizeof(p->nt));
	bool timed =
		ntlm_av_get(c->target_info, NTLM_AV_TIMESTAMP, &time) == CW_OK && time.len == 8;
	if (timed) {
		struct cw_rd r = cw_rd_of(time.at, time.len);
		filetime = cw_rd_le32(&r);
		filetime |= (uint64_t)cw_rd_le32(&r) << 32;
	}
	memset(p->lm, 0, sizeof(p->lm));
	if (!timed && !ntlm_lm_v2(key, c->nonce, client_nonce, p->lm))
		return false;
	ntlm_nt_v2(&w, key, c->nonce, client_nonce, filetime, c->target_info);
	m->lm = (struct ntlm_bytes){ p->lm, sizeof(p->lm) };
	m->nt = (struct ntlm_bytes){ p->nt, w.len };
	return !w.bad;
}

enum cw_ec ntlm_answer(struct cw_wr *w, const uint8_t *challenge, size_t len,
		       const struct ntlm_login *login, const uint8_t client_nonce[NTLM_NONCE],
		       uint64_t filetime)
{
	struct ntlm_challenge c;
	struct answer_parts parts;
	uint8_t key[NTLM_KEY];
	enum cw_ec ec = ntlm_challenge_decode(challenge, len, &c);
	if (ec != CW_OK)
		return ec;
	if (!(c.flags & NTLM_UNICODE))
		return CW_EUNSUPPORTED;
	struct ntlm_authenticate m = { .flags = c.flags & ANSWER_FLAGS };
	if (!put_name(login->domain, parts.domain, &m.domain) ||
	    !put_name(login->user, parts.user, &m.user) ||
	    !put_name(login->workstation, parts.workstation, &m.workstation) ||
	    !ntlm_ntowf_v2(login, key))
		return CW_EINVAL;
	bool good = put_responses(&parts, &m, &c, key, client_nonce, filetime);
	OPENSSL_cleanse(key, sizeof(key));
	if (!good)
		return CW_EMALFORMED; /* a target info that leaves no room for the rest */
	ntlm_authenticate_encode(w, &m);
	return w->bad ? CW_ETOOBIG : CW_OK;
}

/* The name that a client sent, as UTF-8. OEM names: what is ASCII in them. */
static bool sent_name(const struct ntlm_authenticate *m, struct ntlm_bytes in, char out[UTF8_MOST])
{
	if (in.len > UTF16_MOST)
		return false;
	if (m->flags & NTLM_UNICODE) {
		ntlm_utf16_text(in, out, UTF8_MOST);
		return true;
	}
	for (size_t i = 0; i < in.len; i++)
		out[i] = in.at[i] < 0x80 ? (char)in.at[i] : '?';
	out[in.len] = '\0';
	return true;
}

static bool same_without_case(const char *a, const char *b)
{
	uint8_t a16[2 * UTF16_MOST], b16[2 * UTF16_MOST];
	struct cw_wr aw = cw_wr_of(a16, sizeof(a16)), bw = cw_wr_of(b16, sizeof(b16));
	if (!ntlm_utf16_put(&aw, a, true) || !ntlm_utf16_put(&bw, b, true) || aw.bad || bw.bad)
		return false;
	return aw.len == bw.len && memcmp(a16, b16, aw.len) == 0;
}

enum ntlm_verdict ntlm_check(const struct ntlm_authenticate *m, const uint8_t nonce[NTLM_NONCE],
			     const struct ntlm_login *login)
{
	char user[UTF8_MOST], domain[UTF8_MOST];
	uint8_t key[NTLM_KEY], proof[PROOF];
	if (!m->user.len && !m->nt.len)
		return NTLM_ANONYMOUS;
	if (m->nt.len < PROOF + BLOB_HEAD)
		return NTLM_TOO_OLD;
	if (!sent_name(m, m->user, user) || !sent_name(m, m->domain, domain) ||
	    !same_without_case(user, login->user) ||
	    (*login->domain && !same_without_case(domain, login->domain)))
		return NTLM_WRONG_USER;
	struct ntlm_login sent = { .domain = domain, .user = user, .password = login->password };
	struct ntlm_bytes blob = { m->nt.at + PROOF, m->nt.len - PROOF };
	bool good = ntlm_ntowf_v2(&sent, key) && prove(key, nonce, blob, proof) &&
		    CRYPTO_memcmp(proof, m->nt.at, PROOF) == 0;
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(proof, sizeof(proof));
	return good ? NTLM_GOOD : NTLM_WRONG_PASSWORD;
}
