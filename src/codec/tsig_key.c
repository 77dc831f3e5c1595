#include "codec/tsig.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/dns_wire.h"

/* A piece of the file's text; not a string. */
struct span {
	const char *p;
	size_t len;
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_MARK, TOKEN_BAD };

struct token {
	enum token_kind kind;
	struct span text; /* of a word without its quotes, of a mark the one character */
};

struct parser {
	const char *p, *end;
	unsigned line; /* 0: it is not about a line of the text */
	struct tsig_key key;
	char *why;
	size_t why_size;
};

/* Says what was wanted at the current line. Never shows what the file holds: it may be a secret. */
__attribute__((format(printf, 2, 3))) static enum cw_ec refuse(struct parser *p, const char *format,
							       ...)
{
	char what[160];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (p->why_size && p->line)
		(void)snprintf(p->why, p->why_size, "line %u: %s", p->line, what);
	else if (p->why_size)
		(void)snprintf(p->why, p->why_size, "%s", what);
	return CW_EMALFORMED;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

static bool starts_with(const struct parser *p, const char *prefix)
{
	size_t len = strlen(prefix);
	return (size_t)(p->end - p->p) >= len && memcmp(p->p, prefix, len) == 0;
}

static void skip_spaces(struct parser *p)
{
	for (; p->p < p->end && is_space(*p->p); p->p++)
		p->line += *p->p == '\n';
}

static void skip_line(struct parser *p)
{
	while (p->p < p->end && *p->p != '\n')
		p->p++;
}

/* Behind the end of a block comment. False: it has none. */
static bool skip_block(struct parser *p)
{
	for (p->p += 2; p->p < p->end; p->p++) {
		if (starts_with(p, "*/")) {
			p->p += 2;
			return true;
		}
		p->line += *p->p == '\n';
	}
	return false;
}

/* Spaces and the three kinds of comment that named.conf knows. */
static bool skip_blank(struct parser *p)
{
	for (;;) {
		skip_spaces(p);
		if (starts_with(p, "#") || starts_with(p, "//"))
			skip_line(p);
		else if (!starts_with(p, "/*"))
			return true;
		else if (!skip_block(p))
			return false;
	}
}

static struct token next_quoted(struct parser *p)
{
	const char *start = ++p->p;
	for (; p->p < p->end && *p->p != '"'; p->p++)
		p->line += *p->p == '\n';
	if (p->p == p->end)
		return (struct token){ .kind = TOKEN_BAD };
	struct span text = { start, (size_t)(p->p++ - start) };
	return (struct token){ TOKEN_WORD, text };
}

static struct token next_token(struct parser *p)
{
	if (!skip_blank(p))
		return (struct token){ .kind = TOKEN_BAD };
	if (p->p == p->end)
		return (struct token){ .kind = TOKEN_END };
	if (*p->p == '"')
		return next_quoted(p);
	const char *start = p->p++;
	if (is_one_of(*start, "{};"))
		return (struct token){ TOKEN_MARK, { start, 1 } };
	while (p->p < p->end && !is_one_of(*p->p, " \t\r\n{};\"#"))
		p->p++;
	return (struct token){ TOKEN_WORD, { start, (size_t)(p->p - start) } };
}

static bool next_is_mark(struct parser *p, const char *mark)
{
	struct token t = next_token(p);
	return t.kind == TOKEN_MARK && span_is(t.text, mark);
}

/* A copy with a NUL in room for any name. False: too long, or with a NUL of its own. */
static bool span_copy(struct span s, char out[LIMIT_DNS_NAME_TEXT])
{
	if (s.len >= LIMIT_DNS_NAME_TEXT || memchr(s.p, '\0', s.len))
		return false;
	memcpy(out, s.p, s.len);
	out[s.len] = '\0';
	return true;
}

/* The name in the form that the rest of the codec writes. */
static enum cw_ec set_name(struct parser *p, const char *name)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	size_t len = dns_name_pack(name, wire);
	struct cw_rd r = cw_rd_of(wire, len);
	if (!len || !dns_name_unpack(&r, wire, len, p->key.name))
		return refuse(p, "want a key name, have one that DNS cannot carry");
	return CW_OK;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64 with spaces allowed anywhere (RFC 4648 4, strict padding). Returns the length; 0: bad,
 * empty or too long. */
static size_t base64_decode(struct span s, uint8_t *out, size_t cap)
{
	uint32_t bits = 0;
	size_t digits = 0, padding = 0, len = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (is_space(s.p[i]))
			continue;
		int digit = base64_digit(s.p[i]);
		if (s.p[i] == '=')
			padding++;
		else if (digit < 0 || padding)
			return 0;
		bits = bits << 6 | (digit < 0 ? 0 : (uint32_t)digit);
		if (++digits % 4)
			continue;
		size_t octets = padding < 3 ? 3 - padding : 0;
		if (!octets || octets > cap - len || (bits & ((1u << 8 * padding) - 1)))
			return 0;
		for (size_t k = 0; k < octets; k++)
			out[len++] = (uint8_t)(bits >> (16 - 8 * k));
		bits = 0;
	}
	return digits % 4 ? 0 : len;
}

