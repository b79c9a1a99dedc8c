// SPDX-License-Identifier: MIT
// The command line of the load generator for live polls and fan-out.
#include "push_options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numbered.h"

enum {
	MESSAGE_BYTES_MAX = 2048
};

static const char usage[] =
	"usage: bench_push --port PORT --case poll|fanout\n"
	"  --connections N     pollers or subscribers (default 1)\n"
	"  --path PATH         what they ask for (default /)\n"
	"  --rate R            polls of each, or messages published, a second (default "
	"1)\n"
	"  --burst N           messages published at once, of each of those (default 1)\n"
	"  --size BYTES        of a body or message (default 200)\n"
	"  --seconds S         how long (default 1)\n"
	"  --publish-path PATH where messages are posted to (default /)\n"
	"  --publish-port PORT (default: as --port)\n"
	"  --publish-prefix TEXT, --publish-suffix TEXT\n"
	"                      what stands around a message in the body of a POST\n"
	"Prints a line when all are there, begins when a line comes on stdin, prints one "
	"line "
	"of\n"
	"JSON, keeps the connections until the end of stdin. Every body and message is "
	"compared,\n"
	"every subscriber gets every message once and in order: else it exits with 1.\n";

static const struct option long_options[] = {{"port", required_argument, NULL, 'p'},
	{"case", required_argument, NULL, 'c'},
	{"connections", required_argument, NULL, 'n'},
	{"path", required_argument, NULL, 'u'}, {"rate", required_argument, NULL, 'r'},
	{"burst", required_argument, NULL, 'B'}, {"size", required_argument, NULL, 's'},
	{"seconds", required_argument, NULL, 't'},
	{"publish-path", required_argument, NULL, 'U'},
	{"publish-port", required_argument, NULL, 'P'},
	{"publish-prefix", required_argument, NULL, 'a'},
	{"publish-suffix", required_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};

static bool parse_number(const char *value, double min, double max, double *ret_number)
{
	char *end;
	*ret_number = strtod(value, &end);
	return end != value && *end == '\0' && *ret_number >= min && *ret_number <= max;
}

static bool parse_port(const char *value, struct sockaddr_in *address)
{
	double number;
	if (!parse_number(value, 1, UINT16_MAX, &number))
		return false;
	*address = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)number)};
	return true;
}

static bool parse_case(const char *name, struct push_options *options)
{
	options->case_name = name;
	options->kind = strcmp(name, "poll") == 0 ? PUSH_POLL : PUSH_FANOUT;
	return options->kind == PUSH_POLL || strcmp(name, "fanout") == 0;
}

static bool parse_amount(int letter, const char *value, struct push_options *options)
{
	double number;
	switch (letter) {
	case 'n':
		if (!parse_number(value, 1, 1000000, &number))
			return false;
		options->connections = (uint32_t)number;
		return true;
	case 's':
		if (!parse_number(value, NUMBERED_DIGITS, MESSAGE_BYTES_MAX, &number))
			return false;
		options->message_bytes = (size_t)number;
		return true;
	case 'B':
		if (!parse_number(value, 1, PUSH_BURST_MAX, &number))
			return false;
		options->burst = (uint32_t)number;
		return true;
	case 'r':
		return parse_number(value, 0.01, 1e6, &options->rate);
	case 't':
		return parse_number(value, 0.01, 3600, &options->seconds);
	default:
		return false;
	}
}

static bool parse_option(int letter, const char *value, struct push_options *options)
{
	switch (letter) {
	case 'p':
		return parse_port(value, &options->address);
	case 'P':
		return parse_port(value, &options->publish_address);
	case 'c':
		return parse_case(value, options);
	case 'u':
		options->path = value;
		return true;
	case 'U':
		options->publish_path = value;
		return true;
	case 'a':
		options->publish_prefix = value;
		return true;
	case 'b':
		options->publish_suffix = value;
		return true;
	default:
		return parse_amount(letter, value, options);
	}
}

bool push_options_parse(
	int argument_count, char **arguments, struct push_options *ret_options)
{
	*ret_options = (struct push_options){.path = "/",
		.publish_path = "/",
		.publish_prefix = "",
		.publish_suffix = "",
		.message_bytes = 200,
		.connections = 1,
		.rate = 1,
		.burst = 1,
		.seconds = 1};
	int letter;
	while ((letter = getopt_long(
			argument_count, arguments, "", long_options, NULL)) >= 0) {
		if (parse_option(letter, optarg, ret_options))
			continue;
		(void)fprintf(stderr, "bench_push: bad option or value\n%s", usage);
		return false;
	}
	if (ret_options->case_name == NULL || ret_options->address.sin_port == 0 ||
		optind < argument_count) {
		(void)fputs(usage, stderr);
		return false;
	}
	if (ret_options->publish_address.sin_port == 0)
		ret_options->publish_address = ret_options->address;
	return true;
}
