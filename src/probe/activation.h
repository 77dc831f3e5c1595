/* The probes of `check activation`: endpoints and revocation lists, as the machine account meets
 * them. */
#ifndef CW_PROBE_ACTIVATION_H
#define CW_PROBE_ACTIVATION_H

#include "probe/web.h"

/* NULL-terminated; run_spec.request is a struct web_request, state_size activation_state_size(). */
extern const struct probe *const activation_probes[];
size_t activation_state_size(void);

/* What Windows asks when it activates over the Internet. */
struct activation_url {
	const char *url;
	const char *source; /* the article */
};

extern const struct activation_url activation_endpoints[], activation_lists[];
extern const size_t activation_endpoint_count, activation_list_count;

#endif
