/* Rules about the way to the activation endpoints: no way at all, a proxy's login, other answers. */
#include <string.h>

#include "rule/activation.h"
#include "rule/remote_say.h"

enum { STATUS_LOGIN = 407 };

static bool wants_login(const struct fact *f)
{
	return f->outcome == CW_OUT_HTTP_STATUS && fact_number(f, FIELD_STATUS, 0) == STATUS_LOGIN;
}

bool activation_on_way(const struct remote_view *v, const struct remote_peer *p)
{
	return !strcmp(p->route, v->proxy ? "proxy" : "direct");
}

void activation_fix_telephone(struct judge *j)
{
	judge_fix(j, CW_TEXT(N_("Or activate by telephone, on the machine:")), "slui 4");
}

static bool peer_is_reached(const struct remote_target *t, const struct remote_peer *p)
{
	if (t->secure)
		return peer_speaks_tls(p);
	for (size_t i = 0; i < p->answers.count; i++)
		if (p->answers.item[i]->outcome == CW_OUT_OK ||
		    p->answers.item[i]->outcome == CW_OUT_HTTP_STATUS ||
		    p->answers.item[i]->outcome == CW_OUT_MALFORMED)
			return true;
	return false;
}

bool activation_is_reached(const struct remote_view *v, const struct remote_target *t)
{
	for (size_t i = 0; i < t->peer_count; i++)
		if (activation_on_way(v, &t->peer[i]) && peer_is_reached(t, &t->peer[i]))
			return true;
	return false;
}

/* Why nothing comes of this listener; NULL: it is not known to fail. */
static const struct fact *dead_end(const struct remote_target *t, const struct remote_peer *p)
{
	const struct fact *tls = peer_handshake(t, p);
	if (peer_connect_failed(p))
		return p->connect;
	if (t->secure && tls && remote_is_failure(tls->outcome))
		return tls;
	for (size_t i = 0; !t->secure && i < p->answers.count; i++)
		if (remote_is_failure(p->answers.item[i]->outcome))
			return p->answers.item[i];
	return NULL;
}

static void say_dead_end(struct judge *j, const struct fact *f)
{
	if (f->kind == FACT_TCP_CONNECT)
		say_dead_peer(j, f);
	else if (f->kind == FACT_TLS_HANDSHAKE)
		say_handshake(j, f);
	else
		say_http(j, f);
}

/* This machine could not try: nothing is known of that address, or of the others. */
static bool is_ours(const struct remote_peer *p)
{
	return p->connect &&
	       (p->connect->outcome == CW_OUT_NO_ROUTE || p->connect->outcome == CW_OUT_DENIED);
}

/* The proxy is asked for a connection, and what comes of it is no answer by HTTP; or NULL. */
static const struct fact *dead_proxied(const struct remote_target *t)
{
	const struct fact *dead = NULL;
	for (size_t i = 0; i < t->proxied.count; i++) {
		const struct fact *f = t->proxied.item[i];
		if (!route_is(f, "proxy"))
			continue;
		if (!remote_is_failure(f->outcome) || f->outcome == CW_OUT_HTTP_STATUS)
			return NULL;
		dead = f;
	}
	return dead;
}

/* What was tried on the way failed, all of it. The answer to a URL without TLS has the URL as its
 * subject, so it says what became of a connection that stood. */
static bool is_dead(const struct remote_view *v, const struct remote_target *t)
{
	size_t dead = 0, unanswered = 0, connected = 0;
	if (activation_is_reached(v, t))
		return false;
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct remote_peer *p = &t->peer[i];
		if (!activation_on_way(v, p) || is_ours(p))
			continue;
		if (dead_end(t, p)) {
			dead++;
			unanswered += !p->connect;
		} else if (!t->secure && p->connect && p->connect->outcome == CW_OUT_OK) {
			connected++;
		} else {
			return false;
		}
	}
	if (connected && !unanswered)
		return false;
	return dead || dead_proxied(t) || (!v->proxy && lookups_failed(&t->lookups));
}

static const char *hop_of(const struct fact *f)
{
	switch (f->kind) {
	case FACT_TCP_CONNECT:
		return "tcp";
	case FACT_TLS_HANDSHAKE:
		return "tls";
	default:
		return "http";
	}
}

