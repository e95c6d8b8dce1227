# SPDX-License-Identifier: Apache-2.0
"""The agent dies or cannot start: systemd brings it back, or says why not."""
import signal


def check_restart_after(number, machine, queue, service, name):
    url = queue.create(name, VisibilityTimeout=600)
    service.flow(name, gated=True)
    service.configure([{"id": name, "queueUrl": url, "flow": f"test.{name}"}])
    service.systemctl("restart")
    message = queue.send(url)
    service.wait_begin(name, message)
    before = service.restarts
    machine.run("kill", f"-{number}", str(service.pid))
    service.wait_restart(before + 1)
    service.wait_mark(name, "begin", message, count=2)
    service.open_gate(name)
    queue.wait_empty(url)
    # The first execution died with its agent: it has no end.
    assert service.messages_of(name, "end") == [message]
    assert service.messages_of(name, "begin") == [message] * 2


def test_kill_9_is_survived(machine, queue, service):
    check_restart_after(int(signal.SIGKILL), machine, queue, service, "killed")


def test_a_segfault_is_survived(machine, queue, service):
    check_restart_after(int(signal.SIGSEGV), machine, queue, service, "segfault")


def start_refused(machine, service):
    """Restarts a service that cannot start; returns what `systemctl status` says."""
    service.systemctl("restart", check=False)
    service.wait_state("failed")
    return machine.run("systemctl", "status", "sqsflow", check=False).stdout


def test_a_wrong_configuration_is_shown_in_status_and_not_tried_again(machine, service):
    good = machine.read("/etc/sqsflow/agent.yaml")
    service.write("/etc/sqsflow/agent.yaml", "limits:\n  executionz: 3\n")
    status = start_refused(machine, service)
    assert 'Status: "/etc/sqsflow/agent.yaml:2:3: unknown property \'executionz\'' in status
    assert service.restarts == 0
    service.write("/etc/sqsflow/agent.yaml", good)
    service.systemctl("restart")
    assert machine.is_active("sqsflow")


def test_a_store_of_a_newer_version_is_refused_with_a_clear_message(machine, service):
    store = "/var/lib/sqsflow/sqsflow.db"
    service.systemctl("stop")
    version = int(machine.run("sqlite3", store, "PRAGMA user_version").stdout)
    machine.run("sqlite3", store, f"PRAGMA user_version = {version + 1}")
    status = start_refused(machine, service)
    assert f'Status: "the store {store} was made by a newer version of this program' in status
    assert service.restarts == 0
    machine.run("sqlite3", store, f"PRAGMA user_version = {version}")
    service.systemctl("restart")
    assert machine.is_active("sqsflow")


def test_a_state_folder_that_cannot_be_written_is_shown_in_status(machine, service):
    good = machine.read("/etc/sqsflow/agent.yaml")
    service.write("/etc/sqsflow/agent.yaml", "state: /srv/elsewhere\n")
    service.systemctl("restart", check=False)
    service.wait_status("/srv/elsewhere")
    service.write("/etc/sqsflow/agent.yaml", good)
    service.systemctl("stop")
    machine.run("systemctl", "reset-failed", "sqsflow", check=False)
    service.systemctl("start")
    assert machine.is_active("sqsflow")
