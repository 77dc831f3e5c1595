/* What a scenario expects of a run, held against what the run found. */
#ifndef CW_CMD_LAB_EXPECT_H
#define CW_CMD_LAB_EXPECT_H

#include "lab/lab.h"
#include "report/report.h"

struct lab_result {
	const struct report *report;
	const char *text; /* the whole report in English, unfolded */
	int exit;
};

/* A list of what is not as expected; NULL: everything is. In the arena. */
struct lab_failure {
	unsigned line; /* in the scenario; 0: a finding that no line names */
	struct cw_text text;
	const struct lab_failure *next;
};

const struct lab_failure *lab_expect(const struct lab *lab, const struct scenario_run *run,
				     const struct lab_result *result, struct cw_arena *arena);

#endif
