// SPDX-License-Identifier: MIT
// The files and folders that a configuration makes Wherry touch, and in which way.
#pragma once

#include "wherry/conf/conf.h"

enum sandbox_access {
	SANDBOX_READ,    // a file, or a folder and all in it
	SANDBOX_RUN,     // the same, and programs in it (sanitizers only)
	SANDBOX_WRITE,   // a device
	SANDBOX_LOG,     // a folder: files are made and written
	SANDBOX_SOCKETS, // a folder: UNIX sockets are made and removed
};

struct sandbox_path {
	char *path;
	enum sandbox_access access;
};

struct sandbox_paths {
	struct sandbox_path *items;
	size_t count;
	bool is_failed; // memory was short
};

// The control socket, all that conf names, and what the system's libraries read. To be
// finished.
void sandbox_paths_collect(
	struct sandbox_paths *paths, const struct conf *conf, const struct addr *control);
void sandbox_paths_finish(struct sandbox_paths *paths);

void sandbox_paths_add(
	struct sandbox_paths *paths, const char *path, enum sandbox_access access);
// The folder that the path stands in, and the one that a symbolic link leads to: files
// are replaced by rename, which a rule for the file itself would not survive.
void sandbox_paths_add_folder_of(
	struct sandbox_paths *paths, const char *path, enum sandbox_access access);
