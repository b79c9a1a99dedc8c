// SPDX-License-Identifier: MIT
// Help, with its columns; see the header.
#include "options_help_priv.h"

#include <string.h>

enum {
	SYNOPSIS_SIZE = 128
};

static void write_synopsis(
	const struct options_command *command, char text[SYNOPSIS_SIZE])
{
	(void)snprintf(text, SYNOPSIS_SIZE, "wherry %s%s%s", command->name,
		command->usage[0] ? " " : "", command->usage);
}

void options_help_print_all(
	const struct options_command *commands, const char *group, FILE *out)
{
	static const char *const own[][2] = {
		{"wherry version", "print the version"}, {"wherry help", "print this"}};
	char text[SYNOPSIS_SIZE];
	fprintf(out, "usage: wherry %s%sCOMMAND [OPTION ...]\n\n", group,
		group[0] ? " " : "");
	for (; commands->name; commands++) {
		if (strncmp(commands->name, group, strlen(group)) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "wherry %s", commands->name);
		fprintf(out, "  %-22s %s\n", text, commands->summary);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !group[0]; i++)
		fprintf(out, "  %-22s %s\n", own[i][0], own[i][1]);
	fprintf(out, "\nEach command takes --help. See wherry(8) and wherry.yaml(5).\n");
}

static void write_flag(const struct options_flag *flag, char text[SYNOPSIS_SIZE])
{
	char letter[] = "-x, ";
	letter[1] = flag->letter;
	(void)snprintf(text, SYNOPSIS_SIZE, "%s--%s%s%s", flag->letter ? letter : "",
		flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
}

static void write_word(const struct options_flag *word, char text[SYNOPSIS_SIZE])
{
	(void)snprintf(text, SYNOPSIS_SIZE, "%s", word->value);
}

typedef void (*write_cb)(const struct options_flag *flag, char text[SYNOPSIS_SIZE]);

static size_t measure(const struct options_flag *flags, write_cb write, size_t widest)
{
	char text[SYNOPSIS_SIZE];
	for (; flags && flags->name; flags++) {
		write(flags, text);
		if (strlen(text) > widest)
			widest = strlen(text);
	}
	return widest;
}

static void print_flags(const struct options_flag *flags, write_cb write, size_t width)
{
	char text[SYNOPSIS_SIZE];
	for (; flags && flags->name; flags++) {
		write(flags, text);
		printf("  %-*s  %s\n", (int)width, text, flags->help);
	}
}

void options_help_print_command(const struct options_command *command)
{
	char text[SYNOPSIS_SIZE];
	size_t width = measure(
		command->flags, write_flag, measure(command->words, write_word, 0));
	write_synopsis(command, text);
	printf("usage: %s\n\n%s\n", text, command->text);
	print_flags(command->words, write_word, width);
	print_flags(command->flags, write_flag, width);
	if (command->more)
		printf("\n%s", command->more);
}
