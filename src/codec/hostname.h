/* Host and domain names as Windows takes them, and the host that slmgr /skms takes. */
#ifndef CW_CODEC_HOSTNAME_H
#define CW_CODEC_HOSTNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/limits.h"

/* What is wrong with a name: a stable word of doc/facts.md, and what stood there. */
struct name_fault {
	const char *why; /* NULL: nothing is wrong */
	char detail[80];
};

/*
 * Judges a DNS name of a host or domain as the Windows DNS client does (DnsValidateName):
 * labels of 1 to 63 octets, 255 in all, none of the characters that it refuses. Underscores
 * and octets over 127 are taken, since Windows DNS takes them. A final dot is allowed.
 */
bool host_name_is_valid(const char *name, struct name_fault *fault);

/* True for "192.0.2.7" and "2001:db8::7", also in brackets. */
bool host_name_is_address(const char *name, struct cw_addr *out);

enum kms_host_form { KMS_HOST_FQDN, KMS_HOST_NETBIOS, KMS_HOST_IPV4, KMS_HOST_IPV6 };

struct kms_host {
	enum kms_host_form form;
	char host[LIMIT_DNS_NAME_TEXT]; /* without port and brackets */
	uint16_t port;                  /* 1688 where none is given */
	struct cw_addr address;         /* of an address form, with port */
};

/*
 * Splits HOST[:PORT] as slmgr /skms takes it. Always fills in out as far as it could be read;
 * false when Windows would not take it, fault then says why. An IPv6 literal is read in full,
 * and is a fault of its own: slmgr cannot parse it.
 */
bool kms_host_parse(const char *text, struct kms_host *out, struct name_fault *fault);

/* "fqdn", "netbios", "ipv4", "ipv6" */
const char *kms_host_form_name(enum kms_host_form form);

#endif
