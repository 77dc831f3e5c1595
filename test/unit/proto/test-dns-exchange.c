/* The exchange against a server in memory and a clock that only the test moves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "proto/dns_exchange.h"

#define NAME "_vlmcs._tcp.contoso.com"

enum { ID = 0x1234, NEW_ID = 0x4321, LIMIT = 2500, STEP = LIMIT_DNS_RETRY_MS };
static const uint64_t UNIX = 1700000000;

/* What the owner has done so far. */
static struct {
	struct cw_arena *arena;
	struct dns_exchange x;
	cw_ms now;
	unsigned sends, connects, writes, renumbers;
	bool finished;
	uint8_t datagram[LIMIT_DNS_MESSAGE], stream[LIMIT_DNS_MESSAGE + 2];
	size_t datagram_len, stream_len;
} t;

static struct tsig_key key;

static int set_up(void **state)
{
	memset(&t, 0, sizeof(t));
	t.arena = cw_arena_new();
	t.now = 1000000;
	key = (struct tsig_key){ .name = "update",
				 .algorithm = TSIG_HMAC_SHA256,
				 .secret_len = 32 };
	memset(key.secret, 0x5a, 32);
	return 0;
}

static int tear_down(void **state)
{
	cw_arena_free(t.arena);
	return 0;
}

static void drive(void)
{
	unsigned what;
	while ((what = dns_exchange_take(&t.x))) {
		assert_false(t.finished);
		if (what & DNS_DO_FINISH) {
			assert_int_equal(what, DNS_DO_FINISH);
			t.finished = true;
			return;
		}
		if (what & DNS_DO_RENUMBER) {
			dns_exchange_renumber(&t.x, (uint16_t)(NEW_ID + t.renumbers));
			t.renumbers++;
		}
		if (what & DNS_DO_SEND) {
			const uint8_t *bytes = dns_exchange_datagram(&t.x, &t.datagram_len);
			memcpy(t.datagram, bytes, t.datagram_len);
			t.sends++;
		}
		if (what & DNS_DO_CONNECT)
			t.connects++;
		if (what & DNS_DO_WRITE) {
			const uint8_t *bytes = dns_exchange_stream(&t.x, &t.stream_len);
			memcpy(t.stream, bytes, t.stream_len);
			t.writes++;
		}
	}
}

static void start_spec(const struct dns_exchange_spec *spec)
{
	dns_exchange_init(&t.x, spec, ID, t.arena, t.now, UNIX);
	assert_int_equal(dns_exchange_take(&t.x), 0);
	dns_exchange_start(&t.x, t.now);
	drive();
}

static void start(void)
{
	start_spec(&(struct dns_exchange_spec){
		.name = NAME, .type = DNS_SRV, .recursion_desired = true, .limit_ms = LIMIT });
}

static void pass_until(cw_ms since_start)
{
	cw_ms end = 1000000 + since_start;
	while (!t.finished && dns_exchange_deadline(&t.x) <= end) {
		assert_true(dns_exchange_deadline(&t.x) >= t.now);
		t.now = dns_exchange_deadline(&t.x);
		dns_exchange_expire(&t.x, t.now);
		drive();
	}
	if (!t.finished)
		t.now = end;
}

static cw_ms elapsed(void)
{
	return t.now - 1000000;
}

/* ---- the server ---- */

static uint16_t request_id(void)
{
	return (uint16_t)(t.datagram[0] << 8 | t.datagram[1]);
}

static bool request_has_edns(void)
{
	struct dns_message m;
	assert_int_equal(dns_message_decode(t.datagram, t.datagram_len, t.arena, &m), CW_OK);
	return m.edns.present;
}

static struct dns_message answer_to(uint16_t id)
{
	return (struct dns_message){ .id = id,
				     .response = true,
				     .authoritative = true,
				     .question = { NAME, DNS_SRV, DNS_CLASS_IN },
				     .question_count = 1 };
}

static const struct dns_rr srv = { .section = DNS_ANSWER,
				   .owner = NAME,
				   .type = DNS_SRV,
				   .class_ = DNS_CLASS_IN,
				   .ttl_s = 600,
				   .srv = { 0, 0, 1688, "kms01.contoso.com" } };

static struct dns_message good_answer(uint16_t id)
{
	struct dns_message m = answer_to(id);
	m.rr = &srv;
	m.rr_count = 1;
	return m;
}

static size_t encode(uint8_t *buf, size_t cap, const struct dns_message *m)
{
	struct cw_wr w = cw_wr_of(buf, cap);
	assert_int_equal(dns_message_encode(&w, m), CW_OK);
	assert_false(w.bad);
	return w.len;
}

static void receive_bytes(const uint8_t *buf, size_t len)
{
	dns_exchange_received(&t.x, buf, len, t.now);
	drive();
}

static void receive(const struct dns_message *m)
{
	uint8_t buf[4096];
	receive_bytes(buf, encode(buf, sizeof(buf), m));
}

static void input_bytes(const uint8_t *buf, size_t len)
{
	dns_exchange_input(&t.x, buf, len, t.now);
	drive();
}

static size_t frame(uint8_t *buf, size_t cap, const struct dns_message *m)
{
	size_t len = encode(buf + 2, cap - 2, m);
	buf[0] = (uint8_t)(len >> 8);
	buf[1] = (uint8_t)len;
	return len + 2;
}

static void input(const struct dns_message *m)
{
	uint8_t buf[4096];
	input_bytes(buf, frame(buf, sizeof(buf), m));
}

static void connected(void)
{
	dns_exchange_connected(&t.x);
	drive();
}

static void ended(enum dns_way way, enum cw_outcome outcome)
{
	dns_exchange_ended(&t.x, way, outcome, NULL, 0, t.now);
	drive();
}

