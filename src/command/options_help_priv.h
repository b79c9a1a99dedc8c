// SPDX-License-Identifier: MIT
// The help texts, written from the table of commands.
#pragma once

#include <stdio.h>

#include "wherry/command/options.h"

// Those whose name begins with group; "" is all.
void options_help_print_all(
	const struct options_command *commands, const char *group, FILE *out);
// On standard output.
void options_help_print_command(const struct options_command *command);
