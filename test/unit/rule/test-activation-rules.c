#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define FAMILY activation_family
#define RULES  activation_rules
#define HOPS \
	{ \
		"name", "tcp", "proxy", "tls", "cert", "crl", "http" \
	}
#include "rule_cases.h"

/* clang-format off */
#define HOST "activation.sls.microsoft.com"
#define URL "https://" HOST "/"
#define OWN "act.contoso.com"
#define DNS "10.0.0.10:53"
#define PEER "203.0.113.5:443"
#define LEAF "CN=" HOST
#define CA "CN=Microsoft~Secure~Server~CA~2011"
#define ROOT "CN=Microsoft~Root~Certificate~Authority~2011"
#define CRL1 "http://www.microsoft.com/pkiops/crl/MicSecSerCA2011_2011-10-18.crl"
#define CRL2 "http://crl.microsoft.com/pki/crl/products/MicRooCerAut2011_2011_03_22.crl"
#define PRINTED "http://crl.microsoft.com/pki/crl/productsMicrosoftProductSecureServer.crl"
#define MEANT "http://crl.microsoft.com/pki/crl/products/MicrosoftProductSecureServer.crl"

#define TARGET_AT(url, host, port) "target " url " ok url=" url " host=" host " port=" port " source=table\n"
#define TARGET TARGET_AT(URL, HOST, "443")
#define HTTP_TARGET TARGET_AT("http://go.microsoft.com/", "go.microsoft.com", "80")
#define LIST_TARGET(url) TARGET_AT(url, "crl.microsoft.com", "80")
#define ADDRESS(outcome, family, fields) \
	"dns.address " HOST " " outcome " server=" DNS " host=" HOST " origin=activation family=" family " " fields "\n"
#define A ADDRESS("ok", "ipv4", "addresses=203.0.113.5") ADDRESS("no-data", "ipv6", "")
#define TCP(outcome) "tcp.connect " PEER " " outcome " host=" HOST " port=443 origin=activation\n"
#define TLS_BY(peer, route, outcome, fields) \
	"tls.handshake " peer " " outcome " host=" HOST " route=" route " sni=" HOST " version=TLS~1.2 " fields "\n"
#define CERT_BY(route, sha, depth, subject, issuer) \
	"cert " sha " ok host=" HOST " route=" route " depth=" depth " cert_subject=" subject " cert_issuer=" issuer \
	" not_before=2026-01-01T00:00:00Z not_after=2026-12-31T00:00:00Z\n"
#define CERTS_BY(route) CERT_BY(route, "aa", "0", LEAF, CA) CERT_BY(route, "bb", "1", CA, ROOT)
#define CHAIN_BY(peer, route) \
	"cert.chain " peer " ok host=" HOST " route=" route " sni=" HOST " sha256=aa chain_built=" LEAF "," CA "," ROOT " root=" ROOT "\n"
#define FAULT_BY(peer, route, why, code) \
	"cert.fault " peer " ok host=" HOST " route=" route " why=" why " code=" code " depth=0 cert_subject=" LEAF " sha256=aa\n"
#define FAULT(why, code) FAULT_BY(PEER, "direct", why, code)
#define SOURCE(url, outcome, route, depth, subject, fields) \
	"cert.revocation " url " " outcome " route=" route " source_type=crl depth=" depth " cert_subject=" subject " " fields "\n"
#define LEAF_CRL(outcome, route, fields) SOURCE(CRL1, outcome, route, "0", LEAF, fields)
#define CA_CRL(outcome, route, fields) SOURCE(CRL2, outcome, route, "1", CA, fields)
#define OCSP(outcome, fields) \
	"cert.revocation http://ocsp.contoso.com/ " outcome " route=direct source_type=ocsp depth=0 cert_subject=" LEAF " " fields "\n"
#define FRESH "this_update=2026-11-01T00:00:00Z next_update=2026-12-01T00:00:00Z"
#define STATUS(route) LEAF_CRL("ok", route, FRESH) CA_CRL("ok", route, FRESH)
#define LIST(url, outcome, route, fields) "cert.revocation " url " " outcome " route=" route " source_type=crl " fields "\n"
#define ANSWER_BY(peer, route, outcome, fields) "http.answer " peer " " outcome " host=" HOST " route=" route " method=GET " fields "\n"
#define CLOCK(host, skew, date) "clock " host " ok skew_s=" skew " date=" date " source=date route=direct\n"

