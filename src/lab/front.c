/* Web servers of the lab, and what SSTP servers and proxies have in common with them. */
#include "lab/front.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "lab/login.h"

/* Where a connection is that has a TLS handshake before it. */
enum step { STEP_HELLO, STEP_TALK };

/* ---- connections ---- */

struct front_conn *front_conn_new(struct lab_conn *c)
{
	struct front_conn *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->c = c;
	c->user = f;
	front_next(f);
	return f;
}

void front_next(struct front_conn *f)
{
	http_reader_init_request(&f->http, FRONT_BODY_MOST);
	f->body_len = 0;
}

void front_gone(struct lab_conn *c)
{
	free(c->user);
	c->user = NULL;
}

static void say_and_end(struct lab_conn *c, const void *bytes, size_t len)
{
	lab_conn_send_raw(c, bytes, len, lab_delay_of(c->server), THEN_END);
}

void front_opened(struct lab_conn *c)
{
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 lab\r\n";
	const struct scenario_front *def = c->server->def->front;
	c->server->hits++;
	if (!front_conn_new(c)) {
		lab_conn_close(c);
		return;
	}
	c->step = def->tls ? STEP_HELLO : STEP_TALK;
	if (!def->tls)
		return;
	if (def->handshake == HANDSHAKE_HANG_UP_AT_ONCE)
		lab_conn_end(c);
	else if (def->handshake == HANDSHAKE_RESET_AT_ONCE)
		lab_conn_reset(c);
	else if (def->handshake == HANDSHAKE_SSH)
		lab_conn_send_raw(c, ssh, sizeof(ssh) - 1, lab_delay_of(c->server), THEN_STAY);
}

/* The ClientHello has come. */
static void answer_hello(struct lab_conn *c)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 }; /* fatal, handshake_failure */
	static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n"
				   "Content-Length: 0\r\nConnection: close\r\n\r\n";
	switch (c->server->def->front->handshake) {
	case HANDSHAKE_NORMAL:
	case HANDSHAKE_RESET_AFTER:
		c->step = STEP_TALK;
		if (!lab_tls_start(c, c->server->front->ctx, false, NULL))
			lab_conn_close(c);
		return;
	case HANDSHAKE_HANG_UP:
		lab_conn_end(c);
		break;
	case HANDSHAKE_RESET:
		lab_conn_reset(c);
		return;
	case HANDSHAKE_ALERT:
		say_and_end(c, alert, sizeof(alert));
		break;
	case HANDSHAKE_HTTP:
		say_and_end(c, http, sizeof(http) - 1);
		break;
	default:
		break;
	}
	lab_conn_taken(c, c->in_len);
}

bool front_received(struct lab_conn *c)
{
	struct front_conn *f = c->user;
	if (c->step == STEP_TALK && !f->over)
		return true;
	if (c->step == STEP_HELLO)
		answer_hello(c);
	else
		lab_conn_taken(c, c->in_len);
	return false;
}

void front_secured(struct lab_conn *c)
{
	if (c->server->def->front->handshake == HANDSHAKE_RESET_AFTER)
		lab_conn_reset(c);
}

/* ---- requests ---- */

static void keep_body(struct front_conn *f)
{
	size_t room = sizeof(f->body) - f->body_len;
	size_t len = f->http.data_len < room ? f->http.data_len : room;
	memcpy(f->body + f->body_len, f->http.data, len);
	f->body_len += len;
}

bool front_request(struct front_conn *f)
{
	struct lab_conn *c = f->c;
	size_t at = 0;
	for (;;) {
		size_t used = 0;
		enum http_step step = http_reader_feed(&f->http, c->in + at, c->in_len - at, &used);
		at += used;
		if (step == HTTP_DATA)
			keep_body(f);
		else if (step != HTTP_HEAD || f->http.head.body == HTTP_BODY_STREAM) {
			lab_conn_taken(c, at);
			if (step == HTTP_END || step == HTTP_HEAD)
				return true;
			if (step != HTTP_MORE)
				lab_conn_end(c);
			return false;
		}
	}
}

const char *front_path(struct front_conn *f)
{
	const char *target = f->http.head.target;
	const char *scheme = strstr(target, "://");
	const char *slash = scheme ? strchr(scheme + 3, '/') : NULL;
	return !scheme ? target : slash ? slash : "/";
}

/* ---- answers ---- */

void front_header(struct front_answer *a, const char *name, const char *value)
{
	if (a->header_count < sizeof(a->header) / sizeof(a->header[0]))
		a->header[a->header_count++] = (struct http_header){ name, value };
}

