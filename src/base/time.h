/* Milliseconds on a monotonic clock. Only src/io reads the clock; everyone else is told. */
#ifndef CW_BASE_TIME_H
#define CW_BASE_TIME_H

#include <stdint.h>

typedef int64_t cw_ms;

#define CW_NEVER INT64_MAX

static inline cw_ms cw_ms_min(cw_ms a, cw_ms b)
{
	return a < b ? a : b;
}

#endif
