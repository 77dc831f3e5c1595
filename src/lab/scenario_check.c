#include <string.h>

#include "lab/record.h"
#include "lab/scenario.h"
#include "lab/scenario_parse.h"

enum { REF_NAME = 128 };

const struct scenario_server *scenario_server(const struct scenario *s, const char *name)
{
	const struct scenario_server *v = s->servers;
	while (v && strcmp(v->name, name))
		v = v->next;
	return v;
}

const struct scenario_key *scenario_key(const struct scenario *s, const char *name)
{
	const struct scenario_key *k = s->keys;
	while (k && strcmp(k->name, name))
		k = k->next;
	return k;
}

const struct scenario_secret *scenario_secret(const struct scenario *s, const char *name)
{
	const struct scenario_secret *x = s->secrets;
	while (x && strcmp(x->name, name))
		x = x->next;
	return x;
}

struct scenario_client scenario_client_of(const struct scenario *s, const struct scenario_run *run)
{
	struct scenario_client c = s->client;
	if (run->client.resolver != SETTING_UNSAID) {
		c.resolver = run->client.resolver;
		c.resolvers = run->client.resolvers;
	}
	if (run->client.suffix != SETTING_UNSAID) {
		c.suffix = run->client.suffix;
		c.suffixes = run->client.suffixes;
	}
	c.no_ipv6 |= run->client.no_ipv6;
	return c;
}

/* ---- references ---- */

static bool word_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static size_t word_len(const char *s)
{
	size_t len = 0;
	while (word_character(s[len]))
		len++;
	return len;
}

static bool word_is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

/* The length of the name behind this prefix, which is copied; 0: another prefix. */
static size_t name_behind(const char *text, const char *prefix, char name[REF_NAME])
{
	size_t at = strlen(prefix);
	if (strncmp(text, prefix, at) != 0)
		return 0;
	size_t len = word_len(text + at);
	if (len >= REF_NAME)
		return 0;
	memcpy(name, text + at, len);
	name[len] = '\0';
	return len;
}

/* @key:NAME, @secret:NAME, @ca:NAME */
static bool file_ref_at(const struct scenario *s, const char *text, struct scenario_ref *out)
{
	static const char *const prefixes[] = { "@key:", "@secret:", "@ca:" };
	struct scenario_ref ref = { 0 };
	char name[REF_NAME];
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = name_behind(text, prefixes[i], name);
		if (!len)
			continue;
		ref.len = strlen(prefixes[i]) + len;
		ref.key = i == 0 ? scenario_key(s, name) : NULL;
		ref.secret = i == 1 ? scenario_secret(s, name) : NULL;
		ref.cert = i == 2 ? scenario_cert(s, name) : NULL;
		ref.kind = i == 0 ? REF_KEY_FILE : i == 1 ? REF_SECRET_FILE : REF_CERT_FILE;
		*out = ref;
		return ref.key || ref.secret || ref.cert;
	}
	return false;
}

/* What stands behind the name, such as ":port". */
static void ref_suffix(const char *text, struct scenario_ref *ref)
{
	static const struct {
		const char *word;
		enum scenario_ref_kind kind;
	} suffixes[] = { { "port", REF_PORT },
			 { "addr", REF_ADDRESS_PORT },
			 { "reverse", REF_REVERSE } };
	if (text[ref->len] != ':')
		return;
	const char *word = text + ref->len + 1;
	size_t len = word_len(word);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (word_is(word, len, suffixes[i].word)) {
			ref->kind = suffixes[i].kind;
			ref->len += 1 + len;
			return;
		}
}

bool scenario_ref_at(const struct scenario *s, const char *text, struct scenario_ref *out)
{
	if (file_ref_at(s, text, out))
		return true;
	size_t len = word_len(text + 1);
	for (const struct scenario_server *v = s->servers; v; v = v->next)
		if (word_is(text + 1, len, v->name)) {
			*out = (struct scenario_ref){ .kind = REF_ADDRESS,
						      .server = v,
						      .len = 1 + len };
			ref_suffix(text, out);
			return true;
		}
	return false;
}

