# SPDX-License-Identifier: Apache-2.0
"""P1, P3, P4: what is deleted, what is not run again, and what joins."""
import pytest

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
    agent.kill()
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
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
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


def test_a_delete_is_repeated_with_the_newest_handle(agent, queue_server):
    """The message comes again while its delete fails; SQS may answer the old handle with success and delete nothing."""
    url = queue(queue_server, VisibilityTimeout="600")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "http503"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: queue_server.fault_count("http503") >= 1, "a delete that failed")
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "duplicate_inflight", "count": 1}])
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 2, "a second delivery")
    queue_server.clear_faults()
    wait_until(empty(queue_server, url), lambda: f"an empty queue, long before the visibility timeout; log:\n{agent.log()}")
    newest = queue_server.operations("receive", messageId=ids[0])[-1]["handle"]
    assert [o["handle"] for o in queue_server.operations("delete", result="deleted")] == [newest]
    assert agent.mark_lines("done") == ids


def test_a_handle_that_goes_stale_during_its_delete_is_not_taken_for_deleted(agent, queue_server):
    """The server hands the message out again, then answers the old handle's delete with success. The agent sees the newer
    handle while that answer is under way."""
    url = queue(queue_server, VisibilityTimeout="600")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "waitTime": "PT1S"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the execution's start")
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "duplicate_inflight", "count": 1},
                                  {"op": "ReceiveMessage", "kind": "latency", "ms": 700, "count": 1},
                                  {"op": "DeleteMessageBatch", "kind": "latency", "ms": 1500, "count": 1}])
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 2, "a second delivery")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue, long before the visibility timeout")
    # On a slow machine the newer handle may be here before the delete is sent; then that is right at once.
    assert [o["result"] for o in queue_server.operations("delete")] in (["stale", "deleted"], ["deleted"])
    assert agent.mark_lines("started") == ids


def test_a_handle_that_expired_neither_stops_the_queue_nor_repeats_the_work(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "waitTime": "PT1S"}])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "expire_handle", "count": 1}])
    agent.start()
    first = send_all(queue_server, url, ["x"])
    wait_until(lambda: queue_server.fault_count("expire_handle") == 1, "a refused delete")
    second = send_all(queue_server, url, ["y"])
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert queue_server.operations("receive", messageId=first[0])[-1]["receiveCount"] >= 2
    assert agent.mark_lines("done") == first + second


@pytest.mark.parametrize("kind", ["http503", "access_denied", "drop"])
def test_deletes_that_fail_for_long_repeat_slowly_and_hold_the_message(agent, queue_server, kind):
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": kind}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: len(queue_server.operations("visibility", messageId=ids[0])) >= 3, "the lease kept meanwhile")
    wait_until(lambda: queue_server.fault_count(kind) >= 2, "a second try")
    # At least two seconds went by. Backoff grows from a tenth of a second.
    assert queue_server.fault_count(kind) <= 20
    assert agent.log().count("deletes and extensions fail") <= 1 + agent.log().count("deletes and extensions work again")
    queue_server.clear_faults()
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert agent.mark_lines("done") == ids


def test_a_batch_settles_its_messages_one_by_one(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="600")
    agent.flow("""
id: partly
namespace: test
tasks:
  - id: work
    type: io.kestra.plugin.scripts.python.Script
    script: |
      import json, os
      with open(os.environ["SQSFLOW_MESSAGES_FILE"]) as file:
          messages = [json.loads(line) for line in file]
      bad = [m["messageId"] for m in messages if m["data"] == "bad" and m["receiveCount"] < 2]
      with open("MARKS/seen", "a") as file:
          file.write("".join(f"{m['messageId']} {m['receiveCount']}\\n" for m in messages))
      print("::" + json.dumps({"outputs": {"batchItemFailures": [{"itemIdentifier": i} for i in bad]}}) + "::")
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.partly",
                      "batch": {"maxRecords": 6, "maxDuration": "PT0.3S"},
                      "onFailure": {"retryAfter": {"type": "constant", "interval": "PT1S"}}}])
    agent.start()
    bodies = ["good", "bad", "good", "bad", "good", "good"]
    ids = send_all(queue_server, url, bodies)
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert sorted(agent.mark_lines("seen")) == sorted(
        [f"{m} 1" for m in ids] + [f"{m} 2" for m, body in zip(ids, bodies) if body == "bad"])


def test_without_auto_delete_nothing_is_deleted(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "autoDelete": False}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: len(agent.mark_lines("done")) >= 2, "two runs")
    assert queue_server.operations("delete") == []
    assert set(agent.mark_lines("done")) == set(ids)


def test_a_message_that_cannot_be_decoded_fails_with_the_reason_and_stays(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick", "serdeType": "JSON"}])
    agent.start()
    ids = send_all(queue_server, url, ['{"a": ', '{"a": 1}'])
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 3, "the message again and again")
    wait_until(lambda: agent.mark_lines("done") == ids[1:], "the other message's end")
    wait_until(lambda: [m["messageId"] for m in queue_server.messages(url)] == ids[:1], "its delete")
    failed = agent.executions("--state", "FAILED")
    assert failed and {e["messages"][0]["messageId"] for e in failed} == {ids[0]}
    assert "JSON" in agent.log()
