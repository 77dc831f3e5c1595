#include "io/tls.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/limits.h"
#include "base/rd.h"

/* RFC 8446 4 and 5.1, RFC 5246 7.4. */
enum {
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_MAJOR = 3,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	CERTIFICATE_REQUEST = 13,
	MESSAGE_HEADER = 4,
	ALERT_CLOSE_NOTIFY = 0,
	ALERT_USER_CANCELED = 90,
	ALERT_FATAL = 2,
};

/* RFC 8446 B.2, RFC 5246 7.2 */
static const struct alert_row {
	int number;
	const char *name;
} alerts[] = {
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 21, "decryption_failed" },
	{ 22, "record_overflow" },
	{ 30, "decompression_failure" },
	{ 40, "handshake_failure" },
	{ 41, "no_certificate" },
	{ 42, "bad_certificate" },
	{ 43, "unsupported_certificate" },
	{ 44, "certificate_revoked" },
	{ 45, "certificate_expired" },
	{ 46, "certificate_unknown" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 60, "export_restriction" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 100, "no_renegotiation" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 111, "certificate_unobtainable" },
	{ 112, "unrecognized_name" },
	{ 113, "bad_certificate_status_response" },
	{ 114, "bad_certificate_hash_value" },
	{ 115, "unknown_psk_identity" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
};

struct io_tls_shared {
	SSL_CTX *ctx;
	BIO_METHOD *method;
};

struct io_tls {
	struct io_tls_report report;
	SSL *ssl;
	struct cw_arena *arena;
	io_tls_output *output;
	void *ctx;
	const uint8_t *in; /* borrowed from io_tls_input() */
	size_t in_len;
	size_t taken;     /* bytes from below until the handshake is done */
	bool open, ended; /* the handshake is done; nothing goes on */
	int alert;        /* description, -1: none */
};

/* ---- between OpenSSL and the layer below: no buffer of its own, so nothing is copied twice ---- */

static int below_write(BIO *bio, const char *buf, size_t len, size_t *written)
{
	struct io_tls *t = BIO_get_data(bio);
	t->output(t->ctx, (const uint8_t *)buf, len);
	*written = len;
	return 1;
}

static int below_read(BIO *bio, char *buf, size_t cap, size_t *got)
{
	struct io_tls *t = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!t->in_len) {
		BIO_set_retry_read(bio);
		return 0;
	}
	size_t n = cap < t->in_len ? cap : t->in_len;
	memcpy(buf, t->in, n);
	t->in += n;
	t->in_len -= n;
	*got = n;
	return 1;
}

static long below_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int below_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *below_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "layer below");
	if (!m)
		return NULL;
	if (BIO_meth_set_write_ex(m, below_write) && BIO_meth_set_read_ex(m, below_read) &&
	    BIO_meth_set_ctrl(m, below_ctrl) && BIO_meth_set_create(m, below_create))
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* ---- what passes by ---- */

/* RFC 8446 4.4.2 (with a context and extensions) or RFC 5246 7.4.2. The copy is octet for octet
 * what was sent, so its thumbprint is the one that Windows shows. */
static void take_certificates(struct io_tls *t, const uint8_t *body, size_t len)
{
	bool modern = SSL_version(t->ssl) >= TLS1_3_VERSION;
	struct cw_rd r = cw_rd_of(cw_arena_copy(t->arena, body, len), len);
	struct io_tls_bytes cert[LIMIT_TLS_CERTIFICATES];
	size_t count = 0;
	if (modern)
		(void)cw_rd_take(&r, cw_rd_u8(&r));
	(void)cw_rd_take(&r, 3); /* the length of all: OpenSSL judges it */
	while (r.left && count < LIMIT_TLS_CERTIFICATES) {
		size_t high = cw_rd_u8(&r);
		size_t size = high << 16 | cw_rd_be16(&r);
		const uint8_t *at = cw_rd_take(&r, size);
		if (modern)
			(void)cw_rd_take(&r, cw_rd_be16(&r));
		if (r.bad)
			break;
		cert[count++] = (struct io_tls_bytes){ at, size };
	}
	t->report.cert = cw_arena_copy(t->arena, cert, count * sizeof(*cert));
	t->report.cert_count = count;
}

static void see_handshake(struct io_tls *t, const uint8_t *buf, size_t len)
{
	if (len < MESSAGE_HEADER)
		return;
	switch (buf[0]) {
	case SERVER_HELLO: /* a HelloRetryRequest too: a TLS server is there */
		t->report.hello_seen = true;
		break;
	case CERTIFICATE:
		if (!t->report.cert)
			take_certificates(t, buf + MESSAGE_HEADER, len - MESSAGE_HEADER);
		break;
	case CERTIFICATE_REQUEST:
		t->report.client_certificate_asked = true;
		break;
	default:
		break;
	}
}

