/* The queries under way, by socket and id: what an answer is matched to. Only dns_client.c. */
#ifndef CW_PATH_FLIGHTS_H
#define CW_PATH_FLIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_ask;

/* Open addressing with linear probing; ids are random, so they are their own hash. */
struct flights {
	struct flight {
		uint32_t key;
		struct dns_ask *ask; /* NULL: free */
	} * slot;
	size_t mask, count;
};

static inline uint32_t flight_key(unsigned socket, uint16_t id)
{
	return (uint32_t)socket << 16 | id;
}

/* False: out of memory. */
bool flights_init(struct flights *f);
void flights_clear(struct flights *f);
struct dns_ask *flights_find(const struct flights *f, uint32_t key);
/* The key must not be in it. */
void flights_add(struct flights *f, uint32_t key, struct dns_ask *ask);
void flights_remove(struct flights *f, uint32_t key);

#endif
