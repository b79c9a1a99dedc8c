// SPDX-License-Identifier: MIT
// From the names in the certificates to virtual hosts, and from a name to its host.
#include <stdlib.h>
#include <string.h>

#include "tls_set_priv.h"

// All names, each as a host of its own at first.
struct naming {
	struct tls_set *set;
	struct tls_host *named; // by name
	size_t count;
};

static struct tls_host *find_or_add(struct naming *naming, const char *name)
{
	uintptr_t *place = map_put(naming->set->names, name, strlen(name));
	if (!place)
		return NULL;
	if (*place == 0)
		*place = ++naming->count;
	return &naming->named[*place - 1];
}

// Of two certificates of one kind for a name, the first one listed is taken.
static bool name_all(struct naming *naming)
{
	for (size_t i = 0; i < naming->set->certificate_count; i++) {
		const struct tls_certificate *one = &naming->set->certificates[i];
		for (size_t j = 0; j < one->name_count; j++) {
			struct tls_host *host = find_or_add(naming, one->names[j]);
			if (!host)
				return false;
			if (!host->certificates[one->kind])
				host->certificates[one->kind] = one;
		}
	}
	return true;
}

static size_t count_names(const struct tls_set *set)
{
	size_t count = 0;
	for (size_t i = 0; i < set->certificate_count; i++)
		count += set->certificates[i].name_count;
	return count;
}

// The index of the host with these certificates, which is added if it is new. Names that
// follow each other mostly share one, so the search begins at the last.
static size_t place_host(struct tls_set *set, const struct tls_host *host)
{
	for (size_t i = set->host_count; i-- > 0;) {
		if (memcmp(&set->hosts[i], host, sizeof(*host)) == 0)
			return i;
	}
	set->hosts[set->host_count] = *host;
	return set->host_count++;
}

// The default is what the first name of the first certificate has.
static struct tls_host find_default(const struct naming *naming)
{
	const struct tls_certificate *first = &naming->set->certificates[0];
	struct tls_host alone = {0};
	alone.certificates[first->kind] = first;
	return first->name_count > 0 ? naming->named[0] : alone;
}

bool tls_set_add_hosts(struct tls_set *set)
{
	size_t count = count_names(set);
	struct naming naming = {
		.set = set, .named = calloc(count + 1, sizeof(struct tls_host))};
	set->names = map_create();
	set->hosts = calloc(count + 1, sizeof(*set->hosts));
	set->host_of_name = calloc(count + 1, sizeof(*set->host_of_name));
	bool is_named = naming.named && set->names && set->hosts && set->host_of_name &&
			name_all(&naming);
	if (is_named) {
		struct tls_host first = find_default(&naming);
		(void)place_host(set, &first); // at 0
		for (size_t i = 0; i < naming.count; i++)
			set->host_of_name[i] = place_host(set, &naming.named[i]);
	}
	free(naming.named);
	return is_named;
}

static bool find_exact(const struct tls_set *set, struct str name, size_t *ret_host)
{
	const uintptr_t *place = map_find(set->names, name.data, name.length);
	if (place)
		*ret_host = set->host_of_name[*place - 1];
	return place != NULL;
}

bool tls_set_find(const struct tls_set *set, struct str name, size_t *ret_host)
{
	char text[TLS_SET_NAME_MAX];
	if (name.length > 0 && name.data[name.length - 1] == '.')
		name.length--;
	if (name.length == 0 || name.length > sizeof(text))
		return false;
	for (size_t i = 0; i < name.length; i++) {
		bool is_capital = name.data[i] >= 'A' && name.data[i] <= 'Z';
		text[i] = is_capital ? (char)(name.data[i] - 'A' + 'a') : name.data[i];
	}
	if (find_exact(set, (struct str){text, name.length}, ret_host))
		return true;
	// "*" in the place of the first label: its last character is there already.
	char *dot = memchr(text, '.', name.length);
	if (!dot || dot == text)
		return false;
	dot[-1] = '*';
	struct str wildcard = {dot - 1, name.length - (size_t)(dot - 1 - text)};
	return find_exact(set, wildcard, ret_host);
}
