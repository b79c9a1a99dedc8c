// SPDX-License-Identifier: MIT
// htpasswd files: what is taken, and what is said about the rest.
#include "wherry/proxy/htpasswd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

#define BCRYPT "$2y$05$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm"
#define SHA512                                                                           \
	"$6$XVk/8ERi0H/yV8wc$IGMrAzqF3HwD/CLfJoi48F9FlC.dRi43QrBzxfH8A3B."               \
	"RnhjIStisd7m4z.0ezzPAlyPNrF3PxIRqKLUJKgoC1"
#define SHA256 "$5$9fPdtwrycfZhQix3$BmQcbmbUSQX.7XjPIAVRlMcsT3pRjbuBcTIEFHaVw32"
#define MD5 "$1$pYmWJUiK$JsS84xR3dAxFCqthvcBbG1"
#define YESCRYPT                                                                         \
	"$y$j9T$6/10XQBcoHJbjqrkqvhim1$ScsvrSBPLYWR90/2GdgdbszHko42XsVkLbfBiawYzx4"

static struct htpasswd *parse(const char *text, struct buf *errors)
{
	*errors = BUF_INIT;
	return htpasswd_parse("users", str_from(text), errors);
}

static const struct {
	const char *name, *text;
	size_t count;
} GOOD[] = {
	{"one", "ann:" BCRYPT "\n", 1},
	{"without a line end", "ann:" BCRYPT, 1},
	{"with CRLF", "ann:" BCRYPT "\r\nbob:" MD5 "\r\n", 2},
	{"comments and empty lines", "# users\n\nann:" BCRYPT "\n\n", 1},
	{"a comment behind the hash", "ann:" BCRYPT ":Ann of Green Gables\n", 1},
	{"all kinds",
		"a:" BCRYPT "\nb:" SHA512 "\nc:" SHA256 "\nd:" MD5 "\ne:" YESCRYPT "\n",
		5},
	{"UTF-8", "j\xc3\xb6rg:" BCRYPT "\n", 1},
	{"a space inside", "ann boleyn:" BCRYPT "\n", 1},
};

Test(htpasswd, reads_files)
{
	for (size_t i = 0; i < COUNT(GOOD); i++) {
		struct buf errors;
		struct htpasswd *file = parse(GOOD[i].text, &errors);
		cr_assert_not_null(file, "%s", GOOD[i].name);
		cr_expect_eq(htpasswd_count(file), GOOD[i].count, "%s", GOOD[i].name);
		cr_expect_eq(errors.length, 0);
		htpasswd_destroy(file);
		buf_finish(&errors);
	}
}

Test(htpasswd, finds_hashes)
{
	struct buf errors;
	struct htpasswd *file = parse("ann:" BCRYPT "\nbob:" MD5 ":x\n", &errors);
	cr_assert_not_null(file);
	cr_expect_str_eq(htpasswd_find(file, STR("ann")), BCRYPT);
	cr_expect_str_eq(htpasswd_find(file, STR("bob")), MD5);
	cr_expect_str_eq(htpasswd_hash(file, 1), MD5);
	cr_expect_null(htpasswd_find(file, STR("Ann")));
	cr_expect_null(htpasswd_find(file, STR("")));
	htpasswd_destroy(file);
	buf_finish(&errors);
}

