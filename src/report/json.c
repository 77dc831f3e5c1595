#include <time.h>

#include "report/json_writer.h"

static void put_started(struct json *j, uint64_t unix_ms)
{
	char text[40];
	struct tm at;
	time_t seconds = (time_t)(unix_ms / 1000);
	if (!gmtime_r(&seconds, &at))
		at = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &at);
	(void)snprintf(text + len, sizeof(text) - len, ".%03uZ", (unsigned)(unix_ms % 1000));
	json_put_string(j, text);
}

static void put_hops(struct json *j, const struct hop_row *row)
{
	static const char *const states[] = {
		[HOP_PASSED] = "passed",
		[HOP_FAILED] = "failed",
		[HOP_NOT_REACHED] = "not-reached",
		[HOP_NOT_TESTED] = "not-tested",
	};
	json_open(j, '[');
	for (size_t i = 0; i < row->count; i++) {
		json_open(j, '{');
		json_put_key(j, "name");
		json_put_string(j, row->hop[i].name);
		json_put_key(j, "state");
		json_put_string(j, states[row->hop[i].state]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_evidence(struct json *j, const struct evidence *e, cw_translate *translate)
{
	json_open(j, '[');
	for (; e; e = e->next) {
		json_open(j, '{');
		json_put_key(j, "fact");
		json_put_number(j, e->fact->n);
		json_put_key(j, "text");
		json_put_text(j, &e->text, translate);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_fixes(struct json *j, const struct fix *x, cw_translate *translate)
{
	json_open(j, '[');
	for (; x; x = x->next) {
		json_open(j, '{');
		json_put_key(j, "text");
		json_put_text(j, &x->text, translate);
		json_put_key(j, "snippet");
		json_put_string(j, x->snippet);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_also(struct json *j, const struct rule *rule)
{
	json_open(j, '[');
	for (int i = 0; i < RULE_ALSO && rule->also[i]; i++)
		json_put_string(j, rule->also[i]);
	json_close(j, ']');
}

static void put_finding(struct json *j, const struct report *r, const struct finding *f,
			cw_translate *translate)
{
	json_open(j, '{');
	json_put_key(j, "id");
	json_put_string(j, f->rule->id);
	json_put_key(j, "role");
	json_put_string(j, finding_role_name(f->role));
	json_put_key(j, "code");
	json_put_string(j, f->rule->code);
	json_put_key(j, "also");
	put_also(j, f->rule);
	json_put_key(j, "symbol");
	json_put_string(j, f->rule->symbol);
	json_put_key(j, "title");
	json_put_text(j, &f->title, translate);
	json_put_key(j, "explanation");
	json_put_text(j, &f->explanation, translate);
	json_put_key(j, "hop");
	json_put_string(j, f->hop);
	json_put_key(j, "evidence");
	put_evidence(j, f->evidence, translate);
	json_put_key(j, "fix");
	put_fixes(j, f->fixes, translate);
	json_put_key(j, "prove");
	json_put_string(j, r->prove);
	json_put_key(j, "because_of");
	json_put_string(j, f->because_of ? f->because_of->rule->id : NULL);
	json_put_key(j, "source");
	json_put_string(j, f->rule->source);
	json_close(j, '}');
}

static void put_value(struct json *j, const struct fact_value *v)
{
	switch (fact_field_type(v->field)) {
	case FACT_TYPE_TEXT:
		json_put_string(j, v->text);
		return;
	case FACT_TYPE_NUMBER:
		json_put_number(j, v->number);
		return;
	case FACT_TYPE_FLAG:
		json_put_flag(j, v->number);
		return;
	case FACT_TYPE_LIST:
		json_open(j, '[');
		for (size_t i = 0; i < v->list.count; i++)
			json_put_string(j, v->list.item[i]);
		json_close(j, ']');
		return;
	}
}

/* The first value of a field is the one that rules see; a second one would be a second key. */
static void put_fields(struct json *j, const struct fact *f)
{
	bool seen[FACT_FIELD_COUNT] = { false };
	json_open(j, '{');
	for (const struct fact_value *v = f->values; v; v = v->next) {
		if (seen[v->field])
			continue;
		seen[v->field] = true;
		json_put_key(j, fact_field_name(v->field));
		put_value(j, v);
	}
	json_close(j, '}');
}

static void put_fact(struct json *j, const struct fact *f)
{
	json_open(j, '{');
	json_put_key(j, "n");
	json_put_number(j, f->n);
	json_put_key(j, "kind");
	json_put_string(j, fact_kind_name(f->kind));
	json_put_key(j, "subject");
	json_put_string(j, f->subject);
	json_put_key(j, "outcome");
	json_put_string(j, cw_outcome_name(f->outcome));
	json_put_key(j, "from");
	json_put_string(j, f->from);
	json_put_key(j, "at_ms");
	json_put_number(j, f->at_ms);
	json_put_key(j, "took_ms");
	json_put_number(j, f->took_ms);
	json_put_key(j, "fields");
	put_fields(j, f);
	json_close(j, '}');
}

static void put_not_tested(struct json *j, const struct not_tested *nt, cw_translate *translate)
{
	json_open(j, '[');
	for (; nt; nt = nt->next) {
		json_open(j, '{');
		json_put_key(j, "what");
		json_put_text(j, &nt->what, translate);
		json_put_key(j, "why");
		json_put_text(j, &nt->why, translate);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_head(struct json *j, const struct report *r)
{
	json_put_key(j, "schema");
	json_put_string(j, "clearway-report/1");
	json_put_key(j, "version");
	json_put_string(j, r->version);
	json_put_key(j, "command");
	json_put_string(j, r->command);
	json_put_key(j, "target");
	json_put_string(j, r->target);
	json_put_key(j, "started");
	put_started(j, r->started_unix_ms);
	json_put_key(j, "elapsed_ms");
	json_put_number(j, r->elapsed_ms);
	json_put_key(j, "verdict");
	json_put_string(j, verdict_name(r->diagnosis->verdict));
	json_put_key(j, "cut_short");
	json_put_flag(j, r->cut_short);
	json_put_key(j, "hops");
	put_hops(j, &r->diagnosis->hops);
}

void report_json(const struct report *r, cw_translate *translate, bool indented, struct out_buf *o)
{
	struct json j = { .out = o, .indented = indented };
	json_open(&j, '{');
	put_head(&j, r);
	json_put_key(&j, "findings");
	json_open(&j, '[');
	for (const struct finding *f = r->diagnosis->findings; f; f = f->next)
		put_finding(&j, r, f, translate);
	json_close(&j, ']');
	json_put_key(&j, "facts");
	json_open(&j, '[');
	for (size_t i = 0; i < fact_count(r->facts); i++)
		put_fact(&j, fact_at(r->facts, i));
	json_close(&j, ']');
	json_put_key(&j, "not_tested");
	put_not_tested(&j, fact_first_not_tested(r->facts), translate);
	json_close(&j, '}');
	out_str(o, "\n");
}
