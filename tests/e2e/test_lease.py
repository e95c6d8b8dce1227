# SPDX-License-Identifier: Apache-2.0
"""P5 and P6: the lease is kept from receive to delete, and nothing is received that cannot start."""
from agent import send_all, wait_until
from test_redelivery import SLOW, empty


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


def test_a_run_of_several_visibility_timeouts_keeps_its_message(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: len(queue_server.operations("visibility")) >= 5, "five extensions")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("started") == ids
    assert queue_server.operations("receive", messageId=ids[0])[-1]["receiveCount"] == 1


def test_the_lease_survives_failed_extensions(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="4")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "http503", "probability": 0.6}])
    wait_until(lambda: len(queue_server.operations("visibility", result="changed")) >= 4, "four confirmed extensions")
    queue_server.clear_faults()
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("started") == ids


def test_waiting_messages_of_a_batch_window_keep_their_lease(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow("""
id: batch
namespace: test
tasks:
  - id: keep
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - wc -l < "$SQSFLOW_MESSAGES_FILE" >> MARKS/sizes
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.batch",
                      "batch": {"maxRecords": 50, "maxDuration": "PT7S"}}])
    agent.start()
    ids = send_all(queue_server, url, ["a", "b", "c"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("sizes") == ["3"]
    assert all(queue_server.operations("receive", messageId=m)[-1]["receiveCount"] == 1 for m in ids)


def test_no_more_is_received_than_can_start(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "concurrency": 3}])
    send_all(queue_server, url, [f"m{i}" for i in range(40)])
    agent.start()
    wait_until(lambda: len(agent.mark_lines("started")) == 3, "three executions")
    calls = queue_server.call_count("ReceiveMessage")
    inflight = [m for m in queue_server.messages(url) if m["state"] == "inflight"]
    assert len(inflight) == 3
    # Something happens meanwhile (an execution of another kind of message), and still nothing more was received.
    assert len(agent.mark_lines("started")) == 3
    assert queue_server.call_count("ReceiveMessage") == calls
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")


def test_more_than_ten_run_at_once_and_a_freed_slot_is_refilled(agent, queue_server):
    url = queue(queue_server)
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}], limits={"executions": 25})
    send_all(queue_server, url, [f"m{i}" for i in range(60)])
    agent.start()
    wait_until(lambda: len(agent.mark_lines("started")) == 25, "25 executions side by side")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert len(agent.mark_lines("done")) == 60
