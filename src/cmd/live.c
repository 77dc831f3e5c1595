#include "cmd/live.h"

#include "report/progress.h"

enum { REDRAW_MS = 100, PENDING_MOST = 32 };

static void draw(const struct out_buf *line)
{
	/* To the line's start, wipe it, write anew (ECMA-48 EL). */
	(void)fprintf(stderr, "\r\x1b[K%.*s", (int)line->len, line->bytes ? line->bytes : "");
	(void)fflush(stderr);
}

static void wipe(bool *drawn)
{
	static const struct out_buf nothing;
	if (*drawn)
		draw(&nothing);
	*drawn = false;
}

static void redraw(void *ctx)
{
	struct live *l = ctx;
	struct progress_probe pending[PENDING_MOST];
	struct hop_row hops = { 0 };
	struct report_style style = app_style(l->app, stderr, COLOR_AUTO);
	struct out_buf line = { 0 };
	struct cw_arena *a = cw_arena_new();
	size_t count = 0;
	cw_ms now = io_loop_now(l->app->services.loop);
	for (const struct run_task *t = run_first_task(l->run); t && count < PENDING_MOST;
	     t = t->next)
		pending[count++] =
			(struct progress_probe){ t->hop, t->what(t, a), now - t->started };
	l->family->hops(run_facts(l->run), NULL, &hops);
	struct progress p = {
		.target = "",
		.hops = &hops,
		.pending = pending,
		.pending_count = count,
		.elapsed_ms = run_elapsed_ms(l->run),
	};
	progress_line(&p, &style, &line);
	draw(&line);
	out_clear(&line);
	cw_arena_free(a);
	l->drawn = true;
	io_timer_set(l->app->services.loop, &l->timer, now + REDRAW_MS);
}

void live_begin(struct live *l, struct app *app, struct run *run, const struct check_options *o)
{
	*l = (struct live){ .app = app, .family = o->kind->family };
	if (o->quiet || !app_is_terminal(stderr))
		return;
	l->run = run;
	l->timer = (struct io_timer){ .fire = redraw, .ctx = l };
	io_timer_set(app->services.loop, &l->timer, io_loop_now(app->services.loop) + REDRAW_MS);
}

void live_end(struct live *l)
{
	if (!l->run)
		return;
	io_timer_stop(l->app->services.loop, &l->timer);
	wipe(&l->drawn);
	l->run = NULL;
}

static void redraw_batch(void *ctx)
{
	struct live_batch *l = ctx;
	struct report_style style = app_style(l->app, stderr, COLOR_AUTO);
	struct out_buf line = { 0 };
	cw_ms now = io_loop_now(l->app->services.loop);
	struct progress_batch p = {
		.total = l->total,
		.counts = batch_summary_counts(l->summary),
		.elapsed_ms = now - l->started,
	};
	progress_batch_line(&p, &style, &line);
	draw(&line);
	out_clear(&line);
	l->drawn = true;
	io_timer_set(l->app->services.loop, &l->timer, now + REDRAW_MS);
}

void live_batch_begin(struct live_batch *l, struct app *app, const struct batch_summary *summary,
		      unsigned total, const struct check_options *o)
{
	*l = (struct live_batch){ .app = app, .summary = summary, .total = total };
	l->started = io_loop_now(app->services.loop);
	if (o->quiet || !app_is_terminal(stderr))
		return;
	l->active = true;
	l->timer = (struct io_timer){ .fire = redraw_batch, .ctx = l };
	io_timer_set(app->services.loop, &l->timer, l->started + REDRAW_MS);
}

void live_batch_hide(struct live_batch *l)
{
	wipe(&l->drawn);
}

void live_batch_end(struct live_batch *l)
{
	if (l->active)
		io_timer_stop(l->app->services.loop, &l->timer);
	wipe(&l->drawn);
	l->active = false;
}
