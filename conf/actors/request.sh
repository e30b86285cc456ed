#!/bin/sh
# SPDX-License-Identifier: MIT
# A request with a timeout. The server is watched until it has answered: so a dead one is told from a
# slow one, and at once.
ask() {
    answer=$(supctl call "$1" --tag get --timeout "$2" "$3" 2>/dev/null)
    case $? in
    0) echo "shell: $1 answers: $answer" ;;
    3) echo "shell: there is no $1" ;;
    5) echo "shell: $1 lives, and is slow" ;;
    7) echo "shell: $1 has ended without an answer" ;;
    esac
}

ask quick 5s "how are you?"
ask mortal/shell 5s "how are you?"
ask mortal/shell 5s "how are you?"
ask slow 50ms "the first question"
# By now it answers the first question, too. Nobody waits for that any more, and it is dropped.
ask slow 5s "the second question"
supctl recv --timeout 0 || echo "shell: and nothing is left in the mailbox"
