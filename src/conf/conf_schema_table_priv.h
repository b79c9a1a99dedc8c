// SPDX-License-Identifier: MIT
// The table itself, for conf_schema and its printers.
#pragma once

#include "wherry/conf/conf_schema.h"

// In the order of loading: what others take their default from stands before them. Ends
// with a row without path.
extern const struct conf_schema_key conf_schema_table[];
