// SPDX-License-Identifier: MIT
// Prints the schema; see the header.
#include "wherry/command/schema_command.h"

#include <stdio.h>

#include "wherry/conf/conf_schema_print.h"

enum options_exit schema_command_run(const struct options *options)
{
	struct buf text = BUF_INIT;
	conf_schema_print_json(&text);
	bool is_printed = !text.is_failed &&
			  fwrite(text.data, 1, text.length, stdout) == text.length &&
			  fflush(stdout) == 0;
	buf_finish(&text);
	if (is_printed)
		return OPTIONS_EXIT_OK;
	fprintf(stderr, "wherry schema: it could not be written\n");
	return OPTIONS_EXIT_UNABLE;
}
