// SPDX-License-Identifier: MIT
// Reads htpasswd files; see the header.
#include "wherry/proxy/htpasswd.h"

#include <stdlib.h>
#include <string.h>

#include "htpasswd_hash_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/map.h"
#include "wherry/proto/http_basic.h"

enum {
	MISTAKES_MAX = 20
}; // more say nothing new

struct htpasswd {
	struct map *users; // name -> index + 1
	char (*hashes)[HTPASSWD_HASH_MAX + 1];
	size_t count;
};

struct reading {
	struct htpasswd *file;
	const char *name;
	size_t line;
	size_t mistakes;
	struct buf *errors;
};

static void complain(struct reading *reading, struct str user, const char *problem)
{
	if (++reading->mistakes > MISTAKES_MAX)
		return;
	buf_printf(reading->errors, "%s:%zu: ", reading->name, reading->line);
	if (user.length > 0) {
		buf_append_str(reading->errors, STR("user \""));
		log_escape(reading->errors, LOG_FORMAT_TEXT, user);
		buf_append_str(reading->errors, STR("\": "));
	}
	buf_printf(reading->errors, "%s\n", problem);
}

static bool is_user(struct str user)
{
	for (size_t i = 0; i < user.length; i++) {
		unsigned char byte = (unsigned char)user.data[i];
		if (byte < 0x20 || byte == 0x7f)
			return false;
	}
	return user.length > 0 && user.length <= HTTP_BASIC_USER_MAX &&
	       str_trim(user).length == user.length;
}

static void add(struct reading *reading, struct str user, struct str hash)
{
	struct htpasswd *file = reading->file;
	uintptr_t *place = map_put(file->users, user.data, user.length);
	if (!place) {
		complain(reading, STR(""), "out of memory");
	} else if (*place != 0) {
		complain(reading, user, "stands twice (expected each user once)");
	} else {
		memcpy(file->hashes[file->count], hash.data, hash.length);
		*place = ++file->count;
	}
}

static void read_line(struct reading *reading, struct str line)
{
	if (line.length > 0 && line.data[line.length - 1] == '\r')
		line.length--;
	if (line.length == 0 || line.data[0] == '#')
		return;
	bool has_colon = memchr(line.data, ':', line.length) != NULL;
	struct str user = str_cut_until(&line, ':');
	struct str hash = str_cut_until(&line, ':');
	if (!has_colon) // may be a password
		complain(reading, STR(""), "no colon (expected user:hash)");
	else if (!is_user(user))
		complain(reading, STR(""),
			"bad user name (expected 1 to 255 bytes, no control characters, "
			"no space around it)");
	else if (reading->file->count >= HTPASSWD_USERS_MAX)
		complain(reading, user, "too many users (expected at most 20000)");
	else if (htpasswd_hash_problem(hash))
		complain(reading, user, htpasswd_hash_problem(hash));
	else
		add(reading, user, hash);
}

static size_t count_lines(struct str text)
{
	size_t count = 1;
	for (size_t i = 0; i < text.length; i++)
		count += text.data[i] == '\n';
	return count < HTPASSWD_USERS_MAX ? count : HTPASSWD_USERS_MAX;
}

static void read_lines(struct reading *reading, struct str text)
{
	while (text.length > 0) {
		reading->line++;
		read_line(reading, str_cut_until(&text, '\n'));
	}
	if (reading->mistakes > MISTAKES_MAX)
		buf_printf(reading->errors, "%s: and %zu more\n", reading->name,
			reading->mistakes - MISTAKES_MAX);
	if (reading->mistakes == 0 && reading->file->count == 0) {
		reading->mistakes++;
		buf_printf(reading->errors,
			"%s: no user in it (expected lines user:hash, as htpasswd -B "
			"writes them)\n",
			reading->name);
	}
}

struct htpasswd *htpasswd_parse(
	const char *name, struct str text, struct buf *reterr_text)
{
	struct htpasswd *file = calloc(1, sizeof(*file));
	struct reading reading = {.file = file, .name = name, .errors = reterr_text};
	if (file) {
		file->users = map_create();
		file->hashes = calloc(count_lines(text), sizeof(*file->hashes));
	}
	if (!file || !file->users || !file->hashes) {
		buf_printf(reterr_text, "%s: out of memory\n", name);
		htpasswd_destroy(file);
		return NULL;
	}
	read_lines(&reading, text);
	if (reading.mistakes == 0)
		return file;
	htpasswd_destroy(file);
	return NULL;
}

void htpasswd_destroy(struct htpasswd *file)
{
	if (!file)
		return;
	if (file->hashes)
		explicit_bzero(file->hashes, file->count * sizeof(*file->hashes));
	free(file->hashes);
	map_destroy(file->users);
	free(file);
}

size_t htpasswd_count(const struct htpasswd *file)
{
	return file->count;
}

const char *htpasswd_find(const struct htpasswd *file, struct str user)
{
	const uintptr_t *place = map_find(file->users, user.data, user.length);
	return place && *place > 0 ? file->hashes[*place - 1] : NULL;
}

const char *htpasswd_hash(const struct htpasswd *file, size_t index)
{
	return file->hashes[index];
}
