# SPDX-License-Identifier: Apache-2.0
"""Publish and Consume, as flows use them; judged by the queue server's own log."""
import base64
import fcntl
import hashlib
import http.server
import json
import sqlite3
import threading
import time
import urllib.parse

import pytest

from agent import SOON_SECONDS, send_all, sqsflow, wait_until


def secrets(**values):
    """SECRET_… variables, base64, as Kestra has them."""
    return {f"SECRET_{name}": base64.b64encode(value.encode()).decode() for name, value in values.items()}


def events(done):
    """What `sqsflow run --json` told; the last one is the end."""
    return [json.loads(line) for line in done.stdout.splitlines()]


DEFAULTS = """
taskDefaults:
  - type: io.kestra.plugin.aws.sqs
    values:
      accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
      secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
      region: "{{ secret('AWS_REGION') }}"
      queueUrl: "{{ secret('QUEUE_URL') }}"
"""


def environment_for(url):
    return secrets(AWS_ACCESS_KEY_ID="test", AWS_SECRET_KEY_ID="geheim-key", AWS_REGION="eu-north-1", QUEUE_URL=url)


@pytest.fixture(name="url")
def url_fixture(queue_server):
    return queue_server.call("CreateQueue", QueueName="tasks", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]


@pytest.fixture(name="run")
def run_fixture(tmp_path, queue_server, url):
    """run(flow, …): executes a flow's text with `sqsflow run`; the configuration names the server's endpoint."""
    config = tmp_path / "agent.yaml"
    config.write_text(json.dumps({"aws": {"endpoint": queue_server.endpoint}}))

    def run(flow, *arguments, check=True, **env):
        path = tmp_path / "flows" / "flow.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("id: f\nnamespace: test\n" + flow)
        return sqsflow("run", path, "--config", config, "--json", *arguments, check=check,
                       env={**environment_for(url), "SQSFLOW_STATE": str(tmp_path / "state"), **env})
    return run


def bodies(queue_server, url):
    return [m["body"] for m in queue_server.messages(url)]


# --- Publish ---------------------------------------------------------------------------------------------------------


def test_one_message_a_list_and_a_file_are_published(run, queue_server, url):
    done = run("""
tasks:
  - {id: one, type: io.kestra.plugin.aws.sqs.Publish, from: {data: "hello {{ flow.id }}"}}
  - id: list
    type: io.kestra.plugin.aws.sqs.Publish
    from:
      - data: {order: 7, big: 12345678901234567890}
        attributes: {colour: green, size: {type: Number, value: 12.50}, blob: {type: Binary, value: AAEC/w==}}
      - data: later
        delaySeconds: 900
  - id: file
    type: io.kestra.plugin.scripts.shell.Commands
    outputFiles: [m.jsonl]
    commands: ["seq 1 25 | sed 's/.*/{\\"data\\": \\"n&\\"}/' > m.jsonl"]
  - {id: many, type: io.kestra.plugin.aws.sqs.Publish, from: "{{ outputs.file.outputFiles['m.jsonl'] }}"}
outputs:
  - {id: counts, type: STRING, value: "{{ outputs.one.messagesCount }} {{ outputs.list.messagesCount }} {{ outputs.many.messagesCount }}"}
""" + DEFAULTS)
    assert events(done)[-1]["outputs"]["counts"] == "1 2 25"
    sent = bodies(queue_server, url)
    assert sent[:3] == ["hello f", '{"order":7,"big":12345678901234567890}', "later"]
    assert sent[3:] == [f"n{i}" for i in range(1, 26)]
    assert queue_server.call_count("SendMessageBatch") == 5  # 1, 2, 10, 10, 5
    attributes = queue_server.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    got = next(m for m in attributes["Messages"] if "order" in m["Body"])["MessageAttributes"]
    assert got["colour"] == {"DataType": "String", "StringValue": "green"}
    assert got["size"] == {"DataType": "Number", "StringValue": "12.50"}
    assert got["blob"]["BinaryValue"] == "AAEC/w=="


