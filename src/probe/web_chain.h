/* A chain of certificates that was shown, and what the judge says of it. */
#ifndef CW_PROBE_WEB_CHAIN_H
#define CW_PROBE_WEB_CHAIN_H

#include "cert/judge.h"
#include "probe/web_state.h"

struct web_chain {
	struct run *run;
	const char *host; /* the name that the certificate must have */
	const struct web_shake *first;
	struct cert_set *sent, *fetched;
	struct cert_judgement judgement;
	bool judged; /* false: no certificate could be read */
	bool final;  /* nothing more is fetched */
	size_t fetching, rounds;
	const char *asked; /* the certificate whose issuer was asked for last */
	struct web_shake *shakes;
	struct web_chain *next;
};

/* The certificates of the best chain whose status is asked for: all but the root. */
size_t web_chain_count(const struct web_chain *c);
/* Who issued the certificate at this depth, or NULL. */
const struct cert *web_chain_issuer(const struct web_chain *c, size_t depth);

#endif
