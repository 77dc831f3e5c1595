#include <stdlib.h>
#include <string.h>

#include "report/page.h"

enum {
	/* So many names are shown all, of more one less and how many more there are. */
	NAMES_SHOWN = 3,
	FIRST_SLOTS = 64,
	/* Undetermined targets that stand alone with their reason; more are one line. */
	REASONS_SHOWN = 5,
};

/* Targets with the same cause and the same evidence behind it. */
struct group {
	const struct rule *rule; /* NULL: undetermined */
	const char *key;         /* the deciding evidence, or the reason */
	size_t hash;
	const char *place;    /* id of a text about the key: "same DNS server: %s" */
	struct cw_text title; /* the cause; of an undetermined one its closing line */
	size_t count;
	const char *names[NAMES_SHOWN];
	bool is_mixed; /* of several keys */
};

struct batch_summary {
	struct cw_arena *arena;
	struct group **slots; /* open addressing, a power of two */
	size_t slot_count, group_count;
	struct batch_counts counts;
};

struct batch_summary *batch_summary_new(struct cw_arena *arena)
{
	struct batch_summary *b = cw_arena_new_of(arena, struct batch_summary);
	b->arena = arena;
	b->slot_count = FIRST_SLOTS;
	b->slots = cw_arena_array_of(arena, struct group *, FIRST_SLOTS);
	return b;
}

struct batch_counts batch_summary_counts(const struct batch_summary *b)
{
	return b->counts;
}

/* FNV-1a */
static size_t hash_of(const struct rule *rule, const char *key)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ (uintptr_t)rule;
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

static bool is_same(const struct group *a, const struct group *b)
{
	return a->hash == b->hash && a->rule == b->rule && !strcmp(a->key, b->key);
}

