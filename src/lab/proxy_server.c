/*
 * A forward proxy of the lab: plain requests and CONNECT, logins that are
 * really checked, and TLS that is opened on the way. It connects to the lab's
 * own servers alone.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/url.h"
#include "lab/front.h"
#include "lab/login.h"

enum { ALIASES_MOST = 8 };

/* One client's connection, and the one to the server that it asked for. */
struct errand {
	struct front_conn *front;
	struct lab_conn *peer; /* NULL: none, or gone */
	struct lab_login login;
	bool tunnel;    /* CONNECT */
	bool open;      /* bytes pass in both ways */
	bool inspected; /* TLS is opened */
	char host[URL_HOST];
	uint8_t *request; /* for the server, in place of a tunnel */
	size_t request_len;
};

static const struct scenario_front *front_of(const struct errand *e)
{
	return e->front->c->server->def->front;
}

static struct lab *lab_of(const struct errand *e)
{
	return e->front->c->server->lab;
}

/* ---- names: what any DNS server of the lab knows ---- */

static const struct zone_rr *record_in(const struct dns_host *h, const char *name, uint16_t type)
{
	struct zone_look look;
	struct zone *z = dns_host_zone(h, name);
	if (!z)
		return NULL;
	zone_find(z, name, type, &look);
	if (look.found != ZONE_ANSWER && look.found != ZONE_ALIAS)
		return NULL;
	uint16_t wanted = look.found == ZONE_ANSWER ? type : DNS_CNAME;
	const struct zone_rr *r = look.node->rrs;
	while (r && r->rr.type != wanted)
		r = r->next;
	return r;
}

static bool address_in(const struct dns_host *h, const char *name, struct cw_addr *out)
{
	for (unsigned step = 0; step < ALIASES_MOST; step++) {
		const struct zone_rr *r = record_in(h, name, DNS_A);
		if (!r)
			return false;
		if (r->rr.type == DNS_A) {
			out->family = CW_IPV4;
			memcpy(out->bytes, r->rr.address, 4);
			return true;
		}
		name = r->rr.name;
	}
	return false;
}

static bool find_address(const struct lab *lab, const char *host, struct cw_addr *out)
{
	if (cw_addr_parse(host, out))
		return true;
	for (size_t i = 0; i < lab->world->count; i++)
		if (address_in(&lab->world->host[i], host, out))
			return true;
	return false;
}

/* ---- passing bytes on ---- */

static void pass(struct lab_conn *from, struct lab_conn *to)
{
	if (!to || to->closing || !from->in_len)
		return;
	lab_conn_send(to, from->in, from->in_len, 0, THEN_STAY);
	lab_conn_taken(from, from->in_len);
}

static void refuse(struct errand *e, int status, const char *why)
{
	struct front_answer a = { .close = true };
	cw_arena_reset(lab_of(e)->scratch);
	front_page(e->front, &a, status, why);
	front_send(e->front, &a);
}

