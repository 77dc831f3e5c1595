#include "cert_bench.h"

struct pair {
	const struct ca_cert *root, *leaf;
	const struct cert *issuer, *cert;
};

static struct pair make_pair(struct bench *b)
{
	struct pair p = { .root = issue(b, root_spec()) };
	p.leaf = issue(b, leaf_spec(p.root));
	send_cert(b, p.leaf);
	send_cert(b, p.root);
	p.cert = cert_set_at(b->sent, 0);
	p.issuer = cert_set_at(b->sent, 1);
	return p;
}

static struct ca_response_spec sound_response(const struct pair *p)
{
	return (struct ca_response_spec){ .cert = p->leaf,
					  .issuer = p->root,
					  .this_s = now_s - 60,
					  .next_s = now_s + 60,
					  .revoked_s = now_s - 3600 };
}

static struct ocsp_verdict judge_bytes(struct bench *b, const struct pair *p, const void *bytes,
				       size_t len)
{
	struct ocsp_verdict v;
	const struct ocsp_question q = { bytes, len, p->cert, p->issuer, now_s };
	ocsp_judge(b->arena, &q, &v);
	return v;
}

static void response_gives(struct bench *b, const struct pair *p, struct ca_response_spec s,
			   enum ocsp_status status, unsigned faults)
{
	struct cert_bytes der = ca_response(b->ca, &s);
	assert_true(der.len > 0);
	struct ocsp_verdict v = judge_bytes(b, p, der.at, der.len);
	assert_int_equal(v.faults, faults);
	assert_int_equal(v.status, status);
}

static void judges_status_and_time(void **state)
{
	struct bench *b = *state;
	struct pair p = make_pair(b);
	struct ca_response_spec s = sound_response(&p);
	response_gives(b, &p, s, OCSP_GOOD, 0);
	s.next_s = 0;
	response_gives(b, &p, s, OCSP_GOOD, 0);
	s.next_s = now_s - 1;
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_STALE);
	s.status = CA_REVOKED_STATUS;
	response_gives(b, &p, s, OCSP_REVOKED, OCSP_FAULT_STALE);
	s = sound_response(&p);
	s.this_s = now_s + 1;
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_NOT_YET);
	s = sound_response(&p);
	s.status = CA_UNKNOWN;
	response_gives(b, &p, s, OCSP_UNKNOWN, 0);
	s.error = 3;
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_ERROR);
}

static void wants_a_signer_with_the_right(void **state)
{
	struct bench *b = *state;
	struct pair p = make_pair(b);
	struct ca_response_spec s = sound_response(&p);
	s.bad_signature = true;
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_SIGNATURE);
	s.status = CA_REVOKED_STATUS; /* nobody may revoke by a forged answer */
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_SIGNATURE);
	struct ca_spec signer = leaf_spec(p.root);
	signer.name = "Contoso OCSP";
	signer.eku = "OCSPSigning";
	signer.ocsp_no_check = true;
	s = sound_response(&p);
	s.signer = issue(b, signer);
	response_gives(b, &p, s, OCSP_GOOD, 0);
	signer.eku = "serverAuth";
	s.signer = issue(b, signer);
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_SIGNER);
	signer.eku = "OCSPSigning";
	signer.to_s = now_s - 1;
	s.signer = issue(b, signer);
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_SIGNER);
	signer = leaf_spec(issue(b, root_spec())); /* the same name, another key */
	signer.eku = "OCSPSigning";
	s.signer = issue(b, signer);
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_SIGNER);
}

static void leaves_other_answers_aside(void **state)
{
	struct bench *b = *state;
	struct pair p = make_pair(b);
	struct ca_response_spec s = sound_response(&p);
	s.cert = issue(b, leaf_spec(p.root));
	response_gives(b, &p, s, OCSP_USELESS, OCSP_FAULT_OTHER);
	assert_int_equal(judge_bytes(b, &p, "<html>", 6).faults, OCSP_FAULT_MALFORMED);
	assert_int_equal(judge_bytes(b, &p, "", 0).faults, OCSP_FAULT_MALFORMED);
	s = sound_response(&p);
	struct cert_bytes der = ca_response(b->ca, &s);
	for (size_t len = 0; len < der.len; len++)
		assert_int_equal(judge_bytes(b, &p, der.at, len).status, OCSP_USELESS);
}

static void asks_for_one_certificate(void **state)
{
	struct bench *b = *state;
	struct pair p = make_pair(b);
	struct cert_bytes der = ocsp_request(b->arena, p.cert, p.issuer);
	assert_true(der.len > 60 && der.len < 120);
	assert_int_equal(der.at[0], 0x30);
	assert_int_equal(der.at[1], der.len - 2);
	struct cert_bytes serial = cert_serial(p.cert);
	assert_memory_equal(der.at + der.len - serial.len, serial.at, serial.len);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(judges_status_and_time),
		CASE(wants_a_signer_with_the_right),
		CASE(leaves_other_answers_aside),
		CASE(asks_for_one_certificate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
