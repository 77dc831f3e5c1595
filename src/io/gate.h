/*
 * How much may go towards one address at once, for the whole process, and what
 * has just been learnt of it: a server that left several queries in a row
 * without any answer is not waited for again by every one of 500 targets.
 */
#ifndef CW_IO_GATE_H
#define CW_IO_GATE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/ec.h"
#include "io/loop.h"

struct io_gate;

/* A place in an address's queue; lives in its owner's memory. */
struct io_ticket {
	void (*go)(void *ctx); /* called once, from the loop, never from within io_gate_enter */
	void *ctx;
	struct io_ticket *next;
	struct io_gate_entry *entry; /* NULL: neither inside nor waiting */
	bool inside;
	bool called; /* go() is over, or was not needed */
};

/* per_address: how many may be inside at once towards one address (the port does not count). */
enum cw_ec io_gate_new(struct io_loop *loop, unsigned per_address, struct io_gate **out);
void io_gate_free(struct io_gate *gate);

/* True: the ticket is inside now. False: it waits, and go() is called when its turn has come. */
bool io_gate_enter(struct io_gate *gate, const struct cw_addr *to, struct io_ticket *t);
/* Leaves, or gives up waiting. Nothing happens for a ticket that is neither. */
void io_gate_leave(struct io_gate *gate, struct io_ticket *t);

/* Silence: note what came of an exchange with this address and port, before leaving. After a
 * silent one nobody who waits is let in until the others inside have ended or heard something:
 * a hundred that wait for a dead server shall not be let in by eight, one behind the other. */
void io_gate_heard(struct io_gate *gate, const struct cw_addr *from);
void io_gate_silent(struct io_gate *gate, const struct cw_addr *from);
/* Whether LIMIT_PER_ADDRESS exchanges in a row with this address and port went unanswered and
 * the last of them ended less than LIMIT_SILENCE_MS ago. The first to ask after that may try
 * again. */
bool io_gate_known_silent(struct io_gate *gate, const struct cw_addr *to);

#endif
