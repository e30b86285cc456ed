#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make run: supd in the foreground on conf/demo.conf, as whoever you are; Ctrl-C ends it. It uses the
# usual run_dir where that is free, so that supctl finds it by itself, else one of its own; or the one
# that RUN_DIR names.
set -u

build=${BUILD:-build}
config=conf/demo.conf
dir='' socket=''

# Where supctl looks by itself.
usual=${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/supd}
[ "$(id -u)" -ne 0 ] || usual=/run/supd

usable() {
	[ -n "$1" ] && [ -w "${1%/*}" ] || return 1
	[ ! -e "$1" ] || { [ -O "$1" ] && [ -w "$1" ]; } || return 1
	"$build/supctl" -s "$1/control" ping >/dev/null 2>&1
	[ $? -eq 6 ] # no daemon there
}

if [ -n "${RUN_DIR-}" ] || ! usable "$usual"; then
	dir=$(mktemp -d) || exit 1
	trap 'rm -rf "$dir"' EXIT
	config=$dir/demo.conf
	run_dir=${RUN_DIR:-$dir}
	socket=" -s $run_dir/control"
	printf '[supd]\nrun_dir = %s\nlog_dir = %s/log\ninclude = %s/conf/demo.conf\n' "$run_dir" "$dir" "$PWD" >"$config"
fi

cat <<END
This is conf/demo.conf at work. In a second terminal, in this folder:

    $build/supctl$socket tree
    $build/supctl$socket kill -KILL web/db
    $build/supctl$socket why web/api
    $build/supctl$socket status

More to try stands in conf/demo.conf. Ctrl-C here stops it all.

END

"$build/supd" -c "$config" &
supd=$!
# The terminal has told supd as well.
trap : INT
trap 'kill -TERM "$supd" 2>/dev/null' TERM HUP
status=0
while kill -0 "$supd" 2>/dev/null; do
	wait "$supd"
	status=$?
done
exit "$status"
