/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * certificate - a self-signed certificate for a new DIR
 *
 * P-256, for the URL's host, localhost and 127.0.0.1; to be replaced by a real
 * one in DIR/tls (SIGHUP at master reads it again).
 */
#include "roles/certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/str.h"

#define LIFE_DAYS 825

static void
pkey_free(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
	*k = NULL;
}

static void
x509_free(X509 **x)
{
	X509_free(*x);
	*x = NULL;
}

static void
bio_free(BIO **b)
{
	BIO_free(*b);
	*b = NULL;
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return ok;
}

static struct str
alternative_names(struct arena *a, struct str host)
{
	struct in6_addr six;
	struct in_addr four;
	const char *name = arena_cstr(a, host);
	bool is_ip = inet_pton(AF_INET, name, &four) == 1 || inet_pton(AF_INET6, name, &six) == 1;

	if (str_eq_c(host, "localhost") || str_eq_c(host, "127.0.0.1"))
		return S("DNS:localhost,IP:127.0.0.1");
	return arena_printf(a, "%s:%s,DNS:localhost,IP:127.0.0.1", is_ip ? "IP" : "DNS", name);
}

static bool
fill(X509 *x, EVP_PKEY *key, struct arena *a, struct str host)
{
	X509_NAME *name = X509_get_subject_name(x);
	const unsigned char *cn = (const unsigned char *)arena_cstr(a, str_head(host, 64));
	uint64_t serial;

	random_bytes(&serial, sizeof serial);
	return X509_set_version(x, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(x), LIFE_DAYS, 0, NULL) != NULL &&
	       X509_set_pubkey(x, key) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, cn, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, name) == 1 &&
	       add_extension(x, NID_subject_alt_name, alternative_names(a, host).p) &&
	       add_extension(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(x, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(x, key, EVP_sha256()) > 0;
}

static struct str
bio_text(struct arena *a, BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	return arena_str(a, (struct str){p, n > 0 ? (size_t)n : 0});
}

int
certificate_make(
    struct arena *a, struct str host, struct str *ret_cert, struct str *ret_key, struct error *e)
{
	AUTO(pkey_free) EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(x509_free) X509 *x = X509_new();
	AUTO(bio_free) BIO *cert = BIO_new(BIO_s_mem());
	AUTO(bio_free) BIO *secret = BIO_new(BIO_s_secmem());

	if (key == NULL || x == NULL || cert == NULL || secret == NULL || !fill(x, key, a, host) ||
	    PEM_write_bio_X509(cert, x) != 1 ||
	    PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) != 1)
		return err_set(e, ERR_INTERNAL, "the certificate could not be made");
	*ret_cert = bio_text(a, cert);
	*ret_key = bio_text(a, secret);
	return 0;
}
