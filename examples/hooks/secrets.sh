#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the secrets that senders and Wherry share, where there are none yet: random, and closed
# to others, or Wherry refuses them. Started by root, Wherry becomes another user: theirs then.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

make_secret() {
	local file=$1 prefix=$2 user=wherry
	[ ! -e "$file" ] || return 0
	(umask 077 && printf '%s%s\n' "$prefix" "$(head -c 32 /dev/urandom | base64)" >"$file")
	id "$user" >/dev/null 2>&1 || user=nobody
	[ "$(id -u)" -ne 0 ] || chown "$user" "$file"
}

make_secret github.secret ''
make_secret standard.secret whsec_
