#include "proto/sstp_call.h"

#include <string.h>

/* MS-SSTP 3.1.2, 3.2.2, 3.3.2 */
enum {
	HTTP_MS = 60000,
	NEGOTIATION_MS = 60000,
	ABORT_1_MS = 3000,
	ABORT_2_MS = 1000,
	DISCONNECT_2_MS = 1000,
	NAKS_MOST = 3,
};

/* What a call of ours works on. One of client and server is set. */
struct turn {
	struct sstp_link *link;
	struct sstp_client *client;
	struct sstp_server *server;
	cw_ms now;
	struct cw_wr *out;
};

static void link_init(struct sstp_link *l, bool server, enum sstp_state state, cw_ms deadline)
{
	l->server = server;
	l->state = state;
	l->deadline = deadline;
	l->over = l->settled = l->status_given = false;
	l->status_attribute = 0;
	l->status = 0;
	l->in_len = 0;
}

static void link_close(struct sstp_link *l)
{
	l->state = SSTP_OVER;
	l->over = l->settled = true;
	l->deadline = CW_NEVER;
}

static void link_enter(struct sstp_link *l, enum sstp_state state, cw_ms deadline)
{
	l->state = state;
	l->deadline = deadline;
	l->settled = state == SSTP_ABORT_TIMEOUT || state == SSTP_DISCONNECT_TIMEOUT;
}

/* Says why, and waits for the peer's Abort. */
static void link_abort(const struct turn *t, const struct sstp_status_info *status)
{
	sstp_end_put(t->out, SSTP_ABORT, status);
	link_enter(t->link, SSTP_ABORT_PENDING, t->now + ABORT_1_MS);
}

static void abort_with(const struct turn *t, uint8_t attribute, uint32_t status)
{
	struct sstp_status_info info = { .attribute = attribute, .status = status };
	link_abort(t, &info);
}

static void client_outcome(struct sstp_client *c, enum cw_outcome outcome, const char *why)
{
	if (c->outcome != CW_OUT_UNKNOWN)
		return;
	c->outcome = outcome;
	c->why = why;
}

/* The stream cannot be cut into packets: MS-SSTP 3.1.5.1 has us go without an Abort. */
static void lose_stream(const struct turn *t)
{
	if (t->client)
		client_outcome(t->client, CW_OUT_MALFORMED, "what came is no SSTP packet");
	link_close(t->link);
}

/* The peer's own reason; not what it says to an Abort of ours. */
static void note_status(const struct turn *t, const struct sstp_control *m)
{
	struct sstp_status_info info;
	if (t->client && t->client->outcome != CW_OUT_UNKNOWN)
		return;
	t->link->status_given = sstp_get_status(m, 0, &info) == CW_OK;
	t->link->status = t->link->status_given ? info.status : 0;
	t->link->status_attribute = t->link->status_given ? info.attribute : 0;
}

/* What a message does in a state. */

typedef void action(const struct turn *t, const struct sstp_control *m, bool whole);

static void quiet(const struct turn *t, const struct sstp_control *m, bool whole) {}

/* A message that exists, but not here (MS-SSTP 3.1.5.2). */
static void unaccepted(const struct turn *t, const struct sstp_control *m, bool whole)
{
	if (t->client)
		client_outcome(t->client, CW_OUT_MALFORMED, "a message out of turn");
	abort_with(t, SSTP_ATTR_STATUS, SSTP_UNACCEPTED_FRAME_RECEIVED);
}

static void unknown(const struct turn *t, const struct sstp_control *m, bool whole)
{
	if (t->client)
		client_outcome(t->client, CW_OUT_MALFORMED, "a message that does not exist");
	abort_with(t, SSTP_ATTR_STATUS, SSTP_INVALID_FRAME_RECEIVED);
}