static void say_dead_target(struct judge *j, const struct remote_target *t, bool first)
{
	const struct remote_view *v = remote_view_of(j);
	const char *hop = NULL;
	for (size_t i = 0; i < t->peer_count; i++) {
		const struct fact *f = dead_end(t, &t->peer[i]);
		if (!f || !activation_on_way(v, &t->peer[i]))
			continue;
		say_dead_end(j, f);
		hop = hop ? hop : hop_of(f);
	}
	if (!hop && dead_proxied(t)) {
		say_proxy(j, dead_proxied(t));
		hop = "proxy";
	}
	for (size_t i = 0; !hop && i < t->lookups.count; i++)
		say_lookup(j, t->lookups.item[i]);
	if (first)
		judge_hop(j, hop ? hop : "name");
}

static void fix_way_out(struct judge *j, const struct remote_target *t)
{
	struct cw_arena *a = judge_arena(j);
	bool plain = name_is_plain(t->host);
	judge_fix(j, CW_TEXT(N_("See how far the machine comes, on it:")),
		  plain ? cw_arena_fmt(a, "Resolve-DnsName %s\nTest-NetConnection %s -Port %lld",
				       t->host, t->host, (long long)t->port)
			: NULL);
	judge_fix(
		j,
		CW_TEXT(N_("Repair what fails first: name resolution, the route, or the firewall, "
			   "which must let TCP %1$s out to %2$s."),
			number_text(a, t->port), t->host),
		NULL);
	if (remote_view_of(j)->proxy)
		return;
	judge_fix(j,
		  CW_TEXT(N_("If only a proxy leads out, set it for the machine (your own in place "
			     "of PROXY:PORT), as an administrator:")),
		  "netsh winhttp set proxy PROXY:PORT");
}

static void judge_no_internet(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	const struct remote_target *first = NULL;
	struct name_row names = { 0 };
	if (say_dead_proxy(j)) {
		activation_fix_telephone(j);
		return;
	}
	for (size_t i = 0; i < v->target_count; i++) {
		const struct remote_target *t = &v->target[i];
		if (remote_is_article_list(v, t->name))
			continue;
		if (!v->proxy && say_no_resolver(j, t)) {
			judge_hop(j, "name");
			return;
		}
		if (!is_dead(v, t))
			continue;
		say_dead_target(j, t, !first);
		name_row_add(&names, t->name);
		if (!first)
			first = t;
	}
	if (!first)
		return;
	judge_title(j, CW_TEXT(N_("The activation service cannot be reached: %s"),
			       name_row_text(v->arena, &names)));
	fix_way_out(j, first);
	activation_fix_telephone(j);
}

const struct rule activation_rule_no_internet = {
	.id = "activation-no-internet",
	.code = "32777",
	.also = { "0x80072EE7", "0x80072EE2", "0x80072EFD" },
	.hop = "tcp",
	.needs = ACTIVATION_WAY_KINDS | FACT_BIT(FACT_CLIENT_RESOLVER),
	.title = N_("The activation service cannot be reached"),
	.explanation =
		N_("Neither name resolution nor a connection leads there, so no request ever "
		   "arrives."),
	.windows_shows =
		N_("message number 32777 (Windows Server 2003), or 0x80072EE7, 0x80072EE2, "
		   "0x80072EFD (slmgr /ato)"),
	.source = "KB 816897",
	.judge = judge_no_internet,
};

static void fix_machine_proxy(struct judge *j)
{
	judge_fix(j,
		  CW_TEXT(N_("Or offer a login that the machine can make by itself (Negotiate or "
			     "NTLM with its own account), and set the proxy for the machine. Basic "
			     "and Digest cannot work: nobody is there to type.")),
		  "netsh winhttp show proxy");
}

static void warn_of_machine_login(struct judge *j, const struct fact *f)
{
	if (!takes_machine_login(f))
		return;
	judge_as_warning(j);
	judge_explanation(j,
			  CW_TEXT(N_("The proxy also takes Negotiate or NTLM. Windows answers "
				     "that by itself with the machine's account, where the proxy "
				     "takes it; from here that cannot be seen.")));
}

