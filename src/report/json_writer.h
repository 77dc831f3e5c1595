/*
 * JSON as it is said, without a tree: a batch writes ten thousand reports, so
 * no value takes memory of its own and clean text is copied in one piece.
 * Whatever bytes come in, strictly valid UTF-8 goes out: what is not a
 * character becomes U+FFFD. The caller pairs open and close.
 */
#ifndef CW_REPORT_JSON_WRITER_H
#define CW_REPORT_JSON_WRITER_H

#include "report/report.h"

struct json {
	struct out_buf *out;
	bool indented;
	unsigned depth;
	bool filled;    /* the open object or array has an item */
	bool after_key; /* the next value belongs to the key before it */
};

/* '{' or '['. */
void json_open(struct json *j, char bracket);
void json_close(struct json *j, char bracket);
/* A key of ours: printable ASCII without quotes. */
void json_put_key(struct json *j, const char *key);
/* NULL gives null. */
void json_put_string(struct json *j, const char *s);
void json_put_text(struct json *j, const struct cw_text *t, cw_translate *translate);
void json_put_number(struct json *j, int64_t n);
void json_put_flag(struct json *j, bool flag);
void json_put_null(struct json *j);

#endif
