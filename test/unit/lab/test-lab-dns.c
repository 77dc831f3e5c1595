#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "codec/dns.h"
#include "lab_bench.h"

#define ZONE \
	"  zone contoso.example serial 7\n" \
	"    kms01 A 192.0.2.1\n" \
	"    kms01 AAAA 2001:db8::1\n" \
	"    _vlmcs._tcp 300 SRV 1 2 1688 kms01\n" \
	"    a.b.c TXT hello\n" \
	"    www CNAME kms01\n" \
	"    out CNAME kms.other.example.\n" \
	"    loop CNAME pool\n" \
	"    pool CNAME loop\n" \
	"    *.wild A 192.0.2.9\n" \
	"    sub NS ns.sub\n" \
	"    ns.sub A 192.0.2.3\n" \
	"    short SRV \\# 3 000000\n"

enum { WAIT_MS = 400, SILENCE_MS = 60 };

struct ask {
	const char *name;
	uint16_t type;
	bool no_edns, no_rd, tcp;
	uint8_t opcode;
	uint16_t class_;
};

static size_t encode_ask(const struct ask *q, uint8_t *out, size_t room)
{
	struct cw_wr w = cw_wr_of(out, room);
	struct dns_message m = { .id = 0x1234,
				 .opcode = q->opcode,
				 .recursion_desired = !q->no_rd,
				 .question = { q->name, q->type, q->class_ ? q->class_ : 1 },
				 .question_count = 1,
				 .edns = { .present = !q->no_edns, .udp_payload = 1232 } };
	assert_int_equal(dns_message_encode(&w, &m), CW_OK);
	assert_false(w.bad);
	return w.len;
}

/* Receives one framed message. */
static ssize_t receive_framed(struct bench *b, int fd, cw_ms ms)
{
	size_t have = 0;
	for (;;) {
		ssize_t n = bench_receive(b, fd, b->got + have, sizeof(b->got) - have, ms);
		if (n <= 0)
			return n;
		have += (size_t)n;
		size_t want = have >= 2 ? (size_t)(b->got[0] << 8 | b->got[1]) + 2 : SIZE_MAX;
		if (have < want)
			continue;
		memmove(b->got, b->got + 2, have - 2);
		return (ssize_t)have - 2;
	}
}

/* Sends bytes as a query and takes the first answer into b->got. As bench_receive. */
static ssize_t exchange(struct bench *b, const char *server, const uint8_t *bytes, size_t len,
			bool tcp, cw_ms ms)
{
	int error;
	int fd = bench_socket(b, server, tcp ? SOCK_STREAM : SOCK_DGRAM, &error);
	if (tcp) {
		uint8_t framed[1024] = { (uint8_t)(len >> 8), (uint8_t)len };
		memcpy(framed + 2, bytes, len);
		bench_pump(b, 10);
		assert_int_equal(send(fd, framed, len + 2, MSG_NOSIGNAL), len + 2);
	} else {
		assert_int_equal(send(fd, bytes, len, 0), len);
	}
	ssize_t n =
		tcp ? receive_framed(b, fd, ms) : bench_receive(b, fd, b->got, sizeof(b->got), ms);
	b->got_len = n > 0 ? (size_t)n : 0;
	close(fd);
	return n;
}

static ssize_t ask_raw(struct bench *b, const char *server, const struct ask *q, cw_ms ms)
{
	uint8_t bytes[600];
	size_t len = encode_ask(q, bytes, sizeof(bytes));
	return exchange(b, server, bytes, len, q->tcp, ms);
}

static struct dns_message ask_of(struct bench *b, const char *server, struct ask q)
{
	struct dns_message m;
	if (ask_raw(b, server, &q, WAIT_MS) <= 0)
		fail_msg("no answer to %s", q.name);
	assert_int_equal(dns_message_decode(b->got, b->got_len, b->arena, &m), CW_OK);
	assert_int_equal(m.id, 0x1234);
	assert_true(m.response);
	return m;
}

#define ASK(...) ask_of(&b, "ns1", (struct ask){ __VA_ARGS__ })

static size_t count(const struct dns_message *m, enum dns_section section)
{
	size_t n = 0;
	for (size_t i = 0; i < m->rr_count; i++)
		n += m->rr[i].section == section;
	return n;
}

