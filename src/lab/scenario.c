#include "lab/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "lab/record.h"
#include "lab/scenario_parse.h"

enum { DEFAULT_TTL_S = 3600 };

struct parser {
	struct cw_arena *arena;
	struct scenario *s;
	struct scenario_complaint complaint;
	/* the present line */
	unsigned line;
	size_t indent;
	const char *word[LIMIT_SCENARIO_WORDS];
	size_t word_count, at;
	/* the blocks that are open */
	struct scenario_server *server, *last_server;
	struct scenario_zone *zone;
	size_t zone_indent;
	struct scenario_run *run, *last_run;
	struct scenario_key *last_key;
};

typedef bool statement_fn(struct parser *p);

static bool want(struct parser *p, const char *wanted, const char *have)
{
	p->complaint.line = p->line;
	p->complaint.want = wanted;
	p->complaint.have = have ? cw_arena_fmt(p->arena, "\"%s\"", have) : NULL;
	return false;
}

static const char *peek(const struct parser *p)
{
	return p->at < p->word_count ? p->word[p->at] : NULL;
}

static const char *next(struct parser *p)
{
	return p->at < p->word_count ? p->word[p->at++] : NULL;
}

/* Takes the next word if it is this one. */
static bool next_is(struct parser *p, const char *word)
{
	if (!peek(p) || strcmp(peek(p), word))
		return false;
	p->at++;
	return true;
}

static bool line_ends(struct parser *p)
{
	return !peek(p) || want(p, "the end of the line", peek(p));
}

/* The words that are left, copied. */
static struct scenario_words rest(struct parser *p)
{
	struct scenario_words w = { .count = p->word_count - p->at };
	const char **copy = cw_arena_array_of(p->arena, const char *, w.count + 1);
	for (size_t i = 0; i < w.count; i++)
		copy[i] = p->word[p->at + i];
	w.word = copy;
	p->at = p->word_count;
	return w;
}

/* ---- values ---- */

static bool take_number(struct parser *p, const char *wanted, uint32_t most, uint32_t *out)
{
	const char *word = next(p);
	char *end;
	if (!word || *word < '0' || *word > '9' || strlen(word) > 10)
		return want(p, wanted, word);
	unsigned long long v = strtoull(word, &end, word[0] == '0' && word[1] == 'x' ? 16 : 10);
	if (*end || v > most)
		return want(p, wanted, word);
	*out = (uint32_t)v;
	return true;
}

/* "50ms" or "2s" */
static bool take_time(struct parser *p, cw_ms *out)
{
	static const char wanted[] = "a time such as 50ms or 2s";
	const char *word = next(p);
	char *end;
	if (!word || *word < '0' || *word > '9' || strlen(word) > 8)
		return want(p, wanted, word);
	cw_ms v = strtoll(word, &end, 10);
	if (!strcmp(end, "s"))
		v *= 1000;
	else if (strcmp(end, "ms"))
		return want(p, wanted, word);
	*out = v;
	return true;
}

static bool is_id(const char *s, const char *more)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && !strchr(more, *s))
			return false;
	return true;
}

static bool take_id(struct parser *p, const char *wanted, const char *more, const char **out)
{
	const char *word = next(p);
	if (!is_id(word, more))
		return want(p, wanted, word);
	*out = word;
	return true;
}

/* A name that stands alone: absolute, a final dot may be there. */
static bool take_domain(struct parser *p, const char *wanted, const char **out)
{
	const char *word = next(p);
	const char *name =
		word && word[0] != '@' ? record_name(word, ".", NULL, NULL, p->arena) : NULL;
	if (!name)
		return want(p, wanted, word);
	*out = name;
	return true;
}

