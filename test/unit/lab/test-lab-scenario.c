#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "lab/builtin.h"
#include "lab/scenario.h"

#define HEAD "scenario test/one\nabout A network.\nshows healthy\n"
#define RUN  "run check kms contoso.example\nexpect verdict clear\n"

struct parsed {
	struct cw_arena *arena;
	const struct scenario *s;
	enum cw_ec ec;
	char why[300];
};

static struct parsed parse_len(const char *text, size_t len)
{
	struct parsed p = { .arena = cw_arena_new() };
	p.ec = scenario_parse(text, len, "x.lab", p.arena, &p.s, p.why, sizeof(p.why));
	return p;
}

static struct parsed parse(const char *text)
{
	return parse_len(text, strlen(text));
}

static const struct scenario *good(struct parsed *p)
{
	if (p->ec != CW_OK)
		print_message("%s\n", p->why);
	assert_int_equal(p->ec, CW_OK);
	return p->s;
}

static void test_head(void **state)
{
	struct parsed p = parse("# a comment\n\nscenario a/b-1\nabout Two  words # not this\n"
				"about and more\nshows kms-srv-missing kms-not-kms\ntwin a/c\n"
				"run check kms\nexpect verdict cause-found exit 1\n"
				"expect cause kms-srv-missing code 0x8007232B at srv\n"
				"expect warning kms-not-kms\n");
	const struct scenario *s = good(&p);
	assert_string_equal(s->name, "a/b-1");
	assert_string_equal(s->about, "Two words and more");
	assert_string_equal(s->twin, "a/c");
	assert_int_equal(s->shows.count, 2);
	assert_string_equal(s->shows.word[1], "kms-not-kms");
	assert_string_equal(s->file, "x.lab");
	cw_arena_free(p.arena);
}

static void test_servers(void **state)
{
	struct parsed p = parse(HEAD "dns ns1\n"
				     "  recursive\n"
				     "  delay 2s\n"
				     "  zone contoso.example. serial 7 ttl 60 mname hidden\n"
				     "    kms01 A @kms01\n"
				     "    _vlmcs._tcp 300 SRV 1 2 @kms01:port kms01\n"
				     "  no-additional\n"
				     "dns ns2\n"
				     "\tzone contoso.example as ns1\n"
				     "\t\tgenerate 3 h$ A 192.0.2.$\n"
				     "\tclosed tcp\n"
				     "\tclock -3600\n"
				     "kms kms01\n"
				     "  answer bind-nak 4\n"
				     "  port 1689\n"
				     "kms kms02\n"
				     "  blocked\n"
				     "host old\n" RUN);
	const struct scenario *s = good(&p);
	const struct scenario_server *ns1 = scenario_server(s, "ns1");
	const struct scenario_server *ns2 = scenario_server(s, "ns2");
	const struct scenario_server *kms01 = scenario_server(s, "kms01");
	assert_int_equal(s->server_count, 5);
	assert_true(ns1->recursive);
	assert_true(ns1->no_additional);
	assert_int_equal(ns1->delay_ms, 2000);
	assert_string_equal(ns1->zones->name, "contoso.example");
	assert_string_equal(ns1->zones->mname, "hidden.contoso.example");
	assert_int_equal(ns1->zones->records->ttl_s, 60);
	assert_int_equal(ns1->zones->last_record->ttl_s, 300);
	assert_int_equal(ns1->zones->last_record->type, DNS_SRV);
	assert_int_equal(ns1->zones->last_record->data.count, 4);
	assert_ptr_equal(ns2->zones->same_as, ns1->zones);
	assert_int_equal(ns2->closed, SCENARIO_TCP);
	assert_int_equal(ns2->clock_offset_s, -3600);
	assert_string_equal(ns2->zones->last_record->owner, "h3");
	assert_string_equal(ns2->zones->last_record->data.word[0], "192.0.2.3");
	assert_int_equal(kms01->answer, ANSWER_BIND_NAK);
	assert_int_equal(kms01->reason, 4);
	assert_int_equal(kms01->port, 1689);
	assert_true(scenario_server(s, "kms02")->blocked);
	assert_int_equal(scenario_server(s, "old")->kind, SCENARIO_HOST);
	assert_null(scenario_server(s, "ns3"));
	cw_arena_free(p.arena);
}

