#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make demo: a tour of conf/demo.conf that runs by itself in a few seconds, on a supd of its own.
set -u

build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
supd='' events=''
export SUP_SOCKET="$dir/control"

# Whatever happens: nothing is left.
finish() {
	trap '' INT TERM HUP
	# shellcheck disable=SC2086
	[ -z "$events$supd" ] || kill $events $supd 2>/dev/null
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# An interrupt may reach supd before us.
die() {
	! grep -qE 'SIG(INT|TERM): shutting down' "$dir/log" || exit 130
	echo "demo: $*" >&2
	cat "$dir/log" >&2
	exit 1
}

say() {
	printf '\n'
	printf '# %s\n' "$@"
}

# begin_events, what causes some, end_events KIND NAME: their lines up to that one are in $dir/events.
begin_events() {
	"$build/supctl" events --timeout 60s >"$dir/events" 2>&1 &
	events=$!
	until grep -q watching "$dir/events"; do
		kill -0 "$events" 2>/dev/null || die "supctl events has ended"
		sleep 0.05
	done
}

end_events() {
	until grep -q " $1 *$2 " "$dir/events"; do
		kill -0 "$events" 2>/dev/null || die "there was no $1 of $2"
		sleep 0.05
	done
	kill "$events"
	wait "$events" 2>/dev/null
	events=
}

# Shows the command as one would type it, then its output.
try() {
	printf '$ supctl %s\n' "$*"
	"$build/supctl" "$@" || die "supctl $* ended with status $?"
}

printf '[supd]\nrun_dir = %s\nlog_dir = %s/log\ninclude = %s/conf/demo.conf\n' "$dir" "$dir" "$PWD" >"$dir/demo.conf"

say "supd starts the tree of conf/demo.conf, in order: what is not ready yet keeps those after it" \
	"waiting. Here it is with everything up."
printf '$ supd -c conf/demo.conf &\n'
"$build/supd" -c "$dir/demo.conf" 2>"$dir/log" &
supd=$!
i=0
until "$build/supctl" ping >/dev/null 2>&1; do
	kill -0 "$supd" 2>/dev/null || die "supd has ended"
	[ $((i += 1)) -le 100 ] || die "supd does not answer"
	sleep 0.1
done
"$build/supctl" sync --timeout 60s || die "the tree does not come to rest"
try tree

say "A database is killed, hard. web is rest_for_one: what was started after web/db depends on it, and" \
	"is stopped and started again with it. setup and clock are nobody's business here."
begin_events
try kill -KILL web/db
end_events exit web/db
try sync --timeout 60s
try tree

say "Why was web/api restarted? The chain of causes, the root cause last."
try why web/api

say "flaky always dies after half a second. Restarts wait longer each time, and more than three within" \
	"ten seconds are too many: it is given up. The others do not notice."
printf '$ supctl events &\n'
begin_events
try start flaky
end_events failed flaky
cat "$dir/events"
try why flaky

say "What an operator stops stays stopped, until an operator starts it."
try stop clock
try status

say "All of it stops, in reverse order, and supd ends. What its log says of that:"
lines=$(wc -l <"$dir/log")
try shutdown
wait "$supd" || die "supd ended with status $?"
supd=
tail -n "+$((lines + 1))" "$dir/log" | cut -c 12-
