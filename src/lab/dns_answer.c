#include "lab/dns_answer.h"

#include <string.h>

#include "base/limits.h"
#include "lab/dns_update.h"

enum {
	HEADER = 12,
	CLASSIC_PAYLOAD = 512, /* RFC 1035 2.3.4 */
	NOISE = 40,
	OVERSIZE = 6000, /* well over the 4096 that the most generous clients announce */
};

struct answering {
	const struct dns_world *world;
	struct dns_host *host;
	const struct dns_asked *asked;
	struct cw_arena *arena;
	const struct dns_message *query;
	struct dns_signer signer;
	uint64_t faults;
	const struct dns_rr *lie;
	cw_ms delay_ms;
	uint64_t time_s;
};

static bool has(const struct answering *a, enum scenario_fault_kind kind)
{
	return a->faults & FAULT_BIT(kind);
}

/* ---- which faults hold ---- */

static bool fault_matches(const struct scenario_fault *f, const struct dns_question *q,
			  unsigned transport)
{
	return (f->transport & transport) && (!f->type || f->type == q->type) &&
	       (!f->name || dns_name_equal(f->name, q->name)) &&
	       (!f->under || dns_name_within(q->name, f->under));
}

static void find_faults(struct answering *a)
{
	const struct dns_question *q = &a->query->question;
	for (const struct scenario_fault *f = a->host->def->faults; f; f = f->next) {
		if (!fault_matches(f, q, a->asked->transport))
			continue;
		uint32_t met = a->host->hits[f->index]++;
		if ((f->first && met >= f->first) || (f->kind == FAULT_DROP && met >= f->count))
			continue;
		a->faults |= FAULT_BIT(f->kind);
		a->delay_ms += f->delay_ms;
		if (f->lie && !a->lie)
			a->lie = &a->host->lies[f->index];
	}
	if (!a->query->edns.present)
		a->faults &= ~(FAULT_BIT(FAULT_FORMERR_ON_EDNS) | FAULT_BIT(FAULT_NOTIMP_ON_EDNS) |
			       FAULT_BIT(FAULT_SILENT_ON_EDNS));
}

static bool stays_silent(const struct answering *a)
{
	return has(a, FAULT_SILENT) || has(a, FAULT_DROP) || has(a, FAULT_SILENT_ON_EDNS);
}

/* ---- faults in what is said ---- */

/* The rcode that a fault sets in place of any answer. */
static bool fault_rcode(const struct answering *a, enum dns_rcode *out)
{
	static const struct {
		enum scenario_fault_kind kind;
		enum dns_rcode rcode;
	} rcodes[] = {
		{ FAULT_REFUSE, DNS_REFUSED },          { FAULT_SERVFAIL, DNS_SERVFAIL },
		{ FAULT_NOTIMP, DNS_NOTIMP },           { FAULT_FORMERR, DNS_FORMERR },
		{ FAULT_FORMERR_ON_EDNS, DNS_FORMERR }, { FAULT_NOTIMP_ON_EDNS, DNS_NOTIMP },
	};
	for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++)
		if (has(a, rcodes[i].kind)) {
			*out = rcodes[i].rcode;
			return true;
		}
	return false;
}

static void say_negative(const struct answering *a, struct dns_reply *r, enum dns_rcode rcode)
{
	struct zone *z = dns_host_zone(a->host, a->query->question.name);
	r->m.rcode = (uint16_t)rcode;
	r->m.authoritative = z;
	if (z)
		dns_reply_soa(r, z);
}

static void say_referral(const struct answering *a, struct dns_reply *r)
{
	struct dns_rr ns = { .owner = dns_name_parent(a->query->question.name),
			     .type = DNS_NS,
			     .ttl_s = 3600,
			     .name = "ns.elsewhere.test" };
	dns_reply_add(r, DNS_AUTHORITY, &ns, NULL);
}