static void bounced(enum dns_way way, enum cw_outcome outcome, int type, int code)
{
	struct cw_icmp icmp = { type, code, "192.0.2.254" };
	dns_exchange_ended(&t.x, way, outcome, &icmp, 0, t.now);
	drive();
}

static void expect(enum cw_outcome outcome)
{
	assert_true(t.finished);
	assert_string_equal(cw_outcome_name(t.x.result.outcome), cw_outcome_name(outcome));
}

/* ---- the simple way ---- */

static void test_answer_at_once(void **state)
{
	start();
	assert_int_equal(t.sends, 1);
	assert_int_equal(t.connects, 0);
	assert_int_equal(request_id(), ID);
	assert_true(request_has_edns());
	receive(&(struct dns_message){ 0 }); /* no answer at all: QR is not set */
	assert_false(t.finished);
	struct dns_message m = good_answer(ID);
	receive(&m);
	expect(CW_OUT_OK);
	assert_int_equal(t.x.result.stray, 1);
	assert_int_equal(t.x.result.sent, 1);
	assert_false(t.x.result.over_tcp);
	assert_false(t.x.result.tcp_tried);
	assert_false(t.x.result.edns_dropped);
	assert_null(t.x.result.icmp);
	assert_int_equal(t.x.result.message->rr[0].srv.port, 1688);
	assert_true(dns_exchange_deadline(&t.x) == CW_NEVER);
}

static void test_request_is_a_query_with_edns(void **state)
{
	struct dns_message m;
	start();
	assert_int_equal(dns_message_decode(t.datagram, t.datagram_len, t.arena, &m), CW_OK);
	assert_string_equal(m.question.name, NAME);
	assert_int_equal(m.question.type, DNS_SRV);
	assert_true(m.recursion_desired);
	assert_int_equal(m.edns.udp_payload, LIMIT_DNS_UDP_PAYLOAD);
	assert_int_equal(m.edns.version, 0);
	assert_int_equal(m.trailing, 0);
}

static void test_every_step_of_silence(void **state)
{
	start();
	assert_int_equal(dns_exchange_deadline(&t.x), t.now + STEP);
	pass_until(STEP - 1);
	assert_int_equal(t.sends, 1);
	pass_until(STEP);
	assert_int_equal(t.sends, 2);
	assert_true(request_has_edns());
	assert_int_equal(request_id(), ID);
	assert_int_equal(t.connects, 0);
	pass_until(2 * STEP);
	assert_int_equal(t.sends, 3);
	assert_false(request_has_edns()); /* EDNS0 alone may be what is dropped */
	assert_int_equal(request_id(), ID);
	assert_int_equal(t.connects, 1);
	pass_until(LIMIT - 1);
	assert_false(t.finished);
	assert_int_equal(t.sends, 3);
	assert_int_equal(t.connects, 1);
	pass_until(LIMIT);
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(elapsed(), LIMIT);
	assert_int_equal(t.x.result.sent, 3);
	assert_true(t.x.result.tcp_tried);
	assert_null(t.x.result.message);
}

static void test_an_early_expire_changes_nothing(void **state)
{
	start();
	dns_exchange_expire(&t.x, t.now + STEP - 1);
	drive();
	assert_int_equal(t.sends, 1);
}

static void test_a_late_expire_does_not_burst(void **state)
{
	start();
	t.now += 2 * STEP + 10; /* the process was held up */
	dns_exchange_expire(&t.x, t.now);
	drive();
	assert_int_equal(t.sends, 2);
	assert_int_equal(dns_exchange_deadline(&t.x), t.now + STEP);
}

static void test_a_short_limit_still_goes_every_step(void **state)
{
	start_spec(&(struct dns_exchange_spec){ .name = NAME, .type = DNS_SRV, .limit_ms = 250 });
	pass_until(249);
	assert_int_equal(t.sends, 3);
	assert_int_equal(t.connects, 1);
	pass_until(250);
	expect(CW_OUT_TIMEOUT);
}

static void test_a_long_limit_waits_longer(void **state)
{
	start_spec(&(struct dns_exchange_spec){ .name = NAME, .type = DNS_SRV, .limit_ms = 9000 });
	pass_until(8999);
	assert_int_equal(t.sends, 3);
	assert_false(t.finished);
	struct dns_message m = good_answer(ID);
	receive(&m);
	expect(CW_OUT_OK);
}

static void test_lost_datagrams_are_made_good(void **state)
{
	for (unsigned lost = 1; lost < LIMIT_DNS_UDP_TRIES; lost++) {
		struct dns_message m = good_answer(ID);
		tear_down(NULL);
		set_up(NULL);
		start();
		pass_until((cw_ms)lost * STEP + 20);
		receive(&m);
		expect(CW_OUT_OK);
		assert_int_equal(t.x.result.sent, lost + 1);
		assert_int_equal(elapsed(), lost * STEP + 20);
		assert_false(t.x.result.edns_dropped); /* nobody can tell */
	}
}

static void test_a_delayed_answer_to_the_first_try_counts(void **state)
{
	struct dns_message m = good_answer(ID);
	m.edns = (struct dns_edns){ .present = true, .udp_payload = 1232 };
	start();
	pass_until(LIMIT - 1);
	receive(&m);
	expect(CW_OUT_OK);
}

static void test_what_comes_after_the_end_is_ignored(void **state)
{
	struct dns_message m = good_answer(ID), other = answer_to(ID);
	start();
	receive(&m);
	expect(CW_OUT_OK);
	other.rcode = DNS_NXDOMAIN;
	receive(&other); /* a duplicate that says something else */
	ended(DNS_TCP, CW_OUT_CLOSED);
	bounced(DNS_UDP, CW_OUT_REFUSED, 3, 3);
	connected();
	input(&other);
	dns_exchange_expire(&t.x, t.now + 10 * LIMIT);
	dns_exchange_strayed(&t.x);
	assert_int_equal(dns_exchange_take(&t.x), 0);
	assert_int_equal(t.x.result.outcome, CW_OUT_OK);
	assert_int_equal(t.x.result.stray, 0);
}

