/* Paragraphs of a text report: put together clean, then folded onto the page. */
#ifndef CW_REPORT_PAGE_H
#define CW_REPORT_PAGE_H

#include "report/width.h"

struct page {
	const struct report_style *style;
	struct out_buf *out;
	struct out_buf para;  /* the paragraph that is being put together */
	struct out_buf aside; /* what stands at the right of it */
	size_t label_width;   /* widest label of a box */
	const char *label;    /* of the next item; NULL once it stands */
};

/* out is borrowed; page_clear releases the rest, and marks out bad if memory ran out. */
void page_init(struct page *p, const struct report_style *style, struct out_buf *out);
void page_clear(struct page *p);

/* Onto the end of the paragraph, in the reader's language. */
void page_text(struct page *p, const struct cw_text *t);
/* page_say(p, N_("and %s more"), n) */
#define page_say(p, ...) page_text((p), &CW_TEXT(__VA_ARGS__))
/* A string that has no translation: a name, a code, a command. */
void page_str(struct page *p, const char *s);
void page_strn(struct page *p, const char *s, size_t len);
void page_mark(struct page *p, enum mark mark);
enum { SECONDS_TEXT = 32 };
/* "0.21"; out holds at least SECONDS_TEXT bytes. Returns out. */
char *seconds_text(cw_ms ms, char *out);
/* A time, held together with its unit. */
void page_duration(struct page *p, cw_ms ms);
/* The mark of a state: passed, failed here, not reached, not tested. */
void page_hop_mark(struct page *p, enum hop_state state);
/* A hop with its mark: "●dns", or "dns ok" where the terminal cannot. */
void page_hop(struct page *p, const char *name, enum hop_state state);
/* What stands between two hops. */
const char *page_hop_line(const struct page *p);
/* Turns what was put together so far into the aside of what follows. */
void page_to_aside(struct page *p);

/* Ends the paragraph: folded lines, the first at one indent, the others at another. */
void page_end(struct page *p, size_t first, size_t rest);
/* Ends it at the margin, with the aside right behind the text if it fits there: it is not worth a
 * line of its own. */
void page_end_tail(struct page *p);
void page_blank_line(struct page *p);

/* The label of the following items, an N_() id; each label must be among page_labels. */
void page_label(struct page *p, const char *msgid);
/* Ends the paragraph as an item of a box, beside its label; hang: further indent of folded lines. */
void page_item(struct page *p, size_t hang);
void page_item_verbatim(struct page *p, size_t hang);

/* Below this many columns labels stand on a line of their own. */
enum { PAGE_NARROW = 60 };
bool page_is_narrow(const struct page *p);

#endif
