#include "path/visit.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/dcerpc.h"
#include "path/visit_private.h"

enum { SHOWN = 32, PLAIN = 16384 /* a TLS record's most */ };

struct visit_shared {
	struct io_tls_shared *tls;
};

enum cw_ec visit_shared_new(struct visit_shared **out)
{
	struct visit_shared *s = calloc(1, sizeof(*s));
	if (!s)
		return CW_ENOMEM;
	enum cw_ec ec = io_tls_shared_new(&s->tls);
	if (ec == CW_OK)
		*out = s;
	else
		free(s);
	return ec;
}

void visit_shared_free(struct visit_shared *s)
{
	if (!s)
		return;
	io_tls_shared_free(s->tls);
	free(s);
}

const char *proxy_auth_name(enum proxy_auth a)
{
	return proxy_login_scheme_name((enum proxy_login_scheme)a);
}

/* ---- hops ---- */

static bool in_hop(const struct visit *v, enum visit_hop hop)
{
	return v->hop && v->hop->hop == hop;
}

void visit_hop_begin(struct visit *v, enum visit_hop hop)
{
	assert(!v->hop);
	v->hop = cw_arena_new_of(v->arena, struct visit_result);
	v->hop->hop = hop;
	v->hop->icmp.type = -1;
	v->hop->started = io_loop_now(v->loop);
	v->hop_deadline = v->hop->started + v->spec.hop_limit_ms;
}

void visit_hop_end(struct visit *v, enum cw_outcome outcome)
{
	v->hop->outcome = outcome;
	v->hop->took_ms = io_loop_now(v->loop) - v->hop->started;
	v->result[v->ended++] = v->hop;
	v->hop = NULL;
}

void visit_last(struct visit *v, enum cw_outcome outcome)
{
	visit_hop_end(v, outcome);
	v->over = true;
}

static void fail_with(struct visit *v, const struct io_end *end)
{
	v->hop->icmp = end->icmp;
	v->hop->system_error = end->system_error;
	visit_last(v, end->outcome);
}

/* The first bytes for a reader: printable ones as they are, others as \xNN. */
static const char *escape_bytes(struct cw_arena *a, const uint8_t *bytes, size_t len)
{
	size_t count = len < SHOWN ? len : SHOWN;
	char *out = cw_arena_alloc(a, count * 4 + 1), *at = out;
	for (size_t i = 0; i < count; i++) {
		uint8_t c = bytes[i];
		if (c >= ' ' && c < 0x7f && c != '\\') {
			*at++ = (char)c;
			continue;
		}
		*at++ = '\\';
		*at++ = 'x';
		*at++ = "0123456789abcdef"[c >> 4];
		*at++ = "0123456789abcdef"[c & 15];
	}
	return out;
}

void visit_fail_other(struct visit *v, const uint8_t *got, size_t len)
{
	v->hop->got = escape_bytes(v->arena, got, len);
	v->hop->guess = dcerpc_guess_other(got, len);
	visit_last(v, CW_OUT_OTHER_PROTOCOL);
}

/* ---- telling ---- */

static void drop_connection(struct visit *v)
{
	for (size_t i = LAYERS; i-- > 0;) {
		io_tls_free(v->tls[i]);
		v->tls[i] = NULL;
		v->shaken[i] = false;
	}
	io_stream_close(v->stream);
	v->stream = NULL;
	v->connected = false;
}

static void release(struct visit *v)
{
	io_timer_stop(v->loop, &v->timer);
	drop_connection(v);
	visit_answer_clear(v);
	visit_proxy_clear(v);
	io_gate_leave(v->gate, &v->ticket);
}

/* RFC 8446 6.1: the innermost connection says goodbye first. */
static void say_goodbye(struct visit *v)
{
	for (size_t i = LAYERS; i-- > 0;) {
		if (v->tls[i])
			io_tls_close(v->tls[i]);
	}
}

static void set_timer(struct visit *v)
{
	cw_ms at = cw_ms_min(v->total_deadline, v->hop_deadline);
	if (v->sstp)
		at = cw_ms_min(at, visit_sstp_deadline(v));
	if (!v->timer.place || v->timer.at != at)
		io_timer_set(v->loop, &v->timer, at);
}

void visit_settle(struct visit *v)
{
	bool gone = false;
	if (v->over) {
		say_goodbye(v);
		release(v);
	} else {
		set_timer(v);
	}
	v->gone = &gone;
	while (v->told < v->ended) {
		v->ops->hop(v->ctx, v->result[v->told++]);
		if (gone)
			return;
	}
	v->gone = NULL;
	if (v->over)
		v->ops->done(v->ctx);
}

