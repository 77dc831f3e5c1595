#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "codec/dns.h"

static size_t packed(const char *name, uint8_t wire[LIMIT_DNS_NAME_WIRE])
{
	struct cw_wr w = cw_wr_of(wire, LIMIT_DNS_NAME_WIRE);
	if (dns_name_to_wire(name, &w) != CW_OK)
		fail_msg("want a name that can be written, have \"%s\"", name);
	return w.len;
}

/* Text to wire, back to text, and the same wire again. */
static void check_both_ways(const char *text, const void *wire, size_t len, const char *again)
{
	uint8_t buf[LIMIT_DNS_NAME_WIRE], second[LIMIT_DNS_NAME_WIRE];
	char out[LIMIT_DNS_NAME_TEXT];
	assert_int_equal(packed(text, buf), len);
	assert_memory_equal(buf, wire, len);
	struct cw_rd r = cw_rd_of(buf, len);
	assert_int_equal(dns_name_read(&r, buf, len, out), CW_OK);
	assert_true(cw_rd_ended(&r));
	assert_string_equal(out, again);
	assert_int_equal(packed(out, second), len);
	assert_memory_equal(second, wire, len);
}

#define BOTH_WAYS(text, wire, again) check_both_ways((text), (wire), sizeof(wire) - 1, (again))

static void test_text_and_wire(void **state)
{
	BOTH_WAYS("contoso.com", "\7contoso\3com\0", "contoso.com");
	BOTH_WAYS("Contoso.COM.", "\7Contoso\3COM\0", "Contoso.COM");
	BOTH_WAYS("_vlmcs._tcp.a-1", "\6_vlmcs\4_tcp\3a-1\0", "_vlmcs._tcp.a-1");
	BOTH_WAYS(".", "\0", ".");
	BOTH_WAYS("a", "\1a\0", "a");
}

static void test_escapes(void **state)
{
	BOTH_WAYS("a\\.b.c", "\3a.b\1c\0", "a\\.b.c");
	BOTH_WAYS("a\\046b.c", "\3a.b\1c\0", "a\\.b.c");
	BOTH_WAYS("a\\\\b", "\3a\\b\0", "a\\092b");
	BOTH_WAYS("a b", "\3a b\0", "a\\032b");
	BOTH_WAYS("\\000\\255", "\2\0\xff\0", "\\000\\255");
	BOTH_WAYS("*.x", "\1*\1x\0", "\\042.x");
	BOTH_WAYS("\\c\\o\\m", "\3com\0", "com");
	/* A label in UTF-8, written as it is and with escapes: "ü" */
	BOTH_WAYS("\xc3\xbc.de", "\2\xc3\xbc\2de\0", "\\195\\188.de");
	BOTH_WAYS("\\195\\188.de", "\2\xc3\xbc\2de\0", "\\195\\188.de");
}

static void test_refuses_names_that_cannot_be_written(void **state)
{
	static const char *const bad[] = {
		"",       "..",    "a..b", ".a",    "a..",   "\\",       "a\\",
		"a.b\\1", "a\\12", "\\25", "\\2x5", "\\256", "a\\999.b", "\\1 2",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t buf[LIMIT_DNS_NAME_WIRE] = { 0x55 };
		struct cw_wr w = cw_wr_of(buf, sizeof(buf));
		if (dns_name_to_wire(bad[i], &w) != CW_EINVAL)
			fail_msg("want EINVAL for \"%s\"", bad[i]);
		assert_int_equal(w.len, 0);
		assert_false(w.bad);
		assert_int_equal(buf[0], 0x55);
	}
}

static void test_label_of_63_octets(void **state)
{
	char text[70];
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	memset(text, 'x', sizeof(text));
	text[63] = '\0';
	assert_int_equal(packed(text, wire), 65);
	text[63] = 'x';
	text[64] = '\0';
	struct cw_wr w = cw_wr_of(wire, sizeof(wire));
	assert_int_equal(dns_name_to_wire(text, &w), CW_EINVAL);
}

/* Three labels of 63 octets and one of last, each octet as \200: wire length 194 + last. */
static void long_name(size_t last, char *out)
{
	const size_t lens[] = { 63, 63, 63, last };
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < lens[i]; k++, out += 4)
			memcpy(out, "\\200", 4);
		*out++ = i < 3 ? '.' : '\0';
	}
}

static void test_name_of_255_octets(void **state)
{
	char text[4 * 255], out[LIMIT_DNS_NAME_TEXT];
	uint8_t wire[LIMIT_DNS_NAME_WIRE + 1];
	long_name(61, text);
	assert_int_equal(packed(text, wire), LIMIT_DNS_NAME_WIRE);
	struct cw_rd r = cw_rd_of(wire, LIMIT_DNS_NAME_WIRE);
	assert_int_equal(dns_name_read(&r, wire, LIMIT_DNS_NAME_WIRE, out), CW_OK);
	assert_string_equal(out, text);

	long_name(62, text);
	struct cw_wr w = cw_wr_of(wire, sizeof(wire));
	assert_int_equal(dns_name_to_wire(text, &w), CW_EINVAL);
	wire[192] = 62; /* the same on the wire: 256 octets */
	memset(wire + 193, 200, 62);
	wire[255] = 0;
	r = cw_rd_of(wire, sizeof(wire));
	assert_int_equal(dns_name_read(&r, wire, sizeof(wire), out), CW_EMALFORMED);
}

