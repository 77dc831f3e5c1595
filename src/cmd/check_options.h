/* The words behind `check`: one table of options for all kinds of targets. */
#ifndef CW_CMD_CHECK_OPTIONS_H
#define CW_CMD_CHECK_OPTIONS_H

#include "cmd/app.h"
#include "cmd/options.h"

enum { VALUES_MOST = 32 };

/* Kinds of targets, as bits of option_row.commands. */
enum { CHECK_KMS = 1, CHECK_SSTP = 2, CHECK_ACTIVATION = 4 };

struct target_kind;

/* What the words of a `check` say; strings live in the arena that was given. */
struct check_options {
	struct cw_arena *arena;
	const struct target_kind *kind; /* NULL with -f, and with --help alone */
	bool json, verbose, quiet, yes, help;
	const char *lang, *file;
	enum color_choice color;
	long timeout_s, jobs;
	size_t operand_count;
	const char *operand[1 + VALUES_MOST]; /* "kms", DOMAIN */
	size_t server_count;
	struct cw_addr server[VALUES_MOST];
	const char *server_text[VALUES_MOST];
	/* kms */
	size_t suffix_count;
	const char *suffix[VALUES_MOST];
	const char *host, *host_address, *key_file;
	struct cw_addr given_address;
	bool update_test;
	/* sstp, activation */
	const char *proxy, *proxy_user, *password_file;
	long password_fd; /* -1: none */
	size_t ca_count, crl_count;
	const char *ca[VALUES_MOST], *crl[VALUES_MOST];
	struct ca_shelf *shelf; /* set by a batch: what --ca names is read once; NULL: for itself */
	const char *connect_to;
	struct cw_addr connect_addr;
	uint64_t given; /* a bit for each row that was used */
};

/* Reads the words behind "check". False with *error set. */
bool check_options_read(struct cw_arena *arena, size_t count, const char *const *words,
			struct check_options *out, struct cw_text *error);

/* The rows that these kinds of targets take, for --help; the last one has no name. */
const struct option_row *check_rows(struct cw_arena *arena, unsigned commands);

/* Values of options that every command takes alike. */
bool check_color_read(const char *value, enum color_choice *out, struct cw_text *error);
bool check_lang_is_known(const char *value, struct cw_text *error);

/* A name with characters beyond ASCII is asked by its A-labels (RFC 5890, RFC 8753). */
const char *name_to_ascii(struct cw_arena *a, const char *name);
/* The host part alone; a port stays as it is. */
const char *host_to_ascii(struct cw_arena *a, const char *host);

/* A word as a shell takes it back. */
const char *quoted_word(struct cw_arena *a, const char *word);
/* The line with an option, and its value as a shell takes it back. */
const char *line_with(struct cw_arena *a, const char *line, const char *option, const char *value);
/* The line with " --dns ADDR" for each server that was given. */
const char *line_with_servers(struct cw_arena *a, const char *line, const struct check_options *o);

#endif
