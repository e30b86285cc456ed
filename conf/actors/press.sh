#!/bin/sh
# SPDX-License-Identifier: MIT
# A printing press, slower than those who write for it. A page that comes as a call is answered when it
# is printed, and so nobody writes faster than it prints. Pages that come as messages pile up.
waiting() {
    supctl info "$SUP_PID" | sed -n 's/^message_queue_len: *//p'
}

supctl recv --match tag=begin
while page=$(supctl recv --vars); do
    eval "$page"
    [ "$tag" = quietly ] || echo "press: $payload, with $(waiting) more waiting"
    case $kind in
    call) supctl reply "$from" "$ref" "$payload is printed" ;;
    message) supctl send "$from" --tag printed ;;
    esac
done
