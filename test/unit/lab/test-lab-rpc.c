#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "codec/dcerpc.h"
#include "lab_bench.h"

enum { WAIT_MS = 400, SILENCE_MS = 60 };

static const struct dcerpc_syntax control = { { { 1, 2, 3, 4 } }, 1 };
static const struct dcerpc_syntax ndr64 = { { { 0x71, 0x71, 0x05, 0x33 } }, 1 };

static size_t encode_bind(uint8_t *out, size_t room)
{
	struct dcerpc_bind bind = { .call_id = 9,
				    .max_xmit = 5840,
				    .max_recv = 5840,
				    .context_count = 3,
				    .context = { { 0, dcerpc_kms_interface, dcerpc_ndr32 },
						 { 1, control, dcerpc_ndr32 },
						 { 2, dcerpc_kms_interface, ndr64 } } };
	struct cw_wr w = cw_wr_of(out, room);
	dcerpc_bind_encode(&w, &bind);
	assert_false(w.bad);
	return w.len;
}

/* Opens a lab with such a host, connects, and sends a bind. */
static int connect_to(struct bench *b, const char *host)
{
	uint8_t bind[300];
	char text[200];
	int error;
	snprintf(text, sizeof(text), "kms kms01\n%s", host);
	bench_open(b, text);
	int fd = bench_socket(b, "kms01", SOCK_STREAM, &error);
	bench_pump(b, 10);
	size_t len = encode_bind(bind, sizeof(bind));
	(void)send(fd, bind, len, MSG_NOSIGNAL); /* a listener that resets is gone already */
	return fd;
}

/* Everything that comes until the peer hangs up or falls silent; the end as bench_receive. */
static ssize_t receive_all(struct bench *b, int fd, cw_ms ms)
{
	ssize_t n;
	b->got_len = 0;
	while ((n = bench_receive(b, fd, b->got + b->got_len, sizeof(b->got) - b->got_len, ms)) > 0)
		b->got_len += (size_t)n;
	return n;
}

static ssize_t talk(struct bench *b, const char *host, cw_ms ms)
{
	int fd = connect_to(b, host);
	ssize_t end = receive_all(b, fd, ms);
	close(fd);
	return end;
}

static struct dcerpc_answer answer(const struct bench *b)
{
	struct dcerpc_answer a;
	size_t need;
	assert_int_equal(dcerpc_answer_decode(b->got, b->got_len, &a, &need), CW_OK);
	assert_int_equal(a.call_id, 9);
	return a;
}

static void assert_result(const struct dcerpc_answer *a, size_t i, uint16_t result, uint16_t reason)
{
	assert_int_equal(a->result[i].result, result);
	assert_int_equal(a->result[i].reason, reason);
}

static void test_as_windows(void **state)
{
	struct bench b;
	assert_int_equal(talk(&b, "", SILENCE_MS), -EAGAIN); /* it waits for a request */
	struct dcerpc_answer a = answer(&b);
	assert_int_equal(a.type, DCERPC_BIND_ACK);
	assert_int_equal(a.result_count, 3);
	assert_result(&a, 0, DCERPC_ACCEPTED, 0);
	assert_result(&a, 1, DCERPC_PROVIDER_REJECTED, DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	assert_result(&a, 2, DCERPC_PROVIDER_REJECTED, DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED);
	assert_int_equal(lab_server_hits(b.lab, "kms01"), 1);
	bench_close(&b);
}

static void test_a_request_is_never_answered(void **state)
{
	static const char *const hosts[] = { "", "  answer accept-all\n" };
	for (size_t i = 0; i < 2; i++) {
		struct bench b;
		static const uint8_t request[24] = { 5, 0, 0, 3, 0x10, 0, 0, 0, 24 };
		int fd = connect_to(&b, hosts[i]);
		assert_int_equal(receive_all(&b, fd, SILENCE_MS), -EAGAIN);
		assert_true(b.got_len > 0);
		assert_int_equal(send(fd, request, sizeof(request), MSG_NOSIGNAL), 24);
		assert_int_equal(receive_all(&b, fd, WAIT_MS), 0);
		assert_int_equal(b.got_len, 0);
		close(fd);
		bench_close(&b);
	}
}

static void test_bind_in_pieces(void **state)
{
	struct bench b;
	uint8_t bind[300];
	int error;
	size_t len = encode_bind(bind, sizeof(bind));
	bench_open(&b, "kms kms01\n");
	int fd = bench_socket(&b, "kms01", SOCK_STREAM, &error);
	bench_pump(&b, 10);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(send(fd, bind + i, 1, 0), 1);
		if (i % 16 == 0)
			bench_pump(&b, 2);
	}
	receive_all(&b, fd, SILENCE_MS);
	assert_int_equal(answer(&b).type, DCERPC_BIND_ACK);
	close(fd);
	bench_close(&b);
}

static void test_other_rpc(void **state)
{
	struct bench b;
	talk(&b, "  answer accept-all\n", SILENCE_MS);
	struct dcerpc_answer a = answer(&b);
	for (size_t i = 0; i < 3; i++)
		assert_result(&a, i, DCERPC_ACCEPTED, 0);
	bench_close(&b);
	talk(&b, "  answer refuse-interface\n", SILENCE_MS);
	a = answer(&b);
	for (size_t i = 0; i < 3; i++)
		assert_result(&a, i, DCERPC_PROVIDER_REJECTED,
			      DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED);
	bench_close(&b);
	talk(&b, "  answer refuse-transfer\n", SILENCE_MS);
	a = answer(&b);
	assert_result(&a, 0, DCERPC_PROVIDER_REJECTED, DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED);
	bench_close(&b);
	talk(&b, "  answer bind-nak 4\n", SILENCE_MS);
	a = answer(&b);
	assert_int_equal(a.type, DCERPC_BIND_NAK);
	assert_int_equal(a.reason, 4);
	bench_close(&b);
	talk(&b, "  answer fault 0x5\n", SILENCE_MS);
	a = answer(&b);
	assert_int_equal(a.type, DCERPC_FAULT);
	assert_int_equal(a.reason, 5);
	bench_close(&b);
}

