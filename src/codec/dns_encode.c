#include "codec/dns.h"

#include <string.h>

#include "codec/dns_wire.h"

/*
 * Places where a name or the end of one was written, for pointers to it. Case is kept, so only a
 * name of the same case is pointed at. Names behind the table's end are simply written in full.
 */
enum { PLACES = 64 };

struct encoder {
	struct cw_wr *w;
	size_t start; /* where the message begins in w */
	struct {
		uint16_t at;   /* offset in the message */
		uint16_t hash; /* of the rest of the name from there */
	} place[PLACES];
	size_t place_count;
};

/* Whether the name at an offset of what we wrote ourselves reads as wire. */
static bool is_written_at(const struct encoder *e, size_t at, const uint8_t *wire)
{
	const uint8_t *message = e->w->base + e->start;
	const uint8_t *p = message + at;
	for (;;) {
		if (*p >= DNS_POINTER) {
			p = message + ((p[0] & ~(size_t)DNS_POINTER) << 8 | p[1]);
			continue;
		}
		size_t n = (size_t)*p + 1;
		if (*p != *wire || memcmp(p, wire, n) != 0)
			return false;
		if (n == 1)
			return true;
		p += n;
		wire += n;
	}
}

/* Where the name is written already: its offset, or 0. */
static size_t find_place(const struct encoder *e, const uint8_t *wire, uint16_t hash)
{
	for (size_t i = 0; i < e->place_count; i++) {
		if (e->place[i].hash == hash && is_written_at(e, e->place[i].at, wire))
			return e->place[i].at;
	}
	return 0;
}

static void keep_place(struct encoder *e, size_t at, uint16_t hash)
{
	if (at >= DNS_POINTER_REACH || e->place_count == PLACES)
		return;
	e->place[e->place_count].at = (uint16_t)at;
	e->place[e->place_count++].hash = hash;
}

struct label {
	uint8_t at;
	uint16_t hash; /* of the name from here to its end */
};

/* FNV-1a over each end of the name, from the root on, so that one pass does for all of them. */
static size_t split_labels(const uint8_t *wire, struct label label[LIMIT_DNS_LABELS])
{
	size_t count = 0;
	for (size_t at = 0; wire[at]; at += wire[at] + 1u)
		label[count++].at = (uint8_t)at;
	uint32_t hash = 2166136261u;
	for (size_t i = count; i--;) {
		const uint8_t *octet = wire + label[i].at;
		for (size_t n = *octet; n; n--)
			hash = (hash ^ *++octet) * 16777619u;
		label[i].hash = (uint16_t)(hash ^ hash >> 16);
	}
	return count;
}

/* Writes a name; with compress, its end as a pointer where the message has it already. */
static enum cw_ec put_name(struct encoder *e, const char *name, bool compress)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	size_t len = name ? dns_name_pack(name, wire) : 0;
	if (!len)
		return CW_EINVAL;
	struct label label[LIMIT_DNS_LABELS];
	size_t count = split_labels(wire, label);
	size_t fresh = compress ? 0 : count, place = 0;
	while (fresh < count && !(place = find_place(e, wire + label[fresh].at, label[fresh].hash)))
		fresh++;
	size_t at = e->w->len - e->start;
	cw_wr_bytes(e->w, wire, place ? label[fresh].at : len);
	if (place)
		cw_wr_be16(e->w, (uint16_t)(DNS_POINTER << 8 | place));
	for (size_t i = 0; i < fresh && !e->w->bad; i++)
		keep_place(e, at + label[i].at, label[i].hash);
	return CW_OK;
}

/* One character-string; \DDD and \X are escapes as in names. */
static enum cw_ec put_txt(struct cw_wr *w, const char *text)
{
	uint8_t octets[UINT8_MAX];
	size_t len = 0;
	if (!text)
		return CW_EINVAL;
	for (const char *s = text; *s;) {
		int octet = dns_unescape_octet(&s);
		if (octet < 0 || len == sizeof(octets))
			return CW_EINVAL;
		octets[len++] = (uint8_t)octet;
	}
	cw_wr_u8(w, (uint8_t)len);
	cw_wr_bytes(w, octets, len);
	return CW_OK;
}

static enum cw_ec put_soa(struct encoder *e, const struct dns_soa *soa)
{
	enum cw_ec ec = put_name(e, soa->mname, true);
	if (ec == CW_OK)
		ec = put_name(e, soa->rname, true);
	cw_wr_be32(e->w, soa->serial);
	cw_wr_be32(e->w, soa->refresh);
	cw_wr_be32(e->w, soa->retry);
	cw_wr_be32(e->w, soa->expire);
	cw_wr_be32(e->w, soa->minimum);
	return ec;
}

static enum cw_ec put_rdata(struct encoder *e, const struct dns_rr *rr)
{
	switch (rr->bad_rdata ? 0 : rr->type) {
	case DNS_A:
		cw_wr_bytes(e->w, rr->address, 4);
		return CW_OK;
	case DNS_AAAA:
		cw_wr_bytes(e->w, rr->address, 16);
		return CW_OK;
	case DNS_SRV:
		cw_wr_be16(e->w, rr->srv.priority);
		cw_wr_be16(e->w, rr->srv.weight);
		cw_wr_be16(e->w, rr->srv.port);
		return put_name(e, rr->srv.target, false);
	case DNS_SOA:
		return put_soa(e, &rr->soa);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return put_name(e, rr->name, true);
	case DNS_TXT:
		return put_txt(e->w, rr->txt);
	default:
		cw_wr_bytes(e->w, rr->raw, rr->raw_len);
		return CW_OK;
	}
}

