/* The DNS settings of this machine, as its own resolver would use them. */
#ifndef CW_IO_SETTINGS_H
#define CW_IO_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/ec.h"

/* Reads a whole text file of at most LIMIT_TEXT_FILE bytes. On error *error is the system's word. */
enum cw_ec io_read_file(const char *path, struct cw_arena *arena, char **out, size_t *len,
			const char **error);

/* The same for a list of targets: "-" is standard input, and the size is LIMIT_BATCH_FILE. All of
 * it is read before anything runs, so that a slow pipe never holds up what is under way. */
enum cw_ec io_read_list(const char *path, struct cw_arena *arena, char **out, size_t *len,
			const char **error);

/* The text of this machine's resolver settings (resolv.conf; behind a local stub of
 * systemd-resolved the file with the real servers), and the file that it came from. A file that
 * does not exist is an empty one: no server is configured. */
enum cw_ec io_resolver_settings(struct cw_arena *arena, char **out, size_t *len, const char **path,
				const char **error);

/* The root certificates that this machine trusts, PEM in a row; path is set in any case. */
enum cw_ec io_trusted_roots(struct cw_arena *arena, char **out, size_t *len, const char **path,
			    const char **error);

/* The DNS domain of this machine's own name, or NULL. */
const char *io_host_domain(struct cw_arena *arena);

#endif