static void test_nothing_counts_before_the_start(void **state)
{
	struct dns_exchange_spec spec = { .name = NAME, .type = DNS_SRV, .limit_ms = LIMIT };
	struct dns_message m = good_answer(ID);
	dns_exchange_init(&t.x, &spec, ID, t.arena, t.now, UNIX);
	receive(&m); /* guessed while the query still waited for its turn */
	assert_false(t.finished);
	t.now += 60000;
	dns_exchange_start(&t.x, t.now);
	drive();
	assert_int_equal(dns_exchange_deadline(&t.x), t.now + STEP);
}

static void test_an_unwritable_name(void **state)
{
	start_spec(
		&(struct dns_exchange_spec){ .name = "a..b", .type = DNS_SRV, .limit_ms = LIMIT });
	expect(CW_OUT_INVALID);
	assert_int_equal(t.sends, 0);
}

/* ---- what is believed ---- */

static void test_strangers_are_counted_and_ignored(void **state)
{
	struct dns_message m = good_answer(ID + 1);
	start();
	receive(&m); /* wrong id */
	m = good_answer(ID);
	m.question.name = "_vlmcs._tcp.fabrikam.com";
	receive(&m); /* wrong name */
	m = good_answer(ID);
	m.question.type = DNS_A;
	receive(&m);
	m = good_answer(ID);
	m.question.class_ = DNS_CLASS_ANY;
	receive(&m);
	m = good_answer(ID);
	m.response = false;
	receive(&m);
	m = good_answer(ID);
	m.opcode = DNS_OPCODE_UPDATE;
	receive(&m);
	m = good_answer(ID);
	m.question_count = 0; /* NOERROR must repeat the question */
	receive(&m);
	receive_bytes((const uint8_t *)"\x12", 1);
	receive_bytes((const uint8_t *)"\x12\x34\x80", 3);
	dns_exchange_strayed(&t.x); /* the owner's: a wrong source */
	assert_false(t.finished);
	m = good_answer(ID);
	receive(&m);
	expect(CW_OUT_OK);
	assert_int_equal(t.x.result.stray, 10);
}

static void test_the_case_of_the_question_does_not_matter(void **state)
{
	struct dns_message m = good_answer(ID);
	m.question.name = "_VLMCS._TCP.Contoso.COM";
	start();
	receive(&m);
	expect(CW_OUT_OK);
	assert_int_equal(t.x.result.stray, 0);
}

static void test_a_flood_ends_it(void **state)
{
	struct dns_message m = good_answer(ID + 1);
	start();
	for (unsigned i = 0; i < LIMIT_DNS_STRAY; i++)
		receive(&m);
	assert_false(t.finished);
	receive(&m);
	expect(CW_OUT_MALFORMED);
	assert_string_equal(t.x.result.malformed, "flooded");
	assert_null(t.x.result.message);
}

/* A whole header and question, then a count of records that are not there. */
static size_t garbage(uint8_t *buf, uint16_t id)
{
	struct dns_message m = answer_to(id);
	size_t len = encode(buf, 512, &m);
	buf[7] = 3;
	return len;
}

static void test_garbage_brings_the_query_again_without_edns(void **state)
{
	uint8_t buf[512];
	start();
	t.now += 3;
	receive_bytes(buf, garbage(buf, ID));
	assert_false(t.finished);
	assert_int_equal(t.sends, 2);
	assert_int_equal(t.renumbers, 1);
	assert_int_equal(request_id(), NEW_ID);
	assert_false(request_has_edns());
	struct dns_message m = good_answer(ID);
	receive(&m); /* the old id does not count any more */
	assert_false(t.finished);
	m = good_answer(NEW_ID);
	receive(&m);
	expect(CW_OUT_OK);
	assert_true(t.x.result.edns_dropped);
	assert_null(t.x.result.malformed);
}

static void test_garbage_alone_is_told_at_the_next_step(void **state)
{
	uint8_t buf[512];
	start();
	t.now += 3;
	receive_bytes(buf, garbage(buf, ID));
	receive_bytes(buf, garbage(buf, NEW_ID));
	assert_false(t.finished);
	pass_until(3 + STEP - 1);
	assert_false(t.finished);
	pass_until(3 + STEP);
	expect(CW_OUT_MALFORMED);
	assert_non_null(t.x.result.malformed);
	assert_null(t.x.result.message);
	assert_false(t.x.result.edns_dropped);
}

static void test_garbage_behind_the_last_step(void **state)
{
	uint8_t buf[512];
	start();
	pass_until(2 * STEP);
	t.now += 100;
	receive_bytes(buf, garbage(buf, ID));
	assert_int_equal(request_id(), NEW_ID);
	pass_until(3 * STEP + 99);
	assert_false(t.finished);
	pass_until(3 * STEP + 100);
	expect(CW_OUT_MALFORMED);
}

static void test_a_better_answer_beats_garbage(void **state)
{
	uint8_t buf[512];
	start();
	receive_bytes(buf, garbage(buf, ID));
	receive_bytes(buf, garbage(buf, NEW_ID));
	struct dns_message m = answer_to(NEW_ID);
	m.rcode = DNS_NXDOMAIN;
	receive(&m);
	expect(CW_OUT_NAME_MISSING);
	assert_null(t.x.result.malformed);
}

static void test_a_flood_of_garbage_ends_it(void **state)
{
	uint8_t buf[512];
	start();
	receive_bytes(buf, garbage(buf, ID));
	size_t len = garbage(buf, NEW_ID);
	for (unsigned i = 0; i < LIMIT_DNS_STRAY + 1; i++)
		receive_bytes(buf, len);
	expect(CW_OUT_MALFORMED);
	assert_string_equal(t.x.result.malformed, "flooded");
}

