#include "codec/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"

static const struct {
	const char *name;
	uint16_t port;
} schemes[] = {
	[URL_HTTP] = { "http", 80 },
	[URL_HTTPS] = { "https", 443 },
	[URL_LDAP] = { "ldap", 389 },
	[URL_LDAPS] = { "ldaps", 636 },
};

enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

const char *url_scheme_name(enum url_scheme s)
{
	return schemes[s].name;
}

uint16_t url_scheme_port(enum url_scheme s)
{
	return schemes[s].port;
}

static enum cw_ec say(enum cw_ec ec, const char *text, const char **why)
{
	if (why)
		*why = text;
	return ec;
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* RFC 3986 3.1: the length of a scheme with its colon behind it, 0: there is none. */
static size_t scheme_len(const char *text)
{
	size_t n = 0;
	if (!is_alpha(text[0]))
		return 0;
	while (is_alpha(text[n]) || is_digit(text[n]) || (text[n] && strchr("+-.", text[n])))
		n++;
	return text[n] == ':' ? n : 0;
}

static bool scheme_find(const char *text, size_t len, enum url_scheme *out)
{
	for (size_t i = 0; i < SCHEMES; i++) {
		if (strlen(schemes[i].name) == len &&
		    strncasecmp(text, schemes[i].name, len) == 0) {
			*out = (enum url_scheme)i;
			return true;
		}
	}
	return false;
}

/* RFC 3986 3.2.3: an empty port is the scheme's own. */
static bool parse_port(const char *text, size_t len, struct url *out)
{
	unsigned v = 0;
	if (!len)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]))
			return false;
		v = v * 10 + (unsigned)(text[i] - '0');
		if (v > UINT16_MAX)
			return false;
	}
	out->port = (uint16_t)v;
	out->port_given = true;
	return v != 0;
}

static enum cw_ec parse_ipv6(const char *text, size_t len, struct url *out, const char **why)
{
	struct cw_addr addr;
	char literal[URL_HOST];
	if (len >= sizeof(literal))
		return say(CW_EMALFORMED, "no IPv6 address in the brackets", why);
	memcpy(literal, text, len);
	literal[len] = '\0';
	/* RFC 6874 zones are of one machine only. */
	if (strchr(literal, '%') || !cw_addr_parse(literal, &addr) || addr.family != CW_IPV6)
		return say(CW_EMALFORMED, "no IPv6 address in the brackets", why);
	cw_addr_text(&addr, out->host);
	out->ipv6 = true;
	return CW_OK;
}

/* Letters of other scripts pass; what has a meaning in a URL, or none anywhere, does not. */
static bool is_host_char(char c)
{
	return is_alpha(c) || is_digit(c) || (c && strchr("-._~", c)) || (unsigned char)c >= 0x80;
}

static enum cw_ec parse_name(const char *text, size_t len, struct url *out, const char **why)
{
	struct cw_addr addr;
	if (len >= URL_HOST)
		return say(CW_ETOOBIG, "the host name is too long", why);
	for (size_t i = 0; i < len; i++) {
		if (!is_host_char(text[i]))
			return say(CW_EMALFORMED, "a forbidden character in the host name", why);
		out->host[i] = lower(text[i]);
	}
	out->host[len] = '\0';
	out->ipv4 = cw_addr_parse(out->host, &addr) && addr.family == CW_IPV4;
	return CW_OK;
}

/* RFC 3986 3.2; text is what stands between // and the path. */
static enum cw_ec parse_authority(const char *text, size_t len, struct url *out, const char **why)
{
	if (memchr(text, '@', len))
		return say(CW_EUNSUPPORTED, "user information in the URL", why);
	const char *end = text + len, *port = NULL;
	enum cw_ec ec;
	if (len && text[0] == '[') {
		const char *close = memchr(text, ']', len);
		if (!close)
			return say(CW_EMALFORMED, "a bracket that is not closed", why);
		ec = parse_ipv6(text + 1, (size_t)(close - text) - 1, out, why);
		port = close + 1;
	} else {
		port = memchr(text, ':', len);
		if (!port)
			port = end;
		ec = parse_name(text, (size_t)(port - text), out, why);
	}
	if (ec != CW_OK)
		return ec;
	if (port < end && *port != ':')
		return say(CW_EMALFORMED, "characters behind the bracket", why);
	if (port < end && !parse_port(port + 1, (size_t)(end - port) - 1, out))
		return say(CW_EMALFORMED, "a port that is none", why);
	bool ldap = out->scheme == URL_LDAP || out->scheme == URL_LDAPS;
	if (!out->host[0] && (!ldap || out->port_given))
		return say(CW_EMALFORMED, "no host", why);
	return CW_OK;
}

