#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/wr.h"

static void test_writes_each_width_in_its_byte_order(void **state)
{
	static const uint8_t want[] = { 0x01, 0x02, 0x03, 0x84, 0x85, 0x86, 0x87, 0xff,
					0x12, 0x34, 0x56, 0x78, 0x9a, 'o',  'k' };
	uint8_t buf[sizeof(want)];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	cw_wr_u8(&w, 0x01);
	cw_wr_be16(&w, 0x0203);
	cw_wr_be32(&w, 0x84858687);
	cw_wr_le16(&w, 0x12ff);
	cw_wr_le32(&w, 0x9a785634);
	cw_wr_bytes(&w, "ok", 2);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void test_a_full_buffer_is_bad_for_good_and_stays_untouched(void **state)
{
	uint8_t buf[4] = { 9, 9, 9, 9 };
	struct cw_wr w = cw_wr_of(buf, 3);
	cw_wr_be16(&w, 0x0102);
	cw_wr_be16(&w, 0x0304);
	assert_true(w.bad);
	cw_wr_u8(&w, 5); /* would fit */
	assert_true(w.bad);
	assert_int_equal(w.len, 2);
	assert_int_equal(buf[2], 9);
	assert_int_equal(buf[3], 9);
}

static void test_nothing_fits_into_no_room(void **state)
{
	uint8_t none;
	struct cw_wr w = cw_wr_of(&none, 0);
	cw_wr_bytes(&w, "", 0);
	assert_false(w.bad);
	cw_wr_u8(&w, 1);
	assert_true(w.bad);
}

static void test_a_huge_length_does_not_wrap(void **state)
{
	uint8_t buf[4];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	cw_wr_u8(&w, 1);
	assert_null(cw_wr_room(&w, SIZE_MAX));
	assert_true(w.bad);
}

static void test_a_length_is_filled_in_on_close(void **state)
{
	static const uint8_t want[] = { 7, 0, 3, 'a', 'b', 'c' };
	uint8_t buf[16];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	cw_wr_u8(&w, 7);
	size_t body = cw_wr_open16(&w);
	cw_wr_bytes(&w, "abc", 3);
	cw_wr_close16(&w, body, 0);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void test_a_length_may_count_bytes_before_the_body(void **state)
{
	uint8_t buf[16];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	size_t body = cw_wr_open16(&w);
	cw_wr_u8(&w, 1);
	cw_wr_close16(&w, body, 2); /* the length counts itself */
	assert_int_equal(buf[0], 0);
	assert_int_equal(buf[1], 3);
}

static void test_lengths_nest(void **state)
{
	static const uint8_t want[] = { 0, 5, 'x', 0, 2, 'y', 'z' };
	uint8_t buf[16];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	size_t outer = cw_wr_open16(&w);
	cw_wr_u8(&w, 'x');
	size_t inner = cw_wr_open16(&w);
	cw_wr_bytes(&w, "yz", 2);
	cw_wr_close16(&w, inner, 0);
	cw_wr_close16(&w, outer, 0);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void test_a_body_over_16_bits_is_bad(void **state)
{
	static uint8_t buf[UINT16_MAX + 8];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	size_t body = cw_wr_open16(&w);
	(void)cw_wr_room(&w, UINT16_MAX);
	cw_wr_close16(&w, body, 0);
	assert_false(w.bad);
	cw_wr_close16(&w, body, 1);
	assert_true(w.bad);
}

static void test_bytes_that_were_not_written_cannot_be_overwritten(void **state)
{
	uint8_t buf[8] = { 0 };
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	cw_wr_be16(&w, 0);
	cw_wr_put16_at(&w, 0, 0x1234);
	assert_false(w.bad);
	assert_int_equal(buf[0], 0x12);
	assert_int_equal(buf[1], 0x34);
	cw_wr_put16_at(&w, 1, 0x5678);
	assert_true(w.bad);
	assert_int_equal(buf[1], 0x34);
	assert_int_equal(buf[2], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_each_width_in_its_byte_order),
		cmocka_unit_test(test_a_full_buffer_is_bad_for_good_and_stays_untouched),
		cmocka_unit_test(test_nothing_fits_into_no_room),
		cmocka_unit_test(test_a_huge_length_does_not_wrap),
		cmocka_unit_test(test_a_length_is_filled_in_on_close),
		cmocka_unit_test(test_a_length_may_count_bytes_before_the_body),
		cmocka_unit_test(test_lengths_nest),
		cmocka_unit_test(test_a_body_over_16_bits_is_bad),
		cmocka_unit_test(test_bytes_that_were_not_written_cannot_be_overwritten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
