# SPDX-License-Identifier: Apache-2.0
"""`sqsflow peek`: looks without consuming, and says what looking costs."""
import json
import signal
import subprocess

import pytest

from agent import BIN, environment, send_all, sqsflow, wait_until

DLQ_ARN = "arn:aws:sqs:us-east-1:000000000000:dlq"


def peek(server, *arguments, check=True):
    return sqsflow("peek", *arguments, "--endpoint", server.endpoint, check=check)


def make(server, name, **attributes):
    return server.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]


def with_redrive(server, name, count, **attributes):
    server.call("CreateQueue", QueueName="dlq")
    policy = json.dumps({"deadLetterTargetArn": DLQ_ARN, "maxReceiveCount": count})
    return make(server, name, RedrivePolicy=policy, **attributes)


def visible(server, url):
    return [m for m in server.messages(url) if m["state"] == "visible"]


def test_what_is_seen_stays_and_is_free_at_once(queue_server):
    url = make(queue_server, "work")
    binary = {"raw": {"DataType": "Binary.png", "BinaryValue": "AAE="}}
    ids = send_all(queue_server, url, ["a\x7fb\n", "second"], MessageAttributes=binary)
    out = peek(queue_server, "work", "-n", 5).stdout
    assert ids[0] in out and ids[1] in out
    assert "a\\x7fb\\n" in out and "\x7f" not in out
    assert "raw (Binary.png): AAE=" in out and "received    1, this look included" in out
    assert [m["receiveCount"] for m in visible(queue_server, url)] == [1, 1]
    assert queue_server.operations("delete") == []
    seen = json.loads(peek(queue_server, url, "--json").stdout)
    assert len(seen) == 1 and seen[0]["receiveCount"] == 2
    assert seen[0]["attributes"] == {"raw": {"type": "Binary.png", "value": "AAE="}}


def test_an_empty_queue_is_no_failure(queue_server):
    make(queue_server, "work")
    assert peek(queue_server, "work").stdout == "no message is visible\n"
    assert json.loads(peek(queue_server, "work", "--json").stdout) == []


def test_many_are_each_seen_once(queue_server):
    url = make(queue_server, "work")
    ids = send_all(queue_server, url, [str(i) for i in range(25)])
    seen = json.loads(peek(queue_server, "work", "-n", 25, "--json").stdout)
    assert sorted(m["messageId"] for m in seen) == sorted(ids)
    assert len(visible(queue_server, url)) == 25


def test_the_last_receive_is_not_taken(queue_server):
    url = with_redrive(queue_server, "work", 3)
    ids = send_all(queue_server, url, ["a", "b", "c"])
    assert peek(queue_server, "work", "-n", 3).returncode == 0
    refused = peek(queue_server, "work", "-n", 3, check=False)
    assert refused.returncode == 1 and "maxReceiveCount is 3" in refused.stderr
    assert "received    2 of 3" in refused.stdout and "one receive is left" in refused.stdout
    assert sorted(queue_server.receive_count(url, i) for i in ids) == [1, 1, 2]
    assert peek(queue_server, "work", "-n", 3, "--force").returncode == 0
    assert sorted(queue_server.receive_count(url, i) for i in ids) == [2, 2, 3]


def test_a_queue_that_allows_one_receive_is_not_looked_at(queue_server):
    url = with_redrive(queue_server, "work", 1)
    ids = send_all(queue_server, url, ["a"])
    assert peek(queue_server, "work", check=False).returncode == 1
    assert queue_server.receive_count(url, ids[0]) == 0
    assert "its next receive moves it" in peek(queue_server, "work", "--force").stdout


def test_a_fifo_queue_keeps_its_order_and_is_said_to_wait(queue_server):
    url = make(queue_server, "work.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    send_all(queue_server, url, ["1", "2", "3"], MessageGroupId="g")
    done = peek(queue_server, "work.fifo", "-n", 3)
    assert "groups of these messages are blocked" in done.stderr
    got = queue_server.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [m["Body"] for m in got] == ["1", "2", "3"]


def test_nothing_is_lost_when_it_is_killed_in_between(queue_server):
    url = make(queue_server, "work")
    send_all(queue_server, url, ["a"])
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "hang", "probability": 1}])
    with subprocess.Popen([BIN / "sqsflow", "peek", "work", "--endpoint", queue_server.endpoint], env=environment(),
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: queue_server.fault_count("hang"), "the giving back")
        process.send_signal(signal.SIGKILL)
    queue_server.clear_faults()
    assert [m["state"] for m in queue_server.messages(url)] == ["inflight"]
    got = wait_until(lambda: queue_server.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20).get("Messages"),
                     "the message comes back")
    assert got[0]["Body"] == "a"


def test_what_cannot_be_given_back_is_said(queue_server):
    url = make(queue_server, "work")
    send_all(queue_server, url, ["a"])
    queue_server.admin("faults", [{"op": "ChangeMessageVisibilityBatch", "kind": "http503", "probability": 1}])
    done = peek(queue_server, "work", check=False)
    assert done.returncode == 1 and "1 could not be given back" in done.stderr and "message 1" in done.stdout


def test_a_trigger_names_its_queue(agent, queue_server):
    url = make(queue_server, "work")
    send_all(queue_server, url, ["of the trigger"])
    agent.flow("id: quick\nnamespace: test\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: x\n")
    agent.configure([{"id": "mine", "queueUrl": url, "flow": "test.quick"}])
    assert "of the trigger" in sqsflow("peek", "mine", "--config", agent.config_file).stdout


@pytest.mark.parametrize("arguments, code, words", [
    ([], 2, "which queue"), (["a", "b"], 2, "unexpected argument 'b'"), (["a", "--cuont", "1"], 2, "did you mean 'count'"),
    (["a", "-n", "101"], 2, "from 1 to 100"), (["nowhere"], 1, "neither a queue at http"),
])
def test_wrong_use_is_told(queue_server, arguments, code, words):
    done = peek(queue_server, *arguments, check=False)
    assert done.returncode == code and words in done.stderr


def test_an_endpoint_that_does_not_answer_is_exit_3():
    assert sqsflow("peek", "work", "--endpoint", "http://127.0.0.1:1", check=False).returncode == 3