def test_batches_stay_within_a_mebibyte(run, queue_server, url):
    run("""
tasks:
  - id: make
    type: io.kestra.plugin.scripts.python.Script
    outputFiles: [m.jsonl]
    script: |
      import json
      with open("m.jsonl", "w") as f:
          for i in range(5):
              print(json.dumps({"data": str(i) * 400000}), file=f)
  - {id: p, type: io.kestra.plugin.aws.sqs.Publish, from: "{{ outputs.make.outputFiles['m.jsonl'] }}"}
""" + DEFAULTS)
    assert [b[0] for b in bodies(queue_server, url)] == list("01234")
    assert queue_server.call_count("SendMessageBatch") == 3


def test_a_message_that_sqs_refuses_fails_the_task_and_is_named(run, queue_server, url):
    done = run("""
tasks:
  - id: p
    type: io.kestra.plugin.aws.sqs.Publish
    from: [{data: good}, {data: bad, attributes: {"AWS.reserved": x}}]
""" + DEFAULTS, check=False)
    assert done.returncode == 1
    assert "message 2 cannot be sent: " in events(done)[-1]["error"]
    assert bodies(queue_server, url) == ["good"]


def test_a_passing_trouble_is_survived(run, queue_server, url):
    queue_server.admin("faults", [{"op": "SendMessageBatch", "kind": "http503", "count": 2}])
    run("tasks:\n  - {id: p, type: io.kestra.plugin.aws.sqs.Publish, from: {data: x}}\n" + DEFAULTS)
    assert bodies(queue_server, url) == ["x"]


@pytest.mark.parametrize("source, problem", [
    ("from: hello", "from is neither a message"),
    ("from: {text: hello}", "message 1 cannot be sent: it is not a map with data"),
    ("from: {data: ''}", "its data is empty"),
    ("from: {data: x, delaySeconds: 901}", "delaySeconds must be a whole number from 0 to 900"),
    ("from: {data: x}\n    stsRoleArn: arn:aws:iam::1:role/x\n    stsRoleSessionDuration: PT1M",
     "stsRoleSessionDuration must be from PT15M to PT12H"),
    ("from: {data: x}\n    secretKeyId: ''", "accessKeyId and secretKeyId belong together"),
    ("from: {data: x}\n    accessKeyId: ''\n    secretKeyId: ''", "no credentials: set accessKeyId and secretKeyId"),
])
def test_what_cannot_be_sent_is_said(run, queue_server, source, problem):
    done = run(f"tasks:\n  - id: p\n    type: io.kestra.plugin.aws.sqs.Publish\n    {source}\n{DEFAULTS}", check=False)
    assert problem in events(done)[-1]["error"]
    assert queue_server.call_count("SendMessageBatch") == 0


def test_the_service_s_own_credentials_are_used_only_where_the_configuration_says_so(run, queue_server, url, tmp_path):
    flow = "tasks:\n  - {id: p, type: io.kestra.plugin.aws.sqs.Publish, queueUrl: %s, from: {data: x}}\n" % url
    done = run(flow, check=False, AWS_ACCESS_KEY_ID="own", AWS_SECRET_ACCESS_KEY="own")
    assert "no credentials: set accessKeyId" in events(done)[-1]["error"]
    assert queue_server.call_count("SendMessageBatch") == 0
    config = json.loads((tmp_path / "agent.yaml").read_text())
    (tmp_path / "agent.yaml").write_text(json.dumps({**config, "security": {"taskCredentials": "environment"}}))
    script = "  - {id: s, type: io.kestra.plugin.scripts.shell.Commands, commands: ['env | grep -c ^AWS_ || true']}\n"
    done = run(flow + script, AWS_ACCESS_KEY_ID="own", AWS_SECRET_ACCESS_KEY="own")
    assert bodies(queue_server, url) == ["x"]
    assert [line["text"] for line in [e for e in events(done) if e["event"] == "log"]] == ["0"]  # a script sees none of it


