#include "lab/login.h"

#include <stdio.h>
#include <string.h>

#include "codec/httpauth.h"
#include "codec/ntlm.h"
#include "codec/spnego.h"

/* One judgement under way. */
struct judge {
	struct front_conn *f;
	const struct scenario_front *def;
	struct lab_nonces *nonces;
	struct lab_login *state;
	struct cw_arena *arena;
	const char *note;               /* for the page, NULL: nothing to say */
	bool stale;                     /* Digest */
	const char *token[LOGIN_COUNT]; /* what stands behind a scheme instead of nothing */
};

static struct io_loop *loop_of(const struct judge *j)
{
	return j->f->c->server->lab->loop;
}

static const char *realm_of(const struct scenario_front *def)
{
	return def->realm ? def->realm : "Proxy";
}

/* ---- Digest ---- */

static const char *new_nonce(struct judge *j)
{
	struct lab_nonces *n = j->nonces;
	n->newest = (n->newest + 1) % LOGIN_NONCES;
	for (unsigned i = 0; i < 4; i++)
		snprintf(n->text[n->newest] + 8 * i, 9, "%08x", io_random32(loop_of(j)));
	n->next[n->newest] = 1;
	return n->text[n->newest];
}

/* The place of a nonce that this proxy gave out; -1: it did not. */
static int nonce_of(const struct lab_nonces *n, const char *text)
{
	for (int i = 0; text && i < LOGIN_NONCES; i++)
		if (*n->text[i] && !strcmp(n->text[i], text))
			return i;
	return -1;
}

static struct httpauth_digest digest_of(const struct scenario_front *def, const char *nonce)
{
	return (struct httpauth_digest){ .realm = realm_of(def),
					 .nonce = nonce,
					 .algorithm = HTTPAUTH_MD5,
					 .algorithm_given = true,
					 .qop_auth = true };
}

/* curl and others name the path alone, though they ask a proxy with the whole URL. */
static const char *digest_target(const struct judge *j, const struct httpauth *given)
{
	const char *uri = httpauth_param(given, "uri"), *path = front_path(j->f);
	return uri && !strcmp(uri, path) ? path : j->f->http.head.target;
}

static bool digest_passes(struct judge *j, const struct httpauth *given)
{
	struct httpauth_request request = { .method = j->f->http.head.method,
					    .target = digest_target(j, given) };
	int i = nonce_of(j->nonces, httpauth_param(given, "nonce"));
	uint32_t count;
	if (i < 0) {
		j->stale = true;
		return false;
	}
	struct httpauth_digest offered = digest_of(j->def, j->nonces->text[i]);
	switch (httpauth_digest_check(given, &offered, &request, j->def->user, j->def->password,
				      j->nonces->next[i], &count)) {
	case HTTPAUTH_GOOD:
		j->nonces->next[i] = count + 1;
		return true;
	case HTTPAUTH_STALE:
		j->stale = true;
		return false;
	case HTTPAUTH_WRONG:
	case HTTPAUTH_MALFORMED:
		break;
	}
	return false;
}

/* ---- NTLM, bare or in SPNEGO ---- */

static void put_target_info(struct cw_wr *w)
{
	ntlm_av_put_text(w, NTLM_AV_DOMAIN, "LAB");
	ntlm_av_put_text(w, NTLM_AV_COMPUTER, "PROXY");
	ntlm_av_put_text(w, NTLM_AV_DNS_DOMAIN, "lab.test");
	ntlm_av_put_text(w, NTLM_AV_DNS_COMPUTER, "proxy.lab.test");
	ntlm_av_put_time(w, ntlm_filetime((int64_t)io_unix_time_s()));
	ntlm_av_put_end(w);
}

