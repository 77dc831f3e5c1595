/* Web servers, SSTP servers and proxies of the lab, visited as a probe visits them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "io/gate.h"
#include "lab_bench.h"
#include "path/visit.h"

enum { HOPS = 6, CALM_MS = 400 };

#define CERTS \
	"ca root\n" \
	"ca issuing under root\n" \
	"certificate vpn under issuing\n  for vpn.contoso.example @web\n"
#define DNS "dns ns1\n  zone contoso.example serial 1\n    web A @web\n    alias CNAME web\n"

static struct bench b;
static struct io_gate *gate;
static struct visit_shared *shared;
static struct cw_arena *arena;
static struct visit_result hop[HOPS];
static size_t hop_count;
static bool done;

static void took(void *ctx, const struct visit_result *r)
{
	assert_true(hop_count < HOPS);
	hop[hop_count++] = *r;
}

static void is_done(void *ctx)
{
	done = true;
	io_loop_stop(b.loop);
}

static const struct visit_ops ops = { .hop = took, .done = is_done };

static void open_lab(const char *servers)
{
	bench_open(&b, servers);
	assert_int_equal(io_gate_new(b.loop, 8, &gate), CW_OK);
	assert_int_equal(visit_shared_new(&shared), CW_OK);
	arena = cw_arena_new();
}

static void close_lab(void)
{
	visit_shared_free(shared);
	io_gate_free(gate);
	bench_close(&b);
	cw_arena_free(arena);
}

static void visit(const char *server, struct visit_spec *spec)
{
	assert_true(lab_server_addr(b.lab, server, &spec->to));
	spec->connect_limit_ms = spec->hop_limit_ms = CALM_MS;
	spec->total_limit_ms = 10 * CALM_MS;
	hop_count = 0;
	done = false;
	assert_non_null(visit_start(b.loop, gate, shared, spec, arena, &ops, NULL));
	while (!done)
		io_loop_run(b.loop);
}

static const char *expand(const char *text)
{
	const char *out = lab_expand(b.lab, arena, text);
	assert_non_null(out);
	return out;
}

static const struct visit_result *last(void)
{
	assert_true(hop_count > 0);
	return &hop[hop_count - 1];
}

static void expect_last(enum visit_hop kind, enum cw_outcome outcome)
{
	assert_int_equal(last()->hop, kind);
	assert_string_equal(cw_outcome_name(last()->outcome), cw_outcome_name(outcome));
}

static const char *header(const char *name)
{
	for (size_t i = 0; i < last()->header_count; i++)
		if (!strcasecmp(last()->header[i].name, name))
			return last()->header[i].value;
	return NULL;
}

static void get_from(const char *server, const char *target, const struct visit_tls *tls)
{
	struct visit_request request = { .method = "GET",
					 .target = target,
					 .host = "web.contoso.example",
					 .answer_most = 65536 };
	struct visit_spec spec = { .request = &request, .tls = tls };
	visit(server, &spec);
}

static void get(const char *path)
{
	get_from("web", path, NULL);
}

static bool body_has(const char *text)
{
	return memmem(last()->body.at, last()->body.len, text, strlen(text));
}

static X509 *sent(size_t i)
{
	const struct visit_result *r = NULL;
	for (size_t k = 0; k < hop_count; k++)
		if (hop[k].hop == VISIT_TLS)
			r = &hop[k];
	assert_non_null(r);
	assert_true(i < r->cert_count);
	const uint8_t *at = r->cert[i].at;
	X509 *x = d2i_X509(NULL, &at, (long)r->cert[i].len);
	assert_non_null(x);
	return x;
}

static void expect_sent(size_t i, const char *common_name, const char *issuer)
{
	char text[200];
	X509 *x = sent(i);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, text, sizeof(text));
	assert_string_equal(text, common_name);
	X509_NAME_get_text_by_NID(X509_get_issuer_name(x), NID_commonName, text, sizeof(text));
	assert_string_equal(text, issuer);
	X509_free(x);
}

/* ---- web ---- */