class Role(http.server.BaseHTTPRequestHandler):
    """STS, and an SQS that looks at who signed."""
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((self.headers, body))
        if "Action=AssumeRole" in body:
            answer = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
                <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
                <SessionToken>role-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>
                </Credentials></AssumeRoleResult></AssumeRoleResponse>"""
        else:
            answer = json.dumps({"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody":
                                                 hashlib.md5(b"x").hexdigest()}], "Failed": []})
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


def test_a_role_is_taken_on(run):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Role) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}"
        done = run(f"""
tasks:
  - id: p
    type: io.kestra.plugin.aws.sqs.Publish
    endpointOverride: {here}
    stsEndpointOverride: {here}
    stsRoleArn: arn:aws:iam::123456789012:role/sender
    stsRoleExternalId: "{{{{ secret('AWS_SECRET_KEY_ID') }}}}"
    stsRoleSessionName: nightly
    from: {{data: x}}
{DEFAULTS}""", check=False)
        server.shutdown()
    assert done.returncode == 0, done.stdout
    (sts, asked), (sqs, _) = Role.seen
    asked = urllib.parse.parse_qs(asked)
    assert asked["RoleArn"] == ["arn:aws:iam::123456789012:role/sender"]
    assert asked["ExternalId"] == ["geheim-key"] and asked["RoleSessionName"] == ["nightly"]
    assert asked["DurationSeconds"] == ["900"]
    assert "Credential=test/" in sts["Authorization"] and "Credential=ASIAROLE/" in sqs["Authorization"]
    assert sqs["X-Amz-Security-Token"] == "role-token"


# --- Consume ---------------------------------------------------------------------------------------------------------

CONSUME = "{id: consume, type: io.kestra.plugin.aws.sqs.Consume, maxRecords: 2, visibilityTimeout: 600%s}"
LEASED = CONSUME.replace("600", "8")  # extended after four seconds: a host may stand still for three


def deletes(queue_server):
    return [o["messageId"] for o in queue_server.operations("delete", result="deleted")]


def records(tmp_path, uri):
    """The lines behind a URI, by the rule of common/link/execution_file.h."""
    execution, name = uri.removeprefix("sqsflow://").split("/")
    return [json.loads(line) for line in (tmp_path / "kept" / execution / "files" / name).read_text().splitlines()]


def test_records_are_a_file_and_messages_are_deleted_after_success(run, queue_server, url, tmp_path):
    ids = send_all(queue_server, url, ["one", '{"n": 12345678901234567890}', "three"])
    done = run(f"""
tasks:
  - {CONSUME % ''}
  - {{id: count, type: io.kestra.plugin.scripts.shell.Commands, inputFiles: {{r: "{{{{ outputs.consume.uri }}}}"}}, commands: [wc -l < r]}}
outputs:
  - {{id: uri, type: FILE, value: "{{{{ outputs.consume.uri }}}}"}}
  - {{id: count, type: INT, value: "{{{{ outputs.consume.count }}}}"}}
{DEFAULTS}""", "--folder", tmp_path / "kept")
    outputs = events(done)[-1]["outputs"]
    assert outputs["count"] == 2
    assert len(records(tmp_path, outputs["uri"])) == 2
    assert set(deletes(queue_server)) < set(ids) and len(deletes(queue_server)) == 2
    assert len(bodies(queue_server, url)) == 1


def test_json_records_are_values_and_keep_their_digits(run, queue_server, url, tmp_path):
    send_all(queue_server, url, ['{"n": 12345678901234567890}', "[1.50]"])
    done = run(f"""
tasks:
  - {CONSUME % ', serdeType: JSON'}
outputs: [{{id: uri, type: FILE, value: "{{{{ outputs.consume.uri }}}}"}}]
{DEFAULTS}""", "--folder", tmp_path / "kept")
    assert records(tmp_path, events(done)[-1]["outputs"]["uri"]) == [{"n": 12345678901234567890}, [1.5]]


def test_a_failed_execution_gives_its_messages_back_and_deletes_nothing(run, queue_server, url):
    send_all(queue_server, url, ["one", "two"])
    done = run(f"""