static void test_broken_rpc(void **state)
{
	struct bench b;
	struct dcerpc_answer a;
	size_t need, whole;
	talk(&b, "", SILENCE_MS);
	whole = b.got_len;
	bench_close(&b);
	assert_int_equal(talk(&b, "  answer garbled\n", SILENCE_MS), -EAGAIN);
	assert_int_equal(b.got_len, whole);
	assert_int_equal(dcerpc_answer_decode(b.got, b.got_len, &a, &need), CW_EMALFORMED);
	bench_close(&b);
	assert_int_equal(talk(&b, "  answer half\n", WAIT_MS), 0);
	assert_int_equal(b.got_len, whole / 2);
	bench_close(&b);
	assert_int_equal(talk(&b, "  answer stall\n", SILENCE_MS), -EAGAIN);
	assert_int_equal(b.got_len, whole / 2);
	bench_close(&b);
	assert_int_equal(talk(&b, "  answer drip\n", 200), -EAGAIN);
	assert_int_equal(b.got_len, whole);
	assert_int_equal(answer(&b).type, DCERPC_BIND_ACK);
	bench_close(&b);
}

static void test_other_protocols(void **state)
{
	static const struct {
		const char *host, *guess;
		ssize_t end;
	} rows[] = {
		{ "  answer http\n", "HTTP", 0 },
		{ "  answer ssh\n", "SSH", -EAGAIN },
		{ "  answer smtp\n", "SMTP or FTP", -EAGAIN },
		{ "  answer tls\n", "TLS", 0 },
		{ "  answer random\n", NULL, -EAGAIN },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench b;
		assert_int_equal(talk(&b, rows[i].host, SILENCE_MS), rows[i].end);
		assert_true(b.got_len > 0);
		const char *guess = dcerpc_guess_other(b.got, b.got_len);
		if (rows[i].guess)
			assert_string_equal(guess, rows[i].guess);
		else
			assert_null(guess);
		bench_close(&b);
	}
}

static void test_no_answer(void **state)
{
	struct bench b;
	assert_int_equal(talk(&b, "  answer hang-up\n", WAIT_MS), 0);
	assert_int_equal(b.got_len, 0);
	bench_close(&b);
	int error;
	bench_open(&b, "kms kms01\n  answer reset\n");
	int fd = bench_socket(&b, "kms01", SOCK_STREAM, &error);
	assert_int_equal(receive_all(&b, fd, WAIT_MS), -ECONNRESET);
	close(fd);
	bench_close(&b);
	assert_int_equal(talk(&b, "  answer silent\n", SILENCE_MS), -EAGAIN);
	assert_int_equal(b.got_len, 0);
	assert_int_equal(lab_server_hits(b.lab, "kms01"), 1);
	bench_close(&b);
	assert_int_equal(talk(&b, "  delay 150ms\n", SILENCE_MS), -EAGAIN);
	assert_int_equal(b.got_len, 0);
	bench_close(&b);
	assert_int_equal(talk(&b, "  delay 150ms\n", WAIT_MS), -EAGAIN);
	assert_true(b.got_len > 0);
	bench_close(&b);
}

static void test_closed_and_blocked(void **state)
{
	struct bench b;
	int error;
	bench_open(&b, "kms closed\n  closed\nkms blocked\n  blocked\nhost old\n");
	int fd = bench_socket(&b, "closed", SOCK_STREAM, &error);
	assert_int_equal(bench_receive(&b, fd, b.got, 1, WAIT_MS), -ECONNREFUSED);
	close(fd);
	fd = bench_socket(&b, "old", SOCK_STREAM, &error);
	assert_int_equal(bench_receive(&b, fd, b.got, 1, WAIT_MS), -ECONNREFUSED);
	close(fd);
	/* Three clients, so that it is not only the first one that is left waiting. */
	for (size_t i = 0; i < 3; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		fd = bench_socket(&b, "blocked", SOCK_STREAM, &error);
		assert_int_equal(error, EINPROGRESS);
		bench_pump(&b, 100);
		assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &len), -1);
		assert_int_equal(errno, ENOTCONN);
		close(fd);
	}
	bench_close(&b);
}

static void test_bytes_that_are_no_bind(void **state)
{
	struct bench b;
	int error;
	bench_open(&b, "kms kms01\n");
	int fd = bench_socket(&b, "kms01", SOCK_STREAM, &error);
	bench_pump(&b, 10);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, 0), 27);
	receive_all(&b, fd, SILENCE_MS);
	assert_int_equal(b.got_len, 0);
	close(fd);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_windows),
		cmocka_unit_test(test_a_request_is_never_answered),
		cmocka_unit_test(test_bind_in_pieces),
		cmocka_unit_test(test_other_rpc),
		cmocka_unit_test(test_broken_rpc),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_closed_and_blocked),
		cmocka_unit_test(test_bytes_that_are_no_bind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
