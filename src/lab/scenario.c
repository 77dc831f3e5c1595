#include "lab/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "lab/record.h"
#include "lab/scenario_parse.h"

enum { DEFAULT_TTL_S = 3600 };

/* ---- head ---- */

static bool parse_scenario(struct parser *p)
{
	if (p->s->name)
		return line_want(p, "one scenario in a file", "scenario");
	return line_id(p, "the scenario's name (a-z, 0-9, - and /)", "-/", &p->s->name) &&
	       line_ends(p);
}

static bool parse_about(struct parser *p)
{
	if (!line_peek(p))
		return line_want(p, "what the scenario is about", NULL);
	while (line_peek(p))
		p->s->about = p->s->about
				      ? cw_arena_fmt(p->arena, "%s %s", p->s->about, line_next(p))
				      : line_next(p);
	return true;
}

static bool parse_shows(struct parser *p)
{
	if (line_next_is(p, "healthy"))
		return line_ends(p);
	for (size_t i = p->at; i < p->word_count; i++)
		if (!line_is_id(p->word[i], "-"))
			return line_want(p, "ids of causes, or healthy", p->word[i]);
	if (!line_peek(p))
		return line_want(p, "ids of causes, or healthy", NULL);
	p->s->shows = line_rest(p);
	return true;
}

static bool parse_twin(struct parser *p)
{
	return line_id(p, "the name of the healthy twin", "-/", &p->s->twin) && line_ends(p);
}

static bool parse_key(struct parser *p)
{
	struct scenario_key *k = cw_arena_new_of(p->arena, struct scenario_key);
	char why[160];
	if (!line_id(p, "a key name (a-z, 0-9 and -)", "-", &k->name))
		return false;
	if (scenario_key(p->s, k->name))
		return line_want(p, "another name: there is a key of this name", k->name);
	k->algorithm = line_next(p);
	if (!k->algorithm || tsig_algorithm_of(k->algorithm) == TSIG_NONE)
		return line_want(p, "an algorithm such as hmac-sha256", k->algorithm);
	k->secret = line_next(p);
	if (!k->secret)
		return line_want(p, "the secret in base64", NULL);
	k->text = cw_arena_fmt(p->arena, "key \"%s\" {\n\talgorithm %s;\n\tsecret \"%s\";\n};\n",
			       k->name, k->algorithm, k->secret);
	if (tsig_key_parse(k->text, strlen(k->text), NULL, &k->key, why, sizeof(why)) != CW_OK)
		return line_want(p, "a secret in base64", k->secret);
	k->index = p->s->key_count++;
	if (p->last_key)
		p->last_key->next = k;
	else
		p->s->keys = k;
	p->last_key = k;
	return line_ends(p);
}

/* secret NAME TEXT: a file that holds it */
static bool parse_secret(struct parser *p)
{
	struct scenario_secret *x = cw_arena_new_of(p->arena, struct scenario_secret);
	if (!line_id(p, "a name (a-z, 0-9 and -)", "-", &x->name))
		return false;
	if (scenario_secret(p->s, x->name))
		return line_want(p, "another name: there is a secret of this name", x->name);
	x->text = line_next(p);
	if (!x->text)
		return line_want(p, "the secret", NULL);
	if (p->last_secret)
		p->last_secret->next = x;
	else
		p->s->secrets = x;
	p->last_secret = x;
	return line_ends(p);
}

/* ---- servers ---- */

bool parse_server_name(struct parser *p, enum scenario_server_kind kind)
{
	static const char *const reserved[] = { "key", "ca", "secret", NULL };
	struct scenario_server *v = cw_arena_new_of(p->arena, struct scenario_server);
	v->kind = kind;
	v->line = p->line;
	if (!line_id(p, "a server name (a-z, 0-9 and -)", "-", &v->name))
		return false;
	if (scenario_server(p->s, v->name) || line_one_of(v->name, reserved))
		return line_want(p, "a server name that is not yet taken", v->name);
	if (p->s->server_count == LIMIT_SCENARIO_SERVERS)
		return line_want(p, "no more servers than one address range has room for", v->name);
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
	return parse_server_name(p, SCENARIO_DNS);
}

