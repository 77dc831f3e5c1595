#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tsig.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define SECRET "c2VjcmV0LW9mLXRoZS10ZXN0" /* secret-of-the-test */

static const char file_name[] = "/etc/keys/Kkms.contoso.com.+163+04711.private";

static char why[160];

/* Parses a copy without NUL, so that a sanitizer sees a read behind the text. */
static enum cw_ec parse(const char *text, size_t len, const char *name, struct tsig_key *out)
{
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	if (len)
		memcpy(copy, text, len);
	why[0] = '\0';
	enum cw_ec ec = tsig_key_parse(copy, len, name, out, why, sizeof(why));
	free(copy);
	return ec;
}

static void check_key(const char *text, const char *name, const char *key_name,
		      enum tsig_algorithm algorithm)
{
	struct tsig_key key;
	if (parse(text, strlen(text), name, &key) != CW_OK)
		fail_msg("%s, in: %s", why, text);
	assert_string_equal(key.name, key_name);
	assert_int_equal(key.algorithm, algorithm);
	assert_int_equal(key.secret_len, 18);
	assert_memory_equal(key.secret, "secret-of-the-test", 18);
}

static void test_key_statements(void **state)
{
	/* as tsig-keygen writes it */
	check_key("key \"kms-update.contoso.com\" {\n\talgorithm hmac-sha256;\n\tsecret \"" SECRET
		  "\";\n};\n",
		  NULL, "kms-update.contoso.com", TSIG_HMAC_SHA256);
	check_key("KEY a. {secret " SECRET ";ALGORITHM \"HMAC-SHA512.\";};", NULL, "a",
		  TSIG_HMAC_SHA512);
	check_key("# comment\n// comment\n/* a\n * comment { */ key /**/ a { algorithm hmac-md5; "
		  "secret\r\n\"c2VjcmV0LW9m\r\n LXRoZS10ZXN0\"; // \"\n}; # more\n// end",
		  NULL, "a", TSIG_HMAC_MD5);
	check_key("\xef\xbb\xbfkey a { algorithm hmac-md5.sig-alg.reg.int; secret \"" SECRET
		  "\"; };",
		  "any.key", "a", TSIG_HMAC_MD5);
	check_key("key \"a b\\.c.d\" { algorithm hmac-sha1; secret \"" SECRET "\"; };", NULL,
		  "a\\032b\\.c.d", TSIG_HMAC_SHA1);
}

static void test_private_files(void **state)
{
	static const char text[] =
		"Private-key-format: v1.3\nAlgorithm: 163 (HMAC_SHA256)\nKey: " SECRET
		"\nBits: AAA=\nCreated: 20240229120000\nPublish: 20240229120000\n";
	check_key(text, file_name, "kms.contoso.com", TSIG_HMAC_SHA256);
	check_key(text, "Kkms.contoso.com.+163+04711.private", "kms.contoso.com", TSIG_HMAC_SHA256);
	check_key(text, "Ka%2Fb+c.+163+1.private", "a\\047b\\043c", TSIG_HMAC_SHA256);
	check_key("\xef\xbb\xbfPrivate-key-format: v1.2\r\nAlgorithm: 157 (HMAC)\r\nKey: " SECRET
		  "\r\n",
		  "Ka.+157+00001.private", "a", TSIG_HMAC_MD5);
}

