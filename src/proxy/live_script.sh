#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the files of live.js as a C header for live_script.c: the bytes of one script, and an
# entity tag of them. It is one function, without comments (a trailing one stands behind ";",
# "," or a bracket) and indentation, for every page loads it.
set -eu

script() {
	echo '// SPDX-License-Identifier: MIT'
	echo "// Wherry's live.js without its comments; see wherry-push(7)."
	echo '(() => {'
	echo "'use strict';"
	sed -e 's/^[[:space:]]*//' -e '/^\/\//d' -e 's/\([];,{})]\) \/\/ .*/\1/' -e '/^$/d' "$@"
	echo '})();'
}

echo '// Made by live_script.sh; do not edit.'
echo 'static const unsigned char text[] = {'
script "$@" | od -An -v -t x1 | sed 's/ \(..\)/0x\1,/g'
printf '};\n#define TAG "\\"%.16s\\""\n' "$(script "$@" | sha256sum)"
