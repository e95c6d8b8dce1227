#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build-rpm.sh VERSION SOURCE: the RPM packages of a copy of the source tree, below the folder that it is in; for build.sh.
# On a system of another kind (Debian) what a build needs is there under other names, so that rpm is not asked about it.
set -eu
version=$1
cd "$2/.."
top=$(pwd)
source=$(basename "$2")
mkdir SOURCES SPECS
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$source" | gzip -n >"SOURCES/$source.tar.gz"

# "* Mon Nov 23 2026 name <address> - 0.1.0-1" and a line for each point, from the entries of Debian's changelog.
{
    cat "$source/packaging/rpm/sqsflow.spec"
    echo '%changelog'
    python3 "$source/packaging/changelog.py" "$source/packaging/debian/changelog"
} >SPECS/sqsflow.spec

set -- -bb SPECS/sqsflow.spec
[ ! -e /etc/debian_version ] || set -- --nodeps --define 'sqsflow_debug_package 1' "$@"
exec rpmbuild --define "_topdir $top" --define "sqsflow_version $version" --define "_smp_mflags -j$(nproc)" \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_buildhost reproducible' "$@"