static void test_algorithm_numbers(void **state)
{
	static const struct {
		unsigned number;
		enum tsig_algorithm algorithm;
	} rows[] = {
		{ 157, TSIG_HMAC_MD5 },    { 161, TSIG_HMAC_SHA1 },   { 162, TSIG_HMAC_SHA224 },
		{ 163, TSIG_HMAC_SHA256 }, { 164, TSIG_HMAC_SHA384 }, { 165, TSIG_HMAC_SHA512 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[200], name[60];
		(void)snprintf(text, sizeof(text),
			       "Private-key-format: v1.3\nAlgorithm: %u\nKey: " SECRET "\n",
			       rows[i].number);
		(void)snprintf(name, sizeof(name), "Ka.+%u+00001.private", rows[i].number);
		check_key(text, name, "a", rows[i].algorithm);
	}
}

static void check_refused(const char *text, size_t len, const char *name, enum cw_ec want,
			  const char *says)
{
	struct tsig_key key = { .secret_len = 4711 };
	enum cw_ec ec = parse(text, len, name, &key);
	if (ec != want || !strstr(why, says))
		fail_msg("want %d and \"%s\", have %d and \"%s\", in: %s", (int)want, says, (int)ec,
			 why, text);
	assert_int_equal(key.secret_len, 4711);
	assert_null(strstr(why, "c2Vj")); /* a message never shows the secret */
}

static void test_refused_statements(void **state)
{
	static const struct {
		const char *text;
		enum cw_ec want;
		const char *says;
	} rows[] = {
		{ "", CW_EMALFORMED, "line 1: want a key statement" },
		{ "   # nothing\n", CW_EMALFORMED, "line 2: want a key statement" },
		{ SECRET, CW_EMALFORMED, "want a key statement" },
		{ "kms. IN KEY 512 3 163 " SECRET, CW_EMALFORMED, "want a key statement" },
		{ "/* no end", CW_EMALFORMED, "want a key statement" },
		{ "key", CW_EMALFORMED, "want the key's name" },
		{ "key { algorithm", CW_EMALFORMED, "want the key's name" },
		{ "key \"" SECRET, CW_EMALFORMED, "want the key's name" },
		{ "key a..b {", CW_EMALFORMED, "DNS cannot carry" },
		{ "key \"\" {", CW_EMALFORMED, "DNS cannot carry" },
		{ "key a algorithm", CW_EMALFORMED, "want \"{\"" },
		{ "key a {", CW_EMALFORMED, "want \"}\"" },
		{ "key a { ; }", CW_EMALFORMED, "want \"}\"" },
		{ "key a { };", CW_EMALFORMED, "want an algorithm" },
		{ "key a { algorithm hmac-sha256; };", CW_EMALFORMED, "want a secret" },
		{ "key a { secret " SECRET "; };", CW_EMALFORMED, "want an algorithm" },
		{ "key a {\n algorithm " SECRET "; };", CW_EUNSUPPORTED, "line 2: want hmac-md5" },
		{ "key a { algorithm hmac-sha256-80; };", CW_EUNSUPPORTED, "another algorithm" },
		{ "key a { algorithm; };", CW_EMALFORMED, "value of \"algorithm\"" },
		{ "key a { algorithm hmac-sha1 secret x; };", CW_EMALFORMED,
		  "behind \"algorithm\"" },
		{ "key a { secret " SECRET "}", CW_EMALFORMED, "want \";\" behind \"secret\"" },
		{ "key a { " SECRET " x; };", CW_EMALFORMED, "\"algorithm\", \"secret\"" },
		{ "key a { algorithm hmac-sha1; algorithm hmac-sha1; };", CW_EMALFORMED,
		  "have two" },
		{ "key a { secret " SECRET "; secret " SECRET "; };", CW_EMALFORMED, "have two" },
		{ "key a { algorithm hmac-sha1; secret " SECRET "; }", CW_EMALFORMED,
		  "behind \"}\"" },
		{ "key a { algorithm hmac-sha1; secret " SECRET "; }; key b {", CW_EMALFORMED,
		  "have more" },
		{ "key a { algorithm hmac-sha1; secret " SECRET "; }; /*", CW_EMALFORMED,
		  "have more" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_refused(rows[i].text, strlen(rows[i].text), NULL, rows[i].want, rows[i].says);
	check_refused("key a\0b { ", 11, NULL, CW_EMALFORMED, "want the key's name");
}

static void test_refused_private_files(void **state)
{
	static const char good[] = "Private-key-format: v1.3\nAlgorithm: 163\nKey: " SECRET "\n";
	static const struct {
		const char *text, *name;
		enum cw_ec want;
		const char *says;
	} rows[] = {
		{ good, NULL, CW_EMALFORMED, "want a file name" },
		{ good, "key.private", CW_EMALFORMED, "want a file name" },
		{ good, "Ka.+163+1.key", CW_EMALFORMED, "want a file name" },
		{ good, "K+163+1.private", CW_EMALFORMED, "want a file name" },
		{ good, "Ka.+x+1.private", CW_EMALFORMED, "want a file name" },
		{ good, "Ka%2.+163+1.private", CW_EMALFORMED, "want a file name" },
		{ good, "Ka..+163+1.private", CW_EMALFORMED, "DNS cannot carry" },
		{ good, "Ka.+165+1.private", CW_EMALFORMED, "the file name says (165)" },
		{ "Private-key-format: v2.0\n", file_name, CW_EMALFORMED, "line 1: want version" },
		{ "Private-key-format:", file_name, CW_EMALFORMED, "want version" },
		{ "Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\n", file_name,
		  CW_EUNSUPPORTED, "line 2: want an HMAC algorithm (157, 161 .. 165), have 8" },
		{ "Private-key-format: v1.3\nAlgorithm: x\n", file_name, CW_EMALFORMED, "number" },
		{ "Private-key-format: v1.3\nAlgorithm: 163\nAlgorithm: 163\n", file_name,
		  CW_EMALFORMED, "have two" },
		{ "Private-key-format: v1.3\nAlgorithm: 163\n", file_name, CW_EMALFORMED,
		  "want a secret" },
		{ "Private-key-format: v1.3\nKey: " SECRET, file_name, CW_EMALFORMED,
		  "want an algorithm" },
		{ "Private-key-format: v1.3\n" SECRET "\n", file_name, CW_EMALFORMED, "no \":\"" },
		{ "Private-key-format: v1.3\nBits: AFA=\n", file_name, CW_EUNSUPPORTED,
		  "whole MACs" },
		{ "Private-key-format: v1.3\nBits: AA==\n", file_name, CW_EMALFORMED,
		  "two octets" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_refused(rows[i].text, strlen(rows[i].text), rows[i].name, rows[i].want,
			      rows[i].says);
}

/* Octets that a base64 text stands for, or -1. */
static int base64_len(const char *base64)
{
	char text[2048];
	struct tsig_key key;
	int len = snprintf(text, sizeof(text), "key a { algorithm hmac-sha1; secret \"%s\"; };",
			   base64);
	return parse(text, (size_t)len, NULL, &key) == CW_OK ? (int)key.secret_len : -1;
}

static void test_base64(void **state)
{
	static const struct {
		const char *text;
		int len;
	} rows[] = {
		{ "AA==", 1 },         { "AAA=", 2 },      { "AAAA", 3 },  { "AAAAAA==", 4 },
		{ " A A\t== ", 1 },    { "+/+/", 3 },      { "", -1 },     { "A", -1 },
		{ "AA", -1 },          { "AAA", -1 },      { "A===", -1 }, { "====", -1 },
		{ "AB==", -1 },        { "AAB=", -1 },     { "AA=A", -1 }, { "AA==AAAA", -1 },
		{ "AA======", -1 },    { "AA==AA==", -1 }, { "AA-_", -1 }, { "AA==,", -1 },
		{ "A\xc3\xbc==", -1 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (base64_len(rows[i].text) != rows[i].len)
			fail_msg("want %d for \"%s\"", rows[i].len, rows[i].text);
	}
	char most[700];
	memset(most, 'A', 684); /* 513 octets */
	most[684] = '\0';
	assert_int_equal(base64_len(most), -1);
	most[683] = '='; /* 512 */
	assert_int_equal(base64_len(most), TSIG_SECRET_MOST);
}

static void test_every_shorter_text_is_refused(void **state)
{
	static const char statement[] = "key a { algorithm hmac-sha1; secret \"" SECRET "\"; };";
	struct tsig_key key;
	for (size_t len = 0; len + 1 < sizeof(statement); len++)
		assert_int_not_equal(parse(statement, len, NULL, &key), CW_OK);
	assert_int_equal(parse(statement, sizeof(statement) - 1, NULL, &key), CW_OK);
	assert_int_equal(tsig_key_parse(statement, 3, NULL, &key, NULL, 0), CW_EMALFORMED);
}

static void test_wipe(void **state)
{
	struct tsig_key key;
	const struct tsig_key nothing = { .secret_len = 0 };
	memset(&key, 0x55, sizeof(key));
	tsig_key_wipe(&key);
	assert_int_equal(key.secret_len, 0);
	assert_memory_equal(key.secret, nothing.secret, sizeof(key.secret));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_statements),
		cmocka_unit_test(test_private_files),
		cmocka_unit_test(test_algorithm_numbers),
		cmocka_unit_test(test_refused_statements),
		cmocka_unit_test(test_refused_private_files),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_every_shorter_text_is_refused),
		cmocka_unit_test(test_wipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
