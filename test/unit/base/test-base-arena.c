#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

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

static void test_memory_is_zeroed_and_aligned(void **state)
{
	struct cw_arena *a = *state;
	for (size_t size = 1; size < 5000; size += 97) {
		unsigned char *at = cw_arena_alloc(a, size);
		assert_int_equal((uintptr_t)at % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(at[i], 0);
		memset(at, 0xee, size);
	}
}

static void test_pieces_do_not_overlap(void **state)
{
	struct cw_arena *a = *state;
	enum { PIECES = 500, SIZE = 100 };
	unsigned char *piece[PIECES];
	for (int i = 0; i < PIECES; i++) {
		piece[i] = cw_arena_alloc(a, SIZE);
		memset(piece[i], i % 251, SIZE);
	}
	for (int i = 0; i < PIECES; i++)
		for (int j = 0; j < SIZE; j++)
			assert_int_equal(piece[i][j], i % 251);
}

static void test_a_piece_may_be_larger_than_any_block(void **state)
{
	struct cw_arena *a = *state;
	enum { LARGE = 3 << 20 };
	char *small = cw_arena_str(a, "before");
	char *large = cw_arena_alloc(a, LARGE);
	memset(large, 'x', LARGE);
	assert_string_equal(small, "before");
	assert_string_equal(cw_arena_str(a, "after"), "after");
	assert_true(cw_arena_used(a) >= LARGE);
}

static void test_memory_is_zeroed_after_a_reset_too(void **state)
{
	struct cw_arena *a = *state;
	for (int i = 0; i < 100; i++)
		memset(cw_arena_alloc(a, 1000), 0xff, 1000);
	cw_arena_reset(a);
	assert_int_equal(cw_arena_used(a), 0);
	const unsigned char *at = cw_arena_alloc(a, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(at[i], 0);
}

static void test_copies_are_their_own(void **state)
{
	struct cw_arena *a = *state;
	char text[] = "kms01.contoso.com";
	char *copy = cw_arena_str(a, text);
	char *part = cw_arena_strn(a, text, 5);
	unsigned char *bytes = cw_arena_copy(a, text, 3);
	memset(text, '-', sizeof(text) - 1);
	assert_string_equal(copy, "kms01.contoso.com");
	assert_string_equal(part, "kms01");
	assert_memory_equal(bytes, "kms", 3);
	assert_non_null(cw_arena_copy(a, NULL, 0));
}

static void test_formats_short_and_long_text(void **state)
{
	struct cw_arena *a = *state;
	char long_text[1000];
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_string_equal(cw_arena_fmt(a, "%s:%d", "host", 1688), "host:1688");
	assert_string_equal(cw_arena_fmt(a, "%s", ""), "");
	char *at = cw_arena_fmt(a, "<%s>", long_text);
	assert_int_equal(strlen(at), sizeof(long_text) + 1);
	assert_memory_equal(at + 1, long_text, sizeof(long_text) - 1);
	assert_int_equal(at[sizeof(long_text)], '>');
	/* The text that just does and just does not fit the buffer on the stack. */
	assert_int_equal(strlen(cw_arena_fmt(a, "%.*s", 255, long_text)), 255);
	assert_int_equal(strlen(cw_arena_fmt(a, "%.*s", 256, long_text)), 256);
}

static void test_freeing_nothing_is_fine(void **state)
{
	cw_arena_free(NULL);
}

/* Ends a child: the arena ends the process, with a message, status 2. */
static void test_memory_that_cannot_be_had_ends_the_process(void **state)
{
	int err[2];
	assert_int_equal(pipe(err), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		(void)dup2(err[1], STDERR_FILENO);
		(void)cw_arena_alloc(*state, SIZE_MAX);
		_exit(0);
	}
	(void)close(err[1]);
	char said[256] = "";
	assert_true(read(err[0], said, sizeof(said) - 1) > 0);
	(void)close(err[0]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_non_null(strstr(said, "out of memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory_is_zeroed_and_aligned, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_pieces_do_not_overlap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_piece_may_be_larger_than_any_block, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_memory_is_zeroed_after_a_reset_too, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_copies_are_their_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_formats_short_and_long_text, set_up,
						tear_down),
		cmocka_unit_test(test_freeing_nothing_is_fine),
		cmocka_unit_test_setup_teardown(test_memory_that_cannot_be_had_ends_the_process,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