static void test_127_labels(void **state)
{
	char text[254], out[LIMIT_DNS_NAME_TEXT];
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	text[253] = '\0';
	assert_int_equal(packed(text, wire), LIMIT_DNS_NAME_WIRE);
	assert_int_equal(dns_name_labels(text), 127);
	struct cw_rd r = cw_rd_of(wire, sizeof(wire));
	assert_int_equal(dns_name_read(&r, wire, sizeof(wire), out), CW_OK);
	assert_string_equal(out, text);
}

static void test_full_writer(void **state)
{
	uint8_t buf[12];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	assert_int_equal(dns_name_to_wire("contoso.com", &w), CW_ETOOBIG);
	assert_true(w.bad);
}

/* Pointers count from the header's first octet; so do these offsets. */
#define HEADER "\0\0\0\0\0\0\0\0\0\0\0\0"

static enum cw_ec read_at(const void *message, size_t len, size_t at, char *out, size_t *next)
{
	struct cw_rd r = cw_rd_of(message, len);
	(void)cw_rd_take(&r, at);
	enum cw_ec ec = dns_name_read(&r, message, len, out);
	assert_int_equal(r.bad, ec != CW_OK);
	*next = len - r.left;
	return ec;
}

static void test_follows_pointers_backwards(void **state)
{
	/* at 12: contoso.com, at 20: com, at 25: www and a pointer, at 31: mail and a pointer */
	static const char m[] = HEADER "\7contoso\3com\0\3www\xc0\x0c\4mail\xc0\x19\xc0\x1f";
	char out[LIMIT_DNS_NAME_TEXT];
	size_t next;
	assert_int_equal(read_at(m, sizeof(m) - 1, 25, out, &next), CW_OK);
	assert_string_equal(out, "www.contoso.com");
	assert_int_equal(next, 31);
	assert_int_equal(read_at(m, sizeof(m) - 1, 31, out, &next), CW_OK);
	assert_string_equal(out, "mail.www.contoso.com");
	assert_int_equal(next, 38);
	assert_int_equal(read_at(m, sizeof(m) - 1, 38, out, &next), CW_OK);
	assert_string_equal(out, "mail.www.contoso.com");
	assert_int_equal(next, 40);
	assert_int_equal(read_at(m, sizeof(m) - 1, 20, out, &next), CW_OK);
	assert_string_equal(out, "com");
}

static void test_refuses_pointers_that_do_not_lead_back(void **state)
{
	static const struct {
		const char *octets; /* behind the header */
		size_t len, at;
	} bad[] = {
		{ "\xc0\x0c", 2, 12 },         /* to itself */
		{ "\1a\xc0\x0c", 4, 12 },      /* to the start of its own labels */
		{ "\1a\xc0\x0e", 4, 12 },      /* to the pointer */
		{ "\xc0\x0e\1a\0", 5, 12 },    /* forwards */
		{ "\xc0\x0e\xc0\x0c", 4, 12 }, /* two in a ring */
		{ "\xc0\x0e\xc0\x0c", 4, 14 },
		{ "\1a\xc0\x10\1b\xc0\x0c", 8, 16 }, /* a ring over two names */
		{ "\xc0\xff", 2, 12 },               /* behind the end */
		{ "\1a\xff\xff", 4, 12 },
		{ "\1a\xc0\x0b", 4, 12 }, /* into the header */
		{ "\1a\xc0\x00", 4, 12 },
		{ "\1a\xc0", 3, 12 }, /* cut */
		{ "\x40"
		  "a\0",
		  3, 12 }, /* label types that do not exist */
		{ "\x80"
		  "a\0",
		  3, 12 },
		{ "\1a", 2, 12 }, /* no end */
		{ "\2a", 2, 12 },
		{ "\x3f"
		  "a",
		  2, 12 },
		{ "", 0, 12 },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t m[32] = { 0 };
		char out[LIMIT_DNS_NAME_TEXT] = "untouched";
		size_t next;
		memcpy(m + 12, bad[i].octets, bad[i].len);
		if (read_at(m, 12 + bad[i].len, bad[i].at, out, &next) != CW_EMALFORMED)
			fail_msg("want row %zu malformed", i);
		assert_string_equal(out, "untouched");
	}
}

