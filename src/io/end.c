#include "io/end.h"

#include <errno.h>

#include "io/sys.h"

/* clang-format off */
enum icmp_sense { PASSING, CLOSED_PORT, FORBIDDEN, NO_WAY };

/* RFC 792, RFC 1122 3.2.2, RFC 1812 5.2.7; RFC 4443 3. code -1: any other code of that type. */
static const struct icmp_row {
	enum cw_family family;
	int type, code;
	enum icmp_sense sense;
} icmp_rows[] = {
	{ CW_IPV4,  3,  3, CLOSED_PORT }, /* port unreachable */
	{ CW_IPV4,  3,  4, PASSING },     /* fragmentation needed */
	{ CW_IPV4,  3,  9, FORBIDDEN },   /* network administratively prohibited */
	{ CW_IPV4,  3, 10, FORBIDDEN },   /* host administratively prohibited */
	{ CW_IPV4,  3, 13, FORBIDDEN },   /* communication administratively prohibited */
	{ CW_IPV4,  3, -1, NO_WAY },
	{ CW_IPV4, 11,  0, NO_WAY },      /* time to live exceeded: a loop of routers */
	{ CW_IPV4, 12, -1, NO_WAY },      /* parameter problem */
	{ CW_IPV6,  1,  4, CLOSED_PORT }, /* port unreachable */
	{ CW_IPV6,  1,  1, FORBIDDEN },   /* administratively prohibited */
	{ CW_IPV6,  1,  5, FORBIDDEN },   /* source address failed policy */
	{ CW_IPV6,  1,  6, FORBIDDEN },   /* reject route */
	{ CW_IPV6,  1, -1, NO_WAY },
	{ CW_IPV6,  3,  0, NO_WAY },      /* hop limit exceeded */
	{ CW_IPV6,  4, -1, NO_WAY },      /* parameter problem */
};
/* clang-format on */

static enum icmp_sense icmp_sense_of(enum cw_family family, int type, int code)
{
	for (size_t i = 0; i < sizeof(icmp_rows) / sizeof(*icmp_rows); i++) {
		const struct icmp_row *row = &icmp_rows[i];
		if (row->family == family && row->type == type &&
		    (row->code == code || row->code == -1))
			return row->sense;
	}
	return PASSING;
}

static struct io_end end_of(enum cw_outcome outcome, int error)
{
	return (struct io_end){ .outcome = outcome, .icmp.type = -1, .system_error = error };
}

struct io_end io_end_of_call(int error, enum cw_family family)
{
	/* No IPv6 address to send from; with IPv4 it is the local ports that ran out. */
	if (error == EADDRNOTAVAIL && family == CW_IPV6)
		return end_of(CW_OUT_NO_ROUTE, error);
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EAFNOSUPPORT: /* no IPv6 in this kernel */
		return end_of(CW_OUT_NO_ROUTE, error);
	case EPERM:  /* a packet filter's verdict on our output */
	case EACCES: /* a route that prohibits */
		return end_of(CW_OUT_DENIED, error);
	case ECONNREFUSED:
		return end_of(CW_OUT_REFUSED, 0);
	default:
		return end_of(CW_OUT_LOCAL, error);
	}
}

struct io_end io_end_of_network(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return end_of(CW_OUT_REFUSED, 0);
	case ETIMEDOUT:
		return end_of(CW_OUT_TIMEOUT, 0);
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return end_of(CW_OUT_RESET, 0);
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENOPROTOOPT: /* ICMP protocol unreachable */
	case EPROTO:
		return end_of(CW_OUT_UNREACHABLE, 0);
	case EPERM:
	case EACCES:
		return end_of(CW_OUT_DENIED, error);
	default:
		return end_of(CW_OUT_LOCAL, error);
	}
}

struct io_end io_end_of_bounce(const struct io_bounce *b, const struct cw_addr *to)
{
	struct io_end end = end_of(CW_OUT_UNKNOWN, 0);
	end.icmp = b->icmp;
	enum icmp_sense sense = icmp_sense_of(to->family, b->icmp.type, b->icmp.code);
	if (sense == PASSING)
		return end;
	/* A filter of this machine rejects in its own name what was meant for another. */
	bool own_filter = (sense == CLOSED_PORT || sense == FORBIDDEN) &&
			  !cw_addr_same(&b->by, to) && io_sys_addr_is_ours(&b->by);
	if (own_filter) {
		end.outcome = CW_OUT_DENIED;
		end.system_error = b->error;
		return end;
	}
	end.outcome = sense == CLOSED_PORT ? CW_OUT_REFUSED : CW_OUT_UNREACHABLE;
	return end;
}
