#!/bin/sh
# SPDX-License-Identifier: MIT
# A worker on a durable mailbox. What it has not acknowledged comes again, when it has been killed and
# started again: so nothing is lost, and a job may be done twice. Here it dies in the middle of job 2.
while message=$(supctl recv --vars); do
    eval "$message"
    if [ -z "$redelivered" ]; then
        echo "worker: job $payload"
    else
        echo "worker: job $payload, handed out before"
    fi
    [ "$payload$redelivered" != 2 ] || kill -KILL $$
    supctl send client --tag done "$payload"
    supctl ack "$ref"
done
