/* curl logs in at a proxy made of the codecs: what it sends is what the servers' checks here take,
 * and nothing else. Skipped where there is no curl. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "codec/http.h"
#include "codec/httpauth.h"
#include "codec/ntlm.h"

enum { WAIT_MS = 10000, ANSWER_MOST = 2000 };

static const uint8_t nonce[NTLM_NONCE] = { 8, 7, 6, 5, 4, 3, 2, 1 };

static struct proxy {
	int listener, connection;
	unsigned port;
	struct cw_arena *arena;
	struct http_reader reader;
	/* what the proxy asks for */
	const char *scheme;
	struct httpauth_digest digest;
	bool timed; /* the NTLM challenge tells a time */
	/* what came of it */
	unsigned requests, refused, connects;
	char challenge[ANSWER_MOST];
} proxy;

static void open_proxy(const char *scheme)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	if (system("curl --version >/dev/null 2>&1") != 0)
		skip();
	proxy.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(proxy.listener >= 0);
	assert_int_equal(bind(proxy.listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(proxy.listener, 8), 0);
	assert_int_equal(getsockname(proxy.listener, (struct sockaddr *)&at, &len), 0);
	proxy.port = ntohs(at.sin_port);
	proxy.arena = cw_arena_new();
	proxy.scheme = scheme;
	proxy.timed = false;
}

static void close_proxy(void)
{
	close(proxy.listener);
	cw_arena_free(proxy.arena);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, ms) == 1;
}

static void say(struct cw_wr *w, int status, const char *header, const char *value)
{
	http_status_put(w, status, http_status_text(status));
	if (header)
		http_header_put(w, header, value);
	http_header_put_number(w, "Content-Length", 0);
	http_head_end(w);
}

static bool ntlm_challenge(void)
{
	uint8_t info[128], message[256];
	struct cw_wr av = cw_wr_of(info, sizeof(info)), w = cw_wr_of(message, sizeof(message));
	ntlm_av_put_text(&av, NTLM_AV_DOMAIN, "LAB");
	ntlm_av_put_text(&av, NTLM_AV_COMPUTER, "PROXY");
	if (proxy.timed)
		ntlm_av_put_time(&av, ntlm_filetime(1700000000));
	ntlm_av_put_end(&av);
	struct ntlm_challenge c = {
		.flags = NTLM_UNICODE | NTLM_NTLM | NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO |
			 NTLM_TARGET_DOMAIN | NTLM_ALWAYS_SIGN,
		.target_info = { info, av.len },
	};
	memcpy(c.nonce, nonce, sizeof(nonce));
	ntlm_challenge_encode(&w, &c);
	return !av.bad && !w.bad &&
	       httpauth_token_make("NTLM", message, w.len, proxy.challenge,
				   sizeof(proxy.challenge)) == CW_OK;
}

/* GOOD, or what the next 407 says is in proxy.challenge. */
static bool check_ntlm(const struct httpauth *c)
{
	static const struct ntlm_login login = { .domain = "LAB",
						 .user = "user",
						 .password = "secret" };
	uint8_t token[NTLM_MESSAGE_MOST];
	struct ntlm_negotiate first;
	struct ntlm_authenticate last;
	size_t len;
	snprintf(proxy.challenge, sizeof(proxy.challenge), "NTLM");
	assert_int_equal(httpauth_token_decode(c, token, sizeof(token), &len), CW_OK);
	if (ntlm_type_of(token, len) == NTLM_NEGOTIATE) {
		assert_int_equal(ntlm_negotiate_decode(token, len, &first), CW_OK);
		assert_true(first.flags & NTLM_NTLM);
		assert_true(ntlm_challenge());
		return false;
	}
	assert_int_equal(ntlm_authenticate_decode(token, len, &last), CW_OK);
	return ntlm_check(&last, nonce, &login) == NTLM_GOOD;
}

static bool check_login(void)
{
	const struct http_head *h = &proxy.reader.head;
	const char *value = http_header_get(h, "Proxy-Authorization");
	struct httpauth_request request = { h->method, h->target };
	struct httpauth c;
	uint32_t count;
	if (!value)
		return false;
	assert_int_equal(httpauth_parse(proxy.arena, value, &c), CW_OK);
	assert_true(httpauth_is(&c, proxy.scheme));
	if (httpauth_is(&c, "NTLM"))
		return check_ntlm(&c);
	if (httpauth_is(&c, "Basic"))
		return httpauth_basic_check(&c, "us\xc3\xa9r", "se:cret") == HTTPAUTH_GOOD;
	enum httpauth_verdict v =
		httpauth_digest_check(&c, &proxy.digest, &request, "us\"er", "secret", 1, &count);
	assert_int_not_equal(v, HTTPAUTH_MALFORMED);
	return v == HTTPAUTH_GOOD;
}

static void first_challenge(void)
{
	if (strcmp(proxy.scheme, "NTLM") == 0)
		snprintf(proxy.challenge, sizeof(proxy.challenge), "NTLM");
	else if (strcmp(proxy.scheme, "Basic") == 0)
		snprintf(proxy.challenge, sizeof(proxy.challenge), "Basic realm=\"lab\"");
	else
		assert_int_equal(httpauth_digest_challenge(&proxy.digest, proxy.challenge,
							   sizeof(proxy.challenge)),
				 CW_OK);
}

