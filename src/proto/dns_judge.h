/* What a DNS answer says about what was asked, as an outcome. */
#ifndef CW_PROTO_DNS_JUDGE_H
#define CW_PROTO_DNS_JUDGE_H

#include "base/outcome.h"
#include "codec/dns.h"

/*
 * The outcome of a query's answer.
 *
 * Aliases are followed inside the answer (RFC 1034 3.6.2). One that leads to a name whose records
 * are not there counts as NO_DATA, unless the rcode says NXDOMAIN, which is about the end of the
 * chain (RFC 2308 2.1). LOOP: more than LIMIT_DNS_ALIASES steps, or a name for the second time.
 * REFERRAL: NOERROR with nothing in the answer, and a delegation in the authority section.
 *
 * alias: where the chain led, NULL when the name itself was answered for.
 */
enum cw_outcome dns_judge_query(const struct dns_message *m, const char *name, uint16_t type,
				const char **alias);
/* The outcome of an UPDATE's answer (RFC 2136 2.2): the rcode alone. */
enum cw_outcome dns_judge_update(const struct dns_message *m);

#endif
