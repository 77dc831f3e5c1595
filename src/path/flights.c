#include "path/flights.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 256 };

static size_t home(const struct flights *f, uint32_t key)
{
	return (key ^ key >> 16 << 7) & f->mask;
}

static struct flight *slot_of(const struct flights *f, uint32_t key)
{
	size_t at = home(f, key);
	while (f->slot[at].ask && f->slot[at].key != key)
		at = (at + 1) & f->mask;
	return &f->slot[at];
}

bool flights_init(struct flights *f)
{
	*f = (struct flights){ .mask = FIRST_SLOTS - 1 };
	f->slot = calloc(FIRST_SLOTS, sizeof(*f->slot));
	return f->slot;
}

void flights_clear(struct flights *f)
{
	free(f->slot);
	f->slot = NULL;
}

struct dns_ask *flights_find(const struct flights *f, uint32_t key)
{
	return slot_of(f, key)->ask;
}

static void grow(struct flights *f)
{
	struct flights wide = { .mask = f->mask * 2 + 1, .count = f->count };
	wide.slot = calloc(wide.mask + 1, sizeof(*wide.slot));
	if (!wide.slot)
		abort(); /* as in base/arena.h */
	for (size_t i = 0; i <= f->mask; i++) {
		if (f->slot[i].ask)
			*slot_of(&wide, f->slot[i].key) = f->slot[i];
	}
	free(f->slot);
	*f = wide;
}

void flights_add(struct flights *f, uint32_t key, struct dns_ask *ask)
{
	if (++f->count > f->mask / 2)
		grow(f);
	*slot_of(f, key) = (struct flight){ key, ask };
}

/* Those behind it that probed past it move up, so that no mark has to stay. */
void flights_remove(struct flights *f, uint32_t key)
{
	struct flight *gap = slot_of(f, key);
	if (!gap->ask)
		return;
	f->count--;
	size_t hole = (size_t)(gap - f->slot);
	for (size_t at = (hole + 1) & f->mask; f->slot[at].ask; at = (at + 1) & f->mask) {
		size_t want = home(f, f->slot[at].key);
		if (((at - want) & f->mask) < ((at - hole) & f->mask))
			continue; /* it stands between its home and the hole's other side */
		f->slot[hole] = f->slot[at];
		hole = at;
	}
	f->slot[hole].ask = NULL;
}
