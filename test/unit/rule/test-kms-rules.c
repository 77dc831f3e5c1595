#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fact_lines.h"
#include "rule/diagnosis.h"

/* clang-format off */
#define S1 "10.0.0.10:53"
#define S2 "10.0.0.11:53"
#define OWNER "_vlmcs._tcp.contoso.com"

#define SUFFIX_OF(name, origin) "client.suffix " name " ok origin=" origin "\n"
#define SUFFIX SUFFIX_OF("contoso.com", "discovery")
#define SRV_OF(domain, server, outcome, fields) \
	"dns.srv _vlmcs._tcp." domain " " outcome " server=" server " suffix=" domain " origin=discovery " fields "\n"
#define SRV(server, outcome, fields) SRV_OF("contoso.com", server, outcome, fields)
#define RECORD(server, target, port) \
	"dns.srv-record " OWNER " ok server=" server " suffix=contoso.com origin=discovery" \
	" priority=0 weight=0 port=" port " target=" target "\n"
#define BAD_RECORD(why, fields) \
	"dns.srv-record " OWNER " invalid server=" S1 " suffix=contoso.com origin=discovery why=" why " " fields "\n"
#define ADDRESS(server, origin, host, outcome, family, fields) \
	"dns.address " host " " outcome " server=" server " host=" host " origin=" origin " family=" family " " fields "\n"
#define A_OF(origin, host, address) \
	ADDRESS(S1, origin, host, "ok", "ipv4", "addresses=" address) \
	ADDRESS(S1, origin, host, "no-data", "ipv6", "")
#define NO_ADDRESS(origin, host) \
	ADDRESS(S1, origin, host, "name-missing", "ipv4", "") \
	ADDRESS(S1, origin, host, "name-missing", "ipv6", "")
#define TCP(origin, host, address, outcome) \
	"tcp.connect " address ":1688 " outcome " host=" host " port=1688 origin=" origin "\n"
#define BIND(origin, host, address, outcome, fields) \
	TCP(origin, host, address, "ok") \
	"rpc.bind " address ":1688 " outcome " host=" host " port=1688 origin=" origin " " fields "\n"
#define UP(origin, host, address) \
	BIND(origin, host, address, "ok", "control=refused")

#define NXDOMAIN "rcode=NXDOMAIN authoritative=yes zone=contoso.com serial=7 mname=ns1.contoso.com"
#define MISSING SUFFIX SRV(S1, "name-missing", NXDOMAIN)
#define NODATA SUFFIX SRV(S1, "no-data", "rcode=NOERROR authoritative=yes zone=contoso.com serial=7")
#define PUBLISHED SUFFIX SRV(S1, "ok", "count=1 authoritative=yes")
#define KMS01 "kms01.contoso.com"
#define KMS02 "kms02.contoso.com"
#define ONE_HOST PUBLISHED RECORD(S1, KMS01, "1688") A_OF("discovery", KMS01, "192.0.2.7")
#define HEALTHY ONE_HOST UP("discovery", KMS01, "192.0.2.7")
#define SECOND_HOST RECORD(S1, KMS02, "1688") A_OF("discovery", KMS02, "192.0.2.8")
#define PINNED(host) "kms.pinned " host " ok host=" host " port=1688 form=fqdn\n"
#define PINNED_HOST PINNED(KMS01) A_OF("pinned", KMS01, "192.0.2.7")
#define COMPARISON \
	SUFFIX_OF("contoso.com", "comparison") \
	"dns.srv " OWNER " ok server=" S1 " suffix=contoso.com origin=comparison count=1\n" \
	"dns.srv-record " OWNER " ok server=" S1 " suffix=contoso.com origin=comparison port=1688 target=" KMS02 "\n" \
	A_OF("comparison", KMS02, "192.0.2.8")
#define UPDATE(step, outcome, fields) \
	"dns.update " OWNER " " outcome " server=" S1 " suffix=contoso.com zone=contoso.com step=" step \
	" rdata=TXT~\"clearway~update~test\" " fields "\n"
#define ELSEWHERE(zone, relation, target) \
	"dns.srv-elsewhere _vlmcs._tcp." zone " ok server=" S1 " suffix=contoso.com zone=" zone \
	" relation=" relation " count=1 port=1688 target=" target "\n"
#define SLIP(subject) \
	"dns.srv-misspelt " subject " ok server=" S1 " suffix=contoso.com count=1 port=1688 target=" KMS01 "\n"
/* clang-format on */

struct test_case {
	const char *name, *facts, *want;
};

