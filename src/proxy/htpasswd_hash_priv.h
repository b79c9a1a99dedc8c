// SPDX-License-Identifier: MIT
// Which hashes of an htpasswd file are taken.
#pragma once

#include "wherry/base/str.h"

// NULL if crypt(3) can check a password against it, and at a price that the other users
// can bear; else what is wrong and what to do. Static, and never a part of the hash.
const char *htpasswd_hash_problem(struct str hash);
