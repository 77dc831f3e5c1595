/* `lab`: faulty and healthy services on loopback, and Clearway run against them. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cmd/help.h"
#include "cmd/lab_expect.h"
#include "cmd/target.h"
#include "io/settings.h"
#include "lab/builtin.h"

enum { NAMES_MOST = 512 };

struct lab_options {
	bool verbose, quiet, help;
	const char *lang;
	enum color_choice color;
	long rtt_ms;
	size_t name_count;
	const char *name[NAMES_MOST]; /* the first one is the verb */
};

enum option_id { OPT_RTT = 1, OPT_LANG, OPT_COLOR, OPT_VERBOSE, OPT_QUIET, OPT_HELP };

/* clang-format off */
static const struct option_row lab_rows[] = {
	{ OPT_RTT, "rtt", 0, "MS", N_("delay every answer of the lab's servers by this much") },
	{ OPT_LANG, "lang", 0, "en|ja", N_("language of the report (default: the locale's)") },
	{ OPT_COLOR, "color", 0, "auto|always|never", N_("colours (default auto)") },
	{ OPT_VERBOSE, "verbose", 'v', NULL, N_("show every probe on a timeline") },
	{ OPT_QUIET, "quiet", 'q', NULL, N_("one line for each scenario") },
	{ OPT_HELP, "help", 'h', NULL, N_("show this help") },
	{ 0 },
};
/* clang-format on */

static bool take_option(void *ctx, const struct option_row *row, const char *value,
			struct cw_text *error)
{
	struct lab_options *o = ctx;
	switch (row->id) {
	case OPT_RTT:
		if (option_number(value, 0, 60000, &o->rtt_ms))
			return true;
		*error = CW_TEXT(N_("want --rtt from 0 to 60000 milliseconds, have %s"), value);
		return false;
	case OPT_LANG:
		o->lang = value;
		return check_lang_is_known(value, error);
	case OPT_COLOR:
		return check_color_read(value, &o->color, error);
	case OPT_VERBOSE:
		o->verbose = true;
		return true;
	case OPT_QUIET:
		o->quiet = true;
		return true;
	default:
		o->help = true;
		return true;
	}
}

static bool take_operand(void *ctx, const char *word, struct cw_text *error)
{
	struct lab_options *o = ctx;
	if (o->name_count == NAMES_MOST) {
		*error = CW_TEXT(N_("want at most 511 scenarios, have more"));
		return false;
	}
	o->name[o->name_count++] = word;
	return true;
}

/* One scenario under way. */
struct bench {
	struct app *app;
	const struct lab_options *options;
	struct cw_arena *arena;
	const struct scenario *scenario;
	struct lab *lab;
	struct run *run;
	bool interrupted;
};

static void stop_loop(void *ctx)
{
	struct bench *b = ctx;
	io_loop_stop(b->app->services.loop);
}

static void run_done(void *ctx, struct run *run)
{
	(void)run;
	stop_loop(ctx);
}

static void interrupted(void *ctx)
{
	struct bench *b = ctx;
	b->interrupted = true;
	if (b->run)
		run_cut_short(b->run);
	else
		stop_loop(b);
}

/* The text of a scenario: built in, or a file. */
static bool load(struct bench *b, const char *name, struct cw_text *error)
{
	char why[512];
	const char *system_error;
	size_t len;
	const struct lab_builtin *builtin = lab_builtin_find(name);
	char *text = NULL;
	if (!builtin && io_read_file(name, b->arena, &text, &len, &system_error) != CW_OK) {
		*error =
			CW_TEXT(N_("want a scenario of `clearway lab list` or a file, have %s: %s"),
				name, system_error);
		return false;
	}
	if (builtin)
		len = builtin->len;
	if (scenario_parse(builtin ? builtin->text : text, len, name, b->arena, &b->scenario, why,
			   sizeof(why)) == CW_OK)
		return true;
	*error = CW_TEXT("%s", cw_arena_str(b->arena, why));
	return false;
}

