/* What every command has: language, the terminal's style, the loop and its services. */
#ifndef CW_CMD_APP_H
#define CW_CMD_APP_H

#include <stdio.h>

#include "probe/run.h"
#include "report/report.h"

/* The contract's exit status. */
enum { EXIT_CLEAR = 0, EXIT_CAUSE = 1, EXIT_TROUBLE = 2, EXIT_UNDETERMINED = 3 };

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct app {
	struct cw_arena *arena; /* of the process */
	cw_translate *translate;
	bool japanese;
	struct run_services services; /* after app_open() */
};

/* Language from --lang, or NULL for the environment's. False: not a language that we have. */
bool app_set_language(struct app *app, const char *lang);
/* Creates loop, gate and DNS client; says on standard error why it cannot. */
bool app_open(struct app *app, unsigned per_address);
void app_close(struct app *app);

/* How a stream can be written to: colour, characters, width. */
struct report_style app_style(const struct app *app, FILE *stream, enum color_choice color);
bool app_is_terminal(FILE *stream);

/* A line to standard error, in the user's language, behind "clearway: ". Returns EXIT_TROUBLE. */
int app_fail(const struct app *app, struct cw_text text);
void app_say(const struct app *app, FILE *stream, struct cw_text text);
/* Everything to the stream or a complaint: a full disk must not look like a short report. */
bool app_write(const struct app *app, FILE *stream, const char *what, const struct out_buf *o);

/* A line to standard error that may hold what others wrote: harmless, unfolded. */
void app_complain(const struct app *app, struct cw_text text);

/* What was printed is out, or is complained of; the exit status. */
int app_finish_output(const struct app *app);

int verdict_exit(enum verdict v);

/* Commands; argv as main() has it, from the command's own name on. */
int cmd_check(struct app *app, size_t count, const char *const *words);
int cmd_lab(struct app *app, size_t count, const char *const *words);

#endif
