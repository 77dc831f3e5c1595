#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, unsigned long most, unsigned long *out)
{
	if (*text < '0' || *text > '9' || strlen(text) > 10)
		return false;
	char *end;
	*out = strtoul(text, &end, 10);
	return !*end && *out <= most;
}

bool cw_addr_parse(const char *text, struct cw_addr *out)
{
	struct cw_addr a = { 0 };
	char bare[CW_ADDR_TEXT];
	size_t len = strcspn(text, "%");
	if (len >= sizeof(bare))
		return false;
	memcpy(bare, text, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, text, a.bytes) == 1) {
		a.family = CW_IPV4;
	} else if (inet_pton(AF_INET6, bare, a.bytes) == 1) {
		a.family = CW_IPV6;
		unsigned long scope = 0;
		if (text[len] && !parse_number(text + len + 1, UINT32_MAX, &scope))
			return false;
		a.scope = (uint32_t)scope;
	} else {
		return false;
	}
	*out = a;
	return true;
}

/* Splits "[ADDR]:PORT" or "ADDR:PORT" into its two parts; port is NULL where none is given. */
static bool split_port(char *text, char **addr, char **port)
{
	*addr = text;
	*port = NULL;
	if (*text == '[') {
		char *close = strchr(text, ']');
		if (!close || (close[1] && close[1] != ':'))
			return false;
		*addr = text + 1;
		*port = close[1] ? close + 2 : NULL;
		*close = '\0';
		return true;
	}
	char *colon = strchr(text, ':');
	if (colon && !strchr(colon + 1, ':')) { /* exactly one: IPv4 with a port */
		*port = colon + 1;
		*colon = '\0';
	}
	return true;
}

bool cw_addr_parse_port(const char *text, uint16_t default_port, struct cw_addr *out)
{
	char copy[CW_ADDR_TEXT * 2];
	char *addr, *port;
	size_t len = strlen(text);
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len + 1);
	struct cw_addr a;
	if (!split_port(copy, &addr, &port) || !cw_addr_parse(addr, &a))
		return false;
	unsigned long number = default_port;
	if (port && (!parse_number(port, UINT16_MAX, &number) || !number))
		return false;
	a.port = (uint16_t)number;
	*out = a;
	return true;
}

char *cw_addr_text(const struct cw_addr *a, char *out)
{
	int af = a->family == CW_IPV6 ? AF_INET6 : AF_INET;
	if (a->family == CW_FAMILY_NONE || !inet_ntop(af, a->bytes, out, CW_ADDR_TEXT)) {
		memcpy(out, "-", 2);
		return out;
	}
	if (a->scope) {
		size_t len = strlen(out);
		(void)snprintf(out + len, CW_ADDR_TEXT - len, "%%%u", (unsigned)a->scope);
	}
	return out;
}

char *cw_addr_port_text(const struct cw_addr *a, char *out)
{
	char bare[CW_ADDR_TEXT];
	cw_addr_text(a, bare);
	(void)snprintf(out, CW_ADDR_TEXT, a->family == CW_IPV6 ? "[%.56s]:%u" : "%.57s:%u", bare,
		       (unsigned)a->port);
	return out;
}

static size_t addr_len(const struct cw_addr *a)
{
	return a->family == CW_IPV6 ? 16 : 4;
}

bool cw_addr_same(const struct cw_addr *a, const struct cw_addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	       !memcmp(a->bytes, b->bytes, addr_len(a));
}

bool cw_addr_same_port(const struct cw_addr *a, const struct cw_addr *b)
{
	return a->port == b->port && cw_addr_same(a, b);
}

bool cw_addr_is_loopback(const struct cw_addr *a)
{
	static const uint8_t v6[16] = { [15] = 1 };
	return a->family == CW_IPV4 ? a->bytes[0] == 127 : !memcmp(a->bytes, v6, 16);
}

char *cw_addr_reverse_name(const struct cw_addr *a, char *out)
{
	if (a->family == CW_IPV4) {
		(void)snprintf(out, 80, "%u.%u.%u.%u.in-addr.arpa", a->bytes[3], a->bytes[2],
			       a->bytes[1], a->bytes[0]);
		return out;
	}
	size_t at = 0;
	for (int i = 15; i >= 0; i--) {
		out[at++] = "0123456789abcdef"[a->bytes[i] & 15];
		out[at++] = '.';
		out[at++] = "0123456789abcdef"[a->bytes[i] >> 4];
		out[at++] = '.';
	}
	memcpy(out + at, "ip6.arpa", 9);
	return out;
}