static void test_positive(void **state)
{
	struct bench b;
	bench_open(&b, "dns ns1\n" ZONE);
	struct dns_message m = ASK(.name = "_VLMCS._tcp.Contoso.example", .type = DNS_SRV);
	assert_int_equal(m.rcode, DNS_NOERROR);
	assert_true(m.authoritative);
	assert_false(m.recursion_available);
	assert_true(m.edns.present);
	assert_string_equal(m.question.name, "_VLMCS._tcp.Contoso.example");
	assert_int_equal(count(&m, DNS_ANSWER), 1);
	assert_string_equal(m.rr[0].owner, "_VLMCS._tcp.Contoso.example");
	assert_int_equal(m.rr[0].ttl_s, 300);
	assert_int_equal(m.rr[0].srv.priority, 1);
	assert_int_equal(m.rr[0].srv.weight, 2);
	assert_int_equal(m.rr[0].srv.port, 1688);
	assert_string_equal(m.rr[0].srv.target, "kms01.contoso.example");
	assert_int_equal(count(&m, DNS_ADDITIONAL), 2);
	m = ASK(.name = "contoso.example", .type = DNS_SOA);
	assert_int_equal(m.rr[0].soa.serial, 7);
	assert_string_equal(m.rr[0].soa.mname, "ns1.contoso.example");
	m = ASK(.name = "ns1.contoso.example", .type = DNS_A, .no_edns = true);
	assert_false(m.edns.present);
	assert_int_equal(m.rr[0].address[0], 127);
	m = ASK(.name = "contoso.example", .type = DNS_NS, .tcp = true);
	assert_string_equal(m.rr[0].name, "ns1.contoso.example");
	assert_int_equal(lab_server_hits(b.lab, "ns1"), 4);
	bench_close(&b);
}

static void test_negative(void **state)
{
	struct bench b;
	bench_open(&b, "dns ns1\n" ZONE);
	struct dns_message m = ASK(.name = "no.contoso.example", .type = DNS_A);
	assert_int_equal(m.rcode, DNS_NXDOMAIN);
	assert_true(m.authoritative);
	assert_int_equal(m.rr_count, 1);
	assert_int_equal(m.rr[0].section, DNS_AUTHORITY);
	assert_int_equal(m.rr[0].type, DNS_SOA);
	assert_int_equal(m.rr[0].ttl_s, 300); /* the minimum: RFC 2308 3 */
	m = ASK(.name = "kms01.contoso.example", .type = DNS_SRV);
	assert_int_equal(m.rcode, DNS_NOERROR);
	assert_int_equal(m.rr[0].type, DNS_SOA);
	m = ASK(.name = "c.contoso.example", .type = DNS_A); /* only a.b.c exists: RFC 8020 2 */
	assert_int_equal(m.rcode, DNS_NOERROR);
	assert_int_equal(count(&m, DNS_ANSWER), 0);
	m = ASK(.name = "kms01.other.example", .type = DNS_A);
	assert_int_equal(m.rcode, DNS_REFUSED);
	assert_int_equal(m.rr_count, 0);
	m = ASK(.name = "kms01.contoso.example", .type = DNS_A, .class_ = 3);
	assert_int_equal(m.rcode, DNS_REFUSED);
	m = ASK(.name = "kms01.contoso.example", .type = DNS_A, .opcode = 2);
	assert_int_equal(m.rcode, DNS_NOTIMP);
	bench_close(&b);
}

static void test_aliases_wildcards_referrals(void **state)
{
	struct bench b;
	bench_open(&b, "dns ns1\n" ZONE);
	struct dns_message m = ASK(.name = "www.contoso.example", .type = DNS_A);
	assert_int_equal(count(&m, DNS_ANSWER), 2);
	assert_int_equal(m.rr[0].type, DNS_CNAME);
	assert_string_equal(m.rr[1].owner, "kms01.contoso.example");
	m = ASK(.name = "www.contoso.example", .type = DNS_CNAME);
	assert_int_equal(count(&m, DNS_ANSWER), 1);
	m = ASK(.name = "out.contoso.example", .type = DNS_A);
	assert_int_equal(m.rcode, DNS_NOERROR);
	assert_int_equal(count(&m, DNS_ANSWER), 1);
	m = ASK(.name = "loop.contoso.example", .type = DNS_A);
	assert_int_equal(count(&m, DNS_ANSWER), LIMIT_DNS_ALIASES);
	m = ASK(.name = "x.y.wild.contoso.example", .type = DNS_A);
	assert_string_equal(m.rr[0].owner, "x.y.wild.contoso.example");
	assert_int_equal(m.rr[0].address[3], 9);
	m = ASK(.name = "x.wild.contoso.example", .type = DNS_SRV);
	assert_int_equal(m.rcode, DNS_NOERROR);
	m = ASK(.name = "deep.in.sub.contoso.example", .type = DNS_A);
	assert_false(m.authoritative);
	assert_int_equal(count(&m, DNS_ANSWER), 0);
	assert_int_equal(m.rr[0].type, DNS_NS);
	assert_int_equal(count(&m, DNS_ADDITIONAL), 1);
	m = ASK(.name = "short.contoso.example", .type = DNS_SRV);
	assert_true(m.rr[0].bad_rdata);
	assert_int_equal(m.rr[0].raw_len, 3);
	bench_close(&b);
}

