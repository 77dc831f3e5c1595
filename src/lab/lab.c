#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "lab/inside.h"
#include "lab/pki.h"

enum {
	KMS_PORT = 1688,
	/* Below the range from which systems take ports of their own for connections. */
	DNS_PORT_FIRST = 20000,
	DNS_PORT_COUNT = 12000,
	DNS_PORT_TRIES = 50,
	/* A connection on loopback is there at once, or the queue is full. */
	FILL_WAIT_MS = 100,
	FILL_TRIES = 4,
};

struct opening {
	struct lab *lab;
	char *why;
	size_t why_size;
	bool unsupported;
};

static bool fail(struct opening *o, const char *what, const char *name, int error)
{
	snprintf(o->why, o->why_size, "%s %s: %s", what, name, strerror(error));
	return false;
}

/* ---- references ---- */

static const char *resolve_ref(void *ctx, struct cw_arena *arena, const struct scenario_ref *ref)
{
	const struct lab *lab = ctx;
	char text[96];
	if (ref->kind == REF_KEY_FILE)
		return cw_arena_fmt(arena, "%s/%s.key", lab->dir, ref->key->name);
	if (ref->kind == REF_SECRET_FILE)
		return cw_arena_fmt(arena, "%s/%s.secret", lab->dir, ref->secret->name);
	if (ref->kind == REF_CERT_FILE)
		return cw_arena_fmt(arena, "%s/%s.pem", lab->dir, ref->cert->name);
	const struct cw_addr *addr = &lab->server[ref->server->index].addr;
	switch (ref->kind) {
	case REF_PORT:
		return cw_arena_fmt(arena, "%u", addr->port);
	case REF_ADDRESS_PORT:
		return cw_arena_str(arena, cw_addr_port_text(addr, text));
	case REF_REVERSE:
		return cw_arena_str(arena, cw_addr_reverse_name(addr, text));
	case REF_ADDRESS:
	case REF_KEY_FILE:
	case REF_SECRET_FILE:
	case REF_CERT_FILE:
		break;
	}
	return cw_arena_str(arena, cw_addr_text(addr, text));
}

static const char *expand_word(void *ctx, struct cw_arena *arena, const char *word)
{
	struct lab *lab = ctx;
	const char *bad;
	return scenario_expand(lab->scenario, word, arena, resolve_ref, lab, &bad);
}

const char *lab_expand(const struct lab *lab, struct cw_arena *arena, const char *text)
{
	union {
		const struct lab *in;
		void *ctx;
	} as = { .in = lab };
	return expand_word(as.ctx, arena, text);
}

struct lab_server *lab_server_at(const struct lab *lab, const struct cw_addr *addr)
{
	for (size_t i = 0; i < lab->server_count; i++)
		if (cw_addr_same_port(&lab->server[i].addr, addr))
			return &lab->server[i];
	return NULL;
}

static struct lab_server *server_named(const struct lab *lab, const char *name)
{
	const struct scenario_server *def = scenario_server(lab->scenario, name);
	return def ? &lab->server[def->index] : NULL;
}

bool lab_server_addr(const struct lab *lab, const char *name, struct cw_addr *out)
{
	const struct lab_server *v = server_named(lab, name);
	if (v)
		*out = v->addr;
	return v;
}

uint64_t lab_server_hits(const struct lab *lab, const char *name)
{
	const struct lab_server *v = server_named(lab, name);
	return v ? v->hits : 0;
}

void lab_set_rtt(struct lab *lab, cw_ms rtt_ms)
{
	lab->rtt_ms = rtt_ms;
}

cw_ms lab_delay_of(const struct lab_server *v)
{
	return v->def->delay_ms + v->lab->rtt_ms;
}

/* ---- sockets ---- */

static struct sockaddr_storage to_sockaddr(const struct cw_addr *a, socklen_t *len)
{
	struct sockaddr_storage s = { 0 };
	if (a->family == CW_IPV6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		memcpy(&in6->sin6_addr, a->bytes, 16);
		*len = sizeof(*in6);
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)&s;
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->bytes, 4);
		*len = sizeof(*in);
	}
	return s;
}

