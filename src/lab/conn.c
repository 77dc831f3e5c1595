#include <stdlib.h>
#include <string.h>

#include "lab/inside.h"

enum { READ_ROOM = 4096 };

/* An answer that waits: for its time, or for its next byte. */
struct lab_out {
	struct io_timer timer;
	struct lab_server *server;
	struct lab_conn *conn; /* NULL: a datagram */
	uv_udp_t *from;
	struct sockaddr_storage to;
	enum lab_then then;
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

static void out_free(struct lab_out *o)
{
	struct lab *lab = o->server->lab;
	io_timer_stop(lab->loop, &o->timer);
	if (o->prev)
		o->prev->next = o->next;
	else
		lab->outs = o->next;
	if (o->next)
		o->next->prev = o->prev;
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

static void out_fire(void *ctx)
{
	struct lab_out *o = ctx;
	struct lab *lab = o->server->lab;
	if (!o->conn) {
		send_datagram(o->from, (const struct sockaddr *)&o->to, o->bytes, o->len);
	} else if (o->interval_ms && o->at < o->len) {
		lab_conn_send(o->conn, o->bytes + o->at++, 1, 0, THEN_STAY);
		io_timer_set(lab->loop, &o->timer, io_loop_now(lab->loop) + o->interval_ms);
		return;
	} else if (!o->interval_ms) {
		lab_conn_send(o->conn, o->bytes, o->len, 0, o->then);
	}
	out_free(o);
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
	free(c->in);
	free(c);
	lab_handle_closed(lab);
}

void lab_conn_close(struct lab_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	lab_outs_drop(c->server->lab, c);
	uv_close((uv_handle_t *)&c->tcp, conn_closed);
}

static void was_shut_down(uv_shutdown_t *req, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		lab_conn_close(req->handle->data);
}

void lab_conn_end(struct lab_conn *c)
{
	if (c->closing || c->ending)
		return;
	c->ending = true;
	if (uv_shutdown(&c->end, (uv_stream_t *)&c->tcp, was_shut_down) != 0)
		lab_conn_close(c);
}

void lab_conn_reset(struct lab_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	lab_outs_drop(c->server->lab, c);
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
		lab_conn_end(c);
	free(job);
}

void lab_conn_send(struct lab_conn *c, const void *bytes, size_t len, cw_ms delay_ms,
		   enum lab_then then)
{
	if (c->closing || c->ending)
		return;
	if (delay_ms) {
		struct lab_out *o = out_new(c->server, bytes, len, delay_ms);
		if (o) {
			o->conn = c;
			o->then = then;
		}
		return;
	}
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

void lab_conn_drip(struct lab_conn *c, const void *bytes, size_t len, cw_ms interval_ms)
{
	struct lab_out *o = c->closing ? NULL : out_new(c->server, bytes, len, interval_ms);
	if (!o)
		return;
	o->conn = c;
	o->interval_ms = interval_ms;
}

void lab_conn_taken(struct lab_conn *c, size_t len)
{
	memmove(c->in, c->in + len, c->in_len - len);
	c->in_len -= len;
}

static void give_room(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct lab_conn *c = h->data;
	*buf = uv_buf_init(NULL, 0);
	if (c->in_cap - c->in_len < READ_ROOM) {
		size_t cap = 2 * c->in_cap + READ_ROOM;
		uint8_t *grown = cap <= 4 * LIMIT_DNS_MESSAGE ? realloc(c->in, cap) : NULL;
		if (!grown)
			return; /* libuv then reports UV_ENOBUFS */
		c->in = grown;
		c->in_cap = cap;
	}
	*buf = uv_buf_init((char *)c->in + c->in_len, (unsigned)(c->in_cap - c->in_len));
}

static void has_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct lab_conn *c = stream->data;
	if (n < 0) {
		lab_conn_close(c);
		return;
	}
	if (!n || c->ending)
		return;
	c->in_len += (size_t)n;
	c->server->ops->received(c);
}

static struct lab_conn *conn_new(struct lab_server *v)
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
	struct lab_conn *c = status == 0 && !v->lab->closing ? conn_new(v) : NULL;
	if (!c)
		return;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
		lab_conn_close(c);
		return;
	}
	(void)uv_tcp_nodelay(&c->tcp, 1);
	v->ops->opened(c);
	if (!c->closing && uv_read_start((uv_stream_t *)&c->tcp, give_room, has_read) != 0)
		lab_conn_close(c);
}
