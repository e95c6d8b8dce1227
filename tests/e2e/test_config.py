# SPDX-License-Identifier: Apache-2.0
"""P11 and P12: what is wrong is refused with its place; a reload with a bad file keeps what runs."""
import signal

import pytest

from agent import environment, BIN, send_all, sqsflow, wait_until
from test_redelivery import QUICK, SLOW, empty
import subprocess


def queue(server, name="work"):
    return server.call("CreateQueue", QueueName=name)["QueueUrl"]


def run_agent(config):
    return subprocess.run([BIN / "sqsflow-agent", "--config", config], capture_output=True, text=True, timeout=30,
                          env=environment(), check=False)


@pytest.mark.parametrize("text, message", [
    ("triggers:\n  - id: a\n    queueUrl: https://sqs.eu-north-1.amazonaws.com/1/q\n    flwo: test.quick\n",
     "agent.yaml:4:5: "),
    ("limits:\n  executions: many\n", "agent.yaml:2:15: "),
    ("limits: [\n", "agent.yaml:2:1: "),
    ("", "agent.yaml"),
])
def test_a_wrong_agent_yaml_is_refused_with_its_place(tmp_path, text, message):
    config = tmp_path / "agent.yaml"
    config.write_text(text)
    done = run_agent(config)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "state").exists()
    checked = sqsflow("check", config, check=False)
    assert checked.returncode == 2
    assert message in checked.stderr


def test_a_wrong_property_gets_the_nearest_name(tmp_path):
    config = tmp_path / "agent.yaml"
    config.write_text("triggers:\n  - id: a\n    queueUrl: https://sqs.eu-north-1.amazonaws.com/1/q\n    flwo: x.y\n")
    assert "'flow'" in run_agent(config).stderr


def test_a_wrong_flow_keeps_the_agent_from_starting(agent, queue_server):
    agent.flow(QUICK.replace("commands", "comands"))
    agent.configure([{"id": "work", "queueUrl": queue(queue_server), "flow": "test.quick"}])
    done = run_agent(agent.config_file)
    assert done.returncode == 2
    assert "quick.yaml:7:5: " in done.stderr
    assert "commands" in done.stderr
    assert queue_server.call_count("ReceiveMessage") == 0


def test_a_flow_that_would_run_message_text_is_refused_with_the_safe_way(tmp_path):
    flow = tmp_path / "owned.yaml"
    flow.write_text(QUICK.replace('echo "$SQSFLOW_MESSAGE_ID"', 'echo {{ trigger.data }}'))
    done = sqsflow("check", flow, check=False)
    assert done.returncode == 2
    assert "owned.yaml:8:" in done.stderr
    assert "env" in done.stderr or "SQSFLOW_MESSAGE_FILE" in done.stderr
    flow.write_text(QUICK.replace('echo "$SQSFLOW_MESSAGE_ID"', 'echo {{ trigger.data | quote }}'))
    sqsflow("check", flow)


INJECTIONS = ["$(touch MARKS/owned)", "`touch MARKS/owned`", "'; touch MARKS/owned; '", "\"; touch MARKS/owned; \"",
              "\n touch MARKS/owned\n", "{{ secret('x') }}", "\\'; touch MARKS/owned #"]


def test_no_message_runs_anything_by_any_documented_way(agent, queue_server):
    url = queue(queue_server)
    agent.flow("""
id: ways
namespace: test
tasks:
  - id: shell
    type: io.kestra.plugin.scripts.shell.Commands
    env:
      BODY: "{{ trigger.data }}"
    commands:
      - printf '%s' "$BODY" > "MARKS/$SQSFLOW_MESSAGE_ID.env"
      - cat "$SQSFLOW_MESSAGE_FILE" > "MARKS/$SQSFLOW_MESSAGE_ID.file"
      - printf '%s' {{ trigger.data | quote }} > "MARKS/$SQSFLOW_MESSAGE_ID.quote"
  - id: python
    type: io.kestra.plugin.scripts.python.Script
    script: |
      import os
      body = {{ trigger.data | toJson }}
      open("MARKS/" + os.environ["SQSFLOW_MESSAGE_ID"] + ".python", "w", newline="").write(body)
  - id: log
    type: io.kestra.plugin.core.log.Log
    message: "{{ trigger.data }}"
""")
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.ways"}])
    agent.start()
    bodies = [body.replace("MARKS", str(agent.marks)) for body in INJECTIONS]
    ids = send_all(queue_server, url, bodies)
    wait_until(empty(queue_server, url), lambda: f"an empty queue; log:\n{agent.log()}")
    assert not (agent.marks / "owned").exists()
    for message_id, body in zip(ids, bodies):
        for way in ("env", "file", "quote", "python"):
            assert (agent.marks / f"{message_id}.{way}").read_bytes() == body.encode()


def test_reload_adds_and_removes_triggers_and_leaves_running_executions_alone(agent, queue_server):
    old, new = queue(queue_server, "old"), queue(queue_server, "new")
    agent.flow(SLOW)
    agent.flow(QUICK)
    agent.configure([{"id": "old", "queueUrl": old, "flow": "test.slow"}])
    agent.start()
    send_all(queue_server, old, ["x"])
    wait_until(lambda: agent.mark_lines("started"), "the start")
    agent.configure([{"id": "new", "queueUrl": new, "flow": "test.quick"}])
    agent.signal(signal.SIGHUP)
    reloading = agent.wait_notification("RELOADING=1")
    assert "MONOTONIC_USEC=" in reloading
    send_all(queue_server, new, ["y"])
    wait_until(empty(queue_server, new), lambda: f"the new queue's end; log:\n{agent.log()}")
    (agent.marks / "go").touch()
    wait_until(empty(queue_server, old), "the old queue's end")
    assert len(agent.mark_lines("started")) == 1


def test_reload_of_a_broken_file_keeps_the_running_configuration(agent, queue_server):
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    agent.start()
    (agent.flows / "quick.yaml").write_text("id: quick\nnamespace: test\ntasks: 7\n")
    agent.signal(signal.SIGHUP)
    agent.wait_notification("RELOADING=1")
    wait_until(lambda: "quick.yaml:3:8: " in agent.log(), "the reason in the log")
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) >= 2, "READY=1 after the reload")
    send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert len(agent.mark_lines("done")) == 1
