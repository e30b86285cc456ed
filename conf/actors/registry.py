#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A registry that forgets the dead: whoever takes a name is monitored, and when they end, however
that comes about, their names are free.

    call  register NAME    "yes", or "no" where it is taken
    call  whereis NAME     a pid, or nothing
"""

import sup

actor = sup.Actor()
names = {}  # name: (pid, ref of the monitor)


def register(call, name):
    if name in names:
        return "no"
    # Should the caller have ended already, we are told that at once, and forget the name again.
    names[name] = call.sender, actor.monitor(call.sender)
    return "yes"


def whereis(_, name):
    return sup.pid_text(names[name][0]) if name in names else ""


def forget(down):
    for name, (_, ref) in list(names.items()):
        if ref == down.ref:
            del names[name]
            print(f"registry: {name} is free: {down.payload.decode()}", flush=True)


CALLS = {"register": register, "whereis": whereis}

actor.ready()
while True:
    message = actor.receive()
    if message.kind == sup.DOWN:
        forget(message)
    elif message.kind == sup.CALL and message.tag in CALLS:
        actor.reply(message, CALLS[message.tag](message, message.payload.decode()))
    else:  # taken, and dropped: what is left in a mailbox stays there for ever
        print(f"registry: {message.tag} is nothing I know", flush=True)
