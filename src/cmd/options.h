/*
 * Options as a table: the parser, --help and the shell completions read the
 * same rows. Long options take their value as --name VALUE or --name=VALUE.
 */
#ifndef CW_CMD_OPTIONS_H
#define CW_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct option_row {
	int id;
	const char *name;  /* without dashes */
	char letter;       /* 0: none */
	const char *value; /* what the value is, "ADDR[:PORT]"; NULL: a flag */
	const char *help;  /* message id */
	unsigned commands; /* bits of the commands that take it; 0: all that read this table */
};

struct option_reader {
	const struct option_row *rows; /* the last one has no name */
	/* Takes one option. False with *error set: the value cannot be used. */
	bool (*option)(void *ctx, const struct option_row *row, const char *value,
		       struct cw_text *error);
	/* Takes one word that is no option. */
	bool (*operand)(void *ctx, const char *word, struct cw_text *error);
	void *ctx;
};

/* Reads the words; "--" ends the options. False with *error set at the first word that cannot be
 * taken; texts may point into words. */
bool options_read(const struct option_reader *r, size_t count, const char *const *words,
		  struct cw_text *error);

/* A whole number within bounds, with nothing behind it. */
bool option_number(const char *text, long least, long most, long *out);

#endif
