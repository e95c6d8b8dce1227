# SPDX-License-Identifier: Apache-2.0
"""P10 on a real systemd: a stopped agent, a frozen poll loop, lease keeper or store is restarted by the watchdog, and the
message that was in flight is executed after that.

Four further agents (sqsflow@…) freeze side by side, each in its own way; they run the build that has the fault switches.
"""
from types import SimpleNamespace

import pytest
from conftest import BUILD
from service import Service

WATCHDOG_SEC = 10
DROP_IN = "/etc/systemd/system/sqsflow@.service.d/faults.conf"
PARTS = ["stop", "poll", "lease", "store"]


def start(machine, queue, name):
    """An agent that is frozen while a message is executed."""
    service = Service(machine, name)
    url = queue.create(f"watched-{name}", VisibilityTimeout=20)
    service.flow("work", gated=True)
    service.configure([{"id": "work", "queueUrl": url, "flow": "test.work"}])
    service.systemctl("start")
    message = queue.send(url)
    service.wait_begin("work", message)
    if name == "stop":
        machine.run("kill", "-STOP", str(service.pid))
    else:
        machine.run("setpriv", "--reuid=sqsflow", "--regid=sqsflow", "--clear-groups", "touch", f"{service.state}/{name}")
    return SimpleNamespace(service=service, url=url, message=message)


@pytest.fixture(name="frozen", scope="module")
def frozen_fixture(machine, queue):
    machine.push(BUILD / "faults" / "sqsflow-agent", "/opt/sqsflow-agent")
    machine.write(DROP_IN, f"""\
[Service]
ExecStart=
ExecStart=/opt/sqsflow-agent --config /etc/sqsflow/instances/%i/agent.yaml
WatchdogSec={WATCHDOG_SEC}
Environment=SQSFLOW_FAULTS=/var/lib/sqsflow/instances/%i
""")
    machine.run("systemctl", "daemon-reload")
    yield {name: start(machine, queue, name) for name in PARTS}
    for name in PARTS:
        Service(machine, name).systemctl("stop", check=False)
    machine.run("rm", DROP_IN)
    machine.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("name", PARTS)
def test_a_frozen_agent_is_restarted_by_the_watchdog_and_loses_nothing(name, machine, queue, frozen):
    case = frozen[name]
    case.service.wait_restart(1)
    told = machine.messages("--unit", case.service.unit)
    assert any("Watchdog timeout" in text for text in told)
    if name != "stop":
        assert any(f"Fault switch: {name} is frozen" in text for text in told)
    late = queue.send(case.url)
    case.service.open_gate("work")
    case.service.wait_end("work", late)
    case.service.wait_end("work", case.message)
    queue.wait_empty(case.url)
    assert case.service.restarts == 1


def test_the_catalog_explains_what_was_stuck(machine, frozen):
    text = machine.run("journalctl", "--catalog", "--no-pager", "--unit", frozen["poll"].service.unit).stdout
    assert "Stuck past its deadline: receive" in text and "A part of the agent is stuck" in text
