/* A company's certificates in memory, and the judge's answer as one line of text. */
#ifndef TEST_CERT_BENCH_H
#define TEST_CERT_BENCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cert/ca.h"
#include "cert/crl.h"
#include "cert/judge.h"
#include "cert/ocsp.h"

#define BASE_URL  "http://crl.contoso.com/base.crl"
#define ROOT_URL  "http://crl.contoso.com/root.crl"
#define DELTA_URL "http://crl.contoso.com/base+.crl"
#define OCSP_URL  "http://ocsp.contoso.com/"

static const int64_t now_s = 1795320000; /* 2026-11-22 */
enum { DAY_S = 86400, YEAR_S = 365 * 86400 };

enum { EVIDENCE_MOST = 8 };

struct bench {
	struct ca *ca;
	struct cw_arena *arena;
	struct cert_set *sent, *fetched, *trusted;
	struct cert_evidence crl[EVIDENCE_MOST], ocsp[EVIDENCE_MOST];
	struct cert_question q;
	struct cert_judgement j;
};

static inline int bench_setup(void **state)
{
	struct ca *ca = ca_new();
	struct cw_arena *a = cw_arena_new();
	struct bench *b = cw_arena_new_of(a, struct bench);
	b->ca = ca;
	b->arena = a;
	b->sent = cert_set_new();
	b->fetched = cert_set_new();
	b->trusted = cert_set_new();
	b->q = (struct cert_question){ .sent = b->sent,
				       .fetched = b->fetched,
				       .trusted = b->trusted,
				       .name = "vpn.contoso.com",
				       .now_s = now_s,
				       .mode = CERT_MODE_WINHTTP,
				       .crl = b->crl,
				       .ocsp = b->ocsp };
	*state = b;
	return 0;
}

static inline int bench_teardown(void **state)
{
	struct bench *b = *state;
	cert_set_free(b->sent);
	cert_set_free(b->fetched);
	cert_set_free(b->trusted);
	ca_free(b->ca);
	cw_arena_free(b->arena);
	return 0;
}

/* Sound unless changed. */
static inline struct ca_spec root_spec(void)
{
	return (struct ca_spec){ .name = "Contoso Root",
				 .is_ca = true,
				 .from_s = now_s - YEAR_S,
				 .to_s = now_s + 10 * (int64_t)YEAR_S };
}

static inline struct ca_spec ca_spec_below(const struct ca_cert *issuer)
{
	struct ca_spec s = root_spec();
	s.name = "Contoso Issuing CA";
	s.issuer = issuer;
	s.cdp[0] = ROOT_URL;
	return s;
}

static inline struct ca_spec leaf_spec(const struct ca_cert *issuer)
{
	return (struct ca_spec){ .name = "vpn.contoso.com",
				 .issuer = issuer,
				 .from_s = now_s - DAY_S,
				 .to_s = now_s + YEAR_S,
				 .san = "DNS:vpn.contoso.com",
				 .eku = "serverAuth",
				 .cdp = { BASE_URL } };
}

static inline const struct ca_cert *issue(struct bench *b, struct ca_spec spec)
{
	const struct ca_cert *c = ca_issue(b->ca, &spec);
	assert_non_null(c);
	return c;
}

static inline void put(struct cert_set *s, const struct ca_cert *c, const char *source)
{
	assert_int_equal(cert_set_add(s, c->der.at, c->der.len, source, NULL), CW_OK);
}

static inline void send_cert(struct bench *b, const struct ca_cert *c)
{
	put(b->sent, c, "server");
}

static inline void trust(struct bench *b, const struct ca_cert *c)
{
	put(b->trusted, c, "store");
}

static inline void fetch(struct bench *b, const struct ca_cert *c)
{
	put(b->fetched, c, "http://aia.contoso.com/ca.crt");
}

static inline void give_crl(struct bench *b, struct cert_bytes der, const char *url)
{
	assert_true(der.len > 0);
	b->crl[b->q.crl_count++] =
		(struct cert_evidence){ .bytes = der.at, .len = der.len, .url = url };
}

static inline void give_ocsp(struct bench *b, struct cert_bytes der, const char *url)
{
	assert_true(der.len > 0);
	b->ocsp[b->q.ocsp_count++] = (struct cert_evidence){
		.bytes = der.at, .len = der.len, .url = url, .stapled = !url
	};
}

/* "kind:depth", a warning in brackets; "" where nothing is wrong. */
static inline const char *judged(struct bench *b)
{
	const char *text = "";
	assert_int_equal(cert_judge(&b->q, b->arena, &b->j), CW_OK);
	for (const struct cert_fault *f = b->j.fault; f; f = f->next) {
		const char *format = f->severity == CERT_ERROR ? "%s%s%s:%u" : "%s%s(%s:%u)";
		assert_non_null(f->want.msgid);
		assert_non_null(f->have.msgid);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		text = cw_arena_fmt(b->arena, format, text, *text ? " " : "",
				    cert_fault_name(f->kind), f->depth);
#pragma GCC diagnostic pop
	}
	return text;
}

/* The code that Windows would show, 0 for none. */
static inline uint32_t code_of(const struct bench *b)
{
	return b->j.first ? cert_fault_code(b->j.first->kind) : 0;
}

/* Root, issuing CA and leaf, all sound; the leaf and the CA are sent. */
static inline const struct ca_cert *sound(struct bench *b, const struct ca_cert **root,
					  const struct ca_cert **ca)
{
	*root = issue(b, root_spec());
	*ca = issue(b, ca_spec_below(*root));
	const struct ca_cert *leaf = issue(b, leaf_spec(*ca));
	trust(b, *root);
	send_cert(b, leaf);
	send_cert(b, *ca);
	return leaf;
}

#endif
