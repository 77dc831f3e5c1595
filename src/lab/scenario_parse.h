/* Between the parts of the scenario reader: lines, statements, and what must hold between them. */
#ifndef CW_LAB_SCENARIO_PARSE_H
#define CW_LAB_SCENARIO_PARSE_H

#include "base/limits.h"
#include "lab/scenario.h"

struct scenario_complaint {
	unsigned line;
	const char *want, *have; /* have NULL: nothing stands there */
};

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
	struct scenario_cert *cert, *last_cert;
	struct scenario_run *run, *last_run;
	struct scenario_key *last_key;
	struct scenario_secret *last_secret;
};

/* Reads the words behind a statement's first one; false: line_want has said what is wrong. */
typedef bool statement_fn(struct parser *p);

struct statement {
	const char *word;
	statement_fn *parse;
};

/* ---- scenario_line.c: a line as words, and words as values ---- */

/* Takes the line's words and its indent. */
bool line_lex(struct parser *p, const char *line, const char *end);
/* Complains; false. */
bool line_want(struct parser *p, const char *wanted, const char *have);
const char *line_peek(const struct parser *p);
const char *line_next(struct parser *p);
/* Takes the next word if it is this one. */
bool line_next_is(struct parser *p, const char *word);
bool line_ends(struct parser *p);
/* The words that are left, copied. */
struct scenario_words line_rest(struct parser *p);
bool line_number(struct parser *p, const char *wanted, uint32_t most, uint32_t *out);
/* -30, 3650 or +7 */
bool line_signed(struct parser *p, const char *wanted, int32_t *out);
/* "50ms" or "2s" */
bool line_time(struct parser *p, cw_ms *out);
bool line_is_id(const char *s, const char *more);
bool line_id(struct parser *p, const char *wanted, const char *more, const char **out);
/* A name that stands alone: absolute, a final dot may be there. */
bool line_domain(struct parser *p, const char *wanted, const char **out);
bool line_one_of(const char *word, const char *const *list);
/* The place of the next word in a table of count words; false: it is none of them. */
bool line_word_of(struct parser *p, const char *wanted, const char *const *table, size_t count,
		  unsigned *out);

/* ---- scenario.c ---- */

bool parse_server_name(struct parser *p, enum scenario_server_kind kind);
bool parse_delay(struct parser *p);
bool parse_ipv6(struct parser *p);
bool parse_port(struct parser *p);
bool parse_blocked(struct parser *p);
bool parse_closed(struct parser *p);

/* ---- scenario_front.c: certificates, web servers, SSTP servers, proxies ---- */

extern const struct statement scenario_cert_statements[];
/* What may stand below a server of this kind, which is one of those. */
const struct statement *scenario_front_statements(enum scenario_server_kind kind);
bool parse_ca(struct parser *p);
bool parse_certificate(struct parser *p);
bool parse_web(struct parser *p);
bool parse_https(struct parser *p);
bool parse_sstp(struct parser *p);
bool parse_proxy(struct parser *p);

/* ---- scenario_check.c ---- */

/* What one line cannot show: references, record data, keys, expectations that fit together. */
bool scenario_check(const struct scenario *s, struct cw_arena *arena,
		    struct scenario_complaint *complaint);

#endif
