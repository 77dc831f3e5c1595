#include "proto/dns_exchange.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "proto/dns_judge.h"

enum { FRAME = 2, HEADER = 12, QR = 0x80, TC = 0x02 };

/* What each step of UDP does. The last one goes without EDNS0 and opens TCP. */
/* clang-format off */
static const struct step {
	uint8_t todo;
	bool plain;
} steps[] = {
	{ DNS_DO_SEND,                  false },
	{ DNS_DO_SEND,                  false },
	{ DNS_DO_SEND | DNS_DO_CONNECT, true  },
};
static_assert(sizeof(steps) / sizeof(*steps) == LIMIT_DNS_UDP_TRIES, "a row for each try");

/* Ends of a way without an answer, by what they tell. */
enum end_kind { SILENT, REFUSED, UNREACHABLE, OURS, CUT, GARBLED, TRUNCATED, END_KINDS };

static const uint8_t kind_of[CW_OUT_COUNT] = {
	[CW_OUT_REFUSED]     = REFUSED,
	[CW_OUT_UNREACHABLE] = UNREACHABLE,
	[CW_OUT_NO_ROUTE]    = OURS,
	[CW_OUT_DENIED]      = OURS,
	[CW_OUT_LOCAL]       = OURS,
	[CW_OUT_RESET]       = CUT,
	[CW_OUT_CLOSED]      = CUT,
	[CW_OUT_MALFORMED]   = GARBLED,
};

/*
 * Which way's end is told when neither brought an answer: UDP's (U) or TCP's (T).
 * Silence says least, so anything that was said over TCP counts more; but a TCP port that is
 * closed or that we cannot reach ourselves does not explain why UDP stays silent. What a
 * truncated answer misses is TCP's to bring, so TCP's end is the cause.
 */
#define U DNS_UDP
#define T DNS_TCP
static const uint8_t teller[END_KINDS][END_KINDS] = {
	/* TCP:            SILENT REFUSED UNREACHABLE OURS CUT GARBLED */
	[SILENT]      =  { U,     U,      T,          U,   T,  T },
	[REFUSED]     =  { U,     U,      T,          U,   T,  T },
	[UNREACHABLE] =  { U,     U,      U,          U,   T,  T },
	[OURS]        =  { U,     U,      U,          U,   T,  T },
	[CUT]         =  { U,     U,      U,          U,   U,  U },
	[GARBLED]     =  { U,     U,      U,          U,   U,  T },
	[TRUNCATED]   =  { T,     T,      T,          T,   T,  T },
};
#undef U
#undef T
/* clang-format on */

static void finish(struct dns_exchange *x, enum cw_outcome outcome)
{
	x->result.outcome = outcome;
	x->running = false;
	x->todo = DNS_DO_FINISH;
	x->next_at = CW_NEVER;
}

/* ---- requests ---- */

static bool frame(struct dns_exchange *x, struct cw_wr *w, struct dns_request *out)
{
	if (w->bad)
		return false;
	size_t len = w->len - FRAME;
	cw_wr_put16_at(w, 0, (uint16_t)len);
	out->framed = cw_arena_copy(x->arena, w->base, w->len);
	out->len = len;
	return true;
}

static bool sign(struct dns_exchange *x, struct cw_wr *framed)
{
	struct cw_wr w = cw_wr_of(framed->base + FRAME, framed->cap - FRAME);
	w.len = framed->len - FRAME;
	x->mac = cw_arena_new_of(x->arena, struct tsig_mac);
	if (tsig_sign(&w, x->key, x->unix_s, NULL, 0, x->mac) != CW_OK)
		return false;
	framed->len = w.len + FRAME;
	return true;
}

static bool write_query(struct dns_exchange *x, bool edns, struct dns_request *out)
{
	/* Header, question, OPT, and a TSIG with two names and the longest MAC. */
	uint8_t buf[FRAME + HEADER + LIMIT_DNS_NAME_WIRE * 3 + 256];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dns_edns opt = { .present = edns, .udp_payload = LIMIT_DNS_UDP_PAYLOAD };
	cw_wr_be16(&w, 0);
	if (dns_query_encode(&w, x->id, x->name, x->type, x->recursion_desired, &opt) != CW_OK)
		return false;
	if (x->key && !sign(x, &w))
		return false;
	return frame(x, &w, out);
}

