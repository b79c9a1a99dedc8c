// SPDX-License-Identifier: MIT
// From a YAML file, or from a text, to an immutable struct conf.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_diag.h"

// NULL if anything is wrong; diag then holds every mistake, and is empty otherwise. The
// caller owns the one reference.
MUST_CHECK struct conf *conf_load_file(const char *path, struct conf_diag *diag);
// Of that file only the control socket, so that a file with mistakes elsewhere still
// leads to who runs with it. False: diag says why.
MUST_CHECK bool conf_load_control(
	const char *path, struct conf_control *ret_control, struct conf_diag *diag);
// name stands for the path in diagnostics.
MUST_CHECK struct conf *conf_load_text(
	const char *name, struct str text, struct conf_diag *diag);
