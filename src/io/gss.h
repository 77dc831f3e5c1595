/*
 * Tokens of HTTP's Negotiate scheme from the system's Kerberos (RFC 4559, GSSAPI of RFC 2744). The
 * library is looked for when it is asked for the first time, so the program runs without it too.
 * Kerberos asks its servers and the DNS by itself and waits for them: that happens beside the loop.
 */
#ifndef CW_IO_GSS_H
#define CW_IO_GSS_H

#include <stddef.h>
#include <stdint.h>

#include "io/loop.h"

struct io_gss;

/*
 * Called from the loop, once for each step. trouble: English, why there is no token (no library, no
 * ticket, ...), or NULL. Both are valid in the callback alone. len 0 without trouble: nothing more
 * is to be sent.
 */
typedef void io_gss_done(void *ctx, const uint8_t *token, size_t len, const char *trouble);

/*
 * A login at HTTP@host. user NULL: with the ticket that is there; else with a ticket that is got for
 * user and password, which are copied and wiped. NULL: out of memory.
 */
struct io_gss *io_gss_new(struct io_loop *loop, const char *host, const char *user,
			  const char *password, io_gss_done *done, void *ctx);
/* The next token, for the peer's (len 0 at first). One step at a time. */
void io_gss_step(struct io_gss *g, const uint8_t *token, size_t len);
/* Fine at any time, also from done(); a step under way goes on beside the loop and is forgotten.
 * NULL is fine. */
void io_gss_free(struct io_gss *g);

#endif
