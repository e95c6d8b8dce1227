# SPDX-License-Identifier: Apache-2.0
"""P11 and P12: what is wrong is refused with its place; a reload with a bad file keeps what runs."""
import json
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


NAMED_TWICE = ["agent.yaml", "agent.yaml flows", "flows agent.yaml", "flows/quick.yaml flows agent.yaml", "agent.yaml agent.yaml",
               "agent.yaml link", "link/slow.yaml agent.yaml one.yaml", "agent.yaml flows/../flows/quick.yaml"]


@pytest.mark.parametrize("named", NAMED_TWICE)
def test_what_is_named_twice_is_checked_once_and_by_its_configuration(agent, named):
    """`flows` alone would be refused: only the configuration lets message text into a shell."""
    agent.flow(QUICK.replace('echo "$SQSFLOW_MESSAGE_ID"', 'echo {{ trigger.data }}'))
    agent.flow(SLOW)
    agent.configure([], security={"allowShellInterpolation": True})
    (agent.folder / "link").symlink_to(agent.flows)
    (agent.folder / "one.yaml").symlink_to(agent.flows / "quick.yaml")
    files = [agent.folder / name for name in named.split()]
    done = json.loads(sqsflow("check", "--json", *files).stdout)
    assert (done["ok"], done["configurations"], sorted(done["flows"])) == (True, 1, ["test.quick", "test.slow"])
    agent.flow(SLOW.replace("commands", "comands"))
    done = json.loads(sqsflow("check", "--json", *files, check=False).stdout)
    wrong = [f for f in done["findings"] if f["level"] == "error"]
    assert len(wrong) == len({json.dumps(f) for f in wrong}) == 2, "an unknown property, and the one that is missing"


def test_a_file_beside_the_folder_is_checked_too_and_once(agent):
    agent.flow(QUICK)
    agent.flow(SLOW, name="../slow")
    agent.configure([])
    done = sqsflow("check", agent.config_file, agent.folder / "slow.yaml", agent.folder / "slow.yaml")
    assert done.stdout == "ok: 1 configuration, 2 flows\n"


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


INTERPOLATES = QUICK.replace('echo "$SQSFLOW_MESSAGE_ID"', "echo {{ trigger.data }}")


def test_the_agent_refuses_a_flow_that_would_run_message_text(agent, queue_server):
    agent.flow(INTERPOLATES)
    agent.configure([{"id": "work", "queueUrl": queue(queue_server), "flow": "test.quick"}])
    done = run_agent(agent.config_file)
    assert done.returncode == 2
    assert "quick.yaml:8:" in done.stderr
    assert queue_server.call_count("ReceiveMessage") == 0


@pytest.mark.parametrize("file, content, place", [
    ("quick.yaml", "id: quick\nnamespace: test\ntasks: 7\n", "quick.yaml:3:8: "),
    ("quick.yaml", INTERPOLATES.lstrip(), "quick.yaml:7:"),
    ("agent.yaml", "triggers:\n  - id: work\n    flwo: test.quick\n", "agent.yaml:3:5: "),
    ("agent.yaml", "flows: [\n", "agent.yaml:2:1: "),
    ("agent.yaml", None, "agent.yaml: "),
])
def test_reload_of_a_broken_file_keeps_the_running_configuration(agent, queue_server, file, content, place):
    url = queue(queue_server)
    agent.flow(QUICK)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.quick"}])
    agent.start()
    path = agent.config_file if file == "agent.yaml" else agent.flows / file
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    agent.signal(signal.SIGHUP)
    agent.wait_notification("RELOADING=1")
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) >= 2, "READY=1 after the reload")
    assert place in agent.log()
    assert "the running one stays" in agent.log()
    ids = send_all(queue_server, url, ["x"])
    wait_until(empty(queue_server, url), "an empty queue")
    assert agent.mark_lines("done") == ids
    assert [t["id"] for t in agent.status()["triggers"]] == ["work"]


def test_after_a_refused_reload_a_good_one_is_taken(agent, queue_server):
    old, new = queue(queue_server, "old"), queue(queue_server, "new")
    agent.flow(QUICK)
    agent.configure([{"id": "old", "queueUrl": old, "flow": "test.quick"}])
    agent.start()
    agent.configure([{"id": "new", "queueUrl": new, "flow": "test.quikc"}])
    agent.signal(signal.SIGHUP)
    wait_until(lambda: "the running one stays" in agent.log(), "the refusal")
    assert "'test.quick'" in agent.log(), "the nearest name"
    agent.configure([{"id": "new", "queueUrl": new, "flow": "test.quick"}])
    agent.signal(signal.SIGHUP)
    ids = send_all(queue_server, new, ["x"])
    wait_until(empty(queue_server, new), "an empty queue")
    assert agent.mark_lines("done") == ids


@pytest.mark.parametrize("text, around", [
    ('echo "{{ trigger.data | quote }}"', "double quotes"),
    ("echo '{{ trigger.data | quote }}'", "single quotes"),
    ("echo `echo {{ trigger.data | quote }}`", "backticks"),
    ("cat <<EOF\n{{ trigger.data | quote }}\nEOF", "a here-document"),
])
def test_a_quoted_message_within_other_quotes_is_refused(tmp_path, text, around):
    """The filter's quotes would end those around it, and what the message says would be run."""
    flow = tmp_path / "owned.yaml"
    flow.write_text(QUICK[:QUICK.index("      - echo")] + f"      - {json.dumps(text)}\n")
    done = sqsflow("check", flow, check=False)
    assert done.returncode == 2
    assert f"a message must not stand in {around}" in done.stderr


def test_a_literal_within_a_programs_quotes_is_refused(tmp_path):
    flow = tmp_path / "owned.yaml"
    flow.write_text(QUICK[:QUICK.index("    type:")] + """    type: io.kestra.plugin.scripts.python.Script
    script: |
      import json
      print(json.loads('{{ trigger.data | toJson }}'))
""")
    done = sqsflow("check", flow, check=False)
    assert done.returncode == 2
    assert "owned.yaml:9:" in done.stderr
    assert "a message must not stand in quotes" in done.stderr
