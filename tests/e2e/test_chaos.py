# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing early: the agent is killed again and again while the server misbehaves and flows fail.

What happened is judged from outside (judge.py): by the server's log and the marks that the flows leave as the last thing
they do. A success may be executed twice only when the agent died between the task's end and the record of it."""
import os
import random

import pytest

from agent import send_all, wait_until
from judge import Kill, Mark, Verdict, read_ledger, read_marks, read_operations

MESSAGES = int(os.environ.get("SQSFLOW_CHAOS_MESSAGES", "2000"))
KILLS = int(os.environ.get("SQSFLOW_CHAOS_KILLS", "20"))

# Each fails about one time in five, by the message's own digest and receive count, so that a run can be repeated. A mark
# is one write to an O_APPEND file, and has the number of the agent that began the execution.
ONE = """
id: chaos
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    env: {AGENT: "{{ envs.agent }}"}
    commands:
      - echo "$(date +%s%N) $SQSFLOW_MESSAGE_ID $AGENT" >> MARKS/started
      - test $(( ($(printf '%s' "$SQSFLOW_MESSAGE_ID$SQSFLOW_RECEIVE_COUNT" | cksum | cut -d' ' -f1)) % 5 )) -ne 0
      - echo "$(date +%s%N) $SQSFLOW_MESSAGE_ID $AGENT" >> MARKS/done
"""

# A whole batch fails now and then, and of every batch some messages do.
BATCH = """
id: chaos
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.python.Script
    env: {AGENT: "{{ envs.agent }}"}
    script: |
      import json, os, time, zlib
      with open(os.environ["SQSFLOW_MESSAGES_FILE"]) as file:
          messages = [json.loads(line) for line in file]
      def fails(message, odds):
          return zlib.crc32(f"{message['messageId']} {message['receiveCount']} {odds}".encode()) % odds == 0
      if fails(messages[0], 6):
          raise SystemExit("the whole batch fails")
      bad = [m["messageId"] for m in messages if fails(m, 7)]
      print("::" + json.dumps({"outputs": {"batchItemFailures": [{"itemIdentifier": i} for i in bad]}}) + "::", flush=True)
      good = [m["messageId"] for m in messages if m["messageId"] not in bad]
      with open("MARKS/done", "a") as file:
          file.write("".join(f"{time.time_ns()} {i} {os.environ['AGENT']}\\n" for i in good))
"""

FAULTS = [
    {"op": "ReceiveMessage", "kind": "http503", "probability": 0.02},
    {"op": "ReceiveMessage", "kind": "drop_after", "probability": 0.01},
    {"op": "ReceiveMessage", "kind": "duplicate_inflight", "probability": 0.05},
    {"op": "ReceiveMessage", "kind": "duplicate_deleted", "probability": 0.05},
    {"op": "DeleteMessageBatch", "kind": "partial", "probability": 0.05},
    {"op": "DeleteMessageBatch", "kind": "http503", "probability": 0.05},
    {"op": "DeleteMessageBatch", "kind": "drop_after", "probability": 0.03},
    {"op": "DeleteMessageBatch", "kind": "drop", "probability": 0.03},
    {"op": "ChangeMessageVisibilityBatch", "kind": "http503", "probability": 0.05},
    {"op": "ChangeMessageVisibilityBatch", "kind": "partial", "probability": 0.05},
    {"op": "*", "kind": "latency", "ms": 20, "probability": 0.05},
]


