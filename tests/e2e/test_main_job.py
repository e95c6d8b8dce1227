# SPDX-License-Identifier: Apache-2.0
"""The main job: a message is polled, executed, recorded and deleted; against our queue server and one that others wrote."""
import base64
import json

import pytest

import servers
from agent import send_all, wait_until

TRACE_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

MARK = """
id: mark
namespace: test
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo "$SQSFLOW_MESSAGE_ID" >> MARKS/done
"""

# Keeps the body as a task sees it, by each way that it is handed over: the file, an environment variable, an expression in
# a program, the argument of a command.
KEEP = """
id: keep
namespace: test
tasks:
  - id: file
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - cp "$SQSFLOW_MESSAGE_FILE" "MARKS/$SQSFLOW_MESSAGE_ID.file"
  - id: program
    type: io.kestra.plugin.scripts.python.Script
    script: |
      import os
      with open("MARKS/" + os.environ["SQSFLOW_MESSAGE_ID"] + ".program", "wb") as file:
          file.write({{ trigger.data | toJson }}.encode())
"""
SMALL_TOO = """
  - id: environment
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      BODY: "{{ trigger.data }}"
    commands:
      - printf '%s' "$BODY" > "MARKS/$SQSFLOW_MESSAGE_ID.environment"
      - printf '%s' {{ trigger.data | quote }} > "MARKS/$SQSFLOW_MESSAGE_ID.argument"
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
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.mark", "waitTime": "PT1S"}])
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
    counts = [int(count) for count in agent.mark_lines("counts")]
    # A lease that a busy host loses costs one: the message that comes again joins the execution that still runs.
    assert counts[0] == 1 and counts == sorted(set(counts)) and counts[-2] < 3 <= counts[-1]
    assert sorted(e["state"] for e in agent.executions()) == ["FAILED"] * (len(counts) - 1) + ["SUCCESS"]


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
    "emoji": "🦊 déjà vu ☃ 𝒳 👩\u200d👩\u200d👧",
    "characters of one to three bytes": "aé☃\u0800\ud7ff\ue000\ufffd",
    "a tab, line feeds and carriage returns": "tab\tcr\rlf\ncrlf\r\nend",
    "a line end at the end": "one\r\n",
    "line feeds at the end": "one\n\n\n",
    "controls beyond ASCII's first": "\x7f\x80\x85\x9f\u2028\u2029\ufeff",
    "a byte order mark ahead": "\ufeffx",
    "not json": "{\"a\": ",
    "a blank": " ",
    "only a line feed": "\n",
    "only a line end": "\r\n",
    "a character that takes no room": "\u200b",
    "null": "null",
    "two quotes": '""',
    "shell": "$(touch /tmp/owned); \"' `id` && rm -rf / # \\",
    "a backslash at the end": "\\",
    "percents": "%s %n %%",
    "json with a long number": json.dumps({"n": 12345678901234567890123, "s": "\\u0041"}),
    "an expression": "{{ secret('X') }} {% if %} {# #}",
    "an output line": "::{\"outputs\":{\"a\":1}}::",
    "a mebibyte less one": "m" * (1024 * 1024 - 3) + "é",
    "a mebibyte": "é\r\n\"\\" * (1024 * 1024 // 6) + "mebi",
}
# fauxqs refuses what SQS allows: characters beyond U+FFFF.
REFUSED_BY_PEERS = {"emoji"}


def test_an_odd_body_reaches_the_task_byte_for_byte(make_agent, any_server):
    """By every documented way. What is too long for an environment variable or an argument comes by the other two."""
    url = any_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    big = any_server.call("CreateQueue", QueueName="big")["QueueUrl"]
    agent = make_agent(server=any_server)
    agent.flow(KEEP + SMALL_TOO)
    agent.flow(KEEP.replace("id: keep", "id: big"))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.keep"},
                     {"id": "big", "queueUrl": big, "flow": "test.big"}])
    agent.start()
    assert max(len(body.encode()) for body in ODD_BODIES.values()) == 1024 * 1024
    sent = {}
    for name, body in ODD_BODIES.items():
        if name in REFUSED_BY_PEERS and not isinstance(any_server, servers.QueueServer):
            continue
        sent[name] = any_server.call("SendMessage", QueueUrl=big if len(body) > 100000 else url, MessageBody=body)["MessageId"]
    wait_until(lambda: queue_is_empty(any_server, url) and queue_is_empty(any_server, big),
               lambda: f"empty queues; log:\n{agent.log()}")
    for name, message_id in sent.items():
        ways = {path.suffix: path.read_bytes() for path in agent.marks.glob(f"{message_id}.*")}
        assert set(ways) >= {".file", ".program"}, name
        assert len(ways) == (2 if len(ODD_BODIES[name]) > 100000 else 4), name
        assert {way: got == ODD_BODIES[name].encode() for way, got in ways.items()} == dict.fromkeys(ways, True), name


def test_a_body_too_long_for_an_environment_variable_fails_with_the_reason(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(KEEP + SMALL_TOO)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.keep"}])
    agent.start()
    message_id = queue_server.call("SendMessage", QueueUrl=url, MessageBody="m" * 200000)["MessageId"]
    failed = wait_until(lambda: agent.executions("--state", "FAILED"), lambda: f"the failure; log:\n{agent.log()}")
    assert [m["messageId"] for e in failed for m in e["messages"]] == [message_id]
    assert "longer than the 128 KiB that the kernel takes; read a long message from its file" in agent.log()
    assert agent.stop() == 0
    assert queue_server.operations("delete") == []


def test_message_attributes_reach_the_flow_binary_ones_as_base64(make_agent, any_server):
    url = any_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent = make_agent(server=any_server)
    agent.flow("""
