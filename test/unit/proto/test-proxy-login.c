/* Logins at a proxy in memory: each scheme, right and wrong, and proxies that go astray. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_proxy.h"
#include "proto/proxy_login.h"

static struct cw_arena *arena;
static struct fake_proxy proxy;
static struct proxy_login login;
static struct proxy_login_spec spec;
static struct http_reader request, answer;
static unsigned rounds;
static enum proxy_login_step last_step;

static int set_up(void **state)
{
	arena = cw_arena_new();
	proxy = (struct fake_proxy){ .user = "anna", .password = "s3cret" };
	spec = (struct proxy_login_spec){ .scheme = PROXY_LOGIN_BASIC,
					  .user = "anna",
					  .password = "s3cret",
					  .method = "CONNECT",
					  .target = "vpn.example.test:443",
					  .random = "0123456789abcde",
					  .unix_s = 1700000000 };
	rounds = 0;
	return 0;
}

static int tear_down(void **state)
{
	proxy_login_clear(&login);
	assert_null(proxy_login_value(&login));
	cw_arena_free(arena);
	return 0;
}

static void read_all(struct http_reader *r, const struct cw_wr *w)
{
	size_t used;
	assert_int_equal(http_reader_feed(r, w->base, w->len, &used), HTTP_HEAD);
}

/* One request and its answer; true: the proxy let it pass. */
static bool exchange(struct fake_login *connection, bool *close)
{
	uint8_t buf[8192], reply[8192];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf)), out = cw_wr_of(reply, sizeof(reply));
	const char *value = proxy_login_value(&login);
	http_request_put(&w, spec.method, spec.target);
	http_header_put(&w, "Host", spec.target);
	if (value)
		http_header_put(&w, "Proxy-Authorization", value);
	http_head_end(&w);
	assert_false(w.bad);
	http_reader_init_request(&request, 0);
	read_all(&request, &w);
	*close = false;
	bool in = fake_proxy_judge(&proxy, connection, &request.head, arena, &out, close);
	if (in) {
		http_status_put(&out, 200, "Connection established");
		http_head_end(&out);
	}
	http_reader_init_response(&answer, spec.method, 0);
	read_all(&answer, &out);
	return in;
}

/* As long as the login wants to go on; whether the proxy let it pass in the end. */
static bool log_in(void)
{
	struct fake_login connection = { 0 };
	bool in, close;
	proxy_login_init(&login, &spec, arena);
	do {
		assert_true(rounds++ < 8);
		in = exchange(&connection, &close);
		last_step = proxy_login_answer(&login, &answer.head, !close);
		if (close)
			connection = (struct fake_login){ 0 };
	} while (last_step == PROXY_LOGIN_AGAIN);
	return in;
}

static void expect_trouble(const char *want)
{
	if (!want)
		assert_null(login.trouble);
	else
		assert_string_equal(login.trouble, want);
}

static void open_proxy(void **state)
{
	assert_true(log_in());
	assert_int_equal(rounds, 1);
	assert_int_equal(proxy.with_credentials, 0);
	assert_int_equal(login.scheme_count, 0);
}

static void only_looks(void **state)
{
	proxy.basic = proxy.digest = proxy.ntlm = proxy.negotiate = true;
	spec.scheme = PROXY_LOGIN_NONE;
	assert_false(log_in());
	assert_int_equal(rounds, 1);
	assert_int_equal(login.scheme_count, 4);
	assert_string_equal(login.scheme[0], "Basic");
	assert_string_equal(login.scheme[1], "Digest");
	assert_string_equal(login.scheme[2], "NTLM");
	assert_string_equal(login.scheme[3], "Negotiate");
	assert_string_equal(login.realm, "desk");
	assert_int_equal(proxy.with_credentials, 0);
	expect_trouble(NULL);
}

static void basic(void **state)
{
	proxy.basic = true;
	assert_true(log_in());
	assert_int_equal(rounds, 2);
	assert_int_equal(proxy.bare, 1);
	expect_trouble(NULL);
}

static void wrong_password(void **state)
{
	static const enum proxy_login_scheme schemes[] = { PROXY_LOGIN_BASIC, PROXY_LOGIN_DIGEST,
							   PROXY_LOGIN_NTLM };
	proxy.basic = proxy.digest = proxy.ntlm = true;
	spec.password = "guess";
	for (size_t i = 0; i < 3; i++) {
		proxy.wrong = rounds = 0;
		spec.scheme = schemes[i];
		assert_false(log_in());
		assert_int_equal(rounds, schemes[i] == PROXY_LOGIN_NTLM ? 3 : 2);
		assert_int_equal(proxy.wrong, 1); /* and never again: accounts get locked */
		expect_trouble(NULL);
		proxy_login_clear(&login);
	}
}

