# SPDX-License-Identifier: Apache-2.0
"""P1, P3, P4: what is deleted, what is not run again, and what joins."""
from agent import send_all, wait_until

SLOW = """
id: slow
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/started
      - until test -e MARKS/go; do sleep 0.05; done
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
"""

QUICK = """
id: quick
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
"""


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


def empty(server, url):
    return lambda: server.messages(url) == []


def test_a_message_whose_execution_fails_is_never_deleted(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow("""
id: fails
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo x >> MARKS/runs
      - exit 3
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.fails"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: len(agent.mark_lines("runs")) >= 3, "three attempts")
    agent.stop()
    assert len(queue_server.messages(url)) == 1
    assert queue_server.operations("delete") == []


def test_an_execution_that_ends_in_warning_deletes_its_message(agent, queue_server):
    url = queue(queue_server)
    agent.flow("""
id: warns
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    allowFailure: true
    commands: ["exit 1"]
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.warns"}])
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert [e["state"] for e in agent.executions()] == ["WARNING"]


def test_a_success_that_comes_again_is_deleted_without_a_second_run(agent, queue_server):
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    agent.start()
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "duplicate_deleted", "probability": 1}])
    ids = send_all(queue_server, url, [f"m{i}" for i in range(20)])
    wait_until(lambda: queue_server.fault_count("duplicate_deleted") >= 20, "deleted messages delivered again")
    queue_server.clear_faults()
    wait_until(empty(queue_server, url), "an empty queue")
    assert sorted(agent.mark_lines("done")) == sorted(ids)


def test_a_success_whose_delete_was_lost_with_the_process_is_not_run_again(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "hang", "probability": 1}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.executions("--state", "SUCCESS"), "the recorded success")
    agent.kill()
    queue_server.clear_faults()
    agent.start()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert agent.mark_lines("done") == ids


def test_a_message_delivered_again_while_it_runs_joins_and_its_newest_handle_deletes(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="30")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the execution's start")
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "duplicate_inflight", "probability": 1, "count": 1}])
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 2, "a second delivery")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert agent.mark_lines("started") == ids
    assert agent.mark_lines("done") == ids


def test_a_failed_entry_of_a_delete_batch_is_retried(agent, queue_server):
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "partial", "probability": 0.5, "count": 30}])
    agent.start()
    ids = send_all(queue_server, url, [f"m{i}" for i in range(40)])
    wait_until(empty(queue_server, url), "an empty queue")
    assert sorted(agent.mark_lines("done")) == sorted(ids)


def test_a_damaged_message_is_not_run(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "bad_md5", "probability": 1}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 2, "damaged deliveries")
    assert agent.mark_lines("done") == []
    queue_server.clear_faults()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("done") == ids