/* clang-format off */
static const struct test_case alone[] = {
	{ "healthy", HEALTHY, "clear" },
	{ "healthy, two servers", HEALTHY SRV(S2, "ok", "count=1") RECORD(S2, KMS01, "1688"), "clear" },
	{ "healthy, pinned", PINNED_HOST UP("pinned", KMS01, "192.0.2.7"), "clear" },
	{ "healthy, pinned, nothing in comparison",
	  PINNED_HOST UP("pinned", KMS01, "192.0.2.7") SUFFIX_OF("contoso.com", "comparison")
	  "dns.srv " OWNER " name-missing server=" S1 " suffix=contoso.com origin=comparison zone=contoso.com\n"
	  SLIP("_vlmcs.contoso.com"), "clear" },
	{ "healthy, the comparison is ill",
	  PINNED_HOST UP("pinned", KMS01, "192.0.2.7") COMPARISON TCP("comparison", KMS02, "192.0.2.8", "timeout")
	  "dns.srv " OWNER " timeout server=" S2 " suffix=contoso.com origin=comparison\n", "clear" },
	{ "healthy, no route for IPv6",
	  HEALTHY ADDRESS(S2, "discovery", KMS01, "ok", "ipv6", "addresses=2001:db8::7")
	  "tcp.connect [2001:db8::7]:1688 no-route host=" KMS01 " port=1688 origin=discovery\n", "clear" },
	{ "healthy, the address given is the host's own",
	  HEALTHY "kms.address-given 192.0.2.7 ok\n" UP("given", "", "192.0.2.7"), "clear" },
	{ "the host answers by name, the address given does not", HEALTHY TCP("given", "", "192.0.2.99", "timeout"), "clear" },

	{ "no DNS servers", SUFFIX "client.resolver - none\n", "cause kms-no-dns-servers" },
	{ "no DNS servers, and none needed",
	  "client.resolver - none\nkms.pinned 192.0.2.7 ok host=192.0.2.7 port=1688 form=ipv4\n"
	  UP("pinned", "192.0.2.7", "192.0.2.7"), "clear" },
	{ "DNS silent", SUFFIX SRV(S1, "timeout", "tcp_tried=yes sent=3"), "cause kms-dns-unreachable" },
	{ "DNS silent, all servers", SUFFIX SRV(S1, "timeout", "") SRV(S2, "refused", ""), "cause kms-dns-unreachable" },
	{ "DNS unreachable", SUFFIX SRV(S1, "unreachable", "icmp=host~unreachable"), "cause kms-dns-unreachable" },
	{ "one DNS server silent", HEALTHY SRV(S2, "timeout", ""), "clear; warning kms-dns-unreachable" },
	{ "DNS silent for the pinned name",
	  PINNED(KMS01) ADDRESS(S1, "pinned", KMS01, "timeout", "ipv4", "") ADDRESS(S1, "pinned", KMS01, "timeout", "ipv6", ""),
	  "cause kms-dns-unreachable" },
	{ "DNS silent for the host's address",
	  PUBLISHED RECORD(S1, KMS01, "1688") ADDRESS(S1, "discovery", KMS01, "timeout", "ipv4", ""), "cause kms-dns-unreachable" },
	{ "DNS refuses", SUFFIX SRV(S1, "server-refused", "rcode=REFUSED"), "cause kms-dns-refused" },
	{ "DNS fails", SUFFIX SRV(S1, "server-failure", "rcode=SERVFAIL"), "cause kms-dns-refused" },
	{ "DNS refers", SUFFIX SRV(S1, "referral", ""), "cause kms-dns-refused" },
	{ "one DNS server fails", HEALTHY SRV(S2, "server-failure", ""), "clear; warning kms-dns-refused" },
	{ "DNS garbles", SUFFIX SRV(S1, "malformed", "detail=counts~beyond~the~message"), "cause kms-dns-garbled" },
	{ "alias loop", SUFFIX SRV(S1, "loop", ""), "cause kms-dns-garbled" },
	{ "one DNS server garbles", HEALTHY SRV(S2, "malformed", ""), "clear; warning kms-dns-garbled" },

	{ "bad pinned name", "kms.pinned http://kms01 invalid host=http://kms01 port=1688 why=url detail=http\n", "cause kms-name-syntax" },
	{ "bad suffix", "client.suffix con..com invalid origin=discovery why=empty-label\n", "cause kms-name-syntax" },
	{ "one bad suffix among others", HEALTHY "client.suffix a*b invalid origin=discovery why=illegal-character detail=*\n",
	  "clear; warning kms-name-syntax" },
	{ "no suffix", "client.suffix - none origin=discovery\n", "cause kms-name-syntax" },
	{ "bad target name", PUBLISHED BAD_RECORD("illegal-character", "detail=* target=k*.contoso.com port=1688"), "cause kms-name-syntax" },
	{ "bad suffix in comparison",
	  PINNED_HOST UP("pinned", KMS01, "192.0.2.7") "client.suffix a*b invalid origin=comparison why=illegal-character detail=*\n", "clear" },

	{ "published in the host's domain only",
	  MISSING PINNED("kms01.corp.example") A_OF("pinned", "kms01.corp.example", "192.0.2.7")
	  UP("pinned", "kms01.corp.example", "192.0.2.7") ELSEWHERE("corp.example", "host-zone", "kms01.corp.example"),
	  "cause kms-publish-domains; consequence kms-srv-other-suffix<kms-publish-domains; consequence kms-srv-missing<kms-publish-domains" },
	{ "misspelt", MISSING SLIP("_vlmcs.contoso.com"), "cause kms-srv-misspelt; consequence kms-srv-missing<kms-srv-misspelt" },
	{ "misspelt, NODATA", NODATA SLIP("_vlmcs._udp.contoso.com"), "cause kms-srv-misspelt; consequence kms-srv-nodata<kms-srv-misspelt" },
	{ "a slip beside the right name", HEALTHY SLIP("_vlmcs.contoso.com"), "clear" },
	{ "in another zone", MISSING ELSEWHERE("corp.example", "sibling", "kms.corp.example"),
	  "cause kms-srv-other-suffix; consequence kms-srv-missing<kms-srv-other-suffix" },
	{ "in another zone, the own one does not exist",
	  SUFFIX SRV(S1, "name-missing", "zone=com") "dns.soa contoso.com name-missing server=" S1 " zone=com\n"
	  ELSEWHERE("corp.example", "sibling", "kms.corp.example"), "cause kms-srv-other-suffix" },
	{ "elsewhere beside the right name", HEALTHY ELSEWHERE("corp.example", "sibling", "kms.corp.example"), "clear" },
	{ "no zone at all", SUFFIX SRV(S1, "name-missing", "zone=com") "dns.soa contoso.com name-missing server=" S1 " zone=com\n",
	  "cause kms-wrong-channel" },
	{ "no zone at all, not asked for itself", SUFFIX SRV(S1, "name-missing", "zone=."), "cause kms-wrong-channel" },
	{ "a name in the zone above", SUFFIX_OF("eu.contoso.com", "discovery")
	  SRV_OF("eu.contoso.com", S1, "name-missing", "zone=contoso.com") "dns.soa eu.contoso.com no-data server=" S1 " zone=contoso.com\n",
	  "cause kms-srv-missing" },
	{ "NODATA", NODATA, "cause kms-srv-nodata" },
	{ "NODATA here, NXDOMAIN in the next suffix",
	  NODATA SUFFIX_OF("corp.example", "discovery") SRV_OF("corp.example", S1, "name-missing", "zone=corp.example"), "cause kms-srv-nodata" },
	{ "missing", MISSING, "cause kms-srv-missing" },
	{ "missing at both servers", MISSING SRV(S2, "name-missing", NXDOMAIN), "cause kms-srv-missing" },
	{ "missing, zone by SOA", SUFFIX SRV(S1, "name-missing", "") "dns.soa contoso.com ok server=" S1 " zone=contoso.com serial=7\n",
	  "cause kms-srv-missing" },
	{ "missing, pinned answers", MISSING PINNED_HOST UP("pinned", KMS01, "192.0.2.7"), "cause kms-srv-missing" },
	{ "missing in one suffix, found in the next",
	  HEALTHY SUFFIX_OF("corp.example", "discovery") SRV_OF("corp.example", S1, "name-missing", "zone=corp.example"), "clear" },
	{ "servers disagree", HEALTHY SRV(S2, "name-missing", "zone=contoso.com serial=5"), "cause kms-dns-inconsistent" },
	{ "servers disagree, NODATA", HEALTHY SRV(S2, "no-data", ""), "cause kms-dns-inconsistent" },
	{ "servers disagree about one suffix, agree about another",
	  HEALTHY SRV(S2, "ok", "count=1") RECORD(S2, KMS01, "1688") SRV_OF("corp.example", S1, "ok", "count=1")
	  SRV_OF("corp.example", S2, "name-missing", ""), "clear; warning kms-dns-inconsistent" },
	{ "servers have different hosts", HEALTHY SRV(S2, "ok", "count=1") RECORD(S2, KMS02, "1688")
	  A_OF("discovery", KMS02, "192.0.2.8") UP("discovery", KMS02, "192.0.2.8"), "clear; warning kms-dns-inconsistent" },
	{ "servers have the same hosts in another order",
	  HEALTHY SECOND_HOST UP("discovery", KMS02, "192.0.2.8")
	  SRV(S2, "ok", "count=2") RECORD(S2, "KMS02.contoso.com", "1688") RECORD(S2, KMS01, "1688"), "clear" },
	{ "port 0", PUBLISHED BAD_RECORD("port-zero", "target=" KMS01 " port=0"), "cause kms-srv-malformed" },
	{ "target is the root", PUBLISHED BAD_RECORD("target-root", "target=. port=1688"), "cause kms-srv-malformed" },
	{ "target is an address", PUBLISHED BAD_RECORD("target-address", "target=192.0.2.7 port=1688"), "cause kms-srv-malformed" },
	{ "unreadable record", PUBLISHED "dns.srv-record " OWNER " malformed server=" S1 " suffix=contoso.com origin=discovery why=rdata\n",
	  "cause kms-srv-malformed" },
	{ "alias, a host behind it",
	  PUBLISHED RECORD(S1, KMS01, "1688")
	  ADDRESS(S1, "discovery", KMS01, "ok", "ipv4", "addresses=192.0.2.7 alias=" KMS01 ",srv7.contoso.com")
	  UP("discovery", KMS01, "192.0.2.7"), "clear; warning kms-srv-malformed" },
	{ "alias, nothing behind it",
	  PUBLISHED RECORD(S1, KMS01, "1688")
	  ADDRESS(S1, "discovery", KMS01, "name-missing", "ipv4", "alias=" KMS01 ",gone.contoso.com")
	  ADDRESS(S1, "discovery", KMS01, "name-missing", "ipv6", "alias=" KMS01 ",gone.contoso.com"),
	  "cause kms-srv-malformed; consequence kms-srv-target-unresolved<kms-srv-malformed" },
	{ "stale host, silent", HEALTHY SECOND_HOST TCP("discovery", KMS02, "192.0.2.8", "timeout"),
	  "cause kms-srv-stale-host; consequence kms-port-blocked<kms-srv-stale-host" },
	{ "one host without address", HEALTHY RECORD(S1, KMS02, "1688") NO_ADDRESS("discovery", KMS02),
	  "cause kms-srv-target-unresolved" },
	{ "stale host, another program", HEALTHY SECOND_HOST BIND("discovery", KMS02, "192.0.2.8", "other-protocol", "guess=HTTP"),
	  "cause kms-srv-stale-host; consequence kms-not-kms<kms-srv-stale-host" },
	{ "a client publishes itself",
	  HEALTHY RECORD(S1, "DESKTOP-4F7K2QX.contoso.com", "1688") A_OF("discovery", "DESKTOP-4F7K2QX.contoso.com", "192.0.2.50")
	  UP("discovery", "DESKTOP-4F7K2QX.contoso.com", "192.0.2.50"), "cause kms-host-key-on-client" },
	{ "a client publishes itself, and is off",
	  HEALTHY RECORD(S1, "anna-pc.contoso.com", "1688") A_OF("discovery", "anna-pc.contoso.com", "192.0.2.50")
	  TCP("discovery", "anna-pc.contoso.com", "192.0.2.50", "timeout"),
	  "cause kms-host-key-on-client; consequence kms-srv-stale-host<kms-host-key-on-client; consequence kms-port-blocked<kms-srv-stale-host" },
	{ "a client is the only host", PUBLISHED RECORD(S1, "LAPTOP-01234567", "1688") A_OF("discovery", "LAPTOP-01234567", "192.0.2.7")
	  UP("discovery", "LAPTOP-01234567", "192.0.2.7"), "clear; warning kms-host-key-on-client" },
	{ "a word that is as long", HEALTHY RECORD(S1, "desktop-support", "1688") A_OF("discovery", "desktop-support", "192.0.2.9")
	  UP("discovery", "desktop-support", "192.0.2.9"), "clear" },
	{ "a name that only begins so", HEALTHY RECORD(S1, "DESKTOP-KMS", "1688") A_OF("discovery", "DESKTOP-KMS", "192.0.2.9")
	  UP("discovery", "DESKTOP-KMS", "192.0.2.9"), "clear" },
	{ "second host", HEALTHY UPDATE("existing-noop", "server-refused", "key=none") UPDATE("existing-add", "server-refused", "key=none")
	  UPDATE("new-name", "ok", "key=none"), "cause kms-update-second-host" },
	{ "second host, the same record is no change", HEALTHY UPDATE("existing-noop", "ok", "key=none")
	  UPDATE("existing-add", "server-refused", "key=none") UPDATE("new-name", "ok", "key=none"), "cause kms-update-second-host" },
	{ "updates refused", HEALTHY UPDATE("existing-noop", "server-refused", "key=none") UPDATE("existing-add", "server-refused", "key=none")
	  UPDATE("new-name", "server-refused", "key=none"), "cause kms-update-refused" },
	{ "updates refused, bad key", HEALTHY UPDATE("existing-noop", "not-auth", "key=k1 tsig_error=BADKEY rcode=NOTAUTH"), "cause kms-update-refused" },
	{ "updates of this one name refused", MISSING PINNED_HOST UP("pinned", KMS01, "192.0.2.7")
	  UPDATE("existing-add", "server-refused", "key=none") UPDATE("new-name", "ok", "key=none"),
	  "cause kms-srv-missing; cause kms-update-refused" },
	{ "only the record itself may be written", HEALTHY UPDATE("existing-noop", "ok", "key=k1") UPDATE("existing-add", "server-refused", "key=k1")
	  UPDATE("new-name", "server-refused", "key=k1"), "clear" },
	{ "updates taken", HEALTHY UPDATE("existing-noop", "ok", "key=k1") UPDATE("existing-add", "ok", "key=k1") UPDATE("cleanup", "ok", "key=k1")
	  UPDATE("new-name", "ok", "key=k1"), "clear" },
	{ "no word on updates", HEALTHY UPDATE("existing-noop", "timeout", "key=none"), "undetermined" },

	{ "manual host dead", PINNED_HOST TCP("pinned", KMS01, "192.0.2.7", "refused") COMPARISON UP("comparison", KMS02, "192.0.2.8"),
	  "cause kms-manual-host-dead; consequence kms-port-refused<kms-manual-host-dead" },
	{ "manual host without address", PINNED(KMS01) NO_ADDRESS("pinned", KMS01) COMPARISON UP("comparison", KMS02, "192.0.2.8"),
	  "cause kms-manual-host-dead; consequence kms-srv-target-unresolved<kms-manual-host-dead" },
	{ "manual host dead, discovery asked for", PINNED(KMS02) A_OF("pinned", KMS02, "192.0.2.8") TCP("pinned", KMS02, "192.0.2.8", "timeout") HEALTHY,
	  "cause kms-manual-host-dead; consequence kms-port-blocked<kms-manual-host-dead" },
	{ "wrong address, the right one is given", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout") "kms.address-given 192.0.2.99 ok\n"
	  UP("given", "", "192.0.2.99") "dns.ptr 192.0.2.7 ok names=printer.contoso.com\n",
	  "cause kms-srv-target-wrong-address; consequence kms-port-blocked<kms-srv-target-wrong-address" },
	{ "wrong address of a pinned host, another host lives", PINNED_HOST TCP("pinned", KMS01, "192.0.2.7", "timeout") UP("given", "", "192.0.2.99")
	  COMPARISON UP("comparison", KMS02, "192.0.2.8"),
	  "cause kms-srv-target-wrong-address; consequence kms-manual-host-dead<kms-srv-target-wrong-address; "
	  "consequence kms-port-blocked<kms-manual-host-dead" },
	{ "one of two addresses is wrong",
	  PUBLISHED RECORD(S1, KMS01, "1688") A_OF("discovery", KMS01, "192.0.2.7,192.0.2.6") UP("discovery", KMS01, "192.0.2.7")
	  TCP("discovery", KMS01, "192.0.2.6", "refused"),
	  "cause kms-srv-target-wrong-address; consequence kms-port-refused<kms-srv-target-wrong-address" },
	{ "no address", PUBLISHED RECORD(S1, KMS01, "1688") NO_ADDRESS("discovery", KMS01), "cause kms-srv-target-unresolved" },
	{ "no address, NODATA", PUBLISHED RECORD(S1, KMS01, "1688") ADDRESS(S1, "discovery", KMS01, "no-data", "ipv4", "")
	  ADDRESS(S1, "discovery", KMS01, "no-data", "ipv6", ""), "cause kms-srv-target-unresolved" },
	{ "no address of a pinned name", PINNED(KMS01) NO_ADDRESS("pinned", KMS01), "cause kms-srv-target-unresolved" },
	{ "no IPv4 address only", PUBLISHED RECORD(S1, KMS01, "1688") ADDRESS(S1, "discovery", KMS01, "no-data", "ipv4", ""), "undetermined" },
	{ "a NetBIOS name, found under one suffix",
	  "kms.pinned kms01 ok host=kms01 port=1688 form=netbios\n" NO_ADDRESS("pinned", "kms01.corp.example")
	  A_OF("pinned", KMS01, "192.0.2.7") UP("pinned", KMS01, "192.0.2.7"), "clear" },
	{ "a NetBIOS name, under no suffix",
	  "kms.pinned kms01 ok host=kms01 port=1688 form=netbios\n" NO_ADDRESS("pinned", "kms01.corp.example") NO_ADDRESS("pinned", KMS01),
	  "cause kms-srv-target-unresolved" },
	{ "servers disagree about the address", HEALTHY ADDRESS(S2, "discovery", KMS01, "name-missing", "ipv4", "")
	  ADDRESS(S2, "discovery", KMS01, "name-missing", "ipv6", ""), "clear; warning kms-dns-inconsistent" },

	{ "host unreachable", ONE_HOST "tcp.connect 192.0.2.7:1688 unreachable host=" KMS01 " port=1688 origin=discovery icmp=host~unreachable icmp_from=192.0.2.1\n",
	  "cause kms-host-unreachable" },
	{ "port blocked", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout"), "cause kms-port-blocked" },
	{ "port blocked, and no route for IPv6", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout")
	  "tcp.connect [2001:db8::7]:1688 no-route host=" KMS01 " port=1688 origin=discovery\n", "cause kms-port-blocked" },
	{ "port blocked, the address given too", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout") TCP("given", "", "192.0.2.99", "timeout"),
	  "cause kms-port-blocked" },
	{ "all hosts blocked", ONE_HOST SECOND_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout") TCP("discovery", KMS02, "192.0.2.8", "timeout"),
	  "cause kms-port-blocked" },
	{ "port refused", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "refused"), "cause kms-port-refused" },
	{ "port refused, pinned by address", "kms.pinned 192.0.2.7 ok host=192.0.2.7 port=1688 form=ipv4\n" TCP("pinned", "192.0.2.7", "192.0.2.7", "refused"),
	  "cause kms-port-refused" },
	{ "another protocol", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "other-protocol", "guess=HTTP got=HTTP/1.1"), "cause kms-not-kms" },
	{ "RPC without KMS", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "interface-refused", "reason=abstract~syntax~not~supported"), "cause kms-not-kms" },
	{ "bind refused", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "bind-refused", ""), "cause kms-not-kms" },
	{ "closed", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "closed", ""), "cause kms-not-kms" },
	{ "reset", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "reset", ""), "cause kms-not-kms" },
	{ "contradicts itself", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "malformed", ""), "cause kms-not-kms" },
	{ "host silent", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "timeout", ""), "cause kms-host-silent" },
	{ "foreign host", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "ok", "control=accepted"), "clear; warning kms-foreign-host" },
};