#define WAY TARGET A TCP("ok") TLS_BY(PEER, "direct", "ok", "")
#define UP_TO_CERT WAY CERTS_BY("direct") CHAIN_BY(PEER, "direct")
#define ANSWER ANSWER_BY(PEER, "direct", "ok", "status=200")
#define HEALTHY UP_TO_CERT STATUS("direct") ANSWER

#define PROXY_SET "proxy http://proxy:3128 ok host=proxy port=3128 auth=none source=argument\n"
#define PROXY_UP PROXY_SET "tcp.connect 10.0.0.3:3128 ok host=proxy port=3128 origin=proxy\n"
#define CONNECT(outcome, route, fields) \
	"proxy.answer " HOST ":443 " outcome " url=http://proxy:3128 method=CONNECT route=" route " " fields "\n"
#define GET(url, outcome, route, fields) \
	"proxy.answer " url " " outcome " url=http://proxy:3128 method=GET route=" route " " fields "\n"
#define BASIC "status=407 schemes=Basic realm=x"
#define TUNNEL(route) CONNECT("ok", route, "status=200") TLS_BY(HOST ":443", route, "ok", "") CERTS_BY(route) \
	CHAIN_BY(HOST ":443", route) ANSWER_BY(HOST ":443", route, "ok", "status=200")
#define BY_PROXY TARGET PROXY_UP TUNNEL("proxy") STATUS("proxy")
#define KB816897 TARGET PROXY_UP TUNNEL("proxy") LEAF_CRL("http-status", "proxy", BASIC) CA_CRL("http-status", "proxy", BASIC) \
	STATUS("proxy-user")