/* A login is asked for on the way to the endpoint itself. */
static bool asks_for_login(const struct remote_view *v, const struct fact *f)
{
	return wants_login(f) && route_is(f, v->proxy ? "proxy" : "direct");
}

/* Another route works, for contrast. */
static void support_other_route(struct judge *j, const struct fact *f)
{
	const struct fact *fine = remote_fine_elsewhere(remote_view_of(j), f);
	if (fine)
		say_fine_source(j, fine);
}

static const char *endpoint_url(struct cw_arena *a, const struct remote_target *t)
{
	if (strstr(t->name, "://"))
		return t->name;
	return cw_arena_fmt(a, "https://%s/", t->name);
}

struct logins {
	struct judge *j;
	struct url_list urls;
	struct name_row names;
	const struct fact *first;
};

/* The proxy says so to CONNECT, to a request that it passes on, or without being set. */
static void add_logins(struct logins *x, const struct remote_target *t,
		       const struct fact_refs *answers)
{
	const struct remote_view *v = remote_view_of(x->j);
	for (size_t i = 0; i < answers->count; i++) {
		const struct fact *f = answers->item[i];
		if (!asks_for_login(v, f))
			continue;
		say_proxy(x->j, f);
		support_other_route(x->j, f);
		if (!x->first)
			x->first = f;
		url_list_add(v->arena, &x->urls, endpoint_url(v->arena, t));
		name_row_add(&x->names, t->name);
	}
}

static void judge_proxy_auth(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct logins x = { .j = j };
	for (size_t i = 0; i < v->target_count; i++) {
		const struct remote_target *t = &v->target[i];
		if (url_is_list(t->name))
			continue;
		add_logins(&x, t, &t->proxied);
		for (size_t k = 0; k < t->peer_count; k++)
			add_logins(&x, t, &t->peer[k].answers);
	}
	if (!x.first)
		return;
	warn_of_machine_login(j, x.first);
	judge_title(j,
		    CW_TEXT(N_("The proxy asks for a login before it lets activation through: %s"),
			    name_row_text(v->arena, &x.names)));
	fix_exempt(j, &x.urls);
	fix_machine_proxy(j);
	activation_fix_telephone(j);
}

const struct rule activation_rule_proxy_auth = {
	.id = "activation-proxy-auth",
	.code = "32777",
	.also = { "0x8004FE33", "0x80004005" },
	.hop = "proxy",
	.needs = ACTIVATION_WAY_KINDS,
	.title = N_("The proxy asks for a login before it lets activation through"),
	.explanation =
		N_("Activation runs as a service. It has no credentials for the proxy, and no "
		   "place where a user could type them."),
	.windows_shows = N_("message number 32777 (Windows Server 2003), 0x8004FE33 or 0x80004005 "
			    "(slui)"),
	.source = "KB 816897",
	.judge = judge_proxy_auth,
};

/* What the rule gathers: answers that are none of the service's. */
struct answers {
	struct judge *j;
	struct name_row names;
	const struct fact *first;
};

static void add_answer(struct answers *x, const struct fact *f, const char *name)
{
	if (f->kind == FACT_PROXY_ANSWER)
		say_proxy(x->j, f);
	else
		say_http(x->j, f);
	if (!x->first)
		x->first = f;
	name_row_add(&x->names, name);
}

static bool is_page(const struct fact *f)
{
	return f->outcome == CW_OUT_MALFORMED && fact_is(f, FIELD_CONTENT, "html");
}

/* A request without TLS that a Microsoft endpoint should answer is sent to somebody else. */
static bool leads_astray(struct cw_arena *a, const struct remote_target *t, const struct fact *f)
{
	const char *where = fact_text(f, FIELD_LOCATION), *host = strstr(where, "://");
	if (t->secure || !host || !activation_is_microsoft_host(t->host))
		return false;
	host += 3;
	return !activation_is_microsoft_host(cw_arena_strn(a, host, strcspn(host, "/:?#")));
}