/* A challenge with a nonce of its own. */
static void put_challenge(struct judge *j, struct cw_wr *w)
{
	uint8_t info[512], name[16];
	struct cw_wr info_wr = cw_wr_of(info, sizeof(info)), name_wr = cw_wr_of(name, sizeof(name));
	put_target_info(&info_wr);
	(void)ntlm_utf16_put(&name_wr, "LAB", false);
	struct ntlm_challenge m = {
		.flags = NTLM_CLIENT_FLAGS | NTLM_TARGET_DOMAIN | NTLM_TARGET_INFO,
		.target_name = { name, name_wr.len },
		.target_info = { info, info_wr.len },
	};
	for (size_t i = 0; i < NTLM_NONCE; i++)
		m.nonce[i] = (uint8_t)io_random32(loop_of(j));
	memcpy(j->state->nonce, m.nonce, NTLM_NONCE);
	j->state->challenged = true;
	ntlm_challenge_encode(w, &m);
}

static bool ntlm_answer_is_right(struct judge *j, const uint8_t *token, size_t len)
{
	struct ntlm_login login = { .domain = "", .workstation = "" };
	struct ntlm_authenticate m;
	char domain[NTLM_NAME_MOST], user[NTLM_NAME_MOST];
	bool challenged = j->state->challenged;
	j->state->challenged = false;
	if (!challenged || ntlm_authenticate_decode(token, len, &m) != CW_OK ||
	    !ntlm_user_split(j->def->user, domain, user, sizeof(user)))
		return false;
	login.domain = domain;
	login.user = user;
	login.password = j->def->password;
	return ntlm_check(&m, j->state->nonce, &login) == NTLM_GOOD;
}

/* One message of NTLM. True: the user is in. Where a challenge is due it is written to w. */
static bool take_ntlm(struct judge *j, const uint8_t *token, size_t len, struct cw_wr *w)
{
	switch (ntlm_type_of(token, len)) {
	case NTLM_NEGOTIATE:
		put_challenge(j, w);
		return false;
	case NTLM_AUTHENTICATE:
		j->state->in = ntlm_answer_is_right(j, token, len);
		return j->state->in;
	default:
		return false;
	}
}

static void offer_token(struct judge *j, enum scenario_login login, const char *scheme,
			const struct cw_wr *w)
{
	size_t size = strlen(scheme) + 2 + w->len * 2 + 8;
	char *text = cw_arena_alloc(j->arena, size);
	if (w->len && !w->bad && httpauth_token_make(scheme, w->base, w->len, text, size) == CW_OK)
		j->token[login] = text;
}

static bool ntlm_passes(struct judge *j, const uint8_t *token, size_t len)
{
	uint8_t bytes[NTLM_MESSAGE_MOST];
	struct cw_wr w = cw_wr_of(bytes, sizeof(bytes));
	bool in = take_ntlm(j, token, len, &w);
	offer_token(j, LOGIN_NTLM, "NTLM", &w);
	return in;
}

static bool has_mech(const struct spnego_token *t, enum spnego_mech mech)
{
	for (size_t i = 0; i < t->mech_count; i++)
		if (t->mech[i] == mech)
			return true;
	return false;
}

static bool is_for_ntlm(const struct spnego_token *t)
{
	return t->kind == SPNEGO_BARE_NTLM ||
	       (t->token && ntlm_type_of(t->token, t->token_len) != 0);
}

/* Nobody here has a key that could open a ticket. */
static bool refuse_kerberos(struct judge *j, const struct spnego_token *t)
{
	uint8_t bytes[256];
	struct cw_wr w = cw_wr_of(bytes, sizeof(bytes));
	j->note = "This proxy cannot check Kerberos tickets";
	if (t->kind == SPNEGO_INIT && has_mech(t, SPNEGO_NTLM)) {
		spnego_response_encode(&w, SPNEGO_INCOMPLETE, SPNEGO_NTLM, NULL, 0);
		offer_token(j, LOGIN_NEGOTIATE, "Negotiate", &w);
	}
	return false;
}

