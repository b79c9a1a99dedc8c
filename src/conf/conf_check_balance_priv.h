// SPDX-License-Identifier: MIT
// The part of conf_check that looks at how servers are chosen.
#pragma once

#include "wherry/conf/conf_check.h"

// first is the first group's node, or NULL.
void conf_check_balance_all(const struct conf *conf, const struct conf_yaml_node *first,
	struct conf_diag *diag);