static bool write_message(struct dns_exchange *x, const struct dns_message *message)
{
	uint8_t buf[FRAME + LIMIT_DNS_MESSAGE];
	struct dns_message m = *message;
	struct cw_wr framed = cw_wr_of(buf, sizeof(buf));
	struct cw_wr w = cw_wr_of(buf + FRAME, sizeof(buf) - FRAME);
	m.id = x->id;
	m.edns.present = false;
	if (dns_message_encode(&w, &m) != CW_OK)
		return false;
	framed.len = w.len + FRAME;
	if (x->key && !sign(x, &framed))
		return false;
	return frame(x, &framed, &x->plain);
}

static const struct dns_request *plain_request(struct dns_exchange *x)
{
	if (!x->plain.framed) {
		bool written = write_query(x, false, &x->plain);
		assert(written); /* it could be written with EDNS0 */
		(void)written;
	}
	return &x->plain;
}

static bool write_request(struct dns_exchange *x, const struct dns_exchange_spec *spec)
{
	if (spec->message)
		return write_message(x, spec->message);
	return x->key ? write_query(x, false, &x->plain) : write_query(x, true, &x->edns);
}

static const struct dns_request *any_request(const struct dns_exchange *x)
{
	return x->edns.framed ? &x->edns : &x->plain;
}

/* A first name is never compressed. 0: no question. */
static size_t question_len(const struct dns_request *r)
{
	struct cw_rd rd = cw_rd_of(r->framed + FRAME, r->len);
	(void)cw_rd_take(&rd, 4);
	if (cw_rd_be16(&rd) != 1)
		return 0;
	(void)cw_rd_take(&rd, HEADER - 6);
	size_t left = rd.left;
	for (uint8_t label = 1; label;) {
		label = cw_rd_u8(&rd);
		(void)cw_rd_take(&rd, label);
	}
	(void)cw_rd_take(&rd, 4);
	return rd.bad ? 0 : left - rd.left;
}

static bool goes_plain(const struct dns_exchange *x)
{
	return x->edns_off || !x->edns.framed || steps[x->step - 1].plain;
}

const uint8_t *dns_exchange_datagram(struct dns_exchange *x, size_t *len)
{
	const struct dns_request *r = goes_plain(x) ? plain_request(x) : &x->edns;
	x->edns_sent = x->edns_sent || r == &x->edns;
	x->result.sent++;
	*len = r->len;
	return r->framed + FRAME;
}

const uint8_t *dns_exchange_stream(struct dns_exchange *x, size_t *len)
{
	const struct dns_request *r = plain_request(x);
	x->stream_id = x->id;
	*len = r->len + FRAME;
	return r->framed;
}

void dns_exchange_renumber(struct dns_exchange *x, uint16_t id)
{
	struct dns_request *r = &x->plain;
	x->id = id;
	x->edns_sent = false;
	if (!r->framed)
		return; /* it is written with the new id when it is needed */
	r->framed[FRAME] = (uint8_t)(id >> 8);
	r->framed[FRAME + 1] = (uint8_t)id;
}

/* ---- steps and ends ---- */

static void connect_now(struct dns_exchange *x)
{
	if (x->connecting)
		return;
	x->connecting = true;
	x->result.tcp_tried = true;
	x->todo |= DNS_DO_CONNECT;
}

static void step_now(struct dns_exchange *x, cw_ms now)
{
	const struct step *s = &steps[x->step++];
	x->todo |= s->todo & DNS_DO_SEND;
	if (s->todo & DNS_DO_CONNECT)
		connect_now(x);
	bool last = x->step == LIMIT_DNS_UDP_TRIES;
	x->next_at = last ? x->limit_at : cw_ms_min(now + x->step_ms, x->limit_at);
}

