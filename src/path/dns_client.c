#include "path/dns_client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "io/stream.h"
#include "io/udp.h"
#include "path/flights.h"
#include "proto/dns_exchange.h"

/* Some sockets, so that the port of an answer has to be guessed too; ids that were in use lately
 * are remembered, so that a late twin of an answer is not taken for a stranger's. */
enum { SOCKETS = 4, LATE = 1024 };

struct udp_place {
	struct dns_client *client;
	unsigned number;    /* in the client, for the key of a flight */
	struct io_udp *udp; /* NULL: not opened yet */
};

struct dns_client {
	struct io_loop *loop;
	struct io_gate *gate;
	struct udp_place udp[2 * SOCKETS]; /* IPv4, then IPv6 */
	struct flights flights;
	uint32_t late[LATE];
	size_t late_at;
	struct dns_ask *soon, *soon_last; /* finished within dns_client_ask */
	size_t soon_count;
	struct io_timer soon_timer;
	unsigned busy; /* inside callbacks that still need the client */
	bool doomed;
};

struct dns_ask {
	struct dns_client *client;
	struct dns_exchange x;
	struct cw_addr server;
	struct io_ticket ticket;
	struct io_timer timer;
	struct io_stream *stream;
	struct udp_place *place; /* NULL: not in the table of flights */
	dns_answer_fn *done;
	void *ctx;
	cw_ms started;
	bool begun, shared, in_soon;
	struct dns_ask *soon_next;
};

/* ---- ids and the table ---- */

static uint16_t unused_id(struct dns_client *c, const struct udp_place *p, uint32_t random)
{
	uint16_t id = (uint16_t)random;
	while (flights_find(&c->flights, flight_key(p->number, id)))
		id = (uint16_t)io_random32(c->loop);
	return id;
}

static void take_off(struct dns_ask *a, uint16_t id)
{
	flights_add(&a->client->flights, flight_key(a->place->number, id), a);
}

static void land(struct dns_ask *a)
{
	struct dns_client *c = a->client;
	uint32_t key = flight_key(a->place->number, a->x.id);
	flights_remove(&c->flights, key);
	c->late[c->late_at++ % LATE] = key;
}

static bool is_late(const struct dns_client *c, uint32_t key)
{
	for (size_t i = 0; i < LATE; i++) {
		if (c->late[i] == key)
			return true;
	}
	return false;
}

/* ---- the end of an ask ---- */

static void release(struct dns_ask *a)
{
	struct dns_client *c = a->client;
	io_timer_stop(c->loop, &a->timer);
	if (a->place)
		land(a);
	a->place = NULL;
	io_stream_close(a->stream);
	a->stream = NULL;
	io_gate_leave(c->gate, &a->ticket);
}

/* Silence is told only of a server that could have answered and said nothing at all. */
static void tell_gate(struct dns_ask *a)
{
	const struct dns_result *r = &a->x.result;
	switch (r->outcome) {
	case CW_OUT_NO_ROUTE:
	case CW_OUT_DENIED:
	case CW_OUT_LOCAL:
	case CW_OUT_INVALID:
		return;
	case CW_OUT_TIMEOUT:
		if (!r->truncated) {
			io_gate_silent(a->client->gate, &a->server);
			return;
		}
		break;
	default:
		break;
	}
	io_gate_heard(a->client->gate, &a->server);
}

/* The last that is done with an ask: its arena may go in done(). */
static void deliver(struct dns_ask *a)
{
	const struct dns_result *r = &a->x.result;
	struct dns_answer answer = {
		.outcome = r->outcome,
		.message = r->message,
		.alias = r->alias,
		.over_tcp = r->over_tcp,
		.tcp_tried = r->tcp_tried,
		.truncated = r->truncated,
		.edns_dropped = r->edns_dropped,
		.shared = a->shared,
		.sent = r->sent,
		.stray = r->stray,
		.icmp = { .type = -1 },
		.system_error = r->system_error,
		.malformed = r->malformed,
		.tsig = r->tsig,
		.started = a->started,
		.took_ms = io_loop_now(a->client->loop) - a->started,
	};
	if (r->icmp)
		answer.icmp = *r->icmp;
	if (!a->shared)
		tell_gate(a);
	release(a);
	a->done(a->ctx, &answer);
}

