/*
 * Facts written as text, for tests of rules: one a line,
 *
 *     KIND SUBJECT OUTCOME [FIELD=VALUE ...]
 *
 * Lists are separated by commas; `~` stands for a blank in a value, `^` in a subject.
 * `@took=N` sets how long it took.
 */
#ifndef CW_TEST_FACT_LINES_H
#define CW_TEST_FACT_LINES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fact/fact.h"

static inline int lookup_word(const char *word, int count, const char *(*name)(int))
{
	for (int i = 0; i < count; i++)
		if (!strcmp(name(i), word))
			return i;
	fail_msg("no such word in the lists of facts: %s", word);
	return 0;
}

static inline const char *kind_at(int i)
{
	return fact_kind_name((enum fact_kind)i);
}

static inline const char *field_at(int i)
{
	return fact_field_name((enum fact_field)i);
}

static inline const char *outcome_at(int i)
{
	return cw_outcome_name((enum cw_outcome)i);
}

static inline void set_list(struct fact_store *s, struct fact *f, enum fact_field field, char *text)
{
	const char *item[32];
	size_t count = 0;
	for (char *at = strsep(&text, ","); at && count < 32; at = strsep(&text, ","))
		item[count++] = at;
	fact_set_list(s, f, field, count, item);
}

static inline void set_field(struct fact_store *s, struct fact *f, char *word)
{
	char *value = strchr(word, '=');
	assert_non_null(value);
	*value++ = '\0';
	enum fact_field field = (enum fact_field)lookup_word(word, FACT_FIELD_COUNT, field_at);
	for (char *c = value; *c; c++)
		if (*c == '~')
			*c = ' ';
	switch (fact_field_type(field)) {
	case FACT_TYPE_TEXT:
		fact_set_text(s, f, field, value);
		break;
	case FACT_TYPE_NUMBER:
		fact_set_number(s, f, field, strtoll(value, NULL, 10));
		break;
	case FACT_TYPE_FLAG:
		fact_set_flag(s, f, field, !strcmp(value, "yes"));
		break;
	case FACT_TYPE_LIST:
		set_list(s, f, field, value);
		break;
	}
}

static inline void put_line(struct fact_store *s, char *line)
{
	const char *kind = strsep(&line, " ");
	char *subject = strsep(&line, " ");
	const char *outcome = strsep(&line, " ");
	assert_non_null(outcome);
	for (char *c = subject; *c; c++)
		if (*c == '^')
			*c = ' ';
	struct fact *f =
		fact_new(s, (enum fact_kind)lookup_word(kind, FACT_KIND_COUNT, kind_at), subject);
	f->outcome = (enum cw_outcome)lookup_word(outcome, CW_OUT_COUNT, outcome_at);
	f->took_ms = 12;
	for (char *word = strsep(&line, " "); word; word = strsep(&line, " "))
		if (!strncmp(word, "@took=", 6))
			f->took_ms = strtoll(word + 6, NULL, 10);
		else if (*word)
			set_field(s, f, word);
	fact_put(s, f);
}

static inline void put_lines(struct fact_store *s, const char *lines)
{
	char *rest = cw_arena_str(fact_store_arena(s), lines);
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line)
			put_line(s, line);
}

#endif
