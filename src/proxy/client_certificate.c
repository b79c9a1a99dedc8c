// SPDX-License-Identifier: MIT
// The client's certificate for the backend; see the header.
#include "wherry/proxy/client_certificate.h"

#include "wherry/net/tls_server.h"
#include "wherry/proto/http_write.h"
#include "wherry/proxy/head_fields.h"

bool client_certificate_is_field(struct str name)
{
	const struct str prefix = STR("x-ssl-client-");
	size_t length = name.length < prefix.length ? name.length : prefix.length;
	return head_fields_is_same((struct str){name.data, length}, prefix) ||
	       head_fields_is_same(name, STR("client-cert")) ||
	       head_fields_is_same(name, STR("client-cert-chain"));
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
