#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/ntlm.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* MS-NLMP 4.2.1 */
static const struct ntlm_login login = {
	.domain = "Domain", .user = "User", .password = "Password", .workstation = "COMPUTER"
};
static const uint8_t server_nonce[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
static const uint8_t client_nonce[8] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };

static const uint8_t key_wanted[16] = { 0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93,
					0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0, 0x2e, 0x3f };

static struct ntlm_bytes bytes(const struct cw_wr *w)
{
	assert_false(w->bad);
	return (struct ntlm_bytes){ w->base, w->len };
}

/* The AV pairs of MS-NLMP 4.2.4: the NetBIOS names of domain and server. */
static struct ntlm_bytes names(uint8_t *buf, size_t size, uint64_t filetime)
{
	struct cw_wr w = cw_wr_of(buf, size);
	ntlm_av_put_text(&w, NTLM_AV_DOMAIN, "Domain");
	ntlm_av_put_text(&w, NTLM_AV_COMPUTER, "Server");
	if (filetime)
		ntlm_av_put_time(&w, filetime);
	ntlm_av_put_end(&w);
	return bytes(&w);
}

static void test_md4(void **state)
{
	/* RFC 1320 A.5 */
	static const struct {
		const char *text, *hash;
	} vectors[] = {
		{ "", "\x31\xd6\xcf\xe0\xd1\x6a\xe9\x31\xb7\x3c\x59\xd7\xe0\xc0\x89\xc0" },
		{ "a", "\xbd\xe5\x2c\xb3\x1d\xe3\x3e\x46\x24\x5e\x05\xfb\xdb\xd6\xfb\x24" },
		{ "abc", "\xa4\x48\x01\x7a\xaf\x21\xd8\x52\x5f\xc1\x0a\xe8\x7a\xa6\x72\x9d" },
		{ "message digest",
		  "\xd9\x13\x0a\x81\x64\x54\x9f\xe8\x18\x87\x48\x06\xe1\xc7\x01\x4b" },
		{ "abcdefghijklmnopqrstuvwxyz",
		  "\xd7\x9e\x1c\x30\x8a\xa5\xbb\xcd\xee\xa8\xed\x63\xdf\x41\x2d\xa9" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "\x04\x3f\x85\x82\xf2\x41\xdb\x35\x1c\xe6\x27\xe1\x53\xe7\xf0\xe4" },
		{ "1234567890123456789012345678901234567890"
		  "1234567890123456789012345678901234567890",
		  "\xe3\x3b\x4d\xdc\x9c\x38\xf2\x19\x9c\x3e\x7b\x16\x4f\xcc\x05\x36" },
	};
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		uint8_t out[16];
		ntlm_md4(vectors[i].text, strlen(vectors[i].text), out);
		assert_memory_equal(out, vectors[i].hash, 16);
	}
}

static void test_key(void **state)
{
	uint8_t key[NTLM_KEY];
	struct ntlm_login lower = login;
	assert_true(ntlm_ntowf_v2(&login, key)); /* MS-NLMP 4.2.4.1.1 */
	assert_memory_equal(key, key_wanted, sizeof(key));
	lower.user = "uSER"; /* the user's case does not count, the domain's does */
	assert_true(ntlm_ntowf_v2(&lower, key));
	assert_memory_equal(key, key_wanted, sizeof(key));
	lower.domain = "DOMAIN";
	assert_true(ntlm_ntowf_v2(&lower, key));
	assert_memory_not_equal(key, key_wanted, sizeof(key));
	lower.password = "\xff";
	assert_false(ntlm_ntowf_v2(&lower, key));
}

static void test_responses(void **state)
{
	/* MS-NLMP 4.2.4.2.1 and 4.2.4.2.2: time 0 */
	static const uint8_t lm_wanted[24] = { 0x86, 0xc3, 0x50, 0x97, 0xac, 0x9c, 0xec, 0x10,
					       0x25, 0x54, 0x76, 0x4a, 0x57, 0xcc, 0xcc, 0x19,
					       0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };
	static const uint8_t proof_wanted[16] = { 0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96,
						  0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c };
	uint8_t lm[NTLM_LMV2], nt[256], info[64];
	assert_true(ntlm_lm_v2(key_wanted, server_nonce, client_nonce, lm));
	assert_memory_equal(lm, lm_wanted, sizeof(lm));
	struct cw_wr w = cw_wr_of(nt, sizeof(nt));
	ntlm_nt_v2(&w, key_wanted, server_nonce, client_nonce, 0, names(info, sizeof(info), 0));
	assert_false(w.bad);
	assert_int_equal(w.len, 16 + 28 + 36 + 4);
	assert_memory_equal(nt, proof_wanted, sizeof(proof_wanted));
}