/* Where the group is, or the empty slot where it belongs. */
static struct group **slot_of(struct group **slots, size_t slot_count, const struct group *like)
{
	size_t at = like->hash & (slot_count - 1);
	while (slots[at] && !is_same(slots[at], like))
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

static void grow(struct batch_summary *b)
{
	size_t more = b->slot_count * 2;
	struct group **slots = cw_arena_array_of(b->arena, struct group *, more);
	for (size_t i = 0; i < b->slot_count; i++)
		if (b->slots[i])
			*slot_of(slots, more, b->slots[i]) = b->slots[i];
	b->slots = slots;
	b->slot_count = more;
}

static struct cw_text copy_text(struct cw_arena *a, const struct cw_text *t)
{
	struct cw_text copy = { .msgid = t->msgid };
	for (int i = 0; i < CW_TEXT_ARGS; i++)
		if (t->arg[i])
			copy.arg[i] = cw_arena_str(a, t->arg[i]);
	for (int i = 0; i < CW_TEXT_INNER; i++) {
		if (!t->inner[i])
			continue;
		struct cw_text inner = copy_text(a, t->inner[i]);
		copy.inner[i] = cw_arena_copy(a, &inner, sizeof(inner));
	}
	return copy;
}

static struct group *group_new(struct batch_summary *b, const struct group *like)
{
	struct group *g = cw_arena_copy(b->arena, like, sizeof(*like));
	g->key = cw_arena_str(b->arena, like->key);
	g->title = copy_text(b->arena, &like->title);
	return g;
}

static void add(struct batch_summary *b, const char *target, struct group like)
{
	like.hash = hash_of(like.rule, like.key);
	if (b->group_count * 4 >= b->slot_count * 3)
		grow(b);
	struct group **slot = slot_of(b->slots, b->slot_count, &like);
	if (!*slot) {
		*slot = group_new(b, &like);
		b->group_count++;
	}
	struct group *g = *slot;
	if (g->count < NAMES_SHOWN)
		g->names[g->count] = cw_arena_str(b->arena, target);
	g->count++;
}

static const char *place_of(const struct fact *f)
{
	if (fact_has(f, FIELD_SERVER))
		return N_("same DNS server: %s");
	if (f->kind == FACT_TCP_CONNECT || f->kind == FACT_RPC_BIND)
		return N_("same host: %s");
	return N_("same in all: %s");
}

static void add_cause(struct batch_summary *b, const char *target, const struct finding *f)
{
	struct group like = { .rule = f->rule, .key = "", .title = { .msgid = f->rule->title } };
	/* A title of this one target would not be true of its group. */
	if (!like.title.msgid || strchr(like.title.msgid, '%'))
		like.title = f->title;
	if (f->evidence) {
		const struct fact *fact = f->evidence->fact;
		like.place = place_of(fact);
		like.key = fact_has(fact, FIELD_SERVER) ? fact_text(fact, FIELD_SERVER)
							: fact->subject;
	}
	add(b, target, like);
}

static void add_undetermined(struct batch_summary *b, const struct report *r)
{
	const struct cw_text *reason = &r->diagnosis->closing;
	const char *key = cw_text_render(fact_store_arena(r->facts), reason, NULL);
	add(b, r->target, (struct group){ .key = key, .title = *reason });
}

void batch_summary_add(struct batch_summary *b, const struct report *r)
{
	switch (r->diagnosis->verdict) {
	case VERDICT_CLEAR:
		b->counts.clear++;
		return;
	case VERDICT_UNDETERMINED:
		b->counts.undetermined++;
		add_undetermined(b, r);
		return;
	case VERDICT_CAUSE_FOUND:
		b->counts.cause_found++;
		for (const struct finding *f = r->diagnosis->findings; f; f = f->next)
			if (f->role == FINDING_CAUSE)
				add_cause(b, r->target, f);
		return;
	}
}

/* Causes before what is undetermined, many before few; equal counts in an order that is the same
 * in every run. */
static int by_weight(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
	if (!x->rule != !y->rule)
		return x->rule ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	int order = x->rule ? strcmp(x->rule->id, y->rule->id) : 0;
	return order ? order : strcmp(x->key, y->key);
}

static int by_rule(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
	if (!x->rule != !y->rule)
		return x->rule ? -1 : 1;
	int order = x->rule ? strcmp(x->rule->id, y->rule->id) : 0;
	return order ? order : strcmp(x->key, y->key);
}

/* Takes one lone target into the line of all lone ones of its cause. */
static void merge(struct group *into, const struct group *lone)
{
	if (into->count < NAMES_SHOWN)
		into->names[into->count] = lone->names[0];
	into->count++;
	into->is_mixed = true;
}

static bool stands_alone(const struct group *g, size_t lone_undetermined)
{
	return g->count > 1 || (!g->rule && lone_undetermined <= REASONS_SHOWN);
}

/* The lines of the summary: shared evidence has a line of its own; targets that share a cause but
 * not its evidence are one line, so ten thousand targets stay readable. Returns their number. */
static size_t make_lines(const struct batch_summary *b, struct group **lines)
{
	size_t count = 0, all = 0, lone_undetermined = 0;
	struct group **sorted = cw_arena_array_of(b->arena, struct group *, b->group_count);
	for (size_t i = 0; i < b->slot_count; i++) {
		if (!b->slots[i])
			continue;
		sorted[all++] = b->slots[i];
		lone_undetermined += !b->slots[i]->rule && b->slots[i]->count == 1;
	}
	if (all)
		qsort(sorted, all, sizeof(*sorted), by_rule);
	struct group *lone = NULL;
	for (size_t i = 0; i < all; i++) {
		struct group *g = sorted[i];
		if (stands_alone(g, lone_undetermined)) {
			lines[count++] = g;
		} else if (lone && lone->rule == g->rule) {
			merge(lone, g);
		} else {
			lone = cw_arena_copy(b->arena, g, sizeof(*g));
			lines[count++] = lone;
		}
	}
	if (count)
		qsort(lines, count, sizeof(*lines), by_weight);
	return count;
}

static const char *number_text(size_t n, char out[24])
{
	(void)snprintf(out, 24, "%zu", n);
	return out;
}

static void put_names(struct page *p, const struct group *g)
{
	char number[24];
	size_t shown = g->count > NAMES_SHOWN ? NAMES_SHOWN - 1 : g->count;
	for (size_t i = 0; i < shown; i++) {
		if (i)
			page_str(p, p->style->japanese ? "、" : ", ");
		page_str(p, g->names[i]);
	}
	if (g->count == shown)
		return;
	page_str(p, " ");
	page_say(p, N_("and %s more"), number_text(g->count - shown, number));
}

/* What the targets have in common. */
static void put_place(struct page *p, const struct group *g)
{
	if (g->is_mixed || !g->place)
		return;
	page_str(p, "  ");
	page_mark(p, INK_DIM);
	page_str(p, "<-");
	page_mark(p, FIXED_SPACE);
	if (g->count > 1)
		page_say(p, g->place, g->key);
	else
		page_str(p, g->key);
	page_mark(p, INK_PLAIN);
}

static void put_cause(struct page *p, const struct group *g)
{
	page_text(p, &g->title);
	if (g->rule->code) {
		page_str(p, " (");
		page_str(p, g->rule->code);
		page_str(p, ")");
	}
	page_str(p, "  ");
	put_names(p, g);
	put_place(p, g);
}

/* The reason says itself that it could not be determined. */
static void put_undetermined(struct page *p, const struct group *g)
{
	if (g->is_mixed) {
		page_say(p, N_("could not be determined"));
		page_str(p, "  ");
		put_names(p, g);
		return;
	}
	put_names(p, g);
	page_str(p, ": ");
	page_text(p, &g->title);
}

static void put_line(struct page *p, const struct group *g, size_t width)
{
	char number[24];
	size_t len = strlen(number_text(g->count, number));
	for (; len < width; len++)
		page_mark(p, FIXED_SPACE);
	page_str(p, number);
	page_str(p, "  ");
	if (g->rule)
		put_cause(p, g);
	else
		put_undetermined(p, g);
	page_end(p, 1, 1 + width + 2);
}

void batch_summary_text(const struct batch_summary *b, const struct report_style *style,
			struct out_buf *o)
{
	struct page p;
	char clear[24], total[24], number[24];
	page_init(&p, style, o);
	page_mark(&p, INK_BOLD);
	page_say(&p, N_("%s of %s are clear."), number_text(b->counts.clear, clear),
		 number_text(b->counts.clear + b->counts.cause_found + b->counts.undetermined,
			     total));
	page_mark(&p, INK_PLAIN);
	page_end(&p, 0, 0);
	if (!style->verdict_only) {
		struct group **lines = cw_arena_array_of(b->arena, struct group *, b->group_count);
		size_t count = make_lines(b, lines), width = 0;
		for (size_t i = 0; i < count; i++) {
			size_t len = strlen(number_text(lines[i]->count, number));
			width = len > width ? len : width;
		}
		for (size_t i = 0; i < count; i++)
			put_line(&p, lines[i], width);
	}
	page_clear(&p);
}
