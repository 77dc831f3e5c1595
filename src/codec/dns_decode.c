#include "codec/dns.h"

#include <string.h>

#include "codec/dns_wire.h"

/*
 * Names of this message that were decoded already, by their offset: most owner names are a
 * pointer to the question or to the name of the record before, and share its text. The first
 * place keeps the first name, which is the question's; the others are used in turn.
 */
enum { MEMO = 8 };

struct decoder {
	const uint8_t *buf;
	size_t len;
	struct cw_arena *arena;
	struct cw_rd r;
	struct dns_message m;
	struct dns_rr *rr;
	struct {
		size_t at;
		const char *name;
	} memo[MEMO];
	size_t memo_count; /* names ever put in */
};

static const char *recall(const struct decoder *d, size_t at)
{
	size_t used = d->memo_count < MEMO ? d->memo_count : MEMO;
	for (size_t i = 0; i < used; i++) {
		if (d->memo[i].at == at)
			return d->memo[i].name;
	}
	return NULL;
}

static void memorise(struct decoder *d, size_t at, const char *name)
{
	size_t n = d->memo_count++;
	size_t place = n < MEMO ? n : 1 + (n - MEMO) % (MEMO - 1);
	d->memo[place].at = at;
	d->memo[place].name = name;
}

/* The name at r in the arena, or NULL where it is malformed. r is d->r or a part of it. */
static const char *read_name(struct decoder *d, struct cw_rd *r)
{
	size_t at = r->bad ? 0 : (size_t)(r->p - d->buf);
	if (r->left >= 2 && r->p[0] >= DNS_POINTER) { /* nothing but a pointer */
		size_t target = (r->p[0] & ~(size_t)DNS_POINTER) << 8 | r->p[1];
		const char *known = recall(d, target);
		if (known) {
			(void)cw_rd_take(r, 2);
			return known;
		}
		at = target;
	}
	char text[LIMIT_DNS_NAME_TEXT];
	size_t len = dns_name_unpack(r, d->buf, d->len, text);
	if (!len)
		return NULL;
	const char *name = cw_arena_strn(d->arena, text, len);
	memorise(d, at, name);
	return name;
}

/* The twelve octets of RFC 1035 4.1.1; count gets the four counts. */
static bool read_header(struct cw_rd *r, struct dns_message *m, uint16_t count[4])
{
	m->id = cw_rd_be16(r);
	uint16_t flags = cw_rd_be16(r);
	m->response = flags & 0x8000;
	m->opcode = flags >> 11 & 0xf;
	m->authoritative = flags & 0x0400;
	m->truncated = flags & 0x0200;
	m->recursion_desired = flags & 0x0100;
	m->recursion_available = flags & 0x0080;
	m->rcode = flags & 0xf;
	for (size_t i = 0; i < 4; i++)
		count[i] = cw_rd_be16(r);
	m->question_count = count[DNS_QUESTION];
	m->question.name = ".";
	return !r->bad;
}

static bool read_questions(struct decoder *d)
{
	if (d->m.question_count > d->r.left / DNS_QUESTION_LEAST)
		return false;
	for (size_t i = 0; i < d->m.question_count; i++) {
		struct dns_question q = { 0 };
		if (i) {
			if (!dns_name_skip(&d->r))
				return false;
		} else {
			q.name = read_name(d, &d->r);
			if (!q.name)
				return false;
		}
		q.type = cw_rd_be16(&d->r);
		q.class_ = cw_rd_be16(&d->r);
		if (!i)
			d->m.question = q;
	}
	return !d->r.bad;
}

static bool read_srv(struct decoder *d, struct cw_rd *r, struct dns_rr *rr)
{
	struct dns_srv srv = {
		.priority = cw_rd_be16(r),
		.weight = cw_rd_be16(r),
		.port = cw_rd_be16(r),
	};
	srv.target = read_name(d, r);
	if (!srv.target)
		return false;
	rr->srv = srv;
	return true;
}