static enum cw_ec set_secret(struct parser *p, struct span text)
{
	if (p->key.secret_len)
		return refuse(p, "want one secret, have two");
	p->key.secret_len = base64_decode(text, p->key.secret, sizeof(p->key.secret));
	if (!p->key.secret_len)
		return refuse(p, "want a secret of 1 to %d octets in base64, have something else",
			      TSIG_SECRET_MOST);
	return CW_OK;
}

/* Names that are shown are known ones: a secret in the wrong place must not appear. */
static enum cw_ec set_algorithm(struct parser *p, struct span text)
{
	char name[LIMIT_DNS_NAME_TEXT];
	if (p->key.algorithm != TSIG_NONE)
		return refuse(p, "want one algorithm, have two");
	if (span_copy(text, name))
		p->key.algorithm = tsig_algorithm_of(name);
	if (p->key.algorithm != TSIG_NONE)
		return CW_OK;
	(void)refuse(p, "want hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 or "
			"hmac-sha512, have another algorithm");
	return CW_EUNSUPPORTED;
}

/* One clause inside the braces, its first word being read. */
static enum cw_ec parse_clause(struct parser *p, struct span keyword)
{
	bool is_algorithm = span_is(keyword, "algorithm");
	if (!is_algorithm && !span_is(keyword, "secret"))
		return refuse(p, "want \"algorithm\", \"secret\" or \"}\", have something else");
	struct token value = next_token(p);
	if (value.kind != TOKEN_WORD)
		return refuse(p, "want the value of \"%s\", have none",
			      is_algorithm ? "algorithm" : "secret");
	enum cw_ec ec = is_algorithm ? set_algorithm(p, value.text) : set_secret(p, value.text);
	if (ec != CW_OK)
		return ec;
	if (!next_is_mark(p, ";"))
		return refuse(p, "want \";\" behind \"%s\", have something else",
			      is_algorithm ? "algorithm" : "secret");
	return CW_OK;
}

static enum cw_ec check_complete(struct parser *p)
{
	if (p->key.algorithm == TSIG_NONE)
		return refuse(p, "want an algorithm, have none");
	if (!p->key.secret_len)
		return refuse(p, "want a secret, have none");
	return CW_OK;
}

static enum cw_ec parse_clauses(struct parser *p)
{
	for (;;) {
		struct token t = next_token(p);
		if (t.kind == TOKEN_MARK && span_is(t.text, "}"))
			return check_complete(p);
		if (t.kind != TOKEN_WORD)
			return refuse(p, "want \"}\" at the end of the key, have none");
		enum cw_ec ec = parse_clause(p, t.text);
		if (ec != CW_OK)
			return ec;
	}
}

