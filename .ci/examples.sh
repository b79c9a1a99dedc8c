# SPDX-License-Identifier: MIT
# `./dev run`: Wherry in the foreground of a terminal, with all the examples behind it.

examples_config=examples/wherry.yaml
examples_log=build/examples.log

run_command() {
	local config=$examples_config
	while [ $# -gt 0 ]; do
		case $1 in
		-c)
			[ $# -ge 2 ] || die "run: -c needs a file"
			config=$2
			shift 2
			;;
		*) die "run: what is '$1'? Usage: ./dev run [-c FILE]" ;;
		esac
	done
	[ -r "$config" ] || die "run: cannot read $config"

	build_quietly release
	if [ "$config" = "$examples_config" ]; then
		need_node_modules examples
		make_control_folder
		run_examples
	else
		say "build/release/wherry run -c $config"
		exec build/release/wherry run -c "$config"
	fi
}

# What systemd's RuntimeDirectory does: `wherry status` and the like need the folder, and
# who is not root has one already.
make_control_folder() {
	local user=wherry
	[ "$(id -u)" -eq 0 ] || return 0
	id "$user" >/dev/null 2>&1 || user=nobody
	[ -e /run/wherry ] || install -d -o "$user" -m 0755 /run/wherry
}

# A process group for each of the two: Ctrl-C then reaches only this script, which stops
# them in order.
run_examples() {
	local stopping='' backends_pid='' wherry_pid=''
	trap 'stopping=yes' INT TERM
	trap stop_examples EXIT
	: >"$examples_log" # the one before says that it is ready, too
	set -m
	node examples/start.mjs >"$examples_log" 2>&1 &
	backends_pid=$!
	wait_until "$backends_pid" backends_are_ready ||
		die "the examples did not start: $(tail -n 5 "$examples_log")"
	build/release/wherry run -c "$examples_config" &
	wherry_pid=$!
	set +m
	wait_until "$wherry_pid" wherry_answers || die "Wherry did not start"

	[ -n "$stopping" ] || print_welcome
	while [ -z "$stopping" ] && is_alive "$wherry_pid" && is_alive "$backends_pid"; do
		wait -n "$wherry_pid" "$backends_pid" || true
	done
	[ -n "$stopping" ] || die "something ended by itself (the examples' output: $examples_log)"
	stop_examples
	trap - EXIT
	say "stopped"
}

is_alive() {
	kill -0 "$1" 2>/dev/null
}

# wait_until PID COMMAND: also true when it is to stop before.
wait_until() {
	local deadline=$((SECONDS + 20))
	while [ "$SECONDS" -lt "$deadline" ] && [ -z "$stopping" ]; do
		"$2" && is_alive "$1" && return 0
		is_alive "$1" || return 1
		sleep 0.1
	done
	[ -n "$stopping" ]
}

backends_are_ready() {
	grep -qx ready "$examples_log"
}

wherry_answers() (
	exec 3<>"/dev/tcp/127.0.0.1/8080" || exit 1
	printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
	read -r -t 2 line <&3 && [[ $line == "HTTP/1.1 200 "* ]]
) 2>/dev/null

# SIGINT gives open connections two seconds; who is still there then is killed.
stop_examples() {
	trap '' INT TERM
	end_within 4 INT "$wherry_pid"
	end_within 2 TERM "$backends_pid"
}

end_within() {
	local deadline=$((SECONDS + $1)) signal=$2 pid=$3
	[ -n "$pid" ] || return 0
	kill "-$signal" "$pid" 2>/dev/null || true
	while is_alive "$pid" && [ "$SECONDS" -le "$deadline" ]; do
		sleep 0.1
	done
	kill -KILL -- "-$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

print_welcome() {
	sed -n 's/ is left out: /: /p' "$examples_log"
	cat <<'TEXT'

  Wherry is running. Open  http://127.0.0.1:8080

  What to try
  - every example in two windows: what happens in one is seen in the other
  - look below: one access line at the end of every request and every WebSocket
  - in another terminal: build/release/wherry status, or connections
  - change examples/wherry.yaml (port 8081, say), then: build/release/wherry reload
    What is open stays open. With a mistake in the file it says where, and changes nothing

  Ctrl-C stops Wherry and the examples.

TEXT
}