static void test_faults(void **state)
{
	struct parsed p = parse(HEAD "dns ns1\n"
				     "  fault drop 2 for a.example over udp\n"
				     "  fault lie SRV 0 0 1688 other.example. type SRV first 3\n"
				     "  fault delay 40ms under b.example\n" RUN);
	const struct scenario_fault *f = good(&p)->servers->faults;
	assert_int_equal(f->kind, FAULT_DROP);
	assert_int_equal(f->count, 2);
	assert_string_equal(f->name, "a.example");
	assert_int_equal(f->transport, SCENARIO_UDP);
	f = f->next;
	assert_int_equal(f->kind, FAULT_LIE);
	assert_int_equal(f->lie->data.count, 4);
	assert_int_equal(f->type, DNS_SRV);
	assert_int_equal(f->first, 3);
	assert_int_equal(f->index, 1);
	f = f->next;
	assert_int_equal(f->delay_ms, 40);
	assert_string_equal(f->under, "b.example");
	assert_null(f->next);
	cw_arena_free(p.arena);
}

static void test_every_fault_and_answer_has_a_word(void **state)
{
	for (int i = 0; i < FAULT_COUNT; i++) {
		static const char *const args[] = { "", "1", "1ms", "A 192.0.2.1" };
		static const enum scenario_fault_arg arg[] = {
#define AS_ARG(id, word, a, about) a,
			SCENARIO_FAULT_LIST(AS_ARG)
#undef AS_ARG
		};
		char text[300];
		snprintf(text, sizeof(text), HEAD "dns ns1\n fault %s %s\n" RUN,
			 scenario_fault_name((enum scenario_fault_kind)i), args[arg[i]]);
		struct parsed p = parse(text);
		assert_int_equal(good(&p)->servers->faults->kind, i);
		cw_arena_free(p.arena);
	}
	for (int i = 0; i < ANSWER_COUNT; i++) {
		char text[300];
		snprintf(text, sizeof(text), HEAD "kms k\n answer %s\n" RUN,
			 scenario_answer_name((enum scenario_answer)i));
		struct parsed p = parse(text);
		assert_int_equal(good(&p)->servers->answer, i);
		cw_arena_free(p.arena);
	}
}

static void test_client_of_a_run(void **state)
{
	struct parsed p = parse(HEAD "dns ns1\nclient resolver @ns1:addr\nclient suffix a.example\n"
				     "run check kms\nexpect verdict clear\n"
				     "run check kms\nclient suffix none\nclient no-ipv6\n"
				     "expect verdict clear\n"
				     "run check kms\nclient resolver unreadable\n"
				     "expect verdict undetermined\n");
	const struct scenario *s = good(&p);
	const struct scenario_run *run = s->runs;
	struct scenario_client c = scenario_client_of(s, run);
	assert_int_equal(c.resolver, SETTING_GIVEN);
	assert_string_equal(c.resolvers.word[0], "@ns1:addr");
	assert_int_equal(c.suffix, SETTING_GIVEN);
	assert_false(c.no_ipv6);
	c = scenario_client_of(s, run->next);
	assert_int_equal(c.resolver, SETTING_GIVEN);
	assert_int_equal(c.suffix, SETTING_NONE);
	assert_int_equal(c.suffixes.count, 0);
	assert_true(c.no_ipv6);
	c = scenario_client_of(s, run->next->next);
	assert_int_equal(c.resolver, SETTING_UNREADABLE);
	assert_int_equal(c.suffix, SETTING_GIVEN);
	cw_arena_free(p.arena);
}

