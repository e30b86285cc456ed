#!/bin/sh
# SPDX-License-Identifier: MIT
# A server that answers only when it has been asked once more, and then both questions.
supctl ready
while first=$(supctl recv --match kind=call --vars); do
    second=$(supctl recv --match kind=call --vars)
    for call in "$first" "$second"; do
        eval "$call"
        supctl reply "$from" "$ref" "this is about $payload"
    done
done
