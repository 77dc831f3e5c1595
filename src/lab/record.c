#include "lab/record.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/limits.h"

struct build {
	const struct scenario_record *r;
	const char *zone;
	record_expand_fn *expand;
	void *ctx;
	struct cw_arena *arena;
	struct dns_rr *rr;
	struct record_complaint *complaint;
};

static bool complain(struct build *b, const char *want, const char *have)
{
	b->complaint->want = want;
	b->complaint->have = have;
	return false;
}

static bool ascii_digits(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s < '0' || *s > '9')
			return false;
	return true;
}

static bool number_of(const char *word, uint32_t most, uint32_t *out)
{
	if (!ascii_digits(word) || strlen(word) > 10)
		return false;
	unsigned long long v = strtoull(word, NULL, 10);
	if (v > most)
		return false;
	*out = (uint32_t)v;
	return true;
}

uint16_t record_type_of(const char *word)
{
	static const struct {
		const char *name;
		uint16_t type;
	} types[] = {
#define AS_ROW(id, value, text) { text, value },
		DNS_TYPE_LIST(AS_ROW)
#undef AS_ROW
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcasecmp(word, types[i].name))
			return types[i].type;
	uint32_t n;
	if (!strncasecmp(word, "TYPE", 4) && number_of(word + 4, UINT16_MAX, &n))
		return (uint16_t)n;
	return 0;
}

/* The one spelling that decoded messages have too, as escapes can be written in many ways. */
static const char *canonical(const char *name, struct cw_arena *arena)
{
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	char text[LIMIT_DNS_NAME_TEXT];
	struct cw_wr w = cw_wr_of(wire, sizeof(wire));
	if (dns_name_to_wire(name, &w) != CW_OK || w.bad)
		return NULL;
	struct cw_rd r = cw_rd_of(wire, w.len);
	if (dns_name_read(&r, wire, w.len, text) != CW_OK)
		return NULL;
	return cw_arena_str(arena, text);
}

/* A dot that ends the name, and not one that belongs to a label ("\."). */
static bool ends_with_dot(const char *s)
{
	size_t len = strlen(s), escapes = 0;
	if (!len || s[len - 1] != '.')
		return false;
	while (escapes < len - 1 && s[len - 2 - escapes] == '\\')
		escapes++;
	return escapes % 2 == 0;
}

const char *record_name(const char *written, const char *zone, record_expand_fn *expand, void *ctx,
			struct cw_arena *arena)
{
	const char *name;
	if (!strcmp(written, "@"))
		return zone;
	if (written[0] == '@')
		name = expand(ctx, arena, written);
	else if (!strcmp(written, "."))
		name = written;
	else if (ends_with_dot(written))
		name = cw_arena_strn(arena, written, strlen(written) - 1);
	else if (!strcmp(zone, "."))
		name = written;
	else
		name = cw_arena_fmt(arena, "%s.%s", written, zone);
	return name ? canonical(name, arena) : NULL;
}

static const char *data_name(struct build *b, const char *word)
{
	const char *name = record_name(word, b->zone, b->expand, b->ctx, b->arena);
	if (!name)
		complain(b, "a name", word);
	return name;
}

static bool build_address(struct build *b, enum cw_family family)
{
	const char *word = b->r->data.word[0];
	const char *text = b->expand(b->ctx, b->arena, word);
	struct cw_addr a;
	if (!text || !cw_addr_parse(text, &a) || a.family != family)
		return complain(b, family == CW_IPV4 ? "an IPv4 address" : "an IPv6 address", word);
	memcpy(b->rr->address, a.bytes, sizeof(a.bytes));
	return true;
}

static bool build_srv(struct build *b)
{
	static const char *const want[] = { "a priority (0 to 65535)", "a weight (0 to 65535)",
					    "a port (0 to 65535)" };
	uint32_t n[3];
	for (size_t i = 0; i < 3; i++) {
		const char *text = b->expand(b->ctx, b->arena, b->r->data.word[i]);
		if (!text || !number_of(text, UINT16_MAX, &n[i]))
			return complain(b, want[i], b->r->data.word[i]);
	}
	b->rr->srv = (struct dns_srv){ .priority = (uint16_t)n[0],
				       .weight = (uint16_t)n[1],
				       .port = (uint16_t)n[2],
				       .target = data_name(b, b->r->data.word[3]) };
	return b->rr->srv.target;
}