tasks:
  - {CONSUME % ''}
  - {{id: bad, type: io.kestra.plugin.core.execution.Fail}}
{DEFAULTS}""", check=False)
    assert done.returncode == 1
    assert queue_server.operations("delete") == []
    assert [m["state"] for m in queue_server.messages(url)] == ["visible", "visible"]


def test_what_cannot_be_recorded_gives_back_what_it_took(run, queue_server, url, tmp_path):
    """P1 for `sqsflow run`: no success on disk, no delete. Another program keeps the store all the while."""
    send_all(queue_server, url, ["one", "two"])
    with open(tmp_path / "sqsflow.db.lock", "wb") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        done = run(f"tasks:\n  - {CONSUME % ''}\n{DEFAULTS}", SQSFLOW_STATE=str(tmp_path))
    assert events(done)[-1]["state"] == "SUCCESS" and "go back to their queue" in done.stdout + done.stderr
    assert not deletes(queue_server) and [m["state"] for m in queue_server.messages(url)] == ["visible", "visible"]


def test_a_failed_attempt_gives_back_what_it_took(run, queue_server, url):
    """One message is no JSON: the attempt fails, and the other one must not be deleted with the execution's success."""
    send_all(queue_server, url, ['{"a": 1}', "no json"])
    run(f"""
tasks:
  - {CONSUME % ', serdeType: JSON, allowFailure: true'}
{DEFAULTS}""")
    assert queue_server.operations("delete") == []
    assert [m["state"] for m in queue_server.messages(url)] == ["visible", "visible"]


def test_a_failed_attempt_of_the_flow_gives_back_what_it_took(run, queue_server, url):
    """The flow's own retry begins anew: what the first attempt worked on is not done by the second one's success."""
    ids = send_all(queue_server, url, ["one", "two"])
    run(f"""
retry: {{type: constant, interval: PT0.1S, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}}
tasks:
  - {{id: consume, type: io.kestra.plugin.aws.sqs.Consume, maxRecords: 1, visibilityTimeout: 600}}
  - {{id: once, type: io.kestra.plugin.scripts.shell.Commands, commands: ["mkdir $TMPDIR/once && exit 1 || true"]}}
{DEFAULTS}""", TMPDIR=str(queue_server.log_file.parent))
    [deleted] = deletes(queue_server)
    assert deleted in ids
    assert [m["state"] for m in queue_server.messages(url)] == ["visible"]


def test_a_failed_subflow_gives_back_what_it_took(run, queue_server, url, tmp_path):
    """The caller goes on and succeeds: that is no success of what the called flow consumed."""
    flows = tmp_path / "flows"  # where `run` finds what a flow calls
    flows.mkdir()
    (flows / "inner.yaml").write_text(f"""
id: inner
namespace: test
tasks:
  - {CONSUME % ''}
  - {{id: bad, type: io.kestra.plugin.core.execution.Fail}}
{DEFAULTS}""")
    send_all(queue_server, url, ["one", "two"])
    done = run("""
tasks:
  - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: test, flowId: inner, allowFailure: true}
""")
    assert events(done)[-1]["state"] == "WARNING"
    assert len(queue_server.operations("receive", result="received")) == 2, done.stdout
    assert queue_server.operations("delete") == []
    assert [m["state"] for m in queue_server.messages(url)] == ["visible", "visible"]


def test_without_auto_delete_nothing_is_deleted(run, queue_server, url):
    send_all(queue_server, url, ["one", "two"])
    run(f"tasks:\n  - {CONSUME % ', autoDelete: false'}\n{DEFAULTS}")
    assert queue_server.operations("delete") == []
    assert len(queue_server.messages(url)) == 2


def test_leases_are_kept_to_the_end_of_the_execution(run, queue_server, url):
    ids = send_all(queue_server, url, ["one", "two"])
    run(f"""
tasks:
  - {LEASED % ''}
  - {{id: wait, type: io.kestra.plugin.scripts.shell.Commands, commands: ["until test $(grep -c changed {queue_server.log_file}) -ge 4; do sleep 0.1; done"]}}
{DEFAULTS}""")
    assert sorted(deletes(queue_server)) == sorted(ids)
    assert {o["messageId"] for o in queue_server.operations("visibility", result="changed")} == set(ids)
    assert all(o["receiveCount"] == 1 for o in queue_server.operations("receive", result="received"))