static const struct test_case alone[] = {
	{ "healthy", HEALTHY, "clear" },
	{ "healthy, through the proxy", BY_PROXY, "clear" },
	{ "healthy, an authority was met elsewhere in another place",
	  UP_TO_CERT LEAF_CRL("ok", "direct", FRESH) SOURCE(CRL2, "ok", "direct", "2", CA, FRESH) ANSWER, "clear" },
	{ "healthy, through the proxy, direct is dead", BY_PROXY A TCP("timeout") LEAF_CRL("timeout", "direct", "") CA_CRL("timeout", "direct", ""), "clear" },
	{ "healthy, no route for IPv6", HEALTHY "tcp.connect [2001:db8::5]:443 no-route host=" HOST " port=443 origin=activation\n", "clear" },
	{ "healthy, one of two addresses filtered", HEALTHY "tcp.connect 203.0.113.6:443 timeout host=" HOST " port=443 origin=activation\n", "clear" },
	{ "healthy, the article's lists are gone",
	  HEALTHY LIST_TARGET(PRINTED) LIST_TARGET(MEANT) LIST(PRINTED, "http-status", "direct", "status=404") LIST(MEANT, "http-status", "direct", "status=404"), "clear" },
	{ "healthy, the article's lists cannot be reached", HEALTHY LIST_TARGET(MEANT) LIST(MEANT, "timeout", "direct", ""), "clear" },
	{ "healthy, Microsoft's own root and no name", HEALTHY FAULT("root-untrusted", "0x800B0109") FAULT("name", "0x800B010F"), "clear" },
	{ "healthy, Microsoft's own root was not sent", HEALTHY FAULT("chain-incomplete", "0x800B010A"), "clear" },
	{ "healthy, an http endpoint", TARGET_AT("http://go.microsoft.com/", "go.microsoft.com", "80")
	  "http.answer http://go.microsoft.com/ ok host=go.microsoft.com route=direct status=200\n", "clear" },

	{ "healthy, the service says that the bare address is nothing", UP_TO_CERT STATUS("direct") ANSWER_BY(PEER, "direct", "http-status", "status=403"), "clear" },
	{ "healthy, a redirect inside", HTTP_TARGET
	  "http.answer http://go.microsoft.com/ ok host=go.microsoft.com route=direct status=302 location=https://www.microsoft.com/\n", "clear" },

	{ "no name", TARGET ADDRESS("name-missing", "ipv4", "") ADDRESS("name-missing", "ipv6", ""), "cause activation-no-internet" },
	{ "DNS silent", TARGET ADDRESS("timeout", "ipv4", "") ADDRESS("timeout", "ipv6", ""), "cause activation-no-internet" },
	{ "no DNS server", TARGET "client.resolver - none\n", "cause activation-no-internet" },
	{ "filtered", TARGET A TCP("timeout"), "cause activation-no-internet" },
	{ "refused", TARGET A TCP("refused"), "cause activation-no-internet" },
	{ "TLS cut", TARGET A TCP("ok") TLS_BY(PEER, "direct", "reset", ""), "cause activation-no-internet" },
	{ "TLS cut behind the proxy", TARGET PROXY_UP CONNECT("ok", "proxy", "status=200") TLS_BY(HOST ":443", "proxy", "closed", ""),
	  "cause activation-no-internet" },
	{ "no proxy there", TARGET PROXY_SET "tcp.connect 10.0.0.3:3128 timeout host=proxy port=3128 origin=proxy\n", "cause activation-no-internet" },
	{ "no proxy there, and all that is asked by it fails",
	  HEALTHY PROXY_SET "tcp.connect 10.0.0.3:3128 refused host=proxy port=3128 origin=proxy\n" CONNECT("refused", "proxy", "")
	  LEAF_CRL("refused", "proxy", "") CA_CRL("refused", "proxy", ""), "cause activation-no-internet" },
	{ "the proxy hangs up on CONNECT", TARGET PROXY_UP CONNECT("closed", "proxy", ""), "cause activation-no-internet" },
	{ "an http endpoint is silent", TARGET_AT("http://go.microsoft.com/", "go.microsoft.com", "80")
	  "tcp.connect 203.0.113.9:80 ok host=go.microsoft.com port=80 origin=activation\n"
	  "http.answer http://go.microsoft.com/ timeout host=go.microsoft.com route=direct\n", "cause activation-no-internet" },

	{ "the proxy wants a login for the endpoint", TARGET PROXY_UP CONNECT("http-status", "proxy", BASIC), "cause activation-proxy-auth" },
	{ "the proxy wants a login for the endpoint, with one it works",
	  TARGET PROXY_UP CONNECT("http-status", "proxy", BASIC) TUNNEL("proxy-user") STATUS("proxy"), "cause activation-proxy-auth" },
	{ "the proxy wants a login for an http endpoint", TARGET_AT("http://go.microsoft.com/", "go.microsoft.com", "80") PROXY_UP
	  GET("http://go.microsoft.com/", "http-status", "proxy", BASIC), "cause activation-proxy-auth" },
	{ "a transparent proxy wants a login for an http endpoint", HTTP_TARGET
	  "http.answer http://go.microsoft.com/ http-status host=go.microsoft.com route=direct " BASIC "\n", "cause activation-proxy-auth" },
	{ "the proxy takes the machine's login too", TARGET PROXY_UP CONNECT("http-status", "proxy", "status=407 schemes=Negotiate,NTLM,Basic"),
	  "undetermined; warning activation-proxy-auth" },

	{ "KB 816897", KB816897, "cause activation-crl-proxy-auth" },
	{ "KB 816897, direct works", TARGET PROXY_UP TUNNEL("proxy") LEAF_CRL("http-status", "proxy", BASIC) CA_CRL("ok", "proxy", FRESH) STATUS("direct"),
	  "cause activation-crl-proxy-auth" },
	{ "KB 816897, the article's lists alone", BY_PROXY LIST_TARGET(PRINTED) LIST_TARGET(MEANT) GET(PRINTED, "http-status", "proxy", BASIC)
	  GET(MEANT, "http-status", "proxy", BASIC) GET(MEANT, "ok", "proxy-user", "status=200"), "clear; warning activation-crl-proxy-auth" },
	{ "KB 816897, as revocation facts", BY_PROXY LIST_TARGET(MEANT) LIST(MEANT, "http-status", "proxy", BASIC), "cause activation-crl-proxy-auth" },
	{ "KB 816897, an http answer", BY_PROXY LIST_TARGET(MEANT) "http.answer " MEANT " http-status host=crl.microsoft.com route=proxy " BASIC "\n",
	  "cause activation-crl-proxy-auth" },
	{ "a transparent proxy wants a login", UP_TO_CERT ANSWER LEAF_CRL("http-status", "direct", BASIC) CA_CRL("ok", "direct", FRESH),
	  "cause activation-crl-proxy-auth" },
	{ "the issuer's certificate wants a login", BY_PROXY "cert.aia http://www.microsoft.com/pkiops/certs/ca.crt http-status host=www.microsoft.com route=proxy "
	  BASIC "\n", "cause activation-crl-proxy-auth" },
	{ "a login for lists that the machine may make", TARGET PROXY_UP TUNNEL("proxy") CA_CRL("ok", "proxy", FRESH)
	  LEAF_CRL("http-status", "proxy", "status=407 schemes=NTLM"), "undetermined; warning activation-crl-proxy-auth" },

	{ "the proxy forbids", TARGET PROXY_UP CONNECT("http-status", "proxy", "status=403 agent=squid"), "cause activation-http-status" },
	{ "the proxy cannot connect", TARGET PROXY_UP CONNECT("http-status", "proxy", "status=502"), "cause activation-http-status" },
	{ "the endpoint answers 503", UP_TO_CERT STATUS("direct") ANSWER_BY(PEER, "direct", "http-status", "status=503"), "cause activation-http-status" },
	{ "a login page for the endpoint", UP_TO_CERT STATUS("direct") ANSWER_BY(PEER, "direct", "malformed", "content=html"), "cause activation-http-status" },
	{ "a login page for a list", UP_TO_CERT ANSWER LEAF_CRL("malformed", "direct", "content=html") CA_CRL("ok", "direct", FRESH), "cause activation-http-status" },
	{ "OCSP says to try later, and is all there is",
	  UP_TO_CERT ANSWER CA_CRL("ok", "direct", FRESH) OCSP("malformed", "why=trylater content=der"), "cause activation-crl-unreachable" },
	{ "OCSP is down, and is all there is",
	  UP_TO_CERT ANSWER CA_CRL("ok", "direct", FRESH) OCSP("http-status", "status=503"), "cause activation-crl-unreachable" },
	{ "OCSP is down, the list lives", HEALTHY OCSP("http-status", "status=503"), "clear; warning activation-crl-unreachable" },
	{ "OCSP says to try later, the list lives", HEALTHY OCSP("malformed", "why=trylater content=der"),
	  "clear; warning activation-crl-unreachable" },
	{ "OCSP is no answer, the list lives", HEALTHY OCSP("malformed", "why=malformed content=other"), "clear; warning activation-crl-stale" },
	{ "OCSP is forbidden, the list lives", HEALTHY OCSP("http-status", "status=403"), "clear; warning activation-http-status" },
	{ "a list is forbidden", UP_TO_CERT ANSWER LEAF_CRL("http-status", "direct", "status=403") CA_CRL("ok", "direct", FRESH), "cause activation-http-status" },

	{ "the reader's own URL answers 404", "target " URL " ok url=" URL " host=" HOST " port=443 source=argument\n" A TCP("ok")
	  TLS_BY(PEER, "direct", "ok", "") CERTS_BY("direct") CHAIN_BY(PEER, "direct") STATUS("direct")
	  ANSWER_BY(PEER, "direct", "http-status", "status=404"), "cause activation-http-status" },
	{ "an http endpoint is forbidden", HTTP_TARGET "http.answer http://go.microsoft.com/ http-status host=go.microsoft.com route=direct status=403\n",
	  "cause activation-http-status" },
	{ "an http endpoint leads to a login page", HTTP_TARGET
	  "http.answer http://go.microsoft.com/ ok host=go.microsoft.com route=direct status=302 location=http://login.hotel.example/?to=x\n",
	  "cause activation-http-status" },

	{ "inspected by the proxy", BY_PROXY A TCP("ok") TLS_BY(PEER, "direct", "ok", "")
	  "cert.chain " PEER " ok host=" HOST " route=direct sha256=ee chain_built=CN=x root=CN=Another~Root\n", "cause activation-tls-intercepted" },
	{ "inspected, known maker", WAY CERT_BY("direct", "aa", "0", LEAF, "CN=Zscaler~Intermediate") CHAIN_BY(PEER, "direct") STATUS("direct") ANSWER,
	  "cause activation-tls-intercepted" },
	{ "an unknown root for Microsoft's name", WAY CERT_BY("direct", "aa", "0", LEAF, "CN=Office~Filter") CHAIN_BY(PEER, "direct") STATUS("direct") ANSWER
	  FAULT("root-untrusted", "0x800B0109"), "cause activation-tls-intercepted" },
	{ "an unknown root, with more faults", WAY CERT_BY("direct", "aa", "0", LEAF, "CN=Office~Filter") CHAIN_BY(PEER, "direct") ANSWER
	  FAULT("root-untrusted", "0x800B0109") FAULT("name", "0x800B010F") FAULT("no-revocation-source", "0x80092012"),
	  "cause activation-tls-intercepted; consequence activation-cert-invalid<activation-tls-intercepted; "
	  "consequence activation-cert-no-cdp<activation-tls-intercepted" },
	{ "our clock", UP_TO_CERT STATUS("direct") ANSWER FAULT("expired", "0x800B0101") CLOCK(HOST, "-34560000", "2026-11-22T04:00:00Z"),
	  "cause activation-clock-skew; consequence activation-cert-invalid<activation-clock-skew" },
	{ "our clock, and the lists look old",
	  UP_TO_CERT ANSWER LEAF_CRL("stale", "direct", FRESH) CA_CRL("stale", "direct", FRESH) CLOCK(HOST, "-5184000", "2026-11-22T04:00:00Z"),
	  "cause activation-clock-skew; consequence activation-crl-stale<activation-clock-skew" },
	{ "our clock, five hours", HEALTHY CLOCK(HOST, "18000", "2026-11-22T04:00:00Z"), "clear; warning activation-clock-skew" },
	{ "expired", HEALTHY FAULT("expired", "0x800B0101"), "cause activation-cert-invalid" },
	{ "another name, not Microsoft's", WAY CERT_BY("direct", "aa", "0", "CN=portal", "CN=Public~CA") CHAIN_BY(PEER, "direct") STATUS("direct") ANSWER
	  FAULT("name", "0x800B010F"), "cause activation-cert-invalid" },
	{ "no source named", UP_TO_CERT CA_CRL("ok", "direct", FRESH) ANSWER FAULT("no-revocation-source", "0x80092012"), "cause activation-cert-no-cdp" },
	{ "revoked", UP_TO_CERT CA_CRL("ok", "direct", FRESH) LEAF_CRL("revoked", "direct", FRESH) ANSWER, "cause activation-cert-revoked" },
	{ "list: silence", UP_TO_CERT CA_CRL("ok", "direct", FRESH) LEAF_CRL("timeout", "direct", "") ANSWER, "cause activation-crl-unreachable" },
	{ "list: no name", UP_TO_CERT CA_CRL("ok", "direct", FRESH) LEAF_CRL("name-missing", "direct", "") ANSWER, "cause activation-crl-unreachable" },
	{ "list: LDAP alone", UP_TO_CERT CA_CRL("ok", "direct", FRESH) ANSWER FAULT("revocation-ldap-only", "0x80092013"), "cause activation-crl-unreachable" },
	{ "list: stale", UP_TO_CERT CA_CRL("ok", "direct", FRESH) LEAF_CRL("stale", "direct", FRESH) ANSWER, "cause activation-crl-stale" },
	{ "list: wrong signature", UP_TO_CERT CA_CRL("ok", "direct", FRESH) LEAF_CRL("untrusted", "direct", "") ANSWER, "cause activation-crl-stale" },
};