static void peer_ended(const struct turn *t, const struct sstp_control *m, bool disconnect)
{
	note_status(t, m);
	if (t->client && t->client->outcome == CW_OUT_UNKNOWN) {
		t->client->stopped_by_disconnect = disconnect;
		client_outcome(t->client, CW_OUT_SSTP_ABORT, NULL);
	}
	if (t->server && disconnect)
		t->server->disconnect_seen = true;
	if (t->server && !disconnect)
		t->server->abort_seen = true;
}

static void answer_abort(const struct turn *t, const struct sstp_control *m, bool whole)
{
	peer_ended(t, m, false);
	struct sstp_status_info info = { .attribute = SSTP_ATTR_NONE, .status = SSTP_NO_ERROR };
	sstp_end_put(t->out, SSTP_ABORT, &info);
	link_enter(t->link, SSTP_ABORT_TIMEOUT, t->now + ABORT_2_MS);
}

static void abort_answered(const struct turn *t, const struct sstp_control *m, bool whole)
{
	peer_ended(t, m, false);
	link_enter(t->link, SSTP_ABORT_TIMEOUT, t->now + ABORT_2_MS);
}

static void answer_disconnect(const struct turn *t, const struct sstp_control *m, bool whole)
{
	peer_ended(t, m, true);
	sstp_bare_put(t->out, SSTP_DISCONNECT_ACK);
	link_enter(t->link, SSTP_DISCONNECT_TIMEOUT, t->now + DISCONNECT_2_MS);
}

static void disconnect_answered(const struct turn *t, const struct sstp_control *m, bool whole)
{
	link_close(t->link);
}

static void client_abort(const struct turn *t, const char *why, uint32_t status)
{
	client_outcome(t->client, CW_OUT_MALFORMED, why);
	abort_with(t, SSTP_ATTR_BINDING_REQUEST, status);
}

/* MS-SSTP 3.2.5.3.1. A probe has then seen what it came for. */
static void take_ack(const struct turn *t, const struct sstp_control *m, bool whole)
{
	struct sstp_binding_request b;
	enum cw_ec ec = sstp_get_binding_request(m, &b);
	if (!whole)
		return client_abort(t, "an Ack whose attributes go past its end",
				    SSTP_INVALID_FRAME_RECEIVED);
	if (ec == CW_ENOTFOUND)
		return client_abort(t, "an Ack without a crypto binding request",
				    SSTP_ATTRIB_NOT_SUPPORTED_IN_MSG);
	if (ec != CW_OK)
		return client_abort(t, "an Ack whose crypto binding request has a wrong length",
				    SSTP_INVALID_ATTRIB_VALUE_LENGTH);
	if (!(b.hashes & (SSTP_SHA1 | SSTP_SHA256)))
		return client_abort(t, "an Ack that offers no hash", SSTP_VALUE_NOT_SUPPORTED);
	t->client->hashes = b.hashes;
	memcpy(t->client->nonce, b.nonce, SSTP_NONCE);
	link_enter(t->link, SSTP_CLIENT_ACKED, t->now + NEGOTIATION_MS);
	client_outcome(t->client, CW_OUT_OK, NULL);
	sstp_client_stop(t->client, t->now, t->out);
}

static void take_nak(const struct turn *t, const struct sstp_control *m, bool whole)
{
	note_status(t, m);
	if (t->client->naks++ < t->client->nak_retries) {
		sstp_connect_request_put(t->out, SSTP_PPP);
		link_enter(t->link, SSTP_CLIENT_REQUEST, t->now + NEGOTIATION_MS);
		return;
	}
	client_outcome(t->client, CW_OUT_SSTP_NAK, NULL);
	abort_with(t, SSTP_ATTR_STATUS, SSTP_RETRY_COUNT_EXCEEDED);
}

/* What a good server says to a Connect Request (MS-SSTP 3.3.5.2.2). */
static void answer_call(struct sstp_server *s, const struct sstp_status_info *fault, size_t count,
			cw_ms now, struct cw_wr *out)
{
	struct sstp_status_info too_often = { .attribute = SSTP_ATTR_STATUS,
					      .status = SSTP_RETRY_COUNT_EXCEEDED };
	if (!count)
		sstp_server_ack(s, &s->binding, now, out);
	else if (s->naks < NAKS_MOST)
		sstp_server_nak(s, fault, count, out);
	else
		sstp_server_abort(s, &too_often, now, out);
}

