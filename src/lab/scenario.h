/*
 * A scenario: a small network with or without faults, commands to run in it,
 * and what they must find. It is a text file that a user reads and writes;
 * clearway-scenario(5) is the guide to it.
 *
 *     scenario kms/srv-missing
 *     about    The zone exists and has no _vlmcs._tcp record.
 *     shows    kms-srv-missing
 *     twin     kms/healthy
 *
 *     dns ns1
 *       zone contoso.example serial 2026112201
 *         kms01 A @kms01
 *     kms kms01
 *     client resolver @ns1:addr
 *     run    check kms contoso.example
 *     expect verdict cause-found exit 1
 *     expect cause kms-srv-missing code 0x8007232B
 *
 * One line is one statement of words; "..." keeps blanks in a word, # begins a
 * comment. What is indented belongs to the server or zone above it. @NAME is
 * the address of a server, known only when the lab is open (lab_expand).
 */
#ifndef CW_LAB_SCENARIO_H
#define CW_LAB_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ec.h"
#include "base/time.h"
#include "codec/tsig.h"
#include "lab/scenario_front.h"

/* What a fault takes behind its name. */
enum scenario_fault_arg { FAULT_ARG_NONE, FAULT_ARG_COUNT, FAULT_ARG_TIME, FAULT_ARG_RECORD };

/* fault, word, argument, what the server does */
/* clang-format off */
#define SCENARIO_FAULT_LIST(X)                                                                     \
	X(FAULT_SILENT, "silent", FAULT_ARG_NONE, "never answers")                                 \
	X(FAULT_DROP, "drop", FAULT_ARG_COUNT, "does not answer the first N queries")              \
	X(FAULT_DELAY, "delay", FAULT_ARG_TIME, "answers late")                                    \
	X(FAULT_REFUSE, "refuse", FAULT_ARG_NONE, "REFUSED")                                       \
	X(FAULT_SERVFAIL, "servfail", FAULT_ARG_NONE, "SERVFAIL")                                  \
	X(FAULT_NOTIMP, "notimp", FAULT_ARG_NONE, "NOTIMP")                                        \
	X(FAULT_FORMERR, "formerr", FAULT_ARG_NONE, "FORMERR")                                     \
	X(FAULT_FORMERR_ON_EDNS, "formerr-on-edns", FAULT_ARG_NONE, "FORMERR to a query with EDNS") \
	X(FAULT_NOTIMP_ON_EDNS, "notimp-on-edns", FAULT_ARG_NONE, "NOTIMP to a query with EDNS")   \
	X(FAULT_SILENT_ON_EDNS, "silent-on-edns", FAULT_ARG_NONE, "no answer to a query with EDNS") \
	X(FAULT_NXDOMAIN, "nxdomain", FAULT_ARG_NONE, "NXDOMAIN with the SOA of the zone")         \
	X(FAULT_NODATA, "nodata", FAULT_ARG_NONE, "an empty answer with the SOA of the zone")      \
	X(FAULT_NO_SOA, "no-soa", FAULT_ARG_NONE, "negative answers without an SOA record")        \
	X(FAULT_REFERRAL, "referral", FAULT_ARG_NONE, "points to other servers")                   \
	X(FAULT_LIE, "lie", FAULT_ARG_RECORD, "answers with this record instead")                  \
	X(FAULT_CNAME_LOOP, "cname-loop", FAULT_ARG_NONE, "an alias chain that ends in itself")    \
	X(FAULT_TRUNCATE, "truncate", FAULT_ARG_NONE, "the TC bit in every UDP answer")            \
	X(FAULT_OVERSIZED, "oversized", FAULT_ARG_NONE, "more over UDP than the client takes")     \
	X(FAULT_GARBAGE, "garbage", FAULT_ARG_NONE, "noise in place of the records")               \
	X(FAULT_EMPTY, "empty", FAULT_ARG_NONE, "a datagram or message without content")           \
	X(FAULT_CUT_SHORT, "cut-short", FAULT_ARG_NONE, "the answer ends in the middle of a record") \
	X(FAULT_CUT_RDATA, "cut-rdata", FAULT_ARG_NONE, "record data shorter than its type needs") \
	X(FAULT_POINTER_LOOP, "pointer-loop", FAULT_ARG_NONE, "a compressed name that points at itself") \
	X(FAULT_WRONG_COUNT, "wrong-count", FAULT_ARG_NONE, "more records announced than there are") \
	X(FAULT_NOT_RESPONSE, "not-response", FAULT_ARG_NONE, "the answer says that it is a query") \
	X(FAULT_WRONG_ID, "wrong-id", FAULT_ARG_NONE, "another id than the query's")               \
	X(FAULT_WRONG_QUESTION, "wrong-question", FAULT_ARG_NONE, "another question than the query's") \
	X(FAULT_NO_QUESTION, "no-question", FAULT_ARG_NONE, "the question left out")               \
	X(FAULT_LOWERCASE, "lowercase", FAULT_ARG_NONE, "the question in small letters")           \
	X(FAULT_SPOOF, "spoof", FAULT_ARG_NONE, "a forged answer from another port, then the right one") \
	X(FAULT_SPOOF_ID, "spoof-id", FAULT_ARG_NONE, "forged answers with other ids, then the right one") \
	X(FAULT_TWICE, "twice", FAULT_ARG_NONE, "the same answer two times")                       \
	X(FAULT_UNSIGNED, "unsigned", FAULT_ARG_NONE, "leaves a signed request's answer unsigned") \
	X(FAULT_DRIP, "drip", FAULT_ARG_NONE, "one byte a second (TCP)")                           \
	X(FAULT_HANG_UP, "hang-up", FAULT_ARG_NONE, "closes the TCP connection at a query")        \
	X(FAULT_RESET, "reset", FAULT_ARG_NONE, "resets the TCP connection at a query")

