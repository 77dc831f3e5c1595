/*
 * URLs as probes meet them (RFC 3986; RFC 4516 for ldap): where to connect and what to ask there.
 * Names in other scripts pass as they are; turning them into ASCII is the caller's.
 */
#ifndef CW_CODEC_URL_H
#define CW_CODEC_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec.h"
#include "base/limits.h"

enum url_scheme { URL_HTTP, URL_HTTPS, URL_LDAP, URL_LDAPS };

enum { URL_HOST = 256, URL_AUTHORITY = URL_HOST + 8 };

struct url {
	enum url_scheme scheme;
	/* In lower case; IPv6 without brackets. "" only with ldap:///, which means: a server of the
	 * reader's own domain (MS-ADTS), that is, nothing a probe can connect to. */
	char host[URL_HOST];
	bool ipv6, ipv4; /* the host is a literal */
	uint16_t port;   /* the scheme's own where none is given */
	bool port_given;
	/* Path and query, percent-encoding as it was; begins with '/'. The fragment is left out. */
	char target[LIMIT_URL + 2];
};

/*
 * CW_EMALFORMED: no URL. CW_EUNSUPPORTED: another scheme, or user information in it. CW_ETOOBIG.
 * *why (may be NULL) says in English what is wrong with it.
 */
enum cw_ec url_parse(const char *text, struct url *out, const char **why);
/* What a Location header means (RFC 3986 5.2): any URL, "//host/p", "/p", "p", "?q". */
enum cw_ec url_join(const struct url *base, const char *reference, struct url *out,
		    const char **why);

const char *url_scheme_name(enum url_scheme s);
uint16_t url_scheme_port(enum url_scheme s);
/* "host", "host:81", "[2001:db8::1]": a Host header, with the port where it is not the usual
 * one. out holds URL_AUTHORITY bytes. Returns out. */
char *url_authority(const struct url *u, char *out);
/* The whole URL again; out holds URL_TEXT bytes. Returns out. */
enum { URL_TEXT = URL_AUTHORITY + LIMIT_URL + 16 };
char *url_text(const struct url *u, char *out);

#endif