static void test_resolver(void **state)
{
	struct bench b;
	bench_open(&b, "dns ns1\n  recursive\n"
		       "dns ns2\n  zone a.example serial 1\n    www CNAME web.b.example.\n"
		       "dns ns3\n  zone b.example serial 2\n    web A 192.0.2.4\n"
		       "dns dead\n  closed\n  zone c.example serial 3\n");
	struct dns_message m = ASK(.name = "www.a.example", .type = DNS_A);
	assert_true(m.recursion_available);
	assert_false(m.authoritative);
	assert_int_equal(count(&m, DNS_ANSWER), 2);
	assert_int_equal(m.rr[1].address[3], 4);
	m = ASK(.name = "x.c.example", .type = DNS_A);
	assert_int_equal(m.rcode, DNS_SERVFAIL);
	m = ASK(.name = "x.test", .type = DNS_A);
	assert_int_equal(m.rcode, DNS_NXDOMAIN);
	assert_string_equal(m.rr[0].owner, ".");
	m = ASK(.name = "www.a.example", .type = DNS_A, .no_rd = true);
	assert_int_equal(m.rcode, DNS_REFUSED);
	bench_close(&b);
}

static void test_sizes(void **state)
{
	struct bench b;
	bench_open(&b, "dns ns1\n  zone contoso.example serial 1\n"
		       "    generate 500 _vlmcs._tcp SRV 0 0 1688 kms$\n");
	struct dns_message m = ASK(.name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV);
	assert_true(m.truncated);
	assert_in_range(b.got_len, 13, 1232);
	assert_true(count(&m, DNS_ANSWER) > 0);
	m = ASK(.name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV, .no_edns = true);
	assert_true(m.truncated);
	assert_in_range(b.got_len, 13, 512);
	m = ASK(.name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV, .tcp = true);
	assert_false(m.truncated);
	assert_int_equal(count(&m, DNS_ANSWER), 500);
	bench_close(&b);
}

static void test_two_queries_on_one_connection(void **state)
{
	struct bench b;
	uint8_t bytes[300] = { 0 };
	int error;
	bench_open(&b, "dns ns1\n" ZONE);
	struct ask q = { .name = "kms01.contoso.example", .type = DNS_A };
	size_t len = encode_ask(&q, bytes + 2, sizeof(bytes) - 2);
	bytes[1] = (uint8_t)len;
	int fd = bench_socket(&b, "ns1", SOCK_STREAM, &error);
	bench_pump(&b, 10);
	assert_int_equal(send(fd, bytes, len + 2, 0), len + 2);
	assert_int_equal(send(fd, bytes, 7, 0), 7);
	bench_pump(&b, 10);
	assert_int_equal(send(fd, bytes + 7, len - 5, 0), len - 5);
	assert_true(receive_framed(&b, fd, WAIT_MS) > 0);
	bench_pump(&b, 10);
	assert_int_equal(lab_server_hits(b.lab, "ns1"), 2);
	close(fd);
	bench_close(&b);
}

/* ---- faults ---- */

static ssize_t faulty(struct bench *b, const char *fault, struct ask q, cw_ms ms)
{
	struct ask ask = q;
	char text[1200];
	snprintf(text, sizeof(text), "dns ns1\n  fault %s\n" ZONE, fault);
	bench_open(b, text);
	if (!ask.name)
		ask.name = "_vlmcs._tcp.contoso.example";
	if (!ask.type)
		ask.type = DNS_SRV;
	return ask_raw(b, "ns1", &ask, ms);
}

