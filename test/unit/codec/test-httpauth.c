#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/httpauth.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int set_up(void **state)
{
	*state = cw_arena_new();
	return 0;
}

static int tear_down(void **state)
{
	cw_arena_free(*state);
	return 0;
}

static void add(struct httpauth_list *list, void **state, const char *value)
{
	if (httpauth_list_add(list, *state, value) != CW_OK)
		fail_msg("not taken: %s", value);
}

static void test_several_challenges(void **state)
{
	struct httpauth_list list = { 0 };
	add(&list, state, "Negotiate, NTLM");
	add(&list, state,
	    "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=simple");
	add(&list, state,
	    " ,, Digest  nonce = \"a,b=c\" , qop=auth,,Negotiate YII= , Other a/b+c==");
	static const char *const schemes[] = { "Negotiate", "NTLM",      "Newauth", "Basic",
					       "Digest",    "Negotiate", "Other" };
	assert_int_equal(list.count, COUNT_OF(schemes));
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.challenge[i].scheme, schemes[i]);
	assert_string_equal(httpauth_param(&list.challenge[2], "TITLE"), "Login to \"apps\"");
	assert_string_equal(httpauth_param(&list.challenge[2], "type"), "1");
	assert_string_equal(httpauth_param(&list.challenge[3], "realm"), "simple");
	assert_int_equal(list.challenge[3].param_count, 1);
	assert_string_equal(httpauth_param(&list.challenge[4], "nonce"), "a,b=c");
	assert_string_equal(httpauth_param(&list.challenge[4], "qop"), "auth");
	assert_null(list.challenge[0].token68);
	assert_string_equal(list.challenge[5].token68, "YII=");
	assert_string_equal(list.challenge[6].token68, "a/b+c==");
	assert_ptr_equal(httpauth_find(&list, "basic"), &list.challenge[3]);
	assert_null(httpauth_find(&list, "bas"));
	assert_null(httpauth_param(&list.challenge[3], "nonce"));
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"Basic realm=\"x",  "Basic realm=\"x\\\"", "Basic realm=\"x\"y", "\"Basic\"",
		"Basic realm=x y",  "Basic a b",           "Basic = x",          "NTLM/1",
		"Basic realm=,x=y",
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct httpauth_list list = { 0 };
		struct httpauth one = { .scheme = "untouched" };
		if (httpauth_list_add(&list, *state, bad[i]) != CW_EMALFORMED)
			fail_msg("taken: %s", bad[i]);
		assert_int_not_equal(httpauth_parse(*state, bad[i], &one), CW_OK);
		assert_string_equal(one.scheme, "untouched");
	}
	struct httpauth one;
	assert_int_equal(httpauth_parse(*state, "NTLM a, NTLM b", &one), CW_EMALFORMED);
	assert_int_equal(httpauth_parse(*state, "", &one), CW_EMALFORMED);
	/* what stood before the fault is there */
	struct httpauth_list list = { 0 };
	assert_int_equal(httpauth_list_add(&list, *state, "NTLM, Basic realm=\"x"), CW_EMALFORMED);
	assert_int_equal(list.count, 1);
	list.count = 0;
	assert_int_equal(httpauth_list_add(&list, *state, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"),
			 CW_ETOOBIG);
	assert_int_equal(list.count, HTTPAUTH_CHALLENGES);
	list.count = 0;
	assert_int_equal(httpauth_list_add(&list, *state,
					   "x a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,a=b,"
					   "a=b,a=b,a=b,a=b"),
			 CW_ETOOBIG);
}

static void test_tokens(void **state)
{
	uint8_t bytes[300] = { 0 }, back[300];
	char text[500];
	struct httpauth c;
	size_t len;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 37 + n);
		assert_int_equal(httpauth_token_make("NTLM", bytes, n, text, sizeof(text)), CW_OK);
		assert_int_equal(httpauth_parse(*state, text, &c), CW_OK);
		if (!n) {
			assert_string_equal(text, "NTLM");
			assert_int_equal(httpauth_token_decode(&c, back, sizeof(back), &len),
					 CW_EINVAL);
			continue;
		}
		assert_int_equal(httpauth_token_decode(&c, back, sizeof(back), &len), CW_OK);
		assert_int_equal(len, n);
		assert_memory_equal(back, bytes, n);
		assert_int_equal(httpauth_token_decode(&c, back, n - 1, &len), CW_ETOOBIG);
	}
	assert_int_equal(httpauth_token_make("NTLM", bytes, 30, text, 45), CW_ETOOBIG);
	assert_int_equal(httpauth_token_make("NTLM", bytes, 30, text, 46), CW_OK);
	static const char *const bad[] = { "NTLM AAA",  "NTLM AAAAA", "NTLM A===",
					   "NTLM AA.A", "NTLM A-_A",  "NTLM AAAA=" };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(httpauth_parse(*state, bad[i], &c), CW_OK);
		assert_int_equal(httpauth_token_decode(&c, back, sizeof(back), &len),
				 CW_EMALFORMED);
	}
}

