#!/bin/sh
# SPDX-License-Identifier: MIT
# Has three jobs for each of the workers, who are down at first: their mailboxes are there already.
for worker; do
    for job in 1 2 3; do
        supctl send "$worker" "$job"
    done
    echo "client: three jobs wait for $worker"
    supctl start "$worker" >/dev/null
    for job in 1 2 3; do
        finished="$finished $(supctl recv --match tag=done)"
    done
    echo "client: done:$finished"
    finished=
done
