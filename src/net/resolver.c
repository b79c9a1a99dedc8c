// SPDX-License-Identifier: MIT
// The names that are followed: when to ask for them again, and what an answer changes.
#include "wherry/net/resolver.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <ares.h>

#include "resolver_channel_priv.h"
#include "wherry/base/now.h"

enum {
	TTL_MIN_MS = 1000,
	TTL_UNKNOWN_MS = 5000, // /etc/hosts has no TTL, and a DNS server may say 0
	RETRY_MIN_MS = 1000,
	RETRY_MAX_MS = 10 * 1000,
};

struct resolver_name {
	LIST_ENTRY(resolver_name) entry;
	struct resolver *resolver;
	char *host;
	uint16_t port;
	resolver_answer_cb answer;
	void *arg;
	struct loop_timer ask_timer; // when to ask (again)
	uint64_t retry_ms;           // how long the last failure waited; 0 = none
	bool has_told;               // an answer, or the first error
	bool is_asking;              // a question is under way
	bool is_forgotten;           // once that is over, its memory goes
	struct addr *addresses;      // the last good answer
	size_t address_count;
};

struct resolver {
	struct loop *loop;
	struct resolver_channel *channel;
	uint64_t max_ttl_ms;
	LIST_HEAD(, resolver_name) names;
};

static bool to_addr(
	const struct ares_addrinfo_node *node, uint16_t port, struct addr *ret_addr)
{
	*ret_addr = (struct addr){0};
	if (node->ai_family == AF_INET &&
		node->ai_addrlen >= (ares_socklen_t)sizeof(ret_addr->v4)) {
		memcpy(&ret_addr->v4, node->ai_addr, sizeof(ret_addr->v4));
		ret_addr->v4.sin_port = htons(port);
		ret_addr->length = sizeof(ret_addr->v4);
		return true;
	}
	if (node->ai_family == AF_INET6 &&
		node->ai_addrlen >= (ares_socklen_t)sizeof(ret_addr->v6)) {
		memcpy(&ret_addr->v6, node->ai_addr, sizeof(ret_addr->v6));
		ret_addr->v6.sin6_port = htons(port);
		ret_addr->length = sizeof(ret_addr->v6);
		return true;
	}
	return false;
}

static bool has_address(
	const struct addr *addresses, size_t count, const struct addr *address)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&addresses[i], address))
			return true;
	}
	return false;
}

// The nodes of one family behind the count there are; returns the new count.
static size_t collect(const struct ares_addrinfo *info, int family, uint16_t port,
	struct addr addresses[RESOLVER_MAX_ADDRESSES], size_t count)
{
	for (const struct ares_addrinfo_node *node = info->nodes; node;
		node = node->ai_next) {
		struct addr address;

		if (count == RESOLVER_MAX_ADDRESSES)
			break;
		if (node->ai_family == family && to_addr(node, port, &address) &&
			!has_address(addresses, count, &address))
			addresses[count++] = address;
	}
	return count;
}

// The shortest TTL of what the answer was made of.
static uint64_t ttl_ms(const struct resolver *resolver, const struct ares_addrinfo *info)
{
	int seconds = INT_MAX;

	for (const struct ares_addrinfo_node *node = info->nodes; node;
		node = node->ai_next)
		seconds = node->ai_ttl < seconds ? node->ai_ttl : seconds;
	for (const struct ares_addrinfo_cname *cname = info->cnames; cname;
		cname = cname->next)
		seconds = cname->ttl < seconds ? cname->ttl : seconds;

	uint64_t ttl = seconds > 0 ? (uint64_t)seconds * 1000 : TTL_UNKNOWN_MS;
	if (ttl < TTL_MIN_MS)
		ttl = TTL_MIN_MS;
	return ttl < resolver->max_ttl_ms ? ttl : resolver->max_ttl_ms;
}

static bool is_same_set(
	const struct resolver_name *name, const struct addr *addresses, size_t count)
{
	if (count != name->address_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!has_address(name->addresses, name->address_count, &addresses[i]))
			return false;
	}
	return true;
}

static void on_failure(struct resolver_name *name, const char *error)
{
	name->retry_ms = name->retry_ms == 0 ? RETRY_MIN_MS : name->retry_ms * 2;
	if (name->retry_ms > RETRY_MAX_MS)
		name->retry_ms = RETRY_MAX_MS;
	loop_timer_set(&name->ask_timer, now_ms() + name->retry_ms);
	if (name->has_told)
		return;
	name->has_told = true;
	name->answer(name->arg, NULL, 0, error);
}

