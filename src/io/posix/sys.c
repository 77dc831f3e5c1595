#include "io/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the bursts of thousands of exchanges; the system may grant less. */
enum { RECEIVE_BUFFER = 1 << 20, DATAGRAM = 65536 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct io_inbox {
	struct mmsghdr header[IO_INBOX];
	struct iovec part[IO_INBOX];
	union address from[IO_INBOX];
	struct io_datagram datagram[IO_INBOX];
	uint8_t *bytes; /* IO_INBOX of them; pages that are never written to cost nothing */
};

static socklen_t address_of(const struct cw_addr *a, union address *out)
{
	if (a->family == CW_IPV6) {
		out->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						 .sin6_port = htons(a->port),
						 .sin6_scope_id = a->scope };
		memcpy(&out->v6.sin6_addr, a->bytes, 16);
		return sizeof(out->v6);
	}
	out->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(a->port) };
	memcpy(&out->v4.sin_addr, a->bytes, 4);
	return sizeof(out->v4);
}

static void address_to(const union address *from, struct cw_addr *out)
{
	*out = (struct cw_addr){ 0 };
	if (from->any.sa_family == AF_INET6) {
		out->family = CW_IPV6;
		out->port = ntohs(from->v6.sin6_port);
		out->scope = from->v6.sin6_scope_id;
		memcpy(out->bytes, &from->v6.sin6_addr, 16);
	} else if (from->any.sa_family == AF_INET) {
		out->family = CW_IPV4;
		out->port = ntohs(from->v4.sin_port);
		memcpy(out->bytes, &from->v4.sin_addr, 4);
	}
}

struct io_inbox *io_inbox_new(void)
{
	struct io_inbox *box = calloc(1, sizeof(*box));
	uint8_t *bytes = malloc((size_t)IO_INBOX * DATAGRAM);
	if (!box || !bytes) {
		free(box);
		free(bytes);
		return NULL;
	}
	box->bytes = bytes;
	for (size_t i = 0; i < IO_INBOX; i++) {
		box->part[i] = (struct iovec){ bytes + i * DATAGRAM, DATAGRAM };
		box->header[i].msg_hdr.msg_iov = &box->part[i];
		box->header[i].msg_hdr.msg_iovlen = 1;
		box->header[i].msg_hdr.msg_name = &box->from[i];
	}
	return box;
}

void io_inbox_free(struct io_inbox *box)
{
	if (!box)
		return;
	free(box->bytes);
	free(box);
}

const struct io_datagram *io_inbox_at(const struct io_inbox *box, size_t index)
{
	return &box->datagram[index];
}

