// SPDX-License-Identifier: MIT
// Loads what a listener's TLS consists of; see the header.
#include "wherry/net/tls_set.h"

#include <stdlib.h>
#include <string.h>

#include "tls_pem_priv.h"
#include "tls_set_priv.h"

static bool load_certificates(
	struct tls_set *set, const struct conf_listener *listener, struct buf *ret_text)
{
	const struct conf_tls *conf = &listener->tls;
	bool is_good = true;
	size_t count = conf->is_self_signed ? 1 : conf->certificate_count;
	set->certificates = calloc(count, sizeof(*set->certificates));
	if (!set->certificates) {
		buf_append_str(ret_text, STR("out of memory\n"));
		return false;
	}
	set->certificate_count = count;
	if (conf->is_self_signed) {
		is_good = tls_certificate_make(&set->certificates[0], &listener->address);
		if (!is_good)
			buf_append_str(ret_text,
				STR("no self-signed certificate could be made\n"));
		return is_good;
	}
	for (size_t i = 0; i < count; i++) // all of them, to tell of all at once
		is_good &= tls_certificate_load(
			&set->certificates[i], &conf->certificates[i], ret_text);
	return is_good;
}

// The names go to clients, so that they choose a certificate that is of use here.
static bool add_authority(struct tls_set *set, X509 *authority)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(authority));
	if (!name || sk_X509_NAME_push(set->client_ca_names, name) <= 0) {
		X509_NAME_free(name);
		return false;
	}
	return X509_STORE_add_cert(set->client_ca, authority) == 1;
}

static bool load_client_ca(
	struct tls_set *set, const struct conf_file *file, struct buf *ret_text)
{
	if (!file->path)
		return true;
	STACK_OF(X509) *authorities = tls_pem_read_certificates(file, ret_text);
	if (!authorities)
		return false;
	set->client_ca = X509_STORE_new();
	set->client_ca_names = sk_X509_NAME_new_null();
	bool is_loaded = set->client_ca && set->client_ca_names;
	for (int i = 0; i < sk_X509_num(authorities) && is_loaded; i++)
		is_loaded = add_authority(set, sk_X509_value(authorities, i));
	sk_X509_pop_free(authorities, X509_free);
	if (!is_loaded)
		tls_pem_complain(ret_text, file, "can't be taken in: out of memory");
	return is_loaded;
}

static bool copy_text(const char *text, char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return !text || *ret_copy;
}

static bool digest_authorities(EVP_MD_CTX *digest, X509_STORE *store)
{
	bool is_done = true;
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(store);
	for (int i = 0; i < sk_X509_num(all) && is_done; i++) {
		unsigned char one[EVP_MAX_MD_SIZE];
		unsigned length = 0;
		is_done = X509_digest(sk_X509_value(all, i), EVP_sha256(), one,
				  &length) == 1 &&
			  EVP_DigestUpdate(digest, one, length) == 1;
	}
	sk_X509_pop_free(all, X509_free);
	return is_done && all;
}

static bool digest_text(EVP_MD_CTX *digest, const char *text)
{
	const char *written = text ? text : "";
	return EVP_DigestUpdate(digest, written, strlen(written) + 1) == 1;
}

// What a session was made under, apart from the name: it must not be resumed under less.
static bool write_digest(struct tls_set *set)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	char flags[] = {set->client_ca != NULL, set->is_client_auth_optional,
		set->requires_tls13};
	bool is_written =
		digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(digest, flags, sizeof(flags)) == 1 &&
		digest_text(digest, set->ciphers) &&
		digest_text(digest, set->ciphersuites) &&
		(!set->client_ca || digest_authorities(digest, set->client_ca)) &&
		EVP_DigestFinal_ex(digest, set->digest, NULL) == 1;
	EVP_MD_CTX_free(digest);
	return is_written;
}

static bool fill_in(struct tls_set *set, const struct conf_tls *conf)
{
	set->is_client_auth_optional = conf->is_client_auth_optional;
	set->refuses_unknown_names = conf->refuses_unknown_names;
	set->requires_tls13 = conf->requires_tls13;
	return copy_text(conf->ciphers, &set->ciphers) &&
	       copy_text(conf->ciphersuites, &set->ciphersuites) &&
	       tls_set_add_hosts(set) && write_digest(set);
}

// Workers make their contexts when they need them; that they can be made is found out
// here.
static bool try_contexts(const struct tls_set *set, const struct conf_listener *listener,
	struct buf *ret_text)
{
	for (size_t i = 0; i < set->host_count; i++) {
		const char *problem = NULL;
		SSL_CTX *context = tls_context_create(set, i, &problem);
		SSL_CTX_free(context);
		if (context)
			continue;
		buf_printf(ret_text, "listener %s: tls: %s\n", listener->name, problem);
		return false;
	}
	return true;
}

struct tls_set *tls_set_load(const struct conf_listener *listener,
	struct tls_tickets *tickets, struct buf *ret_text)
{
	struct tls_set *set = calloc(1, sizeof(*set));
	if (!set) {
		buf_append_str(ret_text, STR("out of memory\n"));
		return NULL;
	}
	atomic_init(&set->references, 1);
	set->tickets = tls_tickets_ref(tickets);
	bool is_loaded = load_certificates(set, listener, ret_text);
	is_loaded &= load_client_ca(set, &listener->tls.client_ca, ret_text);
	if (is_loaded && !fill_in(set, &listener->tls)) {
		buf_append_str(ret_text, STR("out of memory\n"));
		is_loaded = false;
	}
	if (is_loaded && try_contexts(set, listener, ret_text))
		return set;
	tls_set_unref(set);
	return NULL;
}

struct tls_set *tls_set_ref(struct tls_set *set)
{
	atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
	return set;
}

void tls_set_unref(struct tls_set *set)
{
	if (!set ||
		atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < set->certificate_count; i++)
		tls_certificate_finish(&set->certificates[i]);
	free(set->certificates);
	free(set->hosts);
	free(set->host_of_name);
	map_destroy(set->names);
	X509_STORE_free(set->client_ca);
	sk_X509_NAME_pop_free(set->client_ca_names, X509_NAME_free);
	tls_tickets_unref(set->tickets);
	free(set->ciphers);
	free(set->ciphersuites);
	free(set);
}

void tls_set_describe(const struct tls_set *set, struct buf *out)
{
	for (size_t i = 0; i < set->certificate_count; i++) {
		const struct tls_certificate *one = &set->certificates[i];
		buf_append_str(out, i > 0 ? STR("; ") : STR(""));
		for (size_t j = 0; j < one->name_count; j++)
			buf_printf(out, "%s%s", j > 0 ? ", " : "", one->names[j]);
		buf_append_str(out, STR(" until "));
		tls_certificate_write_end(one, out);
	}
}

void tls_set_write_fingerprint(const struct tls_set *set, struct buf *out)
{
	tls_certificate_write_fingerprint(&set->certificates[0], out);
}
