/* The probes of check sstp and check activation against a lab: which facts they put down, what they
 * ask and how often, and that they can be cut short at any moment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cert/cert.h"
#include "io/settings.h"
#include "lab/lab.h"
#include "probe/activation.h"
#include "probe/sstp.h"

#define HEAD "scenario test/web\nabout A network.\nshows healthy\nsecret pw pass-word\n"
#define TAIL "run check kms contoso.example\nexpect verdict clear\n"
#define CAS \
	"ca root\nca other\nca issuing under root\n" \
	"  cdp http://pki.contoso.example:@pki:port/root.crl\n"
#define LEAF \
	"certificate vpn under issuing\n  for vpn.contoso.example\n" \
	"  cdp http://pki.contoso.example:@pki:port/issuing.crl\n"
#define DNS \
	"dns ns1\n zone contoso.example serial 1\n  vpn A @vpn\n  pki A @pki\n" \
	"  proxy A @proxy\n"
#define SSTP "sstp vpn\n  certificate vpn\n"
#define PKI \
	"web pki\n  at /root.crl crl root\n  at /issuing.crl crl issuing\n" \
	"  at /issuing.crt certificate issuing\n"
#define PROXY "proxy proxy\n"
#define LOGIN "  login basic digest\n  user u pass-word\n"

struct bench {
	struct cw_arena *arena;
	const struct scenario *scenario;
	struct lab *lab;
	struct run_services services;
	struct resolver_settings settings;
	struct cert_set *roots;
	struct web_request request;
	struct run *run;
	struct io_timer cut;
	bool done;
};

static void stop(void *ctx)
{
	struct bench *b = ctx;
	io_loop_stop(b->services.loop);
}

static const char *expand(struct bench *b, const char *text)
{
	const char *out = lab_expand(b->lab, b->arena, text);
	assert_non_null(out);
	return out;
}

static void open_bench(struct bench *b, const char *servers)
{
	char why[300] = "", *pem;
	size_t len;
	const char *error;
	*b = (struct bench){ .arena = cw_arena_new() };
	const char *text = cw_arena_fmt(b->arena, HEAD "%s" TAIL, servers);
	if (scenario_parse(text, strlen(text), "web", b->arena, &b->scenario, why, sizeof(why)) !=
	    CW_OK)
		fail_msg("%s", why);
	assert_int_equal(io_loop_new(&b->services.loop), CW_OK);
	assert_int_equal(io_gate_new(b->services.loop, 8, &b->services.gate), CW_OK);
	assert_int_equal(dns_client_new(b->services.loop, b->services.gate, &b->services.dns),
			 CW_OK);
	b->services.web = web_services_new();
	if (lab_open(b->services.loop, b->scenario, &b->lab, why, sizeof(why)) != CW_OK)
		fail_msg("%s", why);
	assert_int_equal(io_read_file(expand(b, "@ca:root"), b->arena, &pem, &len, &error), CW_OK);
	b->roots = cert_set_new();
	assert_int_equal(cert_set_add(b->roots, pem, len, "store", NULL), CW_OK);
	b->settings.outcome = CW_OUT_OK;
	b->settings.server_count = 1;
	assert_true(lab_server_addr(b->lab, "ns1", &b->settings.server[0]));
	b->request = (struct web_request){ .command_line = "clearway check",
					   .settings = &b->settings,
					   .settings_source = "lab",
					   .roots = b->roots };
}

static void close_bench(struct bench *b)
{
	run_free(b->run);
	lab_close(b->lab, stop, b);
	io_loop_run(b->services.loop);
	web_services_free(b->services.web);
	dns_client_free(b->services.dns);
	io_gate_free(b->services.gate);
	io_loop_free(b->services.loop);
	cert_set_free(b->roots);
	cw_arena_free(b->arena);
}

static void run_done(void *ctx, struct run *run)
{
	struct bench *b = ctx;
	(void)run;
	b->done = true;
	stop(b);
}

static void cut(void *ctx)
{
	struct bench *b = ctx;
	run_cut_short(b->run);
}

/* cut_ms: -1 lets it end by itself. */
static void run_it(struct bench *b, const struct probe *const *probes, size_t state_size,
		   cw_ms cut_ms)
{
	struct run_spec spec = { .probes = probes,
				 .wanted = UINT64_MAX,
				 .timeout_ms = 4000,
				 .request = &b->request,
				 .state_size = state_size,
				 .done = run_done,
				 .ctx = b };
	run_free(b->run);
	b->done = false;
	b->run = run_start(&b->services, &spec);
	b->cut = (struct io_timer){ .fire = cut, .ctx = b };
	if (cut_ms >= 0)
		io_timer_set(b->services.loop, &b->cut, io_loop_update(b->services.loop) + cut_ms);
	io_loop_run(b->services.loop);
	io_timer_stop(b->services.loop, &b->cut);
	assert_true(b->done);
}

