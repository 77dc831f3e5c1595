#include <stdlib.h>
#include <string.h>

#include "lab/inside.h"

enum { READ_ROOM = 4096, IN_MOST = 4 * LIMIT_DNS_MESSAGE };

/* An answer that waits: for its time, or for its next byte. */
struct lab_out {
	struct io_timer timer;
	struct lab_server *server;
	struct lab_conn *conn; /* NULL: a datagram */
	uv_udp_t *from;
	struct sockaddr_storage to;
	enum lab_then then;
	bool raw;          /* below TLS */
	cw_ms interval_ms; /* 0: all at once */
	size_t at, len;
	struct lab_out *prev, *next;
	uint8_t bytes[];
};

struct write_job {
	uv_write_t req;
	enum lab_then then;
	uint8_t bytes[];
};

/* ---- answers that wait ---- */

static void out_unlink(struct lab_out *o)
{
	struct lab *lab = o->server->lab;
	io_timer_stop(lab->loop, &o->timer);
	if (o->prev)
		o->prev->next = o->next;
	else
		lab->outs = o->next;
	if (o->next)
		o->next->prev = o->prev;
}

static void out_free(struct lab_out *o)
{
	out_unlink(o);
	free(o);
}

void lab_outs_drop(struct lab *lab, const struct lab_conn *c)
{
	for (struct lab_out *o = lab->outs, *next; o; o = next) {
		next = o->next;
		if (!c || o->conn == c)
			out_free(o);
	}
}

static void out_fire(void *ctx);

static struct lab_out *out_new(struct lab_server *v, const void *bytes, size_t len, cw_ms delay_ms)
{
	struct lab *lab = v->lab;
	struct lab_out *o = calloc(1, sizeof(*o) + len);
	if (!o)
		return NULL; /* as if the packet were lost */
	o->server = v;
	o->len = len;
	if (len)
		memcpy(o->bytes, bytes, len);
	o->timer = (struct io_timer){ .fire = out_fire, .ctx = o };
	o->next = lab->outs;
	if (o->next)
		o->next->prev = o;
	lab->outs = o;
	io_timer_set(lab->loop, &o->timer, io_loop_now(lab->loop) + delay_ms);
	return o;
}

static void send_datagram(uv_udp_t *from, const struct sockaddr *to, const void *bytes, size_t len)
{
	uv_buf_t buf = uv_buf_init(NULL, 0);
	if (len) {
		memcpy(&buf.base, &bytes, sizeof(buf.base)); /* libuv has no const here */
		buf.len = len;
	}
	(void)uv_udp_try_send(from, &buf, 1, to); /* a datagram may be lost */
}

static void conn_write(struct lab_conn *c, const void *bytes, size_t len, bool raw,
		       enum lab_then then);

static void out_fire(void *ctx)
{
	struct lab_out *o = ctx;
	struct lab *lab = o->server->lab;
	if (o->conn && o->interval_ms && o->at < o->len) {
		io_timer_set(lab->loop, &o->timer, io_loop_now(lab->loop) + o->interval_ms);
		conn_write(o->conn, o->bytes + o->at++, 1, o->raw, THEN_STAY);
		return; /* o may be gone */
	}
	out_unlink(o);
	if (!o->conn)
		send_datagram(o->from, (const struct sockaddr *)&o->to, o->bytes, o->len);
	else if (!o->interval_ms)
		conn_write(o->conn, o->bytes, o->len, o->raw, o->then);
	else if (o->then == THEN_END)
		conn_write(o->conn, "", 0, o->raw, THEN_END);
	free(o);
}

