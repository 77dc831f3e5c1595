/*
 * Facts: the only thing that probes, evidence readers and rules share.
 *
 * A fact says how one thing that was looked at ended: kind, subject, outcome,
 * fields, and where it comes from. A probe that met a refused connection has
 * done its work: it puts down a fact with the outcome CW_OUT_REFUSED.
 *
 *     struct fact *f = fact_new(store, FACT_TCP_CONNECT, "192.0.2.7:1688");
 *     f->outcome = CW_OUT_REFUSED;
 *     f->at_ms = 41; f->took_ms = 3;
 *     fact_set_text(store, f, FIELD_HOST, "kms01.contoso.com");
 *     fact_put(store, f);
 *
 * What could not be looked at is put down beside the facts with
 * fact_not_tested(), so that "not tested" never looks like "found nothing".
 */
#ifndef CW_FACT_FACT_H
#define CW_FACT_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/text.h"
#include "base/time.h"
#include "fact/list.h"

enum fact_type { FACT_TYPE_TEXT, FACT_TYPE_NUMBER, FACT_TYPE_FLAG, FACT_TYPE_LIST };

struct fact_list {
	size_t count;
	const char *const *item;
};

struct fact_value {
	enum fact_field field;
	union {
		const char *text;
		int64_t number; /* FACT_TYPE_FLAG: 0 or 1 */
		struct fact_list list;
	};
	struct fact_value *next;
};

struct fact {
	unsigned n; /* number in the report, the first is 1; 0 until it is put down */
	enum fact_kind kind;
	enum cw_outcome outcome;
	const char *subject;
	const char *from; /* "probe dns.srv", or "file:line" */
	cw_ms at_ms;      /* since the start of the run */
	cw_ms took_ms;
	struct fact_value *values, *last_value;
	struct fact *next_of_kind;
};

/* Something that was not looked at, and whether it could hide a cause. */
struct not_tested {
	struct cw_text what, why;
	bool hides_cause;
	struct not_tested *next;
};

struct fact_store;

/* The store and everything in it live in the arena. */
struct fact_store *fact_store_new(struct cw_arena *arena);
struct cw_arena *fact_store_arena(const struct fact_store *s);

/* A fact that is still being filled in; subject is copied. */
struct fact *fact_new(struct fact_store *s, enum fact_kind kind, const char *subject);
/* Text and lists are copied into the store's arena; a NULL text sets nothing. Each field has
 * one type (fact/list.h): setting it by another type's function is a bug and asserts. */
void fact_set_text(struct fact_store *s, struct fact *f, enum fact_field field, const char *text);
void fact_set_number(struct fact_store *s, struct fact *f, enum fact_field field, int64_t number);
void fact_set_flag(struct fact_store *s, struct fact *f, enum fact_field field, bool flag);
void fact_set_list(struct fact_store *s, struct fact *f, enum fact_field field, size_t count,
		   const char *const *item);
/* Numbers the fact and makes it visible. Afterwards it is not changed. */
void fact_put(struct fact_store *s, struct fact *f);

void fact_not_tested(struct fact_store *s, struct cw_text what, struct cw_text why,
		     bool hides_cause);
const struct not_tested *fact_first_not_tested(const struct fact_store *s);

/* In the order in which they were put down. */
size_t fact_count(const struct fact_store *s);
const struct fact *fact_at(const struct fact_store *s, size_t index);
const struct fact *fact_first(const struct fact_store *s, enum fact_kind kind);

#define FACT_EACH_OF(store, kind, f) \
	for (const struct fact *f = fact_first((store), (kind)); f; f = f->next_of_kind)

/* A field's value, or "" / the default / an empty list where the fact does not have it. */
bool fact_has(const struct fact *f, enum fact_field field);
const char *fact_text(const struct fact *f, enum fact_field field);
int64_t fact_number(const struct fact *f, enum fact_field field, int64_t otherwise);
bool fact_flag(const struct fact *f, enum fact_field field);
struct fact_list fact_list_of(const struct fact *f, enum fact_field field);
/* Whether the text field equals s, ASCII letters compared without case (DNS names). */
bool fact_is(const struct fact *f, enum fact_field field, const char *s);

const char *fact_kind_name(enum fact_kind kind);
const char *fact_field_name(enum fact_field field);
enum fact_type fact_field_type(enum fact_field field);

#endif
