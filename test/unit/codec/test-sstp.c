#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/sstp.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t buf[SSTP_PACKET_MOST + 100];

static struct cw_wr fresh(void)
{
	return cw_wr_of(buf, sizeof(buf));
}

static struct sstp_control decoded(const uint8_t *bytes, size_t len)
{
	struct sstp_packet p;
	struct sstp_control c;
	assert_int_equal(sstp_packet_next(bytes, len, &p), CW_OK);
	assert_int_equal(p.len, len);
	assert_true(p.control);
	assert_int_equal(sstp_control_decode(&p, &c), CW_OK);
	return c;
}

static void check_bytes(const struct cw_wr *w, const void *want, size_t len)
{
	assert_false(w->bad);
	assert_int_equal(w->len, len);
	assert_memory_equal(w->base, want, len);
}

/* MS-SSTP 2.2.9 to 2.2.17 */
static void test_exact_bytes(void **state)
{
	struct cw_wr w = fresh();
	sstp_connect_request_put(&w, SSTP_PPP);
	check_bytes(&w, "\x10\x01\x00\x0e\x00\x01\x00\x01\x00\x01\x00\x06\x00\x01", 14);
	w = fresh();
	sstp_bare_put(&w, SSTP_ECHO_REQUEST);
	sstp_bare_put(&w, SSTP_ECHO_RESPONSE);
	sstp_bare_put(&w, SSTP_DISCONNECT_ACK);
	check_bytes(&w,
		    "\x10\x01\x00\x08\x00\x08\x00\x00\x10\x01\x00\x08\x00\x09\x00\x00"
		    "\x10\x01\x00\x08\x00\x07\x00\x00",
		    24);
	w = fresh();
	sstp_end_put(&w, SSTP_DISCONNECT, &(struct sstp_status_info){ 0 });
	check_bytes(&w, "\x10\x01\x00\x14\x00\x06\x00\x01\x00\x02\x00\x0c\0\0\0\0\0\0\0\0", 20);
	w = fresh();
	sstp_end_put(&w, SSTP_ABORT, NULL);
	check_bytes(&w, "\x10\x01\x00\x08\x00\x05\x00\x00", 8);
	w = fresh();
	sstp_end_put(&w, SSTP_ABORT, &(struct sstp_status_info){ .attribute = 3, .status = 4 });
	check_bytes(&w, "\x10\x01\x00\x14\x00\x05\x00\x01\x00\x02\x00\x0c\0\0\0\3\0\0\0\4", 20);
	w = fresh();
	sstp_data_put(&w, "\xff\x03\xc0\x21", 4);
	check_bytes(&w, "\x10\x00\x00\x08\xff\x03\xc0\x21", 8);
}

static void test_ack(void **state)
{
	struct sstp_binding_request in = { .hashes = SSTP_SHA256 }, out;
	memset(in.nonce, 0x5a, sizeof(in.nonce));
	struct cw_wr w = fresh();
	sstp_connect_ack_put(&w, &in);
	assert_int_equal(w.len, 48);
	assert_memory_equal(buf, "\x10\x01\x00\x30\x00\x02\x00\x01\x00\x04\x00\x28\0\0\0\2\x5a",
			    17);
	struct sstp_control c = decoded(buf, w.len);
	assert_int_equal(sstp_get_binding_request(&c, &out), CW_OK);
	assert_int_equal(out.hashes, in.hashes);
	assert_memory_equal(out.nonce, in.nonce, sizeof(in.nonce));
	assert_int_equal(sstp_get_binding(&c, &(struct sstp_binding){ 0 }), CW_ENOTFOUND);
}

