#include "cmd/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row *find_long(const struct option_row *rows, const char *name,
					  size_t len)
{
	for (; rows->name; rows++)
		if (strlen(rows->name) == len && !memcmp(rows->name, name, len))
			return rows;
	return NULL;
}

static const struct option_row *find_letter(const struct option_row *rows, char letter)
{
	for (; rows->name; rows++)
		if (rows->letter && rows->letter == letter)
			return rows;
	return NULL;
}

struct words {
	size_t count, at;
	const char *const *word;
};

static bool read_long(const struct option_reader *r, struct words *w, struct cw_text *error)
{
	const char *word = w->word[w->at++], *name = word + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = find_long(r->rows, name, len);
	if (!row) {
		*error = CW_TEXT(N_("want an option of this command (see --help), have %s"), word);
		return false;
	}
	if (!row->value && equals) {
		*error = CW_TEXT(N_("want --%s without a value, have %s"), row->name, word);
		return false;
	}
	const char *value = equals ? equals + 1 : NULL;
	if (row->value && !equals) {
		if (w->at == w->count) {
			*error = CW_TEXT(N_("want --%s %s, have no value"), row->name, row->value);
			return false;
		}
		value = w->word[w->at++];
	}
	return r->option(r->ctx, row, value, error);
}

/* "-v", "-vq", "-f FILE" or "-fFILE". */
static bool read_letters(const struct option_reader *r, struct words *w, struct cw_text *error)
{
	const char *word = w->word[w->at++];
	for (const char *c = word + 1; *c; c++) {
		const struct option_row *row = find_letter(r->rows, *c);
		if (!row) {
			*error = CW_TEXT(N_("want an option of this command (see --help), have %s"),
					 word);
			return false;
		}
		const char *value = NULL;
		if (row->value) {
			value = c[1] ? c + 1 : w->at < w->count ? w->word[w->at++] : NULL;
			if (!value) {
				*error = CW_TEXT(N_("want --%s %s, have no value"), row->name,
						 row->value);
				return false;
			}
		}
		if (!r->option(r->ctx, row, value, error))
			return false;
		if (row->value)
			return true;
	}
	return true;
}

bool options_read(const struct option_reader *r, size_t count, const char *const *words,
		  struct cw_text *error)
{
	struct words w = { .count = count, .word = words };
	bool only_operands = false;

	while (w.at < w.count) {
		const char *word = w.word[w.at];
		bool ok;
		if (!only_operands && !strcmp(word, "--")) {
			only_operands = true;
			w.at++;
			continue;
		}
		if (only_operands || word[0] != '-' || !word[1]) {
			w.at++;
			ok = r->operand(r->ctx, word, error);
		} else if (word[1] == '-') {
			ok = read_long(r, &w, error);
		} else {
			ok = read_letters(r, &w, error);
		}
		if (!ok)
			return false;
	}
	return true;
}

bool option_number(const char *text, long least, long most, long *out)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < least || n > most)
		return false;
	*out = n;
	return true;
}
