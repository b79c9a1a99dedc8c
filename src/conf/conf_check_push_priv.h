// SPDX-License-Identifier: MIT
// The rules about routes that publish or subscribe, for conf_check_route.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_yaml.h"

// node is the route's.
void conf_check_push_route(const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *diag);