static void test_expectations(void **state)
{
	struct parsed p = parse("scenario t\nabout x\nshows kms-not-kms\ntwin u\n"
				"run check kms \"two words\" --x \"a\\\"b\"\n"
				"expect verdict cause-found exit 1\n"
				"expect cause kms-not-kms\n"
				"expect consequence kms-port-refused of kms-not-kms\n"
				"expect hop srv not-tested\n"
				"expect text \"is # no comment\"\n"
				"expect no text gone\n"
				"expect within 1500ms\n"
				"expect any consequence\n"
				"expect no other finding\n");
	const struct scenario_run *run = good(&p)->runs;
	const struct scenario_expect *e = run->expects;
	assert_int_equal(run->args.count, 5);
	assert_string_equal(run->args.word[2], "two words");
	assert_string_equal(run->args.word[4], "a\"b");
	assert_int_equal(e->kind, EXPECT_VERDICT);
	assert_int_equal(e->exit, 1);
	e = e->next;
	assert_int_equal(e->kind, EXPECT_CAUSE);
	assert_null(e->code);
	e = e->next;
	assert_int_equal(e->kind, EXPECT_CONSEQUENCE);
	assert_string_equal(e->of, "kms-not-kms");
	e = e->next;
	assert_string_equal(e->hop, "srv");
	assert_string_equal(e->state, "not-tested");
	e = e->next;
	assert_string_equal(e->text, "is # no comment");
	assert_false(e->absent);
	e = e->next;
	assert_true(e->absent);
	e = e->next;
	assert_int_equal(e->within_ms, 1500);
	assert_null(e->next);
	assert_true(run->other_consequences_allowed);
	cw_arena_free(p.arena);
}

static const char *show_ref(void *ctx, struct cw_arena *arena, const struct scenario_ref *ref)
{
	return cw_arena_fmt(arena, "<%s %d>", ref->server ? ref->server->name : ref->key->name,
			    (int)ref->kind);
}

static void test_references(void **state)
{
	struct parsed p = parse(HEAD "key k hmac-sha256 MTIzNA==\ndns ns1\ndns ns10\n" RUN);
	const struct scenario *s = good(&p);
	const char *bad = NULL;
#define EXPAND(text) scenario_expand(s, (text), p.arena, show_ref, NULL, &bad)
	assert_string_equal(EXPAND("plain"), "plain");
	assert_string_equal(EXPAND("@ns1"), "<ns1 0>");
	assert_string_equal(EXPAND("@ns10:port"), "<ns10 1>");
	assert_string_equal(EXPAND("a @ns1:addr, @ns1:reverse."), "a <ns1 2>, <ns1 3>.");
	assert_string_equal(EXPAND("@ns1:1689"), "<ns1 0>:1689");
	assert_string_equal(EXPAND("@key:k"), "<k 4>");
	assert_string_equal(EXPAND("user@ns1 @ @."), "user@ns1 @ @.");
	assert_null(EXPAND("to @ns2 now"));
	assert_string_equal(bad, "@ns2 now");
	assert_null(EXPAND("@key:none"));
#undef EXPAND
	cw_arena_free(p.arena);
}