static const struct test_case together[] = {
	{ "one server silent, the other without the record", MISSING SRV(S2, "timeout", ""),
	  "cause kms-dns-unreachable; cause kms-srv-missing" },
	{ "one server silent, the other refuses", SUFFIX SRV(S1, "timeout", "") SRV(S2, "server-refused", ""),
	  "cause kms-dns-unreachable; cause kms-dns-refused" },
	/* The silent server may be the one that knows the zone. */
	{ "one server silent, the other knows no such zone", SUFFIX SRV(S1, "timeout", "") SRV(S2, "name-missing", "zone=com"),
	  "cause kms-dns-unreachable" },
	{ "one server silent, the other does not say whose zone it is", SUFFIX SRV(S1, "timeout", "") SRV(S2, "name-missing", ""),
	  "cause kms-dns-unreachable" },
	{ "servers disagree, and the port is blocked",
	  ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout") SRV(S2, "name-missing", "zone=contoso.com"),
	  "cause kms-dns-inconsistent; cause kms-port-blocked" },
	{ "record missing, pinned host refuses", MISSING PINNED_HOST TCP("pinned", KMS01, "192.0.2.7", "refused"),
	  "cause kms-srv-missing; cause kms-port-refused" },
	{ "record missing, pinned name without address", MISSING PINNED(KMS01) NO_ADDRESS("pinned", KMS01),
	  "cause kms-srv-missing; cause kms-srv-target-unresolved" },
	{ "record misspelt, updates refused", MISSING SLIP("vlmcs._tcp.contoso.com") UPDATE("existing-add", "server-refused", "key=none")
	  UPDATE("new-name", "server-refused", "key=none"),
	  "cause kms-srv-misspelt; consequence kms-srv-missing<kms-srv-misspelt; cause kms-update-refused" },
	{ "one host blocked, one refused", ONE_HOST SECOND_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout")
	  TCP("discovery", KMS02, "192.0.2.8", "refused"), "cause kms-port-blocked; cause kms-port-refused" },
	{ "one host without address, one blocked", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout") RECORD(S1, KMS02, "1688")
	  NO_ADDRESS("discovery", KMS02), "cause kms-srv-target-unresolved; cause kms-port-blocked" },
	{ "a stale host, and a wrong address of another",
	  PUBLISHED RECORD(S1, KMS01, "1688") A_OF("discovery", KMS01, "192.0.2.7,192.0.2.6") UP("discovery", KMS01, "192.0.2.7")
	  TCP("discovery", KMS01, "192.0.2.6", "timeout") SECOND_HOST TCP("discovery", KMS02, "192.0.2.8", "timeout"),
	  "cause kms-srv-stale-host; consequence kms-port-blocked<kms-srv-stale-host; cause kms-srv-target-wrong-address" },
	{ "pinned host dead, a published host stale", PINNED(KMS01) A_OF("pinned", KMS01, "192.0.2.7") TCP("pinned", KMS01, "192.0.2.7", "timeout")
	  PUBLISHED RECORD(S1, "kms03.contoso.com", "1688") A_OF("discovery", "kms03.contoso.com", "192.0.2.9") UP("discovery", "kms03.contoso.com", "192.0.2.9")
	  SECOND_HOST TCP("discovery", KMS02, "192.0.2.8", "timeout"),
	  "cause kms-srv-stale-host; consequence kms-port-blocked<kms-srv-stale-host; cause kms-manual-host-dead" },
	{ "port 0 in one record, another host blocked", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout") BAD_RECORD("port-zero", "target=" KMS02 " port=0"),
	  "cause kms-srv-malformed; cause kms-port-blocked" },
	{ "alias, and the port behind it blocked",
	  PUBLISHED RECORD(S1, KMS01, "1688") ADDRESS(S1, "discovery", KMS01, "ok", "ipv4", "addresses=192.0.2.7 alias=" KMS01 ",srv7.contoso.com")
	  TCP("discovery", KMS01, "192.0.2.7", "timeout"), "cause kms-srv-malformed; cause kms-port-blocked" },
	{ "bad suffix, missing in the other", MISSING "client.suffix a*b invalid origin=discovery why=illegal-character detail=*\n",
	  "cause kms-name-syntax; cause kms-srv-missing" },
	{ "no servers and no suffix", "client.resolver - none\nclient.suffix - none origin=discovery\n",
	  "cause kms-no-dns-servers; cause kms-name-syntax" },
	{ "misspelt, and in another zone", MISSING SLIP("_vlmcs.contoso.com") ELSEWHERE("corp.example", "parent", KMS02),
	  "cause kms-srv-misspelt; consequence kms-srv-missing<kms-srv-misspelt; cause kms-srv-other-suffix" },
	{ "syntax and port 0", PUBLISHED BAD_RECORD("url", "target=http://k port=1688") BAD_RECORD("port-zero", "target=" KMS01 " port=0"),
	  "cause kms-name-syntax; cause kms-srv-malformed" },
};

