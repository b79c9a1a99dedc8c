// SPDX-License-Identifier: MIT
// Command lines against a table of commands.
#include "wherry/command/options.h"

#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "wherry/command/commands.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	ARGS_MAX = 48
};

static const struct options_flag sail_words[] = {
	{"boat", "BOAT", "which one", OPTIONS_TEXT, 0, true},
	{"crew", "CREW", "how many", OPTIONS_NUMBER, 0, false},
	{0},
};
static const struct options_flag sail_flags[] = {
	{"chart", "FILE", "where to", OPTIONS_TEXT, 'c', true},
	{"for", "TIME", "how long", OPTIONS_DURATION, 0, false},
	{"fast", NULL, "in haste", OPTIONS_SWITCH, 'f', false},
	{0},
};
static const struct options_flag no_flags[] = {{0}};

static const char *check_haste(const struct options *options)
{
	return options_has(options, "fast") && options_has(options, "for")
		       ? "--fast needs no --for"
		       : NULL;
}

static const struct options_command table[] = {
	{"sail", "BOAT [CREW] -c FILE", "go somewhere", "Goes somewhere.\n", sail_words,
		sail_flags, NULL, check_haste, NULL, false, false},
	{"sail back", "", "come home", "Comes home.\n", NULL, no_flags, NULL, NULL, NULL,
		false, false},
	{"boat add", "", "one more", "One more.\n", NULL, no_flags, NULL, NULL, NULL,
		false, false},
	{"boat sell", "", "one less", "One less.\n", NULL, no_flags, "Gone.\n", NULL,
		NULL, false, false},
	{0},
};

// The line is cut at its spaces.
static enum options_result read_line(
	const struct options_command *commands, char *line, struct options *ret_options)
{
	char *args[ARGS_MAX + 1] = {"wherry"};
	int count = 1;
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		cr_assert_lt(count, ARGS_MAX);
		args[count++] = word;
	}
	return options_read(commands, count, args, ret_options);
}

struct row {
	const char *line;
	enum options_result expected;
	const char *command; // NULL: any
};

static const struct row rows[] = {
	// good
	{"sail ann -c x", OPTIONS_OK, "sail"},
	{"sail ann 4 --chart x --for 5m", OPTIONS_OK, "sail"},
	{"sail -c x ann", OPTIONS_OK, "sail"},
	{"sail --chart=x -f ann", OPTIONS_OK, "sail"},
	{"boat add", OPTIONS_OK, "boat add"},
	{"boat sell", OPTIONS_OK, "boat sell"},
	// printed
	{"help", OPTIONS_DONE, NULL},
	{"--help", OPTIONS_DONE, NULL},
	{"version", OPTIONS_DONE, NULL},
	{"--version", OPTIONS_DONE, NULL},
	{"sail --help", OPTIONS_DONE, "sail"},
	{"boat sell -h", OPTIONS_DONE, "boat sell"},
	{"boat --help", OPTIONS_DONE, NULL},
	// bad
	{"", OPTIONS_BAD, NULL},
	{"swim", OPTIONS_BAD, NULL},
	{"boat", OPTIONS_BAD, NULL},
	{"boat paint", OPTIONS_BAD, NULL},
	{"sail ann", OPTIONS_BAD, NULL},
	{"sail -c x", OPTIONS_BAD, NULL},
	{"sail ann -c", OPTIONS_BAD, NULL},
	{"sail ann four -c x", OPTIONS_BAD, NULL},
	{"sail ann 4 more -c x", OPTIONS_BAD, NULL},
	{"sail ann -c x --for soon", OPTIONS_BAD, NULL},
	{"sail ann -c x --slow", OPTIONS_BAD, NULL},
	{"sail ann -c x --fast=1", OPTIONS_BAD, NULL},
	{"sail ann -c x --fast --for 5m", OPTIONS_BAD, NULL},
	{"boat add ann", OPTIONS_BAD, NULL},
};

