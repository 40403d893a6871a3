/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * tls - the one place that decides how TLS is spoken
 *
 * TLS 1.2 and 1.3; forward secrecy and AEAD only; no compression, no
 * renegotiation.  Resumption is stateless: one ticket per handshake, nothing
 * cached here.  OpenSSL never changes its ticket keys by itself, so we do,
 * every eight hours; older tickets then cost a full handshake.
 *
 * Buffers are released while a connection is idle: that is most of the memory
 * of an idle connection.
 */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <time.h>

#include "base/error.h"
#include "base/time.h"
#include "net/net_private.h"

#define TICKET_KEY_BYTES 80 /* name 16, HMAC 32, AES 32 */
#define TICKET_KEY_LIFE_US (8LL * 3600 * US_PER_S)

static void
ctx_free(SSL_CTX **ctx)
{
	SSL_CTX_free(*ctx);
	*ctx = NULL;
}

static int
ssl_error(struct error *e, const char *what, const char *path)
{
	char text[160];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
	ERR_clear_error();
	return err_set(e, ERR_INVALID, "%s %s: %s", what, path, text);
}

/* http/1.1 or nothing; a client that insists on something else is told so. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
    unsigned in_n, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void
set_policy(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
	                             SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
}

int
tls_context(const struct net *n, SSL_CTX **ret, struct error *e)
{
	AUTO(ctx_free) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ERR_clear_error();
	if (ctx == NULL)
		return ssl_error(e, "tls", "context");
	set_policy(ctx);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
		return ssl_error(e, "tls", "policy");
	if (n->ciphersuites != NULL && SSL_CTX_set_ciphersuites(ctx, n->ciphersuites) != 1)
		return ssl_error(e, "tls ciphersuites", n->ciphersuites);
	if (SSL_CTX_use_certificate_chain_file(ctx, n->cert_path) != 1)
		return ssl_error(e, "certificate", n->cert_path);
	if (SSL_CTX_use_PrivateKey_file(ctx, n->key_path, SSL_FILETYPE_PEM) != 1)
		return ssl_error(e, "key", n->key_path);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return ssl_error(e, "key does not fit the certificate", n->cert_path);
	*ret = TAKE(ctx);
	return 0;
}

int64_t
tls_certificate_end(const SSL_CTX *ctx)
{
	struct tm tm;

	/* it was parsed when it was loaded; RFC 5280 section 4.1.2.5: UTC, four digits of a year */
	if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(ctx)), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * US_PER_S;
}

void
tls_rotate_ticket_keys(struct net *n, int64_t now)
{
	unsigned char keys[TICKET_KEY_BYTES];

	if (now - n->ticket_keys_us < TICKET_KEY_LIFE_US)
		return;
	n->ticket_keys_us = now;
	if (RAND_bytes(keys, sizeof keys) == 1)
		(void)SSL_CTX_set_tlsext_ticket_keys(n->ctx, keys, sizeof keys);
	OPENSSL_cleanse(keys, sizeof keys);
}
