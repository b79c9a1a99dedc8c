// SPDX-License-Identifier: MIT
// A list of names or other short texts that the configuration holds.
#pragma once

#include <stddef.h>

struct conf_names {
	const char **names;
	size_t count;
};
