#!/bin/sh
# SPDX-License-Identifier: MIT
# Asks the three echo servers of echo.conf. An actor does not see what language another one is in.
for server in shell c python; do
    answer=$(supctl call "echo/$server" "hello, $server")
    echo "client: $server answers \"$answer\""
done

# A message is sent, and that is all: what comes back is one more message, in our own mailbox.
supctl send echo/shell --tag say "are you there?"
eval "$(supctl recv --match tag=say --vars)"
echo "client: $from_name sends \"$payload\""
