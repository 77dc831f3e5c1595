/* All rules about KMS; kms.c holds them in order. One file a group, the data beside its judge. */
#ifndef CW_RULE_KMS_H
#define CW_RULE_KMS_H

#include "rule/rule.h"

extern const struct rule kms_rule_no_dns_servers, kms_rule_dns_unreachable, kms_rule_dns_refused,
	kms_rule_dns_garbled, kms_rule_dns_inconsistent;
extern const struct rule kms_rule_publish_domains, kms_rule_srv_misspelt, kms_rule_srv_other_suffix,
	kms_rule_wrong_channel, kms_rule_srv_nodata, kms_rule_srv_missing;
extern const struct rule kms_rule_name_syntax, kms_rule_srv_malformed, kms_rule_host_key_on_client,
	kms_rule_srv_stale_host;
extern const struct rule kms_rule_update_second_host, kms_rule_update_refused;
extern const struct rule kms_rule_srv_target_wrong_address, kms_rule_manual_host_dead,
	kms_rule_srv_target_unresolved;
extern const struct rule kms_rule_host_unreachable, kms_rule_port_blocked, kms_rule_port_refused;
extern const struct rule kms_rule_not_kms, kms_rule_host_silent, kms_rule_foreign_host;

/* An update test was made and no step of it was answered either way. */
bool kms_update_is_open(const struct fact_store *facts);

#endif
