#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""spawn_link: a child that is linked from its first moment on. Its crash takes us along; started with
the word trap, where exits are trapped, it is a message, and we live on."""

import sys

import sup

actor = sup.Actor()
actor.receive(lambda m: m.tag == "begin")
if "trap" in sys.argv:
    actor.trap()

print("python: I spawn a child", flush=True)
child, _ = actor.spawn("sh", "-c", "echo 'child: I crash'; exit 7", link=True)
end = actor.receive(lambda m: m.kind == sup.EXIT and m.sender == child)
print(f"python: my child has ended: {end.payload.decode()}")
