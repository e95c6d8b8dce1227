#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layering rule: a dependency points only downward, and one library has one door.

agent, runner, cli -> common/config, link, store -> common/flow -> common/expr -> common/base, with common/aws beside the
flow language. Within the agent, a file uses those of the floors below its own. A file names what it uses from
the repository's root. Prints each breach as file:line and ends with 1 when there is one.
"""
import re
import subprocess
import sys

# layer -> the layers it may include besides itself
LAYERS = {
    "common/base": [],
    "common/aws": ["common/base"],
    "common/expr": ["common/base"],
    "common/flow": ["common/expr", "common/base"],
    "common/config": ["common/flow", "common/expr", "common/aws", "common/base"],
    "common/link": ["common/flow", "common/base"],
    "common/store": ["common/flow", "common/base"],
    "agent": ["common/config", "common/link", "common/flow", "common/store", "common/aws", "common/base"],
    "runner": ["common/link", "common/flow", "common/expr", "common/aws", "common/base"],
    "cli": ["common/config", "common/link", "common/flow", "common/store", "common/aws", "common/base"],
    "tests/queue": ["common/aws", "common/base"],
}

# The agent from the bottom up. A file may include the headers of lower floors and its own; on the top one, which is the agent
# as a whole, all may know each other. A message's way: poller -> intake -> delivery -> dispatch -> execution -> lease.
FLOORS = [
    "batch clients delivery_state engine events fault fifo held isolation jitter listed liveness load poll_plan rate record"
    " status",
    "leftovers runners slots waiting wishes",
    "services supply",
    "queue recovery demand",  # what a queue is, what a crash left of it, and whether it may be polled now
    "lease poller",    # what is held of it, and what is asked for
    "trigger",
    "delivery task_log",
    "intake message_json",
    "execution",
    "dispatch engine_local triggers",
    "supervise turn",
    "agent commands main reload status_json stop",
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names.split()}

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
    "jq.h": r"common/expr/expr_jq\.c",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def layer_of(path):
    return next((layer for layer in LAYERS if path.startswith(layer + "/")), None)


def agent_name(path):
    return path.removeprefix("agent/").rsplit(".", 1)[0] if path.startswith("agent/") else None


def breaks_floors(path, name):
    """Whether this file of the agent may not include that one."""
    user, used = agent_name(path), agent_name(name)
    if not user or not used or user == used:
        return False
    top = len(FLOORS) - 1
    floor, below = FLOOR_OF[user], FLOOR_OF.get(used, top)
    return below >= floor and not below == floor == top


def breaches(path):
    if agent_name(path) and agent_name(path) not in FLOOR_OF:
        yield f"{path}:1: has no floor in {sys.argv[0]}"
        return
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
            if quote == '"' and breaks_floors(path, name):
                yield f"{path}:{number}: {name} stands on no floor below it"
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
