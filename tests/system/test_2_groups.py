# SPDX-License-Identifier: Apache-2.0
"""Executions of the installed service have control groups of their own, and nothing that a flow started outlives it."""
import pytest
from machine import wait_until

GROUP = """\
id: group
namespace: test
tasks:
  - id: tell
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - mkdir -p /var/lib/sqsflow/marks
      - sed -n "s/^0::/group /p" /proc/self/cgroup >> /var/lib/sqsflow/marks/group
      - while [ ! -e /var/lib/sqsflow/marks/go ]; do sleep 0.1; done
"""
# Its parents are gone, it has a session and a process group of its own, and nothing open: only its control group is left.
DAEMON = """\
id: daemon
namespace: test
tasks:
  - id: fork
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - |
        mkdir -p /var/lib/sqsflow/marks
        cat > tell <<'END'
        echo "$1 $$ $(ps -o pgid=,sid= -p $$) $(sed -n 's/^0:://p' /proc/$$/cgroup)" >> /var/lib/sqsflow/marks/daemon
        END
        set -- task
        . ./tell
        setsid --fork setsid --fork sh -c '. ./tell; exec sleep 4242' daemon daemon < /dev/null > /dev/null 2>&1
        until grep -q ^daemon /var/lib/sqsflow/marks/daemon; do sleep 0.1; done
"""


@pytest.fixture(name="urls", scope="module")
def urls_fixture(machine, queue, service):
    urls = {name: queue.create(name, VisibilityTimeout=30) for name in ("group", "daemon")}
    machine.write("/etc/sqsflow/flows/group.yaml", GROUP)
    machine.write("/etc/sqsflow/flows/daemon.yaml", DAEMON)
    service.configure([{"id": name, "queueUrl": url, "flow": f"test.{name}"} for name, url in urls.items()])
    service.systemctl("restart")
    return urls


def test_each_execution_has_a_control_group_of_its_own(machine, queue, service, urls):
    for _ in range(2):
        queue.send(urls["group"])
    wait_until(lambda: len(service.lines("group")) == 2, lambda: f"two that run: {service.lines('group')}")
    groups = service.lines("group")
    own = machine.show("sqsflow", "ControlGroup")
    assert all(path.startswith(f"{own}/") for _, path in groups), groups
    assert len(set(groups)) == 2
    agent = machine.shell(f"sed -n 's/^0:://p' /proc/{service.pid}/cgroup").stdout.strip()
    assert agent not in {path for _, path in groups}
    machine.run("touch", "/var/lib/sqsflow/marks/go")
    queue.wait_empty(urls["group"])


def test_a_flow_that_forks_a_daemon_leaves_no_process_behind(machine, queue, service, urls):
    queue.send(urls["daemon"])
    queue.wait_empty(urls["daemon"])
    told = {kind: rest for kind, *rest in service.lines("daemon")}
    pid, *ids, group = told["daemon"]
    _, *task_ids, task_group = told["task"]
    assert not set(ids) & set(task_ids), told
    assert group == task_group and group.startswith(machine.show("sqsflow", "ControlGroup") + "/"), told
    assert not machine.exists(f"/proc/{pid}"), machine.run("ps", "-ef").stdout
    assert not machine.shell(f"cat /sys/fs/cgroup{group}/cgroup.procs 2>/dev/null || true").stdout
    assert not machine.run("pgrep", "-f", "sleep 424[2]", check=False).stdout
    assert service.status()["totals"]["succeeded"] >= 1