static void test_errors(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "x.lab:1: want scenario NAME first, have nothing" },
		{ "about x\n", "x.lab:1: want scenario NAME first, have \"about\"" },
		{ "scenario A\n", "x.lab:1: want the scenario's name (a-z, 0-9, - and /), have \"A\"" },
		{ "scenario a\nscenario b\n", "x.lab:2: want one scenario in a file, have \"scenario\"" },
		{ "scenario a b\n", "x.lab:1: want the end of the line, have \"b\"" },
		{ "scenario a\nabout\n", "x.lab:2: want what the scenario is about, have nothing" },
		{ "scenario a\nabout \"x\n", "x.lab:2: want a closing quotation mark, have \"x\"" },
		{ "scenario a\nfoo\n", "x.lab:2: want scenario, about, shows, twin, key, secret, ca, certificate, dns, kms, web, https, sstp, proxy, host, client, run or expect, have \"foo\"" },
		{ "scenario a\n" RUN, "x.lab:1: want about: what the scenario is about, have nothing" },
		{ HEAD, "x.lab:1: want at least one run, have nothing" },
		{ HEAD "shows X\n", "x.lab:4: want ids of causes, or healthy, have \"X\"" },
		{ HEAD "dns ns1\ndns ns1\n", "x.lab:5: want a server name that is not yet taken, have \"ns1\"" },
		{ HEAD "dns key\n", "x.lab:4: want a server name that is not yet taken, have \"key\"" },
		{ HEAD "dns\n", "x.lab:4: want a server name (a-z, 0-9 and -), have nothing" },
		{ HEAD "dns ns1\n  bogus\n", "x.lab:5: want zone, fault, recursive, no-additional, update, clock, delay, ipv6 or closed, have \"bogus\"" },
		{ HEAD "dns ns1\n  zone\n", "x.lab:5: want the zone's name, have nothing" },
		{ HEAD "dns ns1\n  zone a..b serial 1\n", "x.lab:5: want the zone's name, have \"a..b\"" },
		{ HEAD "dns ns1\n  zone a.example\n", "x.lab:5: want serial NUMBER, or as SERVER, have nothing" },
		{ HEAD "dns ns1\n  zone a.example serial x\n", "x.lab:5: want a serial number, have \"x\"" },
		{ HEAD "dns ns1\n  zone a.example serial 4294967296\n", "x.lab:5: want a serial number, have \"4294967296\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1 zig\n", "x.lab:5: want mname or ttl, have \"zig\"" },
		{ HEAD "dns ns1\n  zone a.example as ns2\n", "x.lab:5: want a server above that has this zone, have \"ns2\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n  zone A.example serial 1\n", "x.lab:6: want each zone once on a server, have \"A.example\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w FOO x\n", "x.lab:6: want a record type such as A, SRV or TYPE65, have \"FOO\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w A @no\n" RUN, "x.lab:6: want @ and the name of a server of this scenario (or @key:, @ca:, @secret: NAME), have \"@no\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w A x\n" RUN, "x.lab:6: want an IPv4 address, have \"x\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w AAAA 192.0.2.1\n" RUN, "x.lab:6: want an IPv6 address, have \"192.0.2.1\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w SRV 0 0 1688\n" RUN, "x.lab:6: want 4 words of record data, have \"3\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w SRV 0 65536 1 x\n" RUN, "x.lab:6: want a weight (0 to 65535), have \"65536\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w SRV 0 0 1 x..y\n" RUN, "x.lab:6: want a name, have \"x..y\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w.b. A 192.0.2.1\n" RUN, "x.lab:6: want a name inside the zone, have \"w.b\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w SRV \\# 2 00\n" RUN, "x.lab:6: want as many bytes in hex as the length says, have \"00\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w SRV \\# 1 0g\n" RUN, "x.lab:6: want hex digits, have \"0g\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    w TYPE65 x\n" RUN, "x.lab:6: want \\# LENGTH HEX (this type has no other form here), have \"x\"" },
		{ HEAD "dns ns1\n  zone a.example serial 1\n    generate 10001 w$ A 192.0.2.1\n", "x.lab:6: want how many records (1 to 10000), have \"10001\"" },
		{ HEAD "dns ns1\n  fault\n", "x.lab:5: want a fault such as silent, servfail or wrong-id, have nothing" },
		{ HEAD "dns ns1\n  fault drop\n", "x.lab:5: want how many, have nothing" },
		{ HEAD "dns ns1\n  fault delay 5\n", "x.lab:5: want a time such as 50ms or 2s, have \"5\"" },
		{ HEAD "dns ns1\n  fault silent over ip\n", "x.lab:5: want udp or tcp, have \"ip\"" },
		{ HEAD "dns ns1\n  fault silent on x\n", "x.lab:5: want for, under, type, over or first, have \"on\"" },
		{ HEAD "dns ns1\n  fault silent first 0\n", "x.lab:5: want how many queries (1 or more), have \"0\"" },
		{ HEAD "dns ns1\n  fault lie A x\n" RUN, "x.lab:5: want an IPv4 address, have \"x\"" },
		{ HEAD "dns ns1\n  update key k\n", "x.lab:5: want the name of a key above, have \"k\"" },
		{ HEAD "dns ns1\n  update some\n", "x.lab:5: want none, any, key NAME, owner HOST, notimp or notauth, have \"some\"" },
		{ HEAD "dns ns1\n  clock 5\n", "x.lab:5: want seconds such as +3600 or -3600, have \"5\"" },
		{ HEAD "key k hmac-x y\n", "x.lab:4: want an algorithm such as hmac-sha256, have \"hmac-x\"" },
		{ HEAD "key k hmac-sha256 *\n", "x.lab:4: want a secret in base64, have \"*\"" },
		{ HEAD "kms k\n  answer gopher\n", "x.lab:5: want an answer such as kms, http or silent, have \"gopher\"" },
		{ HEAD "kms k\n  port as k\n", "x.lab:5: want a server above, have \"k\"" },
		{ HEAD "secret a\n", "x.lab:4: want the secret, have nothing" },
		{ HEAD "secret a x\nsecret a y\n", "x.lab:5: want another name: there is a secret of this name, have \"a\"" },
		{ HEAD "ca a under b\n", "x.lab:4: want the name of a ca above, have \"b\"" },
		{ HEAD "certificate a\ncertificate b under a\n", "x.lab:5: want the name of a ca above, have \"a\"" },
		{ HEAD "ca a\nca a\n", "x.lab:5: want a name that no certificate has yet, have \"a\"" },
		{ HEAD "ca a\n  days 5 5\n", "x.lab:5: want a first day before the last, both within a hundred years, have \"5\"" },
		{ HEAD "ca a\n  days now 5\n", "x.lab:5: want two numbers of days from now, such as -30 365, have \"now\"" },
		{ HEAD "ca a\n  key dsa\n", "x.lab:5: want ec, rsa2048 or rsa1024, have \"dsa\"" },
		{ HEAD "ca a\n  eku serverAuth\n", "x.lab:5: want server, client, any, none, or an OID, have \"serverAuth\"" },
		{ HEAD "ca a\n  revoked\n", "x.lab:5: want revoked below what another CA has issued, have \"a\"" },
		{ HEAD "ca a\n  cdp\n", "x.lab:5: want URLs of the revocation list, have nothing" },
		{ HEAD "ca a\n  cdp http://@nobody/x\n" RUN, "x.lab:4: want @ and the name of a server of this scenario (or @key:, @ca:, @secret: NAME), have \"@nobody/x\"" },
		{ HEAD "https a\n" RUN, "x.lab:4: want certificate NAME below this server, or handshake FAULT, have nothing" },
		{ HEAD "https a\n  certificate b\n", "x.lab:5: want the name of a certificate above, have \"b\"" },
		{ HEAD "https a\n  handshake slow\n", "x.lab:5: want a handshake such as normal, reset or alert, have \"slow\"" },
		{ HEAD "https a\n  tls 1.4\n", "x.lab:5: want 1.0, 1.1, 1.2 or 1.3, have \"1.4\"" },
		{ HEAD "web a\n  at\n", "x.lab:5: want a path such as /root.crl, or *, have nothing" },
		{ HEAD "web a\n  at / crl b\n", "x.lab:5: want the name of a ca above, have \"b\"" },
		{ HEAD "web a\n  at / nothing\n", "x.lab:5: want what stands there, such as crl, status or page, have \"nothing\"" },
		{ HEAD "web a\n  at / status 99\n", "x.lab:5: want an HTTP status, have \"99\"" },
		{ HEAD "web a\n  answer ack\n", "x.lab:5: want certificate, handshake, tls, client-certificate, staple, date, agent, port, delay, blocked, closed, ipv6 or at, have \"answer\"" },
		{ HEAD "sstp a\n  answer yes\n", "x.lab:5: want an answer such as ack, nak or status, have \"yes\"" },
		{ HEAD "proxy a\n  login kerberos\n", "x.lab:5: want basic, digest, ntlm or negotiate, have \"kerberos\"" },
		{ HEAD "proxy a\n  user jo\n", "x.lab:5: want a user's name and password, have \"jo\"" },
		{ HEAD "proxy a\n  login basic\n" RUN, "x.lab:4: want user NAME PASSWORD below a proxy with login, have nothing" },
		{ HEAD "kms k\n  port 0\n", "x.lab:5: want a port (1 to 65535), or as SERVER, have \"0\"" },
		{ HEAD "kms k\n  recursive\n", "x.lab:5: want answer, port, delay, blocked, ipv6 or closed, have \"recursive\"" },
		{ HEAD "host k\n  blocked\n", "x.lab:5: want ipv6, have \"blocked\"" },
		{ HEAD "client colour red\n", "x.lab:4: want resolver, suffix or no-ipv6, have \"colour\"" },
		{ HEAD "client resolver\n", "x.lab:4: want addresses, none or unreadable, have nothing" },
		{ HEAD "client resolver @x\n" RUN, "x.lab:1: want @ and the name of a server of this scenario (or @key:, @ca:, @secret: NAME), have \"@x\"" },
		{ HEAD "run\n", "x.lab:4: want a command such as check kms contoso.example, have nothing" },
		{ HEAD "run check @x\nexpect verdict clear\n", "x.lab:4: want @ and the name of a server of this scenario (or @key:, @ca:, @secret: NAME), have \"@x\"" },
		{ HEAD "expect verdict clear\n", "x.lab:4: want run before the first expect, have \"expect\"" },
		{ HEAD "run x\n", "x.lab:4: want expect verdict below this run, have nothing" },
		{ HEAD "run x\nexpect verdict fine\n", "x.lab:5: want clear, cause-found or undetermined, have \"fine\"" },
		{ HEAD "run x\nexpect verdict clear exit 1\n", "x.lab:5: want the exit status that belongs to this verdict (0, 1 or 3), have \"1\"" },
		{ HEAD "run x\nexpect verdict clear\nexpect verdict clear\n", "x.lab:6: want one verdict for each run, have \"clear\"" },
		{ HEAD "run x\nexpect cause\n", "x.lab:5: want the id of a finding, have nothing" },
		{ HEAD "run x\nexpect cause a code 5\n", "x.lab:5: want a code such as 0x8007232B or 809, have \"5\"" },
		{ HEAD "run x\nexpect cause a of b\n", "x.lab:5: want code, at or of, have \"of\"" },
		{ HEAD "run x\nexpect hop srv broken\n", "x.lab:5: want passed, failed, not-reached or not-tested, have \"broken\"" },
		{ HEAD "run x\nexpect no rain\n", "x.lab:5: want other finding, or text \"...\", have \"rain\"" },
		{ HEAD "run x\nexpect miracles\n", "x.lab:5: want verdict, cause, consequence, warning, hop, text, within, any or no, have \"miracles\"" },
		{ HEAD "run x\nexpect verdict clear\nexpect warning a\n", "x.lab:6: want no finding in what shows healthy, have \"a\"" },
		{ HEAD "run x\nexpect verdict cause-found\n", "x.lab:4: want expect cause ID with the verdict cause-found, have nothing" },
		{ HEAD "run x\nexpect verdict clear\nexpect cause a\n", "x.lab:4: want expect verdict cause-found where a cause is expected, have \"another verdict\"" },
		{ "scenario a\nabout x\nshows b\ntwin c\n" RUN, "x.lab:1: want each finding that is shown to be expected too, have \"b\"" },
		{ "scenario a\nabout x\nshows b\nrun x\nexpect verdict cause-found\nexpect cause b\n", "x.lab:1: want twin NAME: the same without the fault, have nothing" },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse(rows[i].text);
		assert_string_equal(p.ec == CW_OK ? "parsed" : p.why, rows[i].why);
		assert_int_equal(p.ec, CW_EMALFORMED);
		cw_arena_free(p.arena);
	}
}

