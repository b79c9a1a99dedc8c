// SPDX-License-Identifier: MIT
// What comes on a connection of the load generator for live polls and fan-out: taken
// apart, compared and counted.
#pragma once

#include "push_client.h"

// Takes one response or frame; ret_taken 0: it is not complete. Returns what is wrong or
// NULL.
const char *push_input_take(
	struct push_client *client, const char *bytes, size_t length, size_t *ret_taken);