static void test_places(void **state)
{
	open_lab("web web\n"
		 "  at /a page \"Sign in\"\n"
		 "  at /b* status 503\n"
		 "  at /c redirect http://web.contoso.example:@web:port/a\n"
		 "  at /d text plain\n"
		 "  at /e empty\n"
		 "  at /f hang-up\n"
		 "  at /g reset\n"
		 "  at /h silent\n"
		 "  at /i text late delay 100ms\n");
	get("/a");
	expect_last(VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(last()->status, 200);
	assert_true(body_has("<h1>Sign in</h1>"));
	assert_string_equal(header("Content-Type"), "text/html");
	get("/bcd");
	assert_int_equal(last()->status, 503);
	get("/c");
	assert_int_equal(last()->status, 302);
	assert_string_equal(header("Location"), expand("http://web.contoso.example:@web:port/a"));
	get("/d");
	assert_int_equal(last()->body.len, 5);
	get("/e");
	assert_int_equal(last()->status, 200);
	assert_int_equal(last()->body.len, 0);
	get("/f");
	expect_last(VISIT_HTTP, CW_OUT_CLOSED);
	get("/g");
	expect_last(VISIT_HTTP, CW_OUT_RESET);
	get("/h");
	expect_last(VISIT_HTTP, CW_OUT_TIMEOUT);
	get("/i");
	assert_int_equal(last()->status, 200);
	assert_true(last()->took_ms >= 100);
	get("/else");
	assert_int_equal(last()->status, 404);
	assert_int_equal(lab_server_hits(b.lab, "web"), 10);
	close_lab();
}

static void test_date(void **state)
{
	static const struct {
		const char *line;
		int skew_s;
	} rows[] = { { "", 0 }, { "  date +7200\n", 7200 }, { "  date -86400\n", -86400 } };
	for (size_t i = 0; i < 3; i++) {
		char text[100], want[64];
		snprintf(text, sizeof(text), "web web\n  at * page\n%s", rows[i].line);
		open_lab(text);
		get("/");
		time_t t = (time_t)((int64_t)io_unix_time_s() + rows[i].skew_s);
		struct tm tm;
		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%a, %d %b %Y %H:", &tm);
		/* an hour is not missed by the seconds in between, but for one time in 3600 */
		if (tm.tm_min > 0)
			assert_memory_equal(header("Date"), want, strlen(want));
		close_lab();
	}
	open_lab("web web\n  at * page\n  date none\n");
	get("/");
	assert_null(header("Date"));
	close_lab();
}

static void test_rtt(void **state)
{
	open_lab(CERTS "https web\n  certificate vpn\n  at * page\n");
	struct visit_tls tls = { .sni = "vpn.contoso.example" };
	lab_set_rtt(b.lab, 60);
	get_from("web", "/", &tls);
	expect_last(VISIT_HTTP, CW_OUT_OK);
	assert_int_equal(hop_count, 3);
	assert_true(hop[1].took_ms >= 60);
	assert_true(hop[2].took_ms >= 60 && hop[2].took_ms < 300);
	close_lab();
}

/* ---- TLS ---- */

static void test_handshakes(void **state)
{
	static const struct {
		const char *word;
		enum cw_outcome outcome;
		bool hello;
	} rows[] = {
		{ "normal", CW_OUT_OK, true },
		{ "hang-up", CW_OUT_CLOSED, false },
		{ "reset", CW_OUT_RESET, false },
		{ "hang-up-at-once", CW_OUT_CLOSED, false },
		{ "alert", CW_OUT_TLS_ALERT, false },
		{ "http", CW_OUT_OTHER_PROTOCOL, false },
		{ "ssh", CW_OUT_OTHER_PROTOCOL, false },
		{ "silent", CW_OUT_TIMEOUT, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct visit_tls tls = { .sni = "vpn.contoso.example" };
		struct visit_spec spec = { .tls = &tls };
		char text[300];
		snprintf(text, sizeof(text), CERTS "https web\n%s  handshake %s\n",
			 i ? "" : "  certificate vpn\n", rows[i].word);
		open_lab(text);
		visit("web", &spec);
		expect_last(VISIT_TLS, rows[i].outcome);
		assert_int_equal(last()->hello_seen, rows[i].hello);
		close_lab();
	}
}

static void test_reset_after_handshake(void **state)
{
	struct visit_tls tls = { .sni = "vpn.contoso.example" };
	open_lab(CERTS "https web\n  certificate vpn\n  handshake reset-after\n");
	get_from("web", "/", &tls);
	assert_true(hop_count >= 2);
	assert_true(last()->outcome == CW_OUT_RESET);
	close_lab();
}

static void test_chains(void **state)
{
	static const struct {
		const char *show;
		size_t count;
		const char *second;
	} rows[] = {
		{ "certificate vpn", 2, "issuing" },
		{ "certificate vpn alone", 1, NULL },
		{ "certificate vpn reversed", 3, "root" },
		{ "certificate vpn chain issuing root", 3, "issuing" },
		{ "certificate vpn chain root", 2, "root" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct visit_tls tls = { .sni = "vpn.contoso.example" };
		struct visit_spec spec = { .tls = &tls };
		char text[300];
		snprintf(text, sizeof(text), CERTS "https web\n  %s\n", rows[i].show);
		open_lab(text);
		visit("web", &spec);
		expect_last(VISIT_TLS, CW_OUT_OK);
		assert_int_equal(last()->cert_count, rows[i].count);
		expect_sent(0, "vpn.contoso.example", "issuing");
		if (rows[i].second)
			expect_sent(1, rows[i].second, "root");
		close_lab();
	}
}

static void test_other_certificate_for_a_name(void **state)
{
	struct visit_tls named = { .sni = "vpn.contoso.example" }, bare = { 0 };
	struct visit_spec spec = { .tls = &named };
	open_lab(CERTS "certificate other\n  subject Other\n"
		       "https web\n  certificate vpn sni vpn.contoso.example\n"
		       "  certificate other\n");
	visit("web", &spec);
	expect_sent(0, "vpn.contoso.example", "issuing");
	spec.tls = &bare;
	visit("web", &spec);
	expect_sent(0, "Other", "Other");
	close_lab();
}

static void test_versions(void **state)
{
	static const struct {
		const char *line, *version;
	} rows[] = {
		{ "", "TLSv1.3" },
		{ "  tls 1.2\n", "TLSv1.2" },
		{ "  tls 1.0 1.1\n", "TLSv1.1" },
		{ "  tls 1.0\n", "TLSv1" },
	};
	for (size_t i = 0; i < 4; i++) {
		struct visit_tls tls = { .sni = "vpn.contoso.example" };
		struct visit_spec spec = { .tls = &tls };
		char text[300];
		snprintf(text, sizeof(text), CERTS "https web\n  certificate vpn\n%s",
			 rows[i].line);
		open_lab(text);
		visit("web", &spec);
		expect_last(VISIT_TLS, CW_OUT_OK);
		assert_string_equal(last()->tls_version, rows[i].version);
		close_lab();
	}
}

static void test_client_certificate(void **state)
{
	struct visit_tls tls = { .most = TLS_1_2 };
	struct visit_spec spec = { .tls = &tls };
	open_lab(CERTS "https web\n  certificate vpn\n  client-certificate\n");
	visit("web", &spec);
	expect_last(VISIT_TLS, CW_OUT_TLS_ALERT);
	assert_true(last()->client_certificate_asked);
	close_lab();
}

/* ---- certificates, lists, responders ---- */

static void test_certificates(void **state)
{
	struct visit_tls tls = { .sni = "vpn.contoso.example" };
	struct visit_spec spec = { .tls = &tls };
	open_lab("ca root\n  subject \"Contoso Root\"\n"
		 "certificate odd under root\n  for vpn.contoso.example @web\n  eku client\n"
		 "  days -400 -5\n  key rsa1024\n  sha1\n"
		 "  cdp http://web:@web:port/x.crl \"ldap:///CN=x,DC=contoso?crl\"\n"
		 "https web\n  certificate odd alone\n");
	visit("web", &spec);
	X509 *x = sent(0);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(x)), 1024);
	assert_int_equal(X509_get_signature_nid(x), NID_ecdsa_with_SHA1);
	assert_true(X509_cmp_current_time(X509_get0_notAfter(x)) < 0);
	assert_int_equal(X509_check_host(x, "vpn.contoso.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(x, expand("@web"), 0), 1);
	assert_true(X509_get_extended_key_usage(x) == XKU_SSL_CLIENT);
	X509_free(x);
	FILE *f = fopen(expand("@ca:root"), "r");
	char line[100] = "";
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_string_equal(line, "-----BEGIN CERTIFICATE-----\n");
	close_lab();
}

static X509_CRL *crl(const char *path)
{
	get(path);
	assert_int_equal(last()->status, 200);
	const uint8_t *at = last()->body.at;
	return d2i_X509_CRL(NULL, &at, (long)last()->body.len);
}

static EVP_PKEY *root_key(void)
{
	struct visit_tls tls = { .sni = "x" };
	struct visit_spec spec = { .tls = &tls };
	visit("show", &spec);
	X509 *x = sent(0);
	EVP_PKEY *key = X509_get_pubkey(x);
	X509_free(x);
	return key;
}

static void test_lists(void **state)
{
	open_lab("ca root\ncertificate bad under root\n  revoked\n"
		 "https show\n  certificate root alone\n"
		 "web web\n  at /good crl root\n  at /stale crl root stale\n  at /early crl root "
		 "early\n"
		 "  at /signer crl root other-signer\n  at /issuer crl root other-issuer\n"
		 "  at /pem crl root pem\n  at /cut crl root cut\n  at /delta crl root delta\n");
	EVP_PKEY *key = root_key();
	X509_CRL *good = crl("/good");
	assert_int_equal(X509_CRL_verify(good, key), 1);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(good)), 1);
	assert_true(X509_cmp_current_time(X509_CRL_get0_nextUpdate(good)) > 0);
	X509_CRL *stale = crl("/stale");
	assert_int_equal(X509_CRL_verify(stale, key), 1);
	assert_true(X509_cmp_current_time(X509_CRL_get0_nextUpdate(stale)) < 0);
	X509_CRL *early = crl("/early");
	assert_true(X509_cmp_current_time(X509_CRL_get0_lastUpdate(early)) > 0);
	X509_CRL *signer = crl("/signer");
	assert_int_not_equal(X509_CRL_verify(signer, key), 1);
	assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(signer), X509_CRL_get_issuer(good)), 0);
	X509_CRL *issuer = crl("/issuer");
	assert_int_not_equal(X509_NAME_cmp(X509_CRL_get_issuer(issuer), X509_CRL_get_issuer(good)),
			     0);
	X509_CRL *delta = crl("/delta");
	assert_true(X509_CRL_get_ext_by_NID(delta, NID_delta_crl, -1) >= 0);
	assert_null(crl("/pem"));
	assert_true(body_has("-----BEGIN X509 CRL-----"));
	assert_null(crl("/cut"));
	X509_CRL *all[] = { good, stale, early, signer, issuer, delta };
	for (size_t i = 0; i < 6; i++)
		X509_CRL_free(all[i]);
	EVP_PKEY_free(key);
	close_lab();
}

