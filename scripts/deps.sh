#!/bin/sh
# Installs what is missing of the given groups (build, test, browser, lint, bench, fuzz, image, faults) with apt-get;
# touches nothing when all is there, so that it costs nothing and works offline. What counts is the ability, not the
# package: a compiler, node or PostgreSQL of another origin is as good.
# shellcheck disable=SC2086,SC2317 # lists of words are meant to be split; need() calls the functions
set -u

have() {
	command -v "$1" >/dev/null 2>&1
}

library() {
	pkg-config --exists "$1" 2>/dev/null
}

postgres_server() {
	[ -x "${PG_BIN:-}/initdb" ] || have initdb && return
	for program in /usr/lib/postgresql/*/bin/initdb /usr/local/pgsql/bin/initdb /usr/pgsql-*/bin/initdb; do
		[ -x "$program" ] && return
	done
	return 1
}

# Only makes the service faster.
allocator() {
	echo 'int main(void) { return 0; }' | "${CC:-cc}" -x c -o /dev/null - -lmimalloc >/dev/null 2>&1
}

# clang and its library for fuzzing, which is a package of its own.
fuzzer() {
	have clang && echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer -x c -o /dev/null - >/dev/null 2>&1
}

own_database() {
	[ -n "${DATABASE_URL:-}" ] || postgres_server
}

# Ubuntu has no Chromium outside of snaps: there the browser tests are left out, and the last lines say so.
ubuntu() {
	grep -qs '^ID=ubuntu' /etc/os-release
}

# need PACKAGE TEST...: the package is missing when the test fails.
need() {
	package=$1
	shift
	"$@" || missing="$missing $package"
}

missing=
optional=
along= # not worth installing anything by itself
for group in "$@"; do
	case $group in
	build)
		need gcc have "${CC:-cc}"
		need libc6-dev test -e /usr/include/stdio.h
		need make have make
		need pkg-config have pkg-config
		need libevent-dev library libevent
		need libjson-c-dev library json-c
		need libpq-dev library libpq
		need libssl-dev library libcrypto
		need zlib1g-dev library zlib
		allocator || along="libmimalloc-dev"
		need postgresql own_database
		need npm have npm
		;;
	test)
		need check library check
		need python3 have python3
		need curl have curl
		need postgresql postgres_server
		;;
	browser)
		ubuntu || have chromium || have google-chrome || optional="$optional chromium"
		;;
	lint)
		need clang-format have clang-format
		need clang-tidy have clang-tidy
		need shellcheck have shellcheck
		need python3 have python3
		;;
	bench)
		need wrk have wrk
		need python3 have python3
		;;
	fuzz)
		need clang have clang
		need libclang-rt-dev fuzzer
		;;
	image)
		have haproxy || [ -x /usr/sbin/haproxy ] || optional="$optional haproxy"
		have buildah || optional="$optional buildah"
		have debootstrap || [ -x /usr/sbin/debootstrap ] || optional="$optional debootstrap"
		python3 -c 'import jsonschema, yaml' 2>/dev/null || /usr/bin/python3 -c 'import jsonschema, yaml' 2>/dev/null ||
			optional="$optional python3-jsonschema python3-yaml"
		;;
	faults)
		need python3 have python3
		need postgresql postgres_server
		have haproxy || [ -x /usr/sbin/haproxy ] || optional="$optional haproxy"
		have iptables || [ -x /usr/sbin/iptables ] || optional="$optional iptables"
		have ip || [ -x /usr/sbin/ip ] || optional="$optional iproute2"
		;;
	*)
		echo "deps.sh: no group \"$group\"" >&2
		exit 2
		;;
	esac
done
# The same package may be missed by two groups.
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ' | sed 's/ *$//')
[ -n "$missing$optional" ] || exit 0
optional="$along$optional"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
by_hand="apt-get update && apt-get install --no-install-recommends $missing"

give_up() {
	echo "$1" >&2
	echo "Please install with your system's tools what Debian calls: $missing" >&2
	echo "On Debian and Ubuntu, as root:  $by_hand" >&2
	exit 1
}

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

if ! have apt-get || { [ -n "$as_root" ] && ! have sudo; }; then
	[ -n "$missing" ] || exit 0
	have apt-get && give_up "Packages are missing, and installing them needs root or sudo."
	give_up "Packages are missing, and this system has no apt-get."
fi

[ -z "$missing" ] || echo "Installing:$(printf ' %s' $missing)"
[ -z "$as_root" ] || sudo true || give_up "sudo was refused."
apt update || echo "apt-get update failed; trying with the package lists at hand." >&2

# Debian's PostgreSQL would create and start a cluster on port 5432. On a machine where we are the first to install
# it, nobody asked for that: this program runs its own, on a private socket.
no_cluster=/etc/postgresql-common/createcluster.d/leadd.conf
case " $missing " in
*" postgresql "*)
	if ! dpkg-query -W postgresql-common >/dev/null 2>&1; then
		$as_root mkdir -p "${no_cluster%/*}"
		echo 'create_main_cluster = false' | $as_root tee "$no_cluster" >/dev/null
		trap '$as_root rm -f "$no_cluster"; rm -f "$log"' EXIT
	fi
	;;
esac

if [ -n "$missing" ]; then
	if ! apt install --no-install-recommends $missing; then
		tail -n 20 "$log" >&2
		give_up "Installing failed."
	fi
fi
for package in $optional; do
	apt install --no-install-recommends "$package" || echo "Not to be had here: $package (some tests are left out)"
done
exit 0
