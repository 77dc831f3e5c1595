/* A datagram socket that many exchanges share: unconnected, on a random port of its own. */
#ifndef CW_IO_UDP_H
#define CW_IO_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "io/end.h"
#include "io/loop.h"

struct io_udp;

struct io_udp_ops {
	/* The bytes are valid in the callback alone. */
	void (*received)(void *ctx, const struct cw_addr *from, const uint8_t *buf, size_t len);
	/* The network gave a datagram back that was sent to that address. quoted: how it began,
	 * as far as the ICMP message tells (RFC 792 lets it tell nothing of ours). */
	void (*bounced)(void *ctx, const struct cw_addr *to, const struct io_end *end,
			const uint8_t *quoted, size_t len);
};

/* An open socket alone does not keep the loop running. ops must outlive it. Returns 0 or an
 * errno: EAFNOSUPPORT where the system does not know the family. */
int io_udp_open(struct io_loop *loop, enum cw_family family, const struct io_udp_ops *ops,
		void *ctx, struct io_udp **out);
/* Fine from any callback; none comes afterwards. NULL is fine. */
void io_udp_close(struct io_udp *u);

/* 0: on its way. EAGAIN, ENOBUFS: not now. Anything else: io_end_of_call() tells its meaning. */
int io_udp_send(struct io_udp *u, const struct cw_addr *to, const uint8_t *buf, size_t len);

#endif
