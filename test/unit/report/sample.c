#include "sample.h"

#include <stdlib.h>
#include <string.h>

#include "report/translate.h"

static const struct rule rule_srv_missing = {
	.id = "kms-srv-missing",
	.code = "0x8007232B",
	.also = { "0x8007007B" },
	.symbol = "DNS_ERROR_RCODE_NAME_ERROR",
	.hop = "srv",
	.title = "No KMS host is published for this domain",
	.explanation = "Without the record a client knows no host to ask.",
	.windows_shows = "\"DNS name does not exist\" (slmgr /ato, event 12288, 12293)",
	.source = "0x8007232B article, method 3",
};

static const struct rule rule_port_refused = {
	.id = "kms-port-refused",
	.code = "0xC004F074",
	.also = { "0x800706BA", "0x8007274D" },
	.symbol = "SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
	.hop = "port",
	.title = "The KMS host refuses the connection",
	.source = "0x8007232B article, method 2",
};

static const struct rule rule_stale_host = {
	.id = "kms-srv-stale-host",
	.hop = "host",
	.title = "One of the published hosts does not answer",
	.source = "own",
};

static const char *const japanese[][2] = {
	{ "No KMS host is published for this domain",
	  "このドメインには KMS ホストが公開されていません" },
	{ "Without the record a client knows no host to ask.",
	  "このレコードがないと、クライアントは問い合わせ先のホストを知ることができません。" },
	{ "\"DNS name does not exist\" (slmgr /ato, event 12288, 12293)",
	  "「DNS 名がありません。」 (slmgr /ato、イベント 12288、12293)" },
	{ "%s: %s SRV -> %s", "%s: %s SRV → %s" },
	{ "If a KMS host exists, publish it. In the zone %s:",
	  "KMS ホストがある場合は公開します。ゾーン %s に次のレコードを追加します。" },
	{ "If none exists: set one up, or give this machine a MAK.",
	  "KMS ホストがない場合は、セットアップするか、このコンピューターに MAK を設定します。" },
	{ "No way: no KMS host is published in %s (%s).",
	  "原因が見つかりました: %s には KMS ホストが公開されていません (%s)。" },
};

const char *sample_japanese(const char *msgid)
{
	for (size_t i = 0; i < sizeof(japanese) / sizeof(japanese[0]); i++)
		if (!strcmp(msgid, japanese[i][0]))
			return japanese[i][1];
	return translate_for("ja")(msgid);
}

static struct sample *start(const char *target)
{
	struct sample *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->arena = cw_arena_new();
	s->facts = fact_store_new(s->arena);
	s->report = (struct report){
		.version = "0.1.0",
		.command = "check kms",
		.target = cw_arena_str(s->arena, target),
		.prove = cw_arena_fmt(s->arena, "clearway check kms %s", target),
		.started_unix_ms = UINT64_C(1795315200123),
		.elapsed_ms = 212,
		.facts = s->facts,
		.diagnosis = &s->diagnosis,
	};
	return s;
}

void sample_free(struct sample *s)
{
	if (!s)
		return;
	cw_arena_free(s->arena);
	free(s);
}

static struct fact *fact(struct sample *s, enum fact_kind kind, const char *subject,
			 enum cw_outcome outcome, cw_ms at_ms, cw_ms took_ms)
{
	struct fact *f = fact_new(s->facts, kind, subject);
	f->outcome = outcome;
	f->from = "probe test";
	f->at_ms = at_ms;
	f->took_ms = took_ms;
	return f;
}

static struct finding *finding(struct sample *s, const struct rule *rule, enum finding_role role)
{
	struct finding *f = cw_arena_new_of(s->arena, struct finding);
	f->rule = rule;
	f->role = role;
	f->hop = rule->hop;
	f->title.msgid = rule->title;
	f->explanation.msgid = rule->explanation;
	if (role == FINDING_CAUSE) {
		s->diagnosis.verdict = VERDICT_CAUSE_FOUND;
		s->diagnosis.cause_count++;
	}
	s->diagnosis.warning_count += role == FINDING_WARNING;
	struct finding *last = (struct finding *)(uintptr_t)s->diagnosis.findings;
	while (last && last->next)
		last = last->next;
	if (last)
		last->next = f;
	else
		s->diagnosis.findings = f;
	return f;
}

