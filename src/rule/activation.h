/* All rules about activation over the Internet; activation.c holds them in order. */
#ifndef CW_RULE_ACTIVATION_H
#define CW_RULE_ACTIVATION_H

#include "rule/remote.h"

/* Kinds that describe the endpoints and the way to them. */
#define ACTIVATION_WAY_KINDS \
	(FACT_BIT(FACT_TARGET) | FACT_BIT(FACT_PROXY) | FACT_BIT(FACT_PROXY_ANSWER) | \
	 FACT_BIT(FACT_DNS_ADDRESS) | FACT_BIT(FACT_TCP_CONNECT) | FACT_BIT(FACT_TLS_HANDSHAKE) | \
	 FACT_BIT(FACT_TLS_VERSION) | FACT_BIT(FACT_HTTP_ANSWER))
#define ACTIVATION_CERT_KINDS \
	(ACTIVATION_WAY_KINDS | FACT_BIT(FACT_CERT) | FACT_BIT(FACT_CERT_CHAIN) | \
	 FACT_BIT(FACT_CERT_FAULT))
#define ACTIVATION_CRL_KINDS \
	(ACTIVATION_CERT_KINDS | FACT_BIT(FACT_REVOCATION) | FACT_BIT(FACT_AIA))

extern const struct rule activation_rule_no_internet, activation_rule_proxy_auth,
	activation_rule_http_status;
extern const struct rule activation_rule_tls_intercepted, activation_rule_clock_skew,
	activation_rule_cert_revoked, activation_rule_cert_invalid, activation_rule_cert_no_cdp;
extern const struct rule activation_rule_crl_proxy_auth, activation_rule_crl_unreachable,
	activation_rule_crl_stale;

/* The listener is on the route that Windows takes. */
bool activation_on_way(const struct remote_view *v, const struct remote_peer *p);
/* An answer came from the endpoint itself. */
bool activation_is_reached(const struct remote_view *v, const struct remote_target *t);
/* Faults that the licensing client does not mind: Microsoft's own older endpoints have names and
 * roots that a general check turns down. */
bool activation_is_minded(const struct remote_view *v, const struct remote_target *t,
			  const struct remote_peer *p, const struct fact *fault);
bool activation_is_microsoft_host(const char *host);
/* The last step of most fixes. */
void activation_fix_telephone(struct judge *j);

#endif
