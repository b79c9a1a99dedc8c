// SPDX-License-Identifier: MIT
// Certificates and keys in PEM files, and what to say when there is none.
#pragma once

#include <openssl/ssl.h>

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

// All certificates of the file, at least one. NULL with a line in *ret_text otherwise.
// The caller's to free.
MUST_CHECK STACK_OF(X509) *
	tls_pem_read_certificates(const struct conf_file *file, struct buf *ret_text);
// The private key, from a file that is closed to others. The same.
MUST_CHECK EVP_PKEY *tls_pem_read_key(const struct conf_file *file, struct buf *ret_text);

// Appends "wherry.yaml:12:5: key.pem PROBLEM" to text.
void tls_pem_complain(
	struct buf *text, const struct conf_file *file, const char *problem);
