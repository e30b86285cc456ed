#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes pages for a press: first without caring, then one by one.
for i in 1 2 3 4; do
    supctl send press "page $i"
done
supctl send press --tag begin
for i in 1 2 3 4; do
    supctl recv --match tag=printed
done

for i in 5 6 7; do
    supctl call press "page $i" >/dev/null
done

# Whoever writes without caring is stopped by the limit of a mailbox, one way or the other.
page=$(printf '%0600d' 0)
supctl send strict-tray "$page" && echo "client: a page in the strict tray"
supctl send strict-tray "$page" 2>/dev/null || echo "client: no second one, status $?"
supctl send patient-tray "$page" && echo "client: a page in the patient tray"
supctl send patient-tray --timeout 50ms "$page" 2>/dev/null || echo "client: the second waits, status $?"
