// SPDX-License-Identifier: MIT
// From a text to the tree: the only place that knows libyaml.
#pragma once

#include "wherry/conf/conf_yaml.h"

// Fills yaml, which is empty. False after a mistake that ended the reading (then diag has
// it), or without memory (then the arena has failed).
MUST_CHECK bool conf_yaml_read(struct conf_yaml *yaml, const char *name, struct str text,
	struct conf_diag *diag);
