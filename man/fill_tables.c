// SPDX-License-Identifier: MIT
// Build tool: copies a manual's source to standard output and puts the tables that stand
// in the headers in place of its lines @CLOSE_REASONS@ and @METRICS@.
#include <stdio.h>
#include <string.h>

#include "wherry/base/close_reason.h"
#include "wherry/base/counters.h"

static void print_reason(const char *name, unsigned code, const char *help)
{
	if (code != 0)
		printf("*%s* (%u)\n\t%s\n\n", name, code, help);
	else
		printf("*%s*\n\t%s\n\n", name, help);
}

static void print_reasons(void)
{
#define X(symbol, name, code, help) print_reason(name, code, help);
	CLOSE_REASONS(X)
#undef X
}

static void print_metrics(void)
{
#define X(symbol, name, type, help) printf("*%s* (%s)\n\t%s\n\n", name, type, help);
	COUNTERS(X)
#undef X
	printf("*wherry_closes_total* (counter)\n"
	       "\tConnections and relays that ended, by _reason_\n\n");
}

int main(void)
{
	char line[1024];
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (strcmp(line, "@CLOSE_REASONS@\n") == 0)
			print_reasons();
		else if (strcmp(line, "@METRICS@\n") == 0)
			print_metrics();
		else
			fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) != 0;
}
