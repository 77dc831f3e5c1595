#ifndef CW_REPORT_TIMELINE_H
#define CW_REPORT_TIMELINE_H

#include "report/page.h"

/* Every probe as a bar over time, with the chain of probes that took the time marked. */
void timeline_put(struct page *p, const struct report *r);

#endif