void lab_udp_send(struct lab_server *v, uv_udp_t *from, const struct sockaddr *to,
		  const void *bytes, size_t len, cw_ms delay_ms)
{
	if (!delay_ms) {
		send_datagram(from, to, bytes, len);
		return;
	}
	struct lab_out *o = out_new(v, bytes, len, delay_ms);
	if (!o)
		return;
	o->from = from;
	memcpy(&o->to, to,
	       to->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}

/* ---- connections ---- */

static void conn_closed(uv_handle_t *h)
{
	struct lab_conn *c = h->data;
	struct lab *lab = c->server->lab;
	if (c->prev)
		c->prev->next = c->next;
	else
		lab->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	lab_tls_free(c->tls);
	free(c->in);
	free(c);
	lab_handle_closed(lab);
}

/* False: it is going already. */
static bool begin_closing(struct lab_conn *c)
{
	if (c->closing)
		return false;
	c->closing = true;
	lab_outs_drop(c->server->lab, c);
	if (c->ops->gone)
		c->ops->gone(c);
	return true;
}

void lab_conn_close(struct lab_conn *c)
{
	if (!begin_closing(c))
		return;
	uv_close((uv_handle_t *)&c->tcp, conn_closed);
}

static void was_shut_down(uv_shutdown_t *req, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		lab_conn_close(req->handle->data);
}

static void shut_down(struct lab_conn *c)
{
	if (c->closing || c->ending)
		return;
	c->ending = true;
	if (uv_shutdown(&c->end, (uv_stream_t *)&c->tcp, was_shut_down) != 0)
		lab_conn_close(c);
}

/* The answer of this connection that goes last; NULL: none waits. */
static struct lab_out *last_out(const struct lab_conn *c)
{
	struct lab_out *last = NULL;
	for (struct lab_out *o = c->server->lab->outs; o; o = o->next)
		if (o->conn == c && (!last || o->timer.at > last->timer.at))
			last = o;
	return last;
}

void lab_conn_end(struct lab_conn *c)
{
	struct lab_out *last = c->closing ? NULL : last_out(c);
	if (last)
		last->then = THEN_END;
	else if (c->tls)
		lab_tls_end(c);
	else
		shut_down(c);
}

void lab_conn_reset(struct lab_conn *c)
{
	c->reset = true;
	if (!begin_closing(c))
		return;
	if (uv_tcp_close_reset(&c->tcp, conn_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, conn_closed);
}

static void written(uv_write_t *req, int status)
{
	struct write_job *job = req->data;
	struct lab_conn *c = req->handle->data;
	if (status < 0)
		lab_conn_close(c);
	else if (job->then == THEN_END)
		shut_down(c);
	free(job);
}

static void write_now(struct lab_conn *c, const void *bytes, size_t len, enum lab_then then)
{
	if (c->closing || c->ending)
		return;
	struct write_job *job = malloc(sizeof(*job) + len);
	if (!job) {
		lab_conn_close(c);
		return;
	}
	if (len)
		memcpy(job->bytes, bytes, len);
	job->then = then;
	job->req.data = job;
	uv_buf_t buf = uv_buf_init((char *)job->bytes, (unsigned)len);
	if (uv_write(&job->req, (uv_stream_t *)&c->tcp, &buf, 1, written) == 0)
		return;
	free(job);
	lab_conn_close(c);
}

static void conn_write(struct lab_conn *c, const void *bytes, size_t len, bool raw,
		       enum lab_then then)
{
	if (c->tls && !raw)
		lab_tls_send(c, bytes, len, then);
	else
		write_now(c, bytes, len, then);
}

/* What waits keeps its order: each answer is due later than the one before it. */
static struct lab_out *queue(struct lab_conn *c, const void *bytes, size_t len, cw_ms delay_ms)
{
	cw_ms now = io_loop_now(c->server->lab->loop), at = now + delay_ms;
	if (at <= c->queued_until)
		at = c->queued_until + 1;
	struct lab_out *o = out_new(c->server, bytes, len, at - now);
	if (!o)
		return NULL;
	c->queued_until = at;
	o->conn = c;
	return o;
}

static void send_or_queue(struct lab_conn *c, const void *bytes, size_t len, bool raw,
			  cw_ms delay_ms, enum lab_then then)
{
	if (c->closing || c->ending)
		return;
	if (!delay_ms && !last_out(c)) {
		conn_write(c, bytes, len, raw, then);
		return;
	}
	struct lab_out *o = queue(c, bytes, len, delay_ms);
	if (!o)
		return;
	o->then = then;
	o->raw = raw;
}

void lab_conn_send(struct lab_conn *c, const void *bytes, size_t len, cw_ms delay_ms,
		   enum lab_then then)
{
	send_or_queue(c, bytes, len, false, delay_ms, then);
}

void lab_conn_send_raw(struct lab_conn *c, const void *bytes, size_t len, cw_ms delay_ms,
		       enum lab_then then)
{
	send_or_queue(c, bytes, len, true, delay_ms, then);
}

void lab_conn_drip(struct lab_conn *c, const void *bytes, size_t len, cw_ms interval_ms)
{
	struct lab_out *o = c->closing ? NULL : queue(c, bytes, len, interval_ms);
	if (o)
		o->interval_ms = interval_ms;
}

void lab_conn_taken(struct lab_conn *c, size_t len)
{
	memmove(c->in, c->in + len, c->in_len - len);
	c->in_len -= len;
}

uint8_t *lab_conn_room(struct lab_conn *c, size_t len)
{
	if (c->in_cap - c->in_len < len) {
		size_t cap = 2 * c->in_cap + len;
		uint8_t *grown = cap <= IN_MOST ? realloc(c->in, cap) : NULL;
		if (!grown)
			return NULL;
		c->in = grown;
		c->in_cap = cap;
	}
	return c->in + c->in_len;
}

static void give_room(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct lab_conn *c = h->data;
	struct lab *lab = c->server->lab;
	uint8_t *room = c->tls ? lab->datagram : lab_conn_room(c, READ_ROOM);
	size_t len = c->tls ? sizeof(lab->datagram) : room ? c->in_cap - c->in_len : 0;
	*buf = uv_buf_init((char *)room, (unsigned)len); /* 0: libuv then reports UV_ENOBUFS */
}

static void has_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct lab_conn *c = stream->data;
	if (n < 0) {
		c->reset = n == UV_ECONNRESET;
		lab_conn_close(c);
		return;
	}
	if (!n || c->ending)
		return;
	if (c->tls) {
		lab_tls_input(c, (const uint8_t *)buf->base, (size_t)n);
		return;
	}
	c->in_len += (size_t)n;
	c->ops->received(c);
}

static void begin(struct lab_conn *c)
{
	(void)uv_tcp_nodelay(&c->tcp, 1);
	c->ops->opened(c);
	if (!c->closing && uv_read_start((uv_stream_t *)&c->tcp, give_room, has_read) != 0)
		lab_conn_close(c);
}

static struct lab_conn *conn_new(struct lab_server *v, const struct lab_conn_ops *ops)
{
	struct lab *lab = v->lab;
	struct lab_conn *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	if (uv_tcp_init(lab->uv, &c->tcp) != 0) {
		free(c);
		return NULL;
	}
	lab_handle_opened(lab);
	c->server = v;
	c->ops = ops;
	c->tcp.data = c;
	c->next = lab->conns;
	if (c->next)
		c->next->prev = c;
	lab->conns = c;
	return c;
}

void lab_accept(uv_stream_t *listener, int status)
{
	struct lab_server *v = listener->data;
	struct lab_conn *c = status == 0 && !v->lab->closing ? conn_new(v, v->ops) : NULL;
	if (!c)
		return;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
		lab_conn_close(c);
		return;
	}
	begin(c);
}

