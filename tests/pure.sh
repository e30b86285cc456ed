#!/bin/bash
# SPDX-License-Identifier: MIT
#
# pure.sh LIBCORE LIBRARY...: what the core, and the parts of wire and base that it needs, ask of the
# world may be memory and string functions, nothing else; and they keep no data that could change.
set -eu

allowed='malloc|calloc|realloc|reallocarray|free|mem[a-z]+|str[a-z]+|snprintf|vsnprintf'
# What the compiler adds: checked variants, stack protection, assert, its own arithmetic.
allowed="$allowed|__(mem|str)[a-z]+_chk|__v?snprintf_chk|__stack_chk_fail|__assert_fail|_GLOBAL_OFFSET_TABLE_"
# Constants that the C library keeps behind a function: SIGRTMIN, SIGRTMAX.
allowed="$allowed|__libc_current_sigrtmin|__libc_current_sigrtmax"
# Names that match above and still are no pure functions.
denied='strerror|strsignal|strtok|strcoll|strxfrm|strftime|strptime|strfry|memfd_create|memfrob'

object=$(mktemp)
trap 'rm -f "$object"' EXIT
ld -r -o "$object" --whole-archive "$1" --no-whole-archive "${@:2}"

bad=$(nm -u "$object" | awk '{ print $2 }' |
	awk -v allowed="^($allowed)\$" -v denied="^($denied)\$" '$0 !~ allowed || $0 ~ denied')
if [ -n "$bad" ]; then
	echo "pure: the core calls what it must not:" >&2
	for name in $bad; do
		echo "  $name, called by $(nm -A -u "$@" 2>/dev/null |
			awk -v name="$name" '$NF == name { print $1 }' | sed 's/:$//' | tr '\n' ' ')" >&2
	done
	exit 1
fi
variable=$(nm "$object" | awk '$2 ~ /^[bBcC]$/ { print $3 }'
	objdump -t "$object" | awk '/[[:space:]]\.data[[:space:]]/ && $NF != ".data" { print $NF }')
if [ -n "$variable" ]; then
	echo "pure: the core keeps variables of its own:" $variable >&2
	exit 1
fi
echo "pure: the core calls nothing but memory and string functions and keeps no variables"