/* ---- TLS ---- */

static void to_stream(void *ctx, const uint8_t *buf, size_t len)
{
	struct visit *v = ctx;
	io_stream_write(v->stream, buf, len);
}

static void to_proxy_layer(void *ctx, const uint8_t *buf, size_t len)
{
	struct visit *v = ctx;
	io_tls_write(v->tls[LAYER_PROXY], buf, len);
}

void visit_write(struct visit *v, const uint8_t *buf, size_t len)
{
	if (v->tls[LAYER_SERVER])
		io_tls_write(v->tls[LAYER_SERVER], buf, len);
	else if (v->tls[LAYER_PROXY])
		io_tls_write(v->tls[LAYER_PROXY], buf, len);
	else
		io_stream_write(v->stream, buf, len);
}

static enum visit_hop hop_of_layer(enum visit_layer i)
{
	return i == LAYER_PROXY ? VISIT_PROXY_TLS : VISIT_TLS;
}

static void copy_report(struct visit *v, const struct io_tls *t)
{
	const struct io_tls_report *from = io_tls_report(t);
	struct visit_result *r = v->hop;
	r->tls_version = from->version;
	r->tls_cipher = from->cipher;
	r->tls_alert = from->alert;
	r->tls_alert_received = from->alert_received;
	r->hello_seen = from->hello_seen;
	r->client_certificate_asked = from->client_certificate_asked;
	r->staple = (struct visit_bytes){ from->staple.at, from->staple.len };
	struct visit_bytes *cert =
		cw_arena_array_of(v->arena, struct visit_bytes, from->cert_count);
	for (size_t i = 0; i < from->cert_count; i++)
		cert[i] = (struct visit_bytes){ from->cert[i].at, from->cert[i].len };
	r->cert = cert;
	r->cert_count = from->cert_count;
}

struct visit_bytes visit_proxy_leaf(const struct visit *v)
{
	const struct io_tls *t = v->tls[LAYER_PROXY];
	const struct io_tls_report *r = t ? io_tls_report(t) : NULL;
	if (!r || !r->cert_count)
		return (struct visit_bytes){ 0 };
	return (struct visit_bytes){ r->cert[0].at, r->cert[0].len };
}

static void top_ended(struct visit *v, enum cw_outcome outcome);

/* The layer is of no use any more: its handshake failed, or whoever talks through it is cut off. */
static void layer_ended(struct visit *v, enum visit_layer i, enum cw_outcome outcome)
{
	const struct io_tls_report *r = io_tls_report(v->tls[i]);
	if (in_hop(v, hop_of_layer(i))) {
		copy_report(v, v->tls[i]);
		if (outcome == CW_OUT_OTHER_PROTOCOL)
			visit_fail_other(v, r->got, r->got_len);
		else
			visit_last(v, outcome);
		return;
	}
	if (v->hop && r->alert && outcome != CW_OUT_CLOSED) {
		v->hop->tls_alert = r->alert;
		v->hop->tls_alert_received = r->alert_received;
	}
	if (i == LAYER_PROXY && v->tls[LAYER_SERVER])
		layer_ended(v, LAYER_SERVER, outcome);
	else
		top_ended(v, outcome);
}

static void layer_opened(struct visit *v, enum visit_layer i);

/* How the layer's handshake went on, if it was not done before. */
static void follow_handshake(struct visit *v, enum visit_layer i)
{
	if (v->shaken[i])
		return;
	enum cw_outcome outcome = io_tls_report(v->tls[i])->outcome;
	if (outcome == CW_OUT_OK)
		layer_opened(v, i);
	else if (outcome)
		layer_ended(v, i, outcome);
}

static void start_layer(struct visit *v, enum visit_layer i, const struct io_tls_spec *spec)
{
	bool within = i == LAYER_SERVER && v->tls[LAYER_PROXY];
	v->tls[i] =
		io_tls_new(v->shared->tls, spec, v->arena, within ? to_proxy_layer : to_stream, v);
	if (!v->tls[i]) {
		v->hop->system_error = ENOMEM;
		visit_last(v, CW_OUT_LOCAL);
		return;
	}
	io_tls_start(v->tls[i]);
	follow_handshake(v, i); /* no version in common with itself: over before it began */
}

static uint16_t version_number(enum tls_version v)
{
	return v == TLS_ANY ? IO_TLS_ANY : (uint16_t)(IO_TLS_1_0 + (v - TLS_1_0));
}

