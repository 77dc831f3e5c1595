/* Any bytes as a SPNEGO token: what is read in full can be written, and is read again as it was. */
#include "fuzz.h"

#include <string.h>

#include "codec/spnego.h"

static void encode(struct cw_wr *w, const struct spnego_token *t)
{
	enum spnego_mech mech = t->mech_count ? t->mech[0] : SPNEGO_MECH_NONE;
	if (t->kind == SPNEGO_INIT)
		spnego_init_encode(w, t->mech, t->mech_count, t->token, t->token_len);
	else
		spnego_response_encode(w, t->state, mech, t->token, t->token_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[200000];
	struct spnego_token t, again;
	if (spnego_decode(data, size, &t) != CW_OK)
		return 0;
	REQUIRE(t.mech_count <= SPNEGO_MECHS);
	REQUIRE(!t.token_len || (t.token >= data && t.token + t.token_len <= data + size));
	bool writable = t.kind == SPNEGO_INIT || t.kind == SPNEGO_RESPONSE;
	for (size_t i = 0; i < t.mech_count; i++)
		writable = writable && t.mech[i] != SPNEGO_MECH_OTHER;
	if (!writable)
		return 0;
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	encode(&w, &t);
	REQUIRE(!w.bad && spnego_decode(buf, w.len, &again) == CW_OK);
	REQUIRE(again.kind == t.kind && again.state == t.state);
	REQUIRE(again.mech_count == t.mech_count && again.token_len == t.token_len);
	REQUIRE(memcmp(again.mech, t.mech, sizeof(t.mech)) == 0);
	REQUIRE(!t.token_len || memcmp(again.token, t.token, t.token_len) == 0);
	return 0;
}
