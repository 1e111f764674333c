#!/usr/bin/env bash
# install.sh <what>…: installs with apt what is missing of: postgres (the server programs,
# without starting a server of Debian's own), git (which applies tools/goja/goja.diff),
# compiler (for the race detector), chromium, curl (the examples of the documentation), wrk (the
# load of the bench).
set -euo pipefail

fail() {
	echo "$*" >&2
	exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

has_postgres() {
	local found
	for found in "${PICLOUD_PG_BIN:-/nowhere}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin \
		/opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
		[ -x "$found/initdb" ] && [ -x "$found/postgres" ] && return 0
	done
	has initdb && has postgres
}

has_chromium() {
	has chromium || has chromium-browser || has google-chrome || has google-chrome-stable ||
		[ -d "/Applications/Google Chrome.app" ]
}

# apt <package>…: as root, or with sudo.
apt() {
	has apt-get || fail "Please install: $* (there is no apt-get here to do it with)"
	local as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		has sudo || fail "Please install as root: apt-get install $*"
		as_root=(sudo)
	fi
	echo "Installing $* …" >&2
	# Output is kept back unless it fails.
	local log
	log=$(mktemp)
	if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"; } >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		fail "apt-get could not install: $*"
	fi
	rm -f "$log"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian makes and starts a cluster with the server package; PiCloud has its own. The
# setting that prevents it holds for this installation alone.
install_postgres() {
	setting=/etc/postgresql-common/createcluster.conf
	apt postgresql-common
	if [ -e "$setting" ]; then as_root mv -f "$setting" "$setting.before-picloud"; fi
	trap restore EXIT
	echo 'create_main_cluster = false' | as_root tee "$setting" >/dev/null
	apt postgresql
	restore
	trap - EXIT
	has_postgres || fail "PostgreSQL was installed, but initdb and postgres are not found; name their folder in PICLOUD_PG_BIN"
}

restore() {
	as_root rm -f "$setting"
	if [ -e "$setting.before-picloud" ]; then as_root mv -f "$setting.before-picloud" "$setting"; fi
}

for what in "$@"; do
	case $what in
	postgres) has_postgres || install_postgres ;;
	git) has git || apt git ;;
	compiler) has cc || has gcc || has clang || apt gcc libc6-dev ;;
	chromium) has_chromium || apt chromium ;;
	curl) has curl || apt curl ca-certificates ;;
	wrk) has wrk || apt wrk ;;
	*) fail "unknown: $what" ;;
	esac
done
