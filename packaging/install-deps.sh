#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the distribution's packages that a build ("build"), the tests ("test") and the packages with their tests on a
# booted system ("system") need, and only those that are missing. Debian and Ubuntu; elsewhere it names what is needed.
set -eu

BUILD="gcc libc6-dev pkg-config libsystemd-dev libcurl4-openssl-dev libssl-dev libyaml-dev libcjson-dev libsqlite3-dev
       libmicrohttpd-dev uthash-dev libjq-dev tzdata python3"
TEST="git libcmocka-dev python3-pytest python3-pytest-xdist python3-jsonschema python3-yaml clang clang-tidy clang-format
      libclang-rt-dev cppcheck shellcheck valgrind sqlite3 procps ca-certificates curl groff-base"
SYSTEM="python3-pytest build-essential debhelper dpkg-dev fakeroot lintian rpm elfutils debugedit rpmlint mmdebstrap
        systemd-container systemd util-linux binutils zsh fish man-db busybox-static cpio xz-utils"

wanted=""
for set in "$@"; do
    case $set in
    build) wanted="$wanted $BUILD" ;;
    test)
        wanted="$wanted $TEST"
        # A machine may have Node.js from elsewhere; npm is what counts.
        command -v npm >/dev/null 2>&1 || wanted="$wanted nodejs npm"
        ;;
    system)
        wanted="$wanted $SYSTEM"
        [ "$(uname -m)" != x86_64 ] || wanted="$wanted qemu-system-x86"
        ;;
    *)
        echo "usage: $0 [build] [test] [system]" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "$0: not a Debian system; please install the equivalents of:$wanted" >&2
    exit 0
fi

missing=""
for package in $wanted; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true) in
    *"ok installed") ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # lists of words
{
    $as_root apt-get -qq update
    $as_root apt-get -qq install -y --no-install-recommends $missing >/dev/null
}
