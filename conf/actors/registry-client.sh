#!/bin/sh
# SPDX-License-Identifier: MIT
# Asks for names, before and after the end of who has them.
echo "client: may I be called lamp? $(supctl call registry --tag register lamp)"
[ "$(supctl call registry --tag whereis lamp)" = "$(supctl whereis lamp-service)" ] &&
    echo "client: it is the lamp-service"

ref=$(supctl monitor light)
supctl send light --tag die
supctl recv --match "kind=down,ref=$ref" >/dev/null
echo "client: may I be called lamp? $(supctl call registry --tag register lamp)"
supctl whereis light 2>/dev/null || echo "client: and nobody is called light"
