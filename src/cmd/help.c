#include "cmd/help.h"

#include <string.h>

enum { COLUMN = 31 };

struct help {
	const struct app *app;
	struct report_style style;
	struct out_buf out;
};

static void put_line(struct help *h, const char *msgid)
{
	struct cw_text t = CW_TEXT(msgid);
	out_str(&h->out, cw_text_render(h->app->arena, &t, h->app->translate));
	out_str(&h->out, "\n");
}

/* The option stands in the indent of its text; a long one on a line of its own above it. */
static void put_row(struct help *h, const struct option_row *row)
{
	char letter[] = "    ";
	struct cw_text about = CW_TEXT(row->help);
	if (row->letter) {
		letter[0] = '-';
		letter[1] = row->letter;
		letter[2] = ',';
	}
	const char *left = cw_arena_fmt(h->app->arena, "  %s--%s%s%s", letter, row->name,
					row->value ? " " : "", row->value ? row->value : "");
	size_t len = strlen(left);
	if (len >= COLUMN)
		out_fmt(&h->out, "%s\n", left);
	size_t start = h->out.len;
	report_paragraph(&about, &h->style, COLUMN, COLUMN, &h->out);
	if (len < COLUMN && h->out.len - start > len)
		memcpy(h->out.bytes + start, left, len);
}

int help_print(const struct app *app, const char *usage, const char *about,
	       const struct option_row *rows, const char *examples)
{
	struct help h = { .app = app, .style = app_style(app, stdout, COLOR_NEVER) };
	struct cw_text paragraph = CW_TEXT(about);
	put_line(&h, usage);
	out_str(&h.out, "\n");
	report_paragraph(&paragraph, &h.style, 0, 0, &h.out);
	out_str(&h.out, "\n");
	put_line(&h, N_("Options:"));
	for (; rows->name; rows++)
		put_row(&h, rows);
	out_str(&h.out, "\n");
	put_line(&h, N_("Examples:"));
	out_str(&h.out, examples);
	bool ok = app_write(app, stdout, "the help", &h.out);
	out_clear(&h.out);
	return ok ? EXIT_CLEAR : EXIT_TROUBLE;
}
