#include "base/text.h"

#include <string.h>

/* One conversion at *format: %s, %n$s or %%. Yields what stands there, and moves behind it. */
static const char *conversion(const char **format, const struct cw_text *t, size_t *next)
{
	const char *f = *format + 1;
	if (*f == '%') {
		*format = f + 1;
		return "%";
	}
	size_t index;
	if (f[0] >= '1' && f[0] <= '0' + CW_TEXT_ARGS && f[1] == '$' && f[2] == 's') {
		index = (size_t)(f[0] - '1');
		*format = f + 3;
	} else if (*f == 's') {
		index = (*next)++;
		*format = f + 1;
	} else {
		*format = f;
		return "%";
	}
	return index < CW_TEXT_ARGS && t->arg[index] ? t->arg[index] : "";
}

/* Writes the text to out if out is given; returns its length either way. */
static size_t expand(const char *format, const struct cw_text *t, char *out)
{
	size_t len = 0, next = 0;
	while (*format) {
		const char *piece = format;
		size_t n = strcspn(format, "%");
		format += n;
		if (!n) {
			piece = conversion(&format, t, &next);
			n = strlen(piece);
		}
		if (out)
			memcpy(out + len, piece, n);
		len += n;
	}
	return len;
}

char *cw_text_render(struct cw_arena *a, const struct cw_text *t, cw_translate *translate)
{
	if (!t->msgid || !*t->msgid)
		return cw_arena_str(a, "");
	const char *format = translate ? translate(t->msgid) : t->msgid;
	size_t len = expand(format, t, NULL);
	char *out = cw_arena_alloc(a, len + 1);
	(void)expand(format, t, out);
	return out;
}
