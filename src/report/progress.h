/*
 * What stands on the terminal while probes run: one line that is rewritten in
 * place. Pure: the caller has the clock, the terminal and the timer.
 *
 * A line never is wider than style->columns - 1 (a full line would make the
 * terminal scroll) and has no line end; what does not fit is left out, the
 * slowest probe last.
 */
#ifndef CW_REPORT_PROGRESS_H
#define CW_REPORT_PROGRESS_H

#include "report/report.h"

struct progress_probe {
	const char *hop;  /* of rule/hop.h: where in the row it belongs */
	const char *what; /* "SRV 10.0.0.10", in no language */
	cw_ms elapsed_ms;
};

/* One target; borrowed. */
struct progress {
	const char *target;
	const struct hop_row *hops;           /* as far as the facts go by now */
	const struct progress_probe *pending; /* in any order */
	size_t pending_count;
	cw_ms elapsed_ms;
};

/* The row of hops with the running ones marked, then the pending probes, slowest first. */
void progress_line(const struct progress *p, const struct report_style *style, struct out_buf *o);

/* Many targets. */
struct progress_batch {
	size_t total; /* 0: not known yet */
	struct batch_counts counts;
	cw_ms elapsed_ms;
};

/* The bar, the counts, the rate and the time that is left. */
void progress_batch_line(const struct progress_batch *p, const struct report_style *style,
			 struct out_buf *o);

#endif
