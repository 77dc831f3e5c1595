#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "proto/sstp_call.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define ANSWER_200 "HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n\r\n"

static struct sstp_client client;
static struct sstp_server server;
static uint8_t to_server[SSTP_CALL_OUT], to_client[SSTP_CALL_OUT];
static struct cw_wr up, down;

static const uint8_t nonce[SSTP_NONCE] = { 1, 2, 3 };

static void start(void)
{
	up = cw_wr_of(to_server, sizeof(to_server));
	down = cw_wr_of(to_client, sizeof(to_client));
	sstp_client_start(&client, &up, "vpn.test", "{ID}", 1000);
}

/* A copy without anything behind it. */
static void hear(const void *bytes, size_t len, cw_ms now)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	up = cw_wr_of(to_server, sizeof(to_server));
	sstp_client_input(&client, copy, len, now, &up);
	assert_false(up.bad);
	free(copy);
}

static void hear_text(const char *text)
{
	hear(text, strlen(text), 2000);
}

static void serve(const void *bytes, size_t len, cw_ms now)
{
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	down = cw_wr_of(to_client, sizeof(to_client));
	sstp_server_input(&server, copy, len, now, &down);
	assert_false(down.bad);
	free(copy);
}

/* The only packet in w. */
static struct sstp_control only(const struct cw_wr *w)
{
	struct sstp_packet p;
	struct sstp_control c;
	assert_int_equal(sstp_packet_next(w->base, w->len, &p), CW_OK);
	assert_int_equal(p.len, w->len);
	assert_int_equal(sstp_control_decode(&p, &c), CW_OK);
	return c;
}

static void check_end(const struct cw_wr *w, enum sstp_type type, uint8_t attribute,
		      uint32_t status)
{
	struct sstp_status_info s;
	struct sstp_control c = only(w);
	assert_int_equal(c.type, type);
	assert_int_equal(sstp_get_status(&c, 0, &s), CW_OK);
	assert_int_equal(s.attribute, attribute);
	assert_int_equal(s.status, status);
}

/* Both sides of a good call, in pieces of every size. */
static void run(size_t piece, const struct sstp_server_ops *ops, void *ctx)
{
	uint8_t wire[SSTP_CALL_OUT];
	start();
	sstp_server_init(&server, ops, ctx, SSTP_SHA256, nonce, 1000);
	cw_ms now = 1000;
	while (up.len || down.len) {
		size_t len = up.len;
		memcpy(wire, to_server, len);
		up.len = 0;
		for (size_t at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;
			sstp_server_input(&server, wire + at, n, ++now, &down);
		}
		len = down.len;
		memcpy(wire, to_client, len);
		down.len = 0;
		for (size_t at = 0; at < len; at += piece) {
			size_t n = len - at < piece ? len - at : piece;
			sstp_client_input(&client, wire + at, n, ++now, &up);
		}
	}
	assert_false(up.bad || down.bad);
}

static void test_good_call(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 11, 48, 4000 };
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		run(pieces[i], NULL, NULL);
		assert_int_equal(client.outcome, CW_OUT_OK);
		assert_int_equal(client.http.head.status, 200);
		assert_int_equal(client.hashes, SSTP_SHA256);
		assert_memory_equal(client.nonce, nonce, sizeof(nonce));
		assert_false(client.link.status_given);
		assert_int_equal(client.link.state, SSTP_ABORT_TIMEOUT);
		assert_true(client.link.settled && !client.link.over);
		assert_true(server.call_seen && server.abort_seen && !server.disconnect_seen);
		assert_true(server.link.settled);
		assert_string_equal(server.correlation_id, "{ID}");
		/* the client's own reason for its Abort is that nothing is wrong */
		assert_true(server.link.status_given);
		assert_int_equal(server.link.status, SSTP_NO_ERROR);
		up = cw_wr_of(to_server, sizeof(to_server));
		sstp_client_expire(&client, client.link.deadline - 1, &up);
		assert_false(client.link.over);
		sstp_client_expire(&client, client.link.deadline, &up);
		assert_true(client.link.over);
		assert_int_equal(client.link.deadline, CW_NEVER);
		assert_int_equal(up.len, 0);
	}
}