static void take_request(const struct turn *t, const struct sstp_control *m, bool whole)
{
	struct sstp_status_info fault[SSTP_ATTRIBUTES + 1];
	struct sstp_server *s = t->server;
	if (!whole)
		return unknown(t, m, whole);
	size_t count = sstp_connect_request_faults(m, fault);
	s->call_seen = true;
	if (s->ops && s->ops->call)
		s->ops->call(s->ctx, s, fault, count, t->now, t->out);
	else
		answer_call(s, fault, count, t->now, t->out);
}

/* Nobody has authenticated, so no binding can be right (MS-SSTP 3.3.5.2.3). */
static void refuse_binding(const struct turn *t, const struct sstp_control *m, bool whole)
{
	abort_with(t, SSTP_ATTR_BINDING, SSTP_VALUE_NOT_SUPPORTED);
}

/* MS-SSTP 3.2.5.3, 3.3.5.2. The columns are the states in which packets are read. */
enum column {
	AT_REQUEST,
	AT_ACKED,
	AT_ABORT_PENDING,
	AT_ABORT_TIMEOUT,
	AT_DISCONNECT_PENDING,
	AT_DISCONNECT_TIMEOUT,
	COLUMNS,
};

enum { TYPES = SSTP_ECHO_RESPONSE + 1 };

/* clang-format off */
static action *const client_table[TYPES][COLUMNS] = {
	/*                        request            acked              abort pending   abort timeout  disconnect pending   disconnect timeout */
	[SSTP_CONNECT_REQUEST] = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_CONNECT_ACK]     = { take_ack,          unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_CONNECT_NAK]     = { take_nak,          unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_CONNECTED]       = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_ABORT]           = { answer_abort,      answer_abort,      abort_answered, quiet,         answer_abort,        quiet },
	[SSTP_DISCONNECT]      = { answer_disconnect, answer_disconnect, quiet,          quiet,         answer_disconnect,   quiet },
	[SSTP_DISCONNECT_ACK]  = { unaccepted,        unaccepted,        quiet,          quiet,         disconnect_answered, quiet },
	[SSTP_ECHO_REQUEST]    = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_ECHO_RESPONSE]   = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
};

static action *const server_table[TYPES][COLUMNS] = {
	/*                        request            acked              abort pending   abort timeout  disconnect pending   disconnect timeout */
	[SSTP_CONNECT_REQUEST] = { take_request,      unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_CONNECT_ACK]     = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_CONNECT_NAK]     = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_CONNECTED]       = { unaccepted,        refuse_binding,    quiet,          quiet,         quiet,               quiet },
	[SSTP_ABORT]           = { answer_abort,      answer_abort,      abort_answered, quiet,         answer_abort,        quiet },
	[SSTP_DISCONNECT]      = { answer_disconnect, answer_disconnect, quiet,          quiet,         answer_disconnect,   quiet },
	[SSTP_DISCONNECT_ACK]  = { unaccepted,        unaccepted,        quiet,          quiet,         disconnect_answered, quiet },
	[SSTP_ECHO_REQUEST]    = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
	[SSTP_ECHO_RESPONSE]   = { unaccepted,        unaccepted,        quiet,          quiet,         quiet,               quiet },
};
/* clang-format on */

/* COLUMNS: no packets are read in this state. */
static enum column column_of(enum sstp_state state)
{
	switch (state) {
	case SSTP_CLIENT_REQUEST:
	case SSTP_SERVER_REQUEST:
		return AT_REQUEST;
	case SSTP_CLIENT_ACKED:
	case SSTP_SERVER_ACKED:
		return AT_ACKED;
	case SSTP_ABORT_PENDING:
		return AT_ABORT_PENDING;
	case SSTP_ABORT_TIMEOUT:
		return AT_ABORT_TIMEOUT;
	case SSTP_DISCONNECT_PENDING:
		return AT_DISCONNECT_PENDING;
	case SSTP_DISCONNECT_TIMEOUT:
		return AT_DISCONNECT_TIMEOUT;
	default:
		return COLUMNS;
	}
}

