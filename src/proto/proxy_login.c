#include "proto/proxy_login.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/ntlm.h"

enum { PROXY_AUTHENTICATION_REQUIRED = 407, NTLM_VALUE = NTLM_MESSAGE_MOST * 2 };

static const char *const names[PROXY_LOGIN_SCHEMES] = {
	[PROXY_LOGIN_NONE] = "none",           [PROXY_LOGIN_BASIC] = "Basic",
	[PROXY_LOGIN_DIGEST] = "Digest",       [PROXY_LOGIN_NTLM] = "NTLM",
	[PROXY_LOGIN_NEGOTIATE] = "Negotiate",
};

const char *proxy_login_scheme_name(enum proxy_login_scheme s)
{
	assert((unsigned)s < PROXY_LOGIN_SCHEMES);
	return names[s];
}

static void drop_value(struct proxy_login *l)
{
	if (!l->value)
		return;
	explicit_bzero(l->value, l->value_size);
	free(l->value);
	l->value = NULL;
}

static void new_value(struct proxy_login *l, size_t size)
{
	drop_value(l);
	l->value = calloc(1, size);
	if (!l->value)
		abort(); /* as in base/arena.h */
	l->value_size = size;
}

void proxy_login_init(struct proxy_login *l, const struct proxy_login_spec *spec,
		      struct cw_arena *arena)
{
	*l = (struct proxy_login){ .spec = *spec, .arena = arena };
}

void proxy_login_clear(struct proxy_login *l)
{
	drop_value(l);
	l->spec.user = l->spec.password = NULL;
	explicit_bzero(l->spec.random, sizeof(l->spec.random));
}

const char *proxy_login_value(const struct proxy_login *l)
{
	return l->value;
}

void proxy_login_fail(struct proxy_login *l, const char *trouble)
{
	l->trouble = trouble;
	l->bound = false;
	drop_value(l);
}

static enum proxy_login_step give_up(struct proxy_login *l, const char *trouble)
{
	proxy_login_fail(l, trouble);
	return PROXY_LOGIN_FINAL;
}

/* The value is made, or it could not be. */
static enum proxy_login_step made(struct proxy_login *l, enum cw_ec ec)
{
	switch (ec) {
	case CW_OK:
		l->sent++;
		return PROXY_LOGIN_AGAIN;
	case CW_EINVAL:
		return give_up(l, "the user name or the password cannot be sent in this way");
	case CW_EUNSUPPORTED:
		return give_up(l, "the proxy asks for a form of it that is not known here");
	case CW_ETOOBIG:
		return give_up(l, "the user name and the password are too long");
	default:
		return give_up(l, "the proxy's challenge cannot be read");
	}
}

static enum proxy_login_step basic(struct proxy_login *l)
{
	if (l->sent)
		return PROXY_LOGIN_FINAL;
	size_t len = strlen(l->spec.user) + strlen(l->spec.password) + 1;
	new_value(l, len / 3 * 4 + 64);
	return made(l,
		    httpauth_basic_make(l->spec.user, l->spec.password, l->value, l->value_size));
}

/* RFC 7616 3.7: the first that is understood, for the proxy lists them in its order. */
static enum cw_ec digest_of(const struct httpauth_list *list, struct httpauth_digest *out)
{
	enum cw_ec ec = CW_ENOTFOUND;
	for (size_t i = 0; i < list->count && ec != CW_OK; i++) {
		if (httpauth_is(&list->challenge[i], "Digest"))
			ec = httpauth_digest_read(&list->challenge[i], out);
	}
	return ec;
}

static enum proxy_login_step digest(struct proxy_login *l, const struct httpauth_list *list)
{
	struct httpauth_digest d = { 0 };
	enum cw_ec ec = digest_of(list, &d);
	if (l->sent && (ec != CW_OK || !d.stale || l->renewed))
		return PROXY_LOGIN_FINAL;
	if (ec != CW_OK)
		return made(l, ec);
	l->renewed = l->sent > 0;
	char cnonce[sizeof(l->spec.random) * 2 + 1];
	for (size_t i = 0; i < sizeof(l->spec.random); i++)
		(void)snprintf(cnonce + 2 * i, 3, "%02x", l->spec.random[i]);
	struct httpauth_request request = { l->spec.method, l->spec.target };
	new_value(l, LIMIT_HTTP_HEAD);
	return made(l, httpauth_digest_make(&d, &request, l->spec.user, l->spec.password, cnonce, 1,
					    l->value, l->value_size));
}

static enum proxy_login_step ntlm_begin(struct proxy_login *l)
{
	uint8_t message[128];
	struct cw_wr w = cw_wr_of(message, sizeof(message));
	struct ntlm_negotiate negotiate = { .flags = NTLM_CLIENT_FLAGS };
	ntlm_negotiate_encode(&w, &negotiate);
	assert(!w.bad);
	new_value(l, NTLM_VALUE);
	return made(l, httpauth_token_make("NTLM", message, w.len, l->value, l->value_size));
}

