/* Dynamic update as a lab server takes it: signature, policy, then the zone (RFC 2136, 8945). */
#ifndef CW_LAB_DNS_UPDATE_H
#define CW_LAB_DNS_UPDATE_H

#include "lab/dns_world.h"

/* What came of the TSIG of a request. */
struct dns_signer {
	bool present;
	const struct scenario_key *key; /* NULL: not known, or the signature does not hold */
	struct tsig_key answer_key;     /* for the answer's record; its secret may be empty */
	struct tsig_mac mac;
	struct tsig_verdict verdict;
};

void dns_signer_find(const struct scenario *s, const uint8_t *bytes, size_t len,
		     const struct dns_message *m, uint64_t time_s, struct dns_signer *out);

/* Appends the TSIG that belongs to the answer; nothing for an unsigned request. */
void dns_signer_sign(const struct dns_signer *signer, uint64_t time_s, struct cw_wr *w);

/* The rcode of an update; the zone changes only with DNS_NOERROR. */
enum dns_rcode dns_host_update(struct dns_host *h, const struct dns_message *m,
			       const struct dns_signer *signer);

#endif
