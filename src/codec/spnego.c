#include "codec/spnego.h"

#include <assert.h>
#include <string.h>

#include "base/rd.h"

/* DER (X.690) as far as it is needed here. */
enum {
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_ENUM = 0x0a,
	DER_SEQUENCE = 0x30,
	DER_APPLICATION_0 = 0x60,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
	DER_CONTEXT_2 = 0xa2,
};

static const uint8_t spnego_oid[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02 };

static const struct {
	enum spnego_mech mech;
	const char *name;
	uint8_t len, oid[12];
} mechs[] = {
	{ SPNEGO_KERBEROS,
	  "Kerberos",
	  9,
	  { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02 } },
	{ SPNEGO_MS_KERBEROS,
	  "MS-Kerberos",
	  9,
	  { 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02 } },
	{ SPNEGO_NTLM, "NTLM", 10, { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a } },
	{ SPNEGO_NEGOEX,
	  "NegoEx",
	  10,
	  { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e } },
};

enum { MECHS = sizeof(mechs) / sizeof(mechs[0]) };

const char *spnego_mech_name(enum spnego_mech m)
{
	for (size_t i = 0; i < MECHS; i++) {
		if (mechs[i].mech == m)
			return mechs[i].name;
	}
	return m == SPNEGO_MECH_OTHER ? "other" : "none";
}

/* Reading */

static size_t get_der_len(struct cw_rd *r)
{
	size_t len = cw_rd_u8(r);
	if (len < 0x80)
		return len;
	size_t octets = len & 0x7f;
	if (!octets || octets > 4) {
		r->bad = true;
		return 0;
	}
	len = 0;
	while (octets--)
		len = len << 8 | cw_rd_u8(r);
	return len;
}

/* The contents of the next element, which must be of this tag. */
static struct cw_rd get_der(struct cw_rd *r, uint8_t tag)
{
	if (cw_rd_u8(r) != tag)
		r->bad = true;
	size_t len = get_der_len(r);
	return cw_rd_part(r, len);
}

/* The same, if it is there. */
static bool find_der(struct cw_rd *r, uint8_t tag, struct cw_rd *out)
{
	if (r->bad || !r->left || *r->p != tag)
		return false;
	*out = get_der(r, tag);
	return !out->bad;
}

static enum spnego_mech mech_of(const struct cw_rd *oid)
{
	for (size_t i = 0; i < MECHS; i++) {
		if (oid->left == mechs[i].len && memcmp(oid->p, mechs[i].oid, oid->left) == 0)
			return mechs[i].mech;
	}
	return SPNEGO_MECH_OTHER;
}

static void get_token(struct cw_rd *wrapped, struct spnego_token *out, bool *bad)
{
	struct cw_rd token = get_der(wrapped, DER_OCTETS);
	*bad = *bad || token.bad;
	out->token = token.left ? token.p : NULL;
	out->token_len = token.left;
}

static bool read_mech_list(struct cw_rd *wrapped, struct spnego_token *out)
{
	struct cw_rd list = get_der(wrapped, DER_SEQUENCE);
	while (!list.bad && list.left) {
		struct cw_rd oid = get_der(&list, DER_OID);
		if (!oid.bad && out->mech_count < SPNEGO_MECHS)
			out->mech[out->mech_count++] = mech_of(&oid);
	}
	return !list.bad;
}

/* RFC 4178 4.2.1 */
static enum cw_ec read_init(struct cw_rd *r, struct spnego_token *out)
{
	struct cw_rd outer = get_der(r, DER_CONTEXT_0), part;
	struct cw_rd fields = get_der(&outer, DER_SEQUENCE);
	bool bad = fields.bad;
	out->kind = SPNEGO_INIT;
	if (find_der(&fields, DER_CONTEXT_0, &part) && !read_mech_list(&part, out))
		bad = true;
	find_der(&fields, DER_CONTEXT_1, &part); /* reqFlags */
	if (find_der(&fields, DER_CONTEXT_2, &part))
		get_token(&part, out, &bad);
	return bad || fields.bad ? CW_EMALFORMED : CW_OK;
}

/* RFC 4178 4.2.2 */
static enum cw_ec read_response(struct cw_rd *r, struct spnego_token *out)
{
	struct cw_rd outer = get_der(r, DER_CONTEXT_1), part;
	struct cw_rd fields = get_der(&outer, DER_SEQUENCE);
	bool bad = fields.bad;
	out->kind = SPNEGO_RESPONSE;
	if (find_der(&fields, DER_CONTEXT_0, &part)) {
		struct cw_rd state = get_der(&part, DER_ENUM);
		uint8_t value = cw_rd_u8(&state);
		bad = bad || !cw_rd_ended(&state) || value > SPNEGO_REQUEST_MIC;
		out->state = (enum spnego_state)value;
	}
	if (find_der(&fields, DER_CONTEXT_1, &part)) {
		struct cw_rd oid = get_der(&part, DER_OID);
		bad = bad || oid.bad;
		if (!oid.bad)
			out->mech[out->mech_count++] = mech_of(&oid);
	}
	if (find_der(&fields, DER_CONTEXT_2, &part))
		get_token(&part, out, &bad);
	return bad || fields.bad ? CW_EMALFORMED : CW_OK;
}

static enum cw_ec read_bare(const uint8_t *buf, size_t len, enum spnego_kind kind,
			    enum spnego_mech mech, struct spnego_token *out)
{
	out->kind = kind;
	out->mech_count = 1;
	out->mech[0] = mech;
	out->token = buf;
	out->token_len = len;
	return CW_OK;
}