/* A bound socket, or minus errno. */
static int bound_socket(const struct cw_addr *addr, int type)
{
	int on = 1;
	socklen_t len;
	struct sockaddr_storage s = to_sockaddr(addr, &len);
	int fd = socket(s.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if ((type == SOCK_STREAM &&
	     setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) ||
	    bind(fd, (const struct sockaddr *)&s, len) != 0) {
		int error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

static bool bound_port(int fd, uint16_t *port)
{
	struct sockaddr_storage s = { 0 };
	socklen_t len = sizeof(s);
	if (getsockname(fd, (struct sockaddr *)&s, &len) != 0)
		return false;
	*port = s.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&s)->sin6_port)
					: ntohs(((struct sockaddr_in *)&s)->sin_port);
	return true;
}

static bool no_such_family(int error)
{
	return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static struct cw_addr address_of(const struct lab *lab, const struct scenario_server *def)
{
	struct cw_addr a = { .family = def->ipv6 ? CW_IPV6 : CW_IPV4 };
	if (def->ipv6) {
		a.bytes[15] = 1;
		return a;
	}
	a.bytes[0] = 127;
	a.bytes[1] = lab->net[0];
	a.bytes[2] = lab->net[1];
	a.bytes[3] = (uint8_t)(1 + def->index);
	return a;
}

/* ---- DNS servers: all on one port ---- */

struct dns_sockets {
	int udp, tcp;
};

static void close_sockets(struct dns_sockets *sock, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sock[i].udp >= 0)
			close(sock[i].udp);
		if (sock[i].tcp >= 0)
			close(sock[i].tcp);
		sock[i] = (struct dns_sockets){ -1, -1 };
	}
}

/* Binds every DNS server to this port. 0, or errno. A closed TCP port is bound too, so that
 * nobody else listens there; a closed UDP port must not be. */
static int bind_dns(struct lab *lab, uint16_t port, struct dns_sockets *sock, const char **name)
{
	for (const struct scenario_server *def = lab->scenario->servers; def; def = def->next) {
		struct lab_server *v = &lab->server[def->index];
		struct dns_sockets *s = &sock[def->index];
		if (def->kind != SCENARIO_DNS)
			continue;
		*name = def->name;
		v->addr.port = port;
		s->tcp = bound_socket(&v->addr, SOCK_STREAM);
		if (s->tcp < 0)
			return -s->tcp;
		if (def->closed & SCENARIO_UDP)
			continue;
		s->udp = bound_socket(&v->addr, SOCK_DGRAM);
		if (s->udp < 0)
			return -s->udp;
	}
	return 0;
}

static bool bind_all_dns(struct opening *o, struct dns_sockets *sock)
{
	struct lab *lab = o->lab;
	const char *name = "";
	int error = 0;
	for (size_t i = 0; i < lab->scenario->server_count; i++)
		sock[i] = (struct dns_sockets){ -1, -1 };
	for (unsigned tries = 0; tries < DNS_PORT_TRIES; tries++) {
		uint16_t port =
			(uint16_t)(DNS_PORT_FIRST + io_random32(lab->loop) % DNS_PORT_COUNT);
		error = bind_dns(lab, port, sock, &name);
		if (!error)
			return true;
		close_sockets(sock, lab->scenario->server_count);
		if (error != EADDRINUSE)
			break;
	}
	o->unsupported = no_such_family(error);
	return fail(o, "no port for the DNS server", name, error);
}

static bool start_dns(struct opening *o)
{
	struct lab *lab = o->lab;
	struct dns_sockets *sock =
		cw_arena_array_of(lab->arena, struct dns_sockets, lab->scenario->server_count + 1);
	if (!bind_all_dns(o, sock))
		return false;
	for (const struct scenario_server *def = lab->scenario->servers; def; def = def->next) {
		if (def->kind != SCENARIO_DNS)
			continue;
		struct dns_sockets *s = &sock[def->index];
		int rc = lab_dns_start(&lab->server[def->index], s->udp, s->tcp);
		*s = (struct dns_sockets){ -1, -1 }; /* libuv's now, or beyond help */
		if (rc != 0) {
			close_sockets(sock, lab->scenario->server_count);
			return fail(o, "DNS server", def->name, -rc);
		}
	}
	return true;
}

/* ---- hosts, each with a port of its own ---- */

/* Leaves later connection attempts without any answer: Linux drops a SYN while the queue of a
 * listener that does not accept is full, and a queue of length 0 holds one connection. */
