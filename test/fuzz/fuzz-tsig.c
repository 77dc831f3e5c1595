/* Any octets as a signed message: none of them verifies, and each one that we sign does. */
#include "fuzz.h"

#include <string.h>

#include "codec/tsig.h"

enum { NOW_S = 1700000000 };

static void check_signing(const uint8_t *data, size_t size, const struct tsig_key *key)
{
	uint8_t *buf = malloc(size + 512);
	REQUIRE(buf != NULL);
	struct cw_wr w = cw_wr_of(buf, size + 512);
	struct tsig_verdict v;
	struct tsig_mac made, seen;
	cw_wr_bytes(&w, data, size);
	REQUIRE(tsig_sign(&w, key, NOW_S, NULL, 0, &made) == CW_OK);
	REQUIRE(tsig_verify(buf, w.len, key, NOW_S, NULL, &v, &seen) == CW_OK);
	REQUIRE(v.verified && !v.why && v.time_s == NOW_S);
	REQUIRE(made.len == seen.len && memcmp(made.bytes, seen.bytes, made.len) == 0);
	REQUIRE(tsig_verify(buf, w.len, key, NOW_S, &made, &v, NULL) == CW_OK && !v.verified);
	struct cw_arena *arena = cw_arena_new();
	struct dns_message m;
	enum cw_ec ec = dns_message_decode(buf, w.len, arena, &m);
	REQUIRE(ec == CW_ETOOBIG || (ec == CW_OK && m.has_tsig && m.tsig_at == size));
	cw_arena_free(arena);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tsig_key key = {
		.name = "kms-update.contoso.com",
		.algorithm = TSIG_HMAC_SHA256,
		.secret = { 0x5e, 0xc2, 0xe7 },
		.secret_len = 32,
	};
	struct tsig_verdict v;
	struct tsig_mac mac;
	struct dns_message m;
	struct cw_arena *arena = cw_arena_new();
	bool readable = dns_message_decode(data, size, arena, &m) == CW_OK;
	if (tsig_verify(data, size, &key, NOW_S, NULL, &v, &mac) == CW_OK) {
		REQUIRE(!v.verified && v.why && mac.len <= TSIG_MAC_MOST);
		REQUIRE(!readable || m.has_tsig == (strcmp(v.why, "no TSIG") != 0));
	}
	if (readable && !m.has_tsig && !m.trailing)
		check_signing(data, size, &key);
	cw_arena_free(arena);
	return 0;
}
