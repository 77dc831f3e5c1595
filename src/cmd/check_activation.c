#include "cmd/check_activation.h"

#include "cmd/check_web.h"
#include "probe/activation.h"

static bool is_url(const struct check_options *o, const char *text, struct cw_text *error)
{
	if (web_url(o->arena, text, "https://"))
		return true;
	*error = CW_TEXT(N_("want a URL of http or https, have %s"), web_shown_url(text));
	return false;
}

static bool consistent(const struct check_options *o, struct cw_text *error)
{
	for (size_t i = 1; i < o->operand_count; i++)
		if (!is_url(o, o->operand[i], error))
			return false;
	for (size_t i = 0; i < o->crl_count; i++)
		if (!is_url(o, o->crl[i], error))
			return false;
	return web_consistent(o, error);
}

static const char *shown_target(const struct target *t, const struct web_request *req)
{
	if (!req->url_count)
		return "activation";
	if (req->url_count == 1)
		return req->url[0];
	return cw_arena_fmt(t->arena, "%s +%zu", req->url[0], req->url_count - 1);
}

static bool init(struct target *t, const struct check_options *o, struct cw_text *error)
{
	struct web_target *w = t->own;
	const char **url = cw_arena_array_of(t->arena, const char *, VALUES_MOST);
	const char **crl = cw_arena_array_of(t->arena, const char *, VALUES_MOST);
	const char *line = "clearway check activation";
	for (size_t i = 1; i < o->operand_count; i++) {
		url[i - 1] = web_url(t->arena, o->operand[i], "https://");
		line = cw_arena_join(t->arena, line, " ", quoted_word(t->arena, url[i - 1]), NULL);
	}
	line = web_line(t->arena, line, o);
	for (size_t i = 0; i < o->crl_count; i++) {
		crl[i] = web_url(t->arena, o->crl[i], "http://");
		line = line_with(t->arena, line, "--crl", crl[i]);
	}
	t->command_line = line;
	w->request.url_count = o->operand_count - 1;
	w->request.url = url;
	w->request.crl_count = o->crl_count;
	w->request.crl = crl;
	t->shown = shown_target(t, &w->request);
	return web_init(t, o, error);
}

const struct target_kind target_activation = {
	.name = "activation",
	.command = "check activation",
	.bit = CHECK_ACTIVATION,
	.own_size = sizeof(struct web_target),
	.probes = activation_probes,
	.state_size = activation_state_size,
	.family = &activation_family,
	.usage = N_("Usage: clearway check activation [URL...] [OPTION...]\n"
		    "       clearway check -f FILE [OPTION...]"),
	.about = N_("Looks at what Windows needs to activate over the Internet: the endpoints, "
		    "directly and through the proxy, their certificates, and the revocation "
		    "lists, which are fetched outside the user's session. Names what is in the "
		    "way."),
	.examples = "  clearway check activation\n"
		    "  clearway check activation --proxy http://proxy.contoso.com:3128\n"
		    "  clearway check activation https://activation.sls.microsoft.com/ -v\n"
		    "  clearway check -f targets.txt --json > results.jsonl\n",
	.consistent = consistent,
	.init = init,
	.ask = web_ask,
	.asks_nothing = web_asks_nothing,
	.clear = web_clear,
};
