// SPDX-License-Identifier: MIT
#include "data_file.h"

#include <dirent.h>
#include <stdio.h>

#include <criterion/criterion.h>

struct buf data_file_read(const char *path)
{
	struct buf text = BUF_INIT;
	char piece[4096];
	size_t length;
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	while ((length = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_append(&text, piece, length);
	cr_assert_not(ferror(file), "%s", path);
	(void)fclose(file);
	buf_append(&text, "", 1);
	text.length--;
	return text;
}

size_t data_file_each(const char *folder, data_file_cb callback)
{
	size_t count = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);
	cr_assert_not_null(dir, "%s", folder);
	while ((entry = readdir(dir)) != NULL) {
		char path[1024];
		if (!str_has_suffix_nocase(str_from(entry->d_name), STR(".yaml")))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		callback(path, entry->d_name);
		count++;
	}
	(void)closedir(dir);
	return count;
}
