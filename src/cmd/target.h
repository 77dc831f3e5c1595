/*
 * A target of `check`: what is asked about, ready to run. Each kind (kms, ...)
 * is a table of what differs; one target, a list of them and the lab go the
 * same way.
 */
#ifndef CW_CMD_TARGET_H
#define CW_CMD_TARGET_H

#include "cmd/check_options.h"
#include "codec/resolv_conf.h"

struct target {
	const struct target_kind *kind; /* NULL: nothing to clear */
	struct cw_arena *arena;         /* of the options */
	const char *shown;              /* the target in reports */
	const char *command_line;       /* ready to be typed again */
	cw_ms timeout_ms;
	const struct resolver_settings *settings; /* borrowed */
	const char *settings_source;              /* "system" or "lab" */
	void *own;                                /* of the kind; zeroed before init */
	const void *request;                      /* what the probes take; set by init */
};

struct target_kind {
	const char *name;    /* the word behind check */
	const char *command; /* "check kms" */
	unsigned bit;        /* of option_row.commands */
	size_t own_size;
	const struct probe *const *probes;
	size_t (*state_size)(void);
	const struct rule_family *family;
	/* Words of --help: usage and about are message ids. */
	const char *usage, *about, *examples;
	/* Options that do not go together. */
	bool (*consistent)(const struct check_options *o, struct cw_text *error);
	/* Fills in shown, command_line, request; reads the files that options name. */
	bool (*init)(struct target *t, const struct check_options *o, struct cw_text *error);
	/* Asks on the terminal what must be asked before the run starts. False: it may not start,
	 * and *status says with which end. */
	bool (*ask)(struct target *t, const struct app *app, const struct check_options *o,
		    int *status);
	/* False with *error set: it would have to ask, where nobody can be asked. */
	bool (*asks_nothing)(const struct target *t, const struct check_options *o,
			     struct cw_text *error);
	/* Wipes what is secret. */
	void (*clear)(struct target *t);
};

/* Every kind, the last is NULL. */
extern const struct target_kind *const target_kinds[];
const struct target_kind *target_kind_find(const char *name);

/* A target of the options' kind; settings are borrowed. False with *error set. */
bool target_init(struct target *t, const struct check_options *o,
		 const struct resolver_settings *settings, const char *source,
		 struct cw_text *error);
/* Whatever target_init() said. */
void target_clear(struct target *t);

struct run *target_start(const struct target *t, const struct run_services *services,
			 void (*done)(void *ctx, struct run *run), void *ctx);
/* The report of a run that is done; everything in the run's arena. */
const struct report *target_report(const struct target *t, struct run *run);

/* This machine's own settings, in the arena. */
const struct resolver_settings *system_settings(struct cw_arena *arena);

#endif