static void say_connected(struct errand *e)
{
	static const char text[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	struct lab_conn *c = e->front->c;
	/* Where TLS of the proxy's own follows, this still goes before it. */
	if (front_of(e)->inspects_with)
		lab_conn_send_raw(c, text, sizeof(text) - 1, lab_delay_of(c->server), THEN_STAY);
	else
		lab_conn_send(c, text, sizeof(text) - 1, lab_delay_of(c->server), THEN_STAY);
}

/* Between two TLS connections of the proxy's own. */
static void inspect(struct errand *e)
{
	struct lab_conn *c = e->front->c;
	struct lab_front *front = c->server->front;
	struct cw_addr literal;
	char *sni = cw_addr_parse(e->host, &literal) ? NULL : e->host;
	e->inspected = true;
	if (!lab_tls_start(e->peer, front->asking, true, sni) ||
	    !lab_tls_start(c, front->forging, false, NULL))
		lab_conn_close(c);
}

static void peer_opened(struct lab_conn *peer)
{
	struct errand *e = peer->user;
	if (!e)
		return;
	if (!e->tunnel) {
		e->open = true;
		lab_conn_send(peer, e->request, e->request_len, 0, THEN_STAY);
		return;
	}
	say_connected(e);
	if (front_of(e)->inspects_with) {
		inspect(e);
		return;
	}
	e->open = true;
	pass(e->front->c, peer);
}

static void peer_secured(struct lab_conn *peer)
{
	struct errand *e = peer->user;
	if (!e)
		return;
	e->open = true;
	pass(e->front->c, peer);
}

static void peer_received(struct lab_conn *peer)
{
	struct errand *e = peer->user;
	if (e)
		pass(peer, e->front->c);
}

static void peer_gone(struct lab_conn *peer)
{
	struct errand *e = peer->user;
	peer->user = NULL;
	if (!e)
		return;
	struct lab_conn *c = e->front->c;
	e->peer = NULL;
	if (!e->open && !e->inspected)
		refuse(e, 502, "The server could not be reached");
	else if (peer->reset)
		lab_conn_reset(c);
	else
		lab_conn_end(c);
}

static const struct lab_conn_ops peer_ops = {
	.opened = peer_opened,
	.received = peer_received,
	.secured = peer_secured,
	.gone = peer_gone,
};

/* ---- requests ---- */

static void connect_to(struct errand *e, const char *host, uint16_t port)
{
	struct cw_addr addr = { 0 };
	size_t len = strlen(host);
	if (len >= sizeof(e->host) || !find_address(lab_of(e), host, &addr)) {
		refuse(e, 503, "The name has no address");
		return;
	}
	memcpy(e->host, host, len + 1);
	e->front->asked = e->host;
	addr.port = port;
	if (!lab_server_at(lab_of(e), &addr)) {
		refuse(e, 502, "The server could not be reached");
		return;
	}
	e->peer = lab_conn_connect(e->front->c->server, &addr, &peer_ops, e);
	if (!e->peer)
		refuse(e, 502, "The server could not be reached");
}

/* HOST:PORT */
static void take_connect(struct errand *e, const char *target)
{
	char text[URL_AUTHORITY + 16] = "http://";
	struct url url;
	size_t at = strlen(text);
	if (strlen(target) >= sizeof(text) - at) {
		refuse(e, 400, NULL);
		return;
	}
	memcpy(text + at, target, strlen(target) + 1);
	if (url_parse(text, &url, NULL) != CW_OK || !url.port_given) {
		refuse(e, 400, NULL);
		return;
	}
	e->tunnel = true;
	connect_to(e, url.host, url.port);
}

static bool is_for_one_hop(const char *name)
{
	static const char *const names[] = { "Connection", "Proxy-Connection",
					     "Proxy-Authorization", "Keep-Alive", NULL };
	for (size_t i = 0; names[i]; i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return false;
}

/* The request as the server is to see it. */
static bool keep_request(struct errand *e, const struct url *url)
{
	struct front_conn *f = e->front;
	const struct http_head *head = &f->http.head;
	size_t cap = LIMIT_HTTP_HEAD + f->body_len + 256;
	free(e->request);
	e->request = malloc(cap);
	if (!e->request)
		return false;
	struct cw_wr w = cw_wr_of(e->request, cap);
	http_request_put(&w, head->method, url->target);
	for (size_t i = 0; i < head->header_count; i++)
		if (!is_for_one_hop(head->header[i].name))
			http_header_put(&w, head->header[i].name, head->header[i].value);
	http_header_put(&w, "Via", "1.1 proxy");
	http_header_put(&w, "Connection", "close");
	http_head_end(&w);
	cw_wr_bytes(&w, f->body, f->body_len);
	e->request_len = w.len;
	return !w.bad;
}

static void take_plain(struct errand *e, const char *target)
{
	struct url url;
	if (url_parse(target, &url, NULL) != CW_OK || url.scheme != URL_HTTP) {
		refuse(e, 400, "A proxy wants whole URLs of http");
		return;
	}
	if (!keep_request(e, &url)) {
		refuse(e, 413, NULL);
		return;
	}
	connect_to(e, url.host, url.port);
}

static bool is_exempt(const struct errand *e, const char *target)
{
	const struct scenario_words *list = &front_of(e)->exempt;
	for (size_t i = 0; i < list->count; i++)
		if (front_matches(lab_of(e), list->word[i], target))
			return true;
	return false;
}

/* Whether the request may pass without a login, or with the one that it carries. */
static bool logged_in(struct errand *e, const char *target)
{
	struct front_conn *f = e->front;
	struct front_answer a = { .close = !f->http.head.keep_alive };
	if (!front_of(e)->login_count || is_exempt(e, target) ||
	    lab_login_judge(f, f->c->server->front->nonces, &e->login, &a))
		return true;
	front_send(f, &a);
	return false;
}

/* True: another request can follow on this connection. */
static bool take_request(struct errand *e)
{
	struct front_conn *f = e->front;
	const struct http_head *head = &f->http.head;
	cw_arena_reset(lab_of(e)->scratch);
	const char *target = head->target;
	bool keep_alive = head->keep_alive;
	if (!logged_in(e, target))
		return keep_alive;
	const struct scenario_place *place = front_place(f->c->server, target);
	if (place) {
		front_serve(f, place);
		return keep_alive;
	}
	if (!strcmp(head->method, "CONNECT"))
		take_connect(e, target);
	else
		take_plain(e, target);
	return false;
}

/* ---- the client's side ---- */

static void proxy_opened(struct lab_conn *c)
{
	front_opened(c);
	struct front_conn *f = c->user;
	struct errand *e = f ? calloc(1, sizeof(*e)) : NULL;
	if (!f)
		return;
	if (!e) {
		lab_conn_close(c);
		return;
	}
	e->front = f;
	f->more = e;
}

static void proxy_received(struct lab_conn *c)
{
	if (!front_received(c))
		return;
	struct front_conn *f = c->user;
	struct errand *e = f->more;
	if (e->open)
		pass(c, e->peer);
	/* Bytes that come while the other side is not there yet wait in c->in. */
	while (!e->peer && !c->ending && c->in_len && front_request(f)) {
		if (!take_request(e) || c->closing)
			return;
		front_next(f);
	}
}

static void proxy_gone(struct lab_conn *c)
{
	struct front_conn *f = c->user;
	struct errand *e = f ? f->more : NULL;
	if (e && e->peer) {
		struct lab_conn *peer = e->peer;
		peer->user = NULL;
		if (c->reset)
			lab_conn_reset(peer);
		else
			lab_conn_close(peer);
	}
	if (e)
		free(e->request);
	free(e);
	front_gone(c);
}

const struct lab_conn_ops front_proxy_ops = {
	.opened = proxy_opened,
	.received = proxy_received,
	.secured = front_secured,
	.gone = proxy_gone,
};
