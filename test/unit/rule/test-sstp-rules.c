#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define FAMILY sstp_family
#define RULES  sstp_rules
#define HOPS \
	{ \
		"name", "tcp", "proxy", "tls", "cert", "crl", "sstp" \
	}
#include "rule_cases.h"

/* clang-format off */
#define VPN "vpn.contoso.com"
#define DNS "10.0.0.10:53"
#define PEER1 "192.0.2.7:443"
#define PEER2 "192.0.2.8:443"
#define LEAF "CN=vpn.contoso.com"
#define CA "CN=Contoso~CA"
#define ROOT "CN=Contoso~Root"
#define CRL1 "http://crl.contoso.com/ca.crl"
#define CRL2 "http://crl.contoso.com/root.crl"

#define TARGET "target " VPN ":443 ok host=" VPN " port=443 source=argument\n"
#define ADDRESS(outcome, family, fields) \
	"dns.address " VPN " " outcome " server=" DNS " host=" VPN " origin=sstp family=" family " " fields "\n"
#define A ADDRESS("ok", "ipv4", "addresses=192.0.2.7") ADDRESS("no-data", "ipv6", "")
#define A_BOTH ADDRESS("ok", "ipv4", "addresses=192.0.2.7,192.0.2.8") ADDRESS("no-data", "ipv6", "")
#define TCP(peer, outcome) "tcp.connect " peer " " outcome " host=" VPN " port=443 origin=sstp\n"
#define TLS_BY(peer, route, outcome, fields) \
	"tls.handshake " peer " " outcome " host=" VPN " route=" route " sni=" VPN " " fields "\n"
#define TLS(peer, outcome, fields) TLS_BY(peer, "direct", outcome, fields)
#define TLS_NO_NAME(peer, outcome, fields) \
	"tls.handshake " peer " " outcome " host=" VPN " route=direct sni=none " fields "\n"
#define VERSION(peer, outcome, version) \
	"tls.version " peer " " outcome " host=" VPN " route=direct version=" version "\n"
#define CERT(sha, depth, subject, issuer, fields) \
	"cert " sha " ok host=" VPN " route=direct depth=" depth " cert_subject=" subject " cert_issuer=" issuer \
	" not_before=2026-01-01T00:00:00Z not_after=2026-12-31T00:00:00Z " fields "\n"
#define CERTS CERT("aa", "0", LEAF, CA, "names=" VPN) CERT("bb", "1", CA, ROOT, "") CERT("cc", "2", ROOT, ROOT, "")
#define CHAIN_BY(peer, route, fields) \
	"cert.chain " peer " ok host=" VPN " route=" route " sni=" VPN " sha256=aa chain_sent=" LEAF "," CA \
	" chain_built=" LEAF "," CA "," ROOT " root=" ROOT " " fields "\n"
#define CHAIN(peer) CHAIN_BY(peer, "direct", "")
#define FAULT_OF(peer, why, code, depth, subject, fields) \
	"cert.fault " peer " ok host=" VPN " route=direct why=" why " code=" code " depth=" depth " cert_subject=" subject \
	" sha256=aa detail=want~better,~have~" why " " fields "\n"
#define FAULT(why, code) FAULT_OF(PEER1, why, code, "0", LEAF, "")
#define SOURCE(url, type, outcome, route, depth, subject, fields) \
	"cert.revocation " url " " outcome " host=" VPN " route=" route " source_type=" type " depth=" depth \
	" cert_subject=" subject " " fields "\n"
#define LEAF_CRL(outcome, fields) SOURCE(CRL1, "crl", outcome, "direct", "0", LEAF, fields)
#define CA_CRL(outcome, fields) SOURCE(CRL2, "crl", outcome, "direct", "1", CA, fields)
#define FRESH "this_update=2026-11-01T00:00:00Z next_update=2026-12-01T00:00:00Z"
#define OCSP(outcome, fields) SOURCE("http://ocsp.contoso.com/", "ocsp", outcome, "direct", "0", LEAF, fields)
#define GOOD_STATUS LEAF_CRL("ok", FRESH) CA_CRL("ok", FRESH)
#define CALL_BY(peer, route, outcome, fields) \
	"sstp.call " peer " " outcome " host=" VPN " route=" route " correlation={1} " fields "\n"
#define CALL(peer, outcome, fields) CALL_BY(peer, "direct", outcome, fields)
#define CLOCK(host, skew, date) "clock " host " ok skew_s=" skew " date=" date " source=date route=direct\n"
#define CLOCK_GOOD CLOCK(VPN, "1", "2026-11-22T04:00:00Z")

#define UP_TO_TLS TARGET A TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.2 hello=yes")
#define UP_TO_CERT UP_TO_TLS CERTS CHAIN(PEER1)
#define UP_TO_CALL UP_TO_CERT GOOD_STATUS CLOCK_GOOD
#define TAKEN CALL(PEER1, "ok", "status=200 agent=Microsoft-HTTPAPI/2.0")
#define HEALTHY UP_TO_CALL TAKEN
#define BAD_CERT(why, code) HEALTHY FAULT(why, code)
#define SECOND(outcome) TARGET A_BOTH TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.2") CERTS CHAIN(PEER1) \
	GOOD_STATUS TAKEN TCP(PEER2, outcome)

