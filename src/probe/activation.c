#include "probe/activation.h"

#include "probe/web_state.h"

static void put_target(struct run *run, const char *url_text, const char *source)
{
	struct web_state *st = web_state_of(run);
	struct fact_store *s = run_facts(run);
	struct cw_arena *a = run_arena(run);
	struct url url;
	char authority[URL_AUTHORITY];
	const char *why = NULL;
	bool good = url_parse(url_text, &url, &why) == CW_OK &&
		    (url.scheme == URL_HTTP || url.scheme == URL_HTTPS);
	struct fact *f = run_fact(run, &web_probe_settings, FACT_TARGET, url_text);
	f->outcome = good ? CW_OUT_OK : CW_OUT_INVALID;
	fact_set_text(s, f, FIELD_URL, url_text);
	fact_set_text(s, f, FIELD_SOURCE, source);
	if (good) {
		struct web_target *t = cw_arena_new_of(a, struct web_target);
		t->fact = f;
		t->place = web_place_of(run, &url, st->origin);
		t->url = f->subject;
		t->path = cw_arena_str(a, url.target);
		t->authority = cw_arena_str(a, url_authority(&url, authority));
		*st->last_target = t;
		st->last_target = &t->next;
		fact_set_text(s, f, FIELD_HOST, url.host);
		fact_set_number(s, f, FIELD_PORT, url.port);
	} else {
		fact_set_text(s, f, FIELD_WHY, "url");
		fact_set_text(s, f, FIELD_DETAIL, why);
	}
	run_put(run, f);
}

void activation_put_targets(struct run *run, const struct web_request *req)
{
	web_state_of(run)->origin = "activation";
	for (size_t i = 0; i < req->url_count; i++)
		put_target(run, req->url[i], "argument");
	for (size_t i = 0; !req->url_count && i < activation_endpoint_count; i++)
		put_target(run, activation_endpoints[i].url, "table");
}

/* Lists that no certificate of this run names: those of --crl, and through a proxy those that the
 * article prints. Whether they still exist is no matter: only what the proxy says to them. */
static void lists_start(struct run *run)
{
	const struct web_request *req = run_request(run);
	for (size_t i = 0; i < req->crl_count; i++)
		web_fetch_list(run, req->crl[i]);
	for (size_t i = 0; web_state_of(run)->proxy.set && i < activation_list_count; i++)
		web_try_list(run, activation_lists[i].url);
}

static const struct probe lists = {
	.name = "lists",
	.provides = FACT_BIT(FACT_REVOCATION) | FACT_BIT(FACT_PROXY_ANSWER),
	.start = lists_start,
};

const struct probe *const activation_probes[] = {
	&web_probe_settings,
	&web_probe_address,
	&web_probe_visit,
	&web_probe_versions,
	&web_probe_cert,
	&web_probe_revocation,
	&lists,
	&web_probe_untested,
	NULL,
};

size_t activation_state_size(void)
{
	return sizeof(struct web_state);
}