static void test_connected(void **state)
{
	struct sstp_binding in = { .hash = SSTP_SHA1 }, out;
	memset(in.nonce, 1, sizeof(in.nonce));
	memset(in.cert_hash, 2, 20);
	memset(in.mac, 3, 20);
	struct cw_wr w = fresh();
	sstp_connected_put(&w, &in);
	assert_int_equal(w.len, 112);
	assert_memory_equal(buf + 8, "\x00\x03\x00\x68\0\0\0\1\1", 9);
	assert_memory_equal(buf + 48, "\2\2", 2);
	assert_memory_equal(buf + 80, "\3\3", 2);
	struct sstp_control c = decoded(buf, w.len);
	assert_int_equal(sstp_get_binding(&c, &out), CW_OK);
	assert_memory_equal(&in, &out, sizeof(in));
}

static void test_nak(void **state)
{
	uint8_t value[SSTP_STATUS_VALUE_MOST + 1] = { 9 };
	struct sstp_status_info in[2] = {
		{ .attribute = 1, .status = 4, .value = value, .value_len = 2 },
		{ .attribute = 7, .status = 2, .value = value, .value_len = sizeof(value) },
	}, out;
	struct cw_wr w = fresh();
	sstp_connect_nak_put(&w, in, 2);
	assert_int_equal(w.len, 8 + 14 + 12 + SSTP_STATUS_VALUE_MOST);
	struct sstp_control c = decoded(buf, w.len);
	assert_int_equal(sstp_get_status(&c, 0, &out), CW_OK);
	assert_int_equal(out.attribute, 1);
	assert_int_equal(out.status, SSTP_VALUE_NOT_SUPPORTED);
	assert_int_equal(out.value_len, 2);
	assert_memory_equal(out.value, value, 2);
	assert_int_equal(sstp_get_status(&c, 1, &out), CW_OK);
	assert_int_equal(out.attribute, 7);
	assert_int_equal(out.value_len, SSTP_STATUS_VALUE_MOST);
	assert_int_equal(sstp_get_status(&c, 2, &out), CW_ENOTFOUND);
}

/* What real peers send that the document does not have. */
static void test_deviations(void **state)
{
	struct sstp_status_info s = { 0 };
	/* sorz/sstp-server: the status stands where reserved octets and the attribute belong */
	struct sstp_control c = decoded(
		(const uint8_t *)"\x10\x01\x00\x10\x00\x05\x00\x01\x00\x02\x00\x08\0\0\0\7", 16);
	assert_int_equal(sstp_get_status(&c, 0, &s), CW_OK);
	assert_int_equal(s.status, SSTP_INVALID_FRAME_RECEIVED);
	assert_int_equal(s.attribute, 0);
	/* its Disconnect: an attribute with ID 0 */
	c = decoded((const uint8_t *)"\x10\x01\x00\x10\x00\x06\x00\x01\x00\x00\x00\x08\0\0\0\0",
		    16);
	assert_int_equal(sstp_get_status(&c, 0, &s), CW_OK);
	assert_int_equal(s.status, SSTP_NO_ERROR);
	/* SoftEther: none at all */
	c = decoded((const uint8_t *)"\x10\x01\x00\x08\x00\x05\x00\x00", 8);
	assert_int_equal(sstp_get_status(&c, 0, &s), CW_ENOTFOUND);
	/* accel-ppp: two octets behind the last attribute of a Nak */
	c = decoded(
		(const uint8_t *)"\x10\x01\x00\x16\x00\x03\x00\x01\x00\x02\x00\x0c\0\0\0\1\0\0\0\4"
				 "\0\1",
		22);
	assert_int_equal(sstp_get_status(&c, 0, &s), CW_OK);
	assert_int_equal(s.status, SSTP_VALUE_NOT_SUPPORTED);
	/* reserved bits in both headers */
	c = decoded((const uint8_t *)"\x10\xff\xf0\x0e\x00\x01\x00\x01\xff\x01\xf0\x06\x00\x01",
		    14);
	uint16_t protocol;
	assert_int_equal(sstp_get_protocol(&c, &protocol), CW_OK);
	assert_int_equal(protocol, SSTP_PPP);
}

