#include "proto/rpc_bind.h"

#include <assert.h>
#include <string.h>

enum {
	FRAGMENT = 5840, /* what Windows offers over TCP */
	CONTEXTS = 2,
	KMS = 0,
	CONTROL = 1,
	GREETING = 16, /* as many octets tell any protocol that we know */
	VERSION = 5,
};

static void finish(struct rpc_bind *b, enum cw_outcome outcome)
{
	b->outcome = outcome;
	b->deadline = CW_NEVER;
}

/* RFC 9562 5.4: version 4, variant 10. */
static struct dcerpc_syntax random_interface(const uint8_t random[16])
{
	struct dcerpc_syntax s = { .version = 1 };
	memcpy(s.uuid.bytes, random, sizeof(s.uuid.bytes));
	s.uuid.bytes[6] = (uint8_t)((s.uuid.bytes[6] & 0x0f) | 0x40);
	s.uuid.bytes[8] = (uint8_t)((s.uuid.bytes[8] & 0x3f) | 0x80);
	return s;
}

void rpc_bind_start(struct rpc_bind *b, struct cw_wr *out, const uint8_t random[16],
		    uint32_t call_id, cw_ms limit_ms, cw_ms now)
{
	b->outcome = CW_OUT_UNKNOWN;
	b->control_accepted = false;
	b->reason = b->guess = NULL;
	b->deadline = now + limit_ms;
	b->call_id = call_id;
	b->got_len = 0;
	struct dcerpc_bind bind = {
		.call_id = call_id,
		.max_xmit = FRAGMENT,
		.max_recv = FRAGMENT,
		.context_count = CONTEXTS,
		.context = {
			[KMS] = { .id = KMS,
				  .abstract = dcerpc_kms_interface,
				  .transfer = dcerpc_ndr32 },
			[CONTROL] = { .id = CONTROL,
				      .abstract = random_interface(random),
				      .transfer = dcerpc_ndr32 },
		},
	};
	dcerpc_bind_encode(out, &bind);
	assert(!out->bad);
}

static void contradicts(struct rpc_bind *b, const char *why)
{
	b->reason = why;
	finish(b, CW_OUT_MALFORMED);
}

/* C706 12.6.3.1: only a provider's rejection of the abstract syntax says that the interface is
 * not there; a limit or a user's rejection says that it is not to be had now. */
static void judge_rejection(struct rpc_bind *b, unsigned result, unsigned reason)
{
	if (result == DCERPC_USER_REJECTED) {
		b->reason = "user rejection";
		finish(b, CW_OUT_BIND_REFUSED);
		return;
	}
	b->reason = dcerpc_provider_reason_name(reason);
	bool interface = reason == DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED ||
			 reason == DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED;
	finish(b, interface ? CW_OUT_INTERFACE_REFUSED : CW_OUT_BIND_REFUSED);
}

static void judge_ack(struct rpc_bind *b, const struct dcerpc_answer *a)
{
	if (a->result_count != CONTEXTS) {
		contradicts(b, "not one result for each context");
		return;
	}
	unsigned kms = a->result[KMS].result;
	if (kms == DCERPC_ACCEPTED) {
		b->control_accepted = a->result[CONTROL].result == DCERPC_ACCEPTED;
		finish(b, CW_OUT_OK);
	} else if (kms == DCERPC_USER_REJECTED || kms == DCERPC_PROVIDER_REJECTED) {
		judge_rejection(b, kms, a->result[KMS].reason);
	} else {
		contradicts(b, "a result that answers nothing that was asked");
	}
}

static void judge(struct rpc_bind *b, const struct dcerpc_answer *a)
{
	if (a->call_id != b->call_id) {
		contradicts(b, "another call's answer");
	} else if (a->type == DCERPC_BIND_ACK) {
		judge_ack(b, a);
	} else if (a->type == DCERPC_BIND_NAK) {
		b->reason = dcerpc_reject_reason_name(a->reason);
		finish(b, CW_OUT_BIND_REFUSED);
	} else {
		b->reason = dcerpc_fault_name(a->reason);
		finish(b, CW_OUT_BIND_REFUSED);
	}
}

/* Whether it began like DCE/RPC of version 5.0 or 5.1 in one of the types that we know. */
static bool looks_like_rpc(const struct rpc_bind *b)
{
	return b->got_len >= DCERPC_HEADER && b->got[0] == VERSION && b->got[1] <= 1 &&
	       b->got[2] <= 20;
}

/* Not an answer to a bind: says whose it may be, once enough of it is there. */
static void judge_other(struct rpc_bind *b, cw_ms now)
{
	b->guess = dcerpc_guess_other(b->got, b->got_len);
	if (b->guess || b->got_len >= GREETING)
		finish(b,
		       !b->guess && looks_like_rpc(b) ? CW_OUT_MALFORMED : CW_OUT_OTHER_PROTOCOL);
	else
		b->deadline = cw_ms_min(b->deadline, now + LIMIT_RPC_GREETING_MS);
}

static bool is_rpc_so_far(const struct rpc_bind *b)
{
	struct dcerpc_answer a;
	size_t need;
	return dcerpc_answer_decode(b->got, b->got_len, &a, &need) == CW_EMORE;
}

void rpc_bind_input(struct rpc_bind *b, const uint8_t *buf, size_t len, cw_ms now)
{
	if (b->outcome)
		return;
	size_t room = sizeof(b->got) - b->got_len;
	size_t n = len < room ? len : room;
	memcpy(b->got + b->got_len, buf, n);
	b->got_len += n;
	struct dcerpc_answer a;
	size_t need;
	enum cw_ec ec = dcerpc_answer_decode(b->got, b->got_len, &a, &need);
	if (ec == CW_OK)
		judge(b, &a);
	else if (ec != CW_EMORE)
		judge_other(b, now);
}

void rpc_bind_ended(struct rpc_bind *b, enum cw_outcome outcome)
{
	if (b->outcome)
		return;
	if (b->got_len && !is_rpc_so_far(b))
		finish(b, CW_OUT_OTHER_PROTOCOL);
	else
		finish(b, outcome);
}

void rpc_bind_expire(struct rpc_bind *b, cw_ms now)
{
	if (b->outcome || now < b->deadline)
		return;
	rpc_bind_ended(b, CW_OUT_TIMEOUT);
}
