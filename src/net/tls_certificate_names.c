// SPDX-License-Identifier: MIT
// The host names that a certificate stands for.
#include <arpa/inet.h>
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "tls_certificate_priv.h"

#include "wherry/base/url.h"

// A wildcard is the whole first label (RFC 6125 section 6.4.3). url_is_host refuses what
// a host can't be, a NUL inside among it.
static bool is_name(struct str name)
{
	str_cut_prefix(&name, STR("*."));
	return url_is_host(name);
}

static bool add_name(struct tls_certificate *certificate, struct str name)
{
	char *copy = str_copy(name);
	if (!copy)
		return false;
	for (char *c = copy; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	certificate->names[certificate->name_count++] = copy;
	return true;
}

static struct str get_text(const ASN1_STRING *text)
{
	return (struct str){(const char *)ASN1_STRING_get0_data(text),
		(size_t)ASN1_STRING_length(text)};
}

static bool add_address(struct tls_certificate *certificate, struct str bytes)
{
	char text[INET6_ADDRSTRLEN];
	int family = bytes.length == 4 ? AF_INET : AF_INET6;
	if (bytes.length != 4 && bytes.length != 16)
		return true;
	if (!inet_ntop(family, bytes.data, text, sizeof(text)))
		return true;
	return add_name(certificate, str_from(text));
}

static bool add_general_name(
	struct tls_certificate *certificate, const GENERAL_NAME *general)
{
	int kind;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(general, &kind);
	if (kind == GEN_IPADD)
		return add_address(certificate, get_text(value));
	if (kind != GEN_DNS || !is_name(get_text(value)))
		return true;
	return add_name(certificate, get_text(value));
}

static bool make_room(struct tls_certificate *certificate, size_t count)
{
	certificate->names = calloc(count > 0 ? count : 1, sizeof(char *));
	return certificate->names != NULL;
}

static bool read_alternatives(
	struct tls_certificate *certificate, const GENERAL_NAMES *alternatives)
{
	int count = sk_GENERAL_NAME_num(alternatives);
	if (!make_room(certificate, (size_t)count))
		return false;
	for (int i = 0; i < count; i++) {
		if (!add_general_name(
			    certificate, sk_GENERAL_NAME_value(alternatives, i)))
			return false;
	}
	return true;
}

static bool read_common_name(struct tls_certificate *certificate)
{
	const X509_NAME *subject = X509_get_subject_name(certificate->leaf);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (!make_room(certificate, 1))
		return false;
	if (at < 0)
		return true;
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
	struct str name = get_text(X509_NAME_ENTRY_get_data(entry));
	return !is_name(name) || add_name(certificate, name);
}

bool tls_certificate_read_names(struct tls_certificate *certificate)
{
	GENERAL_NAMES *alternatives =
		X509_get_ext_d2i(certificate->leaf, NID_subject_alt_name, NULL, NULL);
	if (!alternatives)
		return read_common_name(certificate);
	bool is_read = read_alternatives(certificate, alternatives);
	GENERAL_NAMES_free(alternatives);
	return is_read;
}

void tls_certificate_forget_names(struct tls_certificate *certificate)
{
	for (size_t i = 0; i < certificate->name_count; i++)
		free(certificate->names[i]);
	free(certificate->names);
}
