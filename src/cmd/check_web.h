/* What `check sstp` and `check activation` have in common: a proxy with a login, trusted roots. */
#ifndef CW_CMD_CHECK_WEB_H
#define CW_CMD_CHECK_WEB_H

#include "cmd/secret.h"
#include "cmd/target.h"
#include "probe/web.h"

/* The trusted roots of a batch: a file that ten thousand lines name is read once. */
struct ca_shelf;
struct ca_shelf *ca_shelf_new(void);
/* NULL is fine. No target that was made with it may be left. */
void ca_shelf_free(struct ca_shelf *s);

struct web_target {
	struct web_request request;
	struct cert_set *roots; /* of --ca and of this target alone, or NULL */
	struct secret password;
};

/* For the kinds' functions of the same names (cmd/target.h). */
bool web_consistent(const struct check_options *o, struct cw_text *error);
/* The parts of the request that both have; command_line of the target is set. */
bool web_init(struct target *t, const struct check_options *o, struct cw_text *error);
bool web_ask(struct target *t, const struct app *app, const struct check_options *o, int *status);
bool web_asks_nothing(const struct target *t, const struct check_options *o, struct cw_text *error);
void web_clear(struct target *t);

/* The line with the options that both have. */
const char *web_line(struct cw_arena *a, const char *line, const struct check_options *o);

/*
 * A URL of http or https, its host in ASCII; `scheme` is put before a text that has none. NULL: it is
 * none, or has a user name in it. Such a text may hold a password: it must not be shown.
 */
const char *web_url(struct cw_arena *a, const char *text, const char *scheme);
/* What may be shown of a text that should have been a URL. */
const char *web_shown_url(const char *text);

#endif
