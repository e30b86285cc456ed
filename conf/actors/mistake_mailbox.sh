#!/bin/sh
# SPDX-License-Identifier: MIT
# A mistake: to receive only what one likes. All else stays in the mailbox for as long as one lives.
picky() {
    # Wrong: what is not a call is never taken.
    while message=$(supctl recv --match kind=call --vars); do
        eval "$message"
        supctl reply "$from" "$ref" "$(waiting)"
    done
}

tidy() {
    # Right: everything is taken, and what nobody expects is dropped, not without a word.
    while message=$(supctl recv --vars); do
        eval "$message"
        case $kind in
        call) supctl reply "$from" "$ref" "$(waiting)" ;;
        *) echo "tidy: a $kind \"$payload\" is nothing I expect" ;;
        esac
    done
}

waiting() {
    supctl info "$SUP_PID" | sed -n 's/^message_queue_len: *//p'
}

client() {
    for server in picky tidy; do
        for i in 1 2 3; do
            supctl send "$server" "leaflet $i"
        done
        echo "client: $server has $(supctl call "$server") messages that wait"
    done
}

"$1"
