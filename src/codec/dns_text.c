#include "codec/dns.h"

#include <stdio.h>

struct named {
	uint16_t value;
	const char *name;
};

#define AS_NAMED(id, value, name) { value, name },
static const struct named types[] = { DNS_TYPE_LIST(AS_NAMED) };
static const struct named rcodes[] = { DNS_RCODE_LIST(AS_NAMED) };
#undef AS_NAMED

enum { NAME_SIZE = 16 };

/* The name in the table, or the prefix with the number behind it in buf. */
static const char *name_of(const struct named *table, size_t count, uint16_t value,
			   const char *prefix, char *buf)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].value == value)
			return table[i].name;
	}
	(void)snprintf(buf, NAME_SIZE, "%s%u", prefix, value);
	return buf;
}

const char *dns_type_name(uint16_t type, char *buf)
{
	return name_of(types, sizeof(types) / sizeof(types[0]), type, "TYPE", buf);
}

const char *dns_rcode_name(uint16_t rcode, char *buf)
{
	return name_of(rcodes, sizeof(rcodes) / sizeof(rcodes[0]), rcode, "RCODE", buf);
}
