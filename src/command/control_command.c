// SPDX-License-Identifier: MIT
// One request of the command line, and its answer on standard output; see the header.
#include "wherry/command/control_command.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wherry/admin/control_client.h"
#include "wherry/admin/report_text.h"
#include "wherry/conf/conf_load.h"
#include "wherry/server/control_place.h"

enum {
	NAME_SIZE = 64,
	ROWS_AT_ONCE = 500 // of a table: the widths of its columns are those of the first
};

struct asking {
	const struct options *options;
	struct control_client client;
	json_t *rows;    // that are not printed yet
	json_t *columns; // of the table; NULL: none was printed
};

static enum options_exit complain(const struct asking *asking, const char *what)
{
	fprintf(stderr, "wherry %s: %s\n", asking->options->command->name, what);
	return OPTIONS_EXIT_BAD;
}

static bool is_about_finding(const char *name)
{
	return strcmp(name, "config") == 0 || strcmp(name, "control") == 0 ||
	       strcmp(name, "json") == 0;
}

static const char *write_member(const char *name, char text[NAME_SIZE])
{
	(void)snprintf(text, NAME_SIZE, "%s", name);
	for (char *c = text; *c; c++)
		*c = *c == '-' || *c == ' ' ? '_' : *c;
	return text;
}

static json_t *make_value(const struct options_value *value)
{
	uint64_t number;
	switch (value->flag->form) {
	case OPTIONS_SWITCH:
		return json_true();
	case OPTIONS_NUMBER:
		if (!str_parse_u64(str_from(value->text), INT64_MAX, &number))
			break; // options have looked at it
		return json_integer((json_int_t)number);
	case OPTIONS_TEXT:
	case OPTIONS_DURATION:
		break;
	}
	return json_string(value->text);
}

// NULL: no memory, or a text that is not UTF-8.
static json_t *make_request(const struct options *options)
{
	char name[NAME_SIZE];
	json_t *request =
		json_pack("{ss}", "verb", write_member(options->command->name, name));
	for (size_t i = 0; i < options->count && request; i++) {
		const struct options_value *value = &options->values[i];
		if (is_about_finding(value->flag->name))
			continue;
		if (json_object_set_new(request, write_member(value->flag->name, name),
			    make_value(value)) == 0)
			continue;
		json_decref(request);
		request = NULL;
	}
	return request;
}