/* key NAME { algorithm NAME; secret "BASE64"; }; */
static enum cw_ec parse_statement(struct parser *p)
{
	struct token keyword = next_token(p);
	if (keyword.kind != TOKEN_WORD || !span_is(keyword.text, "key"))
		return refuse(p, "want a key statement of named.conf or \"Private-key-format:\", "
				 "have neither");
	struct token name = next_token(p);
	char text[LIMIT_DNS_NAME_TEXT];
	if (name.kind != TOKEN_WORD || !span_copy(name.text, text))
		return refuse(p, "want the key's name, have none");
	enum cw_ec ec = set_name(p, text);
	if (ec != CW_OK)
		return ec;
	if (!next_is_mark(p, "{"))
		return refuse(p, "want \"{\" behind the key's name, have something else");
	ec = parse_clauses(p);
	if (ec != CW_OK)
		return ec;
	if (!next_is_mark(p, ";"))
		return refuse(p, "want \";\" behind \"}\", have something else");
	if (next_token(p).kind != TOKEN_END)
		return refuse(p, "want one key and nothing behind it, have more");
	return CW_OK;
}

/* The numbers that dnssec-keygen gives to HMAC algorithms in files. */
static const struct {
	unsigned number;
	enum tsig_algorithm id;
} file_numbers[] = {
	{ 157, TSIG_HMAC_MD5 },    { 161, TSIG_HMAC_SHA1 },   { 162, TSIG_HMAC_SHA224 },
	{ 163, TSIG_HMAC_SHA256 }, { 164, TSIG_HMAC_SHA384 }, { 165, TSIG_HMAC_SHA512 },
};

static enum tsig_algorithm algorithm_of_number(unsigned number)
{
	for (size_t i = 0; i < sizeof(file_numbers) / sizeof(file_numbers[0]); i++) {
		if (file_numbers[i].number == number)
			return file_numbers[i].id;
	}
	return TSIG_NONE;
}

