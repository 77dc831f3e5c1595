/*
 * `check -f FILE`: every line a target, as many at once as --jobs says. Each
 * result is a line of JSON on standard output as soon as it is there; on a
 * terminal the summary alone is shown, unless --json asks for the lines.
 */
#include "cmd/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cmd/check_web.h"
#include "cmd/live.h"
#include "cmd/target.h"
#include "cmd/words.h"
#include "io/settings.h"

struct job {
	struct batch *batch;
	struct target target;
	struct check_options options;
	struct run *run;
	struct job *prev, *next;
};

struct batch {
	struct app *app;
	const struct check_options *options;
	const struct resolver_settings *settings;
	const char *file;
	const char *at, *end; /* of the list, what is not read yet */
	unsigned line, total;
	unsigned jobs_most, running, bad_lines;
	struct job *jobs;
	struct batch_summary *summary;
	struct ca_shelf *shelf;
	struct out_buf out;
	bool json_lines, stopping, write_failed, topping_up;
	struct live_batch live;
	struct io_timer flush;
};

enum { OUT_CHUNK = 1 << 16 };

static void flush_out(struct batch *b)
{
	if (!b->out.len || b->write_failed)
		return;
	b->write_failed = !app_write(b->app, stdout, "the results", &b->out);
	out_reset(&b->out);
	if (b->write_failed)
		b->stopping = true;
}

static void flush_in_turn(void *ctx)
{
	flush_out(ctx);
}

static void bad_line(struct batch *b, struct cw_text error)
{
	b->bad_lines++;
	live_batch_hide(&b->live);
	struct cw_text at = { .msgid = "%s:%s: %s",
			      .arg = { b->file, cw_arena_fmt(b->app->arena, "%u", b->line) },
			      .inner = { &error } };
	app_complain(b->app, at);
}

static void job_free(struct job *j)
{
	target_clear(&j->target);
	cw_arena_free(j->options.arena);
	free(j);
}

static void top_up(struct batch *b);

static void job_done(void *ctx, struct run *run)
{
	struct job *j = ctx;
	struct batch *b = j->batch;
	const struct report *r = target_report(&j->target, run);
	if (b->json_lines)
		report_json(r, b->app->translate, false, &b->out);
	batch_summary_add(b->summary, r);
	run_free(run);
	if (j->next)
		j->next->prev = j->prev;
	if (j->prev)
		j->prev->next = j->next;
	else
		b->jobs = j->next;
	b->running--;
	job_free(j);
	top_up(b);
	/* A result is shown as it comes: at the end of the loop's turn, so that hundreds that come
	 * at once share a write. */
	if (b->out.len >= OUT_CHUNK)
		flush_out(b);
	else
		io_timer_set(b->app->services.loop, &b->flush, io_loop_now(b->app->services.loop));
	if (!b->running)
		io_loop_stop(b->app->services.loop);
}

/* Options that belong to the whole command cannot stand in a line. */
static bool line_is_allowed(const struct check_options *o, struct cw_text *error)
{
	if (o->file || o->jobs || o->json || o->lang || o->verbose || o->quiet || o->help) {
		*error = CW_TEXT(N_("want a target and its options, have an option of the whole "
				    "command (-f, --jobs, --json, --lang, -v, -q)"));
		return false;
	}
	return true;
}

static struct job *job_new(struct batch *b, const char *text, size_t len, struct cw_text *error)
{
	struct job *j = calloc(1, sizeof(*j));
	if (!j) {
		*error = CW_TEXT(N_("out of memory for this target"));
		return NULL;
	}
	struct cw_arena *a = cw_arena_new();
	size_t count_of_words;
	const char *const *words;
	j->batch = b;
	j->options.arena = a;
	if (words_split(a, text, len, &count_of_words, &words, error) &&
	    check_options_read(a, count_of_words, words, &j->options, error) &&
	    line_is_allowed(&j->options, error)) {
		if (!j->options.timeout_s)
			j->options.timeout_s = b->options->timeout_s;
		j->options.shelf = b->shelf;
		if (target_init(&j->target, &j->options, b->settings, "system", error) &&
		    j->options.kind->asks_nothing(&j->target, &j->options, error))
			return j;
	}
	struct cw_text kept = *error;
	bad_line(b, kept);
	error->msgid = NULL;
	job_free(j);
	return NULL;
}

static void start_job(struct batch *b, struct job *j)
{
	j->next = b->jobs;
	if (b->jobs)
		b->jobs->prev = j;
	b->jobs = j;
	b->running++;
	j->run = target_start(&j->target, &b->app->services, job_done, j);
}

