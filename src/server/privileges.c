// SPDX-License-Identifier: MIT
// From root to the user that serves; see the header.
#include "wherry/server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wherry/base/log.h"

#define CAPABILITY(number) (UINT64_C(1) << (number))

static const uint64_t to_bind = CAPABILITY(CAP_NET_BIND_SERVICE);
// What makes root's access to files: who says "user: root" has such files.
static const uint64_t for_files = CAPABILITY(CAP_DAC_OVERRIDE) |
				  CAPABILITY(CAP_DAC_READ_SEARCH) |
				  CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_FOWNER);

// Lets go of all but wanted; gives what of it is there. The C library has no such call.
static bool keep_capabilities(uint64_t wanted, uint64_t *ret_kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	*ret_kept = 0;
	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(wanted >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
		*ret_kept |= (uint64_t)data[i].permitted << (32 * i);
	}
	return syscall(SYS_capset, &header, data) == 0;
}

static const struct passwd *find_user(const char *name, bool *ret_is_fallback)
{
	*ret_is_fallback = false;
	if (name)
		return getpwnam(name);
	const struct passwd *found = getpwnam("wherry");
	if (found)
		return found;
	*ret_is_fallback = true;
	return getpwnam("nobody");
}

static bool refuse_unknown(const char *name)
{
	if (name)
		log_error("user: there is no user \"%s\" (expected one of this machine)",
			name);
	else
		log_error("there is neither a user wherry nor nobody (expected one of "
			  "them, or \"user: NAME\" in the configuration)");
	return false;
}

static bool become(const struct passwd *user)
{
	// What is permitted outlives the change of user, and keep_capabilities cuts it.
	if (prctl(PR_SET_KEEPCAPS, 1) == 0 &&
		initgroups(user->pw_name, user->pw_gid) == 0 &&
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0 &&
		prctl(PR_SET_KEEPCAPS, 0) == 0)
		return true;
	log_error("user: can't become %s: %s (expected CAP_SETUID and CAP_SETGID, or "
		  "\"user: root\" in the configuration)",
		user->pw_name, strerrordesc_np(errno));
	return false;
}

static bool drop_capabilities(struct privileges *privileges)
{
	uint64_t kept;
	if (!keep_capabilities(
		    privileges->is_root ? to_bind | for_files : to_bind, &kept)) {
		log_error("capabilities: %s (expected to be able to drop them)",
			strerrordesc_np(errno));
		return false;
	}
	privileges->may_bind = kept & to_bind;
	// Nothing that was tried must be believed: a saved user, a capability left over.
	if (!privileges->is_root && (setuid(0) == 0 || geteuid() == 0)) {
		log_error("user: %s can become root again (expected that it can't)",
			privileges->user);
		return false;
	}
	return true;
}

static void set_name(struct privileges *privileges, const struct passwd *user)
{
	if (user)
		(void)snprintf(
			privileges->user, sizeof(privileges->user), "%s", user->pw_name);
	else
		(void)snprintf(privileges->user, sizeof(privileges->user), "%u",
			(unsigned)geteuid());
}

// Not started by root: whoever it is stays.
static bool stay(const char *name, struct privileges *privileges)
{
	const struct passwd *wanted = name ? getpwnam(name) : NULL;
	if (name && !wanted)
		return refuse_unknown(name);
	privileges->is_other = wanted && wanted->pw_uid != geteuid();
	set_name(privileges, getpwuid(geteuid()));
	return drop_capabilities(privileges);
}

bool privileges_drop(const char *user, struct privileges *ret_privileges)
{
	*ret_privileges = (struct privileges){0};
	if (geteuid() != 0)
		return stay(user, ret_privileges);
	const struct passwd *found = find_user(user, &ret_privileges->is_fallback);
	if (!found)
		return refuse_unknown(user);
	set_name(ret_privileges, found);
	ret_privileges->is_root = found->pw_uid == 0;
	if (!ret_privileges->is_root && !become(found))
		return false;
	return drop_capabilities(ret_privileges);
}
