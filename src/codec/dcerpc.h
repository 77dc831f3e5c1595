/*
 * The connection set-up of DCE/RPC (C706 chapter 12, MS-RPCE): bind and its
 * answers, nothing behind it. Clearway sends no request on any interface.
 */
#ifndef CW_CODEC_DCERPC_H
#define CW_CODEC_DCERPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec.h"
#include "base/rd.h"
#include "base/wr.h"

enum dcerpc_type { DCERPC_FAULT = 3, DCERPC_BIND = 11, DCERPC_BIND_ACK = 12, DCERPC_BIND_NAK = 13 };

/* In text order: 51c82175-844e-4750-b0d8-ec255555bc06. The codec turns it to wire order. */
struct dcerpc_uuid {
	uint8_t bytes[16];
};

struct dcerpc_syntax {
	struct dcerpc_uuid uuid;
	uint32_t version; /* major in the low 16 bits, minor in the high ones */
};

extern const struct dcerpc_syntax dcerpc_kms_interface; /* 51c82175-..., 1.0 */
extern const struct dcerpc_syntax dcerpc_ndr32;         /* 8a885d04-..., 2 */

enum { DCERPC_CONTEXTS = 8, DCERPC_HEADER = 16 };

/* One presentation context; the first transfer syntax only. */
struct dcerpc_context {
	uint16_t id;
	struct dcerpc_syntax abstract, transfer;
};

struct dcerpc_bind {
	uint32_t call_id;
	uint16_t max_xmit, max_recv;
	size_t context_count;
	struct dcerpc_context context[DCERPC_CONTEXTS];
};

enum dcerpc_result {
	DCERPC_ACCEPTED = 0,
	DCERPC_USER_REJECTED = 1,
	DCERPC_PROVIDER_REJECTED = 2,
	DCERPC_NEGOTIATE_ACK = 3, /* MS-RPCE 2.2.2.4 */
};

/* With DCERPC_PROVIDER_REJECTED (C706 12.6.4.4). */
enum dcerpc_reason {
	DCERPC_REASON_NONE = 0,
	DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED = 1,
	DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED = 2,
	DCERPC_LOCAL_LIMIT_EXCEEDED = 3,
};

struct dcerpc_answer {
	enum dcerpc_type type;
	uint32_t call_id;
	/* bind_ack */
	size_t result_count;
	struct {
		uint16_t result, reason;
	} result[DCERPC_CONTEXTS];
	/* bind_nak: reject reason; fault: status */
	uint32_t reason;
};

void dcerpc_bind_encode(struct cw_wr *w, const struct dcerpc_bind *b);
/* CW_EMORE: the fragment is not complete. CW_ETOOBIG: more than DCERPC_CONTEXTS contexts. */
enum cw_ec dcerpc_bind_decode(const uint8_t *buf, size_t len, struct dcerpc_bind *out);
/* port becomes the secondary address of a bind_ack. */
void dcerpc_answer_encode(struct cw_wr *w, const struct dcerpc_answer *a, uint16_t port);

/*
 * Reads a server's answer to a bind. CW_EMORE: the fragment is not complete, *need further
 * bytes at least. CW_EMALFORMED: it is not a DCE/RPC answer, or one that contradicts itself;
 * told from the first octet on that says so. A bind_ack has one result at least. Both byte
 * orders of the data representation label are read; octets behind the fragment are not.
 */
enum cw_ec dcerpc_answer_decode(const uint8_t *buf, size_t len, struct dcerpc_answer *out,
				size_t *need);

/* Which protocol the first bytes look like: "TLS", "HTTP", "SSH", "SMTP or FTP", "SMB", ... or
 * NULL. */
const char *dcerpc_guess_other(const uint8_t *buf, size_t len);
/* English words, never NULL: of a bind_nak, of a result with DCERPC_PROVIDER_REJECTED, of a fault. */
const char *dcerpc_reject_reason_name(uint32_t reason);
const char *dcerpc_provider_reason_name(uint32_t reason);
const char *dcerpc_fault_name(uint32_t status);

#endif
