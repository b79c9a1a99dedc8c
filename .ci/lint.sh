# SPDX-License-Identifier: MIT
# `./dev lint` and `./dev format`.

lint_command() {
	need_packages "${lint_packages[@]}"
	need_node
	build_quietly release
	build_quietly asan
	.ci/checks || die "a check failed"
}

format_command() {
	need_packages clang-format-14
	case ${1:-} in
	check) tests/checks/formatting ;;
	'') find src include tests bench -name '*.[ch]' -exec clang-format-14 -i {} + ;;
	*) die "format: nothing, or check" ;;
	esac
}
