// SPDX-License-Identifier: MIT
// The throw-away certificate for trying out.
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tls_certificate_priv.h"

enum {
	VALID_SECONDS = 30 * 24 * 3600,
	LATE_SECONDS = 3600, // of a client whose clock is behind
};

static bool set_serial(X509 *leaf)
{
	unsigned char bytes[16];
	BIGNUM *number = NULL;
	if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
		bytes[0] &= 0x7f; // positive
		number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	}
	bool is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(leaf));
	BN_free(number);
	return is_set;
}

static bool add_extension(X509 *leaf, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, leaf, leaf, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool is_added = extension && X509_add_ext(leaf, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

static bool add_names(X509 *leaf, const struct addr *listened)
{
	char ip[ADDR_TEXT_SIZE];
	struct buf names = BUF_INIT;
	buf_append_str(&names, STR("DNS:localhost,IP:127.0.0.1,IP:::1"));
	if (!addr_is_unix(listened))
		buf_printf(&names, ",IP:%s", addr_format_ip(listened, ip));
	buf_append(&names, "", 1); // terminates it
	bool is_added =
		!names.is_failed && add_extension(leaf, NID_subject_alt_name, names.data);
	buf_finish(&names);
	return is_added;
}

static bool fill_in(X509 *leaf, EVP_PKEY *key, const struct addr *listened)
{
	static const unsigned char name[] = "Wherry, self-signed";
	X509_NAME *subject = X509_get_subject_name(leaf);
	return X509_set_version(leaf, X509_VERSION_3) == 1 && set_serial(leaf) &&
	       X509_gmtime_adj(X509_getm_notBefore(leaf), -LATE_SECONDS) &&
	       X509_gmtime_adj(X509_getm_notAfter(leaf), VALID_SECONDS) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) ==
		       1 &&
	       X509_set_issuer_name(leaf, subject) == 1 &&
	       X509_set_pubkey(leaf, key) == 1 && add_names(leaf, listened) &&
	       add_extension(leaf, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(leaf, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(leaf, key, EVP_sha256()) > 0;
}

bool tls_certificate_make(
	struct tls_certificate *certificate, const struct addr *listened)
{
	*certificate = (struct tls_certificate){
		.leaf = X509_new(),
		.chain = sk_X509_new_null(),
		.key = EVP_EC_gen("P-256"),
		.kind = TLS_CERTIFICATE_ECDSA,
	};
	return certificate->leaf && certificate->chain && certificate->key &&
	       fill_in(certificate->leaf, certificate->key, listened) &&
	       tls_certificate_read_names(certificate);
}
