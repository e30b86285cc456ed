#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx with this folder's nginx.conf and a folder for its temporary files.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
runtime=${WEB_RUNTIME:-${XDG_RUNTIME_DIR:-/run}/supd-web}
mkdir -p "$runtime"
exec nginx -e stderr -p "$runtime" -c "$here/nginx.conf"