Test(options, reads_what_its_table_allows)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct options options;
		char line[128];
		cr_assert_lt(strlen(rows[i].line), sizeof(line));
		strncpy(line, rows[i].line, sizeof(line) - 1);
		line[sizeof(line) - 1] = '\0';
		cr_expect_eq(read_line(table, line, &options), rows[i].expected, "%s",
			rows[i].line);
		if (rows[i].command)
			cr_expect_str_eq(options.command->name, rows[i].command, "%s",
				rows[i].line);
	}
}

static void expect_complaint(const char *line, const char *expected)
{
	struct options options;
	char copy[128], said[256] = "";
	strncpy(copy, line, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	cr_expect_eq(read_line(table, copy, &options), OPTIONS_BAD, "%s", line);
	fflush(stderr);
	FILE *output = cr_get_redirected_stderr();
	cr_expect(fgets(said, sizeof(said), output) != NULL, "%s", line);
	cr_expect_str_eq(said, expected);
}

#define SEE "; see wherry sail --help\n"

Test(options, says_what_is_wrong_with_an_option, .init = cr_redirect_stderr)
{
	expect_complaint("sail ann --chrt x",
		"wherry sail: --chrt is no option (did you mean --chart?)" SEE);
	expect_complaint(
		"sail ann --zzzzzz=1", "wherry sail: --zzzzzz=1 is no option" SEE);
	expect_complaint("sail ann -z", "wherry sail: -z is no option" SEE);
	expect_complaint("sail ann -c", "wherry sail: -c lacks its value" SEE);
	expect_complaint("sail ann --chart", "wherry sail: --chart lacks its value" SEE);
	expect_complaint("sail ann --fast=1", "wherry sail: --fast takes no value" SEE);
	expect_complaint("boat paint", "wherry: there is no command \"boat paint\"\n");
}

Test(options, gives_values_by_their_names)
{
	struct options options;
	char line[] = "sail ann --chart one 12 -f -c two";
	cr_assert_eq(read_line(table, line, &options), OPTIONS_OK);
	cr_expect_str_eq(options_text(&options, "boat"), "ann");
	cr_expect_str_eq(options_text(&options, "crew"), "12");
	cr_expect_str_eq(options_text(&options, "chart"), "two", "the last one counts");
	cr_expect(options_has(&options, "fast"));
	cr_expect_null(options_text(&options, "fast"));
	cr_expect_not(options_has(&options, "for"));
	cr_expect_null(options_text(&options, "for"));
	cr_expect_eq(options.count, 5);
}

Test(options, bounds_how_many_values_there_are)
{
	struct options options;
	char line[] = "sail ann -c x -f -f -f -f -f -f -f -f -f -f -f -f -f -f -f -f -f "
		      "-f -f -f -f -f -f -f -f -f -f -f -f -f -f -f -f -f";
	cr_redirect_stderr();
	cr_expect_eq(read_line(table, line, &options), OPTIONS_BAD);
}

static void expect_flags(const char *command, const struct options_flag *flags)
{
	for (; flags && flags->name; flags++) {
		cr_expect_eq(flags->form == OPTIONS_SWITCH, flags->value == NULL,
			"%s: %s", command, flags->name);
		cr_expect(flags->help && flags->help[0], "%s: %s", command, flags->name);
		cr_expect_null(strchr(flags->help, '\n'), "%s: %s", command, flags->name);
	}
}

Test(options, has_whole_rows_in_the_table_of_all_commands)
{
	for (const struct options_command *one = commands_all; one->name; one++) {
		cr_expect_not_null(one->usage, "%s", one->name);
		cr_expect_not_null(one->run, "%s", one->name);
		cr_expect(one->summary && one->summary[0], "%s", one->name);
		cr_expect_eq(one->text[strlen(one->text) - 1], '\n', "%s", one->name);
		cr_assert_not_null(one->flags, "%s", one->name);
		expect_flags(one->name, one->words);
		expect_flags(one->name, one->flags);
	}
}
