// SPDX-License-Identifier: MIT
// Inherited sockets; see the header.
#include "wherry/server/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wherry/base/log.h"

enum {
	FIRST_FD = 3, // SD_LISTEN_FDS_START
	FDS_MAX = 4096
};

bool inherited_add(
	struct inherited *inherited, const struct addr *address, int socket, bool is_lent)
{
	struct inherited_socket *items =
		realloc(inherited->items, (inherited->count + 1) * sizeof(*items));
	if (!items) {
		close(socket);
		return false;
	}
	inherited->items = items;
	items[inherited->count++] = (struct inherited_socket){*address, socket, is_lent};
	return true;
}

static bool get_option(int fd, int option, int wanted)
{
	int value = -1;
	socklen_t length = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 &&
	       value == wanted;
}

// Its flags are the opener's choice; workers need their own, and so do the connections
// that come of it.
static bool prepare(int fd, struct addr *ret_address)
{
	int flags = fcntl(fd, F_GETFL), on = 1;
	ret_address->length = sizeof(*ret_address) - offsetof(struct addr, any);
	return get_option(fd, SO_TYPE, SOCK_STREAM) && get_option(fd, SO_ACCEPTCONN, 1) &&
	       flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	       getsockname(fd, &ret_address->any, &ret_address->length) == 0 &&
	       (addr_is_unix(ret_address) ||
		       setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
}

// A number from the environment; 0 if there is none.
static uint64_t read_number(const char *name, uint64_t max)
{
	const char *text = getenv(name);
	uint64_t value = 0;
	return text && str_parse_u64(str_from(text), max, &value) ? value : 0;
}

static bool add_lent(struct inherited *inherited, int fd)
{
	struct addr address;
	if (!prepare(fd, &address)) {
		log_error("LISTEN_FDS: descriptor %d is no listening stream socket "
			  "(expected ListenStream= in the socket unit)",
			fd);
		return false;
	}
	if (inherited_add(inherited, &address, fd, true))
		return true;
	log_error("out of memory");
	return false;
}

bool inherited_read_environment(struct inherited *inherited)
{
	if (read_number("LISTEN_PID", INT32_MAX) != (uint64_t)getpid())
		return true;
	uint64_t count = read_number("LISTEN_FDS", FDS_MAX);
	for (uint64_t i = 0; i < count; i++) {
		if (!add_lent(inherited, FIRST_FD + (int)i))
			return false;
	}
	return true;
}

int inherited_take(
	struct inherited *inherited, const struct addr *address, bool *ret_is_lent)
{
	for (size_t i = 0; i < inherited->count; i++) {
		struct inherited_socket *one = &inherited->items[i];
		if (one->socket < 0 || !addr_equal(&one->address, address))
			continue;
		int taken = one->socket;
		one->socket = -1;
		*ret_is_lent = one->is_lent;
		return taken;
	}
	return -1;
}

void inherited_log_unused(const struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++) {
		const struct inherited_socket *one = &inherited->items[i];
		char text[ADDR_TEXT_SIZE];
		if (one->is_lent && one->socket >= 0)
			log_warn("%s: the service manager listens there, but nothing in "
				 "the configuration does: its clients wait in vain",
				addr_format(&one->address, text));
	}
}

void inherited_finish(struct inherited *inherited)
{
	for (size_t i = 0; i < inherited->count; i++) {
		if (inherited->items[i].socket >= 0)
			close(inherited->items[i].socket);
	}
	free(inherited->items);
	*inherited = (struct inherited){0};
}
