#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "codec/dcerpc.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A bind to the KMS interface, laid out by hand after C706 12.6.4.3. */
/* clang-format off */
static const uint8_t kms_bind[72] = {
	5, 0, 11, 3,  0x10, 0, 0, 0,  72, 0,  0, 0,  7, 0, 0, 0,
	0xd0, 0x16,  0xd0, 0x16,  0, 0, 0, 0,  1, 0, 0, 0,
	0, 0,  1, 0,
	0x75, 0x21, 0xc8, 0x51, 0x4e, 0x84, 0x50, 0x47, 0xb0, 0xd8, 0xec, 0x25, 0x55, 0x55, 0xbc, 0x06,
	1, 0, 0, 0,
	0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
	2, 0, 0, 0,
};

/* The same with numbers big-endian. */
static const uint8_t kms_bind_big_endian[72] = {
	5, 0, 11, 3,  0, 0, 0, 0,  0, 72,  0, 0,  0, 0, 0, 7,
	0x16, 0xd0,  0x16, 0xd0,  0, 0, 0, 0,  1, 0, 0, 0,
	0, 0,  1, 0,
	0x51, 0xc8, 0x21, 0x75, 0x84, 0x4e, 0x47, 0x50, 0xb0, 0xd8, 0xec, 0x25, 0x55, 0x55, 0xbc, 0x06,
	0, 0, 0, 1,
	0x8a, 0x88, 0x5d, 0x04, 0x1c, 0xeb, 0x11, 0xc9, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
	0, 0, 0, 2,
};

