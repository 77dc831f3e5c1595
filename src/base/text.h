/*
 * A text for a reader, still in no language: an English message id and its
 * arguments. It is rendered in the reader's language when it is shown, so that
 * rules and probes stay free of languages.
 *
 * A message id is a gettext c-format string in which only %s and %1$s .. %6$s
 * occur: numbers are formatted by the caller, and a translation may reorder.
 * N_() marks it for xgettext.
 */
#ifndef CW_BASE_TEXT_H
#define CW_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define N_(msgid) msgid

enum { CW_TEXT_ARGS = 6, CW_TEXT_INNER = 2 };

struct cw_text {
	const char *msgid;             /* NULL: no text */
	const char *arg[CW_TEXT_ARGS]; /* NULL where unused */
	/* Texts within the text, rendered in the same language: they become the arguments behind
	 * the last one. In English such a text starts in lower case, unless with an
	 * abbreviation. */
	const struct cw_text *inner[CW_TEXT_INNER];
};

/* CW_TEXT(N_("%s does not answer"), server): the arguments must outlive the text. */
#define CW_TEXT(...)   CW_TEXT_((__VA_ARGS__, NULL, NULL, NULL, NULL, NULL, NULL))
#define CW_TEXT_(args) CW_TEXT__ args
#define CW_TEXT__(id, a, b, c, d, e, f, ...) \
	((struct cw_text){ .msgid = (id), .arg = { (a), (b), (c), (d), (e), (f) } })

/* Looks a message id up in one language; returns the id itself where there is no translation. */
typedef const char *cw_translate(const char *msgid);

/* The finished text, in the arena. translate may be NULL: English. Text without msgid gives "". */
char *cw_text_render(struct cw_arena *a, const struct cw_text *t, cw_translate *translate);

/* Takes one piece of a text. from_arg: it is an argument, which may hold whatever the network
 * sent; all else is our own words. */
typedef void cw_text_piece(void *to, const char *piece, size_t len, bool from_arg);
/* Hands out the finished text in pieces and needs no memory, for writers of many reports. */
void cw_text_walk(const struct cw_text *t, cw_translate *translate, cw_text_piece *piece, void *to);

#endif
