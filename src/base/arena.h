/*
 * All memory of one run or session in one place, freed at once. Nothing that
 * lives in an arena is released by itself.
 *
 * An arena that cannot grow ends the process with a message: a diagnosis that
 * silently lost a fact would be worse than none, and no caller could do more.
 */
#ifndef CW_BASE_ARENA_H
#define CW_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct cw_arena;

/* The first block is small (about 2 KiB) and later ones double, so thousands of runs fit. */
struct cw_arena *cw_arena_new(void);
/* NULL is fine. */
void cw_arena_free(struct cw_arena *a);
/* Forgets everything but keeps the newest block for reuse. */
void cw_arena_reset(struct cw_arena *a);

/* Zeroed memory, aligned for any type; never NULL. */
void *cw_arena_alloc(struct cw_arena *a, size_t size);
#define cw_arena_new_of(a, type)          ((type *)cw_arena_alloc((a), sizeof(type)))
#define cw_arena_array_of(a, type, count) ((type *)cw_arena_alloc((a), sizeof(type) * (count)))

void *cw_arena_copy(struct cw_arena *a, const void *src, size_t len);
char *cw_arena_str(struct cw_arena *a, const char *s);
char *cw_arena_strn(struct cw_arena *a, const char *s, size_t len);
char *cw_arena_fmt(struct cw_arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The texts one behind the other; the last argument is NULL. For names on the hot path. */
char *cw_arena_join(struct cw_arena *a, const char *first, ...) __attribute__((sentinel));

/* Bytes handed out so far. */
size_t cw_arena_used(const struct cw_arena *a);

#endif
