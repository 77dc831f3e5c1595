#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "path/visit_private.h"

static_assert((int)PROXY_AUTH_NEGOTIATE == (int)PROXY_LOGIN_NEGOTIATE &&
		      (int)PROXY_AUTH_NTLM == (int)PROXY_LOGIN_NTLM &&
		      (int)PROXY_AUTH_DIGEST == (int)PROXY_LOGIN_DIGEST &&
		      (int)PROXY_AUTH_BASIC == (int)PROXY_LOGIN_BASIC,
	      "one order in both");

static void go_on(struct visit *v);

void visit_proxy_clear(struct visit *v)
{
	proxy_login_clear(&v->proxy.login);
	io_gss_free(v->proxy.gss);
	v->proxy.gss = NULL;
}

void visit_proxy_begin(struct visit *v)
{
	const struct visit_proxy *p = v->spec.proxy;
	bool tunnel = v->spec.connect_to;
	struct proxy_login_spec spec = {
		.scheme = (enum proxy_login_scheme)p->auth,
		.user = p->user,
		.password = p->password,
		.method = tunnel ? "CONNECT" : v->spec.request->method,
		.target = tunnel ? v->spec.connect_to : v->spec.request->target,
		.unix_s = (int64_t)io_unix_time_s(),
	};
	for (size_t i = 0; i < sizeof(spec.random); i += sizeof(uint32_t)) {
		uint32_t bits = io_random32(v->loop);
		memcpy(spec.random + i, &bits, sizeof(bits));
	}
	visit_hop_begin(v, VISIT_PROXY);
	proxy_login_init(&v->proxy.login, &spec, v->arena);
	visit_proxy_ask(v);
}

/* ---- the answer that counts ---- */

static void finish(struct visit *v)
{
	v->hop->auth_trouble = v->proxy.login.trouble;
	visit_answer_body(v);
	visit_last(v, CW_OUT_HTTP_STATUS);
}

static void give_up(struct visit *v, const char *trouble)
{
	proxy_login_fail(&v->proxy.login, trouble);
	v->proxy.again = v->proxy.waiting_system = false;
}

static bool may_have_credentials(const struct visit *v)
{
	const struct visit_proxy *p = v->spec.proxy;
	if (!p->tls)
		return true;
	struct visit_bytes leaf = visit_proxy_leaf(v);
	return p->certificate && leaf.at && leaf.len == p->certificate->len &&
	       !memcmp(leaf.at, p->certificate->at, leaf.len);
}

static const char other_certificate[] =
	"the proxy shows another certificate than the one that was judged before";

/* ---- requests ---- */

void visit_proxy_ask(struct visit *v)
{
	struct visit_proxy_state *p = &v->proxy;
	const char *credentials = proxy_login_value(&p->login);
	if (credentials && !may_have_credentials(v)) {
		give_up(v, other_certificate);
		finish(v);
		return;
	}
	p->again = p->answered = p->lost = false;
	v->hop->rounds = ++p->rounds;
	visit_http_send(v, credentials);
}

static void got_token(void *ctx, const uint8_t *token, size_t len, const char *trouble)
{
	struct visit *v = ctx;
	struct visit_proxy_state *p = &v->proxy;
	p->waiting_system = false;
	if (trouble)
		give_up(v, cw_arena_str(v->arena, trouble));
	else if (!len)
		p->again = false; /* Kerberos has no more to say: the answer counts */
	else
		p->again = proxy_login_token(&p->login, token, len) == PROXY_LOGIN_AGAIN;
	if (p->answered || p->lost)
		go_on(v);
	visit_settle(v);
}

static void ask_system(struct visit *v)
{
	struct visit_proxy_state *p = &v->proxy;
	const struct visit_proxy *spec = v->spec.proxy;
	if (!may_have_credentials(v)) {
		give_up(v, other_certificate);
		return;
	}
	if (!p->gss)
		p->gss = io_gss_new(v->loop, spec->host, spec->user, spec->password, got_token, v);
	if (!p->gss) {
		give_up(v, "out of memory");
		return;
	}
	p->waiting_system = true;
	io_gss_step(p->gss, p->login.token, p->login.token_len);
}