/* ---- EDNS0 ---- */

static void test_complaints_about_edns(void **state)
{
	static const uint16_t rcodes[] = { DNS_FORMERR, DNS_NOTIMP, DNS_BADVERS };
	for (size_t i = 0; i < 3; i++) {
		tear_down(NULL);
		set_up(NULL);
		start();
		struct dns_message m = answer_to(ID);
		m.rcode = rcodes[i];
		m.edns.present = m.rcode > 15;
		if (m.rcode == DNS_FORMERR)
			m.question_count = 0; /* an old server sends the header alone */
		receive(&m);
		assert_false(t.finished);
		assert_int_equal(request_id(), NEW_ID);
		assert_false(request_has_edns());
		receive(&m); /* a twin of the complaint */
		assert_false(t.finished);
		m = good_answer(NEW_ID);
		receive(&m);
		expect(CW_OUT_OK);
		assert_true(t.x.result.edns_dropped);
		assert_int_equal(t.x.result.stray, 1);
	}
}

static void test_a_complaint_without_edns_is_final(void **state)
{
	struct dns_message m = answer_to(ID);
	m.rcode = DNS_FORMERR;
	start();
	receive(&m);
	m.id = NEW_ID;
	receive(&m);
	expect(CW_OUT_FORMAT_ERROR);
	assert_false(t.x.result.edns_dropped);
	assert_int_equal(t.x.result.message->rcode, DNS_FORMERR);
}

static void test_a_complaint_and_then_silence(void **state)
{
	struct dns_message m = answer_to(ID);
	m.rcode = DNS_NOTIMP;
	start();
	receive(&m);
	pass_until(LIMIT - 1);
	assert_false(t.finished);
	assert_int_equal(t.sends, 4); /* the steps went on */
	assert_false(request_has_edns());
	assert_int_equal(request_id(), NEW_ID);
	pass_until(LIMIT);
	expect(CW_OUT_NOT_IMPLEMENTED); /* it did answer */
	assert_int_equal(t.x.result.message->rcode, DNS_NOTIMP);
}

static void test_a_complaint_after_the_plain_step_asks_once_more(void **state)
{
	struct dns_message m = answer_to(ID);
	m.rcode = DNS_FORMERR;
	start();
	pass_until(2 * STEP);
	assert_int_equal(t.sends, 3);
	receive(&m); /* to one of the first two, perhaps */
	assert_int_equal(t.sends, 4);
	assert_int_equal(request_id(), NEW_ID);
	m = good_answer(NEW_ID);
	receive(&m);
	expect(CW_OUT_OK);
}

/* ---- truncation ---- */

static void truncate_now(void)
{
	struct dns_message m = good_answer(ID);
	m.truncated = true;
	receive(&m);
	assert_false(t.finished);
}

static void test_truncation_leads_to_tcp(void **state)
{
	start();
	truncate_now();
	assert_int_equal(t.connects, 1);
	connected();
	assert_int_equal(t.writes, 1);
	assert_int_equal(t.stream_len, (t.stream[0] << 8 | t.stream[1]) + 2);
	struct dns_message m;
	assert_int_equal(dns_message_decode(t.stream + 2, t.stream_len - 2, t.arena, &m), CW_OK);
	assert_false(m.edns.present);
	assert_int_equal(m.id, ID);
	pass_until(STEP); /* no more datagrams */
	assert_int_equal(t.sends, 1);
	m = good_answer(ID);
	input(&m);
	expect(CW_OUT_OK);
	assert_true(t.x.result.over_tcp);
	assert_true(t.x.result.truncated);
}

static void test_a_truncated_answer_may_be_cut_anywhere(void **state)
{
	uint8_t buf[512];
	struct dns_message m = good_answer(ID);
	m.truncated = true;
	start();
	size_t len = encode(buf, sizeof(buf), &m);
	receive_bytes(buf, len - 5);
	assert_int_equal(t.connects, 1);
	assert_int_equal(t.sends, 1);
	assert_true(t.x.result.truncated);
}

static void test_tcp_failing_after_truncation(void **state)
{
	static const enum cw_outcome ends[] = { CW_OUT_REFUSED, CW_OUT_UNREACHABLE, CW_OUT_CLOSED,
						CW_OUT_RESET,   CW_OUT_NO_ROUTE,    CW_OUT_DENIED,
						CW_OUT_LOCAL };
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		tear_down(NULL);
		set_up(NULL);
		start();
		truncate_now();
		ended(DNS_TCP, ends[i]);
		expect(ends[i]); /* at once */
		assert_true(t.x.result.truncated);
		assert_null(t.x.result.message);
	}
}

static void test_tcp_silent_after_truncation(void **state)
{
	start();
	truncate_now();
	connected();
	pass_until(LIMIT);
	expect(CW_OUT_TIMEOUT);
	assert_true(t.x.result.truncated);
	assert_int_equal(t.x.result.sent, 1);
}

static void test_a_late_truncation_leaves_tcp_its_time(void **state)
{
	start();
	pass_until(LIMIT - 10);
	truncate_now();
	pass_until(LIMIT - 10 + LIMIT / 2 - 1);
	assert_false(t.finished);
	pass_until(LIMIT - 10 + LIMIT / 2);
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(t.connects, 1); /* the one that was open already */
}

static void test_truncation_after_tcp_was_refused(void **state)
{
	start();
	pass_until(2 * STEP);
	ended(DNS_TCP, CW_OUT_REFUSED);
	assert_false(t.finished);
	struct dns_message m = good_answer(ID);
	m.truncated = true;
	receive(&m);
	expect(CW_OUT_REFUSED);
	assert_true(t.x.result.truncated);
}