static void take_control(const struct turn *t, const struct sstp_packet *p)
{
	struct sstp_control m;
	enum column column = column_of(t->link->state);
	bool whole = sstp_control_decode(p, &m) == CW_OK;
	if (m.type >= TYPES || !m.type) {
		if (column <= AT_ACKED)
			unknown(t, &m, whole);
		return;
	}
	(t->client ? client_table : server_table)[m.type][column](t, &m, whole);
}

/* A frame before the other side may send it is dropped. */
static void take_data(const struct turn *t, const struct sstp_packet *p)
{
	struct sstp_server *s = t->server;
	if (s && s->ops && s->ops->data && t->link->state == SSTP_SERVER_ACKED && p->payload_len)
		s->ops->data(s->ctx, s, p->payload, p->payload_len);
}

static void take_packets(const struct turn *t)
{
	struct sstp_link *l = t->link;
	size_t at = 0;
	while (column_of(l->state) != COLUMNS) {
		struct sstp_packet p;
		enum cw_ec ec = sstp_packet_next(l->in + at, l->in_len - at, &p);
		if (ec == CW_EMORE)
			break;
		if (ec != CW_OK)
			return lose_stream(t);
		at += p.len;
		if (p.control)
			take_control(t, &p);
		else
			take_data(t, &p);
	}
	l->in_len -= at;
	memmove(l->in, l->in + at, l->in_len);
}

/* Bytes of the stream behind the HTTP head. Before the server's answer they only wait. */
static void link_input(const struct turn *t, const uint8_t *buf, size_t len)
{
	struct sstp_link *l = t->link;
	while (len && !l->over) {
		size_t room = sizeof(l->in) - l->in_len;
		size_t n = len < room ? len : room;
		if (!n)
			return lose_stream(t);
		memcpy(l->in + l->in_len, buf, n);
		l->in_len += n;
		buf += n;
		len -= n;
		take_packets(t);
	}
}

/* What follows when a deadline has passed. */
static void link_expire(const struct turn *t)
{
	if (column_of(t->link->state) > AT_ACKED)
		link_close(t->link);
	else
		abort_with(t, SSTP_ATTR_STATUS, SSTP_NEGOTIATION_TIMEOUT);
}

/* The client */

static struct turn client_turn(struct sstp_client *c, cw_ms now, struct cw_wr *out)
{
	return (struct turn){ .link = &c->link, .client = c, .now = now, .out = out };
}

void sstp_client_start(struct sstp_client *c, struct cw_wr *out, const char *host,
		       const char *correlation_id, cw_ms now)
{
	link_init(&c->link, false, SSTP_CLIENT_HTTP, now + HTTP_MS);
	c->outcome = CW_OUT_UNKNOWN;
	c->why = NULL;
	c->hashes = 0;
	memset(c->nonce, 0, sizeof(c->nonce));
	c->stopped_by_disconnect = false;
	c->nak_retries = c->naks = 0;
	http_reader_init_response(&c->http, sstp_http_method, 0);
	sstp_http_request_put(out, host, correlation_id);
}

static void client_close(struct sstp_client *c, enum cw_outcome outcome, const char *why)
{
	client_outcome(c, outcome, why);
	link_close(&c->link);
}

/* Status 200 alone is not enough: any web server gives that to its own page (MS-SSTP 3.2.5.2). */
static void take_answer(struct sstp_client *c, cw_ms now, struct cw_wr *out)
{
	const struct http_head *h = &c->http.head;
	if (h->status != 200)
		return client_close(c, CW_OUT_HTTP_STATUS, NULL);
	if (h->major != 1 || h->minor != 1)
		return client_close(c, CW_OUT_HTTP_STATUS, "not HTTP/1.1");
	if (h->body != HTTP_BODY_STREAM)
		return client_close(c, CW_OUT_HTTP_STATUS, "an ordinary page, not SSTP's stream");
	sstp_connect_request_put(out, SSTP_PPP);
	link_enter(&c->link, SSTP_CLIENT_REQUEST, now + NEGOTIATION_MS);
}

