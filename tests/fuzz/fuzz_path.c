// SPDX-License-Identifier: MIT
// Canonical paths: no longer than what came, one spelling only, and canonical again.
// Input: one byte of options, then the path behind its first "/".
#include <string.h>

#include "fuzz.h"

#include "wherry/base/path.h"

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

static bool has_dot_segment(struct str path)
{
	size_t start = 1;
	for (size_t at = 1; at <= path.length; at++) {
		if (at < path.length && path.data[at] != '/')
			continue;
		struct str segment = {path.data + start, at - start};
		if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
			return true;
		start = at + 1;
	}
	return false;
}

static void require_canonical(struct str path, struct path_options options)
{
	FUZZ_REQUIRE(path.length > 0 && path.data[0] == '/');
	FUZZ_REQUIRE(options.keep_dots || !has_dot_segment(path));
	for (size_t i = 0; i < path.length; i++) {
		char c = path.data[i];
		FUZZ_REQUIRE(c > ' ' && c < 0x7f && c != '#' && c != '\\');
		if (options.drop_parameters)
			FUZZ_REQUIRE(c != ';');
		if (options.merge_slashes && i > 0)
			FUZZ_REQUIRE(c != '/' || path.data[i - 1] != '/');
		if (c == '%')
			FUZZ_REQUIRE(i + 2 < path.length &&
				     is_hex_digit(path.data[i + 1]) &&
				     is_hex_digit(path.data[i + 2]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 1 << 16)
		return 0;
	struct path_options options = {
		.allow_encoded_slash = data[0] & 1,
		.merge_slashes = data[0] & 2,
		.drop_parameters = data[0] & 4,
		.decode_slash = data[0] & 8,
		.keep_dots = data[0] & 16,
	};
	char *path = malloc(size);
	char *once = malloc(size);
	char *twice = malloc(size);
	FUZZ_REQUIRE(path && once && twice);
	memcpy(path, data, size);
	path[0] = '/';
	size_t once_length;
	size_t twice_length;
	if (path_canonical((struct str){path, size}, options, once, &once_length) ==
		PATH_OK) {
		FUZZ_REQUIRE(once_length <= size);
		require_canonical((struct str){once, once_length}, options);
		FUZZ_REQUIRE(path_canonical((struct str){once, once_length}, options,
				     twice, &twice_length) == PATH_OK);
		FUZZ_REQUIRE(str_equal((struct str){once, once_length},
			(struct str){twice, twice_length}));
	}
	free(path);
	free(once);
	free(twice);
	return 0;
}