static size_t make_challenge(uint8_t *out, size_t size, uint64_t filetime, uint32_t flags)
{
	uint8_t info[64];
	struct ntlm_challenge c = {
		.flags = NTLM_UNICODE | NTLM_NTLM | NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO |
			 NTLM_TARGET_DOMAIN | NTLM_KEY_EXCHANGE | flags,
		.target_name = { (const uint8_t *)"D\0o\0", 4 },
		.target_info = names(info, sizeof(info), filetime),
	};
	memcpy(c.nonce, server_nonce, sizeof(c.nonce));
	struct cw_wr w = cw_wr_of(out, size);
	ntlm_challenge_encode(&w, &c);
	assert_false(w.bad);
	return w.len;
}

static struct ntlm_authenticate answer(uint8_t *buf, size_t size, const struct ntlm_login *l,
				       uint64_t servers_time)
{
	uint8_t challenge[256];
	size_t len = make_challenge(challenge, sizeof(challenge), servers_time, 0);
	struct cw_wr w = cw_wr_of(buf, size);
	struct ntlm_authenticate m;
	assert_int_equal(ntlm_answer(&w, challenge, len, l, client_nonce, 1234567), CW_OK);
	assert_int_equal(ntlm_authenticate_decode(buf, w.len, &m), CW_OK);
	return m;
}

static void check_text(struct ntlm_bytes in, const char *want)
{
	char text[64];
	ntlm_utf16_text(in, text, sizeof(text));
	assert_string_equal(text, want);
}

static void test_answer(void **state)
{
	uint8_t buf[1024];
	struct ntlm_authenticate m = answer(buf, sizeof(buf), &login, 0);
	check_text(m.domain, "Domain");
	check_text(m.user, "User");
	check_text(m.workstation, "COMPUTER");
	assert_int_equal(m.flags,
			 NTLM_UNICODE | NTLM_NTLM | NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO);
	assert_int_equal(m.lm.len, NTLM_LMV2);
	assert_memory_equal(m.lm.at + 16, client_nonce, sizeof(client_nonce));
	assert_int_equal(m.session_key.len, 0);
	assert_int_equal(m.nt.at[16 + 8], 1234567 & 0xff);
	assert_int_equal(ntlm_check(&m, server_nonce, &login), NTLM_GOOD);
}

