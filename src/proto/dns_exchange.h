/*
 * One DNS exchange with one server (RFC 1035 4.2, RFC 7766, RFC 6891 7), without
 * sockets and clock: datagrams, events and the time go in; bytes, what is to be
 * done and the next deadline come out.
 *
 * Two ways lead to the server. UDP begins; it is tried again at each step, and
 * the last step opens TCP beside it. UDP's end (truncation, an ICMP error) opens
 * TCP at once. Whichever way brings an answer that fits the query decides; when
 * both have ended without one, the exchange ends at that moment.
 *
 *	dns_exchange_init(&x, &spec, id, arena, now, unix_s);
 *	dns_exchange_start(&x, now);
 *	for (;;) {
 *		unsigned what = dns_exchange_take(&x);
 *		... does it; at DNS_DO_FINISH reads x.result and is done
 *		... waits for an event or dns_exchange_deadline(), tells of it
 *	}
 *
 * What is sent. Queries carry EDNS0 over UDP, but for the last step: a server or
 * firewall that silently drops EDNS0 shall not look like one that is dead.
 * FORMERR, NOTIMP, BADVERS or an unreadable answer to EDNS0 bring the query again
 * without it and under a new id, so that a late twin of the complaint is not
 * taken for the next answer. Over TCP, for UPDATE and with a TSIG key there is no
 * EDNS0, as nothing there needs it.
 *
 * What is believed. An answer must come from where the query went (the owner
 * looks at addresses) and match in id, opcode and question; others are counted as
 * stray, and more than LIMIT_DNS_STRAY end the exchange as MALFORMED, "flooded".
 * Over UDP a matching answer that cannot be read, or whose signature is not good,
 * is only kept until the next step: a better one may come, and nobody shall win
 * by sending garbage first. Over TCP such an answer ends that way.
 *
 * Truncation. The records of a truncated answer are never used: a part of a set
 * looks like a whole one. When TCP then fails, the outcome is TCP's failure, with
 * `truncated` saying that UDP works, and without a message. TCP is given half of
 * the limit at least.
 */
#ifndef CW_PROTO_DNS_EXCHANGE_H
#define CW_PROTO_DNS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/time.h"
#include "codec/dns.h"
#include "codec/tsig.h"

struct dns_exchange_spec {
	/* A query ... */
	const char *name;
	uint16_t type;
	bool recursion_desired;
	/* ... or a whole message (UPDATE). */
	const struct dns_message *message;
	const struct tsig_key *key; /* NULL: unsigned; must outlive the exchange */
	cw_ms limit_ms;
};

/* What the owner is to do, in this order; nothing else counts beside DNS_DO_FINISH. */
enum dns_do {
	DNS_DO_FINISH = 1,   /* result is complete */
	DNS_DO_RENUMBER = 2, /* dns_exchange_renumber with an id that is not in use */
	DNS_DO_SEND = 4,     /* dns_exchange_datagram as a datagram */
	DNS_DO_CONNECT = 8,  /* open TCP to the server */
	DNS_DO_WRITE = 16,   /* dns_exchange_stream into the TCP connection */
};

struct dns_result {
	/* As struct dns_answer (path/dns_client.h) says. Also INVALID: a name or message that
	 * cannot be written. */
	enum cw_outcome outcome;
	const struct dns_message *message; /* the answer that decided, or NULL */
	const char *alias;                 /* where its aliases led, or NULL */
	bool over_tcp, tcp_tried, truncated, edns_dropped;
	unsigned sent, stray;
	const struct cw_icmp *icmp; /* NULL: none */
	int system_error;
	const char *malformed;
	struct tsig_verdict tsig;
};

enum dns_way { DNS_UDP, DNS_TCP };

/* How a way ended. UNKNOWN: it has not. */
struct dns_way_end {
	enum cw_outcome outcome;
	int system_error;
	const struct cw_icmp *icmp;
	const char *malformed;
};

/* Requests as they go over TCP: a length of two octets, then the message. */
struct dns_request {
	uint8_t *framed; /* NULL: not written yet */
	size_t len;      /* of the message, without the length */
};

/* Open so that it can be a part of its owner; the fields but result are its own. */
struct dns_exchange {
	struct dns_result result;
	struct cw_arena *arena;
	const char *name; /* of the query, copied */
	const struct tsig_key *key;
	struct tsig_mac *mac; /* of the request, with a key */
	uint64_t unix_s;      /* when it was born */
	cw_ms born, limit_ms, step_ms, limit_at, next_at;
	struct dns_request edns, plain;
	struct dns_way_end end[2];
	/* The answer to fall back on when no better one comes until then. */
	struct {
		enum cw_outcome outcome;
		const struct dns_message *message;
		const char *alias, *malformed;
		struct tsig_verdict tsig;
		bool over_tcp;
		cw_ms until;
	} kept;
	/* TCP: the message that is being read. */
	struct {
		uint8_t head[2];
		size_t got, want; /* got counts the two of the length */
		uint8_t *body;
	} in;
	size_t question_len; /* of the request, 0: it has none */
	uint16_t id, stream_id, type;
	uint8_t opcode, step, todo;
	bool recursion_desired, running, connecting;
	bool tcp_only;  /* an answer over UDP was truncated, or the request is too long for it */
	bool edns_sent; /* under the present id */
	bool edns_off;
};

/* Takes what is to be done and forgets it. */
unsigned dns_exchange_take(struct dns_exchange *x);
/* When to call dns_exchange_expire next. */
cw_ms dns_exchange_deadline(const struct dns_exchange *x);

/* Writes the request; of spec only the key is looked at later. unix_s: the wall clock, needed with
 * a key alone. Until the start everything that comes is ignored. */
void dns_exchange_init(struct dns_exchange *x, const struct dns_exchange_spec *spec, uint16_t id,
		       struct cw_arena *arena, cw_ms now, uint64_t unix_s);
void dns_exchange_start(struct dns_exchange *x, cw_ms now);
/* Not with a key: the signature covers the id. */
void dns_exchange_renumber(struct dns_exchange *x, uint16_t id);
/* The bytes to send now; counted as sent. They stay as they are until the next event. */
const uint8_t *dns_exchange_datagram(struct dns_exchange *x, size_t *len);
const uint8_t *dns_exchange_stream(struct dns_exchange *x, size_t *len);

void dns_exchange_expire(struct dns_exchange *x, cw_ms now);
/* A datagram that came from the server's address and port. */
void dns_exchange_received(struct dns_exchange *x, const uint8_t *buf, size_t len, cw_ms now);
/* An answer to our id that came from elsewhere, or to no id of ours from the server. */
void dns_exchange_strayed(struct dns_exchange *x);
/* The datagram could not leave for the moment (EAGAIN, ENOBUFS): the next step sends again. */
void dns_exchange_unsent(struct dns_exchange *x, int system_error);
void dns_exchange_connected(struct dns_exchange *x);
void dns_exchange_input(struct dns_exchange *x, const uint8_t *buf, size_t len, cw_ms now);
/* A way ended: UDP by an ICMP error or one of this machine, TCP by those, or closed or reset.
 * icmp may be NULL. */
void dns_exchange_ended(struct dns_exchange *x, enum dns_way way, enum cw_outcome outcome,
			const struct cw_icmp *icmp, int system_error, cw_ms now);

#endif
