# SPDX-License-Identifier: Apache-2.0
"""`sqsflow send`: a queue is named as in every verb, and what cannot be sent is said before or after, never lost."""
import json
from pathlib import Path

import pytest

from agent import send_all, sqsflow
from web import Web

TLS = Path(__file__).parent.parent / "unit/vectors/tls"

FLOW = "id: quick\nnamespace: test\ntasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: x\n"


def send(server, *arguments, **more):
    return sqsflow("send", *arguments, "--endpoint", server.endpoint, **more)


def bodies(server, url):
    return [m["body"] for m in server.messages(url)]


@pytest.fixture(name="url")
def url_fixture(queue_server):
    return queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]


def test_a_body_comes_from_the_line_a_file_or_stdin(queue_server, url, tmp_path):
    (tmp_path / "body").write_text("of a file")
    assert send(queue_server, "work", "--body", "of the line").stdout.startswith("sent ")
    send(queue_server, "work", "-f", tmp_path / "body")
    send(queue_server, "work", stdin="of stdin")
    send(queue_server, "work", "-f", "-", stdin="of stdin, asked for")
    assert bodies(queue_server, url) == ["of the line", "of a file", "of stdin", "of stdin, asked for"]


def test_many_copies_are_sent_and_counted(queue_server, url):
    done = json.loads(send(queue_server, "work", "-b", "x", "-n", 25, "--json").stdout)
    assert (done["sent"], done["notSent"], done["problem"], done["queueUrl"]) == (25, 0, None, url)
    assert len(set(done["messageIds"])) == 25 == len(bodies(queue_server, url))


def test_attributes_and_delay_arrive(queue_server, url):
    send(queue_server, "work", "-b", "x", "-a", "kind=new", "-a", "n:Number=3", "-a", "raw:Binary=AAE=")
    got = queue_server.call("ReceiveMessage", QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert got["MessageAttributes"] == {"kind": {"DataType": "String", "StringValue": "new"},
                                        "n": {"DataType": "Number", "StringValue": "3"},
                                        "raw": {"DataType": "Binary", "BinaryValue": "AAE="}}
    send(queue_server, "work", "-b", "later", "--delay", 900)
    assert [m["state"] for m in queue_server.messages(url)] == ["inflight", "delayed"]


def test_a_url_that_is_not_of_aws_names_its_own_server(queue_server, url):
    """Also when the environment names a region, as here."""
    sqsflow("send", url, "-b", "by its URL")
    assert bodies(queue_server, url) == ["by its URL"]
    assert "by its URL" in sqsflow("peek", url).stdout


def test_a_trigger_names_its_queue_and_a_wrong_one_is_told(agent, queue_server, url):
    agent.flow(FLOW)
    agent.configure([{"id": "mine", "queueUrl": url, "flow": "test.quick"}])
    sqsflow("send", "mine", "-b", "of the trigger", "--config", agent.config_file)
    assert bodies(queue_server, url) == ["of the trigger"]
    done = sqsflow("send", "nime", "-b", "x", "--config", agent.config_file, check=False)
    assert done.returncode == 1 and "neither a queue at http" in done.stderr and "the trigger 'mine'?" in done.stderr


def test_a_fifo_queue_gets_groups_and_each_copy_an_id(queue_server):
    url = queue_server.call("CreateQueue", QueueName="work.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    send(queue_server, "work.fifo", "-b", "x", "-g", "a", "-n", 3)
    send(queue_server, "work.fifo", "-b", "x", "-g", "a", "--dedup", "once")
    send(queue_server, "work.fifo", "-b", "x", "-g", "a", "--dedup", "once")
    assert len(bodies(queue_server, url)) == 4
    for wrong, words in ((["-b", "x"], "needs --group"), (["-b", "x", "-g", "a", "--delay", "1"], "takes no --delay")):
        done = send(queue_server, "work.fifo", *wrong, check=False)
        assert done.returncode == 2 and words in done.stderr


@pytest.mark.parametrize("arguments, code, words", [
    ([], 2, "which queue?"), (["work", "other"], 2, "unexpected argument 'other'"), (["work"], 2, "the body is empty"),
    (["work", "-b", "x", "-f", "y"], 2, "either --body or --file"), (["work", "-f", "/nowhere/x"], 2, "No such file"),
    (["work", "-b", "x", "-n", "0"], 2, "--count: '0' is not a number from 1"),
    (["work", "-b", "x", "--delay", "901"], 2, "from 0 to 900"), (["work", "-b", "x", "--dedup", "d"], 2, "for FIFO queues"),
    (["work", "-b", "x", "-a", "novalue"], 2, "not NAME=VALUE"), (["work", "-b", "x", "-a", "k=1", "-a", "k=2"], 2, "twice"),
    (["", "-b", "x"], 2, "'' is neither"), (["a b", "-b", "x"], 2, "'a b' is neither"),
    (["nowhere", "-b", "x"], 1, "neither a queue at http"), (["http://x", "-b", "x"], 2, "not of the form"),
])
def test_wrong_use_is_told_and_sends_nothing(queue_server, url, arguments, code, words):
    done = send(queue_server, *arguments, check=False, stdin="")
    assert done.returncode == code and words in done.stderr and done.stdout == ""
    assert bodies(queue_server, url) == []


def test_what_was_not_sent_is_counted(queue_server, url):
    queue_server.admin("faults", [{"op": "SendMessageBatch", "kind": "access_denied", "probability": 1}])
    done = send(queue_server, "work", "-b", "x", "-n", 5, "--json", check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and (answer["sent"], answer["notSent"]) == (0, 5) and "AccessDenied" in answer["problem"]
    assert bodies(queue_server, url) == []


def test_a_server_that_does_not_answer_is_exit_3():
    done = sqsflow("send", "work", "-b", "x", "--endpoint", "http://127.0.0.1:1", check=False)
    assert done.returncode == 3 and "no answer: " in done.stderr


def test_a_server_with_a_certificate_of_ones_own_authority_is_trusted_by_aws_ca_bundle():
    with Web(TLS / "server.pem") as web:
        web.on("POST", "/", (403, {"__type": "AccessDenied", "message": "no"}))
        told = [sqsflow("send", f"{web.url}/1/q", "--endpoint", web.url, "-b", "x", check=False, env=env).stderr
                for env in ({}, {"AWS_CA_BUNDLE": str(TLS / "authority.pem")})]
    assert "certificate" in told[0] and "AccessDenied" in told[1], told


def test_flows_that_are_wrong_keep_nobody_from_a_queue(agent, queue_server, url):
    agent.flow("id: broken\nnamespace: test\ntasks: 3\n")
    agent.configure([])
    send_all(queue_server, url, ["there"])
    done = sqsflow("send", "work", "-b", "x", "--config", agent.config_file)
    assert "broken.yaml:3" in done.stderr and bodies(queue_server, url) == ["there", "x"]
