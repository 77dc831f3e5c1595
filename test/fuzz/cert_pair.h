/* Inputs about revocation: two octets of length, a certificate and its issuer in DER, the rest. */
#ifndef TEST_FUZZ_CERT_PAIR_H
#define TEST_FUZZ_CERT_PAIR_H

#include "cert/cert.h"

struct cert_pair {
	struct cert_set *set;
	const struct cert *cert, *issuer;
	const uint8_t *rest;
	size_t rest_len;
};

/* False: no two certificates; the set is to be freed all the same. */
static inline bool cert_pair_read(const uint8_t *data, size_t size, struct cert_pair *out)
{
	*out = (struct cert_pair){ .set = cert_set_new() };
	size_t len = size < 2 ? 0 : (size_t)data[0] << 8 | data[1];
	if (size < 2 || len > size - 2 ||
	    cert_set_add(out->set, data + 2, len, "", NULL) != CW_OK ||
	    cert_set_count(out->set) != 2)
		return false;
	out->cert = cert_set_at(out->set, 0);
	out->issuer = cert_set_at(out->set, 1);
	out->rest = data + 2 + len;
	out->rest_len = size - 2 - len;
	return true;
}

#endif