static const struct test_case together[] = {
	{ "the proxy wants a login for both", TARGET PROXY_UP CONNECT("http-status", "proxy", BASIC) TUNNEL("proxy-user") LEAF_CRL("http-status", "proxy", BASIC)
	  CA_CRL("http-status", "proxy", BASIC) STATUS("proxy-user"), "cause activation-proxy-auth; cause activation-crl-proxy-auth" },
	{ "one list wants a login, one is stale", TARGET PROXY_UP TUNNEL("proxy") LEAF_CRL("http-status", "proxy", BASIC) CA_CRL("stale", "proxy", FRESH),
	  "cause activation-crl-proxy-auth; cause activation-crl-stale" },
	{ "one endpoint unreachable, another with an old certificate",
	  HEALTHY FAULT("expired", "0x800B0101") TARGET_AT("https://go.microsoft.com/", "go.microsoft.com", "443")
	  "tcp.connect 203.0.113.9:443 timeout host=go.microsoft.com port=443 origin=activation\n", "cause activation-no-internet; cause activation-cert-invalid" },
	{ "a dead name says nothing of certificates", TARGET ADDRESS("name-missing", "ipv4", "") ADDRESS("name-missing", "ipv6", "") CERTS_BY("direct"),
	  "cause activation-no-internet" },
};

