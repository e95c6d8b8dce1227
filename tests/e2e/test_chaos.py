# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing early: the agent is killed again and again while the server misbehaves and flows fail.

What happened is judged from outside (judge.py): by the server's log and the marks that the flows leave as the last thing
they do. A success may be executed twice only when the agent died between the task's end and the record of it."""
import os
import random

from agent import send_all, wait_until
from judge import Verdict, read_marks, read_operations

MESSAGES = int(os.environ.get("SQSFLOW_CHAOS_MESSAGES", "2000"))
KILLS = int(os.environ.get("SQSFLOW_CHAOS_KILLS", "20"))

# Fails about one time in five, by the message's own digest and receive count, so that a run can be repeated. The mark is
# one write to an O_APPEND file and the last thing that the flow does.
FLOW = """
id: chaos
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - test $(( ($(printf '%s' "$SQSFLOW_MESSAGE_ID$SQSFLOW_RECEIVE_COUNT" | cksum | cut -d' ' -f1)) % 5 )) -ne 0
      - echo "$(date +%s%N) $SQSFLOW_MESSAGE_ID" >> MARKS/done
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


def test_nothing_is_lost_and_nothing_is_deleted_early(agent, queue_server):
    seed = int(os.environ.get("SQSFLOW_CHAOS_SEED", random.randrange(1 << 30)))
    print(f"SQSFLOW_CHAOS_SEED={seed}")
    dice = random.Random(seed)
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
    agent.flow(FLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.chaos"}], limits={"executions": 24})
    ids = send_all(queue_server, url, [f"message {i} " + "x" * 200 for i in range(MESSAGES)])
    queue_server.admin("faults", [{**fault, "seed": seed} for fault in FAULTS])

    marks = agent.marks / "done"
    for kill in range(KILLS):
        agent.start()
        # The next kill comes after a random amount of further work, at a random moment of it.
        goal = len(agent.mark_lines("done")) + dice.randrange(1, max(2, MESSAGES // (KILLS + 5)))
        wait_until(lambda: len(agent.mark_lines("done")) >= goal or queue_server.messages(url) == [],
                   lambda: f"work before kill {kill}; log:\n{agent.log()[-4000:]}")
        agent.kill()
    agent.start()
    wait_until(lambda: queue_server.messages(url) == [], lambda: f"an empty queue; log:\n{agent.log()[-4000:]}", 180)
    queue_server.clear_faults()
    assert agent.stop() == 0

    verdict = Verdict(ids, read_marks(marks), read_operations(queue_server.log_file))
    assert verdict.never_executed() == []
    assert verdict.never_deleted() == []
    assert verdict.deleted_early() == []
    twice = verdict.executed_twice()
    print(f"{MESSAGES} messages, {KILLS} kills: {len(twice)} executed to success twice")
    # Each kill can catch at most the executions that were in their slots.
    killed = {e["messages"][0]["messageId"] for e in agent.executions("--state", "KILLED")}
    assert set(twice) <= killed, "a success was repeated although its agent had not died over it"
