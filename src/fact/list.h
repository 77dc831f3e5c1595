/*
 * The one list of everything that a fact can be. Enums, names in JSON, the
 * schema's test and the developers' page come from here.
 */
#ifndef CW_FACT_LIST_H
#define CW_FACT_LIST_H

/* kind, name, what one such fact says (its subject first) */
#define FACT_KIND_LIST(X) \
	X(FACT_RUN_COMMAND, "run.command", "command line: what the user asked for") \
	X(FACT_CLIENT_RESOLVER, "client.resolver", "server ADDR:PORT: one DNS server to ask") \
	X(FACT_CLIENT_SUFFIX, "client.suffix", "domain: one DNS suffix that the client searches") \
	X(FACT_KMS_PINNED, "kms.pinned", "host as typed: the KMS host that is set by hand") \
	X(FACT_KMS_ADDRESS_GIVEN, "kms.address-given", "ADDR: the right address, says the user") \
	X(FACT_DNS_SRV, "dns.srv", "owner name: one server's answer to the SRV query") \
	X(FACT_DNS_SRV_RECORD, "dns.srv-record", "owner name: one SRV record of such an answer") \
	X(FACT_DNS_SRV_MISSPELT, "dns.srv-misspelt", "owner name: SRV query for a usual slip") \
	X(FACT_DNS_SRV_ELSEWHERE, "dns.srv-elsewhere", "owner name: SRV query in another zone") \
	X(FACT_DNS_SOA, "dns.soa", "zone: one server's answer to the SOA query") \
	X(FACT_DNS_ADDRESS, "dns.address", "host name: one server's answer to A or AAAA") \
	X(FACT_DNS_PTR, "dns.ptr", "ADDR: the names that the address has") \
	X(FACT_DNS_UPDATE, "dns.update", "owner name: a server's word on a dynamic update") \
	X(FACT_TCP_CONNECT, "tcp.connect", "ADDR:PORT: how a TCP connection attempt ended") \
	X(FACT_RPC_BIND, "rpc.bind", "ADDR:PORT: how the RPC bind to the KMS interface ended") \
	X(FACT_TARGET, "target", "HOST:PORT or URL: what the user asked about") \
	X(FACT_PROXY, "proxy", "URL: the proxy between") \
	X(FACT_PROXY_ANSWER, "proxy.answer", "HOST:PORT or URL: what the proxy says to it") \
	X(FACT_TLS_HANDSHAKE, "tls.handshake", "ADDR:PORT: how the TLS handshake ended") \
	X(FACT_TLS_VERSION, "tls.version", "ADDR:PORT: whether one protocol version is taken") \
	X(FACT_CERT, "cert", "certificate: what one certificate of the chain says") \
	X(FACT_CERT_CHAIN, "cert.chain", "ADDR:PORT: the chain as sent and as it can be built") \
	X(FACT_CERT_FAULT, "cert.fault", "ADDR:PORT: one fault of the certificate or its chain") \
	X(FACT_AIA, "cert.aia", "URL: an issuer's certificate was fetched there") \
	X(FACT_REVOCATION, "cert.revocation", "URL or staple: one source of revocation status") \
	X(FACT_HTTP_ANSWER, "http.answer", "ADDR:PORT or URL: an HTTP answer") \
	X(FACT_SSTP_CALL, "sstp.call", "ADDR:PORT: how the SSTP call went") \
	X(FACT_CLOCK, "clock", "server: its clock against this machine's")