// The control key that the command line leads to. False: said why.
static bool find_control(const struct asking *asking, struct conf_control *ret_control)
{
	const char *path = options_text(asking->options, "control");
	const char *file = options_text(asking->options, "config");
	struct conf_diag diag;
	char text[sizeof("unix:") + ADDR_UNIX_PATH_MAX + 1];
	*ret_control = (struct conf_control){0};
	if (path) {
		(void)snprintf(
			text, sizeof(text), "%s%s", path[0] == '/' ? "unix:" : "", path);
		if (addr_parse(str_from(text), &ret_control->address) &&
			addr_is_unix(&ret_control->address))
			return true;
		(void)complain(asking, "--control: bad path (expected /path)");
		return false;
	}
	if (!file)
		return true;
	conf_diag_init(&diag);
	bool is_found = conf_load_control(file, ret_control, &diag);
	fprintf(stderr, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	return is_found;
}

static const char *explain(int error)
{
	switch (error) {
	case EACCES:
		return "Permission denied (expected to be root, or the user who serves)";
	case EAGAIN:
		return "no answer in time";
	case ECONNRESET:
		return "it ended without an answer";
	}
	return strerrordesc_np(error);
}

static enum options_exit complain_of(
	const struct asking *asking, const struct addr *address, int error)
{
	char text[ADDR_TEXT_SIZE];
	bool is_absent = error == ENOENT || error == ECONNREFUSED;
	fprintf(stderr, "wherry %s: %s: %s%s\n", asking->options->command->name,
		addr_format(address, text), explain(error),
		is_absent ? " (expected a running Wherry)" : "");
	return OPTIONS_EXIT_UNABLE;
}

// Of several places, one that is there and can't be asked is told of rather than one that
// is not.
static enum options_exit open_client(struct asking *asking, struct addr *ret_address)
{
	struct conf_control control;
	struct addr places[CONTROL_PLACE_MAX];
	int told = 0;
	if (!find_control(asking, &control))
		return OPTIONS_EXIT_BAD;
	size_t count = control_place_find(&control, places);
	if (count == 0)
		return complain(asking, "the configuration turns the control socket off");
	for (size_t i = 0; i < count; i++) {
		int error = control_client_open(&asking->client, &places[i]);
		if (error == 0 || told == 0 || (told == ENOENT && error != ENOENT)) {
			told = error;
			*ret_address = places[i];
		}
		if (error == 0)
			return OPTIONS_EXIT_OK;
		control_client_finish(&asking->client);
	}
	return complain_of(asking, ret_address, told);
}

static void print_rows(struct asking *asking)
{
	struct buf out = BUF_INIT;
	report_text_write_table(asking->rows, &asking->columns, &out);
	fwrite(out.data, 1, out.length, stdout);
	buf_finish(&out);
	(void)json_array_clear(asking->rows); // fails only for what is no array
}

static void print_item(struct asking *asking, struct str line, json_t *item)
{
	if (options_has(asking->options, "json")) {
		printf("%.*s\n", STR_ARG(line));
		return;
	}
	if (!asking->rows)
		asking->rows = json_array();
	(void)json_array_append(asking->rows, item); // without memory it is left out
	if (json_array_size(asking->rows) == ROWS_AT_ONCE)
		print_rows(asking);
}

static void print_answer(struct asking *asking, struct str line, json_t *answer)
{
	struct buf out = BUF_INIT;
	bool is_list = asking->options->command->is_list;
	if (json_array_size(asking->rows) > 0)
		print_rows(asking);
	if (options_has(asking->options, "json")) {
		if (!is_list)
			printf("%.*s\n", STR_ARG(line));
		return;
	}
	(void)json_object_del(answer, "ok");
	if (!is_list || !asking->columns)
		report_text_write_object(answer, &out);
	fwrite(out.data ? out.data : "", 1, out.length, stdout);
	buf_finish(&out);
}

static enum options_exit finish(struct asking *asking, struct str line, json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	if (json_is_true(json_object_get(answer, "ok"))) {
		print_answer(asking, line, answer);
		return OPTIONS_EXIT_OK;
	}
	if (options_has(asking->options, "json"))
		printf("%.*s\n", STR_ARG(line));
	return complain(asking, error ? error : "it refused without a word");
}

static enum options_exit read_answer(struct asking *asking, const struct addr *address)
{
	struct str line;
	for (;;) {
		int error = control_client_read(&asking->client, &line);
		if (error != 0)
			return complain_of(asking, address, error);
		json_t *one = json_loadb(line.data, line.length, 0, NULL);
		bool is_item = json_is_object(one) && !json_object_get(one, "ok");
		enum options_exit code = OPTIONS_EXIT_OK;
		if (is_item)
			print_item(asking, line, one);
		else
			code = finish(asking, line, one);
		json_decref(one);
		if (!is_item)
			return code;
	}
}

// The connection ends with the process.
static enum options_exit wait_for_end(struct asking *asking, const struct addr *address)
{
	struct str line;
	int error;
	do
		error = control_client_read(&asking->client, &line);
	while (error == 0);
	return error == ECONNRESET ? OPTIONS_EXIT_OK
				   : complain_of(asking, address, error);
}

static enum options_exit ask(struct asking *asking, const json_t *request)
{
	struct addr address;
	bool waits = options_has(asking->options, "wait");
	enum options_exit code = open_client(asking, &address);
	if (code != OPTIONS_EXIT_OK)
		return code;
	int error = control_client_send(&asking->client, request);
	if (error == 0 && waits)
		error = control_client_wait_for_ever(&asking->client);
	if (error != 0)
		return complain_of(asking, &address, error);
	code = read_answer(asking, &address);
	if (code == OPTIONS_EXIT_OK && waits && asking->options->command->ends_process)
		code = wait_for_end(asking, &address);
	return code;
}

enum options_exit control_command_run(const struct options *options)
{
	struct asking asking = {.options = options, .client = {.fd = -1}};
	json_t *request = make_request(options);
	if (!request) {
		(void)complain(&asking, "an argument is not UTF-8");
		return OPTIONS_EXIT_USAGE;
	}
	enum options_exit code = ask(&asking, request);
	control_client_finish(&asking.client);
	json_decref(asking.rows);
	json_decref(asking.columns);
	json_decref(request);
	return code;
}