static void tell_kept(struct dns_exchange *x)
{
	x->result.message = x->kept.message;
	x->result.alias = x->kept.alias;
	x->result.malformed = x->kept.malformed;
	x->result.tsig = x->kept.tsig;
	x->result.over_tcp = x->kept.over_tcp;
	finish(x, x->kept.outcome);
}

static enum end_kind end_kind(const struct dns_exchange *x, enum dns_way way)
{
	return way == DNS_UDP && x->tcp_only ? TRUNCATED : kind_of[x->end[way].outcome];
}

/* No answer came and none is waited for any more. */
static void conclude(struct dns_exchange *x)
{
	if (x->kept.outcome) {
		tell_kept(x);
		return;
	}
	const struct dns_way_end *e = &x->end[teller[end_kind(x, DNS_UDP)][end_kind(x, DNS_TCP)]];
	x->result.icmp = e->icmp;
	x->result.malformed = e->malformed;
	if (e->outcome) {
		x->result.system_error = e->system_error;
		finish(x, e->outcome);
	} else if (!x->result.sent && x->result.system_error) {
		finish(x, CW_OUT_LOCAL); /* it never left: no silence of the server */
	} else {
		x->result.system_error = 0;
		finish(x, CW_OUT_TIMEOUT);
	}
}

static void leave_to_tcp(struct dns_exchange *x, cw_ms until)
{
	if (x->end[DNS_TCP].outcome) {
		conclude(x);
		return;
	}
	connect_now(x);
	x->todo &= (uint8_t)~DNS_DO_SEND;
	x->step = LIMIT_DNS_UDP_TRIES;
	x->next_at = x->limit_at = until;
}

static void end_udp(struct dns_exchange *x, struct dns_way_end end, cw_ms now)
{
	if (x->end[DNS_UDP].outcome || x->tcp_only)
		return;
	x->end[DNS_UDP] = end;
	if (kind_of[end.outcome] == OURS && !x->connecting) {
		conclude(x); /* what stops us on this machine stops TCP as well */
		return;
	}
	/* After an ICMP error TCP is a second opinion, which need not take long. */
	leave_to_tcp(x, cw_ms_min(x->limit_at, now + x->step_ms * LIMIT_DNS_UDP_TRIES));
}

static void end_tcp(struct dns_exchange *x, struct dns_way_end end)
{
	if (x->end[DNS_TCP].outcome)
		return;
	x->end[DNS_TCP] = end;
	if (x->end[DNS_UDP].outcome || x->tcp_only)
		conclude(x);
}

void dns_exchange_ended(struct dns_exchange *x, enum dns_way way, enum cw_outcome outcome,
			const struct cw_icmp *icmp, int system_error, cw_ms now)
{
	if (!x->running)
		return;
	struct dns_way_end end = { .outcome = outcome, .system_error = system_error };
	if (icmp && icmp->type >= 0)
		end.icmp = cw_arena_copy(x->arena, icmp, sizeof(*icmp));
	if (way == DNS_UDP)
		end_udp(x, end, now);
	else
		end_tcp(x, end);
}

/* ---- answers ---- */

void dns_exchange_strayed(struct dns_exchange *x)
{
	if (!x->running || ++x->result.stray <= LIMIT_DNS_STRAY)
		return;
	x->result.malformed = "flooded";
	finish(x, CW_OUT_MALFORMED);
}

/* Keeps an answer to fall back on. False: there is one, and another is not better. */
static bool keep(struct dns_exchange *x, enum cw_outcome outcome, const struct dns_message *m,
		 const char *malformed, cw_ms until)
{
	if (x->kept.outcome) {
		dns_exchange_strayed(x);
		return false;
	}
	x->kept.outcome = outcome;
	x->kept.message = m;
	x->kept.malformed = malformed;
	x->kept.until = until;
	x->next_at = cw_ms_min(x->next_at, until);
	return true;
}