static void test_garbage_after_truncation_changes_nothing(void **state)
{
	uint8_t buf[512];
	start();
	truncate_now();
	receive_bytes(buf, garbage(buf, ID));
	assert_int_equal(t.renumbers, 0);
	ended(DNS_TCP, CW_OUT_RESET);
	expect(CW_OUT_RESET);
}

static void test_truncation_is_better_than_garbage(void **state)
{
	uint8_t buf[512];
	start();
	receive_bytes(buf, garbage(buf, ID));
	struct dns_message m = good_answer(NEW_ID);
	m.truncated = true;
	receive(&m);
	ended(DNS_TCP, CW_OUT_REFUSED);
	expect(CW_OUT_REFUSED);
}

/* ---- TCP ---- */

static void to_tcp(void)
{
	start();
	pass_until(2 * STEP);
	connected();
}

static void test_tcp_answers_where_udp_is_silent(void **state)
{
	struct dns_message m = good_answer(ID);
	to_tcp();
	input(&m);
	expect(CW_OUT_OK);
	assert_true(t.x.result.over_tcp);
	assert_false(t.x.result.truncated);
}

static void test_tcp_in_single_bytes(void **state)
{
	uint8_t buf[512];
	struct dns_message m = good_answer(ID);
	to_tcp();
	size_t len = frame(buf, sizeof(buf), &m);
	for (size_t i = 0; i < len; i++) {
		assert_false(t.finished);
		input_bytes(buf + i, 1);
	}
	expect(CW_OUT_OK);
}

static void test_tcp_at_one_byte_a_second(void **state)
{
	uint8_t buf[512];
	struct dns_message m = good_answer(ID);
	to_tcp();
	(void)frame(buf, sizeof(buf), &m);
	for (cw_ms at = 2 * STEP; !t.finished; at += 1000) {
		input_bytes(buf, 1);
		pass_until(at + 1000);
	}
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(elapsed(), LIMIT);
}

static void test_two_messages_in_one_piece(void **state)
{
	uint8_t buf[1024];
	struct dns_message other = good_answer(7), m = good_answer(ID);
	to_tcp();
	size_t len = frame(buf, sizeof(buf), &other);
	len += frame(buf + len, sizeof(buf) - len, &m);
	input_bytes(buf, len);
	expect(CW_OUT_OK);
	assert_int_equal(t.x.result.stray, 1);
}

static void test_an_empty_message_over_tcp(void **state)
{
	struct dns_message m = good_answer(ID);
	to_tcp();
	input_bytes((const uint8_t *)"\0\0", 2);
	assert_int_equal(t.x.result.stray, 1);
	input(&m);
	expect(CW_OUT_OK);
}

static void test_tcp_hangs_up_while_udp_is_silent(void **state)
{
	static const enum cw_outcome ends[] = { CW_OUT_CLOSED, CW_OUT_RESET, CW_OUT_UNREACHABLE };
	for (size_t i = 0; i < 3; i++) {
		tear_down(NULL);
		set_up(NULL);
		to_tcp();
		ended(DNS_TCP, ends[i]);
		assert_false(t.finished); /* UDP may still answer */
		pass_until(LIMIT);
		expect(ends[i]);
	}
}

static void test_udp_answers_after_tcp_hung_up(void **state)
{
	struct dns_message m = good_answer(ID);
	to_tcp();
	ended(DNS_TCP, CW_OUT_RESET);
	receive(&m);
	expect(CW_OUT_OK);
	assert_false(t.x.result.over_tcp);
}

static void test_a_closed_tcp_port_does_not_explain_silence(void **state)
{
	to_tcp();
	ended(DNS_TCP, CW_OUT_REFUSED);
	pass_until(LIMIT);
	expect(CW_OUT_TIMEOUT);
	assert_null(t.x.result.icmp);
}

static void test_garbage_over_tcp(void **state)
{
	uint8_t buf[512] = { 0 };
	to_tcp();
	size_t len = garbage(buf + 2, ID);
	buf[1] = (uint8_t)len;
	input_bytes(buf, len + 2);
	assert_false(t.finished);
	assert_int_equal(t.renumbers, 0);
	pass_until(LIMIT);
	expect(CW_OUT_MALFORMED);
	assert_non_null(t.x.result.malformed);
}

static void test_truncated_over_tcp(void **state)
{
	struct dns_message m = good_answer(ID);
	m.truncated = true;
	start();
	truncate_now();
	connected();
	input(&m);
	expect(CW_OUT_MALFORMED);
	assert_string_equal(t.x.result.malformed, "truncated over TCP");
}

static void test_tcp_keeps_its_id_when_udp_gets_a_new_one(void **state)
{
	struct dns_message complaint = answer_to(ID), m = good_answer(ID);
	complaint.rcode = DNS_FORMERR;
	to_tcp();
	receive(&complaint);
	assert_int_equal(t.x.id, NEW_ID);
	input(&m);
	expect(CW_OUT_OK);
	assert_true(t.x.result.over_tcp);
}

/* ---- ICMP and this machine ---- */

static void test_refused_by_both_ends_at_once(void **state)
{
	start();
	t.now += 1;
	bounced(DNS_UDP, CW_OUT_REFUSED, 3, 3);
	assert_false(t.finished);
	assert_int_equal(t.connects, 1);
	t.now += 1;
	ended(DNS_TCP, CW_OUT_REFUSED);
	expect(CW_OUT_REFUSED);
	assert_int_equal(elapsed(), 2);
	assert_int_equal(t.x.result.icmp->type, 3);
	assert_int_equal(t.x.result.icmp->code, 3);
	assert_string_equal(t.x.result.icmp->from, "192.0.2.254");
	assert_int_equal(t.x.result.sent, 1);
}

static void test_tcp_answers_where_udp_is_refused(void **state)
{
	struct dns_message m = good_answer(ID);
	start();
	bounced(DNS_UDP, CW_OUT_REFUSED, 3, 3);
	connected();
	input(&m);
	expect(CW_OUT_OK);
	assert_true(t.x.result.over_tcp);
	assert_int_equal(t.x.result.icmp->code, 3); /* worth telling all the same */
}

