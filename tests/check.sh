#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs suites one after the other and adds them up: the Criterion binaries given as arguments, then
# every executable tests/NAME/check, whose last line is "N passed, N failed" or "N passed, N failed,
# N skipped". The last line printed here is the sum; the exit status is 0 where nothing failed.
#
# BUILD     where the build is
# NO_SKIP   1: a skipped test is a failure (continuous integration)
#
# A suite also fails when it ends with a status other than 0, prints no result, or a sanitizer
# reports something: Criterion itself lets leak reports pass. One that goes on for longer than SUITE
# seconds (default 1200) hangs, and is ended: what comes after it is still run.
set -u

build=${BUILD:-build}
export BUILD=$build SUPD_BUILD=$build
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_stack_use_after_return=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}
limit=${SUITE:-1200}
# Most tests wait for processes, most of the time.
jobs=$((2 * $(nproc)))
passed=0 failed=0 skipped=0
dir=$(mktemp -d) || exit 1
log=$dir/log
export dir limit
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# add NAME STATUS PASSED FAILED SKIPPED: the numbers are empty where there was no result.
add() {
	local name=$1 status=$2 ok=${3:-0} bad=${4:-0} left_out=${5:-0}

	if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
		echo "$name: did not end in $limit s; what it printed at last:"
		tail -20 "$log"
		bad=$((bad + 1))
	elif [ -z "$3" ]; then
		echo "$name: ended with status $status and no result"
		bad=1
	elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		echo "$name: ended with status $status"
		bad=1
	fi
	if grep -qE 'ERROR: (Address|Leak)Sanitizer|runtime error: ' "$log"; then
		echo "$name: a sanitizer reported an error"
		grep -E -A 12 'ERROR: (Address|Leak)Sanitizer|runtime error: ' "$log" | head -60
		[ "$bad" -gt 0 ] || bad=1
	fi
	if [ "${NO_SKIP-}" = 1 ] && [ "$left_out" -gt 0 ]; then
		echo "$name: $left_out skipped, and nothing may be skipped here"
		bad=$((bad + left_out))
		left_out=0
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left_out))
}

run_criterion() {
	local name=${1##*/} status line ok="" bad="" left_out

	# Only the verbose log names what was skipped. tests/support/limit.c ends a test that hangs.
	timeout --foreground --kill-after=10 "$limit" "$1" --jobs "$jobs" --verbose --color=never >"$log" 2>&1
	status=$?
	line=$(grep 'Synthesis: Tested:' "$log" | tail -1)
	# A crash counts as a failure there already.
	if [[ $line =~ Tested:\ ([0-9]+).*Passing:\ ([0-9]+) ]]; then
		ok=${BASH_REMATCH[2]} bad=$((BASH_REMATCH[1] - BASH_REMATCH[2]))
	fi
	left_out=$(grep -c '^\[SKIP\]' "$log")
	if [ "$status" -ne 0 ]; then
		grep -vE '^\[(RUN |PASS)\]|Synthesis: |^\[----\] Criterion v|^\[====\] Running' "$log"
	else
		grep '^\[SKIP\]' "$log"
	fi
	printf '%-12s %s\n' "$name" "$line"
	add "$name" "$status" "$ok" "$bad" "$left_out"
}

# A few at once: each leaves its output and its status in $dir.
run_scripts() {
	printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c '
		name=${1%/check}
		name=$dir/${name##*/}
		timeout --foreground --kill-after=10 "$limit" "$1" >"$name.log" 2>&1
		echo $? >"$name.status"' run
}

# What came of it.
tell_script() {
	local name=${1%/check} status line ok="" bad="" left_out=0

	name=${name##*/}
	log=$dir/$name.log
	status=$(cat "$dir/$name.status")
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -1)
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(, ([0-9]+) skipped)?$ ]]; then
		ok=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]} left_out=${BASH_REMATCH[4]:-0}
	fi
	if [ "$status" -ne 0 ] || [ "${bad:-1}" -ne 0 ]; then
		cat "$log"
	fi
	printf '%-12s %s\n' "$name" "$line"
	add "$name" "$status" "$ok" "$bad" "$left_out"
}

for suite in "$@"; do
	run_criterion "$suite"
done
scripts=()
for suite in tests/*/check; do
	if [ -f "$suite" ] && [ -x "$suite" ]; then
		scripts+=("$suite")
	fi
done
[ ${#scripts[@]} -eq 0 ] || run_scripts "${scripts[@]}"
for suite in "${scripts[@]}"; do
	tell_script "$suite"
done

[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
