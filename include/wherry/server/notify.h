// SPDX-License-Identifier: MIT
// What the service manager is told, by the protocol of sd_notify(3): one datagram to the
// socket that it names in NOTIFY_SOCKET. Without a manager nothing is sent.
#pragma once

#include <sys/types.h>

#include "wherry/base/attributes.h"

struct notify {
	int socket; // -1 = there is nobody to tell
};

// Before the sandbox, in which that socket may be out of reach.
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

// It serves. status is for people.
void notify_ready(const struct notify *notify, const char *status);
// Takes a new configuration; notify_ready ends that.
void notify_reloading(const struct notify *notify);
void notify_stopping(const struct notify *notify);
// Another process of the service goes on in this one's place: it is the main one now.
void notify_succeeded(const struct notify *notify, pid_t successor);
