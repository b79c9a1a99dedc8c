// SPDX-License-Identifier: MIT
// Asks who answers, and prints; see the header.
#include "wherry/command/status_command.h"

#include <stdio.h>

#include "wherry/admin/report_text.h"
#include "wherry/admin/status_client.h"
#include "wherry/command/control_command.h"

const char *status_command_check(const struct options *options)
{
	bool has_place =
		options_has(options, "config") || options_has(options, "control");
	return has_place && options_has(options, "address")
		       ? "--address makes -c and --control of no use"
		       : NULL;
}

static bool print(const struct options *options, struct str json)
{
	struct buf text = BUF_INIT;
	bool is_json = options_has(options, "json");
	bool is_good = is_json || report_text_write(json, &text);
	struct str shown = is_json ? json : buf_str(&text);
	if (is_good)
		printf("%.*s", STR_ARG(shown));
	buf_finish(&text);
	return is_good;
}

static enum options_exit ask_address(const struct options *options, const char *text)
{
	struct addr address;
	struct buf json = BUF_INIT;
	char where[ADDR_TEXT_SIZE];
	char error[STATUS_CLIENT_ERROR_SIZE] = "the answer is no report";
	if (!addr_parse(str_from(text), &address)) {
		fprintf(stderr,
			"wherry status: bad address \"%s\" (expected IP:port or "
			"unix:/path)\n",
			text);
		return OPTIONS_EXIT_USAGE;
	}
	bool is_good = status_client_ask(&address, &json, error) &&
		       print(options, buf_str(&json));
	if (!is_good)
		fprintf(stderr, "wherry status: %s: %s (expected a running Wherry)\n",
			addr_format(&address, where), error);
	buf_finish(&json);
	return is_good ? OPTIONS_EXIT_OK : OPTIONS_EXIT_UNABLE;
}

enum options_exit status_command_run(const struct options *options)
{
	const char *address = options_text(options, "address");
	return address ? ask_address(options, address) : control_command_run(options);
}
