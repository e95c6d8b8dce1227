# SPDX-License-Identifier: Apache-2.0
"""Judges what happened from the outside: the queue server's own log and the marks that flows left on disk.

A flow marks the moment its work is done ("time-in-nanoseconds message-id number-of-the-agent") as the last thing that it
does; the server logs every operation with its time. Nothing that the agent says excuses anything. Its ledger is read for
one accusation more: right after a kill -9 it shows what had been recorded by then, and what is not in it must not have
been deleted."""
import json
import sqlite3
import uuid
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple


class Mark(NamedTuple):
    """Left by an execution that the agent of that number (from 0, one more after each kill) began. How long its processes
    outlive a killed agent depends on how busy the host is: by the time alone nobody can tell whose execution it was."""
    agent: int
    time: int  # ns


def read_marks(path):
    """message id -> the marks that executions left."""
    marks = defaultdict(list)
    if Path(path).exists():
        for line in Path(path).read_text().splitlines():
            time_ns, message_id, agent = line.split()
            marks[message_id].append(Mark(int(agent), int(time_ns)))
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
    """What is known at the moment after a kill -9: what was recorded, and what had been asked to be deleted."""

    def __init__(self, recorded, operations):
        self.recorded = recorded
        self.asked_to_delete = {o["messageId"] for o in operations if o["op"] == "delete" and "messageId" in o}


class Verdict:
    """What an outsider can say about a run."""

    def __init__(self, sent_ids, marks, operations, kills=()):
        self.sent = list(sent_ids)
        self.marks = marks
        self.kills = list(kills)  # the first is that of agent 0
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
        return [m for m, times in self.asked.items()
                if not self.marks.get(m) or min(times) < min(mark.time for mark in self.marks[m])]

    def deleted_unrecorded(self):
        """A delete was asked for, and the agent that was killed then had not recorded the success."""
        return [m for kill in self.kills for m in kill.asked_to_delete - kill.recorded]

    def executed_twice(self):
        return {m: marks for m, marks in self.marks.items() if len(marks) > 1}

    def repeated_without_reason(self):
        """Executed to success again, although no agent died between that work's end and its record."""
        return [m for m, marks in self.executed_twice().items()
                if not all(self._excused(m, *pair) for pair in zip(sorted(marks), sorted(marks)[1:]))]

    def _excused(self, message, first, second):
        return (not any(first.time < asked < second.time for asked in self.asked.get(message, ())) and
                first.agent < second.agent and message not in self.kills[first.agent].recorded)