static bool build_soa(struct build *b)
{
	const char *const *word = b->r->data.word;
	uint32_t n[5];
	for (size_t i = 0; i < 5; i++)
		if (!number_of(word[2 + i], UINT32_MAX, &n[i]))
			return complain(b, "a number", word[2 + i]);
	b->rr->soa = (struct dns_soa){ .mname = data_name(b, word[0]),
				       .rname = data_name(b, word[1]),
				       .serial = n[0],
				       .refresh = n[1],
				       .retry = n[2],
				       .expire = n[3],
				       .minimum = n[4] };
	return b->rr->soa.mname && b->rr->soa.rname;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* RFC 3597 5: \# LEN HEX */
static bool build_raw(struct build *b)
{
	const struct scenario_words *data = &b->r->data;
	uint32_t len;
	if (data->count < 2 || !number_of(data->word[1], UINT16_MAX, &len))
		return complain(b, "\\# LENGTH HEX", data->count < 2 ? "no length" : data->word[1]);
	const char *hex = data->count > 2 ? data->word[2] : "";
	if (data->count > 3 || strlen(hex) != 2 * (size_t)len)
		return complain(b, "as many bytes in hex as the length says", hex);
	uint8_t *raw = cw_arena_alloc(b->arena, len + 1);
	for (uint32_t i = 0; i < len; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return complain(b, "hex digits", hex);
		raw[i] = (uint8_t)(high << 4 | low);
	}
	b->rr->raw = raw;
	b->rr->raw_len = (uint16_t)len;
	b->rr->bad_rdata = true;
	return true;
}

static size_t words_of_type(uint16_t type)
{
	switch (type) {
	case DNS_SRV:
		return 4;
	case DNS_SOA:
		return 7;
	case DNS_A:
	case DNS_AAAA:
	case DNS_CNAME:
	case DNS_NS:
	case DNS_PTR:
	case DNS_TXT:
		return 1;
	default:
		return 0;
	}
}

static bool build_data(struct build *b)
{
	const struct scenario_words *data = &b->r->data;
	if (data->count && !strcmp(data->word[0], "\\#"))
		return build_raw(b);
	size_t words = words_of_type(b->r->type);
	if (!words)
		return complain(b, "\\# LENGTH HEX (this type has no other form here)",
				data->count ? data->word[0] : "nothing");
	if (data->count != words)
		return complain(b,
				cw_arena_fmt(b->arena, "%zu word%s of record data", words,
					     words == 1 ? "" : "s"),
				cw_arena_fmt(b->arena, "%zu", data->count));
	switch (b->r->type) {
	case DNS_A:
		return build_address(b, CW_IPV4);
	case DNS_AAAA:
		return build_address(b, CW_IPV6);
	case DNS_SRV:
		return build_srv(b);
	case DNS_SOA:
		return build_soa(b);
	case DNS_TXT:
		b->rr->txt = data->word[0];
		return true;
	default:
		b->rr->name = data_name(b, data->word[0]);
		return b->rr->name;
	}
}

bool record_build(const struct scenario_record *r, const char *zone, record_expand_fn *expand,
		  void *ctx, struct cw_arena *arena, struct dns_rr *out,
		  struct record_complaint *complaint)
{
	struct dns_rr rr = {
		.section = DNS_ANSWER, .type = r->type, .class_ = DNS_CLASS_IN, .ttl_s = r->ttl_s
	};
	struct build b = { .r = r,
			   .zone = zone,
			   .expand = expand,
			   .ctx = ctx,
			   .arena = arena,
			   .rr = &rr,
			   .complaint = complaint };
	rr.owner = data_name(&b, r->owner);
	if (!rr.owner || !build_data(&b))
		return false;
	*out = rr;
	return true;
}
