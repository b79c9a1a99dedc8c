// SPDX-License-Identifier: MIT
// The rules about the hub, for conf_check.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_yaml.h"

void conf_check_hub_all(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag);
