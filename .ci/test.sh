# SPDX-License-Identifier: MIT
# `./dev test`: builds, then runs two lanes of steps side by side. A step leaves its output
# in build/test/STEP.log and its count, "passed failed", in build/test/STEP.count.

results=build/test

test_command() {
	raise_descriptor_limit
	install_for_tests
	set +e # a step that fails must not end the run
	rm -rf "$results"
	mkdir -p "$results"

	local kind
	for kind in asan asan-clang tsan release; do
		build_step "$kind"
	done

	trap 'stop_children $$; exit 130' INT TERM
	first_lane &
	second_lane &
	wait
	print_totals
}

# Each step is a process group of its own (timeout), which Ctrl-C alone would not reach.
stop_children() {
	local child
	for child in $(cat "/proc/$1/task/$1/children"); do
		stop_children "$child"
		kill "$child"
	done
} 2>/dev/null

install_for_tests() {
	need_packages "${build_packages[@]}" "${clang_packages[@]}" "${lint_packages[@]}" \
		"${peer_packages[@]}" libcriterion-dev
	warn_old_libevent
	need_node
	need_node_modules tests/integration
	need_node_modules examples
}

# Tests with thousands of sockets need more than the usual 1024 descriptors.
raise_descriptor_limit() {
	local wanted=65536
	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge "$wanted" ] ||
		ulimit -Hn "$wanted" 2>/dev/null || wanted=$(ulimit -Hn)
	ulimit -Sn "$wanted" || say "warning: the descriptor limit stays at $(ulimit -Sn)"
}

first_lane() {
	step units-gcc count_meson asan run_units asan
	step units-clang count_meson asan-clang run_units asan-clang
	step checks count_lines release .ci/checks
	step integration-tsan count_node tsan run_integration tsan thread
}

second_lane() {
	step integration-asan count_node asan run_integration asan address
}

build_step() {
	local kind=$1 started=$SECONDS
	if build "$kind" >"$results/build-$kind.log" 2>&1; then
		echo "0 0" >"$results/build-$kind.count"
	else
		echo "0 1" >"$results/build-$kind.count"
	fi
	report "build-$kind" "$started"
}

# step NAME COUNTER KIND COMMAND...: runs the command if build KIND came out well.
step() {
	local name=$1 counter=$2 kind=$3 started=$SECONDS status=0
	local log=$results/$name.log sanitizer=$results/$name.sanitizer
	shift 3
	if [ "$(cat "$results/build-$kind.count")" != "0 0" ]; then
		echo "not run: there is no build $kind" >"$log"
		echo "0 1" >"$results/$name.count"
	else
		mkdir -p "$sanitizer"
		(set_sanitizer_options "$PWD/$sanitizer/report" && timeout -k 10 2700 "${without_aslr[@]}" \
			bash -c '. .ci/test.sh && "$@"' step "$@") >"$log" 2>&1 </dev/null || status=$?
		add_reports "$sanitizer" "$log" "$("$counter" "$status" "$log")" \
			>"$results/$name.count"
	fi
	report "$name" "$started"
}

# The sanitizers of gcc 12 and clang 14 cannot map their shadow everywhere newer kernels
# may put a program.
without_aslr=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
	without_aslr=(setarch "$(uname -m)" -R)
fi

# A leak found at exit would not fail a Criterion test: only a report in a file tells.
set_sanitizer_options() {
	local path=$1 symbolizer=/usr/lib/llvm-14/bin/llvm-symbolizer
	export ASAN_OPTIONS="log_path=$path:strict_string_checks=1:detect_leaks=1"
	export UBSAN_OPTIONS="log_path=$path:print_stacktrace=1"
	export TSAN_OPTIONS="log_path=$path:second_deadlock_stack=1"
	export ASAN_SYMBOLIZER_PATH=$symbolizer
	export UBSAN_SYMBOLIZER_PATH=$symbolizer
	TSAN_OPTIONS+=":external_symbolizer_path=$symbolizer"
}

run_units() {
	meson test -C "build/$1" --no-rebuild
	cat "build/$1/meson-logs/testlog.txt"
}

# A file that hangs costs only itself. Every file that fails says so in a line of its own.
run_integration() {
	local file status tap=$results/integration-$1.tap
	export WHERRY=$PWD/build/$1/wherry WHERRY_SANITIZER=$2
	for file in tests/integration/*.test.mjs; do
		echo "# file $file"
		timeout -k 10 240 node --test --test-reporter=tap "$file" | tee "$tap"
		status=${PIPESTATUS[0]}
		if ! grep -q '^# fail ' "$tap"; then
			echo "not ok - $file broke off (status $status)"
		elif [ "$status" -ne 0 ]; then
			echo "not ok - $file failed (status $status)"
		fi
		echo "# status $status"
	done
}

# Counters: exit status and log of a step in, "passed failed" out.

count_meson() {
	awk -f .ci/count_meson.awk "$2"
}

# Lines "ok ..." and "FAIL ...".
count_lines() {
	awk -v status="$1" '
		/^ok / { passed++ }
		/^FAIL / { failed++ }
		END {
			if (status != 0 && !failed || !passed)
				failed++
			print passed + 0, failed + 0
		}' "$2"
}

# The summaries at the end of node's TAP, one for each file; a file without one broke off.
count_node() {
	awk -v cut_off="$1" '
		/^# file / { complete = bad = 0 }
		/^# pass / { passed += $3; complete = 1 }
		/^# (fail|cancelled) / { bad += $3 }
		/^# status / { failed += bad + ($3 != 0 && !bad || !complete) }
		END { print passed + 0, failed + (cut_off != 0) }' "$2"
}

# Every report of a sanitizer is one more failure, shown in the step's log.
add_reports() {
	local folder=$1 log=$2 passed failed report
	read -r passed failed <<<"$3"
	for report in "$folder"/*; do
		[ -e "$report" ] || continue
		failed=$((failed + 1))
		{ echo "not ok - sanitizer report" && head -n 60 "$report"; } >>"$log"
	done
	echo "$passed $failed"
}

report() {
	local name=$1 seconds=$((SECONDS - $2)) passed failed
	read -r passed failed <"$results/$name.count"
	printf '== %s: %s passed, %s failed (%s s)\n' "$name" "$passed" "$failed" "$seconds"
	[ "$failed" -eq 0 ] || show_failure "$results/$name.log"
}

# First the names of all files that failed, then the beginning of what they said.
show_failure() {
	grep '^not ok - tests/' "$1"
	grep -nE -A 12 '^ *not ok|^FAIL |error:|ERROR:|FAILED' "$1" | head -n 80 | grep . ||
		tail -n 20 "$1"
	printf '   (all of it: %s)\n' "$1"
}

print_totals() {
	awk '{ passed += $1; failed += $2 }
		END {
			printf "%d passed, %d failed\n", passed, failed
			exit failed > 0
		}' "$results"/*.count
}
