/* Any text as a key file: a key that is read is usable, and is read again from its own text. */
#include "fuzz.h"

#include <openssl/evp.h>
#include <string.h>

#include "codec/tsig.h"

static void check_round_trip(const struct tsig_key *key)
{
	unsigned char secret[2 * TSIG_SECRET_MOST];
	char text[4096], why[160];
	struct tsig_key again;
	REQUIRE(EVP_EncodeBlock(secret, key->secret, (int)key->secret_len) > 0);
	int len = snprintf(text, sizeof(text), "key \"%s\" { algorithm %s; secret \"%s\"; };",
			   key->name, tsig_algorithm_name(key->algorithm), (const char *)secret);
	REQUIRE(tsig_key_parse(text, (size_t)len, NULL, &again, why, sizeof(why)) == CW_OK);
	REQUIRE(strcmp(again.name, key->name) == 0 && again.algorithm == key->algorithm);
	REQUIRE(again.secret_len == key->secret_len &&
		memcmp(again.secret, key->secret, key->secret_len) == 0);
}

static void check_usable(const struct tsig_key *key)
{
	uint8_t buf[1024];
	struct cw_wr w = cw_wr_of(buf, sizeof(buf));
	REQUIRE(dns_query_encode(&w, 1, "contoso.com", DNS_SOA, false, NULL) == CW_OK);
	REQUIRE(tsig_sign(&w, key, 1, NULL, 0, NULL) == CW_OK);
}

/* The file's name is the first line where that line looks like one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
	char name[300] = "", why[160] = "";
	if (line_end && *data == 'K' && (size_t)(line_end - data) < sizeof(name)) {
		size_t len = (size_t)(line_end - data);
		memcpy(name, data, len);
		text += len + 1;
		size -= len + 1;
	}
	struct tsig_key key;
	enum cw_ec ec = tsig_key_parse(text, size, *name ? name : NULL, &key, why, sizeof(why));
	REQUIRE((ec == CW_OK) == !*why);
	if (ec == CW_OK) {
		REQUIRE(key.secret_len && key.secret_len <= TSIG_SECRET_MOST);
		check_round_trip(&key);
		check_usable(&key);
	}
	return 0;
}