static void run_sstp(struct bench *b, const char *host)
{
	b->request.host = expand(b, host);
	run_it(b, sstp_probes, sstp_state_size(), -1);
}

static void use_proxy(struct bench *b, const char *url, const char *user)
{
	b->request.proxy = expand(b, url);
	b->request.proxy_user = user;
	b->request.proxy_password = "pass-word";
}

/* Facts of a kind whose field is as said; field FACT_FIELD_COUNT: any. */
static size_t count(struct bench *b, enum fact_kind kind, const char *route, enum fact_field field,
		    const char *value)
{
	size_t n = 0;
	FACT_EACH_OF (run_facts(b->run), kind, f)
		n += (!route || fact_is(f, FIELD_ROUTE, route)) &&
		     (field == FACT_FIELD_COUNT || fact_is(f, field, value));
	return n;
}

static const struct fact *only(struct bench *b, enum fact_kind kind, const char *route,
			       enum fact_field field, const char *value)
{
	assert_int_equal(count(b, kind, route, field, value), 1);
	FACT_EACH_OF (run_facts(b->run), kind, f)
		if ((!route || fact_is(f, FIELD_ROUTE, route)) &&
		    (field == FACT_FIELD_COUNT || fact_is(f, field, value)))
			return f;
	return NULL;
}

#define ANY FACT_FIELD_COUNT

static const struct fact *revocation(struct bench *b, const char *route, const char *subject)
{
	const char *url = expand(b, subject);
	FACT_EACH_OF (run_facts(b->run), FACT_REVOCATION, f)
		if (!strcmp(f->subject, url) && fact_is(f, FIELD_ROUTE, route))
			return f;
	fail_msg("want a source %s by %s, have none", url, route);
	return NULL;
}

#define CRL(name) "http://pki.contoso.example:@pki:port/" name

static void walks_the_whole_way(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF DNS SSTP PKI PROXY);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	assert_int_equal(only(&b, FACT_SSTP_CALL, "direct", ANY, NULL)->outcome, CW_OUT_OK);
	assert_int_equal(count(&b, FACT_TLS_HANDSHAKE, "direct", FIELD_SNI, "none"), 1);
	assert_int_equal(count(&b, FACT_TLS_VERSION, "direct", ANY, NULL), 4);
	assert_int_equal(count(&b, FACT_CERT_FAULT, NULL, ANY, NULL), 0);
	assert_int_equal(count(&b, FACT_CERT, NULL, ANY, NULL), 3);
	assert_int_equal(revocation(&b, "direct", CRL("issuing.crl"))->outcome, CW_OUT_OK);
	assert_int_equal(revocation(&b, "direct", CRL("root.crl"))->outcome, CW_OUT_OK);
	assert_int_equal(lab_server_hits(b.lab, "pki"), 2);
	assert_null(fact_first_not_tested(run_facts(b.run)));
	const struct fact *chain =
		only(&b, FACT_CERT_CHAIN, "direct", FIELD_SNI, "vpn.contoso.example");
	assert_string_equal(fact_text(chain, FIELD_ROOT), "CN=root");
	assert_int_equal(fact_list_of(chain, FIELD_CHAIN_BUILT).count, 3);
	close_bench(&b);
}

