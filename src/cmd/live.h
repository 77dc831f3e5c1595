/* What moves on the terminal while probes run: one line on standard error, rewritten in place.
 * Nothing is drawn where standard error is no terminal, nor with -q. */
#ifndef CW_CMD_LIVE_H
#define CW_CMD_LIVE_H

#include "cmd/target.h"

struct live {
	struct app *app;
	struct run *run; /* NULL: nothing is drawn */
	const struct rule_family *family;
	struct io_timer timer;
	bool drawn;
};

void live_begin(struct live *l, struct app *app, struct run *run, const struct check_options *o);
/* Wipes the line; before the report is printed. */
void live_end(struct live *l);

struct live_batch {
	struct app *app;
	const struct batch_summary *summary;
	unsigned total;
	struct io_timer timer;
	cw_ms started;
	bool active, drawn;
};

void live_batch_begin(struct live_batch *l, struct app *app, const struct batch_summary *summary,
		      unsigned total, const struct check_options *o);
void live_batch_hide(struct live_batch *l);
void live_batch_end(struct live_batch *l);

#endif
