/* Scenario files: any text is read or refused with its line, and a good one can be expanded. */
#include "fuzz.h"

#include <string.h>

#include "lab/scenario.h"

static const char *resolve(void *ctx, struct cw_arena *arena, const struct scenario_ref *ref)
{
	return ref->kind == REF_PORT ? "1688" : "127.0.0.1";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *arena = cw_arena_new();
	const struct scenario *s = NULL;
	char why[200] = "";
	enum cw_ec ec = scenario_parse((const char *)data, size, "f", arena, &s, why, sizeof(why));
	REQUIRE((ec == CW_OK) == (s != NULL));
	REQUIRE(ec == CW_OK || !strncmp(why, "f:", 2));
	for (const struct scenario_run *r = s ? s->runs : NULL; r; r = r->next)
		for (size_t i = 0; i < r->args.count; i++) {
			const char *bad;
			REQUIRE(scenario_expand(s, r->args.word[i], arena, resolve, NULL, &bad));
		}
	cw_arena_free(arena);
	return 0;
}
