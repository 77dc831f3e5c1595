/* Any bytes as SSTP packets, and as what a client or a server hears in a call. The first octet says
 * which, and how the bytes are cut. */
#include "fuzz.h"

#include <string.h>

#include "proto/sstp_call.h"

static void check_getters(const struct sstp_control *c)
{
	uint16_t protocol;
	struct sstp_status_info s, fault[SSTP_ATTRIBUTES + 1];
	struct sstp_binding b;
	struct sstp_binding_request r;
	(void)sstp_get_protocol(c, &protocol);
	(void)sstp_get_binding(c, &b);
	(void)sstp_get_binding_request(c, &r);
	for (size_t i = 0; i < c->count + 1; i++)
		(void)sstp_get_status(c, i, &s);
	size_t faults = sstp_connect_request_faults(c, fault);
	REQUIRE(faults <= SSTP_ATTRIBUTES + 1);
	uint8_t buf[2048];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	sstp_connect_nak_put(&w, fault, faults);
	REQUIRE(!w.bad);
}

/* What was read, written again, is read the same. */
static void check_again(const struct sstp_control *c)
{
	uint8_t buf[SSTP_PACKET_MOST];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	struct sstp_packet p;
	struct sstp_control again;
	sstp_control_put(&w, c->type, c->attribute, c->count);
	REQUIRE(!w.bad && sstp_packet_next(buf, w.len, &p) == CW_OK);
	REQUIRE(sstp_control_decode(&p, &again) == CW_OK);
	REQUIRE(again.type == c->type && again.count == c->count);
	for (size_t i = 0; i < c->count; i++) {
		REQUIRE(again.attribute[i].id == c->attribute[i].id);
		REQUIRE(again.attribute[i].len == c->attribute[i].len);
		REQUIRE(memcmp(again.attribute[i].value, c->attribute[i].value,
			       c->attribute[i].len) == 0);
	}
}

static void check_packets(const uint8_t *data, size_t size)
{
	struct sstp_packet p;
	for (size_t at = 0; sstp_packet_next(data + at, size - at, &p) == CW_OK; at += p.len) {
		struct sstp_control c;
		REQUIRE(p.len <= size - at && p.payload_len == p.len - SSTP_HEADER);
		if (sstp_control_decode(&p, &c) == CW_OK)
			check_again(&c);
		check_getters(&c);
	}
}

static void check_link(const struct sstp_link *l, const struct cw_wr *out)
{
	REQUIRE(!out->bad);
	REQUIRE(sstp_state_name(l->state));
	REQUIRE(l->over == (l->state == SSTP_OVER));
	REQUIRE(l->over == (l->deadline == CW_NEVER));
	REQUIRE(l->settled || !l->over);
}

static void run_client(const uint8_t *data, size_t size, size_t piece)
{
	static struct sstp_client c;
	uint8_t buf[SSTP_CALL_OUT];
	struct cw_wr out = cw_wr_of(buf, sizeof(buf));
	sstp_client_start(&c, &out, "vpn.test", NULL, 0);
	c.nak_retries = 3;
	for (size_t at = 0; at < size; at += piece) {
		out = cw_wr_of(buf, sizeof(buf));
		sstp_client_input(&c, data + at, size - at < piece ? size - at : piece, 1, &out);
		check_link(&c.link, &out);
		REQUIRE(!c.link.over || c.outcome != CW_OUT_UNKNOWN);
		REQUIRE(c.outcome != CW_OUT_OK || (c.hashes & 3));
	}
	for (int i = 0; i < 3; i++) {
		out = cw_wr_of(buf, sizeof(buf));
		sstp_client_expire(&c, c.link.deadline, &out);
	}
	REQUIRE(c.link.over && c.outcome != CW_OUT_UNKNOWN);
}

static void run_server(const uint8_t *data, size_t size, size_t piece)
{
	static struct sstp_server s;
	static const uint8_t nonce[SSTP_NONCE] = { 1 };
	uint8_t buf[SSTP_CALL_OUT];
	struct cw_wr out;
	sstp_server_init(&s, NULL, NULL, SSTP_SHA256, nonce, 0);
	for (size_t at = 0; at < size; at += piece) {
		out = cw_wr_of(buf, sizeof(buf));
		sstp_server_input(&s, data + at, size - at < piece ? size - at : piece, 1, &out);
		check_link(&s.link, &out);
	}
	for (int i = 0; i < 3; i++) {
		out = cw_wr_of(buf, sizeof(buf));
		sstp_server_expire(&s, s.link.deadline, &out);
	}
	REQUIRE(s.link.over);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t piece = (data[0] >> 2) * 4u + 1;
	if ((data[0] & 3) == 0)
		check_packets(data + 1, size - 1);
	else if ((data[0] & 3) == 1)
		run_client(data + 1, size - 1, piece);
	else
		run_server(data + 1, size - 1, piece);
	return 0;
}
