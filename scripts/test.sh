#!/bin/bash
# Runs all tests, each kind by its own runner, and adds up their last lines ("N passed, N failed").
set -u
build=$(realpath "${BUILD:-build}")
logs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$logs"' EXIT
passed=0
failed=0
summary=
declare -A pids started

# start NAME COMMAND...: a runner, in the background.
start() {
	started[$1]=$SECONDS
	"${@:2}" >"$logs/$1" 2>&1 &
	pids[$1]=$!
}

# finish NAME: shows what that runner prints, and counts. One that ends badly without counting a failure counts as one.
finish() {
	local name=$1 since=${started[$1]} status line p=0 f=0
	echo "== $name"
	tail -n +1 -f --pid="${pids[$name]}" "$logs/$name"
	wait "${pids[$name]}"
	status=$?
	# The library check has a line of its own: "100%: Checks: 72, Failures: 0, Errors: 0".
	line=$(sed -nE -e '/^[0-9]+ passed, [0-9]+ failed$/p' \
		-e 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$/\1 \2 \3/p' "$logs/$name" | tail -n 1)
	if [[ $line =~ ^([0-9]+)\ ([0-9]+)\ ([0-9]+)$ ]]; then
		f=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
		line="$((BASH_REMATCH[1] - f)) passed, $f failed"
	fi
	[ -z "$line" ] || read -r p _ f _ <<<"${line/,/}"
	[ "$status" = 0 ] || [ "$f" -gt 0 ] || f=1
	[ -n "$line" ] || f=1
	passed=$((passed + p))
	failed=$((failed + f))
	summary+="$(printf '%-36s %5d passed %4d failed %5d s' "$name" "$p" "$f" $((SECONDS - since)))"$'\n'
}

run() {
	start "$@"
	finish "$1"
}

leave_out() {
	summary+="$(printf '%-36s left out: %s' "$1" "$2")"$'\n'
}

# What one run finds must not hang on what lies in the environment.
unset DATABASE_URL PORT HOST AUTH

# A compiler may come without them; then what is called sanitized would not be.
variants=("")
if grep -q fsanitize "$build/config.mk"; then
	variants+=(/san)
else
	leave_out "everything, sanitized" "this compiler has no sanitizers"
fi

# Sanitized, a fork takes longer than most tests; what crashes says where, and counts as a failure all the same.
in_one_process="timeout 600 env CK_FORK=no"

run "build tool" env BUILD="$build" python3 tests/lint/test_embed.py
# Those with the database mostly wait: both at once.
for variant in "${variants[@]}"; do
	start "database${variant:+, sanitized}" "$build$variant/db-tests"
done
for variant in "${variants[@]}"; do
	finish "database${variant:+, sanitized}"
done
for variant in "${variants[@]}"; do
	run "unit${variant:+, sanitized}" ${variant:+$in_one_process} "$build$variant/unit-tests"
	run "fuzz corpus${variant:+, sanitized}" "$build$variant/fuzz-replay" tests/fuzz/corpus
done
for variant in "${variants[@]}"; do
	run "HTTP${variant:+, sanitized}" env LEADD="$build$variant/leadd" ${variant:+CHAOS_SECONDS=20} \
		python3 tests/api/run.py
done
if command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ]; then
	run "faults, quick selection" env LEADD="$build/leadd" python3 tests/faults/run.py --quick --logs
else
	leave_out "faults, quick selection" "no HAProxy on this system"
fi
if [ -e tests/browser/run.py ]; then
	if command -v "${CHROMIUM:-chromium}" >/dev/null || command -v google-chrome >/dev/null; then
		run "browser" env LEADD="$build/leadd" BUILD="$build" python3 tests/browser/run.py
	else
		leave_out "browser" "no Chromium on this system"
	fi
fi
printf '\n%s\n' "$summary"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
