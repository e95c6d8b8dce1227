#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The entries of a Debian changelog as those of a spec file's %changelog."""
import re
import sys
import time

version, points = None, []
for line in open(sys.argv[1], encoding="utf-8").read().splitlines():
    head = re.match(r"^\S+ \(([^)]+)\)", line)
    tail = re.match(r"^ -- (.*>)  (.*)$", line)
    if head:
        version, points = head.group(1), []
    elif line.startswith("  * "):
        points.append(line[4:])
    elif line.startswith("    ") and points:
        points[-1] += " " + line.strip()
    elif tail:
        day = time.strftime("%a %b %d %Y", time.strptime(tail.group(2), "%a, %d %b %Y %H:%M:%S %z"))
        print(f"* {day} {tail.group(1)} - {version}-1")
        print("\n".join("- " + point.replace("%", "%%") for point in points) + "\n")
