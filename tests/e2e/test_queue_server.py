# SPDX-License-Identifier: Apache-2.0
"""The queue server behaves as SQS does: judged by the AWS SDK, and beside servers that others wrote.

tests/js/scenario.mjs runs the same scenarios through the SDK against each server. Every outcome is the same, or the
difference stands in EXPLAINED with its reason; a difference that is gone must leave the table too."""
import json
import socket
import subprocess
import threading
import time

import pytest

import servers
from agent import SOON_SECONDS, wait_until

EXPLAINED = {
    "fauxqs": {
        "answers a handle that is stale or junk with MessageNotInflight where SQS says what is wrong with the handle": {
            "life": [8], "stale-handle": [6], "refused": [15]},
        "does not delete with the newest handle once the timeout has ended; SQS deletes": {"visible-again": [6]},
        "answers the digest of all attributes when only some are asked for, and all when none is": {
            "attributes": [3, 4, 5]},
        "does not check types, values, names and number of attributes": {"attributes": [6, 7, 8, 9]},
        "has no digest of system attributes, no AWSTraceHeader, no MessageGroupId on a standard queue": {
            "system-attributes": [1, 2]},
        "answers deletes of junk handles with success": {"batch": [5], "refused": [14]},
        "does not check the length of an entry's id": {"wrong-batch": [5, 9]},
        "does not check DelaySeconds, MessageDeduplicationId on a standard queue, names of attributes, queue names": {
            "refused": [12, 13, 16], "manage": [3, 5, 6]},
        "names the queue that was made by a call that SQS refuses": {"manage": [11]},
        "refuses characters beyond U+FFFF, which SQS allows": {"bytes": [4, 5, 6]},
        "counts the receive that moved the message, and does not tell the source queue": {"dead-letter": [6]},
        "returns one message of a group at a time; SQS returns as many as possible": {
            "fifo-order": [2, 3, 11, 13, 14], "fifo-deduplication": [14]},
        "deletes with a handle whose timeout has ended; SQS refuses on FIFO queues": {"fifo-expired-handle": [4]},
        "does not know ReceiveRequestAttemptId": {"fifo-attempt": [4, 5]},
    },
    "local-aws-sqs": {
        "knows only AttributeNames, not MessageSystemAttributeNames": {
            "life": [2], "stale-handle": [3], "system-attributes": [2], "dead-letter": [6],
            "fifo-order": [2], "fifo-deduplication": [14]},
        "counts messages in flight as visible too": {"life": [3], "batch": [6], "fifo-attempt": [8]},
        "answers a handle that was valid once with ReceiptHandleIsInvalid": {"life": [8], "stale-handle": [6]},
        "deletes with an old handle, which SQS may do as well; then the message is gone": {
            "stale-handle": [5, 8, 9, 10]},
        "changes the visibility of a message that is not in flight": {"visible-again": [4]},
        "does not check the characters of a body": {"batch": [7], "refused": [7, 8, 9]},
        "names wrong attributes otherwise": {"refused": [17], "manage": [4]},
        "does not block a group beyond one receive": {"fifo-order": [3, 11, 12, 14]},
        "forgets a deduplication id when the message is deleted": {"fifo-deduplication": [9]},
        "does not know ReceiveRequestAttemptId": {"fifo-attempt": [4, 5]},
        "purges later": {"manage": [14]},
    },
}
PEERS = {"fauxqs": servers.Fauxqs, "local-aws-sqs": servers.LocalAwsSqs}


def run_scenarios(server):
    """(scenario, step) -> (operation, outcome), with error codes as bare names."""
    done = subprocess.run([servers.NODE, "--no-warnings", servers.JS / "scenario.mjs", server.endpoint],
                          capture_output=True, text=True, timeout=120, check=True)
    outcomes = {}
    for line in map(json.loads, filter(None, done.stdout.split("\n"))):
        outcome = line["outcome"]
        if "error" in outcome:
            outcome["error"] = outcome["error"].removeprefix("AWS.SimpleQueueService.")
        outcomes[line["scenario"], line["step"]] = (line["op"], outcome)
    return outcomes


@pytest.fixture(name="server")
def server_fixture(tmp_path):
    with servers.QueueServer(tmp_path) as server:
        yield server
        assert server.stop() == 0


@pytest.fixture(name="url")
def url_fixture(server):
    return server.call("CreateQueue", QueueName="q")["QueueUrl"]


@pytest.fixture(name="ours", scope="module")
def ours_fixture(tmp_path_factory):
    with servers.QueueServer(tmp_path_factory.mktemp("ours")) as server:
        yield run_scenarios(server)


