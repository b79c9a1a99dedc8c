// SPDX-License-Identifier: MIT
// Any bytes as what a TLS client says: the choice of a certificate stands whatever the
// ClientHello holds, a long one is refused, and that verdict does not depend on how the
// bytes were cut.
#include <stdlib.h>

#include <openssl/err.h>

#include "../../src/net/stream_tls_hello_priv.h"
#include "fuzz.h"

#include "wherry/net/tls_server.h"
#include "wherry/net/tls_tickets.h"

// Made once: the certificate costs more than all that follows.
static struct tls_server *serve(void)
{
	static struct tls_server *server;
	if (server)
		return server;
	struct buf text = BUF_INIT;
	struct conf_listener listener = {.name = "fuzz", .tls = {.is_self_signed = true}};
	FUZZ_REQUIRE(addr_parse(STR("127.0.0.1:443"), &listener.address));
	struct tls_tickets *tickets = tls_tickets_create();
	struct tls_set *set = tickets ? tls_set_load(&listener, tickets, &text) : NULL;
	server = set ? tls_server_create(set) : NULL;
	FUZZ_REQUIRE(server);
	tls_set_unref(set);
	tls_tickets_unref(tickets);
	buf_finish(&text);
	return server;
}

static bool is_bearable(const uint8_t *data, size_t size, size_t at_once)
{
	struct stream_tls_hello hello = {0};
	for (size_t at = 0; at < size; at += at_once) {
		size_t most = size - at < at_once ? size - at : at_once;
		if (!stream_tls_hello_feed(&hello, true, data + at, most))
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SSL *ssl = tls_server_accept(serve());
	BIO *in = BIO_new_mem_buf(data, (int)size), *out = BIO_new(BIO_s_mem());
	FUZZ_REQUIRE(ssl && in && out);
	FUZZ_REQUIRE(is_bearable(data, size, SIZE_MAX) == is_bearable(data, size, 1));
	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(ssl, in, out);
	ERR_clear_error();
	FUZZ_REQUIRE(SSL_do_handshake(ssl) != 1); // nobody answers our part of it
	(void)tls_server_host_matches(ssl, (struct str){(const char *)data, size});
	SSL_free(ssl);
	ERR_clear_error();
	return 0;
}
