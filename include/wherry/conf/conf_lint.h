// SPDX-License-Identifier: MIT
// What is no mistake in a configuration, but hardly meant: it loads, and `wherry check`
// warns. Only what is so in every deployment is said.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_yaml.h"

// root is the tree conf was loaded from, without a mistake: it tells what was written,
// and where.
void conf_lint(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *warnings);
