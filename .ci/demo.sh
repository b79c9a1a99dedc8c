# SPDX-License-Identifier: MIT
# `./dev run`: Wherry in the foreground of a terminal, with the demo behind it.

default_config=config/wherry.yaml
demo_folder=examples/demo
demo_log=build/demo.log

run_command() {
	local config=$default_config
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
	if [ "$(readlink -f "$config")" = "$(readlink -f "$default_config")" ]; then
		need_node_modules "$demo_folder"
		make_control_folder
		run_demo
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
run_demo() {
	local stopping='' demo_pid='' wherry_pid=''
	trap 'stopping=yes' INT TERM
	trap stop_demo EXIT
	set -m
	node "$demo_folder/server.mjs" >"$demo_log" 2>&1 &
	demo_pid=$!
	wait_until_answers "$demo_pid" 9000 || die "the demo did not start: $(tail -n 5 "$demo_log")"
	build/release/wherry run -c "$default_config" &
	wherry_pid=$!
	set +m
	wait_until_answers "$wherry_pid" 8080 || die "Wherry did not start"

	[ -n "$stopping" ] || print_welcome
	while [ -z "$stopping" ] && is_alive "$wherry_pid" && is_alive "$demo_pid"; do
		wait -n "$wherry_pid" "$demo_pid" || true
	done
	[ -n "$stopping" ] || die "one of the two ended by itself (the demo's output: $demo_log)"
	stop_demo
	trap - EXIT
	say "stopped"
}

is_alive() {
	kill -0 "$1" 2>/dev/null
}

# Also true when it is to stop before.
wait_until_answers() {
	local pid=$1 port=$2 deadline=$((SECONDS + 20))
	while [ "$SECONDS" -lt "$deadline" ] && [ -z "$stopping" ]; do
		answers_ok "$port" && is_alive "$pid" && return 0
		is_alive "$pid" || return 1
		sleep 0.1
	done
	[ -n "$stopping" ]
}

answers_ok() (
	exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
	printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
	read -r -t 2 line <&3 && [[ $line == "HTTP/1.1 200 "* ]]
) 2>/dev/null

# SIGINT gives open connections two seconds; who is still there then is killed.
stop_demo() {
	trap '' INT TERM
	end_within 4 INT "$wherry_pid"
	end_within 2 TERM "$demo_pid"
}

end_within() {
	local deadline=$((SECONDS + $1)) signal=$2 pid=$3
	[ -n "$pid" ] || return 0
	kill "-$signal" "$pid" 2>/dev/null || true
	while is_alive "$pid" && [ "$SECONDS" -le "$deadline" ]; do
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

print_welcome() {
	cat <<'TEXT'

  Wherry is running. Open  http://127.0.0.1:8080

  What to try
  - open the page in two windows and write in the chat: WebSocket through Wherry
  - watch the clock on the page: it polls an AJAX endpoint through the same port
  - look below: one access line at the end of every request and every WebSocket
  - in another terminal: build/release/wherry status, or connections
  - change config/wherry.yaml (port 8081, say), then: build/release/wherry reload
    The chat stays open. With a mistake in the file it says where, and changes nothing

  Ctrl-C stops Wherry and the demo.

TEXT
}