/* Without it ICMP errors would come without their sender, or not at all (ip(7)). */
static void queue_errors(int sock, int af, int on)
{
	if (af == AF_INET6)
		(void)setsockopt(sock, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(sock, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

static int open_socket(enum cw_family family, int type, uv_os_sock_t *out)
{
	int af = family == CW_IPV6 ? AF_INET6 : AF_INET;
	int sock = socket(af, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return errno;
	queue_errors(sock, af, 1);
	*out = sock;
	return 0;
}

int io_sys_udp_open(enum cw_family family, uv_os_sock_t *out)
{
	int error = open_socket(family, SOCK_DGRAM, out);
	if (error)
		return error;
	int size = RECEIVE_BUFFER;
	(void)setsockopt(*out, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

/* The errors that the system makes of ICMP messages. */
static bool may_be_old_news(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENONET:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case EPROTO:
	case EMSGSIZE:
	case EACCES:
		return true;
	default:
		return false;
	}
}

/* What an earlier datagram came to makes a later send fail once, though nothing is wrong with it
 * (the details lie in the error queue). An error that stays is the send's own. */
int io_sys_udp_send(uv_os_sock_t sock, const struct cw_addr *to, const uint8_t *buf, size_t len)
{
	union address a;
	socklen_t size = address_of(to, &a);
	int error = 0;
	for (int tries = 0; tries < 4; tries++) {
		if (sendto(sock, buf, len, 0, &a.any, size) >= 0)
			return 0;
		error = errno;
		if (error != EINTR && !may_be_old_news(error))
			return error;
	}
	return error == ECONNREFUSED || error == EINTR ? EAGAIN : error;
}

size_t io_sys_udp_receive(uv_os_sock_t sock, struct io_inbox *box, int *error)
{
	for (size_t i = 0; i < IO_INBOX; i++)
		box->header[i].msg_hdr.msg_namelen = sizeof(box->from[i]);
	int count = recvmmsg(sock, box->header, IO_INBOX, 0, NULL);
	*error = 0;
	if (count < 0) {
		*error = errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno;
		return 0;
	}
	for (size_t i = 0; i < (size_t)count; i++) {
		struct io_datagram *d = &box->datagram[i];
		address_to(&box->from[i], &d->from);
		d->bytes = box->part[i].iov_base;
		d->len = box->header[i].msg_len;
	}
	return (size_t)count;
}

int io_sys_tcp_connect(const struct cw_addr *to, uv_os_sock_t *out)
{
	uv_os_sock_t sock = -1;
	int error = open_socket(to->family, SOCK_STREAM, &sock);
	if (error)
		return error;
	/* The end of a handshake and the first request are two writes: without this the second
	 * waits for the peer's delayed ACK (RFC 1122 4.2.3.2, 4.2.3.4). */
	int at_once = 1;
	(void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
	union address a;
	socklen_t size = address_of(to, &a);
	if (connect(sock, &a.any, size) < 0 && errno != EINPROGRESS && errno != EINTR) {
		error = errno;
		io_sys_close(sock);
		return error;
	}
	*out = sock;
	return 0;
}

int io_sys_tcp_error(uv_os_sock_t sock)
{
	int error = 0;
	socklen_t size = sizeof(error);
	return getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

void io_sys_tcp_settle(uv_os_sock_t sock)
{
	union address a;
	socklen_t size = sizeof(a);
	if (!getsockname(sock, &a.any, &size))
		queue_errors(sock, a.any.sa_family, 0);
}

ptrdiff_t io_sys_tcp_send(uv_os_sock_t sock, const uint8_t *buf, size_t len, int *error)
{
	ssize_t n;
	do {
		n = send(sock, buf, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	*error = n < 0 ? errno : 0;
	return n;
}

ptrdiff_t io_sys_tcp_receive(uv_os_sock_t sock, uint8_t *buf, size_t cap, int *error)
{
	ssize_t n;
	do {
		n = recv(sock, buf, cap, 0);
	} while (n < 0 && errno == EINTR);
	*error = n < 0 ? errno : 0;
	return n;
}

static void bounce_read(struct io_bounce *b, const struct cmsghdr *c)
{
	struct sock_extended_err e;
	union address by = { .any.sa_family = AF_UNSPEC };
	const size_t room = c->cmsg_len - CMSG_LEN(0);
	if (room < sizeof(e))
		return;
	const unsigned char *data = CMSG_DATA(c);
	memcpy(&e, data, sizeof(e));
	b->error = (int)e.ee_errno;
	if (e.ee_origin != SO_EE_ORIGIN_ICMP && e.ee_origin != SO_EE_ORIGIN_ICMP6)
		return;
	b->icmp.type = e.ee_type;
	b->icmp.code = e.ee_code;
	size_t left = room - sizeof(e); /* the sender's address stands behind (ip(7)) */
	memcpy(&by, data + sizeof(e), left < sizeof(by) ? left : sizeof(by));
	address_to(&by, &b->by);
	if (b->by.family == CW_FAMILY_NONE)
		return;
	(void)inet_ntop(by.any.sa_family, b->by.bytes, b->icmp.from, sizeof(b->icmp.from));
}

bool io_sys_bounce_take(uv_os_sock_t sock, struct io_bounce *out)
{
	struct io_bounce b = { .icmp.type = -1 };
	union address to = { .any.sa_family = AF_UNSPEC };
	union {
		struct cmsghdr align;
		unsigned char bytes[512];
	} control;
	struct iovec part = { b.quoted, sizeof(b.quoted) };
	struct msghdr m = { .msg_name = &to,
			    .msg_namelen = sizeof(to),
			    .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n;
	do {
		n = recvmsg(sock, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	b.quoted_len = (size_t)n;
	address_to(&to, &b.to);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			bounce_read(&b, c);
	}
	*out = b;
	return true;
}

void io_sys_close(uv_os_sock_t sock)
{
	(void)close(sock);
}

/* An address that a socket can be bound to is ours. */
bool io_sys_addr_is_ours(const struct cw_addr *a)
{
	if (a->family == CW_FAMILY_NONE)
		return false;
	struct cw_addr any_port = *a;
	any_port.port = 0;
	union address bound;
	socklen_t size = address_of(&any_port, &bound);
	int sock = socket(bound.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return false;
	bool ours = !bind(sock, &bound.any, size);
	(void)close(sock);
	return ours;
}
