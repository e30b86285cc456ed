#!/bin/sh
# SPDX-License-Identifier: MIT
# spawn_link: a child that is linked from its first moment on. Its crash takes us along.
supctl recv --match tag=begin

echo "shell: I spawn a child"
supctl spawn --link -- sh -c 'echo "child: I crash"; exit 7' >/dev/null
supctl recv
echo "this is never printed"
