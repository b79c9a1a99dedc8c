// SPDX-License-Identifier: MIT
// Loads a configuration and serves it, or only checks it; see the header.
#include "wherry/command/run_command.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wherry/command/check.h"
#include "wherry/command/check_names.h"
#include "wherry/conf/conf_load.h"
#include "wherry/server/privileges.h"
#include "wherry/server/server.h"

// NULL: what is wrong was said.
static struct conf *load(const char *path, struct str text)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = path ? conf_load_file(path, &diag)
				 : conf_load_text("command line", text, &diag);
	if (!conf)
		fprintf(stderr, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	return conf;
}

static enum options_exit serve(const struct server_options *options)
{
	enum server_result result = server_run(options);
	conf_unref(options->conf);
	return result == SERVER_OK ? OPTIONS_EXIT_OK : OPTIONS_EXIT_UNABLE;
}

static enum options_exit serve_alone(struct conf *conf)
{
	return serve(&(struct server_options){.conf = conf, .ready_fd = -1});
}

enum options_exit run_command_run(const struct options *options)
{
	struct conf *conf = load(options_text(options, "config"), (struct str){0});
	return conf ? serve_alone(conf) : OPTIONS_EXIT_BAD;
}

// What became of the process that was to serve.
static enum options_exit await(pid_t child, int ready_fd)
{
	char byte;
	int status;
	if (read(ready_fd, &byte, 1) == 1)
		return OPTIONS_EXIT_OK;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		return (enum options_exit)WEXITSTATUS(status);
	return OPTIONS_EXIT_UNABLE;
}

// For a service manager, which waits for the command to end: another process serves, and
// this one says whether it does.
static enum options_exit serve_detached(struct server_options *options)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) {
		perror("wherry upgrade: pipe");
		return OPTIONS_EXIT_UNABLE;
	}
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		(void)setsid(); // fails only for one that leads a session
		options->ready_fd = ends[1];
		return serve(options);
	}
	close(ends[1]);
	if (child < 0)
		perror("wherry upgrade: fork");
	enum options_exit code = child < 0 ? OPTIONS_EXIT_UNABLE : await(child, ends[0]);
	close(ends[0]);
	conf_unref(options->conf);
	return code;
}

enum options_exit run_command_upgrade(const struct options *options)
{
	struct server_options start = {
		.conf = load(options_text(options, "config"), (struct str){0}),
		.takes_over = true,
		.ready_fd = -1,
	};
	if (!start.conf)
		return OPTIONS_EXIT_BAD;
	return options_has(options, "detach") ? serve_detached(&start) : serve(&start);
}

const char *run_command_check_proxy(const struct options *options)
{
	bool has_cert = options_has(options, "tls-cert");
	if (has_cert != options_has(options, "tls-key"))
		return "--tls-cert and --tls-key need each other";
	if (has_cert && options_has(options, "tls-self-signed"))
		return "--tls-self-signed makes --tls-cert of no use";
	return NULL;
}

enum options_exit run_command_proxy(const struct options *options)
{
	struct buf text = BUF_INIT;
	options_write_conf(options, &text);
	struct conf *conf = text.is_failed ? NULL : load(NULL, buf_str(&text));
	buf_finish(&text);
	return conf ? serve_alone(conf) : OPTIONS_EXIT_USAGE;
}

// As whom a start would load them: what root can read says nothing of that.
static bool check_as_user(const char *path, struct conf *conf)
{
	struct privileges privileges = {0};
	bool is_root = geteuid() == 0;
	if (is_root && !privileges_drop(conf->user, &privileges))
		return false;
	struct buf text = BUF_INIT;
	bool is_good = check_files(conf, &text);
	fprintf(stderr, "%.*s", STR_ARG(buf_str(&text)));
	if (is_root && !privileges.is_root && !is_good)
		fprintf(stderr, "%s: files were loaded as user %s, who would serve\n",
			path, privileges.user);
	buf_finish(&text);
	return is_good;
}

// Warnings: true if there is any.
static bool warn(const struct options *options, const struct conf *conf)
{
	struct buf text = BUF_INIT;
	buf_append_str(&text, str_from(conf->warnings));
	if (!options_has(options, "no-files") && !options_has(options, "no-names"))
		check_names_resolve(conf, &text);
	bool has_any = text.length > 0;
	fprintf(stderr, "%.*s", STR_ARG(buf_str(&text)));
	buf_finish(&text);
	return has_any;
}

enum options_exit run_command_check(const struct options *options)
{
	const char *path = options_text(options, "config");
	struct conf *conf = load(path, (struct str){0});
	if (!conf)
		return OPTIONS_EXIT_BAD;
	bool has_warnings = warn(options, conf);
	bool is_good = options_has(options, "no-files") || check_as_user(path, conf);
	if (options_has(options, "strict") && has_warnings)
		is_good = false;
	if (is_good)
		printf("%s: ok%s\n", path, has_warnings ? ", with warnings" : "");
	conf_unref(conf);
	return is_good ? OPTIONS_EXIT_OK : OPTIONS_EXIT_BAD;
}