static void was_connected(uv_connect_t *req, int status)
{
	struct lab_conn *c = req->handle->data;
	if (status < 0)
		lab_conn_close(c);
	else if (!c->closing)
		begin(c);
}

static int connect_to(struct lab_conn *c, const struct cw_addr *to)
{
	struct sockaddr_storage s = { 0 };
	char text[CW_ADDR_TEXT];
	cw_addr_text(to, text);
	int rc = to->family == CW_IPV4 ? uv_ip4_addr(text, to->port, (struct sockaddr_in *)&s)
				       : uv_ip6_addr(text, to->port, (struct sockaddr_in6 *)&s);
	return rc ? rc
		  : uv_tcp_connect(&c->connecting, &c->tcp, (const struct sockaddr *)&s,
				   was_connected);
}

struct lab_conn *lab_conn_connect(struct lab_server *v, const struct cw_addr *to,
				  const struct lab_conn_ops *ops, void *user)
{
	struct lab_conn *c = v->lab->closing ? NULL : conn_new(v, ops);
	if (!c)
		return NULL;
	c->user = user;
	if (connect_to(c, to) == 0)
		return c;
	c->user = NULL;
	c->closing = true; /* nobody has heard of it */
	uv_close((uv_handle_t *)&c->tcp, conn_closed);
	return NULL;
}