/* The answer is complete, or as much of it as can be had. */
static void go_on(struct visit *v)
{
	struct visit_proxy_state *p = &v->proxy;
	if (p->waiting_system)
		return;
	if (p->again && p->rounds >= LIMIT_PROXY_ROUNDS)
		give_up(v, "the proxy asks again and again");
	if (p->again && p->lost && p->login.bound)
		give_up(v, "the proxy closes the connection that the login needs");
	if (!p->again)
		finish(v);
	else if (p->lost)
		visit_reconnect(v);
	else
		visit_proxy_ask(v);
}

/* ---- answers ---- */

static bool is_kept(const struct http_head *h)
{
	if (http_header_has(h, "Proxy-Connection", "close"))
		return false;
	/* Old proxies say so in HTTP/1.0. */
	return h->keep_alive ||
	       (http_header_has(h, "Proxy-Connection", "keep-alive") &&
		!http_header_has(h, "Connection", "close") && h->body != HTTP_BODY_UNTIL_CLOSE);
}

static void judge_login(struct visit *v, const struct http_head *h)
{
	struct visit_proxy_state *p = &v->proxy;
	p->lost = !is_kept(h);
	enum proxy_login_step step = proxy_login_answer(&p->login, h, !p->lost);
	if (!v->hop->scheme_count) { /* later ones may name only the scheme under way */
		v->hop->scheme = p->login.scheme;
		v->hop->scheme_count = p->login.scheme_count;
		v->hop->realm = p->login.realm;
	}
	p->again = step == PROXY_LOGIN_AGAIN;
	if (step == PROXY_LOGIN_ASK_SYSTEM)
		ask_system(v);
}

/* The proxy lets it pass: the hop is over, and the visit goes on. */
static void passed(struct visit *v, const uint8_t *rest, size_t len)
{
	struct visit_result *r = v->hop;
	visit_hop_end(v, CW_OUT_OK);
	visit_proxy_clear(v);
	if (v->spec.connect_to) {
		visit_answer_clear(v);
		visit_tunnel_ready(v, rest, len);
		return;
	}
	visit_hop_begin(v, VISIT_HTTP);
	v->hop->started = r->started;
	v->hop->rounds = r->rounds;
	v->hop->status = r->status;
	v->hop->header = r->header;
	v->hop->header_count = r->header_count;
	visit_http_input(v, rest, len);
}

static void take_rest(struct visit *v, const uint8_t *buf, size_t len)
{
	enum http_step step = visit_answer_take(v, &buf, &len);
	if (step == HTTP_MORE)
		return;
	if (step != HTTP_END)
		v->proxy.lost = true;
	v->hop->too_large = step == HTTP_TOO_BIG;
	v->proxy.answered = true;
	go_on(v);
}

static void take_head(struct visit *v, const uint8_t *buf, size_t len)
{
	enum http_step step = visit_answer_take(v, &buf, &len);
	if (step == HTTP_MORE)
		return;
	if (step != HTTP_HEAD) {
		visit_answer_fail(v, step);
		return;
	}
	const struct http_head *h = &v->answer.reader->head;
	bool success = h->status >= 200 && h->status < 300;
	if (v->spec.connect_to ? success : h->status != 407) {
		passed(v, buf, len);
		return;
	}
	judge_login(v, h);
	if (v->proxy.again && v->proxy.lost) { /* its page is not worth waiting for */
		go_on(v);
		return;
	}
	take_rest(v, buf, len);
}

void visit_proxy_input(struct visit *v, const uint8_t *buf, size_t len)
{
	if (v->proxy.answered || !v->answer.reader)
		return; /* a word after the last one */
	if (v->answer.head)
		take_rest(v, buf, len);
	else
		take_head(v, buf, len);
}

bool visit_proxy_ended(struct visit *v, enum cw_outcome outcome)
{
	struct visit_proxy_state *p = &v->proxy;
	if (v->answer.head) {
		p->lost = true;
		if (outcome == CW_OUT_TIMEOUT && p->waiting_system)
			give_up(v, "Kerberos does not answer in time");
		else if (outcome == CW_OUT_TIMEOUT && p->again)
			give_up(v, "the proxy does not finish its answer in time");
		go_on(v);
		return true;
	}
	/* It said it would stay, and went away before the next request reached it. */
	bool gone = (outcome == CW_OUT_CLOSED || outcome == CW_OUT_RESET) && p->rounds > 1 &&
		    !v->answer.begun && !p->login.bound && !p->resent && v->connected;
	if (!gone)
		return false;
	p->resent = true;
	visit_reconnect(v);
	return true;
}