static const struct test_case open_ended[] = {
	{ "nothing", "", "undetermined" },
	{ "a target alone", TARGET, "undetermined" },
	{ "only the article's lists", LIST_TARGET(MEANT) LIST(MEANT, "ok", "direct", ""), "undetermined" },
	{ "lookup cancelled", TARGET ADDRESS("cancelled", "ipv4", "") ADDRESS("name-missing", "ipv6", ""), "undetermined" },
	{ "connect: no route", TARGET A TCP("no-route"), "undetermined" },
	{ "one filtered, one cancelled", TARGET A TCP("timeout") "tcp.connect 203.0.113.6:443 cancelled host=" HOST " port=443 origin=activation\n", "undetermined" },
	{ "an http endpoint connects, and was not asked", TARGET_AT("http://go.microsoft.com/", "go.microsoft.com", "80")
	  "tcp.connect 203.0.113.9:80 ok host=go.microsoft.com port=80 origin=activation\n"
	  "tcp.connect 203.0.113.8:80 timeout host=go.microsoft.com port=80 origin=activation\n", "undetermined" },
	{ "the status was not asked for", UP_TO_CERT ANSWER, "undetermined" },
	{ "one endpoint well, one unknown", HEALTHY TARGET_AT("https://go.microsoft.com/", "go.microsoft.com", "443"), "undetermined" },
	{ "direct is well, the proxy is not known", HEALTHY PROXY_UP, "undetermined" },
};
/* clang-format on */

