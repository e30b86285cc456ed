#!/bin/sh
# SPDX-License-Identifier: MIT
# spawn_link, and exits are trapped: the child's crash is a message, and we live on.
supctl trap on
supctl recv --match tag=begin

echo "shell: I spawn a child"
child=$(supctl spawn --link -- sh -c 'echo "child: I crash"; exit 7')
eval "$(supctl recv --match "kind=exit,from=$child" --vars)"
echo "shell: my child has ended: $reason"
