#!/bin/sh
# SPDX-License-Identifier: MIT
# size.sh FILE...: no function above 60 lines, no file above 600, no line above 100 columns.
exec awk '
function complain(line, text)
{
	printf "%s:%d: %s\n", FILENAME, line, text
	bad = 1
}

function columns(text,    i, n)
{
	n = 0
	for (i = 1; i <= length(text); i++)
		n = substr(text, i, 1) == "\t" ? n + 8 - n % 8 : n + 1
	return n
}

FNR == 601 { complain(601, "the file has more than 600 lines") }
{ if (length($0) > 44 && columns($0) > 100) complain(FNR, "the line has " columns($0) " columns, 100 are allowed") }
# Rows of a table are no code.
/^[[:space:]]+{.*},?([[:space:]]*\/\*.*)?$/ { rows++ }
/^{/ { start = FNR; rows = 0; name = last }
/^}$/ && start {
	if (FNR - start - 1 - rows > 60)
		complain(start, "the function has " FNR - start - 1 - rows " lines, 60 are allowed: " name)
	start = 0
}
/^[^[:space:]#\/*{}]/ { last = $0 }
END { exit bad }
' "$@"
