/* `check`: one target, or with -f many. */
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/batch.h"
#include "cmd/check_kms.h"
#include "cmd/help.h"
#include "cmd/live.h"

struct check_one {
	struct app *app;
	const struct check_options *options;
	struct kms_target target;
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
	print_report(c, kms_target_report(&c->target, run));
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

/* The question before anything is written to a zone. */
static bool consents(const struct app *app, const char *domain)
{
	char answer[8] = "";
	struct cw_text question = CW_TEXT(
		N_("The update test adds a test record beside _vlmcs._tcp in the zone of %s and "
		   "removes it at once. Go on? [y/N]"),
		domain);
	app_complain(app, question);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* True when the run may start; *status is set otherwise. */
static bool update_is_settled(struct check_one *c, int *status)
{
	struct kms_request *req = &c->target.request;
	if (!req->update_test || c->options->yes)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		*status = app_fail(c->app,
				   CW_TEXT(N_("want --yes with --update-test where nobody can "
					      "be asked, have no terminal")));
		return false;
	}
	if (!consents(c->app, c->target.shown)) {
		app_say(c->app, stderr, CW_TEXT(N_("Nothing is written; the rest is checked.")));
		req->update_test = false;
	}
	return true;
}

static int check_kms(struct app *app, const struct check_options *o)
{
	struct check_one c = { .app = app, .options = o, .status = EXIT_TROUBLE };
	struct cw_text error;
	if (!kms_target_init(&c.target, o, system_settings(app->arena), "system", &error)) {
		kms_target_clear(&c.target);
		return app_fail(app, error);
	}
	int status = EXIT_TROUBLE;
	if (!update_is_settled(&c, &status) || !app_open(app, LIMIT_PER_ADDRESS)) {
		kms_target_clear(&c.target);
		app_close(app);
		return status;
	}
	if (io_loop_on_interrupt(app->services.loop, interrupted, &c) == CW_OK) {
		c.run = kms_target_start(&c.target, &app->services, run_done, &c);
		live_begin(&c.live, app, c.run, o);
		io_loop_run(app->services.loop);
	}
	app_close(app);
	kms_target_clear(&c.target);
	return c.status;
}

static int print_help(const struct app *app)
{
	help_print(
		app,
		N_("Usage: clearway check kms [DOMAIN] [OPTION...]\n"
		   "       clearway check -f FILE [OPTION...]"),
		N_("Walks the way that a Windows client takes to its KMS host: DNS suffixes, SRV "
		   "record, host, port, RPC. Names what is in the way."),
		check_rows,
		"  clearway check kms contoso.com\n"
		"  clearway check kms contoso.com --dns 10.0.0.10 --dns 10.0.0.11 -v\n"
		"  clearway check kms contoso.com --host kms01.contoso.com:1688\n"
		"  clearway check kms contoso.com --update-test --key kms.key\n"
		"  clearway check -f targets.txt --json > results.jsonl\n");
	return EXIT_CLEAR;
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
		return print_help(app);
	return o.file ? check_batch(app, &o) : check_kms(app, &o);
}
