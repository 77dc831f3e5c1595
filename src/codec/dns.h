/*
 * DNS messages (RFC 1035, RFC 2136, RFC 2782, RFC 6891): bytes <-> structs.
 * No sockets, no clock, no policy; client and lab server use the same code.
 *
 * Names are text in presentation form without the final dot: "contoso.com";
 * the root is ".". Bytes other than letters, digits, '-' and '_' are escaped
 * as \DDD, a dot inside a label as \. (RFC 1035 5.1). Case is kept.
 */
#ifndef CW_CODEC_DNS_H
#define CW_CODEC_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ec.h"
#include "base/rd.h"
#include "base/wr.h"

/* Values are those of the IANA registry. */
#define DNS_TYPE_LIST(X) \
	X(DNS_A, 1, "A") \
	X(DNS_NS, 2, "NS") \
	X(DNS_CNAME, 5, "CNAME") \
	X(DNS_SOA, 6, "SOA") \
	X(DNS_PTR, 12, "PTR") \
	X(DNS_TXT, 16, "TXT") \
	X(DNS_AAAA, 28, "AAAA") \
	X(DNS_SRV, 33, "SRV") \
	X(DNS_OPT, 41, "OPT") \
	X(DNS_TSIG, 250, "TSIG") \
	X(DNS_ANY, 255, "ANY")

#define DNS_RCODE_LIST(X) \
	X(DNS_NOERROR, 0, "NOERROR") \
	X(DNS_FORMERR, 1, "FORMERR") \
	X(DNS_SERVFAIL, 2, "SERVFAIL") \
	X(DNS_NXDOMAIN, 3, "NXDOMAIN") \
	X(DNS_NOTIMP, 4, "NOTIMP") \
	X(DNS_REFUSED, 5, "REFUSED") \
	X(DNS_YXDOMAIN, 6, "YXDOMAIN") \
	X(DNS_YXRRSET, 7, "YXRRSET") \
	X(DNS_NXRRSET, 8, "NXRRSET") \
	X(DNS_NOTAUTH, 9, "NOTAUTH") \
	X(DNS_NOTZONE, 10, "NOTZONE") \
	X(DNS_BADVERS, 16, "BADVERS") \
	X(DNS_BADKEY, 17, "BADKEY") \
	X(DNS_BADTIME, 18, "BADTIME") \
	X(DNS_BADTRUNC, 22, "BADTRUNC")

#define DNS_AS_ENUM(id, value, name) id = value,
enum dns_type { DNS_TYPE_LIST(DNS_AS_ENUM) };
enum dns_rcode { DNS_RCODE_LIST(DNS_AS_ENUM) };
#undef DNS_AS_ENUM

/* In TSIG error fields 16 means BADSIG (RFC 8945 3), in EDNS BADVERS (RFC 6891 9). */
enum { DNS_TSIG_BADSIG = 16 };

enum dns_class { DNS_CLASS_IN = 1, DNS_CLASS_NONE = 254, DNS_CLASS_ANY = 255 };
enum dns_opcode { DNS_OPCODE_QUERY = 0, DNS_OPCODE_UPDATE = 5 };
/* RFC 2136 2: the same four places carry zone, prerequisite, update and additional. */
enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

/* The registry's name, or "TYPE123" / "RCODE12" written to buf (16 bytes). */
const char *dns_type_name(uint16_t type, char *buf);
const char *dns_rcode_name(uint16_t rcode, char *buf);

struct dns_question {
	const char *name;
	uint16_t type, class_;
};

struct dns_srv {
	uint16_t priority, weight, port;
	const char *target;
};

struct dns_soa {
	const char *mname, *rname;
	uint32_t serial, refresh, retry, expire, minimum;
};

