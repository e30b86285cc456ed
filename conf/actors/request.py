#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests with a timeout, of servers that are quick, dead or slow. How a call is made, and given up,
is in sup.py."""

import sup


def ask(server, question, timeout=5):
    try:
        answer = actor.call(server, "get", question, timeout)
        print(f"python: {server} answers: {answer.decode()}")
    except sup.Ended as end:
        print(f"python: {server} has ended: {end}")
    except TimeoutError:
        print(f"python: {server} lives, and is slow")


actor = sup.Actor()
ask("quick", "how are you?")
ask("mortal/python", "how are you?")
ask("mortal/python", "how are you?")
ask("slow", "the first question", timeout=0.05)
ask("slow", "the second question")
if actor.receive(timeout=0) is None:
    print("python: and nothing is left in the mailbox")
