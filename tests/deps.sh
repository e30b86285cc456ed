#!/bin/sh
# SPDX-License-Identifier: MIT
# The packages that building and testing need; with `ci` also the tools and servers that only .ci/run
# uses. What is there already costs nothing and no network.
set -eu

packages="build-essential libev-dev libinih-dev libcriterion-dev zlib1g-dev libzstd-dev
	pkg-config mandoc python3"
if [ "${1-}" = ci ]; then
	packages="$packages clang clang-format clang-tidy cppcheck valgrind strace
		curl redis-server redis-tools nginx postgresql postgresql-client
		openssh-server openssh-client"
fi

# Elsewhere than on Debian and its family the headers decide.
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	cc=$(command -v cc || command -v gcc || command -v clang) || cc=false
	if printf '#include <ev.h>\n#include <ini.h>\n#include <criterion/criterion.h>\n#include <zlib.h>\n#include <zstd.h>\n' |
		"$cc" -E - >/dev/null 2>&1; then
		exit 0
	fi
	echo "supd needs a C compiler, make, and the headers of libev, inih, zlib, libzstd and" >&2
	echo "Criterion 2.4." >&2
	echo "On Debian they are: $packages. Install what your system calls them." >&2
	exit 1
fi

installed() {
	case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in
	*" installed") return 0 ;;
	esac
	# Another flavour of the package serves as well.
	case $1 in
	nginx) command -v nginx >/dev/null ;;
	build-essential) command -v gcc >/dev/null && command -v make >/dev/null &&
		printf '#include <stdio.h>\n' | gcc -E - >/dev/null 2>&1 ;;
	pkg-config) command -v pkg-config >/dev/null ;;
	*) return 1 ;;
	esac
}

missing=
for package in $packages; do
	installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "Missing:$missing. Install them as root: apt-get install$missing" >&2
		exit 1
	}
	sudo=sudo
fi

# Servers are for the tests to start, not for their packages.
policy=/usr/sbin/policy-rc.d
if [ "${1-}" = ci ] && [ ! -e $policy ]; then
	trap '$sudo rm -f $policy' EXIT
	trap 'exit 1' INT TERM
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
fi

echo "installing:$missing"
# shellcheck disable=SC2086
install="$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
$install $missing || { $sudo apt-get update -q && $install $missing; }
