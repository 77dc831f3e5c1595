/* The probes of `check sstp`: the way of a Windows SSTP client as far as no password is needed. */
#ifndef CW_PROBE_SSTP_H
#define CW_PROBE_SSTP_H

#include "probe/web.h"

/* NULL-terminated; run_spec.request is a struct web_request, state_size sstp_state_size(). */
extern const struct probe *const sstp_probes[];
size_t sstp_state_size(void);

#endif
