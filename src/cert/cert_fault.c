#include "cert/chain.h"

struct kind {
	const char *name, *symbol;
	uint32_t code;
};

#define AS_ROW(id, kind_name, windows_code, windows_symbol) \
	[id] = { .name = (kind_name), .symbol = (windows_symbol), .code = (windows_code) },
static const struct kind kinds[CERT_FAULT_COUNT] = { CERT_FAULT_LIST(AS_ROW) };
#undef AS_ROW

const char *cert_fault_name(enum cert_fault_kind kind)
{
	return kinds[kind].name;
}

uint32_t cert_fault_code(enum cert_fault_kind kind)
{
	return kinds[kind].code;
}

const char *cert_fault_symbol(enum cert_fault_kind kind)
{
	return kinds[kind].symbol;
}

static void link_in(struct fault_list *l, struct cert_fault *f)
{
	if (l->last)
		l->last->next = f;
	else
		l->first = f;
	l->last = f;
	if (f->severity == CERT_ERROR)
		l->errors++;
	else
		l->warnings++;
}

struct cert_fault *fault_add(struct cw_arena *a, struct fault_list *l, enum cert_fault_kind kind,
			     enum cert_severity severity, const struct cert *cert, unsigned depth)
{
	struct cert_fault *f = cw_arena_new_of(a, struct cert_fault);
	f->kind = kind;
	f->severity = severity;
	f->cert = cert;
	f->depth = depth;
	link_in(l, f);
	return f;
}

void fault_append(struct cw_arena *a, struct fault_list *l, const struct cert_fault *fault,
		  unsigned depth)
{
	struct cert_fault *copy = cw_arena_copy(a, fault, sizeof(*fault));
	copy->next = NULL;
	copy->depth = depth;
	link_in(l, copy);
}