/* Until when something better may come: the next step, or one step's time behind the last. */
static cw_ms next_step(const struct dns_exchange *x, cw_ms now)
{
	return cw_ms_min(x->step < LIMIT_DNS_UDP_TRIES ? x->next_at : x->limit_at,
			 now + x->step_ms);
}

static void again_plain(struct dns_exchange *x, cw_ms now)
{
	x->edns_off = true;
	x->todo |= DNS_DO_RENUMBER | DNS_DO_SEND;
	if (x->step < LIMIT_DNS_UDP_TRIES)
		x->next_at = cw_ms_min(now + x->step_ms, x->limit_at);
}

static bool may_be_edns(const struct dns_exchange *x, enum dns_way way)
{
	return way == DNS_UDP && x->edns_sent && !x->edns_off;
}

static void garbled(struct dns_exchange *x, enum dns_way way, const char *why, cw_ms now)
{
	if (way == DNS_TCP) {
		end_tcp(x, (struct dns_way_end){ .outcome = CW_OUT_MALFORMED, .malformed = why });
		return;
	}
	if (may_be_edns(x, way))
		again_plain(x, now);
	(void)keep(x, CW_OUT_MALFORMED, NULL, why, next_step(x, now));
}

static bool is_edns_complaint(const struct dns_message *m)
{
	return m->rcode == DNS_FORMERR || m->rcode == DNS_NOTIMP || m->rcode == DNS_BADVERS;
}

static enum cw_outcome judge(struct dns_exchange *x, const struct dns_message *m,
			     const char **alias)
{
	*alias = NULL;
	if (x->opcode != DNS_OPCODE_QUERY)
		return dns_judge_update(m);
	/* The question matched; the message's own text of it is quicker to find in its records. */
	const char *name = m->question_count ? m->question.name : x->name;
	return dns_judge_query(m, name, x->type, alias);
}

static void accept(struct dns_exchange *x, enum dns_way way, enum cw_outcome outcome,
		   const struct dns_message *m, const char *alias)
{
	struct dns_result *r = &x->result;
	r->message = m;
	r->alias = alias;
	r->over_tcp = way == DNS_TCP;
	r->edns_dropped = x->edns_off && !is_edns_complaint(m);
	r->icmp = x->end[DNS_UDP].icmp ? x->end[DNS_UDP].icmp : x->end[DNS_TCP].icmp;
	r->system_error = 0;
	finish(x, outcome);
}

static struct tsig_verdict verify(struct dns_exchange *x, const uint8_t *buf, size_t len, cw_ms now)
{
	struct tsig_verdict v;
	uint64_t unix_now = x->unix_s + (uint64_t)(now - x->born) / 1000;
	if (tsig_verify(buf, len, x->key, unix_now, x->mac, &v, NULL) != CW_OK)
		v = (struct tsig_verdict){ .why = "unreadable TSIG" };
	return v;
}

/* RFC 8945 5.3.1, 5.4: an answer whose signature is not good is not believed while a good one may
 * still come. NOERROR without one proves nothing; a refusal tells what the server thinks. */
static void unverified(struct dns_exchange *x, enum dns_way way, enum cw_outcome outcome,
		       const struct dns_message *m, const struct tsig_verdict *v, cw_ms now)
{
	bool proves_nothing = outcome == CW_OUT_OK;
	cw_ms until = way == DNS_TCP ? now : next_step(x, now);
	if (!keep(x, proves_nothing ? CW_OUT_MALFORMED : outcome, m, proves_nothing ? v->why : NULL,
		  until))
		return;
	x->kept.tsig = *v;
	x->kept.over_tcp = way == DNS_TCP;
	if (way == DNS_TCP)
		tell_kept(x);
}