/* behaviour, word, what a listener does after it has accepted a connection */
#define SCENARIO_ANSWER_LIST(X)                                                                    \
	X(ANSWER_KMS, "kms", "as Windows: takes the KMS interface, refuses any other")             \
	X(ANSWER_ACCEPT_ALL, "accept-all", "takes every interface that it is asked for")           \
	X(ANSWER_REFUSE_INTERFACE, "refuse-interface", "RPC that does not know the interface")     \
	X(ANSWER_REFUSE_TRANSFER, "refuse-transfer", "RPC that takes no transfer syntax")          \
	X(ANSWER_BIND_NAK, "bind-nak", "refuses the bind")                                         \
	X(ANSWER_FAULT, "fault", "answers with a fault")                                           \
	X(ANSWER_HTTP, "http", "a web server")                                                     \
	X(ANSWER_SSH, "ssh", "an SSH server")                                                      \
	X(ANSWER_SMTP, "smtp", "a mail server")                                                    \
	X(ANSWER_TLS, "tls", "a TLS server: answers with an alert")                                \
	X(ANSWER_RANDOM, "random", "random bytes")                                                 \
	X(ANSWER_GARBLED, "garbled", "a bind_ack that contradicts itself")                         \
	X(ANSWER_HALF, "half", "half a bind_ack, then hangs up")                                   \
	X(ANSWER_STALL, "stall", "half a bind_ack, then nothing more")                             \
	X(ANSWER_DRIP, "drip", "a right bind_ack, one byte every 10 ms")                           \
	X(ANSWER_HANG_UP, "hang-up", "closes at once")                                             \
	X(ANSWER_RESET, "reset", "resets at once")                                                 \
	X(ANSWER_SILENT, "silent", "never says anything")

#define SCENARIO_AS_FAULT(id, word, arg, about) id,
enum scenario_fault_kind { SCENARIO_FAULT_LIST(SCENARIO_AS_FAULT) FAULT_COUNT };
#undef SCENARIO_AS_FAULT
#define SCENARIO_AS_ANSWER(id, word, about) id,
enum scenario_answer { SCENARIO_ANSWER_LIST(SCENARIO_AS_ANSWER) ANSWER_COUNT };
#undef SCENARIO_AS_ANSWER
/* clang-format on */

