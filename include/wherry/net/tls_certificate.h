// SPDX-License-Identifier: MIT
// A certificate with its chain and its private key, and the host names it stands for.
#pragma once

#include <stddef.h>

#include <openssl/ssl.h>

#include "wherry/base/attributes.h"
#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

enum tls_certificate_kind {
	TLS_CERTIFICATE_RSA,
	TLS_CERTIFICATE_ECDSA,
	TLS_CERTIFICATE_ED25519,
	TLS_CERTIFICATE_KINDS
};

struct tls_certificate {
	X509 *leaf;
	STACK_OF(X509) * chain; // what follows the leaf in the file; may be empty
	EVP_PKEY *key;
	enum tls_certificate_kind kind;
	// In lower case: DNS names and IP addresses of subjectAltName, or the common name
	// if there is none (RFC 6125 section 6.4.4). "*.example.com" is as written.
	char **names;
	size_t name_count;
};

// Reads both files. False if one can't be read or they do not fit; *ret_text gets a line
// for each problem, and for what is worth a warning (expired, chain out of order). To be
// finished in either case.
MUST_CHECK bool tls_certificate_load(struct tls_certificate *certificate,
	const struct conf_certificate *conf, struct buf *ret_text);
// Makes a throw-away one, ECDSA on P-256, for localhost, 127.0.0.1, ::1 and the address
// that is listened on, in memory alone. False when memory or randomness is short.
MUST_CHECK bool tls_certificate_make(
	struct tls_certificate *certificate, const struct addr *listened);
void tls_certificate_finish(struct tls_certificate *certificate);

// "AB:CD:...", of SHA-256 over the leaf, as browsers show it. Appends to out.
void tls_certificate_write_fingerprint(
	const struct tls_certificate *certificate, struct buf *out);
// "2027-01-31", when it ends. Appends to out.
void tls_certificate_write_end(
	const struct tls_certificate *certificate, struct buf *out);
