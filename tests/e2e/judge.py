# SPDX-License-Identifier: Apache-2.0
"""Judges what happened from the outside: the queue server's own log and the marks that flows left on disk.

A flow marks the moment its work is done ("time-in-nanoseconds message-id") as the last thing that it does; the server
logs every operation with its time. Nothing that the agent says excuses anything. Its ledger is read for one accusation
more: right after a kill -9 it shows what had been recorded by then, and what is not in it must not have been deleted."""
import json
import sqlite3
import uuid
from collections import Counter, defaultdict
from pathlib import Path

# The processes of a killed agent are gone a second after it; until then one may still leave its mark.
AFTERLIFE_NS = 1_500_000_000


def read_marks(path):
    """message id -> times (ns) at which an execution left its mark."""
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


def read_ledger(state):
    """The ids of the messages whose success is on disk, while no agent runs."""
    store = sqlite3.connect(f"file:{next(Path(state).glob('*.db'))}?mode=ro", uri=True)
    try:
        return {str(uuid.UUID(bytes=m)) if isinstance(m, bytes) else m for m, in store.execute("SELECT message FROM ledger")}
    finally:
        store.close()


class Kill:
    """What is known at the moment after a kill -9: the time, what was recorded, and what had been asked to be deleted."""

    def __init__(self, time_ns, recorded, operations):
        self.time = time_ns
        self.recorded = recorded
        self.asked_to_delete = {o["messageId"] for o in operations if o["op"] == "delete" and "messageId" in o}


class Verdict:
    """What an outsider can say about a run."""

    def __init__(self, sent_ids, marks, operations, kills=()):
        self.sent = list(sent_ids)
        self.marks = marks
        self.kills = list(kills)
        self.deletes = defaultdict(list)  # message id -> times (ns) of confirmed deletes
        self.asked = defaultdict(list)    # message id -> times (ns) of every delete that reached the message
        self.counts = Counter(o["op"] for o in operations)
        for operation in operations:
            if operation["op"] != "delete" or "messageId" not in operation:
                continue
            time_ns = operation["time"] * 1000
            self.asked[operation["messageId"]].append(time_ns)
            # "resurrected": the server confirmed the delete, and then brought the message back (an injected fault).
            if operation["result"] in ("deleted", "resurrected"):
                self.deletes[operation["messageId"]].append(time_ns)

    def never_executed(self):
        return [m for m in self.sent if not self.marks.get(m)]

    def never_deleted(self):
        return [m for m in self.sent if not self.deletes.get(m)]

    def deleted_early(self):
        """A delete was asked for before any execution had finished its work with the message."""
        return [m for m, times in self.asked.items() if not self.marks.get(m) or min(times) < min(self.marks[m])]

    def deleted_unrecorded(self):
        """A delete was asked for, and the agent that was killed then had not recorded the success."""
        return [m for kill in self.kills for m in kill.asked_to_delete - kill.recorded]

    def executed_twice(self):
        return {m: times for m, times in self.marks.items() if len(times) > 1}

    def repeated_without_reason(self):
        """Executed to success again, although no agent died between that work's end and its record."""
        return [m for m, times in self.executed_twice().items()
                if not all(self._excused(m, *pair) for pair in zip(sorted(times), sorted(times)[1:]))]

    def _excused(self, message, first, second):
        return (not any(first < asked < second for asked in self.asked.get(message, ())) and
                any(first - AFTERLIFE_NS <= kill.time <= second and message not in kill.recorded for kill in self.kills))
