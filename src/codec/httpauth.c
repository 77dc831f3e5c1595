#include "codec/httpauth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/wr.h"

enum {
	USER_PASSWORD_MOST = 1024,
	HEX_MOST = 2 * 32 + 1, /* SHA-256 and a NUL */
	COUNT_DIGITS = 8,      /* nc-value */
};

/* Reading */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_token_char(char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token68_char(char c)
{
	return is_alnum(c) || (c && strchr("-._~+/", c));
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

static size_t token_len(const char *s)
{
	size_t n = 0;
	while (is_token_char(s[n]))
		n++;
	return n;
}

/* RFC 9110 11.2: the length of a token68 that is all there is up to a comma or the end; 0: it is
 * something else. */
static size_t token68_len(const char *s)
{
	size_t n = 0;
	while (is_token68_char(s[n]))
		n++;
	if (!n)
		return 0;
	n += strspn(s + n, "=");
	char behind = *skip_blanks(s + n);
	return !behind || behind == ',' ? n : 0;
}

/* A token with "=" behind it. */
static bool is_param(const char *s)
{
	size_t n = token_len(s);
	return n && *skip_blanks(s + n) == '=';
}

/* RFC 9110 5.6.4. *at stands on the quote. NULL: it has no end. */
static const char *read_quoted(struct cw_arena *a, const char **at)
{
	const char *s = *at + 1;
	size_t len = 0, n = 0;
	while (s[len] && s[len] != '"')
		len += s[len] == '\\' && s[len + 1] ? 2 : 1;
	if (!s[len])
		return NULL;
	char *out = cw_arena_alloc(a, len + 1);
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			i++;
		out[n++] = s[i];
	}
	*at = s + len + 1;
	return out;
}

/* Values that should be quoted, for they hold more than a token may, are taken without quotes. */
static const char *read_value(struct cw_arena *a, const char **at)
{
	if (**at == '"')
		return read_quoted(a, at);
	size_t len = strcspn(*at, " \t,\"");
	const char *out = len ? cw_arena_strn(a, *at, len) : NULL;
	*at += len;
	return out;
}

static enum cw_ec read_param(struct httpauth *c, struct cw_arena *a, const char **at)
{
	size_t len = token_len(*at);
	const char *name = cw_arena_strn(a, *at, len);
	*at = skip_blanks(skip_blanks(*at + len) + 1);
	const char *value = read_value(a, at);
	if (!value)
		return CW_EMALFORMED;
	if (c->param_count == HTTPAUTH_PARAMS)
		return CW_ETOOBIG;
	c->param[c->param_count++] = (struct httpauth_param){ name, value };
	return CW_OK;
}

static enum cw_ec read_params(struct httpauth *c, struct cw_arena *a, const char **at)
{
	while (is_param(*at)) {
		enum cw_ec ec = read_param(c, a, at);
		if (ec != CW_OK)
			return ec;
		*at = skip_blanks(*at);
		if (**at && **at != ',')
			return CW_EMALFORMED;
		*at += strspn(*at, " \t,");
	}
	return CW_OK;
}

/* *at stands on the scheme; it is moved to the next one. */
static enum cw_ec read_one(struct httpauth *c, struct cw_arena *a, const char **at)
{
	size_t len = token_len(*at);
	if (!len)
		return CW_EMALFORMED;
	*c = (struct httpauth){ .scheme = cw_arena_strn(a, *at, len) };
	const char *s = *at + len;
	*at = skip_blanks(s);
	if (**at && **at != ',' && *at == s)
		return CW_EMALFORMED;
	size_t n = **at == ',' ? 0 : token68_len(*at);
	if (n) {
		c->token68 = cw_arena_strn(a, *at, n);
		*at += n;
	} else if (is_param(*at)) {
		return read_params(c, a, at);
	}
	*at = skip_blanks(*at);
	if (**at && **at != ',')
		return CW_EMALFORMED;
	*at += strspn(*at, " \t,");
	return CW_OK;
}

enum cw_ec httpauth_list_add(struct httpauth_list *list, struct cw_arena *a, const char *value)
{
	value += strspn(value, " \t,");
	while (*value) {
		struct httpauth one;
		if (list->count == HTTPAUTH_CHALLENGES)
			return CW_ETOOBIG;
		enum cw_ec ec = read_one(&one, a, &value);
		if (ec != CW_OK)
			return ec;
		list->challenge[list->count++] = one;
	}
	return CW_OK;
}

enum cw_ec httpauth_parse(struct cw_arena *a, const char *value, struct httpauth *out)
{
	struct httpauth one;
	value = skip_blanks(value);
	enum cw_ec ec = read_one(&one, a, &value);
	if (ec == CW_OK && *value)
		ec = CW_EMALFORMED;
	if (ec == CW_OK)
		*out = one;
	return ec;
}

bool httpauth_is(const struct httpauth *c, const char *scheme)
{
	return strcasecmp(c->scheme, scheme) == 0;
}

const struct httpauth *httpauth_find(const struct httpauth_list *list, const char *scheme)
{
	for (size_t i = 0; i < list->count; i++) {
		if (httpauth_is(&list->challenge[i], scheme))
			return &list->challenge[i];
	}
	return NULL;
}

const char *httpauth_param(const struct httpauth *c, const char *name)
{
	for (size_t i = 0; i < c->param_count; i++) {
		if (strcasecmp(c->param[i].name, name) == 0)
			return c->param[i].value;
	}
	return NULL;
}

/* Writing, and what is common */

static void put(struct cw_wr *w, const char *text)
{
	cw_wr_bytes(w, text, strlen(text));
}

/* name="value", with what must be escaped escaped. */
static void put_quoted(struct cw_wr *w, const char *name, const char *value)
{
	put(w, name);
	put(w, "=\"");
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			cw_wr_u8(w, '\\');
		cw_wr_u8(w, (uint8_t)*c);
	}
	put(w, "\"");
}

