/*
 * The lab's DNS server: any datagram gets an answer that can be read, or none. The first byte
 * chooses the server, so that faults in the bytes are met too.
 */
#include "fuzz.h"

#include <string.h>

#include "lab/dns_answer.h"

static const char text[] =
	"scenario f\nabout x\nshows healthy\n"
	"key k hmac-sha256 bGFiLWtleS1vZi10aGUtY2xlYXJ3YXktdGVzdHMtMzI=\n"
	"dns a\n  update any\n  zone b.example serial 1\n    w A 192.0.2.1\n    c CNAME w\n"
	"    _vlmcs._tcp SRV 0 0 1688 w\n    s NS w.s\n    * TXT x\n"
	"dns b\n  recursive\n  update key k\n  fault cut-short\n  zone . serial 1\n"
	"dns c\n  fault pointer-loop\n  fault garbage type A\n  fault cut-rdata type SRV\n"
	"  zone b.example as a\n"
	"run x\nexpect verdict clear\n";

static const char *keep_word(void *ctx, struct cw_arena *arena, const char *word)
{
	return word[0] == '@' ? "127.0.0.1" : word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_room room;
	struct cw_arena *arena = cw_arena_new();
	const struct scenario *s = NULL;
	struct dns_told told;
	struct dns_message m;
	char why[200];
	REQUIRE(scenario_parse(text, strlen(text), "f", arena, &s, why, sizeof(why)) == CW_OK);
	struct dns_world *w = dns_world_new(s, arena, keep_word, NULL);
	size_t host = size ? data[0] % w->count : 0;
	struct dns_asked asked = { .bytes = size ? data + 1 : data,
				   .len = size ? size - 1 : 0,
				   .transport = size & 1 ? SCENARIO_UDP : SCENARIO_TCP,
				   .unix_time_s = 1800000000 };
	dns_answer_make(w, &w->host[host], s, &asked, arena, &room, &told);
	REQUIRE(told.len <= sizeof(room.answer));
	if (told.send && !host)
		REQUIRE(dns_message_decode(room.answer, told.len, arena, &m) == CW_OK);
	cw_arena_free(arena);
	return 0;
}