@pytest.mark.parametrize("peer", PEERS)
def test_the_outcomes_are_those_of_servers_that_others_wrote(ours, peer):
    with PEERS[peer]() as server:
        theirs = run_scenarios(server)
    assert ours.keys() == theirs.keys()
    different = {key for key in ours if ours[key] != theirs[key]}
    explained = {(scenario, step) for where in EXPLAINED[peer].values() for scenario, steps in where.items()
                 for step in steps}
    assert {key: (ours[key], theirs[key]) for key in different - explained} == {}
    assert explained - different == set(), "no longer different"


def receive(server, url, **params):
    return server.call("ReceiveMessage", QueueUrl=url, **params).get("Messages", [])


def send(server, url, body="x", **params):
    return server.call("SendMessage", QueueUrl=url, MessageBody=body, **params)["MessageId"]


def test_errors_carry_what_clients_classify_by(server):
    with pytest.raises(servers.SqsError) as caught:
        server.call("SendMessage", QueueUrl="http://x/1/nowhere", MessageBody="x")
    assert caught.value.status == 400
    assert caught.value.type == "com.amazonaws.sqs#QueueDoesNotExist"
    assert caught.value.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert caught.value.headers["x-amzn-RequestId"]


def test_a_long_poll_returns_at_once_when_a_message_comes(server, url):
    got = {}
    poll = threading.Thread(target=lambda: got.update(messages=receive(server, url, WaitTimeSeconds=20)))
    poll.start()
    wait_until(lambda: server.open_receives(url), "the open poll")
    began = time.monotonic()
    send(server, url)
    poll.join()
    assert len(got["messages"]) == 1
    assert time.monotonic() - began < SOON_SECONDS


def test_a_client_that_went_away_takes_no_message_with_it(server, url):
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
                       b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: server.open_receives(url), "the open poll")
    send(server, url)
    assert [m["state"] for m in server.messages(url)] == ["visible"]
    assert server.open_receives(url) == 0


def test_two_thousand_messages_are_received_once_each(server, url):
    for start in range(0, 2000, 10):
        server.call("SendMessageBatch", QueueUrl=url,
                    Entries=[{"Id": str(i), "MessageBody": str(start + i)} for i in range(10)])
    bodies = []
    while messages := receive(server, url, MaxNumberOfMessages=10):
        bodies += [m["Body"] for m in messages]
        server.call("DeleteMessageBatch", QueueUrl=url, Entries=[
            {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)])
    assert sorted(map(int, bodies)) == list(range(2000))
    assert server.messages(url) == []
    assert len(server.operations("delete", result="deleted")) == 2000


