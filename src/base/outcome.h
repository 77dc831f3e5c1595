/*
 * How something that we tried on the network ended. Each end that leads to
 * another cause has a name of its own; "it failed" is not one of them.
 * The zero value is UNKNOWN, so that what never ran cannot look like a success.
 */
#ifndef CW_BASE_OUTCOME_H
#define CW_BASE_OUTCOME_H

#define CW_OUTCOME_LIST(X) \
	X(CW_OUT_UNKNOWN, "unknown", "not known") \
	X(CW_OUT_OK, "ok", "answered") \
	/* transport */ \
	X(CW_OUT_TIMEOUT, "timeout", "no answer") \
	X(CW_OUT_REFUSED, "refused", "refused: nothing listens there") \
	X(CW_OUT_UNREACHABLE, "unreachable", "a router or host says: unreachable") \
	X(CW_OUT_NO_ROUTE, "no-route", "this machine has no route there") \
	X(CW_OUT_DENIED, "denied", "this machine's own firewall forbids it") \
	X(CW_OUT_RESET, "reset", "connection reset") \
	X(CW_OUT_CLOSED, "closed", "connection closed before an answer") \
	X(CW_OUT_LOCAL, "local-trouble", "this machine could not try (see error)") \
	/* DNS answers */ \
	X(CW_OUT_NAME_MISSING, "name-missing", "the name does not exist (NXDOMAIN)") \
	X(CW_OUT_NO_DATA, "no-data", "the name exists, the record type does not (NODATA)") \
	X(CW_OUT_REFUSED_BY_SERVER, "server-refused", "the server refuses to answer (REFUSED)") \
	X(CW_OUT_SERVER_FAILURE, "server-failure", "the server failed (SERVFAIL)") \
	X(CW_OUT_NOT_IMPLEMENTED, "not-implemented", "the server does not do this (NOTIMP)") \
	X(CW_OUT_FORMAT_ERROR, "format-error", "the server could not read the query (FORMERR)") \
	X(CW_OUT_NOT_AUTH, "not-auth", "not authoritative, or not authorised (NOTAUTH)") \
	X(CW_OUT_OTHER_RCODE, "other-rcode", "another response code") \
	X(CW_OUT_LOOP, "loop", "an alias chain that never ends") \
	X(CW_OUT_REFERRAL, "referral", "the server points elsewhere instead of answering") \
	/* any protocol */ \
	X(CW_OUT_MALFORMED, "malformed", "an answer that cannot be read") \
	X(CW_OUT_OTHER_PROTOCOL, "other-protocol", "another protocol answers") \
	X(CW_OUT_INTERFACE_REFUSED, "interface-refused", "RPC, but not this interface") \
	X(CW_OUT_BIND_REFUSED, "bind-refused", "RPC refuses the bind") \
	/* TLS, proxies, HTTP, SSTP */ \
	X(CW_OUT_TLS_ALERT, "tls-alert", "the TLS handshake ended with an alert") \
	X(CW_OUT_HTTP_STATUS, "http-status", "an HTTP status other than the one wanted") \
	X(CW_OUT_SSTP_NAK, "sstp-nak", "the SSTP server does not take the call") \
	X(CW_OUT_SSTP_ABORT, "sstp-abort", "the SSTP server aborts the call") \
	/* certificates and revocation lists */ \
	X(CW_OUT_REVOKED, "revoked", "revoked") \
	X(CW_OUT_STALE, "stale", "past its time of validity") \
	X(CW_OUT_UNTRUSTED, "untrusted", "not signed by the one who should have") \
	/* settings */ \
	X(CW_OUT_INVALID, "invalid", "not usable as it is written") \
	X(CW_OUT_NONE, "none", "nothing is configured") \
	X(CW_OUT_UNREADABLE, "unreadable", "could not be read") \
	X(CW_OUT_CANCELLED, "cancelled", "cut short")

#define CW_OUTCOME_AS_ENUM(id, name, text) id,
enum cw_outcome { CW_OUTCOME_LIST(CW_OUTCOME_AS_ENUM) CW_OUT_COUNT };
#undef CW_OUTCOME_AS_ENUM

/* The stable name that JSON carries, such as "name-missing". */
const char *cw_outcome_name(enum cw_outcome o);
/* A few English words for a reader; a message id for translation. */
const char *cw_outcome_text(enum cw_outcome o);

/* What an ICMP or ICMPv6 message said about a packet of ours. type is -1 where there was none. */
struct cw_icmp {
	int type, code;
	char from[46]; /* who said it, "" if not known */
};

#endif
