#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An actor in Python, with nothing but its standard library: it answers every call with what it was
sent, and sends every message back to who sent it. Written from sup(7), section THE WIRE.

    [service echo]
    command = conf/actors/echo.py
    ready = notify
"""

import os
import socket
import struct
import sys

HELLO, MESSAGE, CALL, RESPONSE, EXIT, CREDIT, WINDOW = 1, 16, 17, 18, 19, 23, 27
MEMFD = 2
HEADER = struct.Struct("<IBBHQQQ")  # size op flags tag_size from to ref
DATAGRAM_MAX = 65536
BATCH = 64  # messages that may be on their way to us


class Actor:
    """The connection to supd that a service is born with."""

    def __init__(self):
        if int(os.environ["SUP_OS_PID"]) != os.getpid():
            raise SystemExit("echo.py: run me as a service of supd")
        self.sock = socket.socket(fileno=int(os.environ["SUP_FD"]))
        self.sock.set_inheritable(False)
        self.sent = self.window = 0
        self.done = self.credit = 0
        self.ready = []  # frames that have come and were not looked at
        self.put(HELLO, payload=b"supd" + struct.pack("<I", 2) + b"echo.py\0")
        payload = self.next_of(HELLO)[-1]
        self.pid, self.window = struct.unpack_from("<QQ", payload, payload.index(b"\0", 8) + 1)

    def put(self, op, to=0, ref=0, tag=b"", payload=b""):
        size = HEADER.size + len(tag) + len(payload)
        self.sock.send(HEADER.pack(size, op, 0, len(tag), 0, to, ref) + tag + payload)

    def read(self):
        data, fds, _, _ = socket.recv_fds(self.sock, DATAGRAM_MAX, 64)
        for fd in fds:  # we have no use for large payloads
            os.close(fd)
        if not data:
            raise SystemExit(0)
        at = 0
        while at < len(data):
            size, op, flags, tag_size, sender, number, ref = HEADER.unpack_from(data, at)
            tag = data[at + HEADER.size : at + HEADER.size + tag_size]
            payload = data[at + HEADER.size + tag_size : at + size]
            at += size
            if op == WINDOW:
                self.window = ref
            else:
                self.ready.append((op, flags, sender, ref, tag, payload))

    def next_of(self, *ops):
        """The next frame of one of these kinds; others are passed over."""
        while True:
            while self.ready:
                frame = self.ready.pop(0)
                if frame[0] in ops:
                    return frame
            self.read()

    def receive(self):
        """The next message. Half of the credit spent, there is new credit."""
        if self.credit - self.done <= BATCH // 2:
            self.credit = self.done + BATCH
            self.put(CREDIT, ref=self.credit, to=self.done)
        frame = self.next_of(MESSAGE, CALL, EXIT)
        self.done += 1
        return frame

    def send(self, op, to, ref=0, tag=b"", payload=b""):
        while self.sent >= self.window:  # reading goes on, or two could wait for each other
            self.read()
        self.sent += HEADER.size + len(tag) + len(payload)
        self.put(op, to, ref, tag, payload)


def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(os.environ["NOTIFY_SOCKET"])
        sock.send(text.encode())


def main():
    actor = Actor()
    notify("READY=1")
    while True:
        op, flags, sender, ref, tag, payload = actor.receive()
        if flags & MEMFD:
            payload = b"too large for me"
        if op == CALL:
            actor.send(RESPONSE, sender, ref, payload=payload)
        elif op == MESSAGE and sender:
            actor.send(MESSAGE, sender, tag=tag, payload=payload)


if __name__ == "__main__":
    sys.exit(main())
