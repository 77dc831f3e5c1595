/* Any octets as an OCSP response: without a good signature it says nothing. */
#include "fuzz.h"

#include "cert/ocsp.h"
#include "cert_pair.h"

enum { NOW_S = 1795320000 };

static void check_response(struct cw_arena *a, const struct cert_pair *p)
{
	struct ocsp_verdict v;
	const struct ocsp_question q = { p->rest, p->rest_len, p->cert, p->issuer, NOW_S };
	ocsp_judge(a, &q, &v);
	REQUIRE(v.status == OCSP_USELESS || !(v.faults & ~(unsigned)OCSP_FAULT_STALE));
	REQUIRE(v.status != OCSP_GOOD || !v.faults);
	REQUIRE(v.status != OCSP_USELESS || v.faults);
	REQUIRE(!(v.faults & OCSP_FAULT_ERROR) || v.error);
	REQUIRE(ocsp_request(a, p->cert, p->issuer).len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_arena *a = cw_arena_new();
	struct cert_pair p;
	if (cert_pair_read(data, size, &p))
		check_response(a, &p);
	cert_set_free(p.set);
	cw_arena_free(a);
	return 0;
}
