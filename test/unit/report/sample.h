/* Reports that are put together by hand, one for each thing that a reader may be shown. */
#ifndef CW_TEST_REPORT_SAMPLE_H
#define CW_TEST_REPORT_SAMPLE_H

#include "report/report.h"

struct sample {
	struct cw_arena *arena;
	struct fact_store *facts;
	struct diagnosis diagnosis;
	struct report report;
};

/* NULL where there is none of that name. */
struct sample *sample_new(const char *name);
void sample_free(struct sample *s);
/* "" ends the list. */
extern const char *const sample_names[];

/* One target with one cause, whose first evidence is what this server said. */
struct sample *sample_srv_missing(const char *target, const char *server);
/* One target where the port of this host refuses. */
struct sample *sample_refused(const char *target, const char *host);
struct sample *sample_clear(const char *target);
struct sample *sample_undetermined(const char *target, const char *server);

/* The texts of the samples in Japanese, and for the rest those of po/ja.po. */
const char *sample_japanese(const char *msgid);

#endif