static bool fill_queue(struct lab_server *v, int listener)
{
	if (listen(listener, 0) != 0)
		return false;
	for (unsigned i = 0; i < FILL_TRIES; i++) {
		socklen_t len;
		struct sockaddr_storage s = to_sockaddr(&v->addr, &len);
		int fd = socket(s.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return false;
		(void)connect(fd, (const struct sockaddr *)&s, len);
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		bool connected = poll(&p, 1, FILL_WAIT_MS) == 1;
		if (!connected) {
			close(fd);
			return v->filler >= 0;
		}
		if (v->filler < 0)
			v->filler = fd;
		else
			close(fd);
	}
	errno = ENOTSUP;
	return false;
}

int lab_listen(struct lab_server *v, int tcp)
{
	int rc = uv_tcp_init(v->lab->uv, &v->tcp);
	if (rc != 0)
		return rc;
	lab_handle_opened(v->lab);
	v->tcp_open = true;
	v->tcp.data = v;
	rc = uv_tcp_open(&v->tcp, tcp);
	if (rc != 0 || v->def->closed & SCENARIO_TCP || v->def->blocked ||
	    v->def->kind == SCENARIO_HOST)
		return rc;
	return uv_listen((uv_stream_t *)&v->tcp, SOMAXCONN, lab_accept);
}

static int host_socket(struct lab_server *v)
{
	const struct scenario_server *def = v->def;
	bool fixed = def->port || def->port_of, any = (def->ipv6 || def->front) && !fixed;
	v->addr.port = def->port_of ? v->lab->server[def->port_of->index].addr.port
		       : def->port  ? def->port
		       : any        ? 0
				    : KMS_PORT;
	int fd = bound_socket(&v->addr, SOCK_STREAM);
	if (fd != -EADDRINUSE || fixed)
		return fd;
	v->addr.port = 0;
	return bound_socket(&v->addr, SOCK_STREAM);
}

static bool start_host(struct opening *o, struct lab_server *v)
{
	int fd = host_socket(v);
	if (fd < 0) {
		o->unsupported = no_such_family(-fd);
		return fail(o, "no port for the host", v->def->name, -fd);
	}
	if (!bound_port(fd, &v->addr.port) || (v->def->blocked && !fill_queue(v, fd))) {
		int error = errno;
		close(fd);
		return fail(o, "host", v->def->name, error);
	}
	int rc = v->def->front ? lab_front_start(v, fd) : lab_rpc_start(v, fd);
	return rc == 0 || fail(o, "host", v->def->name, -rc);
}

static bool start_hosts(struct opening *o)
{
	for (const struct scenario_server *def = o->lab->scenario->servers; def; def = def->next)
		if (def->kind != SCENARIO_DNS && !start_host(o, &o->lab->server[def->index]))
			return false;
	return true;
}

/* ---- files ---- */

static bool write_file(struct opening *o, const char *name, const char *ending, const void *bytes,
		       size_t len)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s.%s", o->lab->dir, name, ending);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(o, "file", path, errno);
	bool ok = write(fd, bytes, len) == (ssize_t)len;
	int error = errno;
	if (close(fd) != 0 || !ok)
		return fail(o, "file", path, error);
	return true;
}

static bool write_certs(struct opening *o)
{
	struct lab *lab = o->lab;
	for (const struct scenario_cert *c = lab->scenario->certs; c; c = c->next) {
		const char *pem = lab_pki_pem(lab->pki, c);
		if (!pem)
			return fail(o, "certificate", c->name, ENOMEM);
		if (!write_file(o, c->name, "pem", pem, strlen(pem)))
			return false;
	}
	return true;
}

static bool write_files(struct opening *o)
{
	struct lab *lab = o->lab;
	const struct scenario *s = lab->scenario;
	if (!s->keys && !s->secrets && !s->certs)
		return true;
	const char *base = getenv("TMPDIR");
	char *dir =
		cw_arena_fmt(lab->arena, "%s/clearway-lab-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(dir))
		return fail(o, "directory", dir, errno);
	lab->dir = dir;
	for (const struct scenario_key *k = s->keys; k; k = k->next)
		if (!write_file(o, k->name, "key", k->text, strlen(k->text)))
			return false;
	for (const struct scenario_secret *x = s->secrets; x; x = x->next) {
		const char *line = cw_arena_fmt(lab->arena, "%s\n", x->text);
		if (!write_file(o, x->name, "secret", line, strlen(line)))
			return false;
	}
	return write_certs(o);
}

static void remove_file(const struct lab *lab, const char *name, const char *ending)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s.%s", lab->dir, name, ending);
	(void)unlink(path);
}

static void remove_files(struct lab *lab)
{
	const struct scenario *s = lab->scenario;
	if (!lab->dir)
		return;
	for (const struct scenario_key *k = s->keys; k; k = k->next)
		remove_file(lab, k->name, "key");
	for (const struct scenario_secret *x = s->secrets; x; x = x->next)
		remove_file(lab, x->name, "secret");
	for (const struct scenario_cert *c = s->certs; c; c = c->next)
		remove_file(lab, c->name, "pem");
	(void)rmdir(lab->dir);
	lab->dir = NULL;
}

/* ---- certificates: they name ports, so the sockets are there already ---- */