enum { SCENARIO_UDP = 1, SCENARIO_TCP = 2, SCENARIO_BOTH = 3 };

/* A record as it is written; src/lab/record.h makes a dns_rr of it. */
struct scenario_record {
	const char *owner;
	uint32_t ttl_s;
	uint16_t type;
	struct scenario_words data;
	unsigned line;
	struct scenario_record *next;
};

struct scenario_zone {
	const char *name;
	uint32_t serial;
	uint32_t ttl_s;
	const char *mname;                   /* fully qualified */
	const struct scenario_zone *same_as; /* its records come first; NULL: none */
	struct scenario_record *records, *last_record;
	unsigned line;
	struct scenario_zone *next;
};

struct scenario_fault {
	enum scenario_fault_kind kind;
	uint32_t count;
	cw_ms delay_ms;
	struct scenario_record *lie;
	/* Which queries: all of what is given must hold. */
	const char *name;   /* NULL: any */
	const char *under;  /* name or below, NULL: any */
	uint16_t type;      /* 0: any */
	unsigned transport; /* SCENARIO_UDP, SCENARIO_TCP */
	uint32_t first;     /* only that many; 0: always */
	unsigned index;     /* place among the faults of its server, from 0 */
	unsigned line;
	struct scenario_fault *next;
};

enum scenario_update { UPDATE_NONE, UPDATE_ANY, UPDATE_KEY, UPDATE_NOTIMP, UPDATE_NOTAUTH };

enum scenario_server_kind {
	SCENARIO_DNS,
	SCENARIO_KMS,
	SCENARIO_HOST, /* an address on which nothing listens */
	SCENARIO_WEB,  /* with or without TLS */
	SCENARIO_SSTP,
	SCENARIO_PROXY,
};

struct scenario_server {
	enum scenario_server_kind kind;
	const char *name;
	unsigned index; /* place in the scenario, from 0 */
	bool ipv6;
	unsigned closed; /* transports on which nothing listens */
	cw_ms delay_ms;
	/* dns */
	struct scenario_zone *zones, *last_zone;
	struct scenario_fault *faults, *last_fault;
	unsigned fault_count;
	bool recursive, no_additional;
	enum scenario_update update;
	const char *update_key;   /* with UPDATE_KEY */
	const char *update_owner; /* not NULL: sets that exist belong to that host */
	int32_t clock_offset_s;   /* how wrong its clock is, for TSIG */
	/* kms */
	enum scenario_answer answer;
	uint32_t reason;                       /* with ANSWER_BIND_NAK and ANSWER_FAULT */
	uint16_t port;                         /* 0: 1688 where it is free, else any */
	const struct scenario_server *port_of; /* not NULL: the same port as that one */
	bool blocked;                          /* connection attempts are left without any answer */
	/* web, sstp, proxy; else NULL */
	struct scenario_front *front;
	unsigned line;
	struct scenario_server *next;
};

struct scenario_key {
	const char *name, *algorithm, *secret;
	const char *text; /* the whole key file */
	struct tsig_key key;
	unsigned index;
	struct scenario_key *next;
};

/* A file that holds this text. */
struct scenario_secret {
	const char *name, *text;
	struct scenario_secret *next;
};

enum scenario_setting { SETTING_UNSAID, SETTING_GIVEN, SETTING_NONE, SETTING_UNREADABLE };

/* What the client machine is set to, for runs that give no --dns and no --suffix. */
struct scenario_client {
	enum scenario_setting resolver, suffix;
	struct scenario_words resolvers; /* to be expanded: ADDR or ADDR:PORT */
	struct scenario_words suffixes;
	bool no_ipv6; /* the machine has no IPv6 */
};

