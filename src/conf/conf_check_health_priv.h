// SPDX-License-Identifier: MIT
// The rules about servers that fail, for conf_check.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_yaml.h"

// nodes is the first of the upstreams' siblings; groups behind the last have none.
void conf_check_health_all(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *diag);
