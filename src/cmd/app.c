#include "cmd/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probe/web.h"
#include "report/translate.h"

static const char *environment(const char *name)
{
	return getenv(name);
}

bool app_set_language(struct app *app, const char *lang)
{
	lang = language_of_environment(lang, environment);
	app->translate = translate_for(lang);
	app->japanese = !strcmp(lang, "ja");
	return true;
}

bool app_open(struct app *app, unsigned per_address)
{
	struct run_services *s = &app->services;
	if (io_loop_new(&s->loop) == CW_OK &&
	    io_gate_new(s->loop, per_address, &s->gate) == CW_OK &&
	    dns_client_new(s->loop, s->gate, &s->dns) == CW_OK &&
	    (s->web = web_services_new()) != NULL)
		return true;
	app_fail(app, CW_TEXT(N_("cannot start: %s"), strerror(errno)));
	return false;
}

void app_close(struct app *app)
{
	struct run_services *s = &app->services;
	web_services_free(s->web);
	dns_client_free(s->dns);
	io_gate_free(s->gate);
	io_loop_free(s->loop);
	*s = (struct run_services){ 0 };
}

bool app_is_terminal(FILE *stream)
{
	const char *term = getenv("TERM");
	return isatty(fileno(stream)) && term && strcmp(term, "dumb");
}

static bool locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static unsigned terminal_columns(FILE *stream)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	if (columns && *columns) {
		long n = strtol(columns, NULL, 10);
		if (n >= 20 && n <= 1000)
			return (unsigned)n;
	}
	if (!ioctl(fileno(stream), TIOCGWINSZ, &size) && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

/* Japanese needs its characters anyway, so a Japanese report always uses the full set. */
struct report_style app_style(const struct app *app, FILE *stream, enum color_choice color)
{
	const char *no_color = getenv("NO_COLOR");
	bool terminal = app_is_terminal(stream);
	bool wanted = color == COLOR_ALWAYS ||
		      (color == COLOR_AUTO && terminal && !(no_color && *no_color));
	return (struct report_style){
		.translate = app->translate,
		.japanese = app->japanese,
		.color = wanted,
		.unicode = locale_is_utf8() || app->japanese,
		.columns = terminal ? terminal_columns(stream) : 100,
	};
}

void app_say(const struct app *app, FILE *stream, struct cw_text text)
{
	(void)fprintf(stream, "%s\n", cw_text_render(app->arena, &text, app->translate));
}

void app_complain(const struct app *app, struct cw_text text)
{
	struct report_style style = app_style(app, stderr, COLOR_NEVER);
	struct out_buf o = { 0 };
	style.columns = 0;
	report_paragraph(&text, &style, 0, 0, &o);
	(void)fwrite(o.bytes, 1, o.len, stderr);
	out_clear(&o);
}

int app_fail(const struct app *app, struct cw_text text)
{
	(void)fputs("clearway: ", stderr);
	app_complain(app, text);
	return EXIT_TROUBLE;
}

bool app_write(const struct app *app, FILE *stream, const char *what, const struct out_buf *o)
{
	if (o->bad) {
		app_fail(app, CW_TEXT(N_("out of memory for %s"), what));
		return false;
	}
	errno = 0;
	bool ok = fwrite(o->bytes, 1, o->len, stream) == o->len && !fflush(stream);
	/* A reader that has seen enough (head) is no trouble worth words. */
	if (!ok && errno != EPIPE)
		app_fail(app, CW_TEXT(N_("cannot write %s: %s"), what, strerror(errno)));
	return ok;
}

int app_finish_output(const struct app *app)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_CLEAR;
	return app_fail(app, CW_TEXT(N_("cannot write to standard output")));
}

int verdict_exit(enum verdict v)
{
	static const int status[] = {
		[VERDICT_UNDETERMINED] = EXIT_UNDETERMINED,
		[VERDICT_CLEAR] = EXIT_CLEAR,
		[VERDICT_CAUSE_FOUND] = EXIT_CAUSE,
	};
	return status[v];
}
