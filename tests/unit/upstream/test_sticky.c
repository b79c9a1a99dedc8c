// SPDX-License-Identifier: MIT
// Tokens are the same for the same secret and server, and for nothing else.
#include "wherry/upstream/sticky.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

static struct sticky_token make(
	const struct sticky_key *key, const char *group, const char *server)
{
	struct sticky_token token;
	cr_assert(sticky_make_token(key, group, server, &token));
	return token;
}

static struct str shown(const struct sticky_token *token)
{
	return (struct str){token->text, STICKY_TOKEN_LENGTH};
}

// From openssl(1): printf 'app\0http://10.0.0.1:80' | openssl dgst -sha256 -mac HMAC
// -macopt hexkey:0000...
Test(sticky, token_is_an_hmac)
{
	static const struct sticky_key key = {{0}};
	struct sticky_token token = make(&key, "app", "http://10.0.0.1:80");
	cr_expect(sticky_is_equal(&token, STR("962e5cd838e32ae7d1e3fbffe64a85af")),
		"%.32s", token.text);
}

Test(sticky, token_depends_on_all)
{
	struct sticky_key key, other;
	cr_assert(sticky_make_key(&key) && sticky_make_key(&other));
	struct sticky_token token = make(&key, "ab", "c");
	struct sticky_token same = make(&key, "ab", "c");
	struct sticky_token others[] = {
		make(&other, "ab", "c"), make(&key, "a", "bc"), make(&key, "ab", "d")};
	cr_expect(sticky_is_equal(&token, shown(&same)));
	for (size_t i = 0; i < 3; i++)
		cr_expect_not(sticky_is_equal(&token, shown(&others[i])), "%zu", i);
}

Test(sticky, takes_nothing_that_is_forged)
{
	struct sticky_key key;
	cr_assert(sticky_make_key(&key));
	struct sticky_token token = make(&key, "app", "http://10.0.0.1:80");
	for (size_t i = 0; i < STICKY_TOKEN_LENGTH; i++) {
		struct sticky_token forged = token;
		forged.text[i] ^= 1;
		cr_expect_not(sticky_is_equal(&token, shown(&forged)), "%zu", i);
		cr_expect_not(sticky_is_equal(&token, (struct str){token.text, i}));
	}
	cr_expect_not(sticky_is_equal(&token, STR("")));
}

static void write_file(char path[], const char *content, mode_t mode)
{
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

Test(sticky, key_comes_from_the_file)
{
	char path[] = "/tmp/wherry-sticky-XXXXXX", same[] = "/tmp/wherry-sticky-XXXXXX";
	struct sticky_key key, again;
	struct buf text = BUF_INIT;
	write_file(path, "0123456789abcdef", 0600);
	write_file(same, "0123456789abcdef", 0600);
	cr_expect(sticky_read_key(&(struct conf_file){path, "c:1:1"}, &key, &text));
	cr_expect(sticky_read_key(&(struct conf_file){same, "c:1:1"}, &again, &text));
	cr_expect_arr_eq(key.bytes, again.bytes, STICKY_KEY_SIZE);
	cr_expect_eq(text.length, 0);
	unlink(path);
	unlink(same);
}

Test(sticky, says_what_is_wrong_with_a_file)
{
	char path[] = "/tmp/wherry-sticky-XXXXXX";
	char expected[256];
	struct sticky_key key;
	struct buf text = BUF_INIT;
	write_file(path, "0123456789abcde", 0600);
	cr_expect_not(sticky_read_key(&(struct conf_file){path, "c:1:1"}, &key, &text));
	unlink(path);
	cr_expect_not(sticky_read_key(&(struct conf_file){path, "c:2:1"}, &key, &text));
	buf_append(&text, "", 1);
	(void)snprintf(expected, sizeof(expected),
		"c:1:1: %s is too short (expected at least 16 bytes)\n"
		"c:2:1: %s can't be read: No such file or directory\n",
		path, path);
	cr_expect_str_eq(text.data, expected);
	buf_finish(&text);
}