static void test_framing(void **state)
{
	static const struct {
		size_t len;
		uint8_t bytes[8];
		enum cw_ec want;
	} rows[] = {
		{ 0, { 0 }, CW_EMORE },
		{ 1, { 0x10 }, CW_EMORE },
		{ 1, { 0x11 }, CW_EMALFORMED },
		{ 1, { 'H' }, CW_EMALFORMED },
		{ 3, { 0x10, 0, 0 }, CW_EMORE },
		{ 4, { 0x10, 0, 0, 3 }, CW_EMALFORMED },
		{ 4, { 0x10, 0, 0, 4 }, CW_OK },
		{ 4, { 0x10, 1, 0, 7 }, CW_EMALFORMED },
		{ 4, { 0x10, 1, 0, 8 }, CW_EMORE },
		{ 8, { 0x10, 1, 0, 8, 0, 9 }, CW_OK },
		{ 5, { 0x10, 0, 0xf0, 5 }, CW_OK },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sstp_packet p;
		assert_int_equal(sstp_packet_next(rows[i].bytes, rows[i].len, &p), rows[i].want);
	}
	struct cw_wr w = fresh();
	static const uint8_t frame[SSTP_PACKET_MOST];
	sstp_data_put(&w, frame, SSTP_PACKET_MOST - SSTP_HEADER);
	assert_false(w.bad);
	struct sstp_packet p;
	assert_int_equal(sstp_packet_next(buf, w.len, &p), CW_OK);
	assert_int_equal(p.len, SSTP_PACKET_MOST);
	w = fresh();
	sstp_data_put(&w, frame, SSTP_PACKET_MOST - SSTP_HEADER + 1);
	assert_true(w.bad);
}

static void test_attribute_bounds(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum cw_ec want;
	} rows[] = {
		/* one attribute announced: absent, cut, shorter than its header, past the end */
		{ "\x10\x01\x00\x08\x00\x05\x00\x01", 8, CW_EMALFORMED },
		{ "\x10\x01\x00\x0b\x00\x05\x00\x01\x00\x02\x00", 11, CW_EMALFORMED },
		{ "\x10\x01\x00\x0c\x00\x05\x00\x01\x00\x02\x00\x03", 12, CW_EMALFORMED },
		{ "\x10\x01\x00\x0c\x00\x05\x00\x01\x00\x02\x00\x05", 12, CW_EMALFORMED },
		{ "\x10\x01\x00\x0c\x00\x05\x00\x01\x00\x02\x00\x04", 12, CW_OK },
		{ "\x10\x01\x00\x0c\x00\x05\xff\xff\x00\x02\x00\x04", 12, CW_EMALFORMED },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sstp_packet p;
		struct sstp_control c;
		uint8_t *copy = malloc(rows[i].len);
		assert_non_null(copy);
		memcpy(copy, rows[i].bytes, rows[i].len);
		assert_int_equal(sstp_packet_next(copy, rows[i].len, &p), CW_OK);
		assert_int_equal(sstp_control_decode(&p, &c), rows[i].want);
		assert_int_equal(c.type, SSTP_ABORT);
		free(copy);
	}
	struct sstp_attribute many[SSTP_ATTRIBUTES + 1] = { 0 };
	struct cw_wr w = fresh();
	struct sstp_packet p;
	struct sstp_control c;
	sstp_control_put(&w, SSTP_CONNECT_NAK, many, COUNT_OF(many));
	assert_int_equal(sstp_packet_next(buf, w.len, &p), CW_OK);
	assert_int_equal(sstp_control_decode(&p, &c), CW_ETOOBIG);
	assert_int_equal(c.count, SSTP_ATTRIBUTES);
}

/* A shorter packet is never whole. */
static void test_prefixes(void **state)
{
	struct cw_wr w = fresh();
	sstp_connected_put(&w, &(struct sstp_binding){ .hash = SSTP_SHA256 });
	for (size_t n = 0; n < w.len; n++) {
		struct sstp_packet p;
		uint8_t *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, buf, n);
		assert_int_equal(sstp_packet_next(copy, n, &p), CW_EMORE);
		free(copy);
	}
}