/* Cut short, or never begun, or this machine's own trouble: no cause. */
static const struct test_case open_ended[] = {
	{ "nothing", "", "undetermined" },
	{ "settings only", SUFFIX, "undetermined" },
	{ "DNS cancelled", SUFFIX SRV(S1, "cancelled", ""), "undetermined" },
	{ "DNS: no route", SUFFIX SRV(S1, "no-route", "error=Network~is~unreachable"), "undetermined" },
	{ "DNS: denied", SUFFIX SRV(S1, "denied", ""), "undetermined" },
	{ "DNS: local trouble", SUFFIX SRV(S1, "local-trouble", ""), "undetermined" },
	{ "address cancelled", PUBLISHED RECORD(S1, KMS01, "1688") ADDRESS(S1, "discovery", KMS01, "cancelled", "ipv4", ""), "undetermined" },
	{ "half of an address", PUBLISHED RECORD(S1, KMS01, "1688") ADDRESS(S1, "discovery", KMS01, "name-missing", "ipv4", "")
	  ADDRESS(S1, "discovery", KMS01, "cancelled", "ipv6", ""), "undetermined" },
	{ "connect cancelled", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "cancelled"), "undetermined" },
	{ "connect: no route", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "no-route"), "undetermined" },
	{ "connect: denied", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "denied"), "undetermined" },
	{ "connected, and cut short", ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "ok"), "undetermined" },
	{ "bind cancelled", ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "cancelled", ""), "undetermined" },
	{ "one host answers, the other was cut short", HEALTHY SECOND_HOST TCP("discovery", KMS02, "192.0.2.8", "cancelled"), "clear" },
	{ "pinned answers, discovery was cut short", SUFFIX SRV(S1, "cancelled", "") PINNED_HOST UP("pinned", KMS01, "192.0.2.7"), "undetermined" },
	{ "pinned cut short, discovery lives", HEALTHY PINNED(KMS02) A_OF("pinned", KMS02, "192.0.2.8") TCP("pinned", KMS02, "192.0.2.8", "cancelled"), "undetermined" },
	{ "settings unreadable", "client.resolver /etc/resolv.conf unreadable error=denied\nclient.suffix /etc/resolv.conf unreadable origin=discovery error=denied\n", "undetermined" },
	{ "update cancelled", HEALTHY UPDATE("existing-noop", "cancelled", "key=none"), "undetermined" },
	{ "SOA asked, and cut short", SUFFIX SRV(S1, "name-missing", "zone=com") "dns.soa contoso.com cancelled server=" S1 "\n", "cause kms-srv-missing" },
};
/* clang-format on */

