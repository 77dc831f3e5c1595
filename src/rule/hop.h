/*
 * The path as a row of hops, and the state of each: passed, failed here, not
 * reached, not tested. Four different things.
 */
#ifndef CW_RULE_HOP_H
#define CW_RULE_HOP_H

#include "rule/finding.h"

enum hop_state { HOP_PASSED, HOP_FAILED, HOP_NOT_REACHED, HOP_NOT_TESTED };

struct hop {
	const char *name; /* "dns", "srv", "host", "port", "kms": the same in every language */
	enum hop_state state;
};

enum { HOPS_MOST = 10 };

struct hop_row {
	size_t count;
	struct hop hop[HOPS_MOST];
};

/* Adds a hop to the row: failed where a cause has it, else passed, else not reached behind one that
 * failed, else not tested. */
void hop_add(struct hop_row *row, const struct finding *findings, const char *name, bool passed);

/* The KMS path: dns srv host port kms (with a pinned host: host port kms, after dns where names
 * are resolved). Pure; findings after the engine has given roles. */
void kms_hops(const struct fact_store *facts, const struct finding *findings, struct hop_row *out);

#endif
