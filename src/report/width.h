/*
 * Text for a terminal: made harmless, measured, folded.
 *
 * What a report shows was partly written by whoever answered on the network.
 * out_clean() is the only door: control characters, invalid UTF-8, characters
 * that reorder or hide text come out as visible escapes, so no DNS server can
 * move the cursor or dress up a name as another one. Bytes below 0x20 are free
 * afterwards; this folder uses some of them as marks inside a paragraph.
 */
#ifndef CW_REPORT_WIDTH_H
#define CW_REPORT_WIDTH_H

#include "report/report.h"

enum mark {
	INK_PLAIN = 1, /* 1 to 6 switch the ink of what follows */
	INK_BOLD,
	INK_DIM,
	INK_RED,
	INK_GREEN,
	INK_YELLOW,
	FIXED_SPACE = 0x1f, /* a space at which no line is folded */
};

/* Appends s as a reader may see it. ascii_only also escapes what a plain terminal cannot show. */
void out_clean(struct out_buf *o, const char *s, size_t len, bool ascii_only);
/* One of enum mark. */
void out_mark(struct out_buf *o, enum mark mark);

/* Columns that clean text takes; marks take none, FIXED_SPACE one. */
size_t text_width(const char *clean, size_t len);

/* Bytes of it that fit into so many columns, whole characters only. */
size_t text_fit(const char *clean, size_t len, size_t columns);

/* One paragraph on its way to the terminal. */
struct fold {
	struct out_buf *out;
	size_t columns; /* 0: never fold */
	size_t indent;  /* of every line but the first */
	size_t at;      /* columns that the current line takes */
	bool color;
	bool begun; /* the current line has more than its indent */
};

/*
 * Writes clean text, folded at spaces and between Japanese characters where
 * their rules allow a break. A name is never cut: a word that is wider than
 * the line stands alone on it.
 */
void fold_put(struct fold *f, const char *clean, size_t len);
/* A line of its own: ends the current one and starts the next at the indent. */
void fold_line(struct fold *f);
/* As it is, whatever its width: what a reader copies must not be folded. */
void fold_verbatim(struct fold *f, const char *clean, size_t len);
void fold_spaces(struct fold *f, size_t count);

#endif
