# SPDX-License-Identifier: Apache-2.0
"""P11: a message is data. Whatever it says, it runs nothing, by every way in which it is handed to a task."""
import base64
import http.server
import json
import threading

import pytest

from agent import sqsflow, wait_until


class Sink(http.server.BaseHTTPRequestHandler):
    """Keeps the bodies and headers that it was sent, by path."""
    bodies, headers_seen = {}, {}

    def do_POST(self):
        self.bodies[self.path] = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.headers_seen[self.path] = self.headers
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(name="sink")
def sink_fixture():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def hostile(marks):
    """Bodies that do something when any of them is taken for text of a shell, Python, a template, YAML or JSON."""
    owned = marks / "owned"
    return [
        f"$(touch {owned}-1); \"'",
        f"`touch {owned}-2`\n touch {owned}-3 #",
        f"'; touch {owned}-4; '",
        f"\"; touch {owned}-5; \"",
        f"a\\\n|| touch {owned}-6",
        f"__import__('os').system('touch {owned}-7')",
        f"\"\"\" + __import__('os').system('touch {owned}-8') + \"\"\"",
        "{{ secret('TOKEN') }} {% for x in range(1, 9) %}{{ x }}{% endfor %} {# gone #}",
        "::{\"outputs\": {\"taken\": true}}::",
        "file:///etc/passwd",
        f"--interpreter=/bin/touch {owned}-9",
        "- a: [1, 2\n*anchor !!python/object/apply:os.system ['true']",
    ]


FLOW = """
id: all
namespace: test
tasks:
  - id: by_env
    type: io.kestra.plugin.scripts.shell.Commands
    env: {BODY: "{{ trigger.data }}"}
    commands:
      - printf '%s' "$BODY" > "MARKS/$SQSFLOW_MESSAGE_ID.env"
  - id: by_file
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - cp "$SQSFLOW_MESSAGE_FILE" "MARKS/$SQSFLOW_MESSAGE_ID.file"
  - id: by_quote
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - printf '%s' {{ trigger.data | quote }} > "MARKS/$SQSFLOW_MESSAGE_ID.quote"
  - id: by_quote_in_a_script
    type: io.kestra.plugin.scripts.shell.Script
    script: |
      printf '%s' {{ trigger.data | quote }} > "MARKS/$SQSFLOW_MESSAGE_ID.script"
  - id: by_json
    type: io.kestra.plugin.scripts.python.Script
    script: |
      import os
      with open(f"MARKS/{os.environ['SQSFLOW_MESSAGE_ID']}.python", "w") as f:
          f.write({{ trigger.data | toJson }})
  - id: by_input_file
    type: io.kestra.plugin.scripts.shell.Commands
    inputFiles: {body: "{{ trigger.data }}"}
    commands:
      - cp body "MARKS/$SQSFLOW_MESSAGE_ID.input"
  - id: by_output
    type: io.kestra.plugin.core.debug.Return
    format: "{{ trigger.data }}"
  - id: of_an_output
    type: io.kestra.plugin.scripts.shell.Commands
    inputFiles: {body: "{{ outputs.by_output.value }}"}
    commands:
      - cp body "MARKS/$SQSFLOW_MESSAGE_ID.output"
  - {id: by_log, type: io.kestra.plugin.core.log.Log, message: "{{ trigger.data }}"}
  - id: by_body
    type: io.kestra.plugin.core.http.Request
    uri: "SINK/body/{{ trigger.messageId }}"
    method: POST
    contentType: text/plain
    body: "{{ trigger.data }}"
  - id: by_form
    type: io.kestra.plugin.core.http.Request
    uri: "SINK/form/{{ trigger.messageId }}"
    method: POST
    contentType: multipart/form-data
    formData: {field: "{{ trigger.data }}"}
  - id: by_queue
    type: io.kestra.plugin.aws.sqs.Publish
    accessKeyId: test
    secretKeyId: test
    queueUrl: "OUT"
    from: {data: "{{ trigger.data }}", attributes: {id: "{{ trigger.messageId }}"}}
"""


