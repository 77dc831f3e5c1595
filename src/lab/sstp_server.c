/* An SSTP server of the lab: good up to the Call Connect Ack, or wrong at one step. */
#include <stdlib.h>
#include <string.h>

#include "lab/front.h"
#include "proto/sstp_call.h"

/* What the owner of the connection does once the protocol has had its turn. */
enum then { THEN_GO_ON, THEN_HANG_UP, THEN_RESET };

struct call {
	struct front_conn *front;
	struct sstp_server sstp;
	struct io_timer timer;
	enum then then;
};

static const struct scenario_front *front_of(const struct call *call)
{
	return call->front->c->server->def->front;
}

static void on_request(void *ctx, struct sstp_server *s, const struct http_head *head, int refusal,
		       cw_ms now, struct cw_wr *out)
{
	struct call *call = ctx;
	const struct scenario_front *def = front_of(call);
	char date[HTTP_DATE];
	switch (def->say) {
	case SSTP_SAY_STATUS:
		sstp_server_refuse(s, (int)def->status, NULL, NULL, out);
		return;
	case SSTP_SAY_SILENT:
		return;
	case SSTP_SAY_HANG_UP:
		call->then = THEN_HANG_UP;
		return;
	case SSTP_SAY_RESET:
		call->then = THEN_RESET;
		return;
	default:
		break;
	}
	if (refusal)
		sstp_server_refuse(s, refusal, NULL, NULL, out);
	else
		sstp_server_accept(s, front_date(call->front->c->server, date), now, out);
}

static void put_garbage(const struct call *call, struct cw_wr *out)
{
	for (unsigned i = 0; i < 8; i++)
		cw_wr_be32(out, io_random32(call->front->c->server->lab->loop) | 0x80808080u);
}

static void on_call(void *ctx, struct sstp_server *s, const struct sstp_status_info *fault,
		    size_t fault_count, cw_ms now, struct cw_wr *out)
{
	struct call *call = ctx;
	const struct scenario_front *def = front_of(call);
	struct sstp_status_info status = { .attribute = SSTP_ATTR_PROTOCOL,
					   .status = def->status ? def->status
								 : SSTP_VALUE_NOT_SUPPORTED };
	switch (def->say) {
	case SSTP_SAY_NAK:
		sstp_server_nak(s, &status, 1, out);
		return;
	case SSTP_SAY_ABORT:
		status.attribute = SSTP_ATTR_STATUS;
		sstp_server_abort(s, &status, now, out);
		return;
	case SSTP_SAY_MUTE:
		return;
	case SSTP_SAY_HANG_UP_CALL:
		call->then = THEN_HANG_UP;
		return;
	case SSTP_SAY_GARBAGE:
		put_garbage(call, out);
		return;
	default:
		break;
	}
	if (fault_count)
		sstp_server_nak(s, fault, fault_count, out);
	else
		sstp_server_ack(s, &s->binding, now, out);
}

static const struct sstp_server_ops ops = { .request = on_request, .call = on_call };

static void send_out(struct call *call, const struct cw_wr *out)
{
	struct lab_conn *c = call->front->c;
	if (front_of(call)->say == SSTP_SAY_DRIP)
		lab_conn_drip(c, out->base, out->len, FRONT_DRIP_MS);
	else
		lab_conn_send(c, out->base, out->len, lab_delay_of(c->server), THEN_STAY);
}

/* Does what the turn of the protocol asks for; the call may be gone afterwards. */
static void follow(struct call *call, const struct cw_wr *out)
{
	struct lab_conn *c = call->front->c;
	struct io_loop *loop = c->server->lab->loop;
	if (out->len)
		send_out(call, out);
	if (call->then == THEN_RESET)
		lab_conn_reset(c);
	else if (call->then == THEN_HANG_UP || call->sstp.link.over)
		lab_conn_end(c);
	else if (call->sstp.link.deadline != CW_NEVER)
		io_timer_set(loop, &call->timer, call->sstp.link.deadline);
	else
		io_timer_stop(loop, &call->timer);
}

static void expired(void *ctx)
{
	struct call *call = ctx;
	uint8_t bytes[SSTP_CALL_OUT];
	struct cw_wr out = cw_wr_of(bytes, sizeof(bytes));
	sstp_server_expire(&call->sstp, io_loop_now(call->front->c->server->lab->loop), &out);
	follow(call, &out);
}

/* Windows offers both hashes. */
static void begin(struct call *call, struct io_loop *loop)
{
	uint8_t nonce[SSTP_NONCE];
	for (size_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)io_random32(loop);
	call->timer = (struct io_timer){ .fire = expired, .ctx = call };
	sstp_server_init(&call->sstp, &ops, call, SSTP_SHA1 | SSTP_SHA256, nonce,
			 io_loop_now(loop));
}

static void sstp_opened(struct lab_conn *c)
{
	front_opened(c);
	struct front_conn *f = c->user;
	if (!f)
		return;
	struct call *call = calloc(1, sizeof(*call));
	if (!call) {
		lab_conn_close(c);
		return;
	}
	call->front = f;
	f->more = call;
	begin(call, c->server->lab->loop);
}

static void sstp_received(struct lab_conn *c)
{
	struct front_conn *f = c->user;
	uint8_t bytes[SSTP_CALL_OUT];
	struct cw_wr out = cw_wr_of(bytes, sizeof(bytes));
	if (!front_received(c))
		return;
	struct call *call = f->more;
	sstp_server_input(&call->sstp, c->in, c->in_len, io_loop_now(c->server->lab->loop), &out);
	lab_conn_taken(c, c->in_len);
	follow(call, &out);
}

static void sstp_gone(struct lab_conn *c)
{
	struct front_conn *f = c->user;
	struct call *call = f ? f->more : NULL;
	if (call)
		io_timer_stop(c->server->lab->loop, &call->timer);
	free(call);
	front_gone(c);
}

const struct lab_conn_ops front_sstp_ops = {
	.opened = sstp_opened,
	.received = sstp_received,
	.secured = front_secured,
	.gone = sstp_gone,
};