/* The state of an OCSP answer, or its status where it is a failure: 1000 and more. */
static int ocsp_state(const uint8_t *at, size_t len)
{
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)len);
	if (!r)
		return -1;
	int state = 1000 + OCSP_response_status(r);
	if (state == 1000) {
		OCSP_BASICRESP *basic = OCSP_response_get1_basic(r);
		state = OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, NULL);
		OCSP_BASICRESP_free(basic);
	}
	OCSP_RESPONSE_free(r);
	return state;
}

static int ask(const char *path, X509 *x, X509 *issuer)
{
	OCSP_REQUEST *q = OCSP_REQUEST_new();
	uint8_t *der = NULL;
	assert_non_null(OCSP_request_add0_id(q, OCSP_cert_to_id(EVP_sha1(), x, issuer)));
	int len = i2d_OCSP_REQUEST(q, &der);
	struct visit_request request = { .method = "POST",
					 .target = path,
					 .host = "x",
					 .content_type = "application/ocsp-request",
					 .body = der,
					 .body_len = (size_t)len,
					 .answer_most = 65536 };
	struct visit_spec spec = { .request = &request };
	visit("web", &spec);
	OPENSSL_free(der);
	OCSP_REQUEST_free(q);
	assert_int_equal(last()->status, 200);
	return ocsp_state(last()->body.at, last()->body.len);
}

