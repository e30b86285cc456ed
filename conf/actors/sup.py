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
TEXT = 3
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
        if timeout == 0:  # what is on its way comes before the answer to this
            self._ask(RECEIVE, self._ref(), flags=NOW)
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

    def request(self, name, **texts):
        """One of the requests of sup(7) that take nothing but texts: its reply's fields, in bytes."""
        fields = b""
        for key, value in texts.items():
            key, value = key.encode() + b"\0", value.encode() + b"\0"
            fields += FIELD.pack(TEXT, 0, len(key), len(value)) + key + value
        data, reply, at = self._ask(REQUEST, self._ref(), name, fields), {}, 0
        while at < len(data):
            _, _, key_size, value_size = FIELD.unpack_from(data, at)
            at += FIELD.size
            key = data[at : at + key_size - 1].decode()
            reply[key] = data[at + key_size : at + key_size + value_size]
            at += key_size + value_size
        return reply

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
        """The payload of the DONE or REPLY with that ref."""
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
                self.answers[ref] = payload
                promised = to if op == DONE else None
            elif op == WINDOW:
                self.window = ref
            elif op == HELLO:
                self.pid, self.window = struct.unpack_from("<QQ", payload, payload.index(0, 8) + 1)
                self.greeted = True