static bool parse_kms(struct parser *p)
{
	return parse_server_name(p, SCENARIO_KMS);
}

static bool parse_host(struct parser *p)
{
	return parse_server_name(p, SCENARIO_HOST);
}

static const struct scenario_zone *zline_one_of(const struct scenario *s, const char *server,
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
	const char *server = line_next(p);
	z->same_as = server ? zline_one_of(p->s, server, z->name) : NULL;
	if (!z->same_as)
		return line_want(p, "a server above that has this zone", server);
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
	if (!line_next_is(p, "serial"))
		return line_want(p, "serial NUMBER, or as SERVER", line_peek(p));
	if (!line_number(p, "a serial number", UINT32_MAX, &z->serial))
		return false;
	while ((word = line_next(p))) {
		if (!strcmp(word, "ttl")) {
			if (!line_number(p, "seconds", INT32_MAX, &z->ttl_s))
				return false;
		} else if (!strcmp(word, "mname")) {
			word = line_next(p);
			z->mname = word && word[0] != '@'
					   ? record_name(word, z->name, NULL, NULL, p->arena)
					   : NULL;
			if (!z->mname)
				return line_want(p, "the name of the primary server", word);
		} else {
			return line_want(p, "mname or ttl", word);
		}
	}
	return true;
}

static bool parse_zone(struct parser *p)
{
	struct scenario_zone *z = cw_arena_new_of(p->arena, struct scenario_zone);
	z->line = p->line;
	if (!line_domain(p, "the zone's name", &z->name))
		return false;
	if (zline_one_of(p->s, p->server->name, z->name))
		return line_want(p, "each zone once on a server", z->name);
	if (line_next_is(p, "as") ? !parse_zone_as(p, z) : !parse_zone_own(p, z))
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
	const char *word = line_peek(p);
	if (word && *word >= '0' && *word <= '9' &&
	    !line_number(p, "a time to live in seconds", INT32_MAX, &r->ttl_s))
		return false;
	word = line_next(p);
	r->type = word ? record_type_of(word) : 0;
	if (!r->type)
		return line_want(p, "a record type such as A, SRV or TYPE65", word);
	r->data = line_rest(p);
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
	r->owner = line_next(p);
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
	if (!line_number(p, "how many records (1 to 10000)", LIMIT_SCENARIO_GENERATED, &count))
		return false;
	pattern.owner = line_next(p);
	if (!pattern.owner)
		return line_want(p, "a record", NULL);
	if (!parse_record_data(p, &pattern))
		return false;
	for (uint32_t n = 1; n <= count; n++)
		generate_one(p, &pattern, n);
	return true;
}

static bool parse_zone_line(struct parser *p)
{
	return line_next_is(p, "generate") ? parse_generate(p) : parse_record(p);
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
	const char *word = line_next(p);
	size_t end = p->at, whole = p->word_count;
	*r = (struct scenario_record){ .owner = "lie", .ttl_s = 60, .line = p->line };
	r->type = word ? record_type_of(word) : 0;
	if (!r->type)
		return line_want(p, "a record type such as A or SRV", word);
	while (end < whole && !line_one_of(p->word[end], fault_filters))
		end++;
	p->word_count = end;
	r->data = line_rest(p);
	p->word_count = whole;
	f->lie = r;
	return true;
}

static bool parse_fault_arg(struct parser *p, struct scenario_fault *f)
{
	switch (fault_words[f->kind].arg) {
	case FAULT_ARG_COUNT:
		return line_number(p, "how many", UINT32_MAX, &f->count);
	case FAULT_ARG_TIME:
		return line_time(p, &f->delay_ms);
	case FAULT_ARG_RECORD:
		return parse_lie(p, f);
	case FAULT_ARG_NONE:
		break;
	}
	return true;
}

static bool take_transport(struct parser *p, unsigned *out)
{
	const char *word = line_next(p);
	if (word && !strcmp(word, "udp"))
		*out = SCENARIO_UDP;
	else if (word && !strcmp(word, "tcp"))
		*out = SCENARIO_TCP;
	else
		return line_want(p, "udp or tcp", word);
	return true;
}

