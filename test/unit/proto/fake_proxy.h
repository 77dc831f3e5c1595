/* The login side of a proxy, made of the codecs' server halves: looks at a request and says 407 or
 * lets it pass. It counts what it saw, and can be wrong in several ways. */
#ifndef TEST_PROTO_FAKE_PROXY_H
#define TEST_PROTO_FAKE_PROXY_H

#include <stdio.h>
#include <string.h>

#include "codec/http.h"
#include "codec/httpauth.h"
#include "codec/ntlm.h"

struct fake_proxy {
	/* How it is. */
	bool basic, digest, ntlm, negotiate; /* offered, in this order */
	const char *user, *password, *domain;
	enum httpauth_digest_algorithm algorithm;
	bool stale_once;     /* the first Digest login counts as stale */
	bool closes;         /* after each 407 */
	bool ntlm_closes;    /* after its NTLM challenge */
	bool ntlm_stops;     /* no challenge to an NTLM negotiate message */
	bool ntlm_nonsense;  /* a challenge that cannot be read */
	const char *page;    /* the body of each 407; NULL: none */
	size_t page_claimed; /* its Content-Length; 0: the truth */
	/* What it saw. */
	unsigned bare, with_credentials, wrong;
	unsigned nonces;
};

/* Of one connection. */
struct fake_login {
	bool challenged, in;
	uint8_t nonce[NTLM_NONCE];
};

static struct httpauth_digest fake_digest(struct fake_proxy *p, char *nonce, size_t size,
					  bool stale)
{
	snprintf(nonce, size, "nonce%u", p->nonces);
	return (struct httpauth_digest){ .realm = "desk",
					 .nonce = nonce,
					 .opaque = "opaque",
					 .algorithm = p->algorithm,
					 .algorithm_given = true,
					 .qop_auth = true,
					 .stale = stale };
}

static bool fake_check_ntlm(struct fake_proxy *p, struct fake_login *l, const struct httpauth *c,
			    char *token, size_t size)
{
	uint8_t message[NTLM_MESSAGE_MOST], out[1024], info[512];
	size_t len = 0;
	assert_int_equal(httpauth_token_decode(c, message, sizeof(message), &len), CW_OK);
	if (ntlm_type_of(message, len) == NTLM_NEGOTIATE && !p->ntlm_stops) {
		struct cw_wr av = cw_wr_of(info, sizeof(info));
		ntlm_av_put_text(&av, NTLM_AV_DOMAIN, "LAB");
		ntlm_av_put_end(&av);
		memcpy(l->nonce, "\x01\x23\x45\x67\x89\xab\xcd\xef", NTLM_NONCE);
		struct ntlm_challenge m = { .flags = NTLM_CLIENT_FLAGS | NTLM_TARGET_INFO };
		memcpy(m.nonce, l->nonce, NTLM_NONCE);
		m.target_info = (struct ntlm_bytes){ info, av.len };
		struct cw_wr w = cw_wr_of(out, sizeof(out));
		ntlm_challenge_encode(&w, &m);
		assert_false(w.bad);
		if (p->ntlm_nonsense)
			w.len = 20;
		assert_int_equal(httpauth_token_make("NTLM", out, w.len, token, size), CW_OK);
		l->challenged = true;
		return false;
	}
	if (ntlm_type_of(message, len) != NTLM_AUTHENTICATE || !l->challenged)
		return false;
	struct ntlm_authenticate m;
	assert_int_equal(ntlm_authenticate_decode(message, len, &m), CW_OK);
	struct ntlm_login login = { p->domain ? p->domain : "", p->user, p->password, "" };
	return ntlm_check(&m, l->nonce, &login) == NTLM_GOOD;
}

static bool fake_check_digest(struct fake_proxy *p, const struct http_head *h,
			      const struct httpauth *c, bool *stale)
{
	char nonce[32];
	struct httpauth_digest d = fake_digest(p, nonce, sizeof(nonce), false);
	struct httpauth_request request = { h->method, h->target };
	uint32_t count;
	enum httpauth_verdict v =
		httpauth_digest_check(c, &d, &request, p->user, p->password, 1, &count);
	*stale = v == HTTPAUTH_GOOD && p->stale_once;
	if (*stale) {
		p->stale_once = false;
		p->nonces++;
	}
	return v == HTTPAUTH_GOOD && !*stale;
}

/* True: let it pass. False: the 407 is in w, and *close says whether to hang up after it. */
static bool fake_proxy_judge(struct fake_proxy *p, struct fake_login *l, const struct http_head *h,
			     struct cw_arena *a, struct cw_wr *w, bool *close)
{
	char token[4096] = "NTLM", nonce[32], challenge[512];
	bool stale = false, challenged = l->challenged;
	const char *value = http_header_get(h, "Proxy-Authorization");
	if (value) {
		struct httpauth c;
		p->with_credentials++;
		assert_int_equal(httpauth_parse(a, value, &c), CW_OK);
		if (p->basic && httpauth_is(&c, "Basic"))
			l->in = httpauth_basic_check(&c, p->user, p->password) == HTTPAUTH_GOOD;
		else if (p->digest && httpauth_is(&c, "Digest"))
			l->in = fake_check_digest(p, h, &c, &stale);
		else if (p->ntlm && httpauth_is(&c, "NTLM"))
			l->in = fake_check_ntlm(p, l, &c, token, sizeof(token));
		else
			fail_msg("credentials that nobody asked for: %s", value);
		p->wrong += !l->in && !stale && challenged == l->challenged;
	} else {
		p->bare++;
		l->in = !p->basic && !p->digest && !p->ntlm && !p->negotiate;
	}
	if (l->in)
		return true;
	*close = p->closes || (p->ntlm_closes && l->challenged);
	http_status_put(w, 407, "Proxy Authentication Required");
	if (p->basic)
		http_header_put(w, "Proxy-Authenticate", "Basic realm=\"desk\"");
	if (p->digest) {
		struct httpauth_digest d = fake_digest(p, nonce, sizeof(nonce), stale);
		assert_int_equal(httpauth_digest_challenge(&d, challenge, sizeof(challenge)),
				 CW_OK);
		http_header_put(w, "Proxy-Authenticate", challenge);
	}
	if (p->ntlm)
		http_header_put(w, "Proxy-Authenticate", token);
	if (p->negotiate)
		http_header_put(w, "Proxy-Authenticate", "Negotiate");
	if (*close)
		http_header_put(w, "Proxy-Connection", "close");
	const char *page = p->page ? p->page : "";
	http_header_put_number(w, "Content-Length",
			       p->page_claimed ? p->page_claimed : strlen(page));
	http_head_end(w);
	if (strcmp(h->method, "HEAD") != 0)
		cw_wr_bytes(w, page, strlen(page));
	assert_false(w->bad);
	return false;
}

#endif
