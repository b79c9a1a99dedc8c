// SPDX-License-Identifier: MIT
// What `wherry check` looks at beyond the configuration's text: the files that it names.
#pragma once

#include "wherry/conf/conf.h"

// Loads certificates, keys, key sets and htpasswd files as a start would. ret_text gets
// one line for each problem and each warning. False if one would keep Wherry from
// starting.
MUST_CHECK bool check_files(struct conf *conf, struct buf *ret_text);
