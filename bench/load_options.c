// SPDX-License-Identifier: MIT
// The load generator's command line.
#include "load_options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

static const char usage[] =
	"usage: bench_load --port PORT --case echo|handshake|http-get|idle\n"
	"  --tls full|resume   over TLS 1.3; how a connection after the first shakes "
	"hands\n"
	"  --header LINE       goes with every upgrade; may be given more than once\n"
	"  --size BYTES        payload of an echo (default 125)\n"
	"  --connections N     (default 1)\n"
	"  --in-flight N       messages under way on one connection (default 1)\n"
	"  --seconds S         how long to send (default 1), or\n"
	"  --messages N        how many messages all connections send together\n"
	"  --gate              print a line when all connections are open, begin when a "
	"line\n"
	"                      comes on stdin, keep them open after the report until its "
	"end\n"
	"Compares every byte that comes back; prints one line of JSON; exits with 1 if "
	"anything\n"
	"was not as expected.\n";

static const struct option long_options[] = {{"port", required_argument, NULL, 'p'},
	{"case", required_argument, NULL, 'c'}, {"size", required_argument, NULL, 's'},
	{"tls", required_argument, NULL, 'T'}, {"header", required_argument, NULL, 'H'},
	{"connections", required_argument, NULL, 'n'},
	{"in-flight", required_argument, NULL, 'f'},
	{"seconds", required_argument, NULL, 't'},
	{"messages", required_argument, NULL, 'm'}, {"gate", no_argument, NULL, 'g'},
	{NULL, 0, NULL, 0}};

static bool parse_case(const char *name, struct load_options *options)
{
	static const char *const names[] = {[LOAD_ECHO] = "echo",
		[LOAD_HANDSHAKE] = "handshake",
		[LOAD_HTTP_GET] = "http-get",
		[LOAD_IDLE] = "idle"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		options->kind = (enum load_case)i;
		options->case_name = names[i];
		return true;
	}
	return false;
}

static bool parse_tls(const char *value, enum load_tls *ret_tls)
{
	*ret_tls = strcmp(value, "full") == 0 ? LOAD_TLS_FULL : LOAD_TLS_RESUME;
	return *ret_tls == LOAD_TLS_FULL || strcmp(value, "resume") == 0;
}

static bool add_header(const char *line, char headers[LOAD_HEADERS_MAX])
{
	size_t used = strlen(headers);
	size_t room = LOAD_HEADERS_MAX - used;
	int length = snprintf(headers + used, room, "%s\r\n", line);
	return length > 0 && (size_t)length < room;
}

// What a numeric option may be; anything else has no range and takes no number.
static bool parse_ranged(int letter, const char *value, double *ret_number)
{
	static const struct {
		double min, max;
	} ranges['z'] = {['p'] = {1, UINT16_MAX},
		['s'] = {1, 64 << 20},
		['n'] = {1, 1000000},
		['f'] = {1, 65536},
		['t'] = {0.01, 3600},
		['m'] = {1, 1e12}};
	*ret_number = 0;
	if (letter >= 'z' || ranges[letter].max == 0)
		return true;
	char *end;
	*ret_number = strtod(value, &end);
	return end != value && *end == '\0' && *ret_number >= ranges[letter].min &&
	       *ret_number <= ranges[letter].max;
}

static bool parse_option(int letter, const char *value, struct load_options *options)
{
	double number;
	if (!parse_ranged(letter, value, &number))
		return false;
	switch (letter) {
	case 'p':
		options->address.sin_port = htons((uint16_t)number);
		return true;
	case 'c':
		return parse_case(value, options);
	case 'T':
		return parse_tls(value, &options->tls);
	case 'H':
		return add_header(value, options->headers);
	case 's':
		options->message_bytes = (size_t)number;
		return true;
	case 'n':
		options->connections = (uint32_t)number;
		return true;
	case 'f':
		options->in_flight = (unsigned)number;
		return true;
	case 't':
		options->seconds = number;
		return true;
	case 'm':
		options->messages = (uint64_t)number;
		return true;
	case 'g':
		options->has_gate = true;
		return true;
	default:
		return false;
	}
}

bool load_options_parse(
	int argument_count, char **arguments, struct load_options *ret_options)
{
	*ret_options =
		(struct load_options){.address = {.sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
			.message_bytes = 125,
			.connections = 1,
			.in_flight = 1};
	int letter;
	while ((letter = getopt_long(
			argument_count, arguments, "", long_options, NULL)) >= 0) {
		if (parse_option(letter, optarg, ret_options))
			continue;
		(void)fprintf(stderr, "bench_load: bad option or value\n%s", usage);
		return false;
	}
	if (ret_options->case_name == NULL || ret_options->address.sin_port == 0 ||
		optind < argument_count) {
		(void)fputs(usage, stderr);
		return false;
	}
	if (ret_options->kind == LOAD_HTTP_GET)
		ret_options->message_bytes = ANSWER_BODY_BYTES;
	if (ret_options->seconds == 0 && ret_options->messages == 0)
		ret_options->seconds = 1;
	return true;
}
