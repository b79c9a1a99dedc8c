// SPDX-License-Identifier: MIT
// The command line; see the header.
#include "wherry/command/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "options_help_priv.h"
#include "wherry/conf/conf_suggest.h"
#include "wherry/conf/conf_value.h"

enum {
	FLAGS_MAX = OPTIONS_VALUES_MAX,
	FLAG_VALUE = 256, // getopt's number of the first flag, behind all letters
};

// What getopt_long wants to know of a command's flags.
struct getopt_table {
	struct option options[FLAGS_MAX + 2]; // and help, and the end
	char letters[2 * FLAGS_MAX + 3];
};

static void fill(struct getopt_table *table, const struct options_flag *flags)
{
	char *letter = table->letters;
	size_t count = 0;
	*table = (struct getopt_table){0};
	*letter++ = ':'; // a value that lacks is told apart, and getopt says nothing
	for (; count < FLAGS_MAX && flags[count].name; count++) {
		bool is_switch = flags[count].form == OPTIONS_SWITCH;
		table->options[count] = (struct option){
			.name = flags[count].name,
			.has_arg = is_switch ? no_argument : required_argument,
			.val = FLAG_VALUE + (int)count,
		};
		if (!flags[count].letter)
			continue;
		*letter++ = flags[count].letter;
		if (!is_switch)
			*letter++ = ':';
	}
	table->options[count] = (struct option){"help", no_argument, NULL, 'h'};
	*letter = 'h';
}

static enum options_result complain(const struct options *options, const char *what)
{
	const char *name = options->command->name;
	fprintf(stderr, "wherry %s: %s; see wherry %s --help\n", name, what, name);
	return OPTIONS_BAD;
}

static const struct options_flag *find_flag(const struct options_flag *flags, int got)
{
	if (got >= FLAG_VALUE)
		return &flags[got - FLAG_VALUE];
	while (flags->name && flags->letter != got)
		flags++;
	return flags->name ? flags : NULL;
}

// What getopt has stopped at: a letter, or the whole word.
static enum options_result complain_of_flag(
	const struct options *options, int got, const char *word)
{
	const struct options_flag *flags = options->command->flags;
	struct conf_suggest suggest;
	char what[128];
	if (optopt >= FLAG_VALUE) {
		(void)snprintf(what, sizeof(what), "--%s %s",
			flags[optopt - FLAG_VALUE].name,
			got == ':' ? "lacks its value" : "takes no value");
		return complain(options, what);
	}
	if (optopt != 0) {
		(void)snprintf(what, sizeof(what), "-%c %s", optopt,
			got == ':' ? "lacks its value" : "is no option");
		return complain(options, what);
	}
	word += strspn(word, "-");
	conf_suggest_init(&suggest, (struct str){word, strcspn(word, "=")});
	for (; flags->name; flags++)
		conf_suggest_offer(&suggest, str_from(flags->name));
	bool is_near = suggest.nearest.length > 0;
	(void)snprintf(what, sizeof(what), "--%.40s is no option%s%.*s%s", word,
		is_near ? " (did you mean --" : "", STR_ARG(suggest.nearest),
		is_near ? "?)" : "");
	return complain(options, what);
}

static bool fits(enum options_form form, const char *text)
{
	uint64_t value;
	switch (form) {
	case OPTIONS_NUMBER:
		return str_parse_u64(str_from(text), INT64_MAX, &value);
	case OPTIONS_DURATION:
		return conf_value_parse_duration(str_from(text), &value);
	case OPTIONS_TEXT:
	case OPTIONS_SWITCH:
		break;
	}
	return true;
}

static bool add(
	struct options *options, const struct options_flag *flag, const char *text)
{
	char what[128];
	if (options->count == OPTIONS_VALUES_MAX) {
		(void)complain(options, "there are too many options");
		return false;
	}
	if (!fits(flag->form, text)) {
		(void)snprintf(what, sizeof(what), "%s is no %s (expected %s)",
			flag->value, flag->form == OPTIONS_NUMBER ? "number" : "duration",
			flag->form == OPTIONS_NUMBER ? "digits" : "500ms, 5s or 5m");
		(void)complain(options, what);
		return false;
	}
	options->values[options->count++] = (struct options_value){flag, text};
	return true;
}

static bool is_given(const struct options *options, const struct options_flag *flag)
{
	for (size_t i = 0; i < options->count; i++) {
		if (options->values[i].flag == flag)
			return true;
	}
	return false;
}