static void test_an_answer_beats_a_forged_icmp_error(void **state)
{
	struct dns_message m = good_answer(ID);
	start();
	bounced(DNS_UDP, CW_OUT_REFUSED, 3, 3);
	receive(&m);
	expect(CW_OUT_OK);
}

static void test_tcp_silent_where_udp_is_refused(void **state)
{
	start();
	bounced(DNS_UDP, CW_OUT_REFUSED, 3, 3);
	pass_until(LIMIT_DNS_UDP_TRIES * STEP - 1);
	assert_false(t.finished);
	assert_int_equal(t.sends, 1);
	pass_until(LIMIT_DNS_UDP_TRIES * STEP);
	expect(CW_OUT_REFUSED);
}

static void test_unreachable_says_who(void **state)
{
	start();
	bounced(DNS_UDP, CW_OUT_UNREACHABLE, 3, 10);
	bounced(DNS_TCP, CW_OUT_UNREACHABLE, 3, 10);
	expect(CW_OUT_UNREACHABLE);
	assert_int_equal(t.x.result.icmp->code, 10);
	assert_string_equal(t.x.result.icmp->from, "192.0.2.254");
}

static void test_our_own_trouble_ends_it_at_once(void **state)
{
	static const enum cw_outcome ends[] = { CW_OUT_NO_ROUTE, CW_OUT_DENIED, CW_OUT_LOCAL };
	for (size_t i = 0; i < 3; i++) {
		tear_down(NULL);
		set_up(NULL);
		start();
		dns_exchange_unsent(&t.x, 113);
		dns_exchange_ended(&t.x, DNS_UDP, ends[i], NULL, 113, t.now);
		drive();
		expect(ends[i]);
		assert_int_equal(t.x.result.system_error, 113);
		assert_int_equal(t.x.result.sent, 0);
		assert_int_equal(t.connects, 0);
	}
}

static void test_never_sent_is_not_silence(void **state)
{
	start();
	for (int i = 0; i < LIMIT_DNS_UDP_TRIES; i++) {
		dns_exchange_unsent(&t.x, 105);
		pass_until((i + 1) * STEP);
	}
	pass_until(LIMIT);
	expect(CW_OUT_LOCAL);
	assert_int_equal(t.x.result.system_error, 105);
}

static void test_once_unsent_is_made_good(void **state)
{
	start();
	dns_exchange_unsent(&t.x, 105);
	pass_until(LIMIT);
	expect(CW_OUT_TIMEOUT);
	assert_int_equal(t.x.result.sent, 2);
	assert_int_equal(t.x.result.system_error, 0);
}

/* Every pair of ends: the table in dns_exchange.c, from outside. */
static void test_whose_end_is_told(void **state)
{
	/* clang-format off */
	static const struct {
		enum cw_outcome udp, tcp, told;
	} rows[] = {
		{ CW_OUT_UNKNOWN,     CW_OUT_UNKNOWN,     CW_OUT_TIMEOUT },
		{ CW_OUT_UNKNOWN,     CW_OUT_REFUSED,     CW_OUT_TIMEOUT },
		{ CW_OUT_UNKNOWN,     CW_OUT_UNREACHABLE, CW_OUT_UNREACHABLE },
		{ CW_OUT_UNKNOWN,     CW_OUT_LOCAL,       CW_OUT_TIMEOUT },
		{ CW_OUT_UNKNOWN,     CW_OUT_CLOSED,      CW_OUT_CLOSED },
		{ CW_OUT_UNKNOWN,     CW_OUT_RESET,       CW_OUT_RESET },
		{ CW_OUT_UNKNOWN,     CW_OUT_TIMEOUT,     CW_OUT_TIMEOUT },
		{ CW_OUT_REFUSED,     CW_OUT_UNKNOWN,     CW_OUT_REFUSED },
		{ CW_OUT_REFUSED,     CW_OUT_REFUSED,     CW_OUT_REFUSED },
		{ CW_OUT_REFUSED,     CW_OUT_UNREACHABLE, CW_OUT_UNREACHABLE },
		{ CW_OUT_REFUSED,     CW_OUT_LOCAL,       CW_OUT_REFUSED },
		{ CW_OUT_REFUSED,     CW_OUT_CLOSED,      CW_OUT_CLOSED },
		{ CW_OUT_REFUSED,     CW_OUT_RESET,       CW_OUT_RESET },
		{ CW_OUT_UNREACHABLE, CW_OUT_UNKNOWN,     CW_OUT_UNREACHABLE },
		{ CW_OUT_UNREACHABLE, CW_OUT_REFUSED,     CW_OUT_UNREACHABLE },
		{ CW_OUT_UNREACHABLE, CW_OUT_UNREACHABLE, CW_OUT_UNREACHABLE },
		{ CW_OUT_UNREACHABLE, CW_OUT_NO_ROUTE,    CW_OUT_UNREACHABLE },
		{ CW_OUT_UNREACHABLE, CW_OUT_RESET,       CW_OUT_RESET },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		tear_down(NULL);
		set_up(NULL);
		start();
		pass_until(2 * STEP);
		if (rows[i].tcp)
			ended(DNS_TCP, rows[i].tcp);
		assert_false(t.finished);
		if (rows[i].udp)
			ended(DNS_UDP, rows[i].udp);
		bool both = rows[i].udp && rows[i].tcp;
		assert_int_equal(t.finished, both);
		pass_until(LIMIT);
		expect(rows[i].told);
	}
}

/* ---- UPDATE and TSIG ---- */

static const struct dns_rr update_rr = { .section = DNS_AUTHORITY,
					 .owner = NAME,
					 .type = DNS_SRV,
					 .class_ = DNS_CLASS_IN,
					 .ttl_s = 3600,
					 .srv = { 0, 0, 1688, "kms01.contoso.com" } };

