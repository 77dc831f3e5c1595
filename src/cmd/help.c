#include "cmd/help.h"

#include <string.h>

enum { COLUMN = 31 };

/* The option stands in the indent of its text; a long one on a line of its own above it. */
static void print_row(const struct app *app, const struct option_row *row,
		      const struct report_style *style)
{
	char letter[] = "    ";
	struct cw_text help = CW_TEXT(row->help);
	struct out_buf text = { 0 };
	if (row->letter) {
		letter[0] = '-';
		letter[1] = row->letter;
		letter[2] = ',';
	}
	const char *left = cw_arena_fmt(app->arena, "  %s--%s%s%s", letter, row->name,
					row->value ? " " : "", row->value ? row->value : "");
	size_t len = strlen(left);
	if (len >= COLUMN)
		(void)printf("%s\n", left);
	report_paragraph(&help, style, COLUMN, COLUMN, &text);
	if (len < COLUMN && text.len > len)
		memcpy(text.bytes, left, len);
	(void)app_write(app, stdout, "the help", &text);
	out_clear(&text);
}

static void print_paragraph(const struct app *app, const char *msgid,
			    const struct report_style *style)
{
	struct cw_text t = CW_TEXT(msgid);
	struct out_buf text = { 0 };
	report_paragraph(&t, style, 0, 0, &text);
	(void)app_write(app, stdout, "the help", &text);
	out_clear(&text);
}

void help_print(const struct app *app, const char *usage, const char *about,
		const struct option_row *rows, const char *examples)
{
	struct report_style style = app_style(app, stdout, COLOR_NEVER);
	app_say(app, stdout, CW_TEXT(usage));
	(void)fputs("\n", stdout);
	print_paragraph(app, about, &style);
	(void)fputs("\n", stdout);
	app_say(app, stdout, CW_TEXT(N_("Options:")));
	for (; rows->name; rows++)
		print_row(app, rows, &style);
	(void)fputs("\n", stdout);
	app_say(app, stdout, CW_TEXT(N_("Examples:")));
	(void)fputs(examples, stdout);
}