static bool one_of(const char *word, const char *const *list)
{
	for (; word && *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

/* ---- head ---- */

static bool parse_scenario(struct parser *p)
{
	if (p->s->name)
		return want(p, "one scenario in a file", "scenario");
	return take_id(p, "the scenario's name (a-z, 0-9, - and /)", "-/", &p->s->name) &&
	       line_ends(p);
}

static bool parse_about(struct parser *p)
{
	if (!peek(p))
		return want(p, "what the scenario is about", NULL);
	while (peek(p))
		p->s->about = p->s->about ? cw_arena_fmt(p->arena, "%s %s", p->s->about, next(p))
					  : next(p);
	return true;
}

static bool parse_shows(struct parser *p)
{
	if (next_is(p, "healthy"))
		return line_ends(p);
	for (size_t i = p->at; i < p->word_count; i++)
		if (!is_id(p->word[i], "-"))
			return want(p, "ids of causes, or healthy", p->word[i]);
	if (!peek(p))
		return want(p, "ids of causes, or healthy", NULL);
	p->s->shows = rest(p);
	return true;
}

static bool parse_twin(struct parser *p)
{
	return take_id(p, "the name of the healthy twin", "-/", &p->s->twin) && line_ends(p);
}

static bool parse_key(struct parser *p)
{
	struct scenario_key *k = cw_arena_new_of(p->arena, struct scenario_key);
	char why[160];
	if (!take_id(p, "a key name (a-z, 0-9 and -)", "-", &k->name))
		return false;
	if (scenario_key(p->s, k->name))
		return want(p, "another name: there is a key of this name", k->name);
	k->algorithm = next(p);
	if (!k->algorithm || tsig_algorithm_of(k->algorithm) == TSIG_NONE)
		return want(p, "an algorithm such as hmac-sha256", k->algorithm);
	k->secret = next(p);
	if (!k->secret)
		return want(p, "the secret in base64", NULL);
	k->text = cw_arena_fmt(p->arena, "key \"%s\" {\n\talgorithm %s;\n\tsecret \"%s\";\n};\n",
			       k->name, k->algorithm, k->secret);
	if (tsig_key_parse(k->text, strlen(k->text), NULL, &k->key, why, sizeof(why)) != CW_OK)
		return want(p, "a secret in base64", k->secret);
	k->index = p->s->key_count++;
	if (p->last_key)
		p->last_key->next = k;
	else
		p->s->keys = k;
	p->last_key = k;
	return line_ends(p);
}

/* ---- servers ---- */

static bool open_server(struct parser *p, enum scenario_server_kind kind)
{
	struct scenario_server *v = cw_arena_new_of(p->arena, struct scenario_server);
	v->kind = kind;
	v->line = p->line;
	if (!take_id(p, "a server name (a-z, 0-9 and -)", "-", &v->name))
		return false;
	if (scenario_server(p->s, v->name) || !strcmp(v->name, "key"))
		return want(p, "a server name that is not yet taken", v->name);
	if (p->s->server_count == LIMIT_SCENARIO_SERVERS)
		return want(p, "no more servers than one address range has room for", v->name);
	v->index = p->s->server_count++;
	if (p->last_server)
		p->last_server->next = v;
	else
		p->s->servers = v;
	p->last_server = p->server = v;
	return line_ends(p);
}

static bool parse_dns(struct parser *p)
{
	return open_server(p, SCENARIO_DNS);
}

static bool parse_kms(struct parser *p)
{
	return open_server(p, SCENARIO_KMS);
}

static bool parse_host(struct parser *p)
{
	return open_server(p, SCENARIO_HOST);
}

static const struct scenario_zone *zone_of(const struct scenario *s, const char *server,
					   const char *name)
{
	const struct scenario_server *v = scenario_server(s, server);
	if (!v || v->kind != SCENARIO_DNS)
		return NULL;
	for (const struct scenario_zone *z = v->zones; z; z = z->next)
		if (dns_name_equal(z->name, name))
			return z;
	return NULL;
}

/* zone NAME as SERVER */
static bool parse_zone_as(struct parser *p, struct scenario_zone *z)
{
	const char *server = next(p);
	z->same_as = server ? zone_of(p->s, server, z->name) : NULL;
	if (!z->same_as)
		return want(p, "a server above that has this zone", server);
	z->serial = z->same_as->serial;
	z->ttl_s = z->same_as->ttl_s;
	z->mname = z->same_as->mname;
	return true;
}

/* zone NAME serial N [mname NAME] [ttl N] */
static bool parse_zone_own(struct parser *p, struct scenario_zone *z)
{
	const char *word;
	z->ttl_s = DEFAULT_TTL_S;
	z->mname = strcmp(z->name, ".") ? cw_arena_fmt(p->arena, "%s.%s", p->server->name, z->name)
					: p->server->name;
	if (!next_is(p, "serial"))
		return want(p, "serial NUMBER, or as SERVER", peek(p));
	if (!take_number(p, "a serial number", UINT32_MAX, &z->serial))
		return false;
	while ((word = next(p))) {
		if (!strcmp(word, "ttl")) {
			if (!take_number(p, "seconds", INT32_MAX, &z->ttl_s))
				return false;
		} else if (!strcmp(word, "mname")) {
			word = next(p);
			z->mname = word && word[0] != '@'
					   ? record_name(word, z->name, NULL, NULL, p->arena)
					   : NULL;
			if (!z->mname)
				return want(p, "the name of the primary server", word);
		} else {
			return want(p, "mname or ttl", word);
		}
	}
	return true;
}

static bool parse_zone(struct parser *p)
{
	struct scenario_zone *z = cw_arena_new_of(p->arena, struct scenario_zone);
	z->line = p->line;
	if (!take_domain(p, "the zone's name", &z->name))
		return false;
	if (zone_of(p->s, p->server->name, z->name))
		return want(p, "each zone once on a server", z->name);
	if (next_is(p, "as") ? !parse_zone_as(p, z) : !parse_zone_own(p, z))
		return false;
	if (p->server->last_zone)
		p->server->last_zone->next = z;
	else
		p->server->zones = z;
	p->server->last_zone = p->zone = z;
	p->zone_indent = p->indent;
	return line_ends(p);
}

/* [TTL] TYPE DATA... */
static bool parse_record_data(struct parser *p, struct scenario_record *r)
{
	const char *word = peek(p);
	if (word && *word >= '0' && *word <= '9' &&
	    !take_number(p, "a time to live in seconds", INT32_MAX, &r->ttl_s))
		return false;
	word = next(p);
	r->type = word ? record_type_of(word) : 0;
	if (!r->type)
		return want(p, "a record type such as A, SRV or TYPE65", word);
	r->data = rest(p);
	return true;
}

static void append_record(struct scenario_zone *z, struct scenario_record *r)
{
	if (z->last_record)
		z->last_record->next = r;
	else
		z->records = r;
	z->last_record = r;
}

static bool parse_record(struct parser *p)
{
	struct scenario_record *r = cw_arena_new_of(p->arena, struct scenario_record);
	r->line = p->line;
	r->ttl_s = p->zone->ttl_s;
	r->owner = next(p);
	if (!parse_record_data(p, r))
		return false;
	append_record(p->zone, r);
	return true;
}

/* The word with each $ replaced by the number, as BIND's $GENERATE does. */
static const char *numbered(struct cw_arena *arena, const char *word, uint32_t n)
{
	const char *out = "";
	for (const char *dollar; (dollar = strchr(word, '$')); word = dollar + 1)
		out = cw_arena_fmt(arena, "%s%.*s%u", out, (int)(dollar - word), word, n);
	return *out ? cw_arena_fmt(arena, "%s%s", out, word) : word;
}

static void generate_one(struct parser *p, const struct scenario_record *pattern, uint32_t n)
{
	struct scenario_record *r = cw_arena_new_of(p->arena, struct scenario_record);
	const char **word = cw_arena_array_of(p->arena, const char *, pattern->data.count + 1);
	*r = *pattern;
	r->owner = numbered(p->arena, pattern->owner, n);
	for (size_t i = 0; i < pattern->data.count; i++)
		word[i] = numbered(p->arena, pattern->data.word[i], n);
	r->data.word = word;
	append_record(p->zone, r);
}

/* generate COUNT OWNER [TTL] TYPE DATA...: $ is the number, from 1 */
static bool parse_generate(struct parser *p)
{
	struct scenario_record pattern = { .line = p->line, .ttl_s = p->zone->ttl_s };
	uint32_t count;
	if (!take_number(p, "how many records (1 to 10000)", LIMIT_SCENARIO_GENERATED, &count))
		return false;
	pattern.owner = next(p);
	if (!pattern.owner)
		return want(p, "a record", NULL);
	if (!parse_record_data(p, &pattern))
		return false;
	for (uint32_t n = 1; n <= count; n++)
		generate_one(p, &pattern, n);
	return true;
}

static bool parse_zone_line(struct parser *p)
{
	return next_is(p, "generate") ? parse_generate(p) : parse_record(p);
}

/* ---- faults ---- */

static const struct fault_word {
	const char *word;
	enum scenario_fault_arg arg;
} fault_words[FAULT_COUNT] = {
#define AS_ROW(id, text, arg, about) [id] = { text, arg },
	SCENARIO_FAULT_LIST(AS_ROW)
#undef AS_ROW
};

const char *scenario_fault_name(enum scenario_fault_kind kind)
{
	return fault_words[kind].word;
}

static const char *const fault_filters[] = { "for", "under", "type", "over", "first", NULL };

/* TYPE DATA... up to the first filter */
static bool parse_lie(struct parser *p, struct scenario_fault *f)
{
	struct scenario_record *r = cw_arena_new_of(p->arena, struct scenario_record);
	const char *word = next(p);
	size_t end = p->at, whole = p->word_count;
	*r = (struct scenario_record){ .owner = "lie", .ttl_s = 60, .line = p->line };
	r->type = word ? record_type_of(word) : 0;
	if (!r->type)
		return want(p, "a record type such as A or SRV", word);
	while (end < whole && !one_of(p->word[end], fault_filters))
		end++;
	p->word_count = end;
	r->data = rest(p);
	p->word_count = whole;
	f->lie = r;
	return true;
}

static bool parse_fault_arg(struct parser *p, struct scenario_fault *f)
{
	switch (fault_words[f->kind].arg) {
	case FAULT_ARG_COUNT:
		return take_number(p, "how many", UINT32_MAX, &f->count);
	case FAULT_ARG_TIME:
		return take_time(p, &f->delay_ms);
	case FAULT_ARG_RECORD:
		return parse_lie(p, f);
	case FAULT_ARG_NONE:
		break;
	}
	return true;
}

static bool take_transport(struct parser *p, unsigned *out)
{
	const char *word = next(p);
	if (word && !strcmp(word, "udp"))
		*out = SCENARIO_UDP;
	else if (word && !strcmp(word, "tcp"))
		*out = SCENARIO_TCP;
	else
		return want(p, "udp or tcp", word);
	return true;
}

static bool take_first(struct parser *p, uint32_t *out)
{
	static const char wanted[] = "how many queries (1 or more)";
	return take_number(p, wanted, UINT32_MAX, out) && (*out || want(p, wanted, "0"));
}

static bool parse_fault_filter(struct parser *p, struct scenario_fault *f)
{
	const char *word = next(p);
	if (!strcmp(word, "for"))
		return take_domain(p, "the name that is asked for", &f->name);
	if (!strcmp(word, "under"))
		return take_domain(p, "the name above those that are asked for", &f->under);
	if (!strcmp(word, "over"))
		return take_transport(p, &f->transport);
	if (!strcmp(word, "first"))
		return take_first(p, &f->first);
	if (strcmp(word, "type"))
		return want(p, "for, under, type, over or first", word);
	word = next(p);
	f->type = word ? record_type_of(word) : 0;
	return f->type || want(p, "a record type such as A or SRV", word);
}

static bool parse_fault(struct parser *p)
{
	struct scenario_fault *f = cw_arena_new_of(p->arena, struct scenario_fault);
	const char *word = next(p);
	int kind = 0;
	while (kind < FAULT_COUNT && (!word || strcmp(word, fault_words[kind].word)))
		kind++;
	if (kind == FAULT_COUNT)
		return want(p, "a fault such as silent, servfail or wrong-id", word);
	f->kind = (enum scenario_fault_kind)kind;
	f->transport = SCENARIO_BOTH;
	f->line = p->line;
	if (!parse_fault_arg(p, f))
		return false;
	while (peek(p))
		if (!parse_fault_filter(p, f))
			return false;
	f->index = p->server->fault_count++;
	if (p->server->last_fault)
		p->server->last_fault->next = f;
	else
		p->server->faults = f;
	p->server->last_fault = f;
	return true;
}

/* ---- other lines of a server ---- */

static bool parse_recursive(struct parser *p)
{
	p->server->recursive = true;
	return line_ends(p);
}

static bool parse_no_additional(struct parser *p)
{
	p->server->no_additional = true;
	return line_ends(p);
}

/* update none | any | key NAME | owner HOST | notimp | notauth */
static bool parse_update(struct parser *p)
{
	struct scenario_server *v = p->server;
	const char *word = next(p);
	if (word && !strcmp(word, "none")) {
		v->update = UPDATE_NONE;
	} else if (word && !strcmp(word, "any")) {
		v->update = UPDATE_ANY;
	} else if (word && !strcmp(word, "notimp")) {
		v->update = UPDATE_NOTIMP;
	} else if (word && !strcmp(word, "notauth")) {
		v->update = UPDATE_NOTAUTH;
	} else if (word && !strcmp(word, "key")) {
		v->update = UPDATE_KEY;
		v->update_key = next(p);
		if (!v->update_key || !scenario_key(p->s, v->update_key))
			return want(p, "the name of a key above", v->update_key);
	} else if (word && !strcmp(word, "owner")) {
		if (v->update == UPDATE_NONE)
			v->update = UPDATE_ANY;
		v->update_owner = next(p);
		if (!v->update_owner)
			return want(p, "who the existing records belong to", NULL);
	} else {
		return want(p, "none, any, key NAME, owner HOST, notimp or notauth", word);
	}
	return line_ends(p);
}

/* clock +3600 | clock -3600 */
static bool parse_clock(struct parser *p)
{
	const char *word = peek(p);
	uint32_t n;
	if (!word || (word[0] != '+' && word[0] != '-'))
		return want(p, "seconds such as +3600 or -3600", word);
	p->word[p->at] = word + 1;
	if (!take_number(p, "seconds such as +3600 or -3600", INT32_MAX, &n))
		return false;
	p->server->clock_offset_s = word[0] == '-' ? -(int32_t)n : (int32_t)n;
	return line_ends(p);
}

static bool parse_delay(struct parser *p)
{
	return take_time(p, &p->server->delay_ms) && line_ends(p);
}

static bool parse_ipv6(struct parser *p)
{
	p->server->ipv6 = true;
	return line_ends(p);
}

/* closed [udp | tcp] */
static bool parse_closed(struct parser *p)
{
	unsigned transport = SCENARIO_BOTH;
	if (peek(p) && !take_transport(p, &transport))
		return false;
	p->server->closed |= transport;
	return line_ends(p);
}

static const char *const answer_words[ANSWER_COUNT] = {
#define AS_ROW(id, text, about) [id] = text,
	SCENARIO_ANSWER_LIST(AS_ROW)
#undef AS_ROW
};

const char *scenario_answer_name(enum scenario_answer answer)
{
	return answer_words[answer];
}

static bool parse_answer(struct parser *p)
{
	const char *word = next(p);
	int i = 0;
	while (i < ANSWER_COUNT && (!word || strcmp(word, answer_words[i])))
		i++;
	if (i == ANSWER_COUNT)
		return want(p, "an answer such as kms, http or silent", word);
	p->server->answer = (enum scenario_answer)i;
	if (peek(p) && (i == ANSWER_BIND_NAK || i == ANSWER_FAULT) &&
	    !take_number(p, "the reason as a number", UINT32_MAX, &p->server->reason))
		return false;
	return line_ends(p);
}

static bool parse_port(struct parser *p)
{
	uint32_t n;
	if (!take_number(p, "a port (1 to 65535)", UINT16_MAX, &n))
		return false;
	if (!n)
		return want(p, "a port (1 to 65535)", "0");
	p->server->port = (uint16_t)n;
	return line_ends(p);
}

static bool parse_blocked(struct parser *p)
{
	p->server->blocked = true;
	return line_ends(p);
}

/* ---- client, runs, expectations ---- */

static bool parse_client_list(struct parser *p, const char *wanted, enum scenario_setting *state,
			      struct scenario_words *list)
{
	if (!peek(p))
		return want(p, wanted, NULL);
	*list = (struct scenario_words){ 0 };
	*state = SETTING_NONE;
	if (next_is(p, "none"))
		return line_ends(p);
	*state = SETTING_UNREADABLE;
	if (next_is(p, "unreadable"))
		return line_ends(p);
	*state = SETTING_GIVEN;
	*list = rest(p);
	return true;
}

/* Behind a run: for that run alone. */
static bool parse_client(struct parser *p)
{
	struct scenario_client *c = p->run ? &p->run->client : &p->s->client;
	const char *word = next(p);
	if (word && !strcmp(word, "resolver"))
		return parse_client_list(p, "addresses, none or unreadable", &c->resolver,
					 &c->resolvers);
	if (word && !strcmp(word, "suffix"))
		return parse_client_list(p, "domains, none or unreadable", &c->suffix,
					 &c->suffixes);
	if (!word || strcmp(word, "no-ipv6"))
		return want(p, "resolver, suffix or no-ipv6", word);
	c->no_ipv6 = true;
	return line_ends(p);
}

static bool parse_run(struct parser *p)
{
	struct scenario_run *r = cw_arena_new_of(p->arena, struct scenario_run);
	r->line = p->line;
	if (!peek(p))
		return want(p, "a command such as check kms contoso.example", NULL);
	r->args = rest(p);
	if (p->last_run)
		p->last_run->next = r;
	else
		p->s->runs = r;
	p->last_run = p->run = r;
	return true;
}

static bool parse_expect_verdict(struct parser *p, struct scenario_expect *e)
{
	static const struct {
		const char *verdict;
		int exit;
	} verdicts[] = { { "clear", 0 }, { "cause-found", 1 }, { "undetermined", 3 } };
	const char *word = next(p);
	size_t i = 0;
	while (i < 3 && (!word || strcmp(word, verdicts[i].verdict)))
		i++;
	if (i == 3)
		return want(p, "clear, cause-found or undetermined", word);
	e->kind = EXPECT_VERDICT;
	e->verdict = verdicts[i].verdict;
	e->exit = verdicts[i].exit;
	if (!next_is(p, "exit"))
		return true;
	uint32_t n;
	if (!take_number(p, "an exit status", 255, &n))
		return false;
	if ((int)n != e->exit)
		return want(p, "the exit status that belongs to this verdict (0, 1 or 3)",
			    p->word[p->at - 1]);
	return true;
}

static bool parse_expect_finding(struct parser *p, struct scenario_expect *e)
{
	if (!take_id(p, "the id of a finding", "-", &e->id))
		return false;
	while (peek(p)) {
		const char *word = next(p);
		if (!strcmp(word, "code")) {
			e->code = next(p);
			if (!e->code || strncmp(e->code, "0x", 2) || strlen(e->code) != 10)
				return want(p, "a code such as 0x8007232B", e->code);
		} else if (!strcmp(word, "of") && e->kind == EXPECT_CONSEQUENCE) {
			if (!take_id(p, "the id of the cause", "-", &e->of))
				return false;
		} else if (!strcmp(word, "at")) {
			if (!take_id(p, "a hop such as srv", "-", &e->hop))
				return false;
		} else {
			return want(p, "code, at or of", word);
		}
	}
	return true;
}

static bool parse_expect_hop(struct parser *p, struct scenario_expect *e)
{
	static const char *const states[] = { "passed", "failed", "not-reached", "not-tested",
					      NULL };
	e->kind = EXPECT_HOP;
	if (!take_id(p, "a hop such as srv", "-", &e->hop))
		return false;
	e->state = next(p);
	return one_of(e->state, states) ||
	       want(p, "passed, failed, not-reached or not-tested", e->state);
}

static bool parse_expect_text(struct parser *p, struct scenario_expect *e)
{
	e->kind = EXPECT_TEXT;
	e->text = next(p);
	return e->text || want(p, "the text in quotation marks", NULL);
}

/* expect no other finding | expect no text "..." */
static bool parse_expect_no(struct parser *p, struct scenario_expect *e, bool *list)
{
	*list = false;
	if (next_is(p, "other"))
		return next_is(p, "finding") || want(p, "other finding", peek(p));
	if (!next_is(p, "text"))
		return want(p, "other finding, or text \"...\"", peek(p));
	*list = true;
	e->absent = true;
	return parse_expect_text(p, e);
}

static bool parse_expectation(struct parser *p, struct scenario_expect *e, bool *list)
{
	const char *word = next(p);
	if (word && !strcmp(word, "verdict"))
		return parse_expect_verdict(p, e);
	if (word && !strcmp(word, "hop"))
		return parse_expect_hop(p, e);
	if (word && !strcmp(word, "text"))
		return parse_expect_text(p, e);
	if (word && !strcmp(word, "no"))
		return parse_expect_no(p, e, list);
	if (word && !strcmp(word, "within")) {
		e->kind = EXPECT_WITHIN;
		return take_time(p, &e->within_ms);
	}
	if (word && !strcmp(word, "any")) {
		*list = false;
		p->run->other_consequences_allowed = true;
		return next_is(p, "consequence") || want(p, "consequence", peek(p));
	}
	if (word && !strcmp(word, "cause"))
		e->kind = EXPECT_CAUSE;
	else if (word && !strcmp(word, "consequence"))
		e->kind = EXPECT_CONSEQUENCE;
	else if (word && !strcmp(word, "warning"))
		e->kind = EXPECT_WARNING;
	else
		return want(p, "verdict, cause, consequence, warning, hop, text, within, any or no",
			    word);
	return parse_expect_finding(p, e);
}

static bool parse_expect(struct parser *p)
{
	struct scenario_expect *e = cw_arena_new_of(p->arena, struct scenario_expect);
	bool list = true;
	if (!p->run)
		return want(p, "run before the first expect", "expect");
	e->line = p->line;
	if (!parse_expectation(p, e, &list) || !line_ends(p))
		return false;
	if (!list)
		return true;
	if (p->run->last_expect)
		p->run->last_expect->next = e;
	else
		p->run->expects = e;
	p->run->last_expect = e;
	return true;
}

/* ---- lines ---- */

struct statement {
	const char *word;
	statement_fn *parse;
};

static const struct statement top_statements[] = {
	{ "scenario", parse_scenario }, { "about", parse_about },   { "shows", parse_shows },
	{ "twin", parse_twin },         { "key", parse_key },       { "dns", parse_dns },
	{ "kms", parse_kms },           { "host", parse_host },     { "client", parse_client },
	{ "run", parse_run },           { "expect", parse_expect }, { NULL, NULL },
};

static const struct statement dns_statements[] = {
	{ "zone", parse_zone },           { "fault", parse_fault },
	{ "recursive", parse_recursive }, { "no-additional", parse_no_additional },
	{ "update", parse_update },       { "clock", parse_clock },
	{ "delay", parse_delay },         { "ipv6", parse_ipv6 },
	{ "closed", parse_closed },       { NULL, NULL },
};

static const struct statement kms_statements[] = {
	{ "answer", parse_answer },
	{ "port", parse_port },
	{ "delay", parse_delay },
	{ "blocked", parse_blocked },
	{ "ipv6", parse_ipv6 },
	{ "closed", parse_closed },
	{ NULL, NULL },
};

static const struct statement host_statements[] = { { "ipv6", parse_ipv6 }, { NULL, NULL } };

static const char *statement_list(struct parser *p, const struct statement *table)
{
	const char *list = table->word;
	for (table++; table->word; table++)
		list = cw_arena_fmt(p->arena, "%s%s%s", list, table[1].word ? ", " : " or ",
				    table->word);
	return list;
}

static bool parse_statement(struct parser *p, const struct statement *table)
{
	const char *word = next(p);
	for (const struct statement *t = table; t->word; t++)
		if (!strcmp(word, t->word))
			return t->parse(p);
	return want(p, statement_list(p, table), word);
}

static bool parse_server_line(struct parser *p)
{
	p->zone = NULL;
	switch (p->server->kind) {
	case SCENARIO_DNS:
		return parse_statement(p, dns_statements);
	case SCENARIO_KMS:
		return parse_statement(p, kms_statements);
	case SCENARIO_HOST:
		break;
	}
	return parse_statement(p, host_statements);
}

static bool parse_line(struct parser *p)
{
	if (!p->word_count)
		return true;
	p->at = 0;
	if (p->indent && p->zone && p->indent > p->zone_indent)
		return parse_zone_line(p);
	if (p->indent && p->server)
		return parse_server_line(p);
	p->server = NULL;
	p->zone = NULL;
	if (!p->s->name && strcmp(p->word[0], "scenario"))
		return want(p, "scenario NAME first", p->word[0]);
	return parse_statement(p, top_statements);
}

/* One word from at; NULL: the line is at its end. *ok: a quotation mark has its fellow. */
static const char *lex_word(struct cw_arena *arena, const char **at, const char *end, bool *ok)
{
	const char *c = *at;
	while (c < end && (*c == ' ' || *c == '\t' || *c == '\r'))
		c++;
	if (c == end || *c == '#') {
		*at = end;
		return NULL;
	}
	char *word = cw_arena_alloc(arena, (size_t)(end - c) + 1), *w = word;
	bool quoted = false;
	for (; c < end && (quoted || (*c != ' ' && *c != '\t' && *c != '\r')); c++) {
		if (*c == '"')
			quoted = !quoted;
		else if (quoted && *c == '\\' && c + 1 < end && (c[1] == '"' || c[1] == '\\'))
			*w++ = *++c;
		else
			*w++ = *c;
	}
	*w = '\0';
	*ok = !quoted;
	*at = c;
	return word;
}

static size_t indent_of(const char *line, const char *end)
{
	size_t columns = 0;
	for (; line < end && (*line == ' ' || *line == '\t'); line++)
		columns += *line == '\t' ? 8 - columns % 8 : 1;
	return columns;
}

static bool lex_line(struct parser *p, const char *line, const char *end)
{
	bool ok = true;
	const char *word;
	p->indent = indent_of(line, end);
	p->word_count = 0;
	while ((word = lex_word(p->arena, &line, end, &ok)) && ok) {
		if (p->word_count == LIMIT_SCENARIO_WORDS)
			return want(p, "no more words on a line", word);
		p->word[p->word_count++] = word;
	}
	return ok || want(p, "a closing quotation mark", word);
}

static bool parse_text(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len;
	if (memchr(text, '\0', len)) {
		p->line = 1;
		return want(p, "text", "a NUL byte");
	}
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol)
			eol = end;
		p->line++;
		if (!lex_line(p, text, eol) || !parse_line(p))
			return false;
		text = eol < end ? eol + 1 : end;
	}
	return true;
}

enum cw_ec scenario_parse(const char *text, size_t len, const char *file, struct cw_arena *arena,
			  const struct scenario **out, char *why, size_t why_size)
{
	if (len > LIMIT_TEXT_FILE) {
		snprintf(why, why_size, "%s: want at most %d bytes, have %zu", file,
			 (int)LIMIT_TEXT_FILE, len);
		return CW_ETOOBIG;
	}
	struct parser *p = cw_arena_new_of(arena, struct parser);
	p->arena = arena;
	p->s = cw_arena_new_of(arena, struct scenario);
	p->s->file = cw_arena_str(arena, file);
	if (!parse_text(p, text, len) || !scenario_check(p->s, arena, &p->complaint)) {
		snprintf(why, why_size, "%s:%u: want %s, have %s", file, p->complaint.line,
			 p->complaint.want, p->complaint.have ? p->complaint.have : "nothing");
		return CW_EMALFORMED;
	}
	*out = p->s;
	return CW_OK;
}
