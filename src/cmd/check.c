/* `check`: one target, or with -f many. */
#include "base/limits.h"
#include "cmd/batch.h"
#include "cmd/help.h"
#include "cmd/live.h"
#include "cmd/target.h"

struct check_one {
	struct app *app;
	const struct check_options *options;
	struct target target;
	struct run *run;
	struct live live;
	int status;
};

static void print_report(struct check_one *c, const struct report *r)
{
	struct out_buf out = { 0 };
	struct report_style style = app_style(c->app, stdout, c->options->color);
	style.timeline = c->options->verbose;
	style.verdict_only = c->options->quiet;
	if (style.verdict_only)
		style.columns = 0; /* the line that a script takes */
	if (c->options->json)
		report_json(r, c->app->translate, true, &out);
	else
		report_text(r, &style, &out);
	c->status = verdict_exit(r->diagnosis->verdict);
	if (!app_write(c->app, stdout, "the report", &out))
		c->status = EXIT_TROUBLE;
	out_clear(&out);
}

static void run_done(void *ctx, struct run *run)
{
	struct check_one *c = ctx;
	live_end(&c->live);
	print_report(c, target_report(&c->target, run));
	run_free(run);
	c->run = NULL;
	io_loop_stop(c->app->services.loop);
}

static void interrupted(void *ctx)
{
	struct check_one *c = ctx;
	if (c->run)
		run_cut_short(c->run);
}

static int check_one(struct app *app, const struct check_options *o)
{
	struct check_one c = { .app = app, .options = o, .status = EXIT_TROUBLE };
	struct cw_text error;
	if (!target_init(&c.target, o, system_settings(app->arena), "system", &error)) {
		target_clear(&c.target);
		return app_fail(app, error);
	}
	int status = EXIT_TROUBLE;
	if (!o->kind->ask(&c.target, app, o, &status) || !app_open(app, LIMIT_PER_ADDRESS)) {
		target_clear(&c.target);
		app_close(app);
		return status;
	}
	if (io_loop_on_interrupt(app->services.loop, interrupted, &c) == CW_OK) {
		c.run = target_start(&c.target, &app->services, run_done, &c);
		live_begin(&c.live, app, c.run, o);
		io_loop_run(app->services.loop);
	}
	app_close(app);
	target_clear(&c.target);
	return c.status;
}

/* Without a kind of target: which there are, and the options that all of them take. */
static int print_overview(const struct app *app)
{
	return help_print(
		app,
		N_("Usage: clearway check kms [DOMAIN] [OPTION...]\n"
		   "       clearway check sstp HOST[:PORT] [OPTION...]\n"
		   "       clearway check activation [URL...] [OPTION...]\n"
		   "       clearway check -f FILE [OPTION...]"),
		N_("Finds out what is in the way of a Windows machine: to its KMS host, to its "
		   "SSTP "
		   "server, to activation over the Internet. Each has options of its own, see "
		   "clearway check kms --help and so on; these are for all of them."),
		check_rows(app->arena, 0),
		"  clearway check kms contoso.com\n"
		"  clearway check sstp vpn.contoso.com\n"
		"  clearway check activation --proxy http://proxy.contoso.com:3128\n"
		"  clearway check -f targets.txt --json > results.jsonl\n");
}

static int print_help(const struct app *app, const struct target_kind *k)
{
	if (!k)
		return print_overview(app);
	return help_print(app, k->usage, k->about, check_rows(app->arena, k->bit), k->examples);
}

int cmd_check(struct app *app, size_t count, const char *const *words)
{
	struct check_options o;
	struct cw_text error;
	bool ok = check_options_read(app->arena, count, words, &o, &error);
	if (o.lang)
		app_set_language(app, o.lang);
	if (!ok)
		return app_fail(app, error);
	if (o.help)
		return print_help(app, o.kind);
	return o.file ? check_batch(app, &o) : check_one(app, &o);
}