/* What a lab that wants to be wrong says. */
struct wrong {
	int http_status;
	size_t fault_count;
	bool abort, silent;
	struct sstp_status_info status;
};

static void wrong_request(void *ctx, struct sstp_server *s, const struct http_head *head,
			  int refusal, cw_ms now, struct cw_wr *out)
{
	struct wrong *w = ctx;
	assert_int_equal(refusal, 0);
	assert_string_equal(head->method, "SSTP_DUPLEX_POST");
	if (w->http_status)
		sstp_server_refuse(s, w->http_status, NULL, "busy", out);
	else
		sstp_server_accept(s, NULL, now, out);
}

static void wrong_call(void *ctx, struct sstp_server *s, const struct sstp_status_info *fault,
		       size_t fault_count, cw_ms now, struct cw_wr *out)
{
	struct wrong *w = ctx;
	assert_int_equal(fault_count, 0);
	if (w->abort)
		sstp_server_abort(s, w->status.status ? &w->status : NULL, now, out);
	else if (!w->silent)
		sstp_server_nak(s, &w->status, 1, out);
}

static const struct sstp_server_ops wrong_ops = { .request = wrong_request, .call = wrong_call };

static void test_refusal(void **state)
{
	struct wrong w = { .http_status = 503 };
	run(7, &wrong_ops, &w);
	assert_int_equal(client.outcome, CW_OUT_HTTP_STATUS);
	assert_int_equal(client.http.head.status, 503);
	assert_true(client.link.over && server.link.over);
	assert_null(client.why);
	assert_false(server.call_seen);
}

static void test_nak(void **state)
{
	struct wrong w = { .status = { .attribute = 1, .status = SSTP_VALUE_NOT_SUPPORTED } };
	run(7, &wrong_ops, &w);
	assert_int_equal(client.outcome, CW_OUT_SSTP_NAK);
	assert_true(client.link.status_given);
	assert_int_equal(client.link.status, SSTP_VALUE_NOT_SUPPORTED);
	assert_int_equal(client.link.status_attribute, 1);
	assert_true(client.link.settled && server.abort_seen);
	assert_int_equal(server.naks, 1);
}

/* Windows asks again three times; a good server has had enough after three. */
static void test_nak_retries(void **state)
{
	uint8_t nak[64];
	struct sstp_status_info s = { .attribute = 1, .status = 4 };
	struct cw_wr w = cw_wr_of(nak, sizeof(nak));
	sstp_connect_nak_put(&w, &s, 1);
	start();
	client.nak_retries = 3;
	hear_text(ANSWER_200);
	for (int i = 0; i < 3; i++) {
		hear(nak, w.len, 3000 + i);
		assert_int_equal(only(&up).type, SSTP_CONNECT_REQUEST);
		assert_int_equal(client.link.deadline, 63000 + i);
		assert_int_equal(client.outcome, CW_OUT_UNKNOWN);
	}
	hear(nak, w.len, 4000);
	check_end(&up, SSTP_ABORT, SSTP_ATTR_STATUS, SSTP_RETRY_COUNT_EXCEEDED);
	assert_int_equal(client.outcome, CW_OUT_SSTP_NAK);
}

static void test_abort(void **state)
{
	struct wrong w = { .abort = true,
			   .status = { .attribute = 2, .status = SSTP_INVALID_FRAME_RECEIVED } };
	run(1, &wrong_ops, &w);
	assert_int_equal(client.outcome, CW_OUT_SSTP_ABORT);
	assert_false(client.stopped_by_disconnect);
	assert_int_equal(client.link.status, SSTP_INVALID_FRAME_RECEIVED);
	assert_true(client.link.settled && server.link.settled && server.abort_seen);
	w.status.status = 0; /* as SoftEther: without a status */
	run(1, &wrong_ops, &w);
	assert_int_equal(client.outcome, CW_OUT_SSTP_ABORT);
	assert_false(client.link.status_given);
}