static size_t client_http_input(struct sstp_client *c, const uint8_t *buf, size_t len, cw_ms now,
				struct cw_wr *out)
{
	size_t used;
	switch (http_reader_feed(&c->http, buf, len, &used)) {
	case HTTP_MORE:
		break;
	case HTTP_HEAD:
		take_answer(c, now, out);
		break;
	case HTTP_NOT_HTTP:
		client_close(c, CW_OUT_OTHER_PROTOCOL, NULL);
		break;
	default:
		client_close(c, CW_OUT_MALFORMED, c->http.why);
		break;
	}
	return used;
}

void sstp_client_input(struct sstp_client *c, const uint8_t *buf, size_t len, cw_ms now,
		       struct cw_wr *out)
{
	struct turn t = client_turn(c, now, out);
	if (c->link.state == SSTP_CLIENT_HTTP) {
		size_t used = client_http_input(c, buf, len, now, out);
		buf += used;
		len -= used;
	}
	link_input(&t, buf, len);
}

void sstp_client_ended(struct sstp_client *c, enum cw_outcome outcome)
{
	client_close(c, outcome, NULL);
}

void sstp_client_expire(struct sstp_client *c, cw_ms now, struct cw_wr *out)
{
	struct turn t = client_turn(c, now, out);
	if (now < c->link.deadline)
		return;
	client_outcome(c, CW_OUT_TIMEOUT, NULL);
	link_expire(&t);
}

void sstp_client_stop(struct sstp_client *c, cw_ms now, struct cw_wr *out)
{
	struct turn t = client_turn(c, now, out);
	client_outcome(c, CW_OUT_CANCELLED, NULL);
	if (c->link.state == SSTP_CLIENT_HTTP)
		link_close(&c->link);
	else if (column_of(c->link.state) <= AT_ACKED)
		abort_with(&t, SSTP_ATTR_NONE, SSTP_NO_ERROR);
}

/* The server */

static struct turn server_turn(struct sstp_server *s, cw_ms now, struct cw_wr *out)
{
	return (struct turn){ .link = &s->link, .server = s, .now = now, .out = out };
}

void sstp_server_init(struct sstp_server *s, const struct sstp_server_ops *ops, void *ctx,
		      uint8_t hashes, const uint8_t nonce[SSTP_NONCE], cw_ms now)
{
	link_init(&s->link, true, SSTP_SERVER_HTTP, now + NEGOTIATION_MS);
	s->ops = ops;
	s->ctx = ctx;
	s->binding.hashes = hashes;
	memcpy(s->binding.nonce, nonce, SSTP_NONCE);
	s->naks = 0;
	s->request_seen = s->call_seen = s->abort_seen = s->disconnect_seen = false;
	s->correlation_id[0] = '\0';
	http_reader_init_request(&s->http, 0);
}

static void note_correlation_id(struct sstp_server *s)
{
	const char *id = sstp_http_correlation_id(&s->http.head);
	size_t len = id ? strlen(id) : 0;
	if (len && len < sizeof(s->correlation_id))
		memcpy(s->correlation_id, id, len + 1);
}

static void take_http_request(struct sstp_server *s, cw_ms now, struct cw_wr *out)
{
	int refusal = sstp_http_request_refusal(&s->http.head);
	s->request_seen = true;
	note_correlation_id(s);
	if (s->ops && s->ops->request)
		s->ops->request(s->ctx, s, &s->http.head, refusal, now, out);
	else if (refusal)
		sstp_server_refuse(s, refusal, NULL, NULL, out);
	else
		sstp_server_accept(s, NULL, now, out);
}