static void begin_server_tls(struct visit *v)
{
	const struct visit_tls *tls = v->spec.tls;
	visit_hop_begin(v, VISIT_TLS);
	struct io_tls_spec spec = { .sni = tls->sni,
				    .least = version_number(tls->least),
				    .most = version_number(tls->most),
				    .ask_staple = tls->ask_staple };
	start_layer(v, LAYER_SERVER, &spec);
}

static void begin_proxy_tls(struct visit *v)
{
	struct cw_addr literal;
	const char *host = v->spec.proxy->host;
	if (!in_hop(v, VISIT_PROXY)) /* not the first connection */
		visit_hop_begin(v, VISIT_PROXY_TLS);
	/* RFC 6066 3: names only. */
	struct io_tls_spec spec = { .sni = cw_addr_parse(host, &literal) ? NULL : host };
	start_layer(v, LAYER_PROXY, &spec);
}

/* ---- from one hop to the next ---- */

static bool has_request(const struct visit *v)
{
	return v->spec.request && v->spec.request->method;
}

static void begin_talk(struct visit *v)
{
	if (has_request(v))
		visit_http_begin(v);
	else if (v->spec.sstp)
		visit_sstp_begin(v);
	else
		v->over = true;
}

static void first_machine_ready(struct visit *v)
{
	if (in_hop(v, VISIT_PROXY))
		visit_proxy_ask(v);
	else if (v->spec.proxy && (v->spec.connect_to || has_request(v)))
		visit_proxy_begin(v);
	else if (v->spec.tls)
		begin_server_tls(v);
	else
		begin_talk(v);
}

static void layer_opened(struct visit *v, enum visit_layer i)
{
	v->shaken[i] = true;
	if (in_hop(v, hop_of_layer(i))) {
		copy_report(v, v->tls[i]);
		visit_hop_end(v, CW_OUT_OK);
	}
	if (i == LAYER_PROXY)
		first_machine_ready(v);
	else
		begin_talk(v);
}

/* ---- bytes from below ---- */

static void top_input(struct visit *v, const uint8_t *buf, size_t len)
{
	if (in_hop(v, VISIT_PROXY))
		visit_proxy_input(v, buf, len);
	else if (in_hop(v, VISIT_HTTP))
		visit_http_input(v, buf, len);
	else if (v->sstp)
		visit_sstp_input(v, buf, len);
}

static void layer_input(struct visit *v, enum visit_layer i, const uint8_t *buf, size_t len);

static void above(struct visit *v, enum visit_layer i, const uint8_t *buf, size_t len)
{
	if (i == LAYER_PROXY && v->tls[LAYER_SERVER])
		layer_input(v, LAYER_SERVER, buf, len);
	else
		top_input(v, buf, len);
}

static void layer_input(struct visit *v, enum visit_layer i, const uint8_t *buf, size_t len)
{
	struct io_tls *t = v->tls[i];
	uint8_t plain[PLAIN];
	size_t n;
	io_tls_input(t, buf, len);
	follow_handshake(v, i);
	while (!v->over && v->tls[i] == t && (n = io_tls_read(t, plain, sizeof(plain))))
		above(v, i, plain, n);
	if (v->over || v->tls[i] != t)
		return;
	enum cw_outcome outcome = io_tls_report(t)->outcome;
	if (outcome && outcome != CW_OUT_OK)
		layer_ended(v, i, outcome);
}

static void input(struct visit *v, const uint8_t *buf, size_t len)
{
	if (v->tls[LAYER_PROXY])
		layer_input(v, LAYER_PROXY, buf, len);
	else if (v->tls[LAYER_SERVER])
		layer_input(v, LAYER_SERVER, buf, len);
	else
		top_input(v, buf, len);
}

void visit_tunnel_ready(struct visit *v, const uint8_t *rest, size_t len)
{
	if (v->spec.tls)
		begin_server_tls(v);
	else
		begin_talk(v);
	if (v->over || !len)
		return;
	if (v->tls[LAYER_SERVER])
		layer_input(v, LAYER_SERVER, rest, len);
	else
		top_input(v, rest, len);
}

/* ---- the end from below ---- */

static void top_ended(struct visit *v, enum cw_outcome outcome)
{
	if (in_hop(v, VISIT_PROXY)) {
		if (!visit_proxy_ended(v, outcome))
			visit_last(v, outcome);
	} else if (in_hop(v, VISIT_HTTP)) {
		visit_http_ended(v, outcome);
	} else if (v->sstp) {
		visit_sstp_ended(v, outcome);
	} else {
		v->over = true;
	}
}

