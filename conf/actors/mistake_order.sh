#!/bin/sh
# SPDX-License-Identifier: MIT
# A mistake: to assume an order among different senders. What one actor sends to another arrives in the
# order sent, and that is all that is promised.
left() {
    # Slow: it answers when right has.
    while supctl recv --match tag=question; do
        supctl recv --match tag=go
        supctl send client --tag answer "I am left"
    done
}

right() {
    while supctl recv --match tag=question; do
        supctl send client --tag answer "I am right"
        supctl send left --tag go
    done
}

client() {
    # Wrong: who was asked first need not answer first.
    supctl send left --tag question
    supctl send right --tag question
    echo "client: asked left:  $(supctl recv --match tag=answer)"
    echo "client: asked right: $(supctl recv --match tag=answer)"

    # Right: an answer is known by who sends it; that of a call, better still, by its ref.
    supctl send left --tag question
    supctl send right --tag question
    echo "client: asked left:  $(supctl recv --match "tag=answer,from=$(supctl whereis left)")"
    echo "client: asked right: $(supctl recv --match "tag=answer,from=$(supctl whereis right)")"
}

"$1"