/* The client of the scenario in place of this machine's own settings. */
static const struct resolver_settings *client_settings(struct bench *b,
						       const struct scenario_run *run)
{
	struct scenario_client c = scenario_client_of(b->scenario, run);
	struct resolver_settings *s = cw_arena_new_of(b->arena, struct resolver_settings);
	s->outcome = CW_OUT_OK;
	s->path = "/etc/resolv.conf";
	s->no_ipv6 = c.no_ipv6;
	if (c.resolver == SETTING_UNREADABLE || c.suffix == SETTING_UNREADABLE) {
		s->outcome = CW_OUT_UNREADABLE;
		s->error = "Permission denied";
		return s;
	}
	for (size_t i = 0; i < c.resolvers.count && s->server_count < RESOLVERS_MOST; i++) {
		const char *text = lab_expand(b->lab, b->arena, c.resolvers.word[i]);
		if (text && cw_addr_parse_port(text, 53, &s->server[s->server_count]))
			s->server_count++;
	}
	for (size_t i = 0; i < c.suffixes.count; i++)
		resolver_settings_add_suffix(s, b->arena, c.suffixes.word[i]);
	return s;
}

static const char *const *expand_words(struct bench *b, const struct scenario_run *run)
{
	const char **words = cw_arena_array_of(b->arena, const char *, run->args.count + 1);
	for (size_t i = 0; i < run->args.count; i++) {
		words[i] = lab_expand(b->lab, b->arena, run->args.word[i]);
		if (!words[i])
			return NULL;
	}
	return words;
}

/* The target of one run line. The line begins with "check". */
static bool make_target(struct bench *b, const struct scenario_run *run, struct check_options *o,
			struct target *target, struct cw_text *error)
{
	const char *const *words = expand_words(b, run);
	*target = (struct target){ 0 };
	if (!words || run->args.count < 2 || strcmp(words[0], "check")) {
		*error = CW_TEXT(N_("want run check kms ..., have another command"));
		return false;
	}
	if (!check_options_read(b->arena, run->args.count - 1, words + 1, o, error))
		return false;
	if (!o->kind || o->help || o->file) {
		*error = CW_TEXT(N_("want run check with a target, have none"));
		return false;
	}
	if (!target_init(target, o, client_settings(b, run), "lab", error))
		return false;
	o->yes = true; /* the lab's zones are there to be written to */
	return o->kind->asks_nothing(target, o, error);
}

static void write_text(struct bench *b, const struct out_buf *out)
{
	(void)app_write(b->app, stdout, "the report", out);
}

static void print_run(struct bench *b, const struct target *target, const struct report *r)
{
	struct report_style style = app_style(b->app, stdout, b->options->color);
	struct out_buf out = { 0 };
	style.timeline = b->options->verbose;
	out_fmt(&out, "$ %s\n", target->command_line);
	report_text(r, &style, &out);
	out_str(&out, "\n");
	write_text(b, &out);
	out_clear(&out);
}

static void print_failures(struct bench *b, unsigned line, const struct lab_failure *f)
{
	for (; f; f = f->next)
		(void)printf("  %s:%u: %s\n", b->scenario->file, f->line ? f->line : line,
			     cw_text_render(b->arena, &f->text, b->app->translate));
}

/* Holds one finished run against its expectations; true when all of them are met. */
static bool judge_run(struct bench *b, const struct scenario_run *run, const struct target *target,
		      const struct report *r)
{
	struct report_style plain = { .unicode = true };
	struct out_buf text = { 0 };
	report_text(r, &plain, &text);
	out_put(&text, "", 1);
	struct lab_result result = {
		.report = r,
		.text = text.bad ? "" : text.bytes,
		.exit = verdict_exit(r->diagnosis->verdict),
	};
	const struct lab_failure *failure = lab_expect(b->lab, run, &result, b->arena);
	out_clear(&text);
	if (!b->options->quiet || failure)
		print_run(b, target, r);
	print_failures(b, run->line, failure);
	return !failure;
}