/* Leading decimal digits, at most five. False: none. */
static bool leading_number(struct span s, unsigned *out)
{
	unsigned number = 0;
	size_t i = 0;
	for (; i < s.len && i < 5 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		number = number * 10 + (unsigned)(s.p[i] - '0');
	*out = number;
	return i > 0;
}

static enum cw_ec set_algorithm_number(struct parser *p, struct span text)
{
	unsigned number;
	if (!leading_number(text, &number))
		return refuse(p, "want the number of an algorithm, have something else");
	if (p->key.algorithm != TSIG_NONE)
		return refuse(p, "want one algorithm, have two");
	p->key.algorithm = algorithm_of_number(number);
	if (p->key.algorithm != TSIG_NONE)
		return CW_OK;
	(void)refuse(p, "want an HMAC algorithm (157, 161 .. 165), have %u", number);
	return CW_EUNSUPPORTED;
}

/* Bits: a 16-bit count of MAC bits to send, 0 for all of them. */
static enum cw_ec check_bits(struct parser *p, struct span text)
{
	uint8_t bits[2];
	if (base64_decode(text, bits, sizeof(bits)) != sizeof(bits))
		return refuse(p, "want two octets in base64 behind \"Bits:\", have something else");
	if (!bits[0] && !bits[1])
		return CW_OK;
	(void)refuse(p, "want a key for whole MACs, have one for MACs that are cut short");
	return CW_EUNSUPPORTED;
}

/* "Field: value" up to the end of the line. Other fields, such as dates, do not matter. */
static enum cw_ec parse_private_line(struct parser *p, struct span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	if (!colon)
		return refuse(p, "want \"FIELD: VALUE\", have no \":\"");
	struct span field = { line.p, (size_t)(colon - line.p) };
	struct span value = { colon + 1, line.len - field.len - 1 };
	for (; value.len && is_space(*value.p); value.len--)
		value.p++;
	if (span_is(field, "Private-key-format"))
		return value.len >= 3 && memcmp(value.p, "v1.", 3) == 0
			       ? CW_OK
			       : refuse(p, "want version v1.x, have another");
	if (span_is(field, "Algorithm"))
		return set_algorithm_number(p, value);
	if (span_is(field, "Key"))
		return set_secret(p, value);
	if (span_is(field, "Bits"))
		return check_bits(p, value);
	return CW_OK;
}

static enum cw_ec parse_private_lines(struct parser *p)
{
	for (skip_spaces(p); p->p < p->end; skip_spaces(p)) {
		const char *start = p->p;
		skip_line(p);
		enum cw_ec ec =
			parse_private_line(p, (struct span){ start, (size_t)(p->p - start) });
		if (ec != CW_OK)
			return ec;
	}
	return check_complete(p);
}

static int hex_digit(char c)
{
	if (is_space(c) || !c)
		return -1;
	const char *digits = "0123456789abcdef", *at = strchr(digits, dns_lower((uint8_t)c));
	return at ? (int)(at - digits) : -1;
}

/* A name in a file's name: octets that a file name may not hold are %XX. */
static bool unescape_file_part(struct span s, char out[LIMIT_DNS_NAME_TEXT])
{
	char *o = out, *last = out + LIMIT_DNS_NAME_TEXT - 5;
	for (size_t i = 0; i < s.len; i++) {
		if (o > last)
			return false;
		if (s.p[i] != '%') {
			*o++ = s.p[i];
			continue;
		}
		int high = i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
		int low = high < 0 ? -1 : hex_digit(s.p[i + 2]);
		if (low < 0)
			return false;
		o = dns_escape_octet((uint8_t)(high << 4 | low), o);
		i += 2;
	}
	*o = '\0';
	return true;
}

/* The part behind the last separator, that separator excluded; s is cut before it. */
static bool cut_last(struct span *s, char separator, struct span *part)
{
	const char *at = memrchr(s->p, separator, s->len);
	if (!at)
		return false;
	*part = (struct span){ at + 1, s->len - (size_t)(at - s->p) - 1 };
	s->len = (size_t)(at - s->p);
	return true;
}

/* K<name>.+<alg>+<tag>.private */
static enum cw_ec name_from_file(struct parser *p, const char *file_name)
{
	p->line = 0;
	struct span whole = { file_name, strlen(file_name) }, base = whole, suffix, tag, number;
	if (!cut_last(&whole, '/', &base))
		base = (struct span){ file_name, strlen(file_name) };
	char name[LIMIT_DNS_NAME_TEXT];
	unsigned tag_value, algorithm;
	if (!cut_last(&base, '.', &suffix) || !span_is(suffix, "private") ||
	    !cut_last(&base, '+', &tag) || !leading_number(tag, &tag_value) ||
	    !cut_last(&base, '+', &number) || !leading_number(number, &algorithm) || base.len < 2 ||
	    *base.p != 'K' || !unescape_file_part((struct span){ base.p + 1, base.len - 1 }, name))
		return refuse(p, "want a file name K<name>.+<algorithm>+<tag>.private, which says "
				 "the key's name; have another");
	if (algorithm_of_number(algorithm) != p->key.algorithm)
		return refuse(p, "want the algorithm that the file name says (%u), have another",
			      algorithm);
	return set_name(p, name);
}

static enum cw_ec parse_private(struct parser *p, const char *file_name)
{
	enum cw_ec ec = parse_private_lines(p);
	return ec == CW_OK ? name_from_file(p, file_name ? file_name : "") : ec;
}

enum cw_ec tsig_key_parse(const char *text, size_t len, const char *file_name, struct tsig_key *out,
			  char *why, size_t why_size)
{
	struct parser p = {
		.p = text,
		.end = text + len,
		.line = 1,
		.why_size = why_size,
	};
	p.why = why;
	if (starts_with(&p, "\xef\xbb\xbf")) /* the mark that Windows editors write */
		p.p += 3;
	skip_spaces(&p);
	enum cw_ec ec = starts_with(&p, "Private-key-format:") ? parse_private(&p, file_name)
							       : parse_statement(&p);
	if (ec == CW_OK)
		*out = p.key;
	tsig_key_wipe(&p.key);
	return ec;
}

void tsig_key_wipe(struct tsig_key *key)
{
	OPENSSL_cleanse(key->secret, sizeof(key->secret));
	key->secret_len = 0;
}
