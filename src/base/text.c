#include "base/text.h"

#include <string.h>

/* One conversion at *format: %s, %n$s or %%. Yields what stands there, and moves behind it. */
static const char *conversion(const char **format, const struct cw_text *t, size_t *next,
			      bool *from_arg)
{
	const char *f = *format + 1;
	size_t index;
	*from_arg = false;
	if (*f == '%') {
		*format = f + 1;
		return "%";
	}
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
	*from_arg = true;
	return index < CW_TEXT_ARGS && t->arg[index] ? t->arg[index] : "";
}

void cw_text_walk(const struct cw_text *t, cw_translate *translate, cw_text_piece *piece, void *to)
{
	if (!t->msgid || !*t->msgid)
		return;
	const char *format = translate ? translate(t->msgid) : t->msgid;
	size_t next = 0;
	while (*format) {
		const char *at = format;
		bool from_arg = false;
		size_t len = strcspn(format, "%");
		format += len;
		if (!len) {
			at = conversion(&format, t, &next, &from_arg);
			len = strlen(at);
		}
		piece(to, at, len, from_arg);
	}
}

struct measure {
	char *out; /* NULL: count only */
	size_t len;
};

static void measure_piece(void *to, const char *piece, size_t len, bool from_arg)
{
	struct measure *m = to;
	(void)from_arg;
	if (m->out)
		memcpy(m->out + m->len, piece, len);
	m->len += len;
}

char *cw_text_render(struct cw_arena *a, const struct cw_text *t, cw_translate *translate)
{
	struct measure m = { 0 };
	cw_text_walk(t, translate, measure_piece, &m);
	char *out = cw_arena_alloc(a, m.len + 1);
	m = (struct measure){ .out = out };
	cw_text_walk(t, translate, measure_piece, &m);
	return out;
}