static void say_alias_loop(const struct answering *a, struct dns_reply *r)
{
	const char *there = a->query->question.name;
	const char *back = cw_arena_fmt(a->arena, "loop.%s", dns_name_parent(there));
	struct dns_rr go = { .owner = there, .type = DNS_CNAME, .ttl_s = 60, .name = back };
	struct dns_rr come = { .owner = back, .type = DNS_CNAME, .ttl_s = 60, .name = there };
	r->m.authoritative = true;
	dns_reply_add(r, DNS_ANSWER, &go, NULL);
	dns_reply_add(r, DNS_ANSWER, &come, NULL);
}

static void drop_soa(struct dns_reply *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->m.rr_count; i++)
		if (r->rr[i].section != DNS_AUTHORITY || r->rr[i].type != DNS_SOA)
			r->rr[kept++] = r->rr[i];
	r->m.rr_count = kept;
}

/* A lie is told where its type is asked for; other types get the truth. */
static bool lies(const struct answering *a)
{
	return a->lie && a->lie->type == a->query->question.type;
}

static void say_query(struct answering *a, struct dns_reply *r)
{
	enum dns_rcode rcode;
	if (fault_rcode(a, &rcode)) {
		r->m.rcode = (uint16_t)rcode;
		r->m.edns.present = r->m.edns.present && !has(a, FAULT_FORMERR_ON_EDNS);
	} else if (lies(a)) {
		dns_reply_add(r, DNS_ANSWER, a->lie, a->query->question.name);
	} else if (has(a, FAULT_NXDOMAIN)) {
		say_negative(a, r, DNS_NXDOMAIN);
	} else if (has(a, FAULT_NODATA)) {
		say_negative(a, r, DNS_NOERROR);
	} else if (has(a, FAULT_REFERRAL)) {
		say_referral(a, r);
	} else if (has(a, FAULT_CNAME_LOOP)) {
		say_alias_loop(a, r);
	} else {
		dns_world_answer(a->world, a->host, a->query, r);
	}
	if (has(a, FAULT_NO_SOA) && a->query->question.type != DNS_SOA)
		drop_soa(r);
}

static void say(struct answering *a, struct dns_reply *r)
{
	enum dns_rcode rcode;
	dns_reply_open(r, a->query, a->arena);
	if (a->signer.present && !a->signer.key)
		r->m.rcode = DNS_NOTAUTH; /* RFC 8945 5.2 */
	else if (a->query->opcode != DNS_OPCODE_UPDATE)
		say_query(a, r);
	else if (fault_rcode(a, &rcode))
		r->m.rcode = (uint16_t)rcode;
	else
		r->m.rcode = (uint16_t)dns_host_update(a->host, a->query, &a->signer);
	if (has(a, FAULT_NO_QUESTION))
		r->m.question_count = 0;
}

/* ---- to bytes ---- */

static size_t payload_limit(const struct answering *a)
{
	if (a->asked->transport == SCENARIO_TCP || has(a, FAULT_OVERSIZED))
		return LIMIT_DNS_MESSAGE;
	if (!a->query->edns.present || a->query->edns.udp_payload < CLASSIC_PAYLOAD)
		return CLASSIC_PAYLOAD;
	return a->query->edns.udp_payload;
}

static bool encode(const struct dns_message *m, uint8_t *out, size_t limit, size_t *len)
{
	struct cw_wr w = cw_wr_of(out, limit);
	if (dns_message_encode(&w, m) != CW_OK || w.bad)
		return false;
	*len = w.len;
	return true;
}

static void drop_additional(struct dns_message *m)
{
	while (m->rr_count && m->rr[m->rr_count - 1].section == DNS_ADDITIONAL)
		m->rr_count--;
}

/* As much as there is room for: additional records go without a word (RFC 2181 9), others with
 * the TC bit. */
static size_t encode_fitting(struct dns_message m, uint8_t *out, size_t limit)
{
	size_t len = 0;
	if (encode(&m, out, limit, &len))
		return len;
	drop_additional(&m);
	while (!encode(&m, out, limit, &len)) {
		if (!m.rr_count)
			return 0;
		m.truncated = true;
		m.rr_count /= 2;
	}
	return len;
}