/* RFC 3986 3.3, 3.4: printable ASCII, a percent sign only before two digits. */
static const char *fault_in_target(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == ' ')
			return "a blank in the URL, want %20";
		if (c < ' ' || c == 0x7f)
			return "a control character in the URL";
		if (c >= 0x80)
			return "a character beyond ASCII in the path, want percent-encoding";
		if (strchr("\"<>\\^`{|}", c))
			return "a forbidden character in the path, want percent-encoding";
		if (c == '%' && (len - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
			return "a percent sign without two hexadecimal digits";
	}
	return NULL;
}

static enum cw_ec parse_target(const char *text, struct url *out, const char **why)
{
	size_t len = strcspn(text, "#");
	const char *fault = fault_in_target(text, strlen(text));
	if (fault)
		return say(CW_EMALFORMED, fault, why);
	if (len > LIMIT_URL)
		return say(CW_ETOOBIG, "the URL is too long", why);
	size_t slash = text[0] == '/' ? 0 : 1;
	out->target[0] = '/';
	memcpy(out->target + slash, text, len);
	out->target[slash + len] = '\0';
	return CW_OK;
}

enum cw_ec url_parse(const char *text, struct url *out, const char **why)
{
	struct url u = { .scheme = URL_HTTP };
	size_t n = scheme_len(text);
	if (strlen(text) > LIMIT_URL)
		return say(CW_ETOOBIG, "the URL is too long", why);
	/* "mailto:x" is a URL of another kind, "host:80" is none. */
	bool known = n && scheme_find(text, n, &u.scheme);
	if (!n || (known && strncmp(text + n, "://", 3) != 0) || is_digit(text[n + 1]))
		return say(CW_EMALFORMED, "no scheme, want http://...", why);
	if (!known)
		return say(CW_EUNSUPPORTED, "another scheme than http, https, ldap and ldaps", why);
	u.port = schemes[u.scheme].port;
	const char *authority = text + n + 3;
	size_t len = strcspn(authority, "/?#");
	enum cw_ec ec = parse_authority(authority, len, &u, why);
	if (ec == CW_OK)
		ec = parse_target(authority + len, &u, why);
	if (ec == CW_OK)
		*out = u;
	return ec;
}

/* RFC 3986 5.2.4, for the path of an absolute target, in place. */
static void remove_dots(char *target)
{
	size_t end = strcspn(target, "?");
	size_t from = 0, to = 0;
	while (from < end) {
		size_t n = 1;
		while (from + n < end && target[from + n] != '/')
			n++;
		bool last = from + n == end;
		bool one = n == 2 && target[from + 1] == '.';
		bool two = n == 3 && target[from + 1] == '.' && target[from + 2] == '.';
		if (two) {
			while (to && target[--to] != '/')
				;
		}
		if (!one && !two) {
			memmove(target + to, target + from, n);
			to += n;
		} else if (last) {
			target[to++] = '/';
		}
		from += n;
	}
	memmove(target + to, target + end, strlen(target + end) + 1);
}

/* How many characters of the base's target stand before the reference (RFC 3986 5.2.2). */
static size_t kept_of_base(const struct url *base, const char *reference)
{
	size_t path = strcspn(base->target, "?");
	if (!*reference || *reference == '#')
		return strlen(base->target);
	if (*reference == '?')
		return path;
	if (*reference == '/')
		return 0;
	while (path && base->target[path - 1] != '/')
		path--;
	return path;
}

enum cw_ec url_join(const struct url *base, const char *reference, struct url *out,
		    const char **why)
{
	char text[URL_TEXT];
	if (strlen(reference) > LIMIT_URL)
		return say(CW_ETOOBIG, "the URL is too long", why);
	if (scheme_len(reference))
		return url_parse(reference, out, why);
	if (strncmp(reference, "//", 2) == 0) {
		snprintf(text, sizeof(text), "%s:%s", schemes[base->scheme].name, reference);
		return url_parse(text, out, why);
	}
	struct url u = *base;
	char target[2 * LIMIT_URL + 2];
	snprintf(target, sizeof(target), "%.*s%s", (int)kept_of_base(base, reference), base->target,
		 reference);
	if (strlen(target) > LIMIT_URL)
		return say(CW_ETOOBIG, "the URL is too long", why);
	enum cw_ec ec = parse_target(target, &u, why);
	if (ec != CW_OK)
		return ec;
	remove_dots(u.target);
	*out = u;
	return CW_OK;
}

char *url_authority(const struct url *u, char *out)
{
	const char *open = u->ipv6 ? "[" : "", *close = u->ipv6 ? "]" : "";
	if (u->port == schemes[u->scheme].port)
		snprintf(out, URL_AUTHORITY, "%s%s%s", open, u->host, close);
	else
		snprintf(out, URL_AUTHORITY, "%s%s%s:%u", open, u->host, close, u->port);
	return out;
}

char *url_text(const struct url *u, char *out)
{
	char authority[URL_AUTHORITY];
	snprintf(out, URL_TEXT, "%s://%s%s", schemes[u->scheme].name, url_authority(u, authority),
		 u->target);
	return out;
}
