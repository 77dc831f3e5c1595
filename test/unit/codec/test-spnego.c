#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/spnego.h"

static uint8_t buf[80000], token[70000];

static const enum spnego_mech mechs[] = { SPNEGO_MS_KERBEROS, SPNEGO_KERBEROS, SPNEGO_NEGOEX,
					  SPNEGO_NTLM };

static size_t init(size_t token_len)
{
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	spnego_init_encode(&w, mechs, 4, token, token_len);
	assert_false(w.bad);
	return w.len;
}

/* Each length of a token takes another number of octets for the lengths around it. */
static void test_init(void **state)
{
	static const size_t lens[] = { 0,   1,   60,  100, 127,   128,   129,
				       200, 255, 256, 300, 65535, 65536, sizeof(token) };
	for (size_t i = 0; i < sizeof(token); i++)
		token[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct spnego_token t;
		size_t len = init(lens[i]);
		assert_int_equal(spnego_decode(buf, len, &t), CW_OK);
		assert_int_equal(t.kind, SPNEGO_INIT);
		assert_int_equal(t.state, SPNEGO_STATE_NONE);
		assert_int_equal(t.mech_count, 4);
		assert_memory_equal(t.mech, mechs, sizeof(mechs));
		assert_int_equal(t.token_len, lens[i]);
		if (lens[i])
			assert_memory_equal(t.token, token, lens[i]);
		else
			assert_null(t.token);
	}
}

/* As Windows wraps the first NTLM message: RFC 4178's own layout, octet for octet. */
static void test_init_bytes(void **state)
{
	static const uint8_t want[] = {
		0x60, 0x26, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, 0xa0, 0x1c, 0x30, 0x1a,
		0xa0, 0x0e, 0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02,
		0x02, 0x0a, 0xa2, 0x08, 0x04, 0x06, 'N',  'T',  'L',  'M',  'S',  'S',
	};
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	enum spnego_mech ntlm = SPNEGO_NTLM;
	spnego_init_encode(&w, &ntlm, 1, (const uint8_t *)"NTLMSS", 6);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void check_response(enum spnego_state s, enum spnego_mech mech, size_t token_len)
{
	struct spnego_token t;
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	spnego_response_encode(&w, s, mech, token, token_len);
	assert_false(w.bad);
	assert_int_equal(spnego_decode(buf, w.len, &t), CW_OK);
	assert_int_equal(t.kind, SPNEGO_RESPONSE);
	assert_int_equal(t.state, s);
	assert_int_equal(t.mech_count, mech == SPNEGO_MECH_NONE ? 0 : 1);
	assert_int_equal(t.mech_count ? t.mech[0] : SPNEGO_MECH_NONE, mech);
	assert_int_equal(t.token_len, token_len);
}

static void test_response(void **state)
{
	check_response(SPNEGO_INCOMPLETE, SPNEGO_NTLM, 200);
	check_response(SPNEGO_ACCEPTED, SPNEGO_MECH_NONE, 0);
	check_response(SPNEGO_REJECTED, SPNEGO_KERBEROS, 3);
	check_response(SPNEGO_STATE_NONE, SPNEGO_MECH_NONE, 300);
	check_response(SPNEGO_STATE_NONE, SPNEGO_MECH_NONE, 0);
	check_response(SPNEGO_REQUEST_MIC, SPNEGO_NEGOEX, 0);
}

static void test_bare(void **state)
{
	static const uint8_t ntlm[] = "NTLMSSP\0\1\0\0\0";
	static const uint8_t kerberos[] = { 0x60, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					    0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00 };
	struct spnego_token t;
	assert_int_equal(spnego_decode(ntlm, 12, &t), CW_OK);
	assert_int_equal(t.kind, SPNEGO_BARE_NTLM);
	assert_ptr_equal(t.token, ntlm);
	assert_int_equal(spnego_decode(kerberos, sizeof(kerberos), &t), CW_OK);
	assert_int_equal(t.kind, SPNEGO_BARE_KERBEROS);
	assert_int_equal(t.mech[0], SPNEGO_KERBEROS);
	assert_int_equal(t.token_len, sizeof(kerberos));
	assert_string_equal(spnego_mech_name(t.mech[0]), "Kerberos");
	assert_string_equal(spnego_mech_name(SPNEGO_MECH_OTHER), "other");
}

static void check_prefixes(size_t len)
{
	for (size_t n = 0; n < len; n++) {
		struct spnego_token t;
		uint8_t *copy = malloc(n ? n : 1);
		assert_non_null(copy);
		memcpy(copy, buf, n);
		assert_int_equal(spnego_decode(copy, n, &t), CW_EMALFORMED);
		free(copy);
	}
}

static void test_prefixes(void **state)
{
	check_prefixes(init(200));
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	spnego_response_encode(&w, SPNEGO_INCOMPLETE, SPNEGO_NTLM, token, 150);
	check_prefixes(w.len);
}

static void test_malformed(void **state)
{
	static const struct {
		size_t len;
		uint8_t bytes[16];
	} rows[] = {
		{ 2, { 0x60, 0x80 } },                            /* indefinite */
		{ 7, { 0x60, 0x85, 0, 0, 0, 0, 1 } },             /* a length of five octets */
		{ 6, { 0x60, 0x84, 0xff, 0xff, 0xff, 0xff } },    /* and one beyond it all */
		{ 9, { 0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 4 } }, /* no such state */
		{ 8, { 0xa1, 6, 0x30, 4, 0xa0, 2, 0x0a, 0 } },
		{ 4, { 0x60, 2, 0x06, 0 } }, /* no mechanism */
		{ 4, { 0x30, 2, 0x06, 0 } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spnego_token t;
		assert_int_equal(spnego_decode(rows[i].bytes, rows[i].len, &t), CW_EMALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),     cmocka_unit_test(test_init_bytes),
		cmocka_unit_test(test_response), cmocka_unit_test(test_bare),
		cmocka_unit_test(test_prefixes), cmocka_unit_test(test_malformed),
	};
	return cmocka_run_group_tests_name("spnego", tests, NULL, NULL);
}
