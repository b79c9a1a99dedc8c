// SPDX-License-Identifier: MIT
// The client's certificate for the backend; see the header.
#include "wherry/proxy/client_certificate.h"

#include "wherry/net/tls_server.h"
#include "wherry/proto/http_write.h"

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static bool has_prefix(struct str name, struct str prefix)
{
	for (size_t i = 0; i < prefix.length; i++) {
		if (i >= name.length || fold(name.data[i]) != prefix.data[i])
			return false;
	}
	return true;
}

bool client_certificate_is_field(struct str name)
{
	struct str cert = STR("client-cert"), chain = STR("client-cert-chain");
	return has_prefix(name, STR("x-ssl-client-")) ||
	       (name.length == cert.length && has_prefix(name, cert)) ||
	       (name.length == chain.length && has_prefix(name, chain));
}

void client_certificate_write(struct buf *out, const SSL *ssl)
{
	struct buf text = BUF_INIT;
	struct tls_server_client client;
	if (!tls_server_asks_client(ssl))
		return;
	if (tls_server_client_read(ssl, &text, &client)) {
		http_write_field(out, STR("X-SSL-Client-Verify"), STR("SUCCESS"));
		http_write_field(out, STR("X-SSL-Client-DN"), client.subject);
		http_write_field(out, STR("X-SSL-Client-Issuer-DN"), client.issuer);
		http_write_field(out, STR("X-SSL-Client-Serial"), client.serial);
		http_write_field(out, STR("X-SSL-Client-SHA256"), client.fingerprint);
	} else {
		http_write_field(out, STR("X-SSL-Client-Verify"), STR("NONE"));
	}
	out->is_failed |= text.is_failed;
	buf_finish(&text);
}