static void wipe(void *secret, size_t size)
{
	OPENSSL_cleanse(secret, size);
}

/* Ends the text in out; what does not fit leaves nothing of a secret behind. */
static enum cw_ec finish(struct cw_wr *w, size_t size)
{
	cw_wr_u8(w, '\0');
	if (!w->bad)
		return CW_OK;
	wipe(w->base, size);
	return CW_ETOOBIG;
}

static bool has_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	}
	return false;
}

static bool same_secret(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

/* RFC 4648 4 */
static void put_base64(struct cw_wr *w, const uint8_t *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)data[i] << 16;
		if (n > 1)
			v |= (uint32_t)data[i + 1] << 8;
		if (n > 2)
			v |= data[i + 2];
		for (size_t d = 0; d < 4; d++) {
			char c = d <= n ? digits[v >> (18 - 6 * d) & 63] : '=';
			cw_wr_u8(w, (uint8_t)c);
		}
	}
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* With padding, and nothing else than base64. */
static enum cw_ec decode_base64(const char *s, uint8_t *out, size_t size, size_t *out_len)
{
	size_t len = strlen(s), n = 0;
	size_t digits = strcspn(s, "=");
	if (len % 4 || len - digits > 2 || strspn(s + digits, "=") != len - digits)
		return CW_EMALFORMED;
	uint32_t v = 0;
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_value(s[i]);
		if (digit < 0)
			return CW_EMALFORMED;
		v = v << 6 | (uint32_t)digit;
		if (i % 4 == 0)
			continue;
		if (n == size)
			return CW_ETOOBIG;
		out[n++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
	}
	*out_len = n;
	return CW_OK;
}

enum cw_ec httpauth_token_make(const char *scheme, const uint8_t *token, size_t len, char *out,
			       size_t size)
{
	struct cw_wr w = cw_wr_of(out, size);
	put(&w, scheme);
	if (len)
		put(&w, " ");
	put_base64(&w, token, len);
	return finish(&w, size);
}

enum cw_ec httpauth_token_decode(const struct httpauth *c, uint8_t *out, size_t size, size_t *len)
{
	if (!c->token68)
		return CW_EINVAL;
	return decode_base64(c->token68, out, size, len);
}

/* Basic */

static enum cw_ec join_user(const char *user, const char *password, uint8_t *out, size_t *len)
{
	struct cw_wr w = cw_wr_of(out, USER_PASSWORD_MOST);
	if (strchr(user, ':') || has_control(user) || has_control(password))
		return CW_EINVAL;
	put(&w, user);
	put(&w, ":");
	put(&w, password);
	*len = w.len;
	return w.bad ? CW_ETOOBIG : CW_OK;
}

