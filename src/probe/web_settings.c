/* Where the way begins: the DNS servers, what is asked about, and the proxy between. */
#include "probe/web_state.h"

static void put_resolver(struct run *run, const struct cw_addr *server, const char *source)
{
	struct web_state *st = web_state_of(run);
	if (st->server_count == RESOLVERS_MOST)
		return;
	for (size_t i = 0; i < st->server_count; i++)
		if (cw_addr_same_port(&st->server[i], server))
			return;
	struct fact *f = run_fact(run, &web_probe_settings, FACT_CLIENT_RESOLVER,
				  run_server_text(run, server));
	st->server[st->server_count++] = *server;
	f->outcome = CW_OUT_OK;
	fact_set_text(run_facts(run), f, FIELD_SOURCE, source);
	fact_set_number(run_facts(run), f, FIELD_ORDER, (int64_t)st->server_count);
	run_put(run, f);
}

static void put_no_resolver(struct run *run, const struct web_request *req)
{
	const struct resolver_settings *set = req->settings;
	bool unreadable = set->outcome == CW_OUT_UNREADABLE;
	struct fact *f = run_fact(run, &web_probe_settings, FACT_CLIENT_RESOLVER,
				  unreadable ? set->path : "-");
	f->outcome = unreadable ? CW_OUT_UNREADABLE : CW_OUT_NONE;
	fact_set_text(run_facts(run), f, FIELD_SOURCE, req->settings_source);
	if (unreadable)
		fact_set_text(run_facts(run), f, FIELD_ERROR, set->error);
	run_put(run, f);
	if (unreadable)
		fact_not_tested(run_facts(run), CW_TEXT(N_("this machine's DNS servers")),
				CW_TEXT(N_("%s could not be read: %s"), set->path, set->error),
				true);
}

static void put_resolvers(struct run *run, const struct web_request *req)
{
	for (size_t i = 0; i < req->server_count; i++)
		put_resolver(run, &req->server[i], "argument");
	if (req->server_count)
		return;
	for (size_t i = 0; i < req->settings->server_count; i++)
		put_resolver(run, &req->settings->server[i], req->settings_source);
	if (!req->settings->server_count)
		put_no_resolver(run, req);
}

static void put_proxy(struct run *run, const struct web_request *req)
{
	struct web_proxy *p = &web_state_of(run)->proxy;
	struct fact_store *s = run_facts(run);
	struct cw_arena *a = run_arena(run);
	struct url url;
	const char *why = NULL;
	struct fact *f = run_fact(run, &web_probe_settings, FACT_PROXY, req->proxy);
	bool good = url_parse(req->proxy, &url, &why) == CW_OK &&
		    (url.scheme == URL_HTTP || url.scheme == URL_HTTPS);
	f->outcome = good ? CW_OUT_OK : CW_OUT_INVALID;
	fact_set_text(s, f, FIELD_AUTH, req->proxy_user ? "given" : "none");
	fact_set_text(s, f, FIELD_SOURCE, "argument");
	if (good) {
		p->set = true;
		p->url = f->subject;
		p->spec.host = cw_arena_str(a, url.host);
		p->spec.tls = url.scheme == URL_HTTPS;
		p->port = url.port;
		fact_set_text(s, f, FIELD_HOST, url.host);
		fact_set_number(s, f, FIELD_PORT, url.port);
		p->where = web_host_of(run, url.host, "proxy");
	} else {
		fact_set_text(s, f, FIELD_WHY, "url");
		fact_set_text(s, f, FIELD_DETAIL, why);
	}
	run_put(run, f);
}

static void settings_start(struct run *run)
{
	const struct web_request *req = run_request(run);
	struct web_state *st = web_state_of(run);
	st->last_target = &st->targets;
	struct fact *f = run_fact(run, &web_probe_settings, FACT_RUN_COMMAND, req->command_line);
	f->outcome = CW_OUT_OK;
	run_put(run, f);
	put_resolvers(run, req);
	if (req->proxy)
		put_proxy(run, req);
	if (req->host)
		sstp_put_target(run, req);
	else
		activation_put_targets(run, req);
}

const struct probe web_probe_settings = {
	.name = "settings",
	.provides = FACT_BIT(FACT_RUN_COMMAND) | FACT_BIT(FACT_CLIENT_RESOLVER) |
		    FACT_BIT(FACT_TARGET) | FACT_BIT(FACT_PROXY),
	.start = settings_start,
};
