/* resolv.conf(5): the DNS servers and suffixes of this machine. */
#ifndef CW_CODEC_RESOLV_CONF_H
#define CW_CODEC_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/outcome.h"

enum { RESOLVERS_MOST = 16, SUFFIXES_MOST = 32 };

/* Settings of the client whose way is walked: of this machine, or of a lab scenario. */
struct resolver_settings {
	/* OK: read. UNREADABLE: error says why, and nothing below may be concluded from. */
	enum cw_outcome outcome;
	const char *path;  /* file that was read */
	const char *error; /* the system's words */
	size_t server_count;
	struct cw_addr server[RESOLVERS_MOST];
	size_t suffix_count;
	const char *suffix[SUFFIXES_MOST]; /* in the order of search */
	bool no_ipv6; /* the client has no IPv6: AAAA addresses are not tried */
};

/* Reads the text; strings live in the arena. Lines that are not understood are passed over, as
 * resolvers do; the last of several "search" and "domain" lines counts. */
void resolv_conf_parse(const char *text, size_t len, struct cw_arena *arena,
		       struct resolver_settings *out);

/* Adds a suffix unless it is there already (no case). */
void resolver_settings_add_suffix(struct resolver_settings *s, struct cw_arena *arena,
				  const char *suffix);

#endif