/* A server that tells its time gets that time, and no LM response. */
static void test_answer_to_a_timed_challenge(void **state)
{
	static const uint8_t zeros[NTLM_LMV2], time[8] = { 8, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t buf[1024];
	struct ntlm_authenticate m = answer(buf, sizeof(buf), &login, 0x0102030405060708);
	assert_int_equal(m.lm.len, NTLM_LMV2);
	assert_memory_equal(m.lm.at, zeros, sizeof(zeros));
	assert_memory_equal(m.nt.at + 16 + 8, time, sizeof(time));
	assert_int_equal(ntlm_check(&m, server_nonce, &login), NTLM_GOOD);
}

static void test_check(void **state)
{
	uint8_t buf[1024];
	struct ntlm_authenticate m = answer(buf, sizeof(buf), &login, 0);
	struct ntlm_login other = login;
	static const uint8_t other_nonce[8] = { 9 };
	assert_int_equal(ntlm_check(&m, other_nonce, &login), NTLM_WRONG_PASSWORD);
	other.password = "password";
	assert_int_equal(ntlm_check(&m, server_nonce, &other), NTLM_WRONG_PASSWORD);
	other = login;
	other.user = "USER";
	other.domain = "dOMAIN";
	assert_int_equal(ntlm_check(&m, server_nonce, &other), NTLM_GOOD);
	other.domain = "";
	assert_int_equal(ntlm_check(&m, server_nonce, &other), NTLM_GOOD);
	other.domain = "OTHER";
	assert_int_equal(ntlm_check(&m, server_nonce, &other), NTLM_WRONG_USER);
	other = login;
	other.user = "Users";
	assert_int_equal(ntlm_check(&m, server_nonce, &other), NTLM_WRONG_USER);
	struct ntlm_authenticate old = m;
	old.nt.len = 24;
	assert_int_equal(ntlm_check(&old, server_nonce, &login), NTLM_TOO_OLD);
	old.nt.len = old.user.len = 0;
	assert_int_equal(ntlm_check(&old, server_nonce, &login), NTLM_ANONYMOUS);
	/* each octet of the response counts */
	for (size_t i = 0; i < m.nt.len; i++) {
		size_t at = (size_t)(m.nt.at - buf) + i;
		buf[at] ^= 1;
		assert_int_equal(ntlm_check(&m, server_nonce, &login), NTLM_WRONG_PASSWORD);
		buf[at] ^= 1;
	}
}

static void test_names_beyond_ascii(void **state)
{
	uint8_t buf[1024], upper[16];
	struct ntlm_login typed = {
		.domain = "", .user = "j\xc3\xbcrgen", .password = "\xe2\x82\xac", .workstation = ""
	};
	struct ntlm_authenticate m = answer(buf, sizeof(buf), &typed, 0);
	typed.user = "J\xc3\x9cRGEN";
	assert_int_equal(ntlm_check(&m, server_nonce, &typed), NTLM_GOOD);
	/* sharp s, dotless i, micro sign: what Windows leaves alone */
	struct cw_wr w = cw_wr_of(upper, sizeof(upper));
	assert_true(ntlm_utf16_put(&w, "\xc3\x9f\xc4\xb1\xc2\xb5\xc3\xa9", true));
	assert_int_equal(w.len, 8);
	assert_memory_equal(upper, "\xdf\x00\x31\x01\xb5\x00\xc9\x00", 8);
}

static void test_surrogates(void **state)
{
	uint8_t buf[16];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	assert_true(ntlm_utf16_put(&w, "\xf0\x9f\x94\x91", false));
	assert_memory_equal(buf, "\x3d\xd8\x11\xdd", 4);
	check_text(bytes(&w), "\xf0\x9f\x94\x91");
	check_text((struct ntlm_bytes){ (const uint8_t *)"\x3d\xd8", 2 }, "\xef\xbf\xbd");
	check_text((struct ntlm_bytes){ (const uint8_t *)"\x11\xdd\x41\x00\x42", 5 }, "\xef\xbf\xbd"
										      "A");
	char small[3];
	ntlm_utf16_text((struct ntlm_bytes){ (const uint8_t *)"A\0B\0C\0", 6 }, small,
			sizeof(small));
	assert_string_equal(small, "AB");
}

static void test_unusable_challenges(void **state)
{
	uint8_t challenge[256], buf[1024];
	struct ntlm_challenge c = { .flags = NTLM_OEM | NTLM_NTLM };
	struct cw_wr w = cw_wr_of(challenge, sizeof(challenge));
	ntlm_challenge_encode(&w, &c);
	struct cw_wr out = cw_wr_of(buf, sizeof(buf));
	assert_int_equal(ntlm_answer(&out, challenge, w.len, &login, client_nonce, 0),
			 CW_EUNSUPPORTED);
	size_t len = make_challenge(challenge, sizeof(challenge), 0, 0);
	struct cw_wr small = cw_wr_of(buf, 100);
	assert_int_equal(ntlm_answer(&small, challenge, len, &login, client_nonce, 0), CW_ETOOBIG);
	char name[NTLM_NAME_MOST + 2];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct ntlm_login bad = login;
	bad.user = name;
	assert_int_equal(ntlm_answer(&out, challenge, len, &bad, client_nonce, 0), CW_EINVAL);
	bad.user = "\xc3";
	assert_int_equal(ntlm_answer(&out, challenge, len, &bad, client_nonce, 0), CW_EINVAL);
	assert_int_equal(out.len, 0);
	/* without target info, as an old server sends it */
	c.flags = NTLM_UNICODE | NTLM_NTLM;
	memcpy(c.nonce, server_nonce, sizeof(c.nonce));
	w = cw_wr_of(challenge, sizeof(challenge));
	ntlm_challenge_encode(&w, &c);
	struct ntlm_authenticate m;
	assert_int_equal(ntlm_answer(&out, challenge, 32, &login, client_nonce, 0), CW_OK);
	assert_int_equal(ntlm_authenticate_decode(buf, out.len, &m), CW_OK);
	assert_int_equal(ntlm_check(&m, server_nonce, &login), NTLM_GOOD);
}

static void test_negotiate(void **state)
{
	/* as curl 7.88 sends it */
	static const uint8_t curls[32] = { 'N', 'T', 'L', 'M', 'S',  'S',  'P',  0,
					   1,   0,   0,   0,   0x06, 0x82, 0x08, 0 };
	struct ntlm_negotiate m;
	uint8_t buf[128];
	assert_int_equal(ntlm_negotiate_decode(curls, sizeof(curls), &m), CW_OK);
	assert_int_equal(m.flags, 0x00088206);
	assert_int_equal(m.domain.len, 0);
	assert_int_equal(ntlm_negotiate_decode(curls, 16, &m), CW_OK); /* old clients */
	assert_int_equal(ntlm_type_of(curls, sizeof(curls)), NTLM_NEGOTIATE);
	struct ntlm_negotiate mine = { .flags = NTLM_CLIENT_FLAGS };
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	ntlm_negotiate_encode(&w, &mine);
	assert_int_equal(w.len, 32);
	mine.flags |= NTLM_VERSION | NTLM_DOMAIN_SUPPLIED | NTLM_WORKSTATION_SUPPLIED;
	mine.domain = (struct ntlm_bytes){ (const uint8_t *)"LAB", 3 };
	mine.workstation = (struct ntlm_bytes){ (const uint8_t *)"PC1", 3 };
	w = cw_wr_of(buf, sizeof(buf));
	ntlm_negotiate_encode(&w, &mine);
	assert_int_equal(w.len, 46);
	assert_int_equal(ntlm_negotiate_decode(buf, w.len, &m), CW_OK);
	assert_memory_equal(m.domain.at, "LAB", 3);
	assert_memory_equal(m.workstation.at, "PC1", 3);
}

/* Every shorter message is refused, or lacks no more than what lies behind the fields. */
static void test_prefixes(void **state)
{
	uint8_t challenge[256], buf[1024];
	size_t len = make_challenge(challenge, sizeof(challenge), 77, NTLM_VERSION);
	for (size_t n = 0; n < len; n++) {
		struct ntlm_challenge c;
		uint8_t *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, challenge, n);
		assert_int_equal(ntlm_challenge_decode(copy, n, &c), CW_EMALFORMED);
		free(copy);
	}
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	assert_int_equal(ntlm_answer(&w, challenge, len, &login, client_nonce, 0), CW_OK);
	for (size_t n = 0; n < w.len; n++) {
		struct ntlm_authenticate m;
		uint8_t *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, buf, n);
		assert_int_equal(ntlm_authenticate_decode(copy, n, &m), CW_EMALFORMED);
		free(copy);
	}
}

