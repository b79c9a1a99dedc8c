// SPDX-License-Identifier: MIT
// How much memory there is and how much is used: by the control group with the tightest
// limit, which the kernel's OOM killer judges by, or else by this process.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

struct memory_use {
	int use_fd;     // what says how much; -1: nothing does
	int stat_fd;    // what says how much of it is file cache; -1 for a process
	uint64_t limit; // bytes: of the control group, or of the machine
};

// Finds the control group's limit, version 1 or 2. root is "", but in tests. The
// descriptors stay open, so that a sandbox may close the way to the files.
void memory_use_open(struct memory_use *use, const char *root);
// Looks at this process alone, whatever it is confined in.
void memory_use_open_process(struct memory_use *use, const char *root);
void memory_use_close(struct memory_use *use);

// Bytes in use, without what the kernel can drop at once; 0 if nobody knows. Two system
// calls at most.
uint64_t memory_use_read(const struct memory_use *use);