static bool read_soa(struct decoder *d, struct cw_rd *r, struct dns_rr *rr)
{
	struct dns_soa soa = { 0 };
	soa.mname = read_name(d, r);
	soa.rname = soa.mname ? read_name(d, r) : NULL;
	if (!soa.rname)
		return false;
	soa.serial = cw_rd_be32(r);
	soa.refresh = cw_rd_be32(r);
	soa.retry = cw_rd_be32(r);
	soa.expire = cw_rd_be32(r);
	soa.minimum = cw_rd_be32(r);
	if (r->bad)
		return false;
	rr->soa = soa;
	return true;
}

static bool read_name_rdata(struct decoder *d, struct cw_rd *r, struct dns_rr *rr)
{
	const char *name = read_name(d, r);
	if (!name)
		return false;
	rr->name = name;
	return true;
}

static bool read_address(struct cw_rd *r, struct dns_rr *rr, size_t len)
{
	const uint8_t *address = cw_rd_take(r, len);
	if (!address)
		return false;
	memcpy(rr->address, address, len);
	return true;
}

/* The first character-string as text; the others only have to be whole (RFC 1035 3.3.14). */
static bool read_txt(struct decoder *d, struct cw_rd *r, struct dns_rr *rr)
{
	size_t len = cw_rd_u8(r);
	const uint8_t *octets = cw_rd_take(r, len);
	if (!octets)
		return false;
	while (r->left && !r->bad)
		(void)cw_rd_take(r, cw_rd_u8(r));
	if (r->bad)
		return false;
	char text[4 * UINT8_MAX], *o = text;
	for (size_t i = 0; i < len; i++) {
		if (octets[i] < ' ' || octets[i] > '~' || octets[i] == '\\')
			o = dns_escape_octet(octets[i], o);
		else
			*o++ = (char)octets[i];
	}
	rr->txt = cw_arena_strn(d->arena, text, (size_t)(o - text));
	return true;
}

/* Texts of a record without readable rdata are "", so that no reader meets a NULL. */
static void clear_rdata(struct dns_rr *rr)
{
	switch (rr->type) {
	case DNS_SRV:
		rr->srv = (struct dns_srv){ .target = "" };
		break;
	case DNS_SOA:
		rr->soa = (struct dns_soa){ .mname = "", .rname = "" };
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		rr->name = "";
		break;
	case DNS_TXT:
		rr->txt = "";
		break;
	default:
		break;
	}
}

static bool read_rdata(struct decoder *d, struct cw_rd *r, struct dns_rr *rr)
{
	switch (rr->type) {
	case DNS_A:
		return read_address(r, rr, 4);
	case DNS_AAAA:
		return read_address(r, rr, 16);
	case DNS_SRV:
		return read_srv(d, r, rr);
	case DNS_SOA:
		return read_soa(d, r, rr);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return read_name_rdata(d, r, rr);
	case DNS_TXT:
		return read_txt(d, r, rr);
	default:
		r->left = 0; /* RFC 3597: opaque */
		return true;
	}
}

/* Only an UPDATE has records without rdata: they delete or demand (RFC 2136 2.4, 2.5). */
static bool may_be_empty(const struct dns_message *m, const struct dns_rr *rr)
{
	return m->opcode == DNS_OPCODE_UPDATE &&
	       (rr->class_ == DNS_CLASS_ANY || rr->class_ == DNS_CLASS_NONE);
}

static void decode_rdata(struct decoder *d, struct cw_rd rdata, struct dns_rr *rr)
{
	rr->raw = rdata.p;
	rr->raw_len = (uint16_t)rdata.left;
	rr->empty = !rdata.left;
	clear_rdata(rr);
	if (rr->empty && may_be_empty(&d->m, rr))
		return;
	rr->bad_rdata = !read_rdata(d, &rdata, rr) || !cw_rd_ended(&rdata);
	if (rr->bad_rdata)
		clear_rdata(rr);
}

