#include "report/timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	AREA_LEAST = 16,
	AREA_MOST = 44,
	/* What a line says beside its bar should find this much room. */
	WORDS_ROOM = 54,
	TICK_LEAST = 8, /* cells between two labels of the axis */
	NO_FOLD_COLUMNS = 110,
};

struct span {
	const struct fact *fact;
	bool critical;
};

/* The bars share one scale. */
struct chart {
	struct span *spans; /* by start */
	size_t count;
	bool has_critical;
	cw_ms end;         /* of the last one, at least 1 */
	size_t kind_width; /* 0: narrow, the kind stands before the words */
	size_t area;       /* cells of the bars */
};

static cw_ms end_of(const struct fact *f)
{
	return f->at_ms + f->took_ms;
}

/* Whether the fact is an exchange of its own, not a setting or a part of another answer. */
static bool is_probe(const struct fact *f)
{
	const uint64_t exchanges = FACT_BIT(FACT_DNS_SRV) | FACT_BIT(FACT_DNS_SRV_MISSPELT) |
				   FACT_BIT(FACT_DNS_SRV_ELSEWHERE) | FACT_BIT(FACT_DNS_SOA) |
				   FACT_BIT(FACT_DNS_ADDRESS) | FACT_BIT(FACT_DNS_PTR) |
				   FACT_BIT(FACT_DNS_UPDATE) | FACT_BIT(FACT_TCP_CONNECT) |
				   FACT_BIT(FACT_RPC_BIND);
	if (f->took_ms > 0)
		return true;
	return (exchanges & FACT_BIT(f->kind)) && !fact_flag(f, FIELD_SHARED) &&
	       !fact_is(f, FIELD_SOURCE, "additional");
}

