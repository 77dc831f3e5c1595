#include "rule/hop.h"

#include <assert.h>
#include <string.h>

static bool fails_at(const struct finding *findings, const char *hop)
{
	for (const struct finding *f = findings; f; f = f->next)
		if (f->role == FINDING_CAUSE && f->hop && !strcmp(f->hop, hop))
			return true;
	return false;
}

static bool failed_before(const struct hop_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->hop[i].state == HOP_FAILED)
			return true;
	return false;
}

void hop_add(struct hop_row *row, const struct finding *findings, const char *name, bool passed)
{
	enum hop_state state = failed_before(row) ? HOP_NOT_REACHED : HOP_NOT_TESTED;
	assert(row->count < HOPS_MOST);
	if (fails_at(findings, name))
		state = HOP_FAILED;
	else if (passed)
		state = HOP_PASSED;
	row->hop[row->count++] = (struct hop){ .name = name, .state = state };
}