static void test_silence(void **state)
{
	struct wrong w = { .silent = true };
	run(9, &wrong_ops, &w);
	assert_int_equal(client.outcome, CW_OUT_UNKNOWN);
	assert_int_equal(client.link.state, SSTP_CLIENT_REQUEST);
	cw_ms deadline = client.link.deadline;
	assert_true(deadline > 60000 && deadline < 62000);
	up = cw_wr_of(to_server, sizeof(to_server));
	sstp_client_expire(&client, deadline, &up);
	assert_int_equal(client.outcome, CW_OUT_TIMEOUT);
	check_end(&up, SSTP_ABORT, SSTP_ATTR_STATUS, SSTP_NEGOTIATION_TIMEOUT);
	assert_int_equal(client.link.deadline, deadline + 3000);
	assert_false(client.link.settled);
	up.len = 0;
	sstp_client_expire(&client, deadline + 3000, &up);
	assert_true(client.link.over);
	assert_int_equal(up.len, 0);
}

static void check_answer(const char *text, enum cw_outcome outcome, bool why)
{
	start();
	hear_text(text);
	if (client.outcome != outcome || client.link.over != (outcome != CW_OUT_UNKNOWN))
		fail_msg("%s, want %s: %s", cw_outcome_name(client.outcome),
			 cw_outcome_name(outcome), text);
	assert_int_equal(why, client.why != NULL);
	if (outcome != CW_OUT_UNKNOWN)
		assert_int_equal(up.len, 0);
}

static void test_http_answers(void **state)
{
	check_answer("HTTP/1.1 404 Not Found\r\n\r\n", CW_OUT_HTTP_STATUS, false);
	check_answer("HTTP/1.1 302 Found\r\nContent-Length: 18446744073709551615\r\n\r\n",
		     CW_OUT_HTTP_STATUS, false);
	check_answer("HTTP/1.0 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
		     CW_OUT_HTTP_STATUS, true);
	check_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", CW_OUT_HTTP_STATUS, true);
	check_answer("HTTP/1.1 200 OK\r\n\r\n", CW_OUT_HTTP_STATUS, true);
	check_answer("SSH-2.0-x\r\n", CW_OUT_OTHER_PROTOCOL, false);
	check_answer("\x10\x01\x00\x30", CW_OUT_OTHER_PROTOCOL, false);
	check_answer("HTTP/1.1 2x0\r\n\r\n", CW_OUT_MALFORMED, true);
	check_answer("HTTP/1.1 200 OK\r\n", CW_OUT_UNKNOWN, false);
	start();
	hear_text(ANSWER_200 "HTTP"); /* a body after all */
	assert_int_equal(client.outcome, CW_OUT_MALFORMED);
	assert_int_equal(only(&up).type, SSTP_CONNECT_REQUEST);
	assert_true(client.link.over);
}

static void check_ack(const void *packet, size_t len, enum cw_outcome outcome, uint32_t status)
{
	start();
	hear_text(ANSWER_200);
	assert_int_equal(only(&up).type, SSTP_CONNECT_REQUEST);
	hear(packet, len, 3000);
	assert_int_equal(client.outcome, outcome);
	assert_int_equal(client.link.state, SSTP_ABORT_PENDING);
	assert_int_equal(client.link.deadline, 6000);
	check_end(&up, SSTP_ABORT,
		  outcome == CW_OUT_OK ? SSTP_ATTR_NONE : SSTP_ATTR_BINDING_REQUEST, status);
}