/* The same chain from two addresses is told twice, and its status is asked for once. */
static void asks_for_a_status_once(void **state)
{
	struct bench b;
	open_bench(&b,
		   CAS LEAF "dns ns1\n zone contoso.example serial 1\n  vpn A @vpn\n  vpn A @vpn2\n"
			    "  vpn A @dead\n  pki A @pki\n  proxy A @proxy\n" SSTP
			    "sstp vpn2\n  certificate vpn\n  port as vpn\nhost dead\n" PKI PROXY);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	assert_int_equal(count(&b, FACT_SSTP_CALL, "direct", ANY, NULL), 2);
	assert_int_equal(count(&b, FACT_CERT_CHAIN, "direct", FIELD_SNI, "vpn.contoso.example"), 2);
	assert_int_equal(count(&b, FACT_TCP_CONNECT, NULL, FIELD_ORIGIN, "sstp"), 3);
	assert_int_equal(count(&b, FACT_REVOCATION, NULL, ANY, NULL), 2);
	assert_int_equal(lab_server_hits(b.lab, "pki"), 2);
	close_bench(&b);
}

static void goes_through_a_proxy_that_lets_it(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF DNS SSTP PKI PROXY);
	use_proxy(&b, "http://proxy.contoso.example:@proxy:port", NULL);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	assert_int_equal(only(&b, FACT_PROXY_ANSWER, "proxy", ANY, NULL)->outcome, CW_OUT_OK);
	assert_string_equal(only(&b, FACT_SSTP_CALL, "proxy", ANY, NULL)->subject,
			    expand(&b, "vpn.contoso.example:@vpn:port"));
	assert_int_equal(count(&b, FACT_TLS_VERSION, "proxy", ANY, NULL), 4);
	assert_int_equal(revocation(&b, "proxy", CRL("issuing.crl"))->outcome, CW_OUT_OK);
	assert_int_equal(count(&b, FACT_REVOCATION, NULL, ANY, NULL), 4);
	assert_int_equal(count(&b, FACT_TCP_CONNECT, NULL, FIELD_ORIGIN, "proxy"), 1);
	close_bench(&b);
}

static void hold_no_secret(struct bench *b, const char *secret)
{
	for (size_t i = 0; i < fact_count(run_facts(b->run)); i++) {
		const struct fact *f = fact_at(run_facts(b->run), i);
		assert_null(strstr(f->subject, secret));
		for (const struct fact_value *v = f->values; v; v = v->next)
			if (fact_field_type(v->field) == FACT_TYPE_TEXT)
				assert_null(strstr(v->text, secret));
	}
}

static void tries_each_login_by_itself(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF DNS SSTP PKI PROXY LOGIN);
	use_proxy(&b, "http://proxy.contoso.example:@proxy:port", "u");
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	const struct fact *f = only(&b, FACT_PROXY_ANSWER, "proxy", ANY, NULL);
	assert_int_equal(f->outcome, CW_OUT_HTTP_STATUS);
	assert_int_equal(fact_number(f, FIELD_STATUS, 0), 407);
	assert_int_equal(fact_list_of(f, FIELD_SCHEMES).count, 2);
	f = only(&b, FACT_PROXY_ANSWER, "proxy-user", FIELD_AUTH, "Basic");
	assert_int_equal(f->outcome, CW_OUT_OK);
	f = only(&b, FACT_PROXY_ANSWER, "proxy-user", FIELD_AUTH, "Digest");
	assert_int_equal(f->outcome, CW_OUT_OK);
	assert_int_equal(count(&b, FACT_SSTP_CALL, "proxy", ANY, NULL), 0);
	assert_int_equal(count(&b, FACT_SSTP_CALL, "proxy-user", ANY, NULL), 1);
	f = revocation(&b, "proxy", CRL("issuing.crl"));
	assert_int_equal(fact_number(f, FIELD_STATUS, 0), 407);
	assert_int_equal(revocation(&b, "proxy-user", CRL("issuing.crl"))->outcome, CW_OUT_OK);
	hold_no_secret(&b, "pass-word");
	close_bench(&b);
}