static struct cw_arena *arena;

static struct fact_store *store_of(const char *lines)
{
	struct fact_store *s = fact_store_new(arena);
	put_lines(s, lines);
	return s;
}

/* "clear", "undetermined" or nothing, and the findings: "cause a; consequence b<a; warning c". */
static const char *summary(const struct diagnosis *d)
{
	const char *text = d->verdict == VERDICT_CAUSE_FOUND ? "" : verdict_name(d->verdict);
	for (const struct finding *f = d->findings; f; f = f->next)
		text = cw_arena_fmt(arena, "%s%s%s %s%s%s", text, *text ? "; " : "",
				    finding_role_name(f->role), f->rule->id,
				    f->because_of ? "<" : "",
				    f->because_of ? f->because_of->rule->id : "");
	return text;
}

static const char *diagnose_lines(const char *lines, struct diagnosis *d)
{
	diagnose(&kms_family, store_of(lines), d);
	return summary(d);
}

static void run_cases(const struct test_case *cases, size_t count)
{
	struct diagnosis d;
	for (size_t i = 0; i < count; i++) {
		const char *have = diagnose_lines(cases[i].facts, &d);
		if (strcmp(have, cases[i].want) != 0)
			fail_msg("%s:\nwant %s\nhave %s", cases[i].name, cases[i].want, have);
	}
}

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

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

static size_t causes_in(const char *text)
{
	size_t n = 0;
	while ((text = strstr(text, "cause kms-"))) {
		n++;
		text++;
	}
	return n;
}

static bool is_alone_somewhere(const struct rule *r)
{
	char cause[64];
	(void)snprintf(cause, sizeof(cause), "cause %s", r->id);
	size_t len = strlen(cause);
	for (size_t i = 0; i < COUNT(alone); i++)
		if (causes_in(alone[i].want) == 1 && !strncmp(alone[i].want, cause, len) &&
		    (alone[i].want[len] == '\0' || alone[i].want[len] == ';'))
			return true;
	return false;
}