static void evidence(struct sample *s, struct finding *f, const struct fact *of,
		     struct cw_text text)
{
	struct evidence *e = cw_arena_new_of(s->arena, struct evidence);
	*e = (struct evidence){ .fact = of, .text = text };
	if (f->last_evidence)
		f->last_evidence->next = e;
	else
		f->evidence = e;
	f->last_evidence = e;
}

static void fix(struct sample *s, struct finding *f, struct cw_text text, const char *snippet)
{
	struct fix *x = cw_arena_new_of(s->arena, struct fix);
	*x = (struct fix){ .text = text, .snippet = snippet };
	if (f->last_fix)
		f->last_fix->next = x;
	else
		f->fixes = x;
	f->last_fix = x;
}

static void hops(struct sample *s, const char *states)
{
	static const char *const names[] = { "dns", "srv", "host", "port", "kms" };
	s->diagnosis.hops.count = 5;
	for (int i = 0; i < 5; i++) {
		enum hop_state state = states[i] == '.'   ? HOP_PASSED
				       : states[i] == 'x' ? HOP_FAILED
				       : states[i] == 'o' ? HOP_NOT_REACHED
							  : HOP_NOT_TESTED;
		s->diagnosis.hops.hop[i] = (struct hop){ names[i], state };
	}
}

static const struct fact *srv_answer(struct sample *s, struct finding *f, const char *server,
				     cw_ms took_ms)
{
	const char *owner = cw_arena_fmt(s->arena, "_vlmcs._tcp.%s", s->report.target);
	struct fact *srv = fact(s, FACT_DNS_SRV, owner, CW_OUT_NAME_MISSING, 2, took_ms);
	fact_set_text(s->facts, srv, FIELD_SERVER, server);
	fact_set_text(s->facts, srv, FIELD_RCODE, "NXDOMAIN");
	fact_set_flag(s->facts, srv, FIELD_AUTHORITATIVE, true);
	fact_put(s->facts, srv);
	evidence(s, f, srv,
		 CW_TEXT("%s: %s SRV -> %s", cw_arena_str(s->arena, server), owner, "NXDOMAIN"));
	return srv;
}

static void srv_missing(struct sample *s, const char *const *servers, size_t count)
{
	struct finding *f = finding(s, &rule_srv_missing, FINDING_CAUSE);
	for (size_t i = 0; i < count; i++)
		(void)srv_answer(s, f, servers[i], 12 + (cw_ms)i * 2);
	hops(s, ".xooo");
	s->diagnosis.closing = CW_TEXT("No way: no KMS host is published in %s (%s).",
				       s->report.target, rule_srv_missing.code);
}

static const struct finding *port_refused(struct sample *s, enum finding_role role,
					  const char *host)
{
	struct finding *f = finding(s, &rule_port_refused, role);
	struct fact *t = fact(s, FACT_TCP_CONNECT, host, CW_OUT_REFUSED, 60, 3);
	fact_put(s->facts, t);
	evidence(s, f, t, CW_TEXT("%s: want a connection, have it refused", t->subject));
	return f;
}

struct sample *sample_srv_missing(const char *target, const char *server)
{
	struct sample *s = start(target);
	srv_missing(s, &server, 1);
	return s;
}

struct sample *sample_refused(const char *target, const char *host)
{
	struct sample *s = start(target);
	(void)port_refused(s, FINDING_CAUSE, host);
	hops(s, "...xo");
	s->diagnosis.closing = CW_TEXT("No way: %s refuses (%s).", cw_arena_str(s->arena, host),
				       rule_port_refused.code);
	return s;
}

struct sample *sample_clear(const char *target)
{
	struct sample *s = start(target);
	struct fact *f = fact(s, FACT_RPC_BIND, "10.0.0.7:1688", CW_OUT_OK, 100, 20);
	fact_put(s->facts, f);
	hops(s, ".....");
	s->diagnosis.verdict = VERDICT_CLEAR;
	s->diagnosis.closing =
		CW_TEXT("The way is clear: %s answers as a KMS host (%s published, %s answer).",
			"kms01.corp.example:1688", "3 hosts", "3");
	return s;
}