/* Warnings do not end anything; in TLS 1.3 the level says nothing (RFC 8446 6). */
static void see_alert(struct io_tls *t, bool sent, const uint8_t *buf, size_t len)
{
	if (len != 2 || (sent && buf[1] == ALERT_CLOSE_NOTIFY))
		return;
	bool modern = t->report.hello_seen && SSL_version(t->ssl) >= TLS1_3_VERSION &&
		      buf[1] != ALERT_USER_CANCELED;
	if (buf[0] != ALERT_FATAL && buf[1] != ALERT_CLOSE_NOTIFY && !modern)
		return;
	if (t->alert >= 0 && sent) /* the answer to theirs */
		return;
	t->alert = buf[1];
	t->report.alert_received = !sent;
}

static void see_message(int sent, int version, int type, const void *buf, size_t len, SSL *ssl,
			void *arg)
{
	(void)version;
	(void)ssl;
	struct io_tls *t = arg;
	if (type == SSL3_RT_ALERT)
		see_alert(t, sent, buf, len);
	else if (type == SSL3_RT_HANDSHAKE && !sent && !t->open)
		see_handshake(t, buf, len);
}

/* ---- shared ---- */

static int accept_chain(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1; /* src/cert judges it */
}

/* All is set here: what /etc/ssl/openssl.cnf wants of other programs must not narrow a probe. */
static bool set_up(SSL_CTX *ctx)
{
	SSL_CTX_set_cert_verify_callback(ctx, accept_chain, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(ctx, 0);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_clear_options(ctx, SSL_CTX_get_options(ctx));
	(void)SSL_CTX_set_options(
		ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
			     SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	(void)SSL_CTX_set_max_cert_list(ctx, LIMIT_TLS_CHAIN);
	SSL_CTX_set_msg_callback(ctx, see_message);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) &&
	       SSL_CTX_set_max_proto_version(ctx, 0) &&
	       SSL_CTX_set_cipher_list(ctx, "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0:@STRENGTH") &&
	       SSL_CTX_set_ciphersuites(ctx, TLS_DEFAULT_CIPHERSUITES) &&
	       SSL_CTX_set1_groups_list(ctx, "X25519:P-256:X448:P-521:P-384") &&
	       SSL_CTX_set_max_send_fragment(ctx, LIMIT_TLS_FRAGMENT);
}

enum cw_ec io_tls_shared_new(struct io_tls_shared **out)
{
	struct io_tls_shared *s = calloc(1, sizeof(*s));
	if (!s)
		return CW_ENOMEM;
	s->method = below_method();
	s->ctx = SSL_CTX_new(TLS_client_method());
	if (!s->method || !s->ctx || !set_up(s->ctx)) {
		ERR_clear_error();
		io_tls_shared_free(s);
		return CW_EUNSUPPORTED;
	}
	*out = s;
	return CW_OK;
}

void io_tls_shared_free(struct io_tls_shared *s)
{
	if (!s)
		return;
	SSL_CTX_free(s->ctx);
	BIO_meth_free(s->method);
	free(s);
}

/* ---- one connection ---- */

static bool offer(struct io_tls *t, const struct io_tls_spec *spec)
{
	char *sni = spec->sni ? cw_arena_str(t->arena, spec->sni) : NULL;
	if (sni && !SSL_set_tlsext_host_name(t->ssl, sni))
		return false;
	if (spec->ask_staple && !SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp))
		return false;
	if (spec->least && !SSL_set_min_proto_version(t->ssl, spec->least))
		return false;
	return !spec->most || SSL_set_max_proto_version(t->ssl, spec->most);
}

struct io_tls *io_tls_new(struct io_tls_shared *shared, const struct io_tls_spec *spec,
			  struct cw_arena *arena, io_tls_output *output, void *ctx)
{
	struct io_tls *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->arena = arena;
	t->output = output;
	t->ctx = ctx;
	t->alert = -1;
	t->ssl = SSL_new(shared->ctx);
	BIO *below = t->ssl ? BIO_new(shared->method) : NULL;
	if (below) {
		BIO_set_data(below, t);
		SSL_set_bio(t->ssl, below, below);
		SSL_set_msg_callback_arg(t->ssl, t);
		SSL_set_connect_state(t->ssl);
	}
	if (!below || !offer(t, spec)) {
		ERR_clear_error();
		io_tls_free(t);
		return NULL;
	}
	return t;
}

void io_tls_free(struct io_tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
}

static void end(struct io_tls *t, enum cw_outcome outcome)
{
	t->ended = true;
	t->report.outcome = outcome;
}