static bool do_run(struct bench *b, const struct scenario_run *run)
{
	struct check_options o;
	struct target target;
	struct cw_text error;
	if (!make_target(b, run, &o, &target, &error)) {
		target_clear(&target);
		(void)printf("  %s:%u: %s\n", b->scenario->file, run->line,
			     cw_text_render(b->arena, &error, b->app->translate));
		return false;
	}
	b->run = target_start(&target, &b->app->services, run_done, b);
	io_loop_run(b->app->services.loop);
	bool ok = judge_run(b, run, &target, target_report(&target, b->run));
	run_free(b->run);
	b->run = NULL;
	target_clear(&target);
	return ok;
}

static void close_lab(struct bench *b)
{
	lab_close(b->lab, stop_loop, b);
	io_loop_run(b->app->services.loop);
	b->lab = NULL;
}

static void say_result(struct bench *b, bool ok)
{
	struct cw_text text = ok ? CW_TEXT(N_("As expected: %s"), b->scenario->name)
				 : CW_TEXT(N_("Not as expected: %s"), b->scenario->name);
	app_say(b->app, stdout, text);
}

static bool open_lab(struct bench *b, const char *name, int *status)
{
	char why[256];
	struct cw_text error;
	if (!load(b, name, &error)) {
		*status = app_fail(b->app, error);
		return false;
	}
	enum cw_ec ec = lab_open(b->app->services.loop, b->scenario, &b->lab, why, sizeof(why));
	if (ec == CW_OK) {
		lab_set_rtt(b->lab, b->options->rtt_ms);
		return true;
	}
	struct cw_text cannot =
		CW_TEXT(N_("cannot open %s: %s"), b->scenario->name, cw_arena_str(b->arena, why));
	*status = app_fail(b->app, cannot);
	if (ec == CW_EUNSUPPORTED)
		*status = EXIT_UNDETERMINED;
	return false;
}

/* EXIT_CLEAR: as expected; EXIT_CAUSE: not so; EXIT_UNDETERMINED: not possible on this machine. */
static int run_scenario(struct app *app, const struct lab_options *o, const char *name)
{
	struct bench b = { .app = app, .options = o, .arena = cw_arena_new() };
	int status = EXIT_CLEAR;
	bool ok = true;
	(void)io_loop_on_interrupt(app->services.loop, interrupted, &b);
	if (open_lab(&b, name, &status)) {
		for (const struct scenario_run *r = b.scenario->runs; r && !b.interrupted;
		     r = r->next)
			ok &= do_run(&b, r);
		close_lab(&b);
		say_result(&b, ok);
		status = b.interrupted ? EXIT_UNDETERMINED : ok ? EXIT_CLEAR : EXIT_CAUSE;
	}
	cw_arena_free(b.arena);
	return status;
}

/* Trouble of our own before a failed expectation before what this machine cannot show. */
static int worse(int a, int b)
{
	static const int rank[] = {
		[EXIT_CLEAR] = 0, [EXIT_UNDETERMINED] = 1, [EXIT_CAUSE] = 2, [EXIT_TROUBLE] = 3
	};
	return rank[a] > rank[b] ? a : b;
}

static int lab_run(struct app *app, const struct lab_options *o)
{
	int status = EXIT_CLEAR;
	if (o->name_count < 2)
		return app_fail(app, CW_TEXT(N_("want lab run SCENARIO... (see clearway lab list), "
						"have no scenario")));
	for (size_t i = 1; i < o->name_count; i++) {
		if (strcmp(o->name[i], "all")) {
			status = worse(status, run_scenario(app, o, o->name[i]));
			continue;
		}
		for (size_t k = 0; k < lab_builtin_count; k++)
			status = worse(status, run_scenario(app, o, lab_builtins[k].name));
	}
	return status;
}

