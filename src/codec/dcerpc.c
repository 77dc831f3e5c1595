#include "codec/dcerpc.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

/* C706 12.6.3.1; the header is DCERPC_HEADER octets long. */
enum {
	VERSION = 5,
	FIRST_AND_LAST = 0x03, /* one fragment */
	LITTLE_ENDIAN_DATA = 0x10,
	FRAG_LEN_AT = 8,
	SYNTAX = 20,         /* UUID and version */
	AUTH_HEADER = 8,     /* C706 13.2.6.1: before the authentication data */
	MAX_FRAGMENT = 5840, /* what Windows offers for TCP */
	FAULT_DATA = 16      /* C706 12.6.4.7: up to the reserved word behind the status */
};

const struct dcerpc_syntax dcerpc_kms_interface = {
	.uuid = { { 0x51, 0xc8, 0x21, 0x75, 0x84, 0x4e, 0x47, 0x50, 0xb0, 0xd8, 0xec, 0x25, 0x55,
		    0x55, 0xbc, 0x06 } },
	.version = 1,
};

const struct dcerpc_syntax dcerpc_ndr32 = {
	.uuid = { { 0x8a, 0x88, 0x5d, 0x04, 0x1c, 0xeb, 0x11, 0xc9, 0x9f, 0xe8, 0x08, 0x00, 0x2b,
		    0x10, 0x48, 0x60 } },
	.version = 2,
};

/* A PDU that is being read, in the byte order that its own label says. */
struct pdu {
	struct cw_rd r;
	bool big_endian;
	uint8_t type;
	uint16_t auth_len;
	uint32_t call_id;
};

static uint16_t rd16(struct pdu *p)
{
	return p->big_endian ? cw_rd_be16(&p->r) : cw_rd_le16(&p->r);
}

static uint32_t rd32(struct pdu *p)
{
	return p->big_endian ? cw_rd_be32(&p->r) : cw_rd_le32(&p->r);
}

/* On the wire the first three fields of a UUID are numbers (C706 appendix A). */
static struct dcerpc_uuid swap_uuid(const uint8_t b[16])
{
	struct dcerpc_uuid u = { { b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6] } };
	memcpy(u.bytes + 8, b + 8, 8);
	return u;
}

static struct dcerpc_syntax read_syntax(struct pdu *p)
{
	struct dcerpc_syntax s = { .version = 0 };
	const uint8_t *uuid = cw_rd_take(&p->r, sizeof(s.uuid.bytes));
	if (uuid && p->big_endian)
		memcpy(s.uuid.bytes, uuid, sizeof(s.uuid.bytes));
	else if (uuid)
		s.uuid = swap_uuid(uuid);
	s.version = rd32(p);
	return s;
}

static void write_syntax(struct cw_wr *w, const struct dcerpc_syntax *s)
{
	struct dcerpc_uuid wire = swap_uuid(s->uuid.bytes);
	cw_wr_bytes(w, wire.bytes, sizeof(wire.bytes));
	cw_wr_le32(w, s->version);
}

/* The header with a fragment length that close_pdu fills in. Returns where the PDU starts. */
static size_t open_pdu(struct cw_wr *w, enum dcerpc_type type, uint32_t call_id)
{
	const uint8_t head[] = { VERSION, 0, (uint8_t)type, FIRST_AND_LAST, LITTLE_ENDIAN_DATA, 0,
				 0,       0 };
	size_t start = w->len;
	cw_wr_bytes(w, head, sizeof(head));
	cw_wr_le16(w, 0); /* fragment length */
	cw_wr_le16(w, 0); /* no authentication */
	cw_wr_le32(w, call_id);
	return start;
}

static void close_pdu(struct cw_wr *w, size_t start)
{
	if (w->bad)
		return;
	size_t len = w->len - start;
	w->base[start + FRAG_LEN_AT] = (uint8_t)len;
	w->base[start + FRAG_LEN_AT + 1] = (uint8_t)(len >> 8);
}