static bool ascii_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The next '@' that begins a reference: not "user@host", and not a lone one. */
static const char *next_ref(const char *from, const char *text)
{
	for (const char *at = strchr(from, '@'); at; at = strchr(at + 1, '@'))
		if (word_character(at[1]) && (at == text || !ascii_alphanumeric(at[-1])))
			return at;
	return NULL;
}

const char *scenario_expand(const struct scenario *s, const char *text, struct cw_arena *arena,
			    scenario_ref_fn *resolve, void *ctx, const char **bad)
{
	const char *out = "", *from = text, *at;
	while ((at = next_ref(from, text))) {
		struct scenario_ref ref;
		const char *value = scenario_ref_at(s, at, &ref) ? resolve(ctx, arena, &ref) : NULL;
		if (!value) {
			*bad = at;
			return NULL;
		}
		out = cw_arena_fmt(arena, "%s%.*s%s", out, (int)(at - from), from, value);
		from = at + ref.len;
	}
	return from == text ? text : cw_arena_fmt(arena, "%s%s", out, from);
}

/* ---- what must hold ---- */

struct check {
	const struct scenario *s;
	struct cw_arena *arena;
	struct scenario_complaint *complaint;
};

static bool want(const struct check *c, unsigned line, const char *wanted, const char *have)
{
	c->complaint->line = line;
	c->complaint->want = wanted;
	c->complaint->have = have ? cw_arena_fmt(c->arena, "\"%s\"", have) : NULL;
	return false;
}

/* Before the lab is open: something of the right form. */
static const char *dummy(void *ctx, struct cw_arena *arena, const struct scenario_ref *ref)
{
	switch (ref->kind) {
	case REF_ADDRESS:
		return ref->server->ipv6 ? "::1" : "127.0.0.1";
	case REF_PORT:
		return "1688";
	case REF_ADDRESS_PORT:
		return ref->server->ipv6 ? "[::1]:1688" : "127.0.0.1:1688";
	case REF_REVERSE:
		return "1.0.0.127.in-addr.arpa";
	case REF_KEY_FILE:
	case REF_SECRET_FILE:
	case REF_CERT_FILE:
		break;
	}
	return "file";
}

static const char *expand_dummy(void *ctx, struct cw_arena *arena, const char *word)
{
	const struct check *c = ctx;
	const char *bad;
	return scenario_expand(c->s, word, arena, dummy, NULL, &bad);
}

static bool check_text(const struct check *c, unsigned line, const char *text)
{
	const char *bad;
	if (scenario_expand(c->s, text, c->arena, dummy, NULL, &bad))
		return true;
	return want(c, line,
		    "@ and the name of a server of this scenario (or @key:, @ca:, @secret: NAME)",
		    bad);
}

static bool check_words(const struct check *c, unsigned line, const struct scenario_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (!check_text(c, line, words->word[i]))
			return false;
	return true;
}

static bool check_record(struct check *c, const char *zone, const struct scenario_record *r)
{
	struct record_complaint bad = { 0 };
	struct dns_rr rr;
	if (!check_text(c, r->line, strcmp(r->owner, "@") ? r->owner : "") ||
	    !check_words(c, r->line, &r->data))
		return false;
	if (!record_build(r, zone, expand_dummy, c, c->arena, &rr, &bad))
		return want(c, r->line, bad.want, bad.have);
	return dns_name_within(rr.owner, zone) ||
	       want(c, r->line, "a name inside the zone", rr.owner);
}

static bool check_server(struct check *c, const struct scenario_server *v)
{
	for (const struct scenario_zone *z = v->zones; z; z = z->next)
		for (const struct scenario_record *r = z->records; r; r = r->next)
			if (!check_record(c, z->name, r))
				return false;
	for (const struct scenario_fault *f = v->faults; f; f = f->next)
		if (f->lie && !check_record(c, ".", f->lie))
			return false;
	return true;
}

