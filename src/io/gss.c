#include "io/gss.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/gss_system.h"
#include "io/loop_private.h"

struct io_gss {
	uv_work_t work;
	struct io_loop *loop;
	io_gss_done *done;
	void *ctx;
	bool busy, forgotten;
	struct io_gss_job job;
};

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static void wipe(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void drop(struct io_gss *g)
{
	io_gss_system_end(&g->job);
	free(g->job.host);
	free(g->job.user);
	wipe(g->job.password);
	free(g->job.in);
	free(g->job.out);
	free(g);
}

struct io_gss *io_gss_new(struct io_loop *loop, const char *host, const char *user,
			  const char *password, io_gss_done *done, void *ctx)
{
	struct io_gss *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->loop = loop;
	g->done = done;
	g->ctx = ctx;
	g->job.host = copy(host);
	g->job.user = copy(user);
	g->job.password = copy(password);
	if (!g->job.host || (user && !g->job.user) || (password && !g->job.password)) {
		drop(g);
		return NULL;
	}
	return g;
}

static void work(uv_work_t *w)
{
	struct io_gss *g = w->data;
	io_gss_system_step(&g->job);
}

static void worked(uv_work_t *w, int status)
{
	struct io_gss *g = w->data;
	g->busy = false;
	if (g->forgotten) {
		drop(g);
		return;
	}
	const char *trouble = status ? "the step was cancelled" : NULL;
	if (g->job.trouble[0])
		trouble = g->job.trouble;
	g->done(g->ctx, g->job.out, trouble ? 0 : g->job.out_len, trouble);
}

void io_gss_step(struct io_gss *g, const uint8_t *token, size_t len)
{
	assert(!g->busy);
	free(g->job.in);
	free(g->job.out);
	g->job.in = g->job.out = NULL;
	g->job.in_len = g->job.out_len = 0;
	g->job.trouble[0] = '\0';
	if (len) {
		g->job.in = malloc(len);
		if (!g->job.in)
			abort(); /* as in base/arena.h */
		memcpy(g->job.in, token, len);
		g->job.in_len = len;
	}
	g->busy = true;
	g->work.data = g;
	int error = uv_queue_work(&g->loop->uv, &g->work, work, worked);
	assert(!error); /* only for a missing function */
	(void)error;
}

void io_gss_free(struct io_gss *g)
{
	if (!g)
		return;
	g->forgotten = true;
	if (!g->busy)
		drop(g);
}