/* buf stays: the message points into it. */
static void answered(struct dns_exchange *x, enum dns_way way, const uint8_t *buf, size_t len,
		     cw_ms now)
{
	struct dns_message *m = cw_arena_new_of(x->arena, struct dns_message);
	enum cw_ec ec = dns_message_decode(buf, len, x->arena, m);
	if (ec != CW_OK) {
		garbled(x, way,
			ec == CW_ETOOBIG ? "more records than anybody needs"
					 : "a record is cut off or a name is not readable",
			now);
		return;
	}
	const char *alias;
	enum cw_outcome outcome = judge(x, m, &alias);
	if (may_be_edns(x, way) && is_edns_complaint(m)) {
		/* The complaint is told if nothing answers the plain query. */
		again_plain(x, now);
		(void)keep(x, outcome, m, NULL, x->limit_at);
		return;
	}
	if (!x->key) {
		accept(x, way, outcome, m, alias);
		return;
	}
	struct tsig_verdict v = verify(x, buf, len, now);
	if (!v.verified) {
		unverified(x, way, outcome, m, &v, now);
		return;
	}
	x->result.tsig = v;
	accept(x, way, outcome, m, alias);
}

static void truncated(struct dns_exchange *x, cw_ms now)
{
	x->result.truncated = true;
	x->tcp_only = true;
	x->kept.outcome = CW_OUT_UNKNOWN; /* this one was better */
	cw_ms least = now + x->limit_ms / 2;
	leave_to_tcp(x, x->limit_at > least ? x->limit_at : least);
}

/* Servers that cannot read a query, or do not want to, may leave the question out; an UPDATE's
 * answer may always (RFC 2136 3.8). */
static bool may_lack_question(const struct dns_exchange *x, unsigned rcode)
{
	return x->opcode != DNS_OPCODE_QUERY || (rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN);
}

static bool is_our_question(const struct dns_exchange *x, const uint8_t *buf, size_t len)
{
	const struct dns_request *r = any_request(x);
	unsigned count = (unsigned)buf[4] << 8 | buf[5];
	if (!count)
		return may_lack_question(x, buf[3] & 0x0f);
	if (count != 1)
		return false;
	struct dns_message ours, theirs;
	char our_name[LIMIT_DNS_NAME_TEXT], name[LIMIT_DNS_NAME_TEXT];
	if (dns_header_peek(buf, len, &theirs, name) != CW_OK ||
	    dns_header_peek(r->framed + FRAME, r->len, &ours, our_name) != CW_OK)
		return false;
	return ours.question.type == theirs.question.type &&
	       ours.question.class_ == theirs.question.class_ && dns_name_equal(our_name, name);
}

/* Nearly every server repeats the question octet for octet. */
static bool repeats_question(const struct dns_exchange *x, const uint8_t *buf, size_t len)
{
	if (!x->question_len || len < HEADER + x->question_len)
		return false;
	const uint8_t *request = any_request(x)->framed + FRAME;
	return buf[4] == 0 && buf[5] == 1 &&
	       !memcmp(buf + HEADER, request + HEADER, x->question_len);
}

static bool is_answer(const struct dns_exchange *x, uint16_t id, const uint8_t *buf, size_t len)
{
	if (len < HEADER || ((unsigned)buf[0] << 8 | buf[1]) != id || !(buf[2] & QR) ||
	    (buf[2] >> 3 & 0x0f) != x->opcode)
		return false;
	return repeats_question(x, buf, len) || is_our_question(x, buf, len);
}

void dns_exchange_received(struct dns_exchange *x, const uint8_t *buf, size_t len, cw_ms now)
{
	if (!x->running || x->tcp_only)
		return;
	if (!is_answer(x, x->id, buf, len)) {
		dns_exchange_strayed(x);
		return;
	}
	if (buf[2] & TC) { /* it may be cut in the middle of a record: not to be read */
		truncated(x, now);
		return;
	}
	answered(x, DNS_UDP, cw_arena_copy(x->arena, buf, len), len, now);
}

/* ---- TCP ---- */

void dns_exchange_connected(struct dns_exchange *x)
{
	if (!x->running || x->end[DNS_TCP].outcome)
		return;
	x->todo |= DNS_DO_WRITE;
}

