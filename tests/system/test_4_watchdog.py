# SPDX-License-Identifier: Apache-2.0
"""P10 on a real systemd: a stopped agent, a frozen poll loop, lease keeper or store is restarted by the watchdog, and the
message that was in flight is executed after that.

Four further agents (sqsflow@…) freeze side by side, each in its own way; they run the build that has the fault switches.
"""
from types import SimpleNamespace

import pytest
from conftest import BUILD
from machine import wait_until
from service import Service

WATCHDOG_SEC = 10
# How long a part may be overdue by its own rules before the watchdog is not fed any more: a receive of one second has 14,
# an extension is due after at most half of 20 s and has 20 more, a commit that hangs stops the loop at once.
OWN_DEADLINE_SEC = {"stop": 0, "poll": 14, "lease": 30, "store": 0}
SLOW_MACHINE_SEC = 5


def start(machine, queue, name):
    """An agent that is frozen while a message is executed."""
    service = Service(machine, name)
    url = queue.create(f"watched-{name}", VisibilityTimeout=20)
    service.flow("work", 3)
    service.configure([{"id": "work", "queueUrl": url, "flow": "test.work", "concurrency": 1}])
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
    machine.write("/etc/systemd/system/sqsflow@.service.d/faults.conf", f"""\
[Service]
ExecStart=
ExecStart=/opt/sqsflow-agent --config /etc/sqsflow/instances/%i/agent.yaml
WatchdogSec={WATCHDOG_SEC}
Environment=SQSFLOW_FAULTS=/var/lib/sqsflow/instances/%i
""")
    machine.run("systemctl", "daemon-reload")
    return {name: start(machine, queue, name) for name in OWN_DEADLINE_SEC}


@pytest.mark.parametrize("name", OWN_DEADLINE_SEC)
def test_a_frozen_agent_is_restarted_by_the_watchdog_and_loses_nothing(name, machine, queue, frozen):
    case = frozen[name]
    limit = OWN_DEADLINE_SEC[name] + 2 * WATCHDOG_SEC + SLOW_MACHINE_SEC
    wait_until(lambda: case.service.restarts == 1, case.service.told, limit)
    assert any("Watchdog timeout" in text for text in machine.messages("--unit", case.service.unit))
    if name != "stop":
        assert any(f"Fault switch: {name} is frozen" in text for text in machine.messages("--unit", case.service.unit))
    late = queue.send(case.url)
    case.service.wait_end("work", late, 60)
    case.service.wait_end("work", case.message, 60)
    wait_until(lambda: not queue.messages(case.url), case.service.told)
    assert case.service.restarts == 1


def test_the_catalog_explains_what_was_stuck(machine, frozen):
    text = machine.run("journalctl", "--catalog", "--no-pager", "--unit", frozen["poll"].service.unit).stdout
    assert "Stuck past its deadline: receive" in text and "A part of the agent is stuck" in text
    for case in frozen.values():
        case.service.systemctl("stop")
    machine.run("rm", "-r", "/etc/systemd/system/sqsflow@.service.d")
    machine.run("systemctl", "daemon-reload")