static size_t server_http_input(struct sstp_server *s, const uint8_t *buf, size_t len, cw_ms now,
				struct cw_wr *out)
{
	size_t used;
	switch (http_reader_feed(&s->http, buf, len, &used)) {
	case HTTP_MORE:
		break;
	case HTTP_HEAD:
		take_http_request(s, now, out);
		break;
	default:
		if (s->ops && s->ops->no_http)
			s->ops->no_http(s->ctx, s);
		link_close(&s->link);
		break;
	}
	return used;
}

void sstp_server_input(struct sstp_server *s, const uint8_t *buf, size_t len, cw_ms now,
		       struct cw_wr *out)
{
	struct turn t = server_turn(s, now, out);
	if (!s->request_seen && !s->link.over) {
		size_t used = server_http_input(s, buf, len, now, out);
		buf += used;
		len -= used;
	}
	link_input(&t, buf, len);
}

void sstp_server_ended(struct sstp_server *s)
{
	link_close(&s->link);
}

void sstp_server_expire(struct sstp_server *s, cw_ms now, struct cw_wr *out)
{
	struct turn t = server_turn(s, now, out);
	if (now >= s->link.deadline)
		link_expire(&t);
}

void sstp_server_accepted(struct sstp_server *s, cw_ms now, struct cw_wr *out)
{
	struct turn t = server_turn(s, now, out);
	if (s->link.state != SSTP_SERVER_HTTP)
		return;
	/* The timer runs from the connection on (MS-SSTP 3.3.2). */
	link_enter(&s->link, SSTP_SERVER_REQUEST, s->link.deadline);
	take_packets(&t);
}

void sstp_server_accept(struct sstp_server *s, const char *date, cw_ms now, struct cw_wr *out)
{
	sstp_http_answer_put(out, date);
	sstp_server_accepted(s, now, out);
}

void sstp_server_refuse(struct sstp_server *s, int status, const char *reason, const char *body,
			struct cw_wr *out)
{
	size_t len = body ? strlen(body) : 0;
	http_status_put(out, status, reason ? reason : http_status_text(status));
	http_header_put_number(out, "Content-Length", len);
	http_header_put(out, "Server", sstp_http_server);
	http_header_put(out, "Connection", "close");
	http_head_end(out);
	cw_wr_bytes(out, body, len);
	link_close(&s->link);
}

void sstp_server_ack(struct sstp_server *s, const struct sstp_binding_request *b, cw_ms now,
		     struct cw_wr *out)
{
	s->binding = *b;
	sstp_connect_ack_put(out, b);
	link_enter(&s->link, SSTP_SERVER_ACKED, now + NEGOTIATION_MS);
}

void sstp_server_nak(struct sstp_server *s, const struct sstp_status_info *status, size_t count,
		     struct cw_wr *out)
{
	sstp_connect_nak_put(out, status, count);
	s->naks++;
}

void sstp_server_abort(struct sstp_server *s, const struct sstp_status_info *status, cw_ms now,
		       struct cw_wr *out)
{
	struct turn t = server_turn(s, now, out);
	link_abort(&t, status);
}

void sstp_server_drop(struct sstp_server *s)
{
	link_close(&s->link);
}

const char *sstp_state_name(enum sstp_state s)
{
	static const char *const names[SSTP_STATES] = {
		[SSTP_CLIENT_HTTP] = "http sent",
		[SSTP_CLIENT_REQUEST] = "connect request sent",
		[SSTP_CLIENT_ACKED] = "connect ack received",
		[SSTP_SERVER_HTTP] = "http pending",
		[SSTP_SERVER_REQUEST] = "connect request pending",
		[SSTP_SERVER_ACKED] = "call connected pending",
		[SSTP_ABORT_PENDING] = "abort pending",
		[SSTP_ABORT_TIMEOUT] = "abort timeout pending",
		[SSTP_DISCONNECT_PENDING] = "disconnect ack pending",
		[SSTP_DISCONNECT_TIMEOUT] = "disconnect timeout pending",
		[SSTP_OVER] = "over",
	};
	return names[s];
}
