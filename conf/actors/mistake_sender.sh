#!/bin/sh
# SPDX-License-Identifier: MIT
# A mistake: a request that does not say where its answer is to go. The client asks front, who lets back
# do the work. A message that is passed on comes from who has passed it on.
front() {
    while message=$(supctl recv --vars); do
        eval "$message"
        case $kind:$tag in
        # Wrong: back can only answer us, and we do not know any more whose question it was.
        message:question) supctl send back --tag question "$payload" ;;
        message:answer)
            echo "front: \"$payload\", and I can not tell for whom"
            supctl send client --tag lost
            ;;
        # Right: the address of the answer, its pid and ref, goes with the question.
        call:question) supctl send back --tag question-of "$from $ref" ;;
        esac
    done
}

back() {
    while message=$(supctl recv --vars); do
        eval "$message"
        case $tag in
        question) supctl send "$from" --tag answer "42" ;;
        question-of) supctl reply $payload "42" ;;
        esac
    done
}

client() {
    supctl send front --tag question
    supctl recv --match tag=lost
    supctl recv --match tag=answer --timeout 0 || echo "client: nobody answers"
    echo "client: now I call, and am answered: $(supctl call front --tag question)"
}

"$1"