static bool check_front(const struct check *c, const struct scenario_server *v)
{
	const struct scenario_front *f = v->front;
	bool speaks = f->handshake != HANDSHAKE_HTTP && f->handshake != HANDSHAKE_SSH;
	if (f->tls && !f->shows && f->handshake == HANDSHAKE_NORMAL)
		return want(c, v->line, "certificate NAME below this server, or handshake FAULT",
			    NULL);
	if (f->shows && !speaks)
		return want(c, v->line, "no certificate where there is no TLS", v->name);
	if (f->login_count && !f->user)
		return want(c, v->line, "user NAME PASSWORD below a proxy with login", NULL);
	if (f->tls && f->inspects_with)
		return want(c, v->line, "a proxy without TLS of its own where it inspects",
			    v->name);
	for (const struct scenario_place *p = f->places; p; p = p->next)
		if (!check_text(c, p->line, p->pattern) ||
		    (p->text && !check_text(c, p->line, p->text)))
			return false;
	return check_words(c, v->line, &f->exempt);
}

static bool check_cert(const struct check *c, const struct scenario_cert *x)
{
	return check_words(c, x->line, &x->names) && check_words(c, x->line, &x->cdp) &&
	       check_words(c, x->line, &x->ocsp) && check_words(c, x->line, &x->aia) &&
	       check_words(c, x->line, &x->freshest);
}

static bool check_expects(const struct check *c, const struct scenario_run *run)
{
	bool verdict = false, cause = false, clear = false;
	for (const struct scenario_expect *e = run->expects; e; e = e->next) {
		if (e->kind == EXPECT_VERDICT && verdict)
			return want(c, e->line, "one verdict for each run", e->verdict);
		verdict |= e->kind == EXPECT_VERDICT;
		clear |= e->kind == EXPECT_VERDICT && strcmp(e->verdict, "cause-found");
		cause |= e->kind == EXPECT_CAUSE;
		if (e->text && !check_text(c, e->line, e->text))
			return false;
	}
	if (!verdict)
		return want(c, run->line, "expect verdict below this run", NULL);
	if (cause && clear)
		return want(c, run->line, "expect verdict cause-found where a cause is expected",
			    "another verdict");
	return cause || clear ||
	       want(c, run->line, "expect cause ID with the verdict cause-found", NULL);
}

static bool check_run(const struct check *c, const struct scenario_run *run)
{
	return check_words(c, run->line, &run->args) &&
	       check_words(c, run->line, &run->client.resolvers) &&
	       check_words(c, run->line, &run->client.suffixes) && check_expects(c, run);
}

static bool expected_somewhere(const struct scenario *s, const char *id)
{
	for (const struct scenario_run *run = s->runs; run; run = run->next)
		for (const struct scenario_expect *e = run->expects; e; e = e->next)
			if (e->id && e->kind != EXPECT_CONSEQUENCE && !strcmp(e->id, id))
				return true;
	return false;
}

static bool check_shows(const struct check *c)
{
	const struct scenario *s = c->s;
	for (size_t i = 0; i < s->shows.count; i++)
		if (!expected_somewhere(s, s->shows.word[i]))
			return want(c, 1, "each finding that is shown to be expected too",
				    s->shows.word[i]);
	if (s->shows.count)
		return s->twin || want(c, 1, "twin NAME: the same without the fault", NULL);
	for (const struct scenario_run *run = s->runs; run; run = run->next)
		for (const struct scenario_expect *e = run->expects; e; e = e->next)
			if (e->id)
				return want(c, e->line, "no finding in what shows healthy", e->id);
	return true;
}

bool scenario_check(const struct scenario *s, struct cw_arena *arena,
		    struct scenario_complaint *complaint)
{
	struct check c = { .s = s, .arena = arena, .complaint = complaint };
	if (!s->name)
		return want(&c, 1, "scenario NAME first", NULL);
	if (!s->about)
		return want(&c, 1, "about: what the scenario is about", NULL);
	if (!s->runs)
		return want(&c, 1, "at least one run", NULL);
	for (const struct scenario_server *v = s->servers; v; v = v->next)
		if (!check_server(&c, v))
			return false;
	for (const struct scenario_server *v = s->servers; v; v = v->next)
		if (v->front && !check_front(&c, v))
			return false;
	for (const struct scenario_cert *x = s->certs; x; x = x->next)
		if (!check_cert(&c, x))
			return false;
	if (!check_words(&c, 1, &s->client.resolvers) || !check_words(&c, 1, &s->client.suffixes))
		return false;
	for (const struct scenario_run *run = s->runs; run; run = run->next)
		if (!check_run(&c, run))
			return false;
	return check_shows(&c);
}