static enum httpauth_verdict basic(void **state, const char *credentials, const char *user,
				   const char *password)
{
	struct httpauth c;
	assert_int_equal(httpauth_parse(*state, credentials, &c), CW_OK);
	return httpauth_basic_check(&c, user, password);
}

static void test_basic(void **state)
{
	char text[100];
	/* RFC 7617 2 and 2.1 */
	assert_int_equal(httpauth_basic_make("Aladdin", "open sesame", text, sizeof(text)), CW_OK);
	assert_string_equal(text, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_int_equal(basic(state, text, "Aladdin", "open sesame"), HTTPAUTH_GOOD);
	assert_int_equal(basic(state, text, "Aladdin", "open sesam"), HTTPAUTH_WRONG);
	assert_int_equal(basic(state, text, "aladdin", "open sesame"), HTTPAUTH_WRONG);
	assert_int_equal(httpauth_basic_make("test", "123\xc2\xa3", text, sizeof(text)), CW_OK);
	assert_string_equal(text, "Basic dGVzdDoxMjPCow==");
	assert_int_equal(httpauth_basic_make("a:b", "c", text, sizeof(text)), CW_EINVAL);
	assert_int_equal(httpauth_basic_make("a", "c\n", text, sizeof(text)), CW_EINVAL);
	assert_int_equal(httpauth_basic_make("a", "b:c", text, sizeof(text)), CW_OK);
	assert_int_equal(basic(state, text, "a", "b:c"), HTTPAUTH_GOOD);
	memset(text, 'x', sizeof(text));
	assert_int_equal(httpauth_basic_make("Aladdin", "open sesame", text, 34), CW_ETOOBIG);
	for (size_t i = 0; i < 34; i++)
		assert_int_equal(text[i], 0);
	assert_int_equal(text[34], 'x');
	assert_int_equal(basic(state, "Basic YWJj", "abc", ""), HTTPAUTH_MALFORMED);
	assert_int_equal(basic(state, "Basic A.A=", "abc", ""), HTTPAUTH_MALFORMED);
	assert_int_equal(
		basic(state, "NTLM QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
		HTTPAUTH_MALFORMED);
}

static struct httpauth_digest digest(void **state, const char *challenge)
{
	struct httpauth c;
	struct httpauth_digest d;
	assert_int_equal(httpauth_parse(*state, challenge, &c), CW_OK);
	assert_int_equal(httpauth_digest_read(&c, &d), CW_OK);
	return d;
}

static void check_response(void **state, const char *challenge, const char *user,
			   const char *password, const char *target, const char *cnonce,
			   uint32_t count, const char *want)
{
	struct httpauth_digest d = digest(state, challenge);
	struct httpauth_request request = { "GET", target };
	struct httpauth c;
	char text[1000];
	uint32_t used = 99;
	assert_int_equal(httpauth_digest_make(&d, &request, user, password, cnonce, count, text,
					      sizeof(text)),
			 CW_OK);
	assert_int_equal(httpauth_parse(*state, text, &c), CW_OK);
	assert_string_equal(httpauth_param(&c, "response"), want);
	assert_int_equal(httpauth_digest_check(&c, &d, &request, user, password, 1, &used),
			 HTTPAUTH_GOOD);
	assert_int_equal(used, d.qop_auth ? count : 0);
	assert_int_equal(httpauth_digest_check(&c, &d, &request, user, "wrong", 1, &used),
			 HTTPAUTH_WRONG);
	request.method = "HEAD";
	assert_int_equal(httpauth_digest_check(&c, &d, &request, user, password, 1, &used),
			 HTTPAUTH_WRONG);
	/* the server writes the challenge again as it was read */
	char again[1000];
	assert_int_equal(httpauth_digest_challenge(&d, again, sizeof(again)), CW_OK);
	struct httpauth_digest d2 = digest(state, again);
	assert_string_equal(d2.realm, d.realm);
	assert_string_equal(d2.nonce, d.nonce);
	assert_int_equal(d2.algorithm, d.algorithm);
	assert_int_equal(d2.algorithm_given, d.algorithm_given);
	assert_int_equal(d2.qop_auth, d.qop_auth);
	assert_int_equal(!d2.opaque, !d.opaque);
}

#define RFC7616_CHALLENGE(algorithm) \
	"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" algorithm \
	", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", " \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC7616_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

static void test_digest_vectors(void **state)
{
	/* RFC 7616 3.9.1 */
	check_response(state, RFC7616_CHALLENGE("MD5"), "Mufasa", "Circle of Life",
		       "/dir/index.html", RFC7616_CNONCE, 1, "8ca523f5e9506fed4657c9700eebdbec");
	check_response(state, RFC7616_CHALLENGE("SHA-256"), "Mufasa", "Circle of Life",
		       "/dir/index.html", RFC7616_CNONCE, 1,
		       "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
	/* RFC 2617 3.5, and the same without qop */
	check_response(state,
		       "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
		       "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
		       "Mufasa", "Circle Of Life", "/dir/index.html", "0a4f113b", 1,
		       "6629fae49393a05397450978507c4ef1");
	check_response(state,
		       "Digest realm=\"testrealm@host.com\", "
		       "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
		       "Mufasa", "Circle Of Life", "/dir/index.html", "0a4f113b", 1,
		       "670fd8c2df070c60b045671b8b24ff02");
	/* computed with Python's hashlib */
	check_response(state, "Digest realm=r,nonce=n,qop=auth,algorithm=md5-sess", "u", "p", "/x",
		       "c", 2, "5a5e3ece2a631536bfe9fc135284a3ae");
	check_response(state, "Digest realm=r,nonce=n,qop=auth,algorithm=SHA-256-sess", "u", "p",
		       "/x", "c", 2,
		       "56a98123529bb70bc70142ceed054b896ca6faf9e1713771f187f04ec8277a40");
}

/* Quotes and backslashes in names come back as they were. */
static void test_digest_quotes(void **state)
{
	struct httpauth_digest d = digest(state, "Digest realm=\"a \\\"b\\\" \\\\c\", nonce=\"n\"");
	struct httpauth_request request = { "CONNECT", "vpn.test:443" };
	struct httpauth c;
	char text[1000];
	uint32_t used;
	assert_string_equal(d.realm, "a \"b\" \\c");
	assert_int_equal(
		httpauth_digest_make(&d, &request, "LAB\\us\"er", "p", "c", 1, text, sizeof(text)),
		CW_OK);
	assert_int_equal(httpauth_parse(*state, text, &c), CW_OK);
	assert_string_equal(httpauth_param(&c, "username"), "LAB\\us\"er");
	assert_string_equal(httpauth_param(&c, "uri"), "vpn.test:443");
	assert_int_equal(httpauth_digest_check(&c, &d, &request, "LAB\\us\"er", "p", 1, &used),
			 HTTPAUTH_GOOD);
	assert_int_equal(httpauth_digest_make(&d, &request, "a\nb", "p", "c", 1, text, 100),
			 CW_EINVAL);
	assert_int_equal(httpauth_digest_make(&d, &request, "a", "p", "c", 1, text, 100),
			 CW_ETOOBIG);
}

static void test_digest_read(void **state)
{
	struct httpauth c;
	struct httpauth_digest d;
	static const struct {
		const char *text;
		enum cw_ec want;
	} rows[] = {
		{ "Digest realm=r", CW_EMALFORMED },
		{ "Digest nonce=n", CW_EMALFORMED },
		{ "Basic realm=r, nonce=n", CW_EMALFORMED },
		{ "Digest realm=r, nonce=n, algorithm=SHA-512-256", CW_EUNSUPPORTED },
		{ "Digest realm=r, nonce=n, qop=\"auth-int\"", CW_EUNSUPPORTED },
		{ "Digest realm=r, nonce=n, qop=\"auth-int auth\"", CW_OK },
		{ "DIGEST Realm=r, NONCE=n, stale=TRUE", CW_OK },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(httpauth_parse(*state, rows[i].text, &c), CW_OK);
		assert_int_equal(httpauth_digest_read(&c, &d), rows[i].want);
	}
	assert_true(d.stale);
}

/* To a proxy the request names a whole URL; the hash may be over its path. */
static void test_digest_resource(void **state)
{
	static const struct {
		const char *target, *uri;
		bool same;
	} rows[] = {
		{ "http://a/x?y", "http://a/x?y", true },
		{ "http://a/x?y", "/x?y", true },
		{ "http://a", "/", true },
		{ "http://a/x?y", "/x", false },
		{ "http://a/x", "http://b/x", false },
		{ "a:443", "/", false },
		{ "/x?http://a/y", "/y", false },
		{ "a:443", "a:443", true },
		{ "/x", "http://a/x", false },
	};
	struct httpauth_digest d = digest(state, "Digest realm=r, nonce=n, qop=auth");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct httpauth_request sent = { "GET", rows[i].uri };
		struct httpauth_request came = { "GET", rows[i].target };
		struct httpauth c;
		char text[500];
		uint32_t count;
		assert_int_equal(
			httpauth_digest_make(&d, &sent, "u", "p", "c", 1, text, sizeof(text)),
			CW_OK);
		assert_int_equal(httpauth_parse(*state, text, &c), CW_OK);
		assert_int_equal(httpauth_digest_check(&c, &d, &came, "u", "p", 1, &count),
				 rows[i].same ? HTTPAUTH_GOOD : HTTPAUTH_MALFORMED);
	}
}

static enum httpauth_verdict check_text(void **state, const struct httpauth_digest *offered,
					const char *text, uint32_t least)
{
	struct httpauth_request request = { "GET", "/x" };
	struct httpauth c;
	uint32_t count;
	assert_int_equal(httpauth_parse(*state, text, &c), CW_OK);
	return httpauth_digest_check(&c, offered, &request, "u", "p", least, &count);
}

/* One field of good credentials is replaced at a time. */
static void test_digest_check(void **state)
{
	struct httpauth_digest offered =
		digest(state, "Digest realm=r, nonce=n, opaque=o, qop=auth, algorithm=MD5");
	struct httpauth_digest other = offered;
	struct httpauth_request request = { "GET", "/x" };
	char good[500], text[500];
	assert_int_equal(
		httpauth_digest_make(&offered, &request, "u", "p", "c", 5, good, sizeof(good)),
		CW_OK);
	assert_int_equal(check_text(state, &offered, good, 1), HTTPAUTH_GOOD);
	assert_int_equal(check_text(state, &offered, good, 5), HTTPAUTH_GOOD);
	assert_int_equal(check_text(state, &offered, good, 6), HTTPAUTH_STALE);
	other.nonce = "another";
	assert_int_equal(check_text(state, &other, good, 1), HTTPAUTH_STALE);
	static const struct {
		const char *from, *to;
		enum httpauth_verdict want;
	} rows[] = {
		{ "username=\"u\"", "username=\"v\"", HTTPAUTH_WRONG },
		{ "realm=\"r\"", "realm=\"s\"", HTTPAUTH_MALFORMED },
		{ "nonce=\"n\"", "nonce=\"m\"", HTTPAUTH_WRONG },
		{ "uri=\"/x\"", "uri=\"/y\"", HTTPAUTH_MALFORMED },
		{ "algorithm=MD5", "algorithm=SHA-256", HTTPAUTH_MALFORMED },
		{ "opaque=\"o\"", "opaque=\"p\"", HTTPAUTH_MALFORMED },
		{ "qop=auth", "qop=auth-int", HTTPAUTH_MALFORMED },
		{ "qop=auth", "pop=auth", HTTPAUTH_MALFORMED },
		{ "nc=00000005", "nc=00000006", HTTPAUTH_WRONG },
		{ "nc=00000005", "nc=0000000g", HTTPAUTH_MALFORMED },
		{ "nc=00000005", "nc=5", HTTPAUTH_MALFORMED },
		{ "cnonce=\"c\"", "cnonce=\"d\"", HTTPAUTH_WRONG },
		{ "cnonce=\"c\"", "conce=\"c\"", HTTPAUTH_MALFORMED },
		{ "response=\"", "response=\"0", HTTPAUTH_WRONG },
		{ "response=\"", "rsponse=\"", HTTPAUTH_MALFORMED },
		{ "Digest ", "Basic ", HTTPAUTH_MALFORMED },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *at = strstr(good, rows[i].from);
		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, rows[i].to,
			 at + strlen(rows[i].from));
		enum httpauth_verdict v = check_text(state, &offered, text, 1);
		if (v != rows[i].want)
			fail_msg("verdict %d, want %d: %s", v, rows[i].want, text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_several_challenges),
		TEST(test_malformed),
		TEST(test_tokens),
		TEST(test_basic),
		TEST(test_digest_vectors),
		TEST(test_digest_quotes),
		TEST(test_digest_read),
		TEST(test_digest_check),
		TEST(test_digest_resource),
	};
	return cmocka_run_group_tests_name("httpauth", tests, NULL, NULL);
}
