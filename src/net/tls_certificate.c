// SPDX-License-Identifier: MIT
// Reads pairs from files and judges them; see the header.
#include "wherry/net/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_certificate_priv.h"
#include "tls_pem_priv.h"

static void warn(struct buf *text, const struct conf_file *file, const char *problem)
{
	buf_printf(text, "%s: warning: %s %s\n", file->named_at, file->path, problem);
}

// The leaf is the first one, and the rest the chain.
static bool load_chain(struct tls_certificate *certificate, const struct conf_file *file,
	struct buf *ret_text)
{
	certificate->chain = tls_pem_read_certificates(file, ret_text);
	if (certificate->chain)
		certificate->leaf = sk_X509_shift(certificate->chain);
	return certificate->leaf != NULL;
}

static bool find_kind(EVP_PKEY *key, enum tls_certificate_kind *ret_kind)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		*ret_kind = TLS_CERTIFICATE_RSA;
		return true;
	case EVP_PKEY_EC:
		*ret_kind = TLS_CERTIFICATE_ECDSA;
		return true;
	case EVP_PKEY_ED25519:
		*ret_kind = TLS_CERTIFICATE_ED25519;
		return true;
	default:
		return false;
	}
}

static void warn_of_all(const struct tls_certificate *certificate,
	const struct conf_file *file, struct buf *ret_text)
{
	const X509 *below = certificate->leaf;
	if (X509_cmp_current_time(X509_get0_notAfter(certificate->leaf)) < 0)
		warn(ret_text, file, "has expired");
	if (X509_cmp_current_time(X509_get0_notBefore(certificate->leaf)) > 0)
		warn(ret_text, file, "is not valid yet");
	if (certificate->name_count == 0)
		warn(ret_text, file, "names no host");
	for (int i = 0; i < sk_X509_num(certificate->chain); i++) {
		X509 *above = sk_X509_value(certificate->chain, i);
		if (X509_check_issued(above, (X509 *)below) != X509_V_OK) {
			warn(ret_text, file,
				"holds a chain that is not in order (expected each "
				"certificate before its issuer's)");
			break;
		}
		below = above;
	}
}

bool tls_certificate_load(struct tls_certificate *certificate,
	const struct conf_certificate *conf, struct buf *ret_text)
{
	*certificate = (struct tls_certificate){0};
	bool has_chain = load_chain(certificate, &conf->cert, ret_text);
	certificate->key = tls_pem_read_key(&conf->key, ret_text);
	if (!has_chain || !certificate->key)
		return false;
	if (!find_kind(certificate->key, &certificate->kind)) {
		tls_pem_complain(ret_text, &conf->key,
			"is of a kind that is not supported (expected RSA, ECDSA or "
			"Ed25519)");
		return false;
	}
	if (X509_check_private_key(certificate->leaf, certificate->key) != 1) {
		ERR_clear_error();
		buf_printf(ret_text, "%s: %s is not the key of %s\n", conf->key.named_at,
			conf->key.path, conf->cert.path);
		return false;
	}
	if (!tls_certificate_read_names(certificate)) {
		tls_pem_complain(
			ret_text, &conf->cert, "could not be taken in: out of memory");
		return false;
	}
	warn_of_all(certificate, &conf->cert, ret_text);
	return true;
}

void tls_certificate_finish(struct tls_certificate *certificate)
{
	X509_free(certificate->leaf);
	sk_X509_pop_free(certificate->chain, X509_free);
	EVP_PKEY_free(certificate->key); // wiped there
	tls_certificate_forget_names(certificate);
	*certificate = (struct tls_certificate){0};
}

void tls_certificate_write_fingerprint(
	const struct tls_certificate *certificate, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	if (X509_digest(certificate->leaf, EVP_sha256(), digest, &length) != 1)
		return;
	for (unsigned i = 0; i < length; i++)
		buf_printf(out, "%s%02X", i > 0 ? ":" : "", digest[i]);
}

void tls_certificate_write_end(const struct tls_certificate *certificate, struct buf *out)
{
	struct tm end;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate->leaf), &end) == 1)
		buf_printf(out, "%04d-%02d-%02d", end.tm_year + 1900, end.tm_mon + 1,
			end.tm_mday);
}
