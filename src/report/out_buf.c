#include "report/out_buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 4096 };

static bool grow(struct out_buf *o, size_t n)
{
	size_t cap = o->cap ? o->cap : FIRST_SIZE;
	while (cap - o->len < n && cap <= SIZE_MAX / 2)
		cap *= 2;
	char *bytes = cap - o->len < n ? NULL : realloc(o->bytes, cap);
	if (!bytes) {
		o->bad = true;
		return false;
	}
	o->bytes = bytes;
	o->cap = cap;
	return true;
}

char *out_room(struct out_buf *o, size_t n)
{
	if (o->bad || (n > o->cap - o->len && !grow(o, n)))
		return NULL;
	return o->bytes + o->len;
}

void out_put(struct out_buf *o, const char *s, size_t len)
{
	char *at = len ? out_room(o, len) : NULL;
	if (!at)
		return;
	memcpy(at, s, len);
	o->len += len;
}

void out_str(struct out_buf *o, const char *s)
{
	out_put(o, s, strlen(s));
}

void out_fmt(struct out_buf *o, const char *format, ...)
{
	char small[128];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n < 0) {
		o->bad = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		out_put(o, small, (size_t)n);
		return;
	}
	char *at = out_room(o, (size_t)n + 1);
	if (!at)
		return;
	va_start(args, format);
	(void)vsnprintf(at, (size_t)n + 1, format, args);
	va_end(args);
	o->len += (size_t)n;
}

void out_reset(struct out_buf *o)
{
	o->len = 0;
	o->bad = false;
}

void out_clear(struct out_buf *o)
{
	free(o->bytes);
	*o = (struct out_buf){ 0 };
}