def test_a_consume_ends_when_its_time_is_over_or_it_has_enough(run, queue_server, url):
    start = time.monotonic()
    run("tasks:\n  - {id: c, type: io.kestra.plugin.aws.sqs.Consume, maxDuration: PT1S}\n" + DEFAULTS)
    assert 0.9 < time.monotonic() - start < SOON_SECONDS
    send_all(queue_server, url, [f"m{i}" for i in range(25)])
    run("tasks:\n  - {id: c, type: io.kestra.plugin.aws.sqs.Consume, maxRecords: 25}\n" + DEFAULTS)
    assert bodies(queue_server, url) == []
    receives = queue_server.operations("receive")
    assert len(receives) == 25
    done = run("tasks:\n  - {id: c, type: io.kestra.plugin.aws.sqs.Consume}\n" + DEFAULTS, check=False)
    assert "maxRecords or maxDuration is needed" in events(done)[-1]["error"]


def test_a_queue_that_stays_empty_ends_a_consume_by_records(run):
    done = run(f"""
tasks:
  - {CONSUME % ''}
outputs: [{{id: count, type: INT, value: "{{{{ outputs.consume.count }}}}"}}]
{DEFAULTS}""")
    assert events(done)[-1]["outputs"]["count"] == 0


# --- under the agent -------------------------------------------------------------------------------------------------


@pytest.fixture(name="tasks_agent")
def tasks_agent_fixture(make_agent, queue_server, url):
    """An agent whose flow test.f a message in the queue "go" starts."""
    agent = make_agent(extra_env=environment_for(url))
    go = queue_server.call("CreateQueue", QueueName="go", Attributes={"VisibilityTimeout": "10"})["QueueUrl"]

    def start(flow):
        agent.flow("id: f\nnamespace: test\n" + flow)
        agent.configure([{"id": "go", "queueUrl": go, "flow": "test.f"}])
        agent.start()
        return send_all(queue_server, go, ["go"])[0]
    agent.start_flow = start
    return agent


def executions_end(agent, queue_server, count=1):
    def ended():
        got = [e for e in agent.executions() if e["state"] not in ("RUNNING", "CREATED")]
        return got if len(got) >= count else None
    return wait_until(ended, lambda: f"{count} ended executions; log:\n{agent.log()}")


def test_publish_run_and_publish_as_a_kestra_user_writes_it(tasks_agent, queue_server, url):
    tasks_agent.start_flow("""
tasks:
  - id: first
    type: io.kestra.plugin.aws.sqs.Publish
    from: {data: "started {{ execution.id }}"}
  - id: work
    type: io.kestra.plugin.scripts.python.Script
    script: |
      import time
      time.sleep(3)
  - id: second
    type: io.kestra.plugin.aws.sqs.Publish
    from: {data: done}
""" + DEFAULTS)
    wait_until(lambda: len(queue_server.operations("send", queue="tasks")) == 2, lambda: tasks_agent.log())
    first, second = queue_server.operations("send", queue="tasks")
    assert second["time"] - first["time"] > 3_000_000
    [execution] = executions_end(tasks_agent, queue_server)
    assert execution["state"] == "SUCCESS"
    assert bodies(queue_server, url) == [f"started {execution['id']}", "done"]
    assert "geheim-key" not in tasks_agent.log()


def test_consume_two_as_a_kestra_user_writes_it(tasks_agent, queue_server, url):
    ids = send_all(queue_server, url, ["a", "b", "c"])
    go = tasks_agent.start_flow("""
tasks:
  - id: consume
    type: io.kestra.plugin.aws.sqs.Consume
    maxRecords: 2
""" + DEFAULTS)
    wait_until(lambda: len(deletes(queue_server)) == 3, lambda: tasks_agent.log())
    assert go in deletes(queue_server) and len(set(deletes(queue_server)) & set(ids)) == 2
    [execution] = executions_end(tasks_agent, queue_server)
    [file] = (tasks_agent.state / "executions" / execution["id"] / "files").iterdir()
    assert len(file.read_text().splitlines()) == 2
    assert tasks_agent.stop() == 0