static struct dns_message update(void)
{
	return (struct dns_message){ .opcode = DNS_OPCODE_UPDATE,
				     .question = { "contoso.com", DNS_SOA, DNS_CLASS_IN },
				     .question_count = 1,
				     .rr = &update_rr,
				     .rr_count = 1,
				     .edns = { .present = true } };
}

static void start_update(const struct tsig_key *with)
{
	struct dns_message m = update();
	start_spec(&(struct dns_exchange_spec){ .message = &m, .key = with, .limit_ms = LIMIT });
	memset(&m, 0, sizeof(m)); /* it was copied */
}

static void test_update(void **state)
{
	static const struct {
		uint16_t rcode;
		enum cw_outcome outcome;
	} rows[] = {
		{ DNS_NOERROR, CW_OUT_OK },           { DNS_REFUSED, CW_OUT_REFUSED_BY_SERVER },
		{ DNS_NOTAUTH, CW_OUT_NOT_AUTH },     { DNS_NOTIMP, CW_OUT_NOT_IMPLEMENTED },
		{ DNS_FORMERR, CW_OUT_FORMAT_ERROR }, { DNS_SERVFAIL, CW_OUT_SERVER_FAILURE },
		{ DNS_NOTZONE, CW_OUT_OTHER_RCODE },  { DNS_YXRRSET, CW_OUT_OTHER_RCODE }
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t with_zone = 0; with_zone < 2; with_zone++) {
			tear_down(NULL);
			set_up(NULL);
			start_update(NULL);
			assert_false(request_has_edns());
			assert_int_equal(request_id(), ID);
			struct dns_message m = update();
			m.id = ID;
			m.response = true;
			m.rcode = rows[i].rcode;
			m.question_count = with_zone; /* RFC 2136 3.8 */
			m.rr_count = 0;
			m.edns.present = false;
			receive(&m);
			expect(rows[i].outcome);
			assert_int_equal(t.sends, 1);
		}
	}
}

static void test_a_long_update_goes_over_tcp(void **state)
{
	struct dns_rr many[60];
	for (size_t i = 0; i < 60; i++)
		many[i] = update_rr;
	struct dns_message m = update();
	m.rr = many;
	m.rr_count = 60;
	start_spec(&(struct dns_exchange_spec){ .message = &m, .limit_ms = LIMIT });
	assert_int_equal(t.sends, 0);
	assert_int_equal(t.connects, 1);
	ended(DNS_TCP, CW_OUT_REFUSED);
	expect(CW_OUT_REFUSED);
	assert_false(t.x.result.truncated);
}

/* The server's answer, signed for the request that was sent last. */
static size_t sign_answer(uint8_t *buf, size_t cap, uint16_t rcode, const struct tsig_key *with)
{
	struct tsig_verdict v;
	struct tsig_mac request, made;
	assert_int_equal(tsig_verify(t.datagram, t.datagram_len, &key, UNIX, NULL, &v, &request),
			 CW_OK);
	assert_true(v.verified);
	struct dns_message m = update();
	m.id = ID;
	m.response = true;
	m.rcode = rcode;
	m.rr_count = 0;
	m.edns.present = false;
	struct cw_wr w = cw_wr_of(buf, cap);
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
	if (with)
		assert_int_equal(tsig_sign(&w, with, UNIX, &request, 0, &made), CW_OK);
	return w.len;
}

static void test_signed_update(void **state)
{
	uint8_t buf[1024];
	start_update(&key);
	pass_until(STEP); /* the second try is signed the same */
	receive_bytes(buf, sign_answer(buf, sizeof(buf), DNS_NOERROR, &key));
	expect(CW_OUT_OK);
	assert_true(t.x.result.tsig.verified);
}

static void test_signed_query(void **state)
{
	start_spec(&(struct dns_exchange_spec){
		.name = NAME, .type = DNS_SRV, .key = &key, .limit_ms = LIMIT });
	struct tsig_verdict v;
	assert_int_equal(tsig_verify(t.datagram, t.datagram_len, &key, UNIX, NULL, &v, NULL),
			 CW_OK);
	assert_true(v.verified);
	assert_false(request_has_edns());
}

static void test_a_wrong_signature_waits_for_a_good_one(void **state)
{
	uint8_t bad[1024], good[1024];
	struct tsig_key other = key;
	other.secret[0] ^= 1;
	start_update(&key);
	receive_bytes(bad, sign_answer(bad, sizeof(bad), DNS_NOERROR, &other));
	assert_false(t.finished);
	receive_bytes(good, sign_answer(good, sizeof(good), DNS_REFUSED, &key));
	expect(CW_OUT_REFUSED_BY_SERVER);
	assert_true(t.x.result.tsig.verified);
}

static void test_noerror_without_a_good_signature_is_no_success(void **state)
{
	uint8_t buf[1024];
	start_update(&key);
	receive_bytes(buf, sign_answer(buf, sizeof(buf), DNS_NOERROR, NULL));
	pass_until(STEP - 1);
	assert_false(t.finished);
	pass_until(STEP);
	expect(CW_OUT_MALFORMED);
	assert_false(t.x.result.tsig.verified);
	assert_string_equal(t.x.result.malformed, t.x.result.tsig.why);
}

static void test_an_unsigned_refusal_is_told_after_a_while(void **state)
{
	uint8_t buf[1024];
	start_update(&key);
	receive_bytes(buf, sign_answer(buf, sizeof(buf), DNS_NOTAUTH, NULL));
	assert_false(t.finished);
	pass_until(STEP);
	expect(CW_OUT_NOT_AUTH);
	assert_false(t.x.result.tsig.verified);
	assert_non_null(t.x.result.tsig.why);
	assert_int_equal(t.x.result.message->rcode, DNS_NOTAUTH);
}

