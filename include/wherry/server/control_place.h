// SPDX-License-Identifier: MIT
// Where the control socket is: for the Wherry that serves there, and for the commands
// that look for it.
#pragma once

#include "wherry/conf/conf.h"

enum {
	CONTROL_PLACE_MAX = 2
};

// The places in the order in which they are tried; none if it is off.
MUST_CHECK size_t control_place_find(
	const struct conf_control *control, struct addr ret_places[CONTROL_PLACE_MAX]);
// The one to serve at; makes the folder below $XDG_RUNTIME_DIR. Of length 0: there is
// none. Before root becomes another user, for whom the folder is then taken to be.
void control_place_choose(const struct conf_control *control, struct addr *ret_address);
