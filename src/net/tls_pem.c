// SPDX-License-Identifier: MIT
// Reads PEM files; see the header.
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls_pem_priv.h"

#include "wherry/base/secret_file.h"

void tls_pem_complain(struct buf *text, const struct conf_file *file, const char *problem)
{
	buf_printf(text, "%s: %s %s\n", file->named_at, file->path, problem);
}

// What is not asked for can't block the process at a terminal.
static int refuse_password(char *text, int size, int rwflag, void *arg)
{
	return -1;
}

static bool is_at_end(void)
{
	unsigned long error = ERR_peek_last_error();
	return ERR_GET_LIB(error) == ERR_LIB_PEM &&
	       ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// False if one is broken, or memory is short.
static bool read_all(BIO *file, STACK_OF(X509) * all)
{
	X509 *next;
	while ((next = PEM_read_bio_X509(file, NULL, refuse_password, NULL)) != NULL) {
		if (sk_X509_push(all, next) > 0)
			continue;
		X509_free(next);
		return false;
	}
	return is_at_end();
}

STACK_OF(X509) *
	tls_pem_read_certificates(const struct conf_file *file, struct buf *ret_text)
{
	ERR_clear_error();
	errno = 0;
	BIO *bio = BIO_new_file(file->path, "r");
	if (!bio) {
		buf_printf(ret_text, "%s: %s can't be read: %s\n", file->named_at,
			file->path, strerror(errno != 0 ? errno : ENOMEM));
		ERR_clear_error();
		return NULL;
	}
	STACK_OF(X509) *all = sk_X509_new_null();
	bool is_read = all && read_all(bio, all);
	BIO_free(bio);
	ERR_clear_error();
	if (is_read && sk_X509_num(all) > 0)
		return all;
	tls_pem_complain(ret_text, file,
		is_read ? "holds no certificate (expected PEM)"
			: "holds a broken certificate (expected PEM)");
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

static const char *find_key_problem(void)
{
	unsigned long error = ERR_peek_last_error();
	if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
		ERR_GET_REASON(error) == PEM_R_BAD_PASSWORD_READ)
		return "is locked by a pass phrase (expected a key without one)";
	return "holds no private key (expected PEM)";
}

EVP_PKEY *tls_pem_read_key(const struct conf_file *file, struct buf *ret_text)
{
	struct secret_file secret = SECRET_FILE_INIT;
	char problem[SECRET_FILE_ERROR_SIZE];
	if (!secret_file_read(file->path, &secret, problem)) {
		tls_pem_complain(ret_text, file, problem);
		return NULL;
	}
	ERR_clear_error();
	EVP_PKEY *key = NULL;
	BIO *bio = BIO_new_mem_buf(secret.data, (int)secret.length);
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, refuse_password, NULL);
	BIO_free(bio);
	secret_file_finish(&secret);
	if (!key)
		tls_pem_complain(ret_text, file, find_key_problem());
	ERR_clear_error();
	return key;
}