void dcerpc_bind_encode(struct cw_wr *w, const struct dcerpc_bind *b)
{
	size_t start = open_pdu(w, DCERPC_BIND, b->call_id);
	cw_wr_le16(w, b->max_xmit);
	cw_wr_le16(w, b->max_recv);
	cw_wr_le32(w, 0); /* a new association group */
	cw_wr_u8(w, (uint8_t)b->context_count);
	cw_wr_bytes(w, (const uint8_t[3]){ 0 }, 3);
	for (size_t i = 0; i < b->context_count && i < DCERPC_CONTEXTS; i++) {
		cw_wr_le16(w, b->context[i].id);
		cw_wr_u8(w, 1); /* transfer syntaxes */
		cw_wr_u8(w, 0);
		write_syntax(w, &b->context[i].abstract);
		write_syntax(w, &b->context[i].transfer);
	}
	close_pdu(w, start);
}

/* Whether what has come can still be the beginning of a header; judged octet by octet, so that
 * another protocol's short greeting is known as such at once. */
static bool is_header_start(const uint8_t *buf, size_t len)
{
	return (len < 1 || buf[0] == VERSION) && (len < 2 || buf[1] <= 1) &&
	       (len < 4 || (buf[3] & FIRST_AND_LAST) == FIRST_AND_LAST) &&
	       (len < 5 || buf[4] == LITTLE_ENDIAN_DATA || buf[4] == 0);
}

/* Opens a whole fragment: p reads what follows its header, without the authentication. */
static enum cw_ec open_fragment(const uint8_t *buf, size_t len, struct pdu *p, size_t *need)
{
	if (!is_header_start(buf, len))
		return CW_EMALFORMED;
	if (len < DCERPC_HEADER) {
		*need = DCERPC_HEADER - len;
		return CW_EMORE;
	}
	p->type = buf[2];
	p->big_endian = buf[4] != LITTLE_ENDIAN_DATA;
	p->r = cw_rd_of(buf + FRAG_LEN_AT, len - FRAG_LEN_AT);
	size_t frag_len = rd16(p);
	p->auth_len = rd16(p);
	p->call_id = rd32(p);
	size_t auth = p->auth_len ? (size_t)p->auth_len + AUTH_HEADER : 0;
	if (frag_len < DCERPC_HEADER + auth || frag_len > LIMIT_RPC_ANSWER)
		return CW_EMALFORMED;
	if (len < frag_len) {
		*need = frag_len - len;
		return CW_EMORE;
	}
	p->r.left = frag_len - DCERPC_HEADER - auth;
	return CW_OK;
}

static void read_context(struct pdu *p, struct dcerpc_context *out)
{
	out->id = rd16(p);
	uint8_t transfer_count = cw_rd_u8(&p->r);
	(void)cw_rd_u8(&p->r);
	out->abstract = read_syntax(p);
	out->transfer = read_syntax(p);
	if (!transfer_count)
		p->r.bad = true;
	else
		(void)cw_rd_take(&p->r, (size_t)SYNTAX * (transfer_count - 1u));
}

enum cw_ec dcerpc_bind_decode(const uint8_t *buf, size_t len, struct dcerpc_bind *out)
{
	struct pdu p = { .type = 0 };
	size_t need;
	enum cw_ec ec = open_fragment(buf, len, &p, &need);
	if (ec != CW_OK)
		return ec;
	struct dcerpc_bind b = { .call_id = p.call_id };
	b.max_xmit = rd16(&p);
	b.max_recv = rd16(&p);
	(void)rd32(&p);
	b.context_count = cw_rd_u8(&p.r);
	(void)cw_rd_take(&p.r, 3);
	if (p.type != DCERPC_BIND || !b.context_count)
		return CW_EMALFORMED;
	if (b.context_count > DCERPC_CONTEXTS)
		return CW_ETOOBIG;
	for (size_t i = 0; i < b.context_count; i++)
		read_context(&p, &b.context[i]);
	if (p.r.bad)
		return CW_EMALFORMED;
	*out = b;
	return CW_OK;
}