/* RFC 6891 6.1.1: at most one, owned by the root. */
static bool take_opt(struct decoder *d, const struct dns_rr *rr)
{
	if (d->m.edns.present || strcmp(rr->owner, ".") != 0)
		return false;
	d->m.edns = (struct dns_edns){
		.present = true,
		.udp_payload = rr->class_,
		.version = (uint8_t)(rr->ttl_s >> 16),
		.dnssec_ok = rr->ttl_s & 0x8000,
	};
	d->m.rcode = (uint16_t)(d->m.rcode | (rr->ttl_s >> 24) << 4);
	return true;
}

static bool read_record(struct decoder *d, enum dns_section section, bool last)
{
	size_t at = d->len - d->r.left;
	struct dns_rr *rr = &d->rr[d->m.rr_count];
	rr->section = section;
	rr->owner = read_name(d, &d->r);
	if (!rr->owner)
		return false;
	rr->type = cw_rd_be16(&d->r);
	rr->class_ = cw_rd_be16(&d->r);
	rr->ttl_s = cw_rd_be32(&d->r);
	struct cw_rd rdata = cw_rd_part(&d->r, cw_rd_be16(&d->r));
	if (d->r.bad)
		return false;
	if (rr->type == DNS_OPT && section == DNS_ADDITIONAL)
		return take_opt(d, rr);
	if (rr->type == DNS_TSIG) { /* RFC 8945 5.1: the last one, in the additional section */
		d->m.has_tsig = true;
		d->m.tsig_at = at;
		return last && section == DNS_ADDITIONAL;
	}
	decode_rdata(d, rdata, rr);
	d->m.rr_count++;
	return true;
}

static bool read_records(struct decoder *d, const uint16_t count[4])
{
	size_t left = (size_t)count[1] + count[2] + count[3];
	for (enum dns_section s = DNS_ANSWER; s <= DNS_ADDITIONAL; s++) {
		for (size_t i = 0; i < count[s]; i++) {
			if (!read_record(d, s, !--left))
				return false;
		}
	}
	return true;
}

enum cw_ec dns_message_decode(const uint8_t *buf, size_t len, struct cw_arena *arena,
			      struct dns_message *out)
{
	struct decoder d = { .buf = buf, .len = len, .arena = arena, .r = cw_rd_of(buf, len) };
	uint16_t count[4];
	if (!read_header(&d.r, &d.m, count) || !read_questions(&d))
		return CW_EMALFORMED;
	size_t most = (size_t)count[1] + count[2] + count[3];
	if (most > d.r.left / DNS_RR_LEAST)
		return CW_EMALFORMED;
	if (most > LIMIT_DNS_RECORDS)
		return CW_ETOOBIG;
	if (most)
		d.rr = cw_arena_array_of(arena, struct dns_rr, most);
	if (!read_records(&d, count))
		return CW_EMALFORMED;
	d.m.rr = d.rr;
	d.m.trailing = d.r.left;
	*out = d.m;
	return CW_OK;
}

enum cw_ec dns_header_peek(const uint8_t *buf, size_t len, struct dns_message *out, char *name)
{
	struct cw_rd r = cw_rd_of(buf, len);
	struct dns_message m = { 0 };
	uint16_t count[4];
	if (!read_header(&r, &m, count))
		return CW_EMALFORMED;
	char text[LIMIT_DNS_NAME_TEXT] = ".";
	size_t text_len = 1;
	if (m.question_count) {
		text_len = dns_name_unpack(&r, buf, len, text);
		m.question.type = cw_rd_be16(&r);
		m.question.class_ = cw_rd_be16(&r);
		if (!text_len || r.bad)
			return CW_EMALFORMED;
	}
	memcpy(name, text, text_len + 1);
	m.question.name = name;
	*out = m;
	return CW_OK;
}
