#!/bin/sh
# SPDX-License-Identifier: MIT
# A counter: messages with the tag tick move it, calls with the tag get read it.
n=0
supctl trap on
supctl ready
while message=$(supctl recv --vars); do
    eval "$message"
    case $kind:$tag in
    message:tick) n=$((n + 1)) ;;
    call:get) supctl reply "$from" "$ref" "$n" ;;
    call:*) supctl reply "$from" "$ref" "what is $tag?" ;;
    exit:*) echo "$from_name says $reason at $n" && exit 0 ;;
    esac
done