static void write_bind_ack(struct cw_wr *w, const struct dcerpc_answer *a, uint16_t port,
			   size_t start)
{
	char address[8];
	int digits = snprintf(address, sizeof(address), "%u", (unsigned)port);
	cw_wr_le16(w, MAX_FRAGMENT);
	cw_wr_le16(w, MAX_FRAGMENT);
	cw_wr_le32(w, 1); /* an association group of ours */
	cw_wr_le16(w, (uint16_t)(digits + 1));
	cw_wr_bytes(w, address, (size_t)digits + 1);
	while (!w->bad && (w->len - start) % 4)
		cw_wr_u8(w, 0);
	cw_wr_u8(w, (uint8_t)a->result_count);
	cw_wr_bytes(w, (const uint8_t[3]){ 0 }, 3);
	for (size_t i = 0; i < a->result_count && i < DCERPC_CONTEXTS; i++) {
		bool accepted = a->result[i].result == DCERPC_ACCEPTED;
		cw_wr_le16(w, a->result[i].result);
		cw_wr_le16(w, a->result[i].reason);
		write_syntax(w, accepted ? &dcerpc_ndr32 : &(const struct dcerpc_syntax){ 0 });
	}
}

/* C706 12.6.4.5: the reason and the one version that is spoken. */
static void write_bind_nak(struct cw_wr *w, const struct dcerpc_answer *a)
{
	cw_wr_le16(w, (uint16_t)a->reason);
	cw_wr_bytes(w, (const uint8_t[3]){ 1, VERSION, 0 }, 3);
}

/* C706 12.6.4.7 */
static void write_fault(struct cw_wr *w, const struct dcerpc_answer *a)
{
	cw_wr_le32(w, 0); /* allocation hint */
	cw_wr_le16(w, 0); /* context */
	cw_wr_le16(w, 0); /* cancel count, reserved */
	cw_wr_le32(w, a->reason);
	cw_wr_le32(w, 0);
}

void dcerpc_answer_encode(struct cw_wr *w, const struct dcerpc_answer *a, uint16_t port)
{
	size_t start = open_pdu(w, a->type, a->call_id);
	if (a->type == DCERPC_BIND_ACK)
		write_bind_ack(w, a, port, start);
	else if (a->type == DCERPC_BIND_NAK)
		write_bind_nak(w, a);
	else
		write_fault(w, a);
	close_pdu(w, start);
}

/* C706 12.6.4.4. An acknowledgement of nothing would read like an accepted context. */
static bool read_bind_ack(struct pdu *p, struct dcerpc_answer *a)
{
	size_t whole = p->r.left + DCERPC_HEADER;
	(void)cw_rd_take(&p->r, 8); /* max_xmit, max_recv, group */
	(void)cw_rd_take(&p->r, rd16(p));
	size_t place = whole - p->r.left;
	(void)cw_rd_take(&p->r, (4 - place % 4) % 4);
	a->result_count = cw_rd_u8(&p->r);
	(void)cw_rd_take(&p->r, 3);
	if (!a->result_count || a->result_count > DCERPC_CONTEXTS)
		return false;
	for (size_t i = 0; i < a->result_count; i++) {
		a->result[i].result = rd16(p);
		a->result[i].reason = rd16(p);
		(void)read_syntax(p);
	}
	return !p->r.bad;
}

static bool read_fault(struct pdu *p, struct dcerpc_answer *a)
{
	(void)cw_rd_take(&p->r, 8); /* allocation hint, context, cancel count */
	a->reason = rd32(p);
	return !p->r.bad;
}

static bool read_bind_nak(struct pdu *p, struct dcerpc_answer *a)
{
	a->reason = rd16(p); /* versions may follow, and need not */
	return !p->r.bad;
}

enum cw_ec dcerpc_answer_decode(const uint8_t *buf, size_t len, struct dcerpc_answer *out,
				size_t *need)
{
	struct pdu p = { .type = 0 };
	size_t missing = 0;
	bool is_answer = len < 3 || buf[2] == DCERPC_BIND_ACK || buf[2] == DCERPC_BIND_NAK ||
			 buf[2] == DCERPC_FAULT;
	enum cw_ec ec = is_answer ? open_fragment(buf, len, &p, &missing) : CW_EMALFORMED;
	if (ec == CW_EMORE)
		*need = missing;
	if (ec != CW_OK)
		return ec;
	struct dcerpc_answer a = { .type = (enum dcerpc_type)p.type, .call_id = p.call_id };
	bool ok = p.type == DCERPC_BIND_ACK   ? read_bind_ack(&p, &a)
		  : p.type == DCERPC_BIND_NAK ? read_bind_nak(&p, &a)
					      : read_fault(&p, &a);
	if (!ok)
		return CW_EMALFORMED;
	*out = a;
	return CW_OK;
}
