# SPDX-License-Identifier: Apache-2.0
"""The main job: a message is polled, executed, recorded and deleted; against our queue server and one that others wrote."""
import hashlib
import json

import pytest

import servers
from agent import send_all, wait_until

MARK = """
id: mark
namespace: test
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
"""

# Keeps the body as the task sees it, under its digest, by both ways that a message is handed over.
KEEP = """
id: keep
namespace: test
tasks:
  - id: keep
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - cp "$SQSFLOW_MESSAGE_FILE" "MARKS/$SQSFLOW_MESSAGE_ID.body"
"""


@pytest.fixture(name="any_server", params=["sqsflow-queue", "fauxqs"])
def any_server_fixture(request, tmp_path):
    kind = {"sqsflow-queue": servers.QueueServer, "fauxqs": servers.Fauxqs}[request.param]
    server = kind(tmp_path / "server")
    yield server
    server.stop()


def queue_is_empty(server, url):
    attributes = server.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"]) == 0


def test_every_message_is_executed_once_and_then_deleted(make_agent, any_server):
    url = any_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    ids = send_all(any_server, url, [f"message {i}" for i in range(120)])
    agent = make_agent(server=any_server)
    agent.flow(MARK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.mark"}])
    agent.start()
    wait_until(lambda: queue_is_empty(any_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert sorted(agent.mark_lines("done")) == sorted(ids)
    assert agent.stop() == 0
    executions = agent.executions()
    assert len(executions) == 120
    assert {e["state"] for e in executions} == {"SUCCESS"}


def test_a_failed_message_stays_and_comes_again(make_agent, any_server):
    url = any_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    agent = make_agent(server=any_server)
    agent.flow("""
id: third
namespace: test
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_RECEIVE_COUNT" >> MARKS/counts
      - test "$SQSFLOW_RECEIVE_COUNT" -ge 3
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.third"}])
    agent.start()
    send_all(any_server, url, ["x"])
    wait_until(lambda: queue_is_empty(any_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert agent.mark_lines("counts") == ["1", "2", "3"]
    assert sorted(e["state"] for e in agent.executions()) == ["FAILED", "FAILED", "SUCCESS"]


def test_fifo_messages_of_a_group_run_in_order(make_agent, any_server):
    url = any_server.call("CreateQueue", QueueName="work.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for number in range(30):
        any_server.call("SendMessage", QueueUrl=url, MessageBody=f"{number}", MessageGroupId=f"g{number % 3}",
                        MessageDeduplicationId=f"d{number}")
    agent = make_agent(server=any_server)
    agent.flow("""
id: order
namespace: test
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      GROUP: "{{ trigger.groupId }}"
    commands:
      - cat "$SQSFLOW_MESSAGE_FILE" >> "MARKS/$GROUP"
      - echo >> "MARKS/$GROUP"
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.order"}])
    agent.start()
    wait_until(lambda: queue_is_empty(any_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    for group in range(3):
        assert agent.mark_lines(f"g{group}") == [str(n) for n in range(30) if n % 3 == group]


ODD_BODIES = {
    "one mebibyte": "m" * (1024 * 1024 - 2) + "é",
    "emoji": "🦊 déjà vu ☃ 𝒳",
    "control characters that SQS allows": "tab\tcr\rlf\ncrlf\r\nend",
    "not json": "{\"a\": ",
    "looks empty": " ",
    "only a line feed": "\n",
    "quotes and shell": "$(touch /tmp/owned); \"' `id` && rm -rf / # \\",
    "json with a long number": json.dumps({"n": 12345678901234567890123, "s": "\\u0041"}),
    "looks like an expression": "{{ secret('X') }} {% if %}",
    "looks like an output line": "::{\"outputs\":{\"a\":1}}::",
}


@pytest.mark.parametrize("name", ODD_BODIES)
def test_an_odd_body_reaches_the_task_byte_for_byte(agent, queue_server, name):
    body = ODD_BODIES[name]
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(KEEP)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.keep"}])
    agent.start()
    message_id = queue_server.call("SendMessage", QueueUrl=url, MessageBody=body)["MessageId"]
    wait_until(lambda: queue_is_empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    kept = (agent.marks / f"{message_id}.body").read_bytes()
    assert hashlib.sha256(kept).hexdigest() == hashlib.sha256(body.encode()).hexdigest()


def test_message_attributes_reach_the_flow_binary_ones_as_base64(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow("""
id: attributes
namespace: test
tasks:
  - id: keep
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      ATTRIBUTES: "{{ trigger.messageAttributes | toJson }}"
      COUNT: "{{ trigger.receiveCount }}"
    commands:
      - printf '%s\\n' "$ATTRIBUTES" >> MARKS/attributes
      - printf '%s\\n' "$COUNT $TRACEPARENT $_X_AMZN_TRACE_ID" >> MARKS/trace
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.attributes"}])
    agent.start()
    queue_server.call("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "grün"},
        "size": {"DataType": "Number", "StringValue": "12.50"},
        "blob": {"DataType": "Binary", "BinaryValue": "AAEC/w=="},
        "traceparent": {"DataType": "String", "StringValue": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    }, MessageSystemAttributes={
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"},
    })
    wait_until(lambda: queue_is_empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    attributes = json.loads(agent.mark_lines("attributes")[0])
    assert attributes["colour"]["value"] == "grün"
    assert attributes["size"]["value"] == "12.50"
    assert attributes["blob"]["value"] == "AAEC/w=="
    assert agent.mark_lines("trace") == [
        "1 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 Root=1-5759e988-bd862e3fe1be46a994272793"]


def test_a_batch_is_one_execution(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    ids = send_all(queue_server, url, [f"b{i}" for i in range(25)])
    agent.flow("""
id: batch
namespace: test
tasks:
  - id: keep
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - cat "$SQSFLOW_MESSAGES_FILE" >> MARKS/messages
      - echo one >> MARKS/executions
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.batch",
                      "batch": {"maxRecords": 25, "maxDuration": "PT3S"}}])
    agent.start()
    wait_until(lambda: queue_is_empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    messages = [json.loads(line) for line in agent.mark_lines("messages")]
    assert sorted(m["messageId"] for m in messages) == sorted(ids)
    assert sorted(m["data"] for m in messages) == sorted(f"b{i}" for i in range(25))
    assert len(agent.mark_lines("executions")) == 1