static struct dns_message decoded(struct bench *b)
{
	struct dns_message m;
	assert_int_equal(dns_message_decode(b->got, b->got_len, b->arena, &m), CW_OK);
	return m;
}

static void test_fault_rcodes(void **state)
{
	static const struct {
		const char *fault;
		uint16_t rcode;
	} rows[] = {
		{ "refuse", DNS_REFUSED },
		{ "servfail", DNS_SERVFAIL },
		{ "notimp", DNS_NOTIMP },
		{ "formerr", DNS_FORMERR },
		{ "formerr-on-edns", DNS_FORMERR },
		{ "notimp-on-edns", DNS_NOTIMP },
		{ "nxdomain", DNS_NXDOMAIN },
		{ "nodata", DNS_NOERROR },
		{ "servfail type SRV", DNS_SERVFAIL },
		{ "servfail for _VLMCS._tcp.contoso.example", DNS_SERVFAIL },
		{ "servfail under contoso.example over udp", DNS_SERVFAIL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench b;
		assert_true(faulty(&b, rows[i].fault, (struct ask){ 0 }, WAIT_MS) > 0);
		struct dns_message m = decoded(&b);
		assert_int_equal(m.rcode, rows[i].rcode);
		assert_int_equal(count(&m, DNS_ANSWER), 0);
		bench_close(&b);
	}
}

static void test_fault_filters(void **state)
{
	static const char *const others[] = {
		"servfail type A",
		"servfail for contoso.example",
		"servfail under b.example",
		"servfail over tcp",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct bench b;
		assert_true(faulty(&b, others[i], (struct ask){ 0 }, WAIT_MS) > 0);
		assert_int_equal(decoded(&b).rcode, DNS_NOERROR);
		bench_close(&b);
	}
	struct bench b;
	struct ask plain = { .no_edns = true };
	assert_true(faulty(&b, "formerr-on-edns", plain, WAIT_MS) > 0);
	assert_int_equal(decoded(&b).rcode, DNS_NOERROR);
	bench_close(&b);
	assert_true(faulty(&b, "servfail first 1", (struct ask){ 0 }, WAIT_MS) > 0);
	assert_int_equal(decoded(&b).rcode, DNS_SERVFAIL);
	struct dns_message m = ASK(.name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV);
	assert_int_equal(m.rcode, DNS_NOERROR);
	bench_close(&b);
}

static void test_fault_silence(void **state)
{
	static const char *const rows[] = { "silent", "silent over udp", "silent-on-edns" };
	struct bench b;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(faulty(&b, rows[i], (struct ask){ 0 }, SILENCE_MS), -EAGAIN);
		bench_close(&b);
	}
	assert_true(faulty(&b, "silent over udp", (struct ask){ .tcp = true }, WAIT_MS) > 0);
	bench_close(&b);
	assert_int_equal(faulty(&b, "silent", (struct ask){ .tcp = true }, SILENCE_MS), -EAGAIN);
	bench_close(&b);
	assert_int_equal(faulty(&b, "drop 2", (struct ask){ 0 }, SILENCE_MS), -EAGAIN);
	struct ask q = { .name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV };
	assert_int_equal(ask_raw(&b, "ns1", &q, SILENCE_MS), -EAGAIN);
	assert_true(ask_raw(&b, "ns1", &q, WAIT_MS) > 0);
	bench_close(&b);
}

static void test_fault_delay(void **state)
{
	struct bench b;
	assert_int_equal(faulty(&b, "delay 150ms", (struct ask){ 0 }, SILENCE_MS), -EAGAIN);
	bench_close(&b);
	assert_true(faulty(&b, "delay 150ms", (struct ask){ .tcp = true }, WAIT_MS) > 0);
	bench_close(&b);
	bench_open(&b, "dns ns1\n" ZONE);
	lab_set_rtt(b.lab, 150);
	struct ask q = { .name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV };
	assert_int_equal(ask_raw(&b, "ns1", &q, SILENCE_MS), -EAGAIN);
	assert_true(ask_raw(&b, "ns1", &q, WAIT_MS) > 0);
	bench_close(&b);
}

