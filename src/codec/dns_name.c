#include "codec/dns.h"

#include <assert.h>
#include <string.h>

#include "codec/dns_wire.h"

/* Octets that stand for themselves in the presentation form; all others are written as \DDD. */
/* clang-format off */
static const bool plain[256] = {
	['-'] = true, ['_'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};
/* clang-format on */

char *dns_escape_octet(uint8_t octet, char *out)
{
	out[0] = '\\';
	out[1] = (char)('0' + octet / 100);
	out[2] = (char)('0' + octet / 10 % 10);
	out[3] = (char)('0' + octet % 10);
	return out + 4;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* An escape, \DDD or \X; *text is at its backslash. */
static int unescape(const char **text)
{
	const char *s = *text;
	if (!s[1])
		return -1;
	if (!is_digit(s[1])) {
		*text = s + 2;
		return (uint8_t)s[1];
	}
	if (!is_digit(s[2]) || !is_digit(s[3]))
		return -1;
	int octet = (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
	if (octet > 255)
		return -1;
	*text = s + 4;
	return octet;
}

static inline int next_octet(const char **text)
{
	if (**text == '\\')
		return unescape(text);
	char plain_octet = *(*text)++;
	return (uint8_t)plain_octet;
}

int dns_unescape_octet(const char **text)
{
	return next_octet(text);
}

static bool is_root(const char *name)
{
	return name[0] == '.' && !name[1];
}

size_t dns_name_pack(const char *name, uint8_t out[LIMIT_DNS_NAME_WIRE])
{
	if (is_root(name)) {
		out[0] = 0;
		return 1;
	}
	size_t start = 0; /* place of the length octet of the label that is being written */
	size_t len = 1;
	for (const char *s = name;;) {
		if (*s == '.' || !*s) {
			size_t label = len - start - 1;
			if (!label || label > LIMIT_DNS_LABEL || len == LIMIT_DNS_NAME_WIRE)
				return 0;
			out[start] = (uint8_t)label;
			start = len++;
			if (!*s || !*++s)
				break;
			continue;
		}
		int octet = next_octet(&s);
		if (octet < 0 || len == LIMIT_DNS_NAME_WIRE)
			return 0;
		out[len++] = (uint8_t)octet;
	}
	out[start] = 0;
	return len;
}

static char *unpack_label(const uint8_t *label, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		if (plain[label[i]]) {
			*out++ = (char)label[i];
		} else if (label[i] == '.') {
			*out++ = '\\';
			*out++ = '.';
		} else {
			out = dns_escape_octet(label[i], out);
		}
	}
	return out;
}

/*
 * A pointer must lead before the run of labels that it ends, so every step goes backwards and no
 * loop is possible; nor may it lead into the header, where no name is. Names that follow the rules
 * of RFC 1035 4.1.4 are never refused by that.
 */
size_t dns_name_unpack(struct cw_rd *r, const uint8_t *message, size_t message_len,
		       char out[LIMIT_DNS_NAME_TEXT])
{
	if (r->bad)
		return 0;
	const uint8_t *p = r->p, *end = r->p + r->left;
	const uint8_t *run = p, *behind = NULL;
	size_t wire_len = 1;
	unsigned pointers = 0;
	char *o = out;
	for (;;) {
		if (p == end)
			return 0;
		size_t n = *p++;
		if (!n)
			break;
		if (n <= LIMIT_DNS_LABEL) {
			wire_len += n + 1;
			if (wire_len > LIMIT_DNS_NAME_WIRE || n > (size_t)(end - p))
				return 0;
			o = unpack_label(p, n, o);
			*o++ = '.';
			p += n;
			continue;
		}
		if (n < DNS_POINTER || p == end)
			return 0;
		size_t target = (n & ~(size_t)DNS_POINTER) << 8 | *p++;
		if (!behind)
			behind = p;
		if (target < DNS_HEADER || target >= (size_t)(run - message) ||
		    ++pointers > LIMIT_DNS_POINTERS)
			return 0;
		run = p = message + target;
		end = message + message_len;
	}
	if (o == out)
		*o++ = '.';
	else
		o--; /* no final dot, except for the root */
	*o = '\0';
	(void)cw_rd_take(r, (size_t)((behind ? behind : p) - r->p));
	return (size_t)(o - out);
}

bool dns_name_skip(struct cw_rd *r)
{
	for (;;) {
		uint8_t n = cw_rd_u8(r);
		if (r->bad)
			return false;
		if (!n)
			return true;
		if (n >= DNS_POINTER)
			return cw_rd_take(r, 1) != NULL;
		if (n > LIMIT_DNS_LABEL)
			r->bad = true;
		(void)cw_rd_take(r, n);
	}
}

enum cw_ec dns_name_to_wire(const char *name, struct cw_wr *w)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	size_t len = dns_name_pack(name, wire);
	if (!len)
		return CW_EINVAL;
	cw_wr_bytes(w, wire, len);
	return w->bad ? CW_ETOOBIG : CW_OK;
}

enum cw_ec dns_name_read(struct cw_rd *r, const uint8_t *message, size_t message_len, char *out)
{
	assert(r->bad || (r->p >= message && r->p + r->left <= message + message_len));
	char text[LIMIT_DNS_NAME_TEXT];
	size_t len = dns_name_unpack(r, message, message_len, text);
	if (!len) {
		r->bad = true;
		return CW_EMALFORMED;
	}
	memcpy(out, text, len + 1);
	return CW_OK;
}

/* What comes next in a name: an octet in lower case, or one of these. */
enum { NAME_END = -1, NAME_DOT = -2, NAME_BAD = -3 };

static int next_item(const char **name)
{
	const char *s = *name;
	if (!*s || is_root(s)) /* a final dot ends a name like the end of the text */
		return NAME_END;
	if (*s == '.') {
		*name = s + 1;
		return NAME_DOT;
	}
	int octet = next_octet(name);
	return octet < 0 ? NAME_BAD : dns_lower((uint8_t)octet);
}

bool dns_name_equal(const char *a, const char *b)
{
	if (!*a || !*b) /* no name at all, which is not the root */
		return !*a && !*b;
	for (;;) {
		for (; *a == *b && *a && *a != '\\'; a++)
			b++;
		int x = next_item(&a);
		if (x != next_item(&b) || x == NAME_BAD)
			return false;
		if (x == NAME_END)
			return true;
	}
}

const char *dns_name_parent(const char *name)
{
	const char *s = name;
	for (;;) {
		int item = next_item(&s);
		if (item == NAME_DOT)
			return s;
		if (item == NAME_END || item == NAME_BAD)
			return ".";
	}
}

size_t dns_name_labels(const char *name)
{
	size_t count = 0;
	for (const char *s = name; *s && !is_root(s); s = dns_name_parent(s))
		count++;
	return count;
}

bool dns_name_within(const char *name, const char *zone)
{
	size_t below = dns_name_labels(name), top = dns_name_labels(zone);
	for (; below > top; below--)
		name = dns_name_parent(name);
	return dns_name_equal(name, zone);
}