static bool take_first(struct parser *p, uint32_t *out)
{
	static const char wanted[] = "how many queries (1 or more)";
	return line_number(p, wanted, UINT32_MAX, out) && (*out || line_want(p, wanted, "0"));
}

static bool parse_fault_filter(struct parser *p, struct scenario_fault *f)
{
	const char *word = line_next(p);
	if (!strcmp(word, "for"))
		return line_domain(p, "the name that is asked for", &f->name);
	if (!strcmp(word, "under"))
		return line_domain(p, "the name above those that are asked for", &f->under);
	if (!strcmp(word, "over"))
		return take_transport(p, &f->transport);
	if (!strcmp(word, "first"))
		return take_first(p, &f->first);
	if (strcmp(word, "type"))
		return line_want(p, "for, under, type, over or first", word);
	word = line_next(p);
	f->type = word ? record_type_of(word) : 0;
	return f->type || line_want(p, "a record type such as A or SRV", word);
}

static bool parse_fault(struct parser *p)
{
	struct scenario_fault *f = cw_arena_new_of(p->arena, struct scenario_fault);
	const char *word = line_next(p);
	int kind = 0;
	while (kind < FAULT_COUNT && (!word || strcmp(word, fault_words[kind].word)))
		kind++;
	if (kind == FAULT_COUNT)
		return line_want(p, "a fault such as silent, servfail or wrong-id", word);
	f->kind = (enum scenario_fault_kind)kind;
	f->transport = SCENARIO_BOTH;
	f->line = p->line;
	if (!parse_fault_arg(p, f))
		return false;
	while (line_peek(p))
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
	const char *word = line_next(p);
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
		v->update_key = line_next(p);
		if (!v->update_key || !scenario_key(p->s, v->update_key))
			return line_want(p, "the name of a key above", v->update_key);
	} else if (word && !strcmp(word, "owner")) {
		if (v->update == UPDATE_NONE)
			v->update = UPDATE_ANY;
		v->update_owner = line_next(p);
		if (!v->update_owner)
			return line_want(p, "who the existing records belong to", NULL);
	} else {
		return line_want(p, "none, any, key NAME, owner HOST, notimp or notauth", word);
	}
	return line_ends(p);
}

/* clock +3600 | clock -3600 */
static bool parse_clock(struct parser *p)
{
	static const char wanted[] = "seconds such as +3600 or -3600";
	const char *word = line_peek(p);
	if (!word || (word[0] != '+' && word[0] != '-'))
		return line_want(p, wanted, word);
	return line_signed(p, wanted, &p->server->clock_offset_s) && line_ends(p);
}

bool parse_delay(struct parser *p)
{
	return line_time(p, &p->server->delay_ms) && line_ends(p);
}

bool parse_ipv6(struct parser *p)
{
	p->server->ipv6 = true;
	return line_ends(p);
}

/* closed [udp | tcp] */
bool parse_closed(struct parser *p)
{
	unsigned transport = SCENARIO_BOTH;
	if (line_peek(p) && !take_transport(p, &transport))
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
	const char *word = line_next(p);
	int i = 0;
	while (i < ANSWER_COUNT && (!word || strcmp(word, answer_words[i])))
		i++;
	if (i == ANSWER_COUNT)
		return line_want(p, "an answer such as kms, http or silent", word);
	p->server->answer = (enum scenario_answer)i;
	if (line_peek(p) && (i == ANSWER_BIND_NAK || i == ANSWER_FAULT) &&
	    !line_number(p, "the reason as a number", UINT32_MAX, &p->server->reason))
		return false;
	return line_ends(p);
}