static void test_wrong_lengths(void **state)
{
	uint8_t value[200] = { 0 };
	static const uint8_t ids[] = { SSTP_ATTR_PROTOCOL, SSTP_ATTR_STATUS, SSTP_ATTR_BINDING,
				       SSTP_ATTR_BINDING_REQUEST };
	static const size_t right[] = { 2, 0, 100, 36 };
	for (size_t len = 0; len < sizeof(value); len++) {
		struct sstp_attribute a[4];
		uint16_t protocol;
		struct sstp_status_info s;
		struct sstp_binding b;
		struct sstp_binding_request r;
		for (size_t i = 0; i < COUNT_OF(a); i++)
			a[i] = (struct sstp_attribute){ ids[i], value, len };
		struct cw_wr w = fresh();
		sstp_control_put(&w, SSTP_CONNECTED, a, COUNT_OF(a));
		struct sstp_control c = decoded(buf, w.len);
		bool status = len == 4 || len >= 8;
		assert_int_equal(sstp_get_protocol(&c, &protocol),
				 len == right[0] ? CW_OK : CW_EMALFORMED);
		assert_int_equal(sstp_get_status(&c, 0, &s), status ? CW_OK : CW_EMALFORMED);
		assert_int_equal(sstp_get_binding(&c, &b), len == right[2] ? CW_OK : CW_EMALFORMED);
		assert_int_equal(sstp_get_binding_request(&c, &r),
				 len == right[3] ? CW_OK : CW_EMALFORMED);
	}
}

/* MS-SSTP 3.3.5.2.2: all faults at once. */
static void test_request_faults(void **state)
{
	static const uint8_t ppp[3] = { 0, 1, 0 }, other[2] = { 0, 2 };
	struct sstp_status_info fault[SSTP_ATTRIBUTES + 1];
	struct sstp_control c = { .count = 1, .attribute = { { SSTP_ATTR_PROTOCOL, ppp, 2 } } };
	assert_int_equal(sstp_connect_request_faults(&c, fault), 0);
	c.count = 0;
	assert_int_equal(sstp_connect_request_faults(&c, fault), 1);
	assert_int_equal(fault[0].status, SSTP_REQUIRED_ATTRIBUTE_MISSING);
	assert_int_equal(fault[0].attribute, SSTP_ATTR_PROTOCOL);
	c = (struct sstp_control){ .count = 5,
				   .attribute = { { SSTP_ATTR_PROTOCOL, other, 2 },
						  { SSTP_ATTR_STATUS, ppp, 3 },
						  { 9, ppp, 1 },
						  { SSTP_ATTR_PROTOCOL, ppp, 2 },
						  { SSTP_ATTR_BINDING, ppp, 1 } } };
	static const struct {
		uint8_t attribute;
		uint32_t status;
	} want[] = {
		{ SSTP_ATTR_PROTOCOL, SSTP_VALUE_NOT_SUPPORTED },
		{ SSTP_ATTR_STATUS, SSTP_STATUS_INFO_NOT_SUPPORTED_IN_MSG },
		{ 9, SSTP_UNRECOGNIZED_ATTRIBUTE },
		{ SSTP_ATTR_PROTOCOL, SSTP_DUPLICATE_ATTRIBUTE },
		{ SSTP_ATTR_BINDING, SSTP_UNRECOGNIZED_ATTRIBUTE },
	};
	assert_int_equal(sstp_connect_request_faults(&c, fault), COUNT_OF(want));
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_int_equal(fault[i].attribute, want[i].attribute);
		assert_int_equal(fault[i].status, want[i].status);
	}
	assert_memory_equal(fault[0].value, other, 2);
	c = (struct sstp_control){ .count = 1, .attribute = { { SSTP_ATTR_PROTOCOL, ppp, 3 } } };
	assert_int_equal(sstp_connect_request_faults(&c, fault), 1);
	assert_int_equal(fault[0].status, SSTP_INVALID_ATTRIB_VALUE_LENGTH);
}

