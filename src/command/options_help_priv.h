// SPDX-License-Identifier: MIT
// The help texts, written from the table of commands.
#pragma once

#include <stdio.h>

#include "wherry/command/options.h"

void options_help_print_all(const struct options_command *commands, FILE *out);
// On standard output.
void options_help_print_command(const struct options_command *command);