static void client_gone(struct dns_client *c)
{
	for (size_t i = 0; i < 2 * SOCKETS; i++)
		io_udp_close(c->udp[i].udp);
	io_timer_stop(c->loop, &c->soon_timer);
	flights_clear(&c->flights);
	free(c);
}

static void busy_end(struct dns_client *c)
{
	if (!--c->busy && c->doomed)
		client_gone(c);
}

static void deliver_soon(struct dns_ask *a)
{
	struct dns_client *c = a->client;
	a->in_soon = true;
	if (c->soon_last)
		c->soon_last->soon_next = a;
	else
		c->soon = a;
	c->soon_last = a;
	c->soon_count++;
	if (!c->soon_timer.place)
		io_timer_set(c->loop, &c->soon_timer, io_loop_now(c->loop));
}

static struct dns_ask *soon_take(struct dns_client *c)
{
	struct dns_ask *a = c->soon;
	c->soon = a->soon_next;
	if (!c->soon)
		c->soon_last = NULL;
	c->soon_count--;
	a->in_soon = false;
	return a;
}

static void soon_fired(void *ctx)
{
	struct dns_client *c = ctx;
	/* What finishes at once in a callback has its turn after the sockets. */
	size_t round = c->soon_count;
	c->busy++;
	while (round-- && c->soon)
		deliver(soon_take(c));
	if (c->soon)
		io_timer_set(c->loop, &c->soon_timer, io_loop_now(c->loop));
	busy_end(c);
}

static void soon_drop(struct dns_ask *a)
{
	struct dns_client *c = a->client;
	struct dns_ask **at = &c->soon, *before = NULL;
	while (*at != a) {
		before = *at;
		at = &before->soon_next;
	}
	*at = a->soon_next;
	if (c->soon_last == a)
		c->soon_last = before;
	c->soon_count--;
	a->in_soon = false;
}

/* ---- doing what the exchange wants ---- */

static void send_datagram(struct dns_ask *a)
{
	size_t len;
	const uint8_t *bytes = dns_exchange_datagram(&a->x, &len);
	int error = io_udp_send(a->place->udp, &a->server, bytes, len);
	if (!error)
		return;
	dns_exchange_unsent(&a->x, error);
	if (error == EAGAIN || error == ENOBUFS)
		return; /* the next step sends again */
	struct io_end end = io_end_of_call(error, a->server.family);
	dns_exchange_ended(&a->x, DNS_UDP, end.outcome, NULL, end.system_error,
			   io_loop_now(a->client->loop));
}

static void renumber(struct dns_ask *a)
{
	land(a);
	uint16_t id = unused_id(a->client, a->place, io_random32(a->client->loop));
	dns_exchange_renumber(&a->x, id);
	take_off(a, id);
}

static void stream_open(struct dns_ask *a);

static void write_stream(struct dns_ask *a)
{
	size_t len;
	const uint8_t *bytes = dns_exchange_stream(&a->x, &len);
	io_stream_write(a->stream, bytes, len);
}

/* Does what the exchange wants; true: it has finished. */
static bool drive(struct dns_ask *a)
{
	unsigned what;
	while ((what = dns_exchange_take(&a->x))) {
		if (what & DNS_DO_FINISH)
			return true;
		if (what & DNS_DO_RENUMBER)
			renumber(a);
		if (what & DNS_DO_SEND)
			send_datagram(a);
		if (what & DNS_DO_CONNECT)
			stream_open(a);
		if (what & DNS_DO_WRITE)
			write_stream(a);
	}
	cw_ms at = dns_exchange_deadline(&a->x);
	if (!a->timer.place || a->timer.at != at)
		io_timer_set(a->client->loop, &a->timer, at);
	return false;
}

/* From the loop: the ask may be gone afterwards. */
static void go_on(struct dns_ask *a)
{
	if (drive(a))
		deliver(a);
}

static void expired(void *ctx)
{
	struct dns_ask *a = ctx;
	dns_exchange_expire(&a->x, io_loop_now(a->client->loop));
	go_on(a);
}

/* ---- TCP ---- */

static void stream_opened(void *ctx)
{
	struct dns_ask *a = ctx;
	dns_exchange_connected(&a->x);
	go_on(a);
}

static void stream_input(void *ctx, const uint8_t *buf, size_t len)
{
	struct dns_ask *a = ctx;
	dns_exchange_input(&a->x, buf, len, io_loop_now(a->client->loop));
	go_on(a);
}

