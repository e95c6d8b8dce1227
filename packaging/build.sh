#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh deb|rpm VERSION FOLDER: the packages, from a copy of the source tree, into FOLDER, which also gets the log.
# What a kind of package takes is in build-deb.sh and build-rpm.sh.
set -eu
kind=$1
version=$2
folder=$3
cd "$(dirname "$0")/.."
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$folder/$kind
source=$work/sqsflow-$version
log=$folder/$kind.log

# The time of the last change of the changelog is that of every file, so that packages come out the same.
SOURCE_DATE_EPOCH=$(date -d "$(sed -n 's/^ -- .*>  //p' packaging/debian/changelog | head -n 1)" +%s)
export SOURCE_DATE_EPOCH
unset MAKEFLAGS MAKELEVEL MFLAGS

# What git knows and what it does not ignore; else everything but build folders.
copy_source() {
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . \( -name 'build' -o -name 'build-*' -o -name node_modules -o -name .git \) -prune -o \( -type f -o -type l \) -print0
    fi |
        tar --null --files-from=- --ignore-failed-read --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
            --numeric-owner --mode='u+rw,go+r,go-w,a+X' --file=- 2>/dev/null | tar -x -C "$1" -f -
}

rm -rf "$work"
mkdir -p "$source"
copy_source "$source"
if ! nice "packaging/build-$kind.sh" "$version" "$source" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "make $kind: failed; all of it is in $log" >&2
    exit 1
fi
find "$work" -name "*.$kind" -printf '%f\n' | sort | while read -r name; do echo "$folder/$name"; done
find "$work" \( -name "*.$kind" -o -name '*.changes' -o -name '*.buildinfo' \) -exec mv -t "$folder" {} +
rm -rf "$work"