static void test_fault_content(void **state)
{
	struct bench b;
	struct ask q = { 0 };
	assert_true(faulty(&b, "lie SRV 0 0 99 liar.test.", q, WAIT_MS) > 0);
	struct dns_message m = decoded(&b);
	assert_string_equal(m.rr[0].srv.target, "liar.test");
	assert_int_equal(m.rr[0].srv.port, 99);
	bench_close(&b);
	assert_true(faulty(&b, "lie A 192.0.2.7", q, WAIT_MS) > 0);
	assert_int_equal(decoded(&b).rr[0].srv.port, 1688); /* only A is lied about */
	bench_close(&b);
	assert_true(faulty(&b, "referral", q, WAIT_MS) > 0);
	m = decoded(&b);
	assert_int_equal(m.rr_count, 1);
	assert_int_equal(m.rr[0].type, DNS_NS);
	assert_int_equal(m.rr[0].section, DNS_AUTHORITY);
	bench_close(&b);
	assert_true(faulty(&b, "cname-loop", q, WAIT_MS) > 0);
	m = decoded(&b);
	assert_int_equal(m.rr[0].type, DNS_CNAME);
	assert_string_equal(m.rr[0].name, m.rr[1].owner);
	assert_string_equal(m.rr[1].name, m.rr[0].owner);
	bench_close(&b);
	q.name = "no.contoso.example";
	assert_true(faulty(&b, "no-soa", q, WAIT_MS) > 0);
	m = decoded(&b);
	assert_int_equal(m.rcode, DNS_NXDOMAIN);
	assert_int_equal(m.rr_count, 0);
	bench_close(&b);
}

static void test_fault_bytes(void **state)
{
	struct bench b;
	struct ask q = { 0 };
	struct dns_message m;
	assert_true(faulty(&b, "truncate", q, WAIT_MS) > 0);
	assert_true(decoded(&b).truncated);
	bench_close(&b);
	assert_true(faulty(&b, "truncate", (struct ask){ .tcp = true }, WAIT_MS) > 0);
	assert_false(decoded(&b).truncated);
	bench_close(&b);
	assert_true(faulty(&b, "oversized", q, WAIT_MS) > 5000);
	assert_int_equal(decoded(&b).rr[0].type, DNS_SRV);
	bench_close(&b);
	static const char *const unreadable[] = { "garbage", "cut-short", "pointer-loop",
						  "wrong-count" };
	for (size_t i = 0; i < 4; i++) {
		assert_true(faulty(&b, unreadable[i], q, WAIT_MS) > 0);
		char name[LIMIT_DNS_NAME_TEXT];
		assert_int_equal(dns_header_peek(b.got, b.got_len, &m, name), CW_OK);
		assert_int_equal(m.id, 0x1234);
		assert_string_equal(name, "_vlmcs._tcp.contoso.example");
		assert_int_equal(dns_message_decode(b.got, b.got_len, b.arena, &m), CW_EMALFORMED);
		bench_close(&b);
	}
	assert_int_equal(faulty(&b, "empty", q, WAIT_MS), 0);
	bench_close(&b);
	assert_true(faulty(&b, "cut-rdata", q, WAIT_MS) > 0);
	m = decoded(&b);
	assert_int_equal(m.rr_count, 1);
	assert_true(m.rr[0].bad_rdata);
	bench_close(&b);
	assert_true(faulty(&b, "not-response", q, WAIT_MS) > 0);
	assert_false(decoded(&b).response);
	bench_close(&b);
	assert_true(faulty(&b, "wrong-id", q, WAIT_MS) > 0);
	assert_int_not_equal(decoded(&b).id, 0x1234);
	bench_close(&b);
	assert_true(faulty(&b, "wrong-question", q, WAIT_MS) > 0);
	assert_string_equal(decoded(&b).question.name, "xvlmcs._tcp.contoso.example");
	bench_close(&b);
	assert_true(faulty(&b, "no-question", q, WAIT_MS) > 0);
	assert_int_equal(decoded(&b).question_count, 0);
	bench_close(&b);
	q.name = "_VLMCS._TCP.contoso.example";
	assert_true(faulty(&b, "lowercase", q, WAIT_MS) > 0);
	assert_string_equal(decoded(&b).question.name, "_vlmcs._tcp.contoso.example");
	bench_close(&b);
}