static void test_every_rule_has_a_case_of_its_own(void **state)
{
	for (const struct rule *const *r = kms_rules; *r; r++)
		if (strcmp((*r)->id, "kms-foreign-host") != 0 && !is_alone_somewhere(*r))
			fail_msg("no case in which %s is the only cause", (*r)->id);
}

static const struct rule *rule_by_id(const char *id)
{
	for (const struct rule *const *r = kms_rules; *r; r++)
		if (!strcmp((*r)->id, id))
			return *r;
	return NULL;
}

/* Depth-first: a path longer than there are rules goes round. */
static void follow(const struct rule *r, size_t depth)
{
	if (depth > 64)
		fail_msg("%s explains itself in a ring", r->id);
	for (size_t i = 0; i < RULE_EXPLAINS && r->explains[i]; i++) {
		const struct rule *next = rule_by_id(r->explains[i]);
		if (!next)
			fail_msg("%s explains %s, which is no rule", r->id, r->explains[i]);
		follow(next, depth + 1);
	}
}

static void check_hop(const struct rule *r)
{
	static const char *const hops[] = { "dns", "srv", "host", "port", "kms" };
	for (size_t i = 0; i < COUNT(hops); i++)
		if (!strcmp(hops[i], r->hop))
			return;
	fail_msg("%s: no such hop: %s", r->id, r->hop);
}

/* What a probe of the KMS way puts down and no rule looks at would be asked for nothing. */
static uint64_t kinds_on_the_way(void)
{
	static const char *const groups[] = { "client.", "kms.", "dns.", "tcp.", "rpc." };
	uint64_t kinds = 0;
	for (int k = 0; k < FACT_KIND_COUNT; k++)
		for (size_t i = 0; i < COUNT(groups); i++)
			if (!strncmp(kind_at(k), groups[i], strlen(groups[i])))
				kinds |= FACT_BIT(k);
	return kinds;
}

static void test_rules_are_whole(void **state)
{
	for (const struct rule *const *r = kms_rules; *r; r++) {
		assert_ptr_equal(rule_by_id((*r)->id), *r);
		assert_true((*r)->needs != 0);
		assert_non_null((*r)->judge);
		assert_non_null((*r)->title);
		assert_non_null((*r)->source);
		assert_non_null((*r)->explanation);
		assert_int_equal((*r)->code == NULL, (*r)->symbol == NULL);
		assert_true(!(*r)->code || (*r)->windows_shows);
		if ((*r)->code && !strstr((*r)->windows_shows, (*r)->code))
			fail_msg("%s: windows_shows does not name %s", (*r)->id, (*r)->code);
		check_hop(*r);
		follow(*r, 0);
	}
	assert_int_equal(rules_need(kms_rules), kinds_on_the_way());
}

struct cause_row {
	const char *id, *code, *symbol, *also;
	bool live;
	const char *cause, *fix;
};

static const struct cause_row causes[] = {
#define CAUSE(...) { __VA_ARGS__ },
#include "causes.h"
#undef CAUSE
};

static const struct cause_row *row_of(const char *id)
{
	for (size_t i = 0; i < COUNT(causes); i++)
		if (!strcmp(causes[i].id, id))
			return &causes[i];
	return NULL;
}

static void same_text(const char *id, const char *what, const char *want, const char *have)
{
	if (strcmp(want ? want : "-", have ? have : "-") != 0)
		fail_msg("%s: %s: the table says %s, the rule %s", id, what, want ? want : "-",
			 have ? have : "-");
}

static void test_rules_and_the_table_of_causes_agree(void **state)
{
	for (const struct rule *const *r = kms_rules; *r; r++) {
		const struct cause_row *row = row_of((*r)->id);
		if (!row)
			fail_msg("%s is not in data/causes.tsv", (*r)->id);
		const char *also = NULL;
		for (size_t i = 0; i < RULE_ALSO && (*r)->also[i]; i++)
			also = cw_arena_fmt(arena, "%s%s%s", also ? also : "", also ? "," : "",
					    (*r)->also[i]);
		assert_true(row->live);
		same_text(row->id, "code", row->code, (*r)->code);
		same_text(row->id, "symbol", row->symbol, (*r)->symbol);
		same_text(row->id, "also", row->also, also);
	}
	for (size_t i = 0; i < COUNT(causes); i++)
		if (causes[i].live && !strncmp(causes[i].id, "kms-", 4) &&
		    !rule_by_id(causes[i].id))
			fail_msg("%s is live in data/causes.tsv, and has no rule", causes[i].id);
}

/* Every argument up to the last is used, so a translation can be checked as a C format. */
static void check_arguments(const char *id, const char *msgid)
{
	bool used[CW_TEXT_ARGS + 1] = { false };
	int most = 0;
	for (const char *p = strchr(msgid, '%'); p; p = strchr(p + 1, '%')) {
		if (p[1] < '1' || p[1] > '6' || p[2] != '$')
			continue;
		used[p[1] - '0'] = true;
		most = p[1] - '0' > most ? p[1] - '0' : most;
	}
	for (int i = 1; i <= most; i++)
		if (!used[i])
			fail_msg("%s: argument %d is left out of: %s", id, i, msgid);
}

/* Nothing is missing: no blank where a name belongs, no unknown conversion. */
static const char *check_text(const char *id, const struct cw_text *t)
{
	const char *text = cw_text_render(arena, t, NULL);
	check_arguments(id, t->msgid);
	if (strstr(text, "%") || strstr(text, "(null)") || strstr(text, "  ") ||
	    strstr(text, "()") || strstr(text, " ,") || strstr(text, "\"\"") || !*text)
		fail_msg("%s: a text with a gap: %s", id, text);
	return text;
}

static void check_finding(const struct finding *f)
{
	const char *title = check_text(f->rule->id, &f->title);
	assert_true(title[0] >= 'A' && title[0] <= 'Z');
	assert_null(strchr(title, '\n'));
	(void)check_text(f->rule->id, &f->explanation);
	assert_non_null(f->fixes);
	for (const struct evidence *e = f->evidence; e; e = e->next)
		(void)check_text(f->rule->id, &e->text);
	for (const struct fix *x = f->fixes; x; x = x->next) {
		(void)check_text(f->rule->id, &x->text);
		if (x->snippet && (strstr(x->snippet, "any;") || strstr(x->snippet, "(null)") ||
				   strstr(x->snippet, "..") || strstr(x->snippet, "--through")))
			fail_msg("%s: a snippet that must not be: %s", f->rule->id, x->snippet);
	}
}

static void check_texts_of(const struct test_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct diagnosis d;
		(void)diagnose_lines(cases[i].facts, &d);
		for (const struct finding *f = d.findings; f; f = f->next)
			check_finding(f);
		(void)check_text(cases[i].name, &d.closing);
	}
}

