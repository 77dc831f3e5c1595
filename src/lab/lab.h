/*
 * A lab: the servers of a scenario, open on loopback without root.
 *
 * Each server has an address of its own, 127.x.y.n with x and y random for
 * each lab, so that labs run beside each other. All DNS servers of a lab share
 * one port, so that the address of a SOA's primary server leads to it; KMS
 * hosts listen on 1688 of their address where it is free. Servers of IPv6
 * share [::1] and differ by port.
 */
#ifndef CW_LAB_LAB_H
#define CW_LAB_LAB_H

#include "base/addr.h"
#include "io/loop.h"
#include "lab/scenario.h"

struct lab;

/*
 * Opens every server. The scenario is borrowed and must outlive the lab.
 * CW_EUNSUPPORTED: this machine cannot have it (no IPv6 on loopback); CW_EIO: a socket or file
 * could not be made. Then why says so in English and nothing is left open but what closes with
 * the next turns of the loop.
 */
enum cw_ec lab_open(struct io_loop *loop, const struct scenario *s, struct lab **out, char *why,
		    size_t why_size);

/* Closes everything and removes the key files; may be called from a callback of the loop.
 * closed is called from the loop when nothing is left (may be NULL). The lab is gone then. */
void lab_close(struct lab *lab, void (*closed)(void *ctx), void *ctx);

/* The text with every @NAME replaced, in the arena; NULL: one names nothing. */
const char *lab_expand(const struct lab *lab, struct cw_arena *arena, const char *text);

/* Address and port of a server; false: there is none of this name. */
bool lab_server_addr(const struct lab *lab, const char *name, struct cw_addr *out);

/* Queries or connections that a server has met so far. */
uint64_t lab_server_hits(const struct lab *lab, const char *name);

/* Every answer of every server comes that much later, as if the way were longer. */
void lab_set_rtt(struct lab *lab, cw_ms rtt_ms);

#endif
