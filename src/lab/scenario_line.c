/* The lines of a scenario as words, and the words as values. */
#include <stdlib.h>
#include <string.h>

#include "lab/record.h"
#include "lab/scenario_parse.h"

bool line_want(struct parser *p, const char *wanted, const char *have)
{
	p->complaint.line = p->line;
	p->complaint.want = wanted;
	p->complaint.have = have ? cw_arena_fmt(p->arena, "\"%s\"", have) : NULL;
	return false;
}

const char *line_peek(const struct parser *p)
{
	return p->at < p->word_count ? p->word[p->at] : NULL;
}

const char *line_next(struct parser *p)
{
	return p->at < p->word_count ? p->word[p->at++] : NULL;
}

bool line_next_is(struct parser *p, const char *word)
{
	if (!line_peek(p) || strcmp(line_peek(p), word))
		return false;
	p->at++;
	return true;
}

bool line_ends(struct parser *p)
{
	return !line_peek(p) || line_want(p, "the end of the line", line_peek(p));
}

struct scenario_words line_rest(struct parser *p)
{
	struct scenario_words w = { .count = p->word_count - p->at };
	const char **copy = cw_arena_array_of(p->arena, const char *, w.count + 1);
	for (size_t i = 0; i < w.count; i++)
		copy[i] = p->word[p->at + i];
	w.word = copy;
	p->at = p->word_count;
	return w;
}

/* ---- values ---- */

bool line_number(struct parser *p, const char *wanted, uint32_t most, uint32_t *out)
{
	const char *word = line_next(p);
	char *end;
	if (!word || *word < '0' || *word > '9' || strlen(word) > 10)
		return line_want(p, wanted, word);
	unsigned long long v = strtoull(word, &end, word[0] == '0' && word[1] == 'x' ? 16 : 10);
	if (*end || v > most)
		return line_want(p, wanted, word);
	*out = (uint32_t)v;
	return true;
}

bool line_signed(struct parser *p, const char *wanted, int32_t *out)
{
	const char *word = line_next(p), *digits = word;
	char *end;
	if (word && (*word == '+' || *word == '-'))
		digits++;
	if (!word || *digits < '0' || *digits > '9' || strlen(digits) > 9)
		return line_want(p, wanted, word);
	long long v = strtoll(word, &end, 10);
	if (*end)
		return line_want(p, wanted, word);
	*out = (int32_t)v;
	return true;
}

bool line_time(struct parser *p, cw_ms *out)
{
	static const char wanted[] = "a time such as 50ms or 2s";
	const char *word = line_next(p);
	char *end;
	if (!word || *word < '0' || *word > '9' || strlen(word) > 8)
		return line_want(p, wanted, word);
	cw_ms v = strtoll(word, &end, 10);
	if (!strcmp(end, "s"))
		v *= 1000;
	else if (strcmp(end, "ms"))
		return line_want(p, wanted, word);
	*out = v;
	return true;
}

bool line_is_id(const char *s, const char *more)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && !strchr(more, *s))
			return false;
	return true;
}

bool line_id(struct parser *p, const char *wanted, const char *more, const char **out)
{
	const char *word = line_next(p);
	if (!line_is_id(word, more))
		return line_want(p, wanted, word);
	*out = word;
	return true;
}

bool line_domain(struct parser *p, const char *wanted, const char **out)
{
	const char *word = line_next(p);
	const char *name =
		word && word[0] != '@' ? record_name(word, ".", NULL, NULL, p->arena) : NULL;
	if (!name)
		return line_want(p, wanted, word);
	*out = name;
	return true;
}

bool line_one_of(const char *word, const char *const *list)
{
	for (; word && *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

bool line_word_of(struct parser *p, const char *wanted, const char *const *table, size_t count,
		  unsigned *out)
{
	const char *word = line_next(p);
	for (unsigned i = 0; word && i < count; i++)
		if (!strcmp(word, table[i])) {
			*out = i;
			return true;
		}
	return line_want(p, wanted, word);
}

/* ---- a line as words ---- */

/* One word from at; NULL: the line is at its end. *ok: a quotation mark has its fellow. */
static const char *lex_word(struct cw_arena *arena, const char **at, const char *end, bool *ok)
{
	const char *c = *at;
	while (c < end && (*c == ' ' || *c == '\t' || *c == '\r'))
		c++;
	if (c == end || *c == '#') {
		*at = end;
		return NULL;
	}
	char *word = cw_arena_alloc(arena, (size_t)(end - c) + 1), *w = word;
	bool quoted = false;
	for (; c < end && (quoted || (*c != ' ' && *c != '\t' && *c != '\r')); c++) {
		if (*c == '"')
			quoted = !quoted;
		else if (quoted && *c == '\\' && c + 1 < end && (c[1] == '"' || c[1] == '\\'))
			*w++ = *++c;
		else
			*w++ = *c;
	}
	*w = '\0';
	*ok = !quoted;
	*at = c;
	return word;
}

static size_t indent_of(const char *line, const char *end)
{
	size_t columns = 0;
	for (; line < end && (*line == ' ' || *line == '\t'); line++)
		columns += *line == '\t' ? 8 - columns % 8 : 1;
	return columns;
}

bool line_lex(struct parser *p, const char *line, const char *end)
{
	bool ok = true;
	const char *word;
	p->indent = indent_of(line, end);
	p->word_count = 0;
	while ((word = lex_word(p->arena, &line, end, &ok)) && ok) {
		if (p->word_count == LIMIT_SCENARIO_WORDS)
			return line_want(p, "no more words on a line", word);
		p->word[p->word_count++] = word;
	}
	return ok || line_want(p, "a closing quotation mark", word);
}
