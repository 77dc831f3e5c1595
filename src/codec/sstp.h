/*
 * SSTP packets and attributes (MS-SSTP 2.2), and the HTTP request and answer that open a call.
 *
 * Reading is tolerant where real peers depart from the document: reserved bits are ignored, an
 * Abort or Disconnect may lack its status or carry it in a short attribute, and octets behind the
 * last attribute do not count. Writing is exact.
 */
#ifndef CW_CODEC_SSTP_H
#define CW_CODEC_SSTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec.h"
#include "base/wr.h"
#include "codec/http.h"

enum {
	SSTP_HEADER = 4,
	SSTP_CONTROL_HEADER = 8,
	SSTP_PACKET_MOST = 4095, /* a length of 12 bits */
	SSTP_NONCE = 32,
	SSTP_HASH_MOST = 32,
	SSTP_ATTRIBUTES = 8,         /* that are looked at in one message */
	SSTP_STATUS_VALUE_MOST = 64, /* MS-SSTP 2.2.8 */
	SSTP_PPP = 1,                /* the encapsulated protocol */
};

/* MS-SSTP 2.2.3 */
enum sstp_type {
	SSTP_CONNECT_REQUEST = 1,
	SSTP_CONNECT_ACK = 2,
	SSTP_CONNECT_NAK = 3,
	SSTP_CONNECTED = 4,
	SSTP_ABORT = 5,
	SSTP_DISCONNECT = 6,
	SSTP_DISCONNECT_ACK = 7,
	SSTP_ECHO_REQUEST = 8,
	SSTP_ECHO_RESPONSE = 9,
};

/* MS-SSTP 2.2.4 */
enum sstp_attribute_id {
	SSTP_ATTR_NONE = 0,
	SSTP_ATTR_PROTOCOL = 1,
	SSTP_ATTR_STATUS = 2,
	SSTP_ATTR_BINDING = 3,
	SSTP_ATTR_BINDING_REQUEST = 4,
};

/* MS-SSTP 2.2.8 */
enum sstp_status {
	SSTP_NO_ERROR = 0,
	SSTP_DUPLICATE_ATTRIBUTE = 1,
	SSTP_UNRECOGNIZED_ATTRIBUTE = 2,
	SSTP_INVALID_ATTRIB_VALUE_LENGTH = 3,
	SSTP_VALUE_NOT_SUPPORTED = 4,
	SSTP_UNACCEPTED_FRAME_RECEIVED = 5,
	SSTP_RETRY_COUNT_EXCEEDED = 6,
	SSTP_INVALID_FRAME_RECEIVED = 7,
	SSTP_NEGOTIATION_TIMEOUT = 8,
	SSTP_ATTRIB_NOT_SUPPORTED_IN_MSG = 9,
	SSTP_REQUIRED_ATTRIBUTE_MISSING = 10,
	SSTP_STATUS_INFO_NOT_SUPPORTED_IN_MSG = 11,
};

enum sstp_hash { SSTP_SHA1 = 1, SSTP_SHA256 = 2 };

/* One packet as it lies in the bytes. */
struct sstp_packet {
	bool control;
	const uint8_t *payload; /* behind the four octets of the header */
	size_t payload_len;
	size_t len; /* of the whole packet */
};

/* CW_EMORE: not whole yet. CW_EMALFORMED: no SSTP from here on: drop the connection without a word
 * (MS-SSTP 3.1.5.1). Told from the first octet on that says so. */
enum cw_ec sstp_packet_next(const uint8_t *buf, size_t len, struct sstp_packet *out);

struct sstp_attribute {
	uint8_t id;
	const uint8_t *value;
	size_t len; /* without its header */
};

struct sstp_control {
	uint16_t type;      /* enum sstp_type, or one that is not known */
	uint16_t announced; /* attributes, as the message says */
	size_t count;       /* that are here */
	struct sstp_attribute attribute[SSTP_ATTRIBUTES];
};

/* CW_EMALFORMED: an attribute goes past the packet, fewer are there than announced, or the control
 * header is cut. CW_ETOOBIG: more than SSTP_ATTRIBUTES. type is set whenever it can be read. */