static int by_end(const void *a, const void *b)
{
	const struct fact *x = ((const struct span *)a)->fact, *y = ((const struct span *)b)->fact;
	if (end_of(x) != end_of(y))
		return end_of(x) < end_of(y) ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

static int by_start(const void *a, const void *b)
{
	const struct fact *x = ((const struct span *)a)->fact, *y = ((const struct span *)b)->fact;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

/* From the probe that ended last back to the one that it waited for, and so on: a probe starts
 * when a fact arrives, so each waited for the last one that ended before it began. What took no
 * time is passed through and not marked. */
static void mark_critical(struct chart *c)
{
	const struct fact *waiting = NULL;
	qsort(c->spans, c->count, sizeof(*c->spans), by_end);
	for (size_t i = c->count; i-- > 0;) {
		if (waiting && end_of(c->spans[i].fact) > waiting->at_ms)
			continue;
		c->spans[i].critical = c->spans[i].fact->took_ms > 0;
		c->has_critical |= c->spans[i].critical;
		waiting = c->spans[i].fact;
	}
}

static void gather(struct chart *c, const struct fact_store *facts)
{
	size_t all = fact_count(facts);
	c->spans = cw_arena_array_of(fact_store_arena(facts), struct span, all);
	c->end = 1;
	for (size_t i = 0; i < all; i++) {
		const struct fact *f = fact_at(facts, i);
		if (!is_probe(f))
			continue;
		c->spans[c->count++].fact = f;
		if (end_of(f) > c->end)
			c->end = end_of(f);
	}
	mark_critical(c);
	qsort(c->spans, c->count, sizeof(*c->spans), by_start);
}

static void measure(struct chart *c, const struct page *p)
{
	size_t columns = p->style->columns ? p->style->columns : NO_FOLD_COLUMNS;
	size_t taken = 8;
	for (size_t i = 0; i < c->count && !page_is_narrow(p); i++) {
		size_t width = strlen(fact_kind_name(c->spans[i].fact->kind));
		if (width > c->kind_width)
			c->kind_width = width;
	}
	if (!page_is_narrow(p))
		taken += c->kind_width + WORDS_ROOM;
	c->area = columns > taken + AREA_LEAST ? columns - taken : AREA_LEAST;
	if (c->area > AREA_MOST)
		c->area = AREA_MOST;
}

/* The area of one line: one short string a cell. */
struct cells {
	char cell[AREA_MOST][4];
	size_t count;
};

static void cells_init(struct cells *l, size_t count)
{
	l->count = count;
	for (size_t i = 0; i < count; i++)
		memcpy(l->cell[i], " ", 2);
}

static void set_cell(struct cells *l, size_t at, const char *glyph)
{
	if (at < l->count)
		memcpy(l->cell[at], glyph, strlen(glyph) + 1);
}

static void write_cells(struct cells *l, size_t at, const char *ascii)
{
	for (size_t i = 0; ascii[i]; i++)
		set_cell(l, at + i, (const char[]){ ascii[i], 0 });
}

static void put_cells(struct page *p, const struct cells *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (l->cell[i][0] == ' ')
			page_mark(p, FIXED_SPACE);
		else
			page_str(p, l->cell[i]);
	}
}

static size_t cell_of(const struct chart *c, cw_ms at)
{
	size_t cell = at <= 0 ? 0 : (size_t)(at * (cw_ms)c->area / c->end);
	return cell < c->area ? cell : c->area - 1;
}

/* The bar with its milliseconds inside, or beside it where it is too short for them. */
static void draw_bar(struct cells *l, const struct chart *c, const struct fact *f, bool unicode)
{
	char ms[24];
	size_t digits = (size_t)snprintf(ms, sizeof(ms), "%" PRId64, f->took_ms);
	size_t from = cell_of(c, f->at_ms), to = cell_of(c, end_of(f));
	size_t width = to - from + 1;
	for (size_t i = from + 1; i < to; i++)
		set_cell(l, i, unicode ? "─" : "-");
	set_cell(l, from, unicode ? width > 1 ? "├" : "│" : "|");
	if (width > 1)
		set_cell(l, to, unicode ? "┤" : "|");
	if (digits + 2 <= width)
		write_cells(l, from + 1 + (width - 2 - digits) / 2, ms);
	else if (to + 1 + digits <= l->count)
		write_cells(l, to + 1, ms);
	else if (from >= digits)
		write_cells(l, from - digits, ms);
}

/* 1, 2 or 5 times a power of ten, so that labels stand apart. */
static cw_ms tick_step(const struct chart *c)
{
	for (cw_ms power = 1;; power *= 10)
		for (cw_ms times = 1; times <= 5; times += times == 1 ? 1 : 3)
			if (power * times * (cw_ms)c->area >= TICK_LEAST * c->end)
				return power * times;
}

static void put_lead(struct page *p, const struct chart *c, const char *kind, bool critical)
{
	if (c->kind_width) {
		size_t len = strlen(kind);
		page_mark(p, INK_DIM);
		page_str(p, kind);
		page_mark(p, INK_PLAIN);
		for (; len < c->kind_width + 1; len++)
			page_mark(p, FIXED_SPACE);
	}
	if (critical)
		page_str(p, "*");
	else
		page_mark(p, FIXED_SPACE);
}

static void put_axis(struct page *p, const struct chart *c)
{
	struct cells l;
	char text[24];
	cw_ms step = tick_step(c);
	cells_init(&l, c->area);
	write_cells(&l, 0, "0");
	for (cw_ms t = step; t < c->end; t += step) {
		size_t len = (size_t)snprintf(text, sizeof(text), "%" PRId64, t);
		if (cell_of(c, t) + len <= l.count)
			write_cells(&l, cell_of(c, t), text);
	}
	put_lead(p, c, "", false);
	page_mark(p, INK_DIM);
	put_cells(p, &l, l.count);
	page_mark(p, FIXED_SPACE);
	page_mark(p, FIXED_SPACE);
	page_str(p, "ms");
	page_mark(p, INK_PLAIN);
	page_end(p, 2, 2);
}

static const char *record_type(const struct fact *f)
{
	switch (f->kind) {
	case FACT_DNS_SRV:
	case FACT_DNS_SRV_MISSPELT:
	case FACT_DNS_SRV_ELSEWHERE:
		return " SRV";
	case FACT_DNS_SOA:
		return " SOA";
	case FACT_DNS_PTR:
		return " PTR";
	case FACT_DNS_ADDRESS:
		return fact_is(f, FIELD_FAMILY, "ipv6") ? " AAAA" : " A";
	default:
		return "";
	}
}

/* The response code where it says more than the name of the outcome. */
static const char *ending(const struct fact *f)
{
	const char *rcode = fact_text(f, FIELD_RCODE);
	if (f->outcome == CW_OUT_OK || !*rcode || !strcmp(rcode, "NOERROR"))
		return cw_outcome_name(f->outcome);
	return rcode;
}

/* "10.0.0.10:53" as "10.0.0.10 ": the room is for names. */
static void put_server(struct page *p, const char *server)
{
	size_t len = strlen(server);
	bool usual = *server != '[' && len > 3 && !strcmp(server + len - 3, ":53");
	page_strn(p, server, usual ? len - 3 : len);
	page_str(p, " ");
}

static void put_words(struct page *p, const struct fact *f)
{
	if (fact_has(f, FIELD_SERVER))
		put_server(p, fact_text(f, FIELD_SERVER));
	page_str(p, f->subject);
	page_str(p, record_type(f));
	page_str(p, " ");
	page_mark(p, f->outcome == CW_OUT_OK ? INK_PLAIN : INK_BOLD);
	page_str(p, ending(f));
	if (fact_has(f, FIELD_ICMP)) {
		page_str(p, ", ICMP ");
		page_str(p, fact_text(f, FIELD_ICMP));
	}
	page_mark(p, INK_PLAIN);
}

static void put_narrow(struct page *p, const struct cells *l, const struct span *s)
{
	put_cells(p, l, l->count);
	page_end(p, 2, 2);
	page_mark(p, INK_DIM);
	page_str(p, fact_kind_name(s->fact->kind));
	page_mark(p, INK_PLAIN);
	page_str(p, " ");
	put_words(p, s->fact);
	page_end(p, 5, 7);
}

static void put_span(struct page *p, const struct chart *c, size_t at)
{
	const struct span *s = &c->spans[at];
	bool same_kind = at && c->spans[at - 1].fact->kind == s->fact->kind;
	struct cells l;
	cells_init(&l, c->area);
	draw_bar(&l, c, s->fact, p->style->unicode);
	put_lead(p, c, same_kind ? "" : fact_kind_name(s->fact->kind), s->critical);
	if (!c->kind_width) {
		put_narrow(p, &l, s);
		return;
	}
	put_cells(p, &l, l.count);
	page_mark(p, FIXED_SPACE);
	page_mark(p, FIXED_SPACE);
	put_words(p, s->fact);
	page_end(p, 2, 2 + c->kind_width + 2 + c->area + 2);
}

void timeline_put(struct page *p, const struct report *r)
{
	struct chart c = { 0 };
	gather(&c, r->facts);
	if (!c.count)
		return;
	measure(&c, p);
	page_blank_line(p);
	put_axis(p, &c);
	for (size_t i = 0; i < c.count; i++)
		put_span(p, &c, i);
	if (!c.has_critical)
		return;
	page_say(p, N_("* this is where the time went"));
	page_end(p, 2, 4);
}
