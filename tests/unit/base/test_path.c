// SPDX-License-Identifier: MIT
// Canonical paths: one spelling for each, refusals, and canon(canon(x)) = canon(x).
#include "wherry/base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static const struct path_options plain = {0};
static const struct path_options merging = {.merge_slashes = true};
static const struct path_options dropping = {.drop_parameters = true};
static const struct path_options slashes = {.allow_encoded_slash = true};
static const struct path_options decoding = {
	.allow_encoded_slash = true, .decode_slash = true};
static const struct path_options dotted = {.keep_dots = true};

struct row {
	const char *path, *canonical;
};

// The output is exactly as long as promised, so that the sanitizer sees a byte more.
static enum path_result run(
	struct str path, struct path_options options, char text[], size_t *ret_length)
{
	char *out = malloc(path.length ? path.length : 1);

	cr_assert_not_null(out);
	enum path_result result = path_canonical(path, options, out, ret_length);
	if (result == PATH_OK)
		memcpy(text, out, *ret_length);
	free(out);
	return result;
}

static void expect_rows(const struct row *rows, size_t count, struct path_options options)
{
	for (size_t i = 0; i < count; i++) {
		char text[256];
		size_t length = 0;

		cr_expect_eq(run(str_from(rows[i].path), options, text, &length), PATH_OK,
			"%s", rows[i].path);
		cr_expect(str_equal((struct str){text, length},
				  str_from(rows[i].canonical)),
			"%s gave %.*s", rows[i].path, (int)length, text);
	}
}

#define EXPECT_ROWS(rows, options)                                                       \
	expect_rows(rows, sizeof(rows) / sizeof((rows)[0]), options)

Test(path, normalizes_escapes)
{
	static const struct row rows[] = {
		{"/", "/"},
		{"/a/b.html", "/a/b.html"},
		{"/%61dmin", "/admin"},
		{"/%41%5a%30%2d%2E%5f%7e", "/AZ0-._~"},
		{"/%20%3a%3A%40", "/%20%3A%3A%40"},
		{"/a%3fb%23c", "/a%3Fb%23c"},
		{"/%252e%252E", "/%252e%252E"},
		{"/%25%32%65", "/%252e"},
		{"/a:@!$&'()*+,;=b", "/a:@!$&'()*+,;=b"},
		{"/{a}|[b]", "/{a}|[b]"},
		// UTF-8 and Latin-1
		{"/caf%c3%a9", "/caf%C3%A9"},
		{"/caf%e9", "/caf%E9"},
		{"/%e0%a4%85", "/%E0%A4%85"},
		{"/%f0%9f%98%80", "/%F0%9F%98%80"},
		{"/%e0/%80", "/%E0/%80"},
		{"/%e0a", "/%E0a"},
		{"/%ff%fe", "/%FF%FE"},
	};

	EXPECT_ROWS(rows, plain);
}

Test(path, removes_dot_segments)
{
	static const struct row rows[] = {
		{"/.", "/"},
		{"/./", "/"},
		{"/a/.", "/a/"},
		{"/a/..", "/"},
		{"/a/b/..", "/a/"},
		{"/a/../b", "/b"},
		{"/a/./b/../c", "/a/c"},
		{"/x/../admin", "/admin"},
		{"/x/%2e%2e/admin", "/admin"},
		{"/x/.%2E/admin", "/admin"},
		{"/x/%2e./admin/%2e", "/admin/"},
		{"/...", "/..."},
		{"/..a/.b", "/..a/.b"},
		{"/a//b", "/a//b"},
		{"//", "//"},
		{"/a//../b", "/a/b"},
		{"//..", "/"},
		{"/a/..;x/b", "/a/..;x/b"},
	};

	EXPECT_ROWS(rows, plain);
}

Test(path, merges_slashes_if_told)
{
	static const struct row rows[] = {
		{"//admin", "/admin"},
		{"/a///b//", "/a/b/"},
		{"//", "/"},
		{"/a//../b", "/b"},
		{"/a//.", "/a/"},
		{"/.//", "/"},
	};

	EXPECT_ROWS(rows, merging);
}

