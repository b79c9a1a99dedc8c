// SPDX-License-Identifier: MIT
// The rules across keys: what each key may hold by itself is conf_schema's.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_yaml.h"

// root is the tree conf was loaded from: it tells what was written, and where. What holds
// a mistake already is not judged by it again.
void conf_check_rules(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag);