enum scenario_expect_kind {
	EXPECT_VERDICT,     /* verdict, exit */
	EXPECT_CAUSE,       /* id; code, hop: NULL where not said */
	EXPECT_CONSEQUENCE, /* id; code; of: the cause's id, NULL: of any */
	EXPECT_WARNING,     /* id; code */
	EXPECT_HOP,         /* hop, state */
	EXPECT_TEXT,        /* text: standard output holds it; absent: it does not */
	EXPECT_WITHIN,      /* within_ms: the run takes no longer */
};

struct scenario_expect {
	enum scenario_expect_kind kind;
	const char *id, *code, *of;
	const char *verdict; /* clear, cause-found, undetermined */
	int exit;
	const char *hop, *state; /* state: passed, failed, not-reached, not-tested */
	const char *text;        /* to be expanded */
	bool absent;
	cw_ms within_ms;
	unsigned line;
	struct scenario_expect *next;
};

struct scenario_run {
	struct scenario_words args;    /* to be expanded: check, kms, contoso.example, ... */
	struct scenario_client client; /* what is said for this run alone */
	struct scenario_expect *expects, *last_expect;
	/* Findings that no expectation names are failures, unless these are set. */
	bool other_consequences_allowed;
	unsigned line;
	struct scenario_run *next;
};

struct scenario {
	const char *name, *file, *about;
	const char *twin;            /* NULL: none */
	struct scenario_words shows; /* ids of data/causes.tsv; empty: healthy */
	struct scenario_key *keys;
	unsigned key_count;
	struct scenario_secret *secrets;
	struct scenario_cert *certs;
	unsigned cert_count;
	struct scenario_server *servers;
	unsigned server_count;
	struct scenario_client client;
	struct scenario_run *runs;
};

/*
 * Reads the text of a scenario; file is its name in messages. The scenario lives in the arena.
 * CW_EMALFORMED: why says "FILE:LINE: want ..., have ...". CW_ETOOBIG: over LIMIT_TEXT_FILE.
 */
enum cw_ec scenario_parse(const char *text, size_t len, const char *file, struct cw_arena *arena,
			  const struct scenario **out, char *why, size_t why_size);

/* The client settings of one run: its own, and the scenario's where it says nothing. */
struct scenario_client scenario_client_of(const struct scenario *s, const struct scenario_run *run);

const struct scenario_server *scenario_server(const struct scenario *s, const char *name);
const struct scenario_key *scenario_key(const struct scenario *s, const char *name);
const struct scenario_secret *scenario_secret(const struct scenario *s, const char *name);
const struct scenario_cert *scenario_cert(const struct scenario *s, const char *name);

/* A reference such as @kms01, @kms01:port, @key:lab-key, @ca:root or @secret:proxy. */
enum scenario_ref_kind {
	REF_ADDRESS,
	REF_PORT,
	REF_ADDRESS_PORT,
	REF_REVERSE,
	REF_KEY_FILE,
	REF_SECRET_FILE,
	REF_CERT_FILE, /* PEM */
};

struct scenario_ref {
	enum scenario_ref_kind kind;
	const struct scenario_server *server;
	const struct scenario_key *key;
	const struct scenario_secret *secret;
	const struct scenario_cert *cert;
	size_t len; /* of the reference in the text, with its @ */
};

/* Whether a reference stands at text, which begins with '@'. */
bool scenario_ref_at(const struct scenario *s, const char *text, struct scenario_ref *out);

/* What a reference becomes; NULL: it cannot be used. */
typedef const char *scenario_ref_fn(void *ctx, struct cw_arena *arena,
				    const struct scenario_ref *ref);

/* The text with every reference replaced, in the arena; NULL and *bad (the text from the '@' on)
 * where one names nothing. An '@' right behind a letter or digit, or alone, is no reference. */
const char *scenario_expand(const struct scenario *s, const char *text, struct cw_arena *arena,
			    scenario_ref_fn *resolve, void *ctx, const char **bad);

const char *scenario_fault_name(enum scenario_fault_kind kind);
const char *scenario_answer_name(enum scenario_answer answer);

#endif
