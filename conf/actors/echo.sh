#!/bin/sh
# SPDX-License-Identifier: MIT
# An echo server: it answers every call with what it was asked, and sends every message back.
supctl ready
while message=$(supctl recv --vars); do
    eval "$message"
    case $kind in
    call) supctl reply "$from" "$ref" -- "$payload" ;;
    message) supctl send "$from" --tag "$tag" -- "$payload" ;;
    esac
done
