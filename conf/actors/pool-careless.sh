#!/bin/sh
# SPDX-License-Identifier: MIT
# Borrows a connection, and is killed while it has it.
connection=$(supctl call pool --tag borrow)
echo "careless: I have connection $connection"
supctl send client --tag borrowed
supctl recv --match tag=die
kill -KILL $$
