#!/bin/sh
# SPDX-License-Identifier: MIT
# A monitor: we are told once when somebody ends, and why. It does not tie us to them.
ref=$(supctl monitor worker)
supctl send worker --tag end
eval "$(supctl recv --match "kind=down,ref=$ref" --vars)"
echo "shell: $from_name has ended: $reason"

# Of who is not there we hear at once.
ref=$(supctl monitor nobody)
eval "$(supctl recv --match "kind=down,ref=$ref" --vars)"
echo "shell: $tag has ended: $reason"

# Spawned and monitored in one step: no end is too early for it.
set -- $(supctl spawn --monitor -- sh -c 'exit 4')
child=$1 ref=$2
eval "$(supctl recv --match "kind=down,ref=$ref,from=$child" --vars)"
echo "shell: a child has ended: $reason"

# Who is not interested any more says so. --flush: should the news have come already, it goes.
ref=$(supctl monitor nobody)
supctl demonitor "$ref" --flush
supctl recv --timeout 0 || echo "shell: no more"
