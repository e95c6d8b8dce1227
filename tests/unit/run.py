#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs unit programs side by side: silent about what passes; of what fails the output without what passed in it, cut in the
middle when it is long; one line at the end, which names what failed. Of a long log often only the end is seen."""
import argparse
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIMEOUT_SECONDS = 600
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=97", "--leak-check=full", "--errors-for-leak-kinds=definite",
            "--child-silent-after-fork=yes"]
OUTPUT_CHARACTERS = 3000
PASSED = re.compile(r"\[  PASSED  \] (\d+) test")
FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.M)
PASSED_TEST = re.compile(r"^\[ RUN      \] (\w+)\n\[       OK \] \1\n", re.M)


def run(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=TIMEOUT_SECONDS, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nstopped after {TIMEOUT_SECONDS} s\n"


def telling(output):
    text = PASSED_TEST.sub("", output)
    half = OUTPUT_CHARACTERS // 2
    return text if len(text) <= OUTPUT_CHARACTERS else f"{text[:half]}\n… {len(text) - 2 * half} characters …\n{text[-half:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--valgrind", action="store_true", help="run each under valgrind")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    prefix = VALGRIND if options.valgrind else []
    passed = failed = 0
    names = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for program, (code, output) in zip(options.programs, pool.map(run, [prefix + [p] for p in options.programs])):
            good = sum(int(n) for n in PASSED.findall(output))
            bad = sum(int(n) for n in FAILED.findall(output))
            passed += good
            failed += max(bad, 1 if code else 0)
            if code:
                names.append(Path(program).name)
                print(f"--- {program} ended with {code}\n{telling(output)}")
            elif good == 0:
                failed += 1
                names.append(Path(program).name)
                print(f"--- {program} ran no test\n{telling(output)}")
    print(f"unit{' (valgrind)' if options.valgrind else ''}: {passed} passed, {failed} failed{': ' if names else ''}"
          f"{', '.join(names)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
