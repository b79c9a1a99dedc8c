# SPDX-License-Identifier: MIT
# One meson build folder per kind, build/<kind>, with the program at its top.

compiler_of() {
	case $1 in
	release | asan) echo gcc ;;
	*) echo clang-14 ;;
	esac
}

packages_of() {
	echo "${build_packages[@]}"
	case $1 in asan*) echo libcriterion-dev ;; esac
	case $(compiler_of "$1") in clang*) echo "${clang_packages[@]}" ;; esac
}

options_of() {
	local sanitized="--buildtype=debug -Doptimization=1 -Dman=disabled -Db_lundef=false"
	sanitized+=" -Dc_args=-fno-omit-frame-pointer"
	case $1 in
	release) echo "--buildtype=release -Ddebug=true -Db_lto=true -Dtests=disabled" ;;
	asan | asan-clang) echo "$sanitized -Dtests=enabled -Db_sanitize=address,undefined" ;;
	tsan) echo "$sanitized -Dtests=disabled -Db_sanitize=thread" ;;
	fuzz)
		echo "$sanitized -Dtests=disabled -Dfuzz=enabled -Db_sanitize=address,undefined" \
			"-Doptimization=2"
		;;
	esac
}

# Configures once, and again when the options or the place of the checkout have changed.
configure() {
	local kind=$1 folder=build/$1 options stamp
	options=$(options_of "$kind")
	stamp="$PWD $(compiler_of "$kind") $options"
	if [ -f "$folder/build.ninja" ] && [ "$(cat "$folder/.dev" 2>/dev/null)" = "$stamp" ]; then
		return 0
	fi
	rm -rf "$folder"
	# shellcheck disable=SC2086 # options are words
	CC=$(compiler_of "$kind") meson setup $options "$folder" || return 1
	echo "$stamp" >"$folder/.dev"
}

build() {
	configure "$1" && ninja -C "build/$1"
}

# The same for people: installs, keeps the output in a log and shows it if it fails.
build_quietly() {
	local kind=$1 log=build/$1.log
	# shellcheck disable=SC2046 # packages are words
	need_packages $(packages_of "$kind")
	warn_old_libevent
	mkdir -p build
	say "building $kind"
	if ! build "$kind" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "the build failed; all of it stands in $log"
	fi
}

build_command() {
	local kind=${1:-release}
	case $kind in
	release | asan | tsan) ;;
	*) die "build: release, asan or tsan, not '$kind'" ;;
	esac
	build_quietly "$kind"
	say "built build/$kind/wherry"
}

bench_command() {
	need_packages "${bench_packages[@]}"
	need_node
	build_quietly release
	exec bench/run "$@"
}
