/* Any bytes as an NTLM message: what is read can be written and read again, a challenge that is
 * read can be answered, and the answer is good. */
#include "fuzz.h"

#include <string.h>

#include "codec/ntlm.h"

static const struct ntlm_login login = {
	.domain = "LAB", .user = "user", .password = "secret", .workstation = "PC1"
};
static const uint8_t nonce[NTLM_NONCE] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static bool same(struct ntlm_bytes a, struct ntlm_bytes b)
{
	return a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0);
}

static void check_negotiate(const uint8_t *data, size_t size)
{
	struct ntlm_negotiate m, again;
	uint8_t buf[NTLM_MESSAGE_MOST];
	if (ntlm_negotiate_decode(data, size, &m) != CW_OK)
		return;
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	ntlm_negotiate_encode(&w, &m);
	if (w.bad) /* fields that overlapped need more room apart */
		return;
	REQUIRE(ntlm_negotiate_decode(buf, w.len, &again) == CW_OK);
	REQUIRE(again.flags == m.flags && same(again.domain, m.domain) &&
		same(again.workstation, m.workstation));
}

static void check_challenge(const uint8_t *data, size_t size)
{
	struct ntlm_challenge m;
	struct ntlm_authenticate answer;
	struct ntlm_bytes value;
	uint8_t buf[NTLM_MESSAGE_MOST];
	if (ntlm_challenge_decode(data, size, &m) != CW_OK)
		return;
	for (int id = 0; id < 11; id++)
		(void)ntlm_av_get(m.target_info, (enum ntlm_av)id, &value);
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	if (ntlm_answer(&w, data, size, &login, nonce, 77) != CW_OK)
		return;
	REQUIRE(ntlm_authenticate_decode(buf, w.len, &answer) == CW_OK);
	REQUIRE(ntlm_check(&answer, m.nonce, &login) == NTLM_GOOD);
}

static void check_authenticate(const uint8_t *data, size_t size)
{
	struct ntlm_authenticate m, again;
	uint8_t buf[NTLM_MESSAGE_MOST];
	char text[64];
	if (ntlm_authenticate_decode(data, size, &m) != CW_OK)
		return;
	REQUIRE(ntlm_check(&m, nonce, &login) != NTLM_GOOD);
	ntlm_utf16_text(m.user, text, sizeof(text));
	REQUIRE(memchr(text, 0, sizeof(text)));
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	ntlm_authenticate_encode(&w, &m);
	if (w.bad)
		return;
	REQUIRE(ntlm_authenticate_decode(buf, w.len, &again) == CW_OK);
	REQUIRE(again.flags == m.flags && same(again.nt, m.nt) && same(again.user, m.user) &&
		same(again.lm, m.lm) && same(again.domain, m.domain) &&
		same(again.session_key, m.session_key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_negotiate(data, size);
	check_challenge(data, size);
	check_authenticate(data, size);
	return 0;
}