static void stream_message(struct dns_exchange *x, cw_ms now)
{
	const uint8_t *buf = x->in.body;
	size_t len = x->in.want;
	if (!is_answer(x, x->stream_id, buf, len)) {
		dns_exchange_strayed(x);
		return;
	}
	x->in.body = NULL; /* the message points into it */
	if (buf[2] & TC)
		garbled(x, DNS_TCP, "truncated over TCP", now);
	else
		answered(x, DNS_TCP, buf, len, now);
}

/* One octet of the length, or as much of the message as there is. Returns what was used. */
static size_t stream_take(struct dns_exchange *x, const uint8_t *buf, size_t len)
{
	if (x->in.got < FRAME) {
		x->in.head[x->in.got++] = *buf;
		if (x->in.got < FRAME)
			return 1;
		size_t want = (size_t)x->in.head[0] << 8 | x->in.head[1];
		if (!x->in.body || want > x->in.want)
			x->in.body = cw_arena_alloc(x->arena, want ? want : 1);
		x->in.want = want;
		return 1;
	}
	size_t have = x->in.got - FRAME, left = x->in.want - have;
	size_t n = len < left ? len : left;
	memcpy(x->in.body + have, buf, n);
	x->in.got += n;
	return n;
}

void dns_exchange_input(struct dns_exchange *x, const uint8_t *buf, size_t len, cw_ms now)
{
	while (len && x->running && !x->end[DNS_TCP].outcome) {
		size_t used = stream_take(x, buf, len);
		buf += used;
		len -= used;
		if (x->in.got < FRAME || x->in.got < FRAME + x->in.want)
			continue;
		x->in.got = 0;
		stream_message(x, now);
	}
}

/* ---- time ---- */

void dns_exchange_expire(struct dns_exchange *x, cw_ms now)
{
	if (!x->running || now < x->next_at)
		return;
	if (x->kept.outcome && now >= x->kept.until)
		tell_kept(x);
	else if (now >= x->limit_at || x->step == LIMIT_DNS_UDP_TRIES)
		conclude(x);
	else
		step_now(x, now);
}

cw_ms dns_exchange_deadline(const struct dns_exchange *x)
{
	return x->next_at;
}

unsigned dns_exchange_take(struct dns_exchange *x)
{
	unsigned todo = x->todo;
	x->todo = 0;
	return todo;
}

void dns_exchange_unsent(struct dns_exchange *x, int system_error)
{
	if (!x->running)
		return;
	x->result.sent--;
	x->result.system_error = system_error;
}

/* ---- start ---- */

void dns_exchange_init(struct dns_exchange *x, const struct dns_exchange_spec *spec, uint16_t id,
		       struct cw_arena *arena, cw_ms now, uint64_t unix_s)
{
	memset(x, 0, sizeof(*x));
	x->arena = arena;
	x->id = id;
	x->key = spec->key;
	x->unix_s = unix_s;
	x->born = now;
	x->type = spec->type;
	x->recursion_desired = spec->recursion_desired;
	x->opcode = spec->message ? spec->message->opcode : DNS_OPCODE_QUERY;
	x->limit_ms = spec->limit_ms;
	/* With a short limit the steps are shorter, so that each is still gone. */
	x->step_ms = cw_ms_min(LIMIT_DNS_RETRY_MS, spec->limit_ms / (LIMIT_DNS_UDP_TRIES + 2));
	if (x->step_ms < 1)
		x->step_ms = 1;
	x->name = spec->message ? NULL : cw_arena_str(arena, spec->name);
	if (write_request(x, spec))
		x->question_len = question_len(any_request(x));
}

void dns_exchange_start(struct dns_exchange *x, cw_ms now)
{
	if (!any_request(x)->framed) {
		finish(x, CW_OUT_INVALID);
		return;
	}
	x->running = true;
	x->limit_at = now + x->limit_ms;
	x->tcp_only = any_request(x)->len > LIMIT_DNS_UDP_PAYLOAD;
	if (x->tcp_only)
		leave_to_tcp(x, x->limit_at);
	else
		step_now(x, now);
}