static enum cw_ec put_record(struct encoder *e, const struct dns_rr *rr)
{
	enum cw_ec ec = put_name(e, rr->owner, true);
	cw_wr_be16(e->w, rr->type);
	cw_wr_be16(e->w, rr->class_);
	cw_wr_be32(e->w, rr->ttl_s);
	size_t rdata = cw_wr_open16(e->w);
	if (ec == CW_OK && !rr->empty)
		ec = put_rdata(e, rr);
	cw_wr_close16(e->w, rdata, 0);
	return ec;
}

static void put_opt(struct cw_wr *w, const struct dns_edns *edns, uint16_t rcode)
{
	cw_wr_u8(w, 0); /* the root */
	cw_wr_be16(w, DNS_OPT);
	cw_wr_be16(w, edns->udp_payload);
	cw_wr_u8(w, (uint8_t)(rcode >> 4));
	cw_wr_u8(w, edns->version);
	cw_wr_be16(w, edns->dnssec_ok ? 0x8000 : 0);
	cw_wr_be16(w, 0);
}

static uint16_t flags_of(const struct dns_message *m)
{
	unsigned flags = (m->response ? 0x8000u : 0) | (m->opcode & 0xfu) << 11 |
			 (m->authoritative ? 0x0400u : 0) | (m->truncated ? 0x0200u : 0) |
			 (m->recursion_desired ? 0x0100u : 0) |
			 (m->recursion_available ? 0x0080u : 0) | (m->rcode & 0xfu);
	return (uint16_t)flags;
}

/* Whether the header has room for what the message says. */
static bool is_writable(const struct dns_message *m)
{
	if (m->question_count > 1 || m->opcode > 0xf)
		return false;
	return m->rcode <= (m->edns.present ? 0xfff : 0xf);
}

/* The records of one section, in the order given. */
static enum cw_ec put_section(struct encoder *e, const struct dns_message *m, enum dns_section s,
			      size_t *count)
{
	for (size_t i = 0; i < m->rr_count; i++) {
		if (m->rr[i].section != s)
			continue;
		enum cw_ec ec = put_record(e, &m->rr[i]);
		if (ec != CW_OK)
			return ec;
		++*count;
	}
	return CW_OK;
}

static enum cw_ec put_message(struct encoder *e, const struct dns_message *m)
{
	cw_wr_be16(e->w, m->id);
	cw_wr_be16(e->w, flags_of(m));
	cw_wr_be16(e->w, (uint16_t)m->question_count);
	size_t counts_at = e->w->len;
	cw_wr_bytes(e->w, (const uint8_t[6]){ 0 }, 6);
	if (m->question_count) {
		enum cw_ec ec = put_name(e, m->question.name, true);
		if (ec != CW_OK)
			return ec;
		cw_wr_be16(e->w, m->question.type);
		cw_wr_be16(e->w, m->question.class_);
	}
	for (enum dns_section s = DNS_ANSWER; s <= DNS_ADDITIONAL; s++) {
		size_t count = 0;
		enum cw_ec ec = put_section(e, m, s, &count);
		if (ec != CW_OK)
			return ec;
		if (s == DNS_ADDITIONAL && m->edns.present) {
			put_opt(e->w, &m->edns, m->rcode);
			count++;
		}
		if (count > UINT16_MAX)
			return CW_ETOOBIG;
		cw_wr_put16_at(e->w, counts_at + 2u * ((size_t)s - 1), (uint16_t)count);
	}
	return e->w->bad ? CW_ETOOBIG : CW_OK;
}

enum cw_ec dns_message_encode(struct cw_wr *w, const struct dns_message *m)
{
	if (!is_writable(m))
		return CW_EINVAL;
	struct encoder e = { .w = w, .start = w->len };
	enum cw_ec ec = put_message(&e, m);
	if (ec == CW_EINVAL)
		w->len = e.start;
	return ec;
}

enum cw_ec dns_query_encode(struct cw_wr *w, uint16_t id, const char *name, uint16_t type,
			    bool recursion_desired, const struct dns_edns *edns)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	size_t len = dns_name_pack(name, wire);
	if (!len)
		return CW_EINVAL;
	bool has_opt = edns && edns->present;
	cw_wr_be16(w, id);
	cw_wr_be16(w, recursion_desired ? 0x0100 : 0);
	cw_wr_be16(w, 1);
	cw_wr_be32(w, 0);
	cw_wr_be16(w, has_opt);
	cw_wr_bytes(w, wire, len);
	cw_wr_be16(w, type);
	cw_wr_be16(w, DNS_CLASS_IN);
	if (has_opt)
		put_opt(w, edns, DNS_NOERROR);
	return w->bad ? CW_ETOOBIG : CW_OK;
}
