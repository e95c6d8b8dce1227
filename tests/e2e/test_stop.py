# SPDX-License-Identifier: Apache-2.0
"""P8 and P8a: a stop strands nothing; a crash is repaired; nothing outlives the agent."""
import os
import signal
import time
from pathlib import Path

import pytest

from agent import send_all, wait_until
from test_redelivery import SLOW, empty


def queue(server, name="work", **attributes):
    return server.call("CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "300", **attributes})["QueueUrl"]


def states(server, url):
    return sorted(m["state"] for m in server.messages(url))


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


BATCHED = """
id: batched
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ["echo x >> MARKS/batches"]
"""


def test_what_waits_is_visible_again_within_a_second_of_sigterm(agent, queue_server):
    url = queue(queue_server)
    agent.flow(BATCHED)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.batched",
                      "batch": {"maxRecords": 50, "maxDuration": "PT5M"}}])
    agent.start()
    send_all(queue_server, url, [f"m{i}" for i in range(8)])
    wait_until(lambda: states(queue_server, url) == ["inflight"] * 8, "eight messages that wait")
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    wait_until(lambda: states(queue_server, url) == ["visible"] * 8, "eight visible messages")
    assert time.monotonic() - began < 1.0
    assert agent.wait() == 0
    assert agent.mark_lines("batches") == []


def test_a_running_execution_is_drained_and_its_message_deleted(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    extensions = len(queue_server.operations("visibility"))
    wait_until(lambda: len(queue_server.operations("visibility")) >= extensions + 2, "extensions while draining")
    (agent.marks / "go").touch()
    assert agent.wait() == 0
    assert queue_server.messages(url) == []
    assert agent.mark_lines("done") == ids


def test_what_an_open_long_poll_still_returns_is_given_back(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    wait_until(lambda: queue_server.open_receives(url) >= 1, "an open long poll")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    send_all(queue_server, url, ["late"])
    assert agent.wait() == 0
    assert states(queue_server, url) == ["visible"]
    assert agent.mark_lines("started") == []


def test_a_second_sigterm_ends_executions_and_gives_their_messages_back(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    agent.wait()
    assert time.monotonic() - began < 5
    assert states(queue_server, url) == ["visible"]
    assert [e["state"] for e in agent.executions()] == ["KILLED"]


def test_the_drain_time_ends_executions_that_go_on(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}], limits={"drain": "PT1S"})
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    agent.signal(signal.SIGTERM)
    agent.wait()
    assert states(queue_server, url) == ["visible"]
    assert [e["state"] for e in agent.executions()] == ["KILLED"]


TREE = """
id: tree
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - setsid sleep 1000 &
      - echo $! >> MARKS/pids
      - (setsid sh -c 'echo $$ >> MARKS/pids; exec sleep 1000' &)
      - echo $$ >> MARKS/pids
      - sleep 1000
"""


@pytest.mark.parametrize("victim", ["agent", "runner"])
def test_no_process_of_an_execution_outlives_the_agent_or_its_runner(agent, queue_server, victim):
    url = queue(queue_server)
    agent.flow(TREE)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.tree"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    pids = wait_until(lambda: len(agent.mark_lines("pids")) == 3 and agent.mark_lines("pids"), "three processes")
    runner = int(Path(f"/proc/{pids[2]}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert Path(f"/proc/{runner}/comm").read_text().strip() == "sqsflow-runner"
    if victim == "agent":
        agent.kill()
        pids.append(str(runner))
    else:
        os.kill(runner, signal.SIGKILL)
    began = time.monotonic()
    wait_until(lambda: not any(alive(pid) for pid in pids), lambda: f"the end of {[p for p in pids if alive(p)]}")
    assert time.monotonic() - began < 1.5


def test_after_a_crash_the_messages_are_given_back_at_once(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["a", "b", "c"])
    wait_until(lambda: len(agent.mark_lines("started")) == 3, "three starts")
    agent.kill()
    (agent.marks / "go").touch()
    agent.start()
    wait_until(empty(queue_server, url), "an empty queue, long before the visibility timeout", seconds=20)
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert sorted(e["state"] for e in agent.executions()) == ["KILLED"] * 3 + ["SUCCESS"] * 3


def test_a_runner_that_dies_fails_its_execution_only(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow("""
id: murder
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/runs
      - if test "$SQSFLOW_RECEIVE_COUNT" = 1 && grep -q die "$SQSFLOW_MESSAGE_FILE"; then kill -9 $PPID; sleep 5; fi
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.murder"}])
    agent.start()
    ids = send_all(queue_server, url, ["die", "live", "live", "live"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert len([e for e in agent.executions() if e["state"] == "FAILED"]) == 1