static void not_offered(void **state)
{
	proxy.digest = true;
	assert_false(log_in());
	assert_int_equal(rounds, 1);
	assert_int_equal(proxy.with_credentials, 0);
	expect_trouble("the proxy does not offer it");
}

static void digest(void **state)
{
	proxy.digest = true;
	spec.scheme = PROXY_LOGIN_DIGEST;
	for (int a = HTTPAUTH_MD5; a <= HTTPAUTH_SHA256_SESS; a++) {
		rounds = 0;
		proxy.algorithm = (enum httpauth_digest_algorithm)a;
		assert_true(log_in());
		assert_int_equal(rounds, 2);
		expect_trouble(NULL);
		proxy_login_clear(&login);
	}
}

static void digest_stale(void **state)
{
	proxy.digest = proxy.stale_once = true;
	spec.scheme = PROXY_LOGIN_DIGEST;
	assert_true(log_in());
	assert_int_equal(rounds, 3);
	assert_int_equal(proxy.wrong, 0);
}

static void digest_over_new_connections(void **state)
{
	proxy.digest = proxy.closes = true;
	spec.scheme = PROXY_LOGIN_DIGEST;
	assert_true(log_in());
	assert_false(login.bound);
}

static struct http_head said(const char *const *header, size_t count)
{
	struct http_head h = { .status = 407, .header_count = count };
	for (size_t i = 0; i < count; i++)
		h.header[i] = (struct http_header){ "Proxy-Authenticate", header[i] };
	return h;
}

static enum proxy_login_step answer_with(const char *challenge)
{
	struct http_head h = said(&challenge, 1);
	return proxy_login_answer(&login, &h, true);
}

static void digest_unknown_algorithm(void **state)
{
	spec.scheme = PROXY_LOGIN_DIGEST;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(answer_with("Digest realm=\"r\", nonce=\"n\", algorithm=WHIRLPOOL"),
			 PROXY_LOGIN_FINAL);
	expect_trouble("the proxy asks for a form of it that is not known here");
	assert_null(proxy_login_value(&login));
}

/* RFC 7616 3.7: the known one of two. */
static void digest_second_choice(void **state)
{
	static const char *const both[] = {
		"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"",
		"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\""
	};
	struct http_head h = said(both, 2);
	spec.scheme = PROXY_LOGIN_DIGEST;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(proxy_login_answer(&login, &h, true), PROXY_LOGIN_AGAIN);
	assert_non_null(strstr(proxy_login_value(&login), "SHA-256"));
}

static void digest_without_nonce(void **state)
{
	spec.scheme = PROXY_LOGIN_DIGEST;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(answer_with("Digest realm=\"r\""), PROXY_LOGIN_FINAL);
	expect_trouble("the proxy's challenge cannot be read");
}

static void stale_for_ever(void **state)
{
	static const char stale[] = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", stale=true";
	spec.scheme = PROXY_LOGIN_DIGEST;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(answer_with(stale), PROXY_LOGIN_AGAIN);
	assert_int_equal(answer_with(stale), PROXY_LOGIN_AGAIN);
	assert_int_equal(answer_with(stale), PROXY_LOGIN_FINAL);
}

static void ntlm(void **state)
{
	proxy.ntlm = true;
	proxy.domain = "LAB";
	spec.scheme = PROXY_LOGIN_NTLM;
	spec.user = "LAB\\anna";
	assert_true(log_in());
	assert_int_equal(rounds, 3);
	assert_int_equal(proxy.bare, 1);
	assert_true(login.bound);
	expect_trouble(NULL);
}

static void ntlm_closes(void **state)
{
	proxy.ntlm = proxy.ntlm_closes = true;
	spec.scheme = PROXY_LOGIN_NTLM;
	assert_false(log_in());
	assert_int_equal(rounds, 2);
	expect_trouble("the proxy closes the connection that NTLM needs");
}

static void ntlm_begins_on_a_new_connection(void **state)
{
	proxy.ntlm = true;
	spec.scheme = PROXY_LOGIN_NTLM;
	proxy_login_init(&login, &spec, arena);
	struct http_head h = said((const char *const[]){ "NTLM" }, 1);
	assert_int_equal(proxy_login_answer(&login, &h, false), PROXY_LOGIN_AGAIN);
	assert_false(login.bound);
}

