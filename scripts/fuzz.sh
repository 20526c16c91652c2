#!/bin/bash
# Feeds each target of tests/fuzz (or those named) for SECONDS to libFuzzer; what it finds new stays in build/fuzz/new.
set -eu

if [ "${1:-}" = --probe ]; then
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		"$2" -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null && exit 0
	echo "Nothing is fuzzed: $2 is missing, or its libraries for -fsanitize=fuzzer,address,undefined are." >&2
	echo "Debian and Ubuntu call them clang and libclang-rt-dev; CLANG=... names another clang." >&2
	exit 1
fi

build=$(realpath "${BUILD:-build}")
seconds=${SECONDS_EACH:-60}
targets=("$@")
[ $# -gt 0 ] || targets=(json body bulk target framing cursor forms)
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} UBSAN_OPTIONS=print_stacktrace=1
failed=0

for target in "${targets[@]}"; do
	found=$build/fuzz/new/$target
	corpus=tests/fuzz/corpus/$target
	options=()
	dictionary=tests/fuzz/${target/bulk/json}.dict
	[ ! -e "$dictionary" ] || options+=("-dict=$dictionary")
	mkdir -p "$found"
	echo "== $target, $seconds s"
	if FUZZ=$target nice -n 10 "$build/fuzz/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix="$build/fuzz/$target-" "${options[@]}" "$found" "$corpus" \
		>"$build/fuzz/$target.log" 2>&1; then
		grep -E '^#[0-9]+.*DONE|^stat::(number_of_executed_units|average_exec_per_sec|new_units_added)' \
			"$build/fuzz/$target.log"
	else
		failed=$((failed + 1))
		tail -n 40 "$build/fuzz/$target.log"
		echo "The input that does it is in $build/fuzz/$target-*: make a test of it."
	fi
done
echo "$((${#targets[@]} - failed)) passed, $failed failed"
[ "$failed" = 0 ]
