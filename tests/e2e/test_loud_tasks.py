# SPDX-License-Identifier: Apache-2.0
"""A task that prints without measure costs neither memory, nor disk, nor the work beside it. LOUD_MB says how much it prints."""
import json
import os
import re
from pathlib import Path

from agent import send_all, sqsflow, wait_until

LOUD_BYTES = int(os.environ.get("LOUD_MB", "256")) << 20
LOG_BYTES = 1 << 20
MEMORY_MAX = 64 << 20 if "ASAN_OPTIONS" not in os.environ else 1 << 40

# The loud task prints lines, then one line without an end, and goes on until the tasks beside it are through.
LOUD = """
id: loud
namespace: test
tasks:
  - id: both
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - id: loud
        type: io.kestra.plugin.scripts.shell.Commands
        commands:
          - yes "a line of the usual length, as a program prints it when somebody has forgotten to turn it off" | head -c HALF
          - head -c HALF /dev/zero | tr '\\0' x
          - until test -e MARKS/third; do yes more | head -c 1000000; done
          - echo >&2 an error behind it all
      - id: beside
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - {id: first, type: io.kestra.plugin.scripts.shell.Commands, commands: [touch MARKS/first]}
          - {id: second, type: io.kestra.plugin.core.debug.Return, format: second}
          - {id: third, type: io.kestra.plugin.scripts.shell.Commands, commands: [touch MARKS/third]}
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: "after {{ outputs.loud.exitCode }}"}
outputs:
  - {id: after, type: STRING, value: "{{ outputs.after.value }}"}
"""


def peak(pid):
    """The most memory that it ever had, in bytes."""
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text()).group(1)) << 10


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_task_that_prints_without_measure_costs_no_memory_and_stalls_nothing(agent, queue_server, record_property):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    agent.flow(LOUD.replace("HALF", str(LOUD_BYTES // 2)))
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.loud"}], limits={"logBytes": LOG_BYTES, "executions": 1})
    agent.start()
    send_all(queue_server, url, ["x"])
    wait_until(lambda: queue_server.messages(url) == [], "the delete", seconds=180)
    peaks = {"runner": max(peak(pid) for pid in children(agent.process.pid)), "agent": peak(agent.process.pid)}
    for name, value in peaks.items():
        record_property(f"{name}_peak_bytes", value)
        assert value < MEMORY_MAX, peaks
    wait_until(lambda: agent.executions()[0]["state"] == "SUCCESS", "the record of the end")
    execution = agent.executions()[0]["id"]
    record = json.loads(sqsflow("executions", "show", execution, "--store", agent.state, "--json").stdout)
    assert record["outputs"] == {"after": "after 0"}
    assert {run["taskId"]: run["state"] for run in record["taskRuns"]} == dict.fromkeys(
        ["both", "loud", "beside", "first", "second", "third", "after"], "SUCCESS")
    lines = sqsflow("executions", "logs", execution, "--store", agent.state).stdout.splitlines()
    assert "a line of the usual length" in lines[0]
    assert "further log lines of this execution are not kept: limits.logBytes" in lines[-1]
    assert sum(map(len, lines)) < LOG_BYTES * 2  # with time, level and task
    assert (agent.state / "sqsflow.db").stat().st_size < 16 << 20
