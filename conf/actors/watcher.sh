#!/bin/sh
# SPDX-License-Identifier: MIT
# Says how and why an actor ends. Only when it is watched is it told to begin: so nothing is missed.
for name; do
    ref=$(supctl monitor "$name")
    supctl send "$name" --tag begin
    eval "$(supctl recv --match "kind=down,ref=$ref" --vars)"
    echo "watcher: $name has ended: $reason"
done
