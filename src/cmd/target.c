#include "cmd/target.h"

#include <string.h>

#include "base/limits.h"
#include "cmd/check_activation.h"
#include "cmd/check_kms.h"
#include "cmd/check_sstp.h"
#include "io/settings.h"

const struct target_kind *const target_kinds[] = { &target_kms, &target_sstp, &target_activation,
						   NULL };

const struct target_kind *target_kind_find(const char *name)
{
	for (const struct target_kind *const *k = target_kinds; *k; k++)
		if (!strcmp((*k)->name, name))
			return *k;
	return NULL;
}

bool target_init(struct target *t, const struct check_options *o,
		 const struct resolver_settings *settings, const char *source,
		 struct cw_text *error)
{
	*t = (struct target){
		.kind = o->kind,
		.arena = o->arena,
		.timeout_ms = o->timeout_s ? o->timeout_s * 1000 : LIMIT_COMMAND_MS,
		.settings = settings,
		.settings_source = source,
		.own = cw_arena_alloc(o->arena, o->kind->own_size),
	};
	return t->kind->init(t, o, error);
}

void target_clear(struct target *t)
{
	if (t->kind)
		t->kind->clear(t);
	t->kind = NULL;
}

struct run *target_start(const struct target *t, const struct run_services *services,
			 void (*done)(void *ctx, struct run *run), void *ctx)
{
	struct run_spec spec = {
		.probes = t->kind->probes,
		.wanted = rules_need(t->kind->family->rules),
		.timeout_ms = t->timeout_ms,
		.request = t->request,
		.state_size = t->kind->state_size(),
		.done = done,
		.ctx = ctx,
	};
	return run_start(services, &spec);
}

const struct report *target_report(const struct target *t, struct run *run)
{
	struct cw_arena *a = run_arena(run);
	struct diagnosis *d = cw_arena_new_of(a, struct diagnosis);
	struct report *r = cw_arena_new_of(a, struct report);
	diagnose(t->kind->family, run_facts(run), d);
	*r = (struct report){
		.version = CLEARWAY_VERSION,
		.command = t->kind->command,
		.target = t->shown,
		.prove = t->command_line,
		.started_unix_ms = run_started_unix_s(run) * 1000,
		.elapsed_ms = run_elapsed_ms(run),
		.cut_short = run_was_cut_short(run),
		.facts = run_facts(run),
		.diagnosis = d,
	};
	return r;
}

const struct resolver_settings *system_settings(struct cw_arena *arena)
{
	struct resolver_settings *s = cw_arena_new_of(arena, struct resolver_settings);
	char *text;
	size_t len;
	if (io_resolver_settings(arena, &text, &len, &s->path, &s->error) != CW_OK) {
		s->outcome = CW_OUT_UNREADABLE;
		return s;
	}
	resolv_conf_parse(text, len, arena, s);
	const char *domain = s->suffix_count ? NULL : io_host_domain(arena);
	if (domain)
		resolver_settings_add_suffix(s, arena, domain);
	return s;
}