const char *front_date(const struct lab_server *v, char out[HTTP_DATE])
{
	const struct scenario_front *def = v->def->front;
	if (def->no_date)
		return NULL;
	return http_date_text((int64_t)io_unix_time_s() + def->clock_offset_s, out);
}

static const char *agent_of(const struct lab_server *v)
{
	if (v->def->front->agent)
		return v->def->front->agent;
	return v->def->kind == SCENARIO_PROXY ? "squid/5.7" : "Microsoft-IIS/10.0";
}

static void put_answer(struct cw_wr *w, const struct lab_server *v, const struct front_answer *a,
		       bool body)
{
	char date[HTTP_DATE];
	http_status_put(w, a->status, a->reason ? a->reason : http_status_text(a->status));
	http_header_put(w, "Server", agent_of(v));
	if (front_date(v, date))
		http_header_put(w, "Date", date);
	for (size_t i = 0; i < a->header_count; i++)
		http_header_put(w, a->header[i].name, a->header[i].value);
	if (a->content_type)
		http_header_put(w, "Content-Type", a->content_type);
	http_header_put_number(w, "Content-Length", a->body_len);
	if (a->close)
		http_header_put(w, "Connection", "close");
	http_head_end(w);
	if (body)
		cw_wr_bytes(w, a->body, a->body_len);
}

void front_send(struct front_conn *f, const struct front_answer *a)
{
	struct lab_conn *c = f->c;
	struct lab_server *v = c->server;
	size_t cap = LIMIT_HTTP_HEAD + a->body_len;
	struct cw_wr w = cw_wr_of(cw_arena_alloc(v->lab->scratch, cap), cap);
	f->over = a->close;
	bool head = f->http.head.method && !strcmp(f->http.head.method, "HEAD");
	put_answer(&w, v, a, !head);
	if (w.bad)
		lab_conn_close(c);
	else
		lab_conn_send(c, w.base, w.len, a->delay_ms + lab_delay_of(v),
			      a->close ? THEN_END : THEN_STAY);
}

void front_page(struct front_conn *f, struct front_answer *a, int status, const char *text)
{
	struct cw_arena *arena = f->c->server->lab->scratch;
	const char *title = text ? text : http_status_text(status);
	char *page = cw_arena_fmt(arena,
				  "<!DOCTYPE html>\r\n<html><head><title>%s</title></head>\r\n"
				  "<body><h1>%s</h1></body></html>\r\n",
				  title, title);
	a->status = status;
	a->content_type = "text/html";
	a->body = page;
	a->body_len = strlen(page);
}

/* ---- places ---- */

/* An empty path and "/" are one. */
static bool text_matches(const char *pattern, const char *asked)
{
	size_t len = strlen(pattern);
	if (len && pattern[len - 1] == '*')
		return !strncmp(pattern, asked, len - 1);
	return !strcmp(pattern, asked);
}

bool front_matches(const struct lab *lab, const char *pattern, const char *asked)
{
	const char *expanded = lab_expand(lab, lab->scratch, pattern);
	return expanded && text_matches(expanded, asked);
}

const struct scenario_place *front_place(const struct lab_server *v, const char *asked)
{
	for (const struct scenario_place *p = v->def->front->places; p; p = p->next)
		if (front_matches(v->lab, p->pattern, asked))
			return p;
	return NULL;
}

static void put_bytes(struct front_answer *a, const char *type, struct cert_bytes bytes)
{
	a->status = bytes.len ? 200 : 500;
	a->content_type = type;
	a->body = bytes.at;
	a->body_len = bytes.len;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The base64 form of an OCSP request stands behind the last part of the path (RFC 6960 A.1), with
 * characters of its own percent-encoded. */
static struct cert_bytes request_in_path(struct front_conn *f)
{
	struct cw_arena *arena = f->c->server->lab->scratch;
	const char *path = front_path(f);
	char *text = cw_arena_alloc(arena, strlen(path) + 1), *at = text;
	for (const char *s = strrchr(path, '/'); s && *++s;) {
		int high = *s == '%' ? hex_value(s[1]) : -1;
		int low = high >= 0 ? hex_value(s[2]) : -1;
		*at = *s;
		if (low >= 0) {
			*at = (char)(high << 4 | low);
			s += 2;
		}
		at++;
	}
	size_t len = (size_t)(at - text);
	uint8_t *out = cw_arena_alloc(arena, len + 3);
	int n = len && len % 4 == 0 ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)len)
				    : -1;
	if (n < 0)
		return (struct cert_bytes){ .at = out, .len = 0 };
	while (len && text[len - 1] == '=') {
		len--;
		n--;
	}
	return (struct cert_bytes){ .at = out, .len = (size_t)n };
}

