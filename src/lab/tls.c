/* TLS on a connection of the lab: OpenSSL between two memory BIOs. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "lab/inside.h"

enum { PIECE = 16384 };

struct lab_tls {
	SSL *ssl;
	BIO *in, *out; /* of the SSL */
	bool done;     /* the handshake */
	bool failed;
};

void lab_tls_free(struct lab_tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
}

static bool make_ssl(struct lab_tls *t, SSL_CTX *ctx)
{
	t->ssl = SSL_new(ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out) {
		BIO_free(t->in);
		BIO_free(t->out);
		return false;
	}
	BIO_set_mem_eof_return(t->in, -1); /* want more, not: the end */
	SSL_set_bio(t->ssl, t->in, t->out);
	return true;
}

/* Sends what OpenSSL has to say, alerts too. */
static void flush(struct lab_conn *c, cw_ms delay_ms, enum lab_then then)
{
	char *bytes;
	long len = BIO_get_mem_data(c->tls->out, &bytes);
	if (len > 0 || then == THEN_END)
		lab_conn_send_raw(c, bytes, len > 0 ? (size_t)len : 0, delay_ms, then);
	(void)BIO_reset(c->tls->out);
}

static bool wants_more(const struct lab_tls *t, int rc)
{
	int error = SSL_get_error(t->ssl, rc);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* One step of the handshake. False: not done yet, or failed. */
static bool shake_hands(struct lab_conn *c)
{
	struct lab_tls *t = c->tls;
	ERR_clear_error();
	int rc = SSL_do_handshake(t->ssl);
	t->done = rc == 1;
	t->failed = rc != 1 && !wants_more(t, rc);
	flush(c, lab_delay_of(c->server), t->failed ? THEN_END : THEN_STAY);
	if (t->done && c->ops->secured)
		c->ops->secured(c);
	return t->done && !c->closing;
}

static void read_plain(struct lab_conn *c)
{
	struct lab_tls *t = c->tls;
	int n;
	do {
		uint8_t *room = lab_conn_room(c, PIECE);
		if (!room) {
			lab_conn_close(c);
			return;
		}
		ERR_clear_error();
		n = SSL_read(t->ssl, room, PIECE);
		if (n > 0)
			c->in_len += (size_t)n;
	} while (n > 0);
	bool end = !wants_more(t, n);
	flush(c, 0, THEN_STAY); /* answers to key updates */
	if (c->in_len)
		c->ops->received(c);
	if (end && !c->closing)
		lab_conn_end(c);
}

void lab_tls_input(struct lab_conn *c, const uint8_t *bytes, size_t len)
{
	struct lab_tls *t = c->tls;
	if (t->failed || BIO_write(t->in, bytes, (int)len) != (int)len)
		return;
	if (t->done || shake_hands(c))
		read_plain(c);
}

bool lab_tls_start(struct lab_conn *c, SSL_CTX *ctx, bool client, char *sni)
{
	struct lab_tls *t = calloc(1, sizeof(*t));
	if (!t || !make_ssl(t, ctx)) {
		lab_tls_free(t);
		return false;
	}
	c->tls = t;
	SSL_set_app_data(t->ssl, c);
	if (client) {
		SSL_set_connect_state(t->ssl);
		if (sni)
			(void)SSL_set_tlsext_host_name(t->ssl, sni);
		(void)shake_hands(c);
		return true;
	}
	SSL_set_accept_state(t->ssl);
	size_t len = c->in_len;
	if (len && BIO_write(t->in, c->in, (int)len) == (int)len) {
		c->in_len = 0;
		if (shake_hands(c))
			read_plain(c);
	}
	return true;
}

void lab_tls_send(struct lab_conn *c, const void *bytes, size_t len, enum lab_then then)
{
	struct lab_tls *t = c->tls;
	if (!t->done || t->failed)
		return;
	ERR_clear_error();
	if (len && SSL_write(t->ssl, bytes, (int)len) != (int)len)
		t->failed = true;
	if (then == THEN_END)
		(void)SSL_shutdown(t->ssl);
	flush(c, 0, then);
}

void lab_tls_end(struct lab_conn *c)
{
	struct lab_tls *t = c->tls;
	if (t->done && !t->failed) {
		ERR_clear_error();
		(void)SSL_shutdown(t->ssl);
	}
	flush(c, 0, THEN_END);
}
