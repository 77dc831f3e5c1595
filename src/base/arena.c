#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 2048, LARGEST_BLOCK = 1 << 20 };

struct block {
	struct block *older;
	size_t used, cap;
	alignas(max_align_t) unsigned char bytes[];
};

struct cw_arena {
	struct block *newest;
	size_t used;
};

static void out_of_memory(size_t size)
{
	fprintf(stderr, "clearway: out of memory: want %zu bytes, have none\n", size);
	exit(2);
}

static struct block *block_new(struct block *older, size_t cap)
{
	if (cap > SIZE_MAX - sizeof(struct block))
		out_of_memory(cap);
	struct block *b = malloc(sizeof(*b) + cap);
	if (!b) {
		out_of_memory(cap);
		return NULL;
	}
	b->older = older;
	b->used = 0;
	b->cap = cap;
	return b;
}

struct cw_arena *cw_arena_new(void)
{
	struct block *b = block_new(NULL, FIRST_BLOCK);
	struct cw_arena *a = malloc(sizeof(*a));
	if (!a)
		out_of_memory(sizeof(*a));
	*a = (struct cw_arena){ .newest = b };
	return a;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *older = b->older;
		free(b);
		b = older;
	}
}

void cw_arena_free(struct cw_arena *a)
{
	if (!a)
		return;
	free_blocks(a->newest);
	free(a);
}

void cw_arena_reset(struct cw_arena *a)
{
	free_blocks(a->newest->older);
	a->newest->older = NULL;
	a->newest->used = 0;
	a->used = 0;
}

/* The next block doubles the newest one, and is as large as the request needs. */
static void grow(struct cw_arena *a, size_t size)
{
	size_t cap = a->newest->cap * 2;
	if (cap > LARGEST_BLOCK)
		cap = LARGEST_BLOCK;
	a->newest = block_new(a->newest, cap > size ? cap : size);
}

void *cw_arena_alloc(struct cw_arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	if (size > SIZE_MAX - align)
		out_of_memory(size);
	size = (size + align - 1) & ~(align - 1);
	if (size > a->newest->cap - a->newest->used)
		grow(a, size);
	void *at = a->newest->bytes + a->newest->used;
	a->newest->used += size;
	a->used += size;
	memset(at, 0, size);
	return at;
}

void *cw_arena_copy(struct cw_arena *a, const void *src, size_t len)
{
	void *at = cw_arena_alloc(a, len);
	if (len)
		memcpy(at, src, len);
	return at;
}

char *cw_arena_strn(struct cw_arena *a, const char *s, size_t len)
{
	char *at = cw_arena_alloc(a, len + 1);
	memcpy(at, s, len);
	return at;
}

char *cw_arena_str(struct cw_arena *a, const char *s)
{
	return cw_arena_strn(a, s, strlen(s));
}

char *cw_arena_fmt(struct cw_arena *a, const char *format, ...)
{
	char small[256];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n < 0)
		return cw_arena_str(a, "");
	if ((size_t)n < sizeof(small))
		return cw_arena_strn(a, small, (size_t)n);
	char *at = cw_arena_alloc(a, (size_t)n + 1);
	va_start(args, format);
	(void)vsnprintf(at, (size_t)n + 1, format, args);
	va_end(args);
	return at;
}

char *cw_arena_join(struct cw_arena *a, const char *first, ...)
{
	size_t len = 0;
	va_list args;
	va_start(args, first);
	for (const char *s = first; s; s = va_arg(args, const char *))
		len += strlen(s);
	va_end(args);
	char *out = cw_arena_alloc(a, len + 1), *at = out;
	va_start(args, first);
	for (const char *s = first; s; s = va_arg(args, const char *)) {
		size_t n = strlen(s);
		memcpy(at, s, n);
		at += n;
	}
	va_end(args);
	return out;
}

size_t cw_arena_used(const struct cw_arena *a)
{
	return a->used;
}
