#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "proto/rpc_bind.h"

enum { LIMIT = 2500, CALL = 7 };

static struct rpc_bind b;
static uint8_t sent[RPC_BIND_SIZE];
static size_t sent_len;
static cw_ms now;

static int set_up(void **state)
{
	uint8_t random[16];
	struct cw_wr w = cw_wr_of(sent, sizeof(sent));
	memset(random, 0xff, sizeof(random));
	now = 500;
	rpc_bind_start(&b, &w, random, CALL, LIMIT, now);
	sent_len = w.len;
	return 0;
}

static void input(const void *bytes, size_t len)
{
	rpc_bind_input(&b, bytes, len, now);
}

static size_t ack(uint8_t *buf, size_t cap, unsigned kms, unsigned kms_reason, unsigned control)
{
	struct dcerpc_answer a = { .type = DCERPC_BIND_ACK,
				   .call_id = CALL,
				   .result_count = 2,
				   .result = { { (uint16_t)kms, (uint16_t)kms_reason },
					       { (uint16_t)control, control ? 1 : 0 } } };
	struct cw_wr w = cw_wr_of(buf, cap);
	dcerpc_answer_encode(&w, &a, 1688);
	assert_false(w.bad);
	return w.len;
}

static void input_answer(const struct dcerpc_answer *a)
{
	uint8_t buf[512];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	dcerpc_answer_encode(&w, a, 1688);
	input(buf, w.len);
}

static void test_what_is_sent(void **state)
{
	struct dcerpc_bind d;
	assert_int_equal(dcerpc_bind_decode(sent, sent_len, &d), CW_OK);
	assert_int_equal(d.context_count, 2);
	assert_int_equal(d.max_xmit, 5840);
	assert_int_equal(d.max_recv, 5840);
	assert_memory_equal(&d.context[0].abstract, &dcerpc_kms_interface,
			    sizeof(dcerpc_kms_interface));
	for (int i = 0; i < 2; i++)
		assert_memory_equal(&d.context[i].transfer, &dcerpc_ndr32, sizeof(dcerpc_ndr32));
	assert_int_equal(d.context[1].abstract.uuid.bytes[6] >> 4, 4);
	assert_int_equal(d.context[1].abstract.uuid.bytes[8] >> 6, 2);
	assert_int_equal(b.deadline, now + LIMIT);
	assert_int_equal(b.outcome, CW_OUT_UNKNOWN);
}

static void test_verdicts_on_an_ack(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned kms, reason, control;
		enum cw_outcome outcome;
		bool control_accepted;
		const char *why;
	} rows[] = {
		{ 0, 0, 2, CW_OUT_OK, false, NULL },
		{ 0, 0, 0, CW_OUT_OK, true, NULL },
		{ 2, 1, 2, CW_OUT_INTERFACE_REFUSED, false, "abstract syntax not supported" },
		{ 2, 2, 2, CW_OUT_INTERFACE_REFUSED, false, "transfer syntaxes not supported" },
		{ 2, 3, 2, CW_OUT_BIND_REFUSED, false, "local limit exceeded" },
		{ 2, 0, 2, CW_OUT_BIND_REFUSED, false, "reason not specified" },
		{ 1, 0, 2, CW_OUT_BIND_REFUSED, false, "user rejection" },
		{ 3, 0, 2, CW_OUT_MALFORMED, false, "a result that answers nothing that was asked" },
		{ 9, 0, 2, CW_OUT_MALFORMED, false, "a result that answers nothing that was asked" },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t buf[256];
		set_up(NULL);
		input(buf, ack(buf, sizeof(buf), rows[i].kms, rows[i].reason, rows[i].control));
		assert_int_equal(b.outcome, rows[i].outcome);
		assert_int_equal(b.control_accepted, rows[i].control_accepted);
		if (rows[i].why)
			assert_string_equal(b.reason, rows[i].why);
		else
			assert_null(b.reason);
		assert_true(b.deadline == CW_NEVER);
	}
}

static void test_byte_by_byte(void **state)
{
	uint8_t buf[256];
	size_t len = ack(buf, sizeof(buf), 0, 0, 2);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(b.outcome, CW_OUT_UNKNOWN);
		assert_int_equal(b.deadline, 500 + LIMIT);
		input(buf + i, 1);
	}
	assert_int_equal(b.outcome, CW_OUT_OK);
}

static void test_refusals(void **state)
{
	input_answer(
		&(struct dcerpc_answer){ .type = DCERPC_BIND_NAK, .call_id = CALL, .reason = 4 });
	assert_int_equal(b.outcome, CW_OUT_BIND_REFUSED);
	assert_string_equal(b.reason, dcerpc_reject_reason_name(4));
	set_up(NULL);
	input_answer(&(struct dcerpc_answer){ .type = DCERPC_FAULT, .call_id = CALL, .reason = 5 });
	assert_int_equal(b.outcome, CW_OUT_BIND_REFUSED);
	assert_string_equal(b.reason, dcerpc_fault_name(5));
}

