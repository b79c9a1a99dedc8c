// SPDX-License-Identifier: MIT
// The table of keys for other programs: the checks that compare it with the manual and
// the examples, and editors that complete and check YAML.
#pragma once

#include "wherry/base/buf.h"

// One line for each key: path, type, default ("-" if there is none), help; separated by
// tabs.
void conf_schema_print_keys(struct buf *out);
// A JSON Schema (draft 2020-12).
void conf_schema_print_json(struct buf *out);