/* port NUMBER | port as SERVER */
bool parse_port(struct parser *p)
{
	static const char wanted[] = "a port (1 to 65535), or as SERVER";
	uint32_t n;
	if (line_next_is(p, "as")) {
		const char *word = line_next(p);
		p->server->port_of = word ? scenario_server(p->s, word) : NULL;
		if (!p->server->port_of || p->server->port_of == p->server)
			return line_want(p, "a server above", word);
		return line_ends(p);
	}
	if (!line_number(p, wanted, UINT16_MAX, &n))
		return false;
	if (!n)
		return line_want(p, wanted, "0");
	p->server->port = (uint16_t)n;
	return line_ends(p);
}

bool parse_blocked(struct parser *p)
{
	p->server->blocked = true;
	return line_ends(p);
}

/* ---- client, runs, expectations ---- */

static bool parse_client_list(struct parser *p, const char *wanted, enum scenario_setting *state,
			      struct scenario_words *list)
{
	if (!line_peek(p))
		return line_want(p, wanted, NULL);
	*list = (struct scenario_words){ 0 };
	*state = SETTING_NONE;
	if (line_next_is(p, "none"))
		return line_ends(p);
	*state = SETTING_UNREADABLE;
	if (line_next_is(p, "unreadable"))
		return line_ends(p);
	*state = SETTING_GIVEN;
	*list = line_rest(p);
	return true;
}

/* Behind a run: for that run alone. */
static bool parse_client(struct parser *p)
{
	struct scenario_client *c = p->run ? &p->run->client : &p->s->client;
	const char *word = line_next(p);
	if (word && !strcmp(word, "resolver"))
		return parse_client_list(p, "addresses, none or unreadable", &c->resolver,
					 &c->resolvers);
	if (word && !strcmp(word, "suffix"))
		return parse_client_list(p, "domains, none or unreadable", &c->suffix,
					 &c->suffixes);
	if (!word || strcmp(word, "no-ipv6"))
		return line_want(p, "resolver, suffix or no-ipv6", word);
	c->no_ipv6 = true;
	return line_ends(p);
}

static bool parse_run(struct parser *p)
{
	struct scenario_run *r = cw_arena_new_of(p->arena, struct scenario_run);
	r->line = p->line;
	if (!line_peek(p))
		return line_want(p, "a command such as check kms contoso.example", NULL);
	r->args = line_rest(p);
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
	const char *word = line_next(p);
	size_t i = 0;
	while (i < 3 && (!word || strcmp(word, verdicts[i].verdict)))
		i++;
	if (i == 3)
		return line_want(p, "clear, cause-found or undetermined", word);
	e->kind = EXPECT_VERDICT;
	e->verdict = verdicts[i].verdict;
	e->exit = verdicts[i].exit;
	if (!line_next_is(p, "exit"))
		return true;
	uint32_t n;
	if (!line_number(p, "an exit status", 255, &n))
		return false;
	if ((int)n != e->exit)
		return line_want(p, "the exit status that belongs to this verdict (0, 1 or 3)",
				 p->word[p->at - 1]);
	return true;
}

/* As Windows shows it: eight hexadecimal digits, or a short decimal number. */
static bool is_code(const char *word)
{
	if (!word || !*word)
		return false;
	return strncmp(word, "0x", 2)
		       ? strlen(word) >= 3 && strspn(word, "0123456789") == strlen(word)
		       : strlen(word) == 10;
}

static bool parse_expect_finding(struct parser *p, struct scenario_expect *e)
{
	if (!line_id(p, "the id of a finding", "-", &e->id))
		return false;
	while (line_peek(p)) {
		const char *word = line_next(p);
		if (!strcmp(word, "code")) {
			e->code = line_next(p);
			if (!is_code(e->code))
				return line_want(p, "a code such as 0x8007232B or 809", e->code);
		} else if (!strcmp(word, "of") && e->kind == EXPECT_CONSEQUENCE) {
			if (!line_id(p, "the id of the cause", "-", &e->of))
				return false;
		} else if (!strcmp(word, "at")) {
			if (!line_id(p, "a hop such as srv", "-", &e->hop))
				return false;
		} else {
			return line_want(p, "code, at or of", word);
		}
	}
	return true;
}

