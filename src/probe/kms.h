/*
 * The probes of `check kms`: the way that a Windows client takes to its KMS
 * host, each step a probe that reacts to the facts of the one before.
 */
#ifndef CW_PROBE_KMS_H
#define CW_PROBE_KMS_H

#include "codec/hostname.h"
#include "probe/run.h"

/* What was asked for. Everything is borrowed for the length of the run. */
struct kms_request {
	const char *command_line; /* ready to be typed again */
	const char *domain;       /* NULL: none given */
	size_t suffix_count;      /* --suffix, in order */
	const char *const *suffix;
	size_t server_count; /* --dns, in order */
	const struct cw_addr *server;
	const char *host;                   /* --host as typed, or NULL */
	const struct cw_addr *host_address; /* --host-address, or NULL; port 0: the host's */
	bool update_test;                   /* consented */
	const struct tsig_key *key;         /* or NULL */
	/* The client's own settings, used where the request names none. */
	const struct resolver_settings *settings;
	const char *settings_source; /* "system" or "lab" */
};

/* NULL-terminated; run_spec.request is a struct kms_request, state_size sizeof_kms_state(). */
extern const struct probe *const kms_probes[];
size_t kms_state_size(void);

#endif
