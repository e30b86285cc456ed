# SPDX-License-Identifier: MIT
"""Actors in Python, with nothing but its standard library: what the examples beside it share. It
speaks the protocol of sup(7), THE WIRE, over the connection that a service is born with.

    import sup

    actor = sup.Actor()
    actor.ready()
    while True:
        message = actor.receive()
        if message.kind == sup.CALL:
            actor.reply(message, message.payload)

A message that was received and does not match stays in actor.mailbox, in its order. Not for large
payloads, which come as file descriptors, nor for more than one thread.
"""

import os
import select
import socket
import struct
import time
from typing import NamedTuple

HELLO, REQUEST, ROW, REPLY = 1, 2, 3, 4
MESSAGE, CALL, RESPONSE, EXIT, DOWN = 16, 17, 18, 19, 20
MONITOR, CANCEL, CREDIT, RECEIVE, ACK, DONE, WINDOW = 21, 22, 23, 24, 25, 26, 27
NAMED, REDELIVERED, FLUSH, NOW = 1, 8, 16, 32  # flags

HEADER = struct.Struct("<IBBHQQQ")  # size op flags tag_size from to ref
FIELD = struct.Struct("<BBHI")  # type flags name_size value_size
INT, TEXT, LIST, BOOL = 2, 3, 6, 1  # types of fields
DATAGRAM_MAX = 65536
BATCH = 64  # messages that may be on their way to us


class Message(NamedTuple):
    kind: int  # MESSAGE, CALL, RESPONSE, EXIT or DOWN
    sender: int  # a pid
    ref: int  # of a call, its answer, or a monitor
    tag: str
    payload: bytes  # of EXIT and DOWN: the reason
    number: int  # its place in the mailbox
    redelivered: bool  # handed out before, and not acknowledged


class Ended(Exception):
    """Who was called has ended, or was not there: its argument is the reason."""


def pid_text(pid):
    return f"<0.{pid & 0xFFFFFFFF}.{pid >> 32}>"


def pid_parse(text):
    _, low, high = text.strip("<>\0").split(".")
    return int(low) | int(high) << 32


def _field(name, value):
    if isinstance(value, bool):
        kind, data = BOOL, struct.pack("<B", value)
    elif isinstance(value, int):
        kind, data = INT, struct.pack("<q", value)
    elif isinstance(value, str):
        kind, data = TEXT, value.encode() + b"\0"
    else:
        kind, data = LIST, b"".join(text.encode() + b"\0" for text in value)
    name = name.encode() + b"\0"
    return FIELD.pack(kind, 0, len(name), len(data)) + name + data


