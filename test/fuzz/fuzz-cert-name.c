/* Any lines as names: the first is dialled, the others stand in the certificate; "=" before one
 * makes it a CN, "@" an address. */
#include "fuzz.h"

#include <string.h>
#include <strings.h>

#include "cert/judge.h"

enum { NAMES_MOST = 32 };

struct names {
	const char *dns[NAMES_MOST], *ip[NAMES_MOST], *common[NAMES_MOST];
	struct cert cert;
};

static void take(struct cert_list *l, const char **room, const char *name)
{
	l->item = room;
	if (l->count < NAMES_MOST)
		room[l->count++] = name;
}

static void take_line(struct names *n, const char *line)
{
	if (*line == '=')
		take(&n->cert.common, n->common, line + 1);
	else if (*line == '@')
		take(&n->cert.ip, n->ip, line + 1);
	else
		take(&n->cert.dns, n->dns, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *a = cw_arena_new();
	char *rest = cw_arena_strn(a, (const char *)data, size), *name = strsep(&rest, "\n");
	struct names n = { .cert = { .subject = "" } };
	for (char *line; (line = strsep(&rest, "\n"));)
		take_line(&n, line);
	struct cert_name_verdict v = cert_name_judge(a, &n.cert, name);
	REQUIRE(v.judged && (v.windows || !v.strict) && (v.matched != NULL) == v.windows);
	/* What matches is there, and matches alone too. */
	if (v.matched) {
		REQUIRE(cert_list_has(&n.cert.dns, v.matched) ||
			cert_list_has(&n.cert.ip, v.matched) ||
			cert_list_has(&n.cert.common, v.matched));
		struct cert one = { .dns = { 1, &v.matched } };
		REQUIRE(!cert_list_has(&n.cert.dns, v.matched) ||
			cert_name_judge(a, &one, name).windows);
	}
	cw_arena_free(a);
	return 0;
}
