#include "report/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/page.h"

enum {
	SLOW_MS = 1000, /* a probe that runs longer is drawn so that it is seen */
	SPIN_MS = 125,
	BAR_LEAST = 4,
	BAR_MOST = 32,
	PROBES_SHOWN = 8, /* more do not fit on any line */
};

/* Columns that a line may take; a last column that is used would scroll the terminal. */
static size_t room_of(const struct report_style *style)
{
	return style->columns ? style->columns - 1 : SIZE_MAX;
}

/* Appends the piece of the page to the line if it fits. */
static bool fit(struct page *p, struct out_buf *line, size_t room)
{
	size_t width = text_width(line->bytes, line->len);
	bool fits = width + text_width(p->para.bytes, p->para.len) <= room;
	if (fits)
		out_put(line, p->para.bytes, p->para.len);
	out_reset(&p->para);
	return fits;
}

/* Clean text, cut at the width with a sign that it was. */
static void put_cut(struct page *p, const char *s, size_t width)
{
	size_t from = p->para.len;
	page_str(p, s);
	if (!width ||
	    text_fit(p->para.bytes + from, p->para.len - from, width) + from == p->para.len)
		return;
	p->para.len = from + text_fit(p->para.bytes + from, p->para.len - from, width - 1);
	page_str(p, p->style->unicode ? "…" : "~");
}

static void write_line(struct page *p, struct out_buf *line)
{
	struct fold f = { .out = p->out, .color = p->style->color };
	fold_verbatim(&f, line->bytes, line->len);
	if (line->bad)
		p->out->bad = true;
	out_clear(line);
	page_clear(p);
}

static bool is_running(const struct progress *p, const char *hop)
{
	for (size_t i = 0; i < p->pending_count; i++)
		if (!strcmp(p->pending[i].hop, hop))
			return true;
	return false;
}

static void put_running(struct page *page, const char *name, cw_ms elapsed_ms)
{
	static const char *const spin[] = { "◐", "◓", "◑", "◒" };
	bool unicode = page->style->unicode;
	if (!unicode) {
		page_str(page, name);
		page_str(page, " ");
	}
	page_mark(page, INK_YELLOW);
	page_str(page, unicode ? spin[(uint64_t)elapsed_ms / SPIN_MS % 4] : "...");
	page_mark(page, INK_PLAIN);
	if (unicode)
		page_str(page, name);
}

static void put_hops(struct page *page, const struct progress *p)
{
	page_str(page, "  ");
	for (size_t i = 0; i < p->hops->count; i++) {
		const struct hop *h = &p->hops->hop[i];
		if (i) {
			page_str(page, " ");
			page_str(page, page_hop_line(page));
			page_str(page, " ");
		}
		if (is_running(p, h->name))
			put_running(page, h->name, p->elapsed_ms);
		else
			page_hop(page, h->name, h->state);
	}
}

static int slowest_first(const void *a, const void *b)
{
	const struct progress_probe *x = a, *y = b;
	if (x->elapsed_ms != y->elapsed_ms)
		return x->elapsed_ms > y->elapsed_ms ? -1 : 1;
	return strcmp(x->what, y->what);
}

/* The slowest probes, slowest first, without touching the caller's list. */
static size_t slowest(const struct progress *p, struct progress_probe out[PROBES_SHOWN])
{
	size_t count = 0;
	for (size_t i = 0; i < p->pending_count; i++) {
		if (count < PROBES_SHOWN)
			out[count++] = p->pending[i];
		else if (slowest_first(&p->pending[i], &out[count - 1]) < 0)
			out[count - 1] = p->pending[i];
		else
			continue;
		qsort(out, count, sizeof(*out), slowest_first);
	}
	return count;
}

static void put_probe(struct page *page, const struct progress_probe *probe, size_t room)
{
	char number[32];
	cw_ms tenths = (probe->elapsed_ms + 50) / 100;
	(void)snprintf(number, sizeof(number), "%" PRId64 ".%d", tenths / 10, (int)(tenths % 10));
	page_str(page, "  ");
	put_cut(page, probe->what, room);
	page_str(page, " ");
	page_mark(page, probe->elapsed_ms >= SLOW_MS ? INK_YELLOW : INK_DIM);
	page_say(page, N_("%s s"), number);
	page_mark(page, INK_PLAIN);
}

