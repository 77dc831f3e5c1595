#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rd.h"

static void test_reads_each_width_in_its_byte_order(void **state)
{
	static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x84, 0x85, 0x86, 0x87,
					 0xff, 0x12, 0x34, 0x56, 0x78, 0x9a };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	assert_int_equal(cw_rd_u8(&r), 0x01);
	assert_int_equal(cw_rd_be16(&r), 0x0203);
	assert_int_equal(cw_rd_be32(&r), 0x84858687);
	assert_int_equal(cw_rd_le16(&r), 0x12ff);
	assert_int_equal(cw_rd_le32(&r), 0x9a785634);
	assert_true(cw_rd_ended(&r));
}

static void test_a_read_past_the_end_is_bad_for_good(void **state)
{
	static const uint8_t bytes[] = { 0xaa, 0xbb, 0xcc };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	assert_int_equal(cw_rd_be32(&r), 0);
	assert_true(r.bad);
	/* One byte would still fit: a reader that recovered would hide the damage. */
	assert_int_equal(cw_rd_u8(&r), 0);
	assert_null(cw_rd_take(&r, 0));
	assert_false(cw_rd_ended(&r));
}

static void test_every_width_stops_one_byte_short(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0xff, 0xff };
	struct cw_rd r = cw_rd_of(bytes, 0);
	assert_int_equal(cw_rd_u8(&r), 0);
	assert_true(r.bad);
	r = cw_rd_of(bytes, 1);
	assert_int_equal(cw_rd_be16(&r), 0);
	assert_true(r.bad);
	r = cw_rd_of(bytes, 1);
	assert_int_equal(cw_rd_le16(&r), 0);
	assert_true(r.bad);
	r = cw_rd_of(bytes, 3);
	assert_int_equal(cw_rd_le32(&r), 0);
	assert_true(r.bad);
}

static void test_left_over_bytes_are_not_the_end(void **state)
{
	static const uint8_t bytes[] = { 1, 2 };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	(void)cw_rd_u8(&r);
	assert_false(cw_rd_ended(&r));
	(void)cw_rd_u8(&r);
	assert_true(cw_rd_ended(&r));
}

static void test_take_lends_the_bytes_in_place(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	assert_ptr_equal(cw_rd_take(&r, 2), bytes);
	assert_int_equal(r.left, 1);
	assert_ptr_equal(cw_rd_take(&r, 1), bytes + 2);
	assert_null(cw_rd_take(&r, 1));
	assert_true(r.bad);
}

static void test_a_huge_length_does_not_wrap(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	assert_null(cw_rd_take(&r, SIZE_MAX));
	assert_true(r.bad);
}

static void test_a_part_cannot_read_past_its_own_end(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4 };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	struct cw_rd part = cw_rd_part(&r, 2);
	assert_int_equal(cw_rd_be16(&part), 0x0102);
	assert_true(cw_rd_ended(&part));
	(void)cw_rd_u8(&part);
	assert_true(part.bad);
	/* The outer reader stands behind the part, and is well. */
	assert_int_equal(cw_rd_be16(&r), 0x0304);
	assert_true(cw_rd_ended(&r));
}

static void test_a_part_that_is_not_there_is_bad_in_both(void **state)
{
	static const uint8_t bytes[] = { 1, 2 };
	struct cw_rd r = cw_rd_of(bytes, sizeof(bytes));
	struct cw_rd part = cw_rd_part(&r, 3);
	assert_true(part.bad);
	assert_true(r.bad);
	assert_int_equal(cw_rd_u8(&part), 0);
	assert_false(cw_rd_ended(&part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_each_width_in_its_byte_order),
		cmocka_unit_test(test_a_read_past_the_end_is_bad_for_good),
		cmocka_unit_test(test_every_width_stops_one_byte_short),
		cmocka_unit_test(test_left_over_bytes_are_not_the_end),
		cmocka_unit_test(test_take_lends_the_bytes_in_place),
		cmocka_unit_test(test_a_huge_length_does_not_wrap),
		cmocka_unit_test(test_a_part_cannot_read_past_its_own_end),
		cmocka_unit_test(test_a_part_that_is_not_there_is_bad_in_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