static void test_texts_have_no_gaps(void **state)
{
	check_texts_of(alone, COUNT(alone));
	check_texts_of(together, COUNT(together));
	check_texts_of(open_ended, COUNT(open_ended));
}

static const char *closing_of(const char *lines)
{
	struct diagnosis d;
	(void)diagnose_lines(lines, &d);
	return cw_text_render(arena, &d.closing, NULL);
}

static void test_closing_lines(void **state)
{
	assert_string_equal(closing_of(MISSING),
			    "No way: no KMS host is published in contoso.com (0x8007232B).");
	assert_string_equal(closing_of(SUFFIX SRV(S1, "timeout", "")),
			    "No way: the DNS server 10.0.0.10 does not answer (0x8007232A).");
	assert_string_equal(closing_of(MISSING SRV(S2, "timeout", "")),
			    "No way: 2 causes, the first: the DNS server 10.0.0.11 does not answer "
			    "(0x8007232A).");
	assert_string_equal(closing_of(HEALTHY),
			    "The way is clear: kms01.contoso.com:1688 answers as a KMS host.");
	assert_string_equal(closing_of(HEALTHY SECOND_HOST UP("discovery", KMS02, "192.0.2.8")),
			    "The way is clear: kms01.contoso.com:1688 answers as a KMS host (2 "
			    "hosts published, 2 answer).");
	assert_string_equal(closing_of(PINNED_HOST UP("pinned", KMS01, "192.0.2.7")),
			    "The way is clear: kms01.contoso.com:1688 is set by hand and answers "
			    "as a KMS host.");
}

static void test_undetermined_names_what_was_not_tested(void **state)
{
	struct diagnosis d;
	struct fact_store *s = store_of(
		"run.command x ok\n" ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "no-route"));
	fact_not_tested(s, CW_TEXT("TCP to %s", "192.0.2.7:1688"),
			CW_TEXT("this machine has no route to it (%s)", "Network is unreachable"),
			true);
	diagnose(&kms_family, s, &d);
	assert_string_equal(cw_text_render(arena, &d.closing, NULL),
			    "Could not be determined: TCP to 192.0.2.7:1688: this machine has no "
			    "route to it (Network is unreachable). Try in the client's network: x");

	s = store_of("run.command clearway~check ok\n" SUFFIX SRV(S1, "cancelled", ""));
	fact_not_tested(s, CW_TEXT("What was still under way"),
			CW_TEXT("the time limit (--timeout) was reached"), true);
	diagnose(&kms_family, s, &d);
	assert_string_equal(
		cw_text_render(arena, &d.closing, NULL),
		"Could not be determined: what was still under way: the time limit "
		"(--timeout) was reached. Try again, with more time: clearway~check --timeout "
		"60");
}

static const struct finding *only(const char *lines, struct diagnosis *d)
{
	(void)diagnose_lines(lines, d);
	assert_int_equal(d->cause_count, 1);
	return d->findings;
}

static const char *evidence_of(const struct finding *f)
{
	return cw_text_render(arena, &f->evidence->text, NULL);
}

static bool has_snippet(const struct finding *f, const char *part)
{
	for (const struct fix *x = f->fixes; x; x = x->next)
		if (x->snippet && strstr(x->snippet, part))
			return true;
	return false;
}

static bool has_step(const struct finding *f, const char *part)
{
	for (const struct fix *x = f->fixes; x; x = x->next)
		if (strstr(cw_text_render(arena, &x->text, NULL), part))
			return true;
	return false;
}

