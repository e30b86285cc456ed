#!/bin/sh
# SPDX-License-Identifier: MIT
# A mistake: to trap exits and not to see to one's end. Who traps exits is told to stop by a message.
stubborn() {
    # Wrong: nothing is done about an exit. It lives on when those have died that it is linked to, and
    # when its supervisor wants it to stop it has to be killed.
    supctl trap on
    supctl ready
    while message=$(supctl recv --vars); do
        eval "$message"
        [ "$kind" != message ] || echo "stubborn: $payload"
    done
}

plain() {
    # Right: whoever has nothing to put in order does not trap exits, and just ends.
    supctl ready
    while message=$(supctl recv --vars); do
        eval "$message"
        [ "$kind" != message ] || echo "plain: $payload"
    done
}

careful() {
    # Right: whoever has puts it in order, and then ends, within its shutdown time.
    supctl trap on
    supctl ready
    while message=$(supctl recv --vars); do
        eval "$message"
        case $kind in
        message) echo "careful: $payload" ;;
        exit) echo "careful: I put things in order" && exit 0 ;;
        esac
    done
}

client() {
    for service in stubborn plain careful; do
        ref=$(supctl monitor "$service")
        supctl stop "$service" >/dev/null
        eval "$(supctl recv --match "kind=down,ref=$ref" --vars)"
        echo "client: $service was stopped: $reason"
    done
}

"$1"
