#include "report/json_writer.h"

#include <string.h>
#include <utf8proc.h>

#include "report/out_buf.h"

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The high bit of each byte of v that is zero; bytes above a zero one may be marked too. */
static uint64_t zero_bytes(uint64_t v)
{
	return (v - EACH_BYTE(1)) & ~v & EACH_BYTE(0x80);
}

/* Whether one of eight bytes is a control character, a quote, a backslash or not ASCII. */
static bool needs_care(uint64_t v)
{
	uint64_t below_space = (v - EACH_BYTE(0x20)) & ~v;
	return ((v | below_space) & EACH_BYTE(0x80)) || zero_bytes(v ^ EACH_BYTE('"')) ||
	       zero_bytes(v ^ EACH_BYTE('\\')) || zero_bytes(v ^ EACH_BYTE(0x7f));
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Leading bytes that stand in a JSON string as they are. */
static size_t plain_len(const char *s, size_t len)
{
	size_t n = 0;
	uint64_t eight;
	while (len - n >= sizeof(eight)) {
		memcpy(&eight, s + n, sizeof(eight));
		if (needs_care(eight))
			break;
		n += sizeof(eight);
	}
	while (n < len && is_plain(s[n]))
		n++;
	return n;
}

/* Characters that no reader sees and a terminal or script obeys: C1 controls, zero-width and
 * direction marks, the line separators of JavaScript. */
static bool is_hidden(utf8proc_int32_t c)
{
	return (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* A character below U+10000 that does not stand as it is. */
static void put_escape(struct out_buf *o, unsigned c)
{
	static const char hex[] = "0123456789abcdef";
	char short_form = c == '"' || c == '\\' ? (char)c : c == '\n' ? 'n' : c == '\t' ? 't' : 0;
	char *at = out_room(o, 6);
	if (!at)
		return;
	at[0] = '\\';
	if (short_form) {
		at[1] = short_form;
		o->len += 2;
		return;
	}
	at[1] = 'u';
	for (int i = 0; i < 4; i++)
		at[2 + i] = hex[c >> (12 - 4 * i) & 15];
	o->len += 6;
}

/* Leading bytes of s that are characters beyond ASCII and stand as they are; when there are none,
 * *odd is the character there, or -1 for a byte that starts none. */
static size_t foreign_len(const char *s, size_t len, utf8proc_int32_t *odd)
{
	size_t n = 0;
	while (n < len) {
		utf8proc_int32_t c;
		utf8proc_ssize_t took = utf8proc_iterate((const utf8proc_uint8_t *)s + n,
							 (utf8proc_ssize_t)(len - n), &c);
		*odd = took > 0 ? c : -1;
		if (took < 2 || is_hidden(c))
			break;
		n += (size_t)took;
	}
	return n;
}

static size_t char_len(utf8proc_int32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
}

/* The inside of a string. */
static void put_chars(struct out_buf *o, const char *s, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = plain_len(s + at, len - at);
		if (!n) {
			utf8proc_int32_t odd = -1;
			n = foreign_len(s + at, len - at, &odd);
			if (!n) {
				if (odd < 0)
					out_put(o, "\xef\xbf\xbd", 3);
				else
					put_escape(o, (unsigned)odd);
				at += odd < 0 ? 1 : char_len(odd);
				continue;
			}
		}
		out_put(o, s + at, n);
		at += n;
	}
}

static void put_byte(struct out_buf *o, char c)
{
	out_put(o, &c, 1);
}

static void put_line(struct json *j)
{
	put_byte(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		out_put(j->out, "  ", 2);
}

static void before_item(struct json *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->filled)
		put_byte(j->out, ',');
	if (j->indented && j->depth)
		put_line(j);
	j->filled = true;
}

void json_open(struct json *j, char bracket)
{
	before_item(j);
	put_byte(j->out, bracket);
	j->depth++;
	j->filled = false;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (j->indented && j->filled)
		put_line(j);
	put_byte(j->out, bracket);
	j->filled = true;
}

void json_put_key(struct json *j, const char *key)
{
	before_item(j);
	size_t len = strlen(key);
	char *at = out_room(j->out, len + 4);
	if (!at)
		return;
	*at++ = '"';
	memcpy(at, key, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	if (j->indented)
		*at = ' ';
	j->out->len += len + 3 + j->indented;
	j->after_key = true;
}

void json_put_string(struct json *j, const char *s)
{
	if (!s) {
		json_put_null(j);
		return;
	}
	before_item(j);
	put_byte(j->out, '"');
	put_chars(j->out, s, strlen(s));
	put_byte(j->out, '"');
}

static void text_piece(void *to, const char *piece, size_t len, bool from_arg)
{
	(void)from_arg;
	put_chars(to, piece, len);
}

void json_put_text(struct json *j, const struct cw_text *t, cw_translate *translate)
{
	if (!t->msgid) {
		json_put_null(j);
		return;
	}
	before_item(j);
	put_byte(j->out, '"');
	cw_text_walk(t, translate, text_piece, j->out);
	put_byte(j->out, '"');
}

void json_put_number(struct json *j, int64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	before_item(j);
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (n < 0)
		put_byte(j->out, '-');
	out_put(j->out, digits + at, sizeof(digits) - at);
}

void json_put_flag(struct json *j, bool flag)
{
	before_item(j);
	out_str(j->out, flag ? "true" : "false");
}

void json_put_null(struct json *j)
{
	before_item(j);
	out_put(j->out, "null", 4);
}
