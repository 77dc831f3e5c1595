#include "probe/web_services.h"

#include <stdlib.h>

#include "cert/cert.h"
#include "io/settings.h"

struct web_services {
	struct visit_shared *visits;
	struct cert_set *roots;
	struct cw_arena *arena; /* of why_no_roots */
	bool roots_read;
	const char *why_no_roots;
};

struct web_services *web_services_new(void)
{
	return calloc(1, sizeof(struct web_services));
}

void web_services_free(struct web_services *s)
{
	if (!s)
		return;
	visit_shared_free(s->visits);
	cert_set_free(s->roots);
	cw_arena_free(s->arena);
	free(s);
}

struct visit_shared *web_services_visits(struct web_services *s)
{
	if (!s->visits && visit_shared_new(&s->visits) != CW_OK)
		return NULL;
	return s->visits;
}

static void read_roots(struct web_services *s)
{
	struct cw_arena *text_arena = cw_arena_new();
	char *text;
	size_t len;
	const char *path, *error;
	s->arena = cw_arena_new();
	if (io_trusted_roots(text_arena, &text, &len, &path, &error) != CW_OK) {
		s->why_no_roots = cw_arena_fmt(s->arena, "%s: %s", path, error);
	} else {
		s->roots = cert_set_new();
		if (cert_set_add(s->roots, text, len, "store", NULL) == CW_EMALFORMED)
			s->why_no_roots = cw_arena_fmt(s->arena, "%s: no certificate in it", path);
	}
	cw_arena_free(text_arena);
}

const struct cert_set *web_services_roots(struct web_services *s, const char **why)
{
	if (!s->roots_read)
		read_roots(s);
	s->roots_read = true;
	*why = s->why_no_roots;
	return s->why_no_roots ? NULL : s->roots;
}
