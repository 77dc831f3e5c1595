/* Inside src/codec: names between text and wire, for dns_*.c and tsig.c. */
#ifndef CW_CODEC_DNS_WIRE_H
#define CW_CODEC_DNS_WIRE_H

#include "base/limits.h"
#include "base/rd.h"

enum {
	DNS_HEADER = 12,
	DNS_ARCOUNT_AT = 10, /* place of the additional count in the header */
	DNS_POINTER = 0xc0,  /* RFC 1035 4.1.4: the upper two bits of a pointer */
	DNS_POINTER_REACH = 1 << 14,
	DNS_RR_LEAST = 11,      /* root owner, type, class, TTL, rdata length */
	DNS_QUESTION_LEAST = 5, /* root name, type, class */
};

/* Text to uncompressed wire form with the root label. Returns its length, 0: not writable. */
size_t dns_name_pack(const char *name, uint8_t out[LIMIT_DNS_NAME_WIRE]);

/* The name at r, which reads inside message, as text with its NUL. Returns the length without the
 * NUL; 0: malformed, with r where it was. */
size_t dns_name_unpack(struct cw_rd *r, const uint8_t *message, size_t message_len,
		       char out[LIMIT_DNS_NAME_TEXT]);

/* Steps over a name without following its pointer. False, and r bad: cut, or an unknown type of
 * label. */
bool dns_name_skip(struct cw_rd *r);

/* Decimal \DDD, as in the presentation form (RFC 1035 5.1). Returns the byte behind it. */
char *dns_escape_octet(uint8_t octet, char *out);
/* One octet of a text with escapes; *text is at it and moves behind it. -1: bad escape. */
int dns_unescape_octet(const char **text);

static inline uint8_t dns_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

#endif
