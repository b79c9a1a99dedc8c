// SPDX-License-Identifier: MIT
// Reads the command line, runs the command, and gives its exit code.
#include <signal.h>

#include "wherry/command/commands.h"

int main(int argc, char **argv)
{
	struct options options;
	(void)signal(SIGPIPE, SIG_IGN); // a peer that is gone is an error of its write
	switch (options_read(commands_all, argc, argv, &options)) {
	case OPTIONS_OK:
		return (int)options.command->run(&options);
	case OPTIONS_DONE:
		return OPTIONS_EXIT_OK;
	case OPTIONS_BAD:
		break;
	}
	return OPTIONS_EXIT_USAGE;
}