static void tries_no_login_without_a_user(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF DNS SSTP PKI PROXY LOGIN);
	use_proxy(&b, "http://proxy.contoso.example:@proxy:port", NULL);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	assert_int_equal(count(&b, FACT_PROXY_ANSWER, "proxy-user", ANY, NULL), 0);
	assert_int_equal(count(&b, FACT_REVOCATION, "proxy-user", ANY, NULL), 0);
	const struct not_tested *n = fact_first_not_tested(run_facts(b.run));
	assert_non_null(n);
	assert_false(n->hides_cause);
	close_bench(&b);
}

/* A password goes to a proxy in TLS only where its certificate is good. */
static void trusts_a_proxy_in_tls_first(void **state)
{
	static const struct {
		const char *proxy_cert;
		bool trusted;
	} rows[] = {
		{ "certificate px under issuing\n  for proxy.contoso.example\n", true },
		{ "certificate px under issuing\n  for elsewhere.contoso.example\n", false },
		{ "certificate px under other\n  for proxy.contoso.example\n", false },
		{ "certificate px under issuing\n  for proxy.contoso.example\n  days -40 -4\n",
		  false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		struct cw_arena *a = cw_arena_new();
		open_bench(&b, cw_arena_join(a, CAS LEAF, rows[i].proxy_cert, DNS SSTP PKI PROXY,
					     "  certificate px\n" LOGIN, NULL));
		use_proxy(&b, "https://proxy.contoso.example:@proxy:port", "u");
		run_sstp(&b, "vpn.contoso.example:@vpn:port");
		const struct fact *f =
			only(&b, FACT_PROXY_ANSWER, "proxy-user", FIELD_AUTH, "Basic");
		assert_int_equal(f->outcome == CW_OUT_OK, rows[i].trusted);
		assert_int_equal(fact_is(f, FIELD_WHY, "not-tried"), !rows[i].trusted);
		close_bench(&b);
		cw_arena_free(a);
	}
}

static void completes_a_chain(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF "  aia http://pki.contoso.example:@pki:port/issuing.crt\n" DNS
				"sstp vpn\n  certificate vpn alone\n" PKI PROXY);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	assert_int_equal(only(&b, FACT_AIA, "direct", ANY, NULL)->outcome, CW_OUT_OK);
	const struct fact *chain =
		only(&b, FACT_CERT_CHAIN, "direct", FIELD_SNI, "vpn.contoso.example");
	assert_true(fact_flag(chain, FIELD_FETCHED));
	assert_int_equal(fact_list_of(chain, FIELD_CHAIN_SENT).count, 1);
	assert_int_equal(fact_list_of(chain, FIELD_CHAIN_BUILT).count, 3);
	assert_int_equal(revocation(&b, "direct", CRL("root.crl"))->outcome, CW_OUT_OK);
	assert_true(fact_flag(only(&b, FACT_CERT_FAULT, NULL, FIELD_WHY, "sent-incomplete"),
			      FIELD_STRICT));
	close_bench(&b);
}

static void says_what_cannot_be_completed(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF "  aia http://pki.contoso.example:@pki:port/none.crt\n" DNS
				"sstp vpn\n  certificate vpn alone\n" PKI PROXY);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	const struct fact *f = only(&b, FACT_AIA, "direct", ANY, NULL);
	assert_int_equal(f->outcome, CW_OUT_HTTP_STATUS);
	assert_int_equal(fact_number(f, FIELD_STATUS, 0), 404);
	f = only(&b, FACT_CERT_FAULT, NULL, FIELD_WHY, "chain-incomplete");
	assert_false(fact_flag(f, FIELD_STRICT));
	assert_int_equal(count(&b, FACT_REVOCATION, NULL, ANY, NULL), 0);
	close_bench(&b);
}