static void test_offsets(void **state)
{
	uint8_t challenge[256];
	size_t len = make_challenge(challenge, sizeof(challenge), 0, 0);
	struct ntlm_challenge c;
	static const uint32_t offsets[] = { 0xffffffff, 0x80000000, 0xfffffff0 };
	for (size_t i = 0; i < COUNT_OF(offsets) + 1; i++) {
		uint32_t offset = i < COUNT_OF(offsets) ? offsets[i] : (uint32_t)len - 3;
		struct cw_wr w = cw_wr_of(challenge + 16, 4);
		cw_wr_le32(&w, offset);
		assert_int_equal(ntlm_challenge_decode(challenge, len, &c), CW_EMALFORMED);
	}
	challenge[12] = challenge[13] = 0; /* an empty field may point anywhere */
	assert_int_equal(ntlm_challenge_decode(challenge, len, &c), CW_OK);
	assert_int_equal(c.target_name.len, 0);
	uint8_t large[NTLM_MESSAGE_MOST + 1] = { 0 };
	assert_int_equal(ntlm_challenge_decode(large, sizeof(large), &c), CW_ETOOBIG);
}

static void test_av_pairs(void **state)
{
	uint8_t info[64];
	struct ntlm_bytes list = names(info, sizeof(info), 5), value;
	assert_int_equal(ntlm_av_get(list, NTLM_AV_COMPUTER, &value), CW_OK);
	check_text(value, "Server");
	assert_int_equal(ntlm_av_get(list, NTLM_AV_TIMESTAMP, &value), CW_OK);
	assert_int_equal(value.len, 8);
	assert_int_equal(ntlm_av_get(list, NTLM_AV_FLAGS, &value), CW_ENOTFOUND);
	assert_int_equal(ntlm_av_get(list, NTLM_AV_END, &value), CW_ENOTFOUND);
	list.len -= 4; /* no end */
	assert_int_equal(ntlm_av_get(list, NTLM_AV_FLAGS, &value), CW_EMALFORMED);
	list.len = 5;
	assert_int_equal(ntlm_av_get(list, NTLM_AV_DOMAIN, &value), CW_EMALFORMED);
}

static void check_split(const char *typed, const char *domain, const char *user)
{
	char d[16], u[16];
	assert_true(ntlm_user_split(typed, d, u, sizeof(d)));
	assert_string_equal(d, domain);
	assert_string_equal(u, user);
}

static void test_user_split(void **state)
{
	char d[4], u[4];
	check_split("LAB\\user", "LAB", "user");
	check_split("user", "", "user");
	check_split("user@lab.test", "", "user@lab.test");
	check_split("\\user", "", "user");
	assert_false(ntlm_user_split("LAB\\user", d, u, sizeof(d)));
	assert_int_equal(ntlm_filetime(0), 116444736000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md4),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_to_a_timed_challenge),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_names_beyond_ascii),
		cmocka_unit_test(test_surrogates),
		cmocka_unit_test(test_unusable_challenges),
		cmocka_unit_test(test_negotiate),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_av_pairs),
		cmocka_unit_test(test_user_split),
	};
	return cmocka_run_group_tests_name("ntlm", tests, NULL, NULL);
}
