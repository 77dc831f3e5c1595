/* The sockets of a DNS server of the lab; what it says is dns_answer.c's part. */
#include <string.h>

#include "lab/inside.h"

enum {
	FORGED_IDS = 16,
	FORGERY_LEAD_MS = 20, /* so that the forged answer is there first for certain */
	DRIP_MS = 1000,
};

/* ---- UDP ---- */

static void give_datagram_room(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct lab_server *v = h->data;
	*buf = uv_buf_init((char *)v->lab->datagram, sizeof(v->lab->datagram));
}

static void send_forgeries(struct lab_server *v, const struct dns_told *told,
			   const struct sockaddr *to)
{
	uint8_t *forged = v->lab->room->forged;
	if (told->faults & FAULT_BIT(FAULT_SPOOF))
		lab_udp_send(v, &v->forger, to, forged, told->forged_len, 0);
	if (!(told->faults & FAULT_BIT(FAULT_SPOOF_ID)))
		return;
	for (unsigned i = 1; i <= FORGED_IDS; i++) {
		uint8_t id = forged[1];
		forged[1] = (uint8_t)(id + i);
		lab_udp_send(v, &v->udp, to, forged, told->forged_len, 0);
		forged[1] = id;
	}
}

static void got_datagram(uv_udp_t *h, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
			 unsigned flags)
{
	struct lab_server *v = h->data;
	struct lab *lab = v->lab;
	struct dns_told told;
	if (n <= 0 || !from || flags & UV_UDP_PARTIAL)
		return;
	struct dns_asked asked = { .bytes = (const uint8_t *)buf->base,
				   .len = (size_t)n,
				   .transport = SCENARIO_UDP,
				   .unix_time_s = io_unix_time_s(),
				   .random = io_random32(lab->loop) };
	v->hits++;
	cw_arena_reset(lab->scratch);
	dns_answer_make(lab->world, v->dns, lab->scenario, &asked, lab->scratch, lab->room, &told);
	if (!told.send)
		return;
	cw_ms delay_ms = told.delay_ms + lab_delay_of(v);
	if (told.forged_len) {
		send_forgeries(v, &told, from);
		delay_ms += FORGERY_LEAD_MS;
	}
	lab_udp_send(v, &v->udp, from, lab->room->answer, told.len, delay_ms);
	if (told.faults & FAULT_BIT(FAULT_TWICE))
		lab_udp_send(v, &v->udp, from, lab->room->answer, told.len, delay_ms);
}

/* ---- TCP (RFC 7766: several queries on one connection) ---- */

static void send_framed(struct lab_conn *c, const struct dns_told *told)
{
	struct lab_server *v = c->server;
	struct lab *lab = v->lab;
	uint8_t *framed = cw_arena_alloc(lab->scratch, told->len + 2);
	framed[0] = (uint8_t)(told->len >> 8);
	framed[1] = (uint8_t)told->len;
	memcpy(framed + 2, lab->room->answer, told->len);
	if (told->faults & FAULT_BIT(FAULT_DRIP))
		lab_conn_drip(c, framed, told->len + 2, DRIP_MS);
	else
		lab_conn_send(c, framed, told->len + 2, told->delay_ms + lab_delay_of(v),
			      THEN_STAY);
	if (told->faults & FAULT_BIT(FAULT_TWICE))
		lab_conn_send(c, framed, told->len + 2, told->delay_ms + lab_delay_of(v),
			      THEN_STAY);
}

static void got_message(struct lab_conn *c, const uint8_t *bytes, size_t len)
{
	struct lab_server *v = c->server;
	struct lab *lab = v->lab;
	struct dns_told told;
	struct dns_asked asked = { .bytes = bytes,
				   .len = len,
				   .transport = SCENARIO_TCP,
				   .unix_time_s = io_unix_time_s(),
				   .random = io_random32(lab->loop) };
	v->hits++;
	cw_arena_reset(lab->scratch);
	dns_answer_make(lab->world, v->dns, lab->scenario, &asked, lab->scratch, lab->room, &told);
	if (told.faults & FAULT_BIT(FAULT_RESET))
		lab_conn_reset(c);
	else if (told.faults & FAULT_BIT(FAULT_HANG_UP))
		lab_conn_end(c);
	else if (told.send)
		send_framed(c, &told);
}

static void tcp_opened(struct lab_conn *c) {}

static void tcp_received(struct lab_conn *c)
{
	while (!c->closing && !c->ending && c->in_len >= 2) {
		size_t len = (size_t)(c->in[0] << 8 | c->in[1]);
		if (c->in_len < 2 + len)
			return;
		got_message(c, c->in + 2, len);
		lab_conn_taken(c, 2 + len);
	}
}

static const struct lab_conn_ops dns_ops = { .opened = tcp_opened, .received = tcp_received };

/* ---- opening ---- */

static int open_udp(struct lab_server *v, int fd)
{
	int rc = uv_udp_init(v->lab->uv, &v->udp);
	if (rc != 0)
		return rc;
	lab_handle_opened(v->lab);
	v->udp_open = true;
	v->udp.data = v;
	rc = uv_udp_open(&v->udp, fd);
	return rc ? rc : uv_udp_recv_start(&v->udp, give_datagram_room, got_datagram);
}

/* A second port of the same address, from which forged answers come. */
static int open_forger(struct lab_server *v)
{
	struct cw_addr addr = v->addr;
	char text[CW_ADDR_TEXT];
	struct sockaddr_storage at = { 0 };
	cw_addr_text(&addr, text);
	int rc = addr.family == CW_IPV4 ? uv_ip4_addr(text, 0, (struct sockaddr_in *)&at)
					: uv_ip6_addr(text, 0, (struct sockaddr_in6 *)&at);
	if (rc == 0)
		rc = uv_udp_init(v->lab->uv, &v->forger);
	if (rc != 0)
		return rc;
	lab_handle_opened(v->lab);
	v->forger_open = true;
	return uv_udp_bind(&v->forger, (const struct sockaddr *)&at, 0);
}

static bool forges(const struct scenario_server *def)
{
	for (const struct scenario_fault *f = def->faults; f; f = f->next)
		if (f->kind == FAULT_SPOOF)
			return true;
	return false;
}

static int open_tcp(struct lab_server *v, int fd)
{
	int rc = uv_tcp_init(v->lab->uv, &v->tcp);
	if (rc != 0)
		return rc;
	lab_handle_opened(v->lab);
	v->tcp_open = true;
	v->tcp.data = v;
	rc = uv_tcp_open(&v->tcp, fd);
	if (rc != 0 || v->def->closed & SCENARIO_TCP)
		return rc;
	return uv_listen((uv_stream_t *)&v->tcp, SOMAXCONN, lab_accept);
}

int lab_dns_start(struct lab_server *v, int udp, int tcp)
{
	int rc = 0;
	v->ops = &dns_ops;
	if (udp >= 0)
		rc = open_udp(v, udp);
	if (rc == 0 && tcp >= 0)
		rc = open_tcp(v, tcp);
	if (rc == 0 && forges(v->def))
		rc = open_forger(v);
	return rc;
}