struct dns_rr {
	enum dns_section section;
	const char *owner;
	uint16_t type, class_;
	uint32_t ttl_s;
	/* Decoding: the rdata could not be read as its type (raw still points at it; numbers are 0
	 * and texts "", never NULL). In an UPDATE an empty rdata of class ANY or NONE is no defect
	 * (RFC 2136 deletes and prerequisites). Encoding: raw is written as it is. */
	bool bad_rdata;
	const uint8_t *raw; /* decoding: points into the message; encoding: for types not below */
	uint16_t raw_len;
	union {
		struct dns_srv srv;
		struct dns_soa soa;
		uint8_t address[16]; /* A: the first four bytes */
		const char *name;    /* CNAME, NS, PTR */
		const char *txt; /* TXT: one string (decoding: the first, non-printables as \DDD) */
	};
	bool empty; /* no rdata (RFC 2136 2.5.2 .. 2.5.4) */
};

struct dns_edns {
	bool present;
	uint16_t udp_payload;
	uint8_t version;
	bool dnssec_ok;
};

struct dns_message {
	uint16_t id;
	bool response, authoritative, truncated, recursion_desired, recursion_available;
	uint8_t opcode;
	uint16_t rcode;               /* with the EDNS upper bits */
	struct dns_question question; /* without one: the root, type and class 0 */
	size_t question_count;        /* as the header says; only the first one is decoded */
	const struct dns_rr
		*rr; /* answer, authority, additional in order; OPT and TSIG not among them */
	size_t rr_count;
	struct dns_edns edns;
	bool has_tsig;   /* the last record is a TSIG; codec/tsig.h reads it */
	size_t tsig_at;  /* offset of that record in the message */
	size_t trailing; /* octets behind the message that nothing explains */
};

/*
 * Reads one whole message.
 *
 * out is written on CW_OK; names and the rr array live in the arena, raw in buf.
 * CW_EMALFORMED: header cut, counts larger than the content, a bad name (compression that
 * does not point backwards, label or name too long), an OPT record that is not the only one or
 * not the root's (RFC 6891 6.1.1), a TSIG record that is not the very last (RFC 8945 5.1). A
 * record whose rdata alone is bad does not fail the message: bad_rdata is set. CW_ETOOBIG: more
 * than LIMIT_DNS_RECORDS records.
 * Never blocks; time is linear in len.
 */
enum cw_ec dns_message_decode(const uint8_t *buf, size_t len, struct cw_arena *arena,
			      struct dns_message *out);

/* Only id, flags and question, into caller's memory: to match an answer to its query cheaply.
 * name holds LIMIT_DNS_NAME_TEXT bytes. */
enum cw_ec dns_header_peek(const uint8_t *buf, size_t len, struct dns_message *out, char *name);

/*
 * Writes one message at the end of w, names compressed in owner names and in rdata of NS, CNAME,
 * PTR and SOA (RFC 3597 4: not in SRV). Records go to their sections in the order given. An OPT
 * record is added when edns.present is set. CW_ETOOBIG, and w is bad: it does not fit, and the
 * caller may set truncated and drop records. CW_EINVAL, and w is as before: a name is not
 * writable (see dns_name_to_wire), a TXT is over 255 octets, there is more than one question, or
 * an rcode needs EDNS which is not there.
 */
enum cw_ec dns_message_encode(struct cw_wr *w, const struct dns_message *m);

/* One question, RD as given; the hot path of a query. Errors as above. edns may be NULL. */
enum cw_ec dns_query_encode(struct cw_wr *w, uint16_t id, const char *name, uint16_t type,
			    bool recursion_desired, const struct dns_edns *edns);

/* Text to wire form (uncompressed, with the root label); a final dot is allowed.
 * CW_EINVAL: empty label, label over 63 or name over 255 octets, bad escape. CW_ETOOBIG: w is
 * full. */
enum cw_ec dns_name_to_wire(const char *name, struct cw_wr *w);
/* The name at r inside the whole message, header included; out holds LIMIT_DNS_NAME_TEXT bytes. */
enum cw_ec dns_name_read(struct cw_rd *r, const uint8_t *message, size_t message_len, char *out);

/* ASCII case is ignored (RFC 4343); a final dot does not matter. */
bool dns_name_equal(const char *a, const char *b);
/* Whether name is zone itself or below it. */
bool dns_name_within(const char *name, const char *zone);
/* The name without its first label: "b.c" of "a.b.c"; "." of "c". Points into name. */
const char *dns_name_parent(const char *name);
size_t dns_name_labels(const char *name);

#endif
