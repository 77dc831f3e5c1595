#include "report/page.h"

#include <inttypes.h>
#include <string.h>

#include "report/label.h"
#include "report/out_buf.h"

enum {
	BOX_INDENT = 4,
	/* On a wide terminal the right edge of asides: farther away the eye loses the line. */
	ASIDE_EDGE = 100,
	/* What is shorter is shown in milliseconds: 0.00 s says nothing. */
	SHORT_MS = 100,
};

static const char *in_language(const struct page *p, const char *msgid)
{
	return p->style->translate ? p->style->translate(msgid) : msgid;
}

static void measure_labels(struct page *p)
{
	static const char *const labels[] = { LABEL_SHOWS, LABEL_SEEN,  LABEL_WHY,
					      LABEL_FIX,   LABEL_PROVE, LABEL_SOURCE };
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		const char *label = in_language(p, labels[i]);
		size_t width = text_width(label, strlen(label));
		if (width > p->label_width)
			p->label_width = width;
	}
}

void page_init(struct page *p, const struct report_style *style, struct out_buf *out)
{
	*p = (struct page){ .style = style, .out = out };
	measure_labels(p);
}

void page_clear(struct page *p)
{
	if (p->para.bad || p->aside.bad)
		p->out->bad = true;
	out_clear(&p->para);
	out_clear(&p->aside);
}

bool page_is_narrow(const struct page *p)
{
	return p->style->columns && p->style->columns < PAGE_NARROW;
}

static bool ascii_only(const struct page *p)
{
	return !p->style->unicode && !p->style->japanese;
}

static void clean_piece(void *to, const char *piece, size_t len, bool from_arg)
{
	struct page *p = to;
	(void)from_arg;
	out_clean(&p->para, piece, len, ascii_only(p));
}

void page_text(struct page *p, const struct cw_text *t)
{
	cw_text_walk(t, p->style->translate, clean_piece, p);
}

void page_strn(struct page *p, const char *s, size_t len)
{
	out_clean(&p->para, s, len, ascii_only(p));
}

void page_str(struct page *p, const char *s)
{
	page_strn(p, s, strlen(s));
}

void page_mark(struct page *p, enum mark mark)
{
	out_mark(&p->para, mark);
}

/* The same with every space held, so that a number stays with its unit. */
static void hold_spaces(struct page *p, size_t from)
{
	for (size_t i = from; i < p->para.len; i++)
		if (p->para.bytes[i] == ' ')
			p->para.bytes[i] = FIXED_SPACE;
}

char *seconds_text(cw_ms ms, char *out)
{
	cw_ms hundredths = (ms + 5) / 10;
	(void)snprintf(out, SECONDS_TEXT, "%" PRId64 ".%02d", hundredths / 100,
		       (int)(hundredths % 100));
	return out;
}

void page_duration(struct page *p, cw_ms ms)
{
	char number[SECONDS_TEXT];
	size_t from = p->para.len;
	if (ms < SHORT_MS) {
		(void)snprintf(number, sizeof(number), "%" PRId64, ms);
		page_say(p, N_("%s ms"), number);
	} else {
		page_say(p, N_("%s s"), seconds_text(ms, number));
	}
	hold_spaces(p, from);
}

void page_hop_mark(struct page *p, enum hop_state state)
{
	static const struct {
		const char *unicode, *plain;
		enum mark ink;
	} looks[] = {
		[HOP_PASSED] = { "●", "ok", INK_GREEN },
		[HOP_FAILED] = { "✗", "FAIL", INK_RED },
		[HOP_NOT_REACHED] = { "○", "--", INK_DIM },
		[HOP_NOT_TESTED] = { "◌", "??", INK_DIM },
	};
	page_mark(p, looks[state].ink);
	page_str(p, p->style->unicode ? looks[state].unicode : looks[state].plain);
	page_mark(p, INK_PLAIN);
}

