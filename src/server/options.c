// SPDX-License-Identifier: MIT
// The command line; see the header.
#include "wherry/server/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: wherry COMMAND [OPTION ...]\n"
	"\n"
	"  wherry run -c FILE                   serve what FILE configures\n"
	"  wherry proxy --listen ADDR --to URL  serve one backend, without a file\n"
	"  wherry check -c FILE                 say all that is wrong with FILE\n"
	"  wherry status -c FILE                say how the running Wherry is\n"
	"  wherry version                       print the version\n"
	"  wherry help                          print this\n"
	"\n"
	"Each command takes --help. See wherry(8) and wherry.yaml(5).\n";

// Every option of every command.
static const struct option file_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"no-files", no_argument, NULL, 'n'},
	{"help", no_argument, NULL, 'h'},
	{0},
};
static const struct option proxy_options[] = {
	{"listen", required_argument, NULL, 'l'},
	{"to", required_argument, NULL, 't'},
	{"tls-cert", required_argument, NULL, 'C'},
	{"tls-key", required_argument, NULL, 'K'},
	{"tls-self-signed", no_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{0},
};
static const struct option status_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"address", required_argument, NULL, 'a'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct command {
	const char *name;
	enum options_command command;
	const struct option *options;
	const char *help;
};

static const struct command commands[] = {
	{"run", OPTIONS_RUN, file_options,
		"usage: wherry run -c FILE\n\n"
		"Serves what FILE configures, in the foreground.\n\n"
		"  -c, --config FILE  the configuration, see wherry.yaml(5)\n\n"
		"SIGTERM drains and stops, SIGINT stops within 2 s, a second one at "
		"once;\n"
		"SIGUSR1 opens the log files anew.\n"},
	{"proxy", OPTIONS_PROXY, proxy_options,
		"usage: wherry proxy --listen ADDR --to URL [TLS]\n\n"
		"Proxies HTTP and WebSocket to one backend, without a file.\n\n"
		"  --listen ADDR      host:port, [v6]:port, :port or unix:/path\n"
		"  --to URL           http(s)://host[:port] or unix:/path\n"
		"  --tls-cert FILE    speak TLS to clients: certificate and chain, PEM\n"
		"  --tls-key FILE     its private key, PEM\n"
		"  --tls-self-signed  instead: a throw-away certificate, for trying "
		"out\n"},
	{"check", OPTIONS_CHECK, file_options,
		"usage: wherry check -c FILE [--no-files]\n\n"
		"Reads FILE and prints every mistake as path:line:column: message.\n\n"
		"  -c, --config FILE  the configuration, see wherry.yaml(5)\n"
		"  --no-files         only its text: certificates and other files that "
		"it\n"
		"                     names need not be there\n\n"
		"Exit code 0 if there is none, else 1.\n"},
	{"status", OPTIONS_STATUS, status_options,
		"usage: wherry status -c FILE | --address ADDR [--json]\n\n"
		"Asks the Wherry that runs how it is: load, and what protects it.\n\n"
		"  -c, --config FILE  its configuration, which sets a status address\n"
		"  --address ADDR     that address: host:port or unix:/path\n"
		"  --json             the answer as it is\n\n"
		"Exit code 0 if it answers, 3 if not.\n"},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static enum options_result complain(const struct command *command, const char *what)
{
	fprintf(stderr, "wherry %s: %s; see wherry %s --help\n", command->name, what,
		command->name);
	return OPTIONS_BAD;
}

static enum options_result check_complete(
	const struct command *command, const struct options *options)
{
	if (command->command == OPTIONS_STATUS)
		return !options->conf_path != !options->address
			       ? OPTIONS_OK
			       : complain(command, "expected either -c FILE or --address "
						   "ADDR");
	if (command->options == file_options && !options->conf_path)
		return complain(command, "no configuration is given (expected -c FILE)");
	if (command->options == proxy_options && !options->listen)
		return complain(command, "no address is given (expected --listen ADDR)");
	if (command->options == proxy_options && !options->to)
		return complain(command, "no backend is given (expected --to URL)");
	if (!options->tls_cert != !options->tls_key)
		return complain(command, "--tls-cert and --tls-key need each other");
	if (options->tls_cert && options->is_self_signed)
		return complain(command, "--tls-self-signed makes --tls-cert of no use");
	return OPTIONS_OK;
}

// False for an option that the command does not have.
static bool take_option(
	const struct command *command, int letter, struct options *options)
{
	switch (letter) {
	case 'c':
		options->conf_path = optarg;
		return true;
	case 'n':
		options->skips_files = true;
		return command->command == OPTIONS_CHECK;
	case 'a':
		options->address = optarg;
		return true;
	case 'j':
		options->is_json = true;
		return true;
	case 'l':
		options->listen = optarg;
		return true;
	case 't':
		options->to = optarg;
		return true;
	case 'C':
		options->tls_cert = optarg;
		return true;
	case 'K':
		options->tls_key = optarg;
		return true;
	case 's':
		options->is_self_signed = true;
		return true;
	default:
		return false;
	}
}

static enum options_result read_command(
	const struct command *command, int argc, char **argv, struct options *options)
{
	int got;
	const char *letters = command->options == proxy_options ? "h" : "c:h";
	while ((got = getopt_long(argc, argv, letters, command->options, NULL)) != -1) {
		if (got == 'h') {
			options->command = OPTIONS_DONE;
			(void)fputs(command->help, stdout);
			return OPTIONS_OK;
		}
		if (!take_option(command, got, options))
			return complain(
				command, "this option is not known or lacks its value");
	}
	if (optind < argc)
		return complain(command, "there is an argument too many");
	return check_complete(command, options);
}

static bool is_help_option(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

enum options_result options_read(int argc, char **argv, struct options *ret_options)
{
	*ret_options = (struct options){.command = OPTIONS_DONE};
	const char *name = argc > 1 ? argv[1] : "";
	bool is_version = strcmp(name, "version") == 0 || strcmp(name, "--version") == 0;
	bool is_help = strcmp(name, "help") == 0 || is_help_option(name);
	if (is_help || (is_version && argc > 2 && is_help_option(argv[2]))) {
		(void)fputs(usage, stdout);
		return OPTIONS_OK;
	}
	if (is_version) {
		printf("wherry %s\n", WHERRY_VERSION);
		return OPTIONS_OK;
	}
	const struct command *command = find_command(name);
	if (command) {
		ret_options->command = command->command;
		return read_command(command, argc - 1, argv + 1, ret_options);
	}
	if (name[0] != '\0')
		fprintf(stderr, "wherry: there is no command \"%s\"\n", name);
	(void)fputs(usage, stderr);
	return OPTIONS_BAD;
}