#define PROXY "proxy http://proxy:3128 ok host=proxy port=3128 auth=none source=argument\n" \
	"dns.address proxy ok server=" DNS " host=proxy origin=proxy family=ipv4 addresses=10.0.0.3\n"
#define PROXY_UP PROXY "tcp.connect 10.0.0.3:3128 ok host=proxy port=3128 origin=proxy\n"
#define CONNECT(outcome, route, fields) \
	"proxy.answer " VPN ":443 " outcome " url=http://proxy:3128 method=CONNECT route=" route " " fields "\n"
#define BY_PROXY(route) TLS_BY(VPN ":443", route, "ok", "version=TLS~1.2") CERTS CHAIN_BY(VPN ":443", route, "") \
	GOOD_STATUS CALL_BY(VPN ":443", route, "ok", "status=200")
#define LOGIN "status=407 schemes=Basic realm=x"

static const struct test_case alone[] = {
	{ "healthy", HEALTHY, "clear" },
	{ "healthy, by OCSP", UP_TO_CERT CA_CRL("ok", FRESH) SOURCE("http://ocsp.contoso.com/", "ocsp", "ok", "direct", "0", LEAF, "") TAKEN, "clear" },
	{ "healthy, by a stapled answer", UP_TO_CERT CA_CRL("ok", FRESH) SOURCE("staple^" PEER1, "staple", "ok", "direct", "0", LEAF, "") TAKEN, "clear" },
	{ "healthy, two addresses", SECOND("ok") TLS(PEER2, "ok", "version=TLS~1.2") CHAIN(PEER2) CALL(PEER2, "ok", ""), "clear" },
	{ "healthy, no route for IPv6", HEALTHY TCP("[2001:db8::7]:443", "no-route"), "clear" },
	{ "healthy, through the proxy", TARGET PROXY_UP CONNECT("ok", "proxy", "status=200") BY_PROXY("proxy"), "clear" },
	{ "healthy, through the proxy, nothing direct",
	  TARGET ADDRESS("name-missing", "ipv4", "") ADDRESS("name-missing", "ipv6", "") PROXY_UP CONNECT("ok", "proxy", "status=200") BY_PROXY("proxy"), "clear" },
	{ "healthy, by an address", "target 192.0.2.7:443 ok host=192.0.2.7 port=443\n"
	  "tcp.connect 192.0.2.7:443 ok host=192.0.2.7 port=443 origin=sstp\n"
	  "tls.handshake 192.0.2.7:443 ok host=192.0.2.7 route=direct sni=none version=TLS~1.3\n"
	  "cert.chain 192.0.2.7:443 ok host=192.0.2.7 route=direct sha256=aa chain_built=CN=192.0.2.7 root=CN=192.0.2.7\n"
	  "sstp.call 192.0.2.7:443 ok host=192.0.2.7 route=direct status=200\n", "clear" },
	{ "healthy, another certificate without the name", HEALTHY TLS_NO_NAME(PEER1, "ok", "version=TLS~1.2")
	  "cert.chain " PEER1 " ok host=" VPN " route=direct sni=none sha256=zz chain_built=CN=default root=CN=FortiGate~CA\n", "clear" },
	{ "healthy, no DNS server and a proxy",
	  TARGET "client.resolver - none\n" PROXY_UP CONNECT("ok", "proxy", "status=200") BY_PROXY("proxy"), "clear" },
	{ "healthy, TLS 1.0 taken too", HEALTHY VERSION(PEER1, "ok", "TLS~1.0") VERSION(PEER1, "ok", "TLS~1.2"), "clear" },
	{ "healthy, a client certificate is optional",
	  TARGET A TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.2 client_cert=yes") CERTS CHAIN(PEER1) GOOD_STATUS TAKEN, "clear" },
	{ "healthy, the clock a little off", UP_TO_CERT GOOD_STATUS TAKEN CLOCK(VPN, "90", "2026-11-22T04:00:00Z"), "clear" },
	{ "healthy, one cache has an old date", HEALTHY CLOCK("crl.contoso.com", "-90000", "2026-11-21T03:00:00Z"), "clear" },
	{ "healthy, what a list said comes again as a fault", HEALTHY FAULT("revocation-unreachable", "0x80092013"), "clear" },

	{ "no such name", TARGET ADDRESS("name-missing", "ipv4", "rcode=NXDOMAIN") ADDRESS("name-missing", "ipv6", "rcode=NXDOMAIN"),
	  "cause sstp-name-unresolved" },
	{ "a name without address", TARGET ADDRESS("no-data", "ipv4", "") ADDRESS("no-data", "ipv6", ""), "cause sstp-name-unresolved" },
	{ "DNS silent", TARGET ADDRESS("timeout", "ipv4", "") ADDRESS("timeout", "ipv6", ""), "cause sstp-name-unresolved" },
	{ "no DNS server", TARGET "client.resolver - none\n", "cause sstp-name-unresolved" },
	{ "not a name", "target a..b invalid why=empty-label\n", "cause sstp-name-unresolved" },
	{ "filtered", TARGET A TCP(PEER1, "timeout"), "cause sstp-unreachable" },
	{ "unreachable", TARGET A "tcp.connect " PEER1 " unreachable host=" VPN " port=443 origin=sstp icmp=host~unreachable icmp_from=192.0.2.1\n",
	  "cause sstp-unreachable" },
	{ "refused", TARGET A TCP(PEER1, "refused"), "cause sstp-not-listening" },
	{ "reset at once", TARGET A TCP(PEER1, "reset"), "cause sstp-not-listening" },
	{ "one of two filtered", SECOND("timeout"), "cause sstp-partly-broken; consequence sstp-unreachable<sstp-partly-broken" },
	{ "one of two refuses", SECOND("refused"), "cause sstp-partly-broken; consequence sstp-not-listening<sstp-partly-broken" },
	{ "one of two without certificate", SECOND("ok") TLS(PEER2, "closed", ""),
	  "cause sstp-partly-broken; consequence sstp-no-certificate<sstp-partly-broken" },
	{ "one of two with the old certificate",
	  SECOND("ok") TLS(PEER2, "ok", "version=TLS~1.2") CHAIN(PEER2) CALL(PEER2, "ok", "") FAULT_OF(PEER2, "expired", "0x800B0101", "0", LEAF, ""),
	  "cause sstp-partly-broken; consequence sstp-cert-expired<sstp-partly-broken" },
	{ "one of two is a web server", SECOND("ok") TLS(PEER2, "ok", "version=TLS~1.2") CHAIN(PEER2) CALL(PEER2, "http-status", "status=404 agent=nginx"),
	  "cause sstp-partly-broken; consequence sstp-not-sstp<sstp-partly-broken" },

	{ "the proxy wants a login", TARGET PROXY_UP CONNECT("http-status", "proxy", LOGIN), "cause sstp-proxy-blocks" },
	{ "the proxy wants a login, with one it works",
	  TARGET PROXY_UP CONNECT("http-status", "proxy", LOGIN) CONNECT("ok", "proxy-user", "status=200") BY_PROXY("proxy-user"), "cause sstp-proxy-blocks" },
	{ "the proxy wants a login, direct is filtered too",
	  TARGET A TCP(PEER1, "timeout") PROXY_UP CONNECT("http-status", "proxy", LOGIN), "cause sstp-proxy-blocks" },
	{ "the proxy forbids", TARGET PROXY_UP CONNECT("http-status", "proxy", "status=403 agent=squid"), "cause sstp-proxy-blocks" },
	{ "the proxy forbids, direct works", HEALTHY PROXY_UP CONNECT("http-status", "proxy", "status=403"), "cause sstp-proxy-blocks" },
	{ "the proxy cannot connect, we can", HEALTHY PROXY_UP CONNECT("http-status", "proxy", "status=503"), "cause sstp-proxy-blocks" },
	{ "the proxy talks nonsense", TARGET PROXY_UP CONNECT("malformed", "proxy", ""), "cause sstp-proxy-blocks" },
	{ "no proxy there", TARGET PROXY "tcp.connect 10.0.0.3:3128 refused host=proxy port=3128 origin=proxy\n", "cause sstp-proxy-blocks" },
	{ "no proxy there, and the lists only come direct",
	  HEALTHY PROXY "tcp.connect 10.0.0.3:3128 refused host=proxy port=3128 origin=proxy\n"
	  SOURCE(CRL1, "crl", "refused", "proxy", "0", LEAF, "") SOURCE(CRL2, "crl", "refused", "proxy", "1", CA, ""), "cause sstp-proxy-blocks" },
	{ "no name of the proxy", TARGET "proxy http://p:3128 ok host=p port=3128\ndns.address p name-missing server=" DNS
	  " host=p origin=proxy family=ipv4\ndns.address p name-missing server=" DNS " host=p origin=proxy family=ipv6\n", "cause sstp-proxy-blocks" },
	{ "neither the proxy nor we can connect", TARGET A TCP(PEER1, "timeout") PROXY_UP CONNECT("http-status", "proxy", "status=504"),
	  "cause sstp-unreachable; consequence sstp-proxy-blocks<sstp-unreachable" },

	{ "closed before a byte", TARGET A TCP(PEER1, "ok") TLS(PEER1, "closed", "hello=no"), "cause sstp-no-certificate" },
	{ "reset before a byte, in every shape", TARGET A TCP(PEER1, "ok") TLS(PEER1, "reset", "") TLS_NO_NAME(PEER1, "reset", "")
	  VERSION(PEER1, "reset", "TLS~1.0") VERSION(PEER1, "reset", "TLS~1.2"), "cause sstp-no-certificate" },
	{ "closed behind the ServerHello", TARGET A TCP(PEER1, "ok") TLS(PEER1, "closed", "hello=yes"), "cause sstp-tls-fails" },
	{ "alert", TARGET A TCP(PEER1, "ok") TLS(PEER1, "tls-alert", "alert=handshake_failure"), "cause sstp-tls-fails" },
	{ "closed, and an alert to an old version",
	  TARGET A TCP(PEER1, "ok") TLS(PEER1, "closed", "") VERSION(PEER1, "tls-alert", "TLS~1.0"), "cause sstp-tls-fails" },
	{ "silence in TLS", TARGET A TCP(PEER1, "ok") TLS(PEER1, "timeout", ""), "cause sstp-tls-fails" },
	{ "garbage in TLS", TARGET A TCP(PEER1, "ok") TLS(PEER1, "malformed", ""), "cause sstp-tls-fails" },
	{ "cut by name", TARGET A TCP(PEER1, "ok") TLS(PEER1, "reset", "") TLS_NO_NAME(PEER1, "ok", "version=TLS~1.2"), "cause sstp-tls-fails" },
	{ "client certificate demanded", TARGET A TCP(PEER1, "ok") TLS(PEER1, "tls-alert", "client_cert=yes alert=bad_certificate hello=yes"),
	  "cause sstp-client-certificate; consequence sstp-tls-fails<sstp-client-certificate" },
	{ "client certificate demanded, TLS 1.3",
	  TARGET A TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.3 client_cert=yes") CERTS CHAIN(PEER1) GOOD_STATUS CALL(PEER1, "closed", ""),
	  "cause sstp-client-certificate; consequence sstp-not-sstp<sstp-client-certificate" },
	{ "client certificate demanded by HTTP",
	  TARGET A TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.2 client_cert=yes") CERTS CHAIN(PEER1) GOOD_STATUS CALL(PEER1, "http-status", "status=403"),
	  "cause sstp-client-certificate; consequence sstp-not-sstp<sstp-client-certificate" },
	{ "old TLS alone", TARGET A TCP(PEER1, "ok") TLS(PEER1, "tls-alert", "alert=protocol_version") VERSION(PEER1, "ok", "TLS~1.0")
	  VERSION(PEER1, "tls-alert", "TLS~1.2"), "cause sstp-old-tls; consequence sstp-tls-fails<sstp-old-tls" },
	{ "old TLS, and the handshake works with it", TARGET A TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.1") CERTS CHAIN(PEER1) GOOD_STATUS TAKEN,
	  "clear; warning sstp-old-tls" },
	{ "inspected, known maker", UP_TO_TLS CERT("aa", "0", LEAF, "CN=Zscaler~Intermediate~Root~CA", "") CHAIN(PEER1) GOOD_STATUS TAKEN,
	  "cause sstp-tls-intercepted" },
	{ "inspected, not trusted", UP_TO_TLS CERT("aa", "0", LEAF, "CN=FortiGate~CA", "") CHAIN(PEER1) FAULT("root-untrusted", "0x800B0109")
	  CALL(PEER1, "closed", ""), "cause sstp-tls-intercepted; consequence sstp-cert-untrusted<sstp-tls-intercepted; "
	  "consequence sstp-not-sstp<sstp-tls-intercepted" },
	{ "inspected by the proxy", HEALTHY PROXY_UP CONNECT("ok", "proxy", "status=200") TLS_BY(VPN ":443", "proxy", "ok", "version=TLS~1.2")
	  "cert dd ok host=" VPN " route=proxy depth=0 cert_subject=" LEAF " cert_issuer=CN=Office~Filter\n"
	  "cert.chain " VPN ":443 ok host=" VPN " route=proxy sni=" VPN " sha256=dd chain_built=" LEAF ",CN=Office~Filter root=CN=Office~Filter\n"
	  "cert.fault " VPN ":443 ok host=" VPN " route=proxy why=root-untrusted code=0x800B0109 depth=0 cert_subject=" LEAF " sha256=dd\n"
	  CALL_BY(VPN ":443", "proxy", "ok", "status=200"),
	  "cause sstp-tls-intercepted; consequence sstp-cert-untrusted<sstp-tls-intercepted" },

	{ "our clock is ahead", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("stale", FRESH) TAKEN FAULT("expired", "0x800B0101")
	  CLOCK(VPN, "-34560000", "2026-11-22T04:00:00Z") CLOCK("crl.contoso.com", "-34560001", "2026-11-22T04:00:00Z"),
	  "cause sstp-clock-skew; consequence sstp-cert-expired<sstp-clock-skew; consequence sstp-crl-stale<sstp-clock-skew" },
	{ "our clock is behind", UP_TO_CERT GOOD_STATUS TAKEN FAULT("not-yet-valid", "0x800B0101") CLOCK(VPN, "34560000", "2026-11-22T04:00:00Z"),
	  "cause sstp-clock-skew; consequence sstp-cert-expired<sstp-clock-skew" },
	{ "the clock is off, and the certificate expired by theirs too",
	  UP_TO_CERT GOOD_STATUS TAKEN FAULT("expired", "0x800B0101") CLOCK(VPN, "-1000", "2027-02-01T00:00:00Z"), "cause sstp-cert-expired" },
	{ "the clock is off, and nothing is wrong by it", UP_TO_CERT GOOD_STATUS TAKEN CLOCK(VPN, "-7200", "2026-11-22T04:00:00Z"),
	  "clear; warning sstp-clock-skew" },
	{ "one server's clock agrees with ours", UP_TO_CERT GOOD_STATUS TAKEN FAULT("expired", "0x800B0101") CLOCK(VPN, "-34560000", "2026-11-22T04:00:00Z")
	  CLOCK("crl.contoso.com", "2", "2027-12-27T04:00:00Z"), "cause sstp-cert-expired" },

	{ "expired", BAD_CERT("expired", "0x800B0101"), "cause sstp-cert-expired" },
	{ "not yet valid", BAD_CERT("not-yet-valid", "0x800B0101"), "cause sstp-cert-expired" },
	{ "authority expired", HEALTHY FAULT_OF(PEER1, "ca-expired", "0x800B0101", "1", CA, ""), "cause sstp-cert-expired" },
	{ "untrusted", BAD_CERT("root-untrusted", "0x800B0109"), "cause sstp-cert-untrusted" },
	{ "incomplete", UP_TO_TLS CERTS "cert.chain " PEER1 " ok host=" VPN " route=direct sha256=aa chain_built=" LEAF "\n" LEAF_CRL("ok", FRESH) TAKEN
	  FAULT("chain-incomplete", "0x800B010A") "cert.aia http://pki.contoso.com/ca.cer http-status host=pki.contoso.com status=404\n",
	  "cause sstp-chain-incomplete" },
	{ "incomplete, and fetched", UP_TO_TLS CERTS CHAIN_BY(PEER1, "direct", "fetched=yes") GOOD_STATUS TAKEN, "clear; warning sstp-chain-incomplete" },
	{ "incomplete, says the judge, and fetched", UP_TO_TLS CERTS CHAIN_BY(PEER1, "direct", "fetched=yes") GOOD_STATUS TAKEN
	  FAULT("sent-incomplete", "0x800B010A"), "clear; warning sstp-chain-incomplete" },
	{ "name", BAD_CERT("name", "0x800B010F"), "cause sstp-cert-name" },
	{ "name, by RFC alone", HEALTHY FAULT_OF(PEER1, "name-strict", "-", "0", LEAF, "strict=yes"), "clear; warning sstp-cert-name" },
	{ "EKU", BAD_CERT("eku", "0x800B0110"), "cause sstp-cert-eku" },
	{ "EKU of an authority", HEALTHY FAULT_OF(PEER1, "ca-eku", "0x800B0110", "1", CA, ""), "cause sstp-cert-eku" },
	{ "weak key", BAD_CERT("weak-key", "0x80096004"), "cause sstp-cert-weak" },
	{ "weak signature", BAD_CERT("weak-hash", "0x80096004"), "cause sstp-cert-weak" },
	{ "SHA-1", BAD_CERT("sha1", "0x80096004"), "clear; warning sstp-cert-weak" },
	{ "bad signature", BAD_CERT("signature", "0x80096004"), "cause sstp-cert-invalid" },
	{ "path length", BAD_CERT("path-length", "0x80096019"), "cause sstp-cert-invalid" },
	{ "expires soon", BAD_CERT("expires-soon", "0x800B0101"), "clear; warning sstp-cert-expires-soon" },
	{ "no source named", UP_TO_CERT CA_CRL("ok", FRESH) TAKEN FAULT("no-revocation-source", "0x80092012"), "cause sstp-cert-no-cdp" },

	{ "revoked", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("revoked", FRESH) TAKEN, "cause sstp-cert-revoked" },
	{ "revoked, says OCSP, and the list is stale",
	  UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("stale", FRESH) SOURCE("http://ocsp.contoso.com/", "ocsp", "revoked", "direct", "0", LEAF, "") TAKEN,
	  "cause sstp-cert-revoked" },
	{ "list: no name", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("name-missing", "") TAKEN, "cause sstp-crl-unreachable" },
	{ "list: silence", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("timeout", "") TAKEN, "cause sstp-crl-unreachable" },
	{ "list: 404", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("http-status", "status=404 agent=IIS") TAKEN, "cause sstp-crl-unreachable" },
	{ "list: LDAP alone", UP_TO_CERT CA_CRL("ok", FRESH) TAKEN FAULT("revocation-ldap-only", "0x80092013"), "cause sstp-crl-unreachable" },
	{ "OCSP says to try later", UP_TO_CERT CA_CRL("ok", FRESH) OCSP("malformed", "why=trylater content=der") TAKEN, "cause sstp-crl-unreachable" },
	{ "OCSP says to try later, the list lives", HEALTHY OCSP("malformed", "why=trylater content=der"), "clear; warning sstp-crl-unreachable" },
	{ "OCSP is no answer", UP_TO_CERT CA_CRL("ok", FRESH) OCSP("malformed", "why=malformed content=other") TAKEN, "cause sstp-crl-stale" },
	{ "list dead, OCSP lives", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("timeout", "") SOURCE("http://ocsp.contoso.com/", "ocsp", "ok", "direct", "0", LEAF, "") TAKEN,
	  "clear; warning sstp-crl-unreachable" },
	{ "delta dead", HEALTHY SOURCE("http://crl.contoso.com/ca+.crl", "delta", "http-status", "direct", "0", LEAF, "status=404"),
	  "clear; warning sstp-crl-unreachable" },
	{ "list: stale", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("stale", FRESH) TAKEN, "cause sstp-crl-stale" },
	{ "list: wrong signature", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("untrusted", "") TAKEN, "cause sstp-crl-stale" },
	{ "list: a page", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("malformed", "content=html") TAKEN, "cause sstp-crl-stale" },
	{ "list: PEM", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("malformed", "content=pem") TAKEN, "cause sstp-crl-stale" },
	{ "list: login", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("http-status", LOGIN) TAKEN, "cause sstp-crl-proxy-auth" },
	{ "list: login that the machine may make", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("http-status", "status=407 schemes=Negotiate,NTLM") TAKEN,
	  "undetermined; warning sstp-crl-proxy-auth" },
	{ "list: login at the proxy, direct works", HEALTHY PROXY_UP CONNECT("ok", "proxy", "status=200") BY_PROXY("proxy")
	  SOURCE(CRL1, "crl", "http-status", "proxy", "0", LEAF, LOGIN), "clear; warning sstp-crl-proxy-auth" },
	{ "list: slow", UP_TO_CERT CA_CRL("ok", FRESH) TAKEN LEAF_CRL("ok", FRESH " size=1 @took=9000"), "clear; warning sstp-crl-slow" },

	{ "503", UP_TO_CALL CALL(PEER1, "http-status", "status=503 agent=Microsoft-HTTPAPI/2.0"), "cause sstp-ports-exhausted" },
	{ "503, nobody named", UP_TO_CALL CALL(PEER1, "http-status", "status=503"), "cause sstp-ports-exhausted" },
	{ "503 of a reverse proxy", UP_TO_CALL CALL(PEER1, "http-status", "status=503 agent=nginx/1.24"), "cause sstp-not-sstp" },
	{ "404", UP_TO_CALL CALL(PEER1, "http-status", "status=404 agent=Microsoft-HTTPAPI/2.0"), "cause sstp-not-sstp" },
	{ "405", UP_TO_CALL CALL(PEER1, "http-status", "status=405 agent=Apache"), "cause sstp-not-sstp" },
	{ "reset at the call", UP_TO_CALL CALL(PEER1, "reset", ""), "cause sstp-not-sstp" },
	{ "HTTP where TLS is due", TARGET A TCP(PEER1, "ok") TLS(PEER1, "other-protocol", "guess=HTTP"), "cause sstp-not-sstp" },
	{ "Nak", UP_TO_CALL CALL(PEER1, "sstp-nak", "sstp_status=VALUE_NOT_SUPPORTED"), "cause sstp-call-refused" },
	{ "Abort", UP_TO_CALL CALL(PEER1, "sstp-abort", ""), "cause sstp-call-refused" },
	{ "silence at the call", UP_TO_CALL CALL(PEER1, "timeout", ""), "cause sstp-call-silent" },
};

static const struct test_case together[] = {
	{ "a dead name says nothing of certificates", TARGET ADDRESS("name-missing", "ipv4", "") ADDRESS("name-missing", "ipv6", "") CERTS, "cause sstp-name-unresolved" },
	{ "expired and for another name", BAD_CERT("expired", "0x800B0101") FAULT("name", "0x800B010F"), "cause sstp-cert-expired; cause sstp-cert-name" },
	{ "expired, and a web server", UP_TO_CALL FAULT("expired", "0x800B0101") CALL(PEER1, "http-status", "status=404"),
	  "cause sstp-cert-expired; cause sstp-not-sstp" },
	{ "untrusted, and its list is dead", UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("timeout", "") TAKEN FAULT("root-untrusted", "0x800B0109"),
	  "cause sstp-cert-untrusted; cause sstp-crl-unreachable" },
	{ "one list dead, one stale", UP_TO_CERT LEAF_CRL("timeout", "") CA_CRL("stale", FRESH) TAKEN, "cause sstp-crl-unreachable; cause sstp-crl-stale" },
	{ "one list wants a login, one is dead", UP_TO_CERT LEAF_CRL("http-status", LOGIN) CA_CRL("timeout", "") TAKEN,
	  "cause sstp-crl-unreachable; cause sstp-crl-proxy-auth" },
	{ "one of two dead, and the list stale", TARGET A_BOTH TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.2") CERTS CHAIN(PEER1)
	  LEAF_CRL("stale", FRESH) CA_CRL("ok", FRESH) TAKEN TCP(PEER2, "timeout"),
	  "cause sstp-partly-broken; consequence sstp-unreachable<sstp-partly-broken; cause sstp-crl-stale" },
	{ "both dead, each its way", TARGET A_BOTH TCP(PEER1, "timeout") TCP(PEER2, "refused"), "cause sstp-unreachable; cause sstp-not-listening" },
	{ "the clock is wrong, and the name too", UP_TO_CERT GOOD_STATUS TAKEN FAULT("expired", "0x800B0101") FAULT("name", "0x800B010F")
	  CLOCK(VPN, "-34560000", "2026-11-22T04:00:00Z"), "cause sstp-clock-skew; consequence sstp-cert-expired<sstp-clock-skew; cause sstp-cert-name" },
	{ "the proxy wants a login, and the certificate is old", TARGET PROXY_UP CONNECT("http-status", "proxy", LOGIN) CONNECT("ok", "proxy-user", "status=200")
	  BY_PROXY("proxy-user") "cert.fault " VPN ":443 ok host=" VPN " route=proxy-user why=expired code=0x800B0101 depth=0 cert_subject=" LEAF " sha256=aa\n",
	  "cause sstp-proxy-blocks; cause sstp-cert-expired" },
	{ "no ports, and nothing newer than TLS 1.1", TARGET A TCP(PEER1, "ok") TLS(PEER1, "ok", "version=TLS~1.1") CERTS CHAIN(PEER1) GOOD_STATUS
	  CALL(PEER1, "http-status", "status=503"), "cause sstp-ports-exhausted; warning sstp-old-tls" },
};

/* Cut short, or never begun, or this machine's own trouble: no cause. */
static const struct test_case open_ended[] = {
	{ "nothing", "", "undetermined" },
	{ "a target alone", TARGET, "undetermined" },
	{ "lookup cancelled", TARGET ADDRESS("cancelled", "ipv4", "") ADDRESS("name-missing", "ipv6", ""), "undetermined" },
	{ "connect: no route", TARGET A TCP(PEER1, "no-route"), "undetermined" },
	{ "connect cancelled", TARGET A TCP(PEER1, "cancelled"), "undetermined" },
	{ "handshake cancelled", TARGET A TCP(PEER1, "ok") TLS(PEER1, "cancelled", ""), "undetermined" },
	{ "the call was not made", UP_TO_CALL, "undetermined" },
	{ "the call was cancelled", UP_TO_CALL CALL(PEER1, "cancelled", ""), "undetermined" },
	{ "the status was not asked for", UP_TO_CERT TAKEN, "undetermined" },
	{ "half of the status", UP_TO_CERT LEAF_CRL("ok", FRESH) TAKEN, "undetermined" },
	{ "status cancelled", UP_TO_CERT LEAF_CRL("cancelled", "") CA_CRL("ok", FRESH) TAKEN, "undetermined" },
	{ "a delta alone is no status", UP_TO_CERT SOURCE(CRL1, "delta", "ok", "direct", "0", LEAF, "") CA_CRL("ok", FRESH) TAKEN, "undetermined" },
	{ "the chain was not judged to the end", HEALTHY FAULT("chain-unfinished", "-"), "undetermined" },
	{ "only credentials open the proxy, and it was not asked without",
	  TARGET PROXY_UP CONNECT("ok", "proxy-user", "status=200") BY_PROXY("proxy-user"), "undetermined" },
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
	static const char *const warnings[] = { "sstp-cert-expires-soon", "sstp-crl-slow", NULL };
	each_rule_is_alone_somewhere(alone, COUNT(alone), warnings);
}

static void test_rules_are_whole(void **state)
{
	check_rules();
	check_causes("sstp-");
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
			    "The way is clear: vpn.contoso.com:443 takes the call, and its "
			    "certificate and the revocation status are good.");
	assert_string_equal(closing_of(BAD_CERT("expired", "0x800B0101")),
			    "No way: the certificate of vpn.contoso.com:443 is out of its period "
			    "of validity (0x800B0101).");
	assert_non_null(strstr(closing_of(UP_TO_CALL), "Try: clearway check sstp -v"));
	assert_non_null(strstr(closing_of(TARGET A TCP(PEER1, "cancelled")), "--timeout 60"));
}