static void test_sizes(void **state)
{
	static char big[LIMIT_TEXT_FILE + 1];
	memset(big, '\n', sizeof(big));
	struct parsed p = parse_len(big, sizeof(big));
	assert_int_equal(p.ec, CW_ETOOBIG);
	cw_arena_free(p.arena);
	p = parse_len("scenario a\n\0", 12);
	assert_int_equal(p.ec, CW_EMALFORMED);
	cw_arena_free(p.arena);
	char many[400] = HEAD "run";
	for (int i = 0; i <= LIMIT_SCENARIO_WORDS; i++)
		strcat(many, " x");
	p = parse(many);
	assert_string_equal(p.why, "x.lab:4: want no more words on a line, have \"x\"");
	cw_arena_free(p.arena);
}

/* A file that is cut anywhere is either read or refused, and never read beyond its end. */
static void test_every_prefix(void **state)
{
	const struct lab_builtin *b = lab_builtin_find("kms/update-second-host");
	assert_non_null(b);
	for (size_t len = 0; len <= b->len; len++) {
		struct parsed p = { .arena = cw_arena_new() };
		char *copy = test_malloc(len + 1);
		memcpy(copy, b->text, len);
		p.ec = scenario_parse(copy, len, "x.lab", p.arena, &p.s, p.why, sizeof(p.why));
		if (p.ec != CW_OK)
			assert_memory_equal(p.why, "x.lab:", 6);
		test_free(copy);
		cw_arena_free(p.arena);
	}
}