enum cw_ec httpauth_basic_make(const char *user, const char *password, char *out, size_t size)
{
	uint8_t joined[USER_PASSWORD_MOST];
	size_t len;
	enum cw_ec ec = join_user(user, password, joined, &len);
	if (ec == CW_OK)
		ec = httpauth_token_make("Basic", joined, len, out, size);
	wipe(joined, sizeof(joined));
	return ec;
}

enum httpauth_verdict httpauth_basic_check(const struct httpauth *c, const char *user,
					   const char *password)
{
	uint8_t sent[USER_PASSWORD_MOST], want[USER_PASSWORD_MOST];
	size_t sent_len, want_len;
	if (!httpauth_is(c, "Basic") || !c->token68)
		return HTTPAUTH_MALFORMED;
	enum httpauth_verdict verdict = HTTPAUTH_WRONG;
	if (decode_base64(c->token68, sent, sizeof(sent), &sent_len) != CW_OK ||
	    !memchr(sent, ':', sent_len))
		verdict = HTTPAUTH_MALFORMED;
	else if (join_user(user, password, want, &want_len) == CW_OK &&
		 same_secret(sent, sent_len, want, want_len))
		verdict = HTTPAUTH_GOOD;
	wipe(sent, sizeof(sent));
	wipe(want, sizeof(want));
	return verdict;
}

/* Digest */

static const struct {
	const char *name, *digest;
	bool session;
} algorithms[] = {
	[HTTPAUTH_MD5] = { "MD5", "MD5", false },
	[HTTPAUTH_MD5_SESS] = { "MD5-sess", "MD5", true },
	[HTTPAUTH_SHA256] = { "SHA-256", "SHA256", false },
	[HTTPAUTH_SHA256_SESS] = { "SHA-256-sess", "SHA256", true },
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

/* "MD5" where none is named (RFC 7616 3.3). */
static bool algorithm_find(const char *name, enum httpauth_digest_algorithm *out)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (strcasecmp(name ? name : "MD5", algorithms[i].name) == 0) {
			*out = (enum httpauth_digest_algorithm)i;
			return true;
		}
	}
	return false;
}

static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);
	while (*list) {
		list += strspn(list, " \t,");
		size_t n = strcspn(list, " \t,");
		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

enum cw_ec httpauth_digest_read(const struct httpauth *c, struct httpauth_digest *out)
{
	struct httpauth_digest d = {
		.realm = httpauth_param(c, "realm"),
		.nonce = httpauth_param(c, "nonce"),
		.opaque = httpauth_param(c, "opaque"),
	};
	const char *algorithm = httpauth_param(c, "algorithm");
	const char *qop = httpauth_param(c, "qop"), *stale = httpauth_param(c, "stale");
	if (!httpauth_is(c, "Digest") || !d.realm || !d.nonce)
		return CW_EMALFORMED;
	d.algorithm_given = algorithm;
	d.qop_auth = qop && list_has(qop, "auth");
	d.stale = stale && strcasecmp(stale, "true") == 0;
	if (!algorithm_find(algorithm, &d.algorithm) || (qop && !d.qop_auth))
		return CW_EUNSUPPORTED;
	*out = d;
	return CW_OK;
}

enum cw_ec httpauth_digest_challenge(const struct httpauth_digest *d, char *out, size_t size)
{
	struct cw_wr w = cw_wr_of(out, size);
	if (has_control(d->realm) || has_control(d->nonce) || (d->opaque && has_control(d->opaque)))
		return CW_EINVAL;
	put(&w, "Digest ");
	put_quoted(&w, "realm", d->realm);
	put(&w, ", ");
	put_quoted(&w, "nonce", d->nonce);
	if (d->opaque) {
		put(&w, ", ");
		put_quoted(&w, "opaque", d->opaque);
	}
	if (d->algorithm_given || d->algorithm != HTTPAUTH_MD5) {
		put(&w, ", algorithm=");
		put(&w, algorithms[d->algorithm].name);
	}
	if (d->qop_auth)
		put(&w, ", qop=\"auth\"");
	if (d->stale)
		put(&w, ", stale=true");
	return finish(&w, size);
}

static void put_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

/* Hex of the hash over the parts with colons between them; a NULL ends the parts. */
static bool hash_joined(enum httpauth_digest_algorithm algorithm, char out[HEX_MOST],
			const char *const *part)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD *md = EVP_MD_fetch(NULL, algorithms[algorithm].digest, NULL);
	EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;
	bool good = ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
	for (size_t i = 0; good && part[i]; i++) {
		good = (!i || EVP_DigestUpdate(ctx, ":", 1) == 1) &&
		       EVP_DigestUpdate(ctx, part[i], strlen(part[i])) == 1;
	}
	good = good && EVP_DigestFinal_ex(ctx, hash, &len) == 1 && 2 * len < HEX_MOST;
	if (good)
		put_hex(hash, len, out);
	wipe(hash, sizeof(hash));
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return good;
}

