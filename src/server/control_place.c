// SPDX-License-Identifier: MIT
// Places of the control socket; see the header.
#include "wherry/server/control_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_FOLDER "/run/wherry"
#define SOCKET_NAME "control.sock"

// False: the environment has none, or one that is too long.
static bool find_user_folder(char folder[ADDR_UNIX_PATH_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	if (!runtime || runtime[0] != '/')
		return false;
	int length = snprintf(folder, ADDR_UNIX_PATH_MAX, "%s/wherry", runtime);
	return length > 0 && length < ADDR_UNIX_PATH_MAX;
}

static bool make_address(const char *folder, struct addr *ret_address)
{
	char text[sizeof("unix:") + 2 * ADDR_UNIX_PATH_MAX];
	(void)snprintf(text, sizeof(text), "unix:%s/" SOCKET_NAME, folder);
	return addr_parse(str_from(text), ret_address);
}

size_t control_place_find(
	const struct conf_control *control, struct addr ret_places[CONTROL_PLACE_MAX])
{
	char folder[ADDR_UNIX_PATH_MAX];
	size_t count = 0;
	if (control->is_off)
		return 0;
	if (control->address.length > 0) {
		ret_places[0] = control->address;
		return 1;
	}
	count += make_address(SYSTEM_FOLDER, &ret_places[count]);
	if (find_user_folder(folder))
		count += make_address(folder, &ret_places[count]);
	return count;
}

// The kernel then says whether that may be done there.
static bool make_user_folder(void)
{
	char folder[ADDR_UNIX_PATH_MAX];
	if (!find_user_folder(folder))
		return false;
	(void)mkdir(folder, S_IRWXU); // it may be there
	return access(folder, W_OK | X_OK) == 0;
}

void control_place_choose(const struct conf_control *control, struct addr *ret_address)
{
	struct addr places[CONTROL_PLACE_MAX];
	size_t count = control_place_find(control, places);
	*ret_address = (struct addr){0};
	if (count == 0)
		return;
	if (control->address.length > 0 || access(SYSTEM_FOLDER, W_OK | X_OK) == 0)
		*ret_address = places[0];
	else if (count == CONTROL_PLACE_MAX && make_user_folder())
		*ret_address = places[1];
}
