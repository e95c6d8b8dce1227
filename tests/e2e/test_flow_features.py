# SPDX-License-Identifier: Apache-2.0
"""What a flow can say, on the main path: a message comes, and how its flow ends decides what becomes of it."""
import json

import pytest

from agent import sqsflow, wait_until

SHELL = "io.kestra.plugin.scripts.shell.Commands"


def shell(task, *commands, **more):
    return {"id": task, "type": SHELL, "commands": list(commands), **more}


def log(task, message, **more):
    return {"id": task, "type": "io.kestra.plugin.core.log.Log", "message": message, **more}


@pytest.fixture(name="work")
def work_fixture(agent, queue_server):
    """Starts an agent with one flow, sends it a message by the command line, and returns the record of the execution."""
    def run(**flow):
        url = queue_server.call("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
        agent.flow(json.dumps({"namespace": "test", **flow}), flow["id"])
        agent.configure([{"id": "work", "queueUrl": url, "flow": f"test.{flow['id']}"}])
        agent.start()
        sent = json.loads(sqsflow("send", "work", "--config", agent.config_file, "--body", '{"order": 17}',
                                  "--json").stdout)
        wait_until(lambda: [e for e in agent.executions() if e["state"] not in ("CREATED", "RUNNING")],
                   lambda: f"an end; log:\n{agent.log()}")
        record = json.loads(sqsflow("executions", "show", agent.executions()[0]["id"], "--store", agent.state, "--json").stdout)
        assert record["input"][0]["Body"] == '{"order": 17}'
        assert record["input"][0]["MessageId"] in json.dumps(sent)
        return record
    run.deleted = lambda: wait_until(lambda: queue_server.operations("delete"), "the delete")
    run.kept = lambda: agent.stop() == 0 and queue_server.operations("delete") == []  # none that waited for others either
    run.logs = lambda record: sqsflow("executions", "logs", record["id"], "--store", agent.state).stdout
    run.marks = agent.mark_lines
    run.folder = agent.marks
    return run


def test_what_a_script_puts_out_reaches_the_next_task_and_the_flows_outputs(work):
    record = work(id="outputs", tasks=[
        shell("price", """printf '::{"outputs": {"total": %d, "for": "%s"}}::\\n' 42 "$(cat "$SQSFLOW_MESSAGE_FILE" | tr -d '{}" ')" """),
        {"id": "double", "type": "io.kestra.plugin.core.debug.Return", "format": "{{ outputs.price.vars.total * 2 }}"},
        shell("keep", "echo {{ outputs.double.value | quote }} $EXIT {{ outputs.price.exitCode }} >> MARKS/kept",
              env={"EXIT": "{{ outputs.price.vars.for }}"})],
        outputs=[{"id": "total", "type": "STRING", "value": "{{ outputs.double.value }}"}])
    work.deleted()
    assert record["state"] == "SUCCESS"
    assert work.marks("kept") == ["84 order:17 0"]
    assert record["outputs"] == {"total": "84"}


def test_a_task_that_fails_twice_and_then_succeeds_deletes_its_message_once(work):
    record = work(id="retries", tasks=[shell("shaky", 'echo "$SQSFLOW_ATTEMPT" >> MARKS/attempts', 'test "$SQSFLOW_ATTEMPT" -ge 3',
                                             retry={"type": "constant", "interval": "PT0.05S", "maxAttempts": 5})])
    work.deleted()
    assert record["state"] == "SUCCESS"
    assert work.marks("attempts") == ["1", "2", "3"]


def test_a_task_that_uses_up_its_attempts_keeps_its_message_and_errors_and_finally_run(work):
    record = work(id="fails",
                  tasks=[shell("shaky", "echo x >> MARKS/attempts; exit 3",
                               retry={"type": "constant", "interval": "PT0.05S", "maxAttempts": 2}),
                         shell("never", "touch MARKS/never")],
                  errors=[log("sorry", "order {{ trigger.data | jq('.order') | first }} failed")],
                  **{"finally": [shell("last", "echo last >> MARKS/last")]})
    assert record["state"] == "FAILED"
    assert work.marks("attempts") == ["x", "x"]
    assert not (work.folder / "never").exists()
    assert work.marks("last") == ["last"]
    assert "order 17 failed" in work.logs(record)
    assert work.kept()


def test_a_failure_that_is_allowed_makes_a_warning_and_deletes_the_message(work):
    record = work(id="allowed", tasks=[shell("shaky", "exit 3", allowFailure=True), shell("on", "echo on >> MARKS/on")])
    work.deleted()
    assert record["state"] == "WARNING"
    assert work.marks("on") == ["on"]


def test_a_task_past_its_timeout_is_ended_and_its_message_stays(work):
    record = work(id="late", tasks=[shell("slow", "sleep 300", timeout="PT0.2S"), shell("never", "touch MARKS/never")])
    assert record["state"] == "FAILED"
    assert not (work.folder / "never").exists()
    assert work.kept()
