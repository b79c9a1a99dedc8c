// SPDX-License-Identifier: MIT
// The parts of conf_lint. nodes is the first of as many siblings as conf has items of
// that kind.
#pragma once

#include "wherry/conf/conf_lint.h"

void conf_lint_routes(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *warnings);
void conf_lint_upstreams(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *warnings);