/* A bind_ack: "1688" with its NUL is 5 octets, one of padding; accepted, and 2/1. */
static const uint8_t ack[] = {
	5, 0, 12, 3,  0x10, 0, 0, 0,  84, 0,  0, 0,  7, 0, 0, 0,
	0xd0, 0x16,  0xd0, 0x16,  0x3f, 0xbf, 0x63, 0x10,  5, 0, '1', '6', '8', '8', 0,  0,
	2, 0, 0, 0,
	0, 0, 0, 0,
	0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
	2, 0, 0, 0,
	2, 0, 1, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static const uint8_t ack_big_endian[] = {
	5, 0, 12, 3,  0, 0, 0, 0,  0, 60,  0, 0,  0, 0, 1, 0,
	0x16, 0xd0,  0x16, 0xd0,  0, 0, 0, 1,  0, 4, '1', '3', '5', 0,  0, 0,
	1, 0, 0, 0,
	0, 2, 0, 2,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

static const uint8_t nak[] = {
	5, 0, 13, 3,  0x10, 0, 0, 0,  21, 0,  0, 0,  7, 0, 0, 0,  4, 0,  1, 5, 0,
};

static const uint8_t fault[] = {
	5, 0, 3, 3,  0x10, 0, 0, 0,  32, 0,  0, 0,  7, 0, 0, 0,
	32, 0, 0, 0,  0, 0,  0, 0,  3, 0, 1, 0x1c,  0, 0, 0, 0,
};
/* clang-format on */

static const struct dcerpc_bind bind_of_kms = {
	.call_id = 7,
	.max_xmit = 5840,
	.max_recv = 5840,
	.context_count = 1,
};

static struct dcerpc_bind kms(void)
{
	struct dcerpc_bind b = bind_of_kms;
	b.context[0].abstract = dcerpc_kms_interface;
	b.context[0].transfer = dcerpc_ndr32;
	return b;
}

static void assert_same_syntax(const struct dcerpc_syntax *a, const struct dcerpc_syntax *b)
{
	assert_memory_equal(a->uuid.bytes, b->uuid.bytes, 16);
	assert_int_equal(a->version, b->version);
}

static void assert_same_bind(const struct dcerpc_bind *a, const struct dcerpc_bind *b)
{
	assert_int_equal(a->call_id, b->call_id);
	assert_int_equal(a->max_xmit, b->max_xmit);
	assert_int_equal(a->max_recv, b->max_recv);
	assert_int_equal(a->context_count, b->context_count);
	for (size_t i = 0; i < a->context_count; i++) {
		assert_int_equal(a->context[i].id, b->context[i].id);
		assert_same_syntax(&a->context[i].abstract, &b->context[i].abstract);
		assert_same_syntax(&a->context[i].transfer, &b->context[i].transfer);
	}
}

static void test_bind_of_one_context(void **state)
{
	uint8_t buf[128];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dcerpc_bind b = kms(), back;
	dcerpc_bind_encode(&w, &b);
	assert_int_equal(w.len, sizeof(kms_bind));
	assert_memory_equal(buf, kms_bind, sizeof(kms_bind));
	assert_int_equal(dcerpc_bind_decode(kms_bind, sizeof(kms_bind), &back), CW_OK);
	assert_same_bind(&b, &back);
	assert_int_equal(
		dcerpc_bind_decode(kms_bind_big_endian, sizeof(kms_bind_big_endian), &back), CW_OK);
	assert_same_bind(&b, &back);
}

static void test_bind_round_trip(void **state)
{
	uint8_t buf[16 + 12 + DCERPC_CONTEXTS * 44];
	struct dcerpc_bind b = kms(), back = { .call_id = 4711 };
	b.context_count = DCERPC_CONTEXTS;
	for (size_t i = 0; i < DCERPC_CONTEXTS; i++) {
		b.context[i] = b.context[0];
		b.context[i].id = (uint16_t)(i * 1000);
		b.context[i].abstract.uuid.bytes[i * 2] ^= 0xff;
		b.context[i].abstract.version = 0x00020001 + (uint32_t)i;
	}
	for (size_t cap = 0; cap < sizeof(buf); cap++) {
		struct cw_wr small = cw_wr_of(buf, cap);
		dcerpc_bind_encode(&small, &b);
		assert_true(small.bad);
	}
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	dcerpc_bind_encode(&w, &b);
	assert_int_equal(w.len, sizeof(buf));
	for (size_t len = 0; len < w.len; len++) {
		uint8_t copy[sizeof(buf)];
		memcpy(copy, buf, len);
		assert_int_equal(dcerpc_bind_decode(copy, len, &back), CW_EMORE);
		assert_int_equal(back.call_id, 4711);
	}
	assert_int_equal(dcerpc_bind_decode(buf, w.len, &back), CW_OK);
	assert_same_bind(&b, &back);
}

/* Several transfer syntaxes: the first counts. */
static void test_bind_with_two_transfer_syntaxes(void **state)
{
	uint8_t buf[72 + 20] = { 0 };
	struct dcerpc_bind b = kms(), back;
	memcpy(buf, kms_bind, sizeof(kms_bind));
	buf[8] = sizeof(buf);
	buf[30] = 2;
	assert_int_equal(dcerpc_bind_decode(buf, sizeof(buf), &back), CW_OK);
	assert_same_bind(&b, &back);
	buf[30] = 3;
	assert_int_equal(dcerpc_bind_decode(buf, sizeof(buf), &back), CW_EMALFORMED);
	buf[30] = 0;
	assert_int_equal(dcerpc_bind_decode(buf, sizeof(buf), &back), CW_EMALFORMED);
}

static void test_refused_binds(void **state)
{
	static const struct {
		size_t at;
		uint8_t octet;
		enum cw_ec want;
	} rows[] = {
		{ 0, 4, CW_EMALFORMED },   { 1, 2, CW_EMALFORMED },  { 2, 12, CW_EMALFORMED },
		{ 3, 1, CW_EMALFORMED },   { 3, 2, CW_EMALFORMED },  { 4, 0x20, CW_EMALFORMED },
		{ 8, 71, CW_EMALFORMED },  { 8, 15, CW_EMALFORMED }, { 9, 0x20, CW_EMALFORMED },
		{ 10, 99, CW_EMALFORMED }, { 11, 1, CW_EMALFORMED }, { 24, 0, CW_EMALFORMED },
		{ 24, 2, CW_EMALFORMED },  { 24, 9, CW_ETOOBIG },    { 24, 255, CW_ETOOBIG },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t buf[72];
		struct dcerpc_bind b;
		memcpy(buf, kms_bind, sizeof(buf));
		buf[rows[i].at] = rows[i].octet;
		if (dcerpc_bind_decode(buf, sizeof(buf), &b) != rows[i].want)
			fail_msg("row %zu: want %d", i, (int)rows[i].want);
	}
}

static enum cw_ec decode(const uint8_t *buf, size_t len, struct dcerpc_answer *out)
{
	size_t need = 0;
	enum cw_ec ec = dcerpc_answer_decode(buf, len, out, &need);
	assert_int_equal(ec == CW_EMORE, need > 0);
	return ec;
}

static void test_reads_answers(void **state)
{
	struct dcerpc_answer a;
	assert_int_equal(decode(ack, sizeof(ack), &a), CW_OK);
	assert_int_equal(a.type, DCERPC_BIND_ACK);
	assert_int_equal(a.call_id, 7);
	assert_int_equal(a.result_count, 2);
	assert_int_equal(a.result[0].result, DCERPC_ACCEPTED);
	assert_int_equal(a.result[0].reason, DCERPC_REASON_NONE);
	assert_int_equal(a.result[1].result, DCERPC_PROVIDER_REJECTED);
	assert_int_equal(a.result[1].reason, DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED);

	assert_int_equal(decode(ack_big_endian, sizeof(ack_big_endian), &a), CW_OK);
	assert_int_equal(a.call_id, 256);
	assert_int_equal(a.result_count, 1);
	assert_int_equal(a.result[0].result, DCERPC_PROVIDER_REJECTED);
	assert_int_equal(a.result[0].reason, DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED);

	assert_int_equal(decode(nak, sizeof(nak), &a), CW_OK);
	assert_int_equal(a.type, DCERPC_BIND_NAK);
	assert_int_equal(a.reason, 4);

	assert_int_equal(decode(fault, sizeof(fault), &a), CW_OK);
	assert_int_equal(a.type, DCERPC_FAULT);
	assert_int_equal(a.reason, 0x1c010003);
}

static void check_answer_round_trip(const struct dcerpc_answer *a, uint16_t port)
{
	uint8_t buf[512];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct dcerpc_answer back;
	cw_wr_u8(&w, 0xee); /* padding counts from the start of the fragment, not of the buffer */
	dcerpc_answer_encode(&w, a, port);
	assert_false(w.bad);
	for (size_t len = 0; len + 1 < w.len; len++) {
		uint8_t copy[512];
		size_t need = 0;
		memcpy(copy, buf + 1, len);
		assert_int_equal(dcerpc_answer_decode(copy, len, &back, &need), CW_EMORE);
		assert_int_equal(need, len < 16 ? 16 - len : w.len - 1 - len);
	}
	assert_int_equal(decode(buf + 1, w.len - 1, &back), CW_OK);
	assert_int_equal(back.type, a->type);
	assert_int_equal(back.call_id, a->call_id);
	assert_int_equal(back.reason, a->reason);
	assert_int_equal(back.result_count, a->result_count);
	for (size_t i = 0; i < a->result_count; i++) {
		assert_int_equal(back.result[i].result, a->result[i].result);
		assert_int_equal(back.result[i].reason, a->result[i].reason);
	}
	for (size_t cap = 0; cap < w.len - 1; cap++) {
		struct cw_wr small = cw_wr_of(buf, cap);
		dcerpc_answer_encode(&small, a, port);
		assert_true(small.bad);
	}
}

static void test_answer_round_trips(void **state)
{
	static const uint16_t ports[] = { 0, 9, 10, 135, 1688, 65535 };
	struct dcerpc_answer a = { .type = DCERPC_BIND_ACK,
				   .call_id = 0x01020304,
				   .result_count = 8 };
	for (uint16_t i = 0; i < 8; i++) {
		a.result[i].result = i % 4;
		a.result[i].reason = (uint16_t)(i * 1000);
	}
	for (size_t i = 0; i < COUNT_OF(ports); i++)
		check_answer_round_trip(&a, ports[i]);
	a.result_count = 1;
	check_answer_round_trip(&a, 1688);
	check_answer_round_trip(
		&(struct dcerpc_answer){ .type = DCERPC_BIND_NAK, .call_id = 1, .reason = 9 }, 0);
	check_answer_round_trip(
		&(struct dcerpc_answer){ .type = DCERPC_FAULT, .call_id = 1, .reason = 0x1c01000b },
		0);
}

static void test_encodes_the_layout(void **state)
{
	uint8_t buf[128];
	struct dcerpc_answer a = {
		.type = DCERPC_BIND_ACK,
		.call_id = 7,
		.result_count = 2,
		.result = { { 0, 0 }, { 2, 1 } },
	};
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	dcerpc_answer_encode(&w, &a, 1688);
	memcpy(buf + 20, ack + 20, 4); /* the association group is the server's to choose */
	assert_int_equal(w.len, sizeof(ack));
	assert_memory_equal(buf, ack, sizeof(ack));
	a = (struct dcerpc_answer){ .type = DCERPC_BIND_NAK, .call_id = 7, .reason = 4 };
	w = cw_wr_of(buf, sizeof(buf));
	dcerpc_answer_encode(&w, &a, 0);
	assert_int_equal(w.len, sizeof(nak));
	assert_memory_equal(buf, nak, sizeof(nak));
}

static void check_changed(const uint8_t *sample, size_t len, size_t at, uint8_t octet,
			  enum cw_ec want)
{
	uint8_t buf[128];
	struct dcerpc_answer a = { .call_id = 4711 };
	memcpy(buf, sample, len);
	buf[at] = octet;
	if (decode(buf, len, &a) != want)
		fail_msg("octet %zu as %d: want %d", at, octet, (int)want);
	if (want != CW_OK)
		assert_int_equal(a.call_id, 4711);
}

static void test_answers_that_contradict_themselves(void **state)
{
	check_changed(ack, sizeof(ack), 0, 4, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 1, 1, CW_OK);
	check_changed(ack, sizeof(ack), 2, DCERPC_BIND, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 2, 2, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 3, 0, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 3, 0x83, CW_OK);
	check_changed(ack, sizeof(ack), 4, 0x11, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 4, 0, CW_EMALFORMED); /* the length turns to 21504 */
	check_changed(ack, sizeof(ack), 8, 83, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 8, 85, CW_EMORE);
	check_changed(ack, sizeof(ack), 9, 0x0f, CW_EMORE);
	check_changed(ack, sizeof(ack), 9, 0x10, CW_EMALFORMED); /* over LIMIT_RPC_ANSWER */
	check_changed(ack, sizeof(ack), 24, 200, CW_EMALFORMED); /* the secondary address */
	check_changed(ack, sizeof(ack), 32, 0, CW_EMALFORMED);   /* no result */
	check_changed(ack, sizeof(ack), 32, 3, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 32, 9, CW_EMALFORMED);
	check_changed(ack, sizeof(ack), 10, 60, CW_EMALFORMED); /* authentication data */
	check_changed(nak, sizeof(nak), 8, 17, CW_EMALFORMED);
	check_changed(nak, sizeof(nak), 8, 18, CW_OK); /* no list of versions */
	check_changed(fault, sizeof(fault), 8, 27, CW_EMALFORMED);
}

/* Another protocol's greeting is known as such even when it is shorter than a header. */
static void test_short_greetings_are_malformed_at_once(void **state)
{
	static const char *const greetings[] = { "S",        "220",      "HTTP/1.1",
						 "\x15\x03", "\x05\xff", "\x05\x01\x02" };
	struct dcerpc_answer a;
	for (size_t i = 0; i < COUNT_OF(greetings); i++)
		assert_int_equal(decode((const uint8_t *)greetings[i], strlen(greetings[i]), &a),
				 CW_EMALFORMED);
	assert_int_equal(decode(kms_bind, sizeof(kms_bind), &a), CW_EMALFORMED);
	assert_int_equal(decode(ack, 0, &a), CW_EMORE);
}

static void test_octets_behind_the_fragment(void **state)
{
	uint8_t buf[sizeof(ack) + 8] = { 0 };
	struct dcerpc_answer a;
	memcpy(buf, ack, sizeof(ack));
	assert_int_equal(decode(buf, sizeof(buf), &a), CW_OK);
	assert_int_equal(a.result_count, 2);
}

static void test_guesses(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *want;
	} rows[] = {
#define ROW(octets, want) { (octets), sizeof(octets) - 1, (want) }
		ROW("\x15\x03\x03\0\2\2\x46", "TLS"),
		ROW("\x16\x03\x01\0\x40\2", "TLS"),
		ROW("\x16\x03\x01\xff\x40\2", NULL),
		ROW("\x15\x03\x03\0", NULL),
		ROW("HTTP/1.1 400 Bad Request\r\n", "HTTP"),
		ROW("<html><head>", "HTTP"),
		ROW("<!DOCTYPE html>", "HTTP"),
		ROW("\0\0\x12\4\0\0\0\0\0\0\3", "HTTP/2"),
		ROW("SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
		ROW("220 mail.contoso.com ESMTP\r\n", "SMTP or FTP"),
		ROW("500 Unknown command\r\n", "SMTP or FTP"),
		ROW("+OK ready\r\n", "POP3"),
		ROW("* OK IMAP4rev1\r\n", "IMAP"),
		ROW("\0\0\0\x55\xffSMB\x72", "SMB"),
		ROW("\0\0\0\x55\xfeSMB\x40", "SMB"),
		ROW("\3\0\0\x13\x0e\xd0", "RDP"),
		ROW("RFB 003.008\n", "VNC"),
		ROW("\xff\xfd\x18\xff\xfd\x20", "Telnet"),
		ROW("\5\xff", "SOCKS"),
		ROW("", NULL),
		ROW("H", NULL),
		ROW("HTTP", NULL),
		ROW("\0\0\0\0\0\0\0\0\0\0\0\0", NULL),
		ROW("hello", NULL),
#undef ROW
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *have = dcerpc_guess_other((const uint8_t *)rows[i].octets, rows[i].len);
		if (have != rows[i].want &&
		    (!have || !rows[i].want || strcmp(have, rows[i].want) != 0))
			fail_msg("row %zu: want %s, have %s", i,
				 rows[i].want ? rows[i].want : "nothing", have ? have : "nothing");
	}
	assert_string_equal(dcerpc_guess_other(kms_bind, sizeof(kms_bind)), "echo");
	assert_null(dcerpc_guess_other(ack, sizeof(ack)));
}

static void test_names_of_reasons(void **state)
{
	for (uint32_t i = 0; i < 10; i++)
		assert_string_not_equal(dcerpc_reject_reason_name(i), "unknown reason");
	assert_string_equal(dcerpc_reject_reason_name(4), "protocol version not supported");
	assert_string_equal(dcerpc_reject_reason_name(10), "unknown reason");
	for (uint32_t i = 0; i < 4; i++)
		assert_string_not_equal(dcerpc_provider_reason_name(i), "unknown reason");
	assert_string_equal(dcerpc_provider_reason_name(1), "abstract syntax not supported");
	assert_string_equal(dcerpc_provider_reason_name(4), "unknown reason");
	assert_string_equal(dcerpc_fault_name(0x1c010003), "unknown interface");
	assert_string_equal(dcerpc_fault_name(5), "access denied");
	assert_string_equal(dcerpc_fault_name(0), "unknown reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_of_one_context),
		cmocka_unit_test(test_bind_round_trip),
		cmocka_unit_test(test_bind_with_two_transfer_syntaxes),
		cmocka_unit_test(test_refused_binds),
		cmocka_unit_test(test_reads_answers),
		cmocka_unit_test(test_answer_round_trips),
		cmocka_unit_test(test_encodes_the_layout),
		cmocka_unit_test(test_answers_that_contradict_themselves),
		cmocka_unit_test(test_short_greetings_are_malformed_at_once),
		cmocka_unit_test(test_octets_behind_the_fragment),
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_names_of_reasons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
