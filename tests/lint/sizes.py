#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The size rules: a C file at most 500 lines, a header 140, a function 100; every source file bears the licence line.

Functions are found by the coding style itself: a body opens with "{" in column 0 or at the end of a line that starts
in column 0, and closes with "}" in column 0.
"""
import subprocess
import sys

LIMITS = {".c": 500, ".h": 140, ".py": 500, ".sh": 300, ".mjs": 300}
FUNCTION_MAX = 100
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def functions(lines):
    """Yields (first line, length, name) of each top-level brace block that belongs to a function."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line.rstrip().endswith("{") and not line[0].isspace():
            opener = number
            while opener > 1 and lines[opener - 1].startswith(("{", " ")):
                opener -= 1
            head = "".join(lines[opener - 1:number])
            start = (opener, head) if "(" in head and "=" not in head.split("(")[0] else (opener, None)
        elif start and line.startswith("}"):
            if start[1]:
                yield start[0], number - start[0] + 1, start[1].split("(")[0].split()[-1]
            start = None


def findings(path):
    ending = path[path.rfind("."):]
    with open(path, encoding="utf-8") as text:
        lines = text.readlines()
    if LICENCE not in "".join(lines[:3]):
        yield f"{path}:1: the licence line is missing"
    if len(lines) > LIMITS[ending]:
        yield f"{path}:1: {len(lines)} lines; at most {LIMITS[ending]}: one file, one subject"
    if ending in (".c", ".h"):
        for line, length, name in functions(lines):
            if length > FUNCTION_MAX:
                yield f"{path}:{line}: {name} has {length} lines; at most {FUNCTION_MAX}"


def main():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"] + [f"*{e}" for e in LIMITS]
    files = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    found = [finding for path in sorted(set(files)) for finding in findings(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
