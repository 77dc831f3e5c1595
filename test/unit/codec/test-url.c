#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/url.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct url parsed(const char *text)
{
	struct url u;
	const char *why = "";
	if (url_parse(text, &u, &why) != CW_OK)
		fail_msg("%s: %s", why, text);
	return u;
}

static void check(const char *text, enum url_scheme scheme, const char *host, unsigned port,
		  const char *target)
{
	struct url u = parsed(text);
	assert_int_equal(u.scheme, scheme);
	assert_string_equal(u.host, host);
	assert_int_equal(u.port, port);
	assert_string_equal(u.target, target);
}

static void test_good(void **state)
{
	check("http://crl.contoso.com/ca.crl", URL_HTTP, "crl.contoso.com", 80, "/ca.crl");
	check("HTTPS://VPN.Contoso.COM", URL_HTTPS, "vpn.contoso.com", 443, "/");
	check("http://a:8080?q=1/2#part", URL_HTTP, "a", 8080, "/?q=1/2");
	check("http://a:/x%20y", URL_HTTP, "a", 80, "/x%20y");
	check("http://a#f", URL_HTTP, "a", 80, "/");
	check("http://a_b.test/", URL_HTTP, "a_b.test", 80, "/");
	check("http://m\xc3\xbcnchen.test/", URL_HTTP, "m\xc3\xbcnchen.test", 80, "/");
	check("https://[2001:DB8:0::1]:444/x", URL_HTTPS, "2001:db8::1", 444, "/x");
	check("ldap:///CN=CA,DC=contoso?certificateRevocationList?base?objectClass=x", URL_LDAP, "",
	      389, "/CN=CA,DC=contoso?certificateRevocationList?base?objectClass=x");
	check("ldaps://dc1.contoso.com/CN=CA%20One", URL_LDAPS, "dc1.contoso.com", 636,
	      "/CN=CA%20One");
	assert_true(parsed("http://[::1]/").ipv6);
	assert_true(parsed("http://192.0.2.1/").ipv4);
	assert_false(parsed("http://192.0.2.1.test/").ipv4);
	assert_true(parsed("http://a:80/").port_given);
	assert_false(parsed("http://a:/").port_given);
}

static void check_refused(const char *text, enum cw_ec want)
{
	struct url u = { .port = 7 };
	const char *why = NULL;
	enum cw_ec ec = url_parse(text, &u, &why);
	if (ec != want)
		fail_msg("%s, want %s: %s", cw_ec_text(ec), cw_ec_text(want), text);
	assert_non_null(why);
	assert_int_equal(u.port, 7);
}

static void test_refused(void **state)
{
	static const char *const malformed[] = {
		"",
		"contoso.com",
		"contoso.com:80/x",
		"/path",
		"http:/a",
		"http:a",
		"http://",
		"http:///path",
		"http://:80/",
		"http://a:65536/",
		"http://a:0/",
		"http://a:8x/",
		"http://a:+8/",
		"http://[::1",
		"http://[::1]x/",
		"http://[192.0.2.1]/",
		"http://[::1%1]",
		"http://[]/",
		"http://a b/",
		"http://a/b c",
		"http://a/%",
		"http://a/%1",
		"http://a/%zz",
		"http://a/\x01",
		"http://a/\xc3",
		"http://a/\"",
		"http://a\\b/",
		"http://a/\r\nHost:",
		"ldap://:389/",
		"http://a,b/",
		"://a/",
		"1http://a/",
		"http://%61/",
		"http://a/#b c",
	};
	for (size_t i = 0; i < COUNT_OF(malformed); i++)
		check_refused(malformed[i], CW_EMALFORMED);
	static const char *const unsupported[] = {
		"ftp://a/b",         "file://server/share/ca.crl", "mailto:a@b",
		"http://user@host/", "http://user:secret@host/",   "http://good.test@evil.test/",
		"gopher://a",
	};
	for (size_t i = 0; i < COUNT_OF(unsupported); i++)
		check_refused(unsupported[i], CW_EUNSUPPORTED);
}

static void test_limits(void **state)
{
	char text[LIMIT_URL + 64] = "http://a/";
	memset(text + 9, 'x', LIMIT_URL - 9);
	text[LIMIT_URL] = '\0';
	assert_int_equal(strlen(parsed(text).target), LIMIT_URL - 8);
	text[LIMIT_URL] = 'x';
	check_refused(text, CW_ETOOBIG);
	memset(text, 0, sizeof(text));
	strcpy(text, "http://");
	memset(text + 7, 'h', URL_HOST - 1);
	assert_int_equal(strlen(parsed(text).host), URL_HOST - 1);
	text[7 + URL_HOST - 1] = 'h';
	check_refused(text, CW_ETOOBIG);
}

static void check_join(const char *base, const char *reference, const char *want)
{
	struct url b = parsed(base), u;
	char text[URL_TEXT];
	const char *why = "";
	if (url_join(&b, reference, &u, &why) != CW_OK)
		fail_msg("%s: %s", why, reference);
	assert_string_equal(url_text(&u, text), want);
}

/* RFC 3986 5.4, without parameters */
static void test_join(void **state)
{
	static const char *const rows[][2] = {
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d?q" },
		{ "g#s", "http://a/b/c/g" },
		{ "", "http://a/b/c/d?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "https://h:444/x", "https://h:444/x" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_join("http://a/b/c/d?q", rows[i][0], rows[i][1]);
	check_join("https://[::1]:444/x", "y", "https://[::1]:444/y");
	struct url b = parsed("http://a/"), u;
	assert_int_equal(url_join(&b, "ftp://x/", &u, NULL), CW_EUNSUPPORTED);
	assert_int_equal(url_join(&b, "a b", &u, NULL), CW_EMALFORMED);
	assert_int_equal(url_join(&b, "//user@host/", &u, NULL), CW_EUNSUPPORTED);
}

static void test_authority(void **state)
{
	char out[URL_AUTHORITY];
	struct url u = parsed("http://a:80/");
	assert_string_equal(url_authority(&u, out), "a");
	u = parsed("https://a:80/");
	assert_string_equal(url_authority(&u, out), "a:80");
	u = parsed("https://[::1]/");
	assert_string_equal(url_authority(&u, out), "[::1]");
	u = parsed("https://[::1]:1/");
	assert_string_equal(url_authority(&u, out), "[::1]:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),    cmocka_unit_test(test_join),
		cmocka_unit_test(test_authority),
	};
	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