/* RFC 2743 3.1: a first token names its mechanism. */
static enum cw_ec read_gss(const uint8_t *buf, size_t len, struct spnego_token *out)
{
	struct cw_rd r = cw_rd_of(buf, len);
	struct cw_rd inner = get_der(&r, DER_APPLICATION_0);
	struct cw_rd oid = get_der(&inner, DER_OID);
	if (oid.bad)
		return CW_EMALFORMED;
	if (oid.left == sizeof(spnego_oid) && memcmp(oid.p, spnego_oid, oid.left) == 0)
		return read_init(&inner, out);
	enum spnego_mech mech = mech_of(&oid);
	if (mech != SPNEGO_KERBEROS && mech != SPNEGO_MS_KERBEROS)
		return CW_EMALFORMED;
	return read_bare(buf, len, SPNEGO_BARE_KERBEROS, mech, out);
}

enum cw_ec spnego_decode(const uint8_t *buf, size_t len, struct spnego_token *out)
{
	static const char ntlm[] = "NTLMSSP"; /* with its NUL */
	struct spnego_token t = { .state = SPNEGO_STATE_NONE };
	struct cw_rd r = cw_rd_of(buf, len);
	enum cw_ec ec = CW_EMALFORMED;
	if (len >= sizeof(ntlm) && memcmp(buf, ntlm, sizeof(ntlm)) == 0)
		ec = read_bare(buf, len, SPNEGO_BARE_NTLM, SPNEGO_NTLM, &t);
	else if (len && buf[0] == DER_APPLICATION_0)
		ec = read_gss(buf, len, &t);
	else if (len && buf[0] == DER_CONTEXT_1)
		ec = read_response(&r, &t);
	if (ec == CW_OK)
		*out = t;
	return ec;
}

/* Writing: lengths come before what they measure, so sizes are counted first. */

static size_t der_size(size_t len)
{
	size_t octets = 0;
	for (size_t v = len; len >= 0x80 && v; v >>= 8)
		octets++;
	return 2 + octets + len;
}

static void put_der(struct cw_wr *w, uint8_t tag, size_t len)
{
	size_t octets = der_size(len) - len - 2;
	cw_wr_u8(w, tag);
	cw_wr_u8(w, (uint8_t)(octets ? 0x80 | octets : len));
	while (octets--)
		cw_wr_u8(w, (uint8_t)(len >> (8 * octets)));
}

/* The caller names mechanisms that have an OID. */
static size_t mech_find(enum spnego_mech m)
{
	size_t i = 0;
	while (i < MECHS && mechs[i].mech != m)
		i++;
	assert(i < MECHS);
	return i;
}

static void put_oid(struct cw_wr *w, enum spnego_mech m)
{
	size_t i = mech_find(m);
	put_der(w, DER_OID, mechs[i].len);
	cw_wr_bytes(w, mechs[i].oid, mechs[i].len);
}

static void put_token(struct cw_wr *w, const uint8_t *token, size_t len)
{
	if (!len)
		return;
	put_der(w, DER_CONTEXT_2, der_size(len));
	put_der(w, DER_OCTETS, len);
	cw_wr_bytes(w, token, len);
}

static size_t token_size(size_t len)
{
	return len ? der_size(der_size(len)) : 0;
}

void spnego_init_encode(struct cw_wr *w, const enum spnego_mech *mech, size_t mech_count,
			const uint8_t *token, size_t len)
{
	size_t oids = 0;
	for (size_t i = 0; i < mech_count; i++)
		oids += der_size(mechs[mech_find(mech[i])].len);
	size_t fields = der_size(der_size(oids)) + token_size(len);
	size_t init = der_size(der_size(fields));
	put_der(w, DER_APPLICATION_0, der_size(sizeof(spnego_oid)) + init);
	put_der(w, DER_OID, sizeof(spnego_oid));
	cw_wr_bytes(w, spnego_oid, sizeof(spnego_oid));
	put_der(w, DER_CONTEXT_0, der_size(fields));
	put_der(w, DER_SEQUENCE, fields);
	put_der(w, DER_CONTEXT_0, der_size(oids));
	put_der(w, DER_SEQUENCE, oids);
	for (size_t i = 0; i < mech_count; i++)
		put_oid(w, mech[i]);
	put_token(w, token, len);
}

void spnego_response_encode(struct cw_wr *w, enum spnego_state state, enum spnego_mech mech,
			    const uint8_t *token, size_t len)
{
	size_t state_size = state != SPNEGO_STATE_NONE ? der_size(der_size(1)) : 0;
	size_t mech_size =
		mech != SPNEGO_MECH_NONE ? der_size(der_size(mechs[mech_find(mech)].len)) : 0;
	size_t fields = state_size + mech_size + token_size(len);
	put_der(w, DER_CONTEXT_1, der_size(fields));
	put_der(w, DER_SEQUENCE, fields);
	if (state_size) {
		put_der(w, DER_CONTEXT_0, der_size(1));
		put_der(w, DER_ENUM, 1);
		cw_wr_u8(w, (uint8_t)state);
	}
	if (mech_size) {
		put_der(w, DER_CONTEXT_1, der_size(mechs[mech_find(mech)].len));
		put_oid(w, mech);
	}
	put_token(w, token, len);
}