static void test_responders(void **state)
{
	static const struct {
		const char *path;
		int state;
	} rows[] = {
		{ "/good", V_OCSP_CERTSTATUS_GOOD },
		{ "/revoked", V_OCSP_CERTSTATUS_REVOKED },
		{ "/unknown", V_OCSP_CERTSTATUS_UNKNOWN },
		{ "/stale", V_OCSP_CERTSTATUS_GOOD },
		{ "/delegated", V_OCSP_CERTSTATUS_GOOD },
		{ "/other-signer", V_OCSP_CERTSTATUS_GOOD },
		{ "/malformed", 1000 + OCSP_RESPONSE_STATUS_MALFORMEDREQUEST },
		{ "/internal-error", 1000 + OCSP_RESPONSE_STATUS_INTERNALERROR },
		{ "/try-later", 1000 + OCSP_RESPONSE_STATUS_TRYLATER },
		{ "/unauthorized", 1000 + OCSP_RESPONSE_STATUS_UNAUTHORIZED },
		{ "/cut", -1 },
		{ "/of-another", 1000 + OCSP_RESPONSE_STATUS_UNAUTHORIZED },
	};
	char text[1200] = "ca root\nca another\ncertificate leaf under root\n"
			  "https show\n  certificate leaf chain root\n"
			  "web web\n  at /of-another ocsp another\n";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) - 1; i++) {
		size_t at = strlen(text);
		snprintf(text + at, sizeof(text) - at, "  at %s ocsp root %s\n", rows[i].path,
			 rows[i].path + 1);
	}
	open_lab(text);
	struct visit_tls tls = { .sni = "x" };
	struct visit_spec spec = { .tls = &tls };
	visit("show", &spec);
	X509 *leaf = sent(0), *root = sent(1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(ask(rows[i].path, leaf, root), rows[i].state);
	get("/good/bm90IGEgcmVxdWVzdA%3D%3D"); /* no place */
	assert_int_equal(last()->status, 404);
	X509_free(leaf);
	X509_free(root);
	close_lab();
}