void progress_line(const struct progress *p, const struct report_style *style, struct out_buf *o)
{
	struct page page;
	struct out_buf line = { 0 };
	struct progress_probe probes[PROBES_SHOWN];
	size_t room = room_of(style), count = slowest(p, probes);
	page_init(&page, style, o);
	page_str(&page, "  ");
	put_cut(&page, p->target, room / 3);
	fit(&page, &line, room);
	if (p->hops) {
		put_hops(&page, p);
		fit(&page, &line, room);
	}
	for (size_t i = 0; i < count; i++) {
		put_probe(&page, &probes[i], room / 3);
		if (!fit(&page, &line, room))
			break;
	}
	write_line(&page, &line);
}

static size_t done_of(const struct batch_counts *c)
{
	return c->clear + c->cause_found + c->undetermined;
}

/* 1240 as "1,240"; out holds at least 32 bytes. */
static const char *grouped(uint64_t n, char *out)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;
	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

static void put_counts(struct page *page, const struct batch_counts *c)
{
	char number[32];
	const char *dot = page->style->unicode ? " · " : ", ";
	page_str(page, "  ");
	page_say(page, N_("clear %s"), grouped(c->clear, number));
	page_str(page, dot);
	page_say(page, N_("cause %s"), grouped(c->cause_found, number));
	page_str(page, dot);
	page_say(page, N_("? %s"), grouped(c->undetermined, number));
}

static void put_rate(struct page *page, const struct progress_batch *p)
{
	char number[32];
	uint64_t done = done_of(&p->counts),
		 elapsed = p->elapsed_ms > 0 ? (uint64_t)p->elapsed_ms : 1;
	page_str(page, "   ");
	page_say(page, N_("%s/s"), grouped(done * 1000 / elapsed, number));
	if (!done || p->total < done)
		return;
	uint64_t left_s = ((p->total - done) * elapsed / done + 999) / 1000;
	page_str(page, "  ");
	if (left_s < 120)
		page_say(page, N_("eta %s s"), grouped(left_s, number));
	else
		page_say(page, N_("eta %s min"), grouped((left_s + 59) / 60, number));
}

static void put_bar(struct page *page, const struct progress_batch *p, size_t cells)
{
	size_t done = done_of(&p->counts);
	size_t full = done >= p->total ? cells : done * cells / p->total;
	bool unicode = page->style->unicode;
	page_str(page, "  ");
	for (size_t i = 0; i < cells; i++)
		page_str(page, i < full ? unicode ? "█" : "#" : unicode ? "░" : ".");
}

static void put_total(struct page *page, size_t total)
{
	char number[32];
	page_say(page, N_("%s targets"), grouped(total, number));
}

void progress_batch_line(const struct progress_batch *p, const struct report_style *style,
			 struct out_buf *o)
{
	struct page page;
	struct out_buf line = { 0 }, tail = { 0 };
	size_t room = room_of(style), done = done_of(&p->counts);
	char number[32];
	page_init(&page, style, o);
	if (p->total) {
		page_str(&page, "  ");
		page_str(&page, grouped(done, number));
	}
	put_counts(&page, &p->counts);
	fit(&page, &tail, SIZE_MAX);
	put_rate(&page, p);
	fit(&page, &tail, SIZE_MAX);
	put_total(&page, p->total ? p->total : done);
	fit(&page, &line, room);
	size_t used = text_width(line.bytes, line.len) + text_width(tail.bytes, tail.len) + 2;
	if (p->total && used + BAR_LEAST <= room) {
		put_bar(&page, p, room - used < BAR_MOST ? room - used : BAR_MOST);
		fit(&page, &line, room);
	}
	if (used - 2 <= room) {
		out_put(&line, tail.bytes, tail.len);
	} else {
		put_counts(&page, &p->counts);
		fit(&page, &line, room);
	}
	out_clear(&tail);
	write_line(&page, &line);
}
