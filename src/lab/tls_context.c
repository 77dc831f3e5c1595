/* What the lab's TLS servers show: chains, versions, stapled answers. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "lab/front.h"

/* Certificates that are wrong on purpose, and protocols of the past. */
static const char weak_ciphers[] = "ALL:@SECLEVEL=0";

static const struct scenario_show *show_of(const struct lab_server *v, const char *sni)
{
	const struct scenario_show *other = NULL;
	for (const struct scenario_show *s = v->def->front->shows; s; s = s->next) {
		if (s->sni && sni && !strcasecmp(s->sni, sni))
			return s;
		if (!s->sni && !other)
			other = s;
	}
	return other;
}

static bool add(const struct lab_pki *pki, STACK_OF(X509) * chain, const struct scenario_cert *c)
{
	X509 *x = lab_pki_cert(pki, c)->x509;
	if (!X509_up_ref(x))
		return false;
	if (sk_X509_push(chain, x) > 0)
		return true;
	X509_free(x);
	return false;
}

/* What follows the leaf: every issuer but the root, unless the scenario says otherwise. */
static bool fill_chain(const struct lab_pki *pki, STACK_OF(X509) * chain,
		       const struct scenario_show *show)
{
	if (show->leaf_only)
		return true;
	if (show->chain_count) {
		for (size_t i = 0; i < show->chain_count; i++)
			if (!add(pki, chain, show->chain[i]))
				return false;
		return true;
	}
	for (const struct scenario_cert *c = show->cert->issuer; c && c->issuer; c = c->issuer)
		if (!add(pki, chain, c))
			return false;
	if (!show->reversed)
		return true;
	/* Backwards, the root first: nothing behind the leaf stands where it should. */
	const struct scenario_cert *root = show->cert->issuer;
	while (root && root->issuer)
		root = root->issuer;
	STACK_OF(X509) *order = sk_X509_dup(chain);
	if (!order)
		return false;
	sk_X509_zero(chain);
	bool ok = !root || add(pki, chain, root);
	while (sk_X509_num(order))
		ok &= sk_X509_push(chain, sk_X509_pop(order)) > 0;
	sk_X509_free(order);
	return ok;
}

/* The certificate that fits the name which the client has sent. */
static int choose(SSL *ssl, void *ctx)
{
	struct lab_server *v = ctx;
	const struct lab_pki *pki = v->lab->pki;
	const struct scenario_show *show =
		show_of(v, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	STACK_OF(X509) *chain = sk_X509_new_null();
	const struct ca_cert *cert = show ? lab_pki_cert(pki, show->cert) : NULL;
	int ok = cert && chain && fill_chain(pki, chain, show) &&
		 SSL_use_cert_and_key(ssl, cert->x509, cert->key, chain, 1) == 1;
	sk_X509_pop_free(chain, X509_free);
	return ok;
}

/* A certificate for the name which the client has sent, made on the spot. */
static int forge(SSL *ssl, void *ctx)
{
	struct lab_server *v = ctx;
	const struct lab_conn *c = SSL_get_app_data(ssl);
	const struct front_conn *f = c->user;
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct ca_cert *cert =
		lab_pki_imitate(v->lab->pki, v->def->front->inspects_with, host ? host : f->asked);
	return cert && SSL_use_cert_and_key(ssl, cert->x509, cert->key, NULL, 1) == 1;
}

static int staple(SSL *ssl, void *ctx)
{
	struct lab_server *v = ctx;
	const struct scenario_front *def = v->def->front;
	const struct scenario_show *show =
		show_of(v, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
	if (!show || def->staple == STAPLE_NONE)
		return SSL_TLSEXT_ERR_NOACK;
	struct cert_bytes answer =
		lab_pki_staple(v->lab->pki, show->cert, def->staple, v->lab->scratch);
	uint8_t *copy = answer.len ? OPENSSL_memdup(answer.at, answer.len) : NULL;
	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)answer.len); /* takes the copy */
	return SSL_TLSEXT_ERR_OK;
}

static int take_any_client_cert(int ok, X509_STORE_CTX *ctx)
{
	return 1;
}

static bool set_versions(SSL_CTX *ctx, unsigned versions)
{
	static const int version[] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
				       TLS1_3_VERSION };
	static const uint64_t without[] = { SSL_OP_NO_TLSv1, SSL_OP_NO_TLSv1_1, SSL_OP_NO_TLSv1_2,
					    SSL_OP_NO_TLSv1_3 };
	unsigned least = 3, most = 0;
	if (!versions)
		versions = SCENARIO_TLS_1_2 | SCENARIO_TLS_1_3;
	for (unsigned i = 0; i < 4; i++) {
		if (!(versions & 1u << i)) {
			SSL_CTX_set_options(ctx, without[i]);
			continue;
		}
		least = i < least ? i : least;
		most = i;
	}
	return SSL_CTX_set_min_proto_version(ctx, version[least]) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, version[most]) == 1;
}

SSL_CTX *front_context_new(struct lab_server *v, bool forging)
{
	const struct scenario_front *def = v->def->front;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_cert_cb(ctx, forging ? forge : choose, v);
	if (!forging && def->staple != STAPLE_NONE) {
		(void)SSL_CTX_set_tlsext_status_cb(ctx, staple);
		(void)SSL_CTX_set_tlsext_status_arg(ctx, v);
	}
	if (!forging && def->wants_client_cert)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   take_any_client_cert);
	if (SSL_CTX_set_cipher_list(ctx, weak_ciphers) == 1 &&
	    set_versions(ctx, forging ? 0 : def->tls_versions))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *front_client_context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx && SSL_CTX_set_cipher_list(ctx, weak_ciphers) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}
