/*
 * Prints one sample: report-sample NAME json|json-indented|text [ja] [plain] [columns=N]
 * [color] [timeline] [quiet]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

static void set(struct report_style *style, const char *word)
{
	if (!strcmp(word, "ja")) {
		style->translate = sample_japanese;
		style->japanese = true;
	} else if (!strcmp(word, "plain")) {
		style->unicode = false;
	} else if (!strncmp(word, "columns=", 8)) {
		style->columns = (unsigned)strtoul(word + 8, NULL, 10);
	} else if (!strcmp(word, "color")) {
		style->color = true;
	} else if (!strcmp(word, "timeline")) {
		style->timeline = true;
	} else if (!strcmp(word, "quiet")) {
		style->verdict_only = true;
	} else {
		fprintf(stderr, "report-sample: want a style, have %s\n", word);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sample *s = argc < 3 ? NULL : sample_new(argv[1]);
	struct report_style style = { .unicode = true, .columns = 80 };
	struct out_buf out = { 0 };
	if (!s) {
		fprintf(stderr, "usage: report-sample NAME FORM [STYLE...]\n");
		return 2;
	}
	for (int i = 3; i < argc; i++)
		set(&style, argv[i]);
	if (!strcmp(argv[2], "text"))
		report_text(&s->report, &style, &out);
	else
		report_json(&s->report, style.translate, !strcmp(argv[2], "json-indented"), &out);
	bool done = !out.bad && fwrite(out.bytes, 1, out.len, stdout) == out.len;
	out_clear(&out);
	sample_free(s);
	return done ? 0 : 1;
}
