#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build-deb.sh VERSION SOURCE: the Debian packages of a copy of the source tree, beside it; for build.sh. A VERSION other
# than the changelog's gets an entry of its own in the copy.
set -eu
version=$1
cd "$2"
cp -R packaging/debian debian
if [ "$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)" != "$version" ]; then
    {
        echo "sqsflow ($version) unstable; urgency=medium"
        printf '\n  * Built as %s.\n\n' "$version"
        sed -n '/^ -- /{p;q;}' debian/changelog
        echo
        cat debian/changelog
    } >debian/changelog.new
    mv debian/changelog.new debian/changelog
    cp debian/changelog packaging/debian/changelog
fi
exec dpkg-buildpackage --build=binary --no-sign -j"$(nproc)"