static void pad(struct answering *a, struct dns_reply *r)
{
	char text[201];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	struct dns_rr rr = { .owner = "padding.test",
			     .type = DNS_TXT,
			     .ttl_s = 60,
			     .txt = cw_arena_str(a->arena, text) };
	for (size_t i = 0; i * sizeof(text) < OVERSIZE; i++)
		dns_reply_add(r, DNS_ADDITIONAL, &rr, NULL);
}

/* ---- faults in the bytes ---- */

static void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* Where the first record begins; 0: there is none. */
static size_t first_record(const uint8_t *b, size_t len)
{
	size_t at = HEADER;
	if (len <= HEADER)
		return 0;
	while (at < len && b[at])
		at += b[at] + 1u;
	at += 1 + 4;
	return at + 11 < len ? at : 0;
}

/* The first record's data, behind its owner's pointer, type, class, TTL and length. */
static size_t first_data(const uint8_t *b, size_t len)
{
	size_t at = first_record(b, len);
	if (!at || b[at] < 0xc0 || at + 12 > len)
		return 0;
	return at + 12;
}

static size_t cut_short(uint8_t *b, size_t len)
{
	size_t at = first_data(b, len);
	return at ? at + 1 : HEADER - 3;
}

/* One record, and of its data only the first three bytes. */
static size_t cut_rdata(uint8_t *b, size_t len)
{
	size_t at = first_data(b, len);
	if (!at || len < at + 3)
		return len;
	put16(b + 6, 1);
	put16(b + 8, 0);
	put16(b + 10, 0);
	put16(b + at - 2, 3);
	return at + 3;
}

/* One record whose owner is a pointer to that pointer. */
static size_t pointer_loop(uint8_t *b, size_t len, size_t room)
{
	size_t at = first_record(b, len);
	static const uint8_t tail[] = { 0, 33, 0, 1, 0, 0, 0, 60, 0, 7, 0, 0, 0, 0, 6, 152, 0 };
	if (!at)
		at = len;
	if (at + 2 + sizeof(tail) > room)
		return len;
	put16(b + at, 0xc000 | at);
	memcpy(b + at + 2, tail, sizeof(tail));
	put16(b + 6, 1);
	put16(b + 8, 0);
	put16(b + 10, 0);
	return at + 2 + sizeof(tail);
}

static void other_question(uint8_t *b, size_t len)
{
	if (len > HEADER + 1 && b[HEADER])
		b[HEADER + 1] = b[HEADER + 1] == 'x' ? 'y' : 'x';
}

static void small_question(uint8_t *b, size_t len)
{
	for (size_t at = HEADER; at < len && b[at]; at += b[at] + 1u)
		for (size_t i = 1; i <= b[at] && at + i < len; i++)
			if (b[at + i] >= 'A' && b[at + i] <= 'Z')
				b[at + i] = (uint8_t)(b[at + i] + 32);
}

/* Header and question as they should be, and noise in place of the records. Its first byte is no
 * label that there could be (RFC 1035 4.1.4). */
static size_t garbage(uint8_t *b, size_t len, uint32_t random)
{
	size_t at = first_record(b, len), end;
	if (!at)
		at = len;
	end = at + NOISE;
	for (size_t i = at; i < end; i++) {
		random = random * 1664525u + 1013904223u;
		b[i] = (uint8_t)(i == at ? 0x80 : random >> 24);
	}
	put16(b + 6, 1);
	put16(b + 8, 0);
	put16(b + 10, 0);
	return end;
}

