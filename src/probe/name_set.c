#include "probe/name_set.h"

#include <stdint.h>
#include <strings.h>

static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
	}
	return h;
}

static const char **name_slot(const char **slot, size_t cap, const char *name)
{
	size_t at = name_hash(name) & (cap - 1);
	while (slot[at] && strcasecmp(slot[at], name))
		at = (at + 1) & (cap - 1);
	return &slot[at];
}

static void name_set_grow(struct name_set *s, struct cw_arena *a)
{
	size_t cap = s->cap ? s->cap * 2 : 16;
	const char **slot = cw_arena_array_of(a, const char *, cap);
	for (size_t i = 0; i < s->cap; i++)
		if (s->slot[i])
			*name_slot(slot, cap, s->slot[i]) = s->slot[i];
	s->slot = slot;
	s->cap = cap;
}

bool name_set_add(struct name_set *s, struct cw_arena *a, const char *name)
{
	if ((s->count + 1) * 2 > s->cap)
		name_set_grow(s, a);
	const char **slot = name_slot(s->slot, s->cap, name);
	if (*slot)
		return false;
	*slot = cw_arena_str(a, name);
	s->count++;
	return true;
}
