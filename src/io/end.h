/* How a socket's try ended, in the words of base/outcome.h. */
#ifndef CW_IO_END_H
#define CW_IO_END_H

#include "base/addr.h"
#include "base/outcome.h"

struct io_end {
	enum cw_outcome outcome;
	struct cw_icmp icmp; /* type -1: none */
	int system_error;    /* errno of ours; 0: none */
};

struct io_bounce;

/* An error that a call of ours towards an address of that family returned: nothing was sent. */
struct io_end io_end_of_call(int error, enum cw_family family);
/* An error that came of a packet that was on its way. */
struct io_end io_end_of_network(int error);
/* What an ICMP message says about a packet to that address. UNKNOWN: it does not end anything
 * (a packet that is too big is only sent in pieces the next time). */
struct io_end io_end_of_bounce(const struct io_bounce *b, const struct cw_addr *to);

#endif
