#include "fact/fact.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define AS_NAME(id, name, about)             [id] = name,
#define AS_FIELD_NAME(id, name, type, about) [id] = name,
#define AS_FIELD_TYPE(id, name, type, about) [id] = FACT_TYPE_##type,

static const char *const kind_names[] = { FACT_KIND_LIST(AS_NAME) };
static const char *const field_names[] = { FACT_FIELD_LIST(AS_FIELD_NAME) };
static const enum fact_type field_types[] = { FACT_FIELD_LIST(AS_FIELD_TYPE) };

struct fact_store {
	struct cw_arena *arena;
	struct fact **facts;
	size_t count, cap;
	struct fact *first[FACT_KIND_COUNT], *last[FACT_KIND_COUNT];
	struct not_tested *first_not_tested, *last_not_tested;
};

struct fact_store *fact_store_new(struct cw_arena *arena)
{
	struct fact_store *s = cw_arena_new_of(arena, struct fact_store);
	s->arena = arena;
	return s;
}

struct cw_arena *fact_store_arena(const struct fact_store *s)
{
	return s->arena;
}

struct fact *fact_new(struct fact_store *s, enum fact_kind kind, const char *subject)
{
	struct fact *f = cw_arena_new_of(s->arena, struct fact);
	f->kind = kind;
	f->subject = cw_arena_str(s->arena, subject);
	f->from = "";
	return f;
}

static struct fact_value *value_new(struct fact_store *s, struct fact *f, enum fact_field field,
				    enum fact_type type)
{
	assert(!f->n && field_types[field] == type);
	(void)type;
	struct fact_value *v = cw_arena_new_of(s->arena, struct fact_value);
	v->field = field;
	if (f->last_value)
		f->last_value->next = v;
	else
		f->values = v;
	f->last_value = v;
	return v;
}

void fact_set_text(struct fact_store *s, struct fact *f, enum fact_field field, const char *text)
{
	if (text)
		value_new(s, f, field, FACT_TYPE_TEXT)->text = cw_arena_str(s->arena, text);
}

void fact_set_number(struct fact_store *s, struct fact *f, enum fact_field field, int64_t number)
{
	value_new(s, f, field, FACT_TYPE_NUMBER)->number = number;
}

void fact_set_flag(struct fact_store *s, struct fact *f, enum fact_field field, bool flag)
{
	value_new(s, f, field, FACT_TYPE_FLAG)->number = flag;
}

void fact_set_list(struct fact_store *s, struct fact *f, enum fact_field field, size_t count,
		   const char *const *item)
{
	const char **copy = cw_arena_array_of(s->arena, const char *, count);
	for (size_t i = 0; i < count; i++)
		copy[i] = cw_arena_str(s->arena, item[i]);
	value_new(s, f, field, FACT_TYPE_LIST)->list =
		(struct fact_list){ .count = count, .item = copy };
}

static void grow(struct fact_store *s)
{
	size_t cap = s->cap ? s->cap * 2 : 16;
	struct fact **facts = cw_arena_array_of(s->arena, struct fact *, cap);
	if (s->count)
		memcpy(facts, s->facts, s->count * sizeof(struct fact *));
	s->facts = facts;
	s->cap = cap;
}

void fact_put(struct fact_store *s, struct fact *f)
{
	assert(!f->n);
	if (s->count == s->cap)
		grow(s);
	s->facts[s->count++] = f;
	f->n = (unsigned)s->count;
	if (s->last[f->kind])
		s->last[f->kind]->next_of_kind = f;
	else
		s->first[f->kind] = f;
	s->last[f->kind] = f;
}

void fact_not_tested(struct fact_store *s, struct cw_text what, struct cw_text why,
		     bool hides_cause)
{
	struct not_tested *nt = cw_arena_new_of(s->arena, struct not_tested);
	*nt = (struct not_tested){ .what = what, .why = why, .hides_cause = hides_cause };
	if (s->last_not_tested)
		s->last_not_tested->next = nt;
	else
		s->first_not_tested = nt;
	s->last_not_tested = nt;
}

const struct not_tested *fact_first_not_tested(const struct fact_store *s)
{
	return s->first_not_tested;
}

size_t fact_count(const struct fact_store *s)
{
	return s->count;
}

const struct fact *fact_at(const struct fact_store *s, size_t index)
{
	return index < s->count ? s->facts[index] : NULL;
}

const struct fact *fact_first(const struct fact_store *s, enum fact_kind kind)
{
	return s->first[kind];
}

static const struct fact_value *find(const struct fact *f, enum fact_field field)
{
	for (const struct fact_value *v = f->values; v; v = v->next)
		if (v->field == field)
			return v;
	return NULL;
}

bool fact_has(const struct fact *f, enum fact_field field)
{
	return find(f, field) != NULL;
}

const char *fact_text(const struct fact *f, enum fact_field field)
{
	assert(field_types[field] == FACT_TYPE_TEXT);
	const struct fact_value *v = find(f, field);
	return v ? v->text : "";
}

int64_t fact_number(const struct fact *f, enum fact_field field, int64_t otherwise)
{
	assert(field_types[field] == FACT_TYPE_NUMBER);
	const struct fact_value *v = find(f, field);
	return v ? v->number : otherwise;
}

bool fact_flag(const struct fact *f, enum fact_field field)
{
	assert(field_types[field] == FACT_TYPE_FLAG);
	const struct fact_value *v = find(f, field);
	return v && v->number;
}

struct fact_list fact_list_of(const struct fact *f, enum fact_field field)
{
	assert(field_types[field] == FACT_TYPE_LIST);
	const struct fact_value *v = find(f, field);
	return v ? v->list : (struct fact_list){ 0 };
}

bool fact_is(const struct fact *f, enum fact_field field, const char *s)
{
	return !strcasecmp(fact_text(f, field), s);
}

const char *fact_kind_name(enum fact_kind kind)
{
	return (unsigned)kind < FACT_KIND_COUNT ? kind_names[kind] : "unknown";
}

const char *fact_field_name(enum fact_field field)
{
	return (unsigned)field < FACT_FIELD_COUNT ? field_names[field] : "unknown";
}

enum fact_type fact_field_type(enum fact_field field)
{
	return field_types[field];
}
