#!/bin/sh
# SPDX-License-Identifier: MIT
# Once a second: fetches the page, keeps it in redis, counts. Ends with status 1 where either one is gone.
set -eu

while :; do
	page=$(curl -fsS --retry 3 --retry-connrefused --max-time 5 "http://127.0.0.1:$WEB_PORT/")
	redis-cli -p "$REDIS_PORT" set page "$page" >/dev/null
	redis-cli -p "$REDIS_PORT" incr hits >/dev/null
	sleep 1
done