/* ---- the scenarios that the program carries ---- */

static void test_builtins_are_right(void **state)
{
	assert_true(lab_builtin_count > 60);
	for (size_t i = 0; i < lab_builtin_count; i++) {
		const struct lab_builtin *b = &lab_builtins[i];
		struct parsed p = parse_len(b->text, b->len);
		const struct scenario *s = good(&p);
		assert_string_equal(s->name, b->name);
		assert_ptr_equal(lab_builtin_find(b->name), b);
		assert_true(!i || strcmp(lab_builtins[i - 1].name, b->name) < 0);
		cw_arena_free(p.arena);
	}
	assert_null(lab_builtin_find("kms/none"));
}

static void test_twins_are_healthy(void **state)
{
	for (size_t i = 0; i < lab_builtin_count; i++) {
		struct parsed p = parse_len(lab_builtins[i].text, lab_builtins[i].len);
		const char *twin = good(&p)->twin;
		const struct lab_builtin *t = twin ? lab_builtin_find(twin) : NULL;
		if (twin && !t)
			fail_msg("%s: no twin %s", lab_builtins[i].name, twin);
		if (t) {
			struct parsed other = parse_len(t->text, t->len);
			assert_int_equal(good(&other)->shows.count, 0);
			cw_arena_free(other.arena);
		}
		cw_arena_free(p.arena);
	}
}

