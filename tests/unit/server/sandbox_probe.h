// SPDX-License-Identifier: MIT
// What a process in the sandbox tries, and what must come of it (SECURITY T61).
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Folders of the probe, made before the sandbox.
struct probe_folders {
	char read[64];    // the configuration stands there, as "file"
	char logs[64];    // and a log, as "old"
	char sockets[64]; // and a listener's socket, as "socket"
	char other[64];   // nothing names it; it has a "file"
};

struct probe_row {
	const char *name;
	int (*try)(const struct probe_folders *folders); // 0, or errno
	int expected;
	bool needs_landlock;
};

extern const struct probe_row probe_rows[];
extern const size_t probe_row_count;
