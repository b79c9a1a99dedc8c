// SPDX-License-Identifier: MIT
// Reads the command line, runs the command, and maps its result to an exit code:
// 0 ok, 1 bad configuration, 2 bad usage, 3 could not start (status: nobody answers).
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "wherry/conf/conf_load.h"
#include "wherry/server/check.h"
#include "wherry/server/options.h"
#include "wherry/server/privileges.h"
#include "wherry/server/server.h"
#include "wherry/server/status_command.h"

enum {
	EXIT_OK = 0,
	EXIT_CONFIGURATION = 1,
	EXIT_USAGE = 2,
	EXIT_START = 3
};

static struct conf *load_proxy(const struct options *options, struct conf_diag *diag)
{
	struct buf text = BUF_INIT;
	options_write_conf(options, &text);
	struct conf *conf =
		text.is_failed ? NULL
			       : conf_load_text("command line", buf_str(&text), diag);
	buf_finish(&text);
	return conf;
}

// As whom a start would load them: what root can read says nothing of that.
static bool check_as_user(const struct options *options, struct conf *conf)
{
	struct privileges privileges = {0};
	bool is_root = geteuid() == 0;
	if (is_root && !privileges_drop(conf->user, &privileges))
		return false;
	struct buf text = BUF_INIT;
	bool is_good = check_files(conf, &text);
	struct str lines = buf_str(&text);
	fprintf(stderr, "%.*s", STR_ARG(lines));
	if (is_root && !privileges.is_root && !is_good)
		fprintf(stderr, "%s: files were loaded as user %s, who would serve\n",
			options->conf_path, privileges.user);
	buf_finish(&text);
	return is_good;
}

static int check(const struct options *options, struct conf *conf)
{
	bool is_good = options->skips_files || check_as_user(options, conf);
	if (is_good)
		printf("%s: ok\n", options->conf_path);
	return is_good ? EXIT_OK : EXIT_CONFIGURATION;
}

static int run(const struct options *options)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = options->command == OPTIONS_PROXY
				    ? load_proxy(options, &diag)
				    : conf_load_file(options->conf_path, &diag);
	int code = EXIT_OK;
	if (!conf) {
		struct str text = buf_str(&diag.text);
		fprintf(stderr, "%.*s", STR_ARG(text));
		code = options->command == OPTIONS_PROXY ? EXIT_USAGE
							 : EXIT_CONFIGURATION;
	} else if (options->command == OPTIONS_CHECK) {
		code = check(options, conf);
	} else if (server_run(conf) != SERVER_OK) {
		code = EXIT_START;
	}
	conf_unref(conf);
	conf_diag_finish(&diag);
	return code;
}

int main(int argc, char **argv)
{
	struct options options;
	(void)signal(SIGPIPE, SIG_IGN); // a peer that is gone is an error of its write
	if (options_read(argc, argv, &options) != OPTIONS_OK)
		return EXIT_USAGE;
	if (options.command == OPTIONS_DONE)
		return EXIT_OK;
	if (options.command == OPTIONS_STATUS)
		return (int)status_command_run(&options);
	return run(&options);
}