/* n pointers, each to the one before, behind the root; the name at the last one. */
static enum cw_ec read_chain(size_t n, char *out)
{
	uint8_t m[12 + 1 + 2 * 200] = { 0 };
	for (size_t i = 0; i < n; i++) {
		size_t target = i ? 13 + 2 * (i - 1) : 12;
		m[13 + 2 * i] = (uint8_t)(0xc0 | target >> 8);
		m[14 + 2 * i] = (uint8_t)target;
	}
	size_t next;
	return read_at(m, 13 + 2 * n, 13 + 2 * (n - 1), out, &next);
}

static void test_long_chains_of_pointers_end(void **state)
{
	char out[LIMIT_DNS_NAME_TEXT];
	assert_int_equal(read_chain(LIMIT_DNS_POINTERS, out), CW_OK);
	assert_string_equal(out, ".");
	assert_int_equal(read_chain(LIMIT_DNS_POINTERS + 1, out), CW_EMALFORMED);
}

/* A name over the limit only by way of a pointer. */
static void test_refuses_too_long_a_name_in_pieces(void **state)
{
	uint8_t m[300] = { 0 };
	char text[4 * 255], out[LIMIT_DNS_NAME_TEXT];
	size_t next;
	long_name(60, text); /* 254 octets */
	size_t len = 12 + packed(text, m + 12);
	memcpy(m + len, "\1a\xc0\x0c", 4);
	assert_int_equal(read_at(m, len + 4, len, out, &next), CW_EMALFORMED);
	long_name(59, text); /* 253 octets */
	len = 12 + packed(text, m + 12);
	memcpy(m + len, "\1a\xc0\x0c", 4);
	assert_int_equal(read_at(m, len + 4, len, out, &next), CW_OK);
}

static void test_equal(void **state)
{
	assert_true(dns_name_equal("Contoso.COM", "contoso.com"));
	assert_true(dns_name_equal("contoso.com.", "contoso.com"));
	assert_true(dns_name_equal("contoso.com", "contoso.com."));
	assert_true(dns_name_equal(".", "."));
	assert_true(dns_name_equal("\\097b", "AB"));
	assert_true(dns_name_equal("a\\046b", "a\\.b"));
	assert_true(dns_name_equal("\\195\\188", "\xc3\xbc"));
	assert_false(dns_name_equal("a\\.b", "a.b"));
	assert_false(dns_name_equal("contoso.com", "contoso.co"));
	assert_false(dns_name_equal("contoso.co", "contoso.com"));
	assert_false(dns_name_equal("a.b", "a"));
	assert_false(dns_name_equal("a", "."));
	assert_false(dns_name_equal("", "."));
	assert_false(dns_name_equal("[", "{")); /* they differ by the bit of letter case */
	assert_false(dns_name_equal("\\300", "\\300"));
}

static void test_within(void **state)
{
	assert_true(dns_name_within("_vlmcs._tcp.contoso.com", "Contoso.com"));
	assert_true(dns_name_within("contoso.com", "contoso.com."));
	assert_true(dns_name_within("contoso.com.", "com"));
	assert_true(dns_name_within("a", "."));
	assert_true(dns_name_within(".", "."));
	assert_false(dns_name_within("mycontoso.com", "contoso.com"));
	assert_false(dns_name_within("com", "contoso.com"));
	assert_false(dns_name_within("contoso.com", "contoso.net"));
	assert_false(dns_name_within("x\\.contoso.com", "contoso.com"));
	assert_false(dns_name_within(".", "a"));
}

static void test_parent_and_labels(void **state)
{
	assert_string_equal(dns_name_parent("a.b.c"), "b.c");
	assert_string_equal(dns_name_parent("a\\.b.c"), "c");
	assert_string_equal(dns_name_parent("a\\046b.c."), "c.");
	assert_string_equal(dns_name_parent("c"), ".");
	assert_string_equal(dns_name_parent("c."), ".");
	assert_string_equal(dns_name_parent("."), ".");
	assert_string_equal(dns_name_parent("a\\"), ".");
	const char *inside = "a.b";
	assert_ptr_equal(dns_name_parent(inside), inside + 2);
	assert_int_equal(dns_name_labels("."), 0);
	assert_int_equal(dns_name_labels("a"), 1);
	assert_int_equal(dns_name_labels("a."), 1);
	assert_int_equal(dns_name_labels("a.b.c"), 3);
	assert_int_equal(dns_name_labels("a\\.b.c"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_wire),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_refuses_names_that_cannot_be_written),
		cmocka_unit_test(test_label_of_63_octets),
		cmocka_unit_test(test_name_of_255_octets),
		cmocka_unit_test(test_127_labels),
		cmocka_unit_test(test_full_writer),
		cmocka_unit_test(test_follows_pointers_backwards),
		cmocka_unit_test(test_refuses_pointers_that_do_not_lead_back),
		cmocka_unit_test(test_long_chains_of_pointers_end),
		cmocka_unit_test(test_refuses_too_long_a_name_in_pieces),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_parent_and_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
