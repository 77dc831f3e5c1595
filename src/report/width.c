#include "report/width.h"

#include <string.h>
#include <utf8proc.h>

#include "report/out_buf.h"

/* Combining characters that one base character may carry; more only paint over other lines. */
enum { COMBINING_MOST = 4 };

/* One character of s, or -1 for a byte that starts none; either way at least one byte. */
static size_t next_char(const char *s, size_t len, utf8proc_int32_t *c)
{
	utf8proc_ssize_t n =
		utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, c);
	if (n > 0)
		return (size_t)n;
	*c = -1;
	return 1;
}

static bool is_harmless(utf8proc_int32_t c)
{
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC: /* control: terminal sequences, line ends */
	case UTF8PROC_CATEGORY_CF: /* format: direction overrides, zero-width characters */
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

static size_t printable_ascii(const char *s, size_t len)
{
	size_t n = 0;
	while (n < len && s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

/* Writes the one character at s; combining counts how many stand in a row. Returns its bytes. */
static size_t clean_char(struct out_buf *o, const char *s, size_t len, bool ascii_only,
			 int *combining)
{
	utf8proc_int32_t c;
	size_t n = next_char(s, len, &c);
	if (c < 0) {
		out_fmt(o, "\\x%02X", (unsigned char)*s);
		return n;
	}
	*combining = utf8proc_charwidth(c) > 0 ? 0 : *combining + 1;
	if (c >= 0x80 && !ascii_only && *combining <= COMBINING_MOST && is_harmless(c))
		out_put(o, s, n);
	else if (c < 0x80)
		out_fmt(o, "\\x%02X", (unsigned)c);
	else
		out_fmt(o, "\\u{%04X}", (unsigned)c);
	return n;
}

void out_clean(struct out_buf *o, const char *s, size_t len, bool ascii_only)
{
	int combining = 0;
	for (size_t at = 0; at < len;) {
		size_t n = printable_ascii(s + at, len - at);
		if (n) {
			out_put(o, s + at, n);
			combining = 0;
		} else {
			n = clean_char(o, s + at, len - at, ascii_only, &combining);
		}
		at += n;
	}
}

void out_mark(struct out_buf *o, enum mark mark)
{
	char byte = (char)mark;
	out_put(o, &byte, 1);
}

static size_t char_width(utf8proc_int32_t c)
{
	if (c >= 0 && c < 0x20)
		return c == FIXED_SPACE;
	int width = c < 0 ? 1 : utf8proc_charwidth(c);
	return width > 0 ? (size_t)width : 0;
}

size_t text_width(const char *clean, size_t len)
{
	size_t width = 0;
	for (size_t at = 0; at < len;) {
		size_t n = printable_ascii(clean + at, len - at);
		utf8proc_int32_t c;
		width += n;
		at += n;
		if (at < len) {
			at += next_char(clean + at, len - at, &c);
			width += char_width(c);
		}
	}
	return width;
}

size_t text_fit(const char *clean, size_t len, size_t columns)
{
	size_t at = 0;
	while (at < len) {
		utf8proc_int32_t c;
		size_t n = next_char(clean + at, len - at, &c), width = char_width(c);
		if (width > columns)
			break;
		columns -= width;
		at += n;
	}
	return at;
}

/* Whether c is one of these characters. */
static bool is_among(utf8proc_int32_t c, const char *these)
{
	utf8proc_uint8_t bytes[4];
	char one[5] = "";
	utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);
	if (n < 1)
		return false;
	memcpy(one, bytes, (size_t)n);
	return strstr(these, one) != NULL;
}

static bool is_katakana(utf8proc_int32_t c)
{
	return c >= 0x30a0 && c <= 0x30ff && c != 0x30fb;
}

static bool is_wide(utf8proc_int32_t c)
{
	return c >= 0x1100 && utf8proc_charwidth(c) == 2;
}

/* Whether a line may be folded between a and b, where no space stands (JIS X 4051): around
 * Japanese characters, but no line starts with a closing mark or a small kana, none ends with an
 * opening one, and katakana words stay whole. */
static bool may_break(utf8proc_int32_t a, utf8proc_int32_t b)
{
	if (!is_wide(a) && !is_wide(b))
		return false;
	if (is_katakana(a) && is_katakana(b))
		return false;
	return !is_among(b, "、。，．・：；？！）」』】〕〉》ぁぃぅぇぉっゃゅょァィゥェォッャュョー"
			    ")]},.:;?!") &&
	       !is_among(a, "（「『【〔〈《([{");
}

/* Bytes up to the next place where the line may be folded. */
static size_t word_len(const char *s, size_t len)
{
	size_t at = 0;
	utf8proc_int32_t last = 0;
	while (at < len && s[at] != ' ') {
		utf8proc_int32_t c;
		size_t n = next_char(s + at, len - at, &c);
		bool is_ink = c > 0 && c < 0x20 && c != FIXED_SPACE;
		if (at && !is_ink && last && may_break(last, c))
			break;
		if (!is_ink)
			last = c;
		at += n;
	}
	return at;
}

static const char *ink_sequence(char mark)
{
	switch (mark) {
	case INK_BOLD:
		return "\x1b[1m";
	case INK_DIM:
		return "\x1b[2m";
	case INK_RED:
		return "\x1b[31m";
	case INK_GREEN:
		return "\x1b[32m";
	case INK_YELLOW:
		return "\x1b[33m";
	default:
		return "\x1b[0m";
	}
}

/* Text without line ends; marks become what they mean. */
static void put_word(struct fold *f, const char *s, size_t len)
{
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x20)
			continue;
		out_put(f->out, s + from, i - from);
		if (s[i] == FIXED_SPACE)
			out_str(f->out, " ");
		else if (f->color)
			out_str(f->out, ink_sequence(s[i]));
		from = i + 1;
	}
	if (from < len)
		out_put(f->out, s + from, len - from);
}

void fold_spaces(struct fold *f, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out_str(f->out, " ");
	f->at += count;
}

void fold_line(struct fold *f)
{
	out_str(f->out, "\n");
	f->at = 0;
	f->begun = false;
	fold_spaces(f, f->indent);
}

void fold_put(struct fold *f, const char *clean, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t spaces = 0;
		while (at < len && clean[at] == ' ') {
			spaces++;
			at++;
		}
		size_t n = word_len(clean + at, len - at);
		size_t width = text_width(clean + at, n);
		if (f->begun && width && f->columns && f->at + spaces + width > f->columns) {
			fold_line(f);
			spaces = 0;
		}
		if (n && f->begun)
			fold_spaces(f, spaces);
		put_word(f, clean + at, n);
		f->at += width;
		f->begun = f->begun || width;
		at += n;
	}
}

void fold_verbatim(struct fold *f, const char *clean, size_t len)
{
	put_word(f, clean, len);
	f->at += text_width(clean, len);
	f->begun = true;
}
