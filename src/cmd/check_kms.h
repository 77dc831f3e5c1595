/* `check kms`: its words, the request made of them, and one run of it. */
#ifndef CW_CMD_CHECK_KMS_H
#define CW_CMD_CHECK_KMS_H

#include "cmd/app.h"
#include "cmd/options.h"
#include "codec/tsig.h"
#include "probe/kms.h"

enum { VALUES_MOST = 32 };

/* What the words of a `check` say; strings live in the arena that was given. */
struct check_options {
	struct cw_arena *arena;
	bool json, verbose, quiet, yes, help;
	const char *lang, *file;
	enum color_choice color;
	long timeout_s, jobs;
	size_t operand_count;
	const char *operand[2]; /* "kms", DOMAIN */
	size_t server_count, suffix_count;
	struct cw_addr server[VALUES_MOST];
	const char *server_text[VALUES_MOST];
	const char *suffix[VALUES_MOST];
	const char *host, *host_address, *key_file;
	struct cw_addr given_address;
	bool update_test;
	unsigned given; /* options that only the whole command takes (-f, --jobs, --json, ...) */
};

extern const struct option_row check_rows[];

/* Reads the words behind "check". False with *error set. */
bool check_options_read(struct cw_arena *arena, size_t count, const char *const *words,
			struct check_options *out, struct cw_text *error);

/* Values of options that every command takes alike. */
bool check_color_read(const char *value, enum color_choice *out, struct cw_text *error);
bool check_lang_is_known(const char *value, struct cw_text *error);

/* One target, ready to run; lives in its own arena. */
struct kms_target {
	struct cw_arena *arena;
	struct kms_request request;
	struct tsig_key key;
	const char *shown; /* the target in reports */
	cw_ms timeout_ms;
};

/* Makes the request; reads the key file. False with *error set. settings are borrowed. */
bool kms_target_init(struct kms_target *t, const struct check_options *o,
		     const struct resolver_settings *settings, const char *source,
		     struct cw_text *error);
/* Wipes the key. */
void kms_target_clear(struct kms_target *t);

struct run *kms_target_start(const struct kms_target *t, const struct run_services *services,
			     void (*done)(void *ctx, struct run *run), void *ctx);
/* The report of a run that is done; everything in the run's arena. */
const struct report *kms_target_report(const struct kms_target *t, struct run *run);

/* This machine's own settings, in the arena. */
const struct resolver_settings *system_settings(struct cw_arena *arena);

#endif
