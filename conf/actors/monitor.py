#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A monitor: we are told once when somebody ends, and why. It does not tie us to them."""

import sup


def wait_for_end(who, ref):
    down = actor.receive(lambda m: m.kind == sup.DOWN and m.ref == ref)
    print(f"python: {who} has ended: {down.payload.decode()}")


actor = sup.Actor()
wait_for_end("nobody", actor.monitor("nobody"))
_, ref = actor.spawn("sh", "-c", "exit 4", monitor=True)
wait_for_end("a child", ref)