static void test_evidence_says_who_said_what(void **state)
{
	struct diagnosis d;
	assert_string_equal(evidence_of(only(MISSING, &d)),
			    "10.0.0.10 (authoritative): _vlmcs._tcp.contoso.com SRV -> NXDOMAIN, "
			    "12 ms; want an SRV record there, have none; the zone itself is there "
			    "(SOA serial 7)");
	assert_string_equal(
		evidence_of(only(ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout"), &d)),
		"kms01.contoso.com (192.0.2.7:1688): TCP connect, silence for 12 ms; want a "
		"connection, have no answer at all");
	assert_string_equal(
		evidence_of(only(ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "other-protocol",
					       "guess=HTTP"),
				 &d)),
		"kms01.contoso.com (192.0.2.7:1688): RPC bind, after 12 ms something else "
		"answers; want a bind_ack, have HTTP");
	assert_string_equal(
		evidence_of(only("client.suffix a*b invalid origin=discovery "
				 "why=illegal-character detail=*\n",
				 &d)),
		"a domain that the client searches: want a DNS name, have \"a*b\": the character * "
		"is not allowed");
}

static void test_what_host_and_address_say_together(void **state)
{
	struct diagnosis d;
	const struct finding *f = only(ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout")
					       TCP("given", "", "192.0.2.99", "timeout"),
				       &d);
	assert_non_null(strstr(cw_text_render(arena, &f->explanation, NULL),
			       "Neither the name of the host nor the address 192.0.2.99:1688"));
	f = only(ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout"), &d);
	assert_null(strstr(cw_text_render(arena, &f->explanation, NULL), "Neither"));
	f = only(MISSING PINNED_HOST UP("pinned", KMS01, "192.0.2.7"), &d);
	assert_non_null(strstr(cw_text_render(arena, &f->explanation, NULL),
			       "answers when it is named directly"));
	f = only(ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout")
			 UP("given", "", "192.0.2.99"),
		 &d);
	assert_true(has_snippet(f, "update delete kms01.contoso.com. A 192.0.2.7\n"
				   "update add kms01.contoso.com. 3600 A 192.0.2.99"));
}

static void test_fixes_carry_the_readers_own_names(void **state)
{
	struct diagnosis d;
	const struct finding *f = only(MISSING, &d);
	assert_true(has_snippet(f, "_vlmcs._tcp.contoso.com.  3600  IN  SRV  0 0 1688  "
				   "kms01.contoso.com."));
	assert_true(has_snippet(f,
				"server ns1.contoso.com\nzone contoso.com\nupdate add "
				"_vlmcs._tcp.contoso.com. 3600 SRV 0 0 1688 kms01.contoso.com."));
	assert_true(has_snippet(f, "-ZoneName 'contoso.com' -Name '_vlmcs._tcp' -DomainName "
				   "'kms01.contoso.com'"));
	assert_true(has_step(f, "Put the name of your host in place of kms01.contoso.com"));

	/* The host that was named and answers is the one to publish. */
	f = only(MISSING PINNED("kms7.corp.example")
			 A_OF("pinned", "kms7.corp.example", "192.0.2.7")
				 UP("pinned", "kms7.corp.example", "192.0.2.7"),
		 &d);
	assert_true(has_snippet(f, "SRV 0 0 1688 kms7.corp.example."));
	assert_false(has_step(f, "Put the name of your host"));

	/* A domain inside its parent's zone. */
	f = only(SUFFIX_OF("eu.contoso.com", "discovery")
			 SRV_OF("eu.contoso.com", S1, "name-missing",
				"zone=contoso.com") "dns.soa eu.contoso.com no-data server=" S1
						    " zone=contoso.com\n",
		 &d);
	assert_true(has_snippet(f, "-ZoneName 'contoso.com' -Name '_vlmcs._tcp.eu'"));

	f = only(HEALTHY UPDATE("existing-noop", "server-refused", "key=kms-key"), &d);
	assert_true(has_snippet(f, "grant kms-key name _vlmcs._tcp.contoso.com SRV;"));

	f = only(ONE_HOST TCP("discovery", KMS01, "192.0.2.7",
			      "timeout") "dns.ptr 192.0.2.7 ok names=printer.contoso.com\n",
		 &d);
	assert_true(has_step(f, "has the name printer.contoso.com in reverse DNS"));
	assert_true(has_snippet(f, "Enable-NetFirewallRule -Name SPPSVC-In-TCP"));
}

/* A name from the network never becomes part of a command that does something else. */
static void test_odd_names_stay_out_of_commands(void **state)
{
	struct diagnosis d;
	const struct finding *f =
		only(MISSING "dns.srv-misspelt _vlmcs.contoso.com ok server=" S1
			     " suffix=contoso.com port=1688 target=k';rm~-rf~/;'.example\n",
		     &d);
	for (const struct fix *x = f->fixes; x; x = x->next)
		assert_true(!x->snippet || !strstr(x->snippet, "rm -rf"));
	f = only("client.suffix x$(id) ok origin=discovery\n" SRV_OF("x$(id)", S1, "name-missing",
								     "zone=x$(id)"),
		 &d);
	for (const struct fix *x = f->fixes; x; x = x->next)
		assert_true(!x->snippet || !strstr(x->snippet, "$(id)"));
}

static const char *row_of_hops(const char *lines)
{
	static const char marks[] = { [HOP_PASSED] = '+',
				      [HOP_FAILED] = '!',
				      [HOP_NOT_REACHED] = '-',
				      [HOP_NOT_TESTED] = '?' };
	struct diagnosis d;
	const char *text = "";
	(void)diagnose_lines(lines, &d);
	for (size_t i = 0; i < d.hops.count; i++)
		text = cw_arena_fmt(arena, "%s%s%c%s", text, i ? " " : "",
				    marks[d.hops.hop[i].state], d.hops.hop[i].name);
	return text;
}

static void test_rows_of_hops(void **state)
{
	assert_string_equal(row_of_hops(HEALTHY), "+dns +srv +host +port +kms");
	assert_string_equal(row_of_hops(MISSING), "+dns !srv -host -port -kms");
	assert_string_equal(row_of_hops(SUFFIX SRV(S1, "timeout", "")),
			    "!dns -srv -host -port -kms");
	assert_string_equal(row_of_hops(ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "timeout")),
			    "+dns +srv +host !port -kms");
	assert_string_equal(
		row_of_hops(ONE_HOST BIND("discovery", KMS01, "192.0.2.7", "timeout", "")),
		"+dns +srv +host +port !kms");
	assert_string_equal(row_of_hops(ONE_HOST TCP("discovery", KMS01, "192.0.2.7", "cancelled")),
			    "+dns +srv +host ?port ?kms");
	assert_string_equal(row_of_hops(PINNED_HOST UP("pinned", KMS01, "192.0.2.7")),
			    "+dns +host +port +kms");
	assert_string_equal(
		row_of_hops("kms.pinned 192.0.2.7 ok host=192.0.2.7 port=1688 "
			    "form=ipv4\n" TCP("pinned", "192.0.2.7", "192.0.2.7", "refused")),
		"+host !port -kms");
	assert_string_equal(row_of_hops("client.suffix - none origin=discovery\n"),
			    "?dns !srv -host -port -kms");
}

static void test_what_a_bad_pinned_name_breaks_is_the_host(void **state)
{
	struct diagnosis d;
	const struct finding *f =
		only("kms.pinned a..b invalid host=a..b port=1688 why=empty-label\n", &d);
	assert_string_equal(f->hop, "host");
}

static double cpu_seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 500 hosts on 3 servers, one of which answers: linear work takes milliseconds. */
static void test_many_records_take_little_time(void **state)
{
	static const char *const servers[] = { S1, S2, "10.0.0.12:53" };
	struct fact_store *s = store_of(SUFFIX);
	for (size_t k = 0; k < 3; k++) {
		put_lines(s, cw_arena_fmt(arena, SRV("%s", "ok", "count=500"), servers[k]));
		for (int i = 0; i < 500; i++)
			put_lines(s, cw_arena_fmt(arena, RECORD("%s", "kms%d.contoso.com", "1688"),
						  servers[k], i));
	}
	for (int i = 0; i < 500; i++) {
		for (size_t k = 0; k < 3; k++)
			put_lines(s, cw_arena_fmt(arena,
						  "dns.address kms%d.contoso.com ok server=%s "
						  "host=kms%d.contoso.com origin=discovery "
						  "family=ipv4 addresses=10.1.%d.%d\n",
						  i, servers[k], i, i / 250, i % 250));
		put_lines(s, cw_arena_fmt(arena,
					  "tcp.connect 10.1.%d.%d:1688 %s "
					  "host=kms%d.contoso.com port=1688 origin=discovery\n",
					  i / 250, i % 250, i ? "timeout" : "ok", i));
	}
	put_lines(s, "rpc.bind 10.1.0.0:1688 ok host=kms0.contoso.com port=1688 origin=discovery "
		     "control=refused\n");
	struct diagnosis d;
	double before = cpu_seconds();
	diagnose(&kms_family, s, &d);
	double took = cpu_seconds() - before;
	assert_string_equal(summary(&d),
			    "cause kms-srv-stale-host; consequence kms-port-blocked<kms-srv-stale-"
			    "host");
	/* Some 10 ms; quadratic work over these 3500 facts would be far beyond. */
	if (took > 1.0)
		fail_msg("took %.3f s", took);
}

static int set_up(void **state)
{
	arena = cw_arena_new();
	return 0;
}

static int tear_down(void **state)
{
	cw_arena_free(arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_fault_alone),
		TEST(test_two_faults_at_once),
		TEST(test_what_is_open_stays_open),
		TEST(test_every_rule_has_a_case_of_its_own),
		TEST(test_rules_are_whole),
		TEST(test_rules_and_the_table_of_causes_agree),
		TEST(test_texts_have_no_gaps),
		TEST(test_closing_lines),
		TEST(test_undetermined_names_what_was_not_tested),
		TEST(test_evidence_says_who_said_what),
		TEST(test_what_host_and_address_say_together),
		TEST(test_fixes_carry_the_readers_own_names),
		TEST(test_odd_names_stay_out_of_commands),
		TEST(test_rows_of_hops),
		TEST(test_what_a_bad_pinned_name_breaks_is_the_host),
		TEST(test_many_records_take_little_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
