#include "probe/kms_state.h"

/* The update test waits for a standstill, so it stands before the probe that then says what was
 * not tested. */
const struct probe *const kms_probes[] = {
	&kms_probe_settings, &kms_probe_srv,
	&kms_probe_misspelt, &kms_probe_elsewhere,
	&kms_probe_soa,      &kms_probe_address,
	&kms_probe_ptr,      &kms_probe_update,
	&kms_probe_endpoint, NULL,
};

size_t kms_state_size(void)
{
	return sizeof(struct kms_state);
}