static bool negotiate_passes(struct judge *j, const uint8_t *token, size_t len)
{
	uint8_t inner[NTLM_MESSAGE_MOST], bytes[NTLM_MESSAGE_MOST + 256];
	struct cw_wr in_wr = cw_wr_of(inner, sizeof(inner)), w = cw_wr_of(bytes, sizeof(bytes));
	struct spnego_token t;
	if (spnego_decode(token, len, &t) != CW_OK)
		return false;
	if (!is_for_ntlm(&t))
		return refuse_kerberos(j, &t);
	bool in = take_ntlm(j, t.token, t.token_len, &in_wr);
	if (in_wr.len && t.kind == SPNEGO_BARE_NTLM)
		cw_wr_bytes(&w, inner, in_wr.len);
	else if (in_wr.len)
		spnego_response_encode(&w, SPNEGO_INCOMPLETE, SPNEGO_NTLM, inner, in_wr.len);
	offer_token(j, LOGIN_NEGOTIATE, "Negotiate", &w);
	return in;
}

/* ---- all of them ---- */

static bool offers(const struct scenario_front *def, enum scenario_login login)
{
	for (size_t i = 0; i < def->login_count; i++)
		if (def->login[i] == login)
			return true;
	return false;
}

static bool token_passes(struct judge *j, const struct httpauth *given,
			 bool (*passes)(struct judge *, const uint8_t *, size_t))
{
	uint8_t *token = cw_arena_alloc(j->arena, LOGIN_TOKEN_MOST);
	size_t len;
	return httpauth_token_decode(given, token, LOGIN_TOKEN_MOST, &len) == CW_OK &&
	       passes(j, token, len);
}

static bool passes(struct judge *j, const struct httpauth *given)
{
	if (httpauth_is(given, "Basic") && offers(j->def, LOGIN_BASIC))
		return httpauth_basic_check(given, j->def->user, j->def->password) == HTTPAUTH_GOOD;
	if (httpauth_is(given, "Digest") && offers(j->def, LOGIN_DIGEST))
		return digest_passes(j, given);
	if (httpauth_is(given, "NTLM") && offers(j->def, LOGIN_NTLM))
		return token_passes(j, given, ntlm_passes);
	if (httpauth_is(given, "Negotiate") && offers(j->def, LOGIN_NEGOTIATE))
		return token_passes(j, given, negotiate_passes);
	return false;
}

static const char *challenge_text(struct judge *j, enum scenario_login login)
{
	enum { SIZE = 512 };
	char *text;
	switch (login) {
	case LOGIN_BASIC:
		return cw_arena_fmt(j->arena, "Basic realm=\"%s\"", realm_of(j->def));
	case LOGIN_DIGEST:
		text = cw_arena_alloc(j->arena, SIZE);
		struct httpauth_digest d = digest_of(j->def, new_nonce(j));
		d.stale = j->stale;
		return httpauth_digest_challenge(&d, text, SIZE) == CW_OK ? text : NULL;
	case LOGIN_NTLM:
		return j->token[LOGIN_NTLM] ? j->token[LOGIN_NTLM] : "NTLM";
	case LOGIN_NEGOTIATE:
	case LOGIN_COUNT:
		break;
	}
	return j->token[LOGIN_NEGOTIATE] ? j->token[LOGIN_NEGOTIATE] : "Negotiate";
}

/* In the middle of an exchange the proxy says what belongs to it, and nothing else. */
static void challenge(struct judge *j, struct front_answer *answer)
{
	bool midway = j->token[LOGIN_NTLM] || j->token[LOGIN_NEGOTIATE];
	front_page(j->f, answer, 407, j->note);
	for (size_t i = 0; i < j->def->login_count; i++) {
		enum scenario_login login = j->def->login[i];
		const char *text = !midway || j->token[login] ? challenge_text(j, login) : NULL;
		if (text)
			front_header(answer, "Proxy-Authenticate", text);
	}
}

bool lab_login_judge(struct front_conn *f, struct lab_nonces *nonces, struct lab_login *state,
		     struct front_answer *answer)
{
	struct judge j = {
		.f = f,
		.def = f->c->server->def->front,
		.nonces = nonces,
		.state = state,
		.arena = f->c->server->lab->scratch,
	};
	const char *value = http_header_get(&f->http.head, "Proxy-Authorization");
	struct httpauth given;
	if (state->in)
		return true;
	if (value && httpauth_parse(j.arena, value, &given) == CW_OK && passes(&j, &given))
		return true;
	challenge(&j, answer);
	return false;
}