/* field, name in JSON, type, what it holds */
#define FACT_FIELD_LIST(X) \
	X(FIELD_SERVER, "server", TEXT, "the DNS server that was asked, ADDR:PORT") \
	X(FIELD_SOURCE, "source", TEXT, "where a setting comes from: argument, system, lab") \
	X(FIELD_ORDER, "order", NUMBER, "place in the client's list, the first is 1") \
	X(FIELD_WHY, "why", TEXT, "what is wrong, in a stable word (see each kind)") \
	X(FIELD_DETAIL, "detail", TEXT, "what was there, for a reader") \
	X(FIELD_ERROR, "error", TEXT, "the system's own error text") \
	X(FIELD_SUFFIX, "suffix", TEXT, "the client suffix that this belongs to") \
	X(FIELD_ZONE, "zone", TEXT, "apex of the zone, from the SOA record") \
	X(FIELD_SERIAL, "serial", NUMBER, "SOA serial") \
	X(FIELD_MNAME, "mname", TEXT, "primary server that the SOA record names") \
	X(FIELD_RCODE, "rcode", TEXT, "DNS response code, such as NXDOMAIN") \
	X(FIELD_TSIG_ERROR, "tsig_error", TEXT, "error of the TSIG record, such as BADKEY") \
	X(FIELD_AUTHORITATIVE, "authoritative", FLAG, "the AA bit") \
	X(FIELD_TTL_S, "ttl_s", NUMBER, "time to live in seconds") \
	X(FIELD_COUNT, "count", NUMBER, "records in the answer") \
	X(FIELD_TRANSPORT, "transport", TEXT, "udp or tcp: what carried the answer") \
	X(FIELD_SENT, "sent", NUMBER, "datagrams sent") \
	X(FIELD_TCP_TRIED, "tcp_tried", FLAG, "TCP was tried too") \
	X(FIELD_TRUNCATED, "truncated", FLAG, "the UDP answer had the TC bit") \
	X(FIELD_EDNS_DROPPED, "edns_dropped", FLAG, "the server answers only without EDNS0") \
	X(FIELD_STRAY, "stray", NUMBER, "answers dropped: wrong id, question or source") \
	X(FIELD_SHARED, "shared", FLAG, "not asked again: same verdict as just before") \
	X(FIELD_PRIORITY, "priority", NUMBER, "SRV priority") \
	X(FIELD_WEIGHT, "weight", NUMBER, "SRV weight") \
	X(FIELD_PORT, "port", NUMBER, "TCP port") \
	X(FIELD_TARGET, "target", TEXT, "SRV target") \
	X(FIELD_RELATION, "relation", TEXT, "parent, sibling or host-zone") \
	X(FIELD_FAMILY, "family", TEXT, "ipv4 or ipv6") \
	X(FIELD_ADDRESSES, "addresses", LIST, "addresses in the answer") \
	X(FIELD_ALIAS, "alias", LIST, "alias chain, the asked name first") \
	X(FIELD_NAMES, "names", LIST, "names in the answer") \
	X(FIELD_HOST, "host", TEXT, "host name without port") \
	X(FIELD_FORM, "form", TEXT, "fqdn, netbios, ipv4, ipv6 or port-only") \
	X(FIELD_ORIGIN, "origin", TEXT, "how we came to it: discovery, pinned, given") \
	X(FIELD_ICMP, "icmp", TEXT, "the ICMP message, such as: host unreachable") \
	X(FIELD_ICMP_FROM, "icmp_from", TEXT, "who sent the ICMP message") \
	X(FIELD_CONTROL, "control", TEXT, "the control interface: refused or accepted") \
	X(FIELD_REASON, "reason", TEXT, "reason of an RPC refusal") \
	X(FIELD_GOT, "got", TEXT, "first bytes of another protocol, escaped") \
	X(FIELD_GUESS, "guess", TEXT, "which protocol these bytes look like") \
	X(FIELD_STEP, "step", TEXT, "existing-noop, existing-add, new-name or cleanup") \
	X(FIELD_KEY, "key", TEXT, "name of the TSIG key, or none") \
	X(FIELD_RDATA, "rdata", TEXT, "the record that was added or removed") \
	X(FIELD_ROUTE, "route", TEXT, "direct, proxy, or proxy-user (with credentials)") \
	X(FIELD_URL, "url", TEXT, "the whole URL") \
	X(FIELD_METHOD, "method", TEXT, "HTTP method") \
	X(FIELD_STATUS, "status", NUMBER, "HTTP status") \
	X(FIELD_SCHEMES, "schemes", LIST, "proxy logins offered, in order") \
	X(FIELD_AUTH, "auth", TEXT, "proxy login that was tried: none, Basic, Digest, ...") \
	X(FIELD_REALM, "realm", TEXT, "realm of the proxy login") \
	X(FIELD_AGENT, "agent", TEXT, "what the server or proxy calls itself") \
	X(FIELD_CONTENT, "content", TEXT, "what the body is: der, pem, html, empty, other") \
	X(FIELD_SIZE, "size", NUMBER, "bytes") \
	X(FIELD_LOCATION, "location", TEXT, "where a redirect points") \
	X(FIELD_SNI, "sni", TEXT, "server name sent in TLS, or none") \
	X(FIELD_VERSION, "version", TEXT, "TLS protocol version") \
	X(FIELD_CIPHER, "cipher", TEXT, "TLS cipher suite") \
	X(FIELD_ALERT, "alert", TEXT, "TLS alert") \
	X(FIELD_HELLO, "hello", FLAG, "a ServerHello was seen") \
	X(FIELD_CLIENT_CERT, "client_cert", FLAG, "the server wants a client certificate") \
	X(FIELD_DEPTH, "depth", NUMBER, "place in the chain, the leaf is 0") \
	X(FIELD_CERT_SUBJECT, "cert_subject", TEXT, "subject of a certificate") \
	X(FIELD_CERT_ISSUER, "cert_issuer", TEXT, "issuer of a certificate") \
	X(FIELD_ROOT, "root", TEXT, "subject of the root in which the chain ends") \
	X(FIELD_SHA256, "sha256", TEXT, "SHA-256 thumbprint of the DER form") \
	X(FIELD_SHA1, "sha1", TEXT, "SHA-1 thumbprint of the DER form") \
	X(FIELD_NOT_BEFORE, "not_before", TEXT, "RFC 3339 UTC") \
	X(FIELD_NOT_AFTER, "not_after", TEXT, "RFC 3339 UTC") \
	X(FIELD_KEY_TYPE, "key_type", TEXT, "RSA 2048, EC P-256") \
	X(FIELD_SIGNATURE, "signature", TEXT, "signature algorithm") \
	X(FIELD_EKU, "eku", LIST, "extended key usages; none: any") \
	X(FIELD_CHAIN_SENT, "chain_sent", LIST, "subjects as sent, the leaf first") \
	X(FIELD_CHAIN_BUILT, "chain_built", LIST, "subjects of the chain that was built") \
	X(FIELD_FETCHED, "fetched", FLAG, "the chain needs a certificate fetched by AIA") \
	X(FIELD_CODE, "code", TEXT, "Windows code of this fault") \
	X(FIELD_STRICT, "strict", FLAG, "a fault by RFC alone: Windows takes it") \
	X(FIELD_SOURCE_TYPE, "source_type", TEXT, "crl, delta, ocsp, staple") \
	X(FIELD_THIS_UPDATE, "this_update", TEXT, "RFC 3339 UTC") \
	X(FIELD_NEXT_UPDATE, "next_update", TEXT, "RFC 3339 UTC, or none") \
	X(FIELD_NUMBER, "number", TEXT, "CRL number") \
	X(FIELD_SSTP_STATUS, "sstp_status", TEXT, "status of a Nak or Abort (MS-SSTP 2.2.8)") \
	X(FIELD_CORRELATION, "correlation", TEXT, "SSTPCORRELATIONID, as the server logs it") \
	X(FIELD_SKEW_S, "skew_s", NUMBER, "their clock minus ours, seconds") \
	X(FIELD_DATE, "date", TEXT, "the time by their clock, RFC 3339 UTC")

#define FACT_AS_KIND(id, name, about) id,
enum fact_kind { FACT_KIND_LIST(FACT_AS_KIND) FACT_KIND_COUNT };
#undef FACT_AS_KIND

#define FACT_AS_FIELD(id, name, type, about) id,
enum fact_field { FACT_FIELD_LIST(FACT_AS_FIELD) FACT_FIELD_COUNT };
#undef FACT_AS_FIELD

/* A set of kinds, for what a rule needs and what a probe provides. */
#define FACT_BIT(kind) (UINT64_C(1) << (kind))

#endif