static void test_each_fault_alone(void **state)
{
	run_cases(alone, COUNT(alone));
}

static void test_two_faults_at_once(void **state)
{
	run_cases(together, COUNT(together));
}

static void test_what_is_open_stays_open(void **state)
{
	run_cases(open_ended, COUNT(open_ended));
}

static void test_every_rule_has_a_case_of_its_own(void **state)
{
	static const char *const warnings[] = { NULL };
	each_rule_is_alone_somewhere(alone, COUNT(alone), warnings);
}

static void test_rules_are_whole(void **state)
{
	check_rules();
	check_causes("activation-");
}

static void test_texts_have_no_gaps(void **state)
{
	check_texts_of(alone, COUNT(alone));
	check_texts_of(together, COUNT(together));
	check_texts_of(open_ended, COUNT(open_ended));
}

static void test_closing_lines(void **state)
{
	assert_string_equal(closing_of(HEALTHY),
			    "The way is clear: " URL " is reached, and its certificate and the "
			    "revocation status are good.");
	assert_string_equal(closing_of(KB816897),
			    "No way: the proxy asks for a login for "
			    "revocation lists: www.microsoft.com, crl.microsoft.com (32777).");
	assert_non_null(strstr(closing_of(TARGET), "Try: clearway check activation -v"));
}

/* The list of URLs is exact, in both forms, with the contrast beside the evidence. */
static void test_the_situation_of_kb_816897(void **state)
{
	const struct finding *f = finding_of(KB816897, "activation-crl-proxy-auth");
	assert_true(has_evidence(f, CRL1 " [proxy] (CRL for " LEAF ") -> 407 after 12 ms: want it "
					 "without a login, have the proxy ask for one (Basic)"));
	assert_true(has_evidence(f, CRL1 " [proxy, login]: fine after 12 ms"));
	assert_string_equal(f->fixes->snippet, CRL1 "\n" CRL2);
	assert_true(has_snippet(f, "acl clearway_urls url_regex -i ^http://www\\.microsoft\\.com/"
				   "pkiops/crl/MicSecSerCA2011_2011-10-18\\.crl$\n"));
	assert_true(has_snippet(f, "http_access allow clearway_urls"));
	assert_true(has_snippet(f, "slui 4"));
	const char *last = cw_text_render(arena, &f->last_fix->text, NULL);
	assert_non_null(strstr(last, "Not recommended"));
	assert_non_null(strstr(last, "switch both on again"));
}