static void test_names(void **state)
{
	for (uint32_t s = 0; s <= SSTP_STATUS_INFO_NOT_SUPPORTED_IN_MSG; s++)
		assert_non_null(sstp_status_name(s));
	assert_string_equal(sstp_status_name(4), "VALUE_NOT_SUPPORTED");
	assert_null(sstp_status_name(12));
	assert_null(sstp_status_name(UINT32_MAX));
	for (uint16_t t = SSTP_CONNECT_REQUEST; t <= SSTP_ECHO_RESPONSE; t++)
		assert_non_null(sstp_type_name(t));
	assert_null(sstp_type_name(0));
	assert_null(sstp_type_name(10));
	assert_string_equal(sstp_attribute_name(4), "CRYPTO_BINDING_REQ");
	assert_null(sstp_attribute_name(5));
}

static struct http_reader reader;

static int refusal(const char *text)
{
	size_t used;
	http_reader_init_request(&reader, 0);
	assert_int_equal(http_reader_feed(&reader, (const uint8_t *)text, strlen(text), &used),
			 HTTP_HEAD);
	return sstp_http_request_refusal(&reader.head);
}

static void test_http_request(void **state)
{
	static const uint8_t random[16] = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 0xff, 3,
					    0xff, 5,    6,    7,    8, 9, 10,   11 };
	char id[SSTP_CORRELATION_ID];
	assert_string_equal(sstp_correlation_id(random, id),
			    "{DEADBEEF-0001-4F03-BF05-060708090A0B}");
	struct cw_wr w = fresh();
	sstp_http_request_put(&w, "vpn.contoso.com", id);
	static const char want[] =
		"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
		"Host: vpn.contoso.com\r\n"
		"Content-Length: 18446744073709551615\r\n"
		"SSTPCORRELATIONID: {DEADBEEF-0001-4F03-BF05-060708090A0B}\r\n\r\n";
	check_bytes(&w, want, sizeof(want) - 1);
	assert_int_equal(refusal(want), 0);
	assert_string_equal(sstp_http_correlation_id(&reader.head), id);
#define SSTP_LENGTH "Content-Length: 18446744073709551615\r\n\r\n"
	assert_int_equal(refusal("sstp_duplex_post /SRA_{ba195980-cd49-458b-9e23-c84ee0adcd75}/"
				 "?tenantid=7 HTTP/1.1\r\n" SSTP_LENGTH),
			 0);
	assert_null(sstp_http_correlation_id(&reader.head));
	assert_int_equal(refusal("SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ "
				 "HTTP/1.0\r\n" SSTP_LENGTH),
			 505);
	assert_int_equal(refusal("SSTP_DUPLEX_POST / HTTP/1.1\r\n" SSTP_LENGTH), 404);
	assert_int_equal(
		refusal("GET /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n\r\n"), 501);
	assert_int_equal(refusal("SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ "
				 "HTTP/1.1\r\n\r\n"),
			 400);
}

static void test_http_answer(void **state)
{
	size_t used;
	struct cw_wr w = fresh();
	sstp_http_answer_put(&w, "Thu, 09 Nov 2006 00:51:09 GMT");
	http_reader_init_response(&reader, sstp_http_method, 0);
	assert_int_equal(http_reader_feed(&reader, buf, w.len, &used), HTTP_HEAD);
	assert_int_equal(used, w.len);
	assert_int_equal(reader.head.status, 200);
	assert_int_equal(reader.head.body, HTTP_BODY_STREAM);
	assert_true(reader.head.header_count <= 4);
	assert_string_equal(http_header_get(&reader.head, "Server"), sstp_http_server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_bytes),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_nak),
		cmocka_unit_test(test_deviations),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_attribute_bounds),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_request_faults),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_http_request),
		cmocka_unit_test(test_http_answer),
	};
	return cmocka_run_group_tests_name("sstp", tests, NULL, NULL);
}