struct response_input {
	enum httpauth_digest_algorithm algorithm;
	const char *user, *realm, *password, *nonce;
	const char *cnonce, *count; /* NULL: RFC 2069's form, and no session algorithm */
	bool qop_auth;
	const char *method, *uri;
};

static bool hash_a1(const struct response_input *in, char out[HEX_MOST])
{
	const char *const secret[] = { in->user, in->realm, in->password, NULL };
	if (!hash_joined(in->algorithm, out, secret))
		return false;
	if (!algorithms[in->algorithm].session)
		return true;
	char base[HEX_MOST];
	memcpy(base, out, HEX_MOST);
	const char *const session[] = { base, in->nonce, in->cnonce, NULL };
	bool good = hash_joined(in->algorithm, out, session);
	wipe(base, sizeof(base));
	return good;
}

/* RFC 7616 3.4.1 to 3.4.3 */
static bool hash_response(const struct response_input *in, char out[HEX_MOST])
{
	char a1[HEX_MOST], a2[HEX_MOST];
	const char *const request[] = { in->method, in->uri, NULL };
	const char *const with_qop[] = { a1, in->nonce, in->count, in->cnonce, "auth", a2, NULL };
	const char *const without[] = { a1, in->nonce, a2, NULL };
	bool good = hash_a1(in, a1) && hash_joined(in->algorithm, a2, request) &&
		    hash_joined(in->algorithm, out, in->qop_auth ? with_qop : without);
	wipe(a1, sizeof(a1));
	return good;
}

static bool any_control(const struct httpauth_digest *d, const struct httpauth_request *request,
			const char *user, const char *cnonce)
{
	return has_control(d->realm) || has_control(d->nonce) ||
	       (d->opaque && has_control(d->opaque)) || has_control(request->target) ||
	       has_control(user) || has_control(cnonce);
}

enum cw_ec httpauth_digest_make(const struct httpauth_digest *d,
				const struct httpauth_request *request, const char *user,
				const char *password, const char *cnonce, uint32_t count, char *out,
				size_t size)
{
	char nc[COUNT_DIGITS + 1], response[HEX_MOST];
	snprintf(nc, sizeof(nc), "%08x", count);
	struct response_input in = {
		.algorithm = d->algorithm,
		.user = user,
		.realm = d->realm,
		.password = password,
		.nonce = d->nonce,
		.cnonce = cnonce,
		.count = nc,
		.qop_auth = d->qop_auth,
		.method = request->method,
		.uri = request->target,
	};
	if (any_control(d, request, user, cnonce))
		return CW_EINVAL;
	if (!hash_response(&in, response))
		return CW_EUNSUPPORTED;
	struct cw_wr w = cw_wr_of(out, size);
	put(&w, "Digest ");
	put_quoted(&w, "username", user);
	put(&w, ", ");
	put_quoted(&w, "realm", d->realm);
	put(&w, ", ");
	put_quoted(&w, "nonce", d->nonce);
	put(&w, ", ");
	put_quoted(&w, "uri", request->target);
	put(&w, ", ");
	put_quoted(&w, "response", response);
	if (d->algorithm_given) {
		put(&w, ", algorithm=");
		put(&w, algorithms[d->algorithm].name);
	}
	if (d->opaque) {
		put(&w, ", ");
		put_quoted(&w, "opaque", d->opaque);
	}
	if (d->qop_auth) {
		put(&w, ", qop=auth, nc=");
		put(&w, nc);
	}
	if (d->qop_auth || algorithms[d->algorithm].session) {
		put(&w, ", ");
		put_quoted(&w, "cnonce", cnonce);
	}
	return finish(&w, size);
}

