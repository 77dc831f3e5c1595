/* --help of a command, from its table of options. */
#ifndef CW_CMD_HELP_H
#define CW_CMD_HELP_H

#include "cmd/app.h"
#include "cmd/options.h"

/* usage and about are message ids; examples are lines of commands. Returns the exit
 * status. */
int help_print(const struct app *app, const char *usage, const char *about,
	       const struct option_row *rows, const char *examples);

#endif
