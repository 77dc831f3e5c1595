#include <string.h>

#include "report/label.h"
#include "report/page.h"
#include "report/timeline.h"

enum {
	BOX_INDENT = 4,
	/* Lines of one kind before the rest is counted: 500 hosts must not bury the fix. */
	ITEMS_SHOWN = 6,
	/* So many are shown all; "and 1 more" takes the line that it saves. */
	ITEMS_ALL = 8,
};

static void put_hop_row(struct page *p, const struct report *r)
{
	const struct hop_row *row = &r->diagnosis->hops;
	page_duration(p, r->elapsed_ms);
	page_to_aside(p);
	page_mark(p, INK_BOLD);
	page_str(p, r->target);
	page_mark(p, INK_PLAIN);
	page_str(p, " ");
	for (size_t i = 0; i < row->count; i++) {
		page_str(p, " ");
		page_hop(p, row->hop[i].name, row->hop[i].state);
		if (i + 1 == row->count)
			continue;
		page_mark(p, FIXED_SPACE);
		page_str(p, page_hop_line(p));
	}
	page_end(p, 2, BOX_INDENT);
}

static void put_code(struct page *p, const struct rule *rule)
{
	if (!rule->code)
		return;
	page_mark(p, INK_DIM);
	page_str(p, rule->code);
	if (rule->symbol) {
		page_str(p, "  ");
		page_str(p, rule->symbol);
	}
	page_mark(p, INK_PLAIN);
}

static void put_head(struct page *p, const struct finding *f)
{
	bool is_warning = f->role == FINDING_WARNING;
	put_code(p, f->rule);
	page_to_aside(p);
	if (is_warning) {
		page_mark(p, INK_YELLOW);
		page_str(p, "!");
		page_mark(p, INK_PLAIN);
	} else {
		page_hop_mark(p, HOP_FAILED);
	}
	page_mark(p, FIXED_SPACE);
	page_mark(p, is_warning ? INK_PLAIN : INK_BOLD);
	page_text(p, &f->title);
	page_mark(p, INK_PLAIN);
	page_end(p, 2, BOX_INDENT);
}

static void put_also(struct page *p, const struct rule *rule)
{
	struct out_buf codes = { 0 };
	for (int i = 0; i < RULE_ALSO && rule->also[i]; i++)
		out_fmt(&codes, "%s%s", i ? ", " : "", rule->also[i]);
	out_put(&codes, "", 1);
	if (!codes.bad)
		page_say(p, N_("other Windows releases show %s"), codes.bytes);
	p->para.bad |= codes.bad;
	out_clear(&codes);
	page_item(p, 2);
}

static void put_shows(struct page *p, const struct rule *rule)
{
	page_label(p, LABEL_SHOWS);
	if (rule->windows_shows)
		page_say(p, rule->windows_shows);
	else if (rule->code)
		page_str(p, rule->code);
	if (p->para.len)
		page_item(p, 2);
	if (rule->also[0])
		put_also(p, rule);
}

static void put_more(struct page *p, size_t count)
{
	char number[24];
	(void)snprintf(number, sizeof(number), "%zu", count);
	page_say(p, N_("and %s more (all with --json)"), number);
	page_item(p, 2);
}

static void put_seen(struct page *p, const struct evidence *first)
{
	size_t count = 0, shown = 0;
	for (const struct evidence *e = first; e; e = e->next)
		count++;
	size_t most = count <= ITEMS_ALL ? count : ITEMS_SHOWN;
	page_label(p, LABEL_SEEN);
	for (const struct evidence *e = first; shown < most; e = e->next, shown++) {
		page_text(p, &e->text);
		page_item(p, 2);
	}
	if (count > shown)
		put_more(p, count - shown);
}

/* Line by line as it stands, so that it can be copied; only what is not printable is escaped. */
static void put_snippet(struct page *p, const char *snippet, size_t hang)
{
	while (*snippet) {
		size_t len = strcspn(snippet, "\n");
		for (const char *end = snippet + len; snippet < end;) {
			size_t n = strcspn(snippet, "\t\n");
			page_strn(p, snippet, n);
			snippet += n;
			if (*snippet == '\t') {
				page_str(p, "    ");
				snippet++;
			}
		}
		page_item_verbatim(p, hang);
		if (*snippet)
			snippet++;
	}
}

static void put_fixes(struct page *p, const struct fix *first)
{
	bool numbered = first && first->next;
	char number[16];
	int n = 0;
	page_label(p, LABEL_FIX);
	for (const struct fix *x = first; x; x = x->next) {
		if (numbered) {
			(void)snprintf(number, sizeof(number), "%d.", ++n);
			page_str(p, number);
			page_mark(p, FIXED_SPACE);
		}
		page_text(p, &x->text);
		page_item(p, numbered ? 3 : 0);
		if (x->snippet)
			put_snippet(p, x->snippet, numbered ? 5 : 2);
	}
}

