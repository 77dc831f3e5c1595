/* A line as a shell would split it into words: blanks part, quotes and backslashes keep. */
#ifndef CW_CMD_WORDS_H
#define CW_CMD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* The words live in the arena. A # at the start of a word ends the line. False with *error set:
 * a quote that does not end, a NUL byte. */
bool words_split(struct cw_arena *arena, const char *text, size_t len, size_t *count,
		 const char *const **words, struct cw_text *error);

#endif
