# SPDX-License-Identifier: Apache-2.0
"""P5 and P6: the lease is kept from receive to delete, and nothing is received that cannot start."""
from agent import send_all, wait_until
from test_redelivery import QUICK, SLOW, empty


def queue(server, **attributes):
    return server.call("CreateQueue", QueueName="work", Attributes=attributes)["QueueUrl"]


# Half of it passes before an extension at most, so that an agent that stands still for three seconds loses no lease.
VISIBILITY_SECONDS = 8


def extended_beyond(server, message_id, seconds):
    """An extension was confirmed so long after the receive."""
    received = server.operations("receive", messageId=message_id)[:1]
    extended = server.operations("visibility", messageId=message_id, result="changed")
    return any(e["time"] > r["time"] + seconds * 1e6 for r in received for e in extended)


def test_a_run_longer_than_its_visibility_timeout_keeps_its_message(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout=str(VISIBILITY_SECONDS))
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: extended_beyond(queue_server, ids[0], VISIBILITY_SECONDS), "an extension of an extended lease")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("started") == ids
    assert queue_server.operations("receive", messageId=ids[0])[-1]["receiveCount"] == 1


def test_the_lease_survives_failed_extensions(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout=str(VISIBILITY_SECONDS))
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "http503", "count": 2}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: queue_server.operations("visibility", result="changed"), "a confirmed extension")
    assert queue_server.fault_count("http503") == 2
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("started") == ids
    assert queue_server.operations("receive", messageId=ids[0])[-1]["receiveCount"] == 1


def test_a_lease_that_no_answer_confirms_is_known_to_be_lost_and_the_message_joins_again(agent, queue_server):
    """Only a confirmed extension moves the deadline. The execution goes on, and its success settles the message."""
    url = queue(queue_server, VisibilityTimeout="2")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "http503"}])
    wait_until(lambda: "its lease was lost; the execution goes on" in agent.log(), "the loss in the log")
    wait_until(lambda: queue_server.receive_count(url, ids[0]) >= 2, "the message again")
    queue_server.clear_faults()
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("started") == ids
    assert agent.mark_lines("done") == ids


def test_waiting_messages_of_a_batch_window_keep_their_lease(agent, queue_server):
    url = queue(queue_server, VisibilityTimeout=str(VISIBILITY_SECONDS))
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
                      "batch": {"maxRecords": 50, "maxDuration": f"PT{VISIBILITY_SECONDS + 3}S"}}])
    agent.start()
    ids = send_all(queue_server, url, ["a", "b", "c"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("sizes") == ["3"]
    assert all(queue_server.operations("receive", messageId=m)[-1]["receiveCount"] == 1 for m in ids)


def test_messages_that_wait_behind_their_group_keep_their_lease(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work.fifo",
                            Attributes={"FifoQueue": "true", "VisibilityTimeout": str(VISIBILITY_SECONDS)})["QueueUrl"]
    ids = [queue_server.call("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g",
                             MessageDeduplicationId=str(number))["MessageId"] for number in range(4)]
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}])
    agent.start()
    for message_id in ids:
        wait_until(lambda m=message_id: extended_beyond(queue_server, m, VISIBILITY_SECONDS), "an extension of each extended lease")
    assert agent.mark_lines("started") == ids[:1]
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("done") == ids
    assert [queue_server.operations("receive", messageId=m)[-1]["receiveCount"] for m in ids] == [1] * 4


def visibility_seconds(server, message_id):
    receive = server.operations("receive", messageId=message_id)[0]
    return round((receive["visibleAt"] - receive["time"]) / 1e6)


def test_the_visibility_timeout_is_the_triggers_or_else_the_queues_own(agent, queue_server):
    """And where the queue's own must not be asked, the receives name one, so that it is known."""
    urls = [queue_server.call("CreateQueue", QueueName=name, Attributes={"VisibilityTimeout": "200"})["QueueUrl"]
            for name in ("said", "own", "denied")]
    queue_server.admin("faults", [{"op": "GetQueueAttributes", "queue": "denied", "kind": "access_denied"}])
    agent.flow(QUICK)
    agent.configure([{"id": "said", "queueUrl": urls[0], "flow": "test.quick", "visibilityTimeout": "PT77S"},
                     {"id": "own", "queueUrl": urls[1], "flow": "test.quick"},
                     {"id": "denied", "queueUrl": urls[2], "flow": "test.quick"}])
    agent.start()
    ids = [send_all(queue_server, url, ["x"])[0] for url in urls]
    for url in urls:
        wait_until(empty(queue_server, url), "an empty queue")
    assert [visibility_seconds(queue_server, m) for m in ids] == [77, 200, 30]


def test_a_queue_whose_timeout_is_made_shorter_cannot_cut_a_lease_short(agent, queue_server):
    """The agent learns of it later, and extends by what it knows."""
    url = queue(queue_server, VisibilityTimeout="200")
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    agent.start()
    wait_until(lambda: queue_server.open_receives(url), "an open poll")
    queue_server.call("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    ids = send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert visibility_seconds(queue_server, ids[0]) == 200


def test_no_extension_of_a_message_follows_its_delete(agent, queue_server):
    """The server deletes at once and answers after more time than passes between two extensions."""
    url = queue(queue_server, VisibilityTimeout="1")
    agent.flow(SLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow"}], limits={"executions": 8})
    agent.start()
    ids = send_all(queue_server, url, [f"m{i}" for i in range(8)])
    wait_until(lambda: all(queue_server.operations("visibility", messageId=m) for m in ids), "extensions of each")
    queue_server.admin("faults", [{"op": "DeleteMessageBatch", "kind": "latency", "ms": 1200}])
    (agent.marks / "go").touch()
    wait_until(lambda: agent.trigger_status("work")["deleted"] == 8, "eight answered deletes")
    operations = [(o["op"], o["handle"]) for o in queue_server.operations() if o["op"] == "visibility" or o["result"] == "deleted"]
    deleted = [handle for op, handle in operations if op == "delete"]
    assert len(deleted) == 8
    for handle in deleted:
        assert ("visibility", handle) not in operations[operations.index(("delete", handle)):]
    assert sorted(agent.mark_lines("done")) == sorted(ids)


def test_no_more_is_received_than_can_start(agent, queue_server):
    url, other = queue(queue_server), queue_server.call("CreateQueue", QueueName="other")["QueueUrl"]
    agent.flow(SLOW)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.slow", "concurrency": 3},
                     {"id": "other", "queueUrl": other, "flow": "test.quick"}])
    send_all(queue_server, url, [f"m{i}" for i in range(40)])
    agent.start()
    wait_until(lambda: len(agent.mark_lines("started")) == 3, "three executions")
    # The loop goes on, as the other queue's messages show, and still nothing more is received of this one.
    for number in range(3):
        send_all(queue_server, other, [f"{number}"])
        wait_until(empty(queue_server, other), "an empty queue")
    assert len([m for m in queue_server.messages(url) if m["state"] == "inflight"]) == 3
    assert len(agent.mark_lines("started")) == 3
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, url), "an empty queue")
    assert len(queue_server.operations("receive", queue="work")) == 40


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