static void stream_ended(void *ctx, const struct io_end *end)
{
	struct dns_ask *a = ctx;
	dns_exchange_ended(&a->x, DNS_TCP, end->outcome, &end->icmp, end->system_error,
			   io_loop_now(a->client->loop));
	go_on(a);
}

static void stream_open(struct dns_ask *a)
{
	static const struct io_stream_ops ops = { .opened = stream_opened,
						  .input = stream_input,
						  .ended = stream_ended };
	a->stream = io_stream_open(a->client->loop, &a->server, &ops, a);
	if (!a->stream)
		dns_exchange_ended(&a->x, DNS_TCP, CW_OUT_LOCAL, NULL, ENOMEM,
				   io_loop_now(a->client->loop));
}

/* ---- UDP ---- */

/* Told to each query on that socket to that server; no id says which one is meant. */
static void each_towards(struct udp_place *p, const struct cw_addr *server,
			 void (*tell)(struct dns_ask *a, const struct io_end *end),
			 const struct io_end *end)
{
	struct dns_client *c = p->client;
	struct flight hit[LIMIT_PER_ADDRESS * 2];
	size_t count = 0;
	for (size_t i = 0; i <= c->flights.mask && count < LIMIT_PER_ADDRESS * 2; i++) {
		struct dns_ask *a = c->flights.slot[i].ask;
		if (a && a->begun && a->place == p && cw_addr_same_port(&a->server, server))
			hit[count++] = c->flights.slot[i];
	}
	for (size_t i = 0; i < count; i++) {
		/* Finishing one may cancel others. */
		if (flights_find(&c->flights, hit[i].key) != hit[i].ask)
			continue;
		tell(hit[i].ask, end);
		go_on(hit[i].ask);
	}
}

static void tell_stray(struct dns_ask *a, const struct io_end *end)
{
	(void)end;
	dns_exchange_strayed(&a->x);
}

static void tell_bounce(struct dns_ask *a, const struct io_end *end)
{
	dns_exchange_ended(&a->x, DNS_UDP, end->outcome, &end->icmp, end->system_error,
			   io_loop_now(a->client->loop));
}

static void udp_received(void *ctx, const struct cw_addr *from, const uint8_t *buf, size_t len)
{
	struct udp_place *p = ctx;
	struct dns_client *c = p->client;
	uint16_t id = len >= 2 ? (uint16_t)((unsigned)buf[0] << 8 | buf[1]) : 0;
	uint32_t key = flight_key(p->number, id);
	struct dns_ask *a = len >= 2 ? flights_find(&c->flights, key) : NULL;
	c->busy++;
	if (!a) {
		if (len < 2 || !is_late(c, key))
			each_towards(p, from, tell_stray, NULL);
	} else if (a->begun) {
		if (cw_addr_same_port(&a->server, from))
			dns_exchange_received(&a->x, buf, len, io_loop_now(c->loop));
		else
			dns_exchange_strayed(&a->x);
		go_on(a);
	}
	busy_end(c);
}

/* RFC 792 has routers return eight octets behind the IP header, which is not one of the query;
 * most return more. */
static void udp_bounced(void *ctx, const struct cw_addr *to, const struct io_end *end,
			const uint8_t *quoted, size_t len)
{
	struct udp_place *p = ctx;
	struct dns_client *c = p->client;
	c->busy++;
	if (len >= 2) {
		uint16_t id = (uint16_t)((unsigned)quoted[0] << 8 | quoted[1]);
		struct dns_ask *a = flights_find(&c->flights, flight_key(p->number, id));
		if (a && a->begun && cw_addr_same_port(&a->server, to)) {
			tell_bounce(a, end);
			go_on(a);
		}
	} else {
		each_towards(p, to, tell_bounce, end);
	}
	busy_end(c);
}

static struct udp_place *pick_place(struct dns_client *c, enum cw_family family, uint32_t random,
				    int *error)
{
	static const struct io_udp_ops ops = { .received = udp_received, .bounced = udp_bounced };
	unsigned number = random % SOCKETS + (family == CW_IPV6 ? SOCKETS : 0);
	struct udp_place *p = &c->udp[number];
	*error = p->udp ? 0 : io_udp_open(c->loop, family, &ops, p, &p->udp);
	return p;
}

/* ---- the beginning of an ask ---- */

static void fail(struct dns_ask *a, struct io_end end)
{
	a->x.result =
		(struct dns_result){ .outcome = end.outcome, .system_error = end.system_error };
}

