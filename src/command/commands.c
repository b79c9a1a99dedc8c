// SPDX-License-Identifier: MIT
// The table of commands; see the header.
#include "wherry/command/commands.h"

#include "wherry/command/control_command.h"
#include "wherry/command/explain_command.h"
#include "wherry/command/run_command.h"
#include "wherry/command/schema_command.h"
#include "wherry/command/status_command.h"

static const struct options_flag run_flags[] = {
	{"config", "FILE", "the configuration, see wherry.yaml(5)", OPTIONS_TEXT, 'c',
		true},
	{0},
};

static const struct options_flag upgrade_flags[] = {
	{"config", "FILE", "the configuration, see wherry.yaml(5)", OPTIONS_TEXT, 'c',
		true},
	{"detach", NULL, "serve in the background, and end once that has begun",
		OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag proxy_flags[] = {
	{"listen", "ADDR", "host:port, [v6]:port, :port or unix:/path", OPTIONS_TEXT, 0,
		true},
	{"to", "URL", "http(s)://host[:port] or unix:/path", OPTIONS_TEXT, 0, true},
	{"tls-cert", "FILE", "speak TLS to clients: certificate and chain, PEM",
		OPTIONS_TEXT, 0, false},
	{"tls-key", "FILE", "its private key, PEM", OPTIONS_TEXT, 0, false},
	{"tls-self-signed", NULL, "instead: a throw-away certificate, for trying out",
		OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag check_flags[] = {
	{"config", "FILE", "the configuration, see wherry.yaml(5)", OPTIONS_TEXT, 'c',
		true},
	{"no-files", NULL, "only its text: other files that it names need not be there",
		OPTIONS_SWITCH, 0, false},
	{"no-names", NULL, "don't ask whether the servers' names have addresses",
		OPTIONS_SWITCH, 0, false},
	{"strict", NULL, "warnings are mistakes", OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag explain_words[] = {
	{"url", "URL", "http, https, ws or wss://host[:port]/path", OPTIONS_TEXT, 0,
		true},
	{0},
};

static const struct options_flag explain_flags[] = {
	{"config", "FILE", "the configuration, see wherry.yaml(5)", OPTIONS_TEXT, 'c',
		true},
	{"method", "NAME", "instead of GET", OPTIONS_TEXT, 0, false},
	{"header", "TEXT", "\"Name: value\"; may be given again", OPTIONS_TEXT, 0, false},
	{"source", "IP", "address that connects; else " EXPLAIN_SOURCE, OPTIONS_TEXT, 0,
		false},
	{"json", NULL, "the answer as JSON", OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag schema_flags[] = {{0}};

static const struct options_flag status_flags[] = {
	CONTROL_COMMAND_FLAGS,
	{"address", "ADDR", "ask the status address instead: IP:port or unix:/path",
		OPTIONS_TEXT, 0, false},
	{0},
};

static const struct options_flag reload_flags[] = {CONTROL_COMMAND_FLAGS, {0}};

#define CONNECTION_FLAGS                                                                 \
	{"route", "NAME", "that have a request of this route", OPTIONS_TEXT, 0, false},  \
		{"upstream", "NAME", "of this group of servers", OPTIONS_TEXT, 0,        \
			false},                                                          \
		{"server", "URL", "with this server", OPTIONS_TEXT, 0, false},           \
		{"listener", "ADDR", "that came over this listener", OPTIONS_TEXT, 0,    \
			false},                                                          \
		{"source", "NET", "of clients with this address, or in this network",    \
			OPTIONS_TEXT, 0, false},                                         \
		{"user", "NAME", "of this user", OPTIONS_TEXT, 0, false},                \
		{"channel", "NAME", "that subscribe to this channel", OPTIONS_TEXT, 0,   \
			false},                                                          \
		{"kind", "KIND", "websocket or http", OPTIONS_TEXT, 0, false},           \
		{"age", "TIME", "at least that old", OPTIONS_DURATION, 0, false},        \
		{"idle", "TIME", "without a message for at least that long",             \
			OPTIONS_DURATION, 0, false},                                     \
	{                                                                                \
		"bytes", "SIZE", "that have moved at least that much", OPTIONS_TEXT, 0,  \
			false                                                            \
	}

static const struct options_flag connections_words[] = {
	{"id", "ID", "this one alone", OPTIONS_NUMBER, 0, false},
	{0},
};

static const struct options_flag connections_flags[] = {
	CONTROL_COMMAND_FLAGS,
	CONNECTION_FLAGS,
	{0},
};

static const struct options_flag kill_flags[] = {
	CONTROL_COMMAND_FLAGS,
	CONNECTION_FLAGS,
	{"all", NULL, "all of them", OPTIONS_SWITCH, 0, false},
	{"code", "CODE", "of the Close frame; 1008 if it is not given", OPTIONS_NUMBER, 0,
		false},
	{"reason", "TEXT", "in the Close frame", OPTIONS_TEXT, 0, false},
	{0},
};

static const struct options_flag stop_flags[] = {
	CONTROL_COMMAND_FLAGS,
	{"quick", NULL, "within 2 s, as after SIGINT", OPTIONS_SWITCH, 0, false},
	{"now", NULL, "at once", OPTIONS_SWITCH, 0, false},
	{"wait", NULL, "until it has ended", OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag drain_words[] = {
	{"target", "SERVER|LISTENER|all", "URL of a server, address of a listener",
		OPTIONS_TEXT, 0, true},
	{0},
};

static const struct options_flag rebalance_words[] = {
	{"group", "GROUP", "name of an upstream", OPTIONS_TEXT, 0, true},
	{0},
};

static const struct options_flag rebalance_flags[] = {
	CONTROL_COMMAND_FLAGS,
	{"rate", "N/s", "how many a second", OPTIONS_TEXT, 0, false},
	{"dry-run", NULL, "say it, and close nothing", OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag drain_flags[] = {
	CONTROL_COMMAND_FLAGS,
	{"window", "TIME", "over which closes are spread", OPTIONS_DURATION, 0, false},
	{"timeout", "TIME", "after which the rest is cut", OPTIONS_DURATION, 0, false},
	{"code", "CODE", "of Close frames: 1001 or 1012", OPTIONS_NUMBER, 0, false},
	{"reason", "TEXT", "in Close frames", OPTIONS_TEXT, 0, false},
	{"wait", NULL, "until it is over", OPTIONS_SWITCH, 0, false},
	{0},
};

static const struct options_flag server_list_words[] = {
	{"upstream", "UPSTREAM", "only of this one", OPTIONS_TEXT, 0, false},
	{0},
};

static const struct options_flag server_words[] = {
	{"upstream", "UPSTREAM", "its name in the configuration", OPTIONS_TEXT, 0, true},
	{"url", "URL", "http(s)://host[:port] or unix:/path", OPTIONS_TEXT, 0, true},
	{0},
};

static const struct options_flag server_weight_words[] = {
	{"upstream", "UPSTREAM", "its name in the configuration", OPTIONS_TEXT, 0, true},
	{"url", "URL", "http(s)://host[:port] or unix:/path", OPTIONS_TEXT, 0, true},
	{"weight", "WEIGHT", "1 to 1000", OPTIONS_NUMBER, 0, true},
	{0},
};

static const struct options_flag server_add_flags[] = {
	CONTROL_COMMAND_FLAGS,
	{"weight", "WEIGHT", "its share, 1 to 1000", OPTIONS_NUMBER, 0, false},
	{0},
};

static const struct options_flag server_flags[] = {
	CONTROL_COMMAND_FLAGS,
	{0},
};

const struct options_command commands_all[] = {
	{"run", "-c FILE", "serve what FILE configures",
		.text = "Serves what FILE configures, in the foreground.\n",
		.flags = run_flags,
		.more = "SIGTERM drains and stops, SIGINT stops within 2 s, a second one "
			"at "
			"once;\nSIGUSR1 opens the log files anew.\n",
		.run = run_command_run},
	{"upgrade", "-c FILE [--detach]", "take the place of the one that runs",
		.text = "Serves what FILE configures, with the sockets of the Wherry "
			"that runs,\nwhich drains its connections and ends. If this one "
			"can't start, that one goes\non.\n",
		.flags = upgrade_flags, .run = run_command_upgrade},
	{"proxy", "--listen ADDR --to URL [TLS]", "serve one backend, without a file",
		.text = "Proxies HTTP and WebSocket to one backend, without a file.\n",
		.flags = proxy_flags, .check = run_command_check_proxy,
		.run = run_command_proxy},
	{"check", "-c FILE [--no-files] [--no-names] [--strict]",
		"say all that is wrong with FILE",
		.text = "Reads FILE and prints every mistake as path:line:column: "
			"message,\nand warns of what is hardly meant.\n",
		.flags = check_flags,
		.more = "Exit code 0 if there is no mistake, else 1.\n",
		.run = run_command_check},
	{"explain",
		"-c FILE URL [--method NAME] [--header TEXT]... [--source IP] "
		"[--json]",
		"say what would happen to a request, and why",
		.text = "Says which listener, route and servers of FILE a request would "
			"meet, why\nno other route, what it would get, and within which "
			"limits and timeouts.\nNothing is sent.\n",
		.words = explain_words, .flags = explain_flags,
		.more = "Exit code 0, whatever the request would get.\n",
		.run = explain_command_run},
	{"schema", "", "print the keys of a configuration as JSON Schema",
		.text = "Prints all keys of wherry.yaml(5) as JSON Schema (draft "
			"2020-12), for\neditors that complete and check YAML.\n",
		.flags = schema_flags, .run = schema_command_run},
	{"status", "[-c FILE | --control PATH | --address ADDR] [--json]",
		"say how the running Wherry is",
		.text = "Asks the Wherry that runs how it is: load, and what protects "
			"it.\n",
		.flags = status_flags, .more = "Exit code 0 if it answers, 3 if not.\n",
		.check = status_command_check, .run = status_command_run},
	{"connections", "[ID] [-c FILE | --control PATH] [FILTER ...] [--json]",
		"list its connections",
		.text = "Lists the connections of the Wherry that runs, or those that "
			"all filters fit.\n",
		.words = connections_words, .flags = connections_flags,
		.run = control_command_run, .is_list = true},
	{"kill", "[ID] [-c FILE | --control PATH] [FILTER ...] [--code CODE]",
		"end some of its connections",
		.text = "Ends a connection, or those that all filters fit: WebSockets "
			"with a Close frame.\n",
		.words = connections_words, .flags = kill_flags,
		.run = control_command_run},
	{"reload", "[-c FILE | --control PATH] [--json]",
		"have it take its configuration anew",
		.text = "Has the Wherry that runs load its file again. Live connections "
			"stay, but for\nWebSockets whose route or server is not there "
			"any more. A file with a mistake\nchanges nothing.\n",
		.flags = reload_flags,
		.more = "Exit code 1 if the file was refused: the mistakes are said.\n",
		.run = control_command_run},
	{"stop", "[-c FILE | --control PATH] [--quick | --now] [--wait]",
		"drain and stop it",
		.text = "Has the Wherry that runs drain its connections and end.\n",
		.flags = stop_flags, .run = control_command_run, .ends_process = true},
	{"drain", "SERVER|LISTENER|all [--window TIME] [--timeout TIME] [--wait]",
		"close its connections at a pace",
		.text = "Closes the connections of a server, of a listener, or all, "
			"evenly over\na window and between messages. Of all, it ends.\n",
		.words = drain_words, .flags = drain_flags, .run = control_command_run},
	{"rebalance", "GROUP [--rate N/s] [--dry-run]",
		"move WebSockets to servers with too few",
		.text = "Closes the WebSockets that servers of a group have above their "
			"fair\nshare, the most silent ones first, so that their clients "
			"come to the others.\n",
		.words = rebalance_words, .flags = rebalance_flags,
		.run = control_command_run},
	{"server list", "[UPSTREAM] [--json]", "list the servers",
		.text = "Lists the servers, each with its state and connections.\n",
		.words = server_list_words, .flags = server_flags,
		.run = control_command_run, .is_list = true},
	{"server add", "UPSTREAM URL [--weight WEIGHT]", "add a server",
		.text = "Adds a server to an upstream; it takes traffic at once.\n",
		.words = server_words, .flags = server_add_flags,
		.run = control_command_run},
	{"server remove", "UPSTREAM URL", "take a server away",
		.text = "Takes a server away from an upstream, and drains its "
			"connections.\n",
		.words = server_words, .flags = server_flags, .run = control_command_run},
	{"server down", "UPSTREAM URL", "send a server nothing new",
		.text = "Sends a server nothing new; what is open stays.\n",
		.words = server_words, .flags = server_flags, .run = control_command_run},
	{"server up", "UPSTREAM URL", "send it something again",
		.text = "Ends what \"down\" began, here or in the configuration.\n",
		.words = server_words, .flags = server_flags, .run = control_command_run},
	{"server weight", "UPSTREAM URL WEIGHT", "change a server's share",
		.text = "Changes the share of an upstream's traffic that a server "
			"takes.\n",
		.words = server_weight_words, .flags = server_flags,
		.run = control_command_run},
	{0},
};
