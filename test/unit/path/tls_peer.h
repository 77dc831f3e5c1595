/* A server in the test's own loop whose connections may begin with TLS, or go over to it, once or
 * twice (TLS within TLS). It is OpenSSL's server side, with certificates made at the start. */
#ifndef TEST_PATH_TLS_PEER_H
#define TEST_PATH_TLS_PEER_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "peer.h"

enum { CONN_LAYERS = 2 };

struct conn {
	struct peer_connection *c;
	SSL *ssl[CONN_LAYERS];
	size_t layers;
	unsigned requests; /* for whoever talks */
	void *data;        /* from malloc; likewise */
	size_t text_len;
	char text[16384]; /* plain bytes not taken yet, with a NUL behind them */
};

struct tls_peer {
	struct peer peer;
	SSL_CTX *ctx;   /* NULL: plain at first */
	SSL_CTX *inner; /* for conn_go_tls() */
	void (*talk)(struct conn *c);
	struct conn *conn[PEER_CONNECTIONS];
	char sni[256]; /* as last seen; "": none */
};

/* ---- certificates ---- */

struct identity {
	EVP_PKEY *key;
	X509 *leaf, *ca;
	uint8_t *leaf_der;
	size_t leaf_len;
};

static X509 *certificate_new(const char *name, EVP_PKEY *key, const char *issuer, EVP_PKEY *signer,
			     long serial)
{
	X509 *x = X509_new();
	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)issuer, -1, -1, 0);
	assert_true(X509_sign(x, signer, EVP_sha256()) > 0);
	return x;
}

static void identity_make(struct identity *id)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	id->key = EVP_EC_gen("P-256");
	assert_non_null(id->key);
	id->ca = certificate_new("Test CA", ca_key, "Test CA", ca_key, 1);
	id->leaf = certificate_new("vpn.example.test", id->key, "Test CA", ca_key, 2);
	id->leaf_der = NULL;
	id->leaf_len = (size_t)i2d_X509(id->leaf, &id->leaf_der);
	EVP_PKEY_free(ca_key);
}

static void identity_drop(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->leaf);
	X509_free(id->ca);
	OPENSSL_free(id->leaf_der);
}

static SSL_CTX *server_ctx(const struct identity *id)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert_non_null(ctx);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
	assert_int_equal(SSL_CTX_use_certificate(ctx, id->leaf), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, id->key), 1);
	X509_up_ref(id->ca);
	assert_int_equal(SSL_CTX_add_extra_chain_cert(ctx, id->ca), 1);
	return ctx;
}

/* ---- connections ---- */

static void conn_flush(struct conn *c)
{
	for (size_t i = c->layers; i-- > 0;) {
		char buf[16384];
		int n;
		while ((n = BIO_read(SSL_get_wbio(c->ssl[i]), buf, sizeof(buf))) > 0) {
			if (i)
				assert_int_equal(SSL_write(c->ssl[i - 1], buf, n), n);
			else if (c->c->fd >= 0)
				(void)send(c->c->fd, buf, (size_t)n, MSG_NOSIGNAL);
		}
	}
}

static inline void conn_write(struct conn *c, const void *buf, size_t len)
{
	if (c->layers)
		assert_int_equal(SSL_write(c->ssl[c->layers - 1], buf, (int)len), len);
	else if (c->c->fd >= 0)
		(void)send(c->c->fd, buf, len, MSG_NOSIGNAL);
	conn_flush(c);
}

static inline void conn_say(struct conn *c, const char *text)
{
	conn_write(c, text, strlen(text));
}

static inline void conn_go_tls(struct conn *c, SSL_CTX *ctx)
{
	assert_true(c->layers < CONN_LAYERS);
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(in, -1);
	BIO_set_mem_eof_return(out, -1);
	SSL_set_bio(ssl, in, out);
	SSL_set_accept_state(ssl);
	c->ssl[c->layers++] = ssl;
}

/* All that was asked for so far, up to an empty line: it is taken. NULL: not whole yet. */
static inline char *conn_request(struct conn *c, char *out, size_t size)
{
	char *end = strstr(c->text, "\r\n\r\n");
	if (!end)
		return NULL;
	size_t len = (size_t)(end - c->text) + 4;
	assert_true(len < size);
	memcpy(out, c->text, len);
	out[len] = '\0';
	c->text_len -= len;
	memmove(c->text, c->text + len, c->text_len + 1);
	return out;
}

static void conn_read(struct conn *c, const void *buf, size_t len)
{
	size_t layer = 0;
	char plain[16384];
	int n = (int)len;
	if (c->layers)
		BIO_write(SSL_get_rbio(c->ssl[0]), buf, n);
	else
		memcpy(plain, buf, len);
	while (layer < c->layers) {
		n = SSL_read(c->ssl[layer], plain, sizeof(plain));
		if (n > 0 && ++layer < c->layers)
			BIO_write(SSL_get_rbio(c->ssl[layer]), plain, n);
		if (n <= 0)
			break;
	}
	conn_flush(c);
	ERR_clear_error();
	if (n <= 0)
		return;
	assert_true(c->text_len + (size_t)n < sizeof(c->text));
	memcpy(c->text + c->text_len, plain, (size_t)n);
	c->text_len += (size_t)n;
	c->text[c->text_len] = '\0';
}

static void tls_peer_input(struct peer_connection *pc)
{
	struct tls_peer *p = (struct tls_peer *)pc->peer;
	struct conn *c = NULL;
	for (unsigned i = 0; i < p->peer.accepts; i++) {
		if (p->peer.connection[i] == pc)
			c = p->conn[i];
	}
	uint8_t buf[sizeof(pc->got)];
	size_t len = pc->got_len;
	memcpy(buf, pc->got, len);
	pc->got_len = 0;
	conn_read(c, buf, len);
	if (c->text_len && p->talk)
		p->talk(c);
	/* Whatever else lay in the same record or came over the change of layers. */
	while (c->layers && c->c->fd >= 0) {
		size_t before = c->text_len;
		conn_read(c, "", 0);
		if (c->text_len == before)
			break;
		if (p->talk)
			p->talk(c);
	}
}

static void tls_peer_accept(struct peer_connection *pc)
{
	struct tls_peer *p = (struct tls_peer *)pc->peer;
	struct conn *c = calloc(1, sizeof(*c));
	assert_non_null(c);
	c->c = pc;
	p->conn[p->peer.accepts - 1] = c;
	if (p->ctx)
		conn_go_tls(c, p->ctx);
}

static void tls_peer_open(struct tls_peer *p, struct io_loop *loop)
{
	memset(p, 0, sizeof(*p));
	peer_open(&p->peer, loop, "127.0.0.1");
	p->peer.on_accept = tls_peer_accept;
	p->peer.on_input = tls_peer_input;
}

static void tls_peer_close(struct tls_peer *p)
{
	for (unsigned i = 0; i < p->peer.accepts; i++) {
		struct conn *c = p->conn[i];
		if (!c)
			continue;
		for (size_t k = 0; k < c->layers; k++)
			SSL_free(c->ssl[k]);
		free(c->data);
		free(c);
	}
	SSL_CTX_free(p->ctx);
	SSL_CTX_free(p->inner);
	peer_close(&p->peer);
}

#endif