static void test_evidence_says_what_was_seen(void **state)
{
	const struct finding *f =
		finding_of(BAD_CERT("expired", "0x800B0101"), "sstp-cert-expired");
	assert_true(has_evidence(f, "vpn.contoso.com (192.0.2.7:443): certificate "
				    "CN=vpn.contoso.com: want better, have expired (0x800B0101)"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", FRESH) OCSP("malformed", "why=trylater content=der")
			       TAKEN,
		       "sstp-crl-unreachable");
	assert_true(has_evidence(f, "want a status, have the responder decline with trylater"));
	assert_true(has_step(f, "reached and declines"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("http-status", LOGIN) TAKEN,
		       "sstp-crl-proxy-auth");
	assert_true(has_evidence(f,
				 CRL1 " (CRL for CN=vpn.contoso.com) -> 407 after 12 ms: want it "
				      "without a login, have the proxy ask for one (Basic)"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("timeout", "") TAKEN,
		       "sstp-crl-unreachable");
	assert_true(has_evidence(f, CRL1 " (CRL for CN=vpn.contoso.com): want an answer, after 12 "
					 "ms have none: no answer"));
	f = finding_of(SECOND("timeout"), "sstp-partly-broken");
	assert_true(has_evidence(f, "192.0.2.8:443"));
	assert_true(has_evidence(f, "192.0.2.7:443: takes the call"));
}

/* A refused connection is not sold as a server without free ports, nor the other way round. */
static void test_refusals_are_told_apart(void **state)
{
	const struct finding *f = finding_of(TARGET A TCP(PEER1, "refused"), "sstp-not-listening");
	assert_string_equal(f->rule->also[0], "0x800704C9");
	f = finding_of(UP_TO_CALL CALL(PEER1, "http-status", "status=503"), "sstp-ports-exhausted");
	assert_string_equal(f->rule->code, "0x800704C9");
	assert_true(has_evidence(f, "want status 200, have 503"));
}

static void test_fixes_carry_the_readers_own_names(void **state)
{
	const struct finding *f = finding_of(TARGET PROXY_UP CONNECT("http-status", "proxy", LOGIN),
					     "sstp-proxy-blocks");
	assert_true(has_snippet(f, "acl clearway_sstp dstdomain vpn.contoso.com"));
	assert_true(has_step(f, "vpn.contoso.com:443"));
	f = finding_of(TARGET ADDRESS("name-missing", "ipv4", "")
			       ADDRESS("name-missing", "ipv6", ""),
		       "sstp-name-unresolved");
	assert_true(has_snippet(f, "vpn.contoso.com.  3600  IN  A"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("http-status", LOGIN) TAKEN,
		       "sstp-crl-proxy-auth");
	assert_true(has_snippet(f, CRL1));
	assert_true(has_snippet(f, "url_regex -i ^http://crl\\.contoso\\.com/ca\\.crl$"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("timeout", "") TAKEN,
		       "sstp-crl-unreachable");
	assert_true(has_snippet(f, "-Uri '" CRL1 "'"));
	f = finding_of(TARGET A TCP(PEER1, "ok") TLS(PEER1, "closed", ""), "sstp-no-certificate");
	assert_true(has_snippet(f, "ipport=[::]:443"));
	f = finding_of(UP_TO_TLS CERT("aa", "0", "CN=old.contoso.com", CA,
				      "names=*.contoso.net,old.contoso.com") CHAIN(PEER1)
			       GOOD_STATUS TAKEN FAULT("name", "0x800B010F"),
		       "sstp-cert-name");
	assert_true(has_snippet(f, "-ServerAddress old.contoso.com"));
}

/* Switching the check off is there, and is the last thing that is said. */
static void test_the_check_is_given_up_last(void **state)
{
	const struct finding *f = finding_of(
		UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("stale", FRESH) TAKEN, "sstp-crl-stale");
	const char *last = cw_text_render(arena, &f->last_fix->text, NULL);
	assert_non_null(strstr(last, "Not recommended"));
	assert_non_null(strstr(f->last_fix->snippet, "NoCertRevocationCheck"));
	assert_ptr_not_equal(f->fixes, f->last_fix);
}

/* What the network sends never becomes part of a command. */
static void test_odd_names_stay_out_of_commands(void **state)
{
	const struct finding *f = finding_of(
		UP_TO_CERT CA_CRL("ok", FRESH) SOURCE("http://x/';rm^-rf^/;'.crl", "crl", "timeout",
						      "direct", "0", LEAF, "") TAKEN,
		"sstp-crl-unreachable");
	for (const struct fix *x = f->fixes; x; x = x->next)
		assert_true(!x->snippet || !strstr(x->snippet, "rm -rf"));
	f = finding_of(UP_TO_CERT CA_CRL("ok", FRESH)
			       SOURCE("http://x/$(id).crl", "crl", "http-status", "direct", "0",
				      LEAF, LOGIN) TAKEN,
		       "sstp-crl-proxy-auth");
	for (const struct fix *x = f->fixes; x; x = x->next)
		assert_true(!x->snippet || !strstr(x->snippet, "$(id)"));
	f = finding_of(UP_TO_TLS CERT("aa", "0", "CN=x", CA, "names=$(id)") CHAIN(PEER1)
			       GOOD_STATUS TAKEN FAULT("name", "0x800B010F"),
		       "sstp-cert-name");
	for (const struct fix *x = f->fixes; x; x = x->next)
		assert_true(!x->snippet || !strstr(x->snippet, "$(id)"));
}

static void test_rows_of_hops(void **state)
{
	assert_string_equal(row_of_hops(HEALTHY), "+name +tcp +tls +cert +crl +sstp");
	assert_string_equal(
		row_of_hops(TARGET PROXY_UP CONNECT("ok", "proxy", "status=200") BY_PROXY("proxy")),
		"+name +tcp +proxy +tls +cert +crl +sstp");
	assert_string_equal(row_of_hops(TARGET PROXY_UP CONNECT("http-status", "proxy", LOGIN)),
			    "+name +tcp !proxy -tls -cert -crl -sstp");
	assert_string_equal(row_of_hops(TARGET ADDRESS("name-missing", "ipv4", "")
						ADDRESS("name-missing", "ipv6", "")),
			    "!name -tcp -tls -cert -crl -sstp");
	assert_string_equal(row_of_hops(TARGET A TCP(PEER1, "timeout")),
			    "+name !tcp -tls -cert -crl -sstp");
	assert_string_equal(row_of_hops(TARGET A TCP(PEER1, "ok") TLS(PEER1, "closed", "")),
			    "+name +tcp !tls -cert -crl -sstp");
	assert_string_equal(row_of_hops(BAD_CERT("expired", "0x800B0101")),
			    "+name +tcp +tls !cert +crl +sstp");
	assert_string_equal(
		row_of_hops(UP_TO_CERT CA_CRL("ok", FRESH) LEAF_CRL("stale", FRESH) TAKEN),
		"+name +tcp +tls +cert !crl +sstp");
	assert_string_equal(row_of_hops(UP_TO_CALL CALL(PEER1, "http-status", "status=503")),
			    "+name +tcp +tls +cert +crl !sstp");
	assert_string_equal(row_of_hops(TARGET A TCP(PEER1, "cancelled")),
			    "+name ?tcp ?tls ?cert ?crl ?sstp");
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
		TEST(test_evidence_says_what_was_seen),
		TEST(test_refusals_are_told_apart),
		TEST(test_fixes_carry_the_readers_own_names),
		TEST(test_the_check_is_given_up_last),
		TEST(test_odd_names_stay_out_of_commands),
		TEST(test_rows_of_hops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
