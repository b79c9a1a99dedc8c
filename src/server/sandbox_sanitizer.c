// SPDX-License-Identifier: MIT
// The paths of the sanitizers; see the header.
#include "sandbox_sanitizer_priv.h"

#include <stdlib.h>
#include <string.h>

// Reports go to PATH.PID, from "log_path=PATH"; the last one counts. Asking the sanitizer
// itself would make the file.
static void add_report(struct sandbox_paths *paths, const char *options)
{
	static const char key[] = "log_path=";
	const char *found = NULL;
	for (const char *at = options; at && (at = strstr(at, key)) != NULL;)
		found = at += sizeof(key) - 1;
	if (!found)
		return;
	char *path = str_copy((struct str){found, strcspn(found, ":")});
	if (path && strchr(path, '/'))
		sandbox_paths_add_folder_of(paths, path, SANDBOX_LOG);
	free(path);
}

void sandbox_sanitizer_add_paths(struct sandbox_paths *paths)
{
	static const char *const folders[] = {"/proc", "/usr", "/lib", "/lib64", "/bin"};
	if (!SANDBOX_SANITIZER)
		return;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		sandbox_paths_add(paths, folders[i], SANDBOX_RUN);
	char *program = realpath("/proc/self/exe", NULL);
	if (program)
		sandbox_paths_add_folder_of(paths, program, SANDBOX_READ);
	free(program);
	add_report(paths, getenv("ASAN_OPTIONS"));
	add_report(paths, getenv("UBSAN_OPTIONS"));
	add_report(paths, getenv("TSAN_OPTIONS"));
}
