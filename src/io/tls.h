/*
 * One end of a TLS connection that we open: bytes from below in, bytes for
 * below out, and the plain bytes within. It has no socket of its own, so it
 * stands on a TCP stream as well as on another TLS connection (a TLS proxy).
 *
 * It is a probe: it takes whatever the peer shows. Certificates are not
 * verified but copied as they were sent; TLS 1.0 and every cipher suite that
 * the library still has are offered. What may pass through such a connection is
 * for the owner to judge.
 */
#ifndef CW_IO_TLS_H
#define CW_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ec.h"
#include "base/outcome.h"

/* What all connections of a process share: offered suites, and no session is ever kept. */
struct io_tls_shared;
enum cw_ec io_tls_shared_new(struct io_tls_shared **out);
void io_tls_shared_free(struct io_tls_shared *s);

enum { IO_TLS_ANY = 0, IO_TLS_1_0 = 0x0301, IO_TLS_1_1, IO_TLS_1_2, IO_TLS_1_3, IO_TLS_SHOWN = 64 };

struct io_tls_spec {
	const char *sni;      /* NULL: none is sent */
	uint16_t least, most; /* IO_TLS_ANY: what the library can do */
	bool ask_staple;
};

struct io_tls_bytes {
	const uint8_t *at;
	size_t len;
};

/* What is known so far; texts are static, bytes live in the arena. */
struct io_tls_report {
	/* UNKNOWN: the handshake goes on. OK: it is done. TLS_ALERT, OTHER_PROTOCOL, MALFORMED,
	 * LOCAL: it failed. The end of what lies below is for the owner to tell, save that
	 * CLOSED stands here after a close_notify, before or after the handshake; a failure after
	 * the handshake also stands here. */
	enum cw_outcome outcome;
	const char *version, *cipher; /* once a ServerHello chose them */
	const char *alert;            /* the one that ended it, or NULL */
	bool alert_received;
	bool hello_seen;
	bool client_certificate_asked;
	size_t cert_count; /* as sent, also where the handshake failed later */
	const struct io_tls_bytes *cert;
	struct io_tls_bytes staple;
	uint8_t got[IO_TLS_SHOWN]; /* the first bytes that came, whatever they were */
	size_t got_len;
};

struct io_tls;

/* Sends bytes below; called from within calls of ours, and must not call back into them. */
typedef void io_tls_output(void *ctx, const uint8_t *buf, size_t len);

/* NULL: out of memory. The spec is not kept; sni is copied. */
struct io_tls *io_tls_new(struct io_tls_shared *shared, const struct io_tls_spec *spec,
			  struct cw_arena *arena, io_tls_output *output, void *ctx);
/* NULL is fine. Sends nothing. */
void io_tls_free(struct io_tls *t);

/* Sends the ClientHello. */
void io_tls_start(struct io_tls *t);
/* Bytes from below; they must stay where they are until io_tls_read() has returned 0. */
void io_tls_input(struct io_tls *t, const uint8_t *buf, size_t len);
/* Plain bytes, as many as there are by now; 0: no more for now, or never (see the report). */
size_t io_tls_read(struct io_tls *t, uint8_t *buf, size_t cap);
/* After outcome OK. */
void io_tls_write(struct io_tls *t, const uint8_t *buf, size_t len);
/* Says close_notify, where the handshake is done and nothing failed. */
void io_tls_close(struct io_tls *t);

const struct io_tls_report *io_tls_report(const struct io_tls *t);

#endif
