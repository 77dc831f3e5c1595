/* Between the two halves of the scenario reader: statements, and what must hold between them. */
#ifndef CW_LAB_SCENARIO_PARSE_H
#define CW_LAB_SCENARIO_PARSE_H

#include "lab/scenario.h"

struct scenario_complaint {
	unsigned line;
	const char *want, *have; /* have NULL: nothing stands there */
};

/* What one line cannot show: references, record data, keys, expectations that fit together. */
bool scenario_check(const struct scenario *s, struct cw_arena *arena,
		    struct scenario_complaint *complaint);

#endif