static void on_success(struct resolver_name *name, const struct ares_addrinfo *info)
{
	struct addr addresses[RESOLVER_MAX_ADDRESSES];
	size_t count = collect(info, AF_INET, name->port, addresses, 0);

	count = collect(info, AF_INET6, name->port, addresses, count);
	if (count == 0) {
		on_failure(name, ares_strerror(ARES_ENODATA));
		return;
	}
	struct addr *copy = NULL;
	bool is_changed = !is_same_set(name, addresses, count);
	if (is_changed) {
		copy = malloc(count * sizeof(*copy));
		if (!copy) {
			on_failure(name, ares_strerror(ARES_ENOMEM));
			return;
		}
		memcpy(copy, addresses, count * sizeof(*copy));
		free(name->addresses);
		name->addresses = copy;
		name->address_count = count;
	}
	name->retry_ms = 0;
	name->has_told = true;
	loop_timer_set(&name->ask_timer, now_ms() + ttl_ms(name->resolver, info));
	if (is_changed)
		name->answer(name->arg, name->addresses, name->address_count, NULL);
}

static void free_name(struct resolver_name *name)
{
	loop_timer_finish(&name->ask_timer);
	free(name->addresses);
	free(name->host);
	free(name);
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct resolver_name *name = arg;

	name->is_asking = false;
	if (name->is_forgotten)
		free_name(name);
	else if (status == ARES_SUCCESS)
		on_success(name, info);
	else if (status != ARES_EDESTRUCTION)
		on_failure(name, ares_strerror(status));
	ares_freeaddrinfo(info);
}

// "localhost" and what ends in it never leave this machine (RFC 6761 section 6.3), also
// where no /etc/hosts says so.
static bool is_localhost(struct str host)
{
	return str_equal_nocase(host, STR("localhost")) ||
	       str_has_suffix_nocase(host, STR(".localhost"));
}

static void answer_localhost(struct resolver_name *name)
{
	struct addr both[2];
	if (addr_parse_ip(STR("127.0.0.1"), name->port, &both[0]) &&
		addr_parse_ip(STR("::1"), name->port, &both[1]))
		name->answer(name->arg, both, 2, NULL);
}

static void ask(void *arg)
{
	struct resolver_name *name = arg;

	if (is_localhost(str_from(name->host))) {
		answer_localhost(name);
		return;
	}
	name->is_asking = true;
	resolver_channel_ask(name->resolver->channel, name->host, on_answer, name);
}

struct resolver *resolver_create(struct loop *loop, const struct conf_resolver *conf)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (!resolver)
		return NULL;

	resolver->loop = loop;
	LIST_INIT(&resolver->names);
	resolver->max_ttl_ms = conf->max_ttl_ms;
	resolver->channel = resolver_channel_create(loop, conf);
	if (!resolver->channel) {
		free(resolver);
		return NULL;
	}
	return resolver;
}

void resolver_destroy(struct resolver *resolver)
{
	if (!resolver)
		return;
	// First, since it still answers the questions of names.
	resolver_channel_destroy(resolver->channel);
	while (!LIST_EMPTY(&resolver->names)) {
		struct resolver_name *name = LIST_FIRST(&resolver->names);

		LIST_REMOVE(name, entry);
		free_name(name);
	}
	free(resolver);
}

struct resolver_name *resolver_follow(struct resolver *resolver, struct str host,
	uint16_t port, resolver_answer_cb answer, void *arg)
{
	struct resolver_name *name = calloc(1, sizeof(*name));
	if (!name)
		return NULL;
	name->host = str_copy(host);
	if (!name->host) {
		free(name);
		return NULL;
	}
	name->resolver = resolver;
	name->port = port;
	name->answer = answer;
	name->arg = arg;
	LIST_INSERT_HEAD(&resolver->names, name, entry);
	loop_timer_init(&name->ask_timer, resolver->loop, ask, name);
	loop_timer_set(&name->ask_timer, now_ms());
	return name;
}

void resolver_forget(struct resolver_name *name)
{
	LIST_REMOVE(name, entry);
	loop_timer_clear(&name->ask_timer);
	if (name->is_asking)
		name->is_forgotten = true; // c-ares can't take a question back
	else
		free_name(name);
}