class Actor:
    def __init__(self):
        if int(os.environ.get("SUP_OS_PID", 0)) != os.getpid():
            raise SystemExit("run me as a service of supd")
        self.sock = socket.socket(fileno=int(os.environ["SUP_FD"]))
        self.sock.set_inheritable(False)
        self.mailbox = []  # what has come and was not received
        self.answers = {}  # ref: the DONE or REPLY that has come
        self.handed = self.done = self.credit = 0  # messages that came, are done with, may come
        self.sent = 0
        self.window = 1  # bytes; HELLO has the first one
        self.last_ref = 0
        self.greeted = False
        self._put(HELLO, payload=b"supd" + struct.pack("<I", 2) + b"sup.py\0")
        while not self.greeted:
            self._wait(None)

    # -- messages

    def send(self, to, tag="", payload=b""):
        """To a pid, or to whoever has a name."""
        self._send(MESSAGE, to, 0, tag, payload)

    def receive(self, match=None, timeout=None):
        """The first message for which match(message) is true. None: there was none within timeout
        seconds; 0 looks at the whole mailbox once, None waits for ever."""
        end = None if timeout is None else time.monotonic() + timeout
        while timeout == 0 and self._ask(RECEIVE, self._ref(), flags=NOW):
            pass  # one more that the daemon has had; 0: there is none, and none on its way to us
        while True:
            for i, message in enumerate(self.mailbox):
                if match is None or match(message):
                    self.done += 1
                    return self.mailbox.pop(i)
            if end is not None and time.monotonic() >= end:
                return None
            self._allow()
            self._wait(None if end is None else end - time.monotonic())

    def ack(self, message):
        """It is done with: for durable mailboxes, where it would come again after our end."""
        self._put(ACK, ref=message.number)

    # -- calls

    def call(self, to, tag="", payload=b"", timeout=5):
        """The payload of the answer. Raises Ended, or TimeoutError: it lives, and is slow."""
        ref = self._ref()
        self._send(CALL, to, ref, tag, payload)
        answer = self.receive(lambda m: m.ref == ref and m.kind in (RESPONSE, DOWN), timeout)
        if answer is None:
            self.demonitor(ref)
            raise TimeoutError
        if answer.kind == DOWN:
            raise Ended(answer.payload.decode())
        return answer.payload

    def reply(self, call, payload=b""):
        self._send(RESPONSE, call.sender, call.ref, "", payload)

    # -- ends

    def monitor(self, to):
        """A ref: a DOWN with it comes when that one ends, at once where it has."""
        ref = self._ref()
        self._put(MONITOR, to, ref)
        return ref

    def demonitor(self, ref):
        """Nothing with that ref comes any more, nor is left in the mailbox."""
        self._ask(CANCEL, ref, flags=FLUSH)
        kept = [m for m in self.mailbox if m.ref != ref or m.kind not in (RESPONSE, DOWN)]
        self.done += len(self.mailbox) - len(kept)
        self.mailbox = kept

    # -- requests

    def request(self, name, **values):
        """One of the requests of sup(7), with its fields: str, bool, int, or a list of str. Its reply's
        fields, in bytes; where it was refused, a RuntimeError."""
        fields = b"".join(_field(key, value) for key, value in values.items())
        data, reply, at = self._ask(REQUEST, self._ref(), name, fields), {}, 0
        while at < len(data):
            _, _, key_size, value_size = FIELD.unpack_from(data, at)
            at += FIELD.size
            key = data[at : at + key_size - 1].decode()
            reply[key] = data[at + key_size : at + key_size + value_size]
            at += key_size + value_size
        if any(reply["status"]):
            raise RuntimeError(reply["error"].decode(errors="replace").rstrip("\0"))
        return reply

    def trap(self, on=True):
        """Whether exit signals come as messages, EXIT, instead of ending us."""
        self.request("trap", on=on)

    def spawn(self, *command, link=False, monitor=False):
        """The pid of a new actor, linked and monitored in the same step, and the monitor's ref."""
        ref = self._ref() if monitor else 0
        more = {"monitor": ref} if monitor else {}
        reply = self.request("spawn", command=list(command), link=link, **more)
        return pid_parse(reply["pid"].decode()), ref

    def ready(self):
        """For ready = notify."""
        self.request("ready")

    # -- frames

    def _ref(self):
        self.last_ref += 1
        return self.last_ref

    def _put(self, op, to=0, ref=0, tag="", payload=b"", flags=0):
        tag = tag.encode()
        if isinstance(to, str):
            to, tag, flags = 0, to.encode() + b"\0" + tag, flags | NAMED
        size = HEADER.size + len(tag) + len(payload)
        self.sock.send(HEADER.pack(size, op, flags, len(tag), 0, to, ref) + tag + payload)
        return size

    def _send(self, op, to, ref, tag, payload):
        if isinstance(payload, str):
            payload = payload.encode()
        while self.sent >= self.window:  # reading goes on, or two could wait for each other
            self._allow()
            self._wait(None)
        self.sent += self._put(op, to, ref, tag, payload)

    def _ask(self, op, ref, tag="", payload=b"", flags=0):
        """The number in the DONE with that ref, or the payload of the REPLY."""
        self._put(op, 0, ref, tag, payload, flags)
        while ref not in self.answers:
            self._wait(None)
        return self.answers.pop(ref)

    def _allow(self):
        """New credit where half of it is used, whatever lies in the mailbox that nobody wants."""
        if self.credit - self.handed <= BATCH // 2:
            self.credit = self.handed + BATCH
            self._put(CREDIT, to=self.done, ref=self.credit)

    def _wait(self, timeout):
        """Takes in what comes, for the rest of the timeout at most."""
        if timeout is not None and not select.select([self.sock], [], [], max(timeout, 0))[0]:
            return
        data, fds, _, _ = socket.recv_fds(self.sock, DATAGRAM_MAX, 253)
        for fd in fds:
            os.close(fd)
        if not data:
            raise SystemExit(0)  # supd has gone, or has ended us
        at, promised = 0, None
        while at < len(data):
            size, op, flags, tag_size, sender, to, ref = HEADER.unpack_from(data, at)
            body = data[at + HEADER.size : at + size]
            tag, payload = body[:tag_size].decode(errors="replace"), body[tag_size:]
            at += size
            if MESSAGE <= op <= DOWN:
                self.mailbox.append(
                    Message(op, sender, ref, tag, payload, to, bool(flags & REDELIVERED))
                )
                self.handed += to != promised  # what a RECEIVE brings takes no credit
            elif op in (DONE, REPLY):
                self.answers[ref] = to if op == DONE else payload
                promised = to
            elif op == WINDOW:
                self.window = ref
            elif op == HELLO:
                self.pid, self.window = struct.unpack_from("<QQ", payload, payload.index(0, 8) + 1)
                self.greeted = True
        self.mailbox.sort(key=lambda m: m.number)
