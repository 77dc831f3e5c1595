/*
 * The system calls that differ from system to system, behind one header: a
 * folder for each kind of system implements it (posix/). Only src/io sees it.
 *
 * Errors are errno values, 0 for none.
 */
#ifndef CW_IO_SYS_H
#define CW_IO_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/addr.h"
#include "base/outcome.h"

enum { IO_INBOX = 16, IO_BOUNCE_BYTES = 16 };

/* Datagrams read at once; what lies in it is valid until the next reading. */
struct io_inbox;

struct io_datagram {
	struct cw_addr from;
	const uint8_t *bytes;
	size_t len;
};

/* NULL: out of memory. */
struct io_inbox *io_inbox_new(void);
void io_inbox_free(struct io_inbox *box);
const struct io_datagram *io_inbox_at(const struct io_inbox *box, size_t index);

/* What came back of something sent: an ICMP message with the beginning of what it quotes. */
struct io_bounce {
	struct cw_addr to; /* where it was sent; not filled in for TCP */
	int error;
	struct cw_icmp icmp; /* type -1: not from ICMP */
	struct cw_addr by;   /* who sent the ICMP message */
	uint8_t quoted[IO_BOUNCE_BYTES];
	size_t quoted_len;
};

/* Non-blocking, unbound (the first send binds a random port), with its ICMP errors queued. */
int io_sys_udp_open(enum cw_family family, uv_os_sock_t *out);
int io_sys_udp_send(uv_os_sock_t sock, const struct cw_addr *to, const uint8_t *buf, size_t len);
/* Up to IO_INBOX datagrams; 0 and *error 0: nothing is left. */
size_t io_sys_udp_receive(uv_os_sock_t sock, struct io_inbox *box, int *error);

/* Starts to connect. 0: under way, and the socket becomes writable when it has ended. */
int io_sys_tcp_connect(const struct cw_addr *to, uv_os_sock_t *out);
/* How the connecting ended, 0 for well; clears it. */
int io_sys_tcp_error(uv_os_sock_t sock);
/* It is open: a passing ICMP error shall not end it from now on (RFC 1122 4.2.3.9). */
void io_sys_tcp_settle(uv_os_sock_t sock);
/* The count of bytes, or -1 with *error; EAGAIN: not now. */
ptrdiff_t io_sys_tcp_send(uv_os_sock_t sock, const uint8_t *buf, size_t len, int *error);
ptrdiff_t io_sys_tcp_receive(uv_os_sock_t sock, uint8_t *buf, size_t cap, int *error);

/* Takes the next entry of the socket's error queue. False: it is empty. */
bool io_sys_bounce_take(uv_os_sock_t sock, struct io_bounce *out);
void io_sys_close(uv_os_sock_t sock);
/* Whether the address is one of this machine. */
bool io_sys_addr_is_ours(const struct cw_addr *a);

#endif
