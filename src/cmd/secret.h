/* A password from where no report or list of processes shows it: a file, an open file, a prompt. */
#ifndef CW_CMD_SECRET_H
#define CW_CMD_SECRET_H

#include <stdbool.h>

#include "base/limits.h"
#include "cmd/app.h"

/* The first line of something; wiped by secret_wipe() alone. */
struct secret {
	char text[LIMIT_PASSWORD + 1];
	bool given;
};

/* False with *error set. Texts live in the arena and never hold what was read. */
bool secret_read_file(struct secret *s, const char *path, struct cw_arena *arena,
		      struct cw_text *error);
bool secret_read_fd(struct secret *s, int fd, struct cw_arena *arena, struct cw_text *error);
/* Asks on the terminal, without an echo. False with *error set: nobody can be asked, or nobody
 * answers. */
bool secret_prompt(struct secret *s, const struct app *app, struct cw_text question,
		   struct cw_text *error);
/* NULL is fine. */
void secret_wipe(struct secret *s);

#endif
