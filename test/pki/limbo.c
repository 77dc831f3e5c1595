/*
 * clearway-limbo: runs x509-limbo test cases through the judge.
 *
 *     clearway-limbo < limbo.json > results.json
 *
 * Standard input is a suite, standard output one result for each of its cases: what the judge says
 * (an error is a FAILURE), never what the case wants. Exit status 0: all were run.
 * -w counts what only the judge's warnings and its strict name rule would refuse as FAILURE too.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cert/crl.h"
#include "cert/judge.h"

enum { SUITE_MOST = 64 << 20, LISTS_MOST = 16 };

struct one_case {
	struct cw_arena *arena;
	struct cert_set *sent, *trusted;
	struct cert_evidence crl[LISTS_MOST];
	struct cert_question q;
	json_int_t depth; /* CAs between leaf and root at most; -1: any number */
	const char *why;  /* a part that cannot be read is a FAILURE of its own */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void add_pem(struct one_case *c, struct cert_set *s, const char *pem, const char *what)
{
	struct cert_set_report report;
	if (cert_set_add(s, pem, strlen(pem), what, &report) != CW_OK)
		c->why = what;
}

static void add_pems(struct one_case *c, struct cert_set *s, const json_t *list, const char *what)
{
	size_t i;
	json_t *item;
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
		add_pem(c, s, json_string_value(item), what);
}

/* "2024-01-01T00:00:00+00:00": every case is in UTC. A fraction is cut off. */
static bool read_time(const char *text, int64_t *out_s)
{
	struct tm tm = { 0 };
	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return false;
	*out_s = timegm(&tm);
	return true;
}

static void add_lists(struct one_case *c, const json_t *lists)
{
	size_t i;
	json_t *item;
	json_array_foreach((json_t *)(uintptr_t)lists, i, item)
	{
		struct cert_bytes der;
		const char *pem = json_string_value(item);
		if (c->q.crl_count == LISTS_MOST ||
		    !crl_from_pem(c->arena, pem, strlen(pem), &der)) {
			c->why = "crl";
			continue;
		}
		c->crl[c->q.crl_count++] =
			(struct cert_evidence){ .bytes = der.at, .len = der.len };
	}
}

/* NULL: it is read. Otherwise why it is not for us. */
static const char *read_case(struct one_case *c, const json_t *t)
{
	const json_t *peer = json_object_get(t, "expected_peer_name");
	const json_t *depth = json_object_get(t, "max_chain_depth");
	const char *when = text_of(t, "validation_time");
	if (strcmp(text_of(t, "validation_kind"), "SERVER") != 0)
		return "client certificates are not judged";
	add_pem(c, c->sent, text_of(t, "peer_certificate"), "peer_certificate");
	add_pems(c, c->sent, json_object_get(t, "untrusted_intermediates"),
		 "untrusted_intermediates");
	add_pems(c, c->trusted, json_object_get(t, "trusted_certs"), "trusted_certs");
	add_lists(c, json_object_get(t, "crls"));
	c->q.now_s = time(NULL);
	if (*when && !read_time(when, &c->q.now_s))
		return "validation_time cannot be read";
	if (json_is_object(peer))
		c->q.name = text_of(peer, "value");
	c->depth = json_is_integer(depth) ? json_integer_value(depth) : -1;
	c->q.mode = c->q.crl_count ? CERT_MODE_SSTP : CERT_MODE_WINHTTP;
	return NULL;
}

static json_t *result(const char *id, const char *actual, const char *context)
{
	return json_pack("{s:s, s:s, s:s}", "id", id, "actual_result", actual, "context", context);
}

static const char *faults_text(struct cw_arena *a, const struct cert_judgement *j)
{
	const char *text = "";
	for (const struct cert_fault *f = j->fault; f; f = f->next)
		text = cw_arena_fmt(a, "%s%s%s:%u", text, *text ? " " : "",
				    cert_fault_name(f->kind), f->depth);
	return text;
}

/* Self-issued certificates are not counted (RFC 5280 6.1). */
static bool is_too_deep(const struct cert_chain *chain, json_int_t most)
{
	json_int_t count = 0;
	for (size_t i = 1; i + 1 < chain->count; i++)
		count += !chain->cert[i]->self_issued;
	return most >= 0 && count > most;
}

static json_t *judge_case(struct one_case *c, const char *id, bool strict)
{
	struct cert_judgement j;
	if (c->why)
		return result(id, "FAILURE", cw_arena_fmt(c->arena, "cannot be read: %s", c->why));
	if (cert_judge(&c->q, c->arena, &j) != CW_OK)
		return result(id, "FAILURE", "no certificate");
	bool refused =
		j.errors > 0 || is_too_deep(&j.chain, c->depth) || (strict && j.warnings > 0);
	return result(id, refused ? "FAILURE" : "SUCCESS", faults_text(c->arena, &j));
}

static json_t *run_case(const json_t *t, bool strict)
{
	struct one_case c = { .arena = cw_arena_new(),
			      .sent = cert_set_new(),
			      .trusted = cert_set_new() };
	const char *id = text_of(t, "id");
	c.q = (struct cert_question){ .sent = c.sent, .trusted = c.trusted, .crl = c.crl };
	const char *skip = read_case(&c, t);
	json_t *out = skip ? result(id, "SKIPPED", skip) : judge_case(&c, id, strict);
	cert_set_free(c.sent);
	cert_set_free(c.trusted);
	cw_arena_free(c.arena);
	return out;
}

int main(int argc, char **argv)
{
	json_error_t error;
	bool strict = argc > 1 && strcmp(argv[1], "-w") == 0;
	json_t *suite = json_loadf(stdin, 0, &error);
	const json_t *cases = json_object_get(suite, "testcases");
	if (!json_is_array(cases)) {
		(void)fprintf(stderr, "clearway-limbo: want testcases, have none: %s\n",
			      error.text);
		json_decref(suite);
		return 1;
	}
	json_t *results = json_array();
	size_t i;
	json_t *t;
	json_array_foreach((json_t *)(uintptr_t)cases, i, t)
		json_array_append_new(results, run_case(t, strict));
	json_t *out = json_pack("{s:i, s:s, s:o}", "version", 1, "harness", "clearway", "results",
				results);
	int bad = json_dumpf(out, stdout, JSON_INDENT(1));
	(void)putchar('\n');
	json_decref(out);
	json_decref(suite);
	return bad ? 1 : 0;
}