static void print_up(struct bench *b)
{
	char text[CW_ADDR_TEXT];
	struct cw_addr addr;
	for (const struct scenario_server *s = b->scenario->servers; s; s = s->next)
		if (lab_server_addr(b->lab, s->name, &addr))
			(void)printf("  %-12s %s\n", s->name, cw_addr_port_text(&addr, text));
	(void)fputs("\n", stdout);
	for (const struct scenario_run *r = b->scenario->runs; r; r = r->next) {
		struct check_options o;
		struct target target;
		struct cw_text error;
		if (make_target(b, r, &o, &target, &error)) {
			/* The client's settings become options, for this machine has others. */
			(void)printf("  %s", target.command_line);
			for (size_t i = 0; !o.server_count && i < target.settings->server_count;
			     i++)
				(void)printf(" --dns %s",
					     cw_addr_port_text(&target.settings->server[i], text));
			(void)fputs("\n", stdout);
		}
		target_clear(&target);
	}
}

static int lab_up(struct app *app, const struct lab_options *o)
{
	int status = EXIT_CLEAR;
	if (o->name_count != 2)
		return app_fail(app, CW_TEXT(N_("want lab up SCENARIO with one scenario")));
	struct bench b = { .app = app, .options = o, .arena = cw_arena_new() };
	(void)io_loop_on_interrupt(app->services.loop, interrupted, &b);
	if (open_lab(&b, o->name[1], &status)) {
		print_up(&b);
		app_say(app, stdout, CW_TEXT(N_("The lab is up. Ctrl-C ends it.")));
		(void)fflush(stdout);
		if (!b.interrupted)
			io_loop_run(app->services.loop);
		close_lab(&b);
	}
	cw_arena_free(b.arena);
	return status;
}

static int lab_list(struct app *app)
{
	for (size_t i = 0; i < lab_builtin_count; i++) {
		struct cw_arena *a = cw_arena_new();
		const struct scenario *s;
		char why[512];
		if (scenario_parse(lab_builtins[i].text, lab_builtins[i].len, lab_builtins[i].name,
				   a, &s, why, sizeof(why)) == CW_OK)
			(void)printf("%-34s %s\n", s->name, s->about ? s->about : "");
		else
			app_fail(app, CW_TEXT("%s", why));
		cw_arena_free(a);
	}
	return EXIT_CLEAR;
}

static int print_help(const struct app *app)
{
	return help_print(
		app,
		N_("Usage: clearway lab list\n"
		   "       clearway lab run SCENARIO... [OPTION...]\n"
		   "       clearway lab up SCENARIO [OPTION...]"),
		N_("Opens the servers of a scenario on loopback, healthy or with faults. run lets "
		   "Clearway look at them and says whether it found what the scenario expects; up "
		   "keeps them open for trying. SCENARIO is a name of the list, a file, or all."),
		lab_rows,
		"  clearway lab list\n"
		"  clearway lab run company\n"
		"  clearway lab run kms/srv-missing -v\n"
		"  clearway lab up kms/port-blocked\n");
}

static int run_verb(struct app *app, const struct lab_options *o)
{
	if (!o->name_count)
		return app_fail(app, CW_TEXT(N_("want lab list, run or up, have nothing")));
	if (!strcmp(o->name[0], "list"))
		return lab_list(app);
	bool run = !strcmp(o->name[0], "run"), up = !strcmp(o->name[0], "up");
	if (!run && !up)
		return app_fail(app, CW_TEXT(N_("want lab list, run or up, have %s"), o->name[0]));
	if (!app_open(app, LIMIT_PER_ADDRESS))
		return EXIT_TROUBLE;
	int status = run ? lab_run(app, o) : lab_up(app, o);
	app_close(app);
	return status;
}

int cmd_lab(struct app *app, size_t count, const char *const *words)
{
	struct lab_options *o = cw_arena_new_of(app->arena, struct lab_options);
	struct option_reader reader = {
		.rows = lab_rows,
		.option = take_option,
		.operand = take_operand,
		.ctx = o,
	};
	struct cw_text error;
	bool ok = options_read(&reader, count, words, &error);
	if (o->lang)
		app_set_language(app, o->lang);
	if (!ok)
		return app_fail(app, error);
	return o->help ? print_help(app) : run_verb(app, o);
}
