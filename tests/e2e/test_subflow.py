# SPDX-License-Identifier: Apache-2.0
"""Flows that call flows, run by the agent."""
import signal
import subprocess

from agent import BIN, environment, send_all, sqsflow, wait_until
from test_main_job import queue_is_empty

CALLER = """
id: caller
namespace: test
tasks:
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    namespace: "{{ flow.namespace }}"
    flowId: called
    inputs: {body: "{{ trigger.data }}"}
"""

CALLED = """
id: called
namespace: test
inputs: [{id: body, type: STRING}]
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    env: {BODY: "{{ inputs.body }}"}
    commands:
      - test "$BODY" != bad
      - echo "VERSION $BODY" >> MARKS/done
"""


def start(agent, server, called):
    url = server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(CALLER)
    agent.flow(called)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.caller", "visibilityTimeout": "PT30S"}])
    agent.start()
    return url


def test_a_message_is_deleted_when_the_called_flow_has_succeeded(agent, queue_server):
    url = start(agent, queue_server, CALLED.replace("VERSION", "one"))
    send_all(queue_server, url, ["good"])
    wait_until(lambda: queue_is_empty(queue_server, url), agent.log)
    assert agent.mark_lines("done") == ["one good"]
    send_all(queue_server, url, ["bad"])
    wait_until(lambda: any(e["state"] == "FAILED" for e in agent.executions()), agent.log)
    assert not queue_is_empty(queue_server, url)


def test_a_reload_changes_what_is_called(agent, queue_server):
    url = start(agent, queue_server, CALLED.replace("VERSION", "one"))
    send_all(queue_server, url, ["a"])
    wait_until(lambda: agent.mark_lines("done") == ["one a"], agent.log)
    agent.flow(CALLED.replace("VERSION", "two"))
    agent.signal(signal.SIGHUP)
    wait_until(lambda: sum("READY=1" in n for n in agent.notifications) >= 2, "READY=1 after the reload")
    send_all(queue_server, url, ["b"])
    wait_until(lambda: agent.mark_lines("done") == ["one a", "two b"], agent.log)


def test_a_call_of_nobody_is_refused_before_anything_runs(agent, queue_server):
    agent.flow(CALLER.replace("flowId: called", "flowId: caled"))
    agent.flow(CALLED)
    agent.configure([])
    done = subprocess.run([BIN / "sqsflow-agent", "--config", agent.config_file], capture_output=True, text=True, timeout=30,
                          env=environment(), check=False)
    assert done.returncode == 2
    assert "caller.yaml:5:5: task 'call': there is no flow 'test.caled'; did you mean 'test.called'?" in done.stderr
    checked = sqsflow("check", agent.flows, check=False)
    assert checked.returncode == 2
    assert "did you mean 'test.called'?" in checked.stderr