Test(path, drops_parameters_if_told)
{
	static const struct row rows[] = {
		{"/admin;x", "/admin"},
		{"/admin;x=1;y/b;z", "/admin/b"},
		{"/a/..;x/b", "/b"},
		{"/a/.;x/b", "/a/b"},
		{"/a/%2e%2e;x", "/"},
		{"/;x/b", "//b"},
		{"/a%3Bx", "/a%3Bx"},
	};

	EXPECT_ROWS(rows, dropping);
}

Test(path, keeps_encoded_slashes_if_told)
{
	static const struct row rows[] = {
		{"/a%2fb%5c", "/a%2Fb%5C"},
		{"/a/..%2fb", "/a/..%2Fb"},
	};

	EXPECT_ROWS(rows, slashes);
}

Test(path, decodes_slashes_if_told)
{
	static const struct row rows[] = {
		{"/a%2fb", "/a/b"},
		{"/a%5Cb", "/a/b"},
		{"/a%2f..%2Fb", "/b"},
		{"/a%252fb", "/a%252fb"},
	};

	EXPECT_ROWS(rows, decoding);
}

Test(path, keeps_dots_if_told)
{
	static const struct row rows[] = {
		{"/a/../b/.", "/a/../b/."},
		{"/..", "/.."},
		{"/%2e%2E/%61", "/../a"},
	};

	EXPECT_ROWS(rows, dotted);
}

