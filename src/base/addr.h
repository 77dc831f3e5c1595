/* An IPv4 or IPv6 address with a port, free of any system's socket types. */
#ifndef CW_BASE_ADDR_H
#define CW_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cw_family { CW_FAMILY_NONE, CW_IPV4, CW_IPV6 };

struct cw_addr {
	enum cw_family family;
	uint16_t port;     /* 0: none given */
	uint32_t scope;    /* IPv6 zone index, 0: none */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
};

enum { CW_ADDR_TEXT = 64 }; /* "[" 45 "%" 10 "]:" 5 NUL */

/* A bare address literal: "192.0.2.1", "2001:db8::1", "fe80::1%2". No brackets, no port. */
bool cw_addr_parse(const char *text, struct cw_addr *out);
/* ADDR, ADDR:PORT (IPv4), [ADDR] or [ADDR]:PORT; a bare IPv6 address is taken as such. */
bool cw_addr_parse_port(const char *text, uint16_t default_port, struct cw_addr *out);

/* "192.0.2.1" or "2001:db8::1"; out holds at least CW_ADDR_TEXT bytes. Returns out. */
char *cw_addr_text(const struct cw_addr *a, char *out);
/* "192.0.2.1:53" or "[2001:db8::1]:53". Returns out. */
char *cw_addr_port_text(const struct cw_addr *a, char *out);

/* Same address; the port counts too in cw_addr_same_port. */
bool cw_addr_same(const struct cw_addr *a, const struct cw_addr *b);
bool cw_addr_same_port(const struct cw_addr *a, const struct cw_addr *b);
bool cw_addr_is_loopback(const struct cw_addr *a);

/* The name that a PTR query asks (RFC 1035 3.5, RFC 3596 2.5); out holds at least 80 bytes. */
char *cw_addr_reverse_name(const struct cw_addr *a, char *out);

#endif
