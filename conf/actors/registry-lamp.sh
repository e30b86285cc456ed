#!/bin/sh
# SPDX-License-Identifier: MIT
# Takes a name in both registries, ours and the one of supd, and waits to be killed.
echo "lamp: may I be called lamp? $(supctl call registry --tag register lamp)"
supctl register light
supctl ready
supctl recv --match tag=die
kill -KILL $$