Test(path, refuses)
{
	static const struct {
		const char *path;
		enum path_result result;
	} rows[] = {
		{"", PATH_BAD_BYTE},
		{"*", PATH_BAD_BYTE},
		{"a/b", PATH_BAD_BYTE},
		{"/a b", PATH_BAD_BYTE},
		{"/a\\b", PATH_BAD_BYTE},
		{"/a#b", PATH_BAD_BYTE},
		{"/a\tb", PATH_BAD_BYTE},
		{"/a\x7f", PATH_BAD_BYTE},
		{"/caf\xc3\xa9", PATH_BAD_BYTE},
		{"/%00", PATH_BAD_BYTE},
		{"/a%0d%0ab", PATH_BAD_BYTE},
		{"/%1F", PATH_BAD_BYTE},
		{"/%7f", PATH_BAD_BYTE},
		{"/%", PATH_BAD_ESCAPE},
		{"/%4", PATH_BAD_ESCAPE},
		{"/%4/", PATH_BAD_ESCAPE},
		{"/%g0", PATH_BAD_ESCAPE},
		{"/%0g", PATH_BAD_ESCAPE},
		{"/%%61", PATH_BAD_ESCAPE},
		{"/%u0041", PATH_BAD_ESCAPE},
		{"/%+1", PATH_BAD_ESCAPE},
		{"/a%2fb", PATH_ENCODED_SLASH},
		{"/a%2F..%2Fadmin", PATH_ENCODED_SLASH},
		{"/a%5cb", PATH_ENCODED_SLASH},
		{"/%c0%af", PATH_OVERLONG},
		{"/%C0%AE%C0%AE/", PATH_OVERLONG},
		{"/%c0.", PATH_OVERLONG},
		{"/%c1%9c", PATH_OVERLONG},
		{"/%e0%80%af", PATH_OVERLONG},
		{"/%e0%9f%bf", PATH_OVERLONG},
		{"/%f0%80%80%af", PATH_OVERLONG},
		{"/%f0%8f%bf%bf", PATH_OVERLONG},
		{"/%f8%80%80%80%af", PATH_OVERLONG},
		{"/%fc%80%80%80%80%af", PATH_OVERLONG},
		{"/..", PATH_ABOVE_ROOT},
		{"/%2e%2e/etc", PATH_ABOVE_ROOT},
		{"/a/../..", PATH_ABOVE_ROOT},
		{"/a/../../b", PATH_ABOVE_ROOT},
		{"/./..", PATH_ABOVE_ROOT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		size_t length;
		enum path_result result =
			run(str_from(rows[i].path), plain, text, &length);

		cr_expect_eq(result, rows[i].result, "%s gave: %s", rows[i].path,
			path_result_text(result));
	}
	char text[8];
	size_t length;
	cr_expect_eq(run(STR("/a\0b"), plain, text, &length), PATH_BAD_BYTE);
	cr_expect_eq(run(STR("//.."), merging, text, &length), PATH_ABOVE_ROOT);
	cr_expect_eq(run(STR("/..;x"), dropping, text, &length), PATH_ABOVE_ROOT);
	cr_expect_eq(run(STR("/%00"), slashes, text, &length), PATH_BAD_BYTE);
}

Test(path, names_every_result)
{
	for (int result = PATH_OK; result <= PATH_ABOVE_ROOT; result++)
		cr_expect_gt(strlen(path_result_text((enum path_result)result)), 0);
}

// Bits of the number choose the spelling; none may look like another path.
static void spell_admin(unsigned number, char text[128])
{
	static const char *const starts[] = {"/", "/./", "/x/../", "/%2e/", "/x/%2E%2e/",
		"/x/y/../../", "/x/.%2e/./", "//"};
	static const char *const letters[] = {"admin", "%61dmin", "a%64%6Din",
		"ad%6d%69n", "%61%64%6d%69%6e", "admi%6E", "a%64m%69n", "%61d%6Di%6e"};
	static const char *const ends[] = {"", ";x", ";x=1;y", ";"};

	(void)snprintf(text, 128, "%s%s%s", starts[number & 7], letters[number >> 3 & 7],
		ends[number >> 6 & 3]);
}

Test(path, reads_all_spellings_of_a_path_alike)
{
	struct path_options options = {.merge_slashes = true, .drop_parameters = true};

	for (unsigned number = 0; number < 256; number++) {
		char spelling[128], text[128];
		size_t length = 0;

		spell_admin(number, spelling);
		cr_assert_eq(run(str_from(spelling), options, text, &length), PATH_OK,
			"%s", spelling);
		cr_expect(str_equal((struct str){text, length}, STR("/admin")),
			"%s gave %.*s", spelling, (int)length, text);
	}
}

static size_t generate(uint32_t *random, char text[128])
{
	static const char *const pieces[] = {"/", "/", "/", ".", ".", "..", "/..", "a",
		"b", "%2e", "%2E", "%2f", "%5C", "%61", "%25", "%", "%c3%a9", "%e9",
		"%e0", "%80", "%3b", ";", ";x", "%20", "%7e", "~", "%c0"};
	size_t length = 1;

	text[0] = '/';
	*random = *random * 1664525 + 1013904223;
	for (size_t left = *random >> 16 & 15; left > 0; left--) {
		*random = *random * 1664525 + 1013904223;
		const char *piece =
			pieces[(*random >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
		memcpy(text + length, piece, strlen(piece));
		length += strlen(piece);
	}
	return length;
}

Test(path, is_canonical_after_one_pass)
{
	uint32_t random = 20261122;
	size_t good_count = 0;

	for (unsigned i = 0; i < 100000; i++) {
		struct path_options options = {i & 1, i & 2, i & 4, i & 8, i & 16};
		char path[128], once[128], twice[128];
		size_t once_length, twice_length;
		size_t length = generate(&random, path);

		if (run((struct str){path, length}, options, once, &once_length) !=
			PATH_OK)
			continue;
		good_count++;
		cr_assert_leq(once_length, length);
		cr_assert_eq(once[0], '/');
		struct str first = {once, once_length};
		cr_assert_eq(run(first, options, twice, &twice_length), PATH_OK,
			"%.*s from %.*s", STR_ARG(first), (int)length, path);
		cr_assert(str_equal(first, (struct str){twice, twice_length}),
			"%.*s, then %.*s", STR_ARG(first), (int)twice_length, twice);
	}
	cr_expect_gt(good_count, 10000, "the generator makes enough good paths");
}
