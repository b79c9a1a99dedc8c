// SPDX-License-Identifier: MIT
// Messages to the service manager; see the header.
#include "wherry/server/notify.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// False if the path is none that a socket can have.
static bool make_address(
	const char *path, struct sockaddr_un *address, socklen_t *ret_length)
{
	size_t length = strlen(path);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length < 2 || length >= sizeof(address->sun_path))
		return false;
	memcpy(address->sun_path, path, length);
	if (path[0] == '@') // a name of the kernel's, without a file
		address->sun_path[0] = '\0';
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return path[0] == '@' || path[0] == '/';
}

void notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t length;
	notify->socket = -1;
	if (!path || !make_address(path, &address, &length))
		return;
	notify->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->socket >= 0 &&
		connect(notify->socket, (struct sockaddr *)&address, length) != 0)
		notify_close(notify);
}

void notify_close(struct notify *notify)
{
	if (notify->socket >= 0)
		close(notify->socket);
	notify->socket = -1;
}

// A manager that does not listen is no reason to stop serving.
PRINTF_LIKE(2, 3)
static void tell(const struct notify *notify, const char *format, ...)
{
	char text[512];
	va_list args;
	if (notify->socket < 0)
		return;
	va_start(args, format);
	int length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0 && (size_t)length < sizeof(text))
		(void)send(notify->socket, text, (size_t)length, MSG_NOSIGNAL);
}

void notify_ready(const struct notify *notify, const char *status)
{
	tell(notify, "READY=1\nSTATUS=%s", status);
}

// Its clock tells the manager that this is the reload it asked for.
void notify_reloading(const struct notify *notify)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &now); // fails only for an unknown clock
	tell(notify, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reloading",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(const struct notify *notify)
{
	tell(notify, "STOPPING=1\nSTATUS=draining");
}

void notify_succeeded(const struct notify *notify, pid_t successor)
{
	tell(notify, "MAINPID=%d", (int)successor);
}