static enum cw_ec ntlm_respond(struct proxy_login *l, const uint8_t *challenge, size_t len)
{
	uint8_t message[NTLM_MESSAGE_MOST];
	char domain[4 * NTLM_NAME_MOST + 1], user[4 * NTLM_NAME_MOST + 1];
	if (!ntlm_user_split(l->spec.user, domain, user, sizeof(user)))
		return CW_EINVAL;
	struct ntlm_login login = {
		.domain = domain, .user = user, .password = l->spec.password, .workstation = ""
	};
	struct cw_wr w = cw_wr_of(message, sizeof(message));
	enum cw_ec ec = ntlm_answer(&w, challenge, len, &login, l->spec.random,
				    ntlm_filetime(l->spec.unix_s));
	if (ec == CW_OK) {
		new_value(l, NTLM_VALUE);
		ec = httpauth_token_make("NTLM", message, w.len, l->value, l->value_size);
	}
	explicit_bzero(message, sizeof(message));
	return ec;
}

/* MS-NTHT 1.3: negotiate, challenge, authenticate, all on one connection. */
static enum proxy_login_step ntlm(struct proxy_login *l, const struct httpauth *offer, bool kept)
{
	if (!l->sent)
		return ntlm_begin(l);
	if (l->bound)
		return PROXY_LOGIN_FINAL;
	uint8_t challenge[NTLM_MESSAGE_MOST];
	size_t len;
	if (httpauth_token_decode(offer, challenge, sizeof(challenge), &len) != CW_OK || !len)
		return give_up(l, "the proxy offers NTLM but does not go on with it");
	if (!kept)
		return give_up(l, "the proxy closes the connection that NTLM needs");
	enum proxy_login_step step = made(l, ntlm_respond(l, challenge, len));
	l->bound = step == PROXY_LOGIN_AGAIN;
	return step;
}

static enum proxy_login_step negotiate(struct proxy_login *l, const struct httpauth *offer,
				       bool kept)
{
	size_t size = offer->token68 ? strlen(offer->token68) : 0;
	l->token = NULL;
	l->token_len = 0;
	if (!l->sent)
		return PROXY_LOGIN_ASK_SYSTEM;
	if (!size || l->sent >= LIMIT_PROXY_LEGS)
		return PROXY_LOGIN_FINAL;
	uint8_t *token = cw_arena_alloc(l->arena, size);
	if (httpauth_token_decode(offer, token, size, &l->token_len) != CW_OK)
		return give_up(l, "the proxy's challenge cannot be read");
	if (!kept)
		return give_up(l, "the proxy closes the connection that Negotiate needs");
	l->token = token;
	l->bound = true;
	return PROXY_LOGIN_ASK_SYSTEM;
}

enum proxy_login_step proxy_login_token(struct proxy_login *l, const uint8_t *token, size_t len)
{
	if (len > LIMIT_PROXY_TOKEN)
		return give_up(l, "the Kerberos ticket is too large");
	new_value(l, len / 3 * 4 + 64);
	return made(l, httpauth_token_make("Negotiate", token, len, l->value, l->value_size));
}

static const char *realm_of(const struct httpauth_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *realm = httpauth_param(&list->challenge[i], "realm");
		if (realm)
			return realm;
	}
	return NULL;
}

static void read_offers(struct proxy_login *l, const struct http_head *head,
			struct httpauth_list *list)
{
	list->count = 0;
	size_t at = 0;
	const char *value;
	while ((value = http_header_next(head, "Proxy-Authenticate", &at)))
		(void)httpauth_list_add(list, l->arena, value); /* what can be read of it counts */
	const char **scheme = cw_arena_array_of(l->arena, const char *, list->count);
	for (size_t i = 0; i < list->count; i++)
		scheme[i] = list->challenge[i].scheme;
	l->scheme = scheme;
	l->scheme_count = list->count;
	l->realm = realm_of(list);
}

enum proxy_login_step proxy_login_answer(struct proxy_login *l, const struct http_head *head,
					 bool kept)
{
	if (head->status != PROXY_AUTHENTICATION_REQUIRED)
		return PROXY_LOGIN_FINAL;
	struct httpauth_list list;
	read_offers(l, head, &list);
	if (l->spec.scheme == PROXY_LOGIN_NONE)
		return PROXY_LOGIN_FINAL;
	const struct httpauth *offer = httpauth_find(&list, names[l->spec.scheme]);
	if (!offer)
		return l->sent ? PROXY_LOGIN_FINAL : give_up(l, "the proxy does not offer it");
	if (l->spec.scheme != PROXY_LOGIN_NEGOTIATE && (!l->spec.user || !l->spec.password))
		return give_up(l, "no user name and password were given");
	switch (l->spec.scheme) {
	case PROXY_LOGIN_BASIC:
		return basic(l);
	case PROXY_LOGIN_DIGEST:
		return digest(l, &list);
	case PROXY_LOGIN_NTLM:
		return ntlm(l, offer, kept);
	default:
		return negotiate(l, offer, kept);
	}
}