static void put_prove(struct page *p, const char *command)
{
	page_label(p, LABEL_PROVE);
	page_str(p, command);
	page_item_verbatim(p, 0);
}

static void put_source(struct page *p, const char *source)
{
	page_label(p, LABEL_SOURCE);
	page_say(p, source);
	page_item(p, 2);
}

static void put_consequence(struct page *p, const struct finding *f)
{
	page_mark(p, INK_DIM);
	page_str(p, p->style->unicode ? "└" : "`-");
	page_mark(p, FIXED_SPACE);
	page_say(p, N_("therefore:"));
	page_str(p, " ");
	page_text(p, &f->title);
	if (f->rule->code) {
		page_str(p, " (");
		page_str(p, f->rule->code);
		page_str(p, ")");
	}
	page_mark(p, INK_PLAIN);
	page_end(p, BOX_INDENT, BOX_INDENT + 2);
}

/* A cause with what follows from it; returns the finding behind them. */
static const struct finding *put_cause(struct page *p, const struct report *r,
				       const struct finding *f)
{
	page_blank_line(p);
	put_head(p, f);
	put_shows(p, f->rule);
	put_seen(p, f->evidence);
	if (f->explanation.msgid) {
		page_label(p, LABEL_WHY);
		page_text(p, &f->explanation);
		page_item(p, 0);
	}
	put_fixes(p, f->fixes);
	if (r->prove)
		put_prove(p, r->prove);
	if (f->rule->source && strcmp(f->rule->source, "own"))
		put_source(p, f->rule->source);
	for (f = f->next; f && f->role == FINDING_CONSEQUENCE; f = f->next)
		put_consequence(p, f);
	return f;
}

static void put_warning(struct page *p, const struct finding *f)
{
	page_blank_line(p);
	put_head(p, f);
	put_seen(p, f->evidence);
	put_fixes(p, f->fixes);
}

static void put_findings(struct page *p, const struct report *r)
{
	const struct finding *f = r->diagnosis->findings;
	while (f) {
		if (f->role == FINDING_WARNING) {
			put_warning(p, f);
			f = f->next;
		} else {
			f = put_cause(p, r, f);
		}
	}
}

static void put_not_tested(struct page *p, const struct not_tested *nt)
{
	if (!nt)
		return;
	page_blank_line(p);
	page_say(p, N_("Not tested"));
	page_end(p, 2, BOX_INDENT);
	for (; nt; nt = nt->next) {
		page_hop_mark(p, HOP_NOT_TESTED);
		page_mark(p, FIXED_SPACE);
		page_text(p, &nt->what);
		page_str(p, ": ");
		page_text(p, &nt->why);
		page_end(p, BOX_INDENT, BOX_INDENT + 2);
	}
}

static void put_cut_short(struct page *p, cw_ms elapsed_ms)
{
	char seconds[SECONDS_TEXT];
	page_blank_line(p);
	page_say(p, N_("Cut short: this is what was known after %s s."),
		 seconds_text(elapsed_ms, seconds));
	page_end(p, 2, BOX_INDENT);
}

static void put_closing(struct page *p, const struct report *r, bool with_time)
{
	if (with_time) {
		page_mark(p, INK_DIM);
		page_duration(p, r->elapsed_ms);
		page_mark(p, INK_PLAIN);
		page_to_aside(p);
	}
	page_mark(p, INK_BOLD);
	page_text(p, &r->diagnosis->closing);
	page_mark(p, INK_PLAIN);
	page_end_tail(p);
}

/* What passed takes no line unless asked for: a clear way is its closing line alone. */
static void put_body(struct page *p, const struct report *r)
{
	bool with_row = r->diagnosis->verdict != VERDICT_CLEAR || p->style->timeline;
	size_t start = p->out->len;
	if (with_row)
		put_hop_row(p, r);
	if (p->style->timeline)
		timeline_put(p, r);
	put_findings(p, r);
	put_not_tested(p, fact_first_not_tested(r->facts));
	if (r->cut_short)
		put_cut_short(p, r->elapsed_ms);
	if (p->out->len > start)
		page_blank_line(p);
	put_closing(p, r, !with_row);
}

void report_paragraph(const struct cw_text *t, const struct report_style *style, size_t first,
		      size_t rest, struct out_buf *o)
{
	struct page p;
	page_init(&p, style, o);
	page_text(&p, t);
	page_end(&p, first, rest);
	page_clear(&p);
}

void report_text(const struct report *r, const struct report_style *style, struct out_buf *o)
{
	struct page p;
	page_init(&p, style, o);
	if (style->verdict_only)
		put_closing(&p, r, false);
	else
		put_body(&p, r);
	page_clear(&p);
}
