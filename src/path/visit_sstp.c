#include "base/limits.h"
#include "path/visit_private.h"

cw_ms visit_sstp_deadline(const struct visit *v)
{
	return v->sstp->link.deadline;
}

static void take_result(struct visit *v)
{
	const struct sstp_client *c = v->sstp;
	struct visit_result *r = v->hop;
	if (c->http.head.status)
		visit_answer_head(v, &c->http.head);
	r->sstp_status = c->link.status;
	r->sstp_hashes = c->hashes;
	r->why = c->why;
	if (c->outcome == CW_OUT_OTHER_PROTOCOL)
		visit_fail_other(v, c->http.first, c->http.first_len);
	else
		visit_hop_end(v, c->outcome);
	/* From here on it is only a matter of good manners. */
	v->hop_deadline = io_loop_now(v->loop) + LIMIT_SSTP_GOODBYE_MS;
}

static void go_on(struct visit *v, const struct cw_wr *out)
{
	const struct sstp_client *c = v->sstp;
	if (out && out->len)
		visit_write(v, out->base, out->len);
	if (v->hop && c->outcome)
		take_result(v);
	if (!v->hop && (c->link.over || c->link.settled))
		v->over = true;
}

void visit_sstp_begin(struct visit *v)
{
	uint8_t out[SSTP_CALL_OUT];
	struct cw_wr w = cw_wr_of(out, sizeof(out));
	visit_hop_begin(v, VISIT_SSTP);
	v->hop->rounds = 1;
	v->sstp = cw_arena_new_of(v->arena, struct sstp_client);
	sstp_client_start(v->sstp, &w, v->spec.sstp_host, v->spec.sstp_correlation_id,
			  io_loop_now(v->loop));
	go_on(v, &w);
}

void visit_sstp_input(struct visit *v, const uint8_t *buf, size_t len)
{
	uint8_t out[SSTP_CALL_OUT];
	struct cw_wr w = cw_wr_of(out, sizeof(out));
	sstp_client_input(v->sstp, buf, len, io_loop_now(v->loop), &w);
	go_on(v, &w);
}

void visit_sstp_ended(struct visit *v, enum cw_outcome outcome)
{
	sstp_client_ended(v->sstp, outcome);
	go_on(v, NULL);
	v->over = true;
}

void visit_sstp_expire(struct visit *v)
{
	uint8_t out[SSTP_CALL_OUT];
	struct cw_wr w = cw_wr_of(out, sizeof(out));
	cw_ms now = io_loop_now(v->loop);
	if (now >= v->sstp->link.deadline)
		sstp_client_expire(v->sstp, now, &w);
	if (now < v->hop_deadline && now < v->total_deadline) {
		go_on(v, &w);
		return;
	}
	/* Our own patience ends before the protocol's. */
	if (v->hop && !v->sstp->outcome) {
		v->sstp->outcome = CW_OUT_TIMEOUT;
		sstp_client_stop(v->sstp, now, &w);
	}
	go_on(v, &w);
	v->over = true;
}