static void test_acks(void **state)
{
	uint8_t buf[128];
	for (unsigned hashes = 0; hashes < 8; hashes++) {
		struct sstp_binding_request b = { .hashes = (uint8_t)hashes };
		struct cw_wr w = cw_wr_of(buf, sizeof(buf));
		sstp_connect_ack_put(&w, &b);
		check_ack(buf, w.len, hashes & 3 ? CW_OUT_OK : CW_OUT_MALFORMED,
			  hashes & 3 ? SSTP_NO_ERROR : SSTP_VALUE_NOT_SUPPORTED);
		assert_int_equal(client.hashes, hashes & 3 ? hashes : 0);
	}
	check_ack("\x10\x01\x00\x08\x00\x02\x00\x00", 8, CW_OUT_MALFORMED,
		  SSTP_ATTRIB_NOT_SUPPORTED_IN_MSG);
	check_ack("\x10\x01\x00\x0c\x00\x02\x00\x01\x00\x04\x00\x04", 12, CW_OUT_MALFORMED,
		  SSTP_INVALID_ATTRIB_VALUE_LENGTH);
	check_ack("\x10\x01\x00\x0c\x00\x02\x00\x01\x00\x04\x00\x05", 12, CW_OUT_MALFORMED,
		  SSTP_INVALID_FRAME_RECEIVED);
}

/* An Ack and the server's first PPP frame come together: the frame is nobody's by then. */
static void test_frame_behind_ack(void **state)
{
	uint8_t buf[256];
	struct sstp_binding_request b = { .hashes = 3 };
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	sstp_connect_ack_put(&w, &b);
	sstp_data_put(&w, "\xff\x03\xc0\x21\1\1\0\4", 8);
	sstp_bare_put(&w, SSTP_ECHO_REQUEST);
	start();
	hear_text(ANSWER_200);
	hear(buf, w.len, 3000);
	assert_int_equal(client.outcome, CW_OUT_OK);
	check_end(&up, SSTP_ABORT, SSTP_ATTR_NONE, SSTP_NO_ERROR);
}

/* Each message in each state: what is said, and the state behind it. */
enum said { NOTHING, ABORT, ACK, REFUSE, RETRY, ENOUGH, DISCONNECTED, NAK };

struct cell {
	enum said said;
	enum sstp_state next;
};

#define Q(state) \
	{ \
		NOTHING, SSTP_##state \
	}
#define X \
	{ \
		ABORT, SSTP_ABORT_PENDING \
	}
#define QUIET Q(ABORT_PENDING), Q(ABORT_TIMEOUT), Q(DISCONNECT_PENDING), Q(DISCONNECT_TIMEOUT)
#define ANSWERED \
	{ \
		ENOUGH, SSTP_ABORT_TIMEOUT \
	}
#define LEFT \
	{ \
		DISCONNECTED, SSTP_DISCONNECT_TIMEOUT \
	}
#define ON_ABORT \
	ANSWERED, ANSWERED, Q(ABORT_TIMEOUT), Q(ABORT_TIMEOUT), ANSWERED, Q(DISCONNECT_TIMEOUT)
#define ON_LEAVE LEFT, LEFT, Q(ABORT_PENDING), Q(ABORT_TIMEOUT), LEFT, Q(DISCONNECT_TIMEOUT)
#define ON_LEFT  X, X, Q(ABORT_PENDING), Q(ABORT_TIMEOUT), Q(OVER), Q(DISCONNECT_TIMEOUT)

/* clang-format off */
static const struct cell client_cells[][6] = {
	{ X, X, QUIET },                                /* CONNECT_REQUEST */
	{ { REFUSE, SSTP_ABORT_PENDING }, X, QUIET },   /* CONNECT_ACK, empty */
	{ { RETRY, SSTP_ABORT_PENDING }, X, QUIET },    /* CONNECT_NAK */
	{ X, X, QUIET },                                /* CONNECTED */
	{ ON_ABORT },
	{ ON_LEAVE },
	{ ON_LEFT },
	{ X, X, QUIET },                                /* ECHO_REQUEST */
	{ X, X, QUIET },                                /* ECHO_RESPONSE */
	{ X, X, QUIET },                                /* 10 */
	{ X, X, QUIET },                                /* 0xffff */
};