static bool make_certs(struct opening *o)
{
	struct lab *lab = o->lab;
	const char *trouble = NULL;
	if (!lab->scenario->certs)
		return true;
	lab->pki = lab_pki_new(lab, &trouble);
	if (!lab->pki) {
		snprintf(o->why, o->why_size, "certificate %s could not be made",
			 trouble ? trouble : "");
		return false;
	}
	for (size_t i = 0; i < lab->server_count; i++)
		if (lab->server[i].front && !lab_front_secure(&lab->server[i])) {
			snprintf(o->why, o->why_size, "TLS of %s could not be set up",
				 lab->server[i].def->name);
			return false;
		}
	return true;
}

/* ---- opening and closing ---- */

void lab_handle_opened(struct lab *lab)
{
	lab->handle_count++;
}

static void finish(void *ctx)
{
	struct lab *lab = ctx;
	void (*closed)(void *) = lab->closed;
	void *closed_ctx = lab->closed_ctx;
	for (size_t i = 0; i < lab->server_count; i++)
		lab_front_free(&lab->server[i]);
	lab_pki_free(lab->pki);
	cw_arena_free(lab->scratch);
	cw_arena_free(lab->arena);
	free(lab->room);
	free(lab);
	if (closed)
		closed(closed_ctx);
}

static void finish_if_done(struct lab *lab)
{
	if (lab->closing && !lab->handle_count)
		io_timer_set(lab->loop, &lab->finish, io_loop_now(lab->loop));
}

void lab_handle_closed(struct lab *lab)
{
	lab->handle_count--;
	finish_if_done(lab);
}

static void server_handle_closed(uv_handle_t *h)
{
	struct lab_server *v = h->data;
	lab_handle_closed(v->lab);
}

static void close_handle(struct lab_server *v, uv_handle_t *h, bool *is_open)
{
	if (*is_open) {
		h->data = v;
		uv_close(h, server_handle_closed);
	}
	*is_open = false;
}

static void close_server(struct lab_server *v)
{
	close_handle(v, (uv_handle_t *)&v->tcp, &v->tcp_open);
	close_handle(v, (uv_handle_t *)&v->udp, &v->udp_open);
	close_handle(v, (uv_handle_t *)&v->forger, &v->forger_open);
	if (v->filler >= 0)
		close(v->filler);
	v->filler = -1;
}

void lab_close(struct lab *lab, void (*closed)(void *ctx), void *ctx)
{
	lab->closing = true;
	lab->closed = closed;
	lab->closed_ctx = ctx;
	lab_outs_drop(lab, NULL);
	for (size_t i = 0; i < lab->scenario->server_count; i++)
		close_server(&lab->server[i]);
	for (struct lab_conn *c = lab->conns; c; c = c->next)
		lab_conn_close(c); /* gone() may close others: closing alone removes none */
	remove_files(lab);
	finish_if_done(lab);
}

static struct lab *lab_new(struct io_loop *loop, const struct scenario *s)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct dns_room *room = malloc(sizeof(*room));
	if (!lab || !room) {
		free(lab);
		free(room);
		return NULL;
	}
	lab->loop = loop;
	lab->uv = io_loop_uv(loop);
	lab->arena = cw_arena_new();
	lab->scratch = cw_arena_new();
	lab->scenario = s;
	lab->server_count = s->server_count;
	lab->room = room;
	lab->finish = (struct io_timer){ .fire = finish, .ctx = lab };
	uint32_t bits = io_random32(loop);
	lab->net[0] = (uint8_t)(1 + bits % 254); /* 127.0 is where other things live */
	lab->net[1] = (uint8_t)(bits >> 8);
	lab->server = cw_arena_array_of(lab->arena, struct lab_server, s->server_count + 1);
	for (const struct scenario_server *def = s->servers; def; def = def->next)
		lab->server[def->index] = (struct lab_server){
			.lab = lab, .def = def, .addr = address_of(lab, def), .filler = -1
		};
	return lab;
}

static void load_world(struct lab *lab)
{
	lab->world = dns_world_new(lab->scenario, lab->arena, expand_word, lab);
	for (size_t i = 0; i < lab->world->count; i++)
		lab->server[lab->world->host[i].def->index].dns = &lab->world->host[i];
}

enum cw_ec lab_open(struct io_loop *loop, const struct scenario *s, struct lab **out, char *why,
		    size_t why_size)
{
	struct opening o = { .lab = lab_new(loop, s), .why_size = why_size };
	o.why = why;
	if (!o.lab)
		return CW_ENOMEM;
	/* hosts first: zones and certificates hold their ports */
	if (!start_hosts(&o) || !start_dns(&o) || !make_certs(&o) || !write_files(&o)) {
		lab_close(o.lab, NULL, NULL);
		return o.unsupported ? CW_EUNSUPPORTED : CW_EIO;
	}
	load_world(o.lab);
	*out = o.lab;
	return CW_OK;
}