def test_no_way_in_runs_a_message(agent, queue_server, sink):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    out = queue_server.call("CreateQueue", QueueName="out")["QueueUrl"]
    agent.extra_env["SECRET_TOKEN"] = base64.b64encode(b"never shown").decode()
    agent.flow(FLOW.replace("SINK", sink).replace("OUT", out))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.all"}])
    bodies = hostile(agent.marks)
    sent = {queue_server.call("SendMessage", QueueUrl=url, MessageBody=body)["MessageId"]: body for body in bodies}
    agent.start()
    wait_until(lambda: not queue_server.messages(url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert {e["state"] for e in agent.executions()} == {"SUCCESS"}
    for message_id, body in sent.items():
        for way in ("env", "file", "quote", "script", "python", "input", "output"):
            assert (agent.marks / f"{message_id}.{way}").read_text() == body, way
        assert Sink.bodies[f"/body/{message_id}"] == body
        assert f'name="field"\r\n\r\n{body}\r\n--' in Sink.bodies[f"/form/{message_id}"]
    assert sorted(m["body"] for m in queue_server.messages(out)) == sorted(bodies)
    assert not list(agent.marks.glob("owned*"))
    assert len(list(agent.marks.iterdir())) == 7 * len(bodies)


def test_a_message_makes_no_header(agent, queue_server, sink):
    url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    agent.flow(f"""
id: head
namespace: test
tasks:
  - {{id: r, type: io.kestra.plugin.core.http.Request, uri: "{sink}/head", method: POST, body: x, headers: {{x-a: "{{{{ trigger.data }}}}"}}}}
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.head"}])
    queue_server.call("SendMessage", QueueUrl=url, MessageBody="1\r\nX-Smuggled: 2")
    agent.start()
    [execution] = wait_until(lambda: [e for e in agent.executions() if e["state"] == "FAILED"], lambda: agent.log())
    assert "the header 'x-a' holds a line end" in execution["error"]
    assert "/head" not in Sink.bodies


@pytest.mark.parametrize("task, offered", [
    ("type: io.kestra.plugin.scripts.shell.Commands\n    commands: ['echo {{ trigger.data }}']", "'| quote'"),
    ("type: io.kestra.plugin.scripts.shell.Commands\n    commands: ['echo \"{{ trigger.data | upper }}\"']", "'| quote'"),
    ("type: io.kestra.plugin.scripts.shell.Commands\n    commands: [\"echo '{{ trigger.messageAttributes.a.value }}'\"]", "'| quote'"),
    ("type: io.kestra.plugin.scripts.shell.Commands\n    beforeCommands: ['x={{ trigger.data }}']\n    commands: [a]", "'| quote'"),
    ("type: io.kestra.plugin.scripts.shell.Script\n    script: \"{% set x = trigger.data %}echo {{ x }}\"", "'| quote'"),
    ("type: io.kestra.plugin.scripts.python.Commands\n    commands: ['python3 -c \"print(1{{ trigger.data }})\"']", "'| quote'"),
    ("type: io.kestra.plugin.scripts.python.Script\n    script: 'print(\"{{ trigger.data }}\")'", "'| toJson'"),
])
def test_the_interpolation_that_would_is_refused_with_the_safe_way(tmp_path, task, offered):
    flow = tmp_path / "flow.yaml"
    flow.write_text(f"id: f\nnamespace: test\ntasks:\n  - id: t\n    {task}\n")
    done = sqsflow("check", flow, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert "a message must not become" in said and offered in said
    assert "'env'" in said and "$SQSFLOW_MESSAGE_FILE" in said
    done = sqsflow("run", flow, "--json", "--message", "-", stdin="x", check=False)
    assert done.returncode == 2


def test_a_hostile_record_of_a_consume_is_a_line_of_json(queue_server, tmp_path):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    bodies = hostile(tmp_path)
    for body in bodies:
        queue_server.call("SendMessage", QueueUrl=url, MessageBody=body)
    flow = tmp_path / "flow.yaml"
    flow.write_text(f"""
id: f
namespace: test
tasks:
  - {{id: c, type: io.kestra.plugin.aws.sqs.Consume, accessKeyId: a, secretKeyId: b, region: eu-north-1,
     endpointOverride: "{queue_server.endpoint}", queueUrl: "{url}", maxRecords: {len(bodies)}}}
  - {{id: s, type: io.kestra.plugin.scripts.shell.Commands, commands: ["cat {{{{ outputs.c.uri }}}} > {tmp_path}/records"]}}
""")
    sqsflow("run", flow, env={"SQSFLOW_STATE": str(tmp_path / "state")})
    records = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    assert sorted(records) == sorted(bodies)
    assert not list(tmp_path.glob("owned*"))
