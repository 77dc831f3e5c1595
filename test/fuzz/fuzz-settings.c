/* Any text as resolver settings, as a host that is set by hand, and as a line of a target list. */
#include "fuzz.h"

#include <string.h>

#include "cmd/words.h"
#include "codec/dns.h"
#include "codec/hostname.h"
#include "codec/resolv_conf.h"

static void check_settings(struct cw_arena *a, const char *text, size_t len)
{
	struct resolver_settings s = { 0 };
	resolv_conf_parse(text, len, a, &s);
	REQUIRE(s.outcome == CW_OUT_OK);
	REQUIRE(s.server_count <= RESOLVERS_MOST && s.suffix_count <= SUFFIXES_MOST);
	for (size_t i = 0; i < s.server_count; i++)
		REQUIRE(s.server[i].family != CW_FAMILY_NONE && s.server[i].port);
	for (size_t i = 0; i < s.suffix_count; i++)
		REQUIRE(*s.suffix[i]);
}

/* A name that Windows takes can be asked for, and a host that is taken has a port. */
static void check_host(struct cw_arena *a, const char *text, size_t len)
{
	char *name = cw_arena_strn(a, text, len);
	uint8_t wire[LIMIT_DNS_NAME_WIRE];
	struct cw_wr w = cw_wr_of(wire, sizeof(wire));
	struct name_fault fault;
	struct kms_host host;
	if (host_name_is_valid(name, &fault))
		REQUIRE(dns_name_to_wire(name, &w) == CW_OK && !w.bad);
	else
		REQUIRE(fault.why && strlen(fault.detail) < sizeof(fault.detail));
	bool taken = kms_host_parse(name, &host, &fault);
	REQUIRE(taken == !fault.why);
	REQUIRE(!taken || (*host.host && host.port));
}

static void check_words(struct cw_arena *a, const char *text, size_t len)
{
	size_t count, total = 0;
	const char *const *words;
	struct cw_text error = { 0 };
	if (!words_split(a, text, len, &count, &words, &error)) {
		REQUIRE(error.msgid);
		return;
	}
	for (size_t i = 0; i < count; i++)
		total += strlen(words[i]) + 1;
	REQUIRE(total <= len + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *a = cw_arena_new();
	const char *text = (const char *)data;
	check_settings(a, text, size);
	check_host(a, text, size);
	check_words(a, text, size);
	cw_arena_free(a);
	return 0;
}
