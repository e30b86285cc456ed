#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A worker on a durable mailbox, as jobs.sh: what it has not acknowledged comes again, when it has
been killed and started again. Here it dies in the middle of job 2."""

import os
import signal

import sup

actor = sup.Actor()
while True:
    job = actor.receive()
    text = job.payload.decode()
    print(f"worker: job {text}" + (", handed out before" if job.redelivered else ""), flush=True)
    if text == "2" and not job.redelivered:
        os.kill(os.getpid(), signal.SIGKILL)
    actor.send("client", "done", text)
    actor.ack(job)
