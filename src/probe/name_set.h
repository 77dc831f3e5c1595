/* A set of strings, compared without case: what was asked already. */
#ifndef CW_PROBE_NAME_SET_H
#define CW_PROBE_NAME_SET_H

#include <stdbool.h>

#include "base/arena.h"

struct name_set {
	size_t count, cap;
	const char **slot; /* open addressing */
};

/* True when the name was not in the set. */
bool name_set_add(struct name_set *s, struct cw_arena *a, const char *name);

#endif
