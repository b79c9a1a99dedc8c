// SPDX-License-Identifier: MIT
// One text for all files that say the same: keys in the schema's order, defaults written
// out, no comments. A reload that changes nothing is known by it.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf_yaml.h"

// Values are compared as they are written: 1KiB and 1024 are two. root is a mapping
// without mistakes.
void conf_canonical_write(struct buf *out, const struct conf_yaml_node *root);