static void test_an_unsigned_refusal_over_tcp_is_final(void **state)
{
	uint8_t buf[1024];
	start_update(&key);
	pass_until(2 * STEP);
	connected();
	size_t len = sign_answer(buf + 2, sizeof(buf) - 2, DNS_REFUSED, NULL);
	buf[0] = 0;
	buf[1] = (uint8_t)len;
	input_bytes(buf, len + 2);
	expect(CW_OUT_REFUSED_BY_SERVER);
	assert_true(t.x.result.over_tcp);
	assert_false(t.x.result.tsig.verified);
}

/* Whatever comes in whatever order: it ends within its time, as OK exactly when a good answer came
 * to a way that was still open. */
static uint32_t dice;

static uint32_t roll(uint32_t sides)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % sides;
}

static void random_event(bool *answered)
{
	uint8_t buf[512];
	struct dns_message m = good_answer(t.x.id);
	switch (roll(9)) {
	case 0:
		*answered = !t.x.tcp_only;
		receive(&m);
		break;
	case 1:
		m.id ^= 1;
		receive(&m);
		break;
	case 2:
		receive_bytes(buf, garbage(buf, t.x.id));
		break;
	case 3:
		m.truncated = true;
		receive(&m);
		break;
	case 4:
		m.rcode = DNS_FORMERR;
		m.rr_count = 0;
		receive(&m);
		break;
	case 5:
		bounced(DNS_UDP, CW_OUT_REFUSED, 3, 3);
		break;
	case 6:
		if (t.connects)
			ended(DNS_TCP, CW_OUT_RESET);
		break;
	case 7:
		if (t.connects && !t.writes && !t.x.end[DNS_TCP].outcome)
			connected();
		break;
	case 8:
		m.id = t.x.stream_id;
		*answered = t.writes && !t.x.end[DNS_TCP].outcome;
		if (t.writes)
			input(&m);
		break;
	}
}

static void test_any_order_of_events_ends_in_time(void **state)
{
	for (uint32_t seed = 1; seed <= 20000; seed++) {
		bool answered = false;
		tear_down(NULL);
		set_up(NULL);
		dice = seed;
		start();
		while (!t.finished) {
			pass_until(elapsed() + roll(400));
			if (!t.finished)
				random_event(&answered);
		}
		assert_true(t.x.result.outcome != CW_OUT_UNKNOWN);
		assert_true(elapsed() <= LIMIT + LIMIT / 2);
		assert_in_range(t.connects, 0, 1);
		assert_int_equal(t.x.result.outcome == CW_OUT_OK, answered);
		assert_int_equal(t.x.result.outcome == CW_OUT_OK && !t.x.result.message, 0);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answer_at_once),
		T(test_request_is_a_query_with_edns),
		T(test_every_step_of_silence),
		T(test_an_early_expire_changes_nothing),
		T(test_a_late_expire_does_not_burst),
		T(test_a_short_limit_still_goes_every_step),
		T(test_a_long_limit_waits_longer),
		T(test_lost_datagrams_are_made_good),
		T(test_a_delayed_answer_to_the_first_try_counts),
		T(test_what_comes_after_the_end_is_ignored),
		T(test_nothing_counts_before_the_start),
		T(test_an_unwritable_name),
		T(test_strangers_are_counted_and_ignored),
		T(test_the_case_of_the_question_does_not_matter),
		T(test_a_flood_ends_it),
		T(test_garbage_brings_the_query_again_without_edns),
		T(test_garbage_alone_is_told_at_the_next_step),
		T(test_garbage_behind_the_last_step),
		T(test_a_better_answer_beats_garbage),
		T(test_a_flood_of_garbage_ends_it),
		T(test_complaints_about_edns),
		T(test_a_complaint_without_edns_is_final),
		T(test_a_complaint_and_then_silence),
		T(test_a_complaint_after_the_plain_step_asks_once_more),
		T(test_truncation_leads_to_tcp),
		T(test_a_truncated_answer_may_be_cut_anywhere),
		T(test_tcp_failing_after_truncation),
		T(test_tcp_silent_after_truncation),
		T(test_a_late_truncation_leaves_tcp_its_time),
		T(test_truncation_after_tcp_was_refused),
		T(test_garbage_after_truncation_changes_nothing),
		T(test_truncation_is_better_than_garbage),
		T(test_tcp_answers_where_udp_is_silent),
		T(test_tcp_in_single_bytes),
		T(test_tcp_at_one_byte_a_second),
		T(test_two_messages_in_one_piece),
		T(test_an_empty_message_over_tcp),
		T(test_tcp_hangs_up_while_udp_is_silent),
		T(test_udp_answers_after_tcp_hung_up),
		T(test_a_closed_tcp_port_does_not_explain_silence),
		T(test_garbage_over_tcp),
		T(test_truncated_over_tcp),
		T(test_tcp_keeps_its_id_when_udp_gets_a_new_one),
		T(test_refused_by_both_ends_at_once),
		T(test_tcp_answers_where_udp_is_refused),
		T(test_an_answer_beats_a_forged_icmp_error),
		T(test_tcp_silent_where_udp_is_refused),
		T(test_unreachable_says_who),
		T(test_our_own_trouble_ends_it_at_once),
		T(test_never_sent_is_not_silence),
		T(test_once_unsent_is_made_good),
		T(test_whose_end_is_told),
		T(test_update),
		T(test_a_long_update_goes_over_tcp),
		T(test_signed_update),
		T(test_signed_query),
		T(test_a_wrong_signature_waits_for_a_good_one),
		T(test_noerror_without_a_good_signature_is_no_success),
		T(test_an_unsigned_refusal_is_told_after_a_while),
		T(test_an_unsigned_refusal_over_tcp_is_final),
		T(test_any_order_of_events_ends_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