struct sample *sample_undetermined(const char *target, const char *server)
{
	struct sample *s = start(target);
	struct fact *f = fact(s, FACT_DNS_SRV, "_vlmcs._tcp.contoso.com", CW_OUT_TIMEOUT, 1, 2500);
	fact_set_text(s->facts, f, FIELD_SERVER, server);
	fact_put(s->facts, f);
	fact_not_tested(s->facts, CW_TEXT("KMS hosts"), CW_TEXT("their names are not known"), true);
	hops(s, "?oooo");
	s->report.elapsed_ms = 2504;
	s->diagnosis.closing = CW_TEXT("Could not be determined: %s did not answer within 2.5 s.",
				       cw_arena_str(s->arena, server));
	return s;
}

/* A way with a bit of everything in one run, for the timeline too. */
static struct sample *sample_two_causes(void)
{
	static const char *const servers[] = { "10.0.0.10:53", "10.0.0.11:53" };
	struct sample *s = start("contoso.com");
	struct fact *soa = fact(s, FACT_DNS_SOA, "contoso.com", CW_OUT_OK, 15, 9);
	fact_set_text(s->facts, soa, FIELD_SERVER, "10.0.0.10:53");
	fact_set_number(s->facts, soa, FIELD_SERIAL, 2026112201);
	fact_put(s->facts, soa);
	srv_missing(s, servers, 2);
	const struct finding *cause = s->diagnosis.findings;
	struct finding *f = (struct finding *)(uintptr_t)cause;
	fix(s, f, CW_TEXT("If a KMS host exists, publish it. In the zone %s:", "contoso.com"),
	    "_vlmcs._tcp  3600  IN  SRV  0 0 1688  kms01.contoso.com.\n"
	    "kms01\tIN A 10.0.0.7");
	fix(s, f, CW_TEXT("If none exists: set one up, or give this machine a MAK."),
	    "slmgr /ipk KEY");
	struct finding *after = finding(s, &rule_stale_host, FINDING_CONSEQUENCE);
	after->because_of = cause;
	(void)port_refused(s, FINDING_CAUSE, "10.0.0.7:1688");
	struct finding *w = finding(s, &rule_stale_host, FINDING_WARNING);
	struct fact *late = fact(s, FACT_TCP_CONNECT, "10.0.0.8:1688", CW_OUT_TIMEOUT, 63, 149);
	fact_set_text(s->facts, late, FIELD_HOST, "kms02.contoso.com");
	fact_set_text(s->facts, late, FIELD_ICMP, "host unreachable");
	fact_put(s->facts, late);
	evidence(s, w, late, CW_TEXT("%s (%s): no answer", late->subject, "kms02.contoso.com"));
	fact_not_tested(s->facts, CW_TEXT("the zone's updates"),
			CW_TEXT("--update-test is not given"), false);
	hops(s, ".xox?");
	s->report.cut_short = true;
	s->diagnosis.closing = CW_TEXT("No way: two causes, the first is %s.", "0x8007232B");
	return s;
}