/* Alerts that say: what you sent breaks the rules, not: we cannot agree. */
static bool is_about_form(int alert)
{
	switch (alert) {
	case SSL_AD_UNEXPECTED_MESSAGE:
	case SSL_AD_BAD_RECORD_MAC:
	case SSL_AD_DECRYPTION_FAILED:
	case SSL_AD_RECORD_OVERFLOW:
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_ILLEGAL_PARAMETER:
	case SSL_AD_DECODE_ERROR:
	case SSL_AD_DECRYPT_ERROR:
		return true;
	default:
		return false;
	}
}

static enum cw_outcome outcome_of_failure(const struct io_tls *t, int error)
{
	if (t->alert == ALERT_CLOSE_NOTIFY || error == SSL_ERROR_ZERO_RETURN)
		return CW_OUT_CLOSED;
	if (t->alert >= 0 && t->report.alert_received)
		return CW_OUT_TLS_ALERT;
	/* Ours tells what was wrong with theirs. */
	if (t->alert == SSL_AD_INTERNAL_ERROR)
		return CW_OUT_LOCAL;
	return t->alert < 0 || is_about_form(t->alert) ? CW_OUT_MALFORMED : CW_OUT_TLS_ALERT;
}

static const char *alert_name(const struct io_tls *t)
{
	if (t->alert < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(alerts) / sizeof(*alerts); i++) {
		if (alerts[i].number == t->alert)
			return alerts[i].name;
	}
	return cw_arena_fmt(t->arena, "%d", t->alert);
}

/* Whether it goes on. The library's queue of errors is the thread's: it is left empty. */
static bool goes_on(struct io_tls *t, int result)
{
	int error = SSL_get_error(t->ssl, result);
	if (error == SSL_ERROR_WANT_READ)
		return true;
	t->report.alert = alert_name(t);
	end(t, outcome_of_failure(t, error));
	ERR_clear_error();
	return false;
}

static void opened(struct io_tls *t)
{
	t->open = true;
	t->alert = -1;
	t->report.alert_received = false;
	t->report.outcome = CW_OUT_OK;
	const unsigned char *staple = NULL;
	long len = SSL_get_tlsext_status_ocsp_resp(t->ssl, &staple);
	if (staple && len > 0)
		t->report.staple =
			(struct io_tls_bytes){ cw_arena_copy(t->arena, staple, (size_t)len),
					       (size_t)len };
}

static void shake(struct io_tls *t)
{
	int result = SSL_do_handshake(t->ssl);
	bool on = result == 1 || goes_on(t, result);
	if (t->report.hello_seen) {
		t->report.version = SSL_get_version(t->ssl);
		const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);
		if (!cipher)
			cipher = SSL_get_pending_cipher(t->ssl);
		t->report.cipher = cipher ? SSL_CIPHER_get_name(cipher) : NULL;
	}
	if (on && result == 1)
		opened(t);
}

void io_tls_start(struct io_tls *t)
{
	ERR_clear_error();
	shake(t);
}

/* The first two bytes of a record are enough to know that it is one: no text begins so. */
static bool is_tls(const struct io_tls_report *r)
{
	return (r->got[0] == RECORD_HANDSHAKE || r->got[0] == RECORD_ALERT) &&
	       (r->got_len < 2 || r->got[1] == RECORD_MAJOR);
}

static void show(struct io_tls_report *r, const uint8_t *buf, size_t len)
{
	size_t room = sizeof(r->got) - r->got_len;
	size_t n = len < room ? len : room;
	memcpy(r->got + r->got_len, buf, n);
	r->got_len += n;
}

void io_tls_input(struct io_tls *t, const uint8_t *buf, size_t len)
{
	if (t->ended || !len)
		return;
	show(&t->report, buf, len);
	if (!t->report.hello_seen && !is_tls(&t->report)) {
		end(t, CW_OUT_OTHER_PROTOCOL);
		return;
	}
	t->in = buf;
	t->in_len = len;
	if (t->open)
		return;
	shake(t);
	t->taken += len;
	if (!t->open && !t->ended && t->taken > LIMIT_TLS_HANDSHAKE)
		end(t, CW_OUT_MALFORMED);
}

size_t io_tls_read(struct io_tls *t, uint8_t *buf, size_t cap)
{
	size_t got = 0;
	if (!t->open || t->ended)
		return 0;
	int result = SSL_read_ex(t->ssl, buf, cap, &got);
	if (result == 1)
		return got;
	(void)goes_on(t, result);
	return 0;
}

void io_tls_write(struct io_tls *t, const uint8_t *buf, size_t len)
{
	assert(t->open);
	size_t written;
	if (t->ended || !len)
		return;
	int result = SSL_write_ex(t->ssl, buf, len, &written);
	if (result != 1)
		(void)goes_on(t, result);
}

void io_tls_close(struct io_tls *t)
{
	if (!t->open || t->ended)
		return;
	t->ended = true;
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

const struct io_tls_report *io_tls_report(const struct io_tls *t)
{
	return &t->report;
}
