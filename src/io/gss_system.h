/* What io/gss.c asks of the system's GSSAPI; a folder for each kind of system implements it. Both
 * calls may be made in any thread, one at a time for each job. */
#ifndef CW_IO_GSS_SYSTEM_H
#define CW_IO_GSS_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

struct io_gss_job {
	char *host, *user, *password; /* of the owner */
	uint8_t *in;                  /* of the owner */
	size_t in_len;
	uint8_t *out; /* from malloc, then of the owner */
	size_t out_len;
	char trouble[256]; /* "": none */
	void *context;     /* the system's, between steps */
};

void io_gss_system_step(struct io_gss_job *job);
void io_gss_system_end(struct io_gss_job *job);

#endif