/* Behind a CONNECT that was let through the origin answers on the same connection. */
static void answer(bool *tunnel)
{
	char buf[ANSWER_MOST];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	bool connect = strcmp(proxy.reader.head.method, "CONNECT") == 0;
	proxy.requests++;
	proxy.connects += connect;
	if (*tunnel || check_login()) {
		*tunnel = connect;
		if (connect) {
			http_status_put(&w, 200, "OK");
			http_head_end(&w);
		} else {
			say(&w, 200, NULL, NULL);
		}
	} else {
		proxy.refused++;
		say(&w, 407, "Proxy-Authenticate", proxy.challenge);
	}
	assert_false(w.bad);
	assert_int_equal(send(proxy.connection, buf, w.len, MSG_NOSIGNAL), (ssize_t)w.len);
}

static void serve_connection(void)
{
	bool tunnel = false;
	uint8_t buf[4096];
	http_reader_init_request(&proxy.reader, 1000);
	first_challenge();
	while (readable(proxy.connection, WAIT_MS)) {
		ssize_t n = recv(proxy.connection, buf, sizeof(buf), 0);
		if (n <= 0)
			return;
		for (size_t at = 0, used = 0; at < (size_t)n; at += used) {
			enum http_step step =
				http_reader_feed(&proxy.reader, buf + at, (size_t)n - at, &used);
			if (step == HTTP_HEAD) {
				answer(&tunnel);
				http_reader_init_request(&proxy.reader, 1000);
			} else {
				assert_int_equal(step, HTTP_MORE);
			}
		}
	}
}

/* Runs curl and returns the status that it prints: of the answer, or of the CONNECT. */
static int run_curl(const char *options, bool tunnel)
{
	char command[600], line[32] = "";
	snprintf(command, sizeof(command),
		 "curl -q -s -m 10 -o /dev/null -w '%%{http_%s}' %s -x http://127.0.0.1:%u %s "
		 "http://origin.test/x",
		 tunnel ? "connect" : "code", tunnel ? "-p" : "", proxy.port, options);
	proxy.requests = proxy.refused = proxy.connects = 0;
	FILE *curl = popen(command, "re");
	assert_non_null(curl);
	int out = fileno(curl);
	for (;;) {
		struct pollfd p[2] = { { .fd = proxy.listener, .events = POLLIN },
				       { .fd = out, .events = POLLIN } };
		assert_true(poll(p, 2, WAIT_MS) > 0);
		if (!(p[0].revents & POLLIN))
			break;
		proxy.connection = accept4(proxy.listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(proxy.connection >= 0);
		serve_connection();
		close(proxy.connection);
	}
	assert_non_null(fgets(line, sizeof(line), curl));
	(void)pclose(curl);
	return (int)strtol(line, NULL, 10);
}

static void check(const char *good, const char *bad, unsigned refused)
{
	for (int tunnel = 0; tunnel < 2; tunnel++) {
		assert_int_equal(run_curl(good, tunnel), 200);
		assert_int_equal(proxy.refused, refused);
		assert_int_equal(proxy.requests, refused + 1u + (unsigned)tunnel);
		assert_int_equal(proxy.connects, tunnel ? refused + 1u : 0);
		assert_int_equal(run_curl(bad, tunnel), 407);
	}
}

static void test_basic(void **state)
{
	open_proxy("Basic");
	check("--proxy-basic -U 'us\xc3\xa9r:se:cret'", "--proxy-basic -U 'us\xc3\xa9r:secret'", 0);
	close_proxy();
}

static void test_digest(void **state)
{
	static const enum httpauth_digest_algorithm algorithms[] = {
		HTTPAUTH_MD5, HTTPAUTH_MD5_SESS, HTTPAUTH_SHA256, HTTPAUTH_SHA256_SESS
	};
	open_proxy("Digest");
	for (unsigned i = 0; i < 8; i++) {
		proxy.digest = (struct httpauth_digest){
			.realm = "the \"lab\"",
			.nonce = "MTIz/+=",
			.opaque = i & 1 ? "o" : NULL,
			.algorithm = algorithms[i / 2],
			.algorithm_given = true,
			.qop_auth = true,
		};
		check("--proxy-digest -U 'us\"er:secret'", "--proxy-digest -U 'us\"er:Secret'", 1);
	}
	proxy.digest.algorithm = HTTPAUTH_MD5;
	proxy.digest.qop_auth = false; /* RFC 2069 */
	check("--proxy-digest -U 'us\"er:secret'", "--proxy-digest -U 'us\"er:Secret'", 1);
	close_proxy();
}

static void test_ntlm(void **state)
{
	open_proxy("NTLM");
	if (system("curl --version | grep -q NTLM") != 0) {
		close_proxy();
		skip();
	}
	for (int timed = 0; timed < 2; timed++) {
		proxy.timed = timed;
		check("--proxy-ntlm -U 'LAB\\USER:secret'", "--proxy-ntlm -U 'LAB\\user:secreT'",
		      1);
		assert_int_equal(run_curl("--proxy-ntlm -U 'OTHER\\user:secret'", false), 407);
	}
	close_proxy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basic),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_ntlm),
	};
	return cmocka_run_group_tests_name("proxy-curl", tests, NULL, NULL);
}
