#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layering rule: a dependency points only downward, and one library has one door.

agent, runner, cli -> common/flow, common/store -> common/aws -> common/base. A file names what it uses from the
repository's root. Prints each breach as file:line and ends with 1 when there is one.
"""
import re
import subprocess
import sys

# layer -> the layers it may include besides itself
LAYERS = {
    "common/base": [],
    "common/aws": ["common/base"],
    "common/flow": ["common/aws", "common/base"],
    "common/store": ["common/flow", "common/base"],
    "agent": ["common/flow", "common/store", "common/aws", "common/base"],
    "runner": ["common/flow", "common/aws", "common/base"],
    "cli": ["common/flow", "common/store", "common/aws", "common/base"],
    "tests/queue": ["common/aws", "common/base"],
}

# library header -> the files that may include it
DOORS = {
    "curl/": r"common/aws/http[a-z_]*\.c",
    "cjson/": r"common/base/json\.c",
    "yaml.h": r"common/base/yaml\.c",
    "openssl/": r"common/base/digest\.c",
    "sqlite3.h": r"common/store/[a-z_]+\.[ch]|tests/queue/persist\.c",
    "microhttpd.h": r"tests/queue/server\.[ch]|tests/unit/.*",
    "systemd/sd-daemon.h": r"agent/supervise\.c",
    "systemd/sd-journal.h": r"common/base/log\.c",
    "jq.h": r"common/flow/expr_jq\.c",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def layer_of(path):
    return next((layer for layer in LAYERS if path.startswith(layer + "/")), None)


def breaches(path):
    layer = layer_of(path)
    with open(path, encoding="utf-8") as text:
        for number, line in enumerate(text, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, name = match.groups()
            target = layer_of(name)
            if quote == '"' and layer and target and target != layer and target not in LAYERS[layer]:
                yield f"{path}:{number}: {layer} may not include {name}"
            if quote == '"' and "/" not in name and layer:
                yield f"{path}:{number}: write the include from the repository's root"
            for door, allowed in DOORS.items():
                own = path.startswith("tests/") and not path.startswith("tests/queue/")
                if quote == "<" and name.startswith(door) and not own and not re.fullmatch(allowed, path):
                    yield f"{path}:{number}: only {allowed} may include <{name}>"


def main():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.c", "*.h"]
    files = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    found = [breach for path in sorted(set(files)) for breach in breaches(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
