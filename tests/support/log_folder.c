// SPDX-License-Identifier: MIT
// Log files in a folder of the test's own.
#include "log_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

static char folder[] = "/tmp/wherry-log-XXXXXX";
char log_folder_events[64], log_folder_access[64], log_folder_other[64];

void log_folder_create(void)
{
	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(log_folder_events, sizeof(log_folder_events), "%s/events", folder);
	(void)snprintf(log_folder_access, sizeof(log_folder_access), "%s/access", folder);
	(void)snprintf(log_folder_other, sizeof(log_folder_other), "%s/other", folder);
}

void log_folder_remove(void)
{
	log_stop();
	(void)unlink(log_folder_events);
	(void)unlink(log_folder_access);
	(void)unlink(log_folder_other);
	(void)rmdir(folder);
}

void log_folder_start(enum log_format format, const char *events, const char *access)
{
	struct log_options options = {
		.level = LOG_LEVEL_INFO,
		.format = format,
		.events = events,
		.access = access,
	};

	cr_assert(log_start(&options));
}

const char *log_folder_read(const char *path)
{
	static char content[4 << 20];
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file, "%s", path);
	content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	(void)fclose(file);
	return content;
}

const char *log_folder_after_time(const char *line)
{
	static const char form[] = "0000-00-00T00:00:00.000Z ";

	for (size_t i = 0; form[i]; i++) {
		bool is_digit = line[i] >= '0' && line[i] <= '9';
		cr_assert(form[i] == '0' ? is_digit : line[i] == form[i], "%s", line);
	}
	return line + strlen(form);
}
