#include "cmd/words.h"

#include <string.h>

struct splitter {
	const char *at, *end;
	char *out; /* where the next character of a word goes; the words together fit the line */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A quoted part, from behind its opening quote to behind its closing one. */
static bool take_quoted(struct splitter *s, char quote)
{
	while (s->at < s->end && *s->at != quote) {
		if (quote == '"' && *s->at == '\\' && s->at + 1 < s->end)
			s->at++;
		*s->out++ = *s->at++;
	}
	if (s->at == s->end)
		return false;
	s->at++;
	return true;
}

static bool take_word(struct splitter *s)
{
	while (s->at < s->end && !is_blank(*s->at)) {
		char c = *s->at++;
		if (c == '\'' || c == '"') {
			if (!take_quoted(s, c))
				return false;
			continue;
		}
		if (c == '\\' && s->at < s->end)
			c = *s->at++;
		*s->out++ = c;
	}
	*s->out++ = '\0';
	return true;
}

bool words_split(struct cw_arena *arena, const char *text, size_t len, size_t *count,
		 const char *const **words, struct cw_text *error)
{
	if (memchr(text, '\0', len)) {
		*error = CW_TEXT(N_("want a line of text, have a NUL byte in it"));
		return false;
	}
	/* Each word but the last is followed by a blank in the text and by a NUL here. */
	struct splitter s = { .at = text,
			      .end = text + len,
			      .out = cw_arena_alloc(arena, len + 2) };
	const char **list = cw_arena_array_of(arena, const char *, len / 2 + 2);
	size_t n = 0;
	for (;;) {
		while (s.at < s.end && is_blank(*s.at))
			s.at++;
		if (s.at == s.end || *s.at == '#')
			break;
		list[n++] = s.out;
		if (!take_word(&s)) {
			*error = CW_TEXT(N_("want a closing quote, have the end of the line"));
			return false;
		}
	}
	*count = n;
	*words = list;
	return true;
}