static const struct cell server_cells[][6] = {
	{ { NAK, SSTP_SERVER_REQUEST }, X, QUIET },     /* CONNECT_REQUEST, empty */
	{ X, X, QUIET },                                /* CONNECT_ACK */
	{ X, X, QUIET },                                /* CONNECT_NAK */
	{ X, { ACK, SSTP_ABORT_PENDING }, QUIET },      /* CONNECTED */
	{ ON_ABORT },
	{ ON_LEAVE },
	{ ON_LEFT },
	{ X, X, QUIET },                                /* ECHO_REQUEST */
	{ X, X, QUIET },                                /* ECHO_RESPONSE */
	{ X, X, QUIET },                                /* 10 */
	{ X, X, QUIET },                                /* 0xffff */
};
/* clang-format on */

static const uint16_t types[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xffff };
static const enum sstp_state client_states[] = { SSTP_CLIENT_REQUEST,     SSTP_CLIENT_ACKED,
						 SSTP_ABORT_PENDING,      SSTP_ABORT_TIMEOUT,
						 SSTP_DISCONNECT_PENDING, SSTP_DISCONNECT_TIMEOUT };
static const enum sstp_state server_states[] = { SSTP_SERVER_REQUEST,     SSTP_SERVER_ACKED,
						 SSTP_ABORT_PENDING,      SSTP_ABORT_TIMEOUT,
						 SSTP_DISCONNECT_PENDING, SSTP_DISCONNECT_TIMEOUT };

static void check_said(const struct cw_wr *w, enum said said, uint16_t type)
{
	uint32_t wrong = type > SSTP_ECHO_RESPONSE ? SSTP_INVALID_FRAME_RECEIVED
						   : SSTP_UNACCEPTED_FRAME_RECEIVED;
	switch (said) {
	case NOTHING:
		assert_int_equal(w->len, 0);
		break;
	case ABORT:
		check_end(w, SSTP_ABORT, SSTP_ATTR_STATUS, wrong);
		break;
	case REFUSE:
		check_end(w, SSTP_ABORT, SSTP_ATTR_BINDING_REQUEST,
			  SSTP_ATTRIB_NOT_SUPPORTED_IN_MSG);
		break;
	case RETRY:
		check_end(w, SSTP_ABORT, SSTP_ATTR_STATUS, SSTP_RETRY_COUNT_EXCEEDED);
		break;
	case ACK:
		check_end(w, SSTP_ABORT, SSTP_ATTR_BINDING, SSTP_VALUE_NOT_SUPPORTED);
		break;
	case ENOUGH:
		check_end(w, SSTP_ABORT, SSTP_ATTR_NONE, SSTP_NO_ERROR);
		break;
	case DISCONNECTED:
		assert_int_equal(only(w).type, SSTP_DISCONNECT_ACK);
		break;
	case NAK:
		check_end(w, SSTP_CONNECT_NAK, SSTP_ATTR_PROTOCOL, SSTP_REQUIRED_ATTRIBUTE_MISSING);
		break;
	}
}

static void test_client_table(void **state)
{
	for (size_t t = 0; t < COUNT_OF(types); t++) {
		for (size_t s = 0; s < COUNT_OF(client_states); s++) {
			uint8_t packet[8];
			struct cw_wr w = cw_wr_of(packet, sizeof(packet));
			sstp_control_put(&w, types[t], NULL, 0);
			start();
			hear_text(ANSWER_200);
			client.link.state = client_states[s];
			hear(packet, w.len, 5000);
			if (client.link.state != client_cells[t][s].next)
				fail_msg("type %u in %s: %s, want %s", types[t],
					 sstp_state_name(client_states[s]),
					 sstp_state_name(client.link.state),
					 sstp_state_name(client_cells[t][s].next));
			check_said(&up, client_cells[t][s].said, types[t]);
		}
	}
}

static void accept_call(void)
{
	uint8_t request[512];
	struct cw_wr w = cw_wr_of(request, sizeof(request));
	sstp_http_request_put(&w, "vpn.test", NULL);
	sstp_server_init(&server, NULL, NULL, SSTP_SHA1, nonce, 0);
	serve(request, w.len, 10);
	assert_int_equal(server.link.state, SSTP_SERVER_REQUEST);
}

