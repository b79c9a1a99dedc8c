# SPDX-License-Identifier: MIT
# `./dev fuzz`: every libFuzzer target for a while, as many at once as there are CPUs. New
# inputs go to build/fuzz/corpus, crashes to build/fuzz/crashes.

fuzz_command() {
	local seconds=${1:-60} target failed=0
	[[ $seconds =~ ^[0-9]+$ ]] || die "fuzz: a number of seconds, not '$seconds'"
	build_quietly fuzz
	mkdir -p build/fuzz/crashes
	for target in build/fuzz/tests/fuzz/fuzz_*; do
		[ -f "$target" ] && [ -x "$target" ] || continue
		while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do
			wait -n || failed=1
		done
		fuzz_one "$target" "$seconds" &
	done
	while [ -n "$(jobs -p)" ]; do
		wait -n || failed=1
	done
	[ "$failed" -eq 0 ] || die "a target failed: see build/fuzz/crashes and build/fuzz/*.log"
}

fuzz_one() {
	local target=$1 seconds=$2 name status=0 log
	name=$(basename "$target")
	log=build/fuzz/$name.log
	mkdir -p "build/fuzz/corpus/$name"
	"$target" -max_total_time="$seconds" -print_final_stats=1 -rss_limit_mb=2048 -timeout=10 \
		-artifact_prefix="build/fuzz/crashes/$name-" "build/fuzz/corpus/$name" \
		"tests/fuzz/corpus/${name#fuzz_}" >"$log" 2>&1 || status=$?
	printf '%-24s %14s executions  %s\n' "$name" \
		"$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")" \
		"$([ "$status" -eq 0 ] && echo clean || echo FAILED)"
	return "$status"
}
