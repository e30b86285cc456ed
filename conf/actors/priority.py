#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Selective receive: what is taken first is up to who receives, not to the order in which things came.
As in Erlang, priority takes two steps: what is urgent, if there is such a thing, and then the rest."""

import sup

actor = sup.Actor()
actor.send(actor.pid, "normal", "a letter")
actor.send(actor.pid, "normal", "another letter")
actor.send(actor.pid, "priority", "the house is on fire")

while True:
    message = actor.receive(lambda m: m.tag == "priority", timeout=0)
    message = message or actor.receive(lambda m: m.tag == "normal", timeout=0)
    if message is None:
        break
    print(f"python: {message.payload.decode()}")
