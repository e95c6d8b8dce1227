# SPDX-License-Identifier: Apache-2.0
"""Judges what happened from the outside: the queue server's own log and the marks that flows left on disk.

A flow marks the moment its work is done ("time-in-nanoseconds message-id") as the last thing that it does; the server
logs every operation with its time. The agent's own records are not asked."""
import json
from collections import Counter, defaultdict
from pathlib import Path


def read_marks(path):
    """message id -> times (ns) at which an execution finished its work."""
    marks = defaultdict(list)
    if Path(path).exists():
        for line in Path(path).read_text().splitlines():
            time_ns, message_id = line.split()
            marks[message_id].append(int(time_ns))
    return marks


def read_operations(path):
    """The server's log, one operation a line. A line that the server is still writing is left out."""
    operations = []
    for line in Path(path).read_text().splitlines():
        try:
            operations.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return operations


class Verdict:
    """What an outsider can say about a run."""

    def __init__(self, sent_ids, marks, operations):
        self.sent = list(sent_ids)
        self.marks = marks
        self.deletes = defaultdict(list)  # message id -> times (ns) of confirmed deletes
        self.counts = Counter(o["op"] for o in operations)
        for operation in operations:
            # "resurrected": the server confirmed the delete, and then brought the message back (an injected fault).
            if operation["op"] == "delete" and operation["result"] in ("deleted", "resurrected"):
                self.deletes[operation["messageId"]].append(operation["time"] * 1000)

    def never_executed(self):
        return [m for m in self.sent if not self.marks.get(m)]

    def never_deleted(self):
        return [m for m in self.sent if not self.deletes.get(m)]

    def deleted_early(self):
        """Deleted before any execution had finished its work with it."""
        return [m for m, times in self.deletes.items() if not self.marks.get(m) or min(times) < min(self.marks[m])]

    def executed_twice(self):
        return {m: times for m, times in self.marks.items() if len(times) > 1}