def test_queues_and_messages_outlive_a_restart(tmp_path):
    server = servers.QueueServer(tmp_path, db=True, queues={"kept": {"VisibilityTimeout": "60"},
                                                            "kept.fifo": {"FifoQueue": "true"}})
    url, fifo = server.url("kept"), server.url("kept.fifo")
    attributes = {"b": {"DataType": "Binary", "BinaryValue": "AAH/"}, "s": {"DataType": "String", "StringValue": "é"}}
    gone, held, left = (send(server, url, f"{name} 🦀", MessageAttributes=attributes) for name in "abc")
    first = receive(server, url, MaxNumberOfMessages=2)
    server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    for body in "12":
        send(server, fifo, body, MessageGroupId="g", MessageDeduplicationId=body)
    receive(server, fifo)
    assert server.stop() == 0

    server = servers.QueueServer(tmp_path, db=True, queues={"kept": {}})
    url, fifo = server.url("kept"), server.url("kept.fifo")
    assert [(m["messageId"], m["state"], m["receiveCount"]) for m in server.messages(url)] == [
        (held, "inflight", 1), (left, "visible", 0)]
    server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first[1]["ReceiptHandle"])
    last = receive(server, url, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
    assert [(m["MessageId"], m["Body"], m["MessageAttributes"]) for m in last] == [(left, "c 🦀", attributes)]
    assert receive(server, fifo) == [], "the group is still blocked"
    assert send(server, fifo, "2", MessageGroupId="g", MessageDeduplicationId="2") in {
        m["messageId"] for m in server.messages(fifo)}, "what was sent is still known"
    assert gone not in {m["messageId"] for m in server.messages(url)}
    assert server.stop() == 0


REFUSALS = {"http503": (503, "ServiceUnavailable"), "http500": (500, "InternalError"),
            "throttle": (403, "RequestThrottled"), "access_denied": (403, "AccessDenied"),
            "expired_token": (403, "ExpiredToken"), "over_limit": (403, "OverLimit"),
            "invalid_signature": (403, "InvalidSignatureException"), "queue_gone": (400, "NonExistentQueue")}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_fault_refuses_as_often_as_it_is_told_and_does_nothing(server, url, kind):
    server.admin("faults", [{"kind": kind, "op": "SendMessage", "count": 2}])
    for _ in range(2):
        with pytest.raises(servers.SqsError) as caught:
            send(server, url)
        assert (caught.value.status, caught.value.code) == REFUSALS[kind]
    assert server.messages(url) == []
    send(server, url)
    assert server.fault_count(kind) == 2


def test_dropped_connections_do_the_operation_or_not(server, url):
    for kind, left in (("drop", 0), ("drop_after", 1)):
        server.admin("faults", [{"kind": kind, "op": "SendMessage", "count": 1}])
        with pytest.raises(OSError):
            send(server, url)
        assert len(server.messages(url)) == left


def test_hung_and_slow_and_garbled_answers(server, url):
    server.admin("faults", [{"kind": "hang", "op": "SendMessage", "count": 1}])
    with pytest.raises(OSError):
        server.call("SendMessage", QueueUrl=url, MessageBody="x", timeout=0.3)
    wait_until(lambda: server.fault_count("hang"), "the request, which a slow server may not have read yet")
    server.admin("faults", [{"kind": "latency", "ms": 300, "op": "SendMessage", "count": 1}])
    began = time.monotonic()
    send(server, url)
    assert 0.3 <= time.monotonic() - began < SOON_SECONDS
    server.admin("faults", [{"kind": "garbage", "count": 1}])
    with pytest.raises(json.JSONDecodeError):
        receive(server, url)


def test_a_batch_fails_in_part(server, url):
    server.admin("faults", [{"kind": "partial", "seed": 1}])
    answer = server.call("SendMessageBatch", QueueUrl=url,
                         Entries=[{"Id": str(i), "MessageBody": "x"} for i in range(10)])
    assert answer["Successful"] and answer["Failed"]
    assert all(f["Code"] == "InternalError" and f["SenderFault"] is False for f in answer["Failed"])
    assert len(server.messages(url)) == len(answer["Successful"])


def test_duplicates_of_messages_in_flight_and_of_deleted_ones(server, url):
    message_id = send(server, url)
    old = receive(server, url)[0]
    server.admin("faults", [{"kind": "duplicate_inflight", "op": "ReceiveMessage", "count": 1}])
    new = receive(server, url)[0]
    assert new["MessageId"] == message_id and new["ReceiptHandle"] != old["ReceiptHandle"]
    server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    assert [o["result"] for o in server.operations("delete")] == ["stale"]

    server.admin("faults", [{"kind": "duplicate_deleted", "op": "ReceiveMessage", "count": 1}])
    server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=new["ReceiptHandle"])
    again = receive(server, url, WaitTimeSeconds=20)[0]
    assert again["MessageId"] == message_id
    server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert server.messages(url) == []
    assert [o["result"] for o in server.operations("delete")] == ["stale", "resurrected", "deleted"]


def test_handles_that_expire_and_digests_that_are_wrong(server, url):
    send(server, url)
    server.admin("faults", [{"kind": "bad_md5"}, {"kind": "expire_handle"}])
    message = receive(server, url)[0]
    assert message["MD5OfBody"] == "0" * 32
    with pytest.raises(servers.SqsError) as caught:
        server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert (caught.value.status, caught.value.code) == (404, "ReceiptHandleIsInvalid")
    server.clear_faults()
    server.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_a_wrong_fault_is_refused_with_the_reason(server):
    with pytest.raises(RuntimeError, match="Unknown kind of fault 'nonsense'"):
        server.admin("faults", [{"kind": "drop"}, {"kind": "nonsense"}])
    with pytest.raises(RuntimeError, match="A rule has no member 'latencyMs'"):
        server.admin("faults", [{"kind": "latency", "latencyMs": 1500}])
    assert server.admin("faults") == []


def test_a_skewed_clock_refuses_signing_times_and_shows_in_the_date(server, url):
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    later = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 3600))
    server.call("ReceiveMessage", QueueUrl=url, headers={"X-Amz-Date": now})
    server.admin("clock", {"offset_seconds": 3600})
    with pytest.raises(servers.SqsError) as caught:
        server.call("ReceiveMessage", QueueUrl=url, headers={"X-Amz-Date": now})
    assert (caught.value.status, caught.value.code) == (403, "InvalidSignatureException")
    date = time.mktime(time.strptime(caught.value.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT"))
    assert 3500 < date - time.mktime(time.gmtime()) < 3700
    server.call("ReceiveMessage", QueueUrl=url, headers={"X-Amz-Date": later})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"QueueUrl":1}', b"\xff\xfe", b"[" * 10000])
def test_a_body_that_is_no_request_is_refused(server, url, body):
    status, _, _ = server.request("POST", "/", body, {"X-Amz-Target": "AmazonSQS.SendMessage"})
    assert status == 400
    assert receive(server, url) == []


def test_wrong_options_are_refused():
    for options in (["--listen", "nowhere"], ["--nonsense"], ["stray"], ["--create", "q={"]):
        done = subprocess.run([servers.BIN / "sqsflow-queue", *options], capture_output=True, text=True, timeout=20,
                              check=False)
        assert done.returncode != 0 and done.stderr, options