def test_consumed_messages_are_deleted_only_after_the_commit(tasks_agent, queue_server, url):
    """The promise of P1 for Consume: with the store locked, leases are extended and nothing is deleted."""
    ids = send_all(queue_server, url, ["a", "b"])
    tasks_agent.start_flow(f"""
tasks:
  - {LEASED % ''}
  - id: wait
    type: io.kestra.plugin.scripts.shell.Commands
    commands: ["touch MARKS/started; while ! test -e MARKS/go; do sleep 0.05; done; touch MARKS/done"]
{DEFAULTS}""")
    wait_until(lambda: (tasks_agent.marks / "started").exists(), lambda: tasks_agent.log())
    lock = sqlite3.connect(next(tasks_agent.state.glob("*.db")), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    (tasks_agent.marks / "go").touch()
    wait_until(lambda: (tasks_agent.marks / "done").exists(), "the end of the task")
    wait_until(lambda: not tasks_agent.status()["store"]["healthy"], "the trouble in status")
    before = len(queue_server.operations("visibility", queue="tasks", result="changed"))
    wait_until(lambda: len(queue_server.operations("visibility", queue="tasks", result="changed")) >= before + 4,
               "leases kept meanwhile")
    assert queue_server.operations("delete") == []
    released = time.time() * 1e6
    lock.close()
    wait_until(lambda: set(ids) <= set(deletes(queue_server)), lambda: tasks_agent.log())
    [execution] = executions_end(tasks_agent, queue_server)
    assert execution["state"] == "SUCCESS"
    assert min(o["time"] for o in queue_server.operations("delete", queue="tasks")) > released
    assert all(o["receiveCount"] == 1 for o in queue_server.operations("receive", queue="tasks", result="received"))


def test_a_killed_agent_deletes_nothing_that_was_consumed(tasks_agent, queue_server, url):
    ids = send_all(queue_server, url, ["a", "b"])
    tasks_agent.start_flow(f"""
tasks:
  - {LEASED % ''}
  - {{id: wait, type: io.kestra.plugin.scripts.shell.Commands, commands: ["touch MARKS/started; sleep 1000"]}}
{DEFAULTS}""")
    wait_until(lambda: (tasks_agent.marks / "started").exists(), lambda: tasks_agent.log())
    tasks_agent.kill()
    wait_until(lambda: [m["state"] for m in queue_server.messages(url)] == ["visible", "visible"], "the visibility timeout")
    assert queue_server.operations("delete") == []
    assert {m["messageId"] for m in queue_server.messages(url)} == set(ids)


def test_a_stop_settles_what_was_consumed(tasks_agent, queue_server, url):
    """SIGTERM while the flow runs: the execution gets its drain time, and its messages are deleted before the end."""
    ids = send_all(queue_server, url, ["a", "b"])
    tasks_agent.start_flow(f"""
tasks:
  - {CONSUME % ''}
  - {{id: wait, type: io.kestra.plugin.scripts.shell.Commands, commands: ["touch MARKS/started; sleep 2"]}}
{DEFAULTS}""")
    wait_until(lambda: (tasks_agent.marks / "started").exists(), lambda: tasks_agent.log())
    assert tasks_agent.stop() == 0
    assert set(ids) <= set(deletes(queue_server))


def test_a_failing_execution_under_the_agent_gives_everything_back(tasks_agent, queue_server, url):
    send_all(queue_server, url, ["a", "b"])
    tasks_agent.start_flow("""
tasks:
  - {id: consume, type: io.kestra.plugin.aws.sqs.Consume, maxRecords: 2, visibilityTimeout: 600}
  - {id: bad, type: io.kestra.plugin.core.execution.Fail}
""" + DEFAULTS)
    wait_until(lambda: [m["state"] for m in queue_server.messages(url)] == ["visible", "visible"]
               and len(queue_server.operations("receive", queue="tasks", result="received")) == 2, lambda: tasks_agent.log())
    [execution] = executions_end(tasks_agent, queue_server)
    assert execution["state"] == "FAILED"
    assert queue_server.operations("delete") == []