enum cw_ec sstp_control_decode(const struct sstp_packet *p, struct sstp_control *out);

struct sstp_status_info {
	uint8_t attribute; /* the one that it is about */
	uint32_t status;
	const uint8_t *value; /* what was refused, or NULL; in the message */
	size_t value_len;
};

struct sstp_binding_request {
	uint8_t hashes; /* bits of enum sstp_hash */
	uint8_t nonce[SSTP_NONCE];
};

struct sstp_binding {
	uint8_t hash; /* one of enum sstp_hash */
	uint8_t nonce[SSTP_NONCE];
	uint8_t cert_hash[SSTP_HASH_MOST], mac[SSTP_HASH_MOST]; /* SHA-1: the rest is zero */
};

/* The first attribute of the kind. CW_ENOTFOUND: absent. CW_EMALFORMED: of a wrong length. */
enum cw_ec sstp_get_protocol(const struct sstp_control *c, uint16_t *protocol);
enum cw_ec sstp_get_binding_request(const struct sstp_control *c, struct sstp_binding_request *out);
enum cw_ec sstp_get_binding(const struct sstp_control *c, struct sstp_binding *out);
/* The nth status (from 0); also the short form of 4 octets, whose attribute counts as 0. */
enum cw_ec sstp_get_status(const struct sstp_control *c, size_t nth, struct sstp_status_info *out);

/* What is wrong with a Connect Request (MS-SSTP 3.3.5.2.2), for a Nak; returns how many. */
size_t sstp_connect_request_faults(const struct sstp_control *c,
				   struct sstp_status_info fault[SSTP_ATTRIBUTES + 1]);

/* Writers of whole packets. */
void sstp_control_put(struct cw_wr *w, uint16_t type, const struct sstp_attribute *attribute,
		      size_t count);
void sstp_data_put(struct cw_wr *w, const void *frame, size_t len);
void sstp_connect_request_put(struct cw_wr *w, uint16_t protocol);
void sstp_connect_ack_put(struct cw_wr *w, const struct sstp_binding_request *b);
void sstp_connect_nak_put(struct cw_wr *w, const struct sstp_status_info *status, size_t count);
void sstp_connected_put(struct cw_wr *w, const struct sstp_binding *b);
/* Abort or Disconnect; status may be NULL: without one, as some servers send it. */
void sstp_end_put(struct cw_wr *w, enum sstp_type type, const struct sstp_status_info *status);
/* Disconnect Ack, Echo Request, Echo Response. */
void sstp_bare_put(struct cw_wr *w, enum sstp_type type);

/* "CALL_CONNECT_ACK"; NULL if not known. */
const char *sstp_type_name(uint16_t type);
/* "VALUE_NOT_SUPPORTED", as MS-SSTP writes it behind ATTRIB_STATUS_; NULL if not known. */
const char *sstp_status_name(uint32_t status);
const char *sstp_attribute_name(uint8_t id);

/* HTTP */
extern const char sstp_http_path[];   /* /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ */
extern const char sstp_http_method[]; /* SSTP_DUPLEX_POST */
extern const char sstp_http_server[]; /* Microsoft-HTTPAPI/2.0 */

enum { SSTP_CORRELATION_ID = 39 }; /* braces, 36 characters, NUL */
/* "{GUID}" of version 4 out of randomness. Returns out. */
char *sstp_correlation_id(const uint8_t random[16], char out[SSTP_CORRELATION_ID]);

/* correlation_id may be NULL. */
void sstp_http_request_put(struct cw_wr *w, const char *host, const char *correlation_id);
/* The good answer; date may be NULL. Any other is written with codec/http.h. */
void sstp_http_answer_put(struct cw_wr *w, const char *date);
/* 0: a good request. Else the status to refuse it with: 404 (path), 501 (method), 505 (version),
 * 400 (content length). */
int sstp_http_request_refusal(const struct http_head *h);
/* With braces or without, as sent; NULL: none. */
const char *sstp_http_correlation_id(const struct http_head *h);

#endif