static bool parse_expect_hop(struct parser *p, struct scenario_expect *e)
{
	static const char *const states[] = { "passed", "failed", "not-reached", "not-tested",
					      NULL };
	e->kind = EXPECT_HOP;
	if (!line_id(p, "a hop such as srv", "-", &e->hop))
		return false;
	e->state = line_next(p);
	return line_one_of(e->state, states) ||
	       line_want(p, "passed, failed, not-reached or not-tested", e->state);
}

static bool parse_expect_text(struct parser *p, struct scenario_expect *e)
{
	e->kind = EXPECT_TEXT;
	e->text = line_next(p);
	return e->text || line_want(p, "the text in quotation marks", NULL);
}

/* expect no other finding | expect no text "..." */
static bool parse_expect_no(struct parser *p, struct scenario_expect *e, bool *list)
{
	*list = false;
	if (line_next_is(p, "other"))
		return line_next_is(p, "finding") || line_want(p, "other finding", line_peek(p));
	if (!line_next_is(p, "text"))
		return line_want(p, "other finding, or text \"...\"", line_peek(p));
	*list = true;
	e->absent = true;
	return parse_expect_text(p, e);
}

static bool parse_expectation(struct parser *p, struct scenario_expect *e, bool *list)
{
	const char *word = line_next(p);
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
		return line_time(p, &e->within_ms);
	}
	if (word && !strcmp(word, "any")) {
		*list = false;
		p->run->other_consequences_allowed = true;
		return line_next_is(p, "consequence") || line_want(p, "consequence", line_peek(p));
	}
	if (word && !strcmp(word, "cause"))
		e->kind = EXPECT_CAUSE;
	else if (word && !strcmp(word, "consequence"))
		e->kind = EXPECT_CONSEQUENCE;
	else if (word && !strcmp(word, "warning"))
		e->kind = EXPECT_WARNING;
	else
		return line_want(
			p, "verdict, cause, consequence, warning, hop, text, within, any or no",
			word);
	return parse_expect_finding(p, e);
}

static bool parse_expect(struct parser *p)
{
	struct scenario_expect *e = cw_arena_new_of(p->arena, struct scenario_expect);
	bool list = true;
	if (!p->run)
		return line_want(p, "run before the first expect", "expect");
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

static const struct statement top_statements[] = {
	{ "scenario", parse_scenario },
	{ "about", parse_about },
	{ "shows", parse_shows },
	{ "twin", parse_twin },
	{ "key", parse_key },
	{ "secret", parse_secret },
	{ "ca", parse_ca },
	{ "certificate", parse_certificate },
	{ "dns", parse_dns },
	{ "kms", parse_kms },
	{ "web", parse_web },
	{ "https", parse_https },
	{ "sstp", parse_sstp },
	{ "proxy", parse_proxy },
	{ "host", parse_host },
	{ "client", parse_client },
	{ "run", parse_run },
	{ "expect", parse_expect },
	{ NULL, NULL },
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
	const char *word = line_next(p);
	for (const struct statement *t = table; t->word; t++)
		if (!strcmp(word, t->word))
			return t->parse(p);
	return line_want(p, statement_list(p, table), word);
}

static bool parse_server_line(struct parser *p)
{
	p->zone = NULL;
	switch (p->server->kind) {
	case SCENARIO_DNS:
		return parse_statement(p, dns_statements);
	case SCENARIO_KMS:
		return parse_statement(p, kms_statements);
	case SCENARIO_WEB:
	case SCENARIO_SSTP:
	case SCENARIO_PROXY:
		return parse_statement(p, scenario_front_statements(p->server->kind));
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
	if (p->indent && p->cert)
		return parse_statement(p, scenario_cert_statements);
	p->server = NULL;
	p->cert = NULL;
	p->zone = NULL;
	if (!p->s->name && strcmp(p->word[0], "scenario"))
		return line_want(p, "scenario NAME first", p->word[0]);
	return parse_statement(p, top_statements);
}

static bool parse_text(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len;
	if (memchr(text, '\0', len)) {
		p->line = 1;
		return line_want(p, "text", "a NUL byte");
	}
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol)
			eol = end;
		p->line++;
		if (!line_lex(p, text, eol) || !parse_line(p))
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