/* What stands at the list's address, and what its fact says then. */
static void tells_lists_apart(void **state)
{
	static const struct {
		const char *place;
		enum cw_outcome outcome;
		const char *why, *content;
	} rows[] = {
		{ "crl issuing stale", CW_OUT_STALE, "stale", "der" },
		{ "crl issuing early", CW_OUT_STALE, "not-yet-valid", "der" },
		{ "crl issuing other-signer", CW_OUT_UNTRUSTED, "signature", "der" },
		{ "crl issuing pem", CW_OUT_MALFORMED, "form", "pem" },
		{ "page", CW_OUT_MALFORMED, "form", "html" },
		{ "empty", CW_OUT_MALFORMED, "form", "empty" },
		{ "status 503", CW_OUT_HTTP_STATUS, "", NULL },
		{ "redirect http://pki.contoso.example:@pki:port/moved.crl", CW_OUT_OK, "", "der" },
		{ "redirect https://pki.contoso.example/issuing.crl", CW_OUT_HTTP_STATUS, "",
		  NULL },
		{ "redirect http://pki.contoso.example:@pki:port/issuing.crl", CW_OUT_HTTP_STATUS,
		  "", NULL },
		{ "hang-up", CW_OUT_CLOSED, "", NULL },
		{ "reset", CW_OUT_RESET, "", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		struct cw_arena *a = cw_arena_new();
		open_bench(&b, cw_arena_join(a, CAS LEAF DNS SSTP PROXY,
					     "web pki\n  at /root.crl crl root\n"
					     "  at /moved.crl crl issuing\n  at /issuing.crl ",
					     rows[i].place, "\n", NULL));
		run_sstp(&b, "vpn.contoso.example:@vpn:port");
		const struct fact *f = revocation(&b, "direct", CRL("issuing.crl"));
		if (f->outcome != rows[i].outcome)
			fail_msg("%s: want %s, have %s", rows[i].place,
				 cw_outcome_name(rows[i].outcome), cw_outcome_name(f->outcome));
		assert_string_equal(fact_text(f, FIELD_WHY), rows[i].why);
		if (rows[i].content)
			assert_string_equal(fact_text(f, FIELD_CONTENT), rows[i].content);
		close_bench(&b);
		cw_arena_free(a);
	}
}

static void asks_responders(void **state)
{
	static const struct {
		const char *place, *extra;
		enum cw_outcome outcome;
	} rows[] = {
		{ "good", "", CW_OUT_OK },
		{ "good", "  revoked\n", CW_OUT_REVOKED },
		{ "delegated", "", CW_OUT_OK },
		{ "unknown", "", CW_OUT_UNTRUSTED },
		{ "stale", "", CW_OUT_STALE },
		{ "try-later", "", CW_OUT_MALFORMED },
		{ "other-signer", "", CW_OUT_UNTRUSTED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		struct cw_arena *a = cw_arena_new();
		open_bench(&b,
			   cw_arena_join(a, CAS,
					 "certificate vpn under issuing\n"
					 "  for vpn.contoso.example\n"
					 "  ocsp http://pki.contoso.example:@pki:port/ocsp\n",
					 rows[i].extra, DNS SSTP PROXY PKI,
					 "  at /ocsp* ocsp issuing ", rows[i].place, "\n", NULL));
		run_sstp(&b, "vpn.contoso.example:@vpn:port");
		const struct fact *f = revocation(&b, "direct", CRL("ocsp"));
		assert_string_equal(fact_text(f, FIELD_SOURCE_TYPE), "ocsp");
		if (f->outcome != rows[i].outcome)
			fail_msg("%s: want %s, have %s", rows[i].place,
				 cw_outcome_name(rows[i].outcome), cw_outcome_name(f->outcome));
		close_bench(&b);
		cw_arena_free(a);
	}
}

/* A good stapled answer is status enough for a certificate that names no source; a bad one is not. */
static void takes_what_is_stapled(void **state)
{
	static const struct {
		const char *staple;
		enum cw_outcome outcome;
		size_t faults;
	} rows[] = {
		{ "good", CW_OUT_OK, 0 },
		{ "stale", CW_OUT_STALE, 1 },
		{ "revoked", CW_OUT_REVOKED, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		struct cw_arena *a = cw_arena_new();
		open_bench(&b, cw_arena_join(a, CAS,
					     "certificate vpn under issuing\n"
					     "  for vpn.contoso.example\n",
					     DNS SSTP "  staple ", rows[i].staple, "\n", PKI PROXY,
					     NULL));
		run_sstp(&b, "vpn.contoso.example:@vpn:port");
		const struct fact *f = only(&b, FACT_REVOCATION, NULL, FIELD_SOURCE_TYPE, "staple");
		assert_int_equal(f->outcome, rows[i].outcome);
		assert_int_equal(
			count(&b, FACT_CERT_FAULT, NULL, FIELD_WHY, "no-revocation-source"),
			rows[i].faults);
		close_bench(&b);
		cw_arena_free(a);
	}
}

static void reads_hosts(void **state)
{
	static const struct {
		const char *typed, *why;
		const char *host;
		int port;
	} rows[] = {
		{ "vpn.contoso.example", NULL, "vpn.contoso.example", 443 },
		{ "vpn.contoso.example.:8443", NULL, "vpn.contoso.example", 8443 },
		{ "[2001:db8::1]:444", NULL, "2001:db8::1", 444 },
		{ "2001:db8::1", NULL, "2001:db8::1", 443 },
		{ "https://vpn.contoso.example/", "url", "", 0 },
		{ "vpn.contoso.example:0", "port", "", 0 },
		{ "vpn.contoso.example:65536", "port", "", 0 },
		{ "vpn.contoso.example:x", "port", "", 0 },
		{ "vpn..contoso.example", "empty-label", "", 0 },
	};
	struct bench b;
	open_bench(&b, CAS LEAF DNS SSTP PKI PROXY);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		b.request.host = rows[i].typed;
		run_it(&b, sstp_probes, sstp_state_size(), 0);
		const struct fact *f = fact_first(run_facts(b.run), FACT_TARGET);
		assert_int_equal(f->outcome == CW_OUT_OK, !rows[i].why);
		if (rows[i].why) {
			assert_string_equal(fact_text(f, FIELD_WHY), rows[i].why);
			continue;
		}
		assert_string_equal(fact_text(f, FIELD_HOST), rows[i].host);
		assert_int_equal(fact_number(f, FIELD_PORT, 0), rows[i].port);
	}
	close_bench(&b);
}

/* An address that the user gives stands in for DNS; the name stays the one that must fit. */
static void connects_where_it_is_told(void **state)
{
	struct bench b;
	struct cw_addr to;
	open_bench(&b, CAS LEAF DNS SSTP PKI PROXY);
	assert_true(lab_server_addr(b.lab, "vpn", &to));
	b.request.connect_to = &to;
	use_proxy(&b, "http://proxy.contoso.example:@proxy:port", NULL);
	run_sstp(&b, "nowhere.contoso.example");
	assert_int_equal(count(&b, FACT_DNS_ADDRESS, NULL, FIELD_ORIGIN, "sstp"), 0);
	assert_int_equal(count(&b, FACT_SSTP_CALL, NULL, ANY, NULL), 2);
	assert_int_equal(count(&b, FACT_CERT_FAULT, NULL, FIELD_WHY, "name"), 2);
	close_bench(&b);
}

static void visits_endpoints(void **state)
{
	const char *urls[2], *lists[1];
	struct bench b;
	open_bench(&b,
		   CAS LEAF "dns ns1\n zone contoso.example serial 1\n  vpn A @vpn\n  pki A @pki\n"
			    "  proxy A @proxy\n"
			    "https vpn\n  certificate vpn\n  at /* text hello\n" PKI PROXY);
	urls[0] = expand(&b, "https://vpn.contoso.example:@vpn:port/a");
	urls[1] = expand(&b, "http://pki.contoso.example:@pki:port/none");
	lists[0] = expand(&b, CRL("issuing.crl"));
	use_proxy(&b, "http://proxy.contoso.example:@proxy:port", NULL);
	b.request.url_count = 2;
	b.request.url = urls;
	b.request.crl_count = 1;
	b.request.crl = lists;
	run_it(&b, activation_probes, activation_state_size(), -1);
	assert_int_equal(count(&b, FACT_TARGET, NULL, FIELD_SOURCE, "argument"), 2);
	assert_int_equal(count(&b, FACT_HTTP_ANSWER, "direct", ANY, NULL), 2);
	assert_int_equal(count(&b, FACT_HTTP_ANSWER, "proxy", ANY, NULL), 2);
	assert_int_equal(
		only(&b, FACT_HTTP_ANSWER, "proxy", FIELD_HOST, "pki.contoso.example")->outcome,
		CW_OUT_HTTP_STATUS);
	assert_int_equal(
		only(&b, FACT_HTTP_ANSWER, "direct", FIELD_HOST, "vpn.contoso.example")->outcome,
		CW_OUT_OK);
	/* Lists of the articles are for the proxy alone, and a list by itself has no certificate. */
	assert_int_equal(count(&b, FACT_PROXY_ANSWER, "proxy", FIELD_METHOD, "GET"),
			 1 + activation_list_count);
	size_t alone = 0;
	FACT_EACH_OF (run_facts(b.run), FACT_REVOCATION, f)
		alone += !fact_has(f, FIELD_DEPTH);
	assert_int_equal(alone, 2);
	assert_int_equal(lab_server_hits(b.lab, "pki"), 2 + 2 * 2);
	close_bench(&b);
}

static void does_not_ask_for_the_lists_without_a_proxy(void **state)
{
	const char *url;
	struct bench b;
	open_bench(&b, CAS LEAF DNS "https vpn\n  certificate vpn\n  at /* text hello\n" PKI PROXY);
	url = expand(&b, "https://vpn.contoso.example:@vpn:port/");
	b.request.url_count = 1;
	b.request.url = &url;
	run_it(&b, activation_probes, activation_state_size(), -1);
	assert_int_equal(count(&b, FACT_PROXY_ANSWER, NULL, ANY, NULL), 0);
	assert_int_equal(count(&b, FACT_REVOCATION, NULL, ANY, NULL), 2);
	close_bench(&b);
}

/* However far it is, a run that is cut short ends at once, says so, and leaves nothing behind. */
static void ends_at_any_moment(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF "  aia http://pki.contoso.example:@pki:port/issuing.crt\n"
				"  ocsp http://pki.contoso.example:@pki:port/ocsp\n" DNS
				"sstp vpn\n  certificate vpn alone\n" PKI
				"  at /ocsp* ocsp issuing\n" PROXY LOGIN);
	lab_set_rtt(b.lab, 3);
	use_proxy(&b, "http://proxy.contoso.example:@proxy:port", "u");
	b.request.host = expand(&b, "vpn.contoso.example:@vpn:port");
	for (cw_ms at = 0; at < 60; at++) {
		run_it(&b, sstp_probes, sstp_state_size(), at);
		assert_null(run_first_task(b.run));
		if (run_was_cut_short(b.run))
			assert_non_null(fact_first_not_tested(run_facts(b.run)));
	}
	close_bench(&b);
}

static void ends_in_time_where_nothing_answers(void **state)
{
	struct bench b;
	open_bench(&b, CAS LEAF "dns ns1\n zone contoso.example serial 1\n  vpn A @vpn\n"
				"  pki A @pki\n  proxy A @proxy\n"
				"sstp vpn\n  certificate vpn\n  blocked\n" PKI PROXY);
	cw_ms before = io_loop_update(b.services.loop);
	run_sstp(&b, "vpn.contoso.example:@vpn:port");
	assert_true(io_loop_update(b.services.loop) - before < 1500);
	assert_int_equal(only(&b, FACT_TCP_CONNECT, NULL, ANY, NULL)->outcome, CW_OUT_TIMEOUT);
	assert_false(run_was_cut_short(b.run));
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_the_whole_way),
		cmocka_unit_test(asks_for_a_status_once),
		cmocka_unit_test(goes_through_a_proxy_that_lets_it),
		cmocka_unit_test(tries_each_login_by_itself),
		cmocka_unit_test(tries_no_login_without_a_user),
		cmocka_unit_test(trusts_a_proxy_in_tls_first),
		cmocka_unit_test(completes_a_chain),
		cmocka_unit_test(says_what_cannot_be_completed),
		cmocka_unit_test(tells_lists_apart),
		cmocka_unit_test(asks_responders),
		cmocka_unit_test(takes_what_is_stapled),
		cmocka_unit_test(reads_hosts),
		cmocka_unit_test(connects_where_it_is_told),
		cmocka_unit_test(visits_endpoints),
		cmocka_unit_test(does_not_ask_for_the_lists_without_a_proxy),
		cmocka_unit_test(ends_at_any_moment),
		cmocka_unit_test(ends_in_time_where_nothing_answers),
	};
	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