/* It is inside the gate. True: it has finished already. */
static bool begin(struct dns_ask *a)
{
	struct dns_client *c = a->client;
	a->begun = true;
	a->started = io_loop_now(c->loop);
	if (io_gate_known_silent(c->gate, &a->server)) {
		a->shared = true;
		fail(a, (struct io_end){ .outcome = CW_OUT_TIMEOUT });
		return true;
	}
	dns_exchange_start(&a->x, a->started);
	return drive(a);
}

static void gate_opened(void *ctx)
{
	struct dns_ask *a = ctx;
	if (begin(a))
		deliver(a);
}

/* The system tells a zone of link-local addresses alone (RFC 4007 6), so answers from others
 * come without. */
static struct cw_addr server_of(const struct cw_addr *given)
{
	struct cw_addr a = *given;
	bool link_local = a.family == CW_IPV6 && a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80;
	if (!link_local)
		a.scope = 0;
	return a;
}

/* Picks a socket and an id and writes the request, so that nothing of spec is needed later. */
static bool prepare(struct dns_ask *a, const struct dns_ask_spec *spec, struct cw_arena *arena)
{
	struct dns_client *c = a->client;
	const struct dns_exchange_spec x = {
		.name = spec->name,
		.type = spec->type,
		.recursion_desired = spec->recursion_desired,
		.message = spec->message,
		.key = spec->key,
		.limit_ms = spec->limit_ms,
	};
	int error;
	uint32_t random = io_random32(c->loop);
	struct udp_place *p = pick_place(c, a->server.family, random >> 16, &error);
	if (error) {
		fail(a, io_end_of_call(error, a->server.family));
		return false;
	}
	a->place = p;
	uint16_t id = unused_id(c, p, random);
	take_off(a, id);
	dns_exchange_init(&a->x, &x, id, arena, a->started, x.key ? io_unix_time_s() : 0);
	return true;
}

static struct dns_ask *ask_new(struct dns_client *c, const struct dns_ask_spec *spec,
			       struct cw_arena *arena)
{
	struct dns_ask *a = cw_arena_new_of(arena, struct dns_ask);
	a->client = c;
	a->server = server_of(&spec->server);
	a->started = io_loop_now(c->loop);
	a->timer = (struct io_timer){ .fire = expired, .ctx = a };
	a->ticket = (struct io_ticket){ .go = gate_opened, .ctx = a };
	return a;
}

struct dns_ask *dns_client_ask(struct dns_client *c, const struct dns_ask_spec *spec,
			       struct cw_arena *arena, dns_answer_fn *done, void *ctx)
{
	struct dns_ask *a = ask_new(c, spec, arena);
	a->done = done;
	a->ctx = ctx;
	if (!prepare(a, spec, arena))
		deliver_soon(a);
	else if (io_gate_enter(c->gate, &a->server, &a->ticket) && begin(a))
		deliver_soon(a);
	return a;
}

void dns_ask_cancel(struct dns_ask *ask)
{
	if (ask->in_soon)
		soon_drop(ask);
	release(ask);
}

void dns_client_fire_and_forget(struct dns_client *c, const struct dns_ask_spec *spec,
				struct cw_arena *arena)
{
	struct dns_ask *a = ask_new(c, spec, arena);
	if (!prepare(a, spec, arena))
		return;
	dns_exchange_start(&a->x, a->started);
	if (dns_exchange_take(&a->x) & DNS_DO_SEND)
		send_datagram(a);
	land(a);
}

enum cw_ec dns_client_new(struct io_loop *loop, struct io_gate *gate, struct dns_client **out)
{
	struct dns_client *c = calloc(1, sizeof(*c));
	if (!c || !flights_init(&c->flights)) {
		free(c);
		return CW_ENOMEM;
	}
	c->loop = loop;
	c->gate = gate;
	c->soon_timer = (struct io_timer){ .fire = soon_fired, .ctx = c };
	for (unsigned i = 0; i < 2 * SOCKETS; i++)
		c->udp[i] = (struct udp_place){ .client = c, .number = i };
	*out = c;
	return CW_OK;
}

void dns_client_free(struct dns_client *c)
{
	if (!c)
		return;
	assert(!c->flights.count && !c->soon);
	if (c->busy)
		c->doomed = true;
	else
		client_gone(c);
}