id: attributes
namespace: test
tasks:
  - id: keep
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      ATTRIBUTES: "{{ trigger.messageAttributes | toJson }}"
      BLOB: "{{ trigger.messageAttributes.blob.value }}"
      COUNT: "{{ trigger.receiveCount }}"
    commands:
      - printf '%s' "$BLOB" | base64 -d > MARKS/blob
      - printf '%s\\n' "$ATTRIBUTES" >> MARKS/attributes
      - printf '%s\\n' "$COUNT $TRACEPARENT" >> MARKS/trace
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.attributes"}])
    agent.start()
    every_byte = bytes(range(256))
    any_server.call("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "grün"},
        "size": {"DataType": "Number", "StringValue": "12.50"},
        "blob": {"DataType": "Binary", "BinaryValue": base64.b64encode(every_byte).decode()},
        "typed.png": {"DataType": "Binary.png", "BinaryValue": "AAEC/w=="},
        "traceparent": {"DataType": "String", "StringValue": TRACE_PARENT},
    })
    wait_until(lambda: queue_is_empty(any_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    attributes = json.loads(agent.mark_lines("attributes")[0])
    assert attributes["colour"]["value"] == "grün"
    assert attributes["size"]["value"] == "12.50"
    assert attributes["typed.png"]["value"] == "AAEC/w=="
    assert (agent.marks / "blob").read_bytes() == every_byte
    assert agent.mark_lines("trace") == [f"1 {TRACE_PARENT}"]


def test_the_trace_header_of_x_ray_reaches_the_task(agent, queue_server):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(MARK.replace('"$SQSFLOW_MESSAGE_ID"', '"$_X_AMZN_TRACE_ID"'))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.mark"}])
    agent.start()
    header = "Root=1-5759e988-bd862e3fe1be46a994272793"
    queue_server.call("SendMessage", QueueUrl=url, MessageBody="x", MessageSystemAttributes={
        "AWSTraceHeader": {"DataType": "String", "StringValue": header}})
    wait_until(lambda: queue_is_empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert agent.mark_lines("done") == [header]


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
                      "batch": {"maxRecords": 25, "maxDuration": "PT1H"}}])
    agent.start()
    wait_until(lambda: queue_is_empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    messages = [json.loads(line) for line in agent.mark_lines("messages")]
    assert sorted(m["messageId"] for m in messages) == sorted(ids)
    assert sorted(m["data"] for m in messages) == sorted(f"b{i}" for i in range(25))
    assert len(agent.mark_lines("executions")) == 1


LINGER_USEC = 60_000  # a delete waits for nine others for a little longer


def test_a_thousand_deletes_take_a_hundred_and_five_calls_at_most(agent, queue_server):
    """Where they come quickly: those for which no tenth comes in time go as they are, as on a host that is busy."""
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow('''
id: quick
namespace: test
tasks:
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ trigger.messageId }}"}
''')
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    ids = send_all(queue_server, url, [f"m{i}" for i in range(1000)])
    agent.start()
    wait_until(lambda: queue_server.messages(url) == [], lambda: f"an empty queue; log:\n{agent.log()}")
    assert len({o["messageId"] for o in queue_server.operations("delete")}) == len(ids)
    times = sorted({o["time"] for o in queue_server.operations("delete")})
    lingered = sum(after - before >= LINGER_USEC for before, after in zip(times, times[1:]))
    assert queue_server.call_count("DeleteMessageBatch") <= 105 + lingered
    assert queue_server.call_count("DeleteMessage") == 0


def test_paths_of_the_configuration_may_be_relative(agent, queue_server):
    """Tasks work in another folder than the agent, and still find their message."""
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(KEEP)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.keep"}], flows="flows", state="state")
    agent.config_file = agent.config_file.name
    agent.start(wrapper=["env", "-C", str(agent.folder)])
    [message] = send_all(queue_server, url, ["the body"])
    wait_until(lambda: queue_server.messages(url) == [], lambda: f"the delete; log:\n{agent.log()}")
    assert (agent.marks / f"{message}.file").read_text() == "the body"
