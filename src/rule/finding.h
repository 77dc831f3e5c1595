/* What a rule says: a cause, what follows from a cause, or a warning. */
#ifndef CW_RULE_FINDING_H
#define CW_RULE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "fact/fact.h"

enum finding_role { FINDING_CAUSE, FINDING_CONSEQUENCE, FINDING_WARNING };

struct evidence {
	const struct fact *fact;
	struct cw_text text; /* "want ..., have ...", with who said it */
	struct evidence *next;
};

struct fix {
	struct cw_text text;
	const char *snippet; /* commands or configuration in the reader's own names, or NULL */
	struct fix *next;
};

struct finding {
	const struct rule *rule;
	enum finding_role role;
	const struct finding *because_of; /* of a consequence */
	struct cw_text title, explanation;
	const char *hop;
	struct evidence *evidence, *last_evidence;
	struct fix *fixes, *last_fix;
	struct finding *next;
};

#endif
