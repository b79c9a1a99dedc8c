// SPDX-License-Identifier: MIT
// Follows a path as the kernel does, one name after the other.
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file_watch_priv.h"

enum {
	LINKS_MAX = 40 // as the kernel's
};

// What was walked, "/" or without one at its end, and what is still ahead.
struct walk {
	char done[PATH_MAX];
	char ahead[PATH_MAX];
};

// Cuts the next name off what is ahead; false at the end.
static bool take_name(struct walk *walk, char name[NAME_MAX + 1])
{
	char *start = walk->ahead + strspn(walk->ahead, "/");
	size_t length = strcspn(start, "/");
	if (length == 0 || length > NAME_MAX)
		return false;
	memcpy(name, start, length);
	name[length] = '\0';
	memmove(walk->ahead, start + length, strlen(start + length) + 1);
	return true;
}

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
	const char *slash =
		folder[0] == '\0' || folder[strlen(folder) - 1] == '/' ? "" : "/";
	int length = snprintf(out, PATH_MAX, "%s%s%s", folder, slash, name);
	return length > 0 && length < PATH_MAX;
}

// A link's target takes the link's place, in front of what is ahead.
static bool follow(struct walk *walk, const char *target)
{
	char ahead[PATH_MAX];
	if (!join(ahead, target, walk->ahead + strspn(walk->ahead, "/")))
		return false;
	if (target[0] == '/')
		memcpy(walk->done, "/", sizeof("/"));
	memcpy(walk->ahead, ahead, sizeof(ahead));
	return true;
}

void file_watch_walk(const char *path, file_watch_visit_cb visit, void *arg)
{
	struct walk walk = {.done = "."};
	char name[NAME_MAX + 1], next[PATH_MAX], target[PATH_MAX];
	int links = 0;
	if (path[0] == '/')
		walk.done[0] = '/';
	if (!join(walk.ahead, "", path))
		return;
	while (take_name(&walk, name) && join(next, walk.done, name)) {
		ssize_t length = readlink(next, target, sizeof(target) - 1);
		bool is_last = walk.ahead[strspn(walk.ahead, "/")] == '\0';
		if (length > 0 || is_last)
			visit(arg, walk.done);
		if (length <= 0) {
			memcpy(walk.done, next, sizeof(next));
			continue;
		}
		target[length] = '\0';
		if (++links > LINKS_MAX || !follow(&walk, target))
			return;
	}
}