static void test_staple(void **state)
{
	static const struct {
		const char *word;
		int state;
	} rows[] = { { "good", V_OCSP_CERTSTATUS_GOOD }, { "revoked", V_OCSP_CERTSTATUS_REVOKED } };
	for (size_t i = 0; i < 2; i++) {
		struct visit_tls tls = { .sni = "x", .ask_staple = true };
		struct visit_spec spec = { .tls = &tls };
		char text[300];
		snprintf(text, sizeof(text), CERTS "https web\n  certificate vpn\n  staple %s\n",
			 rows[i].word);
		open_lab(text);
		visit("web", &spec);
		expect_last(VISIT_TLS, CW_OUT_OK);
		assert_int_equal(ocsp_state(last()->staple.at, last()->staple.len), rows[i].state);
		close_lab();
	}
}

/* ---- SSTP ---- */

static void test_sstp(void **state)
{
	static const struct {
		const char *line;
		enum cw_outcome outcome;
		int status;
	} rows[] = {
		{ "", CW_OUT_OK, 200 },
		{ "  answer drip\n", CW_OUT_TIMEOUT, 0 },
		{ "  answer nak 4\n", CW_OUT_SSTP_NAK, 200 },
		{ "  answer abort 6\n", CW_OUT_SSTP_ABORT, 200 },
		{ "  answer status 503\n", CW_OUT_HTTP_STATUS, 503 },
		{ "  answer mute\n", CW_OUT_TIMEOUT, 200 },
		{ "  answer silent\n", CW_OUT_TIMEOUT, 0 },
		{ "  answer hang-up\n", CW_OUT_CLOSED, 0 },
		{ "  answer reset\n", CW_OUT_RESET, 0 },
		{ "  answer hang-up-call\n", CW_OUT_CLOSED, 200 },
		{ "  answer garbage\n", CW_OUT_MALFORMED, 200 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct visit_tls tls = { .sni = "vpn.contoso.example" };
		struct visit_spec spec = { .tls = &tls,
					   .sstp = true,
					   .sstp_host = "vpn.contoso.example",
					   .sstp_correlation_id =
						   "{01234567-0123-4123-8123-0123456789ab}" };
		char text[300];
		snprintf(text, sizeof(text), CERTS "sstp web\n  certificate vpn\n%s", rows[i].line);
		open_lab(text);
		visit("web", &spec);
		expect_last(VISIT_SSTP, rows[i].outcome);
		assert_int_equal(last()->status, rows[i].status);
		if (rows[i].outcome == CW_OUT_SSTP_NAK)
			assert_int_equal(last()->sstp_status, 4);
		close_lab();
	}
}

/* ---- proxies ---- */

static const char *const logins[] = { "basic", "digest", "ntlm", "negotiate" };
static const enum proxy_auth auths[] = { PROXY_AUTH_BASIC, PROXY_AUTH_DIGEST, PROXY_AUTH_NTLM,
					 PROXY_AUTH_NEGOTIATE };

/* The status of a plain request through the proxy. */
static int through(const struct visit_proxy *proxy, const char *url)
{
	struct visit_request request = {
		.method = "GET", .target = expand(url), .host = "web", .answer_most = 65536
	};
	struct visit_spec spec = { .proxy = proxy, .request = &request };
	visit("proxy", &spec);
	return last()->status;
}

static void test_logins(void **state)
{
	static const char url[] = "http://web.contoso.example:@web:port/";
	for (size_t i = 0; i < 3; i++) { /* Negotiate needs a ticket, which nobody here has */
		struct visit_proxy proxy = { .host = "proxy" };
		char text[500];
		snprintf(text, sizeof(text),
			 DNS "web web\n  at * page \"It works\"\nproxy proxy\n  login %s\n"
			     "  user jo \"pass word\"\n",
			 logins[i]);
		open_lab(text);
		assert_int_equal(through(&proxy, url), 407);
		assert_int_equal(last()->scheme_count, 1);
		assert_int_equal(lab_server_hits(b.lab, "web"), 0);
		proxy = (struct visit_proxy){ "proxy", false, auths[i], "jo", "wrong" };
		assert_int_equal(through(&proxy, url), 407);
		proxy.password = "pass word";
		assert_int_equal(through(&proxy, url), 200);
		assert_true(body_has("It works"));
		assert_int_equal(lab_server_hits(b.lab, "web"), 1);
		proxy.user = "joe";
		assert_int_equal(through(&proxy, url), 407);
		close_lab();
	}
}

static void test_exempt(void **state)
{
	struct visit_proxy proxy = { .host = "proxy" };
	open_lab(DNS "web web\n  at * page\nproxy proxy\n  login basic\n  user jo x\n"
		     "  exempt http://web.contoso.example:@web:port/pki/*\n");
	assert_int_equal(through(&proxy, "http://web.contoso.example:@web:port/pki/a.crl"), 200);
	assert_int_equal(through(&proxy, "http://web.contoso.example:@web:port/a.crl"), 407);
	close_lab();
}

static void test_proxy_answers(void **state)
{
	struct visit_proxy proxy = { .host = "proxy" };
	open_lab(DNS "web web\n  at * page\nweb shut\n  closed\nproxy proxy\n"
		     "  at http://web.contoso.example:@web:port/blocked* status 403\n"
		     "  at http://web.contoso.example:@web:port/swapped page \"Not here\"\n"
		     "  at http://web.contoso.example:@web:port/cut hang-up\n");
	assert_int_equal(through(&proxy, "http://web.contoso.example:@web:port/blocked/x"), 403);
	assert_int_equal(through(&proxy, "http://web.contoso.example:@web:port/swapped"), 200);
	assert_true(body_has("Not here"));
	(void)through(&proxy, "http://web.contoso.example:@web:port/cut");
	assert_int_equal(last()->outcome, CW_OUT_CLOSED);
	assert_int_equal(lab_server_hits(b.lab, "web"), 0);
	assert_int_equal(through(&proxy, "http://alias.contoso.example:@web:port/"), 200);
	assert_int_equal(through(&proxy, "http://nobody.contoso.example:@web:port/"), 503);
	assert_int_equal(through(&proxy, "http://@shut:addr/"), 502);
	assert_int_equal(through(&proxy, "http://127.0.0.1:9/"), 502); /* none of the lab's */
	close_lab();
}

static void tunnel(const char *to, const struct visit_proxy *proxy)
{
	struct visit_tls tls = { .sni = "web.contoso.example" };
	struct visit_request request = {
		.method = "GET", .target = "/", .host = "web", .answer_most = 65536
	};
	struct visit_spec spec = {
		.proxy = proxy, .connect_to = expand(to), .tls = &tls, .request = &request
	};
	visit("proxy", &spec);
}

static void test_tunnel(void **state)
{
	struct visit_proxy proxy = { .host = "proxy" };
	open_lab(CERTS DNS "https web\n  certificate vpn\n  at * page \"It works\"\n"
			   "proxy proxy\n  at other.contoso.example:443 status 403\n");
	tunnel("web.contoso.example:@web:port", &proxy);
	expect_last(VISIT_HTTP, CW_OUT_OK);
	assert_true(body_has("It works"));
	expect_sent(0, "vpn.contoso.example", "issuing");
	tunnel("other.contoso.example:443", &proxy);
	expect_last(VISIT_PROXY, CW_OUT_HTTP_STATUS);
	assert_int_equal(last()->status, 403);
	close_lab();
}

static void test_inspection(void **state)
{
	struct visit_proxy proxy = { .host = "proxy" };
	open_lab(CERTS DNS "ca filter\n  subject \"Contoso Web Filter\"\n"
			   "https web\n  certificate vpn\n  at * page \"It works\"\n"
			   "proxy proxy\n  inspect filter\n");
	for (cw_ms rtt = 0; rtt < 40; rtt += 30) {
		lab_set_rtt(b.lab, rtt);
		tunnel("web.contoso.example:@web:port", &proxy);
		expect_last(VISIT_HTTP, CW_OUT_OK);
		assert_true(body_has("It works"));
		expect_sent(0, "web.contoso.example", "Contoso Web Filter");
	}
	close_lab();
}

static void test_tls_to_the_proxy(void **state)
{
	struct visit_proxy proxy = { .host = "vpn.contoso.example", .tls = true };
	open_lab(CERTS DNS "https web\n  certificate vpn\n  at * page \"It works\"\n"
			   "proxy proxy\n  certificate vpn\n");
	tunnel("web.contoso.example:@web:port", &proxy);
	expect_last(VISIT_HTTP, CW_OUT_OK);
	assert_true(body_has("It works"));
	assert_int_equal(hop[1].hop, VISIT_PROXY_TLS);
	close_lab();
}

/* Everything open while connections are under way. */
static void test_closing_in_the_middle(void **state)
{
	int error;
	open_lab(CERTS DNS "https web\n  certificate vpn\n  delay 5s\nproxy proxy\n  inspect root\n"
			   "sstp vpn\n  certificate vpn\n");
	int fd[] = { bench_socket(&b, "web", SOCK_STREAM, &error),
		     bench_socket(&b, "proxy", SOCK_STREAM, &error),
		     bench_socket(&b, "vpn", SOCK_STREAM, &error) };
	const char *text = expand("CONNECT @web:addr HTTP/1.1\r\nHost: x\r\n\r\n");
	bench_pump(&b, 20);
	assert_true(send(fd[1], text, strlen(text), MSG_NOSIGNAL) > 0);
	bench_pump(&b, 20);
	close_lab();
	for (size_t i = 0; i < 3; i++)
		close(fd[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_rtt),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_reset_after_handshake),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_other_certificate_for_a_name),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_client_certificate),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_responders),
		cmocka_unit_test(test_staple),
		cmocka_unit_test(test_sstp),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_proxy_answers),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_inspection),
		cmocka_unit_test(test_tls_to_the_proxy),
		cmocka_unit_test(test_closing_in_the_middle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
