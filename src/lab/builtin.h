/* The scenarios of data/scenarios, which every program carries. */
#ifndef CW_LAB_BUILTIN_H
#define CW_LAB_BUILTIN_H

#include <stddef.h>

struct lab_builtin {
	const char *name; /* its path below data/scenarios without ".lab": "kms/srv-missing" */
	const char *text;
	size_t len;
};

/* Ordered by name. */
extern const struct lab_builtin lab_builtins[];
extern const size_t lab_builtin_count;

/* NULL: there is none of this name. */
const struct lab_builtin *lab_builtin_find(const char *name);

#endif
