#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "path/visit_private.h"

enum { HEAD_ROOM = 1024 }; /* names of headers, numbers, ends of lines */

/* ---- the answer ---- */

void visit_answer_clear(struct visit *v)
{
	free(v->answer.body);
	v->answer.body = NULL;
	v->answer.body_len = v->answer.body_cap = 0;
	v->answer.head = v->answer.begun = false;
}

void visit_answer_begin(struct visit *v, const char *method, size_t body_most)
{
	visit_answer_clear(v);
	if (!v->answer.reader)
		v->answer.reader = cw_arena_new_of(v->arena, struct http_reader);
	http_reader_init_response(v->answer.reader, method, body_most);
}

static void keep(struct visit_answer *a, const uint8_t *data, size_t len)
{
	if (len > a->body_cap - a->body_len) {
		size_t cap = a->body_cap ? a->body_cap : 4096;
		while (cap < a->body_len + len)
			cap *= 2;
		uint8_t *body = realloc(a->body, cap);
		if (!body)
			abort(); /* as in base/arena.h */
		a->body = body;
		a->body_cap = cap;
	}
	memcpy(a->body + a->body_len, data, len);
	a->body_len += len;
}

/* A proxy that nobody knew of asks for a login. */
static void take_offers(struct visit *v, const struct http_head *head)
{
	struct proxy_login_spec spec = { .scheme = PROXY_LOGIN_NONE };
	struct proxy_login login;
	proxy_login_init(&login, &spec, v->arena);
	(void)proxy_login_answer(&login, head, false);
	v->hop->scheme = login.scheme;
	v->hop->scheme_count = login.scheme_count;
	v->hop->realm = login.realm;
	proxy_login_clear(&login);
}

void visit_answer_head(struct visit *v, const struct http_head *head)
{
	struct visit_header *header =
		cw_arena_array_of(v->arena, struct visit_header, head->header_count);
	for (size_t i = 0; i < head->header_count; i++) {
		header[i].name = cw_arena_str(v->arena, head->header[i].name);
		header[i].value = cw_arena_str(v->arena, head->header[i].value);
	}
	v->hop->status = head->status;
	v->hop->header = header;
	v->hop->header_count = head->header_count;
	if (head->status == 407 && v->hop->hop != VISIT_PROXY)
		take_offers(v, head);
}

void visit_answer_body(struct visit *v)
{
	struct visit_answer *a = &v->answer;
	v->hop->body.at = a->body_len ? cw_arena_copy(v->arena, a->body, a->body_len) : NULL;
	v->hop->body.len = a->body_len;
}

enum http_step visit_answer_take(struct visit *v, const uint8_t **buf, size_t *len)
{
	struct visit_answer *a = &v->answer;
	a->begun = true;
	for (;;) {
		size_t used = 0;
		enum http_step step = http_reader_feed(a->reader, *buf, *len, &used);
		*buf += used;
		*len -= used;
		if (step == HTTP_HEAD) {
			a->head = true;
			visit_answer_head(v, &a->reader->head);
		} else if (step == HTTP_DATA) {
			keep(a, a->reader->data, a->reader->data_len);
			continue;
		}
		return step;
	}
}

enum http_step visit_answer_close(struct visit *v)
{
	return http_reader_close(v->answer.reader);
}

void visit_answer_fail(struct visit *v, enum http_step step)
{
	const struct http_reader *r = v->answer.reader;
	if (step == HTTP_NOT_HTTP) {
		visit_fail_other(v, r->first, r->first_len);
		return;
	}
	v->hop->why = r->why;
	visit_last(v, CW_OUT_MALFORMED);
}

/* ---- the request ---- */

static size_t len_of(const char *s)
{
	return s ? strlen(s) : 0;
}

static void put_optional(struct cw_wr *w, const char *name, const char *value)
{
	if (value)
		http_header_put(w, name, value);
}

static void put_request(struct cw_wr *w, const struct visit_request *q, const char *credentials)
{
	http_request_put(w, q->method, q->target);
	put_optional(w, "Host", q->host);
	put_optional(w, "Proxy-Authorization", credentials);
	put_optional(w, "User-Agent", q->user_agent);
	http_header_put(w, "Accept", "*/*");
	put_optional(w, "Content-Type", q->content_type);
	if (q->body_len || !strcmp(q->method, "POST"))
		http_header_put_number(w, "Content-Length", q->body_len);
	http_head_end(w);
	cw_wr_bytes(w, q->body, q->body_len);
}

static void put_connect(struct cw_wr *w, const struct visit_spec *s, const char *credentials)
{
	http_request_put(w, "CONNECT", s->connect_to);
	http_header_put(w, "Host", s->connect_to);
	put_optional(w, "Proxy-Authorization", credentials);
	put_optional(w, "User-Agent", s->request ? s->request->user_agent : NULL);
	if (s->sstp) /* MS-SSTP 4.5: proxies may filter by it */
		http_header_put(w, "SSTPVERSION", "1.0");
	http_head_end(w);
}

void visit_http_send(struct visit *v, const char *credentials)
{
	const struct visit_spec *s = &v->spec;
	const struct visit_request *q = s->request;
	bool connect = s->connect_to && v->hop->hop == VISIT_PROXY;
	size_t cap = HEAD_ROOM + len_of(credentials) + 2 * len_of(s->connect_to);
	if (q)
		cap += len_of(q->method) + len_of(q->target) + len_of(q->host) +
		       len_of(q->user_agent) + len_of(q->content_type) + q->body_len;
	uint8_t *buf = malloc(cap);
	if (!buf)
		abort(); /* as in base/arena.h */
	struct cw_wr w = cw_wr_of(buf, cap);
	if (connect)
		put_connect(&w, s, credentials);
	else
		put_request(&w, q, credentials);
	if (w.bad) { /* a line end within an argument */
		v->hop->system_error = EINVAL;
		visit_last(v, CW_OUT_LOCAL);
	} else {
		visit_answer_begin(v, connect ? "CONNECT" : q->method,
				   connect ? LIMIT_PROXY_PAGE : q->answer_most);
		visit_write(v, buf, w.len);
	}
	if (credentials)
		explicit_bzero(buf, cap);
	free(buf);
}

/* ---- the hop ---- */

void visit_http_begin(struct visit *v)
{
	visit_hop_begin(v, VISIT_HTTP);
	v->hop->rounds = 1;
	visit_http_send(v, NULL);
}

static void finish(struct visit *v, bool too_large)
{
	visit_answer_body(v);
	v->hop->too_large = too_large;
	visit_last(v, CW_OUT_OK);
}

void visit_http_step(struct visit *v, enum http_step step)
{
	if (step == HTTP_END)
		finish(v, false);
	else if (step == HTTP_TOO_BIG && v->answer.head)
		finish(v, true);
	else if (step != HTTP_MORE)
		visit_answer_fail(v, step);
}

void visit_http_input(struct visit *v, const uint8_t *buf, size_t len)
{
	enum http_step step;
	do {
		step = visit_answer_take(v, &buf, &len);
	} while (step == HTTP_HEAD);
	visit_http_step(v, step);
}

void visit_http_ended(struct visit *v, enum cw_outcome outcome)
{
	bool closed = outcome == CW_OUT_CLOSED;
	if (closed && v->answer.begun && visit_answer_close(v) == HTTP_END)
		finish(v, false);
	else
		visit_last(v, outcome);
}
