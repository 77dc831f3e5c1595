/* Records of a zone as they are written in a scenario -> dns_rr. */
#ifndef CW_LAB_RECORD_H
#define CW_LAB_RECORD_H

#include "codec/dns.h"
#include "lab/scenario.h"

/* Turns the references of a word into text; NULL: it names nothing. */
typedef const char *record_expand_fn(void *ctx, struct cw_arena *arena, const char *word);

/* What stands there and what is wanted in its place. */
struct record_complaint {
	const char *want, *have;
};

/*
 * Makes a record of class IN. Names are relative to the zone unless they end with a dot, "@" is
 * the zone itself, and what a reference yields is taken as it is.
 *
 * "TYPE \# LEN HEX" (RFC 3597 5) gives the bytes of the data whatever the type: raw is set and
 * bad_rdata says that they are to be written as they are.
 */
bool record_build(const struct scenario_record *r, const char *zone, record_expand_fn *expand,
		  void *ctx, struct cw_arena *arena, struct dns_rr *out,
		  struct record_complaint *complaint);

/* The type of a word such as "SRV" or "TYPE65"; 0: none. */
uint16_t record_type_of(const char *word);

/* A name as written, made absolute; NULL: DNS could not carry it. */
const char *record_name(const char *written, const char *zone, record_expand_fn *expand, void *ctx,
			struct cw_arena *arena);

#endif
