// SPDX-License-Identifier: MIT
// The table itself, for conf_schema and its printers.
#pragma once

#include "wherry/conf/conf_schema.h"

// In the order of loading: what others take their default from stands before them. Each
// part ends with a row without path, which leads to the next part.
extern const struct conf_schema_key conf_schema_process[];
extern const struct conf_schema_key conf_schema_listeners[];
extern const struct conf_schema_key conf_schema_upstreams[];
extern const struct conf_schema_key conf_schema_health[];
extern const struct conf_schema_key conf_schema_routes[];
extern const struct conf_schema_key conf_schema_push[];

// Row after row of all parts: the first for NULL, NULL behind the last.
const struct conf_schema_key *conf_schema_table_next(
	const struct conf_schema_key *previous);