static void test_contradictions(void **state)
{
	struct dcerpc_answer a = { .type = DCERPC_BIND_ACK,
				   .call_id = CALL + 1,
				   .result_count = 2 };
	input_answer(&a);
	assert_int_equal(b.outcome, CW_OUT_MALFORMED);
	set_up(NULL);
	a.call_id = CALL;
	a.result_count = 1;
	input_answer(&a);
	assert_int_equal(b.outcome, CW_OUT_MALFORMED);
	set_up(NULL);
	input("\x05\x00\x02\x03\x10\x00\x00\x00\x18\x00\x00\x00\x07\x00\x00\x00",
	      16); /* a response */
	assert_int_equal(b.outcome, CW_OUT_MALFORMED);
}

static void test_other_protocols(void **state)
{
	input("HTTP/1.1 400 Bad Request\r\n", 26);
	assert_int_equal(b.outcome, CW_OUT_OTHER_PROTOCOL);
	assert_string_equal(b.guess, "HTTP");
	set_up(NULL);
	input("H", 1);
	assert_int_equal(b.outcome, CW_OUT_UNKNOWN); /* what it is shows a little later */
	input("TTP/", 4);
	assert_string_equal(b.guess, "HTTP");
	assert_int_equal(b.outcome, CW_OUT_OTHER_PROTOCOL);
	set_up(NULL);
	input("unheard of protocol", 19);
	assert_int_equal(b.outcome, CW_OUT_OTHER_PROTOCOL);
	assert_null(b.guess);
}

static void test_a_short_greeting_is_not_waited_for_long(void **state)
{
	input("hi", 2);
	assert_int_equal(b.deadline, now + 250);
	now += 200;
	input("!", 1);
	assert_int_equal(b.deadline, 500 + 250); /* a drip does not move it */
	rpc_bind_expire(&b, 749);
	assert_int_equal(b.outcome, CW_OUT_UNKNOWN);
	rpc_bind_expire(&b, 750);
	assert_int_equal(b.outcome, CW_OUT_OTHER_PROTOCOL);
	set_up(NULL);
	input("hi", 2);
	rpc_bind_ended(&b, CW_OUT_CLOSED);
	assert_int_equal(b.outcome, CW_OUT_OTHER_PROTOCOL);
}

static void test_silence_and_drip(void **state)
{
	uint8_t buf[256];
	rpc_bind_expire(&b, now + LIMIT - 1);
	assert_int_equal(b.outcome, CW_OUT_UNKNOWN);
	rpc_bind_expire(&b, now + LIMIT);
	assert_int_equal(b.outcome, CW_OUT_TIMEOUT);
	assert_int_equal(b.got_len, 0);
	set_up(NULL);
	(void)ack(buf, sizeof(buf), 0, 0, 2);
	for (size_t i = 0; now < b.deadline; i++, now += 1000)
		input(buf + i, 1);
	assert_int_equal(b.deadline, 500 + LIMIT);
	rpc_bind_expire(&b, now);
	assert_int_equal(b.outcome, CW_OUT_TIMEOUT);
	assert_int_equal(b.got_len, 3);
}

static void test_hanging_up(void **state)
{
	uint8_t buf[256];
	rpc_bind_ended(&b, CW_OUT_RESET);
	assert_int_equal(b.outcome, CW_OUT_RESET);
	set_up(NULL);
	size_t len = ack(buf, sizeof(buf), 0, 0, 2);
	input(buf, len - 1);
	rpc_bind_ended(&b, CW_OUT_CLOSED);
	assert_int_equal(b.outcome, CW_OUT_CLOSED);
	rpc_bind_ended(&b, CW_OUT_RESET);
	input(buf, len);
	assert_int_equal(b.outcome, CW_OUT_CLOSED);
}

static void test_more_than_anybody_may_send(void **state)
{
	uint8_t lots[LIMIT_RPC_ANSWER + 100];
	memset(lots, 'x', sizeof(lots));
	input(lots, sizeof(lots));
	assert_int_equal(b.outcome, CW_OUT_OTHER_PROTOCOL);
	assert_int_equal(b.got_len, LIMIT_RPC_ANSWER);
}

#define T(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_is_sent),
		T(test_verdicts_on_an_ack),
		T(test_byte_by_byte),
		T(test_refusals),
		T(test_contradictions),
		T(test_other_protocols),
		T(test_a_short_greeting_is_not_waited_for_long),
		T(test_silence_and_drip),
		T(test_hanging_up),
		T(test_more_than_anybody_may_send),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
