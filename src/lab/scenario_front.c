/* Statements about certificates, and about web servers, SSTP servers and proxies. */
#include <string.h>

#include "cert/ca.h"
#include "lab/scenario_parse.h"

enum {
	FROM_DAYS = -30,
	CA_TO_DAYS = 3650,
	TO_DAYS = 365,
	DAYS_MOST = 36500,
	STATUS_LEAST = 100,
	STATUS_MOST = 999,
};

#define AS_ROW(id, text, about) [id] = text,
static const char *const crl_words[CRL_COUNT] = { SCENARIO_CRL_FAULT_LIST(AS_ROW) };
static const char *const ocsp_words[OCSP_COUNT] = { SCENARIO_OCSP_FAULT_LIST(AS_ROW) };
static const char *const handshake_words[HANDSHAKE_COUNT] = { SCENARIO_HANDSHAKE_LIST(AS_ROW) };
static const char *const staple_words[STAPLE_COUNT] = { SCENARIO_STAPLE_LIST(AS_ROW) };
static const char *const sstp_words[SSTP_SAY_COUNT] = { SCENARIO_SSTP_LIST(AS_ROW) };
#undef AS_ROW

static const char *const place_words[PLACE_COUNT] = {
#define AS_ROW(id, text, arg, about) [id] = text,
	SCENARIO_PLACE_LIST(AS_ROW)
#undef AS_ROW
};
static const enum scenario_place_arg place_args[PLACE_COUNT] = {
#define AS_ROW(id, text, arg, about) [id] = arg,
	SCENARIO_PLACE_LIST(AS_ROW)
#undef AS_ROW
};

/* ---- certificates ---- */

