// SPDX-License-Identifier: MIT
// The client's certificate, as header fields for the backend. Their names are Wherry's
// own: what a client sends under them is dropped, in any spelling.
#pragma once

#include <openssl/ssl.h>

#include "wherry/base/buf.h"

// X-SSL-Client-* (as nginx and HAProxy users name them), Client-Cert and
// Client-Cert-Chain (RFC 9440); "_" counts as "-", for CGI makes them equal.
bool client_certificate_is_field(struct str name);

// X-SSL-Client-Verify: SUCCESS, with -DN, -Issuer-DN, -Serial and -SHA256; or NONE if the
// client has none. Nothing where none is asked for. Appends to out.
void client_certificate_write(struct buf *out, const SSL *ssl);