static size_t spoil(const struct answering *a, uint8_t *b, size_t len, size_t room)
{
	if (len < HEADER)
		return len;
	if (has(a, FAULT_TRUNCATE) && a->asked->transport == SCENARIO_UDP)
		b[2] |= 0x02;
	if (has(a, FAULT_NOT_RESPONSE))
		b[2] &= 0x7f;
	if (has(a, FAULT_WRONG_ID))
		b[0] ^= 0x55;
	if (has(a, FAULT_WRONG_QUESTION))
		other_question(b, len);
	if (has(a, FAULT_LOWERCASE))
		small_question(b, len);
	if (has(a, FAULT_WRONG_COUNT))
		put16(b + 6, (size_t)(b[6] << 8 | b[7]) + 3);
	if (has(a, FAULT_POINTER_LOOP))
		len = pointer_loop(b, len, room);
	if (has(a, FAULT_CUT_RDATA))
		len = cut_rdata(b, len);
	if (has(a, FAULT_CUT_SHORT))
		len = cut_short(b, len);
	if (has(a, FAULT_GARBAGE))
		len = room - len < NOISE ? len : garbage(b, len, a->asked->random);
	return has(a, FAULT_EMPTY) ? 0 : len;
}

/* What an attacker off the path would send: a right-looking answer with data of his own. */
static size_t forge(const struct answering *a, uint8_t *out)
{
	struct dns_rr srv = { .type = DNS_SRV,
			      .ttl_s = 86400,
			      .srv = { .port = 1688, .target = "forged.test" } };
	struct dns_rr addr = { .type = DNS_A, .ttl_s = 86400, .address = { 192, 0, 2, 66 } };
	struct dns_reply r;
	size_t len = 0;
	dns_reply_open(&r, a->query, a->arena);
	if (a->query->question.type == DNS_SRV)
		dns_reply_add(&r, DNS_ANSWER, &srv, a->query->question.name);
	else if (a->query->question.type == DNS_A)
		dns_reply_add(&r, DNS_ANSWER, &addr, a->query->question.name);
	else
		r.m.rcode = DNS_NXDOMAIN;
	return encode(dns_reply_close(&r), out, LIMIT_DNS_MESSAGE, &len) ? len : 0;
}

static void make(struct answering *a, struct dns_room *room, struct dns_told *out)
{
	struct dns_reply r;
	say(a, &r);
	if (has(a, FAULT_OVERSIZED) && a->asked->transport == SCENARIO_UDP)
		pad(a, &r);
	struct cw_wr w = { .base = room->answer, .cap = sizeof(room->answer) };
	w.len = encode_fitting(*dns_reply_close(&r), room->answer, payload_limit(a));
	if (!has(a, FAULT_UNSIGNED))
		dns_signer_sign(&a->signer, a->time_s, &w);
	out->len = spoil(a, room->answer, w.len, sizeof(room->answer));
	out->send = w.len;
	if ((has(a, FAULT_SPOOF) || has(a, FAULT_SPOOF_ID)) && a->asked->transport == SCENARIO_UDP)
		out->forged_len = forge(a, room->forged);
}

/* RFC 1035 7.3: what has a header and cannot be read is told so. */
static void make_formerr(const struct dns_asked *asked, struct dns_room *room, struct dns_told *out)
{
	memset(room->answer, 0, HEADER);
	memcpy(room->answer, asked->bytes, 2);
	room->answer[2] = (uint8_t)(0x80 | (asked->bytes[2] & 0x79));
	room->answer[3] = DNS_FORMERR;
	out->len = HEADER;
	out->send = true;
}

void dns_answer_make(const struct dns_world *w, struct dns_host *h, const struct scenario *s,
		     const struct dns_asked *asked, struct cw_arena *arena, struct dns_room *room,
		     struct dns_told *out)
{
	struct dns_message query;
	struct answering a = {
		.world = w, .host = h, .asked = asked, .arena = arena, .query = &query
	};
	*out = (struct dns_told){ 0 };
	/* an answer to an answer would go on for ever */
	if (asked->len < HEADER || asked->bytes[2] & 0x80)
		return;
	if (dns_message_decode(asked->bytes, asked->len, arena, &query) != CW_OK) {
		make_formerr(asked, room, out);
		return;
	}
	find_faults(&a);
	out->faults = a.faults;
	out->delay_ms = a.delay_ms;
	if (stays_silent(&a))
		return;
	a.time_s = asked->unix_time_s + (uint64_t)(int64_t)h->def->clock_offset_s;
	dns_signer_find(s, asked->bytes, asked->len, &query, a.time_s, &a.signer);
	make(&a, room, out);
}
