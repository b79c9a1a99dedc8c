// SPDX-License-Identifier: MIT
// The order of the sandbox, and what is said of it; see the header.
#include "wherry/server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox_landlock_priv.h"
#include "sandbox_seccomp_priv.h"
#include "wherry/base/log.h"

static struct sandbox_state set_option(bool is_wanted, int option, unsigned long value)
{
	struct sandbox_state state = {.is_wanted = is_wanted};
	if (is_wanted && prctl(option, value, 0, 0, 0) != 0)
		state.error = errno;
	return state;
}

static struct sandbox_state enter_landlock(
	const struct conf *conf, const struct addr *control, int *ret_version)
{
	struct sandbox_state state = {.is_wanted = conf->sandbox.landlock};
	struct sandbox_paths paths;
	*ret_version = 0;
	if (!state.is_wanted)
		return state;
	sandbox_paths_collect(&paths, conf, control);
	state.error =
		paths.is_failed ? ENOMEM : sandbox_landlock_enter(&paths, ret_version);
	sandbox_paths_finish(&paths);
	return state;
}

// 0, or errno. A FIFO is not waited for.
static int try_to_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

// What root could read at the start and the user can't would make the first reload fail.
// Who loads a file says more of it if anything else is wrong.
static bool can_read_files(const struct conf *conf, const char *user)
{
	bool is_good = true;
	for (const struct conf_file_link *link = conf->files; link; link = link->next) {
		if (try_to_read(link->file.path) != EACCES)
			continue;
		log_error("%s: %s: %s (expected a file and folders that user %s may "
			  "read)",
			link->file.named_at, link->file.path, strerrordesc_np(EACCES),
			user);
		is_good = false;
	}
	return is_good;
}

struct measure {
	const char *name; // of the key, and of what is active
	const char *key;
	const struct sandbox_state *state;
	const char *risk; // without it
};

static bool is_active(const struct sandbox_state *state)
{
	return state->is_wanted && state->error == 0;
}

const char *sandbox_state_text(const struct sandbox_state *state)
{
	return is_active(state) ? "active" : state->is_wanted ? "not offered" : "off";
}

static void warn_of(const struct measure *measure)
{
	if (!measure->state->is_wanted)
		log_warn("%s: off in the configuration: %s", measure->key, measure->risk);
	else if (measure->state->error != 0)
		log_warn("%s: the kernel does not offer it here (%s): %s", measure->key,
			strerrordesc_np(measure->state->error), measure->risk);
}

static void warn_of_user(const struct privileges *privileges)
{
	if (privileges->is_root)
		log_warn("user: serving as root, as the configuration says: whoever "
			 "breaks in is root");
	if (privileges->is_fallback)
		log_warn("user: there is no user wherry, so serving as nobody (expected "
			 "that user, or \"user: NAME\" in the configuration)");
	if (privileges->is_other)
		log_warn("user: not started by root, so staying %s", privileges->user);
}

// Each later measure makes an earlier one impossible, or needs it.
bool sandbox_enter(
	const struct conf *conf, const struct addr *control, struct sandbox *ret_sandbox)
{
	const struct conf_sandbox *wanted = &conf->sandbox;
	struct sandbox *sandbox = ret_sandbox;
	*sandbox = (struct sandbox){0};
	if (!privileges_drop(conf->user, &sandbox->privileges))
		return false;
	// A change of user has done it too, and a later one of the file would undo it.
	sandbox->no_core_dumps = set_option(!wanted->core_dumps, PR_SET_DUMPABLE, 0);
	if (wanted->core_dumps)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); // fails only for a bad value
	sandbox->no_new_privs = set_option(wanted->no_new_privs, PR_SET_NO_NEW_PRIVS, 1);
	sandbox->landlock = enter_landlock(conf, control, &sandbox->landlock_version);
	sandbox->seccomp.is_wanted = wanted->seccomp;
	if (wanted->seccomp)
		sandbox->seccomp.error = sandbox_seccomp_enter();
	if (!conf->path) // no file, no reload: what was loaded before the drop is enough
		return true;
	sandbox->conf_error = try_to_read(conf->path);
	if (can_read_files(conf, sandbox->privileges.user))
		return true;
	warn_of_user(&sandbox->privileges); // who that user is may be a surprise
	return false;
}

void sandbox_log(const struct sandbox *sandbox)
{
	const struct measure measures[] = {
		{"no_new_privs", "sandbox.no_new_privs", &sandbox->no_new_privs,
			"programs could gain privileges"},
		{"no core dumps", "sandbox.core_dumps", &sandbox->no_core_dumps,
			"a core file would hold keys"},
		{"seccomp", "sandbox.seccomp", &sandbox->seccomp,
			"any system call is possible"},
		{"landlock", "sandbox.landlock", &sandbox->landlock,
			"any file of this user is within reach"},
	};
	struct buf active = BUF_INIT;
	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		if (is_active(measures[i].state))
			buf_printf(&active, ", %s", measures[i].name);
		else
			warn_of(&measures[i]);
	}
	warn_of_user(&sandbox->privileges);
	if (sandbox->conf_error != 0)
		log_warn("the configuration itself can't be read again by user %s: %s",
			sandbox->privileges.user, strerrordesc_np(sandbox->conf_error));
	log_info("hardening: user %s, %s%.*s", sandbox->privileges.user,
		sandbox->privileges.may_bind ? "may bind low ports" : "no capabilities",
		STR_ARG(buf_str(&active)));
	buf_finish(&active);
}
