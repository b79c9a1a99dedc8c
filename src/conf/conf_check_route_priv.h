// SPDX-License-Identifier: MIT
// The rules about routes, for conf_check.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_yaml.h"

// nodes is the first of as many siblings as conf has routes.
void conf_check_route_all(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *diag);