static void test_server_table(void **state)
{
	for (size_t t = 0; t < COUNT_OF(types); t++) {
		for (size_t s = 0; s < COUNT_OF(server_states); s++) {
			uint8_t packet[8];
			struct cw_wr w = cw_wr_of(packet, sizeof(packet));
			sstp_control_put(&w, types[t], NULL, 0);
			accept_call();
			server.link.state = server_states[s];
			serve(packet, w.len, 5000);
			if (server.link.state != server_cells[t][s].next)
				fail_msg("type %u in %s: %s, want %s", types[t],
					 sstp_state_name(server_states[s]),
					 sstp_state_name(server.link.state),
					 sstp_state_name(server_cells[t][s].next));
			check_said(&down, server_cells[t][s].said, types[t]);
		}
	}
}

/* MS-SSTP 3.1.5.1: no word to who speaks no SSTP. */
static void test_lost_stream(void **state)
{
	accept_call();
	serve("\x11", 1, 20);
	assert_true(server.link.over);
	assert_int_equal(down.len, 0);
	start();
	hear_text(ANSWER_200);
	hear("\x10\x01\x00\x07", 4, 20);
	assert_true(client.link.over);
	assert_int_equal(client.outcome, CW_OUT_MALFORMED);
	assert_int_equal(up.len, 0);
}

static void test_server_timers(void **state)
{
	uint8_t request[16];
	struct cw_wr w = cw_wr_of(request, sizeof(request));
	sstp_connect_request_put(&w, SSTP_PPP);
	sstp_server_init(&server, NULL, NULL, SSTP_SHA1, nonce, 0);
	down = cw_wr_of(to_client, sizeof(to_client));
	sstp_server_expire(&server, 59999, &down);
	assert_false(server.link.over);
	sstp_server_expire(&server, 60000, &down);
	assert_true(server.link.over);
	assert_int_equal(down.len, 0);
	accept_call(); /* the timer still runs from the connection on */
	assert_int_equal(server.link.deadline, 60000);
	serve(request, w.len, 30000);
	assert_int_equal(server.link.state, SSTP_SERVER_ACKED);
	assert_int_equal(server.link.deadline, 90000);
	down.len = 0;
	sstp_server_expire(&server, 90000, &down);
	check_end(&down, SSTP_ABORT, SSTP_ATTR_STATUS, SSTP_NEGOTIATION_TIMEOUT);
	assert_int_equal(server.link.deadline, 93000);
}

static void test_server_gives_up_after_naks(void **state)
{
	uint8_t request[16];
	struct cw_wr w = cw_wr_of(request, sizeof(request));
	sstp_connect_request_put(&w, 2);
	accept_call();
	for (int i = 0; i < 3; i++) {
		serve(request, w.len, 20);
		check_end(&down, SSTP_CONNECT_NAK, SSTP_ATTR_PROTOCOL, SSTP_VALUE_NOT_SUPPORTED);
	}
	serve(request, w.len, 20);
	check_end(&down, SSTP_ABORT, SSTP_ATTR_STATUS, SSTP_RETRY_COUNT_EXCEEDED);
}

static void test_server_refusals(void **state)
{
	static const struct {
		const char *request;
		int status;
	} rows[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 501 },
		{ "SSTP_DUPLEX_POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
		  404 },
		{ "SSTP_DUPLEX_POST / HTTP/1.0\r\n\r\n", 505 },
	};
	static struct http_reader reader;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t used;
		sstp_server_init(&server, NULL, NULL, SSTP_SHA1, nonce, 0);
		serve(rows[i].request, strlen(rows[i].request), 1);
		assert_true(server.link.over && server.request_seen);
		http_reader_init_response(&reader, "GET", 0);
		assert_int_equal(http_reader_feed(&reader, to_client, down.len, &used), HTTP_HEAD);
		assert_int_equal(reader.head.status, rows[i].status);
		assert_false(reader.head.keep_alive);
	}
	sstp_server_init(&server, NULL, NULL, SSTP_SHA1, nonce, 0);
	serve("\x16\x03\x01", 3, 1);
	assert_true(server.link.over && !server.request_seen);
}