static void ntlm_stops(void **state)
{
	proxy.ntlm = proxy.ntlm_stops = true;
	spec.scheme = PROXY_LOGIN_NTLM;
	assert_false(log_in());
	expect_trouble("the proxy offers NTLM but does not go on with it");
}

static void ntlm_nonsense(void **state)
{
	proxy.ntlm = proxy.ntlm_nonsense = true;
	spec.scheme = PROXY_LOGIN_NTLM;
	assert_false(log_in());
	expect_trouble("the proxy's challenge cannot be read");
}

static void colon_in_the_user_name(void **state)
{
	proxy.basic = true;
	spec.user = "an:na";
	assert_false(log_in());
	assert_int_equal(proxy.with_credentials, 0);
	expect_trouble("the user name or the password cannot be sent in this way");
}

static void nobody_given(void **state)
{
	proxy.basic = true;
	spec.user = spec.password = NULL;
	assert_false(log_in());
	expect_trouble("no user name and password were given");
}

static void negotiate(void **state)
{
	spec.scheme = PROXY_LOGIN_NEGOTIATE;
	spec.user = spec.password = NULL;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(answer_with("Negotiate"), PROXY_LOGIN_ASK_SYSTEM);
	assert_int_equal(login.token_len, 0);
	assert_int_equal(proxy_login_token(&login, (const uint8_t *)"first", 5), PROXY_LOGIN_AGAIN);
	assert_string_equal(proxy_login_value(&login), "Negotiate Zmlyc3Q=");
	assert_false(login.bound);
	assert_int_equal(answer_with("Negotiate YW5zd2Vy"), PROXY_LOGIN_ASK_SYSTEM);
	assert_int_equal(login.token_len, 6);
	assert_memory_equal(login.token, "answer", 6);
	assert_true(login.bound);
	assert_int_equal(proxy_login_token(&login, (const uint8_t *)"second", 6),
			 PROXY_LOGIN_AGAIN);
	assert_int_equal(answer_with("Negotiate"), PROXY_LOGIN_FINAL);
	expect_trouble(NULL);
}

static void negotiate_without_end(void **state)
{
	unsigned steps = 0;
	spec.scheme = PROXY_LOGIN_NEGOTIATE;
	proxy_login_init(&login, &spec, arena);
	while (answer_with("Negotiate YW5zd2Vy") == PROXY_LOGIN_ASK_SYSTEM) {
		assert_true(++steps < 20);
		assert_int_equal(proxy_login_token(&login, (const uint8_t *)"t", 1),
				 PROXY_LOGIN_AGAIN);
	}
	assert_int_equal(steps, LIMIT_PROXY_LEGS);
}

static void negotiate_without_ticket(void **state)
{
	spec.scheme = PROXY_LOGIN_NEGOTIATE;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(answer_with("Negotiate"), PROXY_LOGIN_ASK_SYSTEM);
	proxy_login_fail(&login, "no ticket");
	expect_trouble("no ticket");
	assert_null(proxy_login_value(&login));
}

static void token_too_large(void **state)
{
	static const uint8_t token[LIMIT_PROXY_TOKEN + 1];
	spec.scheme = PROXY_LOGIN_NEGOTIATE;
	proxy_login_init(&login, &spec, arena);
	assert_int_equal(answer_with("Negotiate"), PROXY_LOGIN_ASK_SYSTEM);
	assert_int_equal(proxy_login_token(&login, token, sizeof(token)), PROXY_LOGIN_FINAL);
	assert_non_null(login.trouble);
}

static void names(void **state)
{
	assert_string_equal(proxy_login_scheme_name(PROXY_LOGIN_NONE), "none");
	assert_string_equal(proxy_login_scheme_name(PROXY_LOGIN_NEGOTIATE), "Negotiate");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_proxy),
		TEST(only_looks),
		TEST(basic),
		TEST(wrong_password),
		TEST(not_offered),
		TEST(digest),
		TEST(digest_stale),
		TEST(digest_over_new_connections),
		TEST(digest_unknown_algorithm),
		TEST(digest_second_choice),
		TEST(digest_without_nonce),
		TEST(stale_for_ever),
		TEST(ntlm),
		TEST(ntlm_closes),
		TEST(ntlm_begins_on_a_new_connection),
		TEST(ntlm_stops),
		TEST(ntlm_nonsense),
		TEST(colon_in_the_user_name),
		TEST(nobody_given),
		TEST(negotiate),
		TEST(negotiate_without_end),
		TEST(negotiate_without_ticket),
		TEST(token_too_large),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests_name("proxy-login", tests, NULL, NULL);
}
