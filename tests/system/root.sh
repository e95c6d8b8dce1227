#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# root.sh FOLDER DEB PROGRAM: prints a root folder below FOLDER with a minimal Debian of this host's release that has what
# the package DEB depends on and what PROGRAM is linked with, so that both can be installed in it without a network. It is
# made when there is none for the same wishes yet.
set -eu
folder=$1
deb=$2
program=$3

# shellcheck source=/dev/null
. /etc/os-release
depends=$(dpkg-deb -f "$deb" Pre-Depends Depends | sed -e 's/^[A-Za-z-]*: //' | tr ',' '\n' |
    sed -e 's/([^)]*)//g' -e 's/|.*//' -e 's/[[:space:]]//g' | grep -v '^$')
linked=$(ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
    for path in "$library" "/usr$library" "$(realpath "$library")"; do
        dpkg-query -S "$path" 2>/dev/null && break
    done
done | sed 's/:.*//')
# shellcheck disable=SC2086 # lists of words
wanted=$(printf '%s\n' apt dbus man-db sqlite3 systemd systemd-sysv ca-certificates libjq1 procps \
    bash-completion $depends $linked | sort -u | tr '\n' ',' | sed 's/,$//')

key=$(printf '%s %s' "$VERSION_CODENAME" "$wanted" | cat - "$0" | sha256sum | cut -c 1-16)
root=$folder/root-$key
if [ ! -d "$root" ]; then
    echo "making a root of $ID $VERSION_CODENAME (once): $wanted" >&2
    rm -rf "$folder"/root-*
    mkdir -p "$folder"
    nice mmdebstrap --quiet --variant=apt --include="$wanted" "$VERSION_CODENAME" "$root.new" >&2
    # A machine without a network has nothing to wait for.
    ln -sf /dev/null "$root.new/etc/systemd/system/systemd-networkd-wait-online.service"
    ln -sf /dev/null "$root.new/etc/systemd/system/apt-daily.timer"
    ln -sf /dev/null "$root.new/etc/systemd/system/apt-daily-upgrade.timer"
    ln -sf /dev/null "$root.new/etc/systemd/system/man-db.timer"
    mkdir -p "$root.new/var/log/journal"
    mv "$root.new" "$root"
fi
realpath "$root"