const struct scenario_cert *scenario_cert(const struct scenario *s, const char *name)
{
	const struct scenario_cert *c = s->certs;
	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

static bool line_cert(struct parser *p, bool ca, const struct scenario_cert **out)
{
	const char *word = line_next(p);
	const struct scenario_cert *c = word ? scenario_cert(p->s, word) : NULL;
	if (!c || (ca && !c->ca))
		return line_want(
			p, ca ? "the name of a ca above" : "the name of a certificate above", word);
	*out = c;
	return true;
}

/* NAME [under CA] */
static bool open_cert(struct parser *p, bool ca)
{
	struct scenario_cert *c = cw_arena_new_of(p->arena, struct scenario_cert);
	c->ca = ca;
	c->line = p->line;
	c->from_days = FROM_DAYS;
	c->to_days = ca ? CA_TO_DAYS : TO_DAYS;
	if (!line_id(p, "a name (a-z, 0-9 and -)", "-", &c->name))
		return false;
	if (scenario_cert(p->s, c->name))
		return line_want(p, "a name that no certificate has yet", c->name);
	if (line_next_is(p, "under") && !line_cert(p, true, &c->issuer))
		return false;
	c->index = p->s->cert_count++;
	if (p->last_cert)
		p->last_cert->next = c;
	else
		p->s->certs = c;
	p->last_cert = p->cert = c;
	return line_ends(p);
}

bool parse_ca(struct parser *p)
{
	return open_cert(p, true);
}

bool parse_certificate(struct parser *p)
{
	return open_cert(p, false);
}

/* The words of the line behind those that an earlier line gave. */
static bool add_words(struct parser *p, const char *wanted, struct scenario_words *list)
{
	if (!line_peek(p))
		return line_want(p, wanted, NULL);
	struct scenario_words more = line_rest(p);
	const char **all = cw_arena_array_of(p->arena, const char *, list->count + more.count + 1);
	for (size_t i = 0; i < list->count; i++)
		all[i] = list->word[i];
	for (size_t i = 0; i < more.count; i++)
		all[list->count + i] = more.word[i];
	*list = (struct scenario_words){ .count = list->count + more.count, .word = all };
	return true;
}

static bool add_urls(struct parser *p, const char *wanted, struct scenario_words *list)
{
	return add_words(p, wanted, list) &&
	       (list->count <= CA_URLS || line_want(p, "four URLs or fewer", list->word[CA_URLS]));
}

static bool parse_for(struct parser *p)
{
	return add_words(p, "the names or addresses that it is for", &p->cert->names);
}

static bool parse_subject(struct parser *p)
{
	p->cert->subject = line_next(p);
	if (!p->cert->subject || !*p->cert->subject)
		return line_want(p, "a common name", p->cert->subject);
	return line_ends(p);
}

static bool parse_no_san(struct parser *p)
{
	p->cert->no_san = true;
	return line_ends(p);
}

static bool parse_same_key(struct parser *p)
{
	return line_cert(p, true, &p->cert->same_key) && line_ends(p);
}

static bool is_oid(const char *word)
{
	return strspn(word, "0123456789.") == strlen(word) && strchr(word, '.');
}

/* eku server | client | any | none | OID ... */
static bool parse_eku(struct parser *p)
{
	static const char *const known[] = { "server", "client", "any", NULL };
	if (line_next_is(p, "none")) {
		p->cert->eku_none = true;
		return line_ends(p);
	}
	for (size_t i = p->at; i < p->word_count; i++)
		if (!line_one_of(p->word[i], known) && !is_oid(p->word[i]))
			return line_want(p, "server, client, any, none, or an OID", p->word[i]);
	return add_words(p, "server, client, any, none, or an OID", &p->cert->eku);
}

/* days FROM TO */
static bool parse_days(struct parser *p)
{
	static const char wanted[] = "two numbers of days from now, such as -30 365";
	if (!line_signed(p, wanted, &p->cert->from_days) ||
	    !line_signed(p, wanted, &p->cert->to_days))
		return false;
	if (p->cert->from_days < -DAYS_MOST || p->cert->to_days > DAYS_MOST ||
	    p->cert->from_days >= p->cert->to_days)
		return line_want(p, "a first day before the last, both within a hundred years",
				 p->word[p->at - 1]);
	return line_ends(p);
}

static bool parse_cert_key(struct parser *p)
{
	static const char *const words[] = { "ec", "rsa2048", "rsa1024" };
	unsigned key;
	if (!line_word_of(p, "ec, rsa2048 or rsa1024", words, 3, &key))
		return false;
	p->cert->key = (enum scenario_cert_key)key;
	return line_ends(p);
}

static bool parse_sha1(struct parser *p)
{
	p->cert->sha1 = true;
	return line_ends(p);
}

static bool parse_bad_signature(struct parser *p)
{
	p->cert->bad_signature = true;
	return line_ends(p);
}

static bool parse_critical(struct parser *p)
{
	const char *word = line_next(p);
	if (!word || !is_oid(word))
		return line_want(p, "an OID such as 1.2.3.4", word);
	p->cert->critical = word;
	return line_ends(p);
}

/* constraints permitted;DNS:contoso.com */
static bool parse_constraints(struct parser *p)
{
	p->cert->constraints = line_next(p);
	return p->cert->constraints
		       ? line_ends(p)
		       : line_want(p, "constraints such as permitted;DNS:contoso.com", NULL);
}

static bool parse_path_length(struct parser *p)
{
	const char *word = line_peek(p);
	uint32_t n;
	p->cert->path_length = word;
	return line_number(p, "how many authorities may follow", 255, &n) && line_ends(p);
}

static bool parse_revoked(struct parser *p)
{
	if (!p->cert->issuer)
		return line_want(p, "revoked below what another CA has issued", p->cert->name);
	unsigned count = 1;
	for (const struct scenario_cert *c = p->s->certs; c; c = c->next)
		count += c->revoked && c->issuer == p->cert->issuer;
	if (count > CA_REVOKED)
		return line_want(p, "eight revoked certificates of a ca or fewer", p->cert->name);
	p->cert->revoked = true;
	return line_ends(p);
}

static bool parse_cdp(struct parser *p)
{
	return add_urls(p, "URLs of the revocation list", &p->cert->cdp);
}

static bool parse_ocsp(struct parser *p)
{
	return add_urls(p, "URLs of OCSP responders", &p->cert->ocsp);
}

static bool parse_aia(struct parser *p)
{
	return add_urls(p, "URLs of the issuer's certificate", &p->cert->aia);
}

static bool parse_freshest(struct parser *p)
{
	return add_urls(p, "URLs of the delta list", &p->cert->freshest);
}

const struct statement scenario_cert_statements[] = {
	{ "for", parse_for },
	{ "subject", parse_subject },
	{ "no-san", parse_no_san },
	{ "same-key-as", parse_same_key },
	{ "eku", parse_eku },
	{ "days", parse_days },
	{ "key", parse_cert_key },
	{ "sha1", parse_sha1 },
	{ "revoked", parse_revoked },
	{ "cdp", parse_cdp },
	{ "ocsp", parse_ocsp },
	{ "aia", parse_aia },
	{ "freshest", parse_freshest },
	{ "bad-signature", parse_bad_signature },
	{ "critical", parse_critical },
	{ "constraints", parse_constraints },
	{ "path-length", parse_path_length },
	{ NULL, NULL },
};

/* ---- servers ---- */

static bool open_front(struct parser *p, enum scenario_server_kind kind, bool tls)
{
	if (!parse_server_name(p, kind))
		return false;
	p->server->front = cw_arena_new_of(p->arena, struct scenario_front);
	p->server->front->tls = tls;
	return true;
}

bool parse_web(struct parser *p)
{
	return open_front(p, SCENARIO_WEB, false);
}

bool parse_https(struct parser *p)
{
	return open_front(p, SCENARIO_WEB, true);
}

bool parse_sstp(struct parser *p)
{
	return open_front(p, SCENARIO_SSTP, true);
}

bool parse_proxy(struct parser *p)
{
	return open_front(p, SCENARIO_PROXY, false);
}

static bool parse_chain(struct parser *p, struct scenario_show *show)
{
	const struct scenario_cert **list =
		cw_arena_array_of(p->arena, const struct scenario_cert *, p->word_count);
	while (line_peek(p) && strcmp(line_peek(p), "sni"))
		if (!line_cert(p, false, &list[show->chain_count++]))
			return false;
	if (!show->chain_count)
		return line_want(p, "the certificates that follow the first one", line_peek(p));
	show->chain = list;
	return true;
}

/* certificate NAME [alone | reversed | chain NAME...] [sni NAME] */
static bool parse_show(struct parser *p)
{
	struct scenario_front *f = p->server->front;
	struct scenario_show *show = cw_arena_new_of(p->arena, struct scenario_show);
	if (!line_cert(p, false, &show->cert))
		return false;
	if (line_next_is(p, "alone"))
		show->leaf_only = true;
	else if (line_next_is(p, "reversed"))
		show->reversed = true;
	else if (line_next_is(p, "chain") && !parse_chain(p, show))
		return false;
	if (line_next_is(p, "sni") && !line_domain(p, "the name that clients send", &show->sni))
		return false;
	f->tls = true;
	if (f->last_show)
		f->last_show->next = show;
	else
		f->shows = show;
	f->last_show = show;
	return line_ends(p);
}

static bool parse_handshake(struct parser *p)
{
	unsigned i;
	if (!line_word_of(p, "a handshake such as normal, reset or alert", handshake_words,
			  HANDSHAKE_COUNT, &i))
		return false;
	p->server->front->handshake = (enum scenario_handshake)i;
	return line_ends(p);
}

/* tls 1.0 1.1 1.2 1.3 */
static bool parse_tls(struct parser *p)
{
	static const char *const words[] = { "1.0", "1.1", "1.2", "1.3" };
	unsigned i;
	do {
		if (!line_word_of(p, "1.0, 1.1, 1.2 or 1.3", words, 4, &i))
			return false;
		p->server->front->tls_versions |= 1u << i;
	} while (line_peek(p));
	return true;
}

static bool parse_client_cert(struct parser *p)
{
	p->server->front->wants_client_cert = true;
	return line_ends(p);
}

static bool parse_staple(struct parser *p)
{
	unsigned i;
	if (!line_word_of(p, "none, good, revoked, stale or other-signer", staple_words,
			  STAPLE_COUNT, &i))
		return false;
	p->server->front->staple = (enum scenario_staple)i;
	return line_ends(p);
}

static bool line_status(struct parser *p, const char *wanted, uint32_t *out)
{
	uint32_t n;
	if (!line_number(p, wanted, STATUS_MOST, &n))
		return false;
	if (n < STATUS_LEAST)
		return line_want(p, wanted, p->word[p->at - 1]);
	*out = n;
	return true;
}

static bool parse_place_crl(struct parser *p, struct scenario_place *place)
{
	unsigned fault = CRL_GOOD;
	if (!line_cert(p, true, &place->cert))
		return false;
	if (line_peek(p) && strcmp(line_peek(p), "delay") &&
	    !line_word_of(p, "good, stale or another fault of a list", crl_words, CRL_COUNT,
			  &fault))
		return false;
	place->crl = (enum scenario_crl_fault)fault;
	return true;
}

static bool parse_place_ocsp(struct parser *p, struct scenario_place *place)
{
	unsigned fault = OCSP_GOOD;
	if (!line_cert(p, true, &place->cert))
		return false;
	if (line_peek(p) && strcmp(line_peek(p), "delay") &&
	    !line_word_of(p, "good, revoked or another answer of a responder", ocsp_words,
			  OCSP_COUNT, &fault))
		return false;
	place->ocsp = (enum scenario_ocsp_fault)fault;
	return true;
}

static bool parse_place_arg(struct parser *p, struct scenario_place *place)
{
	uint32_t status;
	switch (place_args[place->kind]) {
	case PLACE_ARG_CRL:
		return parse_place_crl(p, place);
	case PLACE_ARG_OCSP:
		return parse_place_ocsp(p, place);
	case PLACE_ARG_CERT:
		return line_cert(p, false, &place->cert);
	case PLACE_ARG_STATUS:
		if (!line_status(p, "an HTTP status", &status))
			return false;
		place->status = (int)status;
		return true;
	case PLACE_ARG_URL:
		place->text = line_next(p);
		return place->text || line_want(p, "where to redirect", NULL);
	case PLACE_ARG_TEXT:
		if (line_peek(p) && strcmp(line_peek(p), "delay"))
			place->text = line_next(p);
		return true;
	case PLACE_ARG_NONE:
		break;
	}
	return true;
}

/* at PATTERN WHAT [delay TIME] */
static bool parse_at(struct parser *p)
{
	struct scenario_front *f = p->server->front;
	struct scenario_place *place = cw_arena_new_of(p->arena, struct scenario_place);
	unsigned kind;
	place->line = p->line;
	place->pattern = line_next(p);
	if (!place->pattern)
		return line_want(p, "a path such as /root.crl, or *", NULL);
	if (!line_word_of(p, "what stands there, such as crl, status or page", place_words,
			  PLACE_COUNT, &kind))
		return false;
	place->kind = (enum scenario_place_kind)kind;
	if (!parse_place_arg(p, place))
		return false;
	if (line_next_is(p, "delay") && !line_time(p, &place->delay_ms))
		return false;
	if (f->last_place)
		f->last_place->next = place;
	else
		f->places = place;
	f->last_place = place;
	return line_ends(p);
}

/* date +3600 | date -3600 | date none */
static bool parse_date(struct parser *p)
{
	struct scenario_front *f = p->server->front;
	if (line_next_is(p, "none"))
		f->no_date = true;
	else if (!line_signed(p, "seconds such as +3600 or -3600, or none", &f->clock_offset_s))
		return false;
	return line_ends(p);
}

static bool parse_agent(struct parser *p)
{
	p->server->front->agent = line_next(p);
	return p->server->front->agent ? line_ends(p)
				       : line_want(p, "what the server calls itself", NULL);
}

/* answer ANSWER [STATUS] */
static bool parse_sstp_answer(struct parser *p)
{
	struct scenario_front *f = p->server->front;
	unsigned i;
	if (!line_word_of(p, "an answer such as ack, nak or status", sstp_words, SSTP_SAY_COUNT,
			  &i))
		return false;
	f->say = (enum scenario_sstp_say)i;
	if (f->say == SSTP_SAY_STATUS && !line_status(p, "an HTTP status", &f->status))
		return false;
	if ((f->say == SSTP_SAY_NAK || f->say == SSTP_SAY_ABORT) && line_peek(p) &&
	    !line_number(p, "the status as a number", UINT32_MAX, &f->status))
		return false;
	return line_ends(p);
}

/* login basic | digest | ntlm | negotiate ... */
static bool parse_login(struct parser *p)
{
	static const char *const words[] = { "basic", "digest", "ntlm", "negotiate" };
	struct scenario_front *f = p->server->front;
	do {
		unsigned i;
		if (!line_word_of(p, "basic, digest, ntlm or negotiate", words, LOGIN_COUNT, &i))
			return false;
		if (f->login_count == LOGIN_COUNT)
			return line_want(p, "each kind of login once", words[i]);
		f->login[f->login_count++] = (enum scenario_login)i;
	} while (line_peek(p));
	return true;
}

/* user NAME PASSWORD */
static bool parse_user(struct parser *p)
{
	struct scenario_front *f = p->server->front;
	f->user = line_next(p);
	f->password = line_next(p);
	return f->password ? line_ends(p) : line_want(p, "a user's name and password", f->user);
}

static bool parse_realm(struct parser *p)
{
	p->server->front->realm = line_next(p);
	return p->server->front->realm ? line_ends(p) : line_want(p, "the realm", NULL);
}

static bool parse_exempt(struct parser *p)
{
	return add_words(p, "URLs or HOST:PORT that need no login", &p->server->front->exempt);
}

static bool parse_inspect(struct parser *p)
{
	return line_cert(p, true, &p->server->front->inspects_with) && line_ends(p);
}

/* clang-format off */
#define COMMON_STATEMENTS                                                                          \
	{ "certificate", parse_show }, { "handshake", parse_handshake }, { "tls", parse_tls },     \
	{ "client-certificate", parse_client_cert }, { "staple", parse_staple },                   \
	{ "date", parse_date }, { "agent", parse_agent },                      \
	{ "port", parse_port }, { "delay", parse_delay }, { "blocked", parse_blocked },            \
	{ "closed", parse_closed }, { "ipv6", parse_ipv6 }

static const struct statement web_statements[] = {
	COMMON_STATEMENTS,
	{ "at", parse_at },
	{ NULL, NULL },
};

static const struct statement sstp_statements[] = {
	COMMON_STATEMENTS,
	{ "answer", parse_sstp_answer },
	{ NULL, NULL },
};

static const struct statement proxy_statements[] = {
	COMMON_STATEMENTS,
	{ "at", parse_at },
	{ "login", parse_login }, { "user", parse_user }, { "realm", parse_realm },
	{ "exempt", parse_exempt }, { "inspect", parse_inspect },
	{ NULL, NULL },
};
/* clang-format on */

const struct statement *scenario_front_statements(enum scenario_server_kind kind)
{
	return kind == SCENARIO_PROXY  ? proxy_statements
	       : kind == SCENARIO_SSTP ? sstp_statements
				       : web_statements;
}
