#!/bin/sh
# SPDX-License-Identifier: MIT
# Receive with a timeout: exit status 5 when nothing has come. With a timeout of 0 it is a poll.
supctl recv --timeout 50ms || echo "shell: nothing has come, status $?"

supctl send "$SUP_PID" one
supctl send "$SUP_PID" two
supctl send "$SUP_PID" three
# No message that is there already is missed, however short the timeout.
while message=$(supctl recv --timeout 0 --vars); do
    eval "$message"
    echo "shell: $payload"
done
echo "shell: no more"
