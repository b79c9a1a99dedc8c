// SPDX-License-Identifier: MIT
// What a client's certificate says, for the backend.
#include <openssl/x509.h>

#include "wherry/net/tls_server.h"

// RFC 4514, all that is not ASCII escaped: it goes into header fields.
static void write_name(const X509_NAME *name, struct buf *text)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *written = NULL;
	bool is_written = bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0;
	long length = is_written ? BIO_get_mem_data(bio, &written) : 0;
	if (is_written && length > 0)
		buf_append(text, written, (size_t)length);
	text->is_failed |= !is_written;
	BIO_free(bio);
}

static void write_hex(const unsigned char *bytes, size_t length, struct buf *text)
{
	for (size_t i = 0; i < length; i++)
		buf_printf(text, "%02X", bytes[i]);
}

static void write_fingerprint(const X509 *certificate, struct buf *text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	if (X509_digest(certificate, EVP_sha256(), digest, &length) == 1)
		write_hex(digest, length, text);
	else
		text->is_failed = true;
}

// Slices are cut once all is written, for the memory may move before.
bool tls_server_client_read(
	const SSL *ssl, struct buf *text, struct tls_server_client *ret_client)
{
	const X509 *certificate = SSL_get0_peer_certificate(ssl);
	if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK)
		return false;
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	size_t ends[4];
	buf_clear(text);
	write_name(X509_get_subject_name(certificate), text);
	ends[0] = text->length;
	write_name(X509_get_issuer_name(certificate), text);
	ends[1] = text->length;
	write_hex(
		ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), text);
	ends[2] = text->length;
	write_fingerprint(certificate, text);
	ends[3] = text->length;
	if (text->is_failed)
		return false;
	*ret_client = (struct tls_server_client){
		.subject = {text->data, ends[0]},
		.issuer = {text->data + ends[0], ends[1] - ends[0]},
		.serial = {text->data + ends[1], ends[2] - ends[1]},
		.fingerprint = {text->data + ends[2], ends[3] - ends[2]},
	};
	return true;
}
