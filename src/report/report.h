/* One result, and its forms: text, JSON, timeline. Each writes one form to one buffer. */
#ifndef CW_REPORT_REPORT_H
#define CW_REPORT_REPORT_H

#include <stdio.h>

#include "rule/diagnosis.h"

/* Everything that a report shows; borrowed. */
struct report {
	const char *version;
	const char *command; /* "check kms" */
	const char *target;  /* "contoso.com" */
	const char *prove;   /* the command line that proves a fix */
	uint64_t started_unix_ms;
	cw_ms elapsed_ms;
	bool cut_short; /* Ctrl-C or --timeout */
	const struct fact_store *facts;
	const struct diagnosis *diagnosis;
};

struct report_style {
	cw_translate *translate; /* NULL: English */
	bool japanese;           /* punctuation and units of that language */
	bool color, unicode;     /* as the terminal can */
	unsigned columns;        /* 0: do not fold */
	bool timeline;           /* -v */
	bool verdict_only;       /* -q */
};

/* A growing buffer of bytes: everything is written there first, so that nothing appears half. */
struct out_buf {
	char *bytes;
	size_t len, cap;
	bool bad; /* out of memory: nothing of it may be shown */
};

void out_put(struct out_buf *o, const char *s, size_t len);
void out_str(struct out_buf *o, const char *s);
void out_fmt(struct out_buf *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Forgets what was written and keeps the memory, for the next of many reports. */
void out_reset(struct out_buf *o);
void out_clear(struct out_buf *o);

void report_text(const struct report *r, const struct report_style *style, struct out_buf *o);
/* One text as a paragraph, folded and harmless, for what stands beside reports: the first line at
 * one indent, the others at another. */
void report_paragraph(const struct cw_text *t, const struct report_style *style, size_t first,
		      size_t rest, struct out_buf *o);
/* doc/report.schema.json; one line with a newline at its end, or indented for a reader. */
void report_json(const struct report *r, cw_translate *translate, bool indented, struct out_buf *o);

/* Many targets: what the summary of check -f needs of each. */
struct batch_summary;
struct batch_summary *batch_summary_new(struct cw_arena *arena);
/* Copies what it needs; the report and its arena may go away. */
void batch_summary_add(struct batch_summary *b, const struct report *r);

struct batch_counts {
	size_t clear, cause_found, undetermined;
};
struct batch_counts batch_summary_counts(const struct batch_summary *b);
void batch_summary_text(const struct batch_summary *b, const struct report_style *style,
			struct out_buf *o);

#endif
