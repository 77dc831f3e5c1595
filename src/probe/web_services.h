/* For the probes: what runs of a process share. */
#ifndef CW_PROBE_WEB_SERVICES_H
#define CW_PROBE_WEB_SERVICES_H

#include "path/visit.h"
#include "probe/web.h"

/* NULL: out of memory. */
struct visit_shared *web_services_visits(struct web_services *s);
/* This machine's trusted roots, read once. NULL: there are none, and *why (English) says so. */
const struct cert_set *web_services_roots(struct web_services *s, const char **why);

#endif