static const struct options_flag *find_missing(
	const struct options *options, const struct options_flag *flags)
{
	while (flags && flags->name && (!flags->is_required || is_given(options, flags)))
		flags++;
	return flags && flags->name ? flags : NULL;
}

static enum options_result check_complete(const struct options *options)
{
	const struct options_command *command = options->command;
	const struct options_flag *word = find_missing(options, command->words);
	const struct options_flag *flag = find_missing(options, command->flags);
	const char *problem = command->check ? command->check(options) : NULL;
	char what[128];
	if (word)
		(void)snprintf(what, sizeof(what), "%s is missing", word->value);
	else if (flag)
		(void)snprintf(what, sizeof(what), "--%s %s is missing", flag->name,
			flag->value);
	else if (problem)
		(void)snprintf(what, sizeof(what), "%s", problem);
	else
		return OPTIONS_OK;
	return complain(options, what);
}

static enum options_result read_words(struct options *options, char **words)
{
	const struct options_flag *flag = options->command->words;
	for (; *words; words++, flag++) {
		if (!flag || !flag->name)
			return complain(options, "there is an argument too many");
		if (!add(options, flag, *words))
			return OPTIONS_BAD;
	}
	return check_complete(options);
}

static enum options_result read_command(struct options *options, int argc, char **argv)
{
	const struct options_command *command = options->command;
	struct getopt_table table;
	int got;
	fill(&table, command->flags);
	optind = 0; // starts anew, as tests do
	while ((got = getopt_long(argc, argv, table.letters, table.options, NULL)) !=
		-1) {
		if (got == 'h') {
			options_help_print_command(command);
			return OPTIONS_DONE;
		}
		const struct options_flag *flag = find_flag(command->flags, got);
		if (!flag)
			return complain_of_flag(options, got, argv[optind - 1]);
		if (!add(options, flag, optarg))
			return OPTIONS_BAD;
	}
	return read_words(options, argv + optind);
}

// How many of the words are the command's name; 0: it is another one.
static int match_name(const char *name, int argc, char **argv)
{
	const char *space = strchr(name, ' ');
	size_t length = space ? (size_t)(space - name) : strlen(name);
	if (strlen(argv[1]) != length || strncmp(argv[1], name, length) != 0)
		return 0;
	if (!space)
		return 1;
	return argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

static bool is_help_option(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool prints_about_all(
	const struct options_command *commands, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	bool is_version = strcmp(name, "version") == 0 || strcmp(name, "--version") == 0;
	bool is_help = strcmp(name, "help") == 0 || is_help_option(name);
	if (is_help || (is_version && argc > 2 && is_help_option(argv[2])))
		options_help_print_all(commands, "", stdout);
	else if (is_version)
		printf("wherry %s\n", WHERRY_VERSION);
	return is_help || is_version;
}

// "server", which several commands begin with.
static bool is_group(const struct options_command *commands, const char *word)
{
	size_t length = strlen(word);
	while (commands->name && (strncmp(commands->name, word, length) != 0 ||
					 commands->name[length] != ' '))
		commands++;
	return commands->name != NULL;
}

static enum options_result refuse_command(
	const struct options_command *commands, int argc, char **argv)
{
	bool has_group = argc > 1 && is_group(commands, argv[1]);
	const char *group = has_group ? argv[1] : "";
	if (has_group && argc > 2 && is_help_option(argv[2])) {
		options_help_print_all(commands, group, stdout);
		return OPTIONS_DONE;
	}
	if (has_group && argc > 2)
		fprintf(stderr, "wherry: there is no command \"%s %s\"\n", group,
			argv[2]);
	else if (argc > 1 && !has_group)
		fprintf(stderr, "wherry: there is no command \"%s\"\n", argv[1]);
	options_help_print_all(commands, group, stderr);
	return OPTIONS_BAD;
}

enum options_result options_read(const struct options_command *commands, int argc,
	char **argv, struct options *ret_options)
{
	*ret_options = (struct options){0};
	if (prints_about_all(commands, argc, argv))
		return OPTIONS_DONE;
	for (const struct options_command *one = commands; argc > 1 && one->name; one++) {
		int words = match_name(one->name, argc, argv);
		ret_options->command = one;
		if (words > 0)
			return read_command(ret_options, argc - words, argv + words);
	}
	return refuse_command(commands, argc, argv);
}

bool options_has(const struct options *options, const char *name)
{
	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->values[i].flag->name, name) == 0)
			return true;
	}
	return false;
}

const char *options_text(const struct options *options, const char *name)
{
	const char *text = NULL;
	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->values[i].flag->name, name) == 0)
			text = options->values[i].text;
	}
	return text;
}
