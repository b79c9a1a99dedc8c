# SPDX-License-Identifier: MIT
# Debian packages by purpose; what is there already is left alone.

build_packages=(gcc libc6-dev meson ninja-build pkg-config scdoc
	libevent-dev libssl-dev libyaml-dev libc-ares-dev node-llhttp
	libcjose-dev libjansson-dev libseccomp-dev libcrypt-dev libhiredis-dev)
clang_packages=(clang-14 libclang-rt-14-dev llvm-14)
lint_packages=(clang-14 clang-format-14 cppcheck binutils
	python3-jsonschema python3-yaml)
# What the integration tests talk to.
peer_packages=(nginx libnginx-mod-stream haproxy hitch curl openssl apache2-utils
	chromium libnss3-tools dnsmasq-base redis-server)
# Pushpin is left to who wants it: its package starts a server for all networks.
bench_packages=(nginx libnginx-mod-nchan haproxy hitch openssl strace valgrind procps)

# Older packages lack eight CVE fixes.
libevent_minimum=2.1.12-stable-8+deb12u1

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed for: $*"
	fi
}

is_installed() {
	local status
	status=$(dpkg-query -W -f='${db:Status-Status} ' "$1" 2>/dev/null) || return 1
	[[ $status == installed* ]]
}

apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>build/apt.log 2>&1
}

need_packages() {
	local package missing=()
	for package in "$@"; do
		[[ " ${missing[*]} " == *" $package "* ]] || is_installed "$package" ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	say "installing ${missing[*]}"
	mkdir -p build
	apt_get update || say "apt-get update failed; going on with the lists that are there"
	apt_get install -y --no-install-recommends "${missing[@]}" ||
		die "apt-get could not install them: $(tail -n 5 build/apt.log)"
}

warn_old_libevent() {
	local version
	version=$(dpkg-query -W -f='${Version}' libevent-dev)
	if dpkg --compare-versions "$version" lt "$libevent_minimum"; then
		say "warning: libevent-dev $version lacks security fixes of $libevent_minimum;" \
			"add Debian's bookworm-security to apt's sources and upgrade it"
	fi
}

need_node() {
	command -v node >/dev/null || need_packages nodejs
	node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
		die "node $(node --version) is too old: 18 or newer is needed"
}

# What a folder's package.json asks for. npm brings the versions of the lock file; where its
# registry is out of reach, Debian's own package of ws serves as well, and what needs more
# than that is skipped.
has_node_modules() {
	node -e '
		const { existsSync } = require("fs");
		const { dependencies } = require(process.argv[1] + "/package.json");
		const has = (name) => existsSync(`${process.argv[1]}/node_modules/${name}/package.json`);
		process.exit(Object.keys(dependencies).every(has) ? 0 : 1);' "$(readlink -f "$1")"
}

need_node_modules() {
	local folder=$1
	need_node
	! has_node_modules "$folder" || return 0
	command -v npm >/dev/null || (need_packages npm) || true
	if command -v npm >/dev/null &&
		(cd "$folder" && timeout 120 npm ci --no-audit --no-fund >/dev/null 2>&1); then
		return 0
	fi
	need_packages node-ws
	mkdir -p "$folder/node_modules"
	ln -sfn /usr/share/nodejs/ws "$folder/node_modules/ws"
}
