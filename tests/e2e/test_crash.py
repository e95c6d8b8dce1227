# SPDX-License-Identifier: Apache-2.0
"""P8a beyond what runs: what only waited when the agent died goes back too, and so does what a dead runner never began."""
import fcntl
import os
import signal

import pytest

from agent import send_all, wait_until

BATCH = """
id: batch
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - cat "$SQSFLOW_MESSAGES_FILE" >> MARKS/done
"""

INSTANT = """
id: instant
namespace: test
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: "{{ trigger.data }}"
"""

LONG = {"VisibilityTimeout": "600"}


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


def test_messages_that_waited_for_their_batch_go_back_at_the_next_start(agent, queue_server):
    url = queue(queue_server, **LONG)
    agent.flow(BATCH)
    trigger = {"id": "work", "queueUrl": url, "flow": "test.batch"}
    agent.configure([{**trigger, "batch": {"maxRecords": 10, "maxDuration": "PT1H"}}])
    agent.start()
    send_all(queue_server, url, ["x"] * 3)
    wait_until(lambda: agent.trigger_status("work")["waiting"] == 3, "three messages in the window")
    agent.kill()
    agent.configure([{**trigger, "batch": {"maxRecords": 3, "maxDuration": "PT1H"}}])
    agent.start()
    wait_until(lambda: queue_server.messages(url) == [], lambda: f"an empty queue; log:\n{agent.log()}")
    assert len(agent.mark_lines("done")) == 3
    assert agent.executions("--state", "KILLED") == []


def test_a_second_kill_before_messages_were_given_back_loses_no_handle(agent, queue_server):
    url = queue(queue_server, **LONG)
    agent.flow(BATCH)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.batch",
                      "batch": {"maxRecords": 10, "maxDuration": "PT1H"}}])
    agent.start()
    send_all(queue_server, url, ["x"] * 3)
    wait_until(lambda: agent.trigger_status("work")["waiting"] == 3, "three messages in the window")
    agent.kill()
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "hang", "probability": 1}])
    agent.start()
    wait_until(lambda: queue_server.fault_count("hang") >= 1, "a release that hangs")
    agent.kill()
    queue_server.clear_faults()
    agent.start()
    wait_until(lambda: "3 messages that were held then were given back" in agent.log(), "the release")


@pytest.mark.parametrize("lock, take", [("agent.lock", fcntl.flock), ("sqsflow.db.lock", fcntl.lockf)])
def test_the_next_start_waits_for_the_locks_of_a_process_that_the_last_agent_had_only_begun(agent, lock, take):
    """Between fork and exec it has all that the agent had open. Here this process stands for it."""
    agent.configure([])
    with open(agent.state / lock, "w", encoding="ascii") as held:
        take(held, fcntl.LOCK_EX)
        agent.start(wait=False)
        wait_until(lambda: "is still in use: waiting a moment for it" in agent.log(), lambda: agent.log())
    agent.wait_notification("READY=1")


def test_a_runner_that_dies_fails_the_execution_that_it_ran_and_gives_the_others_back(agent, queue_server):
    url = queue(queue_server, **LONG)
    agent.flow(INSTANT)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.instant"}])
    agent.start()
    send_all(queue_server, url, ["first"])
    wait_until(lambda: queue_server.messages(url) == [], "an empty queue")
    pid = agent.process.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        (runner,) = map(int, children.read().split())
    os.kill(runner, signal.SIGSTOP)
    send_all(queue_server, url, [f"m{i}" for i in range(5)])
    wait_until(lambda: agent.trigger_status("work")["running"] == 5, "five executions of a runner that stands still")
    os.kill(runner, signal.SIGKILL)
    wait_until(lambda: len(queue_server.messages(url)) == 1, lambda: f"four of five again; log:\n{agent.log()}")
    assert len(agent.executions("--state", "SUCCESS")) == 5
    (failed,) = agent.executions("--state", "FAILED")
    assert "killed by signal 9" in failed["error"]
    assert {e["error"] for e in agent.executions("--state", "KILLED")} == {"its runner ended before it could begin"}


def test_more_instant_executions_than_one_runner_takes_are_all_done(agent, queue_server):
    url = queue(queue_server)
    agent.flow(INSTANT)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.instant"}])
    send_all(queue_server, url, [f"m{i}" for i in range(500)])
    agent.start()
    wait_until(lambda: queue_server.messages(url) == [], "an empty queue")
    executions = agent.executions("--state", "SUCCESS")
    assert len(executions) == 500
    assert agent.stop() == 0
