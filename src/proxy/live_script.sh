#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes a file as a C header for live_script.c: its bytes, and an entity tag of them.
set -eu
printf '// Made of %s; do not edit.\n' "$(basename "$1")"
printf 'static const unsigned char text[] = {\n'
od -An -v -t x1 "$1" | sed 's/ \(..\)/0x\1,/g'
printf '};\n#define TAG "\\"%.16s\\""\n' "$(sha256sum "$1")"