/* What a hostile DNS server or banner could send. */
static struct sample *sample_hostile(void)
{
	char *longest = malloc(10001);
	if (!longest)
		abort();
	memset(longest, 'a', 10000);
	longest[10000] = '\0';
	struct sample *s = start("evil\x1b]0;owned\x07.example");
	struct finding *f = finding(s, &rule_srv_missing, FINDING_CAUSE);
	(void)srv_answer(s, f, "\x1b[2J\x1b[1;1HThe way is clear", 12);
	(void)srv_answer(s, f,
			 "\xc2\x9b"
			 "31m C1",
			 12);
	(void)srv_answer(s, f,
			 "\xe2\x80\xae"
			 "gnp.exe \xe2\x80\x8b\xef\xbb\xbf",
			 12);
	(void)srv_answer(s, f, "\xff\xfe \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe3\x81", 12);
	(void)srv_answer(s, f, "line\r\nNo way:\tnothing \x7f \"q\\", 12);
	(void)srv_answer(s, f, "z\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 12);
	(void)srv_answer(s, f, longest, 12);
	fix(s, f, CW_TEXT("If a KMS host exists, publish it. In the zone %s:", "\x1b[5m"),
	    "echo \x1b[8m hidden\n\xff\n\n");
	hops(s, ".xooo");
	s->diagnosis.closing = CW_TEXT("No way: no KMS host is published in %s (%s).",
				       s->report.target, rule_srv_missing.code);
	free(longest);
	return s;
}

static struct sample *sample_many(void)
{
	struct sample *s = start("big.example");
	struct finding *f = finding(s, &rule_port_refused, FINDING_CAUSE);
	for (int i = 0; i < 500; i++) {
		const char *host = cw_arena_fmt(s->arena, "10.1.%d.%d:1688", i / 250, i % 250);
		struct fact *t = fact(s, FACT_TCP_CONNECT, host, CW_OUT_REFUSED, 60 + i, 3);
		fact_put(s->facts, t);
		evidence(s, f, t, CW_TEXT("%s: want a connection, have it refused", host));
	}
	hops(s, "...xo");
	s->diagnosis.closing = CW_TEXT("No way: %s hosts refuse.", "500");
	return s;
}

/* Every kind of fact, every field and every outcome. */
static struct sample *sample_every_fact(void)
{
	static const char *const list[] = { "10.0.0.7", "2001:db8::7" };
	struct sample *s = sample_clear("every.example");
	for (int kind = 0; kind < FACT_KIND_COUNT; kind++)
		fact_put(s->facts, fact(s, (enum fact_kind)kind, "-", CW_OUT_OK, 0, 0));
	for (int outcome = 0; outcome < CW_OUT_COUNT; outcome++)
		fact_put(s->facts,
			 fact(s, FACT_DNS_SRV, "-", (enum cw_outcome)outcome, outcome, 1));
	struct fact *f = fact(s, FACT_DNS_ADDRESS, "kms01", CW_OUT_OK, 0, 0);
	for (int i = 0; i < FACT_FIELD_COUNT; i++) {
		enum fact_field field = (enum fact_field)i;
		switch (fact_field_type(field)) {
		case FACT_TYPE_TEXT:
			fact_set_text(s->facts, f, field, "text");
			fact_set_text(s->facts, f, field, "the same once more");
			break;
		case FACT_TYPE_NUMBER:
			fact_set_number(s->facts, f, field, INT64_MIN);
			break;
		case FACT_TYPE_FLAG:
			fact_set_flag(s->facts, f, field, true);
			break;
		case FACT_TYPE_LIST:
			fact_set_list(s->facts, f, field, 2, list);
			break;
		}
	}
	fact_put(s->facts, f);
	return s;
}

static struct sample *sample_one_cause(void)
{
	struct sample *s = sample_srv_missing("contoso.com", "10.0.0.10:53");
	struct finding *f = (struct finding *)(uintptr_t)s->diagnosis.findings;
	fix(s, f, CW_TEXT("If a KMS host exists, publish it. In the zone %s:", "contoso.com"),
	    "_vlmcs._tcp  3600  IN  SRV  0 0 1688  kms01.contoso.com.");
	fix(s, f, CW_TEXT("If none exists: set one up, or give this machine a MAK."), NULL);
	return s;
}

const char *const sample_names[] = { "clear",   "one-cause", "two-causes", "undetermined",
				     "hostile", "many",      "every-fact", "" };

struct sample *sample_new(const char *name)
{
	if (!strcmp(name, "clear"))
		return sample_clear("corp.example");
	if (!strcmp(name, "one-cause"))
		return sample_one_cause();
	if (!strcmp(name, "two-causes"))
		return sample_two_causes();
	if (!strcmp(name, "undetermined"))
		return sample_undetermined("contoso.com", "10.0.0.10:53");
	if (!strcmp(name, "hostile"))
		return sample_hostile();
	if (!strcmp(name, "many"))
		return sample_many();
	if (!strcmp(name, "every-fact"))
		return sample_every_fact();
	return NULL;
}