static bool is_shown(const char *id)
{
	bool found = false;
	for (size_t i = 0; i < lab_builtin_count && !found; i++) {
		struct parsed p = parse_len(lab_builtins[i].text, lab_builtins[i].len);
		for (size_t k = 0; k < p.s->shows.count; k++)
			found |= !strcmp(p.s->shows.word[k], id);
		cw_arena_free(p.arena);
	}
	return found;
}

static void test_every_live_cause_is_shown(void **state)
{
	static const char *const ids[] = {
		"kms-srv-missing",
		"kms-srv-other-suffix",
		"kms-name-syntax",
		"kms-dns-unreachable",
		"kms-dns-refused",
		"kms-dns-garbled",
		"kms-dns-inconsistent",
		"kms-srv-target-unresolved",
		"kms-srv-target-wrong-address",
		"kms-srv-malformed",
		"kms-port-blocked",
		"kms-port-refused",
		"kms-not-kms",
		"kms-host-silent",
		"kms-foreign-host",
		"kms-srv-stale-host",
		"kms-publish-domains",
		"kms-update-refused",
		"kms-update-second-host",
		"kms-host-key-on-client",
		"kms-manual-host-dead",
		"kms-wrong-channel",
		"kms-srv-nodata",
		"kms-srv-misspelt",
		"kms-no-dns-servers",
		"sstp-name-unresolved",
		"sstp-unreachable",
		"sstp-not-listening",
		"sstp-partly-broken",
		"sstp-proxy-blocks",
		"sstp-no-certificate",
		"sstp-client-certificate",
		"sstp-old-tls",
		"sstp-tls-fails",
		"sstp-tls-intercepted",
		"sstp-clock-skew",
		"sstp-cert-expired",
		"sstp-cert-untrusted",
		"sstp-chain-incomplete",
		"sstp-cert-name",
		"sstp-cert-eku",
		"sstp-cert-weak",
		"sstp-cert-invalid",
		"sstp-cert-expires-soon",
		"sstp-cert-revoked",
		"sstp-cert-no-cdp",
		"sstp-crl-unreachable",
		"sstp-crl-stale",
		"sstp-crl-proxy-auth",
		"sstp-crl-slow",
		"sstp-ports-exhausted",
		"sstp-not-sstp",
		"sstp-call-refused",
		"sstp-call-silent",
		"activation-no-internet",
		"activation-proxy-auth",
		"activation-tls-intercepted",
		"activation-clock-skew",
		"activation-cert-invalid",
		"activation-crl-proxy-auth",
		"activation-cert-revoked",
		"activation-cert-no-cdp",
		"activation-crl-unreachable",
		"activation-crl-stale",
		"activation-http-status",
	};
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (!is_shown(ids[i]))
			fail_msg("no scenario shows %s", ids[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_every_fault_and_answer_has_a_word),
		cmocka_unit_test(test_client_of_a_run),
		cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_builtins_are_right),
		cmocka_unit_test(test_twins_are_healthy),
		cmocka_unit_test(test_every_live_cause_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
