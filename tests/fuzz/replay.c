// SPDX-License-Identifier: MIT
// Feeds every file of the given folders to one fuzz target, without libFuzzer: the corpus
// is a unit test of every build.
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

enum {
	MAX_BYTES = 1 << 20,
	MAX_PATH_BYTES = 4096,
};

static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	uint8_t *data = malloc(MAX_BYTES);
	FUZZ_REQUIRE(data);
	size_t size = fread(data, 1, MAX_BYTES, file);
	bool is_read = !ferror(file);
	fclose(file);
	// An exact copy, so that the address sanitizer sees one byte too many.
	uint8_t *exact = malloc(size > 0 ? size : 1);
	FUZZ_REQUIRE(exact);
	memcpy(exact, data, size);
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return is_read;
}

// Returns how many files were replayed; 0 if the folder can't be read.
static size_t replay_folder(const char *folder)
{
	size_t count = 0;
	DIR *entries = opendir(folder);
	if (!entries)
		return 0;
	for (struct dirent *entry; (entry = readdir(entries));) {
		char path[MAX_PATH_BYTES];
		if (entry->d_name[0] == '.')
			continue;
		int length = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		FUZZ_REQUIRE(length > 0 && (size_t)length < sizeof(path));
		FUZZ_REQUIRE(replay_file(path));
		count++;
	}
	closedir(entries);
	return count;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t count = replay_folder(argv[i]);
		printf("%s: %zu inputs\n", argv[i], count);
		if (count == 0)
			return 1;
	}
	return argc > 1 ? 0 : 2;
}
