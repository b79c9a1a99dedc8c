// SPDX-License-Identifier: MIT
// Finds the status address, asks, prints.
#include "wherry/server/status_command.h"

#include <stdio.h>

#include "wherry/admin/status_client.h"
#include "wherry/conf/conf_load.h"

static enum status_command_result find_in_file(const char *path, struct addr *ret_address)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_file(path, &diag);
	bool is_found = conf && conf->has_status;
	if (is_found)
		*ret_address = conf->status;
	else if (conf)
		fprintf(stderr,
			"wherry status: %s sets no status address (expected "
			"\"status: 127.0.0.1:9090\" or the like)\n",
			path);
	else
		fprintf(stderr, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_unref(conf);
	conf_diag_finish(&diag);
	return is_found ? STATUS_COMMAND_OK : STATUS_COMMAND_NO_ADDRESS;
}

static enum status_command_result find_address(
	const struct options *options, struct addr *ret_address)
{
	if (!options->address)
		return find_in_file(options->conf_path, ret_address);
	if (addr_parse(str_from(options->address), ret_address))
		return STATUS_COMMAND_OK;
	fprintf(stderr,
		"wherry status: bad address \"%s\" (expected IP:port or "
		"unix:/path)\n",
		options->address);
	return STATUS_COMMAND_BAD_USAGE;
}

static bool print(const struct options *options, struct str json)
{
	struct buf text = BUF_INIT;
	bool is_good = options->is_json || status_client_write_text(json, &text);
	struct str shown = options->is_json ? json : buf_str(&text);
	if (is_good)
		printf("%.*s", STR_ARG(shown));
	buf_finish(&text);
	return is_good;
}

enum status_command_result status_command_run(const struct options *options)
{
	struct addr address;
	struct buf json = BUF_INIT;
	char where[ADDR_TEXT_SIZE];
	char error[STATUS_CLIENT_ERROR_SIZE] = "the answer is no report";
	enum status_command_result result = find_address(options, &address);
	if (result != STATUS_COMMAND_OK)
		return result;
	bool is_good = status_client_ask(&address, &json, error) &&
		       print(options, buf_str(&json));
	if (!is_good)
		fprintf(stderr, "wherry status: %s: %s (expected a running Wherry)\n",
			addr_format(&address, where), error);
	buf_finish(&json);
	return is_good ? STATUS_COMMAND_OK : STATUS_COMMAND_NO_ANSWER;
}