/* Two URLs are printed without a slash: the reader is told to take both spellings. */
static void test_both_spellings_are_exempted(void **state)
{
	const struct finding *f =
		finding_of(BY_PROXY LIST_TARGET(PRINTED) LIST_TARGET(MEANT)
				   GET(PRINTED, "http-status", "proxy", BASIC)
					   GET(MEANT, "http-status", "proxy", BASIC),
			   "activation-crl-proxy-auth");
	assert_string_equal(f->fixes->snippet, PRINTED "\n" MEANT);
	assert_true(has_step(f, "both spellings"));
	f = finding_of(KB816897, "activation-crl-proxy-auth");
	assert_false(has_step(f, "both spellings"));
}

static void test_fixes_carry_the_readers_own_names(void **state)
{
	const struct finding *f = finding_of(TARGET PROXY_UP CONNECT("http-status", "proxy", BASIC),
					     "activation-proxy-auth");
	assert_true(has_snippet(f, URL));
	assert_true(has_snippet(f, "acl clearway_hosts dstdomain " HOST "\n"
				   "http_access allow CONNECT clearway_hosts"));
	f = finding_of(TARGET A TCP("timeout"), "activation-no-internet");
	assert_true(has_snippet(f, "Test-NetConnection " HOST " -Port 443"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", "direct", FRESH) LEAF_CRL("timeout", "direct", "")
			       ANSWER,
		       "activation-crl-unreachable");
	assert_true(has_snippet(f, CRL1));
}

static void test_odd_names_stay_out_of_commands(void **state)
{
	const struct finding *f =
		finding_of(BY_PROXY LIST("http://x/$(id).crl", "http-status", "proxy", BASIC)
				   LIST("http://x/';rm^-rf^/;'.crl", "http-status", "proxy", BASIC),
			   "activation-crl-proxy-auth");
	for (const struct fix *x = f->fixes; x; x = x->next)
		assert_true(!x->snippet ||
			    (!strstr(x->snippet, "$(id)") && !strstr(x->snippet, "rm -rf")));
}

static void test_rows_of_hops(void **state)
{
	assert_string_equal(row_of_hops(HEALTHY), "+name +tcp +tls +cert +crl +http");
	assert_string_equal(row_of_hops(BY_PROXY), "+name +tcp +proxy +tls +cert +crl +http");
	assert_string_equal(row_of_hops(KB816897), "+name +tcp +proxy +tls +cert !crl +http");
	assert_string_equal(row_of_hops(TARGET PROXY_UP CONNECT("http-status", "proxy", BASIC)),
			    "+name +tcp !proxy -tls -cert -crl -http");
	assert_string_equal(row_of_hops(TARGET A TCP("timeout")),
			    "+name !tcp -tls -cert -crl -http");
	assert_string_equal(row_of_hops(TARGET ADDRESS("name-missing", "ipv4", "")
						ADDRESS("name-missing", "ipv6", "")),
			    "!name -tcp -tls -cert -crl -http");
	assert_string_equal(row_of_hops(TARGET A TCP("ok") TLS_BY(PEER, "direct", "reset", "")),
			    "+name +tcp !tls -cert -crl -http");
	assert_string_equal(row_of_hops(TARGET A TCP("cancelled")),
			    "+name ?tcp ?tls ?cert ?crl ?http");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_fault_alone),
		TEST(test_two_faults_at_once),
		TEST(test_what_is_open_stays_open),
		TEST(test_every_rule_has_a_case_of_its_own),
		TEST(test_rules_are_whole),
		TEST(test_texts_have_no_gaps),
		TEST(test_closing_lines),
		TEST(test_the_situation_of_kb_816897),
		TEST(test_both_spellings_are_exempted),
		TEST(test_fixes_carry_the_readers_own_names),
		TEST(test_odd_names_stay_out_of_commands),
		TEST(test_rows_of_hops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
