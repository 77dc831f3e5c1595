#include "codec/resolv_conf.h"

#include <string.h>

#include "codec/dns.h"

struct word {
	const char *at;
	size_t len;
};

/* The next word of a line, or one of length 0. */
static struct word next_word(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r'))
		(*at)++;
	struct word w = { .at = *at };
	while (*at < end && **at != ' ' && **at != '\t' && **at != '\r')
		(*at)++;
	w.len = (size_t)(*at - w.at);
	return w;
}

static bool word_is(struct word w, const char *s)
{
	return strlen(s) == w.len && !memcmp(w.at, s, w.len);
}

void resolver_settings_add_suffix(struct resolver_settings *s, struct cw_arena *arena,
				  const char *suffix)
{
	size_t len = strlen(suffix);
	if (len && suffix[len - 1] == '.')
		len--;
	if (!len || s->suffix_count == SUFFIXES_MOST)
		return;
	for (size_t i = 0; i < s->suffix_count; i++)
		if (dns_name_equal(s->suffix[i], suffix))
			return;
	s->suffix[s->suffix_count++] = cw_arena_strn(arena, suffix, len);
}

static void add_server(struct word w, struct cw_arena *arena, struct resolver_settings *out)
{
	struct cw_addr a;
	if (out->server_count == RESOLVERS_MOST || !w.len)
		return;
	if (!cw_addr_parse_port(cw_arena_strn(arena, w.at, w.len), 53, &a))
		return;
	for (size_t i = 0; i < out->server_count; i++)
		if (cw_addr_same_port(&out->server[i], &a))
			return;
	out->server[out->server_count++] = a;
}

static void parse_line(const char *at, const char *end, struct cw_arena *arena,
		       struct resolver_settings *out)
{
	struct word key = next_word(&at, end);
	if (word_is(key, "nameserver")) {
		add_server(next_word(&at, end), arena, out);
		return;
	}
	if (!word_is(key, "search") && !word_is(key, "domain"))
		return;
	out->suffix_count = 0;
	for (struct word w = next_word(&at, end); w.len; w = next_word(&at, end))
		resolver_settings_add_suffix(out, arena, cw_arena_strn(arena, w.at, w.len));
}

void resolv_conf_parse(const char *text, size_t len, struct cw_arena *arena,
		       struct resolver_settings *out)
{
	const char *end = text + len;
	out->outcome = CW_OUT_OK;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		const char *nul = memchr(text, '\0', (size_t)(stop - text));
		parse_line(text, nul ? nul : stop, arena, out);
		text = newline ? newline + 1 : end;
	}
}