/* The first connection failed, or one that a proxy's "close" made necessary. */
static void connect_failed(struct visit *v, const struct io_end *end)
{
	if (end->outcome == CW_OUT_TIMEOUT)
		io_gate_silent(v->gate, &v->spec.to);
	else if (!end->system_error)
		io_gate_heard(v->gate, &v->spec.to);
	fail_with(v, end);
}

static void stream_ended(void *ctx, const struct io_end *end)
{
	struct visit *v = ctx;
	if (!v->connected)
		connect_failed(v, end);
	else if (v->tls[LAYER_PROXY])
		layer_ended(v, LAYER_PROXY, end->outcome);
	else if (v->tls[LAYER_SERVER])
		layer_ended(v, LAYER_SERVER, end->outcome);
	else
		top_ended(v, end->outcome);
	visit_settle(v);
}

static void stream_opened(void *ctx)
{
	struct visit *v = ctx;
	v->connected = true;
	io_gate_heard(v->gate, &v->spec.to);
	if (in_hop(v, VISIT_TCP))
		visit_hop_end(v, CW_OUT_OK);
	if (v->spec.proxy && v->spec.proxy->tls)
		begin_proxy_tls(v);
	else
		first_machine_ready(v);
	visit_settle(v);
}

static void stream_input(void *ctx, const uint8_t *buf, size_t len)
{
	struct visit *v = ctx;
	input(v, buf, len);
	visit_settle(v);
}

/* ---- connect ---- */

static const struct io_stream_ops stream_ops = { .opened = stream_opened,
						 .input = stream_input,
						 .ended = stream_ended };

static void open_stream(struct visit *v)
{
	v->stream = io_stream_open(v->loop, &v->spec.to, &stream_ops, v);
	if (v->stream)
		return;
	v->hop->system_error = ENOMEM;
	visit_last(v, CW_OUT_LOCAL);
}

void visit_reconnect(struct visit *v)
{
	drop_connection(v);
	open_stream(v);
}

/* ---- time ---- */

static void expire(struct visit *v)
{
	static const struct io_end silence = { .outcome = CW_OUT_TIMEOUT, .icmp.type = -1 };
	if (!v->connected && v->hop) {
		connect_failed(v, &silence);
		return;
	}
	for (enum visit_layer i = 0; i < LAYERS; i++) {
		if (v->tls[i] && !v->shaken[i]) {
			layer_ended(v, i, CW_OUT_TIMEOUT);
			return;
		}
	}
	if (v->sstp)
		visit_sstp_expire(v);
	else
		top_ended(v, CW_OUT_TIMEOUT);
}

static void expired(void *ctx)
{
	struct visit *v = ctx;
	expire(v);
	visit_settle(v);
}

/* Known before anything was sent, and told from the loop. */
static void failed_at_once(void *ctx)
{
	visit_settle(ctx);
}

static void begin(void *ctx)
{
	struct visit *v = ctx;
	visit_hop_begin(v, VISIT_TCP);
	v->hop_deadline = v->hop->started + v->spec.connect_limit_ms;
	v->total_deadline = v->hop->started + v->spec.total_limit_ms;
	if (io_gate_known_silent(v->gate, &v->spec.to)) {
		v->hop->shared = true;
		visit_last(v, CW_OUT_TIMEOUT);
	} else {
		open_stream(v);
	}
	if (v->over) {
		v->timer.fire = failed_at_once;
		io_timer_set(v->loop, &v->timer, io_loop_now(v->loop));
	} else {
		set_timer(v);
	}
}

struct visit *visit_start(struct io_loop *loop, struct io_gate *gate, struct visit_shared *shared,
			  const struct visit_spec *spec, struct cw_arena *arena,
			  const struct visit_ops *ops, void *ctx)
{
	struct visit *v = cw_arena_new_of(arena, struct visit);
	v->loop = loop;
	v->gate = gate;
	v->shared = shared;
	v->spec = *spec;
	v->arena = arena;
	v->ops = ops;
	v->ctx = ctx;
	v->timer = (struct io_timer){ .fire = expired, .ctx = v };
	v->ticket = (struct io_ticket){ .go = begin, .ctx = v };
	if (io_gate_enter(gate, &v->spec.to, &v->ticket))
		begin(v);
	return v;
}

void visit_cancel(struct visit *v)
{
	if (v->gone)
		*v->gone = true;
	release(v);
}