/* What the service itself says, inside TLS, to a request that asks for nothing: it is there. */
static bool is_word_of_the_service(const struct remote_target *t, const struct fact *f)
{
	return t->secure && fact_is(t->asked, FIELD_SOURCE, "table") &&
	       f->outcome == CW_OUT_HTTP_STATUS && fact_number(f, FIELD_STATUS, 0) < 500;
}

static bool is_foreign(struct cw_arena *a, const struct remote_target *t, const struct fact *f)
{
	if (wants_login(f) || is_word_of_the_service(t, f))
		return false;
	return f->outcome == CW_OUT_HTTP_STATUS || is_page(f) || leads_astray(a, t, f);
}

static void add_target_answers(struct answers *x, const struct remote_target *t)
{
	const struct remote_view *v = remote_view_of(x->j);
	for (size_t i = 0; i < t->proxied.count; i++) {
		const struct fact *f = t->proxied.item[i];
		if (route_is(f, "proxy") && f->outcome == CW_OUT_HTTP_STATUS && !wants_login(f))
			add_answer(x, f, t->name);
	}
	for (size_t i = 0; i < t->peer_count; i++)
		for (size_t k = 0; k < t->peer[i].answers.count; k++) {
			const struct fact *f = t->peer[i].answers.item[k];
			if (activation_on_way(v, &t->peer[i]) && is_foreign(v->arena, t, f))
				add_answer(x, f, t->name);
		}
}

static void fix_status(struct judge *j, const struct fact *f)
{
	int64_t status = fact_number(f, FIELD_STATUS, 0);
	bool page = is_page(f) || (status >= 300 && status < 400) || status == 511;
	if (page)
		judge_fix(j,
			  CW_TEXT(N_("A page for people stands in the way: a guest network's or a "
				     "proxy's login page, or a notice. Let this machine through "
				     "without it.")),
			  NULL);
	else if (status >= 500)
		judge_fix(
			j,
			CW_TEXT(N_("The proxy or gateway could not reach the service: look at its "
				   "name resolution and its way out, then try again.")),
			NULL);
	else if (status == 404 || status == 410)
		judge_fix(
			j,
			CW_TEXT(N_("Check the address: whoever answers has nothing there. If it is "
				   "right, look for a proxy or filter that answers in place of the "
				   "service.")),
			NULL);
	else
		judge_fix(j,
			  CW_TEXT(N_("Look for the rule of the proxy or filter that forbids this "
				     "address, and allow it.")),
			  NULL);
}

static void judge_http_status(struct judge *j)
{
	const struct remote_view *v = remote_view_of(j);
	struct answers x = { .j = j };
	struct url_list urls = { 0 };
	for (size_t i = 0; i < v->target_count; i++) {
		const struct fact *before = x.first;
		if (remote_is_article_list(v, v->target[i].name))
			continue;
		add_target_answers(&x, &v->target[i]);
		if (x.first != before)
			url_list_add(v->arena, &urls, endpoint_url(v->arena, &v->target[i]));
	}
	struct source_faults lists = {
		.j = j,
		.meanings = UINT32_C(1) << REMOTE_SOURCE_STATUS | UINT32_C(1) << REMOTE_SOURCE_HTML,
		.causes_only = x.first != NULL,
	};
	(void)gather_sources(&lists);
	if (!x.first && !lists.first)
		return;
	for (size_t i = 0; i < lists.urls.count; i++)
		name_row_add(&x.names, lists.urls.url[i]);
	judge_title(j,
		    CW_TEXT(N_("Something on the way answers in place of the activation service: "
			       "%s"),
			    name_row_text(v->arena, &x.names)));
	fix_status(j, x.first ? x.first : lists.first);
	activation_fix_telephone(j);
}

const struct rule activation_rule_http_status = {
	.id = "activation-http-status",
	.code = "32777",
	.hop = "http",
	.needs = ACTIVATION_CRL_KINDS,
	.title = N_("What comes back is no answer of the activation service"),
	.explanation =
		N_("A request arrives somewhere, and what comes back is neither activation nor "
		   "a revocation list."),
	.windows_shows = N_("message number 32777 (Windows Server 2003), with the status in "
			    "Setuplog.txt"),
	.source = "KB 816897",
	.judge = judge_http_status,
};
