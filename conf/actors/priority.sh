#!/bin/sh
# SPDX-License-Identifier: MIT
# Selective receive: the clauses say what is taken first, not the order in which things came.
supctl send "$SUP_PID" --tag normal "a letter"
supctl send "$SUP_PID" --tag normal "another letter"
supctl send "$SUP_PID" --tag priority "the house is on fire"

while message=$(supctl recv --match tag=priority --match tag=normal --timeout 0 --vars); do
    eval "$message"
    echo "shell: $payload"
done
