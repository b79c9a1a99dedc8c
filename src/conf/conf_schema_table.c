// SPDX-License-Identifier: MIT
// The table of keys as a whole, from its parts.
#include "conf_schema_table_priv.h"

const struct conf_schema_key *conf_schema_table_next(
	const struct conf_schema_key *previous)
{
	const struct conf_schema_key *key = previous ? previous + 1 : conf_schema_process;
	while (key && !key->path)
		key = key->more;
	return key;
}
