/* Any text as a URL and as a reference to one: what is read is read again from its own text. */
#include "fuzz.h"

#include <string.h>

#include "codec/url.h"

static bool same(const struct url *a, const struct url *b)
{
	return a->scheme == b->scheme && a->port == b->port && a->ipv6 == b->ipv6 &&
	       a->ipv4 == b->ipv4 && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->target, b->target) == 0;
}

static void check(const struct url *u)
{
	char text[URL_TEXT], authority[URL_AUTHORITY];
	struct url again;
	const char *why = NULL;
	REQUIRE(u->target[0] == '/' && !strpbrk(u->target, " \r\n\t#"));
	REQUIRE(!strpbrk(url_authority(u, authority), " \r\n\t/@"));
	enum cw_ec ec = url_parse(url_text(u, text), &again, &why);
	/* A port or a slash that was left out makes the text longer. */
	REQUIRE((ec == CW_OK && same(u, &again)) || (ec == CW_ETOOBIG && why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct url base, u;
	const char *why = NULL;
	char *text = malloc(size + 1);
	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (url_parse(text, &u, &why) == CW_OK)
		check(&u);
	else
		REQUIRE(why);
	REQUIRE(url_parse("https://[2001:db8::1]:444/a/b/../c/d?q", &base, &why) == CW_OK);
	why = NULL;
	if (url_join(&base, text, &u, &why) == CW_OK)
		check(&u);
	else
		REQUIRE(why);
	free(text);
	return 0;
}