void page_hop(struct page *p, const char *name, enum hop_state state)
{
	if (p->style->unicode) {
		page_hop_mark(p, state);
		page_str(p, name);
	} else {
		page_str(p, name);
		page_mark(p, FIXED_SPACE);
		page_hop_mark(p, state);
	}
}

const char *page_hop_line(const struct page *p)
{
	return p->style->unicode ? "─" : ">";
}

void page_to_aside(struct page *p)
{
	struct out_buf swap = p->aside;
	p->aside = p->para;
	p->para = swap;
	out_reset(&p->para);
}

static struct fold fold_of(const struct page *p, size_t first, size_t rest)
{
	struct fold f = { .out = p->out,
			  .columns = p->style->columns,
			  .indent = rest,
			  .color = p->style->color };
	fold_spaces(&f, first);
	return f;
}

/* At the right edge where it fits, behind the text where nothing is folded, else on a line of
 * its own. */
static void put_aside(struct page *p, struct fold *f)
{
	size_t width = text_width(p->aside.bytes, p->aside.len);
	size_t edge = f->columns < ASIDE_EDGE ? f->columns : ASIDE_EDGE;
	if (!f->columns)
		fold_spaces(f, 2);
	else if (f->at + 2 + width <= edge)
		fold_spaces(f, edge - width - f->at);
	else if (f->at + 2 + width <= f->columns)
		fold_spaces(f, 2);
	else
		fold_line(f);
	fold_put(f, p->aside.bytes, p->aside.len);
	out_reset(&p->aside);
}

/* Blanks at the end of a line would travel into every ticket. */
static void end_line(struct page *p)
{
	while (p->out->len && p->out->bytes[p->out->len - 1] == ' ')
		p->out->len--;
	out_str(p->out, "\n");
	out_reset(&p->para);
}

void page_end(struct page *p, size_t first, size_t rest)
{
	struct fold f = fold_of(p, first, rest);
	fold_put(&f, p->para.bytes, p->para.len);
	if (p->aside.len)
		put_aside(p, &f);
	end_line(p);
}

void page_end_tail(struct page *p)
{
	struct fold f = fold_of(p, 0, 0);
	size_t width = text_width(p->aside.bytes, p->aside.len);
	fold_put(&f, p->para.bytes, p->para.len);
	if (width && (!f.columns || f.at + 2 + width <= f.columns)) {
		fold_spaces(&f, 2);
		fold_put(&f, p->aside.bytes, p->aside.len);
	}
	out_reset(&p->aside);
	end_line(p);
}

void page_blank_line(struct page *p)
{
	out_str(p->out, "\n");
}

void page_label(struct page *p, const char *msgid)
{
	p->label = msgid;
}

static void put_label(struct page *p, struct fold *f)
{
	const char *label = in_language(p, p->label);
	size_t len = strlen(label);
	const char dim[] = { INK_DIM, 0 }, plain[] = { INK_PLAIN, 0 };
	fold_verbatim(f, dim, 1);
	fold_verbatim(f, label, len);
	fold_verbatim(f, plain, 1);
	p->label = NULL;
}

/* The place of an item: its label is written, and the line stands where the item begins. */
static struct fold item_fold(struct page *p, size_t hang)
{
	size_t indent = page_is_narrow(p) ? BOX_INDENT + 2 : BOX_INDENT + p->label_width + 2;
	struct fold f = fold_of(p, p->label ? BOX_INDENT : indent, indent);
	if (p->label) {
		put_label(p, &f);
		if (page_is_narrow(p))
			fold_line(&f);
		else
			fold_spaces(&f, indent - f.at);
	}
	f.begun = false;
	f.indent = indent + hang;
	return f;
}

void page_item(struct page *p, size_t hang)
{
	struct fold f = item_fold(p, hang);
	fold_put(&f, p->para.bytes, p->para.len);
	end_line(p);
}

void page_item_verbatim(struct page *p, size_t hang)
{
	struct fold f = item_fold(p, hang);
	fold_spaces(&f, hang);
	fold_verbatim(&f, p->para.bytes, p->para.len);
	end_line(p);
}
