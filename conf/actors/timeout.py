#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Receive with a timeout, and the poll."""

import sup

actor = sup.Actor()
if actor.receive(timeout=0.05) is None:
    print("python: nothing has come")

actor.send(actor.pid, payload="one")
actor.send(actor.pid, payload="two")
while message := actor.receive(timeout=0):
    print(f"python: {message.payload.decode()}")
