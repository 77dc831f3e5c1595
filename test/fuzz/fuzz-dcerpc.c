/* Any octets as the answer to a bind, and as a bind. */
#include "fuzz.h"

#include <string.h>

#include "codec/dcerpc.h"

static bool is_same_answer(const struct dcerpc_answer *a, const struct dcerpc_answer *b)
{
	return a->type == b->type && a->call_id == b->call_id && a->reason == b->reason &&
	       a->result_count == b->result_count &&
	       memcmp(a->result, b->result, sizeof(a->result)) == 0;
}

/* However the octets arrive, nothing says "malformed" on the way to a good answer. */
static void check_prefixes(const uint8_t *data, size_t size, const struct dcerpc_answer *whole)
{
	for (size_t len = 0; len < size; len++) {
		struct dcerpc_answer a;
		size_t need = 0;
		enum cw_ec ec = dcerpc_answer_decode(data, len, &a, &need);
		REQUIRE(ec == CW_OK || (ec == CW_EMORE && need > 0 && len + need <= size));
		if (ec == CW_OK) {
			REQUIRE(is_same_answer(&a, whole));
			return;
		}
	}
}

static void check_answer(const uint8_t *data, size_t size)
{
	struct dcerpc_answer a, back;
	size_t need = 0;
	enum cw_ec ec = dcerpc_answer_decode(data, size, &a, &need);
	if (ec != CW_OK) {
		REQUIRE((ec == CW_EMORE && need > 0) || ec == CW_EMALFORMED);
		return;
	}
	check_prefixes(data, size, &a);
	uint8_t buf[512];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	dcerpc_answer_encode(&w, &a, 1688);
	REQUIRE(!w.bad);
	REQUIRE(dcerpc_answer_decode(buf, w.len, &back, &need) == CW_OK);
	REQUIRE(is_same_answer(&a, &back));
	REQUIRE(dcerpc_reject_reason_name(a.reason) && dcerpc_fault_name(a.reason));
}

static void check_bind(const uint8_t *data, size_t size)
{
	struct dcerpc_bind b, back;
	if (dcerpc_bind_decode(data, size, &b) != CW_OK)
		return;
	uint8_t first[512], second[512];
	struct cw_wr w = cw_wr_of(first, sizeof(first)), again = cw_wr_of(second, sizeof(second));
	dcerpc_bind_encode(&w, &b);
	REQUIRE(!w.bad);
	REQUIRE(dcerpc_bind_decode(first, w.len, &back) == CW_OK);
	dcerpc_bind_encode(&again, &back);
	REQUIRE(again.len == w.len && memcmp(first, second, w.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_answer(data, size);
	check_bind(data, size);
	(void)dcerpc_guess_other(data, size);
	return 0;
}
