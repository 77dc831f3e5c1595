/*
 * The engine: rules over facts give findings with roles, and a verdict.
 *
 * clear         no cause, nothing untested that could hide one, and positive proof
 * cause-found   at least one cause
 * undetermined  neither
 */
#ifndef CW_RULE_DIAGNOSIS_H
#define CW_RULE_DIAGNOSIS_H

#include "rule/hop.h"
#include "rule/rule.h"

enum verdict { VERDICT_UNDETERMINED, VERDICT_CLEAR, VERDICT_CAUSE_FOUND };

struct diagnosis {
	enum verdict verdict;
	const struct finding *findings; /* causes worst first, each with its consequences behind
					 * it, then warnings */
	size_t cause_count, warning_count;
	struct hop_row hops;
	struct cw_text closing; /* the one verdict line */
};

/* One family: its rules, its proof that the way is clear, its row of hops and its words for the
 * verdict line of a clear or undetermined run. */
struct rule_family {
	const char *name;
	const struct rule *const *rules;
	/* The facts put in order once, for judge_view(); in the store's arena. NULL: not needed. */
	const void *(*view)(const struct fact_store *facts);
	bool (*proven_clear)(const struct fact_store *facts);
	void (*hops)(const struct fact_store *facts, const struct finding *findings,
		     struct hop_row *out);
	struct cw_text (*clear_line)(const struct fact_store *facts);
	/* What would settle an undetermined run. */
	struct cw_text (*undetermined_line)(const struct fact_store *facts);
};

extern const struct rule_family kms_family, sstp_family, activation_family;

/* Pure: facts in, diagnosis out, everything in the store's arena. */
void diagnose(const struct rule_family *family, const struct fact_store *facts,
	      struct diagnosis *out);

const char *verdict_name(enum verdict v);           /* "clear", "cause-found", "undetermined" */
const char *finding_role_name(enum finding_role r); /* "cause", "consequence", "warning" */

#endif
