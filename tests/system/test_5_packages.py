# SPDX-License-Identifier: Apache-2.0
"""What becomes of work, configuration and state when the package is upgraded, removed, purged."""
import subprocess

import pytest
from machine import wait_until
from service import Service

# dpkg's answer where a person would be asked: both sides changed agent.yaml.
KEEP_MINE = ["-o", "Dpkg::Options::=--force-confold"]


@pytest.fixture(name="newer", scope="module")
def newer_fixture(machine, deb, tmp_path_factory):
    """The same package under a higher version and with another example configuration, in the machine."""
    folder = tmp_path_factory.mktemp("newer")
    subprocess.run(["dpkg-deb", "-R", deb, folder / "tree"], check=True)
    control = folder / "tree" / "DEBIAN" / "control"
    version = subprocess.run(["dpkg-deb", "-f", deb, "Version"], capture_output=True, text=True, check=True).stdout.strip()
    control.write_text(control.read_text().replace(f"Version: {version}\n", f"Version: {version}+newer\n"))
    with open(folder / "tree" / "etc" / "sqsflow" / "agent.yaml", "a", encoding="utf-8") as example:
        example.write("# newer\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder / "tree", folder / "newer.deb"], check=True,
                   capture_output=True)
    machine.push(folder / "newer.deb", "/opt/newer.deb", "0644")
    return f"{version}+newer"


# Opens a flow's gate when its agent has begun to stop.
OPEN_LATE = "until test \"$(systemctl show --property=ActiveState --value {unit})\" = deactivating; do sleep 0.1; done; touch {gate}"


def test_an_upgrade_drains_what_runs_and_runs_nothing_twice(machine, queue, service, newer):
    agents = {"upgraded": service, "also": Service(machine, "second")}
    urls, sent, pids = {}, {}, {}
    for name, agent in agents.items():
        urls[name] = queue.create(name, VisibilityTimeout=600)
        agent.flow(name, gated=True)
        agent.configure([{"id": name, "queueUrl": urls[name], "flow": f"test.{name}", "concurrency": 2}],
                        limits={"drain": "PT5M"})
        agent.systemctl("restart")
        sent[name] = [queue.send(urls[name]) for _ in range(5)]
        wait_until(lambda a=agent, n=name: len(a.messages_of(n, "begin")) == 2, f"two that run in {name}")
        machine.run("systemd-run", "--quiet", "sh", "-c", OPEN_LATE.format(unit=agent.unit, gate=agent.gate(name)))
        pids[name] = agent.pid
    machine.write("/etc/sqsflow/flows/mine.yaml", "id: mine\nnamespace: test\ntasks:\n  - id: say\n    type: "
                  "io.kestra.plugin.core.log.Log\n    message: x\n")
    configuration = machine.read("/etc/sqsflow/agent.yaml")

    machine.run("apt-get", "install", "--yes", *KEEP_MINE, "/opt/newer.deb")
    assert newer in machine.run("dpkg-query", "-W", "sqsflow").stdout
    for name, agent in agents.items():
        assert machine.is_active(agent.unit)
        queue.wait_empty(urls[name])
        assert sorted(agent.messages_of(name, "end")) == sorted(sent[name])
        assert sorted(agent.messages_of(name, "begin")) == sorted(sent[name])
        assert agent.pid != pids[name]
    assert machine.read("/etc/sqsflow/agent.yaml") == configuration
    assert machine.run("stat", "-c", "%G %a", "/etc/sqsflow/agent.yaml").stdout.split() == ["sqsflow", "640"]


def test_a_downgrade_is_stopped_by_the_store_and_says_so(machine, deb, service, newer):
    """The newer version has brought the store forward; the older one must not touch it."""
    store = "/var/lib/sqsflow/sqsflow.db"
    service.systemctl("stop")
    version = int(machine.run("sqlite3", store, "PRAGMA user_version").stdout)
    machine.run("sqlite3", store, f"PRAGMA user_version = {version + 1}")
    before = machine.run("sha256sum", store).stdout
    done = machine.run("apt-get", "install", "--yes", *KEEP_MINE, "--allow-downgrades", f"/opt/{deb.name}")
    assert newer not in machine.run("dpkg-query", "-W", "sqsflow").stdout, done.stdout
    service.wait_state("failed")
    assert "made by a newer version" in service.status_text()
    assert machine.run("sha256sum", store).stdout == before

    machine.run("apt-get", "install", "--yes", *KEEP_MINE, "/opt/newer.deb")
    machine.run("sqlite3", store, f"PRAGMA user_version = {version}")
    service.systemctl("restart")
    assert machine.is_active("sqsflow")


def test_a_removal_keeps_configuration_and_state(machine, service):
    Service(machine, "second").systemctl("start")
    machine.run("apt-get", "remove", "--yes", "sqsflow")
    assert not machine.is_active("sqsflow") and not machine.is_active("sqsflow@second")
    assert not machine.exists("/usr/sbin/sqsflow-agent")
    assert not machine.shell("pgrep -u sqsflow || true").stdout
    for path in ("/etc/sqsflow/agent.yaml", "/etc/sqsflow/flows/mine.yaml", "/var/lib/sqsflow/sqsflow.db"):
        assert machine.exists(path), path


def test_a_purge_removes_what_a_removal_kept(machine):
    machine.run("apt-get", "purge", "--yes", "sqsflow")
    for path in ("/etc/sqsflow", "/var/lib/sqsflow", "/run/sqsflow"):
        assert not machine.exists(path), path
    left = machine.shell("find / -xdev -user sqsflow -not -path '/proc/*' 2>/dev/null || true").stdout
    assert left == ""
    assert machine.run("systemctl", "is-enabled", "sqsflow", check=False).stdout.strip() in ("", "not-found")
