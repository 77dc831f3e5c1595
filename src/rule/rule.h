/*
 * A rule is data beside a pure function over facts.
 *
 * judge() looks at facts only, and adds evidence for each fact that shows the
 * fault; no evidence, no finding. It says nothing where the facts are silent:
 * a fact that is missing proves nothing. It does not care where a fact comes
 * from, so the same rule judges a live probe and a captured file.
 */
#ifndef CW_RULE_RULE_H
#define CW_RULE_RULE_H

#include <stdint.h>

#include "rule/finding.h"

enum { RULE_ALSO = 6, RULE_EXPLAINS = 24 };

struct judge; /* the run of one rule: facts to look at and the finding that grows */

struct rule {
	const char *id;   /* of data/causes.tsv; never changes meaning */
	const char *code; /* as Windows shows it, "0x8007232B"; NULL where it shows none */
	const char *also[RULE_ALSO]; /* what else Windows releases show for it */
	const char *symbol;          /* of code, such as DNS_ERROR_RCODE_NAME_ERROR; NULL as code */
	const char *hop;             /* of rule/hop.h: where it breaks */
	uint64_t needs;              /* FACT_BIT() of the kinds that judge looks at */
	const char *title;           /* message ids; judge may give fuller ones */
	const char *explanation;     /* why this stops activation; NULL where the title says it */
	const char *windows_shows;   /* where a user meets it: event, slmgr; NULL: nowhere */
	const char *source;          /* article and place in it, a message id; or "own" */
	/* Findings whose evidence this one accounts for. Evidence on the same facts is taken from
	 * them, and one that has none left becomes a consequence. */
	const char *explains[RULE_EXPLAINS];
	void (*judge)(struct judge *j);
};

/* For judges. */
const struct fact_store *judge_facts(const struct judge *j);
struct cw_arena *judge_arena(const struct judge *j);
/* Adds evidence; the same fact twice is one. The first call makes the finding. */
void judge_evidence(struct judge *j, const struct fact *f, struct cw_text text);
/* Shows beside the evidence a fact that is no fault, for contrast: it makes no finding, takes
 * nothing, and cannot be taken. */
void judge_support(struct judge *j, const struct fact *f, struct cw_text text);
/* Facts that this finding accounts for without showing them (see explains). */
void judge_claim(struct judge *j, const struct fact *f);
void judge_fix(struct judge *j, struct cw_text text, const char *snippet);
void judge_title(struct judge *j, struct cw_text title);
void judge_explanation(struct judge *j, struct cw_text explanation);
/* Where it breaks, when that is not the hop of the rule. */
void judge_hop(struct judge *j, const char *hop);
/* A warning does not make the verdict, and takes evidence from warnings only. */
void judge_as_warning(struct judge *j);
bool judge_has_evidence(const struct judge *j);
/* What the family made of the facts once for all its judges (rule_family.view), or NULL. */
const void *judge_view(const struct judge *j);

/* Every family of rules: the list that engine, tests and documents walk. NULL-terminated,
 * worst first within a hop, hops in the order of the path. */
extern const struct rule *const kms_rules[], *const sstp_rules[], *const activation_rules[];

/* The kinds that the rules of a family need, for the planner. */
uint64_t rules_need(const struct rule *const rules[]);

#endif
