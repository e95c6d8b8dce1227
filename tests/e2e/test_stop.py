# SPDX-License-Identifier: Apache-2.0
"""P8 and P8a: a stop strands nothing; a crash is repaired; nothing outlives the agent."""
import os
import signal
import time
from pathlib import Path

import pytest

from agent import SOON_SECONDS, send_all, wait_until
from test_redelivery import SLOW, empty


def queue(server, name="work", **attributes):
    return server.call("CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "300", **attributes})["QueueUrl"]


def states(server, url):
    return sorted(m["state"] for m in server.messages(url))


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # gone before the open, or before the read
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


def test_what_waits_is_visible_again_at_once_after_sigterm(agent, queue_server):
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
    assert time.monotonic() - began < SOON_SECONDS
    assert agent.wait() == 0
    assert agent.mark_lines("batches") == []


def test_a_running_execution_is_drained_and_its_message_deleted(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="8")  # extended after four seconds
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    extensions = len(queue_server.operations("visibility", result="changed"))
    wait_until(lambda: len(queue_server.operations("visibility", result="changed")) >= extensions + 2, "extensions while draining")
    wait_until(lambda: sum("EXTEND_TIMEOUT_USEC=" in n for n in agent.notifications) >= 2, "more time asked of systemd")
    (agent.marks / "go").touch()
    assert agent.wait() == 0
    assert queue_server.messages(url) == []
    assert agent.mark_lines("done") == ids


def test_what_waits_behind_a_running_message_of_its_group_goes_back_last_first(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work.fifo",
                            Attributes={"FifoQueue": "true", "VisibilityTimeout": "300"})["QueueUrl"]
    ids = [queue_server.call("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g",
                             MessageDeduplicationId=str(number))["MessageId"] for number in range(5)]
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    agent.start()
    wait_until(lambda: agent.mark_lines("started"), "the start")
    assert states(queue_server, url) == ["inflight"] * 5
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    wait_until(lambda: len(queue_server.operations("visibility", result="changed")) >= 4, "four releases")
    assert time.monotonic() - began < SOON_SECONDS
    assert [o["messageId"] for o in queue_server.operations("visibility")] == ids[:0:-1]
    (agent.marks / "go").touch()
    assert agent.wait() == 0
    assert agent.mark_lines("done") == ids[:1]
    assert [(m["messageId"], m["state"]) for m in queue_server.messages(url)] == [(m, "visible") for m in ids[1:]]


def test_what_an_open_long_poll_still_returns_is_given_back(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    wait_until(lambda: queue_server.open_receives(url) >= 1, "an open long poll")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    send_all(queue_server, url, ["late"])
    began = time.monotonic()
    assert agent.wait() == 0
    assert time.monotonic() - began < SOON_SECONDS
    assert states(queue_server, url) == ["visible"]
    assert agent.mark_lines("started") == []


def test_a_receive_whose_answer_is_on_its_way_is_waited_for_and_given_back(agent, queue_server):
    """The server has handed the message out, and its answer comes late: a receive that was cut off would strand it."""
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "latency", "ms": 5000}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: states(queue_server, url) == ["inflight"], "a message that was handed out")
    agent.signal(signal.SIGTERM)
    assert agent.wait() == 0
    assert states(queue_server, url) == ["visible"]
    assert agent.mark_lines("started") == []


def test_a_late_answer_gives_a_group_back_last_first(agent, queue_server):
    """As everywhere else: were the first visible while a later one is still here, it could run without its followers."""
    url = queue_server.call("CreateQueue", QueueName="work.fifo",
                            Attributes={"FifoQueue": "true", "VisibilityTimeout": "300"})["QueueUrl"]
    ids = [queue_server.call("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g",
                             MessageDeduplicationId=str(number))["MessageId"] for number in range(5)]
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "latency", "ms": 5000}])
    agent.start()
    wait_until(lambda: states(queue_server, url) == ["inflight"] * 5, "messages that were handed out")
    agent.signal(signal.SIGTERM)
    assert agent.wait() == 0
    assert [o["messageId"] for o in queue_server.operations("visibility", result="changed")] == ids[::-1]
    assert queue_server.call_count("ChangeMessageVisibilityBatch") == 2, "the followers, then the first"
    assert [(m["messageId"], m["state"]) for m in queue_server.messages(url)] == [(m, "visible") for m in ids]
    assert agent.mark_lines("started") == []


