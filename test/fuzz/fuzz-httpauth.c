/* Any text as challenges and as credentials: a Digest challenge that is read can be answered, and
 * the answer is good. */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "codec/httpauth.h"

static void check_token(const struct httpauth *c)
{
	static uint8_t token[70000];
	static char text[100000];
	size_t len;
	if (httpauth_token_decode(c, token, sizeof(token), &len) != CW_OK || !len)
		return;
	REQUIRE(httpauth_token_make("NTLM", token, len, text, sizeof(text)) == CW_OK);
	REQUIRE(strlen(text + 5) == strlen(c->token68));
}

static void check_digest(struct cw_arena *a, const struct httpauth_digest *d)
{
	static char text[300000];
	static const struct httpauth_request request = { "CONNECT", "vpn.test:443" };
	struct httpauth c;
	uint32_t count;
	enum cw_ec ec = httpauth_digest_make(d, &request, "us\"er", "secret", "cnonce", 3, text,
					     sizeof(text));
	if (ec == CW_EINVAL)
		return;
	REQUIRE(ec == CW_OK);
	REQUIRE(httpauth_parse(a, text, &c) == CW_OK);
	REQUIRE(httpauth_digest_check(&c, d, &request, "us\"er", "secret", 1, &count) ==
		HTTPAUTH_GOOD);
	REQUIRE(httpauth_digest_check(&c, d, &request, "us\"er", "other", 1, &count) ==
		HTTPAUTH_WRONG);
	REQUIRE(httpauth_digest_challenge(d, text, sizeof(text)) == CW_OK);
	struct httpauth_digest again;
	REQUIRE(httpauth_parse(a, text, &c) == CW_OK);
	REQUIRE(httpauth_digest_read(&c, &again) == CW_OK);
	REQUIRE(strcmp(again.realm, d->realm) == 0 && strcmp(again.nonce, d->nonce) == 0);
	REQUIRE(again.qop_auth == d->qop_auth && again.algorithm == d->algorithm);
}

static void check_credentials(const struct httpauth *c)
{
	static const struct httpauth_digest offered = { .realm = "r",
							.nonce = "n",
							.qop_auth = true };
	static const struct httpauth_request request = { "GET", "/" };
	uint32_t count;
	REQUIRE(httpauth_digest_check(c, &offered, &request, "u", "a secret of 128 bits", 1,
				      &count) != HTTPAUTH_GOOD);
	REQUIRE(httpauth_basic_check(c, "u", "a secret of 128 bits") != HTTPAUTH_GOOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *a = cw_arena_new();
	struct httpauth_list list = { 0 };
	struct httpauth one;
	struct httpauth_digest d;
	const char *text = cw_arena_strn(a, (const char *)data, size);
	if (memchr(data, 0, size))
		text = cw_arena_str(a, text);
	enum cw_ec ec = httpauth_list_add(&list, a, text);
	REQUIRE(list.count <= HTTPAUTH_CHALLENGES);
	for (size_t i = 0; i < list.count; i++) {
		REQUIRE(*list.challenge[i].scheme);
		REQUIRE(!list.challenge[i].token68 || !list.challenge[i].param_count);
		check_token(&list.challenge[i]);
		check_credentials(&list.challenge[i]);
		if (httpauth_digest_read(&list.challenge[i], &d) == CW_OK)
			check_digest(a, &d);
	}
	if (httpauth_parse(a, text, &one) == CW_OK)
		REQUIRE(ec == CW_OK && list.count == 1);
	cw_arena_free(a);
	return 0;
}
