/*
 * A listener that a KMS client would meet: one that sets up an RPC connection
 * as Windows does, and many that do not. Whatever comes behind the bind is
 * never answered: the connection is closed.
 */
#include <string.h>

#include "base/limits.h"
#include "codec/dcerpc.h"
#include "lab/inside.h"

enum {
	FRAGMENT_LENGTH_AT = 8,
	DRIP_MS = 10,
	NCA_UNKNOWN_INTERFACE = 0x1c010003, /* C706 appendix N */
	SECONDARY_ADDRESS_AT = 24,          /* of a bind_ack */
};

enum step { STEP_WAITING, STEP_ANSWERED };

static bool same_syntax(const struct dcerpc_syntax *a, const struct dcerpc_syntax *b)
{
	return a->version == b->version && !memcmp(&a->uuid, &b->uuid, sizeof(a->uuid));
}

/* What one presentation context gets (C706 12.6.4.4). */
static void judge_context(enum scenario_answer answer, const struct dcerpc_context *c,
			  uint16_t *result, uint16_t *reason)
{
	*result = DCERPC_ACCEPTED;
	*reason = DCERPC_REASON_NONE;
	if (answer == ANSWER_ACCEPT_ALL)
		return;
	if (answer == ANSWER_REFUSE_INTERFACE ||
	    !same_syntax(&c->abstract, &dcerpc_kms_interface)) {
		*result = DCERPC_PROVIDER_REJECTED;
		*reason = DCERPC_ABSTRACT_SYNTAX_NOT_SUPPORTED;
	} else if (answer == ANSWER_REFUSE_TRANSFER || !same_syntax(&c->transfer, &dcerpc_ndr32)) {
		*result = DCERPC_PROVIDER_REJECTED;
		*reason = DCERPC_TRANSFER_SYNTAXES_NOT_SUPPORTED;
	}
}

static void make_answer(const struct lab_server *v, const struct dcerpc_bind *bind,
			struct dcerpc_answer *out)
{
	const struct scenario_server *def = v->def;
	*out = (struct dcerpc_answer){ .type = DCERPC_BIND_ACK, .call_id = bind->call_id };
	if (def->answer == ANSWER_BIND_NAK) {
		out->type = DCERPC_BIND_NAK;
		out->reason = def->reason;
		return;
	}
	if (def->answer == ANSWER_FAULT) {
		out->type = DCERPC_FAULT;
		out->reason = def->reason ? def->reason : NCA_UNKNOWN_INTERFACE;
		return;
	}
	out->result_count = bind->context_count;
	for (size_t i = 0; i < bind->context_count; i++)
		judge_context(def->answer, &bind->context[i], &out->result[i].result,
			      &out->result[i].reason);
}

static void answer_bind(struct lab_conn *c, const struct dcerpc_bind *bind)
{
	struct lab_server *v = c->server;
	struct dcerpc_answer answer;
	uint8_t bytes[LIMIT_RPC_ANSWER];
	struct cw_wr w = cw_wr_of(bytes, sizeof(bytes));
	make_answer(v, bind, &answer);
	dcerpc_answer_encode(&w, &answer, v->addr.port);
	if (w.bad) {
		lab_conn_close(c);
		return;
	}
	switch (v->def->answer) {
	case ANSWER_GARBLED:
		memset(bytes + SECONDARY_ADDRESS_AT, 0xff, 2);
		lab_conn_send(c, bytes, w.len, lab_delay_of(v), THEN_STAY);
		break;
	case ANSWER_HALF:
		lab_conn_send(c, bytes, w.len / 2, lab_delay_of(v), THEN_END);
		break;
	case ANSWER_STALL:
		lab_conn_send(c, bytes, w.len / 2, lab_delay_of(v), THEN_STAY);
		break;
	case ANSWER_DRIP:
		lab_conn_drip(c, bytes, w.len, DRIP_MS);
		break;
	default:
		lab_conn_send(c, bytes, w.len, lab_delay_of(v), THEN_STAY);
		break;
	}
}

/* The length that a whole fragment says it has; 0: the header is not there yet. */
static size_t fragment_len(const struct lab_conn *c)
{
	const uint8_t *at = c->in + FRAGMENT_LENGTH_AT;
	return c->in_len >= DCERPC_HEADER ? (size_t)(at[0] | at[1] << 8) : 0;
}

static void rpc_received(struct lab_conn *c)
{
	struct dcerpc_bind bind;
	size_t len = fragment_len(c);
	if (c->step == STEP_ANSWERED) {
		lab_conn_end(c); /* a request: this is no KMS host */
		return;
	}
	if (!len || c->in_len < len)
		return;
	if (dcerpc_bind_decode(c->in, len, &bind) != CW_OK) {
		lab_conn_end(c);
		return;
	}
	lab_conn_taken(c, len);
	c->step = STEP_ANSWERED;
	answer_bind(c, &bind);
}

/* ---- other protocols ---- */

static void say(struct lab_conn *c, const void *bytes, size_t len, enum lab_then then)
{
	if (c->step == STEP_WAITING)
		lab_conn_send(c, bytes, len, lab_delay_of(c->server), then);
	c->step = STEP_ANSWERED;
}

static void say_noise(struct lab_conn *c)
{
	uint32_t noise[16];
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		noise[i] = io_random32(c->server->lab->loop) | 0x80808080u;
	say(c, noise, sizeof(noise), THEN_STAY);
}

static void other_received(struct lab_conn *c)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\nServer: lab\r\n"
				   "Content-Length: 0\r\nConnection: close\r\n\r\n";
	static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 70 }; /* fatal, protocol_version */
	switch (c->server->def->answer) {
	case ANSWER_HTTP:
		say(c, http, sizeof(http) - 1, THEN_END);
		break;
	case ANSWER_TLS:
		say(c, alert, sizeof(alert), THEN_END);
		break;
	case ANSWER_RANDOM:
		say_noise(c);
		break;
	default:
		break;
	}
	lab_conn_taken(c, c->in_len);
}

static void listener_received(struct lab_conn *c)
{
	switch (c->server->def->answer) {
	case ANSWER_HTTP:
	case ANSWER_SSH:
	case ANSWER_SMTP:
	case ANSWER_TLS:
	case ANSWER_RANDOM:
	case ANSWER_SILENT:
		other_received(c);
		break;
	default:
		rpc_received(c);
		break;
	}
}

static void listener_opened(struct lab_conn *c)
{
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 lab\r\n";
	static const char smtp[] = "220 mail.lab.test ESMTP ready\r\n";
	c->server->hits++;
	switch (c->server->def->answer) {
	case ANSWER_SSH:
		say(c, ssh, sizeof(ssh) - 1, THEN_STAY);
		break;
	case ANSWER_SMTP:
		say(c, smtp, sizeof(smtp) - 1, THEN_STAY);
		break;
	case ANSWER_HANG_UP:
		lab_conn_end(c);
		break;
	case ANSWER_RESET:
		lab_conn_reset(c);
		break;
	default:
		break;
	}
}

static const struct lab_conn_ops rpc_ops = { .opened = listener_opened,
					     .received = listener_received };

int lab_rpc_start(struct lab_server *v, int tcp)
{
	v->ops = &rpc_ops;
	return lab_listen(v, tcp);
}