/* The next line that is neither blank nor a comment; false at the end of the list. */
static bool next_line(struct batch *b, const char **text, size_t *len)
{
	while (b->at < b->end) {
		const char *newline = memchr(b->at, '\n', (size_t)(b->end - b->at));
		const char *stop = newline ? newline : b->end;
		*text = b->at;
		*len = (size_t)(stop - b->at);
		b->at = newline ? newline + 1 : b->end;
		b->line++;
		while (*len && strchr(" \t\r", (*text)[*len - 1]) && (*text)[*len - 1])
			(*len)--;
		while (*len && strchr(" \t", **text) && **text) {
			(*text)++;
			(*len)--;
		}
		if (*len && **text != '#')
			return true;
	}
	return false;
}

static void top_up(struct batch *b)
{
	const char *text;
	size_t len;
	if (b->topping_up)
		return;
	b->topping_up = true;
	while (!b->stopping && b->running < b->jobs_most && next_line(b, &text, &len)) {
		struct cw_text error = { 0 };
		if (len > LIMIT_BATCH_LINE) {
			bad_line(b,
				 CW_TEXT(N_("want a line of at most 4096 characters, have a longer "
					    "one")));
			continue;
		}
		struct job *j = job_new(b, text, len, &error);
		if (j)
			start_job(b, j);
		else if (error.msgid)
			bad_line(b, error);
	}
	b->topping_up = false;
}

static void interrupted(void *ctx)
{
	struct batch *b = ctx;
	b->stopping = true;
	for (struct job *j = b->jobs, *next; j; j = next) {
		next = j->next;
		run_cut_short(j->run);
	}
}

static unsigned count_targets(const struct batch *b)
{
	struct batch copy = *b;
	const char *text;
	size_t len;
	unsigned n = 0;
	while (next_line(&copy, &text, &len))
		n++;
	return n;
}

/* Targets that were never started, after an interruption. */
static unsigned unchecked(const struct batch *b)
{
	struct batch_counts c = batch_summary_counts(b->summary);
	return b->total - b->bad_lines - (unsigned)(c.clear + c.cause_found + c.undetermined);
}

static bool print_summary(struct batch *b)
{
	struct out_buf out = { 0 };
	FILE *stream = b->json_lines ? stderr : stdout;
	struct report_style style = app_style(b->app, stream, b->options->color);
	style.verdict_only = b->options->quiet;
	batch_summary_text(b->summary, &style, &out);
	bool ok = app_write(b->app, stream, "the summary", &out);
	out_clear(&out);
	if (unchecked(b))
		app_say(b->app, stderr,
			CW_TEXT(N_("Cut short: %s of %s targets were not checked."),
				cw_arena_fmt(b->app->arena, "%u", unchecked(b)),
				cw_arena_fmt(b->app->arena, "%u", b->total)));
	return ok;
}

/* The worst target decides; a line that could not be read, or trouble of our own, is 2. */
static int batch_status(const struct batch *b)
{
	struct batch_counts c = batch_summary_counts(b->summary);
	if (b->bad_lines || b->write_failed)
		return EXIT_TROUBLE;
	if (c.cause_found)
		return EXIT_CAUSE;
	return c.undetermined || unchecked(b) ? EXIT_UNDETERMINED : EXIT_CLEAR;
}

static int run_batch(struct batch *b)
{
	if (!app_open(b->app, LIMIT_PER_ADDRESS))
		return EXIT_TROUBLE;
	b->total = count_targets(b);
	if (io_loop_on_interrupt(b->app->services.loop, interrupted, b) != CW_OK) {
		app_close(b->app);
		return EXIT_TROUBLE;
	}
	live_batch_begin(&b->live, b->app, b->summary, b->total, b->options);
	b->flush = (struct io_timer){ .fire = flush_in_turn, .ctx = b };
	top_up(b);
	if (b->running)
		io_loop_run(b->app->services.loop);
	live_batch_end(&b->live);
	io_timer_stop(b->app->services.loop, &b->flush);
	flush_out(b);
	bool said = print_summary(b);
	app_close(b->app);
	out_clear(&b->out);
	return said ? batch_status(b) : EXIT_TROUBLE;
}

int check_batch(struct app *app, const struct check_options *o)
{
	struct batch b = {
		.app = app,
		.options = o,
		.settings = system_settings(app->arena),
		.file = strcmp(o->file, "-") ? o->file : "standard input",
		.jobs_most = o->jobs ? (unsigned)o->jobs : LIMIT_JOBS,
		.summary = batch_summary_new(app->arena),
		.json_lines = o->json || !app_is_terminal(stdout),
	};
	char *text;
	size_t len;
	const char *error;
	if (io_read_list(o->file, app->arena, &text, &len, &error) != CW_OK)
		return app_fail(app, CW_TEXT(N_("want a list of targets in %s, cannot read it: %s"),
					     b.file, error));
	b.at = text;
	b.end = text + len;
	b.shelf = ca_shelf_new();
	int status = run_batch(&b);
	ca_shelf_free(b.shelf);
	return status;
}
