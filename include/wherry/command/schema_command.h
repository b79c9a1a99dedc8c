// SPDX-License-Identifier: MIT
// `wherry schema`: prints the keys of wherry.yaml as JSON Schema, for editors.
#pragma once

#include "wherry/command/options.h"

MUST_CHECK enum options_exit schema_command_run(const struct options *options);