def test_a_second_sigterm_ends_executions_and_gives_their_messages_back(agent, queue_server):
    """Also when the queue hands a message that went back to the agent's own receive, whose answer comes late."""
    url = queue(queue_server)
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "latency", "ms": 500}])
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    wait_until(lambda: queue_server.open_receives(url) == 1, "an open long poll")
    agent.signal(signal.SIGTERM)
    agent.wait_notification("STOPPING=1")
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    agent.wait()
    took = time.monotonic() - began
    assert took < SOON_SECONDS
    # What is not given back within two seconds is left to SQS: only a host that stands still takes so long.
    assert states(queue_server, url) == ["visible"] or took >= 2, agent.log()
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
      - echo $$ >> MARKS/pids
      - setsid sleep 1000 &
      - echo $! >> MARKS/pids
      - (setsid sh -c 'echo $$ >> MARKS/pids; exec sleep 1000' &)
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
    runner = int(Path(f"/proc/{pids[0]}/stat").read_text().rsplit(")", 1)[1].split()[1])
    assert Path(f"/proc/{runner}/comm").read_text().strip() == "sqsflow-runner"
    if victim == "agent":
        agent.kill()
        pids.append(str(runner))
    else:
        os.kill(runner, signal.SIGKILL)
    began = time.monotonic()
    wait_until(lambda: not any(alive(pid) for pid in pids), lambda: f"the end of {[p for p in pids if alive(p)]}")
    assert time.monotonic() - began < SOON_SECONDS


def test_after_a_crash_the_messages_are_given_back_at_once(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["a", "b", "c"])
    wait_until(lambda: len(agent.mark_lines("started")) == 3, "three starts")
    wait_until(lambda: len(agent.executions("--state", "RUNNING")) == 3, "their records")
    agent.kill()
    (agent.marks / "go").touch()
    agent.start()
    wait_until(empty(queue_server, url), "an empty queue, long before the visibility timeout")
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert sorted(e["state"] for e in agent.executions()) == ["KILLED"] * 3 + ["SUCCESS"] * 3


@pytest.mark.parametrize("kind", ["http503", "partial"])
def test_messages_are_given_back_after_a_crash_though_the_first_tries_fail(agent, queue_server, kind):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["a", "b"])
    wait_until(lambda: len(agent.mark_lines("started")) == 2, "two starts")
    agent.kill()
    (agent.marks / "go").touch()
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": kind, "count": 2, "entry_probability": 1}])
    agent.start()
    wait_until(empty(queue_server, url), "an empty queue, long before the visibility timeout")
    assert queue_server.fault_count(kind) == 2
    assert sorted(agent.mark_lines("done")) == sorted(ids)


def test_a_second_agent_on_the_same_state_is_refused_and_harms_nothing(agent, make_agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    second = make_agent("second")
    second.flow(SLOW)
    second.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}], state=str(agent.state))
    second.start(wait=False)
    assert second.wait() not in (0, None)
    assert "Another agent uses the state folder" in second.log()
    assert states(queue_server, url) == ["inflight"]
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert [e["state"] for e in agent.executions()] == ["SUCCESS"]
    assert agent.mark_lines("done") == ids


def test_a_second_agent_on_the_same_socket_is_refused_and_leaves_it_alone(agent, make_agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    second = make_agent("second")
    second.flow(SLOW)
    second.configure([{"id": "other", "queueUrl": url, "flow": "test.slow"}], socket=str(agent.socket))
    second.start(wait=False)
    assert second.wait() not in (0, None)
    assert f"Another agent answers at the status socket {agent.socket}" in second.log()
    assert [trigger["id"] for trigger in agent.status()["triggers"]] == ["work"]


def test_what_is_no_socket_is_not_replaced_by_one(agent, queue_server):
    agent.configure([])
    agent.socket.write_text("precious")
    agent.start(wait=False)
    assert agent.wait() not in (0, None)
    assert agent.socket.read_text() == "precious"
    assert "status socket" in agent.log()


def test_a_timeout_ends_the_whole_tree_and_leaves_the_message(agent, queue_server):
    url = queue(queue_server)
    agent.flow(TREE + "    timeout: PT6S\n")  # time enough to become three processes
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.tree"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    pids = wait_until(lambda: len(agent.mark_lines("pids")) == 3 and agent.mark_lines("pids"), "three processes")
    wait_until(lambda: agent.executions("--state", "FAILED"), "the failure")
    wait_until(lambda: not any(alive(pid) for pid in pids), lambda: f"the end of {[p for p in pids if alive(p)]}", SOON_SECONDS)
    assert states(queue_server, url) == ["inflight"]
    assert queue_server.operations("delete") == []


def test_a_grandchild_that_holds_the_pipe_does_not_hold_up_the_message(agent, queue_server):
    url = queue(queue_server)
    agent.flow("""
id: daemon
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - (setsid sleep 1000 &)
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.daemon"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "an empty queue, long before the grandchild's end")


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
      - if grep -q die "$SQSFLOW_MESSAGE_FILE" && mkdir MARKS/died; then kill -9 $PPID; sleep 1000; fi
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.murder"}])
    agent.start()
    ids = send_all(queue_server, url, ["die", "live", "live", "live"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert len([e for e in agent.executions() if e["state"] == "FAILED"]) == 1
