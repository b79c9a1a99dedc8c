// SPDX-License-Identifier: MIT
// Tells the backend in a PROXY header whose connection it carries on. Such a connection
// is that client's alone: another one's request on it would come under a wrong name.
#include <openssl/ssl.h>

#include "conn_priv.h"
#include "wherry/proto/proxy_header.h"

// Where the client connected to; of length 0 if the kernel does not know any more.
static struct addr find_local(const struct conn *conn)
{
	struct addr local = {.length = sizeof(struct sockaddr_un)};
	if (conn->local)
		return *conn->local;
	if (getsockname(stream_socket(conn->client), &local.any, &local.length) != 0)
		local.length = 0;
	return local;
}

static struct str text_from(const char *text)
{
	return text ? str_from(text) : STR("");
}

// The last common name in the subject, as OpenSSL and HAProxy count; NULL if there is
// none, or no memory. Freed with OPENSSL_free.
static unsigned char *read_common_name(X509 *certificate, struct str *ret_name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	unsigned char *text = NULL;
	int last = -1;
	for (int next;
		(next = X509_NAME_get_index_by_NID(subject, NID_commonName, last)) >= 0;)
		last = next;
	if (last < 0)
		return NULL;
	ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last));
	int length = ASN1_STRING_to_UTF8(&text, value);
	if (length < 0)
		return NULL;
	*ret_name = (struct str){(const char *)text, (size_t)length};
	return text;
}

static size_t write_v2(const struct conn *conn, const struct addr *local,
	uint8_t header[PROXY_HEADER_WRITE_MAX])
{
	SSL *ssl = stream_tls(conn->client);
	if (!ssl) {
		struct proxy_header_tls elsewhere = {0}; // that it is TLS is all we know
		return proxy_header_write_v2(&conn->peer, local,
			conn->is_tls_ahead ? &elsewhere : NULL, header);
	}
	const unsigned char *alpn;
	unsigned alpn_length;
	SSL_get0_alpn_selected(ssl, &alpn, &alpn_length);
	struct proxy_header_tls tls = {
		.version = text_from(SSL_get_version(ssl)),
		.cipher = text_from(SSL_get_cipher_name(ssl)),
		.server_name =
			text_from(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)),
		.alpn = {(const char *)alpn, alpn_length},
	};
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	unsigned char *name = NULL;
	if (certificate && SSL_get_verify_result(ssl) == X509_V_OK) {
		tls.has_certificate = true;
		name = read_common_name(certificate, &tls.common_name);
	}
	size_t length = proxy_header_write_v2(&conn->peer, local, &tls, header);
	OPENSSL_free(name);
	return length;
}

void conn_write_prologue(struct conn *conn)
{
	const struct conf *conf = conn->edition->conf;
	enum conf_proxy_header version =
		conf->upstreams[conn->request.route->upstream].proxy_header;
	uint8_t header[PROXY_HEADER_WRITE_MAX];
	if (version == CONF_PROXY_HEADER_OFF)
		return;
	struct addr local = find_local(conn);
	size_t length = version == CONF_PROXY_HEADER_V1
				? proxy_header_write_v1(&conn->peer, &local, header)
				: write_v2(conn, &local, header);
	forward_set_prologue(conn->forward, header, length);
}
