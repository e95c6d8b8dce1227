# SPDX-License-Identifier: Apache-2.0
"""The books of `sqsflow status`: each message received is in flight, or counted once by what became of it. Every status that
a test reads must balance (agent.py); here each way out has its number."""
from agent import send_all, sqsflow, wait_until
from test_redelivery import QUICK, SLOW, empty
from test_stop import BATCHED, states

WAYS_OUT = ("repeated", "returned", "succeeded", "failed", "cancelled")


def begin(agent, server, flow, text, **trigger):
    url = server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    agent.flow(text)
    agent.configure([{"id": "work", "queueUrl": url, "flow": flow, **trigger}])
    agent.start()
    return url


def books(agent):
    """What became of all that was received, when nothing is in flight."""
    trigger = wait_until(lambda: next((t for t in agent.status()["triggers"] if t["inFlight"] == 0), None), "nothing in flight")
    assert trigger["received"] == sum(trigger[way] for way in WAYS_OUT)
    return {way: trigger[way] for way in WAYS_OUT if trigger[way]}


def test_an_end_is_a_success_or_a_failure(agent, queue_server):
    url = begin(agent, queue_server, "test.quick", QUICK.replace("- echo", "- test $SQSFLOW_RECEIVE_COUNT = 1; echo"))
    send_all(queue_server, url, ["x"] * 3)
    wait_until(empty(queue_server, url), "an empty queue")
    assert books(agent) == {"succeeded": 3}


def test_what_a_pause_gives_back_is_returned(agent, queue_server):
    url = begin(agent, queue_server, "test.batched", BATCHED, waitTime="PT2S",
                batch={"maxRecords": 50, "maxDuration": "PT5M"})
    send_all(queue_server, url, ["x"] * 8)
    wait_until(lambda: states(queue_server, url) == ["inflight"] * 8, "eight messages that wait")
    sqsflow("pause", "work", "--socket", agent.socket)
    wait_until(lambda: states(queue_server, url) == ["visible"] * 8, "eight visible messages")
    wait_until(lambda: queue_server.open_receives(url) == 0, "the end of the polls, which may have got them once more")
    count = books(agent)["returned"]
    assert books(agent) == {"returned": count} and count >= 8
    agent.wait_notification(f"{count} received, {count} returned, 0 succeeded")


def test_what_joins_its_run_and_what_succeeded_before_are_repeated(agent, queue_server):
    url = begin(agent, queue_server, "test.slow", SLOW, waitTime="PT1S")
    ids = send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the execution's start")
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "duplicate_inflight", "probability": 1, "count": 1}])
    wait_until(lambda: agent.trigger_status("work")["repeated"] == 1, "a second delivery")
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "duplicate_deleted", "probability": 1, "count": 1}])
    (agent.marks / "go").touch()
    wait_until(lambda: agent.trigger_status("work")["repeated"] == 2, "a third, after the success")
    wait_until(empty(queue_server, url), "an empty queue")
    assert books(agent) == {"repeated": 2, "succeeded": 1}
    assert agent.mark_lines("done") == ids


def test_what_arrives_damaged_is_returned(agent, queue_server):
    queue_server.admin("faults", [{"op": "ReceiveMessage", "kind": "bad_md5", "probability": 1, "count": 1}])
    url = begin(agent, queue_server, "test.quick", QUICK, visibilityTimeout="PT30S")
    send_all(queue_server, url, ["x"])
    wait_until(lambda: agent.trigger_status("work")["received"], "a damaged message")
    assert books(agent) == {"returned": 1}
    assert agent.mark_lines("done") == []
