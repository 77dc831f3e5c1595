/* All rules about SSTP without credentials; sstp.c holds them in order. */
#ifndef CW_RULE_SSTP_H
#define CW_RULE_SSTP_H

#include "rule/remote.h"

enum { SSTP_PORT_USUAL = 443 };

/* Kinds that describe the listeners and the way to them. */
#define SSTP_WAY_KINDS \
	(FACT_BIT(FACT_TARGET) | FACT_BIT(FACT_PROXY) | FACT_BIT(FACT_PROXY_ANSWER) | \
	 FACT_BIT(FACT_DNS_ADDRESS) | FACT_BIT(FACT_TCP_CONNECT))
#define SSTP_TLS_KINDS \
	(SSTP_WAY_KINDS | FACT_BIT(FACT_TLS_HANDSHAKE) | FACT_BIT(FACT_TLS_VERSION) | \
	 FACT_BIT(FACT_SSTP_CALL))
#define SSTP_CERT_KINDS \
	(SSTP_TLS_KINDS | FACT_BIT(FACT_CERT) | FACT_BIT(FACT_CERT_CHAIN) | \
	 FACT_BIT(FACT_CERT_FAULT))

extern const struct rule sstp_rule_name_unresolved, sstp_rule_unreachable, sstp_rule_not_listening,
	sstp_rule_proxy_blocks, sstp_rule_partly_broken;
extern const struct rule sstp_rule_no_certificate, sstp_rule_tls_fails,
	sstp_rule_client_certificate, sstp_rule_old_tls;
extern const struct rule sstp_rule_tls_intercepted, sstp_rule_clock_skew, sstp_rule_cert_revoked,
	sstp_rule_cert_expired, sstp_rule_cert_untrusted, sstp_rule_chain_incomplete,
	sstp_rule_cert_name, sstp_rule_cert_eku, sstp_rule_cert_weak, sstp_rule_cert_invalid,
	sstp_rule_cert_no_cdp, sstp_rule_cert_expires_soon;
extern const struct rule sstp_rule_crl_unreachable, sstp_rule_crl_stale, sstp_rule_crl_proxy_auth,
	sstp_rule_crl_slow;
extern const struct rule sstp_rule_ports_exhausted, sstp_rule_not_sstp, sstp_rule_call_refused,
	sstp_rule_call_silent;

/* What is wrong with a listener behind its connection; NULL: nothing is seen. */
const struct fact *sstp_peer_fault(const struct remote_target *t, const struct remote_peer *p);
/* It takes the call, and nothing is wrong. */
bool sstp_peer_is_well(const struct remote_peer *p);
/* The name is looked up, and connections are made, by this machine; or the proxy says that it
 * cannot connect, and what we see of the server tells why. */
bool sstp_connects_itself(const struct remote_view *v, const struct remote_target *t);

/* Steps that several rules have. Names that are not plain stay out of the commands. */
void sstp_fix_service(struct judge *j, int64_t port);
void sstp_fix_bind_certificate(struct judge *j, int64_t port);
void sstp_fix_new_certificate(struct judge *j, const struct remote_target *t);
/* Last of all, and not recommended: the check is switched off. */
void sstp_fix_no_check(struct judge *j);

#endif