class Chaos:
    """One run: an agent that is killed while it works on a queue, and what an outsider saw of it."""

    def __init__(self, agent, server, url, kills):
        self.seed = int(os.environ.get("SQSFLOW_CHAOS_SEED", random.randrange(1 << 30)))
        print(f"SQSFLOW_CHAOS_SEED={self.seed}")
        self.agent, self.server, self.url = agent, server, url
        self.kill_count, self.kills = kills, []

    def done_count(self):
        return len(self.agent.mark_lines("done"))

    def is_empty(self):
        return self.server.messages(self.url) == []

    def run(self, ids):
        """Works through the messages over all the kills, to an empty queue and a clean stop."""
        dice, agent = random.Random(self.seed), self.agent
        self.server.admin("faults", [{**fault, "seed": self.seed} for fault in FAULTS])
        for number in range(self.kill_count):
            agent.extra_env["ENV_AGENT"] = str(number)
            agent.start()
            # The next kill comes after a random amount of further work, at a random moment of it.
            goal = self.done_count() + dice.randrange(1, max(2, len(ids) // (self.kill_count + 5)))
            wait_until(lambda: self.done_count() >= goal or self.is_empty(),
                       lambda: f"work before kill {number}; log:\n{agent.log()[-4000:]}")
            agent.kill()
            self.kills.append(Kill(read_ledger(agent.state), read_operations(self.server.log_file)))
        agent.extra_env["ENV_AGENT"] = str(self.kill_count)
        agent.start()
        wait_until(self.is_empty, lambda: f"an empty queue; log:\n{agent.log()[-4000:]}", 180)
        self.server.clear_faults()
        assert agent.stop() == 0
        self.judge(ids)

    def judge(self, ids):
        verdict = Verdict(ids, read_marks(self.agent.marks / "done"), read_operations(self.server.log_file), self.kills)
        assert verdict.never_executed() == []
        assert verdict.never_deleted() == []
        assert verdict.deleted_early() == []
        assert verdict.deleted_unrecorded() == []
        assert verdict.repeated_without_reason() == []
        print(f"{len(ids)} messages, {len(self.kills)} kills: {len(verdict.executed_twice())} executed to success twice")


def configure(agent, url, **more):
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.chaos", "waitTime": "PT2S", **more}],
                    limits={"executions": 24})


def test_nothing_is_lost_and_nothing_is_deleted_early(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    agent.flow(ONE)
    configure(agent, url)
    ids = send_all(queue_server, url, [f"message {i} " + "x" * 200 for i in range(MESSAGES)])
    Chaos(agent, queue_server, url, KILLS).run(ids)


def test_nothing_of_a_batch_is_lost_and_nothing_is_deleted_early(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "3"})["QueueUrl"]
    agent.flow(BATCH)
    configure(agent, url, batch={"maxRecords": 12, "maxDuration": "PT0.5S"},
              onFailure={"retryAfter": {"type": "constant", "interval": "PT1S"}})
    ids = send_all(queue_server, url, [f"message {i}" for i in range(300)])
    Chaos(agent, queue_server, url, 6).run(ids)


def test_no_group_of_a_fifo_queue_loses_a_message_or_its_order(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work.fifo",
                            Attributes={"FifoQueue": "true", "VisibilityTimeout": "5"})["QueueUrl"]
    agent.flow(ONE)
    configure(agent, url, onFailure={"retryAfter": {"type": "constant", "interval": "PT1S"}})
    groups = {f"g{group}": [] for group in range(25)}
    for number in range(300):
        group = f"g{number % 25}"
        groups[group].append(queue_server.call("SendMessage", QueueUrl=url, MessageBody=f"{number}", MessageGroupId=group,
                                               MessageDeduplicationId=f"{number}")["MessageId"])
    Chaos(agent, queue_server, url, 6).run([m for members in groups.values() for m in members])

    def first(marks):
        return min(mark.time for mark in marks)
    started, done = read_marks(agent.marks / "started"), read_marks(agent.marks / "done")
    early = [(group, n) for group, members in groups.items() for n in range(1, len(members))
             if first(started[members[n]]) < first(done[members[n - 1]])]
    assert early == [], "started before the message ahead of it in its group was done"


@pytest.mark.parametrize("wrong, accusation", [
    ({"marks": {}}, "never_executed"),
    ({"operations": []}, "never_deleted"),
    ({"marks": {"m": [Mark(0, 2_000_000)]}}, "deleted_early"),
    ({"recorded": set()}, "deleted_unrecorded"),
    ({"marks": {"m": [Mark(0, 500_000), Mark(1, 600_000)]}}, "repeated_without_reason"),
    ({"marks": {"m": [Mark(0, 500_000), Mark(0, 600_000)]}, "recorded": set()}, "repeated_without_reason"),
    ({"marks": {"m": [Mark(0, 500_000), Mark(1, 3_000_000)]}, "recorded": set()}, "repeated_without_reason"),
])
def test_the_judge_accuses(wrong, accusation):
    """One message, done at 0.5 ms, deleted at 1 ms, and an agent that was killed then: nothing to say. And then a lie."""
    operations = wrong.get("operations", [{"op": "delete", "messageId": "m", "time": 1000, "result": "deleted"}])
    verdict = Verdict(["m"], wrong.get("marks", {"m": [Mark(0, 500_000)]}), operations,
                      [Kill(wrong.get("recorded", {"m"}), operations)])
    accusations = ["never_executed", "never_deleted", "deleted_early", "deleted_unrecorded", "repeated_without_reason"]
    assert accusation in [a for a in accusations if getattr(verdict, a)()]
    good = Verdict(["m"], {"m": [Mark(0, 500_000)]}, [{"op": "delete", "messageId": "m", "time": 1000, "result": "deleted"}],
                   [Kill({"m"}, operations)])
    assert [a for a in accusations if getattr(good, a)()] == []


def test_the_judge_excuses_what_a_killed_agent_had_not_recorded():
    """Its task's mark may even come after that of the next agent's: the host was busy."""
    for late in (500_000, 700_000):
        verdict = Verdict(["m"], {"m": [Mark(0, late), Mark(1, 600_000)]},
                          [{"op": "delete", "messageId": "m", "time": 1000, "result": "deleted"}], [Kill(set(), [])])
        assert verdict.repeated_without_reason() == verdict.deleted_early() == verdict.deleted_unrecorded() == []
