#include "base/text.h"

#include <string.h>

/* One conversion at *format. Moves behind it; yields the argument's index, or -1 and in *literal
 * the percent sign that stands for itself. */
static int conversion(const char **format, size_t *next, const char **literal)
{
	const char *f = *format + 1;
	*literal = "%";
	if (f[0] >= '1' && f[0] <= '0' + CW_TEXT_ARGS && f[1] == '$' && f[2] == 's') {
		*format = f + 3;
		return f[0] - '1';
	}
	if (*f == 's') {
		*format = f + 1;
		return (*next)++ < CW_TEXT_ARGS ? (int)(*next - 1) : CW_TEXT_ARGS;
	}
	*format = *f == '%' ? f + 1 : f;
	return -1;
}

/* Hands an inner text on, its first letter in lower case. */
struct inner {
	cw_text_piece *piece;
	void *to;
	bool lower;
};

/* "The host ..." becomes "the host ..."; "DNS ..." and names that the network sent stay. */
static void inner_piece(void *to, const char *piece, size_t len, bool from_arg)
{
	struct inner *i = to;
	bool sentence = len > 1 && piece[0] >= 'A' && piece[0] <= 'Z' &&
			((piece[1] >= 'a' && piece[1] <= 'z') || piece[1] == ' ');
	if (i->lower && !from_arg && sentence) {
		char first = (char)(piece[0] - 'A' + 'a');
		i->piece(i->to, &first, 1, false);
		piece++;
		len--;
	}
	i->lower = false;
	i->piece(i->to, piece, len, from_arg);
}

static void walk_inner(const struct cw_text *t, cw_translate *translate, cw_text_piece *piece,
		       void *to)
{
	bool english = t->msgid && (!translate || translate(t->msgid) == t->msgid);
	struct inner i = { .piece = piece, .to = to, .lower = english };
	cw_text_walk(t, translate, inner_piece, &i);
}

/* An argument by its index: one of its own, or behind them an inner text. */
static void walk_arg(const struct cw_text *t, int index, cw_translate *translate,
		     cw_text_piece *piece, void *to)
{
	int own = 0;
	while (own < CW_TEXT_ARGS && t->arg[own])
		own++;
	if (index < own)
		piece(to, t->arg[index], strlen(t->arg[index]), true);
	else if (index < own + CW_TEXT_INNER && t->inner[index - own])
		walk_inner(t->inner[index - own], translate, piece, to);
	else if (index < CW_TEXT_ARGS && t->arg[index])
		piece(to, t->arg[index], strlen(t->arg[index]), true);
}

void cw_text_walk(const struct cw_text *t, cw_translate *translate, cw_text_piece *piece, void *to)
{
	if (!t->msgid || !*t->msgid)
		return;
	const char *format = translate ? translate(t->msgid) : t->msgid;
	size_t next = 0;
	while (*format) {
		size_t len = strcspn(format, "%");
		if (len) {
			piece(to, format, len, false);
			format += len;
			continue;
		}
		const char *literal;
		int index = conversion(&format, &next, &literal);
		if (index < 0)
			piece(to, literal, 1, false);
		else
			walk_arg(t, index, translate, piece, to);
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