static void test_fault_forgeries(void **state)
{
	struct bench b;
	uint8_t bytes[300];
	int error;
	bench_open(&b, "dns ns1\n  fault twice over udp\n  fault spoof-id\n" ZONE);
	struct ask q = { .name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV };
	size_t len = encode_ask(&q, bytes, sizeof(bytes)), right = 0, wrong = 0;
	int fd = bench_socket(&b, "ns1", SOCK_DGRAM, &error);
	assert_int_equal(send(fd, bytes, len, 0), len);
	for (ssize_t n; (n = bench_receive(&b, fd, b.got, sizeof(b.got), 100)) > 0;) {
		b.got_len = (size_t)n;
		struct dns_message m = decoded(&b);
		bool forged = !strcmp(m.rr[0].srv.target, "forged.test");
		assert_int_equal(forged, m.id != 0x1234);
		assert_true(!forged || !right); /* the forged ones come first */
		right += !forged;
		wrong += forged;
	}
	assert_int_equal(right, 2);
	assert_int_equal(wrong, 16);
	close(fd);
	bench_close(&b);
	/* A connected socket does not see what comes from another port. */
	assert_true(faulty(&b, "spoof", (struct ask){ 0 }, WAIT_MS) > 0);
	assert_string_equal(decoded(&b).rr[0].srv.target, "kms01.contoso.example");
	bench_close(&b);
}

static void test_fault_streams(void **state)
{
	struct bench b;
	struct ask q = { .tcp = true };
	assert_int_equal(faulty(&b, "hang-up", q, WAIT_MS), 0);
	bench_close(&b);
	assert_int_equal(faulty(&b, "reset", q, WAIT_MS), -ECONNRESET);
	bench_close(&b);
	/* the first byte after a second */
	assert_int_equal(faulty(&b, "drip", q, SILENCE_MS), -EAGAIN);
	bench_close(&b);
}

static void test_closed(void **state)
{
	struct bench b;
	int error;
	bench_open(&b, "dns ns1\n  closed\n" ZONE "dns ns2\n  closed tcp\n" ZONE);
	struct ask q = { .name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV };
	assert_int_equal(ask_raw(&b, "ns1", &q, WAIT_MS), -ECONNREFUSED);
	int fd = bench_socket(&b, "ns1", SOCK_STREAM, &error);
	assert_int_equal(bench_receive(&b, fd, b.got, 1, WAIT_MS), -ECONNREFUSED);
	close(fd);
	assert_true(ask_raw(&b, "ns2", &q, WAIT_MS) > 0);
	fd = bench_socket(&b, "ns2", SOCK_STREAM, &error);
	assert_int_equal(bench_receive(&b, fd, b.got, 1, WAIT_MS), -ECONNREFUSED);
	close(fd);
	bench_close(&b);
}

static void test_bad_queries(void **state)
{
	struct bench b;
	static const uint8_t short_query[] = { 1, 2, 3 };
	static const uint8_t answer[12] = { 0x12, 0x34, 0x80 };
	static const uint8_t cut[14] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9, 'x' };
	bench_open(&b, "dns ns1\n" ZONE);
	assert_int_equal(exchange(&b, "ns1", short_query, 3, false, SILENCE_MS), -EAGAIN);
	assert_int_equal(exchange(&b, "ns1", answer, 12, false, SILENCE_MS), -EAGAIN);
	assert_int_equal(exchange(&b, "ns1", cut, 14, false, WAIT_MS), 12);
	assert_int_equal(decoded(&b).rcode, DNS_FORMERR);
	bench_close(&b);
}

/* ---- labs ---- */

static void test_references(void **state)
{
	struct bench b;
	bench_open(&b, "key k hmac-sha256 bGFiLWtleS1vZi10aGUtY2xlYXJ3YXktdGVzdHMtMzI=\n"
		       "dns ns1\n  zone 127.in-addr.arpa serial 1\n"
		       "    @kms01:reverse PTR kms01.contoso.example.\n"
		       "dns ns2\nkms kms01\nhost old\n");
	struct cw_addr ns1, ns2, kms01, old;
	char text[CW_ADDR_TEXT], reverse[80], key[100] = "";
	assert_true(lab_server_addr(b.lab, "ns1", &ns1));
	assert_true(lab_server_addr(b.lab, "ns2", &ns2));
	assert_true(lab_server_addr(b.lab, "kms01", &kms01));
	assert_true(lab_server_addr(b.lab, "old", &old));
	assert_false(lab_server_addr(b.lab, "ns3", &old));
	assert_int_equal(ns1.port, ns2.port);
	assert_false(cw_addr_same(&ns1, &ns2));
	assert_false(cw_addr_same(&kms01, &old));
	assert_string_equal(lab_expand(b.lab, b.arena, "x @kms01:addr y"),
			    cw_arena_fmt(b.arena, "x %s y", cw_addr_port_text(&kms01, text)));
	assert_null(lab_expand(b.lab, b.arena, "@nobody"));
	const char *name = cw_addr_reverse_name(&kms01, reverse);
	struct dns_message m = ASK(.name = name, .type = DNS_PTR);
	assert_string_equal(m.rr[0].name, "kms01.contoso.example");
	const char *path = lab_expand(b.lab, b.arena, "@key:k");
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, key, sizeof(key) - 1) > 0);
	assert_memory_equal(key, "key \"k\" {", 9);
	close(fd);
	path = cw_arena_str(b.arena, path);
	struct cw_arena *keep = b.arena;
	b.arena = cw_arena_new();
	bench_close(&b);
	assert_int_equal(access(path, F_OK), -1);
	cw_arena_free(keep);
}

