#include "cmd/help.h"

enum { COLUMN = 30 };

static void print_row(const struct app *app, const struct option_row *row)
{
	char letter[5] = "    ";
	if (row->letter) {
		letter[0] = '-';
		letter[1] = row->letter;
		letter[2] = ',';
	}
	struct cw_text help = CW_TEXT(row->help);
	const char *left = cw_arena_fmt(app->arena, "  %s--%s%s%s", letter, row->name,
					row->value ? " " : "", row->value ? row->value : "");
	(void)printf("%-*s %s\n", COLUMN, left, cw_text_render(app->arena, &help, app->translate));
}

void help_print(const struct app *app, const char *usage, const char *about,
		const struct option_row *rows, const char *examples)
{
	app_say(app, stdout, CW_TEXT(usage));
	(void)fputs("\n", stdout);
	app_say(app, stdout, CW_TEXT(about));
	(void)fputs("\n", stdout);
	app_say(app, stdout, CW_TEXT(N_("Options:")));
	for (; rows->name; rows++)
		print_row(app, rows);
	(void)fputs("\n", stdout);
	app_say(app, stdout, CW_TEXT(N_("Examples:")));
	(void)fputs(examples, stdout);
}
