/* The scenarios of data/scenarios, which every program carries. */
#ifndef CW_LAB_BUILTIN_H
#define CW_LAB_BUILTIN_H

#include <stddef.h>

struct builtin_scenario {
	const char *name; /* its path below data/scenarios without ".lab": "kms/srv-missing" */
	const char *text;
	size_t len;
};

/* Ordered by name. */
extern const struct builtin_scenario builtin_scenarios[];
extern const size_t builtin_scenario_count;

/* NULL: there is none of this name. */
const struct builtin_scenario *builtin_scenario(const char *name);

#endif
