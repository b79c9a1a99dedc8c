// SPDX-License-Identifier: MIT
// From options to a question, and from its answer to lines; see the header.
#include "wherry/command/explain_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/admin/report_text.h"
#include "wherry/conf/conf_load.h"

static struct explain_question read_question(const struct options *options)
{
	struct explain_question question = {
		.url = options_text(options, "url"),
		.method = options_text(options, "method"),
		.source = options_text(options, "source"),
	};
	for (size_t i = 0; i < options->count; i++) {
		const struct options_value *value = &options->values[i];
		if (strcmp(value->flag->name, "header") == 0)
			question.fields[question.field_count++] = value->text;
	}
	return question;
}

static bool print(const struct options *options, const json_t *answer)
{
	struct buf text = BUF_INIT;
	if (options_has(options, "json")) {
		char *json = json_dumps(answer, JSON_INDENT(2));
		buf_append_str(&text, str_from(json ? json : ""));
		buf_append_str(&text, STR("\n"));
		text.is_failed |= !json;
		free(json);
	} else {
		report_text_write_object(answer, &text);
	}
	bool is_good = !text.is_failed;
	printf("%.*s", STR_ARG(buf_str(&text)));
	buf_finish(&text);
	return is_good;
}

static enum options_exit answer(const struct options *options, const struct conf *conf)
{
	const char *error;
	struct explain_question question = read_question(options);
	json_t *result = explain_answer(conf, &question, &error);
	if (!result) {
		fprintf(stderr, "wherry explain: %s\n", error);
		return OPTIONS_EXIT_USAGE;
	}
	bool is_printed = print(options, result);
	json_decref(result);
	return is_printed ? OPTIONS_EXIT_OK : OPTIONS_EXIT_UNABLE;
}

enum options_exit explain_command_run(const struct options *options)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_file(options_text(options, "config"), &diag);
	if (!conf)
		fprintf(stderr, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	enum options_exit code = conf ? answer(options, conf) : OPTIONS_EXIT_BAD;
	conf_unref(conf);
	return code;
}
