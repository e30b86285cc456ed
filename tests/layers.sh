#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Which layer may see which: every #include "LAYER/..." is looked up in the table below. libev, inih,
# zlib and libzstd are seen by one file each.
set -u

declare -A allowed=(
	[src/base]="base"
	[src/wire]="base wire"
	[src/logs]="base wire logs"
	[src/lib]="base wire lib"
	[src/core]="base wire core"
	[src/config]="base wire core config"
	[supctl]="base wire logs lib supctl"
	[suplog]="base wire logs suplog"
	[supd]="base wire logs core config supd"
)
bad=0

complain() {
	echo "$*" >&2
	bad=1
}

check_includes() {
	local folder=$1 line file number header

	while IFS= read -r line; do
		file=${line%%:*}
		line=${line#*:}
		number=${line%%:*}
		header=${line#*\"}
		header=${header%%\"*}
		case " ${allowed[$folder]} " in
		*" ${header%%/*} "*) ;;
		*) complain "$file:$number: $folder must not include \"$header\" (only: ${allowed[$folder]})" ;;
		esac
	done < <(grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' "$folder"/*.[ch] 2>/dev/null)
}

# seen_by HEADER FILE: no other file includes the library's header.
seen_by() {
	local file

	while IFS= read -r file; do
		[ "$file" = "$2" ] || complain "$file: <$1> belongs in $2 alone"
	done < <(grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]+[<\"]$1[>\"]" \
		src/*/*.[ch] supd/*.[ch] supctl/*.[ch] suplog/*.[ch] 2>/dev/null)
}

for folder in "${!allowed[@]}"; do
	check_includes "$folder"
done
seen_by ev.h supd/loop.c
seen_by zlib.h src/logs/gzip.c
seen_by 'zstd[a-z_]*.h' src/logs/zstd.c
inih=$(grep -lE '^[[:space:]]*#[[:space:]]*include[[:space:]]+[<"]ini.h[>"]' src/*/*.[ch] supd/*.[ch] \
	supctl/*.[ch] 2>/dev/null)
if [ "$(printf '%s' "$inih" | grep -c .)" -gt 1 ]; then
	complain "<ini.h> belongs in one file:" $inih
fi
[ $bad -eq 0 ] && echo "layers: every include points the right way"
exit $bad