static const struct {
	const char *name, *text, *error;
} BAD[] = {
	{"nothing", "", "users: no user in it"},
	{"comments alone", "#\n", "users: no user in it"},
	{"no colon", "hunter2\n", "users:1: no colon"},
	{"no user", ":" BCRYPT "\n", "users:1: bad user name"},
	{"no hash", "ann:\n", "users:1: user \"ann\": no hash"},
	{"a control character", "an\tn:" BCRYPT "\n", "users:1: bad user name"},
	{"space around", " ann:" BCRYPT "\n", "users:1: bad user name"},
	{"twice", "ann:" BCRYPT "\n\nann:" MD5 "\n",
		"users:3: user \"ann\": stands twice"},
	{"Apache's MD5", "a:$apr1$1utWS8I4$txlASqVffe7IZ0UbGLPKC1",
		"users:1: user \"a\": $apr1$"},
	{"SHA-1", "a:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "users:1: user \"a\": {SHA}"},
	{"salted SHA-1", "a:{SSHA}abc", "users:1: user \"a\": {SHA}"},
	{"a plain password", "a:hunter2", "users:1: user \"a\": a plain password"},
	{"DES", "a:abJnggxhB/yWI", "users:1: user \"a\": a plain password"},
	{"an unknown kind", "a:$9$abc", "users:1: user \"a\": unknown kind"},
	{"a bcrypt hash cut off", "a:$2y$05$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT",
		"users:1: user \"a\": damaged"},
	{"a SHA-512 hash cut off", "a:$6$XVk/8ERi0H/yV8wc$IGMrAz",
		"users:1: user \"a\": damaged"},
	{"the prefix alone", "a:$2y$", "users:1: user \"a\": damaged"},
	{"a space in a hash", "a:$1$pYmWJUiK$JsS84xR3dAxFCqthvcBb 1",
		"users:1: user \"a\": damaged"},
	{"bcrypt, too dear",
		"a:$2y$16$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm",
		"users:1: user \"a\": a check of this hash would take too long"},
	{"bcrypt, no cost",
		"a:$2y$xx$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm",
		"users:1: user \"a\": a check of this hash would take too long"},
	{"SHA, too many rounds",
		"a:$5$rounds=999999999$9fPdtwrycfZhQix3$"
		"BmQcbmbUSQX.7XjPIAVRlMcsT3pRjbuBcTIEFHaVw32",
		"users:1: user \"a\": a check of this hash would take too long"},
	{"yescrypt, too much memory",
		"a:$y$jFT$6/10XQBcoHJbjqrkqvhim1$"
		"ScsvrSBPLYWR90/2GdgdbszHko42XsVkLbfBiawYzx4",
		"users:1: user \"a\": a check of this hash would take too long"},
};

Test(htpasswd, says_what_is_wrong)
{
	for (size_t i = 0; i < COUNT(BAD); i++) {
		struct buf errors;
		cr_expect_null(parse(BAD[i].text, &errors), "%s", BAD[i].name);
		cr_expect(str_has_prefix(buf_str(&errors), str_from(BAD[i].error)),
			"%s: %.*s", BAD[i].name, (int)errors.length, errors.data);
		buf_append(&errors, "", 1);
		cr_expect_null(strstr(errors.data, "hunter2"), "%s", BAD[i].name);
		buf_finish(&errors);
	}
}

Test(htpasswd, stops_complaining_and_counts)
{
	struct buf text = BUF_INIT, errors = BUF_INIT;
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "user%d:plain\n", i);
	cr_expect_null(htpasswd_parse("users", buf_str(&text), &errors));
	buf_append(&errors, "", 1);
	cr_expect_not_null(strstr(errors.data, "user19"));
	cr_expect_null(strstr(errors.data, "user20"));
	cr_expect_not_null(strstr(errors.data, "users: and 80 more\n"));
	buf_finish(&text);
	buf_finish(&errors);
}

Test(htpasswd, escapes_what_it_shows)
{
	struct buf errors;
	cr_expect_null(parse("a\xff\"b:plain\n", &errors));
	buf_append(&errors, "", 1);
	cr_expect_null(strchr(errors.data, '\xff'));
	buf_finish(&errors);
}

Test(htpasswd, takes_every_cut_of_a_file_without_harm)
{
	static const char text[] = "# users\r\nann:" BCRYPT ":x\nbob:" YESCRYPT "\n";
	for (size_t i = 0; i < sizeof(text); i++) {
		struct buf errors = BUF_INIT;
		char *copy = malloc(i + 1); // its end is known to the sanitizer
		memcpy(copy, text, i);
		htpasswd_destroy(htpasswd_parse("users", (struct str){copy, i}, &errors));
		buf_finish(&errors);
		free(copy);
	}
}