static void hold_request(void *ctx, struct sstp_server *s, const struct http_head *head,
			 int refusal, cw_ms now, struct cw_wr *out)
{
}

static void note_data(void *ctx, struct sstp_server *s, const uint8_t *frame, size_t len)
{
	size_t *got = ctx;
	assert_memory_equal(frame, "\xff\x03", 2);
	*got += len;
}

/* The owner takes its time; what the client sends meanwhile is kept. */
static void test_late_answer(void **state)
{
	static const struct sstp_server_ops ops = { .request = hold_request, .data = note_data };
	uint8_t buf[1024];
	size_t got = 0;
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	sstp_http_request_put(&w, "vpn.test", NULL);
	sstp_connect_request_put(&w, SSTP_PPP);
	sstp_data_put(&w, "\xff\x03\xc0\x21", 4);
	sstp_server_init(&server, &ops, &got, SSTP_SHA1, nonce, 0);
	serve(buf, w.len, 1);
	assert_int_equal(down.len, 0);
	assert_true(server.request_seen && !server.call_seen);
	sstp_server_accept(&server, NULL, 2, &down);
	assert_true(server.call_seen);
	assert_int_equal(got, 4);
	assert_int_equal(server.link.state, SSTP_SERVER_ACKED);
	/* but not without end */
	static const uint8_t much[SSTP_PACKET_MOST + 1];
	sstp_server_init(&server, &ops, &got, SSTP_SHA1, nonce, 0);
	serve(buf, w.len, 1);
	serve(much, sizeof(much), 1);
	assert_true(server.link.over);
}

static void test_hang_up(void **state)
{
	start();
	sstp_client_ended(&client, CW_OUT_RESET);
	assert_int_equal(client.outcome, CW_OUT_RESET);
	assert_true(client.link.over);
	run(100, NULL, NULL);
	sstp_client_ended(&client, CW_OUT_CLOSED); /* behind the Ack this is no trouble */
	assert_int_equal(client.outcome, CW_OUT_OK);
	start();
	up.len = 0;
	sstp_client_expire(&client, 61000, &up);
	assert_int_equal(client.outcome, CW_OUT_TIMEOUT);
	assert_true(client.link.over);
	assert_int_equal(up.len, 0);
	start();
	hear_text(ANSWER_200);
	up.len = 0;
	sstp_client_stop(&client, 5000, &up);
	check_end(&up, SSTP_ABORT, SSTP_ATTR_NONE, SSTP_NO_ERROR);
	assert_int_equal(client.outcome, CW_OUT_CANCELLED);
}

static void test_peer_disconnects(void **state)
{
	uint8_t packet[32];
	struct cw_wr w = cw_wr_of(packet, sizeof(packet));
	sstp_end_put(&w, SSTP_DISCONNECT, &(struct sstp_status_info){ .status = 9 });
	start();
	hear_text(ANSWER_200);
	hear(packet, w.len, 3000);
	assert_int_equal(client.outcome, CW_OUT_SSTP_ABORT);
	assert_true(client.stopped_by_disconnect);
	assert_int_equal(client.link.status, 9);
	assert_int_equal(only(&up).type, SSTP_DISCONNECT_ACK);
	assert_int_equal(client.link.deadline, 4000);
	assert_true(client.link.settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_call),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_nak),
		cmocka_unit_test(test_nak_retries),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_http_answers),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_frame_behind_ack),
		cmocka_unit_test(test_client_table),
		cmocka_unit_test(test_server_table),
		cmocka_unit_test(test_lost_stream),
		cmocka_unit_test(test_server_timers),
		cmocka_unit_test(test_server_gives_up_after_naks),
		cmocka_unit_test(test_server_refusals),
		cmocka_unit_test(test_late_answer),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_peer_disconnects),
	};
	return cmocka_run_group_tests_name("sstp-call", tests, NULL, NULL);
}
