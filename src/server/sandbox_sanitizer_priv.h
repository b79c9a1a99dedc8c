// SPDX-License-Identifier: MIT
// What the sanitizers need beyond the program they watch: reports are written, and
// symbols looked up, from inside the sandbox. Nothing in a build without them.
#pragma once

#include "sandbox_paths_priv.h"

#ifdef __has_feature // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZER 1
#endif
// Its thread sanitizer runs a program to find the names of functions.
#if __has_feature(thread_sanitizer)
#define SANDBOX_SYMBOLIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZER 1
#endif
#ifndef SANDBOX_SANITIZER
#define SANDBOX_SANITIZER 0
#endif
#ifndef SANDBOX_SYMBOLIZER
#define SANDBOX_SYMBOLIZER 0
#endif

void sandbox_sanitizer_add_paths(struct sandbox_paths *paths);
