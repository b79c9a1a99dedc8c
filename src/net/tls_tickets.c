// SPDX-License-Identifier: MIT
// A ring of three keys: the one before, the one in use, and the next, which is made ahead
// so that a rotation never waits for randomness. AES-256-CBC and HMAC-SHA256, as RFC 5077
// section 4 recommends.
#include "wherry/net/tls_tickets.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "wherry/base/now.h"

enum {
	NAME_SIZE = 16,
	KEY_SIZE = 32,
};

struct ticket_key {
	uint8_t name[NAME_SIZE];
	uint8_t cipher_key[KEY_SIZE];
	uint8_t mac_key[KEY_SIZE];
};

enum {
	BEFORE,
	IN_USE,
	NEXT,
	RING_SIZE
};

struct tls_tickets {
	atomic_size_t references;
	EVP_CIPHER *cipher;
	pthread_mutex_t lock; // over what follows
	struct ticket_key ring[RING_SIZE];
	bool has_before; // else that slot holds no key: zeros must never open a ticket
	uint64_t rotated_ms;
};

static bool make_key(struct ticket_key *key)
{
	return RAND_bytes(key->name, sizeof(key->name)) == 1 &&
	       RAND_priv_bytes(key->cipher_key, sizeof(key->cipher_key)) == 1 &&
	       RAND_priv_bytes(key->mac_key, sizeof(key->mac_key)) == 1;
}

struct tls_tickets *tls_tickets_create(void)
{
	struct tls_tickets *tickets = calloc(1, sizeof(*tickets));
	if (!tickets)
		return NULL;
	atomic_init(&tickets->references, 1);
	tickets->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	tickets->rotated_ms = now_ms();
	if (!tickets->cipher || !make_key(&tickets->ring[IN_USE]) ||
		!make_key(&tickets->ring[NEXT]) ||
		pthread_mutex_init(&tickets->lock, NULL) != 0) {
		EVP_CIPHER_free(tickets->cipher);
		OPENSSL_clear_free(tickets, sizeof(*tickets));
		return NULL;
	}
	return tickets;
}

struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets)
{
	atomic_fetch_add_explicit(&tickets->references, 1, memory_order_relaxed);
	return tickets;
}

void tls_tickets_unref(struct tls_tickets *tickets)
{
	if (!tickets || atomic_fetch_sub_explicit(
				&tickets->references, 1, memory_order_acq_rel) != 1)
		return;
	(void)pthread_mutex_destroy(&tickets->lock); // fails only while it is held
	EVP_CIPHER_free(tickets->cipher);
	OPENSSL_cleanse(tickets->ring, sizeof(tickets->ring));
	free(tickets);
}

static_assert(sizeof(struct ticket_key) * RING_SIZE ==
		      sizeof(((struct tls_tickets_keys *)NULL)->ring),
	"the keys' copy has their size");

void tls_tickets_copy(struct tls_tickets *tickets, struct tls_tickets_keys *ret_keys)
{
	(void)pthread_mutex_lock(&tickets->lock); // fails only for no mutex
	memcpy(ret_keys->ring, tickets->ring, sizeof(ret_keys->ring));
	ret_keys->has_before = tickets->has_before;
	ret_keys->rotated_ms = tickets->rotated_ms;
	(void)pthread_mutex_unlock(&tickets->lock);
}

void tls_tickets_adopt(struct tls_tickets *tickets, const struct tls_tickets_keys *keys)
{
	(void)pthread_mutex_lock(&tickets->lock);
	memcpy(tickets->ring, keys->ring, sizeof(tickets->ring));
	tickets->has_before = keys->has_before != 0;
	tickets->rotated_ms = keys->rotated_ms;
	(void)pthread_mutex_unlock(&tickets->lock);
}

// With the lock held.
static bool rotate(struct tls_tickets *tickets)
{
	struct ticket_key fresh;
	bool is_made = make_key(&fresh);
	if (is_made) {
		tickets->ring[BEFORE] = tickets->ring[IN_USE];
		tickets->ring[IN_USE] = tickets->ring[NEXT];
		tickets->ring[NEXT] = fresh;
		tickets->has_before = true;
	}
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	return is_made;
}

// After a long silence no key of before is left: a ring full of new ones is enough.
static void rotate_if_due(struct tls_tickets *tickets, uint64_t now_ms)
{
	uint64_t due = (now_ms - tickets->rotated_ms) / TLS_TICKETS_ROTATE_MS;
	if (now_ms < tickets->rotated_ms || due == 0)
		return;
	for (uint64_t i = 0; i < due && i < RING_SIZE; i++) {
		if (!rotate(tickets))
			return; // tried again with the next ticket
	}
	tickets->rotated_ms += due * TLS_TICKETS_ROTATE_MS;
}

void tls_tickets_rotate_if_due(struct tls_tickets *tickets, uint64_t now_ms)
{
	(void)pthread_mutex_lock(&tickets->lock);
	rotate_if_due(tickets, now_ms);
	(void)pthread_mutex_unlock(&tickets->lock);
}

// Gives the slot of the key with that name, or of the one in use for NULL.
static bool find_key(struct tls_tickets *tickets, const uint8_t *name,
	struct ticket_key *ret_key, unsigned *ret_slot)
{
	bool is_found = false;
	(void)pthread_mutex_lock(&tickets->lock);
	rotate_if_due(tickets, now_ms());
	for (unsigned slot = BEFORE; slot <= IN_USE && !is_found; slot++) {
		const struct ticket_key *key = &tickets->ring[slot];
		bool is_key = slot != BEFORE || tickets->has_before;
		is_found = is_key && (name ? memcmp(key->name, name, NAME_SIZE) == 0
					   : slot == IN_USE);
		if (is_found) {
			*ret_key = *key;
			*ret_slot = slot;
		}
	}
	(void)pthread_mutex_unlock(&tickets->lock);
	return is_found;
}

static bool set_mac_key(EVP_MAC_CTX *mac, struct ticket_key *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, key->mac_key, sizeof(key->mac_key)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static bool seal(const struct tls_tickets *tickets, struct ticket_key *key, uint8_t *name,
	uint8_t *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	int iv_length = EVP_CIPHER_get_iv_length(tickets->cipher);
	memcpy(name, key->name, NAME_SIZE);
	return RAND_bytes(iv, iv_length) == 1 &&
	       EVP_EncryptInit_ex(cipher, tickets->cipher, NULL, key->cipher_key, iv) ==
		       1 &&
	       set_mac_key(mac, key);
}

// What SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks for: 1 = done, 2 = done, and the
// ticket is to be renewed, 0 = go on without it. Never -1, which ends the connection.
// Clients of TLS 1.3 use a ticket once (RFC 8446 appendix C.4): each of theirs is
// renewed.
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_sealing)
{
	struct tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct ticket_key key;
	unsigned slot;
	if (!find_key(tickets, is_sealing ? NULL : name, &key, &slot))
		return 0;
	bool is_ready = is_sealing ? seal(tickets, &key, name, iv, cipher, mac)
				   : EVP_DecryptInit_ex(cipher, tickets->cipher, NULL,
					     key.cipher_key, iv) == 1 &&
					     set_mac_key(mac, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	if (!is_ready)
		return 0;
	bool is_kept = slot == IN_USE && SSL_version(ssl) < TLS1_3_VERSION;
	return is_sealing || is_kept ? 1 : 2;
}

bool tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context)
{
	return SSL_CTX_set_app_data(context, tickets) == 1 &&
	       SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}
