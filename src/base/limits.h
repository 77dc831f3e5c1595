/* Every maximum of the program, with its reason. */
#ifndef CW_BASE_LIMITS_H
#define CW_BASE_LIMITS_H

enum {
	/* One command; the contract's default of --timeout. */
	LIMIT_COMMAND_MS = 20000,
	/* One probe: an eighth of --timeout, so that a path on which nothing answers is named
	 * within 3 s by default, and a longer --timeout also gives slow paths more patience. */
	LIMIT_PROBE_SHARE = 8,
	/* When a DNS query over UDP is sent again, counted from the first one. The last step
	 * also opens TCP, for servers behind a filter that drops UDP 53. */
	LIMIT_DNS_RETRY_MS = 500,
	LIMIT_DNS_UDP_TRIES = 3,
	/* RFC 6891 6.2.5: a payload that passes nearly every path unfragmented. */
	LIMIT_DNS_UDP_PAYLOAD = 1232,
	/* A DNS message over TCP (RFC 1035 4.2.2: a 16-bit length). */
	LIMIT_DNS_MESSAGE = 65535,
	/* RFC 1035 2.3.4. */
	LIMIT_DNS_NAME_WIRE = 255,
	LIMIT_DNS_LABEL = 63,
	/* 255 octets, each escaped as \ddd, and a NUL. */
	LIMIT_DNS_NAME_TEXT = 1024,
	/* 127 labels of one octet and the root make 255 octets. */
	LIMIT_DNS_LABELS = 127,
	/* Compression pointers in one name: one behind each label does for any name, and chains of
	 * pointers that cost an attacker two octets each stay cheap for us. */
	LIMIT_DNS_POINTERS = 127,
	/* CNAME steps before a chain counts as endless; Windows and BIND stop at 16 too. */
	LIMIT_DNS_ALIASES = 16,
	/* SRV records of one answer that are looked at; more are counted and named. */
	LIMIT_SRV_RECORDS = 1000,
	/* Records of one message: that many SRV records, each with an IPv4 and an IPv6 address. */
	LIMIT_DNS_RECORDS = LIMIT_SRV_RECORDS * 4,
	/* Names and addresses that one run probes. */
	LIMIT_TARGETS = 1000,
	/* Answers with a wrong id, question or source that one query bears before it is
	 * reported as flooded. */
	LIMIT_DNS_STRAY = 100,
	/* Bytes of an RPC answer; a bind_ack is about 100. */
	LIMIT_RPC_ANSWER = 4096,
	/* Targets at once, and exchanges towards one address at once, in check -f. */
	LIMIT_JOBS = 200,
	LIMIT_JOBS_MOST = 10000,
	LIMIT_PER_ADDRESS = 8,
	/* A list of targets: some 200,000 lines. */
	LIMIT_BATCH_FILE = 16 << 20,
	/* A line of a target list. */
	LIMIT_BATCH_LINE = 4096,
	/* A text file that we read whole: resolver settings, key files, scenarios. */
	LIMIT_TEXT_FILE = 1 << 20,
	/* Words of a scenario's line: an SRV record takes 7, a long command line about 20. */
	LIMIT_SCENARIO_WORDS = 64,
	/* Servers of one scenario: each has a last octet of its own, from 1 to 254. */
	LIMIT_SCENARIO_SERVERS = 254,
	/* Records that one generate line of a scenario makes. */
	LIMIT_SCENARIO_GENERATED = 10000,
	/* How long a server that left LIMIT_PER_ADDRESS exchanges in a row unanswered is taken
	 * as silent without being asked: well beyond the passing loss of a network. */
	LIMIT_SILENCE_MS = 10000,
	/* The rest of another protocol's greeting, which only helps to name the protocol. */
	LIMIT_RPC_GREETING_MS = 250,
	/* The head of an HTTP message; IIS refuses more than 16 KiB too. */
	LIMIT_HTTP_HEAD = 16384,
	/* Header fields of one message; real ones have about 20. */
	LIMIT_HTTP_HEADERS = 100,
	/* Interim answers (1xx) before the real one. */
	LIMIT_HTTP_INTERIM = 16,
	/* The line with a chunk's size and its extensions, and all trailer fields together. */
	LIMIT_HTTP_CHUNK_LINE = 1024,
	/* A URL, which is what Internet Explorer and the CDP of real certificates stay below. */
	LIMIT_URL = 2048,
	/* Messages of a TLS handshake: a chain of that size, its stapled answer, and the rest. */
	LIMIT_TLS_HANDSHAKE = 256 << 10,
	/* A Certificate message; chains of real servers stay below 10 KiB. */
	LIMIT_TLS_CHAIN = 100 << 10,
	/* Certificates of one chain that are kept; the message could hold thousands of empty ones. */
	LIMIT_TLS_CERTIFICATES = 64,
	/* What we put into one TLS record: our requests are shorter, and the buffer stays small. */
	LIMIT_TLS_FRAGMENT = 4096,
	/* Answers of a proxy within one Negotiate login; Kerberos takes one or two. */
	LIMIT_PROXY_LEGS = 4,
	/* A Kerberos token: Windows' largest MaxTokenSize. */
	LIMIT_PROXY_TOKEN = 65535,
	/* Requests to a proxy until one answer counts: NTLM takes 3, Digest with a stale nonce 3. */
	LIMIT_PROXY_ROUNDS = 8,
	/* The page that comes with a proxy's refusal; more of it is not read. */
	LIMIT_PROXY_PAGE = 16 << 10,
	/* How long a server is waited for that may still answer the end of an SSTP call. */
	LIMIT_SSTP_GOODBYE_MS = 1000,
	/* A certificate; ones with thousands of names are some 100 KiB. */
	LIMIT_CERT = 256 << 10,
	/* A file of certificates, and certificates in one set: system stores have 150, and are
	 * 250 KiB. */
	LIMIT_CERT_FILE = 16 << 20,
	LIMIT_CERT_SET = 2000,
	/* Lists of --ca files that a batch keeps read; further ones are read for each target. */
	LIMIT_CA_SETS = 16,
	/* Certificates in one chain, leaf and root counted; real ones have at most 6. */
	LIMIT_CERT_DEPTH = 16,
	/* Chains that are built and compared for one server certificate. */
	LIMIT_CERT_CHAINS = 32,
	/* Signatures checked to build them: a check takes about 0.1 ms, for the largest RSA keys
	 * 2 ms. */
	LIMIT_CERT_SIGNATURES = 200,
	/* Steps from a certificate to an issuer while chains are built. */
	LIMIT_CERT_STEPS = 2000,
	/* Names of a certificate times name constraints above it. */
	LIMIT_CERT_NAME_CHECKS = 1 << 16,
	/* A revocation list: the largest public ones were some 50 MB. */
	LIMIT_CRL = 64 << 20,
	/* An OCSP response is 2 KiB; with the responder's chain 10 KiB. */
	LIMIT_OCSP = 256 << 10,
	/* Addresses of one name that are tried; pools of real services have fewer than 20. */
	LIMIT_HOST_ADDRESSES = 64,
	/* URLs of one kind that are looked at in one certificate; real ones name two or three. */
	LIMIT_SOURCES = 8,
	/* Redirects of one fetch; WinHTTP stops at 10, and a revocation list should have none. */
	LIMIT_REDIRECTS = 5,
	/* A peer that took the connection gets twice what a probe gets for each answer, 5 s by
	 * default: Windows waits 60 s for an SSTP server, and one that is slow is not silent. */
	LIMIT_ANSWER_SHARES = 2,
	/* The whole visit: connect, proxy, TLS, answer; within --timeout beside the name's lookup. */
	LIMIT_VISIT_SHARES = 7,
	/* A fetch for a certificate gets three times what a probe gets, 7.5 s by default: Windows
	 * has up to 15 s for it, and one that takes more than 5 s is worth a word. */
	LIMIT_FETCH_SHARES = 3,
	/* A password: Windows takes 256 characters, of up to 4 bytes each. */
	LIMIT_PASSWORD = 1024,
};

#endif
