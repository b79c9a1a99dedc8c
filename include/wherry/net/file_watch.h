// SPDX-License-Identifier: MIT
// Tells when files have changed: written in place, replaced by rename, or reached by a
// symbolic link that leads elsewhere now (certbot's live/, the ..data of Kubernetes). It
// watches the folders, for a file that is replaced takes its watch with it.
#pragma once

#include "wherry/base/attributes.h"
#include "wherry/net/loop.h"

struct file_watch;

enum {
	FILE_WATCH_QUIET_MS =
		200, // a change is told once nothing has happened for so long
	FILE_WATCH_PATIENCE_MS = 2000, // or at last, counted from its beginning
	FILE_WATCH_POLL_MS = 60 * 1000 // where no event comes, as over NFS
};

// At least one of the files is another one, or has other content or permissions, or is
// gone. It must not destroy the watch.
typedef void (*file_watch_cb)(void *arg);

// NULL when memory or descriptors are short.
MUST_CHECK struct file_watch *file_watch_create(
	struct loop *loop, file_watch_cb changed, void *arg);
void file_watch_destroy(struct file_watch *watch); // NULL is allowed
// Copies the path; the file need not exist. False when memory is short.
MUST_CHECK bool file_watch_add(struct file_watch *watch, const char *path);