static void test_labs_side_by_side(void **state)
{
	struct bench a, b;
	struct cw_addr one, two;
	bench_open(&a, "dns ns1\n" ZONE "kms kms01\n");
	bench_open(&b, "dns ns1\n" ZONE "kms kms01\n");
	assert_true(lab_server_addr(a.lab, "kms01", &one));
	assert_true(lab_server_addr(b.lab, "kms01", &two));
	assert_false(cw_addr_same_port(&one, &two));
	struct ask q = { .name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV };
	assert_true(ask_raw(&a, "ns1", &q, WAIT_MS) > 0);
	assert_true(ask_raw(&b, "ns1", &q, WAIT_MS) > 0);
	bench_close(&a);
	bench_close(&b);
}

/* Closing while connections are open and answers wait leaves nothing behind (ASan looks on). */
static void test_close_in_the_middle(void **state)
{
	struct bench b;
	int error;
	uint8_t bytes[300];
	bench_open(&b, "dns ns1\n  delay 2s\n" ZONE "kms kms01\n");
	struct ask q = { .name = "_vlmcs._tcp.contoso.example", .type = DNS_SRV };
	size_t len = encode_ask(&q, bytes, sizeof(bytes));
	int udp = bench_socket(&b, "ns1", SOCK_DGRAM, &error);
	assert_int_equal(send(udp, bytes, len, 0), len);
	int tcp = bench_socket(&b, "ns1", SOCK_STREAM, &error);
	int kms = bench_socket(&b, "kms01", SOCK_STREAM, &error);
	bench_pump(&b, 20);
	bench_close(&b);
	close(udp);
	close(tcp);
	close(kms);
}

static void test_open_fails_with_a_reason(void **state)
{
	static const char text[] = LAB_HEAD "kms a\n  ipv6\n  port 20443\nkms b\n  ipv6\n"
					    "  port 20443\n" LAB_RUN;
	struct cw_arena *arena = cw_arena_new();
	const struct scenario *s;
	struct io_loop *loop;
	struct lab *lab = NULL;
	char why[300];
	assert_int_equal(scenario_parse(text, strlen(text), "x", arena, &s, why, sizeof(why)),
			 CW_OK);
	assert_int_equal(io_loop_new(&loop), CW_OK);
	enum cw_ec ec = lab_open(loop, s, &lab, why, sizeof(why));
	assert_null(lab);
	if (ec == CW_EIO) /* else there is no IPv6 here, and the reason says so */
		assert_string_equal(why, "no port for the host b: Address already in use");
	else
		assert_int_equal(ec, CW_EUNSUPPORTED);
	io_loop_run(loop);
	io_loop_free(loop);
	cw_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positive),
		cmocka_unit_test(test_negative),
		cmocka_unit_test(test_aliases_wildcards_referrals),
		cmocka_unit_test(test_resolver),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_two_queries_on_one_connection),
		cmocka_unit_test(test_fault_rcodes),
		cmocka_unit_test(test_fault_filters),
		cmocka_unit_test(test_fault_silence),
		cmocka_unit_test(test_fault_delay),
		cmocka_unit_test(test_fault_content),
		cmocka_unit_test(test_fault_bytes),
		cmocka_unit_test(test_fault_forgeries),
		cmocka_unit_test(test_fault_streams),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_bad_queries),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_labs_side_by_side),
		cmocka_unit_test(test_close_in_the_middle),
		cmocka_unit_test(test_open_fails_with_a_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