/* nc-value: eight hexadecimal digits (RFC 7616 3.4). */
static bool parse_count(const char *s, uint32_t *out)
{
	uint32_t v = 0;
	if (strlen(s) != COUNT_DIGITS)
		return false;
	for (; *s; s++) {
		static const char digits[] = "0123456789abcdef";
		char c = *s >= 'A' && *s <= 'F' ? (char)(*s - 'A' + 'a') : *s;
		const char *at = strchr(digits, c);
		if (!at)
			return false;
		v = v << 4 | (uint32_t)(at - digits);
	}
	*out = v;
	return true;
}

/* RFC 7616 3.4.6: both name one resource. To a proxy clients send a whole URL, of which some (curl)
 * take the path alone into the hash. */
static bool same_resource(const char *target, const char *uri)
{
	if (strcmp(target, uri) == 0)
		return true;
	const char *authority = *target == '/' ? NULL : strstr(target, "://");
	if (!authority || *uri != '/')
		return false;
	const char *path = authority + 3 + strcspn(authority + 3, "/?");
	return strcmp(path, uri) == 0 || (!*path && strcmp(uri, "/") == 0);
}

/* Reads the credentials and holds them to the challenge, up to the response itself. */
static bool read_credentials(const struct httpauth *c, const struct httpauth_digest *offered,
			     const struct httpauth_request *request, struct response_input *in,
			     uint32_t *count)
{
	const char *opaque = httpauth_param(c, "opaque"), *qop = httpauth_param(c, "qop");
	const char *realm = httpauth_param(c, "realm");
	in->user = httpauth_param(c, "username");
	in->nonce = httpauth_param(c, "nonce");
	in->uri = httpauth_param(c, "uri");
	in->cnonce = httpauth_param(c, "cnonce");
	in->count = httpauth_param(c, "nc");
	if (!httpauth_is(c, "Digest") || !in->user || !in->nonce || !in->uri || !realm ||
	    strcmp(realm, offered->realm) != 0 || !same_resource(request->target, in->uri))
		return false;
	if (!algorithm_find(httpauth_param(c, "algorithm"), &in->algorithm) ||
	    in->algorithm != offered->algorithm)
		return false;
	if (offered->opaque && (!opaque || strcmp(opaque, offered->opaque) != 0))
		return false;
	in->qop_auth = qop;
	if (in->qop_auth != offered->qop_auth || (qop && strcasecmp(qop, "auth") != 0))
		return false;
	if (algorithms[in->algorithm].session && !in->cnonce)
		return false;
	*count = 0;
	return !qop || (in->cnonce && in->count && parse_count(in->count, count));
}

static bool same_response(const char *sent, const char *want)
{
	char lower[HEX_MOST];
	size_t len = strlen(sent);
	if (len >= sizeof(lower))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = sent[i];
		lower[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	return same_secret(lower, len, want, strlen(want));
}

enum httpauth_verdict httpauth_digest_check(const struct httpauth *c,
					    const struct httpauth_digest *offered,
					    const struct httpauth_request *request,
					    const char *user, const char *password,
					    uint32_t count_least, uint32_t *count)
{
	struct response_input in = {
		.realm = offered->realm,
		.password = password,
		.method = request->method,
	};
	char want[HEX_MOST];
	uint32_t used;
	const char *response = httpauth_param(c, "response");
	if (!response || !read_credentials(c, offered, request, &in, &used) ||
	    !hash_response(&in, want))
		return HTTPAUTH_MALFORMED;
	bool right = same_response(response, want);
	wipe(want, sizeof(want));
	if (!right || strcmp(in.user, user) != 0)
		return HTTPAUTH_WRONG;
	if (strcmp(in.nonce, offered->nonce) != 0 || (in.qop_auth && used < count_least))
		return HTTPAUTH_STALE;
	*count = used;
	return HTTPAUTH_GOOD;
}