static struct cert_bytes ocsp_answer(struct front_conn *f, const struct scenario_place *place)
{
	struct lab *lab = f->c->server->lab;
	struct cert_bytes request = { .at = f->body, .len = f->body_len };
	if (strcmp(f->http.head.method, "POST") != 0)
		request = request_in_path(f);
	return lab_pki_ocsp(lab->pki, place->cert, place->ocsp, request.at, request.len,
			    lab->scratch);
}

static void make_answer(struct front_conn *f, const struct scenario_place *place,
			struct front_answer *a)
{
	struct lab *lab = f->c->server->lab;
	const char *text = place->text ? lab_expand(lab, lab->scratch, place->text) : NULL;
	switch (place->kind) {
	case PLACE_CRL:
		put_bytes(a, "application/pkix-crl",
			  lab_pki_crl(lab->pki, place->cert, place->crl, lab->scratch));
		return;
	case PLACE_OCSP:
		put_bytes(a, "application/ocsp-response", ocsp_answer(f, place));
		return;
	case PLACE_CERT:
		put_bytes(a, "application/pkix-cert", lab_pki_cert(lab->pki, place->cert)->der);
		return;
	case PLACE_REDIRECT:
		front_page(f, a, 302, NULL);
		front_header(a, "Location", text);
		return;
	case PLACE_TEXT:
		a->content_type = "text/plain";
		a->body = text ? text : "OK";
		a->body_len = strlen(a->body);
		a->status = 200;
		return;
	case PLACE_EMPTY:
		a->status = 200;
		return;
	case PLACE_PAGE:
		front_page(f, a, 200, text ? text : "Sign in");
		return;
	default:
		front_page(f, a, place->status, NULL);
		return;
	}
}

void front_serve(struct front_conn *f, const struct scenario_place *place)
{
	struct front_answer a = { .close = !f->http.head.keep_alive,
				  .delay_ms = place ? place->delay_ms : 0 };
	if (!place)
		front_page(f, &a, 404, NULL);
	else if (place->kind == PLACE_HANG_UP)
		lab_conn_end(f->c);
	else if (place->kind == PLACE_RESET)
		lab_conn_reset(f->c);
	else if (place->kind == PLACE_SILENT)
		f->over = true;
	else
		make_answer(f, place, &a);
	if (a.status)
		front_send(f, &a);
}

/* ---- the web server ---- */

static void web_received(struct lab_conn *c)
{
	struct front_conn *f = c->user;
	if (!front_received(c))
		return;
	while (!c->closing && !c->ending && c->in_len && front_request(f)) {
		cw_arena_reset(c->server->lab->scratch);
		/* SSTP's request has no end to wait for: what comes behind it is not HTTP. */
		if (f->http.head.body == HTTP_BODY_STREAM)
			f->http.head.keep_alive = false;
		front_serve(f, front_place(c->server, front_path(f)));
		if (c->closing || f->over)
			return;
		front_next(f);
	}
}

const struct lab_conn_ops front_web_ops = {
	.opened = front_opened,
	.received = web_received,
	.secured = front_secured,
	.gone = front_gone,
};

/* ---- opening ---- */

int lab_front_start(struct lab_server *v, int tcp)
{
	v->ops = v->def->kind == SCENARIO_SSTP    ? &front_sstp_ops
		 : v->def->kind == SCENARIO_PROXY ? &front_proxy_ops
						  : &front_web_ops;
	v->front = cw_arena_new_of(v->lab->arena, struct lab_front);
	v->front->nonces = cw_arena_new_of(v->lab->arena, struct lab_nonces);
	return lab_listen(v, tcp);
}

bool lab_front_secure(struct lab_server *v)
{
	const struct scenario_front *def = v->def->front;
	struct lab_front *f = v->front;
	if (def->shows) {
		f->ctx = front_context_new(v, false);
		if (!f->ctx)
			return false;
	}
	if (!def->inspects_with)
		return true;
	f->forging = front_context_new(v, true);
	f->asking = front_client_context_new();
	return f->forging && f->asking;
}

void lab_front_free(struct lab_server *v)
{
	if (!v->front)
		return;
	SSL_CTX_free(v->front->ctx);
	SSL_CTX_free(v->front->forging);
	SSL_CTX_free(v->front->asking);
}
